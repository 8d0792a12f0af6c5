//! From trained parts to a plain [`Reranker`].

use std::fmt;
use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Device;
use ndarray::{Array2, ArrayView1};
use psad_core::{CandidateScorer, Request, RerankError, Reranker, Schema, Slate, SlateBuilder};
use psad_decode::{BlockSchedule, Picker, Strategy};

use crate::{
    Batcher, Component, Encoded, Exposure, Generator, Influence, ListBatch, ListEncoder, ListScorer, PairInfluence,
    Tables, generate_into,
};

/// A model that answers a batch of lists with slates.
pub trait RerankModel: Component {
    /// A slate of `min(len, candidates)` for every list of the batch; `len` is at least 1.
    ///
    /// # Errors
    /// [`RerankError`] if the network answers NaN.
    fn slates(&self, batch: &ListBatch, len: usize) -> Result<Vec<Slate>, RerankError>;
}

/// Encoder and scorer: one pass, then sorting, or picking in the light of what stands above. PSAD-S is one.
#[derive(Module, Debug)]
pub struct Student<E, S> {
    /// Encodes the list.
    pub encoder: E,
    /// Scores its candidates.
    pub scorer: S,
    /// What placed candidates do to those below them; without it, slates are sorted by score.
    pub influence: Option<PairInfluence>,
}

impl<E: ListEncoder, S: ListScorer> Student<E, S> {
    /// Sorts by the scorer's scores.
    pub fn new(encoder: E, scorer: S) -> Self {
        Self { encoder, scorer, influence: None }
    }

    /// Lets what is placed act on what stands below.
    #[must_use]
    pub fn with_influence(self, influence: Option<PairInfluence>) -> Self {
        Self { influence, ..self }
    }

    /// The scores of every list's real candidates, before anything is placed.
    ///
    /// # Errors
    /// [`RerankError::Other`] if the device does not give the scores back.
    pub fn scores(&self, batch: &ListBatch) -> Result<Vec<Vec<f32>>, RerankError> {
        score_lists(&self.scorer, &self.encoder.encode(batch))
    }
}

impl<E: ListEncoder, S: ListScorer> RerankModel for Student<E, S> {
    fn slates(&self, batch: &ListBatch, len: usize) -> Result<Vec<Slate>, RerankError> {
        // First, so that rules which cannot be kept cost no pass of the network.
        let builders = batch.slate_builders(len)?;
        let encoded = self.encoder.encode(batch);
        let lists = score_lists(&self.scorer, &encoded)?.into_iter().zip(builders);
        let Some(influence) = &self.influence else {
            return lists.map(|(scores, builder)| Ok(builder.top_by_score(&scores)?)).collect();
        };
        let influences = influence.between(&encoded).on_host().map_err(RerankError::other)?;
        lists.zip(&influences).map(|((scores, slate), influence)| pick(&scores, slate, influence)).collect()
    }
}

/// Fills a slate slot by slot, each with the candidate whose score is best below what is placed.
fn pick(scores: &[f32], mut slate: SlateBuilder, influence: &psad_decode::Influence) -> Result<Slate, RerankError> {
    let mut picker = Picker::new(&Strategy::Greedy).map_err(RerankError::other)?;
    picker.start(&slate, None).map_err(RerankError::other)?;
    let row = ArrayView1::from(scores);
    let rows = row.broadcast((slate.slots(), scores.len())).expect("a row is as long as itself");
    picker.fill(&mut slate, rows, Some(influence)).map_err(RerankError::other)?;
    Ok(slate.finish())
}

fn score_lists<S: ListScorer>(scorer: &S, encoded: &Encoded) -> Result<Vec<Vec<f32>>, RerankError> {
    let scores = scorer.score(encoded);
    let shape = scores.dims();
    let values = scores.try_into_vec_as::<f32>().map_err(|error| RerankError::other(format!("{error:?}")))?;
    let rows = Array2::from_shape_vec(shape, values).map_err(RerankError::other)?;
    Ok(rows.outer_iter().zip(&encoded.lens).map(|(row, &len)| row.iter().copied().take(len).collect()).collect())
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
