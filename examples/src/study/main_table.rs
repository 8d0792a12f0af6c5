//! The main table of an input.

use anyhow::Result;
use rayon::prelude::*;
use serde::Serialize;

use super::experiment::INITIAL;
use super::informed::{ATTRACTION, GREEDY};
use super::measure::{Column, mean};
use super::pool::{Pool, STUDENT, Series, TEACHER};
use super::stats::{Difference, Estimate, by_seed, difference, estimate, gained, rounded, share};

/// One input.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct InputSummary {
    /// Its name.
    pub(crate) name: &'static str,
    /// Slots of every slate.
    pub(crate) slots: usize,
    /// Test lists of all seeds.
    pub(crate) lists: usize,
    /// Users that are taken for independent.
    pub(crate) users: usize,
    /// What rerankers are judged by.
    pub(crate) judged_by: &'static str,
    /// Mean of the best slates.
    pub(crate) optimum: Option<f64>,
    /// What choosing slot by slot reaches for someone who knows the truth.
    pub(crate) greedy: Option<f64>,
    /// What the order by true attraction reaches.
    pub(crate) by_attraction: Option<f64>,
    /// The part of PSAD-G's gain over the initial order that PSAD-S keeps, where utility is known and there is a gain.
    pub(crate) kept: Option<Estimate>,
    /// The same, seed by seed.
    pub(crate) kept_by_seed: Vec<f64>,
    /// The rerankers.
    pub(crate) rows: Vec<Row>,
}

impl InputSummary {
    /// The row of that name.
    pub(crate) fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }
}

/// The row with the greatest value.
pub(crate) fn best<'a>(rows: impl Iterator<Item = &'a Row>) -> Option<&'a Row> {
    rows.max_by(|a, b| a.value.mean.total_cmp(&b.value.mean))
}

/// One reranker on one input.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Row {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it is judged by.
    pub(crate) value: Estimate,
    /// The same, seed by seed.
    pub(crate) by_seed: Vec<f64>,
    /// Sum of its utilities over that of the best slates.
    pub(crate) share: Option<Estimate>,
    /// The same, seed by seed.
    pub(crate) share_by_seed: Vec<f64>,
    /// What it loses against the best slates.
    pub(crate) regret: Option<Estimate>,
    /// NDCG@10 on logged labels.
    pub(crate) ndcg: Option<f64>,
    /// MAP@10 on logged labels.
    pub(crate) map: Option<f64>,
    /// Its difference to the initial order.
    pub(crate) vs_initial: Option<Difference>,
    /// Its difference to PSAD-G.
    pub(crate) vs_teacher: Option<Difference>,
}

/// The main table of an input.
pub(crate) fn input(pool: &Pool) -> Result<InputSummary> {
    let rows = pool.rows();
    let optima = pool.optima.as_deref();
    // Of ratings nobody knows the truth.
    let of = |order| -> Result<Option<f64>> {
        let Some(_) = optima else { return Ok(None) };
        Ok(mean(pool.judged(pool.find(order, order)?)).map(rounded))
    };
    let (kept, kept_by_seed) = if optima.is_some() { kept(pool)? } else { (None, Vec::new()) };
    Ok(InputSummary {
        name: pool.kind.name(),
        slots: pool.kind.slots(),
        lists: pool.clusters.len(),
        users: pool.clusters.iter().max().map_or(0, |&last| last as usize + 1),
        judged_by: pool.kind.primary().name(),
        optimum: optima.map(|optima| rounded(optima.iter().sum::<f64>() / optima.len().max(1) as f64)),
        greedy: of(GREEDY)?,
        by_attraction: of(ATTRACTION)?,
        kept,
        kept_by_seed,
        rows: rows.par_iter().map(|&(name, series)| row(pool, name, series)).collect::<Result<_>>()?,
    })
}

/// What the student gains over the initial order, as a part of what its teacher does, over all lists and seed by seed.
fn kept(pool: &Pool) -> Result<(Option<Estimate>, Vec<f64>)> {
    let initial = pool.judged(pool.find(INITIAL, INITIAL)?);
    let gains = |reranker| Ok::<_, anyhow::Error>(gained(pool.judged(pool.find("PSAD", reranker)?), initial));
    let (student, teacher) = (gains(STUDENT)?, gains(TEACHER)?);
    // Utilities are known of every list.
    let known: Vec<f64> = teacher.iter().map(|gain| gain.unwrap_or(0.)).collect();
    Ok((share(&student, &known, &pool.clusters)?, shares(&student, &known, &pool.sizes)))
}

/// The ratio of sums of each seed.
fn shares(values: &[Option<f64>], optima: &[f64], sizes: &[usize]) -> Vec<f64> {
    let whole: Vec<_> = optima.iter().copied().map(Some).collect();
    let parts = by_seed(values, sizes).into_iter().zip(by_seed(&whole, sizes));
    // Of nothing, nothing is reached.
    parts.map(|(part, whole)| if whole > 0. { rounded(part / whole) } else { 0. }).collect()
}

fn row(pool: &Pool, name: &'static str, series: &Series) -> Result<Row> {
    let values = pool.judged(series);
    let against = |unit, reranker| {
        let other = pool.judged(pool.find(unit, reranker)?);
        difference(values, other, &pool.clusters)
    };
    let regret = |optima: &[f64]| {
        let lost: Vec<_> = values.iter().zip(optima).map(|(value, best)| value.map(|value| best - value)).collect();
        estimate(&lost, &pool.clusters)
    };
    let optima = pool.optima.as_deref();
    let column = |column| mean(series.values.get(column)).map(rounded);
    Ok(Row {
        name,
        value: estimate(values, &pool.clusters)?,
        by_seed: by_seed(values, &pool.sizes),
        share: optima.map(|optima| share(values, optima, &pool.clusters)).transpose()?.flatten(),
        share_by_seed: optima.map_or_else(Vec::new, |optima| shares(values, optima, &pool.sizes)),
        regret: optima.map(regret).transpose()?,
        ndcg: column(Column::Ndcg),
        map: column(Column::Map),
        vs_initial: (name != INITIAL).then(|| against(INITIAL, INITIAL)).transpose()?,
        vs_teacher: (name != TEACHER).then(|| against("PSAD", TEACHER)).transpose()?,
    })
}
