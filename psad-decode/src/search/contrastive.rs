//! Probable, but unlike what is placed already.

use super::Search;
use crate::{
    Hypothesis,
    contrast::Contrast,
    row::{BadLogit, Open, Scratch},
    vectors::Vectors,
};

/// Contrastive search for a batch of lists.
pub(crate) struct Contrastive {
    lists: Vec<Contrast>,
    scratch: Scratch,
    room: Vec<f32>,
}

impl Contrastive {
    /// For lists with these vectors.
    pub(crate) fn new(alpha: f32, vectors: Vec<Vectors>) -> Self {
        let lists = vectors.into_iter().map(|vectors| Contrast::new(alpha, vectors)).collect();
        Self { lists, scratch: Scratch::default(), room: Vec::new() }
    }

    fn fill_one(&mut self, mut open: Open<'_>, end: usize) -> Result<Hypothesis, BadLogit> {
        // Each list has one slate, so what is known of its candidates holds from block to block.
        let list = &mut self.lists[open.hypothesis.list];
        list.begin_block(open.hypothesis.placed());
        while open.slot() < end {
            let read = list.read_slot(open.hypothesis.placed(), open.logits(&mut self.room));
            read.map_err(|(item, value)| open.bad(open.slot(), item, value))?;
            let row = open.row(&mut self.scratch)?;
            let (item, logit) = row.free().argmax(row.best(), |item| list.value(item));
            open.hypothesis.place(item, row.log_probability(logit));
        }
        Ok(open.hypothesis)
    }
}

impl Search for Contrastive {
    fn fill(&mut self, open: Vec<Open<'_>>, end: usize) -> Result<Vec<Hypothesis>, BadLogit> {
        open.into_iter().map(|open| self.fill_one(open, end)).collect()
    }
}
