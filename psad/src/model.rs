//! The model and the rerankers that it yields.

use std::fmt;
use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Device;
use psad_core::Schema;
use psad_decode::Strategy;
use psad_distill::JointObjective;
use psad_encoder::SharedEncoder;
use psad_generator::SemiAutoregressive;
use psad_nn::{Student, Tables, Teacher, TensorReranker};
use psad_scorer::Scorer;
use psad_upn::UserProfileNetwork;

use crate::{PsadConfig, PsadError};

/// The trained parts with their objective.
pub type PsadModel = JointObjective<SharedEncoder<UserProfileNetwork>, SemiAutoregressive, Scorer>;

/// PSAD-G as a reranker.
pub type PsadTeacher = TensorReranker<Teacher<SharedEncoder<UserProfileNetwork>, SemiAutoregressive>>;

/// PSAD-S as a reranker.
pub type PsadStudent = TensorReranker<Student<SharedEncoder<UserProfileNetwork>, Scorer>>;

/// A teacher and a student over one encoder, with their embedding tables, schema and configuration.
#[derive(Clone)]
pub struct Psad {
    pub(crate) schema: Schema,
    pub(crate) config: PsadConfig,
    pub(crate) model: PsadModel,
    pub(crate) tables: Arc<Tables>,
}

impl Psad {
    /// An untrained model for requests of `schema`; the same seed gives the same weights.
    ///
    /// # Errors
    /// As [`PsadConfig::check`].
    pub fn new(schema: &Schema, config: PsadConfig, seed: u64) -> Result<Self, PsadError> {
        // Before the tables, which are the largest thing that a faulty configuration could ask for.
        config.check(schema)?;
        let tables = Tables::seeded(schema, config.encoder.embedding, seed.wrapping_add(3))?;
        Self::with_tables(schema, config, tables, seed)
    }

    /// A model with these tables and fresh weights.
    pub(crate) fn with_tables(
        schema: &Schema,
        config: PsadConfig,
        tables: Tables,
        seed: u64,
    ) -> Result<Self, PsadError> {
        config.check(schema)?;
        let device = device();
        let encoder = config.encoder.init(schema, seed, &device)?;
        let generator = config.generator(schema).init(seed.wrapping_add(1), &device)?;
        let scorer = config.scorer(schema).init(seed.wrapping_add(2), &device);
        let model = JointObjective::new(encoder, generator, scorer, config.objective.clone())?;
        Ok(Self { schema: schema.clone(), config, model: model.valid(), tables: Arc::new(tables) })
    }

    /// What the model expects of a request.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The model's configuration.
    pub fn config(&self) -> &PsadConfig {
        &self.config
    }

    /// The trained parts, in their inference form.
    pub fn model(&self) -> &PsadModel {
        &self.model
    }

    /// The embedding tables.
    pub fn tables(&self) -> &Arc<Tables> {
        &self.tables
    }

    /// PSAD-S: one encoder pass and the scorer.
    pub fn student(&self) -> PsadStudent {
        let student = Student { encoder: self.model.encoder.clone(), scorer: self.model.scorer.clone() };
        TensorReranker::new(&student, self.tables.clone(), &self.schema, &device())
    }

    /// PSAD-G: one encoder pass and a greedy decoder step per block of the trained size.
    pub fn teacher(&self) -> PsadTeacher {
        self.teacher_with(Strategy::Greedy)
    }

    /// PSAD-G with another decoding strategy; of several slates it answers the first, the best of a beam.
    pub fn teacher_with(&self, strategy: Strategy) -> PsadTeacher {
        let (encoder, generator) = (self.model.encoder.clone(), self.model.generator.clone());
        let teacher = Teacher::new(encoder, generator, self.config.objective.block_size, strategy);
        TensorReranker::new(&teacher, self.tables.clone(), &self.schema, &device())
    }
}

impl fmt::Debug for Psad {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Psad").field("config", &self.config).finish_non_exhaustive()
    }
}

/// The pure-Rust CPU backend. Named, never `Device::default()`: that changes its answer with the features that other
/// crates switch on.
pub(crate) fn device() -> Device {
    Device::flex()
}
