//! The reranker that is put to the test.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use psad_core::{Request, RerankError, Reranker, Slate};

use super::{ConformanceError, Law};

/// A reranker whose panics are caught and whose answers are counted.
pub(super) struct Subject<'a, R: ?Sized> {
    reranker: &'a R,
    asked: AtomicUsize,
}

/// Why no slate came.
pub(super) enum Refusal {
    Error(RerankError),
    Panic(String),
}

impl Refusal {
    pub(super) fn is_panic(&self) -> bool {
        matches!(self, Self::Panic(_))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) => write!(formatter, "the error \"{error}\""),
            Self::Panic(message) => write!(formatter, "the panic \"{message}\""),
        }
    }
}

impl<'a, R: Reranker + ?Sized> Subject<'a, R> {
    pub(super) fn new(reranker: &'a R) -> Self {
        Self { reranker, asked: AtomicUsize::new(0) }
    }

    /// Slates that it was asked for so far.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    pub(super) fn one(&self, request: &Request, len: usize) -> Result<Slate, Refusal> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        caught(|| self.reranker.rerank(request, len))
    }

    pub(super) fn batch(&self, requests: &[&Request], len: usize) -> Result<Vec<Slate>, Refusal> {
        self.asked.fetch_add(requests.len(), Ordering::Relaxed);
        caught(|| self.reranker.rerank_batch(requests, len))
    }
}

fn caught<T>(ask: impl FnOnce() -> Result<T, RerankError>) -> Result<T, Refusal> {
    // A reranker that panicked has failed, so nobody sees the state that it was left in.
    match catch_unwind(AssertUnwindSafe(ask)) {
        Ok(answer) => answer.map_err(Refusal::Error),
        Err(payload) => Err(Refusal::Panic(message(payload.as_ref()))),
    }
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "something that is no text".to_owned())
}

/// One call, to be named in an error.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) asked: &'a [&'a Request],
    pub(super) len: usize,
    pub(super) seed: u64,
}

impl Call<'_> {
    pub(super) fn broke(&self, law: Law, expected: impl fmt::Display, found: impl fmt::Display) -> ConformanceError {
        ConformanceError {
            law,
            expected: expected.to_string(),
            found: found.to_string(),
            asked: self.asked.iter().map(|&request| request.clone()).collect(),
            len: self.len,
            seed: self.seed,
        }
    }

    /// The answer that had to come.
    pub(super) fn answer<T>(&self, answer: Result<T, Refusal>, law: Law) -> Result<T, ConformanceError> {
        answer.map_err(|refusal| {
            let law = if refusal.is_panic() { Law::NoPanic } else { law };
            self.broke(law, "a slate", refusal)
        })
    }

    /// The error that had to come.
    pub(super) fn refusal<T: fmt::Debug>(
        &self,
        answer: Result<T, Refusal>,
        law: Law,
        expected: &str,
        fits: impl Fn(&RerankError) -> bool,
    ) -> Result<(), ConformanceError> {
        match answer {
            Err(Refusal::Error(error)) if fits(&error) => Ok(()),
            Err(refusal @ Refusal::Error(_)) => Err(self.broke(law, expected, refusal)),
            Err(refusal @ Refusal::Panic(_)) => Err(self.broke(Law::NoPanic, expected, refusal)),
            Ok(answer) => Err(self.broke(law, expected, format_args!("{answer:?}"))),
        }
    }
}
