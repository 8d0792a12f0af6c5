//! Configuration of the encoder.

use burn::config::Config;
use burn::tensor::Device;
use psad_core::Schema;
use psad_nn::{Personalization, TransformerLayerConfig, Weights};
use psad_upn::{UserProfileNetwork, UserProfileNetworkConfig};
use thiserror::Error;

use crate::{HistoryEncoder, ItemTower, SharedEncoder};

/// Configuration of [`SharedEncoder`].
#[derive(Config, Debug)]
pub struct SharedEncoderConfig {
    /// Width of an embedding row.
    #[config(default = 16)]
    pub embedding: usize,
    /// Model width `D`.
    #[config(default = 64)]
    pub width: usize,
    /// Heads of every attention; must divide the width.
    #[config(default = 2)]
    pub heads: usize,
    /// Width of the feed-forward blocks.
    #[config(default = 128)]
    pub feed_forward: usize,
    /// Self-attention layers over the candidates.
    #[config(default = 2)]
    pub list_layers: usize,
    /// Hidden width of the User Profile Network.
    #[config(default = 32)]
    pub profile_hidden: usize,
    /// Channel groups of the interest decay; must divide the width.
    #[config(default = 4)]
    pub decay_groups: usize,
    /// Whether items are gated for the user.
    #[config(default = true)]
    pub gate: bool,
    /// Whether the history's positions are encoded, with the user's interest decay.
    #[config(default = true)]
    pub history_positions: bool,
    /// Whether the candidates' positions are encoded, with the user's position bias.
    #[config(default = true)]
    pub candidate_positions: bool,
}

impl SharedEncoderConfig {
    /// Says whether the sizes fit together.
    ///
    /// # Errors
    /// [`EncoderConfigError`] with the field and its value.
    pub fn check(&self) -> Result<(), EncoderConfigError> {
        for (field, value) in [
            ("embedding", self.embedding),
            ("width", self.width),
            ("heads", self.heads),
            ("feed_forward", self.feed_forward),
            ("list_layers", self.list_layers),
            ("profile_hidden", self.profile_hidden),
            ("decay_groups", self.decay_groups),
        ] {
            if value == 0 {
                return Err(EncoderConfigError::Zero { field });
            }
        }
        for (field, value) in [("heads", self.heads), ("decay_groups", self.decay_groups)] {
            if !self.width.is_multiple_of(value) {
                return Err(EncoderConfigError::Indivisible { field, value, width: self.width });
            }
        }
        Ok(())
    }

    /// Draws the weights of an encoder with the User Profile Network.
    ///
    /// # Errors
    /// As [`SharedEncoderConfig::check`].
    pub fn init(
        &self,
        schema: &Schema,
        seed: u64,
        device: &Device,
    ) -> Result<SharedEncoder<UserProfileNetwork>, EncoderConfigError> {
        self.check()?;
        let upn = UserProfileNetworkConfig {
            width: self.width,
            profile: self.user_width(schema) + self.width,
            buckets: schema.history_buckets(),
            positions: schema.max_candidates(),
            hidden: self.profile_hidden,
            groups: self.decay_groups,
            gate: self.gate,
            history_positions: self.history_positions,
            candidate_positions: self.candidate_positions,
        };
        // The seed of the User Profile Network is its own, so that an ablation changes no other weight.
        self.init_with(upn.init(seed ^ 0x5550_4e00, device), schema, seed, device)
    }

    /// Draws the weights of an encoder with any personalisation; what [`SharedEncoderConfig`] says of the User Profile
    /// Network has no effect then.
    ///
    /// # Errors
    /// As [`SharedEncoderConfig::check`].
    pub fn init_with<P: Personalization>(
        &self,
        personalization: P,
        schema: &Schema,
        seed: u64,
        device: &Device,
    ) -> Result<SharedEncoder<P>, EncoderConfigError> {
        self.check()?;
        let mut weights = Weights::seeded(seed, device);
        let profile = self.profile_width(schema);
        let layer = TransformerLayerConfig { width: self.width, heads: self.heads, feed_forward: self.feed_forward };
        let tower = ItemTower::init(schema, self.embedding, self.width, &mut weights);
        let history = HistoryEncoder::init(&layer, schema, &mut weights);
        Ok(SharedEncoder::assemble(tower, history, personalization, &layer, self.list_layers, profile, &mut weights))
    }

    /// Width of the user features `e_u`.
    pub fn user_width(&self, schema: &Schema) -> usize {
        schema.user_sparse().len().saturating_mul(self.embedding).saturating_add(schema.user_dense().len())
    }

    /// Width of the profile that the encoder passes on: `e_u` and the intent `h_u`.
    pub fn profile_width(&self, schema: &Schema) -> usize {
        self.user_width(schema).saturating_add(self.width)
    }
}

/// Why an encoder cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncoderConfigError {
    /// A size is zero.
    #[error("encoder: `{field}` must be at least 1, got 0")]
    Zero {
        /// The field.
        field: &'static str,
    },
    /// The width cannot be cut evenly.
    #[error("encoder: `{field}` = {value} does not divide `width` = {width}")]
    Indivisible {
        /// The field.
        field: &'static str,
        /// Its value.
        value: usize,
        /// The width.
        width: usize,
    },
}
