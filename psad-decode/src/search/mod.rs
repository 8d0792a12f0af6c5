//! How the slots of a block are filled: one file per strategy.

mod assignment;
mod beam;
mod contrastive;
mod greedy;
mod plan;
mod sample;

pub(crate) use assignment::Assignment;
pub(crate) use beam::Beam;
pub(crate) use contrastive::Contrastive;
pub(crate) use greedy::Greedy;
pub(crate) use plan::Plan;
pub(crate) use sample::{Sample, stream};

use crate::{
    Hypothesis,
    row::{BadLogit, Open},
};

/// A strategy at work on a batch; what it remembers from block to block is its own.
pub(crate) trait Search {
    /// Fills the slots below `end` for the hypotheses of one list, and says which live on, in order.
    ///
    /// All of them have the same number of slots filled, and at least one hypothesis comes in and goes out.
    fn fill(&mut self, open: Vec<Open<'_>>, end: usize) -> Result<Vec<Hypothesis>, BadLogit>;
}
