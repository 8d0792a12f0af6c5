//! What a training step of the whole method costs, against the size of the vocabulary and the number of workers.
//!
//! A step updates the embedding rows that its batch touches and no others, so ten million rows must cost about what a
//! hundred thousand do. A small vocabulary is cheaper by the rows that its batches share.
//!
//! The last group is the reference model: 50 candidates, a history of 50, features of all kinds. `training_before_after.sh`
//! compares it with that of another commit.

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use psad::burn::tensor::Device;
use psad::ndarray::{Array1, Array2};
use psad::nn::Tables;
use psad::train::{Session, TrainConfig};
use psad::{Candidates, History, Items, LabeledList, Psad, PsadConfig, PsadModel, Request, Schema, User};
use std::time::Duration;

// As in every program that trains: the default allocator of most systems costs a fifth of a step and more.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Lengths of the lists of the first two groups.
const CANDIDATES: usize = 20;
const HISTORY: usize = 30;

/// Length of both lists of the reference model.
const REFERENCE: usize = 50;

/// Batches that take turns, so that a step rarely meets the rows of the step before.
const BATCHES: usize = 12;

/// Vocabularies of the item field and of two that stay small.
fn schema(vocabulary: usize) -> Schema {
    let schema = Schema::builder().item_sparse("item", vocabulary).item_sparse("category", 50);
    let schema = schema.item_sparse("maker", 1_000).feedback(["skipped", "clicked"]);
    schema.max_history(HISTORY).max_candidates(CANDIDATES).build().expect("the schema is valid")
}

/// Five sparse and six dense fields per item, two sparse ones per user.
fn reference_schema(vocabulary: usize) -> Schema {
    let schema = Schema::builder().user_sparse("age", 10).user_sparse("region", 300);
    let schema = schema.item_sparse("item", vocabulary).item_sparse("category", 50).item_sparse("maker", 1_000);
    let schema = schema.item_sparse("shop", 10_000).item_sparse("price band", 20);
    let schema = (0..6).fold(schema, |schema, index| schema.item_dense(format!("statistic {index}")));
    let schema = schema.feedback(["skipped", "clicked"]).max_history(REFERENCE).max_candidates(REFERENCE);
    schema.build().expect("the schema is valid")
}

/// `SplitMix64`: ids all over the vocabulary, the same in every run.
struct Ids(u64);

impl Ids {
    fn below(&mut self, bound: usize) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as u32
    }

    fn items(&mut self, schema: &Schema, count: usize) -> Items {
        let fields = schema.item_sparse();
        let ids = Array2::from_shape_fn((count, fields.len()), |(_, field)| self.below(fields[field].vocabulary));
        let dense =
            Array2::from_shape_simple_fn((count, schema.item_dense().len()), || self.below(2_000) as f32 / 1_000. - 1.);
        Items::new(ids, dense).expect("both halves hold the same items")
    }

    fn list(&mut self, schema: &Schema) -> LabeledList {
        let (history, candidates) = (schema.max_history(), schema.max_candidates());
        let user: Array1<u32> = schema.user_sparse().iter().map(|field| self.below(field.vocabulary)).collect();
        let user = User::new(user, Array1::zeros(0)).expect("features are finite");
        let feedback = Array1::from_shape_simple_fn(history, || self.below(2));
        let history = History::new(self.items(schema, history), feedback).expect("a code per item");
        let scores = Array1::from_shape_fn(candidates, |item| -(item as f32));
        let offered = Candidates::new(self.items(schema, candidates), scores).expect("a score per item");
        let request = Request::new(user, history, offered).expect("items of one kind");
        let labels = Array1::from_shape_simple_fn(candidates, || f32::from(u8::from(self.below(6) == 0)));
        LabeledList::new(request, labels).expect("a label per candidate")
    }
}

fn batches(schema: &Schema, size: usize) -> Vec<Vec<LabeledList>> {
    let mut ids = Ids(42);
    (0..BATCHES).map(|_| (0..size).map(|_| ids.list(schema)).collect()).collect()
}

fn model(schema: &Schema) -> PsadModel {
    Psad::new(schema, PsadConfig::default(), 42).expect("the default configuration is valid").model().clone()
}

fn session(schema: &Schema, workers: usize, batch_size: usize) -> Session<PsadModel> {
    let tables = Tables::seeded(schema, PsadConfig::default().encoder.embedding, 42).expect("the width is not 0");
    let config = TrainConfig { batch_size, workers, ..TrainConfig::default() };
    Session::new(model(schema), tables, schema, &config, 100_000, &Device::flex()).expect("the configuration is valid")
}

/// Measures steps over batches in turn, after one round through all of them.
fn measure(criterion: &mut Criterion, group: &str, parameter: usize, schema: &Schema, workers: usize, size: usize) {
    let batches = batches(schema, size);
    let batches: Vec<Vec<&LabeledList>> = batches.iter().map(|batch| batch.iter().collect()).collect();
    let mut session = session(schema, workers, size);
    let mut turn = batches.iter().cycle();
    let mut step = || turn.next().map(|batch| session.step(batch).expect("lists fit and losses are finite"));
    for _ in 0..BATCHES {
        step();
    }
    let mut group = criterion.benchmark_group(group);
    group.sampling_mode(SamplingMode::Flat).sample_size(20);
    group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(5));
    group.throughput(Throughput::Elements(size as u64));
    group.bench_function(BenchmarkId::from_parameter(parameter), |bencher| bencher.iter(&mut step));
    group.finish();
}

fn vocabulary(criterion: &mut Criterion) {
    for rows in [1_000, 100_000, 10_000_000] {
        measure(criterion, "step of 64 lists, by rows", rows, &schema(rows), 1, 64);
    }
}

fn workers(criterion: &mut Criterion) {
    for workers in [1, 2] {
        measure(criterion, "step of 256 lists, by workers", workers, &schema(100_000), workers, 256);
    }
}

fn reference(criterion: &mut Criterion) {
    for workers in [1, 2] {
        let schema = reference_schema(100_000);
        measure(criterion, "step of the reference model, by workers", workers, &schema, workers, 256);
    }
}

criterion_group!(benches, vocabulary, workers, reference);
criterion_main!(benches);
