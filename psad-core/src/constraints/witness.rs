//! One way to fill all slots, and the small changes that lead to others.

use super::plan::{Class, Plan};

/// A filling of all slots that keeps every rule; the first slots are filled for good.
#[derive(Debug, Clone)]
pub(super) struct Witness {
    filling: Vec<Class>,
    filled: usize,
    /// How many candidates of each class the filling holds, and how many of those for sure: filled for good or pinned.
    used: Vec<[u32; 2]>,
    /// What each rule counts in the whole filling, and in what stands there for sure.
    totals: Vec<[u32; 2]>,
    /// Slots of which nothing is sure.
    unsure: usize,
}

/// Puts a class into the next slot. What stood there moves to the slot `to`, and what stood there in turn drops out; with
/// the next slot itself as `to`, the class takes the place of what stood there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change {
    class: Class,
    to: usize,
    /// The slot with which the one behind the next changes places afterwards.
    then: Option<usize>,
}

impl Witness {
    /// Nothing is filled for good yet.
    pub(super) fn new(plan: &Plan, filling: Vec<Class>) -> Self {
        let (classes, counters) = (plan.classes(), plan.counters().len());
        let unsure = plan.slots();
        let (used, totals) = (vec![[0; 2]; classes], vec![[0; 2]; counters]);
        let mut witness = Self { filling: Vec::new(), filled: 0, used, totals, unsure };
        witness.renew(plan, filling);
        for class in (0..plan.slots()).filter_map(|slot| plan.pinned(slot)) {
            witness.make_sure(plan, class);
        }
        witness
    }

    /// What is filled for good.
    pub(super) fn filled(&self) -> &[Class] {
        &self.filling[..self.filled]
    }

    /// Whether every slot is filled for good.
    pub(super) fn is_full(&self) -> bool {
        self.filled == self.filling.len()
    }

    /// Takes another filling with the same beginning.
    pub(super) fn renew(&mut self, plan: &Plan, filling: Vec<Class>) {
        self.filling = filling;
        for used in &mut self.used {
            used[0] = 0;
        }
        for total in &mut self.totals {
            total[0] = 0;
        }
        for &class in &self.filling {
            self.used[class as usize][0] += 1;
            for &counter in plan.counters_of(class) {
                self.totals[counter as usize][0] += 1;
            }
        }
    }

    /// Carries out a change that [`Witness::change`] has found.
    pub(super) fn apply(&mut self, plan: &Plan, change: Change) {
        let (new, old) = (change.class, self.filling[change.to]);
        if new != old {
            self.used[old as usize][0] -= 1;
            self.used[new as usize][0] += 1;
            for &counter in plan.counters_of(old) {
                self.totals[counter as usize][0] -= 1;
            }
            for &counter in plan.counters_of(new) {
                self.totals[counter as usize][0] += 1;
            }
        }
        self.filling[change.to] = self.filling[self.filled];
        self.filling[self.filled] = new;
        if let Some(then) = change.then {
            self.filling.swap(self.filled + 1, then);
        }
    }

    /// Fills the next slot for good.
    pub(super) fn advance(&mut self, plan: &Plan) {
        let (slot, class) = (self.filled, self.filling[self.filled]);
        self.filled += 1;
        if plan.pinned(slot).is_none() {
            self.make_sure(plan, class);
        }
    }

    fn make_sure(&mut self, plan: &Plan, class: Class) {
        self.unsure -= 1;
        self.used[class as usize][1] += 1;
        for &counter in plan.counters_of(class) {
            self.totals[counter as usize][1] += 1;
        }
    }

    /// Whether a class can come next as far as can be told from what stands there for sure: what keeps most classes out
    /// is seen here.
    pub(super) fn may_come_next(&self, plan: &Plan, class: Class) -> bool {
        let next = self.filled;
        let behind = plan.pinned(next + 1);
        (self.used[class as usize][1] as usize) < plan.size(class)
            && plan.allows(class, next)
            && self.filled().last().is_none_or(|&before| !plan.banned(before, class))
            && behind.is_none_or(|behind| !plan.banned(class, behind))
            && plan.counters_of(class).iter().all(|&counter| self.leaves_room(plan, counter))
            && plan.asking_whole().iter().all(|&counter| {
                let sure = self.totals[counter as usize][1] as usize + usize::from(plan.counts(counter, class));
                sure + self.unsure > plan.counters()[counter as usize].least
            })
    }

    /// Whether a rule lets the next slot hold one more of those that it counts.
    fn leaves_room(&self, plan: &Plan, counter: u32) -> bool {
        let (rule, next) = (plan.counters()[counter as usize], self.filled);
        if plan.is_whole(counter) {
            return (self.totals[counter as usize][1] as usize) < rule.most;
        }
        plan.leaves_room(counter, next, |slot| if slot < next { Some(self.filling[slot]) } else { plan.pinned(slot) })
    }

    /// The smallest change that puts a class into the next slot, if it keeps every rule: in place of what stands there.
    pub(super) fn replacement(&self, plan: &Plan, class: Class) -> Option<Change> {
        let (next, change) = (self.filled, Change { class, to: self.filled, then: None });
        if self.filling[next] == class {
            return Some(change);
        }
        let beside = |slot: Option<usize>| {
            slot.and_then(|slot| self.filling.get(slot)).is_none_or(|&other| !plan.banned(class, other))
        };
        let fits = beside(Some(next + 1))
            && beside(next.checked_sub(1))
            && self.may_drop(plan, class, next)
            && if plan.has_runs() { self.slot_holds(plan, change, next) } else { plan.allows(class, next) };
        fits.then_some(change)
    }

    /// A small change that puts a class into the next slot and keeps every rule.
    pub(super) fn change(&self, plan: &Plan, class: Class) -> Option<Change> {
        let (next, slots) = (self.filled, self.filling.len());
        let may_drop = |to: &usize| self.may_drop(plan, class, *to);
        let first = (next..slots).filter(may_drop).map(|to| Change { class, to, then: None });
        first.clone().find(|&change| self.holds(plan, change)).or_else(|| {
            let then = |change: Change| (next + 2..slots).map(move |slot| Change { then: Some(slot), ..change });
            first.flat_map(then).find(|&change| self.holds(plan, change))
        })
    }

    /// Whether a class may come in for what stands in a slot, as far as whole slates are counted.
    fn may_drop(&self, plan: &Plan, class: Class, slot: usize) -> bool {
        let old = self.filling[slot];
        old == class
            || (self.used[class as usize][0] as usize) < plan.size(class)
                && plan.counters_of(class).iter().all(|&counter| {
                    let full = self.totals[counter as usize][0] as usize >= plan.counters()[counter as usize].most;
                    !(full && plan.is_whole(counter)) || plan.counts(counter, old)
                })
                && plan.counters_of(old).iter().all(|&counter| {
                    let scarce = self.totals[counter as usize][0] as usize <= plan.counters()[counter as usize].least;
                    !(scarce && plan.is_whole(counter)) || plan.counts(counter, class)
                })
    }

    /// Whether the changed filling keeps the rules that depend on where things stand.
    fn holds(&self, plan: &Plan, change: Change) -> bool {
        let next = self.filled;
        self.slot_holds(plan, change, next)
            && (change.to == next || self.slot_holds(plan, change, change.to))
            && change
                .then
                .is_none_or(|then| self.slot_holds(plan, change, next + 1) && self.slot_holds(plan, change, then))
    }

    fn slot_holds(&self, plan: &Plan, change: Change, slot: usize) -> bool {
        let at = |slot: usize| moved(&self.filling, self.filled, change, slot);
        let (old, new) = (self.filling[slot], at(slot));
        if old == new {
            return true;
        }
        if !plan.allows(new, slot) {
            return false;
        }
        let beside = |slot: usize| slot + 1 >= self.filling.len() || !plan.banned(at(slot), at(slot + 1));
        if plan.has_bans() && !(beside(slot) && slot.checked_sub(1).is_none_or(beside)) {
            return false;
        }
        let counters = plan.counters();
        let gains = |counter: u32| counters[counter as usize].most < usize::MAX && !plan.counts(counter, old);
        let loses = |counter: u32| counters[counter as usize].least > 0 && !plan.counts(counter, new);
        let run = |counter: u32| runs_hold(plan, counter, slot, at);
        plan.runs_of(new).iter().all(|&counter| !gains(counter) || run(counter))
            && plan.runs_of(old).iter().all(|&counter| !loses(counter) || run(counter))
    }
}

/// What stands in a slot after a change of the slot `next`.
fn moved(filling: &[Class], next: usize, change: Change, slot: usize) -> Class {
    let before = match change.then {
        Some(then) if slot == then => next + 1,
        Some(then) if slot == next + 1 => then,
        _ => slot,
    };
    if before == next {
        change.class
    } else if before == change.to {
        filling[next]
    } else {
        filling[before]
    }
}

/// Whether a rule holds in all runs that a slot belongs to; `at` says what stands where.
fn runs_hold(plan: &Plan, counter: u32, slot: usize, at: impl Fn(usize) -> Class) -> bool {
    let rule = plan.counters()[counter as usize];
    let counted = |slot: usize| usize::from(plan.counts(counter, at(slot)));
    let first = (slot + 1).saturating_sub(rule.window);
    let last = slot.min(plan.slots() - rule.window);
    let mut count: usize = (first..first + rule.window).map(counted).sum();
    let mut holds = (rule.least..=rule.most).contains(&count);
    for start in first + 1..=last {
        count = count + counted(start + rule.window - 1) - counted(start - 1);
        holds &= (rule.least..=rule.most).contains(&count);
    }
    holds
}
