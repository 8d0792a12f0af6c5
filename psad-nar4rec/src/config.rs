//! Configuration of the generator.

use burn::config::Config;
use burn::tensor::Device;
use psad_nn::{TransformerLayerConfig, Weights};

use crate::error::check_sizes;
use crate::{CandidateEncoder, MatchingGenerator, PositionEncoder, SizeError};

/// Configuration of [`MatchingGenerator`].
#[derive(Config, Debug)]
pub struct MatchingConfig {
    /// Width of the encoded items, and of all that is compared.
    pub width: usize,
    /// Width of the encoded profile.
    pub profile: usize,
    /// Rows of the position table: the longest slate whose slots all have a position of their own. Later slots share the
    /// last one. Lists may be longer.
    pub max_candidates: usize,
    /// Layers of the candidates encoder.
    #[config(default = 1)]
    pub candidate_layers: usize,
    /// Layers of the position encoder. From the second on, positions attend to what the others have read of the list.
    #[config(default = 2)]
    pub position_layers: usize,
    /// Heads of the attentions; must divide the width.
    #[config(default = 2)]
    pub heads: usize,
    /// Width of the feed-forward blocks.
    #[config(default = 128)]
    pub feed_forward: usize,
}

impl MatchingConfig {
    /// Draws the weights.
    ///
    /// # Errors
    /// [`SizeError`] with the field and its value.
    pub fn init(&self, seed: u64, device: &Device) -> Result<MatchingGenerator, SizeError> {
        self.check()?;
        let mut weights = Weights::seeded(seed, device);
        let layer = TransformerLayerConfig { width: self.width, heads: self.heads, feed_forward: self.feed_forward };
        Ok(MatchingGenerator {
            candidates: CandidateEncoder::init(&layer, self.profile, self.candidate_layers, &mut weights),
            positions: PositionEncoder::init(&layer, self.max_candidates, self.position_layers, &mut weights),
            compare: weights.zero_projection(self.width, self.width),
            ranker: weights.constant([1], 1.),
        })
    }

    /// Says whether the sizes fit together.
    ///
    /// # Errors
    /// As [`MatchingConfig::init`].
    pub fn check(&self) -> Result<(), SizeError> {
        let sizes = [
            ("width", self.width),
            ("profile", self.profile),
            ("max_candidates", self.max_candidates),
            ("candidate_layers", self.candidate_layers),
            ("position_layers", self.position_layers),
            ("feed_forward", self.feed_forward),
        ];
        check_sizes("matching generator", &sizes, self.heads, self.width)
    }
}
