//! Context enhancement: what a block's queries learn before they point.

use burn::module::Module;
use burn::tensor::Tensor;
use psad_nn::{Attention, AttentionConfig, FeedForward, Mask, Norm, Weights};

use crate::GeneratorConfig;

/// Slot queries attend to each other and to the items already placed, then to the items still available, then pass a
/// feed-forward block; each with pre-normalisation and a residual path.
#[derive(Module, Debug)]
pub struct ContextEnhancement {
    placed: Attention,
    available: Attention,
    feed_forward: FeedForward,
    placed_norm: Norm,
    available_norm: Norm,
    feed_forward_norm: Norm,
}

impl ContextEnhancement {
    pub(crate) fn init(config: &GeneratorConfig, weights: &mut Weights) -> Self {
        let (width, device) = (config.width, weights.device().clone());
        let attention = AttentionConfig { width, heads: config.heads };
        Self {
            placed: attention.init(weights.next_seed(), &device),
            available: attention.init(weights.next_seed(), &device),
            feed_forward: FeedForward::init(width, config.feed_forward, width, weights),
            placed_norm: weights.norm(width),
            available_norm: weights.norm(width),
            feed_forward_norm: weights.norm(width),
        }
    }

    /// # Shapes
    /// * `queries`: `[batch, slots, width]` → the same
    /// * `memory`: `[batch, 1 + placed, width]`, its first row stands for the beginning
    /// * `readable`: which of `[memory; queries]` a slot reads
    /// * `items`: `[batch, candidates, width]`, of which a slot reads those that `available` leaves open
    pub fn forward(
        &self,
        queries: Tensor<3>,
        memory: Tensor<3>,
        readable: &Mask,
        items: Tensor<3>,
        available: &Mask,
    ) -> Tensor<3> {
        let normed = self.placed_norm.forward(Tensor::cat(vec![memory, queries.clone()], 1));
        let [_, slots, _] = queries.dims();
        let [_, total, _] = normed.dims();
        let asking = normed.clone().narrow(1, total - slots, slots);
        let queries = self.placed.forward_onto(asking, normed, readable, queries);
        let asking = self.available_norm.forward(queries.clone());
        let queries = self.available.forward_onto(asking, items, available, queries);
        self.feed_forward.forward_onto(self.feed_forward_norm.forward(queries.clone()), queries)
    }
}
