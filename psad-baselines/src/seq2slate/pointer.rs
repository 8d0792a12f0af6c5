//! Where the writer points.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Bool, Tensor, activation};
use psad_nn::Weights;

/// Stands for −∞, and keeps sums and gradients finite: `exp` of it is zero.
const UNAVAILABLE: f32 = -1e9;

/// `U[j, i] = v · tanh(W_e e_i + W_d d_j) + β r_i` (Vinyals et al., *Pointer Networks*, NIPS 2015), with the ranker's
/// standardised score `r_i`. `v` starts at zero and `β` at one.
///
/// The product with `v` is computed as `2 v · σ(2x) − Σ v`, which is the same number without the backend's slow `tanh`,
/// and with nothing but the sigmoid on the widest tensor.
#[derive(Module, Debug)]
pub(super) struct Pointer {
    item: Linear,
    query: Linear,
    compare: Linear,
    ranker: Param<Tensor<1>>,
}

impl Pointer {
    pub(super) fn init(hidden: usize, pointer: usize, weights: &mut Weights) -> Self {
        Self {
            item: weights.linear(hidden, pointer),
            query: weights.projection(hidden, pointer),
            compare: weights.zero_projection(pointer, 1),
            ranker: weights.constant([1], 1.),
        }
    }

    /// `2 W_e e`, `[batch, candidates, hidden]` → `[batch, candidates, pointer]`.
    pub(super) fn keys(&self, read: Tensor<3>) -> Tensor<3> {
        self.item.forward(read) * 2.
    }

    /// # Shapes
    /// * `queries`: `[batch, slots, hidden]`
    /// * `keys`: `[batch, candidates, pointer]`
    /// * `ranker`: `[batch, candidates]`
    /// * `unavailable`: `[batch, slots, candidates]`
    /// * answer: `[batch, slots, candidates]`, `-1e9` where unavailable
    pub(super) fn forward(
        &self,
        queries: Tensor<3>,
        keys: Tensor<3>,
        ranker: &Tensor<2>,
        unavailable: Tensor<3, Bool>,
    ) -> Tensor<3> {
        let [batch, candidates, pointer] = keys.dims();
        let [_, slots, _] = queries.dims();
        let query = self.query.forward(queries).reshape([batch, slots, 1, pointer]) * 2.;
        let sum = keys.reshape([batch, 1, candidates, pointer]) + query; // [batch, slots, candidates, pointer]
        let squashed = activation::sigmoid(sum).reshape([batch * slots * candidates, pointer]);
        let logits = self.compare.forward(squashed).reshape([batch, slots, candidates]) * 2.;
        let offset = self.compare.weight.val().sum().reshape([1, 1, 1]);
        let ranker = ranker.clone() * self.ranker.val().unsqueeze::<2>();
        (logits - offset + ranker.reshape([batch, 1, candidates])).mask_fill(unavailable, UNAVAILABLE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn the_sigmoid_form_is_the_tanh_form() {
        let device = Device::flex();
        let mut weights = Weights::seeded(1, &device);
        let fresh = Pointer::init(8, 5, &mut weights);
        let pointer = Pointer { compare: weights.projection(5, 1), ranker: weights.constant([1], 0.7), ..fresh };
        let (queries, items) = (weights.normal([2, 3, 8], 2.).val(), weights.normal([2, 4, 8], 2.).val());
        let ranker = weights.normal([2, 4], 1.).val();
        let open = Tensor::<3>::zeros([2, 3, 4], &device).bool();
        let found = pointer.forward(queries.clone(), pointer.keys(items.clone()), &ranker, open);
        let query = pointer.query.forward(queries).reshape([2, 3, 1, 5]);
        let sum = pointer.item.forward(items).reshape([2, 1, 4, 5]) + query;
        let expected = pointer.compare.forward(sum.tanh()).reshape([2, 3, 4]) + ranker.reshape([2, 1, 4]) * 0.7;
        assert!((found - expected).abs().max().into_scalar::<f32>() < 1e-5);
    }
}
