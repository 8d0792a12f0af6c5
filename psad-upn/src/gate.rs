//! The personalized gate.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use psad_nn::{FeedForward, Part, Weights, gated};

/// Configuration of [`PersonalizedGate`].
#[derive(Config, Debug)]
pub struct PersonalizedGateConfig {
    /// Width of items.
    pub width: usize,
    /// Width of the profile.
    pub profile: usize,
    /// Hidden width of the gate.
    #[config(default = 32)]
    pub hidden: usize,
}

impl PersonalizedGateConfig {
    /// Draws the weights; the last layer starts at zero, which makes the gate the identity.
    pub fn init(&self, seed: u64, device: &Device) -> PersonalizedGate {
        let mut weights = Weights::seeded(seed, device);
        PersonalizedGate {
            network: FeedForward::init_zero(self.profile + self.width, self.hidden, self.width, &mut weights),
        }
    }
}

/// Scales each dimension of an item for this user: `g = 2·σ(W₂ ReLU(W₁ [p_u; sg(x)] + b₁) + b₂)`, `gate(x) = g ⊙ x`
/// (after EPNet of PEPNet, KDD 2023).
///
/// `sg` stops the gradient: items learn through the product, not through the decision how to scale them.
#[derive(Module, Debug)]
pub struct PersonalizedGate {
    network: FeedForward,
}

impl PersonalizedGate {
    /// # Shapes
    /// * `profile`: `[batch, profile]`
    /// * `items`: `[batch, length, width]` → the same
    pub fn forward(&self, profile: &Tensor<2>, items: Tensor<3>) -> Tensor<3> {
        gated(self.network.forward_parts(parts(profile, items.clone())), items)
    }

    /// The factors `g` in (0, 2), `[batch, length, width]`.
    pub fn factors(&self, profile: &Tensor<2>, items: Tensor<3>) -> Tensor<3> {
        let ones = items.ones_like();
        gated(self.network.forward_parts(parts(profile, items)), ones)
    }
}

/// `[p_u; sg(x)]`.
fn parts(profile: &Tensor<2>, items: Tensor<3>) -> Vec<Part> {
    vec![Part::List(profile.clone()), Part::Items(items.detach())]
}
