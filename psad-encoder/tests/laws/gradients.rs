//! Gradients of the encoder's parameters and of the embedding rows against slopes.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor};
use psad_encoder::SharedEncoder;
use psad_nn::{ListBatch, ListEncoder, Touched, load_parameters, named_parameters};
use psad_upn::UserProfileNetwork;

use crate::common::{EMBEDDING, List, RICH, batch, floats, trained};

/// Step of a central difference. Its truncation error is of the order of the square of it.
const STEP: f32 = 1e-2;

/// Rounding of a slope: some hundred outputs, each off by a few 1e-7, which add up to some 1e-6, over two steps.
const ROUNDING: f64 = 2e-4;

/// A gradient below this would say nothing against [`ROUNDING`].
const WORTH_A_TEST: f32 = 2e-3;

type Encoder = SharedEncoder<UserProfileNetwork>;

/// An old hand with ages, one without, and a newcomer.
fn lists() -> Vec<List> {
    let item = |id: u32, value: f32| ([id, id % 4 + 1], [value, 0.]);
    let old = List {
        user: item(1, 0.5),
        candidates: vec![(item(1, 0.4), 0.9), (item(2, -1.), 0.3), (item(3, 0.1), 0.2)],
        history: vec![(item(4, 1.), 1, 9.), (item(1, -0.3), 0, 2.), (item(5, 0.2), 1, 0.)],
        with_ages: true,
    };
    let without_ages = List { history: old.history[..2].to_vec(), with_ages: false, user: item(2, -1.), ..old.clone() };
    let newcomer = List { history: Vec::new(), candidates: old.candidates[1..].to_vec(), ..old.clone() };
    vec![old, without_ages, newcomer]
}

/// An encoder as if trained but for the gate's last layer, which is zero. The gate stops gradients on purpose: it does
/// not learn the slope, but where it is the identity the two agree.
fn encoder(device: &Device) -> Encoder {
    let encoder = trained(RICH, device);
    let mut values = named_parameters(&encoder).unwrap();
    values.iter_mut().filter(|(path, _)| path.contains("gate.network.outer")).for_each(|(_, array)| array.fill(0.));
    load_parameters(encoder, values).unwrap()
}

/// Everything that may be read of an encoding, in one row; zero at padding.
fn outputs(encoder: &Encoder, batch: &ListBatch) -> Tensor<1> {
    let encoded = encoder.encode(batch);
    let pad = encoded.pad.clone().unsqueeze_dim::<3>(2).expand(encoded.items.dims());
    let rows = [encoded.items, encoded.inputs, encoded.raw].map(|rows| rows.mask_fill(pad.clone(), 0.).flatten(0, 2));
    Tensor::cat([rows.to_vec(), vec![encoded.profile.flatten(0, 1)]].concat(), 0)
}

/// The weights of the outputs in the loss.
fn weights(count: usize) -> Vec<f32> {
    (0..count).map(|index| (2.3 * index as f32).cos()).collect()
}

fn loss(encoder: &Encoder, batch: &ListBatch) -> f64 {
    let answers = floats(outputs(encoder, batch));
    answers.iter().zip(weights(answers.len())).map(|(&a, w)| f64::from(a) * f64::from(w)).sum()
}

fn backward(encoder: &Encoder, batch: &ListBatch) -> Gradients {
    let answers = outputs(encoder, batch);
    let weights = Tensor::<1>::from_data(weights(answers.dims()[0]).as_slice(), &answers.device());
    (answers * weights).sum().backward()
}

fn slope(at: impl Fn(f32) -> f64) -> f64 {
    (at(STEP) - at(-STEP)) / f64::from(2. * STEP)
}

fn near(gradient: f32, slope: f64) -> bool {
    (f64::from(gradient) - slope).abs() < 1e-2 * slope.abs() + ROUNDING
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

/// Whether a parameter changes nothing here: what is added to all logits of a softmax, and what feeds a layer of zeros.
fn is_idle(path: &str) -> bool {
    path.ends_with("key.bias") || path == "history.relevance.bias" || path.contains("gate.network.inner")
}

fn steepest(gradient: &[f32]) -> usize {
    (0..gradient.len()).max_by(|&a, &b| gradient[a].abs().total_cmp(&gradient[b].abs())).unwrap()
}

#[test]
fn the_gradient_of_every_parameter_is_a_slope() {
    let (training, plain) = (Device::flex().autodiff(), Device::flex());
    let encoder = encoder(&training);
    let gradients = backward(&encoder, &batch(&lists(), RICH, &training));
    let mut collect = Collect { path: Vec::new(), gradients: &gradients, found: BTreeMap::new() };
    encoder.visit(&mut collect);

    let (batch, values) = (batch(&lists(), RICH, &plain), named_parameters(&encoder).unwrap());
    assert_eq!(values.keys().collect::<Vec<_>>(), collect.found.keys().collect::<Vec<_>>());
    for (path, gradient) in &collect.found {
        let steepest = steepest(gradient);
        assert_eq!(gradient[steepest].abs() > WORTH_A_TEST, !is_idle(path), "{path}: {}", gradient[steepest]);
        for index in [0, gradient.len() / 2, steepest] {
            let slope = slope(|step| {
                let mut values = values.clone();
                *values.get_mut(path).unwrap().iter_mut().nth(index).unwrap() += step;
                loss(&load_parameters(encoder.valid(), values).unwrap(), &batch)
            });
            assert!(
                near(gradient[index], slope),
                "`{path}` {index}: the gradient is {}, the slope {slope}",
                gradient[index]
            );
        }
    }
}

#[test]
fn the_gradient_of_every_embedding_row_is_a_slope() {
    let (training, plain) = (Device::flex().autodiff(), Device::flex());
    let encoder = encoder(&training);
    let learned = batch(&lists(), RICH, &training);
    let gradient = floats(learned.rows.grad(&backward(&encoder, &learned)).unwrap());
    let (encoder, mut batch) = (encoder.valid(), batch(&lists(), RICH, &plain));
    let (rows, shape) = (floats(batch.rows.clone()), batch.rows.dims());
    assert!(gradient.chunks(EMBEDDING).all(|row| row[steepest(row)].abs() > WORTH_A_TEST), "{gradient:?}");
    for (index, &found) in gradient.iter().enumerate() {
        let slope = slope(|step| {
            let mut rows = rows.clone();
            rows[index] += step;
            let rows = Tensor::<1>::from_data(rows.as_slice(), &plain).reshape(shape);
            loss(&encoder, &ListBatch { rows, ..batch.clone() })
        });
        assert!(near(found, slope), "row {} value {}: {found}, {slope}", index / EMBEDDING, index % EMBEDDING);
    }
    batch.rows = Tensor::zeros(shape, &plain);
    assert!(
        (loss(&encoder, &batch) - loss(&encoder, &ListBatch { rows: learned.rows.inner(), ..batch.clone() })).abs()
            > 1e-3
    );
}

/// The gradient of each row of each table, from the outputs of the list at `place` alone.
fn by_row(lists: &[List], place: usize) -> BTreeMap<Touched, Vec<f32>> {
    let device = Device::flex().autodiff();
    let (encoder, batch) = (trained(RICH, &device), batch(lists, RICH, &device));
    let encoded = encoder.encode(&batch);
    let own = encoded.items.narrow(0, place, 1).narrow(1, 0, encoded.lens[place]);
    let gradients = (own.powi_scalar(3).sum() + encoded.profile.narrow(0, place, 1).sum()).backward();
    let rows = floats(batch.rows.grad(&gradients).unwrap());
    batch.touched.iter().copied().zip(rows.chunks(EMBEDDING).map(<[f32]>::to_vec)).collect()
}

#[test]
fn a_list_teaches_its_rows_the_same_in_any_batch_and_no_others() {
    let lists = lists();
    for (place, list) in lists.iter().enumerate() {
        let (alone, together) = (by_row(std::slice::from_ref(list), 0), by_row(&lists, place));
        for (touched, together) in together {
            let alone = alone.get(&touched).cloned().unwrap_or_else(|| vec![0.; EMBEDDING]);
            let scale = alone.iter().fold(1_f32, |scale, slope| scale.max(slope.abs()));
            let gap = alone.iter().zip(&together).map(|(a, b)| (a - b).abs()).fold(0., f32::max);
            assert!(gap < 1e-5 * scale, "{touched:?}: {alone:?} {together:?}");
        }
    }
}
