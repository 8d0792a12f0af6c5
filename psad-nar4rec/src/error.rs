//! What is refused before a model is made.

use thiserror::Error;

/// Why a part cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SizeError {
    /// A size is zero.
    #[error("{part}: `{field}` must be at least 1, got 0")]
    Zero {
        /// The part that was asked for.
        part: &'static str,
        /// The field.
        field: &'static str,
    },
    /// The heads do not divide the width.
    #[error("{part}: `heads` = {heads} does not divide `width` = {width}")]
    Heads {
        /// The part that was asked for.
        part: &'static str,
        /// Number of heads.
        heads: usize,
        /// The width.
        width: usize,
    },
}

/// A value that an objective is not defined for.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("objective: `{field}` = {value}, allowed is {allowed}")]
#[non_exhaustive]
pub struct ObjectiveError {
    /// The field.
    pub field: &'static str,
    /// Its value.
    pub value: f64,
    /// What it may be.
    pub allowed: &'static str,
}

/// No size is zero, and the heads divide the width.
pub(crate) fn check_sizes(
    part: &'static str,
    sizes: &[(&'static str, usize)],
    heads: usize,
    width: usize,
) -> Result<(), SizeError> {
    if let Some(&(field, _)) = sizes.iter().find(|(_, value)| *value == 0) {
        return Err(SizeError::Zero { part, field });
    }
    if heads == 0 {
        return Err(SizeError::Zero { part, field: "heads" });
    }
    if width.is_multiple_of(heads) { Ok(()) } else { Err(SizeError::Heads { part, heads, width }) }
}
