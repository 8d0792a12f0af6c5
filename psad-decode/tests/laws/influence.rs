//! What placed candidates do to the logits of those below them.

use std::{convert::Infallible, ops::Range, sync::Arc};

use ndarray::{Array2, Axis, ShapeBuilder, array};
use proptest::prelude::*;
use psad_core::{Constraints, Slate, SlateBuilder};
use psad_decode::{BlockModel, BlockSchedule, DecodeError, Hypothesis, Influence, Picker, ScoreBlock, Strategy};
use psad_decode::{decode, decode_into, from_fn, score_slates};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use crate::cases::{Shape, some_rules};
use crate::fake::{Fake, every_slate, schedules, strategies};
use crate::swayed::{By, Swayed, swayed};

fn one_by_one(alpha: f32) -> [Strategy; 2] {
    [Strategy::Greedy, Strategy::Contrastive { alpha }]
}

/// An empty slate with rules for each list, where they can be kept, and without, where they cannot.
fn builders(swayed: &Swayed, slots: usize, seed: u64) -> Vec<(SlateBuilder, Constraints)> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut builder = |candidates| {
        let rules = some_rules(&mut rng, &Shape { rules: 0..=3, ..Shape::SMALL }, candidates, slots);
        match SlateBuilder::constrained(candidates, slots, &rules) {
            Ok(slate) => (slate, rules),
            Err(_) => (SlateBuilder::new(candidates), Constraints::new()),
        }
    };
    swayed.candidates().into_iter().map(&mut builder).collect()
}

/// Runs a list by hand, as a server does, with logits in either layout.
fn picked(
    picker: &mut Picker,
    swayed: &Swayed,
    schedule: BlockSchedule,
    mut slate: SlateBuilder,
    turned: bool,
) -> Slate {
    let (vectors, influence) = (swayed.network.clone().vectors(0).unwrap(), swayed.influence(0));
    picker.start(&slate, vectors.as_ref().map(|vectors| vectors.view())).unwrap();
    let longest = slate.slots();
    for slots in schedule.blocks().take_while(|slots| slots.start < longest) {
        let mut logits = swayed.block(0, slate.placed(), slots);
        if turned {
            let mut columns = Array2::zeros(logits.dim().f());
            columns.assign(&logits);
            logits = columns;
        }
        picker.fill(&mut slate, logits.view(), Some(&influence)).unwrap();
    }
    slate.finish()
}

/// A batch whose logits depend on nothing but the slot, so that blocks of one slot can be told from any others.
fn forgetful(swayed: &Swayed) -> Swayed {
    let Fake { lists, levels, .. } = swayed.network.clone();
    Swayed { network: Fake::new(lists, false, levels), ..swayed.clone() }
}

proptest! {
    #[test]
    fn no_influence_changes_nothing(
        swayed in swayed(9), schedule in schedules(11), strategy in strategies(), by_reach: bool,
    ) {
        let expected = decode(&strategy, schedule, &swayed.candidates(), &mut swayed.network.clone()).unwrap();
        let (effect, reach) = if by_reach { (3., vec![0.; 4]) } else { (0., vec![1.; 20]) };
        let mut network = swayed.network.clone();
        let lists = network.lists.clone();
        let mut model = from_fn(|hypotheses: &[Hypothesis], slots: Range<usize>| {
            let sway = |(hypothesis, block): (&Hypothesis, ScoreBlock)| {
                let pairs = Array2::from_elem((hypothesis.candidates(), hypothesis.candidates()), effect);
                block.with_influence(Arc::new(Influence::new(pairs, reach.clone())))
            };
            let blocks = network.block_logits(hypotheses, slots)?;
            Ok::<_, Infallible>(hypotheses.iter().zip(blocks).map(sway).collect())
        })
        .with_vectors((0..lists.len()).map(|list| swayed.network.clone().vectors(list).unwrap().unwrap()).collect());
        prop_assert_eq!(decode(&strategy, schedule, &swayed.candidates(), &mut model).unwrap(), expected);
    }

    #[test]
    fn greedy_takes_the_best_of_each_slot_in_the_light_of_those_above(
        swayed in swayed(9), schedule in schedules(11),
    ) {
        let decoded = decode(&Strategy::Greedy, schedule, &swayed.candidates(), &mut swayed.clone()).unwrap();
        for (list, slates) in decoded.iter().enumerate() {
            let expected = swayed.greedy(list, schedule);
            prop_assert_eq!(slates[0].slate.as_slice(), &expected);
            let log_probability = swayed.log_probability(list, schedule, &expected);
            prop_assert!((slates[0].log_probability - log_probability).abs() < 1e-9);
        }
    }

    #[test]
    fn any_blocks_give_what_a_network_gives_that_runs_for_each_slot(
        swayed in swayed(9), schedule in schedules(11), strategy in strategies(),
    ) {
        // These look at a block as a whole.
        let whole = matches!(strategy, Strategy::Contrastive { .. } | Strategy::Assignment | Strategy::Plan);
        prop_assume!(!whole);
        let swayed = forgetful(&swayed);
        let found = decode(&strategy, schedule, &swayed.candidates(), &mut swayed.clone()).unwrap();
        let each = BlockSchedule::new(schedule.slots(), 1).unwrap();
        let expected = decode(&strategy, each, &swayed.candidates(), &mut swayed.by(By::Network)).unwrap();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn in_blocks_of_one_slot_it_means_nothing_who_adds_it(
        swayed in swayed(9), slots in 1_usize..11, strategy in strategies(),
    ) {
        // It looks ahead to what only the decoder can tell it.
        prop_assume!(strategy != Strategy::Plan);
        let each = BlockSchedule::new(slots, 1).unwrap();
        let expected = decode(&strategy, each, &swayed.candidates(), &mut swayed.by(By::Network)).unwrap();
        prop_assert_eq!(decode(&strategy, each, &swayed.candidates(), &mut swayed.clone()).unwrap(), expected);
    }

    #[test]
    fn assignment_goes_by_what_stands_above_its_block(swayed in swayed(8), schedule in schedules(9)) {
        let run = |by| decode(&Strategy::Assignment, schedule, &swayed.candidates(), &mut swayed.by(by)).unwrap();
        for (found, expected) in run(By::Decoder).iter().zip(run(By::Network)) {
            prop_assert_eq!(&found[0].slate, &expected[0].slate);
        }
    }

    #[test]
    fn contrastive_picks_maximise_the_formula(swayed in swayed(8), schedule in schedules(9), alpha in 0_f32..=1.) {
        let strategy = Strategy::Contrastive { alpha };
        let decoded = decode(&strategy, schedule, &swayed.candidates(), &mut swayed.clone()).unwrap();
        for (list, slates) in decoded.iter().enumerate() {
            let (slate, vectors) = (slates[0].slate.as_slice(), swayed.network.clone().vectors(list).unwrap().unwrap());
            let length = |item: usize| f64::from(vectors.row(item).dot(&vectors.row(item))).sqrt();
            let cosine = |a: usize, b: usize| {
                let dot = f64::from(vectors.row(a).dot(&vectors.row(b)));
                if dot == 0. { 0. } else { dot / (length(a) * length(b)) }
            };
            for (slot, &pick) in slate.iter().enumerate() {
                let placed = &slate[..slot];
                let begin = schedule.block_of(slot) * schedule.block_size();
                let weight = |item| swayed.logit(list, schedule, placed, item).exp();
                let all: f64 = swayed.free(list, &slate[..begin]).map(weight).sum();
                let value = |item: usize| {
                    let nearest = placed.iter().map(|&other| cosine(item, other)).reduce(f64::max).unwrap_or(0.);
                    (1. - f64::from(alpha)) * weight(item) / all - f64::from(alpha) * nearest
                };
                prop_assert!(swayed.free(list, placed).all(|other| value(pick) > value(other) - 1e-9));
            }
        }
    }

    #[test]
    fn neither_padding_nor_other_lists_change_a_result(
        swayed in swayed(9), schedule in schedules(11), strategy in strategies(),
    ) {
        let together = decode(&strategy, schedule, &swayed.candidates(), &mut swayed.clone()).unwrap();
        for (list, expected) in together.iter().enumerate() {
            let mut alone = swayed.alone(list);
            prop_assert_eq!(&decode(&strategy, schedule, &alone.candidates(), &mut alone).unwrap()[0], expected);
        }
    }

    #[test]
    fn a_picker_gives_the_decoders_slates(
        swayed in swayed(9), schedule in schedules(11), alpha in 0_f32..=1., seed: u64, turned: bool,
    ) {
        let builders = builders(&swayed, schedule.slots(), seed);
        for strategy in one_by_one(alpha) {
            let slates = builders.iter().map(|(slate, _)| slate.clone()).collect();
            let decoded = decode_into(&strategy, schedule, slates, &mut swayed.clone()).unwrap();
            let mut picker = Picker::new(&strategy).unwrap();
            for (list, (slate, _)) in builders.iter().enumerate() {
                let found = picked(&mut picker, &swayed.alone(list), schedule, slate.clone(), turned);
                prop_assert_eq!(&found, &decoded[list][0].slate, "{:?}", &strategy);
            }
        }
    }

    #[test]
    fn every_strategy_keeps_the_rules(
        swayed in swayed(7), schedule in schedules(8), strategy in strategies(), seed: u64,
    ) {
        let builders = builders(&swayed, schedule.slots(), seed);
        let slates = builders.iter().map(|(slate, _)| slate.clone()).collect();
        let decoded = decode_into(&strategy, schedule, slates, &mut swayed.clone()).unwrap();
        for (slates, (slate, rules)) in decoded.iter().zip(&builders) {
            prop_assert!(!slates.is_empty());
            for each in slates {
                prop_assert_eq!(each.slate.len(), slate.slots().min(schedule.slots()));
                prop_assert_eq!(rules.violated(each.slate.as_slice()), None);
                prop_assert!(Slate::new(each.slate.as_slice().to_vec(), slate.candidates()).is_ok());
            }
        }
    }

    #[test]
    fn probabilities_are_exact_and_add_up_to_one(swayed in swayed(4), slots in 1_usize..6) {
        let (swayed, candidates) = (swayed.alone(0), swayed.candidates()[0]);
        for block in 1..=slots {
            let schedule = BlockSchedule::new(slots, block).unwrap();
            let mut total = 0.;
            for items in every_slate(candidates, slots.min(candidates)) {
                let slate = Slate::new(items.clone(), candidates).unwrap();
                let score = score_slates(schedule, &[slate], &mut swayed.clone()).unwrap()[0];
                prop_assert!((score - swayed.log_probability(0, schedule, &items)).abs() < 1e-9);
                total += score.exp();
            }
            prop_assert!((total - 1.).abs() < 1e-12, "{}", total);
        }
    }

    #[test]
    fn what_is_decoded_scores_as_it_was_decoded(
        swayed in swayed(8), schedule in schedules(9), strategy in strategies(),
    ) {
        let decoded = decode(&strategy, schedule, &swayed.candidates(), &mut swayed.clone()).unwrap();
        let last: Vec<Slate> = decoded.iter().map(|slates| slates[slates.len() - 1].slate.clone()).collect();
        let scores = score_slates(schedule, &last, &mut swayed.clone()).unwrap();
        for (score, slates) in scores.iter().zip(&decoded) {
            prop_assert!((score - slates[slates.len() - 1].log_probability).abs() < 1e-9);
        }
    }

    #[test]
    fn a_beam_of_one_is_greedy(swayed in swayed(9), schedule in schedules(11)) {
        let run = |strategy| decode(&strategy, schedule, &swayed.candidates(), &mut swayed.clone()).unwrap();
        prop_assert_eq!(run(Strategy::Beam { width: 1 }), run(Strategy::Greedy));
    }

    #[test]
    fn a_beam_that_holds_everything_finds_the_most_probable_slate(swayed in swayed(5), schedule in schedules(6)) {
        let (swayed, candidates) = (swayed.alone(0), swayed.candidates()[0]);
        let beam = decode(&Strategy::Beam { width: usize::MAX }, schedule, &[candidates], &mut swayed.clone());
        let beam = beam.unwrap().remove(0);
        let slates = every_slate(candidates, schedule.slots().min(candidates));
        prop_assert_eq!(beam.len(), slates.len());
        let values = slates.iter().map(|slate| swayed.log_probability(0, schedule, slate));
        prop_assert!((beam[0].log_probability - values.fold(f64::NEG_INFINITY, f64::max)).abs() < 1e-9);
    }

    #[test]
    fn nothing_reaches_further_than_the_reach_is_long(swayed in swayed(9), schedule in schedules(9), strategy in strategies()) {
        let run = |reach: Vec<f32>| {
            let mut swayed = Swayed { reach, ..swayed.clone() };
            decode(&strategy, schedule, &swayed.candidates(), &mut swayed).unwrap()
        };
        let mut longer = swayed.reach.clone();
        longer.resize(longer.len() + 9, 0.);
        prop_assert_eq!(run(longer), run(swayed.reach.clone()));
        // No slot has more than eight above it.
        let mut beyond = swayed.reach.clone();
        beyond.resize(8, 0.);
        let shown = beyond.clone();
        beyond.push(4.);
        prop_assert_eq!(run(beyond), run(shown));
    }

    #[test]
    fn any_numbers_end_in_a_slate_or_a_named_error_and_in_a_picker_in_the_same(
        numbers in prop::collection::vec(prop_oneof![1 => any::<f32>(), 1 => Just(f32::NEG_INFINITY), 9 => -2_f32..2.], 25),
        reach in prop::collection::vec(prop_oneof![1 => any::<f32>(), 4 => -1_f32..1.], 0..5),
        strategy in strategies(), alpha in 0_f32..=1., block in 1_usize..5,
    ) {
        let influence = Arc::new(Influence::new(Array2::from_shape_vec((5, 5), numbers).unwrap(), reach));
        let table = Array2::from_shape_fn((4, 5), |(slot, item)| (slot as f32 - item as f32).abs());
        let mut model = from_fn(|hypotheses: &[Hypothesis], slots: Range<usize>| {
            let block = ScoreBlock::new(table.slice_axis(Axis(0), slots.into()).to_owned());
            Ok(vec![block.with_influence(Arc::clone(&influence)); hypotheses.len()])
        })
        .with_vectors(vec![Array2::eye(5)]);
        let schedule = BlockSchedule::new(4, block).unwrap();
        let named = |error: &DecodeError<Infallible>| matches!(error, DecodeError::NonFinite { list: 0, .. });
        match decode(&strategy, schedule, &[5], &mut model) {
            Ok(lists) => prop_assert!(lists[0].iter().all(|each| each.slate.len() == 4 && each.log_probability <= 0.)),
            Err(error) => prop_assert!(named(&error), "{}", error),
        }
        for strategy in one_by_one(alpha) {
            let expected = decode(&strategy, schedule, &[5], &mut model).map(|lists| lists[0][0].slate.clone());
            let (mut picker, mut slate) = (Picker::new(&strategy).unwrap(), SlateBuilder::new(0));
            slate.reset(5, 4);
            picker.start(&slate, Some(Array2::eye(5).view())).unwrap();
            let found = schedule.blocks().try_for_each(|slots| {
                picker.fill(&mut slate, table.slice_axis(Axis(0), slots.into()), Some(&influence))
            });
            // Debug output, because NaN equals nothing.
            prop_assert_eq!(format!("{:?}", found.map(|()| slate.finish())), format!("{expected:?}"));
        }
    }
}

#[test]
fn an_effect_fades_with_the_distance_and_ends() {
    // Candidate 0 is placed first, and takes 2 from its like, candidate 1: all of it one slot below, half of it two.
    let pairs = array![[0., -2., 0., 0., 0.], [0.; 5], [0.; 5], [0.; 5], [0.; 5]];
    let logits = [9_f32, 4.5, 3., 2.8, 0.];
    let run = |reach: Vec<f32>| {
        let influence = Arc::new(Influence::new(pairs.clone(), reach));
        let mut model = from_fn(|hypotheses: &[Hypothesis], slots: Range<usize>| {
            let rows = Array2::from_shape_fn((slots.len(), 5), |(_, item)| logits[item]);
            Ok::<_, Infallible>(vec![ScoreBlock::new(rows).with_influence(Arc::clone(&influence)); hypotheses.len()])
        });
        let schedule = BlockSchedule::new(5, 5).unwrap();
        decode(&Strategy::Greedy, schedule, &[5], &mut model).unwrap()[0][0].slate.as_slice().to_vec()
    };
    assert_eq!(run(vec![]), [0, 1, 2, 3, 4]);
    assert_eq!(run(vec![1., 0.5]), [0, 2, 1, 3, 4]);
    assert_eq!(run(vec![1.]), [0, 2, 1, 3, 4]);
    assert_eq!(run(vec![1., 1.]), [0, 2, 3, 1, 4]);
    assert_eq!(run(vec![1.; 4]), [0, 2, 3, 1, 4]);
    assert_eq!(run(vec![4.; 4]), [0, 2, 3, 4, 1]);
    assert_eq!(run(vec![0., 4.]), [0, 1, 2, 3, 4]);
}

#[test]
fn what_may_not_stand_below_something_is_not_placed_there() {
    let low = f32::NEG_INFINITY;
    let influence = Arc::new(Influence::new(array![[0., low, 0.], [0., 0., 0.], [0., low, 0.]], vec![1.; 2]));
    let mut model = from_fn(|hypotheses: &[Hypothesis], slots: Range<usize>| {
        let block = ScoreBlock::new(Array2::zeros((slots.len(), 3))).with_influence(Arc::clone(&influence));
        Ok::<_, Infallible>(vec![block; hypotheses.len()])
    });
    let schedule = BlockSchedule::new(2, 2).unwrap();
    let beam = decode(&Strategy::Beam { width: 9 }, schedule, &[3], &mut model).unwrap().remove(0);
    let found: Vec<&[usize]> = beam.iter().map(|each| each.slate.as_slice()).collect();
    assert_eq!(found, [[0, 2], [2, 0], [1, 0], [1, 2]]);
    let ruled_out = Slate::new(vec![0, 1], 3).unwrap();
    assert_eq!(score_slates(schedule, &[ruled_out], &mut model).unwrap(), [f64::NEG_INFINITY]);
}

#[test]
fn an_influence_between_too_few_is_refused_and_one_between_more_is_not() {
    let influence = |count: usize| Arc::new(Influence::new(Array2::zeros((count, count)), vec![1.]));
    let schedule = BlockSchedule::new(2, 1).unwrap();
    for (known, refused) in [(0, true), (2, true), (3, false), (7, false)] {
        let mut model = from_fn(|hypotheses: &[Hypothesis], slots: Range<usize>| {
            // The first list has but two candidates, and the influence comes with the second block.
            let block = ScoreBlock::new(Array2::zeros((slots.len(), 3)));
            let block = |each: &Hypothesis| match (each.list, slots.start) {
                (1, 1) => block.clone().with_influence(influence(known)),
                _ => block.clone().with_influence(influence(3)),
            };
            Ok::<_, Infallible>(hypotheses.iter().map(block).collect())
        });
        let expected = refused.then_some(DecodeError::InfluenceShape { list: 1, expected: 3, found: known });
        assert_eq!(decode(&Strategy::Greedy, schedule, &[2, 3], &mut model).err(), expected);
        let slates = [Slate::initial(2, 2), Slate::initial(3, 2)];
        assert_eq!(score_slates(schedule, &slates, &mut model).err(), expected);

        let (mut picker, mut slate) = (Picker::new(&Strategy::Greedy).unwrap(), SlateBuilder::new(3));
        picker.start(&slate, None).unwrap();
        picker.fill(&mut slate, array![[0., 1., 0.]].view(), None).unwrap();
        let expected = refused.then_some(DecodeError::InfluenceShape { list: 0, expected: 3, found: known });
        let found = picker.fill(&mut slate, array![[0., 0., 0.]].view(), Some(&influence(known)));
        assert_eq!(found.err(), expected);
        assert_eq!(slate.placed(), if refused { &[1][..] } else { &[1, 0] });
    }
}

#[test]
fn what_is_written_anew_is_what_is_made_anew() {
    let pairs: Array2<f32> = array![[0., 1.], [-2., 0.]];
    let mut influence = Influence::new(Array2::from_elem((5, 5), 7.), vec![9.; 9]);
    assert!(influence.reset(2, &[0.5]).iter().all(|&effect| effect == 0.), "all without influence");
    influence.reset(2, &[0.5]).copy_from_slice(pairs.as_slice().unwrap());
    assert_eq!(influence, Influence::new(pairs.clone(), vec![0.5]));
    assert_eq!((influence.candidates(), Influence::default().candidates()), (2, 0));
    let mut logits = [0., 0., 5.];
    influence.add(&mut logits, &[1, 0], 1);
    assert_eq!(logits, [-1., 0., 5.], "slot 1 has candidate 1 above it, and padding stays");
    // Of a table that is not square the square remains, in any layout.
    assert_eq!(Influence::new(array![[0., 1., 8.], [-2., 0., 8.]], vec![0.5]), influence);
    assert_eq!(Influence::new(array![[0., 1.], [-2., 0.], [8., 8.]], vec![0.5]), influence);
    assert_eq!(Influence::new(pairs.t().to_owned().reversed_axes(), vec![0.5]), influence);
}
