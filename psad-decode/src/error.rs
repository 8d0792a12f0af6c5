//! What can go wrong on the way to a slate.

use psad_core::SlateError;
use thiserror::Error;

use crate::{StrategyError, row::BadLogit};

/// Why a batch could not be decoded; `E` is the error of the [`BlockModel`](crate::BlockModel).
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum DecodeError<E> {
    /// A list without candidates.
    #[error("list {list} has no candidates")]
    EmptyList {
        /// Index of the list in the batch.
        list: usize,
    },
    /// A slate that is to be filled is not empty.
    #[error("the slate of list {list} has {placed} items already; decoding begins with an empty one")]
    NotEmpty {
        /// Index of the list in the batch.
        list: usize,
        /// Items that stand in it.
        placed: usize,
    },
    /// The schedule ends before a slate with rules is full, so that they might not be kept.
    #[error("the slate of list {list} has rules for {expected} slots, the schedule only {slots}")]
    ShortSchedule {
        /// Index of the list in the batch.
        list: usize,
        /// Slots of the schedule.
        slots: usize,
        /// Slots of the slate.
        expected: usize,
    },
    /// A slate that is given has more slots than the schedule.
    #[error("the slate of list {list} has {found} slots, the schedule {slots}")]
    SlateLength {
        /// Index of the list in the batch.
        list: usize,
        /// Slots of the schedule.
        slots: usize,
        /// Slots of the slate.
        found: usize,
    },
    /// The strategy's own numbers.
    #[error(transparent)]
    Strategy(#[from] StrategyError),
    /// The model answered for another number of hypotheses than it was asked about.
    #[error("the model was asked about {expected} hypotheses and returned {found} blocks")]
    BlockCount {
        /// Number of hypotheses.
        expected: usize,
        /// Number of blocks.
        found: usize,
    },
    /// A block that does not cover its slots and candidates.
    #[error(
        "a block of list {list} has the shape {found:?}; [slots, candidates] must be {expected:?}, or wider by padding"
    )]
    BlockShape {
        /// Index of the list in the batch.
        list: usize,
        /// Slots of the block, and the fewest candidates that it may have.
        expected: [usize; 2],
        /// The block's shape.
        found: [usize; 2],
    },
    /// A logit that is NaN or `+inf` at a free candidate; or `-inf` at every one, and this is the first of them.
    #[error("list {list}, slot {slot}: candidate {item} has the logit {value}, and at least one must be finite")]
    NonFinite {
        /// Index of the list in the batch.
        list: usize,
        /// The slot.
        slot: usize,
        /// The candidate.
        item: usize,
        /// Its logit.
        value: f32,
    },
    /// The strategy compares candidates, and the model has no vectors of them.
    #[error("the strategy compares candidates by their vectors, and the model has none for list {list}")]
    NoVectors {
        /// Index of the list in the batch.
        list: usize,
    },
    /// An influence between fewer candidates than the list has.
    #[error("list {list} has {expected} candidates, but the model's influence is one between {found}")]
    InfluenceShape {
        /// Index of the list in the batch.
        list: usize,
        /// Number of candidates.
        expected: usize,
        /// Number of candidates that the influence knows.
        found: usize,
    },
    /// Another number of vectors than candidates.
    #[error("list {list} has {expected} candidates, but the model has {found} vectors of them")]
    VectorCount {
        /// Index of the list in the batch.
        list: usize,
        /// Number of candidates.
        expected: usize,
        /// Number of vectors.
        found: usize,
    },
    /// A vector with a number that is NaN or infinite.
    #[error("list {list}: the vector of candidate {item} holds {value}; its numbers must be finite")]
    NonFiniteVector {
        /// Index of the list in the batch.
        list: usize,
        /// The candidate.
        item: usize,
        /// The number.
        value: f32,
    },
    /// A slate that is given is none of the list, or breaks its rules.
    #[error("the slate of list {list}: {source}")]
    Slate {
        /// Index of the list in the batch.
        list: usize,
        /// What is wrong with it.
        source: SlateError,
    },
    /// The model itself failed.
    #[error("the model failed: {0}")]
    Model(#[source] E),
}

impl<E> From<BadLogit> for DecodeError<E> {
    fn from(bad: BadLogit) -> Self {
        let BadLogit { list, slot, item, value } = bad;
        Self::NonFinite { list, slot, item, value }
    }
}
