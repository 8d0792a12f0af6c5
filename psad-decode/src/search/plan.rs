//! The slots of a slate chosen together, for the clicks that the whole slate is expected to bring.

use psad_core::SlateBuilder;

use super::{
    Search,
    greedy::{best, fill_each},
};
use crate::{
    Hypothesis,
    row::{BadLogit, Open, Scratch},
};

/// A move must gain at least this much, so that rounding never makes the search go in circles.
const GAIN: f64 = 1e-6;

/// Passes over all moves; the last ones find next to nothing.
const MOST_SWEEPS: usize = 20;

/// Candidates that the search looks at, and slots that it looks ahead: what greedy search placed, then those with the best
/// logits of the block's first slot. It bounds the time of long lists and slates; slots beyond it are filled greedily.
const POOL: usize = 40;

/// Local search from the greedy slate by swaps and insertions.
pub(crate) struct Plan {
    /// Slots of the schedule; no slate is longer.
    slots: usize,
    scratch: Scratch,
    room: Vec<f32>,
}

impl Search for Plan {
    fn fill(&mut self, open: Vec<Open<'_>>, end: usize) -> Result<Vec<Hypothesis>, BadLogit> {
        open.into_iter().map(|open| self.fill_one(open, end)).collect()
    }
}

impl Plan {
    pub(crate) fn new(slots: usize) -> Self {
        Self { slots, scratch: Scratch::default(), room: Vec::new() }
    }

    fn fill_one(&mut self, open: Open<'_>, end: usize) -> Result<Hypothesis, BadLogit> {
        let first = open.slot();
        if first >= end {
            return Ok(open.hypothesis);
        }
        // Greedy search goes first: it says what is wrong with the logits, and it is where the search starts.
        let greedy = fill_each(open.clone(), end, &mut self.scratch, best)?;
        let start = self.completed(&open, end, greedy);
        let outlook = Outlook::new(&open, end, &start[..start.len().min(POOL)], &mut self.room);
        let mut picks = outlook.climb(open.hypothesis.slate()).into_iter();
        fill_each(open, end, &mut self.scratch, |row| {
            picks.next().map_or_else(|| row.best(), |item| row.free().choice(item))
        })
    }

    /// What greedy search would place from this block to the end of the slate, with the rows of this block.
    fn completed(&mut self, open: &Open<'_>, end: usize, greedy: Hypothesis) -> Vec<usize> {
        let mut ahead = Open { hypothesis: greedy, ..open.clone() };
        let slots = open.hypothesis.slots().min(self.slots);
        while ahead.slot() < slots {
            let row = ahead.logits_ahead(ahead.slot(), end - 1, &mut self.room);
            let slate = ahead.hypothesis.slate();
            let best = slate.free().max_by(|&a, &b| row[a].total_cmp(&row[b]).then(b.cmp(&a)));
            let Some(item) = best else { break };
            ahead.hypothesis.place(item, 0.);
        }
        ahead.hypothesis.placed()[open.slot()..].to_vec()
    }
}

/// What each candidate of the pool would bring in each slot that is still empty, to the end of the slate: slots behind
/// the block stand under the last row of the block.
struct Outlook {
    /// Pool to candidate; the first are the start.
    pool: Vec<usize>,
    slots: usize,
    /// Slots of the block; those behind it are only looked ahead to.
    block: usize,
    /// Log-odds of a click, `[slots, pool]`, with what is placed already.
    base: Vec<f32>,
    /// What each adds to each below it, `[pool, pool]`; empty without influence.
    pairs: Vec<f32>,
    reach: Vec<f32>,
}

impl Outlook {
    fn new(open: &Open<'_>, end: usize, start: &[usize], room: &mut Vec<f32>) -> Self {
        let (first, slate) = (open.slot(), open.hypothesis.slate());
        let influence = open.block.influence();
        let slots = start.len();
        let mut rest: Vec<(f32, usize)> = {
            let row = open.logits_of(first, room);
            let anywhere = |item: &usize| (first..first + slots).any(|slot| slate.allows(*item, slot));
            let placed = open.hypothesis.placed();
            let others = (0..slate.candidates()).filter(|item| !start.contains(item) && !placed.contains(item));
            others.filter(anywhere).map(|item| (row[item], item)).collect()
        };
        rest.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let rest = rest.into_iter().map(|(_, item)| item);
        let pool: Vec<usize> = start.iter().copied().chain(rest).take(POOL).collect();
        let mut base = Vec::with_capacity(slots * pool.len());
        for slot in first..first + slots {
            let exposure = influence.map_or(0., |influence| influence.exposure(slot));
            let row = open.logits_ahead(slot, end - 1, room);
            base.extend(pool.iter().map(|&item| row[item] + exposure));
        }
        let (pairs, reach) = influence.map_or_else(Default::default, |influence| influence.among(&pool));
        Self { pool, slots, block: end - first, base, pairs, reach }
    }

    /// Log-odds of a click on what stands in a slot.
    fn logit(&self, order: &[usize], slot: usize) -> f32 {
        let (count, item) = (self.pool.len(), order[slot]);
        let mut logit = self.base[slot * count + item];
        if !self.pairs.is_empty() {
            for (above, factor) in (0..slot).rev().zip(&self.reach) {
                logit += factor * self.pairs[order[above] * count + item];
            }
        }
        logit
    }

    /// Expected clicks in the slots from `from` on.
    fn worth(&self, order: &[usize], from: usize) -> f64 {
        let chance = |slot| f64::from(1. / (1. + (-self.logit(order, slot)).exp()));
        (from..self.slots).map(chance).sum()
    }

    /// Makes whatever move helps, and the slate takes, until none does. Gives the items of the block.
    fn climb(&self, slate: &SlateBuilder) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.pool.len()).collect();
        for _ in 0..MOST_SWEEPS {
            let mut moved = false;
            for first in 0..self.slots {
                for last in first + 1..order.len() {
                    moved |= self.improve(&mut order, first, last, slate);
                }
            }
            if !moved {
                break;
            }
        }
        order[..self.block.min(self.slots)].iter().map(|&item| self.pool[item]).collect()
    }

    /// Swaps two places, then raises the lower to the upper, and keeps what helps.
    fn improve(&self, order: &mut [usize], first: usize, last: usize, slate: &SlateBuilder) -> bool {
        let mut moved = false;
        for raise in [false, true] {
            if raise && last == first + 1 {
                continue;
            }
            let before = self.worth(order, first);
            shift(&mut order[first..=last], raise);
            if self.worth(order, first) > before + GAIN && self.allowed(slate, order) {
                moved = true;
            } else {
                unshift(&mut order[first..=last], raise);
            }
        }
        moved
    }

    /// Whether the model and the rules let the order stand.
    fn allowed(&self, slate: &SlateBuilder, order: &[usize]) -> bool {
        let block = self.block.min(self.slots);
        if (0..block).any(|slot| self.logit(order, slot) == f32::NEG_INFINITY) {
            return false;
        }
        if !slate.is_constrained() {
            return true;
        }
        let mut slate = slate.clone();
        order[..self.slots].iter().all(|&item| slate.push(self.pool[item]).is_ok())
    }
}

/// Swaps the ends of a stretch, or raises its last to the front.
fn shift(stretch: &mut [usize], raise: bool) {
    if raise {
        stretch.rotate_right(1);
    } else if let [first, .., last] = stretch {
        std::mem::swap(first, last);
    }
}

fn unshift(stretch: &mut [usize], raise: bool) {
    if raise {
        stretch.rotate_left(1);
    } else {
        shift(stretch, false);
    }
}
