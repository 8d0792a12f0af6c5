//! A refined slate is valid, keeps the rules, and is expected to bring no fewer clicks.

use ndarray::Array2;
use proptest::{collection::vec, prelude::*};
use psad_core::{Constraints, SlateBuilder, SlateError};
use psad_decode::{DecodeError, Influence, expected_clicks, refine};

/// Log-odds of a click, what candidates do to those below them, how likely slots are looked at; and where to start.
#[derive(Debug, Clone)]
struct List {
    scores: Vec<f32>,
    pairs: Array2<f32>,
    reach: Vec<f32>,
    exposure: Vec<f32>,
    start: Vec<usize>,
}

impl List {
    fn influence(&self) -> Influence {
        Influence::new(self.pairs.clone(), self.reach.clone()).with_exposure(self.exposure.clone())
    }

    fn empty(&self) -> SlateBuilder {
        let mut slate = SlateBuilder::new(0);
        slate.reset(self.scores.len(), self.start.len());
        slate
    }

    fn refined(&self, mut slate: SlateBuilder, sweeps: usize) -> Vec<usize> {
        refine(&mut slate, &self.start, &self.scores, &self.influence(), sweeps).unwrap();
        slate.placed().to_vec()
    }

    fn worth(&self, slate: &[usize]) -> f64 {
        let logit = |slot: usize| {
            let above = (0..slot)
                .map(|above| self.reach.get(slot - above - 1).unwrap_or(&0.) * self.pairs[[slate[above], slate[slot]]]);
            self.scores[slate[slot]] + above.sum::<f32>()
        };
        let sigmoid = |x: f32| 1. / (1. + f64::from(-x).exp());
        (0..slate.len()).map(|slot| sigmoid(self.exposure[slot]) * sigmoid(logit(slot))).sum()
    }
}

fn lists() -> impl Strategy<Value = List> {
    (1_usize..=9, 1_usize..=9).prop_flat_map(|(candidates, slots)| {
        let slots = slots.min(candidates);
        let numbers = |count| vec(-2_f32..2., count);
        let start = Just((0..candidates).collect::<Vec<_>>()).prop_shuffle();
        let numbers =
            (numbers(candidates), numbers(candidates * candidates), numbers(slots.min(4)), numbers(slots), start);
        numbers.prop_map(move |(scores, pairs, reach, exposure, mut start)| {
            start.truncate(slots);
            let pairs = Array2::from_shape_vec((candidates, candidates), pairs).unwrap();
            List { scores, pairs, reach, exposure, start }
        })
    })
}

proptest! {
    #[test]
    fn expected_clicks_are_those_by_which_moves_are_judged(list in lists(), stranger in 9_usize..99) {
        let found = expected_clicks(&list.start, &list.scores, &list.influence());
        prop_assert!((found - list.worth(&list.start)).abs() < 1e-5, "{found}, {}", list.worth(&list.start));
        // What is no candidate is not clicked.
        for stranger in [stranger, usize::MAX] {
            prop_assert_eq!(expected_clicks(&[stranger], &list.scores, &list.influence()), 0.);
            let alone = expected_clicks(&[list.start[0]], &list.scores, &list.influence());
            let below = expected_clicks(&[list.start[0], stranger], &list.scores, &list.influence());
            prop_assert_eq!(below, alone);
            // Nor does it do anything to what stands below.
            prop_assert!(expected_clicks(&[stranger, list.start[0]], &list.scores, &list.influence()).is_finite());
        }
    }

    #[test]
    fn more_sweeps_never_cost_clicks(list in lists()) {
        let mut before = list.worth(&list.start);
        for sweeps in [0, 1, 2, 20] {
            let worth = list.worth(&list.refined(list.empty(), sweeps));
            prop_assert!(worth >= before - 1e-5, "{sweeps}: {worth} after {before}");
            before = worth;
        }
    }

    #[test]
    fn it_is_a_slate_of_as_many(list in lists(), sweeps in 0_usize..4) {
        let mut slate = list.refined(list.empty(), sweeps);
        prop_assert_eq!(slate.len(), list.start.len());
        slate.sort_unstable();
        slate.dedup();
        prop_assert_eq!(slate.len(), list.start.len());
        prop_assert!(slate.iter().all(|&item| item < list.scores.len()));
    }

    #[test]
    fn rules_are_kept(list in lists(), sweeps in 1_usize..4, pinned in any::<prop::sample::Index>()) {
        let slot = pinned.index(list.start.len());
        let rules = Constraints::new().pin(list.start[slot], slot);
        let slate = SlateBuilder::constrained(list.scores.len(), list.start.len(), &rules).unwrap();
        prop_assert_eq!(list.refined(slate, sweeps)[slot], list.start[slot]);
    }

    #[test]
    fn in_the_end_no_swap_gains(list in lists()) {
        let refined = list.refined(list.empty(), 20);
        let rest = (0..list.scores.len()).filter(|item| !refined.contains(item));
        let order: Vec<usize> = refined.iter().copied().chain(rest).collect();
        for (one, other) in (0..refined.len()).flat_map(|one| (one + 1..order.len()).map(move |other| (one, other))) {
            let mut swapped = order.clone();
            swapped.swap(one, other);
            prop_assert!(list.worth(&swapped[..refined.len()]) <= list.worth(&refined) + 1e-5, "{one} {other}");
        }
    }

    #[test]
    fn what_no_slot_allows_stays_out(mut list in lists()) {
        let out = list.start.pop().expect("a list has a slot");
        let rules = Constraints::new().forbid(out, ..);
        let slate = SlateBuilder::constrained(list.scores.len(), list.start.len(), &rules).unwrap();
        prop_assert!(!list.refined(slate, 3).contains(&out));
    }

    #[test]
    fn without_any_sweep_nothing_moves(list in lists()) {
        prop_assert_eq!(list.refined(list.empty(), 0), list.start);
    }
}

/// More slots than the search looks at.
#[test]
fn a_slate_longer_than_the_pool_stays() {
    let list = List {
        scores: (0..60).map(|item| (item * 7 % 11) as f32).collect(),
        pairs: Array2::zeros((60, 60)),
        reach: vec![1.],
        exposure: (0..50).map(|slot| -(slot as f32)).collect(),
        start: (0..50).collect(),
    };
    assert_eq!(list.refined(list.empty(), 3), list.start);
}

#[test]
fn what_cannot_be_is_an_error() {
    let influence = Influence::new(Array2::zeros((3, 3)), vec![1.]);
    let run = |slate: &mut SlateBuilder, start: &[usize], scores: &[f32], influence: &Influence| {
        refine(slate, start, scores, influence, 1).unwrap_err()
    };
    let mut slate = SlateBuilder::new(3);
    let narrow = Influence::new(Array2::zeros((2, 2)), vec![1.]);
    let shape = DecodeError::BlockShape { list: 0, expected: [1, 3], found: [1, 2] };
    assert_eq!(run(&mut slate, &[0], &[0.; 2], &influence), shape);
    assert_eq!(
        run(&mut slate, &[0], &[0.; 3], &narrow),
        DecodeError::InfluenceShape { list: 0, expected: 3, found: 2 }
    );
    let infinite = run(&mut slate, &[0], &[0., f32::INFINITY, 0.], &influence);
    assert_eq!(infinite, DecodeError::NonFinite { list: 0, slot: 0, item: 1, value: f32::INFINITY });
    let twice = DecodeError::Slate { list: 0, source: SlateError::Duplicate { item: 1 } };
    assert_eq!(run(&mut slate, &[1, 1], &[0.; 3], &influence), twice);
    let outside = DecodeError::Slate { list: 0, source: SlateError::OutOfRange { item: 3, candidates: 3 } };
    assert_eq!(run(&mut slate, &[3], &[0.; 3], &influence), outside);
    slate.push(2).unwrap();
    assert_eq!(run(&mut slate, &[0], &[0.; 3], &influence), DecodeError::NotEmpty { list: 0, placed: 1 });
}
