//! Attention that ignores masked keys exactly.

use burn::config::Config;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Bool, Device, Tensor};

use crate::fused::attend;
use crate::{FeedForward, Norm, Weights, linear, linear_residual};

/// Which keys a query must not read.
#[derive(Debug, Clone)]
pub struct Mask {
    /// `[batch, 1 or queries, keys]`.
    blocked: Tensor<3, Bool>,
    /// `[batch, 1, 1]`, of a mask that is the same for all queries.
    any_open: Option<Tensor<3>>,
}

impl Mask {
    /// The same keys are blocked for every query. A list in which all are blocked attends to nothing: the answer is
    /// what attention makes of a zero vector, whatever the padding.
    ///
    /// # Shapes
    /// `blocked`: `[batch, keys]`, true = blocked
    pub fn keys(blocked: Tensor<2, Bool>) -> Self {
        let [batch, keys] = blocked.dims();
        let any_open = blocked.clone().all_dim(1).bool_not().float().reshape([batch, 1, 1]);
        Self { blocked: blocked.reshape([batch, 1, keys]), any_open: Some(any_open) }
    }

    /// Each query has its own blocked keys; each query that matters has an open one.
    ///
    /// # Shapes
    /// `blocked`: `[batch, queries, keys]`, true = blocked
    pub fn pairs(blocked: Tensor<3, Bool>) -> Self {
        Self { blocked, any_open: None }
    }
}

/// Configuration of [`Attention`].
#[derive(Config, Debug)]
pub struct AttentionConfig {
    /// Width of queries, keys and answers.
    pub width: usize,
    /// Number of heads; must divide the width.
    #[config(default = 2)]
    pub heads: usize,
}

impl AttentionConfig {
    /// Draws the weights. Heads that do not divide the width make every later `forward` panic; who takes the sizes from
    /// a user checks them first, as `psad-encoder` and `psad-generator` do.
    pub fn init(&self, seed: u64, device: &Device) -> Attention {
        let mut weights = Weights::seeded(seed, device);
        Attention {
            query: weights.linear(self.width, self.width),
            key: weights.linear(self.width, self.width),
            value: weights.linear(self.width, self.width),
            output: weights.linear(self.width, self.width),
            heads: self.heads,
        }
    }
}

/// Scaled dot-product attention with several heads (Vaswani et al. 2017).
#[derive(Module, Debug)]
pub struct Attention {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    heads: usize,
}

impl Attention {
    /// Each query's mixture of the memory.
    ///
    /// # Shapes
    /// * `queries`: `[batch, queries, width]`
    /// * `memory`: `[batch, keys, width]`
    /// * answer: `[batch, queries, width]`
    pub fn forward(&self, queries: Tensor<3>, memory: Tensor<3>, mask: &Mask) -> Tensor<3> {
        linear(&self.output, self.mix(queries, memory, mask))
    }

    /// Adds each query's mixture to a residual path, `[batch, queries, width]`; otherwise as [`Attention::forward`].
    pub fn forward_onto(&self, queries: Tensor<3>, memory: Tensor<3>, mask: &Mask, residual: Tensor<3>) -> Tensor<3> {
        linear_residual(&self.output, self.mix(queries, memory, mask), residual)
    }

    fn mix(&self, queries: Tensor<3>, memory: Tensor<3>, mask: &Mask) -> Tensor<3> {
        let query = linear(&self.query, queries);
        let (key, value) = (linear(&self.key, memory.clone()), linear(&self.value, memory));
        attend(query, key, value, &mask.blocked, mask.any_open.as_ref(), self.heads)
    }
}

/// Configuration of [`TransformerLayer`].
#[derive(Config, Debug)]
pub struct TransformerLayerConfig {
    /// Width of the layer.
    pub width: usize,
    /// Number of heads; must divide the width.
    #[config(default = 2)]
    pub heads: usize,
    /// Width of the feed-forward block.
    #[config(default = 128)]
    pub feed_forward: usize,
}

impl TransformerLayerConfig {
    /// Draws the weights. Heads that do not divide the width make every later `forward` panic; who takes the sizes from
    /// a user checks them first, as `psad-encoder` and `psad-generator` do.
    pub fn init(&self, seed: u64, device: &Device) -> TransformerLayer {
        let mut weights = Weights::seeded(seed, device);
        let attention = AttentionConfig { width: self.width, heads: self.heads };
        TransformerLayer {
            attention: attention.init(weights.next_seed(), device),
            feed_forward: FeedForward::init(self.width, self.feed_forward, self.width, &mut weights),
            attention_norm: weights.norm(self.width),
            feed_forward_norm: weights.norm(self.width),
        }
    }
}

/// Self-attention and a feed-forward block, both with pre-normalisation and a residual path.
#[derive(Module, Debug)]
pub struct TransformerLayer {
    attention: Attention,
    feed_forward: FeedForward,
    attention_norm: Norm,
    feed_forward_norm: Norm,
}

impl TransformerLayer {
    /// # Shapes
    /// `[batch, length, width]` → the same; what stands at a masked place is not to be read.
    pub fn forward(&self, input: Tensor<3>, mask: &Mask) -> Tensor<3> {
        let normed = self.attention_norm.forward(input.clone());
        let hidden = self.attention.forward_onto(normed.clone(), normed, mask, input);
        self.feed_forward.forward_onto(self.feed_forward_norm.forward(hidden.clone()), hidden)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Distribution;

    fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
        Tensor::random(shape, Distribution::Normal(0., 1.), &Device::flex())
    }

    fn pad(rows: &[&[bool]]) -> Tensor<2, Bool> {
        let flat: Vec<bool> = rows.iter().flat_map(|row| row.iter().copied()).collect();
        Tensor::<1, Bool>::from_bool(flat.as_slice(), &Device::flex()).reshape([rows.len(), rows[0].len()])
    }

    fn close(a: Tensor<3>, b: Tensor<3>) -> bool {
        (a - b).abs().max().into_scalar::<f32>() < 1e-5
    }

    #[test]
    fn masked_keys_change_nothing() {
        let layer = TransformerLayerConfig::new(8).init(1, &Device::flex());
        let real = random([1, 3, 8]);
        let alone = layer.forward(real.clone(), &Mask::keys(pad(&[&[false; 3]])));
        let padded = Tensor::cat(vec![real, random([1, 2, 8]) * 50.], 1);
        let padded = layer.forward(padded, &Mask::keys(pad(&[&[false, false, false, true, true]])));
        assert!(close(alone, padded.narrow(1, 0, 3)));
    }

    #[test]
    fn a_memory_without_any_open_key_is_silent_whatever_its_padding() {
        let attention = AttentionConfig::new(8).init(1, &Device::flex());
        let queries = random([1, 2, 8]);
        let short = attention.forward(queries.clone(), random([1, 1, 8]), &Mask::keys(pad(&[&[true]])));
        let long = attention.forward(queries, random([1, 4, 8]), &Mask::keys(pad(&[&[true; 4]])));
        assert!(close(short, long));
    }

    #[test]
    fn no_score_however_low_lets_a_masked_key_in() {
        let attention = AttentionConfig::new(8).init(1, &Device::flex());
        // A date in milliseconds, left as it is, makes memories as large as the first; the rest go to the ends of `f32`.
        for size in [1e12, 1e30, 1e36] {
            for sign in [1., -1.] {
                let (queries, real) = (random([1, 3, 8]), random([1, 1, 8]) * size * sign);
                let alone = attention.forward(queries.clone(), real.clone(), &Mask::keys(pad(&[&[false]])));
                let padded = Tensor::cat(vec![real, random([1, 2, 8])], 1);
                let padded = attention.forward(queries, padded, &Mask::keys(pad(&[&[false, true, true]])));
                assert!(close(alone / size, padded / size), "{size}");
            }
        }
    }

    #[test]
    fn batch_mates_change_nothing() {
        let layer = TransformerLayerConfig::new(8).init(3, &Device::flex());
        let (a, b) = (random([1, 3, 8]), random([1, 3, 8]));
        let mask = pad(&[&[false; 3], &[false, false, true]]);
        let both = layer.forward(Tensor::cat(vec![a.clone(), b], 0), &Mask::keys(mask));
        assert!(close(layer.forward(a, &Mask::keys(pad(&[&[false; 3]]))), both.narrow(0, 0, 1)));
    }
}
