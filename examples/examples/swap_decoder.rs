//! PSAD's encoder with PSAD's decoder, and the same encoder with NAR4Rec's: one type changes, nothing else does. Both are
//! trained alike, on the same lists with the same loss, and decoded by the same loop.
//!
//! ```text
//! cargo run --release --example swap_decoder
//! ```

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use psad::burn::tensor::Device;
use psad::encoder::{SharedEncoder, SharedEncoderConfig};
use psad::eval::{Gain, InitialOrder, Measure, evaluate};
use psad::generator::GeneratorConfig;
use psad::nar4rec::MatchingConfig;
use psad::nn::{Generator, GeneratorObjective, Tables, Teacher, TensorReranker};
use psad::sim::{Dataset, SimConfig, SimulatedList, World};
use psad::train::{ProgressBar, TrainConfig, Trainer};
use psad::upn::UserProfileNetwork;
use psad::{LabeledList, Reranker, Schema, Strategy};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SLOTS: usize = 10;

fn sizes() -> SharedEncoderConfig {
    SharedEncoderConfig::new().with_width(32).with_feed_forward(64).with_list_layers(1)
}

/// NDCG@10 on the logged clicks, and the expected clicks on ten slots.
fn measure(reranker: &impl Reranker, lists: &[SimulatedList]) -> Result<[f64; 2]> {
    let ndcg = Measure::Ndcg(Gain::Exponential).at(SLOTS);
    let report = evaluate(reranker, lists.iter().map(|simulated| &simulated.list), &[ndcg], SLOTS)?;
    let mut utility = 0.;
    for simulated in lists {
        utility += simulated.truth.expected_utility(&reranker.rerank(simulated.list.request(), SLOTS)?)?;
    }
    Ok([report.summaries()[0].mean().unwrap_or(0.), utility / lists.len() as f64])
}

/// The one place that names a decoder is the call; the type of `generator` says which.
fn fit<G: Generator>(
    generator: G,
    block_size: usize,
    schema: &Schema,
    data: &Dataset,
) -> Result<impl Reranker + use<G>> {
    let device = Device::flex();
    let encoder = sizes().init(schema, 42, &device)?;
    let tables = Tables::seeded(schema, sizes().embedding, 44)?;
    let reranker = |objective: &GeneratorObjective<SharedEncoder<UserProfileNetwork>, G>, tables: &Arc<Tables>| {
        let (encoder, generator) = (objective.encoder.clone(), objective.generator.clone());
        let teacher = Teacher::new(encoder, generator, block_size, Strategy::Greedy);
        TensorReranker::new(&teacher, tables.clone(), schema, &device)
    };
    let train: Vec<&LabeledList> = data.train.iter().map(|simulated| &simulated.list).collect();
    let trainer = Trainer::new(TrainConfig { epochs: 5, learning_rate: 2e-3, ..TrainConfig::default() })?;
    let objective = GeneratorObjective::new(encoder, generator, block_size);
    let fitted =
        trainer.observe(ProgressBar::new()).fit(objective, tables, schema, &device, &train, |model, tables| {
            Ok(measure(&reranker(model, tables), &data.validation)?[0])
        })?;
    Ok(reranker(&fitted.model, &fitted.tables))
}

fn main() -> Result<()> {
    let world = World::new(SimConfig::default())?;
    let (schema, data) = (world.schema(), world.generate());
    let (width, profile, longest) = (sizes().width, sizes().profile_width(schema), schema.max_candidates());
    let psad = GeneratorConfig::new(width, profile, longest).with_feed_forward(64).init(43, &Device::flex())?;
    let nar4rec = MatchingConfig::new(width, profile, longest).with_feed_forward(64).init(43, &Device::flex())?;

    let row = |name: &str, reranker: &dyn Reranker| -> Result<()> {
        let begin = Instant::now();
        let [ndcg, utility] = measure(&reranker, &data.test)?;
        // Every list is answered twice: in a batch for the one measure, alone for the other.
        let millis = begin.elapsed().as_secs_f64() * 1e3 / (2. * data.test.len() as f64);
        println!("{name:<34} NDCG@10 {ndcg:.4}  expected clicks {utility:.4}  {millis:.2} ms");
        Ok(())
    };
    row("the ranker", &InitialOrder)?;
    row("PSAD's decoder, blocks of 5", &fit(psad, 5, schema, &data)?)?;
    row("NAR4Rec's decoder, all at once", &fit(nar4rec, longest, schema, &data)?)
}

// Output, after the progress bars, in about a minute on two cores:
//
//     the ranker                         NDCG@10 0.5962  expected clicks 2.4270  0.00 ms
//     PSAD's decoder, blocks of 5        NDCG@10 0.6162  expected clicks 2.5535  0.47 ms
//     NAR4Rec's decoder, all at once     NDCG@10 0.6221  expected clicks 2.5645  0.34 ms
