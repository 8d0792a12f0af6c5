//! A method as a user holds it: its trained parts with tables, schema and configuration.

use std::fmt;
use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Device;
use psad_core::{GoldenAnswer, Request, Reranker, Schema};
use psad_nn::{Objective, RerankModel, Tables, TensorReranker};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{PsadError, golden};

/// A method, told by its configuration: sizes, switches and loss weights, and how parts and rerankers are made of them.
///
/// Implement it to fit, save, load and serve a method of one's own like those of this workspace, through [`Method`].
pub trait MethodConfig: Clone + fmt::Debug + Send + Sync + Serialize + DeserializeOwned + 'static {
    /// The parts that are trained, with their objective.
    type Model: Objective;

    /// Kind of model in the header of its files, such as `psad`; no two methods may have the same.
    const KIND: &'static str;

    /// Name in tables and pictures.
    const NAME: &'static str;

    /// Says whether all values fit together and the schema.
    ///
    /// # Errors
    /// [`PsadError`] with the field and its value.
    fn check(&self, schema: &Schema) -> Result<(), PsadError>;

    /// Width of a row of the embedding tables.
    fn embedding(&self) -> usize;

    /// At least so many values make up the weights, each size that decides an allocation counted in; it saturates.
    ///
    /// A file that holds fewer is not of this configuration, and is refused before anything of that size is made.
    fn fewest_weights(&self, schema: &Schema) -> usize;

    /// Draws the weights; the same seed gives the same ones. It is only asked once [`MethodConfig::check`] is content.
    ///
    /// # Errors
    /// [`PsadError`] for what only comes to light on the way.
    fn init(&self, schema: &Schema, seed: u64, device: &Device) -> Result<Self::Model, PsadError>;

    /// The reranker that one would serve.
    fn reranker(method: &Method<Self>) -> Arc<dyn Reranker>;

    /// All rerankers of the method under their names, the one that one would serve first.
    ///
    /// Override it if there are several: early stopping looks at the mean of all.
    fn rerankers(method: &Method<Self>) -> Vec<(&'static str, Arc<dyn Reranker>)> {
        vec![(Self::NAME, Self::reranker(method))]
    }

    /// What every reranker of the method answers to the golden request of its file, in the order of
    /// [`MethodConfig::rerankers`]: their slates alone.
    ///
    /// Override it where other code is to answer in the method's place, so that its scores and logits can be compared;
    /// see [`golden`](crate::golden).
    ///
    /// # Errors
    /// [`PsadError::Golden`] for a model that does not answer.
    fn golden_answers(method: &Method<Self>, request: &Request) -> Result<Vec<GoldenAnswer>, PsadError> {
        let rerankers = Self::rerankers(method);
        rerankers.iter().map(|(name, reranker)| Ok(golden::slate_of(name, reranker, request)?)).collect()
    }
}

/// A method with its parts, trained or not, its embedding tables, schema and configuration.
#[derive(Clone)]
pub struct Method<C: MethodConfig> {
    pub(crate) schema: Schema,
    pub(crate) config: C,
    pub(crate) model: C::Model,
    pub(crate) tables: Arc<Tables>,
}

impl<C: MethodConfig> Method<C> {
    /// An untrained model for requests of `schema`; the same seed gives the same weights.
    ///
    /// # Errors
    /// As [`MethodConfig::check`].
    pub fn new(schema: &Schema, config: C, seed: u64) -> Result<Self, PsadError> {
        // Before the tables, which are the largest thing that a faulty configuration could ask for.
        config.check(schema)?;
        let tables = Tables::seeded(schema, config.embedding(), seed.wrapping_add(3))?;
        Self::with_tables(schema, config, tables, seed)
    }

    /// A model with these tables and fresh weights; the configuration has been checked.
    pub(crate) fn with_tables(schema: &Schema, config: C, tables: Tables, seed: u64) -> Result<Self, PsadError> {
        let model = config.init(schema, seed, &device())?.valid();
        Ok(Self { schema: schema.clone(), config, model, tables: Arc::new(tables) })
    }

    /// What the model expects of a request.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The model's configuration.
    pub fn config(&self) -> &C {
        &self.config
    }

    /// The trained parts, in their inference form.
    pub fn model(&self) -> &C::Model {
        &self.model
    }

    /// The embedding tables.
    pub fn tables(&self) -> &Arc<Tables> {
        &self.tables
    }

    /// The reranker that one would serve.
    pub fn reranker(&self) -> Arc<dyn Reranker> {
        C::reranker(self)
    }

    /// All rerankers of the method under their names, the one that one would serve first.
    pub fn rerankers(&self) -> Vec<(&'static str, Arc<dyn Reranker>)> {
        C::rerankers(self)
    }

    /// Some of the trained parts as a reranker, with these tables and this schema.
    pub fn serve<M: RerankModel>(&self, parts: &M) -> TensorReranker<M> {
        TensorReranker::new(parts, self.tables.clone(), &self.schema, &device())
    }
}

impl<C: MethodConfig> fmt::Debug for Method<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct(C::NAME).field("config", &self.config).finish_non_exhaustive()
    }
}

/// The pure-Rust CPU backend. Named, never `Device::default()`: that changes its answer with the features that other
/// crates switch on.
pub(crate) fn device() -> Device {
    Device::flex()
}
