//! Personalized position encoding of the history: interest decay.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Int, Tensor, activation};
use psad_nn::{HistoryPositions, Weights};

/// Configuration of [`InterestDecay`].
#[derive(Config, Debug)]
pub struct InterestDecayConfig {
    /// Width of items.
    pub width: usize,
    /// Width of the profile.
    pub profile: usize,
    /// Rows of the position table, see `psad_core::Schema::history_buckets`.
    pub buckets: usize,
    /// Hidden width of the network that reads the pace from the profile.
    #[config(default = 32)]
    pub hidden: usize,
    /// Channel groups, each with a pace of its own; must divide the width.
    #[config(default = 4)]
    pub groups: usize,
}

impl InterestDecayConfig {
    /// Draws the weights. Groups that do not divide the width make every later `forward` panic; `psad-encoder` checks
    /// them first.
    pub fn init(&self, seed: u64, device: &Device) -> InterestDecay {
        let mut weights = Weights::seeded(seed, device);
        InterestDecay {
            hidden: weights.linear(self.profile, self.hidden),
            pace: weights.linear(self.hidden, self.groups),
            positions: weights.normal([self.buckets, self.width], 0.1),
            groups: self.groups,
        }
    }
}

/// `PPE(t) = exp(−θ_u δ_t) · p_{δ_t}` with the user's pace `θ_u = softplus(w · ReLU(W p_u))` per channel group (after
/// MIR, SIGIR 2022). `δ_t` is the number of steps back from now, or `log2(1 + age)` where timestamps exist.
#[derive(Module, Debug)]
pub struct InterestDecay {
    hidden: Linear,
    pace: Linear,
    positions: Param<Tensor<2>>,
    groups: usize,
}

impl InterestDecay {
    /// `θ_u` of every channel group, `[batch, groups]`, from `profile` `[batch, profile]`.
    pub fn pace(&self, profile: &Tensor<2>) -> Tensor<2> {
        let hidden = activation::relu(self.hidden.forward(profile.clone()));
        activation::softplus(self.pace.forward(hidden), 1.)
    }

    /// The encoding of each history item, and the logarithm of what its age leaves, averaged over the groups.
    ///
    /// # Shapes
    /// * `profile`: `[batch, profile]`
    /// * `distance`, `bucket`: `[batch, history]`
    pub fn forward(&self, profile: &Tensor<2>, distance: Tensor<2>, bucket: Tensor<2, Int>) -> HistoryPositions {
        self.with_pace(self.pace(profile), distance, bucket)
    }

    /// As [`InterestDecay::forward`], with the pace `[batch, groups]` given.
    pub fn with_pace(&self, pace: Tensor<2>, distance: Tensor<2>, bucket: Tensor<2, Int>) -> HistoryPositions {
        let [batch, history] = distance.dims();
        let [_, width] = self.positions.dims();
        let steps = distance.reshape([batch, history, 1]);
        let log_left = steps * pace.reshape([batch, 1, self.groups]) * -1.; // [batch, history, groups]
        let plain = self.positions.val().select(0, bucket.reshape([batch * history]));
        let plain = plain.reshape([batch, history, self.groups, width / self.groups]);
        let left = log_left.clone().exp().reshape([batch, history, self.groups, 1]);
        HistoryPositions {
            encoding: (plain * left).reshape([batch, history, width]),
            log_decay: log_left.mean_dim(2).reshape([batch, history]),
        }
    }

    /// The plain position table `p`, `[buckets, width]`.
    pub fn positions(&self) -> Tensor<2> {
        self.positions.val()
    }
}
