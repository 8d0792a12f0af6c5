//! PSAD: a teacher and a student over one encoder.

use std::sync::Arc;

use burn::tensor::Device;
use psad_core::{GoldenAnswer, Request, Reranker, Schema};
use psad_decode::Strategy;
use psad_distill::{JointConfig, JointObjective};
use psad_encoder::{SharedEncoder, SharedEncoderConfig};
use psad_generator::{GeneratorConfig, SemiAutoregressive};
use psad_nn::{Exposure, PairGuidance, PairInfluence, ScoredEncoder, Student, Teacher, TensorReranker, Weights};
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
pub type PsadTeacher =
    TensorReranker<Teacher<ScoredEncoder<SharedEncoder<UserProfileNetwork>, Scorer>, SemiAutoregressive>>;

/// PSAD-S as a reranker.
pub type PsadStudent =
    TensorReranker<Student<ScoredEncoder<SharedEncoder<UserProfileNetwork>, Scorer>, Option<Scorer>>>;

/// Names of the two rerankers.
const STUDENT: &str = "PSAD-S";
const TEACHER: &str = "PSAD-G";

/// Sizes, switches and loss weights of [`Psad`]; saved inside the model.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each switches a part of its own")]
pub struct PsadConfig {
    /// The shared encoder, with the switches of the User Profile Network.
    pub encoder: SharedEncoderConfig,
    /// Width in which the pointer compares queries and items (default 32).
    pub pointer: usize,
    /// Whether the generator's queries attend to what is placed and available (default true).
    pub context_enhancement: bool,
    /// Whether what is placed acts on what stands below, which teacher and student share (default true).
    pub influence: bool,
    /// Whether it is learned, per user, how likely each slot is looked at, so that low slots are not blamed on their items
    /// (default true). Only lists whose shown slate is known teach it.
    pub exposure: bool,
    /// Whether the student has layers of its own for what its teacher says (default true). Otherwise distillation trains
    /// what the clicks train, and weighs against them. They learn of slates of [`JointConfig::slots`]; shorter ones are
    /// picked as the last slots of those, of longer ones the first slots know no foresight.
    pub guide: bool,
    /// How often, 20 times at most, the student tries to improve a slate that it has picked, by the moves of planning and
    /// by what it knows of clicks (default 0); it begins with what it would pick untaught, where that is worth more by
    /// them. Like planning it wants clicks learned well; without an influence it does nothing.
    pub refinement: usize,
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
            influence: true,
            exposure: true,
            guide: true,
            refinement: 0,
            scorer_hidden: vec![64, 32],
            objective: JointConfig::default(),
        }
    }
}

impl PsadConfig {
    /// For a few thousand training lists: about a quarter of the default sizes.
    pub fn small() -> Self {
        let encoder = SharedEncoderConfig::new().with_embedding(8).with_width(32).with_feed_forward(64);
        Self {
            encoder: encoder.with_list_layers(1).with_profile_hidden(16),
            scorer_hidden: vec![32],
            ..Self::default()
        }
    }

    /// For lists whose shown slates and clicks are logged: the teacher plans slates of `slots` for the clicks that they are
    /// expected to bring, and the student improves what it picks with one sweep. It takes tens of thousands of lists,
    /// learned from once or twice, with a `clip_norm` of `None`, so that the student leaves its teacher's steps alone; with
    /// few, or other labels than clicks, stay with greedy slates.
    #[must_use]
    pub fn planning(mut self, slots: usize) -> Self {
        (self.objective.strategy, self.objective.slots, self.refinement) = (Strategy::Plan, Some(slots), 1);
        self
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
            product([usize::from(self.influence), width, width]),
            product([usize::from(self.exposure), profile, schema.max_candidates()]),
            product([usize::from(self.guide && self.influence), width, width]),
            product([usize::from(self.guide && self.influence), schema.max_candidates()]),
            // Of the student, the teacher and the guide.
            product([2 + usize::from(self.guide), layers(width.saturating_add(profile), &self.scorer_hidden)]),
            product([2 + usize::from(self.guide), profile, width]),
        ])
    }

    fn init(&self, schema: &Schema, seed: u64, device: &Device) -> Result<PsadModel, PsadError> {
        let encoder = self.encoder.init(schema, seed, device)?;
        let generator = self.generator(schema).init(seed.wrapping_add(1), device)?;
        let scorer = self.scorer(schema).init(seed.wrapping_add(2), device);
        let mut weights = Weights::seeded(seed.wrapping_add(4), device);
        let (width, longest) = (self.encoder.width, schema.max_candidates());
        let influence = self.influence.then(|| PairInfluence::init(width, longest, &mut weights));
        let exposure = self.exposure.then(|| Exposure::init(self.encoder.profile_width(schema), longest, &mut weights));
        let base = self.scorer(schema).init(seed.wrapping_add(5), device);
        let guide = self.guide.then(|| self.scorer(schema).init(seed.wrapping_add(6), device));
        let guidance = (self.guide && self.influence).then(|| PairGuidance::init(width, longest, &mut weights));
        let joint = JointObjective::new(encoder, generator, [base, scorer], self.objective.clone())?;
        Ok(joint.with_influence(influence).with_exposure(exposure).with_guide(guide, guidance))
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
    /// PSAD-S: one encoder pass, the scorer, and what its teacher taught it on top; slates are picked by score, by what stands
    /// above and by what a pick would do to the others, and improved as the configuration says. Its scores are no click
    /// probabilities: what the teacher taught is in them.
    pub fn student(&self) -> PsadStudent {
        self.student_refined(self.config.refinement)
    }

    /// PSAD-S with another number of tries to improve its slate ([`PsadConfig::refinement`]).
    pub fn student_refined(&self, sweeps: usize) -> PsadStudent {
        let PsadModel { encoder, scorer, influence, exposure, guide, guidance, .. } = self.model.clone();
        let student = Student::new(ScoredEncoder { encoder, scorer }, guide).with_influence(influence);
        self.serve(&student.with_guidance(guidance).with_refinement(exposure, sweeps))
    }

    /// PSAD-G: one encoder pass and a decoder step per block of the trained size, decoded as the configuration says.
    pub fn teacher(&self) -> PsadTeacher {
        self.teacher_with(self.config.objective.strategy.clone())
    }

    /// PSAD-G with another decoding strategy; of several slates it answers the first, the best of a beam.
    pub fn teacher_with(&self, strategy: Strategy) -> PsadTeacher {
        self.teacher_in_blocks(self.config.objective.block_size, strategy)
    }

    /// As [`Psad::teacher_with`], in blocks of another size (at least 1); slots beyond the trained size share the vector
    /// of its last slot.
    pub fn teacher_in_blocks(&self, block_size: usize, strategy: Strategy) -> PsadTeacher {
        let (encoder, scorer) = (self.model.encoder.clone(), self.model.base.clone());
        let encoder = ScoredEncoder { encoder, scorer };
        let teacher = Teacher::new(encoder, self.model.generator.clone(), block_size, strategy);
        let teacher = teacher.with_influence(self.model.influence.clone());
        self.serve(&teacher.with_exposure(self.model.exposure.clone()))
    }
}
