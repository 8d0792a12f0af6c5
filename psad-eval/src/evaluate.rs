//! A reranker over many lists.

use std::borrow::Borrow;

use psad_core::{LabeledList, Request, RerankError, Reranker, Slate};
use serde::Serialize;
use thiserror::Error;

use crate::{InputError, MergeError, Metric, Ranked, Summary};

/// Lists that are handed to the reranker at once.
const CHUNK: usize = 64;

/// A summary per metric, for one reranker.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    slate_len: usize,
    summaries: Vec<Summary>,
}

impl Report {
    /// Length of slate that was asked for.
    pub fn slate_len(&self) -> usize {
        self.slate_len
    }

    /// A summary per metric, in the order of the metrics.
    pub fn summaries(&self) -> &[Summary] {
        &self.summaries
    }

    /// The summary of the metric with this name.
    pub fn get(&self, metric: &str) -> Option<&Summary> {
        self.summaries.iter().find(|summary| summary.metric() == metric)
    }

    /// Appends the lists of `later`, as [`Summary::merge`] does.
    ///
    /// # Errors
    /// [`MergeError`] if it has another slate length or other metrics; nothing is changed then.
    pub fn merge(&mut self, later: Self) -> Result<(), MergeError> {
        let (expected, found) = (self.slate_len, later.slate_len);
        if expected != found {
            return Err(MergeError::SlateLength { expected, found });
        }
        let (expected, found) = (self.summaries.len(), later.summaries.len());
        if expected != found {
            return Err(MergeError::Metrics { expected, found });
        }
        let mut merged = self.summaries.clone();
        for (summary, later) in merged.iter_mut().zip(later.summaries) {
            summary.merge(later)?;
        }
        self.summaries = merged;
        Ok(())
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.summaries.iter().try_for_each(|summary| writeln!(formatter, "{summary}"))
    }
}

/// Asks `reranker` for a slate of `len` on every list and measures it.
///
/// Lists may be borrowed or owned, so they can be streamed. Slates are checked against the contract of [`Reranker`].
/// The lists of a shard make the same part of the report as they make of the whole: evaluate shards on as many threads
/// as you like and [`Report::merge`] them in order.
///
/// # Errors
/// [`EvaluateError`]: the reranker fails or breaks its contract.
pub fn evaluate<R, M, L>(reranker: &R, lists: L, metrics: &[M], len: usize) -> Result<Report, EvaluateError>
where
    R: Reranker + ?Sized,
    M: Metric,
    L: IntoIterator,
    L::Item: Borrow<LabeledList>,
{
    if len == 0 {
        return Err(EvaluateError::EmptySlate);
    }
    let mut summaries: Vec<Summary> = metrics.iter().map(|metric| Summary::new(metric.name())).collect();
    let mut lists = lists.into_iter();
    let mut first = 0;
    loop {
        let chunk: Vec<L::Item> = lists.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            return Ok(Report { slate_len: len, summaries });
        }
        let chunk: Vec<&LabeledList> = chunk.iter().map(Borrow::borrow).collect();
        for (list, ranked) in rerank(reranker, &chunk, len, first)?.iter().enumerate() {
            for (metric, summary) in metrics.iter().zip(&mut summaries) {
                summary.push(checked(metric, ranked, first + list)?);
            }
        }
        first += chunk.len();
    }
}

fn rerank<R: Reranker + ?Sized>(
    reranker: &R,
    chunk: &[&LabeledList],
    len: usize,
    first: usize,
) -> Result<Vec<Ranked>, EvaluateError> {
    let requests: Vec<&Request> = chunk.iter().map(|list| list.request()).collect();
    let last = first + chunk.len() - 1;
    let slates = reranker.rerank_batch(&requests, len).map_err(|source| EvaluateError::Rerank {
        first,
        last,
        source: Box::new(source),
    })?;
    if slates.len() != chunk.len() {
        return Err(EvaluateError::Answers { first, asked: chunk.len(), found: slates.len() });
    }
    let pairs = chunk.iter().zip(&slates).enumerate();
    pairs.map(|(index, (list, slate))| ranked(list, slate, len, first + index)).collect()
}

fn ranked(list: &LabeledList, slate: &Slate, len: usize, index: usize) -> Result<Ranked, EvaluateError> {
    let (expected, found) = (list.len().min(len), slate.len());
    if slate.candidates() != list.len() {
        let (expected, found) = (list.len(), slate.candidates());
        return Err(EvaluateError::Slate { list: index, what: "candidates", expected, found });
    }
    if expected != found {
        return Err(EvaluateError::Slate { list: index, what: "items", expected, found });
    }
    Ranked::from_slate(slate, list.labels()).map_err(|source| EvaluateError::Input { list: index, source })
}

fn checked(metric: &impl Metric, ranked: &Ranked, list: usize) -> Result<Option<f64>, EvaluateError> {
    match metric.value(ranked) {
        Some(value) if !value.is_finite() => Err(EvaluateError::NonFinite { metric: metric.name(), list, value }),
        value => Ok(value),
    }
}

/// Why an evaluation stopped.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// A slate without slots was asked for.
    #[error("slates of length 0 were asked for; there is nothing to measure in them")]
    EmptySlate,
    /// The reranker failed.
    #[error("the reranker failed on lists {first} to {last}: {source}")]
    Rerank {
        /// First list of the batch.
        first: usize,
        /// Last list of the batch.
        last: usize,
        /// What it said.
        source: Box<RerankError>,
    },
    /// The reranker answered more or fewer requests than it got.
    #[error("from list {first} on, {asked} slates were asked for and {found} came")]
    Answers {
        /// First list of the batch.
        first: usize,
        /// Requests in the batch.
        asked: usize,
        /// Slates that came.
        found: usize,
    },
    /// A slate that does not belong to its request.
    #[error("{what} of the slate for list {list}: expected {expected}, found {found}")]
    Slate {
        /// The list.
        list: usize,
        /// What was counted.
        what: &'static str,
        /// Number that the request asks for.
        expected: usize,
        /// Number in the slate.
        found: usize,
    },
    /// Labels that no metric takes.
    #[error("list {list}: {source}")]
    Input {
        /// The list.
        list: usize,
        /// What is wrong with it.
        source: InputError,
    },
    /// A metric broke its contract or overflowed.
    #[error("`{metric}` is {value} on list {list}; values must be finite")]
    NonFinite {
        /// The metric.
        metric: String,
        /// The list.
        list: usize,
        /// Its value.
        value: f64,
    },
}
