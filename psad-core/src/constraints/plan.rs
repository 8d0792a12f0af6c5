//! Rules as the search reads them: candidates that no rule tells apart are one class.

use std::ops::Range;

use super::{Constraints, Group, Rule};

/// A class of candidates that no rule tells apart.
pub(super) type Class = u32;

/// What the rules mean for one list and one number of slots. Made once, then only read.
#[derive(Debug)]
pub(crate) struct Plan {
    slots: usize,
    class_of: Vec<Class>,
    sizes: Vec<u32>,
    places: Vec<Places>,
    reserved: Vec<Reserved>,
    counters: Vec<Counter>,
    /// Whether a class is counted, `[counters, classes]`.
    members: Vec<bool>,
    /// The counters of class `c` are `counted[first[c]..first[c + 1]]`, those of whole slates before `runs[c]`.
    counted: Vec<u32>,
    first: Vec<u32>,
    runs: Vec<u32>,
    has_runs: bool,
    /// The counters that ask for a least number: in a window, and in the whole slate.
    asking: [Vec<u32>; 2],
    /// On which sides of which bans a class stands, `[classes, words]`, a bit per ban.
    sides: Vec<[u64; 2]>,
    words: usize,
    /// Classes in the order in which a search tries them: the largest first.
    order: Vec<Class>,
}

/// A rule that counts a group in every run of `window` slots; the whole slate is one run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counter {
    pub(super) window: usize,
    pub(super) least: usize,
    pub(super) most: usize,
}

/// Where a class may stand.
#[derive(Debug, Clone, Default)]
struct Places {
    pinned: Pinned,
    forbidden: Vec<Range<usize>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Pinned {
    #[default]
    No,
    To(usize),
    /// Pinned to two slots at once, which nothing can be.
    Torn,
}

/// Whom a slot is kept for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reserved {
    No,
    For(Class),
    /// Two candidates are pinned to it.
    Torn,
}

impl Plan {
    /// The plan of checked rules.
    pub(super) fn new(candidates: usize, slots: usize, rules: &[&Rule]) -> Self {
        let (class_of, classes) = classes(candidates, slots, rules);
        let mut sizes = vec![0; classes];
        for &class in &class_of {
            sizes[class as usize] += 1;
        }
        let mut order: Vec<Class> = (0..classes as u32).collect();
        order.sort_by_key(|&class| std::cmp::Reverse(sizes[class as usize]));
        let bans = rules.iter().filter(|rule| ban(rule, slots).is_some()).count();
        let words = bans.div_ceil(64);
        let mut plan = Self {
            slots,
            class_of,
            sizes,
            places: vec![Places::default(); classes],
            reserved: vec![Reserved::No; slots],
            counters: Vec::new(),
            members: Vec::new(),
            counted: Vec::new(),
            first: Vec::with_capacity(classes + 1),
            runs: Vec::with_capacity(classes),
            has_runs: false,
            asking: [Vec::new(), Vec::new()],
            sides: vec![[0; 2]; classes * words],
            words,
            order,
        };
        let mut bans = 0;
        for rule in rules {
            plan.add(rule, &mut bans);
        }
        plan.index_counters();
        plan
    }

    fn add(&mut self, rule: &Rule, bans: &mut usize) {
        match rule {
            Rule::Pin { item, slot } => {
                let class = self.class_of[*item];
                let place = &mut self.places[class as usize].pinned;
                *place = if matches!(place, Pinned::No) || *place == Pinned::To(*slot) {
                    Pinned::To(*slot)
                } else {
                    Pinned::Torn
                };
                if let Some(reserved) = self.reserved.get_mut(*slot) {
                    let same = matches!(reserved, Reserved::No) || *reserved == Reserved::For(class);
                    *reserved = if same { Reserved::For(class) } else { Reserved::Torn };
                }
            }
            Rule::Forbid { item, slots } => {
                if slots.start < self.slots.min(slots.end) {
                    self.places[self.class_of[*item] as usize].forbidden.push(slots.clone());
                }
            }
            Rule::AtMost { .. } | Rule::AtLeast { .. } | Rule::BanNeighbours { .. } => {
                if let Some(groups) = ban(rule, self.slots) {
                    self.add_ban(groups, *bans);
                    *bans += 1;
                } else if let Some((counter, group)) = counter(rule, self.slots) {
                    self.counters.push(counter);
                    let (first, classes) = (self.members.len(), self.sizes.len());
                    self.members.resize(first + classes, false);
                    for &item in group {
                        self.members[first + self.class_of[item] as usize] = true;
                    }
                }
            }
        }
    }

    fn add_ban(&mut self, groups: [&Group; 2], ban: usize) {
        for (side, group) in groups.into_iter().enumerate() {
            for &item in group.items() {
                let row = self.class_of[item] as usize * self.words;
                self.sides[row + ban / 64][side] |= 1 << (ban % 64);
            }
        }
    }

    fn index_counters(&mut self) {
        let classes = self.sizes.len();
        let (whole, runs): (Vec<usize>, Vec<usize>) =
            (0..self.counters.len()).partition(|&counter| self.counters[counter].window == self.slots);
        self.has_runs = !runs.is_empty();
        for class in 0..classes {
            let counts = |&&counter: &&usize| self.members[counter * classes + class];
            self.first.push(self.counted.len() as u32);
            self.counted.extend(whole.iter().filter(counts).map(|&counter| counter as u32));
            self.runs.push(self.counted.len() as u32);
            self.counted.extend(runs.iter().filter(counts).map(|&counter| counter as u32));
        }
        self.first.push(self.counted.len() as u32);
        for (counter, rule) in self.counters.iter().enumerate().filter(|(_, rule)| rule.least > 0) {
            self.asking[usize::from(rule.window == self.slots)].push(counter as u32);
        }
    }

    /// Number of slots to fill.
    pub(super) fn slots(&self) -> usize {
        self.slots
    }

    /// Length of the list.
    pub(super) fn candidates(&self) -> usize {
        self.class_of.len()
    }

    /// Number of classes.
    pub(super) fn classes(&self) -> usize {
        self.sizes.len()
    }

    /// The class of a candidate.
    pub(super) fn class_of(&self, item: usize) -> Class {
        self.class_of[item]
    }

    /// Number of candidates in a class.
    pub(super) fn size(&self, class: Class) -> usize {
        self.sizes[class as usize] as usize
    }

    /// All classes, the largest first.
    pub(super) fn order(&self) -> &[Class] {
        &self.order
    }

    /// The rules that count.
    pub(super) fn counters(&self) -> &[Counter] {
        &self.counters
    }

    /// The rules that count a class.
    pub(super) fn counters_of(&self, class: Class) -> &[u32] {
        &self.counted[self.first[class as usize] as usize..self.first[class as usize + 1] as usize]
    }

    /// The rules that count a class in windows shorter than the slate.
    pub(super) fn runs_of(&self, class: Class) -> &[u32] {
        &self.counted[self.runs[class as usize] as usize..self.first[class as usize + 1] as usize]
    }

    /// Whether any rule counts in windows shorter than the slate.
    pub(super) fn has_runs(&self) -> bool {
        self.has_runs
    }

    /// Whether any neighbours are banned.
    pub(super) fn has_bans(&self) -> bool {
        self.words > 0
    }

    /// The rules that ask for a least number in a window shorter than the slate.
    pub(super) fn asking(&self) -> &[u32] {
        &self.asking[0]
    }

    /// The rules that ask for a least number in the whole slate.
    pub(super) fn asking_whole(&self) -> &[u32] {
        &self.asking[1]
    }

    /// Whether a rule counts in the whole slate.
    pub(super) fn is_whole(&self, counter: u32) -> bool {
        self.counters[counter as usize].window == self.slots
    }

    /// Whether a rule counts a class.
    pub(super) fn counts(&self, counter: u32, class: Class) -> bool {
        self.members[counter as usize * self.sizes.len() + class as usize]
    }

    /// Whether a class may stand in a slot, whatever stands elsewhere.
    pub(super) fn allows(&self, class: Class, slot: usize) -> bool {
        let places = &self.places[class as usize];
        let reserved = match self.reserved[slot] {
            Reserved::No => places.pinned == Pinned::No,
            Reserved::For(pinned) => pinned == class && places.pinned == Pinned::To(slot),
            Reserved::Torn => false,
        };
        reserved && !places.forbidden.iter().any(|slots| slots.contains(&slot))
    }

    /// The class that a slot is kept for.
    pub(super) fn pinned(&self, slot: usize) -> Option<Class> {
        match self.reserved.get(slot) {
            Some(&Reserved::For(class)) => Some(class),
            _ => None,
        }
    }

    /// Whether a rule from above lets a slot hold one more of those that it counts, in all runs that the slot belongs to,
    /// given what stands in the other slots for sure.
    pub(super) fn leaves_room(&self, counter: u32, slot: usize, sure: impl Fn(usize) -> Option<Class>) -> bool {
        let rule = self.counters[counter as usize];
        if rule.most == usize::MAX {
            return true;
        }
        let counted = |at: usize| usize::from(at != slot && sure(at).is_some_and(|class| self.counts(counter, class)));
        let first = (slot + 1).saturating_sub(rule.window);
        let mut count: usize = (first..first + rule.window).map(counted).sum();
        let mut room = count < rule.most;
        for start in first + 1..=slot.min(self.slots - rule.window) {
            count = count + counted(start + rule.window - 1) - counted(start - 1);
            room &= count < rule.most;
        }
        room
    }

    /// Whether two classes must not stand side by side.
    pub(super) fn banned(&self, one: Class, other: Class) -> bool {
        let row = |class: Class| &self.sides[class as usize * self.words..(class as usize + 1) * self.words];
        row(one).iter().zip(row(other)).any(|(a, b)| (a[0] & b[1]) | (a[1] & b[0]) != 0)
    }

    /// How many slots back a rule looks.
    pub(super) fn memory(&self) -> usize {
        let windows = self.counters.iter().filter(|counter| counter.window < self.slots);
        windows.map(|counter| counter.window - 1).max().unwrap_or(0).max(usize::from(self.words > 0))
    }
}

/// The two groups of a rule about neighbours: at most one in two slots is one, too.
fn ban(rule: &Rule, slots: usize) -> Option<[&Group; 2]> {
    match rule {
        Rule::BanNeighbours { one, other } => Some([one, other]),
        Rule::AtMost { limit: 1, window: Some(2), group } if slots > 1 && group.items().len() > 1 => {
            Some([group, group])
        }
        _ => None,
    }
}

/// A rule that counts, unless it holds for every slate.
fn counter(rule: &Rule, slots: usize) -> Option<(Counter, &[usize])> {
    match rule {
        Rule::AtMost { limit, window, group } => {
            let window = window.unwrap_or(slots).min(slots);
            let binding = *limit < group.items().len().min(window);
            binding.then(|| (Counter { window, least: 0, most: *limit }, group.items()))
        }
        Rule::AtLeast { limit, window, group } => {
            let window = window.unwrap_or(slots);
            let binding = *limit > 0 && window <= slots;
            // More than the window holds is as impossible as any number above it.
            let least = (*limit).min(window.saturating_add(1));
            binding.then(|| (Counter { window, least, most: usize::MAX }, group.items()))
        }
        _ => None,
    }
}

/// Refines the list by everything that a rule tells apart: the class of each candidate, and the number of classes.
fn classes(candidates: usize, slots: usize, rules: &[&Rule]) -> (Vec<Class>, usize) {
    let mut split = Split { class_of: vec![0; candidates], moved_to: vec![(0, 0)], rounds: 0 };
    for rule in rules {
        match rule {
            Rule::Pin { item, .. } | Rule::Forbid { item, .. } => split.by(&[*item]),
            Rule::AtMost { .. } | Rule::AtLeast { .. } | Rule::BanNeighbours { .. } => {
                if let Some([one, other]) = ban(rule, slots) {
                    split.by(one.items());
                    split.by(other.items());
                } else if let Some((_, group)) = counter(rule, slots) {
                    split.by(group);
                }
            }
        }
    }
    split.finish()
}

struct Split {
    class_of: Vec<Class>,
    /// Per class: the round in which it was split last, and where its members went.
    moved_to: Vec<(u32, Class)>,
    rounds: u32,
}

impl Split {
    /// Moves the members of `items` out of their classes, together where they were together.
    fn by(&mut self, items: &[usize]) {
        self.rounds += 1;
        for &item in items {
            let class = self.class_of[item] as usize;
            if self.moved_to[class].0 != self.rounds {
                self.moved_to[class] = (self.rounds, self.moved_to.len() as u32);
                self.moved_to.push((0, 0));
            }
            self.class_of[item] = self.moved_to[class].1;
        }
    }

    /// Numbers the classes that still have members.
    fn finish(mut self) -> (Vec<Class>, usize) {
        let mut number = vec![u32::MAX; self.moved_to.len()];
        let mut classes = 0;
        for class in &mut self.class_of {
            let number = &mut number[*class as usize];
            if *number == u32::MAX {
                *number = classes;
                classes += 1;
            }
            *class = *number;
        }
        (self.class_of, classes as usize)
    }
}

/// The plan of all rules.
pub(super) fn plan(candidates: usize, slots: usize, rules: &Constraints) -> Plan {
    Plan::new(candidates, slots, &rules.rules().iter().collect::<Vec<_>>())
}
