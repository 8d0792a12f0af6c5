//! The pointer head.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Bool, Tensor};
use psad_nn::{Weights, linear, point};

/// Stands for −∞, and keeps sums and gradients finite: `exp` of it is zero.
const UNAVAILABLE: f32 = -1e9;

/// `U[k, i] = v · tanh(W_h H_i + W_q Q_k) + β r_i` (Vinyals et al. 2015), with the ranker's standardised score `r_i`.
///
/// `v` starts at zero and `β` at one: an untrained generator keeps the ranker's order, and training decides how far it
/// moves from there.
#[derive(Module, Debug)]
pub struct PointerHead {
    item: Linear,
    query: Linear,
    compare: Linear,
    ranker: Param<Tensor<1>>,
}

impl PointerHead {
    pub(crate) fn init(width: usize, pointer: usize, weights: &mut Weights) -> Self {
        Self {
            item: weights.linear(width, pointer),
            query: weights.projection(width, pointer),
            compare: weights.zero_projection(pointer, 1),
            ranker: weights.constant([1], 1.),
        }
    }

    /// # Shapes
    /// * `queries`: `[batch, slots, width]`
    /// * `items`: `[batch, candidates, width]`
    /// * `ranker`: `[batch, candidates]`
    /// * `unavailable`: `[batch, slots, candidates]`, true at padding and at items placed in earlier blocks
    /// * answer: `[batch, slots, candidates]`, `-1e9` where unavailable
    pub fn forward(
        &self,
        queries: Tensor<3>,
        items: Tensor<3>,
        ranker: Tensor<2>,
        unavailable: Tensor<3, Bool>,
    ) -> Tensor<3> {
        let [batch, candidates, _] = items.dims();
        let learned = point(linear(&self.item, items), linear(&self.query, queries), self.compare.weight.val());
        let ranker = (ranker * self.ranker.val().reshape([1, 1])).reshape([batch, 1, candidates]);
        (learned + ranker).mask_fill(unavailable, UNAVAILABLE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Distribution};

    #[test]
    fn the_comparison_is_the_one_of_the_formula() {
        let device = Device::flex();
        let mut weights = Weights::seeded(1, &device);
        let fresh = PointerHead::init(8, 5, &mut weights);
        let head = PointerHead { compare: weights.projection(5, 1), ranker: weights.constant([1], 0.7), ..fresh };
        let random = |rows| Tensor::<3>::random([2, rows, 8], Distribution::Normal(0., 2.), &device);
        let (queries, items) = (random(3), random(4));
        let open = Tensor::<3>::zeros([2, 3, 4], &device).bool();
        let ranker = Tensor::<2>::random([2, 4], Distribution::Normal(0., 1.), &device);
        let found = head.forward(queries.clone(), items.clone(), ranker.clone(), open);
        let sum = head.item.forward(items).reshape([2, 1, 4, 5]) + head.query.forward(queries).reshape([2, 3, 1, 5]);
        let expected = head.compare.forward(sum.tanh()).reshape([2, 3, 4]) + ranker.reshape([2, 1, 4]) * 0.7;
        assert!((found - expected).abs().max().into_scalar::<f32>() < 1e-5);
    }

    #[test]
    fn an_untrained_head_gives_every_slot_the_rankers_scores() {
        let device = Device::flex();
        let head = PointerHead::init(8, 5, &mut Weights::seeded(1, &device));
        let random = |rows| Tensor::<3>::random([2, rows, 8], Distribution::Normal(0., 2.), &device);
        let ranker = Tensor::<2>::random([2, 4], Distribution::Normal(0., 1.), &device);
        let open = Tensor::<3>::zeros([2, 3, 4], &device).bool();
        let found = head.forward(random(3), random(4), ranker.clone(), open);
        let expected = ranker.reshape([2, 1, 4]).expand([2, 3, 4]);
        assert!((found - expected).abs().max().into_scalar::<f32>() < 1e-6);
    }
}
