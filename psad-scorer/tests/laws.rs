//! A score is a function of the candidate and the user, and of nothing around them.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Bool, Device, Gradients, Tensor, TensorData};
use ndarray::ArrayD;
use proptest::prelude::*;
use psad_nn::{Encoded, ListScorer, Weights, load_parameters, named_parameters};
use psad_scorer::{Scorer, ScorerConfig};

const WIDTH: usize = 8;
const PROFILE: usize = 5;
const LONGEST: usize = 7;

/// Sums of some twenty products of about one, added in another order.
const TOLERANCE: f32 = 1e-5;

/// One list as an encoder would describe it.
#[derive(Clone)]
struct List {
    items: Vec<[f32; WIDTH]>,
    inputs: Vec<[f32; WIDTH]>,
    profile: [f32; PROFILE],
}

impl std::fmt::Debug for List {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "List of {}", self.items.len())
    }
}

impl List {
    fn random(seed: u64, len: usize) -> Self {
        let mut weights = Weights::seeded(seed, &Device::flex());
        let mut normal = |count: usize| values(weights.normal([count], 1.).val());
        let rows = |flat: &[f32]| flat.chunks(WIDTH).map(|row| row.try_into().unwrap()).collect();
        let (items, inputs) = (rows(&normal(len * WIDTH)), rows(&normal(len * WIDTH)));
        Self { items, inputs, profile: normal(PROFILE).as_slice().try_into().unwrap() }
    }

    fn reversed(&self) -> Self {
        let mut list = self.clone();
        list.items.reverse();
        list.inputs.reverse();
        list
    }
}

fn lists() -> impl Strategy<Value = Vec<List>> {
    let list = (any::<u64>(), 1..=LONGEST).prop_map(|(seed, len)| List::random(seed, len));
    prop::collection::vec(list, 1..4)
}

/// Pads with garbage, `spare` columns more than the longest list needs.
fn encode(lists: &[List], spare: usize, device: &Device) -> Encoded {
    let batch = lists.len();
    let columns = lists.iter().map(|list| list.items.len()).max().unwrap() + spare;
    let padded = |pick: fn(&List) -> &Vec<[f32; WIDTH]>| {
        let row = |list| {
            let mut row = pick(list).concat();
            row.resize(columns * WIDTH, 1e6);
            row
        };
        tensor(lists.iter().flat_map(row).collect(), [batch, columns, WIDTH], device)
    };
    let pad: Vec<bool> = lists.iter().flat_map(|list| (0..columns).map(|item| item >= list.items.len())).collect();
    Encoded {
        items: padded(|list| &list.items),
        inputs: padded(|list| &list.inputs),
        raw: padded(|list| &list.inputs),
        profile: tensor(lists.iter().flat_map(|list| list.profile).collect(), [batch, PROFILE], device),
        // Any number that belongs to the item serves as the ranker's score.
        ranker: padded(|list| &list.items).narrow(2, 1, 1).reshape([batch, columns]),
        pad: Tensor::<1, Bool>::from_bool(pad.as_slice(), device).reshape([batch, columns]),
        lens: lists.iter().map(|list| list.items.len()).collect(),
    }
}

/// What starts at zero drawn at random instead: laws are to hold for a scorer that has learned something.
fn learned<M: Module>(module: M, seed: u64) -> M {
    let mut weights = Weights::seeded(seed, &Device::flex());
    let values = named_parameters(&module).unwrap().into_iter().map(|(path, mut array)| {
        if array.iter().all(|&value| value == 0.) {
            let drawn = weights.normal([array.len()], 0.4).val().try_into_vec_as::<f32>().unwrap();
            array.iter_mut().zip(drawn).for_each(|(value, drawn)| *value = drawn);
        }
        (path, array)
    });
    load_parameters(module, values.collect()).unwrap()
}

fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new::<f32, _>(values, shape), device)
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.try_into_vec_as::<f32>().unwrap()
}

fn scorer(seed: u64, device: &Device) -> Scorer {
    learned(ScorerConfig::new(WIDTH, PROFILE).with_hidden(vec![12, 6]).init(seed, device), seed)
}

/// The scores of every list's own candidates.
fn scores(seed: u64, lists: &[List], spare: usize) -> Vec<Vec<f32>> {
    let device = Device::flex();
    let scores = scorer(seed, &device).score(&encode(lists, spare, &device));
    let [batch, columns] = scores.dims();
    assert_eq!(batch, lists.len());
    let rows = values(scores);
    rows.chunks(columns).zip(lists).map(|(row, list)| row[..list.items.len()].to_vec()).collect()
}

fn close(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= TOLERANCE)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_candidate_gets_one_finite_score(lists in lists(), spare in 0_usize..3, seed: u64) {
        let device = Device::flex();
        let encoded = encode(&lists, spare, &device);
        let [batch, columns, _] = encoded.items.dims();
        prop_assert_eq!(scorer(seed, &device).score(&encoded).dims(), [batch, columns]);
        prop_assert!(scores(seed, &lists, spare).concat().iter().all(|score| score.is_finite()));
    }

    #[test]
    fn neither_padding_nor_batch_mates_change_a_score(lists in lists(), spare in 0_usize..3, seed: u64) {
        for (list, together) in lists.iter().zip(scores(seed, &lists, spare)) {
            prop_assert!(close(&scores(seed, std::slice::from_ref(list), 0)[0], &together));
        }
    }

    #[test]
    fn permuted_candidates_permute_the_scores(list in lists(), seed: u64) {
        let mut expected = scores(seed, &list[..1], 0).remove(0);
        expected.reverse();
        prop_assert!(close(&scores(seed, &[list[0].reversed()], 0)[0], &expected));
    }

    #[test]
    fn a_score_reads_the_item_in_its_list_the_item_itself_and_the_user(list in lists(), seed: u64) {
        // Without hidden layers, where no ReLU can happen to swallow a change.
        let linear = ScorerConfig::new(WIDTH, PROFILE).with_hidden(Vec::new()).init(seed, &Device::flex());
        let linear = learned(linear, seed);
        let first = |list: &List| values(linear.score(&encode(std::slice::from_ref(list), 0, &Device::flex())))[0];
        let changes: [fn(&mut List); 3] =
            [|list| list.items[0][3] += 1., |list| list.inputs[0][3] += 1., |list| list.profile[2] += 1.];
        for change in changes {
            let mut changed = list[0].clone();
            change(&mut changed);
            prop_assert_ne!(first(&changed), first(&list[0]));
        }
    }
}

#[test]
fn the_same_seed_makes_the_same_scorer_and_another_seed_another_one() {
    let parameters = |seed| named_parameters(&scorer(seed, &Device::flex())).unwrap();
    assert_eq!(parameters(7), parameters(7));
    let (a, b) = (parameters(7), parameters(8));
    assert!(a.keys().filter(|name| name.ends_with("weight")).all(|name| a[name] != b[name]));
}

#[test]
fn an_untrained_scorer_gives_the_rankers_scores() {
    let device = Device::flex();
    let encoded = encode(&[List::random(1, 5), List::random(2, 5)], 0, &device);
    let fresh = ScorerConfig::new(WIDTH, PROFILE).init(3, &device);
    assert_eq!(values(fresh.score(&encoded)), values(encoded.ranker));
}

#[test]
fn a_score_gains_the_product_of_the_raw_item_and_what_the_user_likes() {
    let device = Device::flex();
    let (lists, scorer) = ([List::random(1, 5), List::random(2, 3)], scorer(3, &device));
    // Raw items that are not what the other layers read.
    let raw = encode(&[List::random(4, 5), List::random(5, 3)], 0, &device).items;
    let encoded = Encoded { raw: raw.clone(), ..encode(&lists, 0, &device) };
    let mut parameters = named_parameters(&scorer).unwrap();
    let (weight, bias) = (parameters["taste.weight"].clone(), parameters["taste.bias"].clone());
    parameters.iter_mut().filter(|(path, _)| path.starts_with("taste")).for_each(|(_, array)| array.fill(0.));
    let without = load_parameters(scorer.clone(), parameters).unwrap();
    let (with, without, raw) = (values(scorer.score(&encoded)), values(without.score(&encoded)), values(raw));
    for (index, list) in lists.iter().enumerate() {
        for item in 0..list.items.len() {
            let place = index * lists[0].items.len() + item;
            let liked = |k: usize| bias[[k]] + (0..PROFILE).map(|p| list.profile[p] * weight[[p, k]]).sum::<f32>();
            let product: f32 = (0..WIDTH).map(|k| raw[place * WIDTH + k] * liked(k)).sum();
            let gained = with[place] - without[place];
            assert!((gained - product / (WIDTH as f32).sqrt()).abs() < 1e-4, "{gained} {product}");
            assert!(product != 0.);
        }
    }
}

#[test]
fn hidden_layers_are_those_of_the_configuration() {
    for hidden in [vec![], vec![4], vec![6, 5, 4]] {
        let scorer = ScorerConfig::new(WIDTH, PROFILE).with_hidden(hidden.clone()).init(1, &Device::flex());
        let parameters = named_parameters(&scorer).unwrap();
        let layers = parameters.iter().filter(|(path, array)| path.starts_with("layers") && array.ndim() == 2);
        let widths: Vec<usize> = layers.map(|(_, array)| array.shape()[1]).collect();
        assert_eq!(widths, [hidden, vec![1]].concat());
    }
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let lists = [List::random(1, 5), List::random(2, 3)];
    let device = Device::flex().autodiff();
    let scorer = scorer(3, &device);
    let scores = scorer.score(&encode(&lists, 1, &device));
    let [batch, columns] = scores.dims();
    let weight = |place: usize| {
        let real = place % columns < lists[place / columns].items.len();
        if real { ((place * 5 + 2) % 7) as f32 / 3. - 1. } else { 0. }
    };
    let weights: Vec<f32> = (0..batch * columns).map(weight).collect();
    let gradients = (scores * tensor(weights.clone(), [batch, columns], &device)).sum().backward();
    let gradients = gradients_of(&scorer, &gradients);

    let parameters = named_parameters(&scorer).unwrap();
    let loss_at = |parameters: BTreeMap<String, ArrayD<f32>>| {
        let scorer = load_parameters(self::scorer(3, &Device::flex()), parameters).unwrap();
        let scores = values(scorer.score(&encode(&lists, 1, &Device::flex())));
        scores.iter().zip(&weights).map(|(&score, &weight)| f64::from(score) * f64::from(weight)).sum::<f64>()
    };
    let centre = loss_at(parameters.clone());
    let (mut checked, mut kinks) = (0, 0);
    for (name, gradient) in &gradients {
        for coordinate in (0..gradient.len()).step_by(if gradient.len() > 20 { 5 } else { 1 }) {
            let moved = |step: f32| {
                let mut parameters = parameters.clone();
                parameters.get_mut(name).unwrap().as_slice_mut().unwrap()[coordinate] += step;
                loss_at(parameters)
            };
            let step = f64::from(EPSILON);
            let (up, down) = ((moved(EPSILON) - centre) / step, (centre - moved(-EPSILON)) / step);
            let (expected, found) = (f64::midpoint(up, down), f64::from(gradient[coordinate]));
            checked += 1;
            // Some ReLU changes sides between the two points: there is no slope to compare with.
            if (up - down).abs() > 2. * FLOOR {
                kinks += 1;
                continue;
            }
            let error = (found - expected).abs();
            assert!(error <= 1e-2 * expected.abs() + FLOOR, "{name}[{coordinate}]: {found}, difference {expected}");
        }
    }
    assert!(checked > 60 && kinks * 5 < checked, "{kinks} kinks in {checked} coordinates");
    assert!(gradients.values().all(|gradient| gradient.iter().any(|value| f64::from(value.abs()) > FLOOR)));
}

const EPSILON: f32 = 4e-3;

/// Between its kinks the loss is linear in a parameter: what is left is the rounding of eight scores, each off by up
/// to 2e-7, over a step of 4e-3.
const FLOOR: f64 = 5e-4;

/// The gradient of every parameter; zero where the loss does not depend on it.
fn gradients_of<M: Module>(module: &M, of: &Gradients) -> BTreeMap<String, Vec<f32>> {
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
