//! Which law was broken, and by what.

use std::fmt;

use psad_core::Request;
use thiserror::Error;

/// What every reranker owes whoever asks it; the contract of [`Reranker`](psad_core::Reranker), point by point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Law {
    /// A request that fits the schema gets a slate.
    Answer,
    /// The slate is chosen from the request's candidates and holds `min(len, candidates)` of them.
    ValidSlate,
    /// The slate keeps the rules of the request.
    Rules,
    /// The same request gives the same slate.
    Repeatable,
    /// It does so when other threads ask at the same time.
    Threads,
    /// A batch gives the slates that its requests get alone: padding and batch mates change nothing.
    Batch,
    /// Candidates in another order give the same slate of the same items; see
    /// [`CandidateOrder::Irrelevant`](super::CandidateOrder::Irrelevant).
    CandidateOrder,
    /// A slate of length 0 is [`RerankError::EmptySlate`](psad_core::RerankError::EmptySlate).
    EmptySlate,
    /// A request that does not fit the schema is an error.
    Misfit,
    /// Rules that no slate keeps are [`RerankError::Constraints`](psad_core::RerankError::Constraints).
    ImpossibleRules,
    /// Nothing that can be asked makes it panic.
    NoPanic,
}

impl fmt::Display for Law {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Answer => "a request that fits is answered",
            Self::ValidSlate => "a slate holds min(len, candidates) of the request's candidates",
            Self::Rules => "a slate keeps the rules of its request",
            Self::Repeatable => "the same request gives the same slate",
            Self::Threads => "the same request gives the same slate, whoever else asks at the time",
            Self::Batch => "a batch gives the slates that its requests get alone",
            Self::CandidateOrder => "the order of the candidates does not matter",
            Self::EmptySlate => "a slate of length 0 is an error",
            Self::Misfit => "a request that does not fit the schema is an error",
            Self::ImpossibleRules => "rules that no slate keeps are an error",
            Self::NoPanic => "nothing that can be asked makes a reranker panic",
        })
    }
}

/// The first law that a reranker broke, with what it was asked.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("{law}: expected {expected}, found {found} (slate of {len}, {} request(s) drawn with seed {seed})", asked.len())]
#[non_exhaustive]
pub struct ConformanceError {
    /// The law.
    pub law: Law,
    /// What should have come.
    pub expected: String,
    /// What came.
    pub found: String,
    /// The requests of the call: one, or a batch.
    pub asked: Vec<Request>,
    /// The length of slate that was asked for.
    pub len: usize,
    /// Seed that the requests were drawn with: [`Conformance::seed`](super::Conformance::seed) and the place in the run.
    pub seed: u64,
}
