//! What contrastive search finds a candidate worth.

use ndarray::ArrayView2;

use crate::{exp::exp_all, free::maximum, vectors::Vectors};

/// One list in contrastive search of NAR4Rec (Ren et al. 2024, arXiv 2402.06871): the slot `t` takes
/// `argmax_x (1 − α) P[x, t] − α max_{c placed} cos(x, c)`.
///
/// `P` is the softmax over all that is not placed when the block begins, as the network gave it, and stays so while
/// the block is filled. Beyond the paper: what is placed cannot be placed again, and with several blocks the penalty
/// counts everything placed so far.
///
/// All memory is used again, for the next slot and for the next list.
#[derive(Debug, Clone)]
pub(crate) struct Contrast {
    alpha: f64,
    vectors: Vectors,
    /// By candidate, the greatest cosine to the first `followed` that were placed; 0 as long as there is none.
    nearest: Vec<f64>,
    followed: usize,
    /// What is not placed when the block begins.
    items: Vec<usize>,
    logits: Vec<f32>,
    weights: Vec<f64>,
    /// By candidate, `P` in the slot that is filled next.
    probabilities: Vec<f64>,
}

impl Contrast {
    /// A list of candidates with these vectors, nothing placed.
    pub(crate) fn new(alpha: f32, vectors: Vectors) -> Self {
        let nearest = vec![0.; vectors.len()];
        let (items, logits, weights, probabilities) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { alpha: f64::from(alpha), vectors, nearest, followed: 0, items, logits, weights, probabilities }
    }

    /// Goes over to another list. The error names the first candidate with a number that is not finite, and the number.
    pub(crate) fn start(&mut self, vectors: &ArrayView2<'_, f32>) -> Result<(), (usize, f32)> {
        self.followed = 0;
        let read = self.vectors.read(vectors);
        self.nearest.clear();
        self.nearest.resize(self.vectors.len(), 0.);
        read
    }

    /// Number of candidates.
    pub(crate) fn candidates(&self) -> usize {
        self.vectors.len()
    }

    /// Begins a block behind what is placed.
    pub(crate) fn begin_block(&mut self, placed: &[usize]) {
        const FREE: f64 = 0.;
        const PLACED: f64 = -1.;
        self.probabilities.clear();
        self.probabilities.resize(self.candidates(), FREE);
        for &item in placed {
            self.probabilities[item] = PLACED;
        }
        self.items.clear();
        let free = self.probabilities.iter().enumerate().filter(|&(_, &mark)| mark == FREE);
        self.items.extend(free.map(|(item, _)| item));
    }

    /// Reads the logits of the block's next slot, of all candidates and of padding. The error names the candidate with a
    /// logit that no softmax can have.
    pub(crate) fn read_slot(&mut self, placed: &[usize], logits: &[f32]) -> Result<(), (usize, f32)> {
        self.follow(placed);
        self.logits.clear();
        self.logits.extend(self.items.iter().map(|&item| logits[item]));
        // Where all of them are −∞, what is free is refused, whatever stands here.
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

    /// Compares the candidates that still matter with what has been placed since the last time.
    fn follow(&mut self, placed: &[usize]) {
        for &item in placed.iter().skip(self.followed) {
            for &other in &self.items {
                let cosine = self.vectors.cosine(other, item);
                let nearest = &mut self.nearest[other];
                *nearest = if self.followed == 0 { cosine } else { nearest.max(cosine) };
            }
            self.followed += 1;
        }
    }

    /// What a free candidate is worth in the slot that was read last.
    pub(crate) fn value(&self, item: usize) -> f64 {
        (1. - self.alpha) * self.probabilities[item] - self.alpha * self.nearest[item]
    }
}
