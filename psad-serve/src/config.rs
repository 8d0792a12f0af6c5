//! What a model's configuration says of its shape; what it says of training is not read.

use psad_core::{ModelFileError, Schema};
use psad_decode::Strategy;
use serde::Deserialize;
use serde_json::Value;

use crate::layer::Sizes;
use crate::strategy::of_one_answer;

/// No width is larger: sums and small multiples of widths do not run over then.
const LARGEST: usize = 1 << 24;

/// The shared encoder.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct EncoderConfig {
    pub(crate) embedding: usize,
    pub(crate) width: usize,
    pub(crate) heads: usize,
    pub(crate) feed_forward: usize,
    pub(crate) list_layers: usize,
    pub(crate) profile_hidden: usize,
    pub(crate) decay_groups: usize,
    pub(crate) gate: bool,
    pub(crate) history_positions: bool,
    pub(crate) candidate_positions: bool,
}

impl EncoderConfig {
    pub(crate) fn sizes(&self) -> Sizes {
        Sizes { width: self.width, heads: self.heads, feed_forward: self.feed_forward }
    }

    /// Width of the user's features.
    pub(crate) fn user_width(&self, schema: &Schema) -> usize {
        schema.user_sparse().len().saturating_mul(self.embedding).saturating_add(schema.user_dense().len())
    }

    /// Width of the user's features with a vector read from the history.
    pub(crate) fn profile_width(&self, schema: &Schema) -> usize {
        self.user_width(schema).saturating_add(self.width)
    }

    fn check(&self) -> Result<(), ModelFileError> {
        let sizes = [
            ("embedding", self.embedding),
            ("width", self.width),
            ("heads", self.heads),
            ("feed_forward", self.feed_forward),
            ("profile_hidden", self.profile_hidden),
            ("decay_groups", self.decay_groups),
        ];
        if let Some((field, size)) = sizes.into_iter().find(|&(_, size)| !(1..=LARGEST).contains(&size)) {
            return Err(faulty(format!("`encoder.{field}` is {size}; it must be from 1 to {LARGEST}")));
        }
        for (field, value) in [("heads", self.heads), ("decay_groups", self.decay_groups)] {
            if !self.width.is_multiple_of(value) {
                let width = self.width;
                return Err(faulty(format!("`encoder.{field}` = {value} does not divide `encoder.width` = {width}")));
            }
        }
        Ok(())
    }
}

/// PSAD: teacher and student.
#[derive(Debug, Clone, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each switches a part of its own")]
pub(crate) struct PsadConfig {
    pub(crate) encoder: EncoderConfig,
    pub(crate) pointer: usize,
    pub(crate) context_enhancement: bool,
    pub(crate) influence: bool,
    pub(crate) scorer_hidden: Vec<usize>,
    pub(crate) exposure: bool,
    pub(crate) guide: bool,
    pub(crate) refinement: usize,
    objective: BlockConfig,
}

#[derive(Debug, Clone, Deserialize)]
struct BlockConfig {
    block_size: usize,
    strategy: Strategy,
}

impl PsadConfig {
    pub(crate) fn read(config: &Value) -> Result<Self, ModelFileError> {
        let mut config: Self = parse(config)?;
        config.encoder.check()?;
        let strategy = of_one_answer(config.objective.strategy);
        config.objective.strategy = strategy.map_err(|error| faulty(format!("`objective.strategy`: {error}")))?;
        if config.objective.block_size == 0 || config.pointer == 0 {
            return Err(faulty("`objective.block_size` and `pointer` must be at least 1".to_owned()));
        }
        match config.scorer_hidden.iter().position(|&width| width == 0) {
            Some(layer) => Err(faulty(format!("`scorer_hidden[{layer}]` is 0"))),
            None => Ok(config),
        }
    }

    /// How the teacher decodes.
    pub(crate) fn strategy(&self) -> Strategy {
        self.objective.strategy.clone()
    }

    /// The block size that the teacher was trained with; a block is never longer than the longest list.
    pub(crate) fn block_size(&self, schema: &Schema) -> usize {
        self.objective.block_size.min(schema.max_candidates())
    }
}

/// `NAR4Rec`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Nar4RecConfig {
    pub(crate) encoder: EncoderConfig,
    pub(crate) candidate_layers: usize,
    pub(crate) position_layers: usize,
    pub(crate) strategy: Strategy,
}

impl Nar4RecConfig {
    pub(crate) fn read(config: &Value) -> Result<Self, ModelFileError> {
        let mut config: Self = parse(config)?;
        config.encoder.check()?;
        config.strategy = of_one_answer(config.strategy).map_err(|error| faulty(format!("`strategy`: {error}")))?;
        if config.candidate_layers == 0 || config.position_layers == 0 {
            return Err(faulty("`candidate_layers` and `position_layers` must be at least 1".to_owned()));
        }
        Ok(config)
    }
}

fn parse<T: for<'de> Deserialize<'de>>(config: &Value) -> Result<T, ModelFileError> {
    T::deserialize(config).map_err(|error| faulty(error.to_string()))
}

fn faulty(what: String) -> ModelFileError {
    ModelFileError::Config(what)
}
