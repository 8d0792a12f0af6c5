//! An evaluator of tensors as a plain judge of slates.

use std::sync::Arc;

use burn::module::{Module, Param};
use burn::tensor::{Device, Int, Tensor, TensorData};
use ndarray::{Array1, Array2, array};
use proptest::prelude::*;
use psad_core::{Candidates, History, Items, Request, RerankError, SchemaError, Slate, SlateEvaluator, User};
use psad_nn::{Encoded, EvaluateError, ListEncoder, ListEvaluator, Tables, TensorEvaluator, Weights};

use crate::common::{EMBEDDING, World, schema, worlds};
use crate::toy::Tower;

/// `Σ_j j (a · H_{y_j} + r_{y_j})`, slots counted from 1.
#[derive(Module, Debug)]
pub(crate) struct SlotSum {
    pub(crate) weights: Param<Tensor<2>>,
}

impl SlotSum {
    pub(crate) fn new(values: [f32; 2], device: &Device) -> Self {
        Self { weights: Param::from_data(TensorData::new::<f32, _>(values.to_vec(), [2, 1]), device) }
    }
}

impl ListEvaluator for SlotSum {
    fn value(&self, encoded: &Encoded, slates: Tensor<2, Int>) -> Tensor<1> {
        let ([batch, candidates, width], [_, slots]) = (encoded.items.dims(), slates.dims());
        let device = encoded.items.device();
        let per_item = encoded.items.clone().reshape([batch * candidates, width]).matmul(self.weights.val());
        let per_item = per_item + encoded.ranker.clone().reshape([batch * candidates, 1]);
        let offset = Tensor::<1, Int>::arange(0..batch as i64, &device).reshape([batch, 1]) * candidates as i32;
        let chosen = per_item.select(0, (slates + offset).reshape([batch * slots])).reshape([batch, slots]);
        let slot = Tensor::<1, Int>::arange(1..slots as i64 + 1, &device).float().reshape([1, slots]);
        (chosen * slot).sum_dim(1).reshape([batch])
    }
}

pub(crate) fn judge(world: &World, weights: [f32; 2], device: &Device) -> TensorEvaluator<Tower, SlotSum> {
    let encoder = Tower::new(&world.schema, 1, device);
    let tables = Arc::new(world.tables.clone());
    TensorEvaluator::new(&encoder, &SlotSum::new(weights, device), tables, &world.schema, device)
}

fn world() -> World {
    let schema = schema((0, 0), (1, 0));
    let tables = Tables::seeded(&schema, EMBEDDING, 7).unwrap();
    World { schema, tables, lists: Vec::new() }
}

fn request(sparse: Array2<u32>) -> Request {
    let (len, fields) = sparse.dim();
    let items = Items::new(sparse, Array2::zeros((len, 0))).unwrap();
    let scores = Array1::from_iter((0..len).map(|item| -(item as f32)));
    Request::new(User::anonymous(), History::empty(fields, 0), Candidates::new(items, scores).unwrap()).unwrap()
}

/// Some slates of `slots` slots over `candidates`: the list's beginning, turned round and round.
fn rotations(candidates: usize, slots: usize) -> Vec<Slate> {
    let turned = |first| (0..slots).map(|slot| (first + slot) % candidates).collect();
    (0..candidates).map(|first| Slate::new(turned(first), candidates).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_slate_gets_the_value_that_it_has_by_hand_in_any_company(world in worlds(), slots in 1_usize..=7) {
        let (device, weights) = (Device::flex(), [1.5, -0.5]);
        let judge = judge(&world, weights, &device);
        let encoder = Tower::new(&world.schema, 1, &device);
        for request in world.requests() {
            let candidates = request.candidates().len();
            let slates = rotations(candidates, slots.min(candidates));
            let batcher = psad_nn::Batcher::new(&world.schema);
            let encoded = encoder.encode(&batcher.requests(&[request], &world.tables, &device).unwrap());
            let items: Vec<f32> = encoded.items.try_into_vec_as().unwrap();
            let ranker: Vec<f32> = encoded.ranker.try_into_vec_as().unwrap();
            let item = |item: usize| weights[0] * items[2 * item] + weights[1] * items[2 * item + 1] + ranker[item];
            let found = judge.evaluate(request, &slates).unwrap();
            prop_assert_eq!(found.len(), slates.len());
            for (slate, found) in slates.iter().zip(found) {
                let terms = slate.iter().zip(1_u8..).map(|(each, slot)| f64::from(slot) * f64::from(item(each)));
                let expected: f64 = terms.sum();
                prop_assert!((found - expected).abs() < 1e-4 * (1. + expected.abs()), "{} {}", found, expected);
                let alone = judge.evaluate(request, std::slice::from_ref(slate)).unwrap()[0];
                prop_assert!((found - alone).abs() < 1e-4 * (1. + expected.abs()), "{} {}", found, alone);
            }
        }
    }

    #[test]
    fn an_evaluator_from_a_training_device_judges_the_same_and_learns_no_more(world in worlds()) {
        let judges = [Device::flex(), Device::flex().autodiff()].map(|device| judge(&world, [1., 2.], &device));
        for request in world.requests() {
            let slates = rotations(request.candidates().len(), 1);
            let [plain, training] = [&judges[0], &judges[1]].map(|judge| judge.evaluate(request, &slates).unwrap());
            prop_assert_eq!(plain, training);
        }
        prop_assert!(!judges[1].evaluator().weights.val().device().is_autodiff());
    }
}

fn refused(error: RerankError) -> EvaluateError {
    match error {
        RerankError::Other(error) => *error.downcast().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn slates_that_cannot_be_judged_are_named() {
    let judge = judge(&world(), [1., 1.], &Device::flex());
    let request = request(array![[1], [2], [3]]);
    let slate = |items: &[usize], candidates| Slate::new(items.to_vec(), candidates).unwrap();
    let error = judge.evaluate(&request, &[slate(&[0], 3), slate(&[0], 4)]).unwrap_err();
    assert_eq!(refused(error), EvaluateError::OtherList { slate: 1, expected: 3, found: 4 });
    let error = judge.evaluate(&request, &[slate(&[0, 1], 3), slate(&[2], 3)]).unwrap_err();
    assert_eq!(refused(error), EvaluateError::Length { slate: 1, expected: 2, found: 1 });
    let error = judge.evaluate(&request, &[slate(&[], 3)]).unwrap_err();
    assert!(matches!(error, RerankError::EmptySlate));
    assert!(judge.evaluate(&request, &[]).unwrap().is_empty());
}

#[test]
fn a_request_that_does_not_fit_is_refused_even_without_slates() {
    let judge = judge(&world(), [1., 1.], &Device::flex());
    let wide = request(array![[1, 1]]);
    let expected = SchemaError::Width { what: "item sparse fields", expected: 1, found: 2 };
    for slates in [vec![], vec![Slate::new(vec![0], 1).unwrap()]] {
        assert!(matches!(judge.evaluate(&wide, &slates), Err(RerankError::Schema(error)) if error == expected));
    }
}

#[test]
fn a_value_that_orders_nothing_is_an_error() {
    let (device, world) = (Device::flex(), world());
    let evaluator = SlotSum { weights: Weights::seeded(1, &device).constant([2, 1], f32::NAN) };
    let encoder = Tower::new(&world.schema, 1, &device);
    let judge = TensorEvaluator::new(&encoder, &evaluator, Arc::new(world.tables), &world.schema, &device);
    let error = judge.evaluate(&request(array![[1]]), &[Slate::new(vec![0], 1).unwrap()]).unwrap_err();
    assert!(matches!(refused(error), EvaluateError::NonFinite { slate: 0, value } if value.is_nan()));
}

/// It forgets all slates but the first.
#[derive(Module, Debug)]
struct Forgetful {
    inner: SlotSum,
}

impl ListEvaluator for Forgetful {
    fn value(&self, encoded: &Encoded, slates: Tensor<2, Int>) -> Tensor<1> {
        self.inner.value(encoded, slates).narrow(0, 0, 1)
    }
}

#[test]
fn an_evaluator_that_forgets_slates_is_an_error() {
    let (device, world) = (Device::flex(), world());
    let encoder = Tower::new(&world.schema, 1, &device);
    let evaluator = Forgetful { inner: SlotSum::new([1., 1.], &device) };
    let judge = TensorEvaluator::new(&encoder, &evaluator, Arc::new(world.tables), &world.schema, &device);
    let error = judge.evaluate(&request(array![[1], [2]]), &rotations(2, 2)).unwrap_err();
    assert_eq!(refused(error), EvaluateError::Count { slates: 2, values: 1 });
}
