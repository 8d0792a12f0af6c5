//! The `width` most probable partial slates of each list, extended slot by slot.

use std::cmp::Ordering;

use super::Search;
use crate::{
    Hypothesis,
    row::{BadLogit, Open, Scratch},
};

pub(crate) struct Beam {
    width: usize,
    scratch: Scratch,
}

/// One way to extend one partial slate.
struct Extension {
    parent: usize,
    item: usize,
    logit: f32,
    /// Of the next slot alone, given the partial slate.
    step: f64,
    /// Of the partial slate with the next slot filled.
    total: f64,
}

impl Search for Beam {
    fn fill(&mut self, mut beam: Vec<Open<'_>>, end: usize) -> Result<Vec<Hypothesis>, BadLogit> {
        while beam.first().is_some_and(|open| open.slot() < end) {
            beam = self.extend(&beam)?;
        }
        Ok(beam.into_iter().map(|open| open.hypothesis).collect())
    }
}

impl Beam {
    pub(crate) fn new(width: usize) -> Self {
        Self { width, scratch: Scratch::default() }
    }

    /// Fills one more slot. Prefixes that differ stay different, so the slates of a beam are distinct.
    fn extend<'a>(&mut self, beam: &[Open<'a>]) -> Result<Vec<Open<'a>>, BadLogit> {
        let mut extensions = Vec::new();
        for (parent, open) in beam.iter().enumerate() {
            let row = open.row(&mut self.scratch)?;
            extensions.extend(row.choices().map(|(item, logit)| {
                let step = row.log_probability(logit);
                Extension { parent, item, logit, step, total: open.hypothesis.log_probability() + step }
            }));
        }
        if extensions.len() > self.width {
            extensions.select_nth_unstable_by(self.width - 1, best_first);
            extensions.truncate(self.width);
        }
        extensions.sort_unstable_by(best_first);
        let extend = |extension: &Extension| {
            let mut open = beam[extension.parent].clone();
            open.hypothesis.place(extension.item, extension.step);
            open
        };
        Ok(extensions.iter().map(extend).collect())
    }
}

/// Log-probability, then the parent's place in the beam, then the ranker's order. Below one parent the logits come
/// first: sums may round two of them to the same log-probability, and a beam of 1 must pick what greedy picks.
fn best_first(a: &Extension, b: &Extension) -> Ordering {
    b.total
        .total_cmp(&a.total)
        .then(a.parent.cmp(&b.parent))
        .then(b.logit.partial_cmp(&a.logit).unwrap_or(Ordering::Equal))
        .then(a.item.cmp(&b.item))
}
