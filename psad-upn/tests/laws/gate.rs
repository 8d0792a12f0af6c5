//! The gate starts as the identity, and items learn through the product alone.

use burn::tensor::{Device, Tensor};
use proptest::prelude::*;
use psad_upn::{PersonalizedGate, PersonalizedGateConfig};

use crate::common::{floats, gradients_are_right, largest_gap, noise, set, trained};

const WIDTH: usize = 8;
const PROFILE: usize = 5;

fn fresh(seed: u64, device: &Device) -> PersonalizedGate {
    PersonalizedGateConfig::new(WIDTH, PROFILE).with_hidden(6).init(seed, device)
}

fn gate(seed: u64, device: &Device) -> PersonalizedGate {
    trained(fresh(seed, device), "inner.bias")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_last_layer_of_zeros_makes_the_gate_the_identity(batch in 1_usize..4, length in 1_usize..6, seed: u64) {
        let device = Device::flex();
        let (profile, items) = (noise([batch, PROFILE], seed, &device), noise([batch, length, WIDTH], !seed, &device));
        let zeroed = set(gate(seed, &device), |path| path.contains("outer"), |_| 0.);
        for gate in [fresh(seed, &device), zeroed] {
            prop_assert_eq!(floats(gate.forward(&profile, items.clone())), floats(items.clone()));
        }
    }

    #[test]
    fn items_learn_through_the_product_and_not_through_the_gates_input(
        batch in 1_usize..4, length in 1_usize..6, seed: u64,
    ) {
        let device = Device::flex().autodiff();
        let (gate, profile) = (gate(seed, &device), noise([batch, PROFILE], seed, &device));
        let items = noise([batch, length, WIDTH], !seed, &device).require_grad();
        let weights = noise([batch, length, WIDTH], seed ^ 1, &device);
        let gradients = (gate.forward(&profile, items.clone()) * weights.clone()).sum().backward();

        let factors = gate.factors(&profile, items.clone());
        prop_assert_eq!(floats(items.grad(&gradients).unwrap()), floats((weights * factors).inner()));
    }

    #[test]
    fn factors_lie_between_zero_and_two(batch in 1_usize..4, length in 1_usize..6, scale in 0.1_f32..1e4, seed: u64) {
        let device = Device::flex();
        let gate = gate(seed, &device);
        let (profile, items) = (noise([batch, PROFILE], seed, &device), noise([batch, length, WIDTH], !seed, &device));
        let factors = floats(gate.factors(&(profile.clone() * 0.5), items.clone() * 0.5));
        prop_assert_eq!(factors.len(), batch * length * WIDTH);
        prop_assert!(factors.iter().all(|&factor| 0. < factor && factor < 2.), "{factors:?}");
        // Far outside, `f32` rounds to the ends, and no further.
        let factors = floats(gate.factors(&(profile * scale), items * scale));
        prop_assert!(factors.iter().all(|factor| (0. ..=2.).contains(factor)), "{factors:?}");
    }

    #[test]
    fn the_gate_is_the_product_of_factors_and_items(batch in 1_usize..4, length in 1_usize..6, seed: u64) {
        let device = Device::flex();
        let gate = gate(seed, &device);
        let (profile, items) = (noise([batch, PROFILE], seed, &device), noise([batch, length, WIDTH], !seed, &device));
        let expected = gate.factors(&profile, items.clone()) * items.clone();
        prop_assert_eq!(floats(gate.forward(&profile, items)), floats(expected));
    }

    #[test]
    fn factors_follow_their_equation(seed: u64) {
        let device = Device::flex();
        let gate = gate(seed, &device);
        let (profile, item) = (noise([1, PROFILE], seed, &device), noise([1, 1, WIDTH], !seed, &device));
        let values = psad_nn::named_parameters(&gate).unwrap();
        let [w1, b1, w2, b2] = ["inner.weight", "inner.bias", "outer.weight", "outer.bias"]
            .map(|name| values[&format!("network.{name}")].clone());
        let input = [floats(profile.clone()), floats(item.clone())].concat();
        let layer = |input: &[f64], row: &dyn Fn(usize, usize) -> f32, bias: f32, column: usize| {
            input.iter().enumerate().map(|(index, x)| x * f64::from(row(index, column))).sum::<f64>() + f64::from(bias)
        };
        let input: Vec<f64> = input.into_iter().map(f64::from).collect();
        let hidden: Vec<f64> =
            (0..6).map(|column| layer(&input, &|i, j| w1[[i, j]], b1[[column]], column).max(0.)).collect();
        let factors = floats(gate.factors(&profile, item));
        for (column, factor) in factors.into_iter().enumerate() {
            let logit = layer(&hidden, &|i, j| w2[[i, j]], b2[[column]], column);
            prop_assert!((f64::from(factor) - 2. / (1. + (-logit).exp())).abs() < 1e-5);
        }
    }
}

/// The law above says something only because of this.
#[test]
fn the_gate_does_read_the_items_and_does_learn_from_the_user() {
    let device = Device::flex().autodiff();
    let (gate, items) = (gate(3, &device), noise([2, 3, WIDTH], 2, &device));
    let profile = noise([2, PROFILE], 1, &device).require_grad();
    let factors = gate.factors(&profile, items.clone());
    assert!(largest_gap(factors.clone(), gate.factors(&profile, items.clone() + 0.5)) > 0.01);
    let gradients = (factors * items).sum().backward();
    assert!(floats(profile.grad(&gradients).unwrap()).iter().all(|slope| slope.abs() > 1e-3));
}

#[test]
fn the_gates_own_gradients_are_slopes() {
    let outputs = |gate: &PersonalizedGate, device: &Device| -> Tensor<1> {
        let (profile, items) = (noise([2, PROFILE], 1, device), noise([2, 3, WIDTH], 2, device));
        gate.forward(&profile, items).flatten(0, 2)
    };
    gradients_are_right(&gate(3, &Device::flex().autodiff()), outputs);
}
