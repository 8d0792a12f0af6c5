//! From the features of an item to its representation.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;
use psad_core::Schema;
use psad_nn::{ItemBatch, Weights, linear_of_parts};

/// The one tower for history and candidates: `x_i = W_x [E_1(f_1); …; E_F(f_F); dense_i] + b`.
#[derive(Module, Debug)]
pub struct ItemTower {
    projection: Linear,
}

impl ItemTower {
    /// Draws the weights for items of `schema` with rows of width `embedding`.
    pub fn init(schema: &Schema, embedding: usize, width: usize, weights: &mut Weights) -> Self {
        // One dense feature more than the schema has: the ranker's score.
        let input = schema.item_sparse().len() * embedding + schema.item_dense().len() + 1;
        Self { projection: weights.linear(input, width) }
    }

    /// # Shapes
    /// * `rows`: `[touched, embedding]`
    /// * answer: `[batch, length, width]`
    pub fn forward(&self, items: &ItemBatch, rows: &Tensor<2>) -> Tensor<3> {
        linear_of_parts(&self.projection, items.parts(rows), false)
    }
}
