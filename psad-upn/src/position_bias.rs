//! Personalized position encoding of the candidates: position bias.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::{Device, Int, Tensor, activation};
use psad_nn::{FeedForward, Weights};

/// Configuration of [`PositionBias`].
#[derive(Config, Debug)]
pub struct PositionBiasConfig {
    /// Width of items.
    pub width: usize,
    /// Width of the profile.
    pub profile: usize,
    /// Rows of the position table: the longest list.
    pub positions: usize,
    /// Hidden width of the network that reads the strength from the profile.
    #[config(default = 32)]
    pub hidden: usize,
}

impl PositionBiasConfig {
    /// Draws the weights; the strength starts at 1 everywhere.
    pub fn init(&self, seed: u64, device: &Device) -> PositionBias {
        let mut weights = Weights::seeded(seed, device);
        PositionBias {
            strength: FeedForward::init_zero(self.profile, self.hidden, self.width, &mut weights),
            positions: weights.normal([self.positions, self.width], 0.1),
        }
    }
}

/// `PPE(j) = 2·σ(MLP(p_u)) ⊙ q_j` with a learned table `q` over the ranker's positions.
#[derive(Module, Debug)]
pub struct PositionBias {
    strength: FeedForward,
    positions: Param<Tensor<2>>,
}

impl PositionBias {
    /// # Shapes
    /// * `profile`: `[batch, profile]`
    /// * `positions`: `[batch, candidates]`
    /// * answer: `[batch, candidates, width]`
    pub fn forward(&self, profile: &Tensor<2>, positions: Tensor<2, Int>) -> Tensor<3> {
        let [batch, candidates] = positions.dims();
        let [_, width] = self.positions.dims();
        let strength = activation::sigmoid(self.strength.forward(profile.clone())) * 2.; // [batch, width]
        let plain = self.positions.val().select(0, positions.reshape([batch * candidates]));
        plain.reshape([batch, candidates, width]) * strength.reshape([batch, 1, width])
    }
}
