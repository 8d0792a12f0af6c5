//! Attention between sets.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use psad_nn::{Attention, AttentionConfig, FeedForward, Mask, Norm, TransformerLayer, TransformerLayerConfig, Weights};

use super::SetRankBlock;

/// One block of the stack.
#[allow(clippy::large_enum_variant, reason = "a model has a handful of them")]
#[derive(Module, Debug)]
pub(super) enum Block {
    /// Every candidate attends to every candidate.
    Msab(TransformerLayer),
    /// Through a few vectors that attend to the candidates first.
    Imsab(Imsab),
}

impl Block {
    pub(super) fn init(block: SetRankBlock, layer: &TransformerLayerConfig, weights: &mut Weights) -> Self {
        match block {
            SetRankBlock::Msab => Self::Msab(layer.init(weights.next_seed(), &weights.device().clone())),
            SetRankBlock::Imsab { inducing } => Self::Imsab(Imsab {
                inducing: weights.normal([inducing, layer.width], 1.),
                gather: Mab::init(layer, weights),
                spread: Mab::init(layer, weights),
            }),
        }
    }

    /// # Shapes
    /// `[batch, candidates, width]` → the same; `mask` blocks padding
    pub(super) fn forward(&self, items: Tensor<3>, mask: &Mask) -> Tensor<3> {
        match self {
            Self::Msab(layer) => layer.forward(items, mask),
            Self::Imsab(imsab) => imsab.forward(items, mask),
        }
    }
}

/// Induced self-attention (Lee et al., *Set Transformer*, ICML 2019): vectors that attend to the set, and the set to
/// them.
#[derive(Module, Debug)]
pub(super) struct Imsab {
    /// `[inducing, width]`.
    inducing: Param<Tensor<2>>,
    gather: Mab,
    spread: Mab,
}

impl Imsab {
    fn forward(&self, items: Tensor<3>, mask: &Mask) -> Tensor<3> {
        let [batch, _, width] = items.dims();
        let [inducing, _] = self.inducing.dims();
        let vectors = self.inducing.val().reshape([1, inducing, width]).expand([batch, inducing, width]);
        let gathered = self.gather.forward(vectors, items.clone(), mask); // [batch, inducing, width]
        let open = Mask::keys(Tensor::<2>::zeros([batch, inducing], &items.device()).bool());
        self.spread.forward(items, gathered, &open)
    }
}

/// Multi-head attention of one set to another and a feed-forward block, both with pre-normalisation and a residual path.
#[derive(Module, Debug)]
pub(super) struct Mab {
    attention: Attention,
    feed_forward: FeedForward,
    query_norm: Norm,
    memory_norm: Norm,
    feed_forward_norm: Norm,
}

impl Mab {
    fn init(layer: &TransformerLayerConfig, weights: &mut Weights) -> Self {
        let device = weights.device().clone();
        let attention = AttentionConfig { width: layer.width, heads: layer.heads };
        Self {
            attention: attention.init(weights.next_seed(), &device),
            feed_forward: FeedForward::init(layer.width, layer.feed_forward, layer.width, weights),
            query_norm: weights.norm(layer.width),
            memory_norm: weights.norm(layer.width),
            feed_forward_norm: weights.norm(layer.width),
        }
    }

    /// `[batch, queries, width]`, `[batch, memory, width]` → `[batch, queries, width]`.
    fn forward(&self, queries: Tensor<3>, memory: Tensor<3>, mask: &Mask) -> Tensor<3> {
        let asking = self.query_norm.forward(queries.clone());
        let hidden = self.attention.forward_onto(asking, self.memory_norm.forward(memory), mask, queries);
        self.feed_forward.forward_onto(self.feed_forward_norm.forward(hidden.clone()), hidden)
    }
}
