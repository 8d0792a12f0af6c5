//! The published study: every reranker of the workspace on simulated users and, if given, on ratings, with several seeds;
//! its report is docs/study.md.
//!
//! ```text
//! cargo run --release --example study
//! cargo run --release --example study -- --data path/to/ml-latest-small
//! cargo run --release --example study -- --quick
//! ```

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use psad_examples::Study;

// The default allocator of most systems costs a fifth of a training step and more.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Seeds of the published study, and of a quick one.
const SEEDS: (u64, u64) = (5, 2);

/// First seed of the published study; PSAD's design was settled without a look at what it reaches from here on.
const FIRST_SEED: u64 = 401;

/// Fits every reranker with several seeds, and reports what each is worth and how long it takes.
#[derive(Debug, Parser)]
#[command(name = "study")]
struct Arguments {
    /// A smoke run of less than a minute; its numbers say nothing
    #[arg(long)]
    quick: bool,
    /// Folder with MovieLens' ratings.csv and movies.csv, as one more input
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Folder for the report, its numbers and its pictures [default: docs, with --quick out/study]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The first seed; the others follow it
    #[arg(long, default_value_t = FIRST_SEED)]
    seed: u64,
    /// Number of seeds [default: 5, with --quick 2]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=100))]
    seeds: Option<u64>,
}

fn main() -> Result<()> {
    let Arguments { quick, data, out, seed, seeds } = Arguments::parse();
    let seeds = seeds.unwrap_or(if quick { SEEDS.1 } else { SEEDS.0 });
    // A smoke run does not overwrite what is published.
    let out = out.unwrap_or_else(|| if quick { "out/study" } else { "docs" }.into());
    let report = out.join("study.md");
    Study { quick, data, out, seed, seeds }.run()?;
    println!("report in {}", report.display());
    Ok(())
}
