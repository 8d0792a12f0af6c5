//! The pointwise baseline.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use psad_core::Schema;
use psad_nn::{Encoded, ListScorer, ScoringLoss, ScoringObjective, Weights};

use crate::error::Check;
use crate::parts::{ScoreHead, beside_each};
use crate::{BaselineConfigError, PlainEncoder, PlainEncoderConfig};

/// [`PointwiseMlp`] with its encoder and loss, as a trainer fits it.
pub type PointwiseMlpObjective = ScoringObjective<PlainEncoder, PointwiseMlp>;

/// Configuration of [`PointwiseMlp`].
#[derive(Config, Debug)]
pub struct PointwiseMlpConfig {
    /// What it reads (default without positions).
    #[config(default = "PlainEncoderConfig::new().with_positions(false)")]
    pub encoder: PlainEncoderConfig,
    /// Widths of the hidden layers.
    #[config(default = "vec![64, 32]")]
    pub hidden: Vec<usize>,
    /// The label that counts as fully relevant.
    #[config(default = 1.0)]
    pub max_label: f64,
}

impl PointwiseMlpConfig {
    /// Says whether the values can be.
    ///
    /// # Errors
    /// [`BaselineConfigError`] with the field and its value.
    pub fn check(&self) -> Result<(), BaselineConfigError> {
        self.encoder.check()?;
        CHECK.max_label(self.max_label)?;
        CHECK.layers("hidden", &self.hidden)
    }

    /// Draws the weights of the scorer alone, for any encoder of `width` and `profile`.
    ///
    /// # Errors
    /// As [`PointwiseMlpConfig::check`].
    pub fn init(
        &self,
        width: usize,
        profile: usize,
        seed: u64,
        device: &Device,
    ) -> Result<PointwiseMlp, BaselineConfigError> {
        CHECK.sizes(&[("width", width)])?;
        CHECK.layers("hidden", &self.hidden)?;
        let head = ScoreHead::init(width.saturating_add(profile), &self.hidden, &mut Weights::seeded(seed, device));
        Ok(PointwiseMlp { head })
    }

    /// Draws the weights of encoder and scorer, and joins them with [`ScoringLoss::Pointwise`].
    ///
    /// # Errors
    /// As [`PointwiseMlpConfig::check`].
    pub fn objective(
        &self,
        schema: &Schema,
        seed: u64,
        device: &Device,
    ) -> Result<PointwiseMlpObjective, BaselineConfigError> {
        self.check()?;
        let encoder = self.encoder.init(schema, seed, device)?;
        let (width, profile) = (self.encoder.width, self.encoder.profile_width(schema));
        let scorer = self.init(width, profile, seed.wrapping_add(1), device)?;
        Ok(ScoringObjective::new(encoder, scorer, ScoringLoss::Pointwise { max_label: self.max_label }))
    }
}

const CHECK: Check = Check("pointwise MLP");

/// `s_i = MLP([x_i; p_u]) + β r_i`: every candidate for itself, as a ranker would score it once more.
///
/// It is no reranker of a paper but the row without list context: what the others gain beyond it, they gain from the
/// list. Trained by binary cross-entropy ([`ScoringLoss::Pointwise`]). Made by [`PointwiseMlpConfig`].
///
/// Deviations from a plain network: the score adds `β r_i` with the ranker's standardised score, `β` learned from one,
/// and the last layer starts at zero.
#[derive(Module, Debug)]
pub struct PointwiseMlp {
    head: ScoreHead,
}

impl ListScorer for PointwiseMlp {
    fn score(&self, encoded: &Encoded) -> Tensor<2> {
        let [_, candidates, _] = encoded.inputs.dims();
        let user = beside_each(&encoded.profile, candidates);
        self.head.forward(Tensor::cat(vec![encoded.inputs.clone(), user], 2), &encoded.ranker)
    }
}
