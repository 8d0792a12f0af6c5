//! One question to a reranker: who asks, what they did before, and what the ranker offers.

mod builder;
mod features;
mod serial;

pub use builder::{ItemsBuilder, UserBuilder};

use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{ConstraintError, Constraints, RerankError, Slate, SlateBuilder};

/// Features of some items, a column per field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "serial::RawItems", into = "serial::RawItems")]
pub struct Items {
    sparse: Array2<u32>,
    dense: Array2<f32>,
}

impl Items {
    /// Joins sparse ids `[items, sparse fields]` and dense features `[items, dense features]`.
    ///
    /// # Errors
    /// [`RequestError::Length`] if the two have other numbers of items, [`RequestError::NonFinite`] for a NaN or an
    /// infinity.
    pub fn new(sparse: Array2<u32>, dense: Array2<f32>) -> Result<Self, RequestError> {
        length("items of dense features", sparse.nrows(), dense.nrows())?;
        finite("dense item feature", dense.iter())?;
        Ok(Self { sparse, dense })
    }

    /// Number of items.
    pub fn len(&self) -> usize {
        self.sparse.nrows()
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Ids, `[items, sparse fields]`.
    pub fn sparse(&self) -> &Array2<u32> {
        &self.sparse
    }

    /// Dense features, `[items, dense features]`.
    pub fn dense(&self) -> &Array2<f32> {
        &self.dense
    }
}

/// Features of the user who asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "serial::RawUser", into = "serial::RawUser")]
pub struct User {
    sparse: Array1<u32>,
    dense: Array1<f32>,
}

impl User {
    /// Joins sparse ids `[sparse fields]` and dense features `[dense features]`.
    ///
    /// # Errors
    /// [`RequestError::NonFinite`] for a NaN or an infinity.
    pub fn new(sparse: Array1<u32>, dense: Array1<f32>) -> Result<Self, RequestError> {
        finite("dense user feature", dense.iter())?;
        Ok(Self { sparse, dense })
    }

    /// A user of whom nothing is known, for schemas without user fields.
    pub fn anonymous() -> Self {
        Self { sparse: Array1::zeros(0), dense: Array1::zeros(0) }
    }

    /// Ids, `[sparse fields]`.
    pub fn sparse(&self) -> &Array1<u32> {
        &self.sparse
    }

    /// Dense features, `[dense features]`.
    pub fn dense(&self) -> &Array1<f32> {
        &self.dense
    }
}

/// What the user did before, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "serial::RawHistory", into = "serial::RawHistory")]
pub struct History {
    items: Items,
    feedback: Array1<u32>,
    ages: Option<Array1<f32>>,
}

impl History {
    /// Joins the items with the feedback code of each (an index into the schema's kinds), oldest first.
    ///
    /// # Errors
    /// [`RequestError::Length`] for another number of codes than items.
    pub fn new(items: Items, feedback: Array1<u32>) -> Result<Self, RequestError> {
        length("feedback codes", items.len(), feedback.len())?;
        Ok(Self { items, feedback, ages: None })
    }

    /// A user without a history, for items of the given numbers of fields.
    pub fn empty(sparse_fields: usize, dense_features: usize) -> Self {
        let items = Items { sparse: Array2::zeros((0, sparse_fields)), dense: Array2::zeros((0, dense_features)) };
        Self { items, feedback: Array1::zeros(0), ages: None }
    }

    /// Adds the age of each item in days at the time of the request.
    ///
    /// # Errors
    /// [`RequestError::Length`] for another number of ages than items, [`RequestError::Age`] for one that is
    /// negative, NaN or infinite.
    pub fn with_ages(mut self, days: Array1<f32>) -> Result<Self, RequestError> {
        length("ages", self.items.len(), days.len())?;
        if let Some((item, &days)) = days.iter().enumerate().find(|(_, days)| !(days.is_finite() && **days >= 0.)) {
            return Err(RequestError::Age { item, days });
        }
        self.ages = Some(days);
        Ok(self)
    }

    /// The items, oldest first.
    pub fn items(&self) -> &Items {
        &self.items
    }

    /// A feedback code per item.
    pub fn feedback(&self) -> &Array1<u32> {
        &self.feedback
    }

    /// Age of each item in days, where timestamps are known.
    pub fn ages(&self) -> Option<&Array1<f32>> {
        self.ages.as_ref()
    }

    /// Number of items.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether the user has no history.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

/// What the ranker offers, in its order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "serial::RawCandidates", into = "serial::RawCandidates")]
pub struct Candidates {
    items: Items,
    scores: Vec<f32>,
}

impl Candidates {
    /// Joins the items with the ranker's score of each, in the ranker's order.
    ///
    /// # Errors
    /// [`RequestError::NoCandidates`] for an empty list, [`RequestError::Length`] for another number of scores than
    /// items, [`RequestError::NonFinite`] for a score that is NaN or infinite.
    pub fn new(items: Items, scores: Array1<f32>) -> Result<Self, RequestError> {
        if items.is_empty() {
            return Err(RequestError::NoCandidates);
        }
        length("ranker scores", items.len(), scores.len())?;
        finite("ranker score", scores.iter())?;
        Ok(Self { items, scores: scores.into_iter().collect() })
    }

    /// The items, in the ranker's order.
    pub fn items(&self) -> &Items {
        &self.items
    }

    /// The ranker's score of each item; finite.
    pub fn scores(&self) -> &[f32] {
        &self.scores
    }

    /// Number of candidates, at least 1.
    pub fn len(&self) -> usize {
        self.scores.len()
    }

    /// Never true: an empty list is refused.
    pub fn is_empty(&self) -> bool {
        self.scores.is_empty()
    }
}

/// A user, a history and a ranker's candidates, checked against each other.
///
/// Whether they fit a model is asked with [`Schema::check`](crate::Schema::check), which every model does for itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "serial::RawRequest", into = "serial::RawRequest")]
pub struct Request {
    user: User,
    history: History,
    candidates: Candidates,
    constraints: Constraints,
}

impl Request {
    /// Joins the three.
    ///
    /// # Errors
    /// [`RequestError::Length`] if history and candidates have other numbers of fields: they are items of one kind.
    pub fn new(user: User, history: History, candidates: Candidates) -> Result<Self, RequestError> {
        let (past, offered) = (history.items(), candidates.items());
        length("sparse fields of history items", offered.sparse.ncols(), past.sparse.ncols())?;
        length("dense features of history items", offered.dense.ncols(), past.dense.ncols())?;
        Ok(Self { user, history, candidates, constraints: Constraints::new() })
    }

    /// Sets the rules that the slate must keep, in place of those it had.
    ///
    /// # Errors
    /// [`RequestError::Constraints`] if a rule names a candidate outside the list. Whether they can be kept turns out
    /// when a slate is asked for.
    pub fn with_constraints(mut self, constraints: Constraints) -> Result<Self, RequestError> {
        constraints.check(self.candidates.len())?;
        self.constraints = constraints;
        Ok(self)
    }

    /// Who asks.
    pub fn user(&self) -> &User {
        &self.user
    }

    /// What the user did before.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// What the ranker offers.
    pub fn candidates(&self) -> &Candidates {
        &self.candidates
    }

    /// The rules that the slate must keep.
    pub fn constraints(&self) -> &Constraints {
        &self.constraints
    }

    /// An empty slate of `min(len, candidates)` slots that offers only what keeps the rules.
    ///
    /// # Errors
    /// As [`SlateBuilder::constrained`].
    pub fn slate_builder(&self, len: usize) -> Result<SlateBuilder, ConstraintError> {
        SlateBuilder::constrained(self.candidates.len(), len, &self.constraints)
    }

    /// The `len` highest scores in descending order as far as the rules allow: every slot takes the best candidate
    /// that it may; equal scores keep the ranker's order.
    ///
    /// # Errors
    /// [`RerankError::EmptySlate`] for a `len` of 0, [`RerankError::Slate`] for another number of scores than candidates
    /// or one that is not finite, [`RerankError::Constraints`] for rules that cannot be kept.
    pub fn top_by_score(&self, scores: &[f32], len: usize) -> Result<Slate, RerankError> {
        if len == 0 {
            return Err(RerankError::EmptySlate);
        }
        Ok(self.slate_builder(len)?.top_by_score(scores)?)
    }
}

fn length(what: &'static str, expected: usize, found: usize) -> Result<(), RequestError> {
    if expected == found { Ok(()) } else { Err(RequestError::Length { what, expected, found }) }
}

fn finite<'a>(what: &'static str, values: impl Iterator<Item = &'a f32>) -> Result<(), RequestError> {
    match values.enumerate().find(|(_, value)| !value.is_finite()) {
        Some((index, &value)) => Err(RequestError::NonFinite { what, index, value }),
        None => Ok(()),
    }
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Nothing to rerank.
    #[error("the list of candidates is empty")]
    NoCandidates,
    /// Two lengths that had to agree.
    #[error("{what}: expected {expected}, found {found}")]
    Length {
        /// What was counted.
        what: &'static str,
        /// Length that the rest has.
        expected: usize,
        /// Length that was given.
        found: usize,
    },
    /// A number that is NaN or infinite.
    #[error("{what} {index} is {value}; it must be finite")]
    NonFinite {
        /// What the number is.
        what: &'static str,
        /// Its index, row by row.
        index: usize,
        /// The number.
        value: f32,
    },
    /// An age that is negative or not finite.
    #[error("age of history item {item} is {days} days; ages are finite and not negative")]
    Age {
        /// The history item.
        item: usize,
        /// Its age.
        days: f32,
    },
    /// A rule does not fit the list.
    #[error(transparent)]
    Constraints(#[from] ConstraintError),
    /// A named column does not fit the schema.
    #[error(transparent)]
    Schema(#[from] crate::SchemaError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn items(count: usize) -> Items {
        Items::new(Array2::zeros((count, 1)), Array2::zeros((count, 2))).unwrap()
    }

    #[test]
    fn every_fault_has_its_error() {
        assert!(matches!(
            Items::new(Array2::zeros((2, 1)), Array2::zeros((3, 1))),
            Err(RequestError::Length { expected: 2, found: 3, .. })
        ));
        assert!(matches!(
            Items::new(Array2::zeros((1, 1)), array![[f32::INFINITY]]),
            Err(RequestError::NonFinite { index: 0, .. })
        ));
        assert_eq!(Candidates::new(items(0), array![]), Err(RequestError::NoCandidates));
        assert!(matches!(Candidates::new(items(1), array![f32::NAN]), Err(RequestError::NonFinite { .. })));
        assert!(matches!(Candidates::new(items(1), array![1., 2.]), Err(RequestError::Length { .. })));
        assert!(matches!(History::new(items(2), array![0]), Err(RequestError::Length { .. })));
        let history = History::new(items(1), array![0]).unwrap();
        assert_eq!(history.clone().with_ages(array![-1.]), Err(RequestError::Age { item: 0, days: -1. }));
        assert!(User::new(array![1], array![f32::NAN]).is_err());
        let candidates = Candidates::new(items(1), array![0.]).unwrap();
        assert!(Request::new(User::anonymous(), History::empty(3, 2), candidates.clone()).is_err());
        assert!(Request::new(User::anonymous(), history, candidates).is_ok());
    }
}
