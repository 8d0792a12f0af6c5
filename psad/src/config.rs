//! Configuration of the whole method.

use psad_core::Schema;
use psad_distill::JointConfig;
use psad_encoder::SharedEncoderConfig;
use psad_generator::GeneratorConfig;
use psad_nn::Batcher;
use psad_scorer::ScorerConfig;
use serde::{Deserialize, Serialize};

use crate::PsadError;

/// Sizes, switches and loss weights of [`Psad`](crate::Psad); saved inside the model.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PsadConfig {
    /// The shared encoder, with the switches of the User Profile Network.
    pub encoder: SharedEncoderConfig,
    /// Width in which the pointer compares queries and items (default 32).
    pub pointer: usize,
    /// Whether the generator's queries attend to what is placed and available (default true).
    pub context_enhancement: bool,
    /// Widths of the scorer's hidden layers (default 64, 32).
    pub scorer_hidden: Vec<usize>,
    /// Block size and loss weights.
    pub objective: JointConfig,
}

impl Default for PsadConfig {
    fn default() -> Self {
        Self {
            encoder: SharedEncoderConfig::new(),
            pointer: 32,
            context_enhancement: true,
            scorer_hidden: vec![64, 32],
            objective: JointConfig::default(),
        }
    }
}

impl PsadConfig {
    /// For a few thousand training lists: about a quarter of the default sizes, and more weight on distillation, because
    /// the less data there are, the more the student gains from the teacher's listwise view.
    pub fn small() -> Self {
        let encoder = SharedEncoderConfig::new().with_embedding(8).with_width(32).with_feed_forward(64);
        Self {
            encoder: encoder.with_list_layers(1).with_profile_hidden(16),
            scorer_hidden: vec![32],
            objective: JointConfig { distillation: 10., hinge: 0.02, ..JointConfig::default() },
            ..Self::default()
        }
    }

    /// Says whether all values fit together.
    ///
    /// # Errors
    /// [`PsadError::Encoder`], [`PsadError::Generator`], [`PsadError::Objective`] or [`PsadError::Scorer`] with the
    /// field and its value.
    pub fn check(&self, schema: &Schema) -> Result<(), PsadError> {
        // The generator's sizes follow from the other two, so what is wrong with them is said there.
        self.encoder.check()?;
        self.objective.check()?;
        self.generator(schema).check()?;
        match self.scorer_hidden.iter().position(|&width| width == 0) {
            Some(layer) => Err(PsadError::Scorer { layer }),
            None => Ok(()),
        }
    }

    /// At least so many values make up the weights; a file that holds fewer is not of this configuration.
    pub(crate) fn fewest_weights(&self, schema: &Schema) -> usize {
        let Self { encoder, scorer_hidden, pointer, .. } = self;
        let (width, profile) = (encoder.width, encoder.profile_width(schema));
        let when = |switch: bool, size: usize| if switch { size } else { 0 };
        let personal = encoder.gate || encoder.history_positions || encoder.candidate_positions;
        let sizes = [
            width.saturating_mul(width).saturating_mul(encoder.list_layers),
            width.saturating_mul(encoder.feed_forward),
            profile.saturating_mul(width),
            profile.saturating_mul(when(personal, encoder.profile_hidden)),
            width.saturating_mul(schema.max_candidates()),
            width.saturating_mul(when(encoder.history_positions, Batcher::history_buckets(schema))),
            width.saturating_mul(*pointer),
            scorer_hidden.first().map_or(0, |&first| first.saturating_mul(width.saturating_add(profile))),
        ];
        let hidden = scorer_hidden.windows(2).map(|pair| pair[0].saturating_mul(pair[1]));
        sizes.into_iter().chain(hidden).fold(0, usize::saturating_add)
    }

    pub(crate) fn generator(&self, schema: &Schema) -> GeneratorConfig {
        GeneratorConfig {
            width: self.encoder.width,
            profile: self.encoder.profile_width(schema),
            max_candidates: schema.max_candidates(),
            // A block longer than the longest list is the longest list.
            block_size: self.objective.block_size.min(schema.max_candidates()),
            heads: self.encoder.heads,
            feed_forward: self.encoder.feed_forward,
            pointer: self.pointer,
            context_enhancement: self.context_enhancement,
        }
    }

    pub(crate) fn scorer(&self, schema: &Schema) -> ScorerConfig {
        ScorerConfig {
            width: self.encoder.width,
            profile: self.encoder.profile_width(schema),
            hidden: self.scorer_hidden.clone(),
        }
    }
}
