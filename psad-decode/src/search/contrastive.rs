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
    /// Of each list.
    vectors: Vec<Vectors>,
    scratch: Scratch,
    block: Block,
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
    /// By candidate, the greatest cosine to what is placed.
    nearest: Vec<f64>,
}

impl Contrastive {
    pub(crate) fn new(alpha: f32, vectors: Vec<Vectors>) -> Self {
        Self { alpha: f64::from(alpha), vectors, scratch: Scratch::default(), block: Block::default() }
    }

    fn fill_one(&mut self, mut open: Open<'_>, end: usize) -> Result<Hypothesis, BadLogit> {
        let Self { alpha, vectors, scratch, block } = self;
        let vectors = &vectors[open.hypothesis.list];
        block.begin(open.hypothesis.placed(), vectors);
        while open.slot() < end {
            block.read(open.logits()).map_err(|(item, value)| open.bad(open.slot(), item, value))?;
            let first = open.hypothesis.placed().is_empty();
            let row = open.row(scratch)?;
            let (item, logit) = row.argmax(|item, _| {
                let penalty = if first { 0. } else { block.nearest[item] };
                (1. - *alpha) * block.probabilities[item] - *alpha * penalty
            });
            open.hypothesis.place(item, row.log_probability(logit));
            block.place(item, vectors);
        }
        Ok(open.hypothesis)
    }
}

impl Search for Contrastive {
    fn fill(&mut self, open: Vec<Open<'_>>, end: usize) -> Result<Vec<Hypothesis>, BadLogit> {
        open.into_iter().map(|open| self.fill_one(open, end)).collect()
    }
}

impl Block {
    fn begin(&mut self, placed: &[usize], vectors: &Vectors) {
        self.items.clear();
        self.items.extend((0..vectors.len()).filter(|item| !placed.contains(item)));
        self.probabilities.clear();
        self.probabilities.resize(vectors.len(), 0.);
        self.nearest.clear();
        self.nearest.resize(vectors.len(), f64::NEG_INFINITY);
        for &item in placed {
            self.place(item, vectors);
        }
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

    fn place(&mut self, item: usize, vectors: &Vectors) {
        for &other in &self.items {
            let nearest = &mut self.nearest[other];
            *nearest = nearest.max(vectors.cosine(other, item));
        }
    }
}
