//! What would another policy have earned? Answers from logs, beside the truth.
//!
//! `cargo run --release -p psad-eval --example off_policy` logs slates in a simulated world, where the truth is known.
//! With `--data DIR`, the folder of the small Open Bandit Dataset, the uniform policy is estimated from the logs of
//! Thompson sampling, beside what the uniform policy earned when it ran.

use std::error::Error;
use std::fmt::Display;
use std::fs::File;
use std::path::Path;
use std::time::Instant;

use flate2::read::GzDecoder;
use psad_core::{LabeledList, Slate};
use psad_eval::off_policy::{
    Estimate, ItemEstimator, ItemLog, Logged, Marginal, OffPolicyConfig, OffPolicyError, SlateEstimator, SlateLog,
    plackett_luce_conditionals, plackett_luce_marginals,
};
use psad_sim::{Examination, SimConfig, SimulatedList, Split, World};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Lists that are logged.
const LISTS: usize = 10_000;
/// Slates of the target policy that its true value on each list is averaged over.
const DRAWS: usize = 50;
/// Candidates of a list.
const CANDIDATES: usize = 8;
/// Slots that are shown.
const SHOWN: usize = 4;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => simulated(),
        ["--data", folder] => open_bandit(Path::new(folder)),
        _ => Err("usage: off_policy [--data DIR]".into()),
    }
}

fn simulated() -> Result<(), Box<dyn Error>> {
    let examination = Examination::DependentClick;
    let world = SimConfig { candidates: CANDIDATES, shown: Some(SHOWN), examination, ..SimConfig::default() };
    let world = World::new(world)?;
    let lists: Vec<SimulatedList> = (0..LISTS).map(|index| world.list(Split::Test, index)).collect();
    for temperature in [0.8, 0.5, 0.1] {
        let truth = value(&lists, temperature)?;
        println!("\nPlackett-Luce at temperature {temperature}, from logs at temperature 1; the truth is {truth:.5}");
        let log = slates(&world, &lists, temperature)?;
        for estimator in SlateEstimator::ALL {
            let start = Instant::now();
            let estimate = log.estimate(estimator, &OffPolicyConfig::default());
            print(estimator, &estimate, start);
        }
    }
    Ok(())
}

/// The logits of Plackett–Luce over the ranker's scores.
fn logits(list: &LabeledList, temperature: f64) -> Vec<f64> {
    list.request().candidates().scores().iter().map(|&score| f64::from(score) / temperature).collect()
}

/// The log with the probabilities of the target policy.
fn slates(world: &World, lists: &[SimulatedList], temperature: f64) -> Result<SlateLog, Box<dyn Error>> {
    let logging = world.config().logging_temperature;
    let (mut targets, mut marginals) = (Vec::new(), Vec::new());
    for SimulatedList { list, .. } in lists {
        let slate = &list.shown().ok_or("a list without a slate")?.slate;
        targets.push(plackett_luce_conditionals(&logits(list, temperature), slate)?);
        let [logged, target] = [logging, temperature].map(|t| plackett_luce_marginals(&logits(list, t), slate));
        let pairs = logged?.into_iter().zip(target?);
        marginals.push(pairs.map(|(propensity, target)| Marginal { propensity, target }).collect());
    }
    let users = lists.iter().map(|simulated| simulated.user).collect();
    let logged: Vec<LabeledList> = lists.iter().map(|simulated| simulated.list.clone()).collect();
    Ok(SlateLog::from_lists(&logged, &targets)?.with_marginals(&marginals)?.with_clusters(users)?)
}

/// Expected clicks on slates that the target policy draws, each in closed form.
fn value(lists: &[SimulatedList], temperature: f64) -> Result<f64, Box<dyn Error>> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut sum = 0.;
    for SimulatedList { list, truth, .. } in lists {
        let logits = logits(list, temperature);
        for _ in 0..DRAWS {
            // The order of arrival of exponential times with the rates `exp(logit)`.
            let time = |logit: &f64| (-(1. - rng.random::<f64>()).ln()).ln() - logit;
            let mut order: Vec<(f64, usize)> = logits.iter().map(time).zip(0..).collect();
            order.sort_by(|a, b| a.0.total_cmp(&b.0));
            let items = order.into_iter().map(|(_, item)| item).take(SHOWN).collect();
            sum += truth.expected_utility(&Slate::new(items, logits.len())?)?;
        }
    }
    Ok(sum / (lists.len() * DRAWS) as f64)
}

fn open_bandit(folder: &Path) -> Result<(), Box<dyn Error>> {
    for (campaign, items) in [("men", 34), ("women", 46)] {
        let ran = actions(&folder.join(format!("random-{campaign}.csv.gz")), items)?;
        let ran = ran.estimate(ItemEstimator::Ips, &OffPolicyConfig::default())?;
        println!("\n{campaign}: the uniform policy earned {:.5} [{:.5}, {:.5}] itself", ran.value, ran.low, ran.high);
        let log = actions(&folder.join(format!("bts-{campaign}.csv.gz")), items)?;
        for estimator in [ItemEstimator::Ips, ItemEstimator::Snips] {
            let start = Instant::now();
            print(estimator, &log.estimate(estimator, &OffPolicyConfig::default()), start);
        }
    }
    Ok(())
}

/// A log of single actions; the target policy shows each of its `items` equally often.
fn actions(file: &Path, items: u32) -> Result<ItemLog, Box<dyn Error>> {
    let file = File::open(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut reader = csv::Reader::from_reader(GzDecoder::new(file));
    let headers = reader.headers()?.clone();
    let column = |name: &str| headers.iter().position(|header| header == name).ok_or(format!("no column {name}"));
    let (click, propensity) = (column("click")?, column("propensity_score")?);
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record?;
        let (reward, propensity) = (record[click].parse()?, record[propensity].parse()?);
        rows.push(Logged { reward, propensity, target: 1. / f64::from(items) });
    }
    Ok(ItemLog::new(rows)?)
}

fn print(estimator: impl Display, estimate: &Result<Estimate, OffPolicyError>, start: Instant) {
    let seconds = start.elapsed().as_secs_f64();
    match estimate {
        Ok(Estimate { value, low, high, ess, largest_weight, .. }) => println!(
            "{estimator:7} {value:.5} [{low:.5}, {high:.5}]  ESS {ess:7.1}  largest weight {largest_weight:8.1}  {seconds:.3} s"
        ),
        Err(refusal) => println!("{refusal}"),
    }
}
