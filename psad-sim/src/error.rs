//! Why a world cannot be made or a slate cannot be judged.

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
