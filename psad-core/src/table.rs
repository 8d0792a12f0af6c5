//! Embedding tables that live on the host.

use ndarray::{Array2, ArrayView1};
use thiserror::Error;

/// Rows of `f32`, one per id, kept in plain memory.
///
/// A training step gathers the rows that its batch touches, and only those rows are updated; so a step costs what
/// the batch touches and never what the vocabulary holds. Serving reads the same rows without any tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbeddingTable {
    name: String,
    rows: Array2<f32>,
}

impl EmbeddingTable {
    /// Wraps `rows` `[vocabulary, width]`.
    ///
    /// # Errors
    /// [`TableError::Empty`] without a row or without a column, [`TableError::NonFinite`] for a NaN or an infinity.
    pub fn new(name: impl Into<String>, rows: Array2<f32>) -> Result<Self, TableError> {
        let name = name.into();
        if rows.is_empty() {
            let (vocabulary, width) = rows.dim();
            return Err(TableError::Empty { name, vocabulary, width });
        }
        if let Some(((row, _), &value)) = rows.indexed_iter().find(|(_, value)| !value.is_finite()) {
            return Err(TableError::NonFinite { name, row, value });
        }
        // Rows are handed out as contiguous slices.
        let rows = if rows.is_standard_layout() { rows } else { rows.as_standard_layout().into_owned() };
        Ok(Self { name, rows })
    }

    /// The field that the table belongs to.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of rows, the reserved row 0 included.
    pub fn vocabulary(&self) -> usize {
        self.rows.nrows()
    }

    /// Values per row.
    pub fn width(&self) -> usize {
        self.rows.ncols()
    }

    /// The row that an id reads: its own, or the reserved row 0 if the table does not know it.
    pub fn resolve(&self, id: u32) -> u32 {
        if (id as usize) < self.rows.nrows() { id } else { 0 }
    }

    /// The values of an id, `[width]`; an unknown id reads row 0.
    pub fn row(&self, id: u32) -> ArrayView1<'_, f32> {
        self.rows.row(self.resolve(id) as usize)
    }

    /// The values of an id, to be updated in place; an unknown id writes row 0.
    pub fn row_mut(&mut self, id: u32) -> &mut [f32] {
        let row = self.resolve(id) as usize;
        // Rows are in standard layout since `new`, so a row is one slice.
        self.rows.row_mut(row).into_slice().unwrap_or_default()
    }

    /// All rows, `[vocabulary, width]`.
    pub fn rows(&self) -> &Array2<f32> {
        &self.rows
    }
}

/// Why a table is refused.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum TableError {
    /// No rows or no columns.
    #[error("table `{name}` is empty: {vocabulary} rows of width {width}")]
    Empty {
        /// The table.
        name: String,
        /// Its rows.
        vocabulary: usize,
        /// Its columns.
        width: usize,
    },
    /// A value is NaN or infinite.
    #[error("table `{name}`: row {row} holds {value}")]
    NonFinite {
        /// The table.
        name: String,
        /// The row.
        row: usize,
        /// The value.
        value: f32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn unknown_ids_read_the_reserved_row() {
        let mut table = EmbeddingTable::new("film", array![[0.5, 0.5], [1., 2.]]).unwrap();
        assert_eq!(table.row(1), array![1., 2.]);
        assert_eq!(table.row(2), array![0.5, 0.5]);
        assert_eq!(table.row(u32::MAX), array![0.5, 0.5]);
        table.row_mut(1)[0] = 7.;
        assert_eq!(table.rows()[[1, 0]], 7.);
    }

    #[test]
    fn empty_and_non_finite_tables_are_refused() {
        assert!(matches!(EmbeddingTable::new("a", Array2::zeros((0, 3))), Err(TableError::Empty { .. })));
        let error = EmbeddingTable::new("film", array![[1.], [f32::NAN]]).unwrap_err();
        assert!(error.to_string().contains("`film`: row 1"), "{error}");
    }
}
