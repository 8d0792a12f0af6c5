//! The clicks that a whole slate is expected to bring, and the search for moves that raise them.
#![expect(clippy::inline_always, reason = "what is not inlined is not compiled for the better instructions")]

mod board;
mod moves;

use board::Board;
use psad_core::SlateBuilder;
use pulp::{Arch, Simd, WithSimd};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A move must gain at least this much, so that rounding never makes the search go in circles.
const GAIN: f32 = 3e-6;

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
#[derive(Debug)]
pub(crate) struct Outlook {
    /// Pool to candidate; the first are the start.
    pub(crate) pool: Vec<usize>,
    pub(crate) slots: usize,
    /// Slots of the block; those behind it are only looked ahead to.
    pub(crate) block: usize,
    /// How likely each slot is looked at.
    pub(crate) seen: Vec<f32>,
    /// Log-odds of a click where it is, `[slots, pool]`, with what is placed already.
    pub(crate) base: Vec<f32>,
    /// What each adds to each below it, `[pool, pool]`, and nothing to itself.
    pub(crate) pairs: Vec<f32>,
    /// Factor per distance, from one slot up.
    pub(crate) reach: Vec<f32>,
}

/// A climb, compiled for what different machines offer.
struct Climb<'a> {
    outlook: &'a Outlook,
    slate: &'a SlateBuilder,
    sweeps: usize,
}

impl WithSimd for Climb<'_> {
    type Output = Vec<usize>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Vec<usize> {
        self.outlook.climb_here(self.slate, self.sweeps)
    }
}

impl Outlook {
    /// Iterated local search (Lourenço, Martin & Stützle 2003): makes whatever move helps, and the slate takes, until none
    /// does; then leaves the best order so far by random swaps, always the same ones, and climbs again, as long as all
    /// moves have been tried fewer than `sweeps` times. Gives the items of the block.
    pub(crate) fn climb(&self, slate: &SlateBuilder, sweeps: usize) -> Vec<usize> {
        if self.slots == 0 {
            return Vec::new();
        }
        Arch::new().dispatch(Climb { outlook: self, slate, sweeps })
    }

    #[inline(always)]
    fn climb_here(&self, slate: &SlateBuilder, sweeps: usize) -> Vec<usize> {
        let mut left = sweeps.min(MOST_SWEEPS);
        let mut board = Board::new(self);
        self.ascend(&mut board, slate, &mut left);
        let (mut best, mut worth) = (board.order().to_vec(), board.worth());
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        while left > 0 && best.len() > 2 {
            let mut order = best.clone();
            for _ in 0..KICK {
                order.swap(rng.random_range(0..self.slots), rng.random_range(0..best.len()));
            }
            board.set(&order);
            if !board.is_possible() || !self.allowed(slate, &order) {
                left -= 1;
                continue;
            }
            let arrived = self.ascend(&mut board, slate, &mut left);
            // What is not at its top yet may still be improved by a single move, and the best may not.
            if arrived && board.worth() > worth + f64::from(GAIN) {
                worth = board.worth();
                best.copy_from_slice(board.order());
            }
        }
        best[..self.block.min(self.slots)].iter().map(|&item| self.pool[item]).collect()
    }

    /// Tries all moves up to `left` times, counts that down, and keeps what helps. Gives whether no move helps any more.
    #[inline(always)]
    fn ascend(&self, board: &mut Board<'_>, slate: &SlateBuilder, left: &mut usize) -> bool {
        let mut arrived = false;
        while *left > 0 && !arrived {
            *left -= 1;
            arrived = true;
            for first in 0..self.slots {
                arrived &= !board.improve(first, GAIN, |order| self.allowed(slate, order));
            }
        }
        arrived
    }

    /// Whether the rules let the order stand.
    fn allowed(&self, slate: &SlateBuilder, order: &[usize]) -> bool {
        if !slate.is_constrained() {
            return true;
        }
        let mut slate = slate.clone();
        order[..self.slots].iter().all(|&item| slate.push(self.pool[item]).is_ok())
    }
}
