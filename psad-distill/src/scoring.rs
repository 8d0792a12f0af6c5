//! A scorer trained alone.

use burn::module::Module;
use psad_nn::{ListBatch, ListEncoder, ListScorer, LossParts, Objective};

use crate::scorer_loss;

/// Encoder and scorer with the scorer's own loss: the ablation without a teacher, and the way to train a
/// [`ListScorer`] of one's own.
#[derive(Module, Debug)]
pub struct ScoringObjective<E, S> {
    /// Encodes the lists.
    pub encoder: E,
    /// Scores the candidates.
    pub scorer: S,
    max_label: f64,
}

impl<E: ListEncoder, S: ListScorer> ScoringObjective<E, S> {
    /// Joins the parts; `max_label` is the label that counts as fully relevant, 1 for clicks.
    pub fn new(encoder: E, scorer: S, max_label: f64) -> Self {
        Self { encoder, scorer, max_label }
    }
}

impl<E: ListEncoder, S: ListScorer> Objective for ScoringObjective<E, S> {
    /// The part `scorer`; none for a batch without labels.
    fn losses(&self, batch: &ListBatch) -> LossParts {
        let Some(labels) = &batch.labels else {
            return LossParts::default();
        };
        let encoded = self.encoder.encode(batch);
        let scores = self.scorer.score(&encoded);
        LossParts::default().with("scorer", 1., scorer_loss(scores, labels.values.clone(), encoded.pad, self.max_label))
    }
}
