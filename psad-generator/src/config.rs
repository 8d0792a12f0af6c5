//! Configuration of the generator.

use burn::config::Config;
use burn::tensor::Device;
use psad_nn::Weights;
use thiserror::Error;

use crate::{ContextEnhancement, PointerHead, SemiAutoregressive};

/// Configuration of [`SemiAutoregressive`].
#[derive(Config, Debug)]
pub struct GeneratorConfig {
    /// Width of the encoded items.
    pub width: usize,
    /// Width of the encoded profile.
    pub profile: usize,
    /// Longest list: rows of the position tables.
    pub max_candidates: usize,
    /// Slots per block, `K`.
    #[config(default = 5)]
    pub block_size: usize,
    /// Heads of the attentions; must divide the width.
    #[config(default = 2)]
    pub heads: usize,
    /// Width of the feed-forward block.
    #[config(default = 128)]
    pub feed_forward: usize,
    /// Width in which the pointer compares queries and items.
    #[config(default = 32)]
    pub pointer: usize,
    /// Whether queries attend to slots, placed and available items; otherwise they see the mean of the placed items.
    #[config(default = true)]
    pub context_enhancement: bool,
}

impl GeneratorConfig {
    /// Draws the weights.
    ///
    /// # Errors
    /// [`GeneratorConfigError`] with the field and its value.
    pub fn init(&self, seed: u64, device: &Device) -> Result<SemiAutoregressive, GeneratorConfigError> {
        self.check()?;
        let mut weights = Weights::seeded(seed, device);
        Ok(SemiAutoregressive {
            slots: weights.normal([self.block_size, self.width], 0.1),
            blocks: weights.normal([self.max_candidates, self.width], 0.1),
            places: weights.normal([self.max_candidates, self.width], 0.1),
            begin: weights.linear(self.profile, self.width),
            context: self.context_enhancement.then(|| ContextEnhancement::init(self, &mut weights)),
            pointer: PointerHead::init(self.width, self.pointer, &mut weights),
        })
    }

    /// Says whether the sizes fit together.
    ///
    /// # Errors
    /// As [`GeneratorConfig::init`].
    pub fn check(&self) -> Result<(), GeneratorConfigError> {
        for (field, value) in [
            ("width", self.width),
            ("profile", self.profile),
            ("max_candidates", self.max_candidates),
            ("block_size", self.block_size),
            ("heads", self.heads),
            ("feed_forward", self.feed_forward),
            ("pointer", self.pointer),
        ] {
            if value == 0 {
                return Err(GeneratorConfigError::Zero { field });
            }
        }
        if !self.width.is_multiple_of(self.heads) {
            return Err(GeneratorConfigError::Heads { heads: self.heads, width: self.width });
        }
        Ok(())
    }
}

/// Why a generator cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GeneratorConfigError {
    /// A size is zero.
    #[error("generator: `{field}` must be at least 1, got 0")]
    Zero {
        /// The field.
        field: &'static str,
    },
    /// The heads do not divide the width.
    #[error("generator: `heads` = {heads} does not divide `width` = {width}")]
    Heads {
        /// Number of heads.
        heads: usize,
        /// The width.
        width: usize,
    },
}
