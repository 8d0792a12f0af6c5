//! Whatever a model returns is a slate or an error with a name, never a panic.

use std::convert::Infallible;

use ndarray::{Array2, Axis, array};
use proptest::prelude::*;
use psad_core::{Slate, SlateError};
use psad_decode::{
    BlockSchedule, DecodeError, Decoded, ScoreBlock, Strategy, StrategyError, decode, from_fn, plackett_luce,
    score_slates,
};

type Result<T> = std::result::Result<T, DecodeError<Infallible>>;

/// Greedy decoding of lists of two candidates, two slots at once, when the network answers with `blocks`.
fn answer(lists: usize, blocks: &[Array2<f32>]) -> Result<Vec<Vec<Decoded>>> {
    let mut model = from_fn(|_, _| Ok(blocks.iter().cloned().map(ScoreBlock::new).collect()));
    decode(&Strategy::Greedy, BlockSchedule::new(2, 2).unwrap(), &vec![2; lists], &mut model)
}

#[test]
fn a_wrong_number_of_blocks_is_refused() {
    let error = answer(2, &[Array2::zeros((2, 2))]).unwrap_err();
    assert_eq!(error, DecodeError::BlockCount { expected: 2, found: 1 });
}

#[test]
fn a_block_may_be_wider_than_its_list_but_neither_narrower_nor_of_other_slots() {
    assert!(answer(1, &[Array2::zeros((2, 9))]).is_ok());
    for found in [[2, 1], [1, 2], [3, 2], [0, 0]] {
        let error = answer(2, &[Array2::zeros((2, 2)), Array2::zeros(found)]).unwrap_err();
        assert_eq!(error, DecodeError::BlockShape { list: 1, expected: [2, 2], found });
    }
}

#[test]
fn logits_that_order_nothing_are_refused_with_their_place() {
    let (nan, low, high) = (f32::NAN, f32::NEG_INFINITY, f32::INFINITY);
    let error = answer(2, &[array![[0., 0.], [0., 0.]], array![[0., 1.], [nan, 0.]]]).unwrap_err();
    assert!(matches!(error, DecodeError::NonFinite { list: 1, slot: 1, item: 0, value } if value.is_nan()));
    let error = answer(1, &[array![[0., nan], [0., 0.]]]).unwrap_err();
    assert!(matches!(error, DecodeError::NonFinite { list: 0, slot: 0, item: 1, .. }));
    let error = answer(1, &[array![[0., high], [0., 0.]]]).unwrap_err();
    assert_eq!(error, DecodeError::NonFinite { list: 0, slot: 0, item: 1, value: high });
    let error = answer(1, &[array![[0., low], [0., low]]]).unwrap_err();
    assert_eq!(error, DecodeError::NonFinite { list: 0, slot: 1, item: 1, value: low });
    // Placed by then, so nobody looks at it.
    assert!(answer(1, &[array![[0., low], [nan, 0.]]]).is_ok());
}

#[test]
fn lists_strategies_and_slates_are_checked_before_the_network_runs() {
    let mut model = from_fn(|_, _| -> std::result::Result<_, Infallible> { panic!("nothing to ask") });
    let schedule = BlockSchedule::new(2, 1).unwrap();
    let error = decode(&Strategy::Greedy, schedule, &[3, 0], &mut model).unwrap_err();
    assert_eq!(error, DecodeError::EmptyList { list: 1 });
    let error = decode(&Strategy::Beam { width: 0 }, schedule, &[3], &mut model).unwrap_err();
    assert_eq!(error, DecodeError::Strategy(StrategyError::NoWidth));
    let error = decode(&Strategy::Sample { seed: 1, samples: 0 }, schedule, &[3], &mut model).unwrap_err();
    assert_eq!(error, DecodeError::Strategy(StrategyError::NoSamples));
    for alpha in [-0.1, 1.1, f32::INFINITY] {
        let error = decode(&Strategy::Contrastive { alpha }, schedule, &[3], &mut model).unwrap_err();
        assert_eq!(error, DecodeError::Strategy(StrategyError::Alpha { alpha }));
    }
    assert!(Strategy::Contrastive { alpha: f32::NAN }.check().is_err());
    let error = score_slates(schedule, &[Slate::initial(5, 3)], &mut model).unwrap_err();
    assert_eq!(error, DecodeError::SlateLength { list: 0, slots: 2, found: 3 });
}

#[test]
fn contrastive_search_needs_vectors_that_fit_before_the_network_runs() {
    let run = |alpha, vectors: Vec<Array2<f32>>| {
        let answer = from_fn(|_, slots| if slots.start == 0 { Err("too far") } else { unreachable!() });
        let schedule = BlockSchedule::new(2, 1).unwrap();
        decode(&Strategy::Contrastive { alpha }, schedule, &[2, 3], &mut answer.with_vectors(vectors)).unwrap_err()
    };
    let two = Array2::zeros((2, 4));
    assert_eq!(run(0.5, vec![]), DecodeError::NoVectors { list: 0 });
    assert_eq!(run(0.5, vec![two.clone()]), DecodeError::NoVectors { list: 1 });
    let narrow = DecodeError::VectorCount { list: 1, expected: 3, found: 2 };
    assert_eq!(run(0.5, vec![two.clone(), two.clone()]), narrow);
    let value = f32::NEG_INFINITY;
    let poisoned = array![[0.], [1.], [value]];
    assert_eq!(run(0.5, vec![two.clone(), poisoned]), DecodeError::NonFiniteVector { list: 1, item: 2, value });
    assert_eq!(run(0.5, vec![two.clone(), Array2::zeros((3, 0))]), DecodeError::Model("too far"));
    // Greedy search compares nothing.
    assert_eq!(run(0., vec![]), DecodeError::Model("too far"));
}

#[test]
fn the_models_own_error_comes_back() {
    let mut model = from_fn(|_, _| Err("out of memory"));
    let error = decode(&Strategy::Greedy, BlockSchedule::new(1, 1).unwrap(), &[1], &mut model).unwrap_err();
    assert_eq!(error, DecodeError::Model("out of memory"));
}

#[test]
fn a_plain_scorer_refuses_what_orders_nothing() {
    let error = plackett_luce(&[0., f32::NAN], 1, 0).unwrap_err();
    assert!(matches!(error, SlateError::NonFiniteScore { item: 1, .. }));
    assert!(plackett_luce(&[f32::NEG_INFINITY], 1, 0).is_err());
    assert!(plackett_luce(&[], 1, 0).unwrap().slate.is_empty());
}

proptest! {
    #[test]
    fn any_numbers_end_in_a_slate_or_a_named_error(
        numbers in prop::collection::vec(prop_oneof![any::<f32>(), Just(f32::NEG_INFINITY), -2_f32..2.], 20),
        strategy in crate::fake::strategies(), block in 1_usize..5,
    ) {
        let table = Array2::from_shape_vec((4, 5), numbers).unwrap();
        let mut model = from_fn(|hypotheses, slots| {
            let block = ScoreBlock::new(table.slice_axis(Axis(0), slots.into()).to_owned());
            Ok::<_, Infallible>(vec![block; hypotheses.len()])
        })
        .with_vectors(vec![table.t().to_owned().mapv(f32::signum), Array2::eye(3)]);
        // One item is placed before the second slot: of two NaN there one is seen.
        let poisoned = table.row(1).iter().filter(|value| value.is_nan()).count() > 1;
        match decode(&strategy, BlockSchedule::new(4, block).unwrap(), &[5, 3], &mut model) {
            Ok(lists) => {
                prop_assert!(!poisoned);
                prop_assert!(lists[0].iter().all(|each| each.slate.len() == 4 && each.log_probability <= 0.));
                prop_assert!(lists[1].iter().all(|each| each.slate.len() == 3 && each.log_probability <= 0.));
            }
            Err(error) => {
                let named = matches!(error, DecodeError::NonFinite { .. } | DecodeError::NonFiniteVector { .. });
                prop_assert!(named, "{}", error);
            }
        }
    }
}
