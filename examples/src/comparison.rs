//! Rerankers beside each other: what each reached on the test lists, how sure that is, and how long it takes.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context, Result};
use psad::eval::{
    BootstrapConfig, Denominator, Gain, Measure, Metric, Summary, evaluate, latency, paired, paired_clustered,
};
use psad::{LabeledList, Request, Reranker};
use serde::Serialize;

use crate::Input;

/// Slots of every slate that is compared.
pub const SLATE_LENGTH: usize = 10;

/// Metrics in the order of the table.
const COLUMNS: [&str; 4] = ["ndcg@5", "ndcg@10", "map@10", "utility"];

/// Lists whose answers are timed.
const TIMED_LISTS: usize = 300;

/// What a run says as JSON, and what is printed as a table.
#[derive(Debug, Default, Serialize)]
pub struct Comparison {
    /// A row per reranker; the initial ranker must come before those that are compared with it.
    pub rows: Vec<Row>,
    /// Lists of each split.
    pub lists: ListCounts,
    /// Seconds of the whole run.
    pub seconds: f64,
    #[serde(skip)]
    initial: BTreeMap<String, Vec<Option<f64>>>,
}

/// One reranker.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Mean over the test lists.
    pub metrics: BTreeMap<String, f64>,
    /// Paired difference to the initial ranker.
    pub vs_initial: BTreeMap<String, Difference>,
    /// Time of one answer on one thread.
    pub latency_us: LatencyUs,
}

/// A paired difference per list with its 95 % interval and p-value.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Difference {
    /// Mean difference.
    pub diff: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// Two-sided p-value.
    pub p: f64,
    /// The same if all lists of a user stand or fall together; the more careful of the two where users have several.
    pub p_by_users: f64,
}

/// Microseconds per list.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct LatencyUs {
    /// Median.
    pub p50: f64,
    /// 99th percentile.
    pub p99: f64,
}

/// Number of lists.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct ListCounts {
    /// For training.
    pub train: usize,
    /// For early stopping.
    pub validation: usize,
    /// For the table.
    pub test: usize,
}

impl Comparison {
    /// An empty table for the lists of `input`.
    pub fn new(input: &Input) -> Self {
        let lists = ListCounts { train: input.train.len(), validation: input.validation.len(), test: input.test.len() };
        Self { lists, ..Self::default() }
    }

    /// Evaluates a reranker on the test lists and adds its row.
    ///
    /// # Errors
    /// Whatever the reranker or the evaluation says.
    pub fn add<R: Reranker + ?Sized>(&mut self, name: &str, reranker: &R, input: &Input) -> Result<()> {
        let values = per_list(reranker, input).with_context(|| format!("evaluating {name}"))?;
        let mut row = Row {
            name: name.to_owned(),
            metrics: BTreeMap::new(),
            vs_initial: BTreeMap::new(),
            latency_us: timed(reranker, input)?,
        };
        for (metric, values) in &values {
            let mut summary = Summary::new(metric);
            summary.extend(values.iter().copied());
            row.metrics.insert(metric.clone(), summary.mean().context("no test list has a relevant candidate")?);
            if let Some(initial) = self.initial.get(metric) {
                row.vs_initial.insert(metric.clone(), difference(values, initial, &input.test_users)?);
            }
        }
        self.rows.push(row);
        Ok(())
    }

    /// As [`Comparison::add`]; the rows after it are compared with this one.
    ///
    /// # Errors
    /// As [`Comparison::add`].
    pub fn add_initial<R: Reranker + ?Sized>(&mut self, name: &str, reranker: &R, input: &Input) -> Result<()> {
        self.initial = per_list(reranker, input)?;
        self.add(name, reranker, input)?;
        if let Some(row) = self.rows.last_mut() {
            row.vs_initial.clear();
        }
        Ok(())
    }
}

fn difference(values: &[Option<f64>], initial: &[Option<f64>], users: &[u32]) -> Result<Difference> {
    let config = BootstrapConfig::default();
    let psad::eval::Comparison { diff, low, high, p, .. } = paired(values, initial, &config)?;
    let p_by_users = paired_clustered(values, initial, users, &config)?.p;
    Ok(Difference { diff, low, high, p, p_by_users })
}

/// Every metric of every test list.
fn per_list<R: Reranker + ?Sized>(reranker: &R, input: &Input) -> Result<BTreeMap<String, Vec<Option<f64>>>> {
    let metrics = [
        ("ndcg@5", Measure::Ndcg(Gain::Exponential).at(5)),
        ("ndcg@10", Measure::Ndcg(Gain::Exponential).at(10)),
        ("map@10", Measure::AveragePrecision(Denominator::Reachable).at(10)),
    ];
    let report = evaluate(reranker, &input.test, &metrics.map(|(_, metric)| metric), SLATE_LENGTH)?;
    let mut values = BTreeMap::new();
    for (name, metric) in metrics {
        let summary = report.get(&metric.name()).context("the report lacks a metric")?;
        values.insert(name.to_owned(), summary.values().to_vec());
    }
    if let Some(truth) = &input.truth {
        let requests: Vec<&Request> = input.test.iter().map(LabeledList::request).collect();
        let slates = reranker.rerank_batch(&requests, SLATE_LENGTH)?;
        let utility = truth.iter().zip(&slates).map(|(truth, slate)| truth.expected_utility(slate).map(Some));
        values.insert("utility".to_owned(), utility.collect::<Result<_, _>>()?);
    }
    Ok(values)
}

fn timed<R: Reranker + ?Sized>(reranker: &R, input: &Input) -> Result<LatencyUs> {
    let requests: Vec<&Request> = input.test.iter().take(TIMED_LISTS).map(LabeledList::request).collect();
    // A pool of one thread, so that no tensor operation borrows another core.
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let found = one_thread.install(|| latency(reranker, &requests, SLATE_LENGTH, 30, 3))?;
    Ok(LatencyUs { p50: found.p50_us, p99: found.p99_us })
}

impl fmt::Display for Comparison {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.rows.first().map(|row| &row.metrics);
        let metrics: Vec<&str> =
            COLUMNS.into_iter().filter(|&name| known.is_some_and(|known| known.contains_key(name))).collect();
        write!(formatter, "{:<16}", "")?;
        for metric in &metrics {
            write!(formatter, "{metric:>9}")?;
        }
        writeln!(formatter, "{:>10}{:>10}", "p50 µs", "p99 µs")?;
        for row in &self.rows {
            write!(formatter, "{:<16}", row.name)?;
            for metric in &metrics {
                write!(formatter, "{:>9.4}", row.metrics[*metric])?;
            }
            writeln!(formatter, "{:>10.0}{:>10.0}", row.latency_us.p50, row.latency_us.p99)?;
        }
        writeln!(
            formatter,
            "\npaired difference to the initial ranker, 95 % interval, p over lists (* below 0.05) and users"
        )?;
        for row in self.rows.iter().filter(|row| !row.vs_initial.is_empty()) {
            let found = metrics.iter().filter_map(|&metric| Some((metric, row.vs_initial.get(metric)?)));
            for (metric, Difference { diff, low, high, p, p_by_users }) in found {
                let mark = if *p < 0.05 { '*' } else { ' ' };
                writeln!(
                    formatter,
                    "{:<16}{metric:<9}{diff:>+9.4}  [{low:+.4}, {high:+.4}]  {p:.4}{mark} {p_by_users:.4}",
                    row.name
                )?;
            }
        }
        Ok(())
    }
}
