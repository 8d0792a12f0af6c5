//! Random schemas, and lists that fit them.

use ndarray::{Array1, Array2};
use proptest::{array::uniform2, collection::vec, prelude::*};
use psad_core::{Candidates, History, Items, LabeledList, Request, Schema, User};
use psad_nn::Tables;

/// Rows of every table; the ids of [`worlds`] go beyond it.
pub(crate) const VOCABULARY: usize = 6;

/// Width of an embedding row.
pub(crate) const EMBEDDING: usize = 3;

/// A schema, tables for it, and lists that fit.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) schema: Schema,
    pub(crate) tables: Tables,
    pub(crate) lists: Vec<LabeledList>,
}

impl World {
    pub(crate) fn requests(&self) -> Vec<&Request> {
        self.lists.iter().map(LabeledList::request).collect()
    }
}

/// Numbers of sparse and dense fields.
type Fields = (usize, usize);

/// Two ids and two values, of which an item or a user takes as many as it has fields.
type Features = ([u32; 2], [f32; 2]);

#[derive(Debug, Clone)]
struct List {
    user: Features,
    candidates: Vec<(Features, f32, f32)>,
    history: Vec<(Features, u32, f32)>,
    with_ages: bool,
}

pub(crate) fn schema(user: Fields, item: Fields) -> Schema {
    let mut builder = Schema::builder().feedback(["no", "yes"]).max_history(6).max_candidates(7);
    for field in 0..user.0 {
        builder = builder.user_sparse(format!("u{field}"), VOCABULARY);
    }
    for field in 0..user.1 {
        builder = builder.user_dense(format!("v{field}"));
    }
    for field in 0..item.0 {
        builder = builder.item_sparse(format!("i{field}"), VOCABULARY);
    }
    for field in 0..item.1 {
        builder = builder.item_dense(format!("j{field}"));
    }
    builder.build().unwrap()
}

fn items(features: &[Features], fields: Fields) -> Items {
    let sparse = Array2::from_shape_fn((features.len(), fields.0), |(item, field)| features[item].0[field]);
    let dense = Array2::from_shape_fn((features.len(), fields.1), |(item, field)| features[item].1[field]);
    Items::new(sparse, dense).unwrap()
}

fn labeled(list: &List, user: Fields, item: Fields) -> LabeledList {
    let (ids, values) = (&list.user.0[..user.0], &list.user.1[..user.1]);
    let who = User::new(Array1::from(ids.to_vec()), Array1::from(values.to_vec())).unwrap();
    let features: Vec<Features> = list.history.iter().map(|each| each.0).collect();
    let past = History::new(items(&features, item), list.history.iter().map(|each| each.1).collect()).unwrap();
    let ages = list.history.iter().map(|each| each.2).collect();
    let past = if list.with_ages { past.with_ages(ages).unwrap() } else { past };
    let features: Vec<Features> = list.candidates.iter().map(|each| each.0).collect();
    let scores = list.candidates.iter().map(|each| each.1).collect();
    let offered = Candidates::new(items(&features, item), scores).unwrap();
    let labels = list.candidates.iter().map(|each| each.2).collect();
    LabeledList::new(Request::new(who, past, offered).unwrap(), labels).unwrap()
}

fn features() -> impl Strategy<Value = Features> {
    (uniform2(0..VOCABULARY as u32 + 3), uniform2(-2_f32..2.))
}

fn lists() -> impl Strategy<Value = List> {
    let age = prop_oneof![Just(0_f32), 0_f32..40., Just(f32::MAX)];
    let candidate = (features(), prop_oneof![Just(0.5_f32), -3_f32..3.], (0_u8..3).prop_map(f32::from));
    (features(), vec(candidate, 1..=7), vec((features(), 0_u32..2, age), 0..=6), any::<bool>())
        .prop_map(|(user, candidates, history, with_ages)| List { user, candidates, history, with_ages })
}

/// Schemas with and without fields of each kind; one to four lists with and without history, ages and labels.
pub(crate) fn worlds() -> impl Strategy<Value = World> {
    let item = prop_oneof![Just((0, 1)), Just((0, 2)), Just((1, 0)), Just((2, 0)), Just((1, 1)), Just((2, 2))];
    ((0_usize..=2, 0_usize..=2), item, vec(lists(), 1..=4), any::<u64>()).prop_map(|(user, item, lists, seed)| {
        let schema = schema(user, item);
        let tables = Tables::seeded(&schema, EMBEDDING, seed).unwrap();
        let lists = lists.iter().map(|list| labeled(list, user, item)).collect();
        World { schema, tables, lists }
    })
}
