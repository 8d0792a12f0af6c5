//! The best candidate for each slot in turn.

use super::Search;
use crate::{
    Hypothesis,
    row::{BadLogit, Open, Row, Scratch},
};

#[derive(Default)]
pub(crate) struct Greedy {
    scratch: Scratch,
}

impl Search for Greedy {
    fn fill(&mut self, open: Vec<Open<'_>>, end: usize) -> Result<Vec<Hypothesis>, BadLogit> {
        open.into_iter().map(|open| fill_each(open, end, &mut self.scratch, best)).collect()
    }
}

pub(super) fn best(row: &Row<'_>) -> (usize, f32) {
    row.best()
}

/// Fills the slots below `end` one by one, each with one of its row's choices.
pub(super) fn fill_each(
    mut open: Open<'_>,
    end: usize,
    scratch: &mut Scratch,
    mut choose: impl FnMut(&Row<'_>) -> (usize, f32),
) -> Result<Hypothesis, BadLogit> {
    while open.slot() < end {
        let row = open.row(scratch)?;
        let (item, logit) = choose(&row);
        open.hypothesis.place(item, row.log_probability(logit));
    }
    Ok(open.hypothesis)
}
