//! PSAD: a teacher and a student over one encoder.

use std::sync::Arc;

use burn::tensor::Device;
use psad_core::{GoldenAnswer, Request, Reranker, Schema};
use psad_decode::Strategy;
use psad_distill::{JointConfig, JointObjective};
use psad_encoder::{SharedEncoder, SharedEncoderConfig};
use psad_generator::{GeneratorConfig, SemiAutoregressive};
use psad_nn::{Student, Teacher, TensorReranker};
use psad_scorer::{Scorer, ScorerConfig};
use psad_upn::UserProfileNetwork;
use serde::{Deserialize, Serialize};

use super::sizes::{layers, product, shared_encoder, total};
use crate::golden::{logits_of, scores_of};
use crate::{Fitted, Method, MethodConfig, PsadError};

/// A teacher and a student over one encoder, with their embedding tables, schema and configuration.
pub type Psad = Method<PsadConfig>;

/// A fitted [`Psad`] and how it came to be.
pub type FittedPsad = Fitted<PsadConfig>;

/// The trained parts with their objective.
pub type PsadModel = JointObjective<SharedEncoder<UserProfileNetwork>, SemiAutoregressive, Scorer>;

/// PSAD-G as a reranker.
pub type PsadTeacher = TensorReranker<Teacher<SharedEncoder<UserProfileNetwork>, SemiAutoregressive>>;

/// PSAD-S as a reranker.
pub type PsadStudent = TensorReranker<Student<SharedEncoder<UserProfileNetwork>, Scorer>>;

/// Names of the two rerankers.
const STUDENT: &str = "PSAD-S";
const TEACHER: &str = "PSAD-G";

/// Sizes, switches and loss weights of [`Psad`]; saved inside the model.
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

    fn generator(&self, schema: &Schema) -> GeneratorConfig {
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

    fn scorer(&self, schema: &Schema) -> ScorerConfig {
        ScorerConfig {
            width: self.encoder.width,
            profile: self.encoder.profile_width(schema),
            hidden: self.scorer_hidden.clone(),
        }
    }
}

impl MethodConfig for PsadConfig {
    type Model = PsadModel;

    const KIND: &'static str = "psad";
    const NAME: &'static str = "PSAD";

    /// # Errors
    /// [`PsadError::Encoder`], [`PsadError::Generator`], [`PsadError::Objective`] or [`PsadError::Scorer`] with the
    /// field and its value.
    fn check(&self, schema: &Schema) -> Result<(), PsadError> {
        // The generator's sizes follow from the other two, so what is wrong with them is said there.
        self.encoder.check()?;
        self.objective.check()?;
        self.generator(schema).check()?;
        match self.scorer_hidden.iter().position(|&width| width == 0) {
            Some(layer) => Err(PsadError::Scorer { layer }),
            None => Ok(()),
        }
    }

    fn embedding(&self) -> usize {
        self.encoder.embedding
    }

    fn fewest_weights(&self, schema: &Schema) -> usize {
        let (width, profile) = (self.encoder.width, self.encoder.profile_width(schema));
        total([
            shared_encoder(&self.encoder, schema),
            product([width, schema.max_candidates()]),
            product([width, self.pointer]),
            layers(width.saturating_add(profile), &self.scorer_hidden),
        ])
    }

    fn init(&self, schema: &Schema, seed: u64, device: &Device) -> Result<PsadModel, PsadError> {
        let encoder = self.encoder.init(schema, seed, device)?;
        let generator = self.generator(schema).init(seed.wrapping_add(1), device)?;
        let scorer = self.scorer(schema).init(seed.wrapping_add(2), device);
        Ok(JointObjective::new(encoder, generator, scorer, self.objective.clone())?)
    }

    fn reranker(method: &Psad) -> Arc<dyn Reranker> {
        Arc::new(method.student())
    }

    fn rerankers(method: &Psad) -> Vec<(&'static str, Arc<dyn Reranker>)> {
        vec![(STUDENT, Arc::new(method.student())), (TEACHER, Arc::new(method.teacher()))]
    }

    fn golden_answers(method: &Psad, request: &Request) -> Result<Vec<GoldenAnswer>, PsadError> {
        let student = scores_of(STUDENT, &method.student(), request)?;
        Ok(vec![student, logits_of(TEACHER, &method.teacher(), request)?])
    }
}

impl Psad {
    /// PSAD-S: one encoder pass and the scorer.
    pub fn student(&self) -> PsadStudent {
        self.serve(&Student { encoder: self.model.encoder.clone(), scorer: self.model.scorer.clone() })
    }

    /// PSAD-G: one encoder pass and a greedy decoder step per block of the trained size.
    pub fn teacher(&self) -> PsadTeacher {
        self.teacher_with(Strategy::Greedy)
    }

    /// PSAD-G with another decoding strategy; of several slates it answers the first, the best of a beam.
    pub fn teacher_with(&self, strategy: Strategy) -> PsadTeacher {
        let (encoder, generator) = (self.model.encoder.clone(), self.model.generator.clone());
        self.serve(&Teacher::new(encoder, generator, self.config.objective.block_size, strategy))
    }
}
