//! Slates in memory that is used again: they are the ones that fresh memory gives.

use std::cmp::Ordering;

use proptest::{prelude::*, sample::Index};
use psad_core::{Constraints, Group, Permutation, Rule, Slate, SlateBuilder, SlateError};

/// A list, its scores with many ties, and how much of its slate is filled before the scores do the rest.
#[derive(Debug, Clone)]
struct Case {
    scores: Vec<f32>,
    len: usize,
    before: Vec<Index>,
    rules: Constraints,
}

/// Higher scores come first; 0 and -0 are one.
fn descending(a: f32, b: f32) -> Ordering {
    b.partial_cmp(&a).unwrap()
}

fn score() -> impl Strategy<Value = f32> {
    prop_oneof![3 => (-3_i8..3).prop_map(f32::from), 1 => Just(-0.), 2 => -1e3_f32..1e3]
}

fn rule(candidates: usize) -> impl Strategy<Value = Rule> {
    let group = move || {
        let items = prop::collection::vec(0..candidates, 0..=candidates);
        items.prop_map(|items| Group::new(format!("{items:?}"), items))
    };
    prop_oneof![
        (0..candidates, 0..candidates).prop_map(|(item, slot)| Rule::Pin { item, slot }),
        (0..candidates, 0..candidates).prop_map(|(item, slot)| Rule::Forbid { item, slots: slot..slot + 2 }),
        (1..3_usize, group()).prop_map(|(limit, group)| Rule::AtMost { limit, window: None, group }),
        (1..3_usize, group()).prop_map(|(limit, group)| Rule::AtMost { limit, window: Some(2), group }),
    ]
}

fn cases() -> impl Strategy<Value = Case> {
    prop::collection::vec(score(), 1..16).prop_flat_map(|scores| {
        let rules = prop_oneof![
            1 => Just(Vec::new()),
            1 => prop::collection::vec(rule(scores.len()), 1..4),
        ];
        let before = prop::collection::vec(any::<Index>(), 0..4);
        (Just(scores), 0_usize..18, before, rules).prop_map(|(scores, len, before, rules)| Case {
            scores,
            len,
            before,
            rules: rules.into_iter().fold(Constraints::new(), Constraints::with),
        })
    })
}

fn place(builder: &mut SlateBuilder, picks: &[Index]) {
    for pick in picks {
        let free: Vec<usize> = builder.free().collect();
        if !free.is_empty() {
            builder.push(free[pick.index(free.len())]).unwrap();
        }
    }
}

/// Every slot takes the best candidate that it may.
fn slot_by_slot(mut builder: SlateBuilder, scores: &[f32]) -> Vec<usize> {
    while let Some(item) = builder.free().min_by(|&a, &b| descending(scores[a], scores[b])) {
        builder.push(item).unwrap();
    }
    builder.placed().to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn filling_by_score_takes_the_best_that_each_slot_may_with_and_without_rules(case in cases()) {
        let Ok(mut builder) = SlateBuilder::constrained(case.scores.len(), case.len, &case.rules) else { return Ok(()) };
        place(&mut builder, &case.before);
        let expected = slot_by_slot(builder.clone(), &case.scores);
        let slate = builder.clone().top_by_score(&case.scores).unwrap();
        prop_assert_eq!(slate.as_slice(), &expected[..]);
        builder.fill_by_score(&case.scores, &mut vec![7; 3]).unwrap();
        prop_assert_eq!(builder.placed(), &expected[..]);
        prop_assert_eq!(builder.free().count(), 0);
    }

    #[test]
    fn the_best_are_the_first_of_a_stable_sort(scores in prop::collection::vec(score(), 0..20), len in 0_usize..22) {
        let mut items: Vec<usize> = (0..scores.len()).collect();
        items.sort_by(|&a, &b| descending(scores[a], scores[b]));
        let all = Permutation::from_scores(&scores).unwrap();
        prop_assert_eq!(all.as_slice(), &items[..]);
        items.truncate(len);
        let best = Slate::top_by_score(&scores, len).unwrap();
        prop_assert_eq!(best.as_slice(), &items[..]);
        let mut builder = SlateBuilder::new(0);
        builder.reset(scores.len(), len);
        builder.fill_by_score(&scores, &mut Vec::new()).unwrap();
        prop_assert_eq!(builder.placed(), &items[..]);
    }

    #[test]
    fn a_builder_and_a_slate_that_were_used_before_are_like_new(cases in prop::collection::vec(cases(), 1..6)) {
        let mut used = SlateBuilder::new(3);
        let (mut slate, mut order) = (Slate::default(), Vec::new());
        for case in cases {
            let (candidates, none) = (case.scores.len(), Constraints::new());
            let mut fresh = SlateBuilder::constrained(candidates, case.len, &none).unwrap();
            used.reset(candidates, case.len);
            prop_assert_eq!(
                (used.slots(), used.candidates(), used.is_empty(), used.is_constrained()),
                (case.len.min(candidates), candidates, true, false)
            );
            place(&mut used, &case.before);
            place(&mut fresh, &case.before);
            prop_assert_eq!(used.placed(), fresh.placed());
            prop_assert!(used.free().eq(fresh.free()));
            used.fill_by_score(&case.scores, &mut order).unwrap();
            used.finish_into(&mut slate);
            prop_assert_eq!(&slate, &fresh.top_by_score(&case.scores).unwrap());
            // What had rules has none after a reset.
            if let Ok(constrained) = SlateBuilder::constrained(candidates, case.len, &case.rules) {
                used = constrained;
                place(&mut used, &case.before);
            }
        }
    }

    #[test]
    fn scores_that_order_nothing_are_refused_and_leave_the_slate_as_it_is(
        case in cases(), at in any::<Index>(), bad in prop_oneof![Just(f32::NAN), Just(f32::INFINITY), Just(f32::NEG_INFINITY)],
    ) {
        let mut builder = SlateBuilder::new(case.scores.len());
        place(&mut builder, &case.before);
        let placed = builder.placed().to_vec();
        let mut scores = case.scores.clone();
        let item = at.index(scores.len());
        scores[item] = bad;
        let refused = builder.fill_by_score(&scores, &mut Vec::new());
        let named = matches!(refused, Err(SlateError::NonFiniteScore { item: found, .. }) if found == item);
        prop_assert!(named);
        let short = builder.fill_by_score(&case.scores[1..], &mut Vec::new());
        let named = matches!(short, Err(SlateError::Length { .. }));
        prop_assert!(named);
        prop_assert_eq!(builder.placed(), &placed[..]);
    }
}

#[test]
fn a_slate_without_slots_takes_nothing() {
    let mut builder = SlateBuilder::constrained(3, 0, &Constraints::new()).unwrap();
    assert_eq!(builder.push(1), Err(SlateError::Full { slots: 0 }));
    builder.reset(0, 5);
    assert_eq!(builder.push(0), Err(SlateError::OutOfRange { item: 0, candidates: 0 }));
    assert_eq!(builder.finish(), Slate::default());
    assert_eq!(Slate::new(Vec::new(), 0), Ok(Slate::default()));
}
