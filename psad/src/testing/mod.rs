//! Puts any [`Reranker`] to the test of its contract, one of your own too.
//!
//! Requests are drawn at random for a schema: lists and histories of every length, unknown ids, equal scores, with and
//! without ages, a third of them with rules. What must hold of the answers is a [`Law`]; the first one that is broken
//! comes back as an error that holds the requests, so that they can be asked again.
//!
//! ```
//! use psad::core::{Schema, from_fn, Request, RerankError};
//! use psad::testing::{CandidateOrder, Conformance, Law};
//! use psad::Slate;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let schema = Schema::builder().item_sparse("film", 100).item_dense("year").max_candidates(30).build()?;
//! let ours = schema.clone();
//! let newest_first = from_fn(move |request: &Request, len| {
//!     ours.check(request)?; // so that there is a column to read below
//!     request.top_by_score(&request.candidates().items().dense().column(0).to_vec(), len) // keeps the rules
//! });
//! let conformance = Conformance::new(&schema).candidate_order(CandidateOrder::Irrelevant);
//! println!("{}", conformance.check(&newest_first)?);
//!
//! // A slate that is made without asking the request passes its rules by.
//! let careless = from_fn(|request, len| Ok(Slate::initial(request.candidates().len(), len)));
//! assert_eq!(conformance.check(&careless).unwrap_err().law, Law::Rules);
//! # Ok(())
//! # }
//! ```
//!
//! [`Request::top_by_score`](psad_core::Request::top_by_score) and
//! [`Request::slate_builder`](psad_core::Request::slate_builder) are the ways to keep a request's rules.

mod draw;
mod error;
mod laws;
mod misfits;
mod rules;
mod subject;

pub use error::{ConformanceError, Law};

use std::fmt;

use psad_core::{Reranker, Schema};

use laws::{Laws, Round};
use subject::Subject;

/// Requests that are asked for one length of slate, and make up a batch.
const ROUND: usize = 8;

/// What the order in which the candidates come means to a reranker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CandidateOrder {
    /// It is read: position bias, a recurrent network, ties that keep it. Nothing is asked then.
    #[default]
    Read,
    /// It is not: candidates in another order give the same items in the same slots, where no two candidates have the
    /// same item or score.
    Irrelevant,
}

/// A test of the contract of [`Reranker`]: how many requests, of which schema, from which seed.
#[derive(Debug, Clone)]
pub struct Conformance<'a> {
    schema: &'a Schema,
    requests: usize,
    seed: u64,
    order: CandidateOrder,
    any_schema: bool,
}

impl<'a> Conformance<'a> {
    /// A test with 200 requests of `schema`, for a reranker that reads the candidates' order and refuses what does not
    /// fit `schema`.
    ///
    /// Lists and histories are at most 200 long, whatever the schema allows.
    pub fn new(schema: &'a Schema) -> Self {
        Self { schema, requests: 200, seed: 0, order: CandidateOrder::Read, any_schema: false }
    }

    /// Draws so many requests, at least 1. Each is asked about a dozen times.
    #[must_use]
    pub fn requests(mut self, count: usize) -> Self {
        self.requests = count.max(1);
        self
    }

    /// Draws other requests.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Says what the candidates' order means to the reranker.
    #[must_use]
    pub fn candidate_order(mut self, order: CandidateOrder) -> Self {
        self.order = order;
        self
    }

    /// For a reranker without a schema: a request that does not fit `schema` may be answered. It must not panic.
    #[must_use]
    pub fn any_schema(mut self) -> Self {
        self.any_schema = true;
        self
    }

    /// Asks the reranker.
    ///
    /// Panics of the reranker are caught; what the panic hook prints about them is seen all the same.
    ///
    /// # Errors
    /// [`ConformanceError`] with the first law that is broken.
    pub fn check<R: Reranker + ?Sized>(&self, reranker: &R) -> Result<Passed, ConformanceError> {
        let laws = Laws { schema: self.schema, subject: Subject::new(reranker) };
        let rounds: Vec<Round> = (0..self.requests).step_by(ROUND).map(|first| self.round(first)).collect();
        // What fits comes first, so that a reranker that ignores something is told so by the law that says it.
        rounds.iter().try_for_each(|round| laws.fitting(round))?;
        if self.order == CandidateOrder::Irrelevant {
            rounds.iter().try_for_each(|round| laws.candidate_order(round))?;
        }
        rounds.iter().try_for_each(|round| laws.refusing(round))?;
        rounds.iter().take(1).try_for_each(|round| laws.misfits(round, self.any_schema))?;
        rounds.iter().try_for_each(|round| laws.huge(round))?;
        Ok(Passed { requests: self.requests, asked: laws.subject.asked() })
    }

    /// The requests from the `first` on.
    fn round(&self, first: usize) -> Round {
        let seed = self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(first as u64);
        Round::draw(self.schema, seed, ROUND.min(self.requests - first))
    }
}

/// All laws held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// Requests that were drawn.
    pub requests: usize,
    /// Slates that were asked for in all.
    pub asked: usize,
}

impl fmt::Display for Passed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "all laws held for {} requests, asked for {} slates", self.requests, self.asked)
    }
}
