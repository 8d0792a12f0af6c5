//! No request of a great many ends in anything but a slate that keeps its rules, or in the news that none does.

use psad_core::{ConstraintError, Constraints, Group, Slate};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::cases::{Case, Shape, decoders, some_rules};

/// How requests of a run ended.
#[derive(Debug, Default)]
struct Count {
    filled: usize,
    infeasible: usize,
    undecided: usize,
}

/// Lists as a page has them, with rules as a shop has them.
fn shop_rules(rng: &mut ChaCha8Rng, _shape: &Shape, candidates: usize, slots: usize) -> Constraints {
    let categories = rng.random_range(2..12_u32);
    let codes: Vec<u32> = (0..candidates).map(|_| rng.random_range(0..categories)).collect();
    let groups = Group::by_category("category", codes);
    let mut rules = Constraints::new();
    if rng.random() {
        rules = rules.at_most_each(rng.random_range(1..4), groups.clone());
    }
    if rng.random() {
        let window = rng.random_range(2..5);
        rules = rules.at_most_each_in_window(rng.random_range(1..window), window, groups.clone());
    }
    if rng.random() {
        rules = rules.pin(rng.random_range(0..candidates), rng.random_range(0..slots));
    }
    if rng.random() {
        rules = rules.forbid(rng.random_range(0..candidates), ..);
    }
    if rng.random() {
        let group = groups[rng.random_range(0..groups.len())].clone();
        rules = rules.at_least(rng.random_range(1..3), group);
    }
    if rng.random() && groups.len() > 1 {
        rules = rules.ban_neighbours(groups[0].clone(), groups[1].clone());
    }
    rules
}

/// Small lists with any rules, and longer ones with sensible rules; every so often a long one.
fn case(seed: u64) -> Case {
    match seed % 64 {
        0 => Case::new(seed, &Shape { candidates: 60..=120, slots: 5..=10, rules: 0..=0 }, shop_rules),
        1..32 => Case::new(seed, &Shape { candidates: 4..=30, slots: 1..=10, rules: 0..=0 }, shop_rules),
        _ => Case::new(seed, &Shape { candidates: 1..=12, slots: 1..=8, rules: 0..=4 }, some_rules),
    }
}

/// Whether a slate is one: as long as it can be, of different candidates of the list, with all rules kept.
fn assert_valid(case: &Case, slate: &Slate, seed: u64) {
    let items = slate.as_slice();
    assert_eq!(items.len(), case.slots.min(case.candidates()), "request {seed}");
    assert!(Slate::new(items.to_vec(), case.candidates()).is_ok(), "request {seed}: {items:?}");
    assert_eq!(case.rules.violated(items), None, "request {seed}: {items:?}");
}

/// Sends each request to one decoder, and each decoder as many.
fn run(requests: u64) -> Count {
    let mut count = Count::default();
    for seed in 0..requests {
        let case = case(seed);
        let decoders = decoders(seed);
        // Kinds of lists and decoders take turns at different paces.
        let decoder = &decoders[(seed / 64 + seed) as usize % decoders.len()];
        match case.run(decoder) {
            Ok(slates) => {
                assert!(!slates.is_empty(), "request {seed}");
                for slate in &slates {
                    assert_valid(&case, slate, seed);
                }
                count.filled += 1;
            }
            Err(ConstraintError::Infeasible { rules, .. }) => {
                assert!(!rules.is_empty(), "request {seed}: rules conflict, and none is named");
                count.infeasible += 1;
            }
            Err(ConstraintError::Undecided { .. }) => count.undecided += 1,
            Err(error) => panic!("request {seed}: {error}"),
        }
        if requests > 100_000 && seed % 50_000 == 49_999 {
            println!("{} requests: {count:?}", seed + 1);
        }
    }
    count
}

fn assert_most_of_it_was_filled(count: &Count, requests: u64) {
    assert_eq!(count.filled + count.infeasible + count.undecided, requests as usize, "{count:?}");
    assert!(3 * count.filled >= requests as usize, "{count:?}");
    assert!(100_000 * count.undecided <= requests as usize, "{count:?}");
    assert!(count.infeasible > 0, "{count:?}");
}

#[test]
fn three_thousand_requests_end_in_valid_slates() {
    assert_most_of_it_was_filled(&run(3_000), 3_000);
}

#[test]
#[ignore = "takes minutes"]
fn a_million_requests_end_in_valid_slates() {
    assert_most_of_it_was_filled(&run(1_000_000), 1_000_000);
}
