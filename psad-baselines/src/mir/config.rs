//! Configuration of MIR.

use burn::config::Config;
use burn::tensor::Device;
use psad_core::Schema;
use psad_nn::{ScoringLoss, ScoringObjective, Weights};

use super::{MirEncoder, MirObjective, MirScorer};
use crate::BaselineConfigError;
use crate::error::Check;
use crate::parts::ScoreHead;

/// Configuration of [`MirEncoder`] and [`MirScorer`].
#[derive(Config, Debug)]
pub struct MirConfig {
    /// Width of an embedding row.
    #[config(default = 16)]
    pub embedding: usize,
    /// Model width `D`.
    #[config(default = 64)]
    pub width: usize,
    /// Heads of the attention within the set; must divide the width.
    #[config(default = 2)]
    pub heads: usize,
    /// Width of the recurrent state, in each direction.
    #[config(default = 32)]
    pub hidden: usize,
    /// Hidden width of the network that reads the user's pace.
    #[config(default = 32)]
    pub pace_hidden: usize,
    /// Widths of the scorer's hidden layers.
    #[config(default = "vec![64, 32]")]
    pub scorer_hidden: Vec<usize>,
    /// The label that counts as fully relevant.
    #[config(default = 1.0)]
    pub max_label: f64,
}

const CHECK: Check = Check("MIR");

impl MirConfig {
    /// Says whether the values fit together.
    ///
    /// # Errors
    /// [`BaselineConfigError`] with the field and its value.
    pub fn check(&self) -> Result<(), BaselineConfigError> {
        CHECK.sizes(&[("embedding", self.embedding), ("width", self.width), ("hidden", self.hidden)])?;
        CHECK.sizes(&[("pace_hidden", self.pace_hidden)])?;
        CHECK.layers("scorer_hidden", &self.scorer_hidden)?;
        CHECK.max_label(self.max_label)?;
        CHECK.heads(self.heads, self.width)
    }

    /// Draws the weights of the encoder.
    ///
    /// # Errors
    /// As [`MirConfig::check`].
    pub fn init_encoder(&self, schema: &Schema, seed: u64, device: &Device) -> Result<MirEncoder, BaselineConfigError> {
        self.check()?;
        Ok(MirEncoder::init(self, schema, &mut Weights::seeded(seed, device)))
    }

    /// Draws the weights of the scorer.
    ///
    /// # Errors
    /// As [`MirConfig::check`].
    pub fn init_scorer(&self, schema: &Schema, seed: u64, device: &Device) -> Result<MirScorer, BaselineConfigError> {
        self.check()?;
        let input = self.width.saturating_mul(2).saturating_add(self.profile_width(schema));
        Ok(MirScorer { head: ScoreHead::init(input, &self.scorer_hidden, &mut Weights::seeded(seed, device)) })
    }

    /// Draws the weights of encoder and scorer, and joins them with [`ScoringLoss::Pointwise`].
    ///
    /// # Errors
    /// As [`MirConfig::check`].
    pub fn objective(&self, schema: &Schema, seed: u64, device: &Device) -> Result<MirObjective, BaselineConfigError> {
        let encoder = self.init_encoder(schema, seed, device)?;
        let scorer = self.init_scorer(schema, seed.wrapping_add(1), device)?;
        Ok(ScoringObjective::new(encoder, scorer, ScoringLoss::Pointwise { max_label: self.max_label }))
    }

    /// Width of the profile that the encoder passes on: `e_u` and the mean of the history.
    pub fn profile_width(&self, schema: &Schema) -> usize {
        let sparse = schema.user_sparse().len().saturating_mul(self.embedding);
        sparse.saturating_add(schema.user_dense().len()).saturating_add(self.width)
    }
}
