//! Whatever is decoded is a slate, the same one in any company, for one network call per block.

mod common;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use common::{LOG_TOLERANCE, World, cases, forgetful, log_probability, worlds};
use ndarray::Axis;
use proptest::prelude::*;
use proptest::strategy::Strategy as Generate;
use psad_core::Slate;
use psad_decode::{BlockSchedule, Decoded, Strategy, score_slates};
use psad_generator::{Prefix, SemiAutoregressive};
use psad_nn::{Encoded, Generator, generate};

fn strategies() -> impl Generate<Value = Strategy> {
    prop_oneof![
        Just(Strategy::Greedy),
        (1_usize..5).prop_map(|width| Strategy::Beam { width }),
        (any::<u64>(), 1_usize..4).prop_map(|(seed, samples)| Strategy::Sample { seed, samples }),
    ]
}

fn decode(world: &World, strategy: &Strategy) -> Vec<Vec<Decoded>> {
    let device = Device::flex();
    generate(&world.generator(&device), &world.encoded(&device), world.schedule(), strategy).unwrap()
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn every_strategy_fills_a_valid_slate_without_padding(world in worlds(), strategy in strategies()) {
        let lists = decode(&world, &strategy);
        prop_assert_eq!(lists.len(), world.lists.len());
        for (slates, list) in lists.iter().zip(&world.lists) {
            prop_assert!(!slates.is_empty());
            for Decoded { slate, log_probability } in slates {
                prop_assert_eq!(slate.len(), world.slots.min(list.len()));
                // Distinct and in range of the list's own candidates: never padding.
                prop_assert!(Slate::new(slate.as_slice().to_vec(), list.len()).as_ref() == Ok(slate));
                prop_assert!(log_probability.is_finite() && *log_probability <= 0.);
            }
        }
    }

    #[test]
    fn a_list_alone_gets_the_slates_that_it_gets_in_any_batch(world in worlds(), strategy in strategies()) {
        for (list, together) in decode(&world, &strategy).iter().enumerate() {
            let alone = &decode(&world.alone(list), &strategy)[0];
            prop_assert_eq!(alone.len(), together.len());
            for (alone, together) in alone.iter().zip(together) {
                prop_assert_eq!(&alone.slate, &together.slate);
                prop_assert!((alone.log_probability - together.log_probability).abs() <= LOG_TOLERANCE);
            }
        }
    }

    #[test]
    fn the_probability_of_what_is_decoded_is_the_slates_own(world in worlds(), strategy in strategies()) {
        let device = Device::flex();
        let (generator, encoded, schedule) = (world.generator(&device), world.encoded(&device), world.schedule());
        let decoded = generate(&generator, &encoded, schedule, &strategy).unwrap();
        // The last of a beam has changed parents most often.
        for pick in [<[Decoded]>::first, <[Decoded]>::last] {
            let picked: Vec<&Decoded> = decoded.iter().filter_map(|slates| pick(slates)).collect();
            let slates: Vec<Slate> = picked.iter().map(|each| each.slate.clone()).collect();
            let scored = score_slates(schedule, &slates, &mut forgetful(&generator, &encoded, schedule)).unwrap();
            for (found, scored) in picked.iter().zip(scored) {
                prop_assert!((found.log_probability - scored).abs() <= LOG_TOLERANCE);
            }
        }
    }

    #[test]
    fn the_probability_of_what_is_decoded_follows_from_teacher_forcing(world in worlds(), strategy in strategies()) {
        let mut world = World { slots: world.teaching().slots(), ..world };
        let decoded: Vec<Decoded> = decode(&world, &strategy).into_iter().map(|slates| slates[0].clone()).collect();
        for (list, decoded) in world.lists.iter_mut().zip(&decoded) {
            list.targets = decoded.slate.completed().as_slice().to_vec();
        }
        let taught = world.taught();
        for (list, decoded) in decoded.iter().enumerate() {
            let (slate, logits) = (&decoded.slate, taught.index_axis(Axis(0), list));
            let expected = log_probability(&logits, slate.as_slice(), slate.candidates());
            prop_assert!((decoded.log_probability - expected).abs() <= LOG_TOLERANCE);
        }
    }

    #[test]
    fn the_network_runs_once_per_block(world in worlds(), strategy in strategies()) {
        let device = Device::flex();
        let encoded = world.encoded(&device);
        let longest = encoded.lens.iter().copied().max().unwrap();
        let calls = |schedule: BlockSchedule| {
            let counted = Counted { generator: world.generator(&device), calls: Arc::default() };
            generate(&counted, &encoded, schedule, &strategy).unwrap();
            counted.calls.load(Ordering::Relaxed)
        };
        prop_assert_eq!(calls(world.schedule()), world.slots.min(longest).div_ceil(world.block));
        prop_assert_eq!(calls(BlockSchedule::new(longest, longest).unwrap()), 1);
        prop_assert_eq!(calls(BlockSchedule::new(longest, 1).unwrap()), longest);
    }

    #[test]
    fn a_beam_as_wide_as_all_slates_finds_the_most_probable_one(world in worlds(), samples in 1_usize..4, seed: u64) {
        let mut world = World { slots: world.slots.min(3), ..world };
        world.lists.truncate(1);
        let best = decode(&world, &Strategy::Beam { width: 7 * 6 * 5 }).remove(0).remove(0);
        for other in decode(&world, &Strategy::Sample { seed, samples }).remove(0) {
            prop_assert!(other.log_probability <= best.log_probability + LOG_TOLERANCE);
        }
    }
}

/// A generator that counts how often its network runs.
#[derive(Module, Debug)]
struct Counted {
    generator: SemiAutoregressive,
    #[module(skip)]
    calls: Arc<AtomicUsize>,
}

impl Generator for Counted {
    type State = Prefix;

    fn start(&self, encoded: &Encoded) -> Prefix {
        self.generator.start(encoded)
    }

    fn block_logits(&self, encoded: &Encoded, state: &Prefix, slots: Range<usize>) -> Tensor<3> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.generator.block_logits(encoded, state, slots)
    }

    fn advance(&self, encoded: &Encoded, state: Prefix, slots: Range<usize>, picks: Tensor<2, Int>) -> Prefix {
        self.generator.advance(encoded, state, slots, picks)
    }

    fn teacher_forced(&self, encoded: &Encoded, schedule: BlockSchedule, target: Tensor<2, Int>) -> Tensor<3> {
        self.generator.teacher_forced(encoded, schedule, target)
    }
}
