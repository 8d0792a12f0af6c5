//! The most probable items for the slots of a block, chosen together.

mod relaxation;
mod tree;
mod worth;

use psad_core::SlateBuilder;

use super::{
    Search,
    greedy::{best, fill_each},
};
use crate::{
    Hypothesis,
    row::{BadLogit, Open, Scratch},
};
use relaxation::{Allowed, Assigned, assign};
use tree::Tree;
use worth::Worth;

/// Exact assignment: of all ways to fill the slots of a block, the one with the greatest `Π P[item, slot]`, where `P` is
/// the softmax over everything that was not placed when the block began.
///
/// Without rules that is one linear assignment problem. Its answer is the answer with rules, too, where the slate takes
/// it; where not, a branch and bound finds the best that the slate does take.
#[derive(Default)]
pub(crate) struct Assignment {
    scratch: Scratch,
}

impl Search for Assignment {
    fn fill(&mut self, open: Vec<Open<'_>>, end: usize) -> Result<Vec<Hypothesis>, BadLogit> {
        open.into_iter().map(|open| self.fill_one(open, end)).collect()
    }
}

impl Assignment {
    fn fill_one(&mut self, open: Open<'_>, end: usize) -> Result<Hypothesis, BadLogit> {
        let first = open.slot();
        if first >= end {
            return Ok(open.hypothesis);
        }
        let worth = Worth::new(&open, end)?;
        let slate = open.hypothesis.slate();
        let free = assign(&worth, |_| Allowed::All);
        if let Some(Assigned { picks, .. }) = free.filter(|free| takes(slate, &free.picks)) {
            return self.fill_with(open, end, picks);
        }
        let greedy = fill_each(open.clone(), end, &mut self.scratch, best);
        let first_to_beat = greedy.as_ref().ok().map(|filled| filled.placed()[first..].to_vec());
        match Tree::new(&worth, slate, first_to_beat).search() {
            Some(picks) => self.fill_with(open, end, picks),
            // Where the model rules out every way, greedy search runs into it.
            None => greedy,
        }
    }

    fn fill_with(&mut self, open: Open<'_>, end: usize, picks: Vec<usize>) -> Result<Hypothesis, BadLogit> {
        let mut picks = picks.into_iter();
        fill_each(open, end, &mut self.scratch, |row| {
            picks.next().map_or_else(|| row.best(), |item| row.free().choice(item))
        })
    }
}

/// Whether a slate takes these items one after the other.
fn takes(slate: &SlateBuilder, items: &[usize]) -> bool {
    if !slate.is_constrained() {
        return true;
    }
    let mut slate = slate.clone();
    items.iter().all(|&item| slate.push(item).is_ok())
}
