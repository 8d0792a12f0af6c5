//! One slot's logits of what is still free.

use psad_core::SlateBuilder;

/// The candidates that a slot may take and their logits, side by side, so that they can be worked on several at a time;
/// used again for the next slot.
#[derive(Debug, Clone, Default)]
pub(crate) struct Free {
    items: Vec<usize>,
    logits: Vec<f32>,
}

impl Free {
    /// Reads the logits `[candidates or more]` of the slot that is filled next.
    pub(crate) fn gather(&mut self, logits: &[f32], slate: &SlateBuilder) {
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

    /// A logit per free candidate, in the ranker's order.
    pub(crate) fn logits(&self) -> &[f32] {
        &self.logits
    }

    /// The choice with the highest logit; equal ones go to the ranker's order. The error names the first candidate to
    /// blame and its logit.
    pub(crate) fn best(&self) -> Result<(usize, f32), (usize, f32)> {
        let max = maximum(&self.logits);
        let nan = self.logits.iter().fold(false, |nan, logit| nan | logit.is_nan());
        if max.is_finite() && !nan { Ok(self.first(max)) } else { Err(self.blame()) }
    }

    /// The first candidate with this logit, which one has.
    pub(crate) fn first(&self, logit: f32) -> (usize, f32) {
        self.at(self.logits.iter().position(|&other| other == logit).unwrap_or(0))
    }

    /// The candidate at a place among the free ones.
    pub(crate) fn at(&self, index: usize) -> (usize, f32) {
        (self.items[index], self.logits[index])
    }

    /// A free candidate with its logit.
    pub(crate) fn choice(&self, item: usize) -> (usize, f32) {
        // Free candidates stand in ascending order.
        let index = self.items.binary_search(&item).unwrap_or_else(|index| index);
        (item, self.logits[index])
    }

    /// The candidates that the model lets stand here, with their logits, in the ranker's order.
    pub(crate) fn choices(&self) -> impl Iterator<Item = (usize, f32)> + '_ {
        self.items.iter().copied().zip(self.logits.iter().copied()).filter(|&(_, logit)| logit > f32::NEG_INFINITY)
    }

    /// The choice with the highest value, `best` if none has one above `-inf`; equal ones go to the ranker's order.
    pub(crate) fn argmax(&self, best: (usize, f32), mut value: impl FnMut(usize) -> f64) -> (usize, f32) {
        let mut best = (best, f64::NEG_INFINITY);
        for (item, logit) in self.choices() {
            let value = value(item);
            if value > best.1 {
                best = ((item, logit), value);
            }
        }
        best.0
    }

    /// The first candidate with a logit that orders nothing, or the first one where the model rules out everything.
    pub(crate) fn blame(&self) -> (usize, f32) {
        let bad = |logit: f32| logit.is_nan() || logit == f32::INFINITY;
        let first = self.logits.iter().position(|&logit| bad(logit)).unwrap_or(0);
        let logit = self.logits.get(first).copied().unwrap_or(f32::NEG_INFINITY);
        (self.items.get(first).copied().unwrap_or(0), logit)
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
