//! The most probable items for the slots of a block, chosen together.

use psad_core::SlateBuilder;

use super::{
    Search,
    greedy::{best, fill_each},
    relaxation::Weights,
};
use crate::{
    Hypothesis,
    row::{BadLogit, Open, Scratch},
};

/// Nodes of the search tree that a block may cost; each solves one assignment.
const NODES: usize = 2_000;

/// Exact assignment: of all ways to fill the slots of a block, the one with the greatest `Π P[item, slot]`, where `P` is
/// the softmax over everything that was not placed when the block began.
///
/// Without rules that is one linear assignment problem. With rules it is a branch and bound over the slots in turn: the
/// assignment without the rules bounds what a partial slate can come to, and where the slate takes its items one after
/// the other it is the answer. Greedy search gives the first slate to beat.
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
        let weights = weights(&open, end)?;
        let greedy = fill_each(open.clone(), end, &mut self.scratch, best);
        let mut tree = Tree::new(&weights, greedy.as_ref().ok().map(|filled| &filled.placed()[first..]));
        tree.descend(open.hypothesis.slate(), 0, 0.);
        // Greedy search runs into what the model rules out wherever there is no way around it.
        let Some(picks) = tree.best else { return greedy };
        let mut picks = picks.into_iter();
        fill_each(open, end, &mut self.scratch, |row| picks.next().map_or_else(|| row.best(), |item| row.choice(item)))
    }
}

/// The block's logits, each row less its maximum, over what is not placed yet.
fn weights(open: &Open<'_>, end: usize) -> Result<Weights, BadLogit> {
    let placed = open.hypothesis.placed();
    let items: Vec<usize> = (0..open.hypothesis.candidates()).filter(|item| !placed.contains(item)).collect();
    let mut rows = Vec::with_capacity((end - open.slot()) * items.len());
    for slot in open.slot()..end {
        let logits = open.block.row(slot - open.first_slot);
        let mut max = f32::NEG_INFINITY;
        for &item in &items {
            let logit = logits[item];
            if logit.is_nan() || logit == f32::INFINITY {
                return Err(open.bad(slot, item, logit));
            }
            max = max.max(logit);
        }
        // A slot without any choice stays without one.
        let max = if max == f32::NEG_INFINITY { 0. } else { max };
        rows.extend(items.iter().map(|&item| f64::from(logits[item]) - f64::from(max)));
    }
    Ok(Weights::new(items, rows))
}

/// The branch and bound of one block.
struct Tree<'w> {
    weights: &'w Weights,
    /// The picks of the best slate so far.
    best: Option<Vec<usize>>,
    value: f64,
    path: Vec<usize>,
    nodes: usize,
}

impl<'w> Tree<'w> {
    fn new(weights: &'w Weights, greedy: Option<&[usize]>) -> Self {
        let value = greedy.map_or(f64::NEG_INFINITY, |picks| weights.value(picks));
        let best = greedy.map(<[usize]>::to_vec);
        Self { weights, best, value, path: Vec::new(), nodes: 0 }
    }

    /// Looks through everything that begins with `slate`, whose picks of this block are worth `value`.
    fn descend(&mut self, slate: &SlateBuilder, row: usize, value: f64) {
        if row == self.weights.rows() {
            if value > self.value || self.best.is_none() {
                (self.best, self.value) = (Some(self.path.clone()), value);
            }
            return;
        }
        if self.nodes == NODES {
            return;
        }
        self.nodes += 1;
        let Some(relaxed) = self.weights.assign(row, &self.path, |item| slate.is_free(item)) else { return };
        if self.best.is_some() && value + relaxed.value <= self.value {
            return;
        }
        if takes(slate.clone(), &relaxed.picks) {
            let picks = [&self.path[..], &relaxed.picks].concat();
            (self.best, self.value) = (Some(picks), value + relaxed.value);
            return;
        }
        self.branch(slate, row, value, relaxed.picks[0]);
    }

    /// Tries the items for the next slot, first the one of the assignment, then the most probable first.
    fn branch(&mut self, slate: &SlateBuilder, row: usize, value: f64, first: usize) {
        let weight = |item: usize| self.weights.weight(row, item);
        let mut items: Vec<usize> = slate.free().filter(|&item| weight(item) > f64::NEG_INFINITY).collect();
        items.sort_by(|&a, &b| (b == first).cmp(&(a == first)).then(weight(b).total_cmp(&weight(a))));
        // What the other slots can add at most, each for itself.
        let rest = self.weights.rest(row + 1, &self.path);
        for item in items {
            let value = value + self.weights.weight(row, item);
            if item != first && self.best.is_some() && value + rest <= self.value {
                return;
            }
            let mut slate = slate.clone();
            if slate.push(item).is_ok() {
                self.path.push(item);
                self.descend(&slate, row + 1, value);
                self.path.pop();
            }
        }
    }
}

/// Whether a slate takes these items one after the other.
fn takes(mut slate: SlateBuilder, items: &[usize]) -> bool {
    items.iter().all(|&item| slate.is_free(item) && slate.push(item).is_ok())
}
