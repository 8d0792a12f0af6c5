//! A model of tensors as a plain reranker.

use std::sync::Arc;

use burn::tensor::Device;
use ndarray::{Array1, Array2, array};
use proptest::{collection::vec, prelude::*};
use psad_core::{Candidates, History, Items, Request, RerankError, Reranker, SchemaError, Slate, SlateError, User};
use psad_decode::Strategy;
use psad_nn::{RerankModel, Student, Tables, Teacher, TensorReranker, Weights};

use crate::common::{EMBEDDING, World, schema, worlds};
use crate::toy::{Head, Pair, Repelled, Tower};

fn student(world: &World, device: &Device) -> TensorReranker<Student<Tower, Head>> {
    reranker(&Student::new(Tower::new(&world.schema, 1, device), Head::new(2, device)), world, device)
}

fn teacher(world: &World, block: usize, strategy: Strategy) -> TensorReranker<Teacher<Tower, Repelled>> {
    let (device, queries): (_, [Pair; 3]) = (Device::flex(), [[3, -1], [-2, 2], [0, 3]]);
    let encoder = Tower::new(&world.schema, 1, &device);
    reranker(&Teacher::new(encoder, Repelled::new(&queries, &device), block, strategy), world, &device)
}

pub(crate) fn reranker<M: RerankModel>(model: &M, world: &World, device: &Device) -> TensorReranker<M> {
    TensorReranker::new(model, Arc::new(world.tables.clone()), &world.schema, device)
}

fn world(item: (usize, usize)) -> World {
    let schema = schema((0, 0), item);
    let tables = Tables::seeded(&schema, EMBEDDING, 7).unwrap();
    World { schema, tables, lists: Vec::new() }
}

fn request(sparse: Array2<u32>, scores: Array1<f32>) -> Request {
    let (len, fields) = sparse.dim();
    let items = Items::new(sparse, Array2::zeros((len, 0))).unwrap();
    Request::new(User::anonymous(), History::empty(fields, 0), Candidates::new(items, scores).unwrap()).unwrap()
}

pub(crate) fn fits(slate: &Slate, request: &Request, len: usize) -> bool {
    let candidates = request.candidates().len();
    (slate.len(), slate.candidates()) == (len.min(candidates), candidates)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_answer_fits_its_request_alone_and_in_a_batch(world in worlds(), len in 1_usize..9) {
        let student = student(&world, &Device::flex());
        let requests = world.requests();
        let slates = student.rerank_batch(&requests, len).unwrap();
        prop_assert_eq!(slates.len(), requests.len());
        let scores = student.model().scores(&student.batch(&requests).unwrap()).unwrap();
        for ((request, slate), scores) in requests.iter().zip(&slates).zip(&scores) {
            prop_assert!(fits(slate, request, len));
            let alone = student.rerank(request, len).unwrap();
            let own = student.model().scores(&student.batch(&[request]).unwrap()).unwrap().remove(0);
            for (a, b) in scores.iter().zip(&own) {
                prop_assert!((a - b).abs() < 1e-5, "{scores:?} {own:?}");
            }
            // Where two candidates lie closer than rounding, alone and in a batch may take either.
            for (a, b) in alone.iter().zip(slate) {
                prop_assert!((own[a] - own[b]).abs() < 2e-5, "{alone:?} {slate:?} {own:?}");
            }
        }
    }

    #[test]
    fn a_generator_answers_alone_as_in_a_batch(
        world in worlds(), len in 1_usize..9, block in 0_usize..5, width in 1_usize..4,
    ) {
        let requests = world.requests();
        for strategy in [Strategy::Greedy, Strategy::Beam { width }, Strategy::Sample { seed: 3, samples: 2 }] {
            let teacher = teacher(&world, block, strategy);
            let slates = teacher.rerank_batch(&requests, len).unwrap();
            for (request, slate) in requests.iter().zip(&slates) {
                prop_assert!(fits(slate, request, len));
                // Equal candidates have equal logits wherever they stand, and unequal ones differ by more than rounding.
                prop_assert_eq!(&teacher.rerank(request, len).unwrap(), slate);
            }
        }
    }

    #[test]
    fn equal_candidates_keep_the_rankers_order(ids in vec(0_u32..3, 1..=7)) {
        let student = student(&world((1, 0)), &Device::flex());
        let sparse = Array2::from_shape_vec((ids.len(), 1), ids.clone()).unwrap();
        let slate = student.rerank(&request(sparse, Array1::zeros(ids.len())), 7).unwrap();
        for id in 0..3 {
            prop_assert!(slate.iter().filter(|&item| ids[item] == id).is_sorted(), "{ids:?} {slate:?}");
        }
    }

    #[test]
    fn a_model_from_a_training_device_answers_the_same_and_learns_no_more(world in worlds()) {
        let (plain, training) = (student(&world, &Device::flex()), student(&world, &Device::flex().autodiff()));
        let requests = world.requests();
        prop_assert_eq!(plain.rerank_batch(&requests, 4).unwrap(), training.rerank_batch(&requests, 4).unwrap());
        // A graph that no backward pass ever clears would grow with every request.
        prop_assert!(!training.model().scorer.head.weight.val().device().is_autodiff());
        prop_assert!(!training.batch(&requests).unwrap().rows.device().is_autodiff());
    }
}

#[test]
fn what_cannot_be_answered_is_a_typed_error() {
    let student = student(&world((1, 0)), &Device::flex());
    let fits = request(array![[1], [2]], array![0., 1.]);
    assert!(matches!(student.rerank(&fits, 0), Err(RerankError::EmptySlate)));
    assert!(matches!(student.rerank_batch(&[], 0), Err(RerankError::EmptySlate)));
    assert!(student.rerank_batch(&[], 3).unwrap().is_empty());
    let wide = request(array![[1, 1]], array![0.]);
    let expected = SchemaError::Width { what: "item sparse fields", expected: 1, found: 2 };
    for refused in [student.rerank(&wide, 1).map(|_| ()), student.rerank_batch(&[&fits, &wide], 1).map(|_| ())] {
        assert!(matches!(refused, Err(RerankError::Schema(error)) if error == expected));
    }
    assert_eq!(student.rerank(&fits, usize::MAX).unwrap().len(), 2);
    assert_eq!(teacher(&world((1, 0)), usize::MAX, Strategy::Greedy).rerank(&fits, usize::MAX).unwrap().len(), 2);
}

#[test]
fn a_network_that_answers_nan_is_an_error() {
    let (device, world) = (Device::flex(), world((1, 0)));
    let mut scorer = Head::new(1, &device);
    scorer.head.weight = Weights::seeded(1, &device).constant([2, 1], f32::NAN);
    let student = reranker(&Student::new(Tower::new(&world.schema, 1, &device), scorer), &world, &device);
    let error = student.rerank(&request(array![[1]], array![0.]), 1).unwrap_err();
    assert!(matches!(error, RerankError::Slate(SlateError::NonFiniteScore { item: 0, .. })), "{error}");
    let teacher = teacher(&world, 1, Strategy::Beam { width: 0 });
    assert!(matches!(teacher.rerank(&request(array![[1]], array![0.]), 1), Err(RerankError::Other(_))));
}

#[test]
fn one_reranker_serves_many_threads() {
    fn shareable<T: Send + Sync + 'static>(value: T) -> Arc<T> {
        Arc::new(value)
    }
    let shared: Arc<dyn Reranker> = shareable(student(&world((1, 0)), &Device::flex()));
    let request = request(array![[1], [2], [3], [4]], array![0.3, 0.1, 0.7, 0.2]);
    let expected = shared.rerank(&request, 3).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..20).for_each(|_| assert_eq!(shared.rerank(&request, 3).unwrap(), expected)));
        }
    });
    drop(shareable(teacher(&world((1, 0)), 2, Strategy::Greedy)));
}
