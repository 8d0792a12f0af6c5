//! How likely a slot is looked at.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;

use crate::{Encoded, Weights, linear};

/// Most slots are looked at, as long as nothing is known.
const INITIAL: f32 = 2.;

/// As good as certain.
const SURE: f32 = 30.;

/// How likely a slot of the logged slate was looked at, as log-odds: it depends on the slot and on how far this user goes
/// down, whatever stands there. A click takes that and liking what is seen, `p = σ(exposure) σ(logit)`, the examination
/// hypothesis of position-based click models.
///
/// Clicks fall from slot to slot because users leave. A model that is trained with this factor beside its logits need not
/// explain that by the items. It is the same for all candidates of a slot, so it changes no slot's order; only
/// [`Strategy::Plan`](psad_decode::Strategy::Plan) and refining, which weigh the slots, read it when slates are made.
#[derive(Module, Debug)]
pub struct Exposure {
    slots: Linear,
}

impl Exposure {
    /// For profiles of a width, and slates of up to `slots`.
    pub fn init(profile: usize, slots: usize, weights: &mut Weights) -> Self {
        let bias = Some(weights.constant([slots], INITIAL));
        Self { slots: Linear { bias, ..weights.zero_linear(profile, slots) } }
    }

    /// `[batch, slots]` for the first `slots` slots; those beyond what the module was made for
    /// are looked at.
    pub fn of(&self, encoded: &Encoded, slots: usize) -> Tensor<2> {
        let [batch, width] = encoded.profile.dims();
        let all = linear(&self.slots, encoded.profile.clone().reshape([batch, 1, width]));
        let [_, _, most] = all.dims();
        let known = all.reshape([batch, most]).narrow(1, 0, slots.min(most));
        if slots <= most {
            return known;
        }
        let beyond = Tensor::full([batch, slots - most], SURE, &known.device());
        Tensor::cat(vec![known, beyond], 1)
    }
}
