//! The losses of a generator's logits in one step.

use burn::backend::flex::FlexTensor;
use burn::tensor::Tensor;

use super::op::{Fused, Input, Output, Past, View, apply, bytes, flags, floats};
use crate::SlotTargets;
use crate::kernels::{SlotLoss, SlotLossGradient, SlotMasks, SlotSizes, dispatch};

/// Cross-entropy and hinge of [`generator_loss`](crate::generator_loss), `[2, batch]`; `None` where the logits are not on
/// the host.
///
/// # Shapes
/// `logits`: `[batch, slots, candidates]`
pub(crate) fn slot_losses(logits: &Tensor<3>, targets: &SlotTargets) -> Option<Tensor<2>> {
    let op = Losses {
        weights: plain(&targets.weights)?,
        hinge_weights: plain(&targets.hinge_weights)?,
        not_relevant: flags(&targets.not_relevant)?,
        not_irrelevant: flags(&targets.not_irrelevant)?,
        unavailable: flags(&targets.unavailable)?,
    };
    apply(op, [Input::of(logits)?])
}

/// The values of a tensor that needs no gradient.
fn plain<const D: usize>(tensor: &Tensor<D>) -> Option<FlexTensor> {
    Input::of(tensor).map(|input| input.values())
}

#[derive(Debug, Clone)]
struct Losses {
    weights: FlexTensor,
    not_relevant: FlexTensor,
    not_irrelevant: FlexTensor,
    unavailable: FlexTensor,
    hinge_weights: FlexTensor,
}

impl Losses {
    fn masks(&self) -> SlotMasks<'_> {
        SlotMasks {
            weights: floats(&self.weights),
            not_relevant: bytes(&self.not_relevant),
            not_irrelevant: bytes(&self.not_irrelevant),
            unavailable: bytes(&self.unavailable),
            hinge_weights: floats(&self.hinge_weights),
        }
    }
}

fn sizes(logits: View<'_>) -> SlotSizes {
    SlotSizes { batch: logits.shape[0], slots: logits.shape[1], candidates: logits.shape[2] }
}

impl Fused<1> for Losses {
    fn forward(&self, [logits]: [View<'_>; 1]) -> Output {
        let sizes = sizes(logits);
        let mut out = vec![0.; 2 * sizes.batch];
        dispatch(SlotLoss { logits: logits.values, masks: self.masks(), sizes, out: &mut out });
        Output { values: out, shape: vec![2, sizes.batch], kept: Vec::new() }
    }

    fn backward(&self, [logits]: [View<'_>; 1], past: Past<'_>, _wanted: [bool; 1]) -> [Vec<f32>; 1] {
        let mut out = vec![0.; logits.values.len()];
        let (masks, sizes, gradient) = (self.masks(), sizes(logits), past.gradient);
        dispatch(SlotLossGradient { logits: logits.values, masks, sizes, gradient, out: &mut out });
        [out]
    }
}
