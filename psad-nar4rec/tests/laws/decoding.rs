//! Slates from one pass of the network.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use proptest::prelude::*;
use proptest::strategy::Strategy as Generate;
use psad_core::Slate;
use psad_decode::{BlockSchedule, Decoded, Strategy};
use psad_nar4rec::MatchingGenerator;
use psad_nn::{Encoded, Generator, generate};

use crate::common::{List, World, array, cases, cosine, worlds};

fn strategies() -> impl Generate<Value = Strategy> {
    prop_oneof![
        Just(Strategy::Greedy),
        (1_usize..5).prop_map(|width| Strategy::Beam { width }),
        (any::<u64>(), 1_usize..4).prop_map(|(seed, samples)| Strategy::Sample { seed, samples }),
        (0_f32..=1.).prop_map(|alpha| Strategy::Contrastive { alpha }),
        Just(Strategy::Assignment),
    ]
}

fn decode(world: &World, strategy: &Strategy) -> Vec<Vec<Decoded>> {
    let device = Device::flex();
    generate(&world.generator(&device), &world.encoded(&device), world.schedule(world.slots), strategy).unwrap()
}

/// The first slate of every list.
fn slates(world: &World, strategy: &Strategy) -> Vec<Slate> {
    decode(world, strategy).into_iter().map(|decoded| decoded.into_iter().next().unwrap().slate).collect()
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn every_strategy_fills_a_valid_slate_without_padding(world in worlds(), strategy in strategies()) {
        let lists = decode(&world, &strategy);
        prop_assert_eq!(lists.len(), world.lists.len());
        for (decoded, list) in lists.iter().zip(&world.lists) {
            prop_assert!(!decoded.is_empty());
            for Decoded { slate, .. } in decoded {
                prop_assert_eq!(slate.len(), world.slots.min(list.len()));
                prop_assert!(Slate::new(slate.as_slice().to_vec(), list.len()).as_ref() == Ok(slate));
            }
        }
    }

    #[test]
    fn a_list_alone_gets_the_slates_that_it_gets_in_any_batch(world in worlds(), strategy in strategies()) {
        for (list, together) in decode(&world, &strategy).iter().enumerate() {
            let alone = &decode(&world.alone(list), &strategy)[0];
            let slates = |decoded: &[Decoded]| decoded.iter().map(|each| each.slate.clone()).collect::<Vec<_>>();
            prop_assert_eq!(slates(alone), slates(together));
        }
    }

    #[test]
    fn contrast_without_weight_is_greedy_search(world in worlds()) {
        prop_assert_eq!(slates(&world, &Strategy::Contrastive { alpha: 0. }), slates(&world, &Strategy::Greedy));
    }

    #[test]
    fn contrast_alone_begins_with_the_first_candidate_and_goes_on_as_far_away_as_it_can(world in worlds()) {
        let device = Device::flex();
        let vectors = array(world.generator(&device).vectors(&world.encoded(&device)));
        let found = slates(&world, &Strategy::Contrastive { alpha: 1. });
        for ((slate, vectors), list) in found.iter().zip(vectors.outer_iter()).zip(&world.lists) {
            prop_assert_eq!(slate.as_slice()[0], 0);
            for slot in 1..slate.len() {
                let placed = &slate.as_slice()[..slot];
                let nearest = |item: usize| {
                    let to = |&other: &usize| cosine(&vectors.row(item).to_vec(), &vectors.row(other).to_vec());
                    placed.iter().map(to).fold(f64::NEG_INFINITY, f64::max)
                };
                let free = (0..list.len()).filter(|item| !placed.contains(item));
                let best = free.map(nearest).fold(f64::INFINITY, f64::min);
                prop_assert!(nearest(slate.as_slice()[slot]) <= best + 1e-5);
            }
        }
    }

    #[test]
    fn contrast_alone_takes_equal_candidates_in_their_order(seed: u64, len in 1..=7_usize) {
        let one = List::random(seed, 1);
        let list = List { items: vec![one.items[0]; len], ranker: vec![one.ranker[0]; len], profile: one.profile };
        let world = World { lists: vec![list], spare: 0, slots: len, rows: 7, seed };
        for alpha in [0.5, 1.] {
            prop_assert_eq!(&slates(&world, &Strategy::Contrastive { alpha })[0], &Slate::initial(len, len));
        }
    }

    #[test]
    fn the_network_runs_once_whatever_the_number_of_slots(world in worlds(), strategy in strategies()) {
        let device = Device::flex();
        let counted = Counted { generator: world.generator(&device), calls: Arc::default() };
        let one_shot = MatchingGenerator::schedule(world.slots).unwrap();
        generate(&counted, &world.encoded(&device), one_shot, &strategy).unwrap();
        prop_assert_eq!(counted.calls.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn greedy_slates_do_not_depend_on_blocks_and_a_shorter_one_begins_the_longer(
        world in worlds(), block in 1_usize..9, shorter in 1_usize..9,
    ) {
        let device = Device::flex();
        let (generator, encoded) = (world.generator(&device), world.encoded(&device));
        let in_blocks = generate(&generator, &encoded, world.schedule(block), &Strategy::Greedy).unwrap();
        let cut = World { slots: shorter.min(world.slots), ..world.clone() };
        let (whole, cut) = (slates(&world, &Strategy::Greedy), slates(&cut, &Strategy::Greedy));
        for ((whole, in_blocks), cut) in whole.iter().zip(in_blocks).zip(cut) {
            prop_assert_eq!(&in_blocks[0].slate, whole);
            prop_assert!(whole.as_slice().starts_with(cut.as_slice()));
        }
    }

    #[test]
    fn assignment_is_the_best_of_all_slates(world in worlds()) {
        // Without the rows of slots that share a position there would be nothing to tell from them.
        let device = Device::flex();
        let generator = world.generator(&device);
        let logits = array(generator.block_logits(&world.encoded(&device), &(), 0..world.slots));
        for (index, slate) in slates(&world, &Strategy::Assignment).iter().enumerate() {
            let candidates = world.lists[index].len();
            let row = |slot: usize| -> Vec<f64> {
                let row: Vec<f64> = (0..candidates).map(|item| f64::from(logits[[index, slot, item]])).collect();
                let sum = row.iter().map(|logit| logit.exp()).sum::<f64>().ln();
                row.into_iter().map(|logit| logit - sum).collect()
            };
            let rows: Vec<Vec<f64>> = (0..slate.len()).map(row).collect();
            let value: f64 = slate.iter().enumerate().map(|(slot, item)| rows[slot][item]).sum();
            prop_assert!((value - best(&rows, &mut vec![false; candidates])).abs() < 1e-5);
        }
    }
}

#[test]
fn an_untrained_generator_keeps_the_rankers_order() {
    let device = Device::flex();
    let world = World { lists: vec![List::random(1, 6), List::random(2, 4)], spare: 1, slots: 6, rows: 6, seed: 3 };
    for strategy in [Strategy::Greedy, Strategy::Beam { width: 3 }] {
        let decoded = generate(&world.fresh(&device), &world.encoded(&device), world.schedule(6), &strategy).unwrap();
        for (decoded, list) in decoded.iter().zip(&world.lists) {
            assert_eq!(decoded[0].slate, Slate::top_by_score(&list.ranker, 6).unwrap());
        }
    }
}

#[test]
fn no_slots_have_no_schedule() {
    assert_eq!(MatchingGenerator::schedule(0), None);
    assert_eq!(MatchingGenerator::schedule(4), BlockSchedule::new(4, 4).ok());
}

/// The greatest sum of one entry per row, no column twice.
fn best(rows: &[Vec<f64>], taken: &mut Vec<bool>) -> f64 {
    let Some((row, rest)) = rows.split_first() else { return 0. };
    let mut most = f64::NEG_INFINITY;
    for item in 0..row.len() {
        if !taken[item] {
            taken[item] = true;
            most = most.max(row[item] + best(rest, taken));
            taken[item] = false;
        }
    }
    most
}

/// A generator that counts how often its matrix is computed.
#[derive(Module, Debug)]
struct Counted {
    generator: MatchingGenerator,
    #[module(skip)]
    calls: Arc<AtomicUsize>,
}

impl Generator for Counted {
    type State = ();

    fn start(&self, encoded: &Encoded) {
        self.generator.start(encoded);
    }

    fn block_logits(&self, encoded: &Encoded, state: &(), slots: Range<usize>) -> Tensor<3> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.generator.block_logits(encoded, state, slots)
    }

    fn advance(&self, encoded: &Encoded, state: (), slots: Range<usize>, picks: Tensor<2, Int>) {
        self.generator.advance(encoded, state, slots, picks);
    }

    fn teacher_forced(&self, encoded: &Encoded, schedule: BlockSchedule, target: Tensor<2, Int>) -> Tensor<3> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.generator.teacher_forced(encoded, schedule, target)
    }

    fn vectors(&self, encoded: &Encoded) -> Tensor<3> {
        self.generator.vectors(encoded)
    }
}
