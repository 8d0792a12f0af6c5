//! An order with what any single move would make of it, so that a move is judged in as many steps as there are slots
//! below it, not their square.
//!
//! Everything here is inlined into a function that is compiled for the vector units of the machine, and takes the same
//! steps on all of them.

use std::ops::Range;

use super::{Outlook, moves::Move};
use crate::exp::sigmoid;

/// Slots that are judged side by side.
const LANES: usize = 8;

/// Places that are looked at together: enough to be quick, too few to lose much when the first move is made already.
const GROUP: usize = 4;

/// An order of the pool with its tables. A slot's logit is its base and, for each slot `d` above it, `reach[d]` times what
/// the item there does.
pub(super) struct Board<'a> {
    outlook: &'a Outlook,
    /// Factor per distance; the one for 0 is never asked for, beyond the influence's reach all are 0.
    reach: Vec<f32>,
    /// What the factor gains one distance nearer, and one further away.
    approach: Vec<f32>,
    retreat: Vec<f32>,
    /// The pool in the order of slots; what is behind the last slot is not shown.
    order: Vec<usize>,
    /// What stands above a slot adds to each item there, `[slots, pool]`.
    above: Vec<f32>,
    /// What each item does to the one in each slot, at a factor of 1, `[pool, slots]`.
    below: Vec<f32>,
    /// What the item in a slot would gain if all of the first so many slots stood one nearer, `[slots + 1, slots]`.
    nearer: Vec<f32>,
    /// The same, one further away.
    further: Vec<f32>,
    /// Logit of the item in each slot; this and what follows is filled up to whole [`LANES`].
    logits: Vec<f32>,
    /// The same with the base of the slot above, `[slots]`.
    raised: Vec<f32>,
    /// The same with the base of the slot below, `[slots]`.
    lowered: Vec<f32>,
    /// How likely each slot is looked at.
    seen: Vec<f32>,
    /// Expected clicks on each slot.
    chances: Vec<f32>,
    /// The moves that were looked at last.
    judged: Vec<Judged>,
    /// Logits after each of them, a row of all slots each, right from the first place of the move on.
    moved: Vec<f32>,
}

/// A move of the places from one to `last`, and what it would add to the worth.
#[derive(Debug, Clone, Copy)]
struct Judged {
    change: Move,
    last: usize,
    gain: f32,
}

impl<'a> Board<'a> {
    /// The pool as it stands.
    pub(super) fn new(outlook: &'a Outlook) -> Self {
        let (slots, count) = (outlook.slots, outlook.pool.len());
        let beyond = std::iter::repeat(0.);
        let reach: Vec<f32> =
            std::iter::once(0.).chain(outlook.reach.iter().copied()).chain(beyond).take(slots + 2).collect();
        let filled = slots.next_multiple_of(LANES);
        let mut seen = outlook.seen.clone();
        seen.resize(filled, 0.);
        let mut board = Self {
            outlook,
            approach: std::iter::once(0.).chain(reach.windows(2).map(|pair| pair[0] - pair[1])).collect(),
            retreat: reach.windows(2).map(|pair| pair[1] - pair[0]).collect(),
            reach,
            order: (0..count).collect(),
            above: vec![0.; slots * count],
            below: vec![0.; count * slots],
            nearer: vec![0.; (slots + 1) * slots],
            further: vec![0.; (slots + 1) * slots],
            logits: vec![0.; filled],
            raised: vec![0.; slots],
            lowered: vec![0.; slots],
            seen,
            chances: vec![0.; filled],
            judged: Vec::new(),
            moved: Vec::new(),
        };
        board.update(0);
        board
    }

    pub(super) fn order(&self) -> &[usize] {
        &self.order
    }

    /// Goes over to another order.
    #[inline(always)]
    pub(super) fn set(&mut self, order: &[usize]) {
        self.order.copy_from_slice(order);
        self.update(0);
    }

    /// Expected clicks of the slate.
    pub(super) fn worth(&self) -> f64 {
        self.chances.iter().map(|&chance| f64::from(chance)).sum()
    }

    /// Whether the model gives every slot of the block an item that may stand there.
    pub(super) fn is_possible(&self) -> bool {
        possible(&self.logits[..self.outlook.block.min(self.outlook.slots)])
    }

    /// Makes the moves between `first` and each place behind it, one after the other, that gain more than `least` and lead
    /// to an order that `allowed` lets stand. Gives whether there was one.
    #[inline(always)]
    pub(super) fn improve(&mut self, first: usize, least: f32, allowed: impl Fn(&[usize]) -> bool) -> bool {
        let (mut from, mut improved) = (first + 1, false);
        while from < self.order.len() {
            let end = (from + GROUP).min(self.order.len());
            self.judge(first, from..end);
            let made = self.make_first(first, least, &allowed);
            from = made.map_or(end, |last| last + 1);
            improved |= made.is_some();
        }
        improved
    }

    /// Makes the first of the moves that were judged that gains more than `least`, and gives its last place.
    #[inline(always)]
    fn make_first(&mut self, first: usize, least: f32, allowed: impl Fn(&[usize]) -> bool) -> Option<usize> {
        let block = self.outlook.block.min(self.outlook.slots);
        for index in 0..self.judged.len() {
            let Judged { change, last, gain } = self.judged[index];
            let moved = &self.moved[index * self.logits.len()..];
            if gain <= least || !possible(&moved[first.min(block)..block]) {
                continue;
            }
            change.make(&mut self.order[first..=last]);
            if allowed(&self.order) {
                self.update(first);
                return Some(last);
            }
            change.undo(&mut self.order[first..=last]);
        }
        None
    }

    /// What each move between `first` and some places behind it would add to the worth, into `judged`.
    ///
    /// First the logits of all, then the clicks of all: read back at once, the former would not have arrived in memory.
    #[inline(always)]
    fn judge(&mut self, first: usize, places: Range<usize>) {
        let (slots, filled) = (self.outlook.slots, self.logits.len());
        let (mut judged, mut moved) = (std::mem::take(&mut self.judged), std::mem::take(&mut self.moved));
        judged.clear();
        for last in places {
            let changes = Move::of(first, last, slots).iter();
            judged.extend(changes.map(|&change| Judged { change, last, gain: 0. }));
        }
        moved.resize(moved.len().max(judged.len() * filled), 0.);
        // Slots that stay as they are add nothing, so it may begin with whole lanes.
        let begin = first / LANES * LANES;
        for (of, moved) in judged.iter().zip(moved.chunks_exact_mut(filled)) {
            moved[begin..first].copy_from_slice(&self.logits[begin..first]);
            match of.change {
                Move::Swap => self.swap(first, of.last, moved),
                Move::Raise => self.raise(first, of.last, moved),
                Move::Lower => self.lower(first, of.last, moved),
            }
        }
        for (of, moved) in judged.iter_mut().zip(moved.chunks_exact(filled)) {
            of.gain = self.gain(begin, moved);
        }
        (self.judged, self.moved) = (judged, moved);
    }

    /// What the slots from `begin` on gain with these logits.
    #[inline(always)]
    fn gain(&self, begin: usize, moved: &[f32]) -> f32 {
        let [moved, seen, chances] = [moved, &self.seen, &self.chances].map(|slots| lanes(&slots[begin..]));
        let mut gains = [0.; LANES];
        for ((logits, seen), chances) in moved.zip(seen).zip(chances) {
            for lane in 0..LANES {
                gains[lane] += seen[lane] * sigmoid(logits[lane]) - chances[lane];
            }
        }
        let half: [f32; LANES / 2] = std::array::from_fn(|lane| gains[lane] + gains[lane + LANES / 2]);
        (half[0] + half[2]) + (half[1] + half[3])
    }

    /// What an item does to the one in each slot.
    #[inline(always)]
    fn does(&self, item: usize) -> &[f32] {
        &self.below[item * self.outlook.slots..][..self.outlook.slots]
    }

    #[inline(always)]
    fn swap(&self, first: usize, last: usize, moved: &mut [f32]) {
        let slots = self.outlook.slots;
        let [upper, lower] = [first, last].map(|place| self.order[place]);
        moved[first] = self.logit(first, lower);
        let [of_upper, of_lower] = [upper, lower].map(|item| self.does(item));
        let next = first + 1;
        let changes = of_lower[next..].iter().zip(&of_upper[next..]).zip(&self.reach[1..]);
        for ((moved, logit), ((lower, upper), reach)) in
            moved[next..slots].iter_mut().zip(&self.logits[next..]).zip(changes)
        {
            *moved = logit + reach * (lower - upper);
        }
        if last < slots {
            // An item does nothing to itself, so where it stood before does not matter.
            moved[last] = self.logit(last, upper) + self.reach[last - first] * of_lower[first];
            let next = last + 1;
            let changes = of_upper[next..].iter().zip(&of_lower[next..]).zip(&self.reach[1..]);
            for (moved, ((upper, lower), reach)) in moved[next..slots].iter_mut().zip(changes) {
                *moved += reach * (upper - lower);
            }
        }
    }

    #[inline(always)]
    fn raise(&self, first: usize, last: usize, moved: &mut [f32]) {
        let slots = self.outlook.slots;
        let item = self.order[last];
        moved[first] = self.logit(first, item);
        let does = self.does(item);
        let end = last.min(slots - 1);
        let sinking = self.lowered[first..end].iter().zip(&self.further[first * slots + first..]);
        let effects = does[first..end].iter().zip(&self.reach[1..]);
        for ((moved, (logit, further)), (does, reach)) in moved[first + 1..=end].iter_mut().zip(sinking).zip(effects) {
            *moved = logit + further + reach * does;
        }
        let [before, after] = [first, last.min(slots)].map(|count| &self.nearer[count * slots..][..slots]);
        for slot in last + 1..slots {
            let change = self.reach[slot - first] - self.reach[slot - last];
            moved[slot] = self.logits[slot] + (after[slot] - before[slot]) + change * does[slot];
        }
    }

    #[inline(always)]
    fn lower(&self, first: usize, last: usize, moved: &mut [f32]) {
        let (slots, count) = (self.outlook.slots, self.outlook.pool.len());
        let item = self.order[first];
        let does = self.does(item);
        let rising = self.raised[first + 1..=last].iter().zip(&self.nearer[first * slots + first + 1..]);
        let effects = does[first + 1..=last].iter().zip(&self.reach[1..]);
        for ((moved, (logit, nearer)), (does, reach)) in moved[first..last].iter_mut().zip(rising).zip(effects) {
            *moved = logit + nearer - reach * does;
        }
        let stay = (0..first).map(|above| self.reach[last - above] * self.does(self.order[above])[first]);
        let rise = first + 1..=last;
        let rise = rise.map(|above| self.reach[last + 1 - above] * self.does(self.order[above])[first]);
        moved[last] = self.outlook.base[last * count + item] + stay.chain(rise).sum::<f32>();
        let [before, after] = [first + 1, last + 1].map(|count| &self.further[count * slots..][..slots]);
        for slot in last + 1..slots {
            let change = self.reach[slot - last] - self.reach[slot - first];
            moved[slot] = self.logits[slot] + (after[slot] - before[slot]) + change * does[slot];
        }
    }

    /// Logit of an item in a slot, below what stands above that.
    #[inline(always)]
    fn logit(&self, slot: usize, item: usize) -> f32 {
        let place = slot * self.outlook.pool.len() + item;
        self.outlook.base[place] + self.above[place]
    }

    /// All tables of the slots from `first` on, above which nothing has changed.
    #[inline(always)]
    fn update(&mut self, first: usize) {
        let Outlook { slots, base, pairs, .. } = self.outlook;
        let (slots, count) = (*slots, self.outlook.pool.len());
        for slot in first..slots {
            let row = &mut self.above[slot * count..][..count];
            row.fill(0.);
            for (above, &item) in self.order[..slot].iter().enumerate() {
                let (factor, does) = (self.reach[slot - above], &pairs[item * count..][..count]);
                row.iter_mut().zip(does).for_each(|(sum, effect)| *sum += factor * effect);
            }
            let item = self.order[slot];
            let (place, above) = (slot * count + item, row[item]);
            self.logits[slot] = base[place] + above;
            // The first is not raised, nor the last lowered.
            self.raised[slot] = base[place.saturating_sub(count)] + above;
            self.lowered[slot] = base.get(place + count).map_or(0., |base| base + above);
        }
        for (below, pairs) in self.below.chunks_exact_mut(slots).zip(pairs.chunks_exact(count)) {
            below[first..].iter_mut().zip(&self.order[first..]).for_each(|(does, &item)| *does = pairs[item]);
        }
        for (chance, (&logit, seen)) in self.chances.iter_mut().zip(self.logits.iter().zip(&self.seen)) {
            *chance = seen * sigmoid(logit);
        }
        self.update_distances(first);
    }

    /// What comes of standing nearer and further, of the slots from `first` on.
    #[inline(always)]
    fn update_distances(&mut self, first: usize) {
        let slots = self.outlook.slots;
        for above in 0..slots {
            let from = first.max(above + 1);
            if from >= slots {
                break;
            }
            let does = &self.below[self.order[above] * slots..][from..slots];
            let distances = from - above..slots - above;
            for (table, change) in [(&mut self.nearer, &self.approach), (&mut self.further, &self.retreat)] {
                let (now, next) = table[above * slots..][..2 * slots].split_at_mut(slots);
                let effects = change[distances.clone()].iter().zip(does);
                for ((next, now), (change, does)) in next[from..].iter_mut().zip(&now[from..]).zip(effects) {
                    *next = now + change * does;
                }
            }
        }
    }
}

/// Values in whole lanes.
#[inline(always)]
fn lanes(values: &[f32]) -> impl Iterator<Item = &[f32; LANES]> {
    values.chunks_exact(LANES).filter_map(|chunk| chunk.try_into().ok())
}

fn possible(logits: &[f32]) -> bool {
    !logits.contains(&f32::NEG_INFINITY)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// The definition.
    fn worth(outlook: &Outlook, order: &[usize]) -> f64 {
        let count = outlook.pool.len();
        let logit = |slot: usize| {
            let effect = |above: usize| {
                let factor = outlook.reach.get(slot - above - 1).copied().unwrap_or(0.);
                f64::from(factor * outlook.pairs[order[above] * count + order[slot]])
            };
            f64::from(outlook.base[slot * count + order[slot]]) + (0..slot).map(effect).sum::<f64>()
        };
        (0..outlook.slots).map(|slot| f64::from(outlook.seen[slot]) / (1. + (-logit(slot)).exp())).sum()
    }

    fn outlooks() -> impl Strategy<Value = Outlook> {
        (1_usize..8, 0_usize..4, 0_usize..9).prop_flat_map(|(slots, more, reach)| {
            let count = slots + more;
            let numbers = |count| vec(-2_f32..2., count);
            let parts = (numbers(slots * count), numbers(count * count), numbers(reach), vec(0.1_f32..1., slots));
            parts.prop_map(move |(base, mut pairs, reach, seen)| {
                pairs.iter_mut().step_by(count + 1).for_each(|itself| *itself = 0.);
                Outlook { pool: (0..count).collect(), slots, block: slots, seen, base, pairs, reach }
            })
        })
    }

    proptest! {
        #[test]
        fn a_move_gains_what_it_makes_of_the_order(outlook in outlooks(), seed in 0_usize..1000) {
            let (slots, count) = (outlook.slots, outlook.pool.len());
            let mut order: Vec<usize> = (0..count).collect();
            order.rotate_left(seed % count);
            order.swap(seed % count, seed / 7 % count);
            let mut board = Board::new(&outlook);
            board.set(&order);
            prop_assert!((board.worth() - worth(&outlook, &order)).abs() < 1e-5);
            for (first, last) in (0..slots).flat_map(|first| (first + 1..count).map(move |last| (first, last))) {
                board.judge(first, last..last + 1);
                for &Judged { change, last, gain } in &board.judged {
                    let mut moved = order.clone();
                    change.make(&mut moved[first..=last]);
                    let expected = worth(&outlook, &moved) - worth(&outlook, &order);
                    let gain = f64::from(gain);
                    prop_assert!((gain - expected).abs() < 1e-5, "{change:?} {first} {last}: {gain} for {expected}");
                }
            }
        }

        #[test]
        fn moves_that_are_made_leave_the_tables_right(outlook in outlooks(), firsts in vec(0_usize..8, 1..9)) {
            let mut board = Board::new(&outlook);
            for first in firsts.into_iter().filter(|&first| first < outlook.slots) {
                // Whatever it costs, every move is made.
                let places = outlook.pool.len() - first - 1;
                prop_assert_eq!(board.improve(first, f32::NEG_INFINITY, |_| true), places > 0);
                prop_assert!((board.worth() - worth(&outlook, board.order())).abs() < 1e-5);
            }
            let mut fresh = Board::new(&outlook);
            fresh.set(board.order());
            prop_assert_eq!(fresh.worth(), board.worth());
        }
    }
}
