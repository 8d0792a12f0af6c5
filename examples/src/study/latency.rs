//! How long answers take; the one thing here that depends on the machine.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use psad::eval::latency;
use psad::{LabeledList, Request, Reranker};
use serde::Serialize;

use super::experiment::{Experiment, Outcome, unfitted};
use super::fitting::Fit;
use super::lists::{Kind, Lists};
use super::pool::{STUDENT, TEACHER, row};
use super::scale::Scale;
use super::sweeps::SWEPT;
use super::variants::{VARIANTS, Variant};
use crate::LatencyUs;

/// The input whose requests are timed.
pub(crate) const TIMED: Kind = Kind::Medium;

/// One reranker.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Timing {
    /// Through burn, as it was trained.
    pub(crate) burn: LatencyUs,
    /// Through psad-serve, from the file.
    pub(crate) served: Option<LatencyUs>,
}

/// All of them.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Latencies {
    /// Of the main table, by row.
    pub(crate) rows: BTreeMap<&'static str, Timing>,
    /// PSAD-G by slots per step.
    pub(crate) blocks: BTreeMap<usize, Timing>,
    /// PSAD-S by its number of sweeps, through burn.
    pub(crate) sweeps: BTreeMap<usize, LatencyUs>,
    /// Files that psad-serve does not read, and why.
    pub(crate) not_served: BTreeMap<&'static str, String>,
}

impl Latencies {
    /// Times the rerankers of the first seed one by one; nothing else may run meanwhile.
    pub(crate) fn measure(lists: &[Lists], experiment: &Experiment, scale: &Scale) -> Result<Self> {
        let first = lists.first().context("no input")?.seed;
        let mut found = Self::default();
        let timed = |kind| {
            let of_kind = lists.iter().find(|lists| (lists.kind, lists.seed) == (kind, first));
            Clock::new(of_kind.with_context(|| format!("no input {}", kind.name()))?, scale)
        };
        let clock = timed(TIMED)?;
        for (name, _, order) in unfitted(clock.lists)? {
            found.rows.insert(name, Timing { burn: clock.time(&order)?, served: None });
        }
        for outcome in of_first(experiment, TIMED, first) {
            found.add_rows(outcome, &clock)?;
            found.add_sweeps(outcome, &clock)?;
        }
        let clock = timed(Kind::Strong)?;
        for outcome in of_first(experiment, Kind::Strong, first) {
            found.add_blocks(outcome, &clock)?;
        }
        Ok(found)
    }

    fn add_rows(&mut self, outcome: &Outcome, clock: &Clock<'_>) -> Result<()> {
        let Some(fit) = &outcome.fit else { return Ok(()) };
        for (reranker, through_burn) in &fit.rerankers {
            let Some(row) = row(outcome.unit, reranker) else { continue };
            let timing = self.timing(row, fit, reranker, through_burn, clock)?;
            self.rows.insert(row, timing);
        }
        Ok(())
    }

    fn add_sweeps(&mut self, outcome: &Outcome, clock: &Clock<'_>) -> Result<()> {
        let Some(fit) = outcome.fit.as_ref().filter(|_| outcome.unit == "PSAD") else { return Ok(()) };
        for (sweeps, name) in SWEPT {
            if let Some((_, reranker)) = fit.rerankers.iter().find(|(reranker, _)| *reranker == name) {
                self.sweeps.insert(sweeps, clock.time(reranker)?);
            }
        }
        Ok(())
    }

    fn add_blocks(&mut self, outcome: &Outcome, clock: &Clock<'_>) -> Result<()> {
        let variant = VARIANTS.iter().find(|variant| variant.label == outcome.unit);
        let plain = (outcome.unit == "PSAD").then_some(super::variants::BLOCK_SIZE);
        let size = plain.or_else(|| variant.and_then(Variant::blocks));
        let (Some(fit), Some(size)) = (&outcome.fit, size) else { return Ok(()) };
        for (reranker, through_burn) in fit.rerankers.iter().filter(|(name, _)| *name == TEACHER) {
            let timing = self.timing(outcome.unit, fit, reranker, through_burn, clock)?;
            self.blocks.insert(size, timing);
        }
        Ok(())
    }

    fn timing(
        &mut self,
        name: &'static str,
        fit: &Fit,
        reranker: &str,
        through_burn: &dyn Reranker,
        clock: &Clock<'_>,
    ) -> Result<Timing> {
        let served = match served(fit, reranker) {
            Some(Ok(served)) => Some(clock.time(&served)?),
            Some(Err(why)) => {
                self.not_served.insert(name, why.to_string());
                None
            }
            None => None,
        };
        Ok(Timing { burn: clock.time(through_burn)?, served })
    }
}

/// The same reranker without burn, of methods that have it.
fn served(fit: &Fit, reranker: &str) -> Option<Result<psad_serve::Served, psad_serve::ServeError>> {
    let file = fit.file.as_ref()?;
    let load = || {
        let model = psad_serve::Model::from_file(file)?;
        match reranker {
            STUDENT => model.student(),
            TEACHER => model.teacher(),
            _ => Ok(model.reranker()),
        }
    };
    Some(load())
}

fn of_first(experiment: &Experiment, kind: Kind, first: u64) -> impl Iterator<Item = &Outcome> {
    experiment.outcomes.iter().filter(move |outcome| (outcome.kind, outcome.seed) == (kind, first))
}

/// Requests to time with.
struct Clock<'a> {
    lists: &'a Lists,
    requests: Vec<&'a Request>,
    slots: usize,
    rounds: usize,
    one_thread: rayon::ThreadPool,
}

impl<'a> Clock<'a> {
    fn new(lists: &'a Lists, scale: &Scale) -> Result<Self> {
        let timed = lists.test.lists.iter().take(scale.timed_lists).map(LabeledList::request);
        // A pool of one thread, so that no tensor operation borrows another core.
        let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
        Ok(Self { lists, requests: timed.collect(), slots: lists.kind.slots(), rounds: scale.timed_rounds, one_thread })
    }

    fn time(&self, reranker: &dyn Reranker) -> Result<LatencyUs> {
        let timed = || latency(reranker, &self.requests, self.slots, 30, self.rounds);
        let found = self.one_thread.install(timed)?;
        Ok(LatencyUs { p50: found.p50_us, p99: found.p99_us })
    }
}
