//! What may be placed next without running into a dead end.

use std::sync::Arc;

use super::plan::{Class, Plan, plan};
use super::search::{Found, STEPS, search};
use super::{ConstraintError, Constraints, conflict};

/// A partial slate's way to the end: the classes that could fill it, and which others may take the next slot.
///
/// One filling of all slots is known at any time, the witness. Whether a class may come next is mostly answered by a
/// small change of it; only where none is found, a search answers.
#[derive(Debug, Clone)]
pub(crate) struct Lookahead {
    plan: Arc<Plan>,
    witness: Vec<Class>,
    /// How many candidates of each class the witness holds.
    used: Vec<u32>,
    /// What each rule counts in the whole witness.
    totals: Vec<u32>,
    /// Whether each class may take the next slot.
    open: Vec<bool>,
    filled: usize,
}

/// A change of the witness that puts a class into the next slot.
enum Change {
    /// As it stands.
    None,
    /// A candidate that the witness did not hold.
    Replace,
    /// The candidate comes from this later slot, and what stood in the next slot goes there.
    Swap(usize),
    /// Everything behind the filled slots anew.
    Anew(Vec<Class>),
}

impl Lookahead {
    /// Looks for a first way to fill `slots` slots.
    pub(crate) fn new(candidates: usize, slots: usize, rules: &Constraints) -> Result<Self, ConstraintError> {
        let plan = plan(candidates, slots, rules);
        match search(&plan, &[]) {
            Found::Filled(witness) => Ok(Self::along(Arc::new(plan), witness)),
            Found::Nothing => {
                let rules = conflict::smallest(candidates, slots, rules);
                Err(ConstraintError::Infeasible { slots, candidates, rules })
            }
            Found::GaveUp => Err(ConstraintError::Undecided { slots, steps: STEPS, rules: rules.rules().len() }),
        }
    }

    fn along(plan: Arc<Plan>, witness: Vec<Class>) -> Self {
        let mut way = Self {
            used: vec![0; plan.classes()],
            totals: vec![0; plan.counters().len()],
            open: vec![false; plan.classes()],
            witness,
            filled: 0,
            plan,
        };
        way.count();
        way.look();
        way
    }

    /// Whether the candidate's class may take the next slot.
    pub(crate) fn is_open(&self, item: usize) -> bool {
        self.open[self.plan.class_of(item) as usize]
    }

    /// Fills the next slot with a candidate that is open there.
    pub(crate) fn place(&mut self, item: usize) {
        let (class, slot) = (self.plan.class_of(item), self.filled);
        match self.change(class) {
            Some(Change::None) | None => {}
            Some(Change::Replace) => self.replace(slot, class),
            Some(Change::Swap(later)) => self.witness.swap(slot, later),
            Some(Change::Anew(witness)) => {
                self.witness = witness;
                self.count();
            }
        }
        self.filled += 1;
        self.look();
    }

    fn count(&mut self) {
        self.used.fill(0);
        self.totals.fill(0);
        for &class in &self.witness {
            self.used[class as usize] += 1;
            for &counter in self.plan.counters_of(class) {
                self.totals[counter as usize] += 1;
            }
        }
    }

    fn look(&mut self) {
        if self.filled == self.plan.slots() {
            self.open.fill(false);
            return;
        }
        for class in 0..self.plan.classes() {
            self.open[class] = self.change(class as Class).is_some();
        }
    }

    fn replace(&mut self, slot: usize, class: Class) {
        let plan = &self.plan;
        let old = std::mem::replace(&mut self.witness[slot], class);
        self.used[old as usize] -= 1;
        self.used[class as usize] += 1;
        plan.counters_of(old).iter().for_each(|&counter| self.totals[counter as usize] -= 1);
        plan.counters_of(class).iter().for_each(|&counter| self.totals[counter as usize] += 1);
    }

    /// How the witness can be changed so that `class` takes the next slot; `None` if there is no way to the end then,
    /// or none that a search finds.
    fn change(&mut self, class: Class) -> Option<Change> {
        let slot = self.filled;
        if self.witness[slot] == class {
            return Some(Change::None);
        }
        if !self.plan.allows(class, slot) {
            return None;
        }
        if self.can_replace(slot, class) {
            return Some(Change::Replace);
        }
        if let Some(later) = self.swappable(slot, class) {
            return Some(Change::Swap(later));
        }
        if !self.fits_behind(slot, class) {
            return None;
        }
        let mut prefix = self.witness[..slot].to_vec();
        prefix.push(class);
        match search(&self.plan, &prefix) {
            Found::Filled(witness) => Some(Change::Anew(witness)),
            Found::Nothing | Found::GaveUp => None,
        }
    }

    /// Whether the witness keeps all rules with `class` in `slot` in place of what stands there.
    fn can_replace(&mut self, slot: usize, class: Class) -> bool {
        if self.used[class as usize] as usize >= self.plan.size(class) {
            return false;
        }
        let old = std::mem::replace(&mut self.witness[slot], class);
        let (plan, totals) = (&self.plan, &self.totals);
        let keeps = |&counter: &u32, total: u32, allowed: bool| {
            let whole = plan.counters()[counter as usize].window == plan.slots();
            if whole { allowed && total < u32::MAX } else { self.runs_hold(counter, slot) }
        };
        let gains = plan.counters_of(class).iter().filter(|&&counter| !plan.counts(counter, old)).all(|counter| {
            let total = totals[*counter as usize] + 1;
            keeps(counter, total, total as usize <= plan.counters()[*counter as usize].most)
        });
        let fits = gains
            && plan.counters_of(old).iter().filter(|&&counter| !plan.counts(counter, class)).all(|counter| {
                let total = totals[*counter as usize] - 1;
                keeps(counter, total, total as usize >= plan.counters()[*counter as usize].least)
            })
            && self.neighbours_hold(slot);
        self.witness[slot] = old;
        fits
    }

    /// A later slot of the witness whose `class` may change places with what stands in `slot`.
    fn swappable(&mut self, slot: usize, class: Class) -> Option<usize> {
        let old = self.witness[slot];
        (slot + 1..self.plan.slots()).find(|&later| {
            if self.witness[later] != class || !self.plan.allows(old, later) {
                return false;
            }
            self.witness.swap(slot, later);
            let moved = |counter: &&u32| self.plan.counters()[**counter as usize].window < self.plan.slots();
            let counters = self.plan.counters_of(old).iter().chain(self.plan.counters_of(class)).filter(moved);
            let fits = counters.into_iter().all(|&counter| {
                self.plan.counts(counter, old) == self.plan.counts(counter, class)
                    || (self.runs_hold(counter, slot) && self.runs_hold(counter, later))
            }) && self.neighbours_hold(slot)
                && self.neighbours_hold(later);
            self.witness.swap(slot, later);
            fits
        })
    }

    /// Whether a rule holds in all runs of the witness that a slot belongs to.
    fn runs_hold(&self, counter: u32, slot: usize) -> bool {
        let rule = self.plan.counters()[counter as usize];
        let counted = |at: usize| usize::from(self.plan.counts(counter, self.witness[at]));
        let first = (slot + 1).saturating_sub(rule.window);
        let last = slot.min(self.plan.slots() - rule.window);
        let mut count: usize = (first..first + rule.window).map(counted).sum();
        let mut holds = (rule.least..=rule.most).contains(&count);
        for start in first + 1..=last {
            count = count + counted(start + rule.window - 1) - counted(start - 1);
            holds &= (rule.least..=rule.most).contains(&count);
        }
        holds
    }

    fn neighbours_hold(&self, slot: usize) -> bool {
        let pair = |slot: usize| match (self.witness.get(slot), self.witness.get(slot + 1)) {
            (Some(&one), Some(&other)) => !self.plan.banned(one, other),
            _ => true,
        };
        pair(slot) && slot.checked_sub(1).is_none_or(pair)
    }

    /// Whether `class` breaks no rule from above in `slot` together with the slots before it: what keeps most classes out
    /// is seen here, without a search.
    fn fits_behind(&self, slot: usize, class: Class) -> bool {
        let plan = &self.plan;
        let placed = &self.witness[..slot];
        let taken = placed.iter().filter(|&&other| other == class).count();
        taken < plan.size(class)
            && placed.last().is_none_or(|&before| !plan.banned(before, class))
            && plan.counters_of(class).iter().all(|&counter| {
                let rule = plan.counters()[counter as usize];
                let run = &placed[(slot + 1).saturating_sub(rule.window)..];
                run.iter().filter(|&&other| plan.counts(counter, other)).count() < rule.most
            })
    }
}
