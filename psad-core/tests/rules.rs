//! Rules: what a slate builder offers is what brute force finds, and whoever takes it ends in a slate that keeps them.

use std::collections::BTreeSet;

use proptest::prelude::*;
use psad_core::{ConstraintError, Constraints, Group, Rule, SlateBuilder, SlateError};

const LONGEST: usize = 7;

#[derive(Debug, Clone)]
struct Case {
    candidates: usize,
    slots: usize,
    rules: Constraints,
    picks: Vec<usize>,
}

fn groups(candidates: usize) -> impl Strategy<Value = Group> {
    prop::collection::vec(0..candidates, 0..=candidates).prop_map(|items| Group::new(format!("{items:?}"), items))
}

fn rule(candidates: usize) -> impl Strategy<Value = Rule> {
    let item = 0..candidates;
    let window = prop::option::of(1..=candidates + 1);
    let slots = (0..candidates, 1_usize..3).prop_map(|(start, len)| start..start + len);
    prop_oneof![
        2 => (item.clone(), 0..=candidates).prop_map(|(item, slot)| Rule::Pin { item, slot }),
        2 => (item, slots).prop_map(|(item, slots)| Rule::Forbid { item, slots }),
        3 => (0..=candidates, window.clone(), groups(candidates))
            .prop_map(|(limit, window, group)| Rule::AtMost { limit, window, group }),
        3 => (0..=candidates / 2, window, groups(candidates))
            .prop_map(|(limit, window, group)| Rule::AtLeast { limit, window, group }),
        2 => (groups(candidates), groups(candidates)).prop_map(|(one, other)| Rule::BanNeighbours { one, other }),
    ]
}

fn cases() -> impl Strategy<Value = Case> {
    (1..=LONGEST).prop_flat_map(|candidates| {
        let rules = prop::collection::vec(rule(candidates), 0..=5);
        let picks = prop::collection::vec(any::<prop::sample::Index>(), candidates);
        (1..=candidates + 1, rules, picks).prop_map(move |(len, rules, picks)| Case {
            candidates,
            slots: len.min(candidates),
            rules: rules.into_iter().fold(Constraints::new(), Constraints::with),
            picks: picks.into_iter().map(|pick| pick.index(LONGEST * 60)).collect(),
        })
    })
}

/// Every slate of `slots` that keeps the rules.
fn every_valid(candidates: usize, slots: usize, rules: &Constraints) -> Vec<Vec<usize>> {
    let mut slates = vec![Vec::new()];
    for _ in 0..slots {
        let longer = |slate: Vec<usize>| {
            (0..candidates).filter(|item| !slate.contains(item)).map(|item| [&slate[..], &[item]].concat()).collect()
        };
        slates = slates.into_iter().flat_map::<Vec<_>, _>(longer).collect();
    }
    slates.retain(|slate| rules.violated(slate).is_none());
    slates
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_free_is_what_brute_force_finds_and_no_choice_is_a_dead_end(case in cases()) {
        let mut valid = every_valid(case.candidates, case.slots, &case.rules);
        let mut builder = match SlateBuilder::constrained(case.candidates, case.slots, &case.rules) {
            Ok(builder) => builder,
            Err(ConstraintError::Infeasible { .. }) => {
                prop_assert!(valid.is_empty(), "{:?} was not found", valid[0]);
                return Ok(());
            }
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        };
        for slot in 0..case.slots {
            let expected: BTreeSet<usize> = valid.iter().map(|slate| slate[slot]).collect();
            let found: Vec<usize> = builder.free().collect();
            prop_assert_eq!(&found, &expected.into_iter().collect::<Vec<_>>(), "slot {}", slot);
            prop_assert!((0..case.candidates).all(|item| builder.is_free(item) == found.contains(&item)));
            let item = found[case.picks[slot] % found.len()];
            builder.push(item).unwrap();
            valid.retain(|slate| slate[slot] == item);
        }
        prop_assert_eq!(builder.free().count(), 0);
        let slate = builder.finish();
        prop_assert!(slate.len() == case.slots && case.rules.violated(slate.as_slice()).is_none());
    }

    #[test]
    fn conflicting_rules_are_named_and_none_of_them_is_idle(case in cases()) {
        let Err(error) = SlateBuilder::constrained(case.candidates, case.slots, &case.rules) else { return Ok(()) };
        let ConstraintError::Infeasible { slots, candidates, rules } = error else {
            return Err(TestCaseError::fail("another error"));
        };
        prop_assert_eq!((slots, candidates), (case.slots, case.candidates));
        prop_assert!(!rules.is_empty() && rules.iter().all(|rule| case.rules.rules().contains(rule)));
        let feasible = |rules: &[Rule]| {
            let rules = rules.iter().cloned().fold(Constraints::new(), Constraints::with);
            !every_valid(candidates, slots, &rules).is_empty()
        };
        prop_assert!(!feasible(&rules));
        for left_out in 0..rules.len() {
            let mut rest = rules.clone();
            rest.remove(left_out);
            prop_assert!(feasible(&rest), "\"{}\" does not matter", rules[left_out]);
        }
    }

    #[test]
    fn candidates_of_a_class_are_free_together_and_what_is_not_allowed_stands_nowhere(case in cases()) {
        let Ok(mut builder) = SlateBuilder::constrained(case.candidates, case.slots, &case.rules) else { return Ok(()) };
        let valid = every_valid(case.candidates, case.slots, &case.rules);
        for (item, slot) in (0..case.candidates).flat_map(|item| (0..case.slots).map(move |slot| (item, slot))) {
            prop_assert!(builder.allows(item, slot) || valid.iter().all(|slate| slate[slot] != item));
        }
        prop_assert!(!builder.allows(case.candidates, 0) && !builder.allows(0, case.slots));
        for slot in 0..case.slots {
            for (one, other) in (0..case.candidates).flat_map(|one| (0..one).map(move |other| (one, other))) {
                let placed = builder.placed().contains(&one) || builder.placed().contains(&other);
                let alike = builder.class_of(one) == builder.class_of(other);
                prop_assert!(placed || !alike || builder.is_free(one) == builder.is_free(other));
            }
            let found: Vec<usize> = builder.free().collect();
            builder.push(found[case.picks[slot] % found.len()]).unwrap();
        }
    }

    #[test]
    fn what_is_not_free_is_refused_and_changes_nothing(case in cases()) {
        let Ok(builder) = SlateBuilder::constrained(case.candidates, case.slots, &case.rules) else { return Ok(()) };
        for item in (0..=case.candidates).filter(|&item| !builder.is_free(item)) {
            let mut refusing = builder.clone();
            let error = refusing.push(item).unwrap_err();
            let expected = match item {
                outside if outside == case.candidates => matches!(error, SlateError::OutOfRange { .. }),
                _ => error == SlateError::Ruled { item, slot: 0 },
            };
            prop_assert!(expected, "{}", error);
            prop_assert!(refusing.is_empty() && refusing.free().eq(builder.free()));
        }
    }
}

#[test]
fn a_long_list_with_many_rules_is_filled_without_a_dead_end() {
    let (candidates, slots) = (300, 60);
    let genre = |item: usize| (item * 7 % 30) as u32;
    let genres = || Group::by_category("genre", (0..candidates).map(genre));
    let fresh = Group::new("fresh", (0..candidates).filter(|item| item % 11 == 0));
    let rules = Constraints::new()
        .at_most_each(3, genres())
        .at_most_each_in_window(1, 4, genres())
        .at_least_in_window(1, 5, fresh.clone())
        .pin(299, 7)
        .forbid(0, ..10)
        .ban_neighbours(Group::new("odd", (1..candidates).step_by(2).take(20)), fresh);
    let slate = SlateBuilder::constrained(candidates, slots, &rules).unwrap();
    let slate = slate.in_order(&(0..candidates).collect::<Vec<_>>());
    assert_eq!(slate.len(), slots);
    assert_eq!(rules.violated(slate.as_slice()), None);
    assert_eq!(slate.as_slice()[7], 299);
}

#[test]
fn caps_that_leave_too_few_candidates_are_found_at_once() {
    // Thirty categories of four, at most one each, make thirty at most.
    let categories = Group::by_category("category", (0..120).map(|item| item / 4));
    let rules = Constraints::new().at_most_each(1, categories.clone());
    assert!(SlateBuilder::constrained(120, 30, &rules).is_ok());
    let error = SlateBuilder::constrained(120, 31, &rules).unwrap_err();
    assert!(matches!(&error, ConstraintError::Infeasible { rules, .. } if rules.len() == 30), "{error}");
    let rules = categories.into_iter().take(12).fold(Constraints::new(), |rules, group| rules.at_least(1, group));
    let error = SlateBuilder::constrained(120, 10, &rules).unwrap_err();
    assert!(matches!(&error, ConstraintError::Infeasible { rules, .. } if rules.len() == 11), "{error}");
}

#[test]
fn an_error_reads_as_a_sentence() {
    let rules = Constraints::new().keep_top().forbid(0, ..3);
    let error = SlateBuilder::constrained(4, 2, &rules).unwrap_err();
    let expected =
        "no slate of 2 out of 4 candidates keeps all of these rules: item 0 in slot 0; item 0 not in slots 0..3";
    assert_eq!(error.to_string(), expected);
    let error = Constraints::new().pin(4, 0).check(4).unwrap_err();
    assert_eq!(error.to_string(), "the rule \"item 4 in slot 0\" names item 4, but the list has 4 candidates");
    let error = Constraints::new().at_most_in_window(1, 0, Group::item(2)).check(4).unwrap_err();
    let expected = "the rule \"at most 1 of `item 2` in 0 slots\" looks at windows of 0 slots; the least is 1";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn entangled_rules_end_in_a_slate_or_in_an_error_and_not_in_waiting() {
    // Neighbours allowed along a grid only: the slate would be a Hamiltonian path through it.
    let side = 8;
    let beside = |a: usize, b: usize| (a / side).abs_diff(b / side) + (a % side).abs_diff(b % side) == 1;
    let ban = |rules: Constraints, item: usize| {
        let others = (0..side * side).filter(|&other| other != item && !beside(item, other));
        rules.ban_neighbours(Group::item(item), Group::new("far away", others))
    };
    let rules = (0..side * side).fold(Constraints::new(), ban).pin(0, 0).pin(side + 1, side * side - 1);
    match SlateBuilder::constrained(side * side, side * side, &rules) {
        Ok(builder) => {
            let slate = builder.in_order(&(0..side * side).collect::<Vec<_>>());
            assert_eq!(rules.violated(slate.as_slice()), None);
        }
        Err(error) => assert!(matches!(error, ConstraintError::Undecided { slots: 64, .. }), "{error}"),
    }
}

#[test]
fn the_longest_slates_overflow_no_stack() {
    // Whoever takes the larger half first has nobody left who may stand beside the last one, and must turn back.
    let candidates = 18_000;
    let smaller = Group::new("smaller half", 1..candidates / 2 - 10);
    let rules = Constraints::new().pin(0, candidates - 1).ban_neighbours(Group::item(0), smaller);
    match SlateBuilder::constrained(candidates, candidates, &rules) {
        Ok(builder) => assert_eq!(builder.slots(), candidates),
        Err(error) => assert!(matches!(error, ConstraintError::Undecided { .. }), "{error}"),
    }
}
