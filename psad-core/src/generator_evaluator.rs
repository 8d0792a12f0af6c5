//! Proposing several slates and showing the best of them.

use std::fmt;
use std::num::NonZeroUsize;

use crate::{Request, RerankError, Reranker, Slate};

/// Gives every candidate of a request a score. What scores can be sorted, diversified, or drawn from.
pub trait CandidateScorer: Send + Sync {
    /// A finite score per candidate, higher is better, in the candidates' order.
    ///
    /// # Errors
    /// [`RerankError`] if the request does not fit what the scorer was made for.
    fn scores(&self, request: &Request) -> Result<Vec<f32>, RerankError>;
}

impl<F> CandidateScorer for F
where
    F: Fn(&Request) -> Result<Vec<f32>, RerankError> + Send + Sync,
{
    fn scores(&self, request: &Request) -> Result<Vec<f32>, RerankError> {
        self(request)
    }
}

/// The ranker's own scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RankerScores;

impl CandidateScorer for RankerScores {
    fn scores(&self, request: &Request) -> Result<Vec<f32>, RerankError> {
        Ok(request.candidates().scores().to_vec())
    }
}

/// Proposes several slates for one request: the generator of the generator–evaluator framework.
pub trait SlateProposer: Send + Sync {
    /// At most `count` distinct slates of `min(len, candidates)` candidates, best first as far as the proposer knows;
    /// at least one, and all keep the request's rules.
    ///
    /// # Errors
    /// [`RerankError`] if the request cannot be answered.
    fn propose(&self, request: &Request, len: usize, count: NonZeroUsize) -> Result<Vec<Slate>, RerankError>;
}

/// Judges whole slates: the evaluator of the generator–evaluator framework.
pub trait SlateEvaluator: Send + Sync {
    /// A finite value per slate, higher is better. Slates of one call have the same length.
    ///
    /// # Errors
    /// [`RerankError`] if the request or a slate does not fit what the evaluator was made for.
    fn evaluate(&self, request: &Request, slates: &[Slate]) -> Result<Vec<f64>, RerankError>;
}

impl<F> SlateEvaluator for F
where
    F: Fn(&Request, &[Slate]) -> Result<Vec<f64>, RerankError> + Send + Sync,
{
    fn evaluate(&self, request: &Request, slates: &[Slate]) -> Result<Vec<f64>, RerankError> {
        self(request, slates)
    }
}

/// Shows the proposal that the evaluator likes best (Ren et al. 2024, arXiv 2402.06871, after the
/// generator–evaluator framework common in production); equal values go to the earlier proposal.
#[derive(Clone)]
pub struct GeneratorEvaluator<G, V> {
    generator: G,
    evaluator: V,
    proposals: NonZeroUsize,
}

impl<G: SlateProposer, V: SlateEvaluator> GeneratorEvaluator<G, V> {
    /// Asks `generator` for at most `proposals` slates per request. Any generator goes with any evaluator.
    pub fn new(generator: G, evaluator: V, proposals: NonZeroUsize) -> Self {
        Self { generator, evaluator, proposals }
    }
}

impl<G: SlateProposer, V: SlateEvaluator> Reranker for GeneratorEvaluator<G, V> {
    fn rerank(&self, request: &Request, len: usize) -> Result<Slate, RerankError> {
        if len == 0 {
            return Err(RerankError::EmptySlate);
        }
        let slates = self.generator.propose(request, len, self.proposals)?;
        let values = self.evaluator.evaluate(request, &slates)?;
        if values.len() != slates.len() {
            let counts = (values.len(), slates.len());
            return Err(RerankError::other(format!("the evaluator gave {} values for {} slates", counts.0, counts.1)));
        }
        let mut best: Option<(f64, Slate)> = None;
        for (value, slate) in values.into_iter().zip(slates) {
            if !value.is_finite() {
                return Err(RerankError::other(format!("the evaluator gave a slate the value {value}")));
            }
            if best.as_ref().is_none_or(|(most, _)| value > *most) {
                best = Some((value, slate));
            }
        }
        best.map(|(_, slate)| slate).ok_or_else(|| RerankError::other("the generator proposed no slate"))
    }
}

impl<G, V> fmt::Debug for GeneratorEvaluator<G, V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (generator, evaluator) = (std::any::type_name::<G>(), std::any::type_name::<V>());
        write!(formatter, "GeneratorEvaluator({generator}, {evaluator}, {} proposals)", self.proposals)
    }
}
