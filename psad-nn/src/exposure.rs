//! How likely a slot is looked at.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;

use crate::{Encoded, Weights, linear};

/// What a slot of the logged slate, and how far this user goes down, add to the log-odds of a click, whatever stands
/// there.
///
/// Clicks fall from slot to slot because users leave. A model that is trained with this addend beside its logits need not
/// explain that by the items. It is the same for all candidates of a slot, so it changes no slot's order; only
/// [`Strategy::Plan`](psad_decode::Strategy::Plan), which weighs the slots, reads it when slates are made. Starts at zero.
#[derive(Module, Debug)]
pub struct Exposure {
    slots: Linear,
}

impl Exposure {
    /// For profiles of a width, and slates of up to `slots`.
    pub fn init(profile: usize, slots: usize, weights: &mut Weights) -> Self {
        Self { slots: weights.zero_linear(profile, slots) }
    }

    /// `[batch, slots]` for the first `slots` slots; those beyond what the module was made for add nothing.
    pub fn of(&self, encoded: &Encoded, slots: usize) -> Tensor<2> {
        let [batch, width] = encoded.profile.dims();
        let all = linear(&self.slots, encoded.profile.clone().reshape([batch, 1, width]));
        let [_, _, most] = all.dims();
        let known = all.reshape([batch, most]).narrow(1, 0, slots.min(most));
        if slots <= most {
            return known;
        }
        let beyond = Tensor::zeros([batch, slots - most], &known.device());
        Tensor::cat(vec![known, beyond], 1)
    }
}
