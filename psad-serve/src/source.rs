//! Reading a model's parameters by their names.

use ndarray::{Array1, Array2, ArrayD};
use psad_core::{ModelFile, ModelFileError, SparseField};

use crate::affine::{Affine, Norm};
use crate::kernel::Dispatch;
use crate::table::Table;

/// The parameters of a file below some path.
#[derive(Clone)]
pub(crate) struct Source<'a> {
    file: &'a ModelFile,
    path: String,
    /// What weights are packed for.
    pub(crate) dispatch: Dispatch,
}

impl<'a> Source<'a> {
    /// All parameters of the model.
    pub(crate) fn new(file: &'a ModelFile, dispatch: Dispatch) -> Self {
        Self { file, path: "model".to_owned(), dispatch }
    }

    /// The parameters of a part.
    pub(crate) fn part(&self, name: &str) -> Self {
        Self { path: self.name(name), ..self.clone() }
    }

    fn name(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    fn tensor(&self, name: &str, shape: &[usize]) -> Result<&'a ArrayD<f32>, ModelFileError> {
        self.file.tensor(&self.name(name), shape)
    }

    /// A tensor of `[rows, columns]`, row by row.
    pub(crate) fn rows(&self, name: &str, rows: usize, columns: usize) -> Result<Vec<f32>, ModelFileError> {
        Ok(self.tensor(name, &[rows, columns])?.iter().copied().collect())
    }

    /// A tensor of one value.
    pub(crate) fn number(&self, name: &str) -> Result<f32, ModelFileError> {
        Ok(self.tensor(name, &[1])?.iter().copied().sum())
    }

    /// A tensor of `count` values.
    pub(crate) fn numbers(&self, name: &str, count: usize) -> Result<Vec<f32>, ModelFileError> {
        Ok(self.tensor(name, &[count])?.iter().copied().collect())
    }

    /// A matrix `[input, output]`.
    pub(crate) fn matrix(&self, name: &str, input: usize, output: usize) -> Result<Array2<f64>, ModelFileError> {
        let values = self.tensor(name, &[input, output])?;
        Ok(Array2::from_shape_fn((input, output), |(row, column)| f64::from(values[[row, column]])))
    }

    fn vector(&self, name: &str, width: usize) -> Result<Array1<f64>, ModelFileError> {
        Ok(self.tensor(name, &[width])?.iter().map(|&value| f64::from(value)).collect())
    }

    /// A linear layer.
    pub(crate) fn affine(&self, name: &str, input: usize, output: usize) -> Result<Affine, ModelFileError> {
        let part = self.part(name);
        Ok(Affine { weight: part.matrix("weight", input, output)?, bias: part.vector("bias", output)? })
    }

    /// A linear layer without bias.
    pub(crate) fn projection(&self, name: &str, input: usize, output: usize) -> Result<Affine, ModelFileError> {
        Ok(Affine { weight: self.part(name).matrix("weight", input, output)?, bias: Array1::zeros(output) })
    }

    /// A layer normalisation.
    pub(crate) fn norm(&self, name: &str, width: usize) -> Result<Norm, ModelFileError> {
        let part = self.part(name);
        Ok(Norm { gamma: part.vector("gamma", width)?, beta: part.vector("beta", width)? })
    }

    /// The embedding table of a field; `side` is `item` or `user`.
    pub(crate) fn table(&self, side: &str, field: &SparseField, width: usize) -> Result<Table, ModelFileError> {
        let name = format!("tables.{side}.{}", field.name);
        Ok(Table::new(self.file.tensor(&name, &[field.vocabulary, width])?, field.vocabulary, width))
    }
}
