//! PSAD with one thing changed.

use psad::distill::{DistillationForm, Target};
use psad::{PsadConfig, Strategy};

use super::lists::Kind;
use super::scale::Scale;

/// What is changed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change {
    /// Slots per step of the decoder.
    Blocks(usize),
    /// Anything else.
    Switch(fn(&mut PsadConfig)),
    /// The student learns from the teacher when that is trained already.
    Offline,
}

/// A row of the ablation table, or of the table of block sizes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Variant {
    /// Its name.
    pub(crate) label: &'static str,
    /// What it changes.
    pub(crate) change: Change,
}

impl Variant {
    /// Changes `config`.
    pub(crate) fn apply(&self, config: &mut PsadConfig) {
        match self.change {
            Change::Blocks(size) => config.objective.block_size = size,
            Change::Switch(change) => change(config),
            Change::Offline => config.objective.distillation = 0.,
        }
    }

    /// Whether a table of that input has it: all where items influence each other most, what claims speak of with medium
    /// interactions too.
    pub(crate) fn is_tabled(&self, kind: Kind) -> bool {
        match kind {
            Kind::Strong => true,
            Kind::Medium => CLAIMED.contains(&self.label),
            _ => false,
        }
    }

    /// With how many seeds it is fitted, the first ones.
    pub(crate) fn seeds(&self, scale: &Scale) -> usize {
        match self.label {
            AUTOREGRESSIVE => scale.autoregressive_seeds,
            label if CLAIMED.contains(&label) => scale.claimed_seeds,
            _ => scale.variant_seeds,
        }
    }

    /// Slots per step, if that is what it changes.
    pub(crate) fn blocks(&self) -> Option<usize> {
        match self.change {
            Change::Blocks(size) => Some(size),
            Change::Switch(_) | Change::Offline => None,
        }
    }
}

/// Slots per step of PSAD itself.
pub(crate) const BLOCK_SIZE: usize = 5;

/// All slots in one step, none in the light of what stands above it; fitted on every input, as it is a row of the main
/// tables.
pub(crate) const ONE_SHOT: &str = "one-shot: K = 10 without influence and planning";

/// All slots in one step, in the light of each other: PSAD otherwise.
pub(crate) const ONE_BLOCK: &str = "K = 10";

/// PSAD with one slot per step.
pub(crate) const AUTOREGRESSIVE: &str = "K = 1";

/// The scorer without its teacher.
pub(crate) const UNDISTILLED: &str = "without distillation";

/// PSAD that learns what NAR4Rec learns.
pub(crate) const IDEAL: &str = "ideal order as target, as NAR4Rec";

/// What claims speak of, which takes more seeds than a look.
pub(crate) const CLAIMED: [&str; 3] = [AUTOREGRESSIVE, ONE_BLOCK, UNDISTILLED];

/// All variants; each is a line.
pub(crate) static VARIANTS: [Variant; 22] = [
    blocks(AUTOREGRESSIVE, 1),
    blocks("K = 2", 2),
    blocks(ONE_BLOCK, 10),
    blocks("K = 20", 20),
    switch(ONE_SHOT, |config| {
        (config.objective.block_size, config.influence, config.objective.strategy) = (10, false, Strategy::Greedy);
    }),
    switch("without context enhancement", |config| config.context_enhancement = false),
    switch("without influence between pairs", |config| config.influence = false),
    switch("without penalty on influence", |config| config.objective.influence_penalty = 0.),
    switch("without exposure", |config| config.exposure = false),
    switch("without planning and refinement", |config| {
        (config.objective.strategy, config.refinement) = (Strategy::Greedy, 0);
    }),
    // As for ratings: scores that are no log-odds of clicks can neither be planned with nor refined.
    switch(IDEAL, |config| {
        (config.objective.target, config.objective.strategy) = (Target::Ideal, Strategy::Greedy);
        (config.influence, config.exposure, config.guide, config.refinement) = (false, false, false, 0);
        (config.objective.hinge, config.objective.distillation, config.objective.temperature) = (0.02, 0.005, 1.);
    }),
    switch("without gate", |config| config.encoder.gate = false),
    switch("without position encoding", |config| {
        (config.encoder.history_positions, config.encoder.candidate_positions) = (false, false);
    }),
    switch(UNDISTILLED, |config| config.objective.distillation = 0.),
    Variant { label: "offline distillation", change: Change::Offline },
    switch("distillation of encoder and scorer", |config| {
        (config.guide, config.objective.distillation, config.objective.temperature) = (false, 0.005, 1.);
    }),
    switch("distillation of the collapsed matrix", |config| {
        config.objective.form = DistillationForm::Collapsed;
    }),
    switch("distillation row by row", |config| config.objective.form = DistillationForm::RowWise),
    switch("distillation weight α × 0.3", |config| config.objective.distillation *= 0.3),
    switch("distillation weight α × 3", |config| config.objective.distillation *= 3.),
    switch("decay of guidance γ = 0.5", |config| config.objective.decay = 0.5),
    switch("decay of guidance γ = 1", |config| config.objective.decay = 1.),
];

const fn blocks(label: &'static str, size: usize) -> Variant {
    Variant { label, change: Change::Blocks(size) }
}

const fn switch(label: &'static str, change: fn(&mut PsadConfig)) -> Variant {
    Variant { label, change: Change::Switch(change) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::fitting::psad;

    #[test]
    fn every_variant_changes_something_and_is_named_once() {
        let described = |config: &PsadConfig| serde_json::to_value(config).unwrap();
        for variant in &VARIANTS {
            let mut changed = psad(Kind::Strong);
            variant.apply(&mut changed);
            assert_ne!(described(&changed), described(&psad(Kind::Strong)), "{}", variant.label);
            assert_eq!(VARIANTS.iter().filter(|other| other.label == variant.label).count(), 1);
        }
    }

    #[test]
    fn variants_that_claims_speak_of_are_there() {
        for label in CLAIMED.into_iter().chain([ONE_SHOT]) {
            assert!(VARIANTS.iter().any(|variant| variant.label == label), "{label}");
        }
    }
}
