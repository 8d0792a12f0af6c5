//! Requests as JSON or whatever serde speaks. Reading goes through the same checks as making one.
//!
//! ```json
//! { "user": { "sparse": [3], "dense": [0.5] },
//!   "history": { "items": { "count": 2, "sparse": [[7, 9]], "dense": [] }, "feedback": [0, 1], "ages": [2.0, 0.5] },
//!   "candidates": { "items": { "count": 3, "sparse": [[1, 2, 3]], "dense": [] }, "scores": [0.3, 0.2, 0.1] },
//!   "constraints": [{ "pin": { "item": 0, "slot": 0 } }] }
//! ```
//!
//! Items are stored column by column, in the order of the schema's fields. `ages` is missing where none are known, and
//! `constraints` where there are none.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::{Candidates, History, Items, Request, RequestError, User};
use crate::Constraints;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawItems {
    count: usize,
    sparse: Vec<Vec<u32>>,
    dense: Vec<Vec<f32>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawUser {
    sparse: Vec<u32>,
    dense: Vec<f32>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHistory {
    items: Items,
    feedback: Vec<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ages: Option<Vec<f32>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCandidates {
    items: Items,
    scores: Vec<f32>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRequest {
    user: User,
    history: History,
    candidates: Candidates,
    #[serde(default, skip_serializing_if = "Constraints::is_empty")]
    constraints: Constraints,
}

/// Columns of `count` values each as an array `[count, columns]`. Memory is asked for by what was read, not by `count`.
fn joined<T: Copy>(what: &'static str, count: usize, columns: &[Vec<T>]) -> Result<Array2<T>, RequestError> {
    for column in columns {
        super::length(what, count, column.len())?;
    }
    let rows = if columns.is_empty() { 0 } else { count };
    let values = (0..rows).flat_map(|row| columns.iter().map(move |column| column[row])).collect();
    let impossible = |_| RequestError::Length { what, expected: count, found: 0 };
    Array2::from_shape_vec((count, columns.len()), values).map_err(impossible)
}

fn columns<T: Copy>(values: &Array2<T>) -> Vec<Vec<T>> {
    values.columns().into_iter().map(|column| column.to_vec()).collect()
}

impl TryFrom<RawItems> for Items {
    type Error = RequestError;

    fn try_from(raw: RawItems) -> Result<Self, RequestError> {
        let sparse = joined("values of a sparse column", raw.count, &raw.sparse)?;
        Self::new(sparse, joined("values of a dense column", raw.count, &raw.dense)?)
    }
}

impl From<Items> for RawItems {
    fn from(items: Items) -> Self {
        Self { count: items.len(), sparse: columns(&items.sparse), dense: columns(&items.dense) }
    }
}

impl TryFrom<RawUser> for User {
    type Error = RequestError;

    fn try_from(raw: RawUser) -> Result<Self, RequestError> {
        Self::new(raw.sparse.into(), raw.dense.into())
    }
}

impl From<User> for RawUser {
    fn from(user: User) -> Self {
        Self { sparse: user.sparse.to_vec(), dense: user.dense.to_vec() }
    }
}

impl TryFrom<RawHistory> for History {
    type Error = RequestError;

    fn try_from(raw: RawHistory) -> Result<Self, RequestError> {
        let history = Self::new(raw.items, raw.feedback.into())?;
        match raw.ages {
            Some(days) => history.with_ages(days.into()),
            None => Ok(history),
        }
    }
}

impl From<History> for RawHistory {
    fn from(history: History) -> Self {
        let ages = history.ages.as_ref().map(|days| days.to_vec());
        Self { feedback: history.feedback.to_vec(), ages, items: history.items }
    }
}

impl TryFrom<RawCandidates> for Candidates {
    type Error = RequestError;

    fn try_from(raw: RawCandidates) -> Result<Self, RequestError> {
        Self::new(raw.items, raw.scores.into())
    }
}

impl From<Candidates> for RawCandidates {
    fn from(candidates: Candidates) -> Self {
        Self { items: candidates.items, scores: candidates.scores }
    }
}

impl TryFrom<RawRequest> for Request {
    type Error = RequestError;

    fn try_from(raw: RawRequest) -> Result<Self, RequestError> {
        Self::new(raw.user, raw.history, raw.candidates)?.with_constraints(raw.constraints)
    }
}

impl From<Request> for RawRequest {
    fn from(request: Request) -> Self {
        let Request { user, history, candidates, constraints } = request;
        Self { user, history, candidates, constraints }
    }
}
