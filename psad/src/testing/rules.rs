//! Random rules that can be kept, and some that cannot.

use psad_core::{Constraints, Group, Rule, SlateBuilder};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Most rules of one request.
const MOST: usize = 5;

/// Up to five rules that a slate of `min(len, candidates)` keeps, and that a slate builder can keep: each is drawn to hold
/// for a slate that was drawn before, and what is too entangled for the builder is drawn anew.
pub(super) fn possible(rng: &mut ChaCha8Rng, candidates: usize, len: usize) -> Constraints {
    for count in (0..=rng.random_range(1..=MOST)).rev() {
        let mut slate: Vec<usize> = (0..candidates).collect();
        slate.shuffle(rng);
        slate.truncate(len);
        let drawn = (0..count).map(|index| rule(rng, candidates, &slate, index));
        let rules = drawn.filter(|rule| rule.holds(&slate)).fold(Constraints::new(), Constraints::with);
        if SlateBuilder::constrained(candidates, len, &rules).is_ok() {
            return rules;
        }
    }
    Constraints::new()
}

/// Rules that no slate of `min(len, candidates)` keeps, among some that could be kept.
pub(super) fn impossible(rng: &mut ChaCha8Rng, candidates: usize, len: usize) -> Constraints {
    let slots = len.min(candidates);
    let all = || Group::new("everything", 0..candidates);
    let item = rng.random_range(0..candidates);
    let rules = possible(rng, candidates, len);
    match rng.random_range(0..if slots > 1 { 6 } else { 3 }) {
        0 => rules.pin(item, 0).forbid(item, ..=0),
        1 => rules.at_most(0, all()),
        2 => {
            let group = group(rng, candidates, 0);
            rules.at_least(group.items().len() + 1, group)
        }
        3 => rules.ban_neighbours(all(), all()),
        4 => rules.at_most_in_window(1, 2, all()),
        _ => rules.pin(item, slots - 1).pin((item + 1) % candidates, slots - 1),
    }
}

/// A rule that most often holds for `slate`.
fn rule(rng: &mut ChaCha8Rng, candidates: usize, slate: &[usize], index: usize) -> Rule {
    let group = group(rng, candidates, index);
    let window = rng.random_bool(0.5).then(|| rng.random_range(1..=slate.len() + 1));
    let slack = rng.random_range(0..2);
    match rng.random_range(0..5) {
        0 => {
            let slot = rng.random_range(0..slate.len());
            Rule::Pin { item: slate[slot], slot }
        }
        1 => {
            let start = rng.random_range(0..slate.len());
            Rule::Forbid { item: rng.random_range(0..candidates), slots: start..start + rng.random_range(1..4) }
        }
        2 => {
            let at_most = |limit| Rule::AtMost { limit, window, group: group.clone() };
            let least = (0..slate.len()).find(|&limit| at_most(limit).holds(slate)).unwrap_or(slate.len());
            at_most(least + slack)
        }
        3 => {
            let at_least = |limit| Rule::AtLeast { limit, window, group: group.clone() };
            let most = (0..=slate.len()).rev().find(|&limit| at_least(limit).holds(slate)).unwrap_or(0);
            at_least(most.saturating_sub(slack))
        }
        _ => {
            // Two random groups meet somewhere in most slates; two small ones often do not.
            let few = |rng: &mut ChaCha8Rng| (0..2).map(|_| rng.random_range(0..candidates)).collect::<Vec<_>>();
            Rule::BanNeighbours { one: Group::new("one side", few(rng)), other: Group::new("other side", few(rng)) }
        }
    }
}

fn group(rng: &mut ChaCha8Rng, candidates: usize, index: usize) -> Group {
    Group::new(format!("group {index}"), (0..candidates).filter(|_| rng.random_range(0..3) == 0))
}
