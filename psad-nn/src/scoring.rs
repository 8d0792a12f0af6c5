//! A scorer trained alone.

use burn::module::Module;

use crate::{ListBatch, ListEncoder, ListScorer, LossParts, Objective, listwise_loss, pointwise_loss};

/// What a scorer is trained for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ScoringLoss {
    /// [`pointwise_loss`]: every candidate for itself.
    Pointwise {
        /// The label that counts as fully relevant, 1 for clicks.
        max_label: f64,
    },
    /// [`listwise_loss`]: the list as one distribution.
    Listwise,
}

/// Encoder and scorer with the scorer's own loss: the way to train a [`ListScorer`] of one's own, and a student without
/// its teacher.
#[derive(Module, Debug)]
pub struct ScoringObjective<E, S> {
    /// Encodes the lists.
    pub encoder: E,
    /// Scores the candidates.
    pub scorer: S,
    #[module(skip)]
    loss: ScoringLoss,
}

impl<E: ListEncoder, S: ListScorer> ScoringObjective<E, S> {
    /// Joins the parts.
    pub fn new(encoder: E, scorer: S, loss: ScoringLoss) -> Self {
        Self { encoder, scorer, loss }
    }
}

impl<E: ListEncoder, S: ListScorer> Objective for ScoringObjective<E, S> {
    /// The part `scorer`; none for a batch without labels.
    fn losses(&self, batch: &ListBatch) -> LossParts {
        let Some(labels) = &batch.labels else {
            return LossParts::default();
        };
        let encoded = self.encoder.encode(batch);
        let (scores, labels) = (self.scorer.score(&encoded), labels.values.clone());
        let loss = match self.loss {
            ScoringLoss::Pointwise { max_label } => pointwise_loss(scores, labels, encoded.pad, max_label),
            ScoringLoss::Listwise => listwise_loss(scores, labels, encoded.pad),
        };
        LossParts::default().with("scorer", 1., loss)
    }
}
