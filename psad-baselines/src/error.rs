//! Why a baseline cannot be made.

use thiserror::Error;

/// A configuration that cannot be.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum BaselineConfigError {
    /// A size is zero.
    #[error("{model}: `{field}` must be at least 1, got 0")]
    Zero {
        /// The part that was to be made.
        model: &'static str,
        /// The field.
        field: &'static str,
    },
    /// The heads do not divide the width.
    #[error("{model}: `heads` = {heads} does not divide `width` = {width}")]
    Heads {
        /// The part that was to be made.
        model: &'static str,
        /// Number of heads.
        heads: usize,
        /// The width.
        width: usize,
    },
    /// The label that counts as fully relevant is none.
    #[error("{model}: `max_label` must be above 0 and finite, got {value}")]
    MaxLabel {
        /// The part that was to be made.
        model: &'static str,
        /// Its value.
        value: f64,
    },
}

/// Checks the fields of one part.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Check(pub(crate) &'static str);

impl Check {
    pub(crate) fn sizes(self, sizes: &[(&'static str, usize)]) -> Result<(), BaselineConfigError> {
        match sizes.iter().find(|(_, size)| *size == 0) {
            Some(&(field, _)) => Err(BaselineConfigError::Zero { model: self.0, field }),
            None => Ok(()),
        }
    }

    /// Widths of hidden layers, of which there may be none.
    pub(crate) fn layers(self, field: &'static str, widths: &[usize]) -> Result<(), BaselineConfigError> {
        widths.iter().try_for_each(|&width| self.sizes(&[(field, width)]))
    }

    /// Heads of at least one, which divide the width.
    pub(crate) fn heads(self, heads: usize, width: usize) -> Result<(), BaselineConfigError> {
        self.sizes(&[("heads", heads), ("width", width)])?;
        if width.is_multiple_of(heads) {
            return Ok(());
        }
        Err(BaselineConfigError::Heads { model: self.0, heads, width })
    }

    pub(crate) fn max_label(self, value: f64) -> Result<(), BaselineConfigError> {
        // Labels are `f32`: what is zero or infinite there would divide by zero in the loss.
        if value as f32 > 0. && (value as f32).is_finite() {
            return Ok(());
        }
        Err(BaselineConfigError::MaxLabel { model: self.0, value })
    }
}
