//! Teacher and student trained together.

use burn::module::Module;
use burn::tensor::{Tensor, activation};
use psad_decode::BlockSchedule;
use psad_nn::{
    Encoded, Generator, LabelBatch, ListBatch, ListEncoder, ListScorer, LossParts, Objective, SlotTargets, TiedTargets,
    generator_loss, pointwise_loss,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{DistillationForm, collapse, distillation_loss, row_wise_distillation_loss};

/// Weights of the joint objective.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JointConfig {
    /// Slots per block, `K` (default 5).
    pub block_size: usize,
    /// Slots that the teacher learns to fill; `None` (default) for the whole list.
    pub slots: Option<usize>,
    /// What the teacher is asked for where several candidates carry the same label.
    pub ties: TiedTargets,
    /// Weight `α` of the distillation (default 1).
    pub distillation: f64,
    /// Decay `γ` of the teacher's guidance from slot to slot, in (0, 1] (default 0.8).
    pub decay: f64,
    /// Temperature `τ` of the student's distribution (default 1).
    pub temperature: f64,
    /// Which form of distillation.
    pub form: DistillationForm,
    /// Weight `λ` of the listwise hinge. Its min and max see a list's worst label; the more clicks are chance, the
    /// smaller it should be (default 0.05).
    pub hinge: f64,
    /// The label that counts as fully relevant; 1 (default) for clicks.
    pub max_label: f64,
}

impl Default for JointConfig {
    fn default() -> Self {
        Self {
            block_size: 5,
            slots: None,
            ties: TiedTargets::default(),
            distillation: 1.,
            decay: 0.8,
            temperature: 1.,
            form: DistillationForm::Collapsed,
            hinge: 0.05,
            max_label: 1.,
        }
    }
}

impl JointConfig {
    /// Says whether every value is one that the objective is defined for.
    ///
    /// # Errors
    /// [`JointConfigError`] with the field and its value.
    pub fn check(&self) -> Result<(), JointConfigError> {
        if self.block_size == 0 || self.slots == Some(0) {
            let field = if self.block_size == 0 { "block_size" } else { "slots" };
            return Err(JointConfigError { field, value: 0., allowed: "at least 1" });
        }
        let weight = |value: f64| value.is_finite() && value >= 0.;
        let positive = |value: f64| value.is_finite() && value > 0.;
        for (field, value, fits, allowed) in [
            ("distillation", self.distillation, weight(self.distillation), "finite and not negative"),
            ("hinge", self.hinge, weight(self.hinge), "finite and not negative"),
            ("decay", self.decay, self.decay > 0. && self.decay <= 1., "in (0, 1]"),
            ("temperature", self.temperature, positive(self.temperature), "finite and positive"),
            ("max_label", self.max_label, positive(self.max_label), "finite and positive"),
        ] {
            if !fits {
                return Err(JointConfigError { field, value, allowed });
            }
        }
        Ok(())
    }
}

/// A value that the objective is not defined for.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("objective: `{field}` = {value}, allowed is {allowed}")]
#[non_exhaustive]
pub struct JointConfigError {
    /// The field.
    pub field: &'static str,
    /// Its value.
    pub value: f64,
    /// What it may be.
    pub allowed: &'static str,
}

/// `L = L_gen + L_scorer + α L_KD` over one shared encoder.
#[derive(Module, Debug)]
pub struct JointObjective<E, G, S> {
    /// What both read.
    pub encoder: E,
    /// The teacher.
    pub generator: G,
    /// The student.
    pub scorer: S,
    #[module(skip)]
    config: JointConfig,
}

impl<E: ListEncoder, G: Generator, S: ListScorer> JointObjective<E, G, S> {
    /// Joins the parts.
    ///
    /// # Errors
    /// As [`JointConfig::check`].
    pub fn new(encoder: E, generator: G, scorer: S, config: JointConfig) -> Result<Self, JointConfigError> {
        config.check()?;
        Ok(Self { encoder, generator, scorer, config })
    }

    fn distil(&self, logits: Tensor<3>, targets: &SlotTargets, scores: Tensor<2>, encoded: &Encoded) -> Tensor<1> {
        let JointConfig { decay, temperature, form, .. } = self.config;
        // Detached before the softmax, so that no graph is built for the teacher's side.
        let matrix = activation::softmax(targets.rule_out(logits.detach()), 2);
        let loss = match form {
            DistillationForm::Collapsed => {
                distillation_loss(collapse(matrix, &encoded.lens, decay), scores, encoded.pad.clone(), temperature)
            }
            DistillationForm::RowWise => {
                let unavailable = targets.unavailable.clone();
                row_wise_distillation_loss(matrix, unavailable, &encoded.lens, scores, temperature, decay)
            }
        };
        // Lists without contrast teach the generator nothing, so it has nothing to pass on.
        loss * targets.contrast.clone()
    }

    fn all(&self, batch: &ListBatch, labels: &LabelBatch) -> Option<LossParts> {
        let encoded = self.encoder.encode(batch);
        let [_, candidates] = encoded.pad.dims();
        let slots = self.config.slots.unwrap_or(candidates).min(candidates);
        let schedule = BlockSchedule::new(slots, self.config.block_size).ok()?;
        let targets = SlotTargets::new(labels, &encoded.ranker, &encoded.lens, schedule, self.config.ties);
        let logits = self.generator.teacher_forced(&encoded, schedule, targets.order.clone());
        let scores = self.scorer.score(&encoded);
        let (values, pad) = (labels.values.clone(), encoded.pad.clone());
        let scorer = pointwise_loss(scores.clone(), values, pad, self.config.max_label);
        // A part without weight gets no backward pass; its graph would only pile up, so none is built.
        let distilled =
            (self.config.distillation != 0.).then(|| self.distil(logits.clone(), &targets, scores, &encoded));
        let generator = generator_loss(logits, &targets);
        let mut parts = LossParts::default().with("cross-entropy", 1., generator.cross_entropy);
        if self.config.hinge != 0. {
            parts = parts.with("hinge", self.config.hinge, generator.hinge);
        }
        parts = parts.with("scorer", 1., scorer);
        if let Some(distilled) = distilled {
            parts = parts.with("distillation", self.config.distillation, distilled);
        }
        Some(parts)
    }
}

impl<E: ListEncoder, G: Generator, S: ListScorer> Objective for JointObjective<E, G, S> {
    /// The parts `cross-entropy`, `hinge`, `scorer` and `distillation`, without those of weight 0; none for a batch
    /// without labels.
    fn losses(&self, batch: &ListBatch) -> LossParts {
        batch.labels.as_ref().and_then(|labels| self.all(batch, labels)).unwrap_or_default()
    }
}
