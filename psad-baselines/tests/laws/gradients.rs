//! Gradients reach every parameter, and are slopes.

use std::collections::BTreeMap;

use burn::module::{ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor};
use psad_nn::{ListBatch, load_parameters, named_parameters};

use crate::common::{Fields, RICH, Subject, as_if_trained, batch, floats, of_every_baseline, readable, some_lists};

/// Step of a central difference. Its truncation error is of the order of the square of it.
const STEP: f32 = 1e-2;

/// What a network of `f32` rounds off an answer, as a part of it: the last of its operations, and a little of the others.
const PART: f64 = 1e-7;

/// A hundred times what a backward pass leaves of a gradient that is zero.
const REACHED: f32 = 1e-4;

/// `[batch, rows, candidates]`: a weight for each place that is read, zero elsewhere.
fn weights(batch: &ListBatch, [lists, rows, candidates]: [usize; 3]) -> Vec<f32> {
    let mut weights = vec![0.; lists * rows * candidates];
    for (list, &len) in batch.candidates.lens.iter().enumerate() {
        for (row, item) in readable(len, rows) {
            let place = (list * rows + row) * candidates + item;
            weights[place] = (2.3 * place as f32).cos();
        }
    }
    weights
}

fn loss<M: Subject>(model: &M, batch: &ListBatch) -> f64 {
    let answers = model.answers(batch);
    let weights = weights(batch, answers.dims());
    floats(answers).iter().zip(weights).map(|(&answer, w)| f64::from(answer) * f64::from(w)).sum()
}

/// Rounding of a slope, a difference of two losses over two steps.
fn rounding<M: Subject>(model: &M, batch: &ListBatch) -> f64 {
    let answers = model.answers(batch);
    let weights = weights(batch, answers.dims());
    let sizes = floats(answers).into_iter().zip(weights).map(|(answer, weight)| f64::from((answer * weight).abs()));
    PART * sizes.sum::<f64>() / f64::from(STEP)
}

fn backward<M: Subject>(model: &M, batch: &ListBatch) -> Gradients {
    let answers = model.answers(batch);
    let shape = answers.dims();
    let weights = Tensor::<1>::from_data(weights(batch, shape).as_slice(), &answers.device()).reshape(shape);
    (answers * weights).sum().backward()
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
        if let Some(gradient) = param.val().grad(self.gradients) {
            self.found.insert(self.path.join("."), floats(gradient));
        }
    }
}

/// The gradient of every parameter that has one.
fn gradients_of<M: Subject>(model: &M, gradients: &Gradients) -> BTreeMap<String, Vec<f32>> {
    let mut collect = Collect { path: Vec::new(), gradients, found: BTreeMap::new() };
    model.visit(&mut collect);
    collect.found
}

/// Whether a parameter changes nothing: what is added to all logits of a softmax.
fn is_idle(path: &str) -> bool {
    path.ends_with("attention.key.bias") || path.ends_with("within_set.key.bias")
}

/// A model as if trained, whose ReLUs stand far from their kinks, a third of them shut.
fn smooth<M: Subject>(model: M) -> M {
    let mut values = named_parameters(&as_if_trained(model.clone())).unwrap();
    let before_relu = |path: &str| {
        path.ends_with("feed_forward.inner.bias") || path.contains("head.layers.layers") && path.ends_with("bias")
    };
    for (_, array) in values.iter_mut().filter(|(path, _)| before_relu(path)) {
        array.iter_mut().enumerate().for_each(|(index, slot)| *slot = if index % 3 == 0 { -2.5 } else { 2.5 });
    }
    load_parameters(model, values).unwrap()
}

fn steepest(gradient: &[f32]) -> usize {
    (0..gradient.len()).max_by(|&a, &b| gradient[a].abs().total_cmp(&gradient[b].abs())).unwrap()
}

fn slope(at: impl Fn(f32) -> f64) -> f64 {
    (at(STEP) - at(-STEP)) / f64::from(2. * STEP)
}

fn near(gradient: f32, slope: f64, rounding: f64) -> bool {
    (f64::from(gradient) - slope).abs() < 1e-2 * slope.abs() + rounding
}

fn parameters_learn_slopes<M: Subject>(name: &str, make: fn(Fields, &Device) -> M) {
    let (training, plain) = (Device::flex().autodiff(), Device::flex());
    let model = smooth(make(RICH, &training));
    let gradients = gradients_of(&model, &backward(&model, &batch(&some_lists(), RICH, &training)));
    let (batch, values) = (batch(&some_lists(), RICH, &plain), named_parameters(&model).unwrap());
    assert_eq!(values.keys().collect::<Vec<_>>(), gradients.keys().collect::<Vec<_>>());
    let rounding = rounding(&model.valid(), &batch);
    let mut telling = 0;
    for (path, gradient) in &gradients {
        let steepest = steepest(gradient);
        assert_eq!(gradient[steepest].abs() > REACHED, !is_idle(path), "{name} {path}: {}", gradient[steepest]);
        telling += usize::from(f64::from(gradient[steepest].abs()) > 4. * rounding);
        for index in [0, gradient.len() / 2, steepest] {
            let slope = slope(|step| {
                let mut values = values.clone();
                *values.get_mut(path).unwrap().iter_mut().nth(index).unwrap() += step;
                loss(&load_parameters(model.valid(), values).unwrap(), &batch)
            });
            let found = gradient[index];
            assert!(
                near(found, slope, rounding),
                "{name} `{path}` {index}: the gradient is {found}, the slope {slope}"
            );
        }
    }
    // A gradient as small as the rounding would say nothing against its slope; two in three are far larger.
    assert!(telling * 3 >= gradients.len() * 2, "{name}: {telling} of {}", gradients.len());
}

fn rows_learn_slopes<M: Subject>(name: &str, make: fn(Fields, &Device) -> M) {
    let (training, plain) = (Device::flex().autodiff(), Device::flex());
    let model = smooth(make(RICH, &training));
    let learned = batch(&some_lists(), RICH, &training);
    let gradient = floats(learned.rows.grad(&backward(&model, &learned)).unwrap());
    let (model, batch) = (model.valid(), batch(&some_lists(), RICH, &plain));
    let (rows, shape, rounding) = (floats(batch.rows.clone()), batch.rows.dims(), rounding(&model, &batch));
    for (index, &found) in gradient.iter().enumerate() {
        let slope = slope(|step| {
            let mut rows = rows.clone();
            rows[index] += step;
            let rows = Tensor::<1>::from_data(rows.as_slice(), &plain).reshape(shape);
            loss(&model, &ListBatch { rows, ..batch.clone() })
        });
        assert!(near(found, slope, rounding), "{name} row {}: {found}, {slope}", index / shape[1]);
    }
    assert!(f64::from(gradient[steepest(&gradient)].abs()) > 20. * rounding, "{name}: the rows learn");
}

/// One step down the gradient of the objective itself.
fn a_step_lowers_the_loss<M: Subject>(name: &str, make: fn(Fields, &Device) -> M) {
    let (training, plain) = (Device::flex().autodiff(), Device::flex());
    let total = |model: &M, batch: &ListBatch| model.losses(batch).total().unwrap().sum();
    let model = make(RICH, &training);
    let gradients = total(&model, &batch(&some_lists(), RICH, &training)).backward();
    let mut values = named_parameters(&model).unwrap();
    for (path, gradient) in &gradients_of(&model, &gradients) {
        values.get_mut(path).unwrap().iter_mut().zip(gradient).for_each(|(value, slope)| *value -= 0.05 * slope);
    }
    let batch = batch(&some_lists(), RICH, &plain);
    let before: f32 = total(&model.valid(), &batch).into_scalar();
    let after: f32 = total(&load_parameters(model.valid(), values).unwrap(), &batch).into_scalar();
    assert!(before - after > 1e-3, "{name}: {before} -> {after}");
}

#[test]
fn the_gradient_of_every_parameter_is_a_slope() {
    of_every_baseline!(parameters_learn_slopes);
}

#[test]
fn the_gradient_of_every_embedding_row_is_a_slope() {
    of_every_baseline!(rows_learn_slopes);
}

#[test]
fn a_step_down_the_gradient_lowers_the_loss() {
    of_every_baseline!(a_step_lowers_the_loss);
}
