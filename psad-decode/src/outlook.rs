//! The clicks that a whole slate is expected to bring, and the moves that raise them.

use psad_core::SlateBuilder;

/// A move must gain at least this much, so that rounding never makes the search go in circles.
const GAIN: f64 = 1e-6;

/// Passes over all moves; the last ones find next to nothing.
pub(crate) const MOST_SWEEPS: usize = 20;

/// Candidates that the search looks at, and slots that it looks ahead: what is placed, then those with the best logits. It
/// bounds the time of long lists and slates.
pub(crate) const POOL: usize = 40;

/// What each candidate of the pool would bring in each slot that is still empty, to the end of the slate: slots behind
/// the block stand under the last row of the block.
pub(crate) struct Outlook {
    /// Pool to candidate; the first are the start.
    pub(crate) pool: Vec<usize>,
    pub(crate) slots: usize,
    /// Slots of the block; those behind it are only looked ahead to.
    pub(crate) block: usize,
    /// How likely each slot is looked at.
    pub(crate) seen: Vec<f64>,
    /// Log-odds of a click where it is, `[slots, pool]`, with what is placed already.
    pub(crate) base: Vec<f32>,
    /// What each adds to each below it, `[pool, pool]`; empty without influence.
    pub(crate) pairs: Vec<f32>,
    pub(crate) reach: Vec<f32>,
}

impl Outlook {
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

    /// Probabilities of a click in the slots from `from` on.
    fn chances<'a>(&'a self, order: &'a [usize], from: usize) -> impl Iterator<Item = f64> + 'a {
        (from..self.slots).map(|slot| self.seen[slot] * f64::from(1. / (1. + (-self.logit(order, slot)).exp())))
    }

    /// Makes whatever move helps, and the slate takes, until none does or all have been tried `sweeps` times. Gives the
    /// items of the block.
    pub(crate) fn climb(&self, slate: &SlateBuilder, sweeps: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.pool.len()).collect();
        let mut chances: Vec<f64> = self.chances(&order, 0).collect();
        for _ in 0..sweeps.min(MOST_SWEEPS) {
            let mut moved = false;
            for first in 0..self.slots {
                for last in first + 1..order.len() {
                    moved |= self.improve(&mut order, &mut chances, (first, last), slate);
                }
            }
            if !moved {
                break;
            }
        }
        order[..self.block.min(self.slots)].iter().map(|&item| self.pool[item]).collect()
    }

    /// Swaps two places, then raises the lower to the upper, and keeps what helps. `chances` are those of `order`.
    fn improve(
        &self,
        order: &mut [usize],
        chances: &mut [f64],
        (first, last): (usize, usize),
        slate: &SlateBuilder,
    ) -> bool {
        let mut moved = false;
        for raise in [false, true] {
            if raise && last == first + 1 {
                continue;
            }
            let before: f64 = chances[first..].iter().sum();
            shift(&mut order[first..=last], raise);
            let after: f64 = self.chances(order, first).sum();
            if after > before + GAIN && self.allowed(slate, order) {
                moved = true;
                chances.iter_mut().skip(first).zip(self.chances(order, first)).for_each(|(old, new)| *old = new);
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
