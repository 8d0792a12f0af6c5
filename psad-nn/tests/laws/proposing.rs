//! What a generator proposes, and what an evaluator picks of it.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

use burn::tensor::Device;
use proptest::prelude::*;
use psad_core::{
    Constraints, GeneratorEvaluator, Request, RerankError, Reranker, Slate, SlateEvaluator, SlateProposer,
};
use psad_decode::Strategy;
use psad_nn::{Teacher, TensorReranker};

use crate::common::{World, worlds};
use crate::evaluating::judge;
use crate::toy::{Pair, Repelled, Tower};

fn proposer(world: &World, block: usize) -> TensorReranker<Teacher<Tower, Repelled>> {
    let (device, queries): (_, [Pair; 3]) = (Device::flex(), [[3, -1], [-2, 2], [0, 3]]);
    let generator = Repelled::new(&queries, &device);
    // Proposing looks for slates in its own ways, whatever the reranker would do.
    let teacher = Teacher::new(Tower::new(&world.schema, 1, &device), generator, block, Strategy::Greedy);
    TensorReranker::new(&teacher, Arc::new(world.tables.clone()), &world.schema, &device)
}

fn count(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

/// Number of slates of `slots` distinct candidates.
fn possible(candidates: usize, slots: usize) -> usize {
    (candidates - slots + 1..=candidates).product()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn proposals_are_distinct_and_each_fits_the_request(
        world in worlds(), len in 1_usize..9, block in 1_usize..5, most in 1_usize..40,
    ) {
        let proposer = proposer(&world, block);
        for request in world.requests() {
            let candidates = request.candidates().len();
            let slates = proposer.propose(request, len, count(most)).unwrap();
            prop_assert!(!slates.is_empty() && slates.len() <= most.min(possible(candidates, len.min(candidates))));
            prop_assert_eq!(slates.iter().collect::<HashSet<_>>().len(), slates.len());
            for slate in &slates {
                prop_assert_eq!((slate.len(), slate.candidates()), (len.min(candidates), candidates));
            }
        }
    }

    #[test]
    fn the_first_proposal_is_the_greedy_slate_and_fewer_are_the_first_of_more(
        world in worlds(), len in 1_usize..9, block in 1_usize..5, few in 1_usize..20, more in 0_usize..20,
    ) {
        let proposer = proposer(&world, block);
        for request in world.requests() {
            let (few, many) = (count(few), count(few + more));
            let (few, many) = (proposer.propose(request, len, few).unwrap(), proposer.propose(request, len, many).unwrap());
            prop_assert_eq!(&few[0], &proposer.rerank(request, len).unwrap());
            prop_assert!(many.starts_with(&few), "{few:?} {many:?}");
        }
    }

    #[test]
    fn the_picked_slate_is_the_one_that_the_evaluator_likes_best(
        world in worlds(), len in 1_usize..9, most in 1_usize..30,
    ) {
        let judge = judge(&world, [1., -1.], &Device::flex());
        let pair = GeneratorEvaluator::new(proposer(&world, 2), judge.clone(), count(most));
        for request in world.requests() {
            let slates = proposer(&world, 2).propose(request, len, count(most)).unwrap();
            let values = judge.evaluate(request, &slates).unwrap();
            let best = (0..slates.len()).reduce(|best, each| if values[each] > values[best] { each } else { best });
            prop_assert_eq!(&pair.rerank(request, len).unwrap(), &slates[best.unwrap()]);
        }
    }

    #[test]
    fn more_proposals_never_lower_the_evaluators_value(world in worlds(), len in 1_usize..9) {
        let judge = judge(&world, [-2., 1.], &Device::flex());
        for request in world.requests() {
            let value = |most: usize| {
                let pair = GeneratorEvaluator::new(proposer(&world, 3), judge.clone(), count(most));
                judge.evaluate(request, &[pair.rerank(request, len).unwrap()]).unwrap()[0]
            };
            let values: Vec<f64> = [1, 2, 4, 8, 16, 32].map(value).to_vec();
            // In other company a value may be rounded otherwise.
            let risen = values.windows(2).all(|pair| pair[1] >= pair[0] - 1e-4 * (1. + pair[0].abs()));
            prop_assert!(risen, "{:?}", values);
        }
    }

    #[test]
    fn every_proposal_keeps_the_rules(world in worlds(), len in 1_usize..9, item in any::<prop::sample::Index>()) {
        let proposer = proposer(&world, 2);
        for request in world.requests() {
            let (candidates, slots) = (request.candidates().len(), len.min(request.candidates().len()));
            let rules = Constraints::new().pin(item.index(candidates), item.index(slots));
            let request = (*request).clone().with_constraints(rules.clone()).unwrap();
            let slates = proposer.propose(&request, len, count(20)).unwrap();
            prop_assert!(!slates.is_empty());
            for slate in slates {
                prop_assert_eq!(rules.violated(slate.as_slice()), None);
            }
        }
    }
}

/// Seven candidates that are as good as each other, as no feature tells them apart.
fn even() -> (World, Request) {
    use ndarray::{Array1, Array2};
    let schema = crate::common::schema((0, 0), (1, 0));
    let tables = psad_nn::Tables::seeded(&schema, crate::common::EMBEDDING, 7).unwrap();
    let items = psad_core::Items::new(Array2::ones((7, 1)), Array2::zeros((7, 0))).unwrap();
    let candidates = psad_core::Candidates::new(items, Array1::zeros(7)).unwrap();
    let history = psad_core::History::empty(1, 0);
    let request = Request::new(psad_core::User::anonymous(), history, candidates).unwrap();
    (World { schema, tables, lists: Vec::new() }, request)
}

#[test]
fn whoever_asks_for_all_slates_gets_many_and_waits_for_an_end() {
    let (world, request) = even();
    let proposer = proposer(&world, 7);
    // 7 · 6 slates, all equally probable: drawing goes on until a round finds nothing new.
    let all = proposer.propose(&request, 2, NonZeroUsize::MAX).unwrap();
    assert!(all.len() > 30 && all.len() <= 42, "{}", all.len());
    // 5,040 slates: drawing ends after a while.
    let many = proposer.propose(&request, 7, NonZeroUsize::MAX).unwrap();
    assert!(many.len() > 500 && many.len() < 2_000, "{}", many.len());
    assert_eq!(many, proposer.propose(&request, 7, NonZeroUsize::MAX).unwrap());
    assert_eq!(proposer.propose(&request, 1, NonZeroUsize::MAX).unwrap().len(), 7);
}

#[test]
fn a_slate_of_no_slots_is_an_error() {
    let (world, request) = even();
    assert!(matches!(proposer(&world, 2).propose(&request, 0, count(3)), Err(RerankError::EmptySlate)));
    assert_eq!(proposer(&world, 2).propose(&request, usize::MAX, count(1)).unwrap(), [Slate::initial(7, 7)]);
}

#[test]
fn a_request_that_does_not_fit_is_refused() {
    let (_, request) = even();
    let other = World { schema: crate::common::schema((0, 0), (2, 0)), ..even().0 };
    let tables = psad_nn::Tables::seeded(&other.schema, crate::common::EMBEDDING, 7).unwrap();
    let refused = proposer(&World { tables, ..other }, 2).propose(&request, 2, count(3));
    assert!(matches!(refused, Err(RerankError::Schema(_))), "{refused:?}");
}
