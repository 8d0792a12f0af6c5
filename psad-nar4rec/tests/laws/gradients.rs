//! Gradients of a whole module, and what they are compared with.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor};
use ndarray::ArrayD;
use psad_nn::{load_parameters, named_parameters};

use crate::common::values;

const EPSILON: f32 = 4e-3;
const STEP: f64 = EPSILON as f64;

/// Some tens of terms of about one, each off by up to 1e-6, over a step of 8e-3, and the curvature of a smooth loss.
const FLOOR: f64 = 3e-3;

/// Compares the gradients of the sum of `terms` with finite differences, at some coordinates of every parameter. Only
/// the parameters that `silent` names may have no gradient.
pub(crate) fn gradients_fit<M: Module>(
    make: impl Fn(&Device) -> M,
    terms: impl Fn(&M, &Device) -> Tensor<1>,
    silent: impl Fn(&str) -> bool,
) {
    let training = Device::flex().autodiff();
    let module = make(&training);
    let gradients = gradients_of(&module, &terms(&module, &training).sum().backward());

    let plain = Device::flex();
    let (parameters, still) = (named_parameters(&module).unwrap(), make(&plain));
    let loss_at = |parameters: BTreeMap<String, ArrayD<f32>>| {
        let module = load_parameters(still.clone(), parameters).unwrap();
        // Summed in f64, so that rounding is that of the single terms.
        values(terms(&module, &plain)).into_iter().map(f64::from).sum::<f64>()
    };
    let centre = loss_at(parameters.clone());
    let (mut checked, mut kinks) = (0, 0);
    for (name, gradient) in &gradients {
        // Odd strides, coprime to the widths, meet all rows and columns.
        for coordinate in (0..gradient.len()).step_by((gradient.len() / 6) | 1) {
            let moved = |step: f32| {
                let mut parameters = parameters.clone();
                parameters.get_mut(name).unwrap().as_slice_mut().unwrap()[coordinate] += step;
                loss_at(parameters)
            };
            let (up, down) = ((moved(EPSILON) - centre) / STEP, (centre - moved(-EPSILON)) / STEP);
            let (expected, found) = (f64::midpoint(up, down), f64::from(gradient[coordinate]));
            checked += 1;
            if (found - expected).abs() <= 2e-2 * expected.abs() + FLOOR {
                continue;
            }
            // Some unit of a ReLU or a hinge changes sides between the two points; the slope here is that of one side.
            kinks += 1;
            let slack = 2e-2 * up.abs().max(down.abs()) + FLOOR;
            let between = up.min(down) - slack..=up.max(down) + slack;
            assert!(between.contains(&found), "{name}[{coordinate}]: {found}, differences {up} and {down}");
        }
    }
    assert!(checked >= 40 && kinks * 20 < checked, "{kinks} kinks in {checked} coordinates");
    let small = |gradient: &[f32]| gradient.iter().all(|value| f64::from(value.abs()) < 1e-5);
    for (name, gradient) in &gradients {
        assert_eq!(small(gradient), silent(name), "{name}: {gradient:?}");
    }
}

/// Added to every key or to every relevance alike, a bias moves no weight of a softmax.
pub(crate) fn key_biases(name: &str) -> bool {
    name.ends_with("key.bias") || name.ends_with("relevance.bias")
}

/// The slope in `f64` by central differences; also right where a hinge begins, if the loss says so on both sides.
pub(crate) fn slope_fits(found: f32, loss_at: impl Fn(f64) -> f64) -> bool {
    let step = 1e-4;
    let (up, down) = ((loss_at(step) - loss_at(0.)) / step, (loss_at(0.) - loss_at(-step)) / step);
    let (low, high) = (up.min(down), up.max(down));
    let slack = 1e-4 * (1. + low.abs().max(high.abs()));
    (low - slack..=high + slack).contains(&f64::from(found))
}

/// A step of gradient descent.
pub(crate) fn descended<M: Module>(module: M, gradients: &BTreeMap<String, Vec<f32>>, rate: f32) -> M {
    let mut parameters = named_parameters(&module).unwrap();
    for (name, array) in &mut parameters {
        array.iter_mut().zip(&gradients[name]).for_each(|(value, slope)| *value -= rate * slope);
    }
    load_parameters(module, parameters).unwrap()
}

/// The gradient of every parameter; zero where the loss does not depend on it.
pub(crate) fn gradients_of<M: Module>(module: &M, of: &Gradients) -> BTreeMap<String, Vec<f32>> {
    struct Collect<'a> {
        path: Vec<String>,
        of: &'a Gradients,
        found: BTreeMap<String, Vec<f32>>,
    }
    impl ModuleVisitor for Collect<'_> {
        fn enter_module(&mut self, name: &str, _container: &str) {
            self.path.push(name.to_owned());
        }
        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.path.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let zero = || vec![0.; param.val().shape().num_elements()];
            let gradient = param.val().grad(self.of).map_or_else(zero, values);
            self.found.insert(self.path.join("."), gradient);
        }
    }
    let mut collect = Collect { path: Vec::new(), of, found: BTreeMap::new() };
    module.visit(&mut collect);
    collect.found
}
