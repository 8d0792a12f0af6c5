//! The `width` most probable partial slates of each list, extended slot by slot.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

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
#[derive(Clone, Copy)]
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
        // The worst of the best is on top.
        let mut best = BinaryHeap::new();
        let mut stuck = None;
        for (parent, open) in beam.iter().enumerate() {
            let row = match open.row(&mut self.scratch) {
                Ok(row) => row,
                // Behind this partial slate the model rules out everything; the others go on.
                Err(bad) if bad.value == f32::NEG_INFINITY => {
                    stuck = Some(bad);
                    continue;
                }
                Err(bad) => return Err(bad),
            };
            let before = open.hypothesis.log_probability();
            for (item, logit) in row.free().choices() {
                let step = row.log_probability(logit);
                let extension = Extension { parent, item, logit, step, total: before + step };
                if best.len() < self.width {
                    best.push(extension);
                } else if let Some(mut worst) = best.peek_mut() {
                    if extension < *worst {
                        *worst = extension;
                    }
                }
            }
        }
        if let (true, Some(bad)) = (best.is_empty(), stuck) {
            return Err(bad);
        }
        let extend = |extension: Extension| {
            let mut open = beam[extension.parent].clone();
            open.hypothesis.place(extension.item, extension.step);
            open
        };
        Ok(best.into_sorted_vec().into_iter().map(extend).collect())
    }
}

/// The better one is less: log-probability, then the parent's place in the beam, then the ranker's order. Below one
/// parent the logits come first: sums may round two of them to the same log-probability, and a beam of 1 must pick what
/// greedy picks.
impl Ord for Extension {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.total.total_cmp(&self.total))
            .then(self.parent.cmp(&other.parent))
            .then(other.logit.partial_cmp(&self.logit).unwrap_or(Ordering::Equal))
            .then(self.item.cmp(&other.item))
    }
}

impl PartialOrd for Extension {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Extension {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Extension {}
