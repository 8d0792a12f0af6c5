//! A request with the answers that a model gave when it was saved.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Request, Schema, SchemaError, Slate, SlateError};

/// A request and what each reranker of a model answers to it. Whoever reads the model with other code replays it before
/// the first real request, and so notices that something is computed in another way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawGolden", into = "RawGolden")]
pub struct Golden {
    request: Request,
    answers: Vec<GoldenAnswer>,
}

/// What one reranker answers to the golden request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoldenAnswer {
    /// Name of the reranker, such as `PSAD-G`.
    pub reranker: String,
    /// Slots that a generator fills per step; `None` for a reranker that is no generator.
    pub block_size: Option<usize>,
    /// Its slate: distinct candidates, first slot first.
    pub slate: Vec<usize>,
    /// A row per slot of the slate, `[slots, candidates]`: the logits of a generator, or the scores of a student, that the
    /// slot is filled from, with those before it filled as `slate` says. Empty if nothing but the slate is known.
    ///
    /// What a model masks holds what the model puts there, such as `-1e9`; all numbers are finite.
    pub logits: Vec<Vec<f32>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGolden {
    request: Request,
    answers: Vec<GoldenAnswer>,
}

impl TryFrom<RawGolden> for Golden {
    type Error = GoldenError;

    fn try_from(raw: RawGolden) -> Result<Self, GoldenError> {
        Self::new(raw.request, raw.answers)
    }
}

impl From<Golden> for RawGolden {
    fn from(golden: Golden) -> Self {
        Self { request: golden.request, answers: golden.answers }
    }
}

impl Golden {
    /// Joins a request with its answers.
    ///
    /// # Errors
    /// [`GoldenError`] for an answer that cannot be one to this request.
    pub fn new(request: Request, answers: Vec<GoldenAnswer>) -> Result<Self, GoldenError> {
        answers.iter().try_for_each(|answer| answer.check(request.candidates().len()))?;
        Ok(Self { request, answers })
    }

    /// The request.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// What the rerankers answer, the one that one would serve first.
    pub fn answers(&self) -> &[GoldenAnswer] {
        &self.answers
    }

    /// The answer of the reranker with this name.
    pub fn answer(&self, reranker: &str) -> Option<&GoldenAnswer> {
        self.answers.iter().find(|answer| answer.reranker == reranker)
    }

    /// Says whether the request is one for models of this schema.
    ///
    /// # Errors
    /// [`GoldenError::Schema`].
    pub(super) fn check(&self, schema: &Schema) -> Result<(), GoldenError> {
        Ok(schema.check(&self.request)?)
    }
}

impl GoldenAnswer {
    fn check(&self, candidates: usize) -> Result<(), GoldenError> {
        let reranker = || self.reranker.clone();
        if self.block_size == Some(0) {
            return Err(GoldenError::NoBlock { reranker: reranker() });
        }
        let slate = Slate::new(self.slate.clone(), candidates);
        let slate = slate.map_err(|source| GoldenError::Slate { reranker: reranker(), source })?;
        let expected = slate.len();
        if !self.logits.is_empty() && self.logits.len() != expected {
            return Err(GoldenError::Rows { reranker: reranker(), expected, found: self.logits.len() });
        }
        for (row, logits) in self.logits.iter().enumerate() {
            if logits.len() != candidates {
                let (expected, found) = (candidates, logits.len());
                return Err(GoldenError::Candidates { reranker: reranker(), row, expected, found });
            }
            if let Some((item, &value)) = logits.iter().enumerate().find(|(_, logit)| !logit.is_finite()) {
                return Err(GoldenError::NonFinite { reranker: reranker(), row, item, value });
            }
        }
        Ok(())
    }
}

/// Why a golden request or an answer to it is refused.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum GoldenError {
    /// The request does not fit the model's schema.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// What stands for a slate is none.
    #[error("the slate of {reranker}: {source}")]
    Slate {
        /// The reranker.
        reranker: String,
        /// What is wrong with it.
        source: SlateError,
    },
    /// Blocks without slots.
    #[error("{reranker} has a block size of 0; the least is 1")]
    NoBlock {
        /// The reranker.
        reranker: String,
    },
    /// Another number of rows than there are slots.
    #[error("{reranker} has {found} rows of logits, expected {expected}")]
    Rows {
        /// The reranker.
        reranker: String,
        /// Rows that there must be.
        expected: usize,
        /// Rows that there are.
        found: usize,
    },
    /// A row of another length than the list.
    #[error("row {row} of {reranker} has {found} logits for {expected} candidates")]
    Candidates {
        /// The reranker.
        reranker: String,
        /// The row.
        row: usize,
        /// Candidates of the request.
        expected: usize,
        /// Length of the row.
        found: usize,
    },
    /// A number that is NaN or infinite.
    #[error("row {row} of {reranker} holds {value} for candidate {item}; logits must be finite")]
    NonFinite {
        /// The reranker.
        reranker: String,
        /// The row.
        row: usize,
        /// The candidate.
        item: usize,
        /// The number.
        value: f32,
    },
}
