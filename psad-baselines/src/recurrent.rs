//! A gated recurrent unit that padding cannot move.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Bool, Tensor, activation};
use psad_nn::Weights;

use crate::parts::tanh;

/// `σ` of it and of anything near it is exactly one.
const SHUT: f32 = 1e9;

/// Which end of a sequence is read first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    FirstToLast,
    LastToFirst,
}

/// A GRU (Cho et al. 2014), in the form that applies the reset gate after the recurrent product:
/// `z = σ(W_z x + U_z h)`, `r = σ(W_r x + U_r h)`, `n = tanh(W_n x + r ⊙ (U_n h))`, `h' = (1 − z) ⊙ n + z ⊙ h`, each
/// product with a bias.
///
/// All inputs are multiplied at once before the first step; a step is one recurrent product and a few gates. At padding
/// `z` is exactly one, so the state passes through bit for bit.
#[derive(Module, Debug)]
pub(crate) struct Gru {
    /// `[z | r | n]` of the input.
    input: Linear,
    /// `[z | r | n]` of the state.
    recurrent: Linear,
}

impl Gru {
    pub(crate) fn init(input: usize, hidden: usize, weights: &mut Weights) -> Self {
        Self { input: weights.linear(input, 3 * hidden), recurrent: weights.linear(hidden, 3 * hidden) }
    }

    fn hidden(&self) -> usize {
        self.recurrent.weight.dims()[0]
    }

    /// What [`Gru::step`] wants of inputs, `[.., input]` → `[.., 3 · hidden]`.
    pub(crate) fn project<const D: usize>(&self, inputs: Tensor<D>) -> Tensor<D> {
        self.input.forward(inputs)
    }

    /// The next state.
    ///
    /// # Shapes
    /// * `projected`: `[batch, 3 · hidden]`
    /// * `state`, answer: `[batch, hidden]`
    pub(crate) fn step(&self, projected: &Tensor<2>, state: Tensor<2>) -> Tensor<2> {
        let hidden = self.hidden();
        let recurrent = self.recurrent.forward(state.clone());
        let part = |of: &Tensor<2>, start: usize, parts: usize| of.clone().narrow(1, start * hidden, parts * hidden);
        let gates = activation::sigmoid(part(projected, 0, 2) + part(&recurrent, 0, 2));
        let (keep, reset) = (part(&gates, 0, 1), part(&gates, 1, 1));
        let new = tanh(part(projected, 2, 1) + reset * part(&recurrent, 2, 1));
        // Not `new + keep · (state − new)`: that would round where a gate is one.
        (keep.clone() * -1. + 1.) * new + keep * state
    }

    /// Reads whole sequences; answers the state after each item, in the order of the items, and the last one. What
    /// stands at padding is the state as it passes by.
    ///
    /// # Shapes
    /// * `inputs`: `[batch, length, input]`
    /// * `pad`: `[batch, length]`, true at padding
    /// * answer: `[batch, length, hidden]`, `[batch, hidden]`
    pub(crate) fn read(&self, inputs: Tensor<3>, pad: &Tensor<2, Bool>, reading: Reading) -> (Tensor<3>, Tensor<2>) {
        let [batch, length, _] = inputs.dims();
        let hidden = self.hidden();
        let projected = self.project(inputs); // [batch, length, 3 · hidden]
        let shut = pad.clone().reshape([batch, length, 1]).expand([batch, length, hidden]);
        let keep = projected.clone().narrow(2, 0, hidden).mask_fill(shut, SHUT);
        let projected = Tensor::cat(vec![keep, projected.narrow(2, hidden, 2 * hidden)], 2);
        let mut state = Tensor::zeros([batch, hidden], &pad.device());
        let mut steps = steps(projected);
        if reading == Reading::LastToFirst {
            steps.reverse();
        }
        let mut states: Vec<Tensor<2>> = Vec::with_capacity(length);
        for step in steps {
            state = self.step(&step, state);
            states.push(state.clone());
        }
        if reading == Reading::LastToFirst {
            states.reverse();
        }
        (Tensor::stack(states, 1), state)
    }
}

/// The items of a sequence one by one, `[batch, length, width]` → `length` times `[batch, width]`.
///
/// Cut in halves of halves: the gradient of a slice is a tensor as large as what it was cut from, and slices of the
/// whole would cost the square of the length.
pub(crate) fn steps(sequence: Tensor<3>) -> Vec<Tensor<2>> {
    let [batch, length, width] = sequence.dims();
    if length <= 1 {
        return (0..length).map(|_| sequence.clone().reshape([batch, width])).collect();
    }
    let half = length / 2;
    let mut first = steps(sequence.clone().narrow(1, 0, half));
    first.extend(steps(sequence.narrow(1, half, length - half)));
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use proptest::prelude::*;

    const INPUT: usize = 3;
    const HIDDEN: usize = 4;

    fn values<const D: usize>(tensor: &Tensor<D>) -> Vec<f64> {
        tensor.to_data().iter::<f64>().collect()
    }

    /// `x W + b` on the host.
    fn linear(layer: &Linear, input: &[f64]) -> Vec<f64> {
        let [_, output] = layer.weight.dims();
        let (weight, bias) = (values(&layer.weight.val()), layer.bias.as_ref().map(|bias| values(&bias.val())));
        let column = |to: usize| {
            let sum: f64 = input.iter().enumerate().map(|(from, value)| value * weight[from * output + to]).sum();
            sum + bias.as_ref().map_or(0., |bias| bias[to])
        };
        (0..output).map(column).collect()
    }

    /// A step as the paper writes it.
    fn step_on_host(gru: &Gru, input: &[f64], state: &[f64]) -> Vec<f64> {
        let (of_input, of_state) = (linear(&gru.input, input), linear(&gru.recurrent, state));
        let sigmoid = |value: f64| 1. / (1. + (-value).exp());
        let cell = |unit: usize| {
            let gate = |part: usize| sigmoid(of_input[part * HIDDEN + unit] + of_state[part * HIDDEN + unit]);
            let (keep, reset) = (gate(0), gate(1));
            let new = (of_input[2 * HIDDEN + unit] + reset * of_state[2 * HIDDEN + unit]).tanh();
            (1. - keep) * new + keep * state[unit]
        };
        (0..HIDDEN).map(cell).collect()
    }

    /// A cell whose biases are not zero, and inputs; padding is large.
    fn case(seed: u64, lens: &[usize], length: usize) -> (Gru, Tensor<3>, Tensor<2, Bool>) {
        let device = Device::flex();
        let mut weights = Weights::seeded(seed, &device);
        let mut gru = Gru::init(INPUT, HIDDEN, &mut weights);
        gru.input.bias = Some(weights.normal([3 * HIDDEN], 0.5));
        gru.recurrent.bias = Some(weights.normal([3 * HIDDEN], 0.5));
        let pad: Vec<bool> = lens.iter().flat_map(|&len| (0..length).map(move |item| item >= len)).collect();
        let pad = Tensor::<1, Bool>::from_bool(pad.as_slice(), &device).reshape([lens.len(), length]);
        let inputs = weights.normal([lens.len(), length, INPUT], 1.).val();
        let inputs = inputs.mask_fill(pad.clone().reshape([lens.len(), length, 1]), 1e6);
        (gru, inputs, pad)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_sequence_is_read_as_on_the_host_and_padding_never_moves_the_state(
            seed: u64, lens in prop::collection::vec(0_usize..6, 1..4), spare in 0_usize..3, backwards: bool,
        ) {
            let length = (lens.iter().max().unwrap() + spare).max(1);
            let (gru, inputs, pad) = case(seed, &lens, length);
            let reading = if backwards { Reading::LastToFirst } else { Reading::FirstToLast };
            let (states, last) = gru.read(inputs.clone(), &pad, reading);
            prop_assert_eq!(states.dims(), [lens.len(), length, HIDDEN]);
            let (inputs, states, last) = (values(&inputs), values(&states), values(&last));
            for (list, &len) in lens.iter().enumerate() {
                let mut state = vec![0.; HIDDEN];
                let order: Vec<usize> = if backwards { (0..len).rev().collect() } else { (0..len).collect() };
                for item in order {
                    let place = list * length + item;
                    state = step_on_host(&gru, &inputs[place * INPUT..][..INPUT], &state);
                    let found = &states[place * HIDDEN..][..HIDDEN];
                    prop_assert!(state.iter().zip(found).all(|(a, b)| (a - b).abs() < 1e-5), "{:?} {:?}", state, found);
                }
                let found = &last[list * HIDDEN..][..HIDDEN];
                prop_assert!(state.iter().zip(found).all(|(a, b)| (a - b).abs() < 1e-5));
                if len == 0 {
                    prop_assert!(found.iter().all(|&value| value == 0.), "nothing read, nothing remembered");
                }
            }
        }

        #[test]
        fn padding_passes_the_state_on_bit_for_bit(seed: u64, len in 1_usize..6, spare in 1_usize..4) {
            let (gru, inputs, pad) = case(seed, &[len], len + spare);
            let (states, last) = gru.read(inputs, &pad, Reading::FirstToLast);
            let states = values(&states);
            let end = &states[(len - 1) * HIDDEN..len * HIDDEN];
            prop_assert_eq!(end, &values(&last)[..]);
            prop_assert!(states[len * HIDDEN..].chunks(HIDDEN).all(|state| state == end));
        }

        #[test]
        fn halves_of_halves_are_the_items_in_their_order(length in 1_usize..12) {
            let flat: Vec<f32> = (0..2 * length).map(|value| value as f32).collect();
            let sequence = Tensor::<1>::from_data(flat.as_slice(), &Device::flex()).reshape([1, length, 2]);
            let items: Vec<f64> = steps(sequence).into_iter().flat_map(|item| values(&item)).collect();
            prop_assert_eq!(items, (0..2 * length).map(|value| value as f64).collect::<Vec<_>>());
        }
    }
}
