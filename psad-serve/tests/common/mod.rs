//! Schemas, requests and models of all shapes.

#![allow(dead_code, reason = "each test uses a part of it")]

use proptest::prelude::*;
use psad::methods::{Nar4Rec, Nar4RecConfig};
use psad::ndarray::{Array1, Array2, ArrayD};
use psad::{Candidates, History, Items, Psad, PsadConfig, Request, Schema, User};
use psad_core::ModelFile;

/// `SplitMix64`.
#[derive(Debug, Clone)]
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }

    /// Mean 0, deviation 1.
    pub(crate) fn value(&mut self) -> f32 {
        let sum: f32 = (0..12).map(|_| self.below(1 << 20) as f32 / (1 << 20) as f32).sum();
        sum - 6.
    }

    fn ids(&mut self, rows: usize, fields: &[psad_core::SparseField]) -> Array2<u32> {
        // One id in ten is new to the model.
        Array2::from_shape_fn((rows, fields.len()), |(_, field)| {
            let vocabulary = fields[field].vocabulary;
            self.below(vocabulary + vocabulary.div_ceil(10)) as u32
        })
    }

    pub(crate) fn items(&mut self, schema: &Schema, count: usize) -> Items {
        let sparse = self.ids(count, schema.item_sparse());
        let dense = Array2::from_shape_simple_fn((count, schema.item_dense().len()), || self.value());
        Items::new(sparse, dense).expect("finite items")
    }

    pub(crate) fn request(&mut self, schema: &Schema, history: usize, candidates: usize) -> Request {
        let user = User::new(
            self.ids(1, schema.user_sparse()).row(0).to_owned(),
            Array1::from_shape_simple_fn(schema.user_dense().len(), || self.value()),
        );
        let kinds = schema.feedback().len();
        let feedback = Array1::from_shape_simple_fn(history, || self.below(kinds) as u32);
        let past = History::new(self.items(schema, history), feedback).expect("a kind per item");
        let past = if self.below(2) == 0 {
            past
        } else {
            // Up to 10³⁸ days: beyond all rows of the position table.
            let days = Array1::from_shape_simple_fn(history, || 1.1_f32.powi(self.below(900) as i32));
            past.with_ages(days).expect("no age is negative")
        };
        let scores = Array1::from_shape_simple_fn(candidates, || self.value());
        let offered = Candidates::new(self.items(schema, candidates), scores).expect("a score per item");
        Request::new(user.expect("finite features"), past, offered).expect("items of one kind")
    }
}

pub(crate) const MAX_HISTORY: usize = 70;
/// More than two parts of the queries that attention works out together.
pub(crate) const MAX_CANDIDATES: usize = 140;

/// Fields of all kinds, or hardly any.
pub(crate) fn schema(sparse: bool, dense: bool, user: bool) -> Schema {
    let mut schema = Schema::builder().feedback(["skipped", "seen", "bought"]);
    if sparse || !dense {
        schema = schema.item_sparse("item", 97).item_sparse("maker", 11);
    }
    if dense {
        schema = schema.item_dense("price").item_dense("age").item_dense("length");
    }
    if user {
        schema = schema.user_sparse("country", 13).user_dense("tenure");
    }
    schema.max_history(MAX_HISTORY).max_candidates(MAX_CANDIDATES).build().expect("names differ")
}

/// Every parameter moved from where it starts, so that none is zero and no gate stands open.
pub(crate) fn stirred(file: &ModelFile, seed: u64) -> ModelFile {
    let mut draw = Draw(seed);
    let header = file.header();
    let mut stirred = ModelFile::new(header.kind.clone(), header.schema.clone(), header.config.clone());
    for (name, tensor) in file.tensors() {
        let tensor: ArrayD<f32> = tensor.map(|value| value + 0.15 * draw.value());
        stirred.insert(name.clone(), tensor);
    }
    stirred
}

/// A PSAD with weights at random, and its file.
pub(crate) fn psad(schema: &Schema, config: PsadConfig, seed: u64) -> (Psad, ModelFile) {
    let file = stirred(&Psad::new(schema, config, seed).expect("sizes fit").to_file().expect("readable"), seed);
    let psad = Psad::from_file(&file).expect("shapes fit");
    let file = psad.to_file().expect("readable");
    (psad, file)
}

/// The same weights under another configuration; those that it has no use for are left out.
pub(crate) fn under(file: &ModelFile, config: &PsadConfig) -> Psad {
    let header = file.header();
    let config = serde_json::to_value(config).expect("a configuration");
    let mut other = ModelFile::new(header.kind.clone(), header.schema.clone(), config.clone());
    let left_out =
        [("guide", "model.guid"), ("exposure", "model.exposure")].map(|(switch, part)| (config[switch] == false, part));
    let used = |name: &str| !left_out.iter().any(|(off, part)| *off && name.starts_with(part));
    for (name, tensor) in file.tensors().iter().filter(|(name, _)| used(name)) {
        other.insert(name.clone(), tensor.clone());
    }
    Psad::from_file(&other).expect("shapes fit")
}

/// A `NAR4Rec` with weights at random, and its file.
pub(crate) fn nar4rec(schema: &Schema, config: Nar4RecConfig, seed: u64) -> (Nar4Rec, ModelFile) {
    let file = stirred(&Nar4Rec::new(schema, config, seed).expect("sizes fit").to_file().expect("readable"), seed);
    let nar4rec = Nar4Rec::from_file(&file).expect("shapes fit");
    let file = nar4rec.to_file().expect("readable");
    (nar4rec, file)
}

/// Sizes from odd to the default.
pub(crate) fn configs() -> impl Strategy<Value = PsadConfig> {
    let sizes = prop_oneof![Just((12, 3)), Just((32, 2)), Just((64, 2)), Just((20, 1))];
    let switches = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let hidden = prop_oneof![Just(vec![64, 32]), Just(vec![]), Just(vec![7]), Just(vec![9, 5, 3])];
    (sizes, switches, hidden, 1_usize..3, prop_oneof![Just(5_usize), Just(16)], 1_usize..7).prop_map(
        |((width, heads), (gate, decay, bias, context), scorer_hidden, list_layers, embedding, block_size)| {
            let mut config = PsadConfig { context_enhancement: context, scorer_hidden, ..PsadConfig::default() };
            config.encoder = config.encoder.with_width(width).with_heads(heads).with_decay_groups(heads);
            config.encoder = config.encoder.with_list_layers(list_layers).with_embedding(embedding);
            config.encoder = config.encoder.with_gate(gate).with_history_positions(decay);
            config.encoder = config.encoder.with_candidate_positions(bias).with_feed_forward(2 * width + 3);
            config.pointer = width / 2 + 1;
            config.objective.block_size = block_size;
            config.influence = block_size % 3 > 0;
            config.exposure = gate == decay;
            config.guide = bias;
            config
        },
    )
}
