//! Looking for a way to fill the slots behind a prefix. Complete, unless it takes too many steps.

use std::collections::HashSet;

use rand::RngExt;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use super::plan::{Class, Plan};

/// Steps after which a search for a first filling gives up.
pub(super) const STEPS: usize = 20_000;

/// Steps of the first attempt at a complete search. What conflicts plainly is seen within them.
const FIRST_STEPS: usize = 300;

/// Fillings that are tried at random between the attempts.
const DIVES: u64 = 40;

/// What a search has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// The classes of all slots, the prefix included.
    Filled(Vec<Class>),
    /// There is no way.
    Nothing,
    /// It was given up.
    GaveUp,
}

/// Looks for classes that fill all slots of a plan behind `prefix`, of which all but the last class are known to keep the
/// rules as far as they look backwards. It takes its steps from `budget`, and gives up when none is left.
///
/// First it fills slot after slot without looking back; where that ends in nothing, a complete search begins; where that
/// takes long, luck is tried, and then the search goes on.
pub(super) fn search(plan: &Plan, prefix: &[Class], budget: &mut usize) -> Found {
    let mut search = Search::new(plan);
    if let Some((&last, sure)) = prefix.split_last() {
        for &class in sure {
            search.place(class);
        }
        if !search.may_follow(last) {
            return Found::Nothing;
        }
        search.place(last);
    }
    if search.dive(None) {
        return Found::Filled(search.filled);
    }
    search.take_back_to(prefix.len());
    search.disjoint = disjoint(plan);
    if !search.narrow() {
        return Found::Nothing;
    }
    let mut first = FIRST_STEPS.min(*budget);
    *budget -= first;
    if let Some(found) = search.complete(&mut first) {
        return found;
    }
    for seed in 0..DIVES {
        search.take_back_to(prefix.len());
        if *budget < plan.slots() {
            return Found::GaveUp;
        }
        *budget -= plan.slots() - prefix.len();
        if search.dive(Some(&mut ChaCha8Rng::seed_from_u64(seed))) {
            return Found::Filled(search.filled);
        }
    }
    search.take_back_to(prefix.len());
    search.complete(budget).unwrap_or(Found::GaveUp)
}

enum Step {
    Full,
    Dead,
    Tired,
    /// There may be a way on.
    Open,
}

struct Search<'a> {
    plan: &'a Plan,
    filled: Vec<Class>,
    /// Candidates that are left in each class, without those that are pinned to a slot ahead.
    left: Vec<usize>,
    /// What each rule counts in the whole slate so far, with those that are pinned to a slot ahead.
    totals: Vec<usize>,
    /// Slots ahead that nothing is pinned to.
    open: usize,
    /// Counters of the whole slate that ask for a least number and share no candidate with each other.
    disjoint: Vec<u32>,
    /// States from which there is no way: how often each class is used, and the latest classes.
    dead: HashSet<Vec<u32>>,
}

impl<'a> Search<'a> {
    fn new(plan: &'a Plan) -> Self {
        let left = (0..plan.classes()).map(|class| plan.size(class as u32)).collect();
        let mut search = Self {
            plan,
            filled: Vec::with_capacity(plan.slots()),
            left,
            totals: vec![0; plan.counters().len()],
            open: plan.slots(),
            disjoint: Vec::new(),
            dead: HashSet::new(),
        };
        for class in (0..plan.slots()).filter_map(|slot| plan.pinned(slot)) {
            search.count(class);
        }
        search
    }

    fn count(&mut self, class: Class) {
        self.open -= 1;
        // A candidate that is pinned twice has no place at all, and is seen to have none.
        self.left[class as usize] = self.left[class as usize].saturating_sub(1);
        for &counter in self.plan.counters_of(class) {
            self.totals[counter as usize] += 1;
        }
    }

    fn place(&mut self, class: Class) {
        // What is pinned has been counted from the beginning.
        if self.plan.pinned(self.filled.len()).is_none() {
            self.count(class);
        }
        self.filled.push(class);
    }

    fn take_back(&mut self) {
        let Some(class) = self.filled.pop() else { return };
        if self.plan.pinned(self.filled.len()).is_some() {
            return;
        }
        self.open += 1;
        self.left[class as usize] += 1;
        for &counter in self.plan.counters_of(class) {
            self.totals[counter as usize] -= 1;
        }
    }

    fn take_back_to(&mut self, filled: usize) {
        while self.filled.len() > filled {
            self.take_back();
        }
    }

    /// A complete search; `None` if the budget does not suffice.
    fn complete(&mut self, budget: &mut usize) -> Option<Found> {
        match self.fill(budget) {
            Step::Full => Some(Found::Filled(self.filled.clone())),
            Step::Dead => Some(Found::Nothing),
            Step::Tired | Step::Open => None,
        }
    }

    /// Leaves out the classes that may stand nowhere in the rest. Whether every slot of the rest has a class that may stand
    /// there, whatever stands elsewhere.
    fn narrow(&mut self) -> bool {
        let (plan, next) = (self.plan, self.filled.len());
        for class in 0..plan.classes() {
            if !(next..plan.slots()).any(|slot| plan.allows(class as Class, slot)) {
                self.left[class] = 0;
            }
        }
        let left = &self.left;
        let there = |slot, class: Class| left[class as usize] > 0 || plan.pinned(slot) == Some(class);
        let has_class = |slot| (0..plan.classes() as Class).any(|class| there(slot, class) && plan.allows(class, slot));
        (next..plan.slots()).all(has_class)
    }

    /// Fills the rest without looking back, which mostly works. Who is asked for by a rule comes as late as possible, so
    /// that the slots before are easily filled otherwise; else the class goes first of which the most are left, or one at
    /// random.
    fn dive(&mut self, mut luck: Option<&mut ChaCha8Rng>) -> bool {
        while self.filled.len() < self.plan.slots() {
            let lacking: usize = self.plan.asking_whole().iter().map(|&counter| self.lacks(counter)).sum();
            let hurry = lacking >= self.open;
            let Some(class) = self.most_left(hurry, &mut luck).or_else(|| self.most_left(!hurry, &mut luck)) else {
                return false;
            };
            self.place(class);
        }
        (0..self.totals.len() as u32).all(|counter| self.lacks(counter) == 0)
    }

    /// Of the classes that may come next and are asked for, or are not, the one of which the most are left.
    fn most_left(&self, urgent: bool, luck: &mut Option<&mut ChaCha8Rng>) -> Option<Class> {
        let mut best: Option<(f64, Class)> = None;
        for &class in self.plan.order() {
            let chance = luck.as_mut().map_or(1., RngExt::random::<f64>);
            let weight = (self.left[class as usize] + 1) as f64 * chance;
            if best.is_none_or(|(most, _)| weight > most) && self.is_urgent(class) == urgent && self.may_follow(class) {
                best = Some((weight, class));
            }
        }
        best.map(|(_, class)| class)
    }

    /// Tries everything that the bounds leave, without recursion: slates may be long.
    fn fill(&mut self, budget: &mut usize) -> Step {
        // How far the classes have been tried for each slot behind the prefix.
        let mut cursors: Vec<usize> = Vec::new();
        loop {
            match self.step(budget) {
                Step::Open => cursors.push(0),
                Step::Dead if cursors.is_empty() => return Step::Dead,
                Step::Dead => self.take_back(),
                end => return end,
            }
            while let Some(cursor) = cursors.last_mut() {
                if let Some(class) = self.next(cursor) {
                    self.place(class);
                    break;
                }
                self.dead.insert(self.state());
                cursors.pop();
                if cursors.is_empty() {
                    return Step::Dead;
                }
                self.take_back();
            }
        }
    }

    fn step(&self, budget: &mut usize) -> Step {
        if !self.can_be_filled() {
            return Step::Dead;
        }
        if self.filled.len() == self.plan.slots() {
            return Step::Full;
        }
        if *budget == 0 {
            return Step::Tired;
        }
        *budget -= 1;
        let dead = !self.dead.is_empty() && self.dead.contains(&self.state());
        if dead { Step::Dead } else { Step::Open }
    }

    /// The next class to try in the next slot: first those that a rule asks for, then the others.
    fn next(&self, cursor: &mut usize) -> Option<Class> {
        let order = self.plan.order();
        while *cursor < 2 * order.len() {
            let (class, urgent) = (order[*cursor % order.len()], *cursor < order.len());
            *cursor += 1;
            if self.is_urgent(class) == urgent && self.may_follow(class) {
                return Some(class);
            }
        }
        None
    }

    fn is_urgent(&self, class: Class) -> bool {
        self.plan.counters_of(class).iter().any(|&counter| self.lacks(counter) > 0)
    }

    /// Whether a class may take the next slot as far as rules look backwards, and at what is pinned ahead.
    fn may_follow(&self, class: Class) -> bool {
        let (plan, slot) = (self.plan, self.filled.len());
        let pinned = plan.pinned(slot).is_some();
        let beside = |other: Option<Class>| other.is_none_or(|other| !plan.banned(other, class));
        (pinned || self.left[class as usize] > 0)
            && plan.allows(class, slot)
            && beside(self.filled.last().copied())
            && beside(plan.pinned(slot + 1))
            && plan.counters_of(class).iter().all(|&counter| self.keeps_most(counter, pinned))
            && plan.asking().iter().all(|&counter| self.keeps_least(counter, class))
    }

    /// Whether the next slot may take one more of those that a rule counts; what is pinned there has been counted.
    fn keeps_most(&self, counter: u32, pinned: bool) -> bool {
        let (plan, slot) = (self.plan, self.filled.len());
        if plan.is_whole(counter) {
            let total = self.totals[counter as usize] - usize::from(pinned);
            return total < plan.counters()[counter as usize].most;
        }
        plan.leaves_room(counter, slot, |at| if at < slot { Some(self.filled[at]) } else { plan.pinned(at) })
    }

    /// Whether a rule that asks for a least number can still get it in the runs that the next slot belongs to: those
    /// that end there, or so soon that not enough slots are left to make up for what they lack.
    fn keeps_least(&self, counter: u32, class: Class) -> bool {
        let (rule, slot) = (self.plan.counters()[counter as usize], self.filled.len());
        let more = usize::from(self.plan.counts(counter, class));
        let last = (slot + rule.least).min(self.plan.slots());
        (slot.max(rule.window - 1)..last)
            .all(|end| self.counted(counter, slot.min(end + 1 - rule.window)) + more + (end - slot) >= rule.least)
    }

    /// How many a rule counts in the filled slots from `start` on.
    fn counted(&self, counter: u32, start: usize) -> usize {
        self.filled[start..].iter().filter(|&&class| self.plan.counts(counter, class)).count()
    }

    /// What a rule of the whole slate still asks for.
    fn lacks(&self, counter: u32) -> usize {
        let rule = self.plan.counters()[counter as usize];
        if self.plan.is_whole(counter) { rule.least.saturating_sub(self.totals[counter as usize]) } else { 0 }
    }

    /// Bounds that no way of filling the rest can pass.
    fn can_be_filled(&self) -> bool {
        let open = self.open;
        if self.capacity(|_| true) < open {
            return false;
        }
        let counters = 0..self.plan.counters().len() as u32;
        let reachable = |counter: u32| {
            let lacking = self.lacks(counter);
            lacking == 0 || lacking <= open.min(self.capacity(|class| self.plan.counts(counter, class)))
        };
        counters.into_iter().all(reachable)
            && self.disjoint.iter().map(|&counter| self.lacks(counter)).sum::<usize>() <= open
    }

    /// No more candidates than this of the classes that are asked about can still be placed: each class is charged to
    /// one of the rules that limit it in the whole slate.
    fn capacity(&self, asked: impl Fn(Class) -> bool) -> usize {
        let mut charged = vec![0; self.plan.counters().len()];
        let mut free = 0;
        for (class, &left) in self.left.iter().enumerate() {
            if left == 0 || !asked(class as Class) {
                continue;
            }
            let limits = |&&counter: &&u32| {
                self.plan.is_whole(counter) && self.plan.counters()[counter as usize].most < usize::MAX
            };
            match self.plan.counters_of(class as Class).iter().find(limits) {
                Some(&counter) => charged[counter as usize] += left,
                None => free += left,
            }
        }
        let limited = charged.iter().zip(self.plan.counters()).zip(&self.totals);
        free + limited.map(|((&charged, rule), &total)| charged.min(rule.most.saturating_sub(total))).sum::<usize>()
    }

    fn state(&self) -> Vec<u32> {
        let recent = self.filled.len().saturating_sub(self.plan.memory());
        self.left.iter().map(|&left| left as u32).chain(self.filled[recent..].iter().copied()).collect()
    }
}

fn disjoint(plan: &Plan) -> Vec<u32> {
    let mut family: Vec<u32> = Vec::new();
    for (counter, rule) in plan.counters().iter().enumerate() {
        let counter = counter as u32;
        let shares = |other: &u32| {
            (0..plan.classes() as u32).any(|class| plan.counts(counter, class) && plan.counts(*other, class))
        };
        if rule.least > 0 && rule.window == plan.slots() && !family.iter().any(shares) {
            family.push(counter);
        }
    }
    family
}
