//! NAR4Rec: all slots at once.

use std::sync::Arc;

use burn::tensor::Device;
use psad_core::{GoldenAnswer, Request, Reranker, Schema};
use psad_decode::Strategy;
use psad_encoder::{SharedEncoder, SharedEncoderConfig};
use psad_nar4rec::{MatchingConfig, MatchingGenerator, UnlikelihoodConfig, UnlikelihoodObjective};
use psad_nn::{Teacher, TensorReranker};
use psad_upn::UserProfileNetwork;
use serde::{Deserialize, Serialize};

use super::sizes::{attention_layers, product, shared_encoder, total};
use crate::golden::logits_of;
use crate::{Method, MethodConfig, PsadError};

/// A matching generator with its encoder; see [`psad_nar4rec`] for the method.
pub type Nar4Rec = Method<Nar4RecConfig>;

/// The trained parts with their objective.
pub type Nar4RecModel = UnlikelihoodObjective<SharedEncoder<UserProfileNetwork>>;

/// NAR4Rec as a reranker.
pub type Nar4RecReranker = TensorReranker<Teacher<SharedEncoder<UserProfileNetwork>, MatchingGenerator>>;

/// Sizes, loss weights and decoding of [`Nar4Rec`]; saved inside the model.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Nar4RecConfig {
    /// The encoder. By default nothing of PSAD's User Profile Network is switched on: the candidates are a set.
    pub encoder: SharedEncoderConfig,
    /// Layers of the generator's candidates encoder (default 1).
    pub candidate_layers: usize,
    /// Layers of its position encoder (default 2).
    pub position_layers: usize,
    /// Target and loss weights.
    pub objective: UnlikelihoodConfig,
    /// How slates are read from the matching matrix (default contrastive with `alpha` 0.6, as published).
    pub strategy: Strategy,
}

impl Default for Nar4RecConfig {
    fn default() -> Self {
        Self {
            encoder: plain(SharedEncoderConfig::new()),
            candidate_layers: 1,
            position_layers: 2,
            objective: UnlikelihoodConfig::default(),
            strategy: Strategy::Contrastive { alpha: 0.6 },
        }
    }
}

/// Without the User Profile Network.
fn plain(encoder: SharedEncoderConfig) -> SharedEncoderConfig {
    encoder.with_gate(false).with_history_positions(false).with_candidate_positions(false)
}

impl Nar4RecConfig {
    /// For a few thousand training lists: the sizes of [`PsadConfig::small`](crate::PsadConfig::small).
    pub fn small() -> Self {
        let encoder = plain(crate::PsadConfig::small().encoder);
        Self { encoder, position_layers: 1, ..Self::default() }
    }

    fn matching(&self, schema: &Schema) -> MatchingConfig {
        MatchingConfig {
            width: self.encoder.width,
            profile: self.encoder.profile_width(schema),
            max_candidates: schema.max_candidates(),
            candidate_layers: self.candidate_layers,
            position_layers: self.position_layers,
            heads: self.encoder.heads,
            feed_forward: self.encoder.feed_forward,
        }
    }
}

impl MethodConfig for Nar4RecConfig {
    type Model = Nar4RecModel;

    const KIND: &'static str = "nar4rec";
    const NAME: &'static str = "NAR4Rec";

    /// # Errors
    /// [`PsadError::Encoder`], [`PsadError::Matching`], [`PsadError::Unlikelihood`] or [`PsadError::Strategy`].
    fn check(&self, schema: &Schema) -> Result<(), PsadError> {
        self.encoder.check()?;
        self.matching(schema).check()?;
        self.objective.check()?;
        Ok(self.strategy.check()?)
    }

    fn embedding(&self) -> usize {
        self.encoder.embedding
    }

    fn fewest_weights(&self, schema: &Schema) -> usize {
        let SharedEncoderConfig { width, feed_forward, .. } = self.encoder;
        total([
            shared_encoder(&self.encoder, schema),
            attention_layers(width, feed_forward, self.candidate_layers),
            attention_layers(width, feed_forward, self.position_layers),
            product([width, schema.max_candidates()]),
        ])
    }

    fn init(&self, schema: &Schema, seed: u64, device: &Device) -> Result<Nar4RecModel, PsadError> {
        let encoder = self.encoder.init(schema, seed, device)?;
        let generator = self.matching(schema).init(seed.wrapping_add(1), device)?;
        Ok(UnlikelihoodObjective::new(encoder, generator, self.objective.clone())?)
    }

    fn reranker(method: &Nar4Rec) -> Arc<dyn Reranker> {
        Arc::new(method.generator())
    }

    fn golden_answers(method: &Nar4Rec, request: &Request) -> Result<Vec<GoldenAnswer>, PsadError> {
        Ok(vec![logits_of(Self::NAME, &method.generator(), request)?])
    }
}

impl Nar4Rec {
    /// One encoder pass, one pass of the generator, and the configured strategy.
    pub fn generator(&self) -> Nar4RecReranker {
        self.generator_with(self.config.strategy.clone())
    }

    /// As [`Nar4Rec::generator`], with another decoding strategy on the same matrix.
    pub fn generator_with(&self, strategy: Strategy) -> Nar4RecReranker {
        let (encoder, generator) = (self.model.encoder.clone(), self.model.generator.clone());
        // One block of all slots is one pass.
        self.serve(&Teacher::new(encoder, generator, self.schema.max_candidates(), strategy))
    }
}
