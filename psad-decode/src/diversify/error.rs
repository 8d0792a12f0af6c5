//! Why nothing can be diversified.

use psad_core::{RerankError, SlateError};
use thiserror::Error;

/// What is wrong with a [`Diversifier`](crate::Diversifier) or with what it is given.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum DiversifyError {
    /// A trade-off of MMR that is none.
    #[error("lambda is {lambda}; it must lie between 0 and 1")]
    Lambda {
        /// The trade-off.
        lambda: f32,
    },
    /// A weight of the scores that a DPP cannot have.
    #[error("theta is {theta}; it must be finite and not negative")]
    Theta {
        /// The weight.
        theta: f32,
    },
    /// A weight of the volume that SSD cannot have.
    #[error("gamma is {gamma}; it must be finite and not negative")]
    Gamma {
        /// The weight.
        gamma: f32,
    },
    /// A window of no slots.
    #[error("a window of 0 slots was asked for; the least is 1")]
    NoWindow,
    /// Scores that do not belong to the candidates, or that order nothing.
    #[error(transparent)]
    Scores(#[from] SlateError),
    /// Another number of vectors than candidates.
    #[error("the list has {expected} candidates, but {found} vectors were given")]
    VectorCount {
        /// Number of candidates.
        expected: usize,
        /// Number of vectors.
        found: usize,
    },
    /// A vector with a number that is NaN or infinite.
    #[error("the vector of candidate {item} holds {value}; its numbers must be finite")]
    NonFiniteVector {
        /// The candidate.
        item: usize,
        /// The number.
        value: f32,
    },
    /// A sparse field that items do not have.
    #[error("items have {fields} sparse fields, and none of index {field}")]
    NoField {
        /// Index of the field.
        field: usize,
        /// Number of fields.
        fields: usize,
    },
}

impl From<DiversifyError> for RerankError {
    fn from(error: DiversifyError) -> Self {
        match error {
            DiversifyError::Scores(error) => Self::Slate(error),
            other => Self::other(other),
        }
    }
}
