//! The one trait that every model, heuristic and closure implements.

use std::sync::Arc;

use thiserror::Error;

use crate::{ConstraintError, Request, RequestError, SchemaError, Slate, SlateError};

/// Decides the order that a user sees.
///
/// The contract, which `rerank` may rely on nothing beyond and must keep for every request:
///
/// * the slate is chosen from `request.candidates()` and holds `min(len, candidates)` of them;
/// * it keeps `request.constraints()`; [`Request::slate_builder`] offers only what does;
/// * the same request gives the same slate, whoever else asks at the time;
/// * a slate of length 0 is [`RerankError::EmptySlate`];
/// * a request that cannot be answered is an error, never a panic.
///
/// `psad::testing` puts any reranker to the test of this contract.
///
/// The trait is object-safe: services keep an `Arc<dyn Reranker>`. See [`from_fn`] for rerankers that are a function.
pub trait Reranker: Send + Sync {
    /// Chooses and orders `min(len, candidates)` candidates.
    ///
    /// # Errors
    /// [`RerankError`] if the request does not fit what the reranker was made for, [`RerankError::EmptySlate`] for a
    /// `len` of 0.
    fn rerank(&self, request: &Request, len: usize) -> Result<Slate, RerankError>;

    /// Answers several requests; the answers stand in their order and equal those of [`Reranker::rerank`].
    ///
    /// Override it where requests can share work, as a network that reads a batch at once does.
    ///
    /// # Errors
    /// The first error that one of the requests meets.
    fn rerank_batch(&self, requests: &[&Request], len: usize) -> Result<Vec<Slate>, RerankError> {
        requests.iter().map(|request| self.rerank(request, len)).collect()
    }
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<R: Reranker + ?Sized> Reranker for $pointer {
            fn rerank(&self, request: &Request, len: usize) -> Result<Slate, RerankError> {
                (**self).rerank(request, len)
            }

            fn rerank_batch(&self, requests: &[&Request], len: usize) -> Result<Vec<Slate>, RerankError> {
                (**self).rerank_batch(requests, len)
            }
        }
    )*};
}

forward!(&R, Box<R>, Arc<R>);

/// A reranker made of a function; see [`from_fn`].
#[derive(Clone, Copy)]
pub struct FnReranker<F>(F);

impl<F> std::fmt::Debug for FnReranker<F> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "FnReranker({})", std::any::type_name::<F>())
    }
}

/// Turns a function into a [`Reranker`]. It is never asked for a slate of length 0.
///
/// A function that ends in [`Request::top_by_score`] or [`Request::slate_builder`] keeps the rules of the request; one
/// that makes its slate by itself passes them by.
///
/// ```
/// use psad_core::{Request, from_fn};
/// let by_score = from_fn(|request: &Request, len| request.top_by_score(request.candidates().scores(), len));
/// ```
pub fn from_fn<F>(function: F) -> FnReranker<F>
where
    F: Fn(&Request, usize) -> Result<Slate, RerankError> + Send + Sync,
{
    FnReranker(function)
}

impl<F> Reranker for FnReranker<F>
where
    F: Fn(&Request, usize) -> Result<Slate, RerankError> + Send + Sync,
{
    fn rerank(&self, request: &Request, len: usize) -> Result<Slate, RerankError> {
        if len == 0 { Err(RerankError::EmptySlate) } else { (self.0)(request, len) }
    }
}

/// Why a request got no slate.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RerankError {
    /// The request itself is faulty.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The request does not fit the model's schema.
    #[error("the request does not fit the model: {0}")]
    Schema(#[from] SchemaError),
    /// What came out was not a slate.
    #[error(transparent)]
    Slate(#[from] SlateError),
    /// The rules of the request cannot be kept.
    #[error(transparent)]
    Constraints(#[from] ConstraintError),
    /// A slate without slots was asked for.
    #[error("a slate of length 0 was asked for")]
    EmptySlate,
    /// Whatever a reranker of one's own has to say.
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl RerankError {
    /// Wraps an error of one's own.
    pub fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Other(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Candidates, History, Items, User};
    use ndarray::{Array1, Array2};

    fn request(scores: Vec<f32>) -> Request {
        let items = Items::new(Array2::zeros((scores.len(), 1)), Array2::zeros((scores.len(), 0))).unwrap();
        let candidates = Candidates::new(items, Array1::from(scores)).unwrap();
        Request::new(User::anonymous(), History::empty(1, 0), candidates).unwrap()
    }

    #[test]
    fn pointers_and_objects_answer_like_what_they_point_to() {
        let by_score = from_fn(|request: &Request, len| Ok(Slate::top_by_score(request.candidates().scores(), len)?));
        let (a, b) = (request(vec![0.1, 0.7, 0.3]), request(vec![0.4, 0.2]));
        let shared: Arc<dyn Reranker> = Arc::new(by_score);
        let boxed: Box<dyn Reranker> = Box::new(shared.clone());
        assert_eq!(boxed.rerank(&a, 2).unwrap().as_slice(), [1, 2]);
        let all = boxed.rerank_batch(&[&a, &b], 9).unwrap();
        assert_eq!(all[0], shared.rerank(&a, 9).unwrap());
        assert_eq!(all[1], shared.rerank(&b, 9).unwrap());
    }

    #[test]
    fn a_function_is_not_asked_for_a_slate_of_length_0() {
        let by_score = from_fn(|request: &Request, len| request.top_by_score(request.candidates().scores(), len));
        let request = request(vec![0.1, 0.7]);
        assert!(matches!(by_score.rerank(&request, 0), Err(RerankError::EmptySlate)));
        assert!(matches!(by_score.rerank_batch(&[&request], 0), Err(RerankError::EmptySlate)));
        assert!(matches!(request.top_by_score(&[0., 0.], 0), Err(RerankError::EmptySlate)));
    }

    #[test]
    fn an_error_of_ones_own_passes_through() {
        let failing = from_fn(|_, _| Err(RerankError::other("the shop is closed")));
        assert_eq!(failing.rerank(&request(vec![0.]), 1).unwrap_err().to_string(), "the shop is closed");
    }
}
