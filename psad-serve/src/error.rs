//! Why a model cannot be served.

use psad_core::{ModelFileError, RerankError};
use thiserror::Error;

/// Why a model cannot be served.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The file cannot be read, was changed, or does not hold what its configuration says.
    #[error(transparent)]
    File(#[from] ModelFileError),
    /// A model that this crate does not know.
    #[error("the file holds a model of kind `{found}`; served are `psad` and `nar4rec`")]
    Kind {
        /// The kind that the header names.
        found: String,
    },
    /// The model has no such reranker.
    #[error("a model of kind `{kind}` has no {reranker}")]
    NoReranker {
        /// The model's kind.
        kind: &'static str,
        /// What was asked for.
        reranker: &'static str,
    },
    /// The file has no request by which to tell whether this program answers like the one that wrote it.
    #[error("the file holds no golden answer of {reranker}")]
    NoGolden {
        /// Whose answer is missing.
        reranker: &'static str,
    },
    /// The golden request cannot be answered.
    #[error("the golden request cannot be answered: {0}")]
    GoldenRequest(RerankError),
    /// This program answers otherwise than the one that wrote the file.
    #[error("{reranker}, slot {slot}, candidate {candidate}: the file says {expected}, computed was {found}")]
    Golden {
        /// Whose answer it is.
        reranker: &'static str,
        /// The slot, from 0.
        slot: usize,
        /// The candidate.
        candidate: usize,
        /// The logit or score in the file.
        expected: f32,
        /// What came out here.
        found: f32,
    },
    /// A block size of 0.
    #[error("`block_size` is 0; blocks hold at least 1 slot")]
    BlockSize,
    /// A beam that would hold too much.
    #[error("a beam of width {width}; the widest that is served is {most}")]
    Beam {
        /// Its width.
        width: usize,
        /// The most.
        most: usize,
    },
    /// A user state that another model made, as after a reload, or none; the user is to be encoded again.
    #[error("the user state was made by another model, or by none")]
    OtherModel,
    /// A golden answer with another number of rows than the reranker gives.
    #[error("{reranker}: the golden answer has {found} rows of logits, expected {expected}")]
    GoldenRows {
        /// Whose answer it is.
        reranker: &'static str,
        /// Rows that the reranker gives.
        expected: usize,
        /// Rows in the file.
        found: usize,
    },
    /// A strategy whose numbers are wrong.
    #[error(transparent)]
    Strategy(#[from] psad_decode::StrategyError),
}
