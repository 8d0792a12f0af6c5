//! The position encoder: what each slot of a slate looks for.

use burn::module::{Module, Param};
use burn::tensor::{Bool, Tensor};
use psad_nn::{Attention, AttentionConfig, FeedForward, Mask, Norm, TransformerLayerConfig, Weights};

/// Self-attention over the positions, cross-attention to the candidates and a feed-forward block, each with
/// pre-normalisation and a residual path. Nothing is causal: every position reads every other.
#[derive(Module, Debug)]
pub struct PositionLayer {
    positions: Attention,
    candidates: Attention,
    feed_forward: FeedForward,
    positions_norm: Norm,
    candidates_norm: Norm,
    feed_forward_norm: Norm,
}

impl PositionLayer {
    fn init(layer: &TransformerLayerConfig, weights: &mut Weights) -> Self {
        let (width, device) = (layer.width, weights.device().clone());
        let attention = AttentionConfig { width, heads: layer.heads };
        Self {
            positions: attention.init(weights.next_seed(), &device),
            candidates: attention.init(weights.next_seed(), &device),
            feed_forward: FeedForward::init(width, layer.feed_forward, width, weights),
            positions_norm: weights.norm(width),
            candidates_norm: weights.norm(width),
            feed_forward_norm: weights.norm(width),
        }
    }

    /// # Shapes
    /// * `positions`: `[batch, positions, width]` → the same, of which a list reads those that `open` leaves open
    /// * `candidates`: `[batch, candidates, width]`, of which it reads those that `real` leaves open
    pub fn forward(&self, positions: Tensor<3>, open: &Mask, candidates: Tensor<3>, real: &Mask) -> Tensor<3> {
        let normed = self.positions_norm.forward(positions.clone());
        let positions = self.positions.forward_onto(normed.clone(), normed, open, positions);
        let asking = self.candidates_norm.forward(positions.clone());
        let positions = self.candidates.forward_onto(asking, candidates, real, positions);
        self.feed_forward.forward_onto(self.feed_forward_norm.forward(positions.clone()), positions)
    }
}

/// `t_j`: learned position embeddings, the same for every list, in the light of the list's candidates.
#[derive(Module, Debug)]
pub struct PositionEncoder {
    /// A vector per position, `[max candidates, width]`.
    embeddings: Param<Tensor<2>>,
    layers: Vec<PositionLayer>,
    norm: Norm,
}

impl PositionEncoder {
    pub(crate) fn init(
        layer: &TransformerLayerConfig,
        max_candidates: usize,
        layers: usize,
        weights: &mut Weights,
    ) -> Self {
        Self {
            embeddings: weights.normal([max_candidates, layer.width], 0.5),
            layers: (0..layers).map(|_| PositionLayer::init(layer, weights)).collect(),
            norm: weights.norm(layer.width),
        }
    }

    /// Number of positions that a batch of these lists has: one per slot that the longest of them can fill, at most one
    /// per row of the table.
    pub fn count(&self, lens: &[usize]) -> usize {
        let [rows, _] = self.embeddings.dims();
        lens.iter().copied().max().unwrap_or(1).clamp(1, rows)
    }

    /// # Shapes
    /// * `candidates`: `x`, `[batch, candidates, width]`
    /// * `pad`: `[batch, candidates]`, true at padding
    /// * `unfilled`: `[batch, positions]`, true at positions that the list is too short to fill
    /// * answer: `t`, `[batch, positions, width]`; what stands at unfilled positions is not to be read
    pub fn forward(&self, candidates: &Tensor<3>, pad: Tensor<2, Bool>, unfilled: Tensor<2, Bool>) -> Tensor<3> {
        let [batch, count] = unfilled.dims();
        let (open, real) = (Mask::keys(unfilled), Mask::keys(pad));
        let [_, width] = self.embeddings.dims();
        let positions = self.embeddings.val().narrow(0, 0, count).reshape([1, count, width]);
        let positions = positions.expand([batch, count, width]);
        let read = |positions, layer: &PositionLayer| layer.forward(positions, &open, candidates.clone(), &real);
        self.norm.forward(self.layers.iter().fold(positions, read))
    }
}
