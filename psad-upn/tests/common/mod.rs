//! Trained-like weights, and gradients against finite differences.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor};
use psad_nn::{Weights, load_parameters, named_parameters};

/// Step of a central difference. Its truncation error is of the order of the square of it.
const STEP: f32 = 1e-2;

/// Rounding of a loss in a central difference: some hundred outputs of size one, each off by 1e-7, which add up to 1e-6, over two steps.
const ROUNDING: f64 = 1e-4;

/// Standard normal values that depend on the seed alone.
pub(crate) fn noise<const D: usize>(shape: [usize; D], seed: u64, device: &Device) -> Tensor<D> {
    let values = Weights::seeded(seed, &Device::flex()).normal(shape, 1.).val();
    Tensor::from_data(values.into_data(), device)
}

pub(crate) fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.try_into_vec_as().unwrap()
}

pub(crate) fn largest_gap<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> f32 {
    assert_eq!(a.dims(), b.dims());
    (a - b).abs().max().into_scalar()
}

/// The module with every value of the parameters whose path `which` picks replaced.
pub(crate) fn set<M: Module>(module: M, which: impl Fn(&str) -> bool, value: impl Fn(usize) -> f32) -> M {
    let mut values = named_parameters(&module).unwrap();
    for (_, array) in values.iter_mut().filter(|(path, _)| which(path)) {
        array.iter_mut().enumerate().for_each(|(index, slot)| *slot = value(index));
    }
    load_parameters(module, values).unwrap()
}

/// The module as if trained: no parameter is zero, and no ReLU stands near its kink, where nothing has a derivative.
/// `kinks` are the biases in front of the ReLUs, which go far to the one side or the other.
pub(crate) fn trained<M: Module>(module: M, kinks: &str) -> M {
    let mut values = named_parameters(&module).unwrap();
    for (index, slot) in values.values_mut().flat_map(|array| array.iter_mut()).enumerate() {
        *slot += 0.3 * (1. + index as f32).sin();
    }
    let module = load_parameters(module, values).unwrap();
    set(module, |path| path.ends_with(kinks), |index| if index % 3 == 0 { -6. } else { 6. })
}

struct Collect<'a> {
    path: Vec<String>,
    gradients: &'a Gradients,
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
        let path = self.path.join(".");
        let gradient = param.val().grad(self.gradients).unwrap_or_else(|| panic!("`{path}` has no gradient"));
        self.found.insert(path, floats(gradient));
    }
}

/// Checks the gradient of every parameter: of some coordinates, the steepest one among them.
///
/// `module` stands on a training device; `outputs` answers on the device that it is given. The loss is a sum of the
/// outputs with fixed weights, added up in `f64`.
pub(crate) fn gradients_are_right<M: Module>(module: &M, outputs: impl Fn(&M, &Device) -> Tensor<1>) {
    let device = Device::flex().autodiff();
    let answers = outputs(module, &device);
    let weights: Vec<f32> = (0..answers.dims()[0]).map(|index| (2.3 * index as f32).cos()).collect();
    let loss = (answers * Tensor::<1>::from_data(weights.as_slice(), &device)).sum();
    let gradients = loss.backward();
    let mut collect = Collect { path: Vec::new(), gradients: &gradients, found: BTreeMap::new() };
    module.visit(&mut collect);

    let values = named_parameters(module).unwrap();
    assert_eq!(values.keys().collect::<Vec<_>>(), collect.found.keys().collect::<Vec<_>>());
    let loss = |path: &str, index: usize, step: f32| {
        let mut values = values.clone();
        *values.get_mut(path).unwrap().iter_mut().nth(index).unwrap() += step;
        let moved = load_parameters(module.valid(), values).unwrap();
        let answers = floats(outputs(&moved, &Device::flex()));
        answers.iter().zip(&weights).map(|(&a, &w)| f64::from(a) * f64::from(w)).sum::<f64>()
    };
    for (path, gradient) in &collect.found {
        let steepest = (0..gradient.len()).max_by(|&a, &b| gradient[a].abs().total_cmp(&gradient[b].abs())).unwrap();
        assert!(gradient[steepest].abs() > 1e-2, "`{path}` has no gradient worth a test: {}", gradient[steepest]);
        for index in (0..gradient.len()).step_by(gradient.len().div_ceil(4)).chain([steepest]) {
            let expected = (loss(path, index, STEP) - loss(path, index, -STEP)) / f64::from(2. * STEP);
            let found = f64::from(gradient[index]);
            let near = (found - expected).abs() < 1e-2 * expected.abs() + ROUNDING;
            assert!(near, "`{path}` {index}: the gradient is {found}, the slope {expected}");
        }
    }
}
