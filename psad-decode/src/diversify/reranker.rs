//! A scorer whose slates are diversified.

use std::fmt;

use ndarray::Array2;
use psad_core::{CandidateScorer, Request, RerankError, Reranker, Slate};

use super::{Diversifier, DiversifyError};

/// A [`Reranker`] that scores all candidates, and chooses and orders them by score and difference.
///
/// ```
/// use ndarray::{Array2, array};
/// use psad_core::{Candidates, History, Items, RankerScores, Request, Reranker, User};
/// use psad_decode::{Diversified, Diversifier, category_vectors};
///
/// let items = Items::new(array![[7], [7], [4]], Array2::zeros((3, 0)))?; // the categories of three items
/// let candidates = Candidates::new(items, array![0.9, 0.8, 0.5])?;
/// let request = Request::new(User::anonymous(), History::empty(1, 0), candidates)?;
///
/// let mixed = Diversified::new(RankerScores, Diversifier::Mmr { lambda: 0.5 }, category_vectors(0))?;
/// assert_eq!(mixed.rerank(&request, 2)?.as_slice(), [0, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Diversified<S, V> {
    scorer: S,
    diversifier: Diversifier,
    vectors: V,
}

impl<S, V> Diversified<S, V>
where
    S: CandidateScorer,
    V: Fn(&Request) -> Result<Array2<f32>, RerankError> + Send + Sync,
{
    /// Joins a scorer, a method, and a function that gives the candidates' vectors `[candidates, width]`, such as
    /// [`category_vectors`](crate::category_vectors).
    ///
    /// # Errors
    /// As [`Diversifier::check`].
    pub fn new(scorer: S, diversifier: Diversifier, vectors: V) -> Result<Self, DiversifyError> {
        diversifier.check()?;
        Ok(Self { scorer, diversifier, vectors })
    }
}

impl<S, V> Reranker for Diversified<S, V>
where
    S: CandidateScorer,
    V: Fn(&Request) -> Result<Array2<f32>, RerankError> + Send + Sync,
{
    fn rerank(&self, request: &Request, len: usize) -> Result<Slate, RerankError> {
        if len == 0 {
            return Err(RerankError::EmptySlate);
        }
        let slate = request.slate_builder(len)?;
        let (scores, vectors) = (self.scorer.scores(request)?, (self.vectors)(request)?);
        Ok(self.diversifier.slate(slate, &scores, vectors.view())?)
    }
}

impl<S, V> fmt::Debug for Diversified<S, V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Diversified({}, {:?})", std::any::type_name::<S>(), self.diversifier)
    }
}
