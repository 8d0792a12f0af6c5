//! What every metric asks of labels and scores before it looks at them.

use thiserror::Error;

/// Why labels or scores are refused.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum InputError {
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
    /// A label that is negative or not finite.
    #[error("label of item {item} is {label}; labels are finite and not negative")]
    Label {
        /// The item.
        item: usize,
        /// Its label.
        label: f32,
    },
    /// A score that is NaN or infinite.
    #[error("score of item {item} is {score}; scores must be finite")]
    Score {
        /// The item.
        item: usize,
        /// Its score.
        score: f32,
    },
    /// A number that had to be a probability.
    #[error("{what} of item {item} is {value}; it must lie in [0, 1]")]
    Probability {
        /// What the number is.
        what: &'static str,
        /// The item.
        item: usize,
        /// The number.
        value: f32,
    },
    /// A parameter of a metric outside its range.
    #[error("{what} is {value}; it must lie in {range}")]
    Parameter {
        /// The parameter.
        what: &'static str,
        /// Its value.
        value: f64,
        /// Where it may lie, as an interval.
        range: &'static str,
    },
    /// A vector without direction: zero, or not finite.
    #[error("the vector of item {item} has the length {norm}; an angle needs a length that is finite and above 0")]
    Vector {
        /// The item.
        item: usize,
        /// Euclidean length of its vector.
        norm: f64,
    },
    /// A catalogue with fewer items than were seen.
    #[error("the catalogue has {catalog} items, but {seen} were seen")]
    Catalog {
        /// Items that the catalogue is said to have.
        catalog: usize,
        /// Distinct items that were seen.
        seen: usize,
    },
}

pub(crate) fn check_labels(labels: &[f32]) -> Result<(), InputError> {
    match labels.iter().enumerate().find(|(_, label)| !(label.is_finite() && **label >= 0.)) {
        Some((item, &label)) => Err(InputError::Label { item, label }),
        None => Ok(()),
    }
}

pub(crate) fn check_scores(scores: &[f32]) -> Result<(), InputError> {
    match scores.iter().enumerate().find(|(_, score)| !score.is_finite()) {
        Some((item, &score)) => Err(InputError::Score { item, score }),
        None => Ok(()),
    }
}

pub(crate) fn check_probabilities(what: &'static str, values: &[f32]) -> Result<(), InputError> {
    match values.iter().enumerate().find(|(_, value)| !(0. ..=1.).contains(*value)) {
        Some((item, &value)) => Err(InputError::Probability { what, item, value }),
        None => Ok(()),
    }
}

pub(crate) fn check_length(what: &'static str, expected: usize, found: usize) -> Result<(), InputError> {
    if expected == found { Ok(()) } else { Err(InputError::Length { what, expected, found }) }
}

/// Items by descending score, equal scores in input order.
pub(crate) fn descending(scores: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    // `total_cmp` would order -0 below 0; here they are equal. Scores were checked to be finite, so all compare.
    order.sort_by(|&a, &b| scores[b].partial_cmp(&scores[a]).unwrap_or(std::cmp::Ordering::Equal));
    order
}
