//! Trains, evaluates, saves, reloads and serves PSAD's teacher and student, on simulated users or on real ratings.
//!
//! ```text
//! cargo run --release --example quickstart
//! cargo run --release --example quickstart -- --data path/to/ml-latest-small
//! ```

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::{Parser, ValueEnum};
use psad::core::write_atomically;
use psad::eval::{Gain, InitialOrder, Measure, Metric, RandomOrder, evaluate};
use psad::sim::Interactions;
use psad::train::{ProgressBar, TrainConfig, Trainer};
use psad::{FittedPsad, LabeledList, Psad, Reranker};
use psad_examples::{Comparison, Input, SLATE_LENGTH, before_and_after, draw_learning_curves};

// The default allocator of most systems costs a fifth of a training step and more.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Trains a PSAD teacher and its student, compares them with the initial ranker, saves and reloads them.
#[derive(Debug, Parser)]
struct Arguments {
    /// Folder with MovieLens' ratings.csv and movies.csv; without it, users are simulated
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Skip and count faulty rows of --data instead of refusing them
    #[arg(long, requires = "data")]
    lenient: bool,
    /// How much simulated items influence each other
    #[arg(long, value_enum, default_value_t = Strength::Medium, conflicts_with = "data")]
    interactions: Strength,
    /// Passes over the training lists [default: 6 for simulated users, 8 for ratings]; the best one on the validation
    /// lists is kept
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    epochs: Option<u16>,
    /// Seed of everything random
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Slots per decoder step: 1 is autoregressive, the length of the list is one-shot
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    block_size: u16,
    /// Write the table as JSON to this file
    #[arg(long, value_name = "PATH")]
    json: Option<PathBuf>,
    /// Folder for the model and the learning curves
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Strength {
    Weak,
    Medium,
    Strong,
}

impl From<Strength> for Interactions {
    fn from(strength: Strength) -> Self {
        match strength {
            Strength::Weak => Self::Weak,
            Strength::Medium => Self::Medium,
            Strength::Strong => Self::Strong,
        }
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let begin = Instant::now();
    writable(&arguments)?;
    let input = prepare(&arguments)?;
    println!("{}", input.description);
    println!(
        "{} lists to train on, {} to validate, {} to test\n",
        input.train.len(),
        input.validation.len(),
        input.test.len()
    );

    let fitted = fit(&arguments, &input)?;
    let (student, teacher) = (fitted.method.student(), fitted.method.teacher());
    let mut table = Comparison::new(&input);
    let random = RandomOrder::new(arguments.seed);
    table.add_initial("initial ranker", &InitialOrder, &input)?;
    table.add("random", &random, &input)?;
    table.add("PSAD-S", &student, &input)?;
    table.add("PSAD-G", &teacher, &input)?;
    table.rows.swap(0, 1);
    println!("\n{table}");

    let curves = arguments.out.join("learning-curves.svg");
    draw_learning_curves(&fitted, validation_of_initial(&input)?, &curves)?;
    let file = arguments.out.join("psad.safetensors");
    let loaded = save_and_load(&fitted.method, &file, &input)?;
    println!("model in {}, learning curves in {}\n", file.display(), curves.display());
    println!("one user's list (+ = liked or clicked), reranked by the student as loaded from the file\n");
    println!("{}", before_and_after(&loaded.student(), &input)?);

    table.seconds = begin.elapsed().as_secs_f64();
    println!("{:.0} seconds in all", table.seconds);
    if let Some(path) = &arguments.json {
        write_atomically(path, &serde_json::to_vec_pretty(&table)?)
            .with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

/// Finds out before the training, not after it, that the results have nowhere to go.
fn writable(arguments: &Arguments) -> Result<()> {
    let json = arguments.json.as_deref();
    let folders = json.and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty());
    for folder in folders.into_iter().chain([arguments.out.as_path()]) {
        std::fs::create_dir_all(folder).with_context(|| format!("making the folder {}", folder.display()))?;
    }
    ensure!(!json.is_some_and(Path::is_dir), "--json names a folder; a file is needed");
    Ok(())
}

fn prepare(arguments: &Arguments) -> Result<Input> {
    match &arguments.data {
        Some(folder) => Input::ratings(folder, arguments.lenient, arguments.seed)
            .with_context(|| format!("reading the ratings in {}", folder.display())),
        None => Ok(Input::simulated(arguments.interactions.into(), arguments.seed)?),
    }
}

fn fit(arguments: &Arguments, input: &Input) -> Result<FittedPsad> {
    let mut config = input.model.clone();
    config.objective.block_size = arguments.block_size.into();
    let plan = TrainConfig {
        epochs: arguments.epochs.map_or(input.plan.epochs, usize::from),
        seed: arguments.seed,
        ..input.plan.clone()
    };
    let train: Vec<&LabeledList> = input.train.iter().collect();
    let validation: Vec<&LabeledList> = input.validation.iter().collect();
    let trainer = Trainer::new(plan)?.observe(ProgressBar::new());
    let fitted = Psad::new(&input.schema, config, arguments.seed)?.fit(trainer, &train, &validation)?;
    Ok(fitted)
}

fn validation_of_initial(input: &Input) -> Result<f64> {
    let metric = Measure::Ndcg(Gain::Exponential).at(SLATE_LENGTH);
    let report = evaluate(&InitialOrder, &input.validation, &[metric], SLATE_LENGTH)?;
    report.get(&metric.name()).and_then(psad::eval::Summary::mean).context("no validation list has a relevant item")
}

/// Saves the model, loads it again, and makes sure that both answer alike.
fn save_and_load(psad: &Psad, file: &Path, input: &Input) -> Result<Psad> {
    psad.save(file)?;
    let loaded = Psad::load(file)?;
    for list in input.test.iter().take(200) {
        let request = list.request();
        let same = psad.student().rerank(request, SLATE_LENGTH)? == loaded.student().rerank(request, SLATE_LENGTH)?
            && psad.teacher().rerank(request, SLATE_LENGTH)? == loaded.teacher().rerank(request, SLATE_LENGTH)?;
        ensure!(same, "the model loaded from {} answers otherwise than the one saved", file.display());
    }
    Ok(loaded)
}
