//! Rows of every comparison that learn nothing.

use std::fmt;

use psad_core::{RankerScores, Reranker};
use psad_decode::{Diversified, Diversifier, DiversifyError, category_vectors};

/// Maximal marginal relevance over the ranker's scores (Carbonell & Goldstein, *The Use of MMR, Diversity-Based
/// Reranking for Reordering Documents and Producing Summaries*, SIGIR 1998): each slot takes the candidate with the
/// greatest `lambda · score − (1 − lambda) · similarity` to what is placed.
///
/// Two candidates are similar, 1, if the sparse item field with the index `field` says the same of both, else 0; scores
/// are brought to `[0, 1]` within the list. `lambda` = 1 is the ranker's order by score.
///
/// Deviation from the paper: the similarity is that of one category, not a cosine of texts. For vectors of one's own, or
/// for the scores of a trained model, put [`Diversified`] together itself.
///
/// # Errors
/// [`DiversifyError::Lambda`] for a `lambda` outside `[0, 1]`. A request without such a field is refused when it comes.
///
/// # Examples
/// ```
/// # use ndarray::{Array2, array};
/// # use psad_core::{Candidates, History, Items, Request, Reranker, User};
/// let items = Items::new(array![[7], [7], [4]], Array2::zeros((3, 0)))?; // genres
/// let candidates = Candidates::new(items, array![0.9, 0.8, 0.5])?;
/// let request = Request::new(User::anonymous(), History::empty(1, 0), candidates)?;
/// assert_eq!(psad_baselines::mmr(0, 0.5)?.rerank(&request, 3)?.as_slice(), [0, 2, 1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn mmr(field: usize, lambda: f32) -> Result<impl Reranker + Clone + fmt::Debug + use<>, DiversifyError> {
    Diversified::new(RankerScores, Diversifier::Mmr { lambda }, category_vectors(field))
}
