//! The evaluator: what is this slate worth to this user?

use burn::config::Config;
use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Int, Tensor, activation};
use psad_nn::{
    Encoded, ListEvaluator, Mask, Norm, TransformerLayer, TransformerLayerConfig, Weights, linear, linear_of_parts,
};

use crate::SizeError;
use crate::error::check_sizes;
use crate::rows::{beside_profile, beyond, flat_index};

/// Configuration of [`AttentionEvaluator`].
#[derive(Config, Debug)]
pub struct SlateEvaluatorConfig {
    /// Width of the encoded items, and of all that is compared.
    pub width: usize,
    /// Width of the encoded profile.
    pub profile: usize,
    /// Rows of the slot table: the longest slate whose slots all have a vector of their own. Later slots share the last
    /// one.
    pub max_candidates: usize,
    /// Self-attention layers over the slate.
    #[config(default = 1)]
    pub layers: usize,
    /// Heads of the attention; must divide the width.
    #[config(default = 2)]
    pub heads: usize,
    /// Width of the feed-forward blocks.
    #[config(default = 128)]
    pub feed_forward: usize,
}

impl SlateEvaluatorConfig {
    /// Draws the weights.
    ///
    /// # Errors
    /// [`SizeError`] with the field and its value.
    pub fn init(&self, seed: u64, device: &Device) -> Result<AttentionEvaluator, SizeError> {
        self.check()?;
        let mut weights = Weights::seeded(seed, device);
        let layer = TransformerLayerConfig { width: self.width, heads: self.heads, feed_forward: self.feed_forward };
        Ok(AttentionEvaluator {
            join: weights.linear(self.width.saturating_add(self.profile), self.width),
            slots: weights.normal([self.max_candidates, self.width], 0.5),
            layers: (0..self.layers).map(|_| layer.init(weights.next_seed(), device)).collect(),
            norm: weights.norm(self.width),
            head: weights.zero_linear(self.width, 1),
            ranker: weights.constant([1], 1.),
        })
    }

    /// Says whether the sizes fit together.
    ///
    /// # Errors
    /// As [`SlateEvaluatorConfig::init`].
    pub fn check(&self) -> Result<(), SizeError> {
        let sizes = [
            ("width", self.width),
            ("profile", self.profile),
            ("max_candidates", self.max_candidates),
            ("layers", self.layers),
            ("feed_forward", self.feed_forward),
        ];
        check_sizes("slate evaluator", &sizes, self.heads, self.width)
    }
}

/// The chosen items with their slots, in the light of each other: one logit per item, `w · Attention(..)_j + β r_{y_j}`
/// with the ranker's standardised score.
///
/// The value of a slate is `Σ_j w_j σ(logit_j)` with all `w_j = 1`: the expected number of positive feedbacks, if the
/// logits are trained for that ([`EvaluatorObjective`](crate::EvaluatorObjective)). `w` starts at zero and `β` at one, so
/// an untrained evaluator likes what the ranker likes, in any order.
#[derive(Module, Debug)]
pub struct AttentionEvaluator {
    join: Linear,
    /// A vector per slot, `[max candidates, width]`.
    slots: Param<Tensor<2>>,
    layers: Vec<TransformerLayer>,
    norm: Norm,
    head: Linear,
    /// `β`, what the ranker's score weighs.
    ranker: Param<Tensor<1>>,
}

impl AttentionEvaluator {
    /// One logit per slot, `[batch, slots]` → the same. A list fills at most as many slots as it has candidates; what
    /// the slates hold beyond may be any valid index, and what the answer holds there is not to be read.
    pub fn item_logits(&self, encoded: &Encoded, slates: Tensor<2, Int>) -> Tensor<2> {
        let filled = filled(encoded, &slates);
        self.logits(encoded, slates, &filled)
    }

    /// As [`AttentionEvaluator::item_logits`], for slates of `filled` slots each, at most as many as the list fills.
    pub(crate) fn logits(&self, encoded: &Encoded, slates: Tensor<2, Int>, filled: &[usize]) -> Tensor<2> {
        let ([batch, candidates, width], [_, slots]) = (encoded.items.dims(), slates.dims());
        let index = flat_index(slates, candidates);
        let chosen = encoded.items.clone().reshape([batch * candidates, width]).select(0, index.clone());
        let chosen = beside_profile(chosen.reshape([batch, slots, width]), encoded.profile.clone());
        let placed = linear_of_parts(&self.join, chosen, false) + self.slot_vectors(slots); // [batch, slots, width]
        let mask = Mask::keys(beyond(filled, slots, &placed.device()));
        let read = self.norm.forward(self.layers.iter().fold(placed, |items, layer| layer.forward(items, &mask)));
        let ranker = encoded.ranker.clone().reshape([batch * candidates]).select(0, index).reshape([batch, slots]);
        linear(&self.head, read).reshape([batch, slots]) + ranker * self.ranker.val().reshape([1, 1])
    }

    /// `[1, slots, width]`, the last one again where the table ends.
    fn slot_vectors(&self, slots: usize) -> Tensor<3> {
        let [rows, width] = self.slots.dims();
        let index: Vec<i32> = (0..slots).map(|slot| slot.min(rows - 1) as i32).collect();
        let vectors = self.slots.val();
        let index = Tensor::<1, Int>::from_data(index.as_slice(), &vectors.device());
        vectors.select(0, index).reshape([1, slots, width])
    }
}

/// Slots that each list can fill.
fn filled(encoded: &Encoded, slates: &Tensor<2, Int>) -> Vec<usize> {
    let [_, slots] = slates.dims();
    encoded.lens.iter().map(|&len| len.min(slots)).collect()
}

impl ListEvaluator for AttentionEvaluator {
    fn value(&self, encoded: &Encoded, slates: Tensor<2, Int>) -> Tensor<1> {
        let [batch, slots] = slates.dims();
        let filled = filled(encoded, &slates);
        let chances = activation::sigmoid(self.logits(encoded, slates, &filled));
        let chances = chances.mask_fill(beyond(&filled, slots, &encoded.items.device()), 0.);
        chances.sum_dim(1).reshape([batch])
    }
}
