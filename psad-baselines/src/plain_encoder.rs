//! What every baseline reads of a list: its items one by one, and the user.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use psad_core::Schema;
use psad_encoder::ItemTower;
use psad_nn::{Encoded, ListBatch, ListEncoder, Weights, mean_history};

use crate::BaselineConfigError;
use crate::error::Check;

/// Configuration of [`PlainEncoder`].
#[derive(Config, Debug)]
pub struct PlainEncoderConfig {
    /// Width of an embedding row.
    #[config(default = 16)]
    pub embedding: usize,
    /// Model width `D`.
    #[config(default = 64)]
    pub width: usize,
    /// Whether a learned vector of the ranker's position is added to each candidate.
    #[config(default = true)]
    pub positions: bool,
}

impl PlainEncoderConfig {
    /// Says whether the sizes are any.
    ///
    /// # Errors
    /// [`BaselineConfigError`] with the field and its value.
    pub fn check(&self) -> Result<(), BaselineConfigError> {
        Check("plain encoder").sizes(&[("embedding", self.embedding), ("width", self.width)])
    }

    /// Draws the weights of an encoder for requests of `schema`.
    ///
    /// # Errors
    /// As [`PlainEncoderConfig::check`].
    pub fn init(&self, schema: &Schema, seed: u64, device: &Device) -> Result<PlainEncoder, BaselineConfigError> {
        self.check()?;
        let mut weights = Weights::seeded(seed, device);
        let tower = ItemTower::init(schema, self.embedding, self.width, &mut weights);
        let positions = self.positions.then(|| weights.normal([schema.max_candidates(), self.width], 0.1));
        Ok(PlainEncoder { tower, positions })
    }

    /// Width of the profile that the encoder passes on: `e_u` and the mean of the history.
    pub fn profile_width(&self, schema: &Schema) -> usize {
        let sparse = schema.user_sparse().len().saturating_mul(self.embedding);
        sparse.saturating_add(schema.user_dense().len()).saturating_add(self.width)
    }
}

/// Every candidate for itself, and the user as the mean of what is known; made by [`PlainEncoderConfig`].
///
/// Items are `x_i = W_x [E(f); dense; ranker's score] + b`, the tower of [`psad_encoder`], plus the vector of the
/// ranker's position where positions are on; the profile is `[e_u; mean of the history's x]`. There is no list context:
/// every baseline brings its own, and all of them read the same.
#[derive(Module, Debug)]
pub struct PlainEncoder {
    tower: ItemTower,
    /// `[max candidates, width]`.
    positions: Option<Param<Tensor<2>>>,
}

impl ListEncoder for PlainEncoder {
    fn encode(&self, batch: &ListBatch) -> Encoded {
        let history = self.tower.forward(&batch.history.items, &batch.rows); // [batch, history, width]
        let candidates = self.tower.forward(&batch.candidates, &batch.rows); // [batch, candidates, width]
        let inputs = match &self.positions {
            Some(table) => {
                let shape @ [lists, length, _] = candidates.dims();
                let index = batch.positions.clone().reshape([lists * length]);
                candidates.clone() + table.val().select(0, index).reshape(shape)
            }
            None => candidates.clone(),
        };
        Encoded {
            items: inputs.clone(),
            inputs,
            raw: candidates,
            profile: profile(batch, history),
            ranker: batch.ranker_scores(),
            pad: batch.candidates.pad.clone(),
            lens: batch.candidates.lens.clone(),
        }
    }
}

/// `[e_u; mean of the history]`, or the mean alone where nothing is known of the user, `[batch, profile]`.
pub(crate) fn profile(batch: &ListBatch, history: Tensor<3>) -> Tensor<2> {
    let mean = mean_history(history, batch.history.items.pad.clone());
    match batch.user_features() {
        Some(user) => Tensor::cat(vec![user, mean], 1),
        None => mean,
    }
}
