//! Collecting the distinct embedding rows that a batch touches.

use burn::tensor::{Device, Tensor, TensorData};
use rustc_hash::FxHashMap;

use crate::{Tables, Touched};

/// Numbers the rows in the order in which they are first met.
#[derive(Debug, Default)]
pub(super) struct Gather {
    touched: Vec<Touched>,
    index: FxHashMap<Touched, i32>,
}

impl Gather {
    /// The place of an id's row in the leaf tensor.
    pub(super) fn place(&mut self, tables: &Tables, table: usize, id: u32) -> i32 {
        let touched = Touched { table, row: tables.as_slice()[table].resolve(id) };
        *self.index.entry(touched).or_insert_with(|| {
            self.touched.push(touched);
            self.touched.len() as i32 - 1
        })
    }

    /// The leaf, `[touched, embedding]`, and what its rows are. Without sparse fields it is one unused row.
    pub(super) fn finish(self, tables: &Tables, device: &Device) -> (Tensor<2>, Vec<Touched>) {
        let width = tables.width();
        let mut values = Vec::with_capacity(self.touched.len().max(1) * width);
        for touched in &self.touched {
            values.extend(tables.as_slice()[touched.table].row(touched.row));
        }
        if self.touched.is_empty() {
            values.resize(width, 0.);
        }
        let shape = [values.len() / width, width];
        let leaf = Tensor::from_data(TensorData::new::<f32, _>(values, shape), device);
        let leaf = if device.is_autodiff() { leaf.require_grad() } else { leaf };
        (leaf, self.touched)
    }
}
