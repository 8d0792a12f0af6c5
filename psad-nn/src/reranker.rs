//! From trained parts to a plain [`Reranker`].

use std::fmt;
use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Device;
use psad_core::{CandidateScorer, Request, RerankError, Reranker, Schema, Slate};
use psad_decode::{BlockSchedule, Strategy};

use crate::{
    Batcher, Component, Encoded, Exposure, Generator, Influence, ListBatch, ListEncoder, ListScorer, PairInfluence,
    Student, Tables, generate_into,
};

/// A model that answers a batch of lists with slates.
pub trait RerankModel: Component {
    /// A slate of `min(len, candidates)` for every list of the batch; `len` is at least 1.
    ///
    /// # Errors
    /// [`RerankError`] if the network answers NaN.
    fn slates(&self, batch: &ListBatch, len: usize) -> Result<Vec<Slate>, RerankError>;
}

/// An encoder whose lists come ranked by a scorer: a generator that adds [`Encoded::ranker`] starts out as good as the
/// scorer, and learns what the slate so far changes.
#[derive(Module, Debug)]
pub struct ScoredEncoder<E, S> {
    /// Encodes the list.
    pub encoder: E,
    /// Scores its candidates.
    pub scorer: S,
}

impl<E: ListEncoder, S: ListScorer> ListEncoder for ScoredEncoder<E, S> {
    fn encode(&self, batch: &ListBatch) -> Encoded {
        let encoded = self.encoder.encode(batch);
        Encoded { ranker: self.scorer.score(&encoded), ..encoded }
    }
}

/// Encoder and generator: one encoder pass, then a decoder step per block. PSAD-G is one.
#[derive(Module, Debug)]
pub struct Teacher<E, G> {
    /// Encodes the list.
    pub encoder: E,
    /// Builds the slate.
    pub generator: G,
    /// What placed candidates do to those below them, beyond what the generator makes of them from block to block.
    pub influence: Option<PairInfluence>,
    /// How likely a slot is looked at; [`Strategy::Plan`] weighs the slots by it, where there is an influence.
    pub exposure: Option<Exposure>,
    #[module(skip)]
    pub(crate) block_size: usize,
    #[module(skip)]
    strategy: Strategy,
}

impl<E: ListEncoder, G: Generator> Teacher<E, G> {
    /// Decodes in blocks of `block_size` (at least 1) as `strategy` says.
    pub fn new(encoder: E, generator: G, block_size: usize, strategy: Strategy) -> Self {
        Self { encoder, generator, influence: None, exposure: None, block_size: block_size.max(1), strategy }
    }

    /// Lets what is placed act on what stands below, within a block too.
    #[must_use]
    pub fn with_influence(self, influence: Option<PairInfluence>) -> Self {
        Self { influence, ..self }
    }

    /// Says how likely slots are looked at; it is read only together with an influence.
    #[must_use]
    pub fn with_exposure(self, exposure: Option<Exposure>) -> Self {
        Self { exposure, ..self }
    }

    /// The influence between the candidates of a batch.
    pub(crate) fn between(&self, encoded: &Encoded) -> Option<Influence> {
        let exposure = self.exposure.as_ref().map(|exposure| exposure.of(encoded, encoded.pad.dims()[1]));
        self.influence.as_ref().map(|influence| Influence { exposure, ..influence.between(encoded) })
    }

    /// Slots that are filled per step of the generator.
    pub fn block_size(&self) -> usize {
        self.block_size
    }
}

impl<E: ListEncoder, G: Generator> RerankModel for Teacher<E, G> {
    fn slates(&self, batch: &ListBatch, len: usize) -> Result<Vec<Slate>, RerankError> {
        let longest = batch.candidates.lens.iter().copied().max().unwrap_or(1);
        let schedule = BlockSchedule::new(len.min(longest), self.block_size).map_err(RerankError::other)?;
        let slates = batch.slate_builders(schedule.slots())?;
        let encoded = self.encoder.encode(batch);
        let influence = self.between(&encoded);
        let decoded = generate_into(&self.generator, &encoded, slates, schedule, &self.strategy, influence);
        let decoded = decoded.map_err(RerankError::other)?;
        let best = decoded.into_iter().map(|slates| slates.into_iter().next().map(|first| first.slate));
        best.map(|slate| slate.ok_or_else(|| RerankError::other("the decoder gave no slate"))).collect()
    }
}

/// A model with its tables and schema, as a plain reranker without any type parameter once it is boxed.
///
/// It checks every request against the schema, so that no tensor operation ever meets a wrong shape.
#[derive(Clone)]
pub struct TensorReranker<M> {
    model: M,
    tables: Arc<Tables>,
    batcher: Batcher,
    device: Device,
}

impl<M: RerankModel> TensorReranker<M> {
    /// Takes the inference form of `model`; `device` is where its parameters stand.
    pub fn new(model: &M, tables: Arc<Tables>, schema: &Schema, device: &Device) -> Self {
        let device = device.clone().without_autodiff();
        Self { model: model.valid(), tables, batcher: Batcher::new(schema), device }
    }

    /// The model, in its inference form.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// A batch as the model reads it.
    ///
    /// # Errors
    /// As [`Batcher::requests`].
    pub fn batch(&self, requests: &[&Request]) -> Result<ListBatch, RerankError> {
        self.batcher.requests(requests, &self.tables, &self.device)
    }
}

impl<E: ListEncoder, S: ListScorer> CandidateScorer for TensorReranker<Student<E, S>> {
    fn scores(&self, request: &Request) -> Result<Vec<f32>, RerankError> {
        let scores = self.model.scores(&self.batch(&[request])?)?;
        scores.into_iter().next().ok_or_else(|| RerankError::other("the model gave no scores"))
    }
}

impl<M> fmt::Debug for TensorReranker<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "TensorReranker({})", std::any::type_name::<M>())
    }
}

impl<M: RerankModel> Reranker for TensorReranker<M> {
    fn rerank(&self, request: &Request, len: usize) -> Result<Slate, RerankError> {
        let slates = self.rerank_batch(&[request], len)?;
        slates.into_iter().next().ok_or_else(|| RerankError::other("the model gave no slate"))
    }

    fn rerank_batch(&self, requests: &[&Request], len: usize) -> Result<Vec<Slate>, RerankError> {
        if len == 0 {
            return Err(RerankError::EmptySlate);
        }
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        self.model.slates(&self.batch(requests)?, len)
    }
}
