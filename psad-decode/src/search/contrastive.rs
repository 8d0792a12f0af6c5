//! Probable, but unlike what is placed already.

use super::Search;
use crate::{
    Hypothesis,
    exp::exp_all,
    row::{BadLogit, Open, Scratch, maximum},
    vectors::Vectors,
};

/// Contrastive search of NAR4Rec (Ren et al. 2024, arXiv 2402.06871): the slot `t` takes
/// `argmax_x (1 − α) P[x, t] − α max_{c placed} cos(x, c)`.
///
/// `P` is the softmax over all that is not placed when the block begins, as the network gave it, and stays so while
/// the block is filled. Beyond the paper: what is placed cannot be placed again, and with several blocks the penalty
/// counts everything placed so far.
pub(crate) struct Contrastive {
    alpha: f64,
    lists: Vec<Compared>,
    scratch: Scratch,
    block: Block,
}

/// A list's candidates and how they compare with what is placed.
struct Compared {
    vectors: Vectors,
    /// By candidate, the greatest cosine to what is placed; 0 as long as nothing is.
    nearest: Vec<f64>,
    placed: usize,
}

/// Room for what a block needs, used again for the next.
#[derive(Default)]
struct Block {
    /// What is not placed when the block begins.
    items: Vec<usize>,
    logits: Vec<f32>,
    weights: Vec<f64>,
    /// By candidate, `P` in the slot that is filled next.
    probabilities: Vec<f64>,
}

impl Contrastive {
    /// For lists with these vectors.
    pub(crate) fn new(alpha: f32, vectors: Vec<Vectors>) -> Self {
        let compared = |vectors: Vectors| Compared { nearest: vec![0.; vectors.len()], vectors, placed: 0 };
        let lists = vectors.into_iter().map(compared).collect();
        Self { alpha: f64::from(alpha), lists, scratch: Scratch::default(), block: Block::default() }
    }

    fn fill_one(&mut self, mut open: Open<'_>, end: usize) -> Result<Hypothesis, BadLogit> {
        let Self { alpha, lists, scratch, block } = self;
        // Each list has one slate, so what is known of its candidates holds from block to block.
        let list = &mut lists[open.hypothesis.list];
        block.begin(open.hypothesis.placed(), list.vectors.len());
        while open.slot() < end {
            block.read(open.logits()).map_err(|(item, value)| open.bad(open.slot(), item, value))?;
            let row = open.row(scratch)?;
            let value = |item: usize, _| (1. - *alpha) * block.probabilities[item] - *alpha * list.nearest[item];
            let (item, logit) = row.argmax(value);
            open.hypothesis.place(item, row.log_probability(logit));
            list.place(item, &block.items);
        }
        Ok(open.hypothesis)
    }
}

impl Search for Contrastive {
    fn fill(&mut self, open: Vec<Open<'_>>, end: usize) -> Result<Vec<Hypothesis>, BadLogit> {
        open.into_iter().map(|open| self.fill_one(open, end)).collect()
    }
}

impl Compared {
    /// Compares the candidates that still matter with one that has been placed.
    fn place(&mut self, item: usize, others: &[usize]) {
        for &other in others {
            let cosine = self.vectors.cosine(other, item);
            let nearest = &mut self.nearest[other];
            *nearest = if self.placed == 0 { cosine } else { nearest.max(cosine) };
        }
        self.placed += 1;
    }
}

impl Block {
    fn begin(&mut self, placed: &[usize], candidates: usize) {
        self.items.clear();
        self.items.extend((0..candidates).filter(|item| !placed.contains(item)));
        self.probabilities.clear();
        self.probabilities.resize(candidates, 0.);
    }

    /// The probabilities of the next slot; the error names the candidate with a logit that no softmax can have.
    fn read(&mut self, logits: &[f32]) -> Result<(), (usize, f32)> {
        self.logits.clear();
        self.logits.extend(self.items.iter().map(|&item| logits[item]));
        // Where all of them are −∞, the row of what is free is refused, whatever stands here.
        let max = maximum(&self.logits).max(f32::MIN);
        let sum = exp_all(&self.logits, max, &mut self.weights);
        if max == f32::INFINITY || sum.is_nan() {
            let bad = |&(_, logit): &(usize, f32)| logit.is_nan() || logit == f32::INFINITY;
            let named = self.items.iter().copied().zip(self.logits.iter().copied()).find(bad);
            return Err(named.unwrap_or((0, max)));
        }
        for (&item, weight) in self.items.iter().zip(&self.weights) {
            self.probabilities[item] = weight / sum;
        }
        Ok(())
    }
}
