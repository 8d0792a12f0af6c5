//! Fits a small PSAD on simulated users for a few seconds, and saves what a server needs: the model, and requests to try
//! it with.
//!
//! ```text
//! cargo run --release --example save_model
//! cargo run --release -p serve_only -- --model out/psad.safetensors < out/requests.jsonl
//! ```

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;
use psad::core::write_atomically;
use psad::sim::{SimConfig, World};
use psad::train::{ProgressBar, TrainConfig, Trainer};
use psad::{LabeledList, Psad, PsadConfig};

// The default allocator of most systems costs a fifth of a training step and more.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Requests that are written.
const REQUESTS: usize = 100;

/// Fits a small model, and saves it with some requests.
#[derive(Debug, Parser)]
#[command(name = "save_model")]
struct Arguments {
    /// Passes over the training lists
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    epochs: u16,
    /// Folder for the model and the requests
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,
}

fn main() -> Result<()> {
    let Arguments { epochs, out } = Arguments::parse();
    std::fs::create_dir_all(&out).with_context(|| format!("making the folder {}", out.display()))?;
    let config = SimConfig { train_lists: 2_000, validation_lists: 300, test_lists: REQUESTS, ..SimConfig::default() };
    let world = World::new(config)?;
    let data = world.generate();
    let train: Vec<&LabeledList> = data.train.iter().map(|list| &list.list).collect();
    let validation: Vec<&LabeledList> = data.validation.iter().map(|list| &list.list).collect();

    let plan = TrainConfig { epochs: usize::from(epochs), ..TrainConfig::default() };
    let trainer = Trainer::new(plan)?.observe(ProgressBar::new());
    let psad = Psad::new(world.schema(), PsadConfig::small(), 42)?.fit(trainer, &train, &validation)?.method;
    let model = out.join("psad.safetensors");
    psad.save(&model)?;

    let mut lines = Vec::new();
    for list in &data.test {
        serde_json::to_writer(&mut lines, list.list.request())?;
        lines.push(b'\n');
    }
    let requests = out.join("requests.jsonl");
    write_atomically(&requests, &lines).with_context(|| format!("writing {}", requests.display()))?;
    println!("model in {}, {REQUESTS} requests in {}; to answer them:", model.display(), requests.display());
    println!("cargo run --release -p serve_only -- --model {} < {}", model.display(), requests.display());
    Ok(())
}
