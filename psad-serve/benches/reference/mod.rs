//! The reference shape: models, requests, and the arithmetic that they take.

#![allow(dead_code, reason = "each bench uses a part of it")]

pub(crate) mod work;

use psad::decode::Strategy;
use psad::methods::{Nar4Rec, Nar4RecConfig, PsadTeacher};
use psad::ndarray::{Array1, Array2, ArrayD};
use psad::{Candidates, History, Items, Psad, PsadConfig, Request, Schema, User};
use psad_core::ModelFile;

pub(crate) const HISTORY: usize = 50;
pub(crate) const LISTS: [usize; 4] = [20, 50, 100, 200];
pub(crate) const SLOTS: usize = 10;
pub(crate) const BLOCKS: [usize; 4] = [1, 2, 5, 10];
const VOCABULARY: usize = 100_000;

/// 5 sparse and 6 dense fields per item, 2 sparse user fields.
pub(crate) fn schema() -> Schema {
    let schema = Schema::builder().feedback(["skipped", "clicked"]).user_sparse("country", 200);
    let schema = schema.user_sparse("segment", 1_000).max_history(HISTORY).max_candidates(200);
    let schema = (0..5).fold(schema, |schema, field| schema.item_sparse(format!("id{field}"), VOCABULARY));
    (0..6).fold(schema, |schema, field| schema.item_dense(format!("value{field}"))).build().expect("names differ")
}

/// `SplitMix64`: the same numbers in every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as u32
    }

    fn value(&mut self) -> f32 {
        self.below(2_001) as f32 / 1_000. - 1.
    }

    fn items(&mut self, schema: &Schema, count: usize) -> Items {
        let sparse = Array2::from_shape_simple_fn((count, schema.item_sparse().len()), || self.below(VOCABULARY));
        let dense = Array2::from_shape_simple_fn((count, schema.item_dense().len()), || self.value());
        Items::new(sparse, dense).expect("finite items")
    }

    fn request(&mut self, schema: &Schema, candidates: usize) -> Request {
        let user = User::new(Array1::from(vec![self.below(200), self.below(1_000)]), Array1::zeros(0));
        let feedback = Array1::from_shape_simple_fn(HISTORY, || self.below(2));
        let history = History::new(self.items(schema, HISTORY), feedback).expect("a kind per item");
        let scores = Array1::from_shape_fn(candidates, |item| -(item as f32));
        let offered = Candidates::new(self.items(schema, candidates), scores).expect("a score per item");
        Request::new(user.expect("finite features"), history, offered).expect("items of one kind")
    }
}

/// Requests that take turns, so that no answer finds all its rows in the first cache.
pub(crate) fn requests(schema: &Schema, candidates: usize) -> Vec<Request> {
    let mut draw = Draw(candidates as u64);
    (0..32).map(|_| draw.request(schema, candidates)).collect()
}

/// The models as they were trained, and their files.
pub(crate) struct Models {
    pub(crate) psad: Psad,
    pub(crate) psad_file: ModelFile,
    pub(crate) nar4rec: Nar4Rec,
    pub(crate) nar4rec_file: ModelFile,
}

impl Models {
    /// Default sizes, which are the reference; weights at random, so that slates are not the ranker's.
    pub(crate) fn new(schema: &Schema) -> Self {
        let psad = Psad::new(schema, PsadConfig::default(), 42).expect("the default configuration is valid");
        let psad = Psad::from_file(&stirred(&psad.to_file().expect("readable"))).expect("shapes fit");
        let config = Nar4RecConfig { strategy: Strategy::Greedy, ..Nar4RecConfig::default() };
        let nar4rec = Nar4Rec::new(schema, config, 42).expect("the default configuration is valid");
        let nar4rec = Nar4Rec::from_file(&stirred(&nar4rec.to_file().expect("readable"))).expect("shapes fit");
        let (psad_file, nar4rec_file) = (psad.to_file().expect("readable"), nar4rec.to_file().expect("readable"));
        Self { psad, psad_file, nar4rec, nar4rec_file }
    }

    /// PSAD-G as it was trained, with blocks of any size.
    pub(crate) fn teacher(&self, block_size: usize) -> PsadTeacher {
        self.psad.teacher_in_blocks(block_size, Strategy::Greedy)
    }
}

fn stirred(file: &ModelFile) -> ModelFile {
    let mut draw = Draw(7);
    let header = file.header();
    let mut stirred = ModelFile::new(header.kind.clone(), header.schema.clone(), header.config.clone());
    for (name, tensor) in file.tensors() {
        let tensor: ArrayD<f32> = tensor.map(|value| value + 0.1 * draw.value());
        stirred.insert(name.clone(), tensor);
    }
    stirred
}
