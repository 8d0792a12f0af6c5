//! Building items and users by the names of their fields.

use ndarray::{Array1, Array2};

use super::{Items, RequestError, User};
use crate::{Schema, SchemaError, SparseField};

/// Collects the columns of [`Items`] by name, in any order.
///
/// ```
/// use psad_core::{ItemsBuilder, Schema};
/// let schema = Schema::builder().item_sparse("film", 100).item_dense("year").build()?;
/// let items = ItemsBuilder::new(&schema, 2).sparse("film", &[7, 9])?.dense("year", &[0.1, 0.4])?.build()?;
/// assert_eq!(items.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ItemsBuilder<'a> {
    schema: &'a Schema,
    sparse: Columns<u32>,
    dense: Columns<f32>,
}

impl<'a> ItemsBuilder<'a> {
    /// Starts `count` items of `schema`.
    pub fn new(schema: &'a Schema, count: usize) -> Self {
        let sparse = Columns::new("sparse item", schema.item_sparse().len(), count);
        let dense = Columns::new("dense item", schema.item_dense().len(), count);
        Self { schema, sparse, dense }
    }

    /// Sets the ids of a sparse field, one per item.
    ///
    /// # Errors
    /// [`SchemaError::UnknownField`] for a name that the schema does not have, [`RequestError::Length`] for another
    /// number of ids than items.
    pub fn sparse(mut self, field: &str, ids: &[u32]) -> Result<Self, RequestError> {
        self.sparse.set(&sparse_names(self.schema.item_sparse()), field, ids)?;
        Ok(self)
    }

    /// Sets the values of a dense feature, one per item.
    ///
    /// # Errors
    /// As [`ItemsBuilder::sparse`].
    pub fn dense(mut self, field: &str, values: &[f32]) -> Result<Self, RequestError> {
        self.dense.set(self.schema.item_dense(), field, values)?;
        Ok(self)
    }

    /// The items.
    ///
    /// # Errors
    /// [`SchemaError::MissingField`] for a column that was not set, [`RequestError::NonFinite`] as [`Items::new`].
    pub fn build(self) -> Result<Items, RequestError> {
        let sparse = self.sparse.finish(&sparse_names(self.schema.item_sparse()))?;
        let dense = self.dense.finish(self.schema.item_dense())?;
        Items::new(sparse, dense)
    }
}

/// Collects the fields of a [`User`] by name, in any order.
#[derive(Debug)]
pub struct UserBuilder<'a> {
    schema: &'a Schema,
    sparse: Columns<u32>,
    dense: Columns<f32>,
}

impl<'a> UserBuilder<'a> {
    /// Starts a user of `schema`.
    pub fn new(schema: &'a Schema) -> Self {
        let sparse = Columns::new("sparse user", schema.user_sparse().len(), 1);
        let dense = Columns::new("dense user", schema.user_dense().len(), 1);
        Self { schema, sparse, dense }
    }

    /// Sets the id of a sparse field.
    ///
    /// # Errors
    /// [`SchemaError::UnknownField`] for a name that the schema does not have.
    pub fn sparse(mut self, field: &str, id: u32) -> Result<Self, RequestError> {
        self.sparse.set(&sparse_names(self.schema.user_sparse()), field, &[id])?;
        Ok(self)
    }

    /// Sets the value of a dense feature.
    ///
    /// # Errors
    /// As [`UserBuilder::sparse`].
    pub fn dense(mut self, field: &str, value: f32) -> Result<Self, RequestError> {
        self.dense.set(self.schema.user_dense(), field, &[value])?;
        Ok(self)
    }

    /// The user.
    ///
    /// # Errors
    /// [`SchemaError::MissingField`] for a field that was not set, [`RequestError::NonFinite`] as [`User::new`].
    pub fn build(self) -> Result<User, RequestError> {
        let sparse = self.sparse.finish(&sparse_names(self.schema.user_sparse()))?;
        let dense = self.dense.finish(self.schema.user_dense())?;
        User::new(sparse.row(0).to_owned(), dense.row(0).to_owned())
    }
}

fn sparse_names(fields: &[SparseField]) -> Vec<String> {
    fields.iter().map(|field| field.name.clone()).collect()
}

/// Columns of one type, and which of them have been set.
#[derive(Debug)]
struct Columns<T> {
    side: &'static str,
    values: Array2<T>,
    set: Vec<bool>,
}

impl<T: Copy + Default> Columns<T> {
    fn new(side: &'static str, fields: usize, count: usize) -> Self {
        Self { side, values: Array2::from_elem((count, fields), T::default()), set: vec![false; fields] }
    }

    fn set(&mut self, names: &[String], field: &str, values: &[T]) -> Result<(), RequestError> {
        let Some(column) = names.iter().position(|name| name == field) else {
            let (side, field, known) = (self.side, field.to_owned(), names.to_vec());
            return Err(SchemaError::UnknownField { side, field, known }.into());
        };
        super::length("values of a column", self.values.nrows(), values.len())?;
        self.values.column_mut(column).assign(&Array1::from(values.to_vec()));
        self.set[column] = true;
        Ok(())
    }

    fn finish(self, names: &[String]) -> Result<Array2<T>, SchemaError> {
        match names.iter().zip(&self.set).find(|(_, set)| !**set) {
            Some((field, _)) => Err(SchemaError::MissingField { side: self.side, field: field.clone() }),
            None => Ok(self.values),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Schema {
        let builder = Schema::builder().user_sparse("country", 9).user_dense("age");
        builder.item_sparse("film", 9).item_sparse("genre", 3).item_dense("year").build().unwrap()
    }

    #[test]
    fn columns_find_their_place_by_name() {
        let schema = schema();
        let builder = ItemsBuilder::new(&schema, 2).dense("year", &[1., 2.]).unwrap();
        let items = builder.sparse("genre", &[1, 2]).unwrap().sparse("film", &[5, 6]).unwrap().build().unwrap();
        assert_eq!(items.sparse().row(1).to_vec(), [6, 2]);
        let user = UserBuilder::new(&schema).dense("age", 0.3).unwrap().sparse("country", 4).unwrap().build().unwrap();
        assert_eq!((user.sparse()[0], user.dense()[0]), (4, 0.3));
    }

    #[test]
    fn unknown_and_missing_fields_are_named() {
        let schema = schema();
        let unknown = ItemsBuilder::new(&schema, 1).sparse("director", &[1]).unwrap_err();
        assert!(unknown.to_string().contains("`director`") && unknown.to_string().contains("genre"), "{unknown}");
        let missing = ItemsBuilder::new(&schema, 1).sparse("film", &[1]).unwrap().build().unwrap_err();
        assert!(missing.to_string().contains("`genre` is missing"), "{missing}");
        assert!(matches!(
            ItemsBuilder::new(&schema, 2).sparse("film", &[1]),
            Err(RequestError::Length { expected: 2, found: 1, .. })
        ));
        assert!(UserBuilder::new(&schema).build().is_err());
    }
}
