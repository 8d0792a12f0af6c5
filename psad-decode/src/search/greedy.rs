//! The best candidate for each slot in turn.

use super::Search;
use crate::{
    Hypothesis,
    row::{BadLogit, Open},
};

pub(crate) struct Greedy;

impl Search for Greedy {
    fn fill(&mut self, open: Vec<Open<'_>>, end: usize) -> Result<Vec<Hypothesis>, BadLogit> {
        open.into_iter().map(|open| fill_each(open, end, || 0.)).collect()
    }
}

/// Fills the slots below `end` one by one, each with the argmax of logit plus noise.
pub(super) fn fill_each(
    mut open: Open<'_>,
    end: usize,
    mut noise: impl FnMut() -> f64,
) -> Result<Hypothesis, BadLogit> {
    while open.slot() < end {
        let row = open.row()?;
        let item = row.argmax(&mut noise);
        let log_probability = row.log_probability(item);
        open.hypothesis.place(item, log_probability);
    }
    Ok(open.hypothesis)
}
