//! What the methods of this workspace are compared with; see [`psad_baselines`] for each of them.

use std::sync::Arc;

use burn::tensor::Device;
use psad_baselines::{
    DlcmConfig, DlcmObjective, MirConfig, MirObjective, PlainEncoder, PointwiseMlpConfig, PointwiseMlpObjective,
    PrmConfig, PrmObjective, Seq2SlateConfig, Seq2SlateObjective, SetRankBlock, SetRankConfig, SetRankObjective,
};
use psad_core::{Reranker, Schema};
use psad_decode::Strategy;
use psad_nn::{ListEncoder, ListScorer, ScoringObjective, Student, Teacher, TensorReranker};

use super::sizes::{attention_layers, item_tower, layers, plain_encoder, product, total};
use crate::{Method, MethodConfig, PsadError};

/// Pointwise multilayer perceptron: the row without list context.
pub type Mlp = Method<PointwiseMlpConfig>;

/// DLCM: a recurrent network over the list.
pub type Dlcm = Method<DlcmConfig>;

/// PRM: a Transformer over the list in the ranker's order.
pub type Prm = Method<PrmConfig>;

/// `SetRank`: attention over the list as a set.
pub type SetRank = Method<SetRankConfig>;

/// MIR: the list as a set in the light of the history as a list.
pub type Mir = Method<MirConfig>;

/// Seq2Slate: a pointer network that writes the slate item by item.
pub type Seq2Slate = Method<Seq2SlateConfig>;

/// Seq2Slate as a reranker.
pub type Seq2SlateReranker = TensorReranker<Teacher<PlainEncoder, psad_baselines::Seq2Slate>>;

impl<C, E, S> Method<C>
where
    C: MethodConfig<Model = ScoringObjective<E, S>>,
    E: ListEncoder,
    S: ListScorer,
{
    /// One encoder pass and the scorer. It gives its scores too, as a
    /// [`CandidateScorer`](psad_core::CandidateScorer).
    pub fn scorer(&self) -> TensorReranker<Student<E, S>> {
        self.serve(&Student::new(self.model.encoder.clone(), self.model.scorer.clone()))
    }
}

impl Seq2Slate {
    /// One encoder pass and a greedy step of the generator per slot.
    pub fn generator(&self) -> Seq2SlateReranker {
        self.generator_with(Strategy::Greedy)
    }

    /// As [`Seq2Slate::generator`], with another decoding strategy.
    pub fn generator_with(&self, strategy: Strategy) -> Seq2SlateReranker {
        self.serve(&Teacher::new(self.model.encoder.clone(), self.model.generator.clone(), 1, strategy))
    }
}

/// What all baselines have in common; they differ in names, in how large they are and in what serves.
macro_rules! baseline {
    ($config:ty, $objective:ty, $kind:literal, $name:literal, $embedding:expr, $serve:ident, $weights:expr) => {
        impl MethodConfig for $config {
            type Model = $objective;

            const KIND: &'static str = $kind;
            const NAME: &'static str = $name;

            /// # Errors
            /// [`PsadError::Baseline`].
            fn check(&self, _schema: &Schema) -> Result<(), PsadError> {
                Ok(<$config>::check(self)?)
            }

            fn embedding(&self) -> usize {
                let embedding: fn(&Self) -> usize = $embedding;
                embedding(self)
            }

            fn fewest_weights(&self, schema: &Schema) -> usize {
                let weights: fn(&Self, &Schema) -> usize = $weights;
                weights(self, schema)
            }

            fn init(&self, schema: &Schema, seed: u64, device: &Device) -> Result<$objective, PsadError> {
                Ok(self.objective(schema, seed, device)?)
            }

            fn reranker(method: &Method<Self>) -> Arc<dyn Reranker> {
                Arc::new(method.$serve())
            }
        }
    };
}

baseline!(
    PointwiseMlpConfig,
    PointwiseMlpObjective,
    "mlp",
    "MLP",
    |config| config.encoder.embedding,
    scorer,
    |config, schema| {
        let input = config.encoder.width.saturating_add(config.encoder.profile_width(schema));
        total([plain_encoder(&config.encoder, schema), layers(input, &config.hidden)])
    }
);

baseline!(DlcmConfig, DlcmObjective, "dlcm", "DLCM", |config| config.encoder.embedding, scorer, |config, schema| {
    let (width, hidden) = (config.encoder.width, config.hidden);
    total([
        plain_encoder(&config.encoder, schema),
        product([width, width]),
        product([width, hidden]),
        product([hidden, hidden, config.comparisons]),
    ])
});

baseline!(PrmConfig, PrmObjective, "prm", "PRM", |config| config.encoder.embedding, scorer, |config, schema| {
    let attention = attention_layers(config.encoder.width, config.feed_forward, config.layers);
    total([plain_encoder(&config.encoder, schema), attention])
});

baseline!(
    SetRankConfig,
    SetRankObjective,
    "setrank",
    "SetRank",
    |config| config.encoder.embedding,
    scorer,
    |config, schema| {
        let width = config.encoder.width;
        let inducing = if let SetRankBlock::Imsab { inducing } = config.block { inducing } else { 0 };
        total([
            plain_encoder(&config.encoder, schema),
            attention_layers(width, config.feed_forward, config.layers),
            product([width, inducing, config.layers]),
        ])
    }
);

baseline!(MirConfig, MirObjective, "mir", "MIR", |config| config.embedding, scorer, |config, schema| {
    let (width, profile) = (config.width, config.profile_width(schema));
    let input = width.saturating_mul(2).saturating_add(profile);
    total([
        item_tower(width, config.embedding, schema),
        product([width, width]),
        product([width, config.hidden]),
        product([config.hidden, config.hidden]),
        product([profile, config.pace_hidden]),
        layers(input, &config.scorer_hidden),
    ])
});

baseline!(
    Seq2SlateConfig,
    Seq2SlateObjective,
    "seq2slate",
    "Seq2Slate",
    |config| config.encoder.embedding,
    generator,
    |config, schema| {
        let (width, hidden) = (config.encoder.width, config.hidden);
        total([
            plain_encoder(&config.encoder, schema),
            product([width, width]),
            product([width, hidden]),
            product([hidden, hidden]),
            product([hidden, config.pointer]),
        ])
    }
);
