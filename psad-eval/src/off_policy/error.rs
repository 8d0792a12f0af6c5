//! Why a log is refused, or what it says about the target policy.

use std::fmt;

use thiserror::Error;

use crate::CompareError;

/// Where in a log something stands, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The row.
    pub row: usize,
    /// The slot, where rows are slates.
    pub slot: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.slot {
            Some(slot) => write!(formatter, "row {}, slot {slot}", self.row),
            None => write!(formatter, "row {}", self.row),
        }
    }
}

/// Why there is no estimate.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum OffPolicyError {
    /// The log says too little about the target policy: the policies differ too much, or the rows are too few.
    #[error(
        "{estimator} refuses: the effective sample size is {ess:.1} of {rows} rows, below the floor of {floor}; the \
         largest weight is {largest_weight:.1}"
    )]
    LowSupport {
        /// The estimator.
        estimator: &'static str,
        /// Effective sample size of the weights.
        ess: f64,
        /// The least that the config asks for.
        floor: f64,
        /// Largest weight.
        largest_weight: f64,
        /// Number of rows.
        rows: usize,
    },
    /// A self-normalised estimator would divide by zero: the target policy never shows what was logged in a slot.
    #[error("{estimator} refuses: all weights of slot {slot} are 0")]
    NoWeight {
        /// The estimator.
        estimator: &'static str,
        /// The slot; 0 where a row is one action.
        slot: usize,
    },
    /// What was logged had some chance to be logged.
    #[error(
        "{at}: the logging propensity is {propensity} and the target probability {target}; the propensity of what was \
         logged must lie in (0, 1]"
    )]
    Propensity {
        /// Where it stands.
        at: Place,
        /// Probability under the logging policy.
        propensity: f64,
        /// Probability under the target policy.
        target: f64,
    },
    /// A target probability that is none.
    #[error("{at}: the target probability is {target} at a logging propensity of {propensity}; it must lie in [0, 1]")]
    Target {
        /// Where it stands.
        at: Place,
        /// Probability under the logging policy.
        propensity: f64,
        /// Probability under the target policy.
        target: f64,
    },
    /// A reward or a prediction that is NaN or infinite.
    #[error("{at}: the {what} is {value}; it must be finite")]
    NonFinite {
        /// Where it stands.
        at: Place,
        /// What the number is.
        what: &'static str,
        /// The number.
        value: f64,
    },
    /// Sums over the rows could leave the range of `f64`.
    #[error("{at}: the weight {weight} times {value} is too large to be summed up")]
    Overflow {
        /// Where it stands.
        at: Place,
        /// Weight of the row or slot.
        weight: f64,
        /// What it multiplies.
        value: f64,
    },
    /// Two lengths that had to agree.
    #[error("{what}: expected {expected}, found {found}")]
    Length {
        /// What was counted.
        what: &'static str,
        /// Length that the other has.
        expected: usize,
        /// Length that was given.
        found: usize,
    },
    /// An estimator lacks what it reads.
    #[error("{estimator} needs {what}")]
    Missing {
        /// The estimator.
        estimator: &'static str,
        /// What it needs.
        what: &'static str,
    },
    /// A list of which nobody knows what was shown.
    #[error("row {row} is a list without a shown slate")]
    NothingShown {
        /// The row.
        row: usize,
    },
    /// Chance cannot be judged from a single observation.
    #[error("at least 2 {what} are needed, found {found}")]
    TooFew {
        /// Rows or clusters.
        what: &'static str,
        /// Their number.
        found: usize,
    },
    /// A logit that is NaN or infinite.
    #[error("logit of candidate {item} is {logit}; logits must be finite")]
    Logit {
        /// The candidate.
        item: usize,
        /// Its logit.
        logit: f64,
    },
    /// A floor that would let everything through, or nothing.
    #[error("the floor of the effective sample size is {floor}; it must be finite and at least 1")]
    EssFloor {
        /// The floor.
        floor: f64,
    },
    /// A faulty bootstrap config.
    #[error(transparent)]
    Bootstrap(#[from] CompareError),
}

pub(super) fn check_length(what: &'static str, expected: usize, found: usize) -> Result<(), OffPolicyError> {
    if expected == found { Ok(()) } else { Err(OffPolicyError::Length { what, expected, found }) }
}

pub(super) fn check_finite(at: Place, what: &'static str, value: f64) -> Result<(), OffPolicyError> {
    if value.is_finite() { Ok(()) } else { Err(OffPolicyError::NonFinite { at, what, value }) }
}

/// The importance weight `target / propensity`.
pub(super) fn checked_weight(at: Place, propensity: f64, target: f64) -> Result<f64, OffPolicyError> {
    if !(propensity > 0. && propensity <= 1.) {
        return Err(OffPolicyError::Propensity { at, propensity, target });
    }
    if !(0. ..=1.).contains(&target) {
        return Err(OffPolicyError::Target { at, propensity, target });
    }
    Ok(target / propensity)
}
