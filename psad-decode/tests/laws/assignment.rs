//! Exact assignment against looking at every slate.

use std::convert::Infallible;

use ndarray::{Array2, Axis, array};
use proptest::{collection::vec, prelude::*, strategy::Strategy as Generate};
use psad_core::SlateBuilder;
use psad_decode::{BlockSchedule, DecodeError, Decoded, ScoreBlock, Strategy, decode, decode_into, from_fn};

use crate::cases::{Case, Shape, some_rules};
use crate::fake::every_slate;

type Result<T> = std::result::Result<T, DecodeError<Infallible>>;

fn run(table: &Array2<f32>, strategy: &Strategy) -> Result<Decoded> {
    let mut model = from_fn(|hypotheses, slots| {
        let block = ScoreBlock::new(table.slice_axis(Axis(0), slots.into()).to_owned());
        Ok(vec![block; hypotheses.len()])
    });
    let schedule = BlockSchedule::new(table.nrows(), table.nrows()).unwrap();
    Ok(decode(strategy, schedule, &[table.ncols()], &mut model)?.remove(0).remove(0))
}

/// Sum of the logits of a slate: what `Π P` is up to a factor that all slates share.
fn value(table: &Array2<f32>, first_slot: usize, items: &[usize]) -> f64 {
    items.iter().enumerate().map(|(row, &item)| f64::from(table[[first_slot + row, item]])).sum()
}

proptest! {
    #[test]
    fn it_is_the_best_of_all_slates(
        candidates in 1_usize..=7, slots in 1_usize..=7,
        logits in vec(prop_oneof![6 => -9_f32..9., 2 => (-2_i8..3).prop_map(f32::from), 1 => Just(f32::NEG_INFINITY)], 49),
    ) {
        let slots = slots.min(candidates);
        let table = Array2::from_shape_vec((slots, candidates), logits[..slots * candidates].to_vec()).unwrap();
        let values = every_slate(candidates, slots).into_iter().map(|slate| value(&table, 0, &slate));
        let best = values.fold(f64::NEG_INFINITY, f64::max);
        match run(&table, &Strategy::Assignment) {
            Ok(found) => {
                let found = value(&table, 0, found.slate.as_slice());
                prop_assert!((found - best).abs() < 1e-9, "{found}, {best}");
            }
            Err(error) => {
                let ruled_out = matches!(error, DecodeError::NonFinite { value: f32::NEG_INFINITY, .. });
                prop_assert!(ruled_out && best == f64::NEG_INFINITY, "{error}");
            }
        }
    }

    #[test]
    fn in_each_block_it_is_the_best_of_all_that_keep_the_rules(seed: u64) {
        let case = Case::new(seed, &Shape { candidates: 1..=6, ..Shape::SMALL }, some_rules);
        let Ok(builder) = case.builder() else { return Ok(()) };
        let slate = case.search(&Strategy::Assignment, builder).remove(0);
        let mut possible = case.every_slate();
        for start in (0..slate.len()).step_by(case.block) {
            let block = start..slate.len().min(start + case.block);
            let worth = |slate: &[usize]| value(&case.table, start, &slate[block.clone()]);
            let best = possible.iter().map(|slate| worth(slate)).fold(f64::NEG_INFINITY, f64::max);
            prop_assert!((worth(slate.as_slice()) - best).abs() < 1e-9);
            possible.retain(|other| other[..block.end] == slate.as_slice()[..block.end]);
        }
    }

    #[test]
    fn it_is_never_worse_than_greedy(seed: u64) {
        let shape = Shape { candidates: 8..=30, slots: 2..=10, rules: 1..=4 };
        let case = Case { block: 10, ..Case::new(seed, &shape, some_rules) };
        let Ok(builder) = case.builder() else { return Ok(()) };
        let worth = |strategy| value(&case.table, 0, case.search(strategy, builder.clone())[0].as_slice());
        prop_assert!(worth(&Strategy::Assignment) >= worth(&Strategy::Greedy) - 1e-9);
    }
}

#[test]
fn it_gives_up_a_first_choice_for_the_slate() {
    let table = array![[2., 1.9, 0.], [2., 0., 0.]];
    assert_eq!(run(&table, &Strategy::Greedy).unwrap().slate.as_slice(), [0, 1]);
    assert_eq!(run(&table, &Strategy::Assignment).unwrap().slate.as_slice(), [1, 0]);
}

#[test]
fn it_finds_the_way_around_what_the_model_rules_out_where_greedy_finds_none() {
    let low = f32::NEG_INFINITY;
    let table = array![[2., 1., low], [1., low, low]];
    assert!(matches!(run(&table, &Strategy::Greedy), Err(DecodeError::NonFinite { slot: 1, .. })));
    let found = run(&table, &Strategy::Assignment).unwrap();
    assert_eq!(found.slate.as_slice(), [1, 0]);
    assert!(found.log_probability.is_finite());
    let hopeless = array![[1., low, low], [1., low, low]];
    assert_eq!(
        run(&hopeless, &Strategy::Assignment),
        Err(DecodeError::NonFinite { list: 0, slot: 1, item: 1, value: low })
    );
}

#[test]
fn the_greatest_and_smallest_numbers_do_not_drown_the_rest() {
    let (low, high) = (f32::MIN, f32::MAX);
    let table = array![[0., 1., low, 0.5], [low, 2., low, 1.], [3., low, 2.9, low]];
    assert_eq!(run(&table, &Strategy::Assignment).unwrap().slate.as_slice(), [3, 1, 0]);
    let table = array![[high, high, low], [high, low, high]];
    let found = run(&table, &Strategy::Assignment).unwrap();
    assert_eq!(value(&table, 0, found.slate.as_slice()), 2. * f64::from(high));
    let table = array![[1e6, 0.], [1e6, 1e-3]];
    assert_eq!(run(&table, &Strategy::Assignment).unwrap().slate.as_slice(), [0, 1]);
}

#[test]
fn what_orders_nothing_is_refused_with_its_place() {
    for value in [f32::NAN, f32::INFINITY] {
        let error = run(&array![[0., 0.], [0., value]], &Strategy::Assignment).unwrap_err();
        assert!(matches!(error, DecodeError::NonFinite { list: 0, slot: 1, item: 1, .. }));
    }
}

#[test]
fn a_list_without_room_for_the_block_is_filled() {
    let mut model = from_fn(|hypotheses, slots| {
        Ok::<_, Infallible>(vec![ScoreBlock::new(Array2::zeros((slots.len(), 3))); hypotheses.len()])
    });
    let schedule = BlockSchedule::new(9, 2).unwrap();
    let found = decode_into(&Strategy::Assignment, schedule, vec![SlateBuilder::new(3)], &mut model).unwrap();
    assert_eq!(found[0][0].slate.len(), 3);
}
