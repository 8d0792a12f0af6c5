//! Why a model cannot be made, fitted, saved or loaded.

use psad_baselines::BaselineConfigError;
use psad_core::{ModelFileError, RerankError, TableError};
use psad_decode::StrategyError;
use psad_distill::JointConfigError;
use psad_encoder::EncoderConfigError;
use psad_eval::EvaluateError;
use psad_generator::GeneratorConfigError;
use psad_nar4rec::{ObjectiveError, SizeError};
use psad_nn::ParameterError;
use psad_train::TrainError;
use thiserror::Error;

/// Whatever can go wrong with a [`Method`](crate::Method) outside a request.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PsadError {
    /// The encoder's configuration is faulty.
    #[error(transparent)]
    Encoder(#[from] EncoderConfigError),
    /// The generator's configuration is faulty.
    #[error(transparent)]
    Generator(#[from] GeneratorConfigError),
    /// The objective's configuration is faulty.
    #[error(transparent)]
    Objective(#[from] JointConfigError),
    /// A hidden layer of the scorer has no width.
    #[error("scorer: hidden layer {layer} must have a width of at least 1, got 0")]
    Scorer {
        /// Which of the hidden layers.
        layer: usize,
    },
    /// The configuration of NAR4Rec's generator is faulty.
    #[error(transparent)]
    Matching(#[from] SizeError),
    /// The configuration of NAR4Rec's objective is faulty.
    #[error(transparent)]
    Unlikelihood(#[from] ObjectiveError),
    /// The strategy that slates are decoded with is none.
    #[error(transparent)]
    Strategy(#[from] StrategyError),
    /// The configuration of a baseline is faulty.
    #[error(transparent)]
    Baseline(#[from] BaselineConfigError),
    /// Whatever a method of one's own has to say.
    #[error(transparent)]
    Method(Box<dyn std::error::Error + Send + Sync>),
    /// The tables cannot be made.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The model does not answer the golden request of its file.
    #[error("the model does not answer its golden request: {0}")]
    Golden(#[from] RerankError),
    /// The file cannot be written or read.
    #[error(transparent)]
    File(#[from] ModelFileError),
    /// The file's parameters do not fit the model.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// Training failed.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// Measuring failed.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// There is nothing to validate with.
    #[error("fitting needs at least one validation list, got 0")]
    NoValidation,
}
