//! Which rules conflict.

use super::plan::Plan;
use super::search::{Found, STEPS, search};
use super::{Constraints, Rule};

/// Rules of an infeasible set that no slate keeps together, and any of which could be left out: each rule is left out on
/// trial, and stays out while the rest is found to be infeasible still.
pub(super) fn smallest(candidates: usize, slots: usize, rules: &Constraints) -> Vec<Rule> {
    let mut kept: Vec<&Rule> = rules.rules().iter().collect();
    let mut index = 0;
    while index < kept.len() {
        let rule = kept.remove(index);
        let mut budget = STEPS;
        if search(&Plan::new(candidates, slots, &kept), &[], &mut budget) != Found::Nothing {
            kept.insert(index, rule);
            index += 1;
        }
    }
    kept.into_iter().cloned().collect()
}
