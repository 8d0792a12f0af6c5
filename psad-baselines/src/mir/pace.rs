//! How fast a user forgets.

use burn::module::Module;
use burn::tensor::{Tensor, activation};
use psad_nn::{FeedForward, Weights};

/// `e^{−θ_u δ_t}` with the user's pace `θ_u = softplus(w · ReLU(W p_u))` and the distance `δ_t` of a history item.
#[derive(Module, Debug)]
pub(super) struct Pace {
    network: FeedForward,
}

impl Pace {
    pub(super) fn init(profile: usize, hidden: usize, weights: &mut Weights) -> Self {
        Self { network: FeedForward::init(profile, hidden, 1, weights) }
    }

    /// `[batch, profile]`, `[batch, history]` → `[batch, history]`.
    pub(super) fn left(&self, profile: &Tensor<2>, distance: Tensor<2>) -> Tensor<2> {
        let pace = activation::softplus(self.network.forward(profile.clone()), 1.); // [batch, 1]
        (distance * pace * -1.).exp()
    }
}
