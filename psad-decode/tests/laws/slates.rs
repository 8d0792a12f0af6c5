//! What comes out is a slate, the same one in any company.

use std::convert::Infallible;

use ndarray::array;
use proptest::prelude::*;
use psad_core::Slate;
use psad_decode::{BlockSchedule, Decoded, ScoreBlock, Strategy, decode, from_fn, score_slates};

use crate::fake::{Fake, fakes, schedules, strategies};

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

proptest! {
    #[test]
    fn every_strategy_fills_a_valid_slate_of_the_right_length(
        mut fake in fakes(9), schedule in schedules(11), strategy in strategies(),
    ) {
        let lists = decode(&strategy, schedule, &fake.candidates(), &mut fake).unwrap();
        prop_assert_eq!(lists.len(), fake.lists.len());
        for (slates, &(_, candidates)) in lists.iter().zip(&fake.lists) {
            prop_assert!(!slates.is_empty());
            for Decoded { slate, log_probability } in slates {
                prop_assert_eq!(slate.len(), schedule.slots().min(candidates));
                prop_assert!(Slate::new(slate.as_slice().to_vec(), candidates).as_ref() == Ok(slate));
                prop_assert!(log_probability.is_finite() && *log_probability <= 0.);
            }
        }
    }

    #[test]
    fn the_network_runs_once_per_block_and_stops_when_every_list_is_full(
        mut fake in fakes(9), schedule in schedules(11), strategy in strategies(),
    ) {
        let candidates = fake.candidates();
        decode(&strategy, schedule, &candidates, &mut fake).unwrap();
        let longest = candidates.iter().max().unwrap().min(&schedule.slots()).to_owned();
        prop_assert_eq!(fake.calls, longest.div_ceil(schedule.block_size()));
    }

    #[test]
    fn a_list_alone_gets_what_it_gets_in_any_batch(
        mut fake in fakes(9), schedule in schedules(11), strategy in strategies(),
    ) {
        let together = decode(&strategy, schedule, &fake.candidates(), &mut fake).unwrap();
        for (list, expected) in together.iter().enumerate() {
            let mut alone = fake.alone(list);
            let found = decode(&strategy, schedule, &alone.candidates(), &mut alone).unwrap();
            prop_assert_eq!(&found[0], expected);
        }
    }

    #[test]
    fn a_beam_of_one_is_greedy(mut fake in fakes(9), schedule in schedules(11)) {
        let candidates = fake.candidates();
        let greedy = decode(&Strategy::Greedy, schedule, &candidates, &mut fake.clone()).unwrap();
        let beam = decode(&Strategy::Beam { width: 1 }, schedule, &candidates, &mut fake).unwrap();
        prop_assert_eq!(greedy, beam);
    }

    #[test]
    fn a_beam_is_distinct_and_sorted(mut fake in fakes(6), schedule in schedules(6), width in 1_usize..20) {
        for slates in decode(&Strategy::Beam { width }, schedule, &fake.candidates(), &mut fake).unwrap() {
            prop_assert!(slates.len() <= width);
            prop_assert!(slates.is_sorted_by(|a, b| a.log_probability >= b.log_probability));
            let distinct: std::collections::HashSet<_> = slates.iter().map(|each| &each.slate).collect();
            prop_assert_eq!(distinct.len(), slates.len());
        }
    }

    #[test]
    fn the_same_seed_draws_the_same_slates_and_more_samples_only_add_to_them(
        fake in fakes(7), schedule in schedules(7), seed: u64, samples in 1_usize..6,
    ) {
        let draw = |samples| {
            let strategy = Strategy::Sample { seed, samples };
            decode(&strategy, schedule, &fake.candidates(), &mut fake.clone()).unwrap()
        };
        let (few, many) = (draw(samples), draw(samples + 3));
        prop_assert_eq!(&few, &draw(samples));
        for (few, many) in few.iter().zip(&many) {
            prop_assert_eq!(&few[..], &many[..samples]);
        }
    }

    #[test]
    fn what_is_decoded_scores_as_it_was_decoded(
        fake in fakes(8), schedule in schedules(9), strategy in strategies(),
    ) {
        let lists = decode(&strategy, schedule, &fake.candidates(), &mut fake.clone()).unwrap();
        let best: Vec<Slate> = lists.iter().map(|slates| slates[0].slate.clone()).collect();
        let scores = score_slates(schedule, &best, &mut fake.clone()).unwrap();
        for (score, slates) in scores.iter().zip(&lists) {
            prop_assert!(close(*score, slates[0].log_probability));
        }
    }

    #[test]
    fn without_memory_the_blocks_do_not_matter(fake in fakes(8), slots in 1_usize..9, block in 1_usize..9) {
        let mut fake = Fake::new(fake.lists, false, fake.levels);
        let one_shot = BlockSchedule::new(slots, slots).unwrap();
        let blocks = BlockSchedule::new(slots, block).unwrap();
        let expected = decode(&Strategy::Greedy, one_shot, &fake.candidates(), &mut fake.clone()).unwrap();
        prop_assert_eq!(decode(&Strategy::Greedy, blocks, &fake.candidates(), &mut fake).unwrap(), expected);
    }
}

#[test]
fn samples_of_one_list_differ() {
    let mut fake = Fake::new(vec![(3, 12)], false, 1);
    let strategy = Strategy::Sample { seed: 5, samples: 8 };
    let slates = decode(&strategy, BlockSchedule::new(12, 5).unwrap(), &[12], &mut fake).unwrap().remove(0);
    let distinct: std::collections::HashSet<_> = slates.into_iter().map(|each| each.slate).collect();
    assert_eq!(distinct.len(), 8);
}

#[test]
fn logits_that_differ_by_less_than_their_log_probabilities_can_show_still_rank() {
    let mut model =
        from_fn(|hypotheses, _| Ok::<_, Infallible>(vec![ScoreBlock::new(array![[0., 0., 1e-30]]); hypotheses.len()]));
    for strategy in [Strategy::Greedy, Strategy::Beam { width: 1 }, Strategy::Beam { width: 2 }] {
        let best = decode(&strategy, BlockSchedule::new(1, 1).unwrap(), &[3], &mut model).unwrap().remove(0);
        assert_eq!(best[0].slate.as_slice(), [2]);
        assert!(best.get(1).is_none_or(|second| second.slate.as_slice() == [0]));
    }
}

#[test]
fn ties_of_a_beam_go_to_the_earlier_parent_then_to_the_rankers_order() {
    for block in [1, 2] {
        let mut fake = Fake::new(vec![(0, 3)], false, 1);
        let schedule = BlockSchedule::new(2, block).unwrap();
        let beam = decode(&Strategy::Beam { width: 5 }, schedule, &[3], &mut fake).unwrap().remove(0);
        let found: Vec<&[usize]> = beam.iter().map(|each| each.slate.as_slice()).collect();
        assert_eq!(found, [[0, 1], [0, 2], [1, 0], [1, 2], [2, 0]]);
    }
}

#[test]
fn an_empty_batch_asks_nothing() {
    let mut fake = Fake::new(Vec::new(), false, 1);
    let schedule = BlockSchedule::new(3, 1).unwrap();
    assert!(decode(&Strategy::Greedy, schedule, &[], &mut fake).unwrap().is_empty());
    assert_eq!(fake.calls, 0);
}
