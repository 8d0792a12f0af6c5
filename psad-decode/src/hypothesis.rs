//! Slates in the making, and what becomes of them.

use psad_core::{Slate, SlateBuilder};

/// A partial slate that the decoder keeps alive.
#[derive(Debug, Clone)]
pub struct Hypothesis {
    /// Index of its list in the batch.
    pub list: usize,
    /// Its parent's index among the hypotheses of the previous call; at the first call its own index.
    pub parent: usize,
    slate: SlateBuilder,
    log_probability: f64,
}

impl Hypothesis {
    /// Nothing placed yet, for the list `list` of the batch.
    pub(crate) fn root(list: usize, slate: SlateBuilder) -> Self {
        Self { list, parent: list, slate, log_probability: 0. }
    }

    /// The candidates placed so far, first slot first.
    pub fn placed(&self) -> &[usize] {
        self.slate.placed()
    }

    /// Log-probability of what is placed, 0 while nothing is.
    pub fn log_probability(&self) -> f64 {
        self.log_probability
    }

    /// Number of real candidates of its list.
    pub fn candidates(&self) -> usize {
        self.slate.candidates()
    }

    /// Number of slots that its slate can fill.
    pub(crate) fn slots(&self) -> usize {
        self.slate.slots()
    }

    /// What may still be placed: the one notion of "free" that every strategy goes by.
    pub(crate) fn slate(&self) -> &SlateBuilder {
        &self.slate
    }

    /// The same partial slate as it stands one call later.
    pub(crate) fn child_of(self, parent: usize) -> Self {
        Self { parent, ..self }
    }

    /// Fills the next slot.
    ///
    /// `item` is free, always: strategies choose among [`SlateBuilder::free`], and a slate that is given has been
    /// checked to repeat nothing.
    pub(crate) fn place(&mut self, item: usize, log_probability: f64) {
        self.slate.push(item).expect("only what is free is ever placed");
        self.log_probability += log_probability;
    }

    pub(crate) fn finish(self) -> Decoded {
        Decoded { slate: self.slate.finish(), log_probability: self.log_probability }
    }
}

/// A slate and how probable the model finds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// The slate.
    pub slate: Slate,
    /// Sum over the slots of the log-softmax among the candidates still free there: the exact log-probability that
    /// Plackett–Luce sampling draws this slate.
    pub log_probability: f64,
}
