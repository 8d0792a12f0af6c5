//! One slot's distribution over what is still free.

use psad_core::SlateBuilder;

use crate::{Hypothesis, ScoreBlock, exp::exp_all};

/// A logit that no distribution can be made of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BadLogit {
    pub(crate) list: usize,
    pub(crate) slot: usize,
    pub(crate) item: usize,
    pub(crate) value: f32,
}

/// A hypothesis together with the block of logits that its next slots are filled from.
#[derive(Debug, Clone)]
pub(crate) struct Open<'a> {
    pub(crate) hypothesis: Hypothesis,
    pub(crate) block: &'a ScoreBlock,
    pub(crate) first_slot: usize,
}

impl Open<'_> {
    /// The slot that is filled next.
    pub(crate) fn slot(&self) -> usize {
        self.hypothesis.placed().len()
    }

    /// The logits of the slot that is filled next, of all candidates and of padding.
    pub(crate) fn logits(&self) -> &[f32] {
        self.block.row(self.slot() - self.first_slot)
    }

    /// The distribution of the slot that is filled next.
    pub(crate) fn row<'s>(&self, scratch: &'s mut Scratch) -> Result<Row<'s>, BadLogit> {
        scratch.gather(self.logits(), self.hypothesis.slate());
        scratch.row().map_err(|(item, value)| self.bad(self.slot(), item, value))
    }

    pub(crate) fn bad(&self, slot: usize, item: usize, value: f32) -> BadLogit {
        BadLogit { list: self.hypothesis.list, slot, item, value }
    }
}

/// Room for the row of one slot, used again for the next.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    items: Vec<usize>,
    logits: Vec<f32>,
    weights: Vec<f64>,
}

impl Scratch {
    /// Side by side, the free candidates' logits can be worked on several at a time.
    fn gather(&mut self, logits: &[f32], slate: &SlateBuilder) {
        let candidates = slate.candidates();
        self.items.resize(candidates, 0);
        self.logits.resize(candidates, 0.);
        let mut free = 0;
        // Without a branch: what is not free is written too, and overwritten by what comes next.
        for (item, &logit) in logits[..candidates].iter().enumerate() {
            self.items[free] = item;
            self.logits[free] = logit;
            free += usize::from(slate.is_free(item));
        }
        self.items.truncate(free);
        self.logits.truncate(free);
    }

    /// The error names the first candidate to blame and its logit.
    fn row(&mut self) -> Result<Row<'_>, (usize, f32)> {
        let Self { items, logits, weights } = self;
        let max = maximum(logits);
        if max.is_finite() {
            let sum = exp_all(logits, max, weights);
            if !sum.is_nan() {
                return Ok(Row { items, logits, weights, max, sum, log_sum: sum.ln() });
            }
        }
        let bad = |logit: f32| logit.is_nan() || logit == f32::INFINITY;
        let first = logits.iter().position(|&logit| bad(logit)).unwrap_or(0);
        Err((items.get(first).copied().unwrap_or(0), logits.get(first).copied().unwrap_or(max)))
    }
}

/// The greatest logit, whatever is NaN beside it; `-inf` if there is none.
pub(crate) fn maximum(logits: &[f32]) -> f32 {
    let greater = |a: f32, b: f32| if b > a { b } else { a };
    let mut lanes = [f32::NEG_INFINITY; 8];
    let eights = logits.chunks_exact(8);
    let rest = eights.remainder().iter().copied().fold(f32::NEG_INFINITY, greater);
    for eight in eights {
        for (lane, &logit) in lanes.iter_mut().zip(eight) {
            *lane = greater(*lane, logit);
        }
    }
    lanes.into_iter().fold(rest, greater)
}

/// The logits of one slot as one partial slate sees them: a softmax over the free candidates, and over nothing else.
pub(crate) struct Row<'s> {
    items: &'s [usize],
    logits: &'s [f32],
    /// `exp(logit − max)` of each.
    weights: &'s [f64],
    max: f32,
    sum: f64,
    log_sum: f64,
}

impl Row<'_> {
    /// The candidates that this slot may take, with their logits, in the ranker's order.
    pub(crate) fn choices(&self) -> impl Iterator<Item = (usize, f32)> + '_ {
        self.items.iter().copied().zip(self.logits.iter().copied()).filter(|&(_, logit)| logit > f32::NEG_INFINITY)
    }

    /// Log-probability of a free candidate with this logit; `-inf` where the model rules it out.
    pub(crate) fn log_probability(&self, logit: f32) -> f64 {
        f64::from(logit) - f64::from(self.max) - self.log_sum
    }

    /// The choice with the highest logit; equal ones go to the ranker's order.
    pub(crate) fn best(&self) -> (usize, f32) {
        let best = self.logits.iter().position(|&logit| logit == self.max).unwrap_or(0);
        (self.items[best], self.logits[best])
    }

    /// The choice at which the probabilities, added up in the ranker's order, exceed `share`, which is below 1.
    pub(crate) fn at(&self, share: f64) -> (usize, f32) {
        let mut left = share * self.sum;
        let mut last = 0;
        for (index, &weight) in self.weights.iter().enumerate() {
            if self.logits[index] > f32::NEG_INFINITY {
                last = index;
                left -= weight;
                if left < 0. {
                    break;
                }
            }
        }
        // Rounding may leave a little behind the last choice.
        (self.items[last], self.logits[last])
    }

    /// A free candidate with its logit.
    pub(crate) fn choice(&self, item: usize) -> (usize, f32) {
        // Free candidates stand in ascending order.
        let index = self.items.binary_search(&item).unwrap_or_else(|index| index);
        (item, self.logits[index])
    }

    /// The choice with the highest value; equal ones go to the ranker's order.
    pub(crate) fn argmax(&self, mut value: impl FnMut(usize, f32) -> f64) -> (usize, f32) {
        let mut best = (self.best(), f64::NEG_INFINITY);
        for (item, logit) in self.choices() {
            let value = value(item, logit);
            if value > best.1 {
                best = ((item, logit), value);
            }
        }
        best.0
    }
}
