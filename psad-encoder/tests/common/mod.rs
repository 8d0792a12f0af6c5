//! Random lists, encoders as if trained, and what is compared of their encodings.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use ndarray::{Array1, Array2};
use proptest::{array::uniform2, collection::vec, prelude::*};
use psad_core::{Candidates, History, Items, Request, Schema, User};
use psad_encoder::{SharedEncoder, SharedEncoderConfig};
use psad_nn::{Batcher, Encoded, ListBatch, Tables, load_parameters, named_parameters};
use psad_upn::UserProfileNetwork;

pub(crate) const EMBEDDING: usize = 3;
pub(crate) const WIDTH: usize = 8;

/// Rounding of an encoder in `f32`, whose outputs are of size one: some tens of operations of 1e-7 each.
pub(crate) const ROUNDING: f32 = 1e-5;

/// How many sparse and dense fields users and items have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    user: (usize, usize),
    item: (usize, usize),
}

pub(crate) const RICH: Fields = Fields { user: (1, 1), item: (2, 1) };

pub(crate) fn fields_of(user: (usize, usize), item: (usize, usize)) -> Fields {
    Fields { user, item }
}

/// Two ids and two values, of which an item or a user takes as many as it has fields.
type Features = ([u32; 2], [f32; 2]);

#[derive(Debug, Clone)]
pub(crate) struct List {
    pub(crate) user: Features,
    pub(crate) candidates: Vec<(Features, f32)>,
    pub(crate) history: Vec<(Features, u32, f32)>,
    pub(crate) with_ages: bool,
}

pub(crate) fn schema(fields: Fields) -> Schema {
    let mut builder = Schema::builder().feedback(["no", "yes"]).max_history(6).max_candidates(7);
    for field in 0..fields.user.0 {
        builder = builder.user_sparse(format!("u{field}"), 6);
    }
    for field in 0..fields.user.1 {
        builder = builder.user_dense(format!("v{field}"));
    }
    for field in 0..fields.item.0 {
        builder = builder.item_sparse(format!("i{field}"), 6);
    }
    for field in 0..fields.item.1 {
        builder = builder.item_dense(format!("j{field}"));
    }
    builder.build().unwrap()
}

fn items(features: &[Features], (sparse, dense): (usize, usize)) -> Items {
    let sparse = Array2::from_shape_fn((features.len(), sparse), |(item, field)| features[item].0[field]);
    let dense = Array2::from_shape_fn((features.len(), dense), |(item, field)| features[item].1[field]);
    Items::new(sparse, dense).unwrap()
}

impl List {
    pub(crate) fn request(&self, fields: Fields) -> Request {
        let (ids, values) = (&self.user.0[..fields.user.0], &self.user.1[..fields.user.1]);
        let user = User::new(Array1::from(ids.to_vec()), Array1::from(values.to_vec())).unwrap();
        let past: Vec<Features> = self.history.iter().map(|each| each.0).collect();
        let past = History::new(items(&past, fields.item), self.history.iter().map(|each| each.1).collect()).unwrap();
        let ages = self.history.iter().map(|each| each.2).collect();
        let past = if self.with_ages { past.with_ages(ages).unwrap() } else { past };
        let offered: Vec<Features> = self.candidates.iter().map(|each| each.0).collect();
        let scores = self.candidates.iter().map(|each| each.1).collect();
        let offered = Candidates::new(items(&offered, fields.item), scores).unwrap();
        Request::new(user, past, offered).unwrap()
    }
}

pub(crate) fn batch(lists: &[List], fields: Fields, device: &Device) -> ListBatch {
    let (schema, requests) = (schema(fields), lists.iter().map(|list| list.request(fields)).collect::<Vec<_>>());
    let tables = Tables::seeded(&schema, EMBEDDING, 5).unwrap();
    Batcher::new(&schema).requests(&requests.iter().collect::<Vec<_>>(), &tables, device).unwrap()
}

fn features() -> impl Strategy<Value = Features> {
    (uniform2(0_u32..8), uniform2(-2_f32..2.))
}

/// A list of one to seven candidates with a history of none to six items.
pub(crate) fn list() -> impl Strategy<Value = List> {
    let candidates = vec((features(), -3_f32..3.), 1..=7);
    let history = vec((features(), 0_u32..2, 0_f32..40.), 0..=6);
    (features(), candidates, history, any::<bool>()).prop_map(|(user, candidates, history, with_ages)| List {
        user,
        candidates,
        history,
        with_ages,
    })
}

/// Schemas with fields of every kind, and with as few as can be.
pub(crate) fn fields() -> impl Strategy<Value = Fields> {
    let others = [fields_of((0, 0), (1, 0)), fields_of((0, 1), (0, 1)), fields_of((2, 0), (2, 2))];
    prop_oneof![Just(RICH), prop::sample::select(others.to_vec())]
}

pub(crate) fn config() -> SharedEncoderConfig {
    let sizes = SharedEncoderConfig::new().with_embedding(EMBEDDING).with_width(WIDTH).with_feed_forward(10);
    sizes.with_profile_hidden(6)
}

/// An encoder whose every parameter has moved from where it started, and whose ReLUs stand far from their kinks.
pub(crate) fn trained(fields: Fields, device: &Device) -> SharedEncoder<UserProfileNetwork> {
    as_if_trained(config().init(&schema(fields), 9, device).unwrap())
}

pub(crate) fn as_if_trained<M: Module>(module: M) -> M {
    let mut values = named_parameters(&module).unwrap();
    for (index, slot) in values.values_mut().flat_map(|array| array.iter_mut()).enumerate() {
        *slot += 0.3 * (1. + index as f32).sin();
    }
    for (_, array) in values.iter_mut().filter(|(path, _)| path.contains("inner.bias") || path.ends_with("hidden.bias"))
    {
        array.iter_mut().enumerate().for_each(|(index, slot)| *slot = if index % 3 == 0 { -6. } else { 6. });
    }
    load_parameters(module, values).unwrap()
}

pub(crate) fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.try_into_vec_as().unwrap()
}

/// What is to be read of one list of an encoding: its real candidates, twice, and its profile.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Read {
    pub(crate) items: Vec<Vec<f32>>,
    pub(crate) inputs: Vec<Vec<f32>>,
    pub(crate) raw: Vec<Vec<f32>>,
    pub(crate) profile: Vec<f32>,
}

pub(crate) fn read(encoded: &Encoded, list: usize) -> Read {
    let rows = |tensor: &Tensor<3>| {
        let own = tensor.clone().narrow(0, list, 1).narrow(1, 0, encoded.lens[list]);
        floats(own).chunks(tensor.dims()[2]).map(<[f32]>::to_vec).collect()
    };
    let profile = floats(encoded.profile.clone().narrow(0, list, 1));
    Read { items: rows(&encoded.items), inputs: rows(&encoded.inputs), raw: rows(&encoded.raw), profile }
}

impl Read {
    fn values(&self) -> impl Iterator<Item = &f32> {
        self.items.iter().chain(&self.inputs).chain(&self.raw).flatten().chain(&self.profile)
    }

    pub(crate) fn is_finite(&self) -> bool {
        self.values().all(|value| value.is_finite())
    }

    /// The largest difference; NaN is one.
    pub(crate) fn gap(&self, other: &Self) -> f32 {
        assert_eq!((self.items.len(), self.profile.len()), (other.items.len(), other.profile.len()));
        let gaps = self.values().zip(other.values()).map(|(a, b)| (a - b).abs());
        gaps.fold(0., |largest, gap| if gap <= largest { largest } else { gap })
    }
}
