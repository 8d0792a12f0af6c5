//! Slates of high scores whose items differ: one file per method.

mod categories;
mod dpp;
mod error;
mod mmr;
mod reranker;
mod ssd;

pub use categories::category_vectors;
pub use error::DiversifyError;
pub use reranker::Diversified;

use ndarray::ArrayView2;
use psad_core::{Slate, SlateBuilder, SlateError};
use serde::{Deserialize, Serialize};

use crate::vectors::Vectors;
use dpp::Dpp;
use mmr::Mmr;
use ssd::Ssd;

/// How a slate is filled from one score and one vector per candidate, slot by slot.
///
/// Each slot takes the free candidate with the greatest gain; of equal gains the one with the higher score, of equal
/// scores the earlier one. Only directions of vectors count, not their lengths; a vector of zeros is like nothing, not
/// even itself.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Diversifier {
    /// Maximal marginal relevance (Carbonell & Goldstein, SIGIR 1998):
    /// `lambda · score − (1 − lambda) · max cos` to what is placed, 0 as long as nothing is.
    ///
    /// The scores of a list are first brought to `[0, 1]`, the lowest to 0, so that one `lambda` suits every scorer.
    Mmr {
        /// Weight of the score, in `[0, 1]`; 1 is sorting by score.
        lambda: f32,
    },
    /// Greedy MAP of a determinantal point process (Chen, Zhang & Zhou, NeurIPS 2018): each slot adds what lets the
    /// determinant of the kernel `L_ij = q_i cos_ij q_j` grow the most, with the quality `q_i = exp(theta · score_i)`.
    ///
    /// The paper stops when nothing adds volume. Here the rest follows by score, as a slate has to be full.
    Dpp {
        /// Weight of the score, finite and not negative. The scores are taken as they are.
        theta: f32,
    },
    /// Sliding spectrum decomposition (Huang et al., KDD 2021): `score + gamma · volume`, the volume being that of the
    /// item's vector together with those of the `window − 1` slots before.
    ///
    /// As in the paper, what leaves the window gives back only the direction that it had added when it was placed; and
    /// the scores of a list are brought to `[0, 1]` as for [`Diversifier::Mmr`]. Unlike there, an item that adds no
    /// direction is left out of the volume: behind it all volumes would be 0, and diversity would not count.
    Ssd {
        /// Weight of the volume, which is at most 1; finite and not negative. 0 is sorting by score.
        gamma: f32,
        /// Slots that are seen together, at least 1.
        window: usize,
    },
}

/// What a method remembers of the items placed so far.
trait Gain {
    /// What a candidate adds in the next slot.
    fn gain(&self, item: usize) -> f64;

    /// A candidate has been placed.
    fn place(&mut self, item: usize);
}

impl Diversifier {
    /// Checks the method's numbers, as [`Diversifier::slate`] does before it begins.
    ///
    /// # Errors
    /// [`DiversifyError::Lambda`], [`DiversifyError::Theta`], [`DiversifyError::Gamma`] or [`DiversifyError::NoWindow`].
    pub fn check(&self) -> Result<(), DiversifyError> {
        let weight = |value: f32| value.is_finite() && value >= 0.;
        match *self {
            Self::Mmr { lambda } if !(0. ..=1.).contains(&lambda) => Err(DiversifyError::Lambda { lambda }),
            Self::Dpp { theta } if !weight(theta) => Err(DiversifyError::Theta { theta }),
            Self::Ssd { gamma, .. } if !weight(gamma) => Err(DiversifyError::Gamma { gamma }),
            Self::Ssd { window: 0, .. } => Err(DiversifyError::NoWindow),
            _ => Ok(()),
        }
    }

    /// Fills what is left of `slate` from the scores of all its candidates and their vectors `[candidates, width]`.
    /// What it offers keeps its rules, and what is placed in it already counts.
    ///
    /// # Errors
    /// As [`Diversifier::check`]; [`DiversifyError::Scores`] or [`DiversifyError::VectorCount`] for another number than
    /// candidates, and an error for a number that is not finite.
    ///
    /// # Examples
    /// ```
    /// use ndarray::array;
    /// use psad_core::SlateBuilder;
    /// use psad_decode::Diversifier;
    ///
    /// // The two best are alike.
    /// let (scores, vectors) = ([0.9, 0.8, 0.5], array![[1., 0.], [1., 0.], [0., 1.]]);
    /// let mmr = Diversifier::Mmr { lambda: 0.5 };
    /// assert_eq!(mmr.slate(SlateBuilder::new(3), &scores, vectors.view())?.as_slice(), [0, 2, 1]);
    /// # Ok::<(), psad_decode::DiversifyError>(())
    /// ```
    #[allow(clippy::needless_pass_by_value, reason = "a view is a reference already")]
    pub fn slate(
        &self,
        slate: SlateBuilder,
        scores: &[f32],
        vectors: ArrayView2<'_, f32>,
    ) -> Result<Slate, DiversifyError> {
        self.check()?;
        check_scores(scores, slate.candidates())?;
        if vectors.nrows() != slate.candidates() {
            return Err(DiversifyError::VectorCount { expected: slate.candidates(), found: vectors.nrows() });
        }
        let vectors =
            Vectors::new(&vectors).map_err(|(item, value)| DiversifyError::NonFiniteVector { item, value })?;
        Ok(match *self {
            Self::Mmr { lambda } => fill(slate, scores, Mmr::new(lambda, scores, vectors)),
            Self::Dpp { theta } => fill(slate, scores, Dpp::new(theta, scores, vectors)),
            Self::Ssd { gamma, window } => fill(slate, scores, Ssd::new(gamma, window, scores, &vectors)),
        })
    }
}

fn check_scores(scores: &[f32], candidates: usize) -> Result<(), SlateError> {
    if scores.len() != candidates {
        return Err(SlateError::Length { candidates, found: scores.len() });
    }
    match scores.iter().enumerate().find(|(_, score)| !score.is_finite()) {
        Some((item, &score)) => Err(SlateError::NonFiniteScore { item, score }),
        None => Ok(()),
    }
}

/// Fills the slots in turn, each with the greatest gain.
fn fill(mut slate: SlateBuilder, scores: &[f32], mut method: impl Gain) -> Slate {
    let mut seen = 0;
    while slate.len() < slate.slots() {
        for &item in &slate.placed()[seen..] {
            method.place(item);
        }
        seen = slate.len();
        let mut best: Option<(usize, f64)> = None;
        for item in slate.free() {
            let gain = method.gain(item);
            if best.is_none_or(|(other, most)| gain > most || (gain == most && scores[item] > scores[other])) {
                best = Some((item, gain));
            }
        }
        let Some((item, _)) = best else { break };
        // What is free can be placed.
        let _ = slate.push(item);
    }
    slate.finish()
}

/// The scores of a list in `[0, 1]`: the lowest becomes 0, the highest 1; all 0 if they are equal.
fn relevance(scores: &[f32]) -> Vec<f64> {
    let scores = scores.iter().copied().map(f64::from);
    let (low, high) =
        scores.clone().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), score| (low.min(score), high.max(score)));
    let range = if high > low { high - low } else { 1. };
    scores.map(|score| (score - low) / range).collect()
}
