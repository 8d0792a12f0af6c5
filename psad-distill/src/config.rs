//! What the joint objective weighs.

use psad_decode::Strategy;
use psad_nn::TiedTargets;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::DistillationForm;

/// Slates that a strategy may keep or draw for a list.
const MOST_SLATES: usize = 1_000;

/// What teacher and student learn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// The slate that was shown: whether each slot was clicked, in the light of what stood above it. A list without one
    /// is learned from as with `Ideal`.
    #[default]
    Shown,
    /// The candidates sorted by label, whatever was shown.
    Ideal,
}

/// Weights of the joint objective.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JointConfig {
    /// Slots per block, `K` (default 5).
    pub block_size: usize,
    /// Slots of the slates that the teacher makes for the student to learn from; `None` (default) for the whole list.
    pub slots: Option<usize>,
    /// What teacher and student learn from.
    pub target: Target,
    /// What the teacher is asked for where several candidates carry the same label.
    pub ties: TiedTargets,
    /// Weight `α` of the distillation (default 0.2). Its gradients count for the clipped norm, so that more of it slows
    /// all else down; without a guide of the student's own, clicks are also learned less well, and 0.005 is enough.
    pub distillation: f64,
    /// Weight of the mean square of what candidates do to those below them (default 0.05): what few clicks speak for
    /// stays small, and search does not fall for it.
    pub influence_penalty: f64,
    /// Trains nothing by clicks or labels, only the distillation: for a teacher that is trained already (default false).
    pub distillation_only: bool,
    /// How the teacher decodes, also what it teaches by (default greedy). Planning wants logits that are log-odds of a
    /// click, learned well, from slates that were shown: it finds the slate that the model overrates, too.
    pub strategy: Strategy,
    /// Decay `γ` of the teacher's guidance from slot to slot, in (0, 1] (default 0.8).
    pub decay: f64,
    /// Temperature `τ` of the student's distribution (default 0.3: log-odds of clicks lie close, and a teacher is decided).
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
            target: Target::default(),
            ties: TiedTargets::default(),
            distillation: 0.2,
            influence_penalty: 0.05,
            distillation_only: false,
            strategy: Strategy::Greedy,
            decay: 0.8,
            temperature: 0.3,
            form: DistillationForm::default(),
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
        if self.distillation_only && self.distillation == 0. {
            let allowed = "positive, where nothing but the distillation is trained";
            return Err(JointConfigError { field: "distillation", value: 0., allowed });
        }
        for (field, value, fits, allowed) in [
            ("distillation", self.distillation, weight(self.distillation), "finite and not negative"),
            ("hinge", self.hinge, weight(self.hinge), "finite and not negative"),
            ("influence_penalty", self.influence_penalty, weight(self.influence_penalty), "finite and not negative"),
            ("decay", self.decay, self.decay > 0. && self.decay <= 1., "in (0, 1]"),
            ("temperature", self.temperature, positive(self.temperature), "finite and positive"),
            ("max_label", self.max_label, positive(self.max_label), "finite and positive"),
        ] {
            if !fits {
                return Err(JointConfigError { field, value, allowed });
            }
        }
        self.check_strategy()
    }

    /// Whether the influence between candidates has a price.
    pub(crate) fn penalises_influence(&self) -> bool {
        self.influence_penalty > 0. && !self.distillation_only
    }

    /// A training step decodes every list of a batch, so what it holds at a time has a limit.
    fn check_strategy(&self) -> Result<(), JointConfigError> {
        let fault = |value, allowed| Err(JointConfigError { field: "strategy", value, allowed });
        match self.strategy {
            Strategy::Beam { width } if width == 0 || width > MOST_SLATES => {
                fault(width as f64, "a beam of a width from 1 to 1000")
            }
            Strategy::Sample { samples, .. } if samples == 0 || samples > MOST_SLATES => {
                fault(samples as f64, "from 1 to 1000 samples")
            }
            Strategy::Contrastive { alpha } if self.strategy.check().is_err() => {
                fault(f64::from(alpha), "an alpha from 0 to 1")
            }
            _ => Ok(()),
        }
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
