//! A toy world: films of which the even ones are clicked, and a linear model that finds out.

#![allow(dead_code, unreachable_pub, missing_docs)]

use std::collections::BTreeMap;
use std::sync::Arc;

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, activation};
use ndarray::{Array1, Array2, ArrayD, array};
use psad_core::{Candidates, History, Items, LabeledList, Request, Schema, User};
use psad_nn::{ListBatch, LossParts, Objective, Tables, Weights, named_parameters};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub const FILMS: u32 = 30;

/// A price above this poisons [`Clicks`]: its loss is no number then.
pub const TOO_DEAR: f32 = 100.;

pub fn schema() -> Schema {
    Schema::builder()
        .item_sparse("film", FILMS as usize)
        .item_dense("price")
        .user_sparse("country", 5)
        .max_candidates(8)
        .build()
        .unwrap()
}

pub fn tables() -> Tables {
    Tables::seeded(&schema(), 4, 11).unwrap()
}

/// One list; prices as given, clicks on even films.
pub fn list(films: &[u32], prices: &[f32], country: u32) -> LabeledList {
    let len = films.len();
    let sparse = Array2::from_shape_vec((len, 1), films.to_vec()).unwrap();
    let dense = Array2::from_shape_vec((len, 1), prices.to_vec()).unwrap();
    let scores: Array1<f32> = (0..len).map(|place| -(place as f32)).collect();
    let candidates = Candidates::new(Items::new(sparse, dense).unwrap(), scores).unwrap();
    let user = User::new(array![country], Array1::zeros(0)).unwrap();
    let request = Request::new(user, History::empty(1, 1), candidates).unwrap();
    let labels = films.iter().map(|film| f32::from(u8::from(film % 2 == 0))).collect();
    LabeledList::new(request, labels).unwrap()
}

/// `count` lists of two to six films, which stay below `FILMS - 10`.
pub fn lists(count: usize, seed: u64) -> Vec<LabeledList> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut one = || {
        let len = rng.random_range(2..=6);
        let films: Vec<u32> = (0..len).map(|_| rng.random_range(1..FILMS - 10)).collect();
        let prices: Vec<f32> = (0..len).map(|_| rng.random_range(0. ..1.)).collect();
        list(&films, &prices, rng.random_range(0..5))
    };
    (0..count).map(|_| one()).collect()
}

/// Clicks from item features and, added to all items of a list, from the user's.
#[derive(Module, Debug)]
pub struct Clicks {
    items: Linear,
    user: Linear,
    /// Of no use: no loss depends on it, so no step may change it.
    idle: Linear,
}

impl Clicks {
    pub fn init(seed: u64, device: &Device) -> Self {
        let mut weights = Weights::seeded(seed, device);
        Self { items: weights.linear(4 + 2, 1), user: weights.linear(4, 1), idle: weights.linear(2, 1) }
    }

    /// Logits, `[batch, candidates]`.
    pub fn logits(&self, batch: &ListBatch) -> Tensor<2> {
        let shape @ [lists, _] = batch.candidates.pad.dims();
        let items = self.items.forward(batch.candidates.features(&batch.rows)).reshape(shape);
        let user = self.user.forward(batch.user_features().unwrap()).reshape([lists, 1]);
        items + user
    }
}

impl Objective for Clicks {
    fn losses(&self, batch: &ListBatch) -> LossParts {
        let [lists, candidates] = batch.candidates.pad.dims();
        let logits = self.logits(batch);
        let real = batch.candidates.pad.clone().bool_not().float();
        let labels = batch.labels.as_ref().unwrap().values.clone();
        let click = (activation::softplus(logits.clone(), 1.) - logits.clone() * labels) * real.clone();
        let count = real.clone().sum_dim(1).reshape([lists]);
        let price = batch.candidates.dense.clone().slice([0..lists, 0..candidates, 0..1]).reshape([lists, candidates]);
        let room = ((-price + TOO_DEAR).sqrt() * real.clone()).sum_dim(1).reshape([lists]);
        LossParts::default()
            .with("click", 1., click.sum_dim(1).reshape([lists]) / count.clone())
            .with("size", 0.01, (logits.powf_scalar(2.) * real).sum_dim(1).reshape([lists]) / count)
            .with("room", 0.001, room)
    }
}

/// What a run ends with, to be compared bit for bit.
pub type Outcome = (BTreeMap<String, ArrayD<f32>>, Arc<Tables>);

pub fn outcome(model: &Clicks, tables: &Arc<Tables>) -> Outcome {
    (named_parameters(model).unwrap(), tables.clone())
}
