//! Configuration of Seq2Slate.

use burn::config::Config;
use burn::tensor::Device;
use psad_core::Schema;
use psad_nn::{GeneratorObjective, Weights};

use super::pointer::Pointer;
use super::{Seq2Slate, Seq2SlateObjective};
use crate::error::Check;
use crate::parts::JoinUser;
use crate::recurrent::Gru;
use crate::{BaselineConfigError, PlainEncoderConfig};

/// Configuration of [`Seq2Slate`].
#[derive(Config, Debug)]
pub struct Seq2SlateConfig {
    /// What it reads (default without positions: the network reads the order).
    #[config(default = "PlainEncoderConfig::new().with_positions(false)")]
    pub encoder: PlainEncoderConfig,
    /// Width of both recurrent states.
    #[config(default = 64)]
    pub hidden: usize,
    /// Width in which the pointer compares states and items.
    #[config(default = 32)]
    pub pointer: usize,
}

impl Seq2SlateConfig {
    /// Says whether the sizes are any.
    ///
    /// # Errors
    /// [`BaselineConfigError`] with the field and its value.
    pub fn check(&self) -> Result<(), BaselineConfigError> {
        self.encoder.check()?;
        self.check_own(self.encoder.width)
    }

    fn check_own(&self, width: usize) -> Result<(), BaselineConfigError> {
        Check("Seq2Slate").sizes(&[("width", width), ("hidden", self.hidden), ("pointer", self.pointer)])
    }

    /// Draws the weights of the generator alone, for any encoder of `width` and `profile`.
    ///
    /// # Errors
    /// As [`Seq2SlateConfig::check`].
    pub fn init(
        &self,
        width: usize,
        profile: usize,
        seed: u64,
        device: &Device,
    ) -> Result<Seq2Slate, BaselineConfigError> {
        self.check_own(width)?;
        let mut weights = Weights::seeded(seed, device);
        Ok(Seq2Slate {
            join: JoinUser::init(width, profile, width, &mut weights),
            reader: Gru::init(width, self.hidden, &mut weights),
            writer: Gru::init(width, self.hidden, &mut weights),
            begin: weights.normal([width], 0.1),
            pointer: Pointer::init(self.hidden, self.pointer, &mut weights),
        })
    }

    /// Draws the weights of encoder and generator, and joins them with teacher forcing in blocks of one slot.
    ///
    /// # Errors
    /// As [`Seq2SlateConfig::check`].
    pub fn objective(
        &self,
        schema: &Schema,
        seed: u64,
        device: &Device,
    ) -> Result<Seq2SlateObjective, BaselineConfigError> {
        self.check()?;
        let encoder = self.encoder.init(schema, seed, device)?;
        let (width, profile) = (self.encoder.width, self.encoder.profile_width(schema));
        let generator = self.init(width, profile, seed.wrapping_add(1), device)?;
        Ok(GeneratorObjective::new(encoder, generator, 1))
    }
}
