//! What the evaluator is trained for.

use burn::module::Module;
use psad_nn::{ListBatch, ListEncoder, LossParts, Objective, pointwise_loss};

use crate::{AttentionEvaluator, ExposedSlates, ObjectiveError};

/// Encoder and evaluator with the mean binary cross-entropy of the feedback over the slots of the slate that was shown.
///
/// A list without a logged slate counts as shown in the ranker's order.
#[derive(Module, Debug)]
pub struct EvaluatorObjective<E> {
    /// Encodes the lists.
    pub encoder: E,
    /// Judges slates.
    pub evaluator: AttentionEvaluator,
    /// The label that counts as fully positive.
    max_label: f64,
}

impl<E: ListEncoder> EvaluatorObjective<E> {
    /// Joins the parts. `max_label` is the label that counts as fully positive: 1 for clicks; grades below are soft
    /// targets.
    ///
    /// # Errors
    /// [`ObjectiveError`] if `max_label` is not finite and positive.
    pub fn new(encoder: E, evaluator: AttentionEvaluator, max_label: f64) -> Result<Self, ObjectiveError> {
        if !(max_label.is_finite() && max_label > 0.) {
            return Err(ObjectiveError { field: "max_label", value: max_label, allowed: "finite and positive" });
        }
        Ok(Self { encoder, evaluator, max_label })
    }
}

impl<E: ListEncoder> Objective for EvaluatorObjective<E> {
    /// The part `feedback`; none for a batch without labels.
    fn losses(&self, batch: &ListBatch) -> LossParts {
        let Some(labels) = &batch.labels else { return LossParts::default() };
        let encoded = self.encoder.encode(batch);
        let shown = ExposedSlates::or_ranker(labels, &encoded.lens);
        let logits = self.evaluator.logits(&encoded, shown.items, &shown.lens);
        LossParts::default().with("feedback", 1., pointwise_loss(logits, shown.feedback, shown.pad, self.max_label))
    }
}
