//! What placed candidates do to the logits of those below them.

use ndarray::Array2;

use crate::exp::sigmoid;

/// How each candidate changes the logits of the slots below it: with `c` placed `d` slots above, candidate `i` gains
/// `reach[d − 1] · pairs[c, i]`.
///
/// The network need not run again for that. So the slots of one block, predicted in parallel, still see what the slots
/// above them in the same block have picked.
///
/// ```
/// use std::sync::Arc;
/// use ndarray::{Array2, array};
/// use psad_decode::{BlockSchedule, Influence, ScoreBlock, Strategy, decode, from_fn};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Candidates 0 and 1 are alike: below one, the other loses 2.
/// let alike = Arc::new(Influence::new(array![[0., -2., 0.], [-2., 0., 0.], [0., 0., 0.]], vec![1.; 3]));
/// let mut network = from_fn(|hypotheses, slots| {
///     let logits = Array2::from_shape_fn((slots.len(), 3), |(_, item)| -(item as f32));
///     let block = ScoreBlock::new(logits).with_influence(alike.clone());
///     Ok::<_, std::convert::Infallible>(vec![block; hypotheses.len()])
/// });
/// let slates = decode(&Strategy::Greedy, BlockSchedule::new(3, 3)?, &[3], &mut network)?;
/// assert_eq!(slates[0][0].slate.as_slice(), [0, 2, 1]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Influence {
    candidates: usize,
    pairs: Vec<f32>,
    reach: Vec<f32>,
    exposure: Vec<f32>,
}

impl Influence {
    /// Of `pairs` `[candidates, candidates]`, a row per placed candidate, and `reach`, a factor per distance, from one
    /// slot up; nothing reaches further than it is long. Rows and columns beyond a square are left out.
    pub fn new(pairs: Array2<f32>, reach: Vec<f32>) -> Self {
        let candidates = pairs.nrows().min(pairs.ncols());
        let width = pairs.ncols().max(1);
        let inside = |&(index, _): &(usize, f32)| index / width < candidates && index % width < candidates;
        let pairs = pairs.into_iter().enumerate().filter(inside).map(|(_, value)| value).collect();
        Self { candidates, pairs, reach, exposure: Vec::new() }
    }

    /// Sets the log-odds that each slot is looked at, whatever stands there; slots beyond it are. Only
    /// [`Strategy::Plan`](crate::Strategy::Plan) and [`refine`](crate::refine()) read it: it weighs the slots, and
    /// changes no slot's order.
    #[must_use]
    pub fn with_exposure(self, exposure: Vec<f32>) -> Self {
        Self { exposure, ..self }
    }

    /// As [`Influence::with_exposure`], in memory that is used again.
    pub fn expose(&mut self, exposure: &[f32]) {
        self.exposure.clear();
        self.exposure.extend_from_slice(exposure);
    }

    /// Number of candidates that it knows.
    pub fn candidates(&self) -> usize {
        self.candidates
    }

    /// Goes over to another list with as many candidates, all without influence; the rows `[candidates, candidates]` are
    /// to be written. Nothing is allocated once it has had a list of that length.
    pub fn reset(&mut self, candidates: usize, reach: &[f32]) -> &mut [f32] {
        self.candidates = candidates;
        self.exposure.clear();
        self.reach.clear();
        self.reach.extend_from_slice(reach);
        self.pairs.clear();
        self.pairs.resize(candidates * candidates, 0.);
        &mut self.pairs
    }

    /// What each candidate does to each below it, one slot up, row by row, `[candidates · candidates]`.
    pub fn pairs(&self) -> &[f32] {
        &self.pairs
    }

    /// What stands above an item in the slot right below adds to it; what is no candidate adds nothing.
    pub(crate) fn above(&self, item: usize, placed: &[usize]) -> f32 {
        let effect = |(far, &above): (usize, &usize)| {
            let pair = self.pairs.get(above.checked_mul(self.candidates)?.checked_add(item)?)?;
            Some(self.reach.get(far)? * pair)
        };
        if item < self.candidates { placed.iter().rev().enumerate().filter_map(effect).sum() } else { 0. }
    }

    /// How likely a slot is looked at.
    pub(crate) fn seen(&self, slot: usize) -> f32 {
        self.exposure.get(slot).map_or(1., |&exposure| sigmoid(exposure))
    }

    /// The pairs among some candidates, row by row, of which none does anything to itself, and the factors per distance.
    pub(crate) fn among(&self, pool: &[usize]) -> (Vec<f32>, Vec<f32>) {
        let pair = |above: usize, below: usize| {
            if above == below { 0. } else { self.pairs[above * self.candidates + below] }
        };
        let row = |&above: &usize| pool.iter().map(move |&below| pair(above, below));
        (pool.iter().flat_map(row).collect(), self.reach.clone())
    }

    /// Adds to the logits of `slot` what the candidates of the slots above it do, the first of `placed`.
    /// Candidates that it does not know do nothing.
    pub fn add(&self, logits: &mut [f32], placed: &[usize], slot: usize) {
        for (above, &item) in placed.iter().enumerate().take(slot) {
            let Some(&factor) = self.reach.get(slot - above - 1) else { continue };
            let Some(row) = self.pairs.chunks_exact(self.candidates.max(1)).nth(item) else { continue };
            for (logit, &effect) in logits.iter_mut().zip(row) {
                *logit += factor * effect;
            }
        }
    }
}
