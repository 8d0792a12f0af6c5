//! All fits, and what they reach on the test lists.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use psad::Reranker;
use psad::eval::{InitialOrder, RandomOrder};
use serde::Serialize;

use super::diversified;
use super::fitting::{Fit, Job, Unit, methods};
use super::informed;
use super::lists::{Kind, Lists};
use super::measure::{Values, measure};
use super::parallel::in_parallel;
use super::scale::Scale;
use super::stats::rounded;
use super::variants::{ONE_SHOT, VARIANTS, Variant};

/// Names of the rows that every table has.
pub(crate) const INITIAL: &str = "initial order";
/// An order drawn at random.
pub(crate) const RANDOM: &str = "random order";

/// The input on which methods also go over the lists more often.
pub(crate) const LONG: Kind = Kind::Medium;

/// What a unit, or an order that needs no fit, reached on the test lists of one seed.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// On which input.
    pub(crate) kind: Kind,
    /// With which seed.
    pub(crate) seed: u64,
    /// Name of the unit.
    pub(crate) unit: &'static str,
    /// The values of each of its rerankers.
    pub(crate) values: Vec<(&'static str, Values)>,
    /// As of [`Fit`].
    pub(crate) strength: Option<f64>,
    /// The fit itself, of the first seed.
    pub(crate) fit: Option<Fit>,
}

/// How the learning rate of a method was chosen on an input.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Choice {
    /// Name of the input.
    pub(crate) input: &'static str,
    /// Name of the method.
    pub(crate) method: &'static str,
    /// The rate that was taken.
    pub(crate) rate: f64,
    /// Every rate with what it reached on the validation lists.
    pub(crate) tried: Vec<(f64, f64)>,
}

/// Everything that was fitted and measured.
#[derive(Debug, Default)]
pub(crate) struct Experiment {
    /// In the order of inputs, then seeds.
    pub(crate) outcomes: Vec<Outcome>,
    /// In the order of inputs, then methods.
    pub(crate) choices: Vec<Choice>,
}

impl Experiment {
    /// With what was fitted on another input.
    pub(crate) fn extend(&mut self, other: Self) {
        self.outcomes.extend(other.outcomes);
        self.choices.extend(other.choices);
    }
}

/// Fits and measures everything on one input; `lists` has all seeds, the first one first.
pub(crate) fn run(lists: &[Lists], scale: &Scale, bar: &ProgressBar) -> Result<Experiment> {
    let first = lists.first().context("no input")?.seed;
    let tuning = tuning_jobs(lists, first);
    let fit = |job: &Job<'_>| {
        let started = Instant::now();
        let fit = job.fit(scale)?;
        bar.inc(1);
        if bar.is_hidden() {
            let (done, all, took) = (bar.position(), bar.length().unwrap_or_default(), started.elapsed());
            // With what it reaches on the validation lists.
            eprintln!("{done} of {all}, after {:.1} s: {job}: {:.4}", took.as_secs_f64(), fit.validation);
        } else {
            bar.set_message(job.to_string());
        }
        Ok(fit)
    };
    let tuned = in_parallel(tuning.len(), |job| fit(&tuning[job]))?;
    let (choices, chosen) = choose(&tuning, tuned)?;
    let mut outcomes = in_parallel(chosen.len(), |index| measured(&chosen[index].0, &chosen[index].1))?;
    for (outcome, (_, fit)) in outcomes.iter_mut().zip(chosen) {
        outcome.fit = Some(fit);
    }
    let later = later_jobs(lists, first, scale, &choices)?;
    outcomes.extend(in_parallel(later.len(), |index| {
        let fit = fit(&later[index])?;
        let outcome = measured(&later[index], &fit)?;
        Ok(Outcome { fit: (outcome.seed == first).then_some(fit), ..outcome })
    })?);
    outcomes.extend(in_parallel(lists.len(), |index| orders(&lists[index]))?.into_iter().flatten());
    // By seed and table, whatever was fitted when.
    outcomes.sort_by_key(|outcome| outcome.seed);
    Ok(Experiment { outcomes, choices })
}

/// A bar for all fits of the inputs `kinds`.
pub(crate) fn progress(kinds: &[Kind], seeds: &[u64], scale: &Scale) -> ProgressBar {
    let of_seed = |kind: Kind, nth| {
        let tuning = if nth == 0 && is_tuned(kind) { methods(kind).len() * kind.rates().len() } else { 0 };
        tuning + later_units(kind, nth, scale).len()
    };
    let fits: usize = kinds
        .iter()
        .flat_map(|&kind| (0..kind.seeds(seeds, scale).len() as u64).map(move |nth| of_seed(kind, nth)))
        .sum();
    let bar = ProgressBar::new(fits as u64);
    // A template of our own that does not parse falls back to indicatif's.
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} fits {elapsed} (left {eta}) {msg}") {
        bar.set_style(style);
    }
    bar.tick();
    bar
}

/// Whether there is a rate to choose.
fn is_tuned(kind: Kind) -> bool {
    kind.rates().len() > 1
}

/// Every method with every rate, on the first seed.
fn tuning_jobs<'a>(lists: &'a [Lists], first: u64) -> Vec<Job<'a>> {
    let of_first = lists.iter().filter(|lists| lists.seed == first && is_tuned(lists.kind));
    let with_rates = |lists: &'a Lists, unit| lists.kind.rates().iter().map(move |&rate| Job { lists, unit, rate });
    of_first.flat_map(|lists| methods(lists.kind).into_iter().flat_map(move |unit| with_rates(lists, unit))).collect()
}

/// A job with what came of it.
type Done<'a> = (Job<'a>, Fit);

/// Takes of every method's fits the one that is best on the validation lists; of equals the one with the smallest rate.
fn choose<'a>(jobs: &[Job<'a>], fits: Vec<Fit>) -> Result<(Vec<Choice>, Vec<Done<'a>>)> {
    let (mut choices, mut chosen) = (Vec::new(), Vec::new());
    let mut fits = fits.into_iter();
    for jobs in jobs.chunk_by(|one, next| one.unit.label() == next.unit.label()) {
        let tried: Vec<Done<'a>> = jobs.iter().copied().zip(fits.by_ref()).collect();
        let reached = tried.iter().map(|(job, fit)| (job.rate, rounded(fit.validation))).collect();
        // `max_by` keeps the last of equals, so it walks backwards.
        let best = tried.into_iter().rev().max_by(|(_, a), (_, b)| a.validation.total_cmp(&b.validation));
        let (job, fit) = best.context("no rate to choose from")?;
        let (input, method) = (job.lists.kind.name(), job.unit.label());
        choices.push(Choice { input, method, rate: job.rate, tried: reached });
        chosen.push((job, fit));
    }
    Ok((choices, chosen))
}

/// What is fitted beside the tuning: methods on the other seeds, and on the first where there is no rate to choose;
/// one-shot wherever there are all methods; the variants of the input's tables, with as many of the first seeds as they
/// have.
fn later_units(kind: Kind, nth_seed: u64, scale: &Scale) -> Vec<Unit> {
    let plain = methods(kind).into_iter().filter(|_| nth_seed > 0 || !is_tuned(kind));
    let varied = |variant: &Variant| variant.is_tabled(kind) && nth_seed < variant.seeds(scale) as u64;
    let row = |variant: &Variant| variant.label == ONE_SHOT && !kind.is_exhaustive();
    let here = VARIANTS.iter().filter(|&variant| varied(variant) || row(variant));
    let long = methods(kind).into_iter().filter(|_| nth_seed == 0 && kind == LONG).map(Unit::long);
    long.chain(plain).chain(here.map(Unit::varied)).collect()
}

fn later_jobs<'a>(lists: &'a [Lists], first: u64, scale: &Scale, choices: &[Choice]) -> Result<Vec<Job<'a>>> {
    let rates: BTreeMap<_, _> = choices.iter().map(|choice| ((choice.input, choice.method), choice.rate)).collect();
    let mut jobs = Vec::new();
    for lists in lists {
        for unit in later_units(lists.kind, lists.seed - first, scale) {
            // Variants and longer fits have the method's rate.
            let method = unit.method().label();
            let only = lists.kind.rates().first().filter(|_| !is_tuned(lists.kind));
            let rate = *rates.get(&(lists.kind.name(), method)).or(only).context("a method without a rate")?;
            jobs.push(Job { lists, unit, rate });
        }
    }
    Ok(jobs)
}

fn measured(job: &Job<'_>, fit: &Fit) -> Result<Outcome> {
    let Lists { kind, seed, test, .. } = job.lists;
    let values = fit.rerankers.iter().map(|(name, reranker)| Ok((*name, measure(reranker, test, kind.slots())?)));
    let values = values.collect::<Result<_>>().with_context(|| format!("measuring {job}"))?;
    Ok(Outcome { kind: *kind, seed: *seed, unit: job.unit.label(), values, strength: fit.strength, fit: None })
}

/// An order that needs no fit, with the strength of those that mix.
type Order = (&'static str, Option<f64>, Arc<dyn Reranker>);

/// The orders that need no fit.
pub(crate) fn unfitted(lists: &Lists) -> Result<Vec<Order>> {
    let random = RandomOrder::new(lists.seed);
    let orders: [Order; 2] = [(INITIAL, None, Arc::new(InitialOrder)), (RANDOM, None, Arc::new(random))];
    let mixed = diversified::of_ranker(lists)?.into_iter();
    let mixed = mixed.map(|(name, mixed)| (name, Some(mixed.strength), mixed.reranker));
    Ok(orders.into_iter().chain(mixed).collect())
}

fn orders(lists: &Lists) -> Result<Vec<Outcome>> {
    let Lists { kind, seed, test, .. } = lists;
    let outcome = |unit, values, strength| Outcome {
        kind: *kind,
        seed: *seed,
        unit,
        values: vec![(unit, values)],
        strength,
        fit: None,
    };
    let mut found = Vec::new();
    for (unit, strength, order) in unfitted(lists)? {
        found.push(outcome(unit, measure(&order, test, kind.slots())?, strength));
    }
    let informed = informed::orders(lists)?.into_iter().map(|(unit, values)| outcome(unit, values, None));
    Ok(found.into_iter().chain(informed).collect())
}
