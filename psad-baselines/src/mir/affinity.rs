//! How close a candidate is to what the user did before.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::Tensor;
use psad_nn::{ItemBatch, Weights};

/// Affinity of the items as wholes, `S_i W L_t / √(width of L)`.
#[derive(Module, Debug)]
pub(super) struct ItemAffinity {
    bilinear: Linear,
}

impl ItemAffinity {
    pub(super) fn init(set: usize, list: usize, weights: &mut Weights) -> Self {
        Self { bilinear: weights.projection(set, list) }
    }

    /// `[batch, candidates, set width]`, `[batch, history, list width]` → `[batch, candidates, history]`.
    pub(super) fn forward(&self, set: Tensor<3>, list: Tensor<3>) -> Tensor<3> {
        let [_, _, width] = list.dims();
        self.bilinear.forward(set).matmul(list.swap_dims(1, 2)) / (width as f32).sqrt()
    }
}

/// Affinity of the items' features, `Σ_{f,g} w_{fg} e_f(i) W e_g(t)` over the embeddings of all pairs of sparse fields.
///
/// It is summed field by field before it is compared item by item: no tensor holds all pairs of fields of all pairs of
/// items.
#[derive(Module, Debug)]
pub(super) struct FeatureAffinity {
    bilinear: Linear,
    /// `w`, `[fields of the candidate, fields of the history item]`.
    pairs: Param<Tensor<2>>,
}

impl FeatureAffinity {
    /// Every pair starts with the same weight.
    pub(super) fn init(fields: usize, embedding: usize, weights: &mut Weights) -> Self {
        let pairs = weights.constant([fields, fields], 1. / fields.max(1) as f32);
        Self { bilinear: weights.projection(embedding, embedding), pairs }
    }

    /// `[batch, candidates, history]`; `None` without sparse fields.
    pub(super) fn forward(&self, set: &ItemBatch, list: &ItemBatch, rows: &Tensor<2>) -> Option<Tensor<3>> {
        let (set, list) = (embeddings(set, rows)?, embeddings(list, rows)?);
        let [batch, candidates, fields, embedding] = set.dims();
        let [_, history, _, _] = list.dims();
        let mapped = self.bilinear.forward(set).swap_dims(2, 3); // [batch, candidates, embedding, fields]
        let mapped = mapped.reshape([batch * candidates * embedding, fields]).matmul(self.pairs.val());
        let mapped = mapped.reshape([batch, candidates, embedding, fields]).swap_dims(2, 3);
        let mapped = mapped.reshape([batch, candidates, fields * embedding]);
        let list = list.reshape([batch, history, fields * embedding]).swap_dims(1, 2);
        Some(mapped.matmul(list))
    }
}

/// `[batch, length, fields, embedding]`.
fn embeddings(items: &ItemBatch, rows: &Tensor<2>) -> Option<Tensor<4>> {
    let index = items.rows.clone()?;
    let [batch, length] = items.pad.dims();
    let [_, embedding] = rows.dims();
    let fields = index.dims()[0] / (batch * length);
    Some(rows.clone().select(0, index).reshape([batch, length, fields, embedding]))
}
