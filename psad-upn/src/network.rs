//! Gate and position encodings together.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use psad_nn::{HistoryPositions, NoPersonalization, Personalization, Weights};

use crate::{
    InterestDecay, InterestDecayConfig, PersonalizedGate, PersonalizedGateConfig, PositionBias, PositionBiasConfig,
};

/// Configuration of [`UserProfileNetwork`].
#[derive(Config, Debug)]
pub struct UserProfileNetworkConfig {
    /// Width of items.
    pub width: usize,
    /// Width of the profile.
    pub profile: usize,
    /// Rows of the history's position table, see `psad_core::Schema::history_buckets`.
    pub buckets: usize,
    /// Rows of the candidates' position table: the longest list.
    pub positions: usize,
    /// Hidden width of the three networks.
    #[config(default = 32)]
    pub hidden: usize,
    /// Channel groups of the interest decay; must divide the width.
    #[config(default = 4)]
    pub groups: usize,
    /// Whether items are gated.
    #[config(default = true)]
    pub gate: bool,
    /// Whether the history's positions are encoded, with interest decay.
    #[config(default = true)]
    pub history_positions: bool,
    /// Whether the candidates' positions are encoded, with position bias.
    #[config(default = true)]
    pub candidate_positions: bool,
}

impl UserProfileNetworkConfig {
    /// Draws the weights of the parts that are switched on. What one part draws does not depend on the others.
    pub fn init(&self, seed: u64, device: &Device) -> UserProfileNetwork {
        let &Self { width, profile, buckets, positions, hidden, groups, .. } = self;
        let mut weights = Weights::seeded(seed, device);
        let seeds = [weights.next_seed(), weights.next_seed(), weights.next_seed()];
        let gate = PersonalizedGateConfig { width, profile, hidden };
        let decay = InterestDecayConfig { width, profile, buckets, hidden, groups };
        let bias = PositionBiasConfig { width, profile, positions, hidden };
        UserProfileNetwork {
            gate: self.gate.then(|| gate.init(seeds[0], device)),
            interest_decay: self.history_positions.then(|| decay.init(seeds[1], device)),
            position_bias: self.candidate_positions.then(|| bias.init(seeds[2], device)),
            absent: NoPersonalization::new(width),
        }
    }
}

/// Adapts items and positions to the user; what is switched off behaves as [`NoPersonalization`].
#[derive(Module, Debug)]
pub struct UserProfileNetwork {
    gate: Option<PersonalizedGate>,
    interest_decay: Option<InterestDecay>,
    position_bias: Option<PositionBias>,
    absent: NoPersonalization,
}

impl Personalization for UserProfileNetwork {
    fn gate(&self, profile: &Tensor<2>, items: Tensor<3>) -> Tensor<3> {
        match &self.gate {
            Some(gate) => gate.forward(profile, items),
            None => self.absent.gate(profile, items),
        }
    }

    fn history_positions(&self, profile: &Tensor<2>, distance: Tensor<2>, bucket: Tensor<2, Int>) -> HistoryPositions {
        match &self.interest_decay {
            Some(decay) => decay.forward(profile, distance, bucket),
            None => self.absent.history_positions(profile, distance, bucket),
        }
    }

    fn candidate_positions(&self, profile: &Tensor<2>, positions: Tensor<2, Int>) -> Tensor<3> {
        match &self.position_bias {
            Some(bias) => bias.forward(profile, positions),
            None => self.absent.candidate_positions(profile, positions),
        }
    }
}
