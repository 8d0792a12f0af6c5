//! What the generator is trained for.

use burn::module::Module;
use burn::tensor::Tensor;
use psad_decode::BlockSchedule;
use psad_nn::{
    Encoded, LabelBatch, ListBatch, ListEncoder, LossParts, Objective, SlotTargets, TiedTargets, generator_loss,
};
use serde::{Deserialize, Serialize};

use crate::{ExposedSlates, Matching, MatchingGenerator, ObjectiveError, contrast_loss, unlikelihood_loss};

/// Which slates the generator learns from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// The slate that was shown, [`unlikelihood_loss`]; for a list without one the ideal order `π*`, which is liked if
    /// anything in it is.
    #[default]
    Exposed,
    /// The ideal order `π*`, whatever was shown: cross-entropy at the slots whose target is relevant, ties shared, later
    /// slots weighing less ([`generator_loss`] in one block). Lists without contrast contribute nothing.
    Ideal,
}

/// Weights of the objective.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UnlikelihoodConfig {
    /// Which slates it learns from.
    pub target: Target,
    /// `τ`: how many items with positive feedback make an exposed slate one to imitate, and fewer one to avoid
    /// (default 1).
    pub threshold: usize,
    /// Slots that it learns to fill; `None` (default) for the whole slate.
    pub slots: Option<usize>,
    /// Weight `ω` of the candidates' contrastive term (default 0.01; near 0.1 it is reported to hurt).
    pub item_contrast: f64,
    /// Weight `ω` of the positions' contrastive term (default 0.01). The publication has one weight for both.
    pub position_contrast: f64,
    /// Margin `ρ` of both contrastive terms, in [0, 2] (default 0.5).
    pub margin: f64,
}

impl Default for UnlikelihoodConfig {
    fn default() -> Self {
        Self {
            target: Target::Exposed,
            threshold: 1,
            slots: None,
            item_contrast: 0.01,
            position_contrast: 0.01,
            margin: 0.5,
        }
    }
}

impl UnlikelihoodConfig {
    /// Says whether every value is one that the objective is defined for.
    ///
    /// # Errors
    /// [`ObjectiveError`] with the field and its value.
    pub fn check(&self) -> Result<(), ObjectiveError> {
        if self.slots == Some(0) {
            return Err(ObjectiveError { field: "slots", value: 0., allowed: "at least 1" });
        }
        let weight = |value: f64| value.is_finite() && value >= 0.;
        for (field, value, fits, allowed) in [
            ("item_contrast", self.item_contrast, weight(self.item_contrast), "finite and not negative"),
            ("position_contrast", self.position_contrast, weight(self.position_contrast), "finite and not negative"),
            ("margin", self.margin, (0. ..=2.).contains(&self.margin), "in [0, 2]"),
        ] {
            if !fits {
                return Err(ObjectiveError { field, value, allowed });
            }
        }
        Ok(())
    }
}

/// Encoder and matching generator with `L = L_ul + ω (L_item + L_pos)`.
#[derive(Module, Debug)]
pub struct UnlikelihoodObjective<E> {
    /// Encodes the lists.
    pub encoder: E,
    /// Builds the slates.
    pub generator: MatchingGenerator,
    #[module(skip)]
    config: UnlikelihoodConfig,
}

impl<E: ListEncoder> UnlikelihoodObjective<E> {
    /// Joins the parts.
    ///
    /// # Errors
    /// As [`UnlikelihoodConfig::check`].
    pub fn new(encoder: E, generator: MatchingGenerator, config: UnlikelihoodConfig) -> Result<Self, ObjectiveError> {
        config.check()?;
        Ok(Self { encoder, generator, config })
    }

    /// `[batch]`; `None` for a batch without candidates.
    fn likelihood(&self, encoded: &Encoded, matching: &Matching, labels: &LabelBatch) -> Option<Tensor<1>> {
        let most = self.config.slots.unwrap_or(usize::MAX);
        match self.config.target {
            Target::Exposed => {
                let exposed = ExposedSlates::or_ideal(labels, &encoded.lens);
                let [_, slots] = exposed.pad.dims();
                let logits = self.generator.logits(encoded, matching, 0..slots.min(most));
                Some(unlikelihood_loss(logits, &exposed, self.config.threshold))
            }
            Target::Ideal => {
                let [_, candidates] = encoded.pad.dims();
                let slots = candidates.min(most);
                let schedule = BlockSchedule::new(slots, slots).ok()?;
                let ties = TiedTargets::Shared;
                let targets = SlotTargets::new(labels, &encoded.ranker, &encoded.lens, schedule, ties);
                let logits = self.generator.logits(encoded, matching, 0..slots);
                Some(generator_loss(logits, &targets).cross_entropy)
            }
        }
    }

    fn all(&self, batch: &ListBatch, labels: &LabelBatch) -> Option<LossParts> {
        let encoded = self.encoder.encode(batch);
        let matching = self.generator.matching(&encoded);
        let mut parts = LossParts::default().with("likelihood", 1., self.likelihood(&encoded, &matching, labels)?);
        let Matching { candidates, positions, unfilled } = matching;
        let UnlikelihoodConfig { item_contrast, position_contrast, margin, .. } = self.config;
        // A part without weight gets no backward pass; its graph would only pile up, so none is built.
        for (name, weight, vectors, pad) in [
            ("item-contrast", item_contrast, candidates, encoded.pad),
            ("position-contrast", position_contrast, positions, unfilled),
        ] {
            if weight != 0. {
                parts = parts.with(name, weight, contrast_loss(vectors, pad, margin));
            }
        }
        Some(parts)
    }
}

impl<E: ListEncoder> Objective for UnlikelihoodObjective<E> {
    /// The parts `likelihood`, `item-contrast` and `position-contrast`, without those of weight 0; none for a batch
    /// without labels.
    fn losses(&self, batch: &ListBatch) -> LossParts {
        batch.labels.as_ref().and_then(|labels| self.all(batch, labels)).unwrap_or_default()
    }
}
