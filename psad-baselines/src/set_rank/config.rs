//! Configuration of SetRank.

use burn::config::Config;
use burn::tensor::Device;
use psad_core::Schema;
use psad_nn::{ScoringLoss, ScoringObjective, TransformerLayerConfig, Weights};
use serde::{Deserialize, Serialize};

use super::block::Block;
use super::{SetRank, SetRankObjective};
use crate::error::Check;
use crate::parts::{JoinUser, ScoreHead};
use crate::{BaselineConfigError, PlainEncoderConfig};

/// How candidates attend to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SetRankBlock {
    /// Each to each: time and memory grow with the square of the list.
    #[default]
    Msab,
    /// Through learned vectors: linear in the list, and of one size whatever its length.
    Imsab {
        /// How many vectors, at least 1; the paper takes 20.
        inducing: usize,
    },
}

/// Configuration of [`SetRank`].
#[derive(Config, Debug)]
pub struct SetRankConfig {
    /// What it reads (default without positions; with them the model is no longer permutation-equivariant).
    #[config(default = "PlainEncoderConfig::new().with_positions(false)")]
    pub encoder: PlainEncoderConfig,
    /// The kind of block.
    #[config(default = "SetRankBlock::Msab")]
    pub block: SetRankBlock,
    /// Blocks over the candidates.
    #[config(default = 2)]
    pub layers: usize,
    /// Heads of every attention; must divide the width.
    #[config(default = 2)]
    pub heads: usize,
    /// Width of the feed-forward blocks.
    #[config(default = 128)]
    pub feed_forward: usize,
}

impl SetRankConfig {
    /// Says whether the sizes fit together.
    ///
    /// # Errors
    /// [`BaselineConfigError`] with the field and its value.
    pub fn check(&self) -> Result<(), BaselineConfigError> {
        self.encoder.check()?;
        self.check_own(self.encoder.width)
    }

    fn check_own(&self, width: usize) -> Result<(), BaselineConfigError> {
        let check = Check("SetRank");
        check.sizes(&[("layers", self.layers), ("feed_forward", self.feed_forward)])?;
        if let SetRankBlock::Imsab { inducing } = self.block {
            check.sizes(&[("inducing", inducing)])?;
        }
        check.heads(self.heads, width)
    }

    /// Draws the weights of the scorer alone, for any encoder of `width` and `profile`.
    ///
    /// # Errors
    /// As [`SetRankConfig::check`].
    pub fn init(
        &self,
        width: usize,
        profile: usize,
        seed: u64,
        device: &Device,
    ) -> Result<SetRank, BaselineConfigError> {
        self.check_own(width)?;
        let mut weights = Weights::seeded(seed, device);
        let layer = TransformerLayerConfig { width, heads: self.heads, feed_forward: self.feed_forward };
        Ok(SetRank {
            join: JoinUser::init(width, profile, width, &mut weights),
            blocks: (0..self.layers).map(|_| Block::init(self.block, &layer, &mut weights)).collect(),
            norm: weights.norm(width),
            head: ScoreHead::init(width, &[], &mut weights),
        })
    }

    /// Draws the weights of encoder and scorer, and joins them with [`ScoringLoss::Listwise`].
    ///
    /// # Errors
    /// As [`SetRankConfig::check`].
    pub fn objective(
        &self,
        schema: &Schema,
        seed: u64,
        device: &Device,
    ) -> Result<SetRankObjective, BaselineConfigError> {
        self.check()?;
        let encoder = self.encoder.init(schema, seed, device)?;
        let (width, profile) = (self.encoder.width, self.encoder.profile_width(schema));
        let scorer = self.init(width, profile, seed.wrapping_add(1), device)?;
        Ok(ScoringObjective::new(encoder, scorer, ScoringLoss::Listwise))
    }
}
