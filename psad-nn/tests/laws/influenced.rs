//! Students whose slates are picked in the light of what stands above.

use burn::tensor::Device;
use ndarray::Array2;
use proptest::{collection::vec, prelude::*, sample::Index};
use psad_core::{Constraints, Group, Request, RerankError, Reranker, Slate, SlateBuilder};
use psad_nn::{
    ListBatch, ListEncoder, PairInfluence, Student, TensorReranker, Weights, load_parameters, named_parameters,
};

use crate::common::{World, worlds};
use crate::reranking::{fits, reranker};
use crate::toy::{Head, Tower, influence};

type Toy = TensorReranker<Student<Tower, Head>>;

fn student(world: &World, between: Option<PairInfluence>) -> Toy {
    let device = Device::flex();
    let student = Student::new(Tower::new(&world.schema, 1, &device), Head::new(2, &device));
    reranker(&student.with_influence(between), world, &device)
}

/// Scores, influence and its factors of every list, from the device in the shape in which it gives them.
fn read(student: &Toy, batch: &ListBatch) -> Vec<(Vec<f32>, Array2<f32>, Vec<f32>)> {
    let model = student.model();
    let between = model.influence.as_ref().unwrap().between(&model.encoder.encode(batch));
    let [_, columns, _] = between.pairs.dims();
    let (pairs, reach): (Vec<f32>, Vec<f32>) =
        (between.pairs.try_into_vec_as().unwrap(), between.reach.try_into_vec_as().unwrap());
    let pairs = pairs.chunks(columns * columns).map(|pairs| Array2::from_shape_vec((columns, columns), pairs.to_vec()));
    let lists = model.scores(batch).unwrap().into_iter().zip(pairs);
    lists.map(|(scores, pairs)| (scores, pairs.unwrap(), reach.clone())).collect()
}

/// Every candidate's score below what is placed, added up from the first slot.
fn below(placed: &[usize], (scores, pairs, reach): &(Vec<f32>, Array2<f32>, Vec<f32>)) -> Vec<f32> {
    let value = |(item, &score): (usize, &f32)| {
        placed.iter().enumerate().fold(score, |value, (above, &other)| {
            let factor = reach.get(placed.len() - above - 1).copied().unwrap_or(0.);
            value + factor * pairs[[other, item]]
        })
    };
    scores.iter().enumerate().map(value).collect()
}

/// The best of what the slate still takes, slot by slot, the first of equals.
fn picked(mut slate: SlateBuilder, list: &(Vec<f32>, Array2<f32>, Vec<f32>)) -> Slate {
    while slate.len() < slate.slots() {
        let values = below(slate.placed(), list);
        let best = slate.free().reduce(|best, item| if values[item] > values[best] { item } else { best });
        slate.push(best.unwrap()).unwrap();
    }
    slate.finish()
}

/// Slates may differ from where two candidates lie closer than rounding.
fn same(a: &Slate, b: &Slate, list: &(Vec<f32>, Array2<f32>, Vec<f32>)) -> bool {
    let Some(slot) = a.iter().zip(b).position(|(a, b)| a != b) else { return a.len() == b.len() };
    let values = below(&a.as_slice()[..slot], list);
    let size = values.iter().fold(1_f32, |size, value| size.max(value.abs()));
    (values[a.as_slice()[slot]] - values[b.as_slice()[slot]]).abs() < 1e-4 * size
}

/// One candidate has its slot, and of every other one no two stand in a row, if there are enough to keep them apart.
fn rules(request: &Request, len: usize, item: Index, slot: Index) -> Constraints {
    let candidates = request.candidates().len();
    let rules = Constraints::new().pin(item.index(candidates), slot.index(len.min(candidates)));
    let loud = Group::new("loud", (0..candidates).filter(|item| item % 2 == 0));
    let apart = rules.clone().at_most_in_window(1, 2, loud);
    if SlateBuilder::constrained(candidates, len, &apart).is_ok() { apart } else { rules }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_scores_along_a_slate_are_those_below_what_stands_above(
        world in worlds(), len in 1_usize..9, seed in any::<u64>(), reach in vec(-2_f32..2., 1..8),
    ) {
        let student = student(&world, Some(influence(seed, 2., &reach, &Device::flex())));
        for request in world.requests() {
            let list = read(&student, &student.batch(&[request]).unwrap()).remove(0);
            let slate = student.rerank(request, len).unwrap();
            let found = student.scores_along(request, &slate).unwrap();
            prop_assert_eq!(found.nrows(), slate.len());
            for (slot, found) in found.outer_iter().enumerate() {
                for (found, expected) in found.iter().zip(below(&slate.as_slice()[..slot], &list)) {
                    prop_assert!((found - expected).abs() < 1e-4 * (1. + expected.abs()), "{found} {expected}");
                }
            }
        }
    }

    #[test]
    fn each_slot_takes_the_best_below_what_is_placed(
        world in worlds(), len in 1_usize..9, seed in any::<u64>(), reach in vec(-2_f32..2., 1..8),
    ) {
        let student = student(&world, Some(influence(seed, 2., &reach, &Device::flex())));
        let requests = world.requests();
        let slates = student.rerank_batch(&requests, len).unwrap();
        let lists = read(&student, &student.batch(&requests).unwrap());
        for ((request, slate), list) in requests.iter().zip(&slates).zip(&lists) {
            prop_assert!(fits(slate, request, len));
            let empty = SlateBuilder::constrained(request.candidates().len(), len, &Constraints::new()).unwrap();
            prop_assert_eq!(slate, &picked(empty, list));
        }
    }

    #[test]
    fn rules_are_kept_and_the_best_that_they_leave_is_taken(
        world in worlds(), len in 1_usize..9, seed in any::<u64>(), item in any::<Index>(), slot in any::<Index>(),
    ) {
        let student = student(&world, Some(influence(seed, 2., &[1., 0.5, -0.5], &Device::flex())));
        let ruled = |request: &Request| request.clone().with_constraints(rules(request, len, item, slot)).unwrap();
        let ruled: Vec<Request> = world.requests().into_iter().map(ruled).collect();
        let requests: Vec<&Request> = ruled.iter().collect();
        let slates = student.rerank_batch(&requests, len).unwrap();
        let batch = student.batch(&requests).unwrap();
        let builders = batch.slate_builders(len).unwrap();
        for (((request, slate), list), empty) in requests.iter().zip(&slates).zip(read(&student, &batch)).zip(builders) {
            prop_assert!(fits(slate, request, len));
            prop_assert_eq!(request.constraints().violated(slate.as_slice()), None);
            prop_assert_eq!(slate, &picked(empty, &list));
        }
    }

    #[test]
    fn a_list_gets_the_same_alone_as_in_a_batch(
        world in worlds(), len in 1_usize..9, seed in any::<u64>(), reach in vec(-2_f32..2., 1..8),
    ) {
        let student = student(&world, Some(influence(seed, 2., &reach, &Device::flex())));
        let requests = world.requests();
        for (request, together) in requests.iter().zip(student.rerank_batch(&requests, len).unwrap()) {
            let alone = student.rerank(request, len).unwrap();
            let list = read(&student, &student.batch(&[request]).unwrap()).remove(0);
            prop_assert!(same(&alone, &together, &list), "{alone:?} {together:?}");
        }
    }

    #[test]
    fn without_weights_or_reach_it_sorts(world in worlds(), len in 1_usize..9, seed in any::<u64>()) {
        let sorted = student(&world, None).rerank_batch(&world.requests(), len).unwrap();
        for silenced in ["above", "reach"] {
            let drawn = influence(seed, 2., &[1.; 7], &Device::flex());
            let mut values = named_parameters(&drawn).unwrap();
            let silent = values.iter_mut().filter(|(path, _)| path.starts_with(silenced));
            let silent = silent.map(|(_, array)| array.fill(0.)).count();
            prop_assert!(silent > 0, "{silenced}");
            let student = student(&world, Some(load_parameters(drawn, values).unwrap()));
            prop_assert_eq!(&student.rerank_batch(&world.requests(), len).unwrap(), &sorted, "{}", silenced);
        }
    }

    #[test]
    fn scores_are_those_before_anything_is_placed(world in worlds(), seed in any::<u64>()) {
        let (plain, influenced) =
            (student(&world, None), student(&world, Some(influence(seed, 2., &[1.; 7], &Device::flex()))));
        let batch = plain.batch(&world.requests()).unwrap();
        prop_assert_eq!(plain.model().scores(&batch).unwrap(), influenced.model().scores(&batch).unwrap());
    }

    #[test]
    fn a_network_that_answers_nan_is_an_error(world in worlds(), len in 1_usize..9) {
        let device = Device::flex();
        let mut scorer = Head::new(1, &device);
        scorer.head.weight = Weights::seeded(1, &device).constant([2, 1], f32::NAN);
        let student = Student::new(Tower::new(&world.schema, 1, &device), scorer);
        let student = student.with_influence(Some(influence(1, 1., &[1.; 7], &device)));
        let student = reranker(&student, &world, &device);
        prop_assert!(matches!(student.rerank_batch(&world.requests(), len), Err(RerankError::Other(_))));
    }
}
