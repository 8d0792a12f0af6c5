//! One slot's distribution over what is still free.

use ndarray::ArrayView1;
use psad_core::SlateBuilder;

use crate::{Hypothesis, ScoreBlock};

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

    /// The distribution of the slot that is filled next.
    pub(crate) fn row(&self) -> Result<Row<'_>, BadLogit> {
        let slot = self.slot();
        Row::new(self.block, slot - self.first_slot, self.hypothesis.slate()).map_err(|(item, value)| BadLogit {
            list: self.hypothesis.list,
            slot,
            item,
            value,
        })
    }
}

/// The logits of one slot as one partial slate sees them: a softmax over the free candidates, and over nothing else.
pub(crate) struct Row<'a> {
    logits: ArrayView1<'a, f32>,
    slate: &'a SlateBuilder,
    max: f64,
    log_sum: f64,
}

impl<'a> Row<'a> {
    /// The error names the first candidate to blame and its logit.
    fn new(block: &'a ScoreBlock, row: usize, slate: &'a SlateBuilder) -> Result<Self, (usize, f32)> {
        let logits = block.logits().row(row);
        let mut max = f32::NEG_INFINITY;
        let mut first = None;
        for item in slate.free() {
            let logit = logits[item];
            if logit.is_nan() || logit == f32::INFINITY {
                return Err((item, logit));
            }
            first = first.or(Some(item));
            max = max.max(logit);
        }
        if max == f32::NEG_INFINITY {
            return Err((first.unwrap_or(0), max));
        }
        let max = f64::from(max);
        let sum: f64 = slate.free().map(|item| (f64::from(logits[item]) - max).exp()).sum();
        Ok(Self { logits, slate, max, log_sum: sum.ln() })
    }

    /// The candidates that this slot may take, with their logits, in the ranker's order.
    pub(crate) fn choices(&self) -> impl Iterator<Item = (usize, f32)> + '_ {
        self.slate.free().map(|item| (item, self.logits[item])).filter(|&(_, logit)| logit > f32::NEG_INFINITY)
    }

    /// Log-probability of a free candidate; `-inf` where the model rules it out.
    pub(crate) fn log_probability(&self, item: usize) -> f64 {
        f64::from(self.logits[item]) - self.max - self.log_sum
    }

    /// The choice with the highest logit plus noise; equal ones go to the ranker's order.
    pub(crate) fn argmax(&self, mut noise: impl FnMut() -> f64) -> usize {
        let mut best = (0, f64::NEG_INFINITY);
        for (item, logit) in self.choices() {
            let value = f64::from(logit) + noise();
            if value > best.1 {
                best = (item, value);
            }
        }
        best.0
    }
}
