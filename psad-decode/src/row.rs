//! One slot's distribution over what is still free.

use crate::{
    Hypothesis, ScoreBlock,
    exp::exp_all,
    free::{Free, maximum},
};

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

    /// The logits of the slot that is filled next, of all candidates and of padding, in the light of what is placed.
    pub(crate) fn logits<'s>(&'s self, room: &'s mut Vec<f32>) -> &'s [f32] {
        self.logits_of(self.slot(), room)
    }

    /// The logits of a slot of the block in the light of what is placed now.
    pub(crate) fn logits_of<'s>(&'s self, slot: usize, room: &'s mut Vec<f32>) -> &'s [f32] {
        self.logits_ahead(slot, slot, room)
    }

    /// As [`Open::logits_of`], for slots behind `last` with the row of that one.
    pub(crate) fn logits_ahead<'s>(&'s self, slot: usize, last: usize, room: &'s mut Vec<f32>) -> &'s [f32] {
        let row = self.block.row(slot.min(last) - self.first_slot);
        let Some(influence) = self.block.influence() else { return row };
        room.clear();
        room.extend_from_slice(row);
        influence.add(room, self.hypothesis.placed(), slot);
        room
    }

    /// The distribution of the slot that is filled next.
    pub(crate) fn row<'s>(&self, scratch: &'s mut Scratch) -> Result<Row<'s>, BadLogit> {
        let Scratch { free, room, .. } = scratch;
        free.gather(self.logits(room), self.hypothesis.slate());
        scratch.row().map_err(|(item, value)| self.bad(self.slot(), item, value))
    }

    pub(crate) fn bad(&self, slot: usize, item: usize, value: f32) -> BadLogit {
        BadLogit { list: self.hypothesis.list, slot, item, value }
    }
}

/// Room for the row of one slot, used again for the next.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    free: Free,
    weights: Vec<f64>,
    room: Vec<f32>,
}

impl Scratch {
    /// The error names the first candidate to blame and its logit.
    fn row(&mut self) -> Result<Row<'_>, (usize, f32)> {
        let Self { free, weights, .. } = self;
        let max = maximum(free.logits());
        if max.is_finite() {
            let sum = exp_all(free.logits(), max, weights);
            if !sum.is_nan() {
                return Ok(Row { free, weights, max, sum, log_sum: sum.ln() });
            }
        }
        Err(free.blame())
    }
}

/// The logits of one slot as one partial slate sees them: a softmax over the free candidates, and over nothing else.
pub(crate) struct Row<'s> {
    free: &'s Free,
    /// `exp(logit − max)` of each.
    weights: &'s [f64],
    max: f32,
    sum: f64,
    log_sum: f64,
}

impl Row<'_> {
    /// What this slot may take.
    pub(crate) fn free(&self) -> &Free {
        self.free
    }

    /// Log-probability of a free candidate with this logit; `-inf` where the model rules it out.
    pub(crate) fn log_probability(&self, logit: f32) -> f64 {
        f64::from(logit) - f64::from(self.max) - self.log_sum
    }

    /// The choice with the highest logit; equal ones go to the ranker's order.
    pub(crate) fn best(&self) -> (usize, f32) {
        self.free.first(self.max)
    }

    /// The choice at which the probabilities, added up in the ranker's order, exceed `share`, which is below 1.
    pub(crate) fn at(&self, share: f64) -> (usize, f32) {
        let mut left = share * self.sum;
        let mut last = 0;
        for (index, (&weight, &logit)) in self.weights.iter().zip(self.free.logits()).enumerate() {
            if logit > f32::NEG_INFINITY {
                last = index;
                left -= weight;
                if left < 0. {
                    break;
                }
            }
        }
        // Rounding may leave a little behind the last choice.
        self.free.at(last)
    }
}
