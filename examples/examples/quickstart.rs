//! Trains, evaluates, saves, reloads and serves PSAD's teacher and student, or one of the methods that they are measured
//! against, on simulated users or on real ratings.
//!
//! ```text
//! cargo run --release --example quickstart
//! cargo run --release --example quickstart -- --data path/to/ml-latest-small
//! cargo run --release --example quickstart -- --model prm
//! ```

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, ValueEnum};
use psad::core::write_atomically;
use psad::eval::{InitialOrder, RandomOrder};
use psad::sim::Interactions;
use psad::train::{ProgressBar, TrainConfig, Trainer};
use psad::{Fitted, LabeledList, Method, MethodConfig, Reranker, ValidationPoint};
use psad_examples::{Comparison, Input, Model, SLATE_LENGTH, before_and_after, draw_learning_curves};

// The default allocator of most systems costs a fifth of a training step and more.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Trains a method, compares its rerankers with the initial ranker, saves and reloads it.
#[derive(Debug, Parser)]
#[command(name = "quickstart")]
struct Arguments {
    /// The method
    #[arg(long, value_enum, default_value_t = Model::Psad)]
    model: Model,
    /// Folder with MovieLens' ratings.csv and movies.csv; without it, users are simulated
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Skip and count faulty rows of --data instead of refusing them
    #[arg(long, requires = "data")]
    lenient: bool,
    /// How much simulated items influence each other
    #[arg(long, value_enum, default_value_t = Strength::Medium, conflicts_with = "data")]
    interactions: Strength,
    /// Passes over the training lists, of which the best one on the validation lists is kept [default: as
    /// examples/src/plans.rs has it for method and input]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    epochs: Option<u16>,
    /// Seed of everything random
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Slots per step of PSAD's decoder: 1 is autoregressive, the length of the list is one-shot [default: 5]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    block_size: Option<u16>,
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
    if arguments.block_size.is_some() && arguments.model != Model::Psad {
        let message = "--block-size is PSAD's alone; it cannot be used with another --model";
        Arguments::command().error(ErrorKind::ArgumentConflict, message).exit();
    }
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
    let source = input.source;
    match arguments.model {
        Model::Psad => {
            let mut config = source.psad();
            config.objective.block_size = arguments.block_size.map_or(config.objective.block_size, usize::from);
            run(config, &arguments, &input, begin)
        }
        Model::Nar4Rec => run(source.nar4rec(), &arguments, &input, begin),
        Model::Prm => run(source.prm(), &arguments, &input, begin),
        Model::SetRank => run(source.set_rank(), &arguments, &input, begin),
        Model::Dlcm => run(source.dlcm(), &arguments, &input, begin),
        Model::Seq2Slate => run(source.seq2slate(), &arguments, &input, begin),
        Model::Mir => run(source.mir(), &arguments, &input, begin),
        Model::Mlp => run(source.mlp(), &arguments, &input, begin),
    }
}

/// All of it, whatever the method.
fn run<C: MethodConfig>(config: C, arguments: &Arguments, input: &Input, begin: Instant) -> Result<()> {
    let fitted = fit(config, arguments, input)?;
    let mut table = Comparison::new(input);
    table.add_initial("initial ranker", &InitialOrder, input)?;
    table.add("random", &RandomOrder::new(arguments.seed), input)?;
    for (name, reranker) in fitted.method.rerankers() {
        table.add(name, &reranker, input)?;
    }
    table.rows.swap(0, 1);
    println!("\n{table}");

    let curves = arguments.out.join(format!("{}-learning-curves.svg", C::KIND));
    draw_learning_curves(&fitted, (input.validated_by(), input.validate(&InitialOrder)?), &curves)?;
    let file = arguments.out.join(format!("{}.safetensors", C::KIND));
    let loaded = save_and_load(&fitted.method, &file, input)?;
    println!("model in {}, learning curves in {}\n", file.display(), curves.display());
    if let Some((name, reranker)) = loaded.rerankers().first() {
        println!("one user's list (+ = liked or clicked), reranked by {name} as loaded from the file\n");
        println!("{}", before_and_after(reranker, input)?);
    }

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

fn fit<C: MethodConfig>(config: C, arguments: &Arguments, input: &Input) -> Result<Fitted<C>> {
    let plan = input.source.plan(arguments.model);
    let epochs = arguments.epochs.map_or(plan.epochs, usize::from);
    let train: Vec<&LabeledList> = input.train.iter().collect();
    let trainer = Trainer::new(TrainConfig { epochs, seed: arguments.seed, ..plan })?.observe(ProgressBar::new());
    let method = Method::new(&input.schema, config, arguments.seed)?;
    Ok(method.fit_by(trainer, &train, |method| {
        let each = method.rerankers().into_iter();
        let values = each.map(|(name, reranker)| Ok((name.to_owned(), input.validate(&reranker)?)));
        Ok(ValidationPoint { values: values.collect::<Result<_>>()? })
    })?)
}

/// Saves the method, loads it again, and makes sure that both answer alike.
fn save_and_load<C: MethodConfig>(method: &Method<C>, file: &Path, input: &Input) -> Result<Method<C>> {
    method.save(file)?;
    let loaded = Method::load(file)?;
    for ((name, saved), (_, loaded)) in method.rerankers().iter().zip(loaded.rerankers()) {
        for list in input.test.iter().take(200) {
            let request = list.request();
            let same = saved.rerank(request, SLATE_LENGTH)? == loaded.rerank(request, SLATE_LENGTH)?;
            ensure!(same, "{name} loaded from {} answers otherwise than the one saved", file.display());
        }
    }
    Ok(loaded)
}
