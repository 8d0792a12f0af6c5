//! PRM: a Transformer over the list in the ranker's order.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use psad_core::Schema;
use psad_nn::{
    Encoded, ListScorer, Mask, Norm, ScoringLoss, ScoringObjective, TransformerLayer, TransformerLayerConfig, Weights,
};

use crate::error::Check;
use crate::parts::{JoinUser, ScoreHead};
use crate::{BaselineConfigError, PlainEncoder, PlainEncoderConfig};

/// [`Prm`] with its encoder and loss, as a trainer fits it.
pub type PrmObjective = ScoringObjective<PlainEncoder, Prm>;

/// Configuration of [`Prm`].
#[derive(Config, Debug)]
pub struct PrmConfig {
    /// What it reads (default with the paper's position vectors).
    #[config(default = "PlainEncoderConfig::new()")]
    pub encoder: PlainEncoderConfig,
    /// Self-attention layers over the candidates.
    #[config(default = 2)]
    pub layers: usize,
    /// Heads of every attention; must divide the width.
    #[config(default = 2)]
    pub heads: usize,
    /// Width of the feed-forward blocks.
    #[config(default = 128)]
    pub feed_forward: usize,
}

impl PrmConfig {
    /// Says whether the sizes fit together.
    ///
    /// # Errors
    /// [`BaselineConfigError`] with the field and its value.
    pub fn check(&self) -> Result<(), BaselineConfigError> {
        self.encoder.check()?;
        self.check_own(self.encoder.width)
    }

    fn check_own(&self, width: usize) -> Result<(), BaselineConfigError> {
        let check = Check("PRM");
        check.sizes(&[("layers", self.layers), ("feed_forward", self.feed_forward)])?;
        check.heads(self.heads, width)
    }

    /// Draws the weights of the scorer alone, for any encoder of `width` and `profile`.
    ///
    /// # Errors
    /// As [`PrmConfig::check`].
    pub fn init(&self, width: usize, profile: usize, seed: u64, device: &Device) -> Result<Prm, BaselineConfigError> {
        self.check_own(width)?;
        let mut weights = Weights::seeded(seed, device);
        let layer = TransformerLayerConfig { width, heads: self.heads, feed_forward: self.feed_forward };
        Ok(Prm {
            join: JoinUser::init(width, profile, width, &mut weights),
            layers: (0..self.layers).map(|_| layer.init(weights.next_seed(), device)).collect(),
            norm: weights.norm(width),
            head: ScoreHead::init(width, &[], &mut weights),
        })
    }

    /// Draws the weights of encoder and scorer, and joins them with [`ScoringLoss::Listwise`].
    ///
    /// # Errors
    /// As [`PrmConfig::check`].
    pub fn objective(&self, schema: &Schema, seed: u64, device: &Device) -> Result<PrmObjective, BaselineConfigError> {
        self.check()?;
        let encoder = self.encoder.init(schema, seed, device)?;
        let (width, profile) = (self.encoder.width, self.encoder.profile_width(schema));
        let scorer = self.init(width, profile, seed.wrapping_add(1), device)?;
        Ok(ScoringObjective::new(encoder, scorer, ScoringLoss::Listwise))
    }
}

/// Personalized re-ranking model (Pei et al., *Personalized Re-ranking for Recommendation*, RecSys 2019). Made by
/// [`PrmConfig`].
///
/// `W [x_i + pe_i; p_u] + b` passes Transformer layers over the list and a linear layer to a score; the loss is the
/// cross-entropy of the clicks and the softmax of the scores ([`psad_nn::listwise_loss`]), as in the paper.
///
/// Deviations from the paper:
/// * the personalised vector is the profile `p_u` (user features, mean of the history), learned along, one for all
///   candidates; the paper takes a vector per user and item from a click model trained before;
/// * position vectors are added to `x_i` and not to `[x_i; pv_i]`: the layer that follows is linear;
/// * layers normalise before attention and feed-forward block and once at the end, not after each, and there is no
///   dropout;
/// * the score adds `β r_i` with the ranker's standardised score, `β` learned from one, and the last layer starts at
///   zero.
#[derive(Module, Debug)]
pub struct Prm {
    join: JoinUser,
    layers: Vec<TransformerLayer>,
    norm: Norm,
    head: ScoreHead,
}

impl ListScorer for Prm {
    fn score(&self, encoded: &Encoded) -> Tensor<2> {
        let mask = Mask::keys(encoded.pad.clone());
        let joined = self.join.forward(encoded);
        let items = self.layers.iter().fold(joined, |items, layer| layer.forward(items, &mask));
        self.head.forward(self.norm.forward(items), &encoded.ranker)
    }
}
