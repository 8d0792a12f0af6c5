//! A gate in one step.

use burn::tensor::{Tensor, activation};

use super::op::{Fused, Input, Output, Past, View, apply};
use crate::kernels::{Gate, GateGradient, dispatch};

/// `2 σ(z) ⊙ x`: scales every value by a factor in (0, 2), 1 where `z` is 0.
///
/// # Shapes
/// `z`, `x` and the answer are of one shape.
pub fn gated<const D: usize>(z: Tensor<D>, x: Tensor<D>) -> Tensor<D> {
    let fused = Input::of(&z).zip(Input::of(&x)).and_then(|(z, x)| apply(Gating, [z, x]));
    fused.unwrap_or_else(|| composed(z, x))
}

pub(super) fn composed<const D: usize>(z: Tensor<D>, x: Tensor<D>) -> Tensor<D> {
    activation::sigmoid(z) * 2. * x
}

#[derive(Debug, Clone)]
struct Gating;

impl Fused<2> for Gating {
    fn forward(&self, [z, x]: [View<'_>; 2]) -> Output {
        assert_eq!(z.shape, x.shape, "a gate of another shape");
        let mut out = vec![0.; x.values.len()];
        dispatch(Gate { z: z.values, x: x.values, out: &mut out });
        Output { values: out, shape: x.shape.to_vec(), kept: Vec::new() }
    }

    fn backward(&self, [z, x]: [View<'_>; 2], past: Past<'_>, _wanted: [bool; 2]) -> [Vec<f32>; 2] {
        let (mut for_z, mut for_x) = (vec![0.; z.values.len()], vec![0.; x.values.len()]);
        let (z, x, gradient) = (z.values, x.values, past.gradient);
        dispatch(GateGradient { z, x, gradient, for_z: &mut for_z, for_x: &mut for_x });
        [for_z, for_x]
    }
}
