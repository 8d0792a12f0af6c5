//! Answers requests from a saved model: a request per line in, a slate per line out.
//!
//! ```text
//! cargo run --release --example save_model
//! cargo run --release -p serve_only -- --model out/psad.safetensors < out/requests.jsonl
//! cargo run --release -p serve_only -- --model out/psad.safetensors --golden
//! ```
//!
//! A request is one line of JSON, as `serde` writes a `psad_core::Request`; `out/requests.jsonl` shows some. An answer is
//! `{"slate":[4,0,2]}`, places in the request's list of candidates, or `{"error":"…"}` for a line that is no request or
//! does not fit the model. Answers stand in the order of the lines. What else there is to say goes to standard error.

mod answers;
mod latencies;

use std::io::{BufReader, Write, stdin, stdout};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::{Parser, ValueEnum};
use psad_core::{ModelFile, Reranker};
use psad_decode::Strategy;
use psad_serve::{Model, Served};
use rayon::ThreadPoolBuilder;

/// Answers reranking requests, one per line of standard input, from a saved model.
#[derive(Debug, Parser)]
#[command(name = "serve_only")]
struct Arguments {
    /// The model; `cargo run --release --example save_model` makes one
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// Which of the model's rerankers answers [default: student for PSAD, nar4rec for NAR4Rec]
    #[arg(long, value_enum)]
    reranker: Option<Which>,
    /// Slots that the teacher fills per step [default: as it was trained]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u16).range(1..))]
    block_size: Option<u16>,
    /// Slots of a slate
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    len: u16,
    /// Requests that are answered at the same time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    threads: u16,
    /// Answer the request that the model's file brings along, and read none
    #[arg(long)]
    golden: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Which {
    /// PSAD-S
    Student,
    /// PSAD-G
    Teacher,
    /// NAR4Rec with the strategy of its configuration
    #[value(name = "nar4rec")]
    Nar4Rec,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let begin = Instant::now();
    let context = || format!("reading the model {}", arguments.model.display());
    let file = ModelFile::load(&arguments.model).with_context(context)?;
    let model = Model::from_file(&file).with_context(context)?;
    let served = choose(&model, &arguments)?;
    eprintln!("{} is served with {} after {:.0?}", served.name(), model.dispatch(), begin.elapsed());
    if arguments.golden {
        return golden(&file, &served, usize::from(arguments.len));
    }
    drop(file);
    let pool = ThreadPoolBuilder::new().num_threads(usize::from(arguments.threads)).build()?;
    let input = BufReader::with_capacity(1 << 20, stdin());
    let begin = Instant::now();
    let tally = answers::serve(&served, usize::from(arguments.len), &pool, input, stdout().lock())?;
    eprintln!("{tally}; {:.1?} in all, threads: {}", begin.elapsed(), arguments.threads);
    Ok(())
}

fn choose(model: &Model, arguments: &Arguments) -> Result<Served> {
    match (arguments.reranker, arguments.block_size) {
        (None, None) => Ok(model.reranker()),
        (Some(Which::Student), None) => Ok(model.student()?),
        (Some(Which::Teacher), None) => Ok(model.teacher()?),
        (Some(Which::Teacher), Some(size)) => Ok(model.teacher_with(usize::from(size), Strategy::Greedy)?),
        (Some(Which::Nar4Rec), None) if model.kind() == "nar4rec" => Ok(model.reranker()),
        (Some(Which::Nar4Rec), None) => bail!("the file holds a model of kind `{}`, not NAR4Rec", model.kind()),
        (_, Some(_)) => bail!("--block-size is the teacher's; add --reranker teacher"),
    }
}

/// Answers the request of the file. That all logits are what the file says has been seen when the model was read.
fn golden(file: &ModelFile, served: &Served, len: usize) -> Result<()> {
    let golden = file.header().golden.as_ref().context("the file has no golden request")?;
    let slate = served.rerank(golden.request(), len)?;
    writeln!(stdout(), "{}", answers::line(&slate)).context("writing the answer")?;
    if let Some(answer) = golden.answer(served.name()) {
        eprintln!("the program that wrote the file answered {:?}", answer.slate);
    }
    Ok(())
}
