//! Log-probabilities are exact.

use std::{collections::HashMap, convert::Infallible};

use ndarray::{Array2, Axis};
use proptest::prelude::*;
use psad_core::Slate;
use psad_decode::{BlockSchedule, ScoreBlock, Strategy, decode, from_fn, plackett_luce, score_slates};

use crate::fake::{Fake, every_slate};

/// The exact probability of every slate that a schedule can end in.
fn exact(fake: &Fake, schedule: BlockSchedule) -> HashMap<Vec<usize>, f64> {
    let candidates = fake.candidates()[0];
    let score = |items: Vec<usize>| {
        let slate = Slate::new(items.clone(), candidates).unwrap();
        let scores = score_slates(schedule, &[slate], &mut fake.clone()).unwrap();
        (items, scores[0].exp())
    };
    every_slate(candidates, schedule.slots().min(candidates)).into_iter().map(score).collect()
}

fn assert_frequencies(found: &HashMap<Vec<usize>, usize>, exact: &HashMap<Vec<usize>, f64>, draws: usize) {
    assert_eq!(found.values().sum::<usize>(), draws);
    let chi_square: f64 = exact
        .iter()
        .map(|(slate, probability)| {
            let expected = probability * draws as f64;
            (found.get(slate).copied().unwrap_or(0) as f64 - expected).powi(2) / expected
        })
        .sum();
    // Six slates leave five degrees of freedom: beyond 20.5 lies one fair run in a thousand.
    assert!(exact.len() == 6 && chi_square < 20.5, "chi square {chi_square}");
}

proptest! {
    #[test]
    fn probabilities_of_all_slates_add_up_to_one(
        seed: u64, candidates in 1_usize..=4, slots in 1_usize..6, block in 1_usize..6, reads_prefix: bool,
    ) {
        let fake = Fake::new(vec![(seed, candidates)], reads_prefix, 1 << 20);
        let total: f64 = exact(&fake, BlockSchedule::new(slots, block).unwrap()).values().sum();
        prop_assert!((total - 1.).abs() < 1e-12, "{}", total);
    }

    #[test]
    fn a_beam_that_holds_everything_finds_the_most_probable_slate(
        seed: u64, candidates in 1_usize..=5, slots in 1_usize..6, block in 1_usize..6, reads_prefix: bool,
    ) {
        let mut fake = Fake::new(vec![(seed, candidates)], reads_prefix, 1 << 20);
        let schedule = BlockSchedule::new(slots, block).unwrap();
        let exact = exact(&fake, schedule);
        let beam = decode(&Strategy::Beam { width: usize::MAX }, schedule, &[candidates], &mut fake).unwrap().remove(0);
        prop_assert_eq!(beam.len(), exact.len());
        let best = exact.values().copied().fold(0., f64::max);
        prop_assert!((exact[beam[0].slate.as_slice()] - best).abs() < 1e-12);
        for each in &beam {
            prop_assert!((each.log_probability.exp() - exact[each.slate.as_slice()]).abs() < 1e-12);
        }
    }

    #[test]
    fn a_plain_scorer_is_a_network_with_equal_rows(
        scores in prop::collection::vec(-60_f32..60., 1..12), len in 1_usize..14, block in 1_usize..14, seed: u64,
    ) {
        let drawn = plackett_luce(&scores, len, seed).unwrap();
        prop_assert_eq!(drawn.slate.len(), len.min(scores.len()));
        let mut model = from_fn(|hypotheses, slots| {
            let rows = Array2::from_shape_fn((slots.len(), scores.len()), |(_, item)| scores[item]);
            Ok::<_, Infallible>(vec![ScoreBlock::new(rows); hypotheses.len()])
        });
        let schedule = BlockSchedule::new(len, block).unwrap();
        let expected = score_slates(schedule, &[drawn.slate], &mut model).unwrap()[0];
        prop_assert!((drawn.log_probability - expected).abs() < 1e-9 * (1. + expected.abs()));
    }
}

#[test]
fn samples_are_drawn_as_often_as_their_probability_says() {
    for (block, reads_prefix) in [(1, true), (2, true), (2, false)] {
        let mut fake = Fake::new(vec![(11, 3)], reads_prefix, 1 << 20);
        let schedule = BlockSchedule::new(2, block).unwrap();
        let exact = exact(&fake, schedule);
        let strategy = Strategy::Sample { seed: 2, samples: 20_000 };
        let mut found = HashMap::new();
        for drawn in decode(&strategy, schedule, &[3], &mut fake).unwrap().remove(0) {
            assert!((drawn.log_probability.exp() - exact[drawn.slate.as_slice()]).abs() < 1e-12);
            *found.entry(drawn.slate.as_slice().to_vec()).or_default() += 1;
        }
        assert_frequencies(&found, &exact, 20_000);
    }
}

#[test]
fn a_plain_scorer_draws_as_often_as_its_scores_say() {
    let scores = [0.4_f32, -0.7, 1.1];
    let weights = scores.map(|score| f64::from(score).exp());
    let all: f64 = weights.iter().sum();
    let probability = |slate: &[usize]| weights[slate[0]] / all * weights[slate[1]] / (all - weights[slate[0]]);
    let exact = every_slate(3, 2).into_iter().map(|slate| (slate.clone(), probability(&slate))).collect();
    let mut found = HashMap::new();
    for seed in 0..20_000 {
        let drawn = plackett_luce(&scores, 2, seed).unwrap();
        *found.entry(drawn.slate.as_slice().to_vec()).or_default() += 1;
    }
    assert_frequencies(&found, &exact, 20_000);
}

#[test]
fn extreme_logits_keep_their_probabilities() {
    let drawn = plackett_luce(&[f32::MAX, f32::MIN, 0.], 3, 1).unwrap();
    assert_eq!(drawn.slate.as_slice(), [0, 2, 1]);
    assert_eq!(drawn.log_probability, 0.);
    // Next to the first candidate the others weigh nothing; among themselves they are equal.
    let drawn = plackett_luce(&[1e6, 0., 0.], 3, 1).unwrap();
    assert!((drawn.log_probability - 0.5_f64.ln()).abs() < 1e-12);
}

#[test]
fn a_beam_goes_on_where_one_of_its_slates_cannot() {
    // Behind candidate 0 the second slot has no choice; behind candidate 1 it has one.
    let rows = ndarray::array![[0., 0.], [0., f32::NEG_INFINITY]];
    let mut model = from_fn(|hypotheses, slots| {
        let block = ScoreBlock::new(rows.slice_axis(Axis(0), slots.into()).to_owned());
        Ok::<_, Infallible>(vec![block; hypotheses.len()])
    });
    let schedule = BlockSchedule::new(2, 2).unwrap();
    let beam = decode(&Strategy::Beam { width: 2 }, schedule, &[2], &mut model).unwrap().remove(0);
    assert_eq!(beam.iter().map(|each| each.slate.as_slice()).collect::<Vec<_>>(), [[1, 0]]);
}

#[test]
fn what_the_model_rules_out_is_never_placed_and_has_no_probability() {
    let rows = ndarray::array![[f32::NEG_INFINITY, 0., 0.], [5., f32::NEG_INFINITY, 0.]];
    let mut model = from_fn(|hypotheses, slots| {
        let block = ScoreBlock::new(rows.slice_axis(Axis(0), slots.into()).to_owned());
        Ok::<_, Infallible>(vec![block; hypotheses.len()])
    });
    let schedule = BlockSchedule::new(2, 1).unwrap();
    let beam = decode(&Strategy::Beam { width: 99 }, schedule, &[3], &mut model).unwrap().remove(0);
    let found: Vec<&[usize]> = beam.iter().map(|each| each.slate.as_slice()).collect();
    assert_eq!(found, [&[2, 0][..], &[1, 0], &[1, 2]]);
    let drawn = decode(&Strategy::Sample { seed: 1, samples: 50 }, schedule, &[3], &mut model).unwrap().remove(0);
    assert!(drawn.iter().all(|each| found.contains(&each.slate.as_slice())));
    for ruled_out in [vec![0, 1], vec![2, 1]] {
        let slate = Slate::new(ruled_out, 3).unwrap();
        assert_eq!(score_slates(schedule, &[slate], &mut model).unwrap(), [f64::NEG_INFINITY]);
    }
}
