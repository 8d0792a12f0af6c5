//! The lists of all seeds of an input together.

use anyhow::{Context, Result};

use super::diversified::{OF_MLP, OF_RANKER};
use super::evaluated::EVALUATED;
use super::experiment::Experiment;
use super::lists::{Kind, Lists};
use super::measure::Values;
use super::stats::numbered;
use super::variants::ONE_SHOT;

/// Name of the teacher, as PSAD itself gives it.
pub(crate) const TEACHER: &str = "PSAD-G";
/// Name of the student.
pub(crate) const STUDENT: &str = "PSAD-S";
/// Row of the teacher that fills all slots in one step.
pub(crate) const ONE_SHOT_ROW: &str = "PSAD one-shot";

/// The values of one reranker.
#[derive(Debug)]
pub(crate) struct Series {
    /// Name of what was fitted.
    pub(crate) unit: &'static str,
    /// Which reranker of it.
    pub(crate) reranker: &'static str,
    /// One value per list.
    pub(crate) values: Values,
}

/// One input.
#[derive(Debug)]
pub(crate) struct Pool {
    /// Which input.
    pub(crate) kind: Kind,
    /// Lists of each seed.
    pub(crate) sizes: Vec<usize>,
    /// Lists of the seeds that variants were fitted with, which come first.
    pub(crate) varied: usize,
    /// Which lists stand or fall together.
    pub(crate) clusters: Vec<u32>,
    /// Utility of the best slate of each list.
    pub(crate) optima: Option<Vec<f64>>,
    /// Length of each list's history.
    pub(crate) histories: Vec<usize>,
    /// All rerankers.
    pub(crate) series: Vec<Series>,
}

impl Pool {
    /// Joins the seeds.
    pub(crate) fn new(kind: Kind, lists: &[Lists], experiment: &Experiment, variant_seeds: usize) -> Self {
        let here: Vec<&Lists> = lists.iter().filter(|lists| lists.kind == kind).collect();
        let optima: Option<Vec<&[f64]>> = here.iter().map(|lists| lists.optima.as_deref()).collect();
        let mut pool = Self {
            kind,
            sizes: here.iter().map(|lists| lists.users.len()).collect(),
            varied: here.iter().take(variant_seeds).map(|lists| lists.users.len()).sum(),
            clusters: clusters(kind, &here),
            optima: optima.map(|optima| optima.concat()),
            histories: here.iter().flat_map(|lists| lists.histories()).collect(),
            series: Vec::new(),
        };
        for outcome in experiment.outcomes.iter().filter(|outcome| outcome.kind == kind) {
            for (reranker, values) in &outcome.values {
                pool.extend(outcome.unit, reranker, values);
            }
        }
        pool
    }

    fn extend(&mut self, unit: &'static str, reranker: &'static str, values: &Values) {
        let known = self.series.iter_mut().find(|series| (series.unit, series.reranker) == (unit, reranker));
        match known {
            Some(series) => series.values.extend(values),
            None => self.series.push(Series { unit, reranker, values: values.clone() }),
        }
    }

    /// The reranker of that name of what was fitted under that name.
    pub(crate) fn find(&self, unit: &str, reranker: &str) -> Result<&Series> {
        let found = self.series.iter().find(|series| (series.unit, series.reranker) == (unit, reranker));
        found.with_context(|| format!("{}: nothing was measured of {unit}, {reranker}", self.kind.name()))
    }

    /// What rerankers are judged by here, list by list.
    pub(crate) fn judged<'a>(&self, series: &'a Series) -> &'a [Option<f64>] {
        series.values.get(self.kind.primary())
    }

    /// The rows of the main table: the orders, the methods, PSAD's two rerankers and its one-shot teacher.
    pub(crate) fn rows(&self) -> Vec<(&'static str, &Series)> {
        let named = self.series.iter().filter_map(|series| Some((row(series.unit, series.reranker)?, series)));
        let mut rows: Vec<_> = named.collect();
        rows.sort_by_key(|(name, _)| ROWS.iter().position(|row| row == name));
        rows
    }
}

/// Rows in the order of the main table.
const ROWS: [&str; 17] = [
    super::experiment::INITIAL,
    super::experiment::RANDOM,
    OF_RANKER[0],
    OF_RANKER[1],
    OF_RANKER[2],
    "MLP",
    OF_MLP,
    "DLCM",
    "PRM",
    "SetRank",
    "MIR",
    "Seq2Slate",
    "NAR4Rec",
    EVALUATED,
    ONE_SHOT_ROW,
    STUDENT,
    TEACHER,
];

/// The row of the main table that a reranker of a unit has, if it has one.
pub(crate) fn row(unit: &'static str, reranker: &'static str) -> Option<&'static str> {
    let name = match (unit, reranker) {
        ("PSAD", reranker) => reranker,
        ("MLP", OF_MLP) => OF_MLP,
        (ONE_SHOT, TEACHER) => ONE_SHOT_ROW,
        (ONE_SHOT, _) => return None,
        (unit, _) => unit,
    };
    ROWS.iter().copied().find(|row| *row == name)
}

/// Every seed has a world of its own, with users of its own; the users who rated are the same for all seeds.
fn clusters(kind: Kind, lists: &[&Lists]) -> Vec<u32> {
    let seed = |lists: &Lists| if kind == Kind::Ratings { 0 } else { lists.seed };
    numbered(lists.iter().flat_map(|lists| lists.users.iter().map(|&user| (seed(lists), user))))
}
