//! What a model expects of a request: fields, vocabularies, limits.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Candidates, History, Items, Request, User};

/// A categorical field and the number of rows of its embedding table.
///
/// Row 0 is reserved for "unknown": an id of `vocabulary` or more, as a new film has after training, reads it too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SparseField {
    /// Name of the field, unique within its side (user or item).
    pub name: String,
    /// Rows of the field's table, the reserved row 0 included; at least 1.
    pub vocabulary: usize,
}

/// Names and sizes of everything that a request holds. It is saved inside every model, and a request that does not
/// fit it is refused with the name of the field and both values.
///
/// ```
/// use psad_core::Schema;
/// let schema = Schema::builder()
///     .user_sparse("country", 200)
///     .item_sparse("film", 10_000)
///     .item_dense("year")
///     .feedback(["disliked", "liked"])
///     .max_history(50)
///     .max_candidates(20)
///     .build()?;
/// assert_eq!(schema.item_sparse()[0].vocabulary, 10_000);
/// # Ok::<(), psad_core::SchemaError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "SchemaBuilder", into = "SchemaBuilder")]
pub struct Schema(SchemaBuilder);

/// Collects the fields of a [`Schema`]; [`SchemaBuilder::build`] checks them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaBuilder {
    user_sparse: Vec<SparseField>,
    user_dense: Vec<String>,
    item_sparse: Vec<SparseField>,
    item_dense: Vec<String>,
    feedback: Vec<String>,
    max_history: usize,
    max_candidates: usize,
}

impl Default for SchemaBuilder {
    fn default() -> Self {
        Self {
            user_sparse: Vec::new(),
            user_dense: Vec::new(),
            item_sparse: Vec::new(),
            item_dense: Vec::new(),
            feedback: Vec::new(),
            max_history: 50,
            max_candidates: 100,
        }
    }
}

impl SchemaBuilder {
    /// Adds a categorical field of the user with `vocabulary` rows, row 0 reserved.
    #[must_use]
    pub fn user_sparse(mut self, name: impl Into<String>, vocabulary: usize) -> Self {
        self.user_sparse.push(SparseField { name: name.into(), vocabulary });
        self
    }

    /// Adds a numeric field of the user.
    #[must_use]
    pub fn user_dense(mut self, name: impl Into<String>) -> Self {
        self.user_dense.push(name.into());
        self
    }

    /// Adds a categorical field of items with `vocabulary` rows, row 0 reserved.
    #[must_use]
    pub fn item_sparse(mut self, name: impl Into<String>, vocabulary: usize) -> Self {
        self.item_sparse.push(SparseField { name: name.into(), vocabulary });
        self
    }

    /// Adds a numeric field of items.
    #[must_use]
    pub fn item_dense(mut self, name: impl Into<String>) -> Self {
        self.item_dense.push(name.into());
        self
    }

    /// Names the kinds of feedback that a history item can carry, in the order of their codes.
    #[must_use]
    pub fn feedback<S: Into<String>>(mut self, kinds: impl IntoIterator<Item = S>) -> Self {
        self.feedback = kinds.into_iter().map(Into::into).collect();
        self
    }

    /// Longest history that a request may carry (default 50).
    #[must_use]
    pub fn max_history(mut self, items: usize) -> Self {
        self.max_history = items;
        self
    }

    /// Longest candidate list that a request may carry (default 100).
    #[must_use]
    pub fn max_candidates(mut self, items: usize) -> Self {
        self.max_candidates = items;
        self
    }

    /// Checks the fields.
    ///
    /// # Errors
    /// [`SchemaError::Duplicate`] for a name that stands twice on one side, [`SchemaError::EmptyVocabulary`] for a
    /// field without rows, [`SchemaError::NoCandidates`] when no list could ever fit, [`SchemaError::NoItemField`]
    /// when items have no field at all.
    pub fn build(self) -> Result<Schema, SchemaError> {
        let sparse = |fields: &[SparseField]| fields.iter().map(|field| field.name.clone()).collect::<Vec<_>>();
        unique("user", sparse(&self.user_sparse).iter().chain(&self.user_dense))?;
        unique("item", sparse(&self.item_sparse).iter().chain(&self.item_dense))?;
        unique("feedback", self.feedback.iter())?;
        if let Some(field) = self.user_sparse.iter().chain(&self.item_sparse).find(|field| field.vocabulary == 0) {
            return Err(SchemaError::EmptyVocabulary { field: field.name.clone() });
        }
        if self.item_sparse.is_empty() && self.item_dense.is_empty() {
            return Err(SchemaError::NoItemField);
        }
        if self.max_candidates == 0 {
            return Err(SchemaError::NoCandidates);
        }
        Ok(Schema(self))
    }
}

fn unique<'a>(side: &'static str, names: impl Iterator<Item = &'a String>) -> Result<(), SchemaError> {
    let mut seen = std::collections::HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(SchemaError::Duplicate { side, field: name.clone() });
        }
    }
    Ok(())
}

impl TryFrom<SchemaBuilder> for Schema {
    type Error = SchemaError;

    fn try_from(builder: SchemaBuilder) -> Result<Self, SchemaError> {
        builder.build()
    }
}

impl From<Schema> for SchemaBuilder {
    fn from(schema: Schema) -> Self {
        schema.0
    }
}

impl Schema {
    /// Starts an empty schema.
    pub fn builder() -> SchemaBuilder {
        SchemaBuilder::default()
    }

    /// Categorical fields of the user.
    pub fn user_sparse(&self) -> &[SparseField] {
        &self.0.user_sparse
    }

    /// Names of the numeric fields of the user.
    pub fn user_dense(&self) -> &[String] {
        &self.0.user_dense
    }

    /// Categorical fields of items.
    pub fn item_sparse(&self) -> &[SparseField] {
        &self.0.item_sparse
    }

    /// Names of the numeric fields of items.
    pub fn item_dense(&self) -> &[String] {
        &self.0.item_dense
    }

    /// Kinds of feedback, in the order of their codes.
    pub fn feedback(&self) -> &[String] {
        &self.0.feedback
    }

    /// Longest history that fits.
    pub fn max_history(&self) -> usize {
        self.0.max_history
    }

    /// Longest candidate list that fits.
    pub fn max_candidates(&self) -> usize {
        self.0.max_candidates
    }

    /// Says whether a request fits: [`Schema::check_user`], then [`Schema::check_candidates`].
    ///
    /// # Errors
    /// [`SchemaError::Width`] for a wrong number of columns, [`SchemaError::TooLong`] for a history or list over the
    /// limit, [`SchemaError::UnknownFeedback`] for a code without a name.
    pub fn check(&self, request: &Request) -> Result<(), SchemaError> {
        self.check_user(request.user(), request.history())?;
        self.check_candidates(request.candidates())
    }

    /// Says whether a user with a history fits; the candidates may not be known yet.
    ///
    /// # Errors
    /// As [`Schema::check`].
    pub fn check_user(&self, user: &User, history: &History) -> Result<(), SchemaError> {
        width("user sparse fields", self.user_sparse().len(), user.sparse().len())?;
        width("user dense features", self.user_dense().len(), user.dense().len())?;
        self.check_items(history.items())?;
        longest("history", self.max_history(), history.len())?;
        match history.feedback().iter().find(|&&kind| kind as usize >= self.feedback().len()) {
            Some(&found) => Err(SchemaError::UnknownFeedback { found, kinds: self.feedback().len() }),
            None => Ok(()),
        }
    }

    /// Says whether a ranker's candidates fit.
    ///
    /// # Errors
    /// As [`Schema::check`].
    pub fn check_candidates(&self, candidates: &Candidates) -> Result<(), SchemaError> {
        self.check_items(candidates.items())?;
        longest("candidates", self.max_candidates(), candidates.len())
    }

    /// Says whether items have the schema's columns, however many they are.
    ///
    /// # Errors
    /// [`SchemaError::Width`].
    pub fn check_items(&self, items: &Items) -> Result<(), SchemaError> {
        width("item sparse fields", self.item_sparse().len(), items.sparse().ncols())?;
        width("item dense features", self.item_dense().len(), items.dense().ncols())
    }
}

fn width(what: &'static str, expected: usize, found: usize) -> Result<(), SchemaError> {
    if expected == found { Ok(()) } else { Err(SchemaError::Width { what, expected, found }) }
}

fn longest(what: &'static str, maximum: usize, found: usize) -> Result<(), SchemaError> {
    if found <= maximum { Ok(()) } else { Err(SchemaError::TooLong { what, maximum, found }) }
}

/// Why a schema is refused, or why a request does not fit one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// A name stands twice.
    #[error("{side} field `{field}` is declared twice")]
    Duplicate {
        /// `user`, `item` or `feedback`.
        side: &'static str,
        /// The name.
        field: String,
    },
    /// A sparse field has no row, not even the reserved one.
    #[error("sparse field `{field}` has a vocabulary of 0; row 0 is reserved for unknown ids, so at least 1 is needed")]
    EmptyVocabulary {
        /// The field.
        field: String,
    },
    /// Items have no field.
    #[error("items need at least one sparse or dense field")]
    NoItemField,
    /// The limit allows no list.
    #[error("the longest candidate list must be at least 1, got 0")]
    NoCandidates,
    /// A request has the wrong number of columns.
    #[error("{what}: the schema has {expected}, the request {found}")]
    Width {
        /// Which columns.
        what: &'static str,
        /// Columns of the schema.
        expected: usize,
        /// Columns of the request.
        found: usize,
    },
    /// A request is longer than the schema allows.
    #[error("{what}: the schema allows at most {maximum}, the request has {found}")]
    TooLong {
        /// `history` or `candidates`.
        what: &'static str,
        /// The schema's limit.
        maximum: usize,
        /// Length in the request.
        found: usize,
    },
    /// A feedback code without a name.
    #[error("feedback code {found} is unknown: the schema names {kinds} kinds")]
    UnknownFeedback {
        /// The code.
        found: u32,
        /// Number of kinds in the schema.
        kinds: usize,
    },
    /// A column was given by a name that the schema does not know.
    #[error("unknown {side} field `{field}`; the schema has {known:?}")]
    UnknownField {
        /// `user` or `item`, sparse or dense.
        side: &'static str,
        /// The name that was given.
        field: String,
        /// Names that the schema has there.
        known: Vec<String>,
    },
    /// A column of the schema was not given.
    #[error("{side} field `{field}` is missing")]
    MissingField {
        /// `user` or `item`, sparse or dense.
        side: &'static str,
        /// The name.
        field: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> SchemaBuilder {
        Schema::builder().item_sparse("film", 5).item_dense("year").feedback(["no", "yes"])
    }

    #[test]
    fn faults_of_a_schema_are_named() {
        let twice = schema().item_dense("film").build();
        assert_eq!(twice, Err(SchemaError::Duplicate { side: "item", field: "film".into() }));
        let empty = schema().user_sparse("country", 0).build();
        assert_eq!(empty, Err(SchemaError::EmptyVocabulary { field: "country".into() }));
        assert_eq!(schema().max_candidates(0).build(), Err(SchemaError::NoCandidates));
        assert_eq!(Schema::builder().build(), Err(SchemaError::NoItemField));
    }

    #[test]
    fn a_schema_survives_json_and_is_checked_on_the_way_in() {
        let schema = schema().build().unwrap();
        let json = serde_json::to_string(&schema).unwrap();
        assert_eq!(serde_json::from_str::<Schema>(&json).unwrap(), schema);
        let broken = json.replace("\"vocabulary\":5", "\"vocabulary\":0");
        assert!(serde_json::from_str::<Schema>(&broken).unwrap_err().to_string().contains("film"));
    }
    #[test]
    fn a_user_and_candidates_are_checked_each_for_itself() {
        use ndarray::{Array1, Array2};
        let schema = schema().user_sparse("country", 9).max_history(2).max_candidates(3).build().unwrap();
        let items = |count, fields, features| {
            Items::new(Array2::zeros((count, fields)), Array2::zeros((count, features))).unwrap()
        };
        let user = |fields, features| User::new(Array1::zeros(fields), Array1::zeros(features)).unwrap();
        let history = |items: Items, kind| {
            let count = items.len();
            History::new(items, Array1::from_elem(count, kind)).unwrap()
        };
        let candidates = |items: Items| {
            let count = items.len();
            Candidates::new(items, Array1::zeros(count)).unwrap()
        };
        let fitting = history(items(2, 1, 1), 1);
        assert_eq!(schema.check_user(&user(1, 0), &fitting), Ok(()));
        assert_eq!(schema.check_user(&user(1, 0), &History::empty(1, 1)), Ok(()));
        assert_eq!(schema.check_candidates(&candidates(items(3, 1, 1))), Ok(()));

        let what = |result: Result<(), SchemaError>| match result.unwrap_err() {
            SchemaError::Width { what, .. } | SchemaError::TooLong { what, .. } => what,
            SchemaError::UnknownFeedback { .. } => "feedback",
            other => panic!("{other}"),
        };
        assert_eq!(what(schema.check_user(&user(2, 0), &fitting)), "user sparse fields");
        assert_eq!(what(schema.check_user(&user(1, 1), &fitting)), "user dense features");
        assert_eq!(what(schema.check_user(&user(1, 0), &History::empty(2, 1))), "item sparse fields");
        assert_eq!(what(schema.check_user(&user(1, 0), &history(items(3, 1, 1), 0))), "history");
        assert_eq!(what(schema.check_user(&user(1, 0), &history(items(1, 1, 1), 2))), "feedback");
        assert_eq!(what(schema.check_candidates(&candidates(items(1, 1, 2)))), "item dense features");
        assert_eq!(what(schema.check_candidates(&candidates(items(4, 1, 1)))), "candidates");
        let request = Request::new(user(1, 0), fitting, candidates(items(4, 1, 1))).unwrap();
        assert_eq!(schema.check(&request), schema.check_candidates(request.candidates()));
    }
}
