//! Layer normalisation in one step.

use burn::tensor::Tensor;

use super::op::{Fused, Input, Output, Past, View, apply};
use crate::kernels::{Normalise, NormaliseGradient, dispatch};

/// `(x − mean) / √(variance + ε) · γ + β` over the last dimension.
pub(crate) fn normalise<const D: usize>(
    input: Tensor<D>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f64,
) -> Tensor<D> {
    let op = LayerNorm { epsilon: epsilon as f32 };
    let fused = (Input::of(&input).zip(Input::of(&gamma)).zip(Input::of(&beta)))
        .and_then(|((input, gamma), beta)| apply(op, [input, gamma, beta]));
    fused.unwrap_or_else(|| burn::tensor::module::layer_norm(input, gamma, Some(beta), epsilon))
}

#[derive(Debug, Clone)]
struct LayerNorm {
    epsilon: f32,
}

impl Fused<3> for LayerNorm {
    fn forward(&self, [x, gamma, beta]: [View<'_>; 3]) -> Output {
        let mut out = vec![0.; x.values.len()];
        let (gamma, beta, epsilon) = (gamma.values, beta.values, self.epsilon);
        dispatch(Normalise { x: x.values, gamma, beta, epsilon, out: &mut out });
        Output { values: out, shape: x.shape.to_vec(), kept: Vec::new() }
    }

    fn backward(&self, [x, gamma, beta]: [View<'_>; 3], past: Past<'_>, _wanted: [bool; 3]) -> [Vec<f32>; 3] {
        let mut answers = [x, gamma, beta].map(|input| vec![0.; input.values.len()]);
        let [for_x, for_gamma, for_beta] = &mut answers;
        let (gamma, epsilon, gradient) = (gamma.values, self.epsilon, past.gradient);
        dispatch(NormaliseGradient { x: x.values, gamma, epsilon, gradient, for_x, for_gamma, for_beta });
        answers
    }
}
