//! Why a world cannot be made or a slate cannot be judged.

use psad_core::RerankError;
use thiserror::Error;

/// Why a world cannot be made or a slate cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SimError {
    /// A value of the configuration is outside what it may be.
    #[error("`{field}` is {value}; it must be {allowed}")]
    Config {
        /// The field of [`SimConfig`](crate::SimConfig).
        field: &'static str,
        /// Its value, as given.
        value: String,
        /// What it may be.
        allowed: String,
    },
    /// A slate was chosen from another list.
    #[error("the slate was chosen from {found} candidates, but this list has {expected}")]
    Slate {
        /// Candidates of the list.
        expected: usize,
        /// Candidates that the slate was chosen from.
        found: usize,
    },
}

/// Why the regret of a reranker cannot be measured.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RegretError {
    /// There is nothing to take a mean over.
    #[error("`lists` holds 0 lists; it must hold at least 1")]
    NoLists,
    /// Slates without slots have no order.
    #[error("`len` is 0; it must be at least 1")]
    NoSlots,
    /// The reranker could not answer.
    #[error("the reranker could not answer one of the lists {first} to {last}: {source}")]
    Rerank {
        /// First list of the batch.
        first: usize,
        /// Last list of the batch.
        last: usize,
        /// What it said.
        source: RerankError,
    },
    /// More or fewer slates than lists.
    #[error("there are {found} slates for {expected} lists")]
    Slates {
        /// Number of lists.
        expected: usize,
        /// Number of slates.
        found: usize,
    },
    /// A slate of another length than the optimum's.
    #[error("the slate of list {list} has {found} slots, but its optimum has {expected}")]
    Length {
        /// The list.
        list: usize,
        /// Slots of the optimum.
        expected: usize,
        /// Slots of the slate.
        found: usize,
    },
    /// A slate of another list.
    #[error("list {list}: {source}")]
    Slate {
        /// The list.
        list: usize,
        /// What is wrong with its slate.
        source: SimError,
    },
}
