//! The slots of a slate chosen together, for the clicks that the whole slate is expected to bring.

use super::{
    Search,
    greedy::{best, fill_each},
};
use crate::{
    Hypothesis,
    outlook::{MOST_SWEEPS, Outlook, POOL},
    row::{BadLogit, Open, Scratch},
};

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
        let outlook = outlook(&open, end, &start[..start.len().min(POOL)], &mut self.room);
        let mut picks = outlook.climb(open.hypothesis.slate(), MOST_SWEEPS).into_iter();
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

/// What greedy search placed, then the candidates with the best logits of the block's first slot.
fn outlook(open: &Open<'_>, end: usize, start: &[usize], room: &mut Vec<f32>) -> Outlook {
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
        let row = open.logits_ahead(slot, end - 1, room);
        base.extend(pool.iter().map(|&item| row[item]));
    }
    let none = || (vec![0.; pool.len() * pool.len()], Vec::new());
    let (pairs, reach) = influence.map_or_else(none, |influence| influence.among(&pool));
    let seen = (first..first + slots).map(|slot| influence.map_or(1., |influence| influence.seen(slot))).collect();
    Outlook { pool, slots, block: end - first, seen, base, pairs, reach }
}
