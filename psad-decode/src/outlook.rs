//! The clicks that a whole slate is expected to bring, and the moves that raise them.

use psad_core::SlateBuilder;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A move must gain at least this much, so that rounding never makes the search go in circles.
const GAIN: f64 = 1e-6;

/// Passes over all moves; the last ones find next to nothing.
pub(crate) const MOST_SWEEPS: usize = 20;

/// Random swaps by which an order leaves where no single move helps: enough to get away, too few to forget what is good
/// about it.
const KICK: usize = 4;

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

    /// Iterated local search (Lourenço, Martin & Stützle 2003): makes whatever move helps, and the slate takes, until none
    /// does; then leaves the best order so far by random swaps, always the same ones, and climbs again, as long as all
    /// moves have been tried fewer than `sweeps` times. Gives the items of the block.
    pub(crate) fn climb(&self, slate: &SlateBuilder, sweeps: usize) -> Vec<usize> {
        let mut left = sweeps.min(MOST_SWEEPS);
        let mut best: Vec<usize> = (0..self.pool.len()).collect();
        let mut worth = self.ascend(&mut best, slate, &mut left).0;
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        while left > 0 && self.slots > 0 && best.len() > 2 {
            let mut order = best.clone();
            for _ in 0..KICK {
                order.swap(rng.random_range(0..self.slots), rng.random_range(0..best.len()));
            }
            if !self.allowed(slate, &order) {
                left -= 1;
                continue;
            }
            let (found, arrived) = self.ascend(&mut order, slate, &mut left);
            // What is not at its top yet may still be improved by a single move, and the best may not.
            if arrived && found > worth + GAIN {
                (best, worth) = (order, found);
            }
        }
        best[..self.block.min(self.slots)].iter().map(|&item| self.pool[item]).collect()
    }

    /// Tries all moves up to `left` times, and counts that down. Gives what the order is worth then, and whether no move
    /// helps it any more.
    fn ascend(&self, order: &mut [usize], slate: &SlateBuilder, left: &mut usize) -> (f64, bool) {
        let mut chances: Vec<f64> = self.chances(order, 0).collect();
        let mut arrived = false;
        while *left > 0 && !arrived {
            *left -= 1;
            arrived = true;
            for first in 0..self.slots {
                for last in first + 1..order.len() {
                    arrived &= !self.improve(order, &mut chances, (first, last), slate);
                }
            }
        }
        (chances.iter().sum(), arrived)
    }

    /// Swaps two places, then raises the lower to the upper, then lowers the upper to the lower, and keeps what helps.
    /// `chances` are those of `order`.
    fn improve(
        &self,
        order: &mut [usize],
        chances: &mut [f64],
        (first, last): (usize, usize),
        slate: &SlateBuilder,
    ) -> bool {
        let mut moved = false;
        for change in self.moves(first, last) {
            let before: f64 = chances[first..].iter().sum();
            change.make(&mut order[first..=last]);
            let after: f64 = self.chances(order, first).sum();
            if after > before + GAIN && self.allowed(slate, order) {
                moved = true;
                chances.iter_mut().skip(first).zip(self.chances(order, first)).for_each(|(old, new)| *old = new);
            } else {
                change.undo(&mut order[first..=last]);
            }
        }
        moved
    }

    /// The moves of a stretch that give a slate of their own.
    fn moves(&self, first: usize, last: usize) -> &'static [Move] {
        match last {
            _ if last == first + 1 => &[Move::Swap],
            _ if last < self.slots => &[Move::Swap, Move::Raise, Move::Lower],
            _ => &[Move::Swap, Move::Raise],
        }
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

/// What can be done with a stretch of an order.
#[derive(Debug, Clone, Copy)]
enum Move {
    /// The two ends change places.
    Swap,
    /// The last goes first.
    Raise,
    /// The first goes last.
    Lower,
}

impl Move {
    fn make(self, stretch: &mut [usize]) {
        match self {
            Self::Swap => stretch.swap(0, stretch.len() - 1),
            Self::Raise => stretch.rotate_right(1),
            Self::Lower => stretch.rotate_left(1),
        }
    }

    fn undo(self, stretch: &mut [usize]) {
        match self {
            Self::Swap => self.make(stretch),
            Self::Raise => Self::Lower.make(stretch),
            Self::Lower => Self::Raise.make(stretch),
        }
    }
}
