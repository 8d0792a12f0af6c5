//! One way to fill all slots, and the small changes that lead to others.

use super::plan::{Class, Plan};

/// A filling of all slots that keeps every rule; the first slots are filled for good.
#[derive(Debug, Clone)]
pub(super) struct Witness {
    filling: Vec<Class>,
    filled: usize,
    /// How many candidates of each class the filling holds, and how many of those for good.
    used: Vec<[u32; 2]>,
    /// What each rule counts in the whole filling, and in what is filled for good.
    totals: Vec<[u32; 2]>,
}

/// Puts a class into the next slot: from a later slot or from outside, and then perhaps moves what stands behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change {
    class: Class,
    /// The slot that the class comes from; `None` if it takes the place of what stood there.
    from: Option<usize>,
    /// The slot with which the one behind the next changes places.
    then: Option<usize>,
}

impl Witness {
    /// Nothing is filled for good yet.
    pub(super) fn new(plan: &Plan, filling: Vec<Class>) -> Self {
        let (classes, counters) = (plan.classes(), plan.counters().len());
        let mut witness =
            Self { filling: Vec::new(), filled: 0, used: vec![[0; 2]; classes], totals: vec![[0; 2]; counters] };
        witness.renew(plan, filling);
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
        let old = self.filling[self.filled];
        if change.from.is_none() && old != change.class {
            self.used[old as usize][0] -= 1;
            self.used[change.class as usize][0] += 1;
            for &counter in plan.counters_of(old) {
                self.totals[counter as usize][0] -= 1;
            }
            for &counter in plan.counters_of(change.class) {
                self.totals[counter as usize][0] += 1;
            }
        }
        self.filling = changed(&self.filling, self.filled, change).collect();
    }

    /// Fills the next slot for good.
    pub(super) fn advance(&mut self, plan: &Plan) {
        let class = self.filling[self.filled];
        self.filled += 1;
        self.used[class as usize][1] += 1;
        for &counter in plan.counters_of(class) {
            self.totals[counter as usize][1] += 1;
        }
    }

    /// Whether a class breaks no rule from above in the next slot together with what is filled: what keeps most classes
    /// out is seen here.
    pub(super) fn may_come_next(&self, plan: &Plan, class: Class) -> bool {
        let filled = self.filled();
        (self.used[class as usize][1] as usize) < plan.size(class)
            && plan.allows(class, self.filled)
            && filled.last().is_none_or(|&before| !plan.banned(before, class))
            && plan.counters_of(class).iter().all(|&counter| {
                let most = plan.counters()[counter as usize].most;
                if plan.is_whole(counter) {
                    return (self.totals[counter as usize][1] as usize) < most;
                }
                let run = (self.filled + 1).saturating_sub(plan.counters()[counter as usize].window);
                most == usize::MAX || filled[run..].iter().filter(|&&other| plan.counts(counter, other)).count() < most
            })
    }

    /// A small change that puts a class into the next slot and keeps every rule.
    pub(super) fn change(&self, plan: &Plan, class: Class) -> Option<Change> {
        let (next, slots) = (self.filled, self.filling.len());
        let as_it_is = Change { class, from: None, then: None };
        if self.filling[next] == class {
            return Some(as_it_is);
        }
        let mut first = [None; 2];
        if self.can_replace(plan, class) {
            first[0] = Some(as_it_is);
        }
        let later = (next + 1..slots).find(|&slot| self.filling[slot] == class);
        first[1] = later.map(|slot| Change { from: Some(slot), ..as_it_is });
        let begin = first.into_iter().flatten();
        begin.clone().find(|&change| self.holds(plan, change)).or_else(|| {
            let then = |slot| begin.clone().map(move |change| Change { then: Some(slot), ..change });
            (next + 2..slots).flat_map(then).find(|&change| self.holds(plan, change))
        })
    }

    /// Whether a class may take the place of what stands in the next slot as far as whole slates are counted.
    fn can_replace(&self, plan: &Plan, class: Class) -> bool {
        let old = self.filling[self.filled];
        (self.used[class as usize][0] as usize) < plan.size(class)
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
        let at = |slot: usize| moved(&self.filling, next, change, slot);
        let touched = [Some(next), change.from, change.then.map(|_| next + 1), change.then];
        touched.into_iter().flatten().all(|slot| {
            let (old, new) = (self.filling[slot], at(slot));
            let beside = |slot: usize| slot + 1 >= self.filling.len() || !plan.banned(at(slot), at(slot + 1));
            let counters = plan.counters_of(old).iter().chain(plan.counters_of(new));
            let mut runs = counters.filter(|&&counter| !plan.is_whole(counter));
            old == new
                || (plan.allows(new, slot)
                    && beside(slot)
                    && slot.checked_sub(1).is_none_or(beside)
                    && runs.all(|&counter| {
                        plan.counts(counter, old) == plan.counts(counter, new) || runs_hold(plan, counter, slot, at)
                    }))
        })
    }
}

/// The filling after a change of the slot `next`.
fn changed(filling: &[Class], next: usize, change: Change) -> impl Iterator<Item = Class> + '_ {
    (0..filling.len()).map(move |slot| moved(filling, next, change, slot))
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
    } else if change.from == Some(before) {
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
