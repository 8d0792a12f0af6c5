//! Metrics that count relevant items.
//!
//! Each is the expectation over the orders of tied items (`McSherry` & Najork 2008). Only the group that the cut runs
//! through leaves open which of its items are counted: how many of them are relevant is hypergeometric.

use crate::{Denominator, Ranked};

/// A group of tied items as the cut leaves it.
#[derive(Clone, Copy)]
struct Group {
    /// Slots before it.
    start: usize,
    /// Items in it.
    items: usize,
    /// Relevant items in it.
    relevant: usize,
    /// Items of it that stand before the cut.
    taken: usize,
}

fn groups(ranked: &Ranked, cut: usize) -> impl Iterator<Item = Group> + '_ {
    ranked.groups().take_while(move |&(start, _)| start < cut).map(move |(start, group)| Group {
        start,
        items: group.len(),
        relevant: group.iter().filter(|&&label| label > 0.).count(),
        taken: group.len().min(cut - start),
    })
}

/// Relevant items before the cut.
pub(crate) fn expected(ranked: &Ranked, cut: usize) -> f64 {
    groups(ranked, cut).map(|group| (group.taken * group.relevant) as f64 / group.items as f64).sum()
}

/// `worth` of the slot (from 1) of the first relevant item; 0 without one before the cut.
pub(crate) fn first_hit(ranked: &Ranked, cut: usize, worth: impl Fn(usize) -> f64) -> f64 {
    let Some(group) = groups(ranked, cut).find(|group| group.relevant > 0) else { return 0. };
    let (mut value, mut none_yet) = (0., 1.);
    for drawn in 0..group.taken {
        let hit = (group.relevant as f64 / (group.items - drawn) as f64).min(1.);
        value += none_yet * hit * worth(group.start + drawn + 1);
        none_yet *= 1. - hit;
    }
    value
}

pub(crate) fn average_precision(ranked: &Ranked, denominator: Denominator, cut: usize) -> f64 {
    let relevant = ranked.relevant();
    let divide = |sum: f64, hits: usize| match denominator {
        Denominator::Reachable => sum / cut.min(relevant) as f64,
        Denominator::Relevant => sum / relevant as f64,
        Denominator::Hits => sum / hits.max(1) as f64,
    };
    let (mut sum, mut hits) = (0., 0);
    for group in groups(ranked, cut) {
        if group.taken < group.items {
            // The last group: what follows depends on how many of its relevant items come before the cut.
            let chances = hypergeometric(group);
            let cases = chances.iter().enumerate();
            return cases.map(|(x, chance)| chance * divide(sum + precisions(group, hits, x), hits + x)).sum();
        }
        sum += precisions(group, hits, group.relevant);
        hits += group.relevant;
    }
    divide(sum, hits)
}

/// Expected sum of the precisions at the relevant slots of a group, given `hits` before it and `found` relevant ones
/// among the items taken from it.
fn precisions(group: Group, hits: usize, found: usize) -> f64 {
    if found == 0 {
        return 0.;
    }
    let rate = found as f64 / group.taken as f64;
    // With a relevant item in one slot, this is the share of relevant items in each other slot.
    let others = if group.taken > 1 { (found - 1) as f64 / (group.taken - 1) as f64 } else { 0. };
    let slots = (0..group.taken).map(|before| {
        let expected_hits = (hits + 1) as f64 + before as f64 * others;
        rate * expected_hits / (group.start + before + 1) as f64
    });
    slots.sum()
}

/// Chance of each number of relevant items among those that are taken from a group.
fn hypergeometric(group: Group) -> Vec<f64> {
    let mut chances = vec![0.; group.taken.min(group.relevant) + 1];
    chances[0] = 1.;
    for drawn in 0..group.taken {
        let left = (group.items - drawn) as f64;
        for found in (0..chances.len()).rev() {
            let relevant_left = (group.relevant - found) as f64;
            let hit = chances[found] * relevant_left / left;
            // Where more relevant items are left than items, the chance is 0 and stays it.
            chances[found] *= (left - relevant_left).max(0.) / left;
            if let Some(next) = chances.get_mut(found + 1) {
                *next += hit;
            }
        }
    }
    chances
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_sum_to_one_in_large_groups_too() {
        for (relevant, taken) in [(1, 1), (500, 100), (999, 999), (1000, 700), (3, 1000)] {
            let chances = hypergeometric(Group { start: 0, items: 1000, relevant, taken });
            let mean: f64 = chances.iter().enumerate().map(|(found, chance)| found as f64 * chance).sum();
            assert!((chances.iter().sum::<f64>() - 1.).abs() < 1e-9, "{relevant} {taken}");
            assert!((mean - (relevant * taken) as f64 / 1000.).abs() < 1e-6, "{relevant} {taken}: {mean}");
        }
    }
}
