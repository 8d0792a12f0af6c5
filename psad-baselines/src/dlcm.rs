//! DLCM: a recurrent network reads the list, the best item last.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use psad_core::Schema;
use psad_nn::{Encoded, ListScorer, ScoringLoss, ScoringObjective, Weights};

use crate::error::Check;
use crate::parts::{JoinUser, elu, tanh};
use crate::recurrent::{Gru, Reading};
use crate::{BaselineConfigError, PlainEncoder, PlainEncoderConfig};

/// [`Dlcm`] with its encoder and loss, as a trainer fits it.
pub type DlcmObjective = ScoringObjective<PlainEncoder, Dlcm>;

/// Configuration of [`Dlcm`].
#[derive(Config, Debug)]
pub struct DlcmConfig {
    /// What it reads (default without positions: the network reads the order).
    #[config(default = "PlainEncoderConfig::new().with_positions(false)")]
    pub encoder: PlainEncoderConfig,
    /// Width of the recurrent state.
    #[config(default = 64)]
    pub hidden: usize,
    /// Comparisons of the local ranking function, `k`.
    #[config(default = 8)]
    pub comparisons: usize,
}

impl DlcmConfig {
    /// Says whether the sizes are any.
    ///
    /// # Errors
    /// [`BaselineConfigError`] with the field and its value.
    pub fn check(&self) -> Result<(), BaselineConfigError> {
        self.encoder.check()?;
        self.check_own(self.encoder.width)
    }

    fn check_own(&self, width: usize) -> Result<(), BaselineConfigError> {
        Check("DLCM").sizes(&[("width", width), ("hidden", self.hidden), ("comparisons", self.comparisons)])
    }

    /// Draws the weights of the scorer alone, for any encoder of `width` and `profile`.
    ///
    /// # Errors
    /// As [`DlcmConfig::check`].
    pub fn init(&self, width: usize, profile: usize, seed: u64, device: &Device) -> Result<Dlcm, BaselineConfigError> {
        self.check_own(width)?;
        let mut weights = Weights::seeded(seed, device);
        Ok(Dlcm {
            join: JoinUser::init(width, profile, width, &mut weights),
            list: Gru::init(width, self.hidden, &mut weights),
            local: weights.linear(self.hidden, self.hidden * self.comparisons),
            compare: weights.zero_projection(self.comparisons, 1),
            ranker: weights.constant([1], 1.),
        })
    }

    /// Draws the weights of encoder and scorer, and joins them with [`ScoringLoss::Listwise`].
    ///
    /// # Errors
    /// As [`DlcmConfig::check`].
    pub fn objective(&self, schema: &Schema, seed: u64, device: &Device) -> Result<DlcmObjective, BaselineConfigError> {
        self.check()?;
        let encoder = self.encoder.init(schema, seed, device)?;
        let (width, profile) = (self.encoder.width, self.encoder.profile_width(schema));
        let scorer = self.init(width, profile, seed.wrapping_add(1), device)?;
        Ok(ScoringObjective::new(encoder, scorer, ScoringLoss::Listwise))
    }
}

/// Deep listwise context model (Ai, Bi, Guo & Croft, *Learning a Deep Listwise Context Model for Ranking Refinement*,
/// SIGIR 2018). Made by [`DlcmConfig`].
///
/// A GRU reads the candidates from the ranker's last to its first, so that the best are freshest in its memory. Each
/// item's output `o_i` is compared with the final state `h` by the local ranking function
/// `s_i = V · (o_i tanh(W h + b))`, in which `tanh(W h + b)` is a matrix of `hidden` by `k`.
///
/// Deviations from the paper:
/// * documents have ready-made features there, and there is no user; here `[x_i; p_u]` passes one layer with an ELU, in
///   place of two whose answers stand beside the features;
/// * the loss is the cross-entropy of the labels' shares and the softmax of the scores
///   ([`psad_nn::listwise_loss`]); the paper's attention rank weighs graded labels by their `exp`, and adds the terms of
///   the complements, `(1 − a_i) log(1 − â_i)`;
/// * no batch normalisation, which published code has: batch mates would change a score;
/// * the score adds `β r_i` with the ranker's standardised score, `β` learned from one, and `V` starts at zero.
#[derive(Module, Debug)]
pub struct Dlcm {
    join: JoinUser,
    list: Gru,
    /// `W` and `b`, `[hidden, hidden · comparisons]`.
    local: Linear,
    /// `V`.
    compare: Linear,
    ranker: Param<Tensor<1>>,
}

impl ListScorer for Dlcm {
    fn score(&self, encoded: &Encoded) -> Tensor<2> {
        let inputs = elu(self.join.forward(encoded));
        let (outputs, last) = self.list.read(inputs, &encoded.pad, Reading::LastToFirst);
        let [batch, _, hidden] = outputs.dims();
        let [comparisons, _] = self.compare.weight.dims();
        let local = tanh(self.local.forward(last)).reshape([batch, hidden, comparisons]);
        let compared = outputs.matmul(local); // [batch, candidates, comparisons]
        let learned = self.compare.forward(compared).squeeze_dim::<2>(2);
        learned + encoded.ranker.clone() * self.ranker.val().unsqueeze::<2>()
    }
}
