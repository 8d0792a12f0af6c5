//! Why training stops before its end.

use std::error::Error;
use std::path::PathBuf;

use psad_core::{ModelFileError, RerankError};
use psad_nn::ParameterError;

/// Why a model could not be fitted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A field of the configuration is out of its range.
    #[error("`{field}` is {value}, expected {expected}")]
    Config {
        /// The field.
        field: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
    /// There is nothing to learn from.
    #[error("no training lists; at least one is needed")]
    NoLists,
    /// A list does not fit the schema.
    #[error(transparent)]
    List(#[from] RerankError),
    /// The objective gave no part with a weight, so there is nothing to descend.
    #[error("the objective has no part with a weight other than 0")]
    NoLoss,
    /// A part of the loss has not one value per list.
    #[error("part `{part}` of the loss has {found} values for {expected} lists")]
    LossShape {
        /// The part.
        part: &'static str,
        /// Lists in the shard.
        expected: usize,
        /// Values that came.
        found: usize,
    },
    /// The loss of a list is NaN or infinite.
    #[error("part `{part}` of the loss is {value} for list {list} (epoch {epoch}, batch {batch})")]
    NonFiniteLoss {
        /// The part.
        part: &'static str,
        /// The epoch, from 1.
        epoch: usize,
        /// The batch within the epoch, from 1.
        batch: usize,
        /// The list: its index among all training lists, or among those given to [`Session::step`](crate::Session::step).
        list: usize,
        /// Its loss.
        value: f32,
    },
    /// A gradient is NaN or infinite although the loss is finite.
    #[error("the gradient of `{parameter}` holds {value} (epoch {epoch}, batch {batch})")]
    NonFiniteGradient {
        /// Path of the parameter, or name and row of the table.
        parameter: String,
        /// The epoch, from 1.
        epoch: usize,
        /// The batch within the epoch, from 1.
        batch: usize,
        /// The first value that is not finite.
        value: f32,
    },
    /// Parameters could not be read from or written to the device.
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    /// The device did not give a loss or a gradient back.
    #[error("`{what}` cannot be read from its device")]
    Read {
        /// Part of the loss, or path of the parameter.
        what: String,
    },
    /// The validation failed.
    #[error("validation after epoch {epoch}: {source}")]
    Validation {
        /// The epoch, from 1.
        epoch: usize,
        /// The reason.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The validation gave NaN or an infinity, by which no epoch can be called the best.
    #[error("validation after epoch {epoch} gave {value}")]
    NonFiniteValidation {
        /// The epoch, from 1.
        epoch: usize,
        /// The value.
        value: f64,
    },
    /// A checkpoint cannot be read or written.
    #[error("checkpoint {}: {source}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: ModelFileError,
    },
    /// The checkpoint belongs to another run.
    #[error("checkpoint {} belongs to another run: {what} is {expected} here and {found} there", path.display())]
    CheckpointMismatch {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: String,
        /// Its value in this run.
        expected: String,
        /// Its value in the checkpoint.
        found: String,
    },
    /// An observer asked to stop. With checkpoints the next run continues from here.
    #[error("an observer stopped the training after step {step}")]
    Interrupted {
        /// Steps done.
        step: usize,
    },
    /// The system gives no threads.
    #[error("worker threads could not be started: {0}")]
    Workers(Box<dyn Error + Send + Sync>),
}
