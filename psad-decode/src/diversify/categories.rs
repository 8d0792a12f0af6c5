//! Vectors for lists whose items are told apart by a category alone.

use std::collections::BTreeMap;

use ndarray::Array2;
use psad_core::{Request, RerankError};

use super::DiversifyError;

/// One-hot vectors of a sparse item field, by its index, `[candidates, categories of the list]`: two candidates are
/// alike if they are of one category, and have nothing in common otherwise. For
/// [`Diversified`](crate::Diversified).
///
/// # Errors
/// The function gives [`DiversifyError::NoField`] for a field that the request's items do not have.
pub fn category_vectors(field: usize) -> impl Fn(&Request) -> Result<Array2<f32>, RerankError> + Copy {
    move |request| {
        let sparse = request.candidates().items().sparse();
        if field >= sparse.ncols() {
            return Err(DiversifyError::NoField { field, fields: sparse.ncols() }.into());
        }
        let codes = sparse.column(field);
        let mut columns = BTreeMap::new();
        for &code in codes {
            let next = columns.len();
            columns.entry(code).or_insert(next);
        }
        let mut vectors = Array2::zeros((codes.len(), columns.len()));
        for (item, code) in codes.iter().enumerate() {
            vectors[[item, columns[code]]] = 1.;
        }
        Ok(vectors)
    }
}
