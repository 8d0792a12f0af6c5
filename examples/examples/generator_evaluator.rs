//! A generator proposes slates, an evaluator trained on logged lists picks one: what more proposals are worth, and what
//! they would be worth if the evaluator knew the truth.
//!
//! ```text
//! cargo run --release --example generator_evaluator
//! ```

use std::num::NonZeroUsize;

use anyhow::{Context, Result};
use psad::burn::tensor::Device;
use psad::core::{GeneratorEvaluator, SlateEvaluator};
use psad::encoder::SharedEncoderConfig;
use psad::eval::InitialOrder;
use psad::nar4rec::{EvaluatorObjective, SlateEvaluatorConfig};
use psad::nn::{Batcher, Objective, Tables, TensorEvaluator};
use psad::sim::{Dataset, Interactions, SimConfig, SimulatedList, World};
use psad::train::{ProgressBar, TrainConfig, Trainer};
use psad::{LabeledList, Psad, PsadConfig, Request, RerankError, Reranker, Schema, Slate, Strategy};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SLOTS: usize = 10;

fn plain(lists: &[SimulatedList]) -> Vec<&LabeledList> {
    lists.iter().map(|simulated| &simulated.list).collect()
}

/// Mean expected clicks of what a reranker shows.
fn worth(reranker: &impl Reranker, lists: &[SimulatedList]) -> Result<f64> {
    let mut total = 0.;
    for simulated in lists {
        total += simulated.truth.expected_utility(&reranker.rerank(simulated.list.request(), SLOTS)?)?;
    }
    Ok(total / lists.len() as f64)
}

fn trained_evaluator(schema: &Schema, data: &Dataset) -> Result<impl SlateEvaluator + Clone + use<>> {
    let device = Device::flex();
    let sizes = SharedEncoderConfig::new();
    let encoder = sizes.init(schema, 7, &device)?;
    let evaluator = SlateEvaluatorConfig::new(sizes.width, sizes.profile_width(schema), schema.max_candidates());
    let objective = EvaluatorObjective::new(encoder, evaluator.init(8, &device)?, 1.)?;
    let tables = Tables::seeded(schema, sizes.embedding, 9)?;
    let trainer = Trainer::new(TrainConfig { epochs: 6, batch_size: 128, ..TrainConfig::default() })?;
    let (train, held_out) = (plain(&data.train), plain(&data.validation));
    let fitted =
        trainer.observe(ProgressBar::new()).fit(objective, tables, schema, &device, &train, |model, tables| {
            let batch = Batcher::new(schema).lists(&held_out, tables, &device)?;
            let loss = model.losses(&batch).total().context("the lists have labels")?;
            Ok(-f64::from(loss.mean().into_scalar::<f32>()))
        })?;
    Ok(TensorEvaluator::new(&fitted.model.encoder, &fitted.model.evaluator, fitted.tables, schema, &device))
}

fn main() -> Result<()> {
    let world =
        World::new(SimConfig { interactions: Interactions::Strong, train_lists: 16_000, ..SimConfig::default() })?;
    let (schema, data) = (world.schema(), world.generate());
    let trainer = Trainer::new(TrainConfig { epochs: 4, batch_size: 128, ..TrainConfig::default() })?;
    let (train, validation) = (plain(&data.train), plain(&data.validation));
    let psad = Psad::new(schema, PsadConfig::default(), 42)?;
    let psad = psad.fit(trainer.observe(ProgressBar::new()), &train, &validation)?.method;
    let evaluator = trained_evaluator(schema, &data)?;

    let lists = &data.test[..500.min(data.test.len())];
    println!("expected clicks on {SLOTS} slots: ranker {:.4}", worth(&InitialOrder, lists)?);
    println!("{:>10} {:>20} {:>10}", "proposals", "trained evaluator", "the truth");
    for count in [1, 4, 16, 64].map(NonZeroUsize::new).into_iter().flatten() {
        let generator = || psad.teacher_with(Strategy::Greedy);
        let chosen = worth(&GeneratorEvaluator::new(generator(), evaluator.clone(), count), lists)?;
        let mut best = 0.;
        for simulated in lists {
            // A closure is an evaluator, too: this one asks the simulator what each slate is truly worth.
            let truth = |_: &Request, slates: &[Slate]| {
                let value = |slate| simulated.truth.expected_utility(slate).map_err(RerankError::other);
                slates.iter().map(value).collect::<Result<Vec<_>, _>>()
            };
            let oracle = GeneratorEvaluator::new(generator(), truth, count);
            best += simulated.truth.expected_utility(&oracle.rerank(simulated.list.request(), SLOTS)?)?;
        }
        println!("{count:>10} {chosen:>20.4} {:>10.4}", best / lists.len() as f64);
    }
    Ok(())
}

// Output, after the progress bars, in about six minutes on two busy cores. An evaluator that has only seen logged lists
// finds little among the proposals that the generator did not know already; one that knew the truth would find a lot.
//
//     expected clicks on 10 slots: ranker 2.0799
//      proposals    trained evaluator  the truth
//              1               2.2486     2.2486
//              4               2.2496     2.3344
//             16               2.2495     2.4732
//             64               2.2505     2.6732
