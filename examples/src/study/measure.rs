//! What a reranker reaches on each list.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use psad::eval::{Denominator, Gain, Measure, Metric, Ranked};
use psad::{Request, Reranker};

use super::lists::Part;
use crate::SLATE_LENGTH;

/// Lists that a reranker is given at once.
const CHUNK: usize = 64;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Column {
    /// Expected clicks of the simulated user.
    Utility,
    /// NDCG@10 with exponential gain.
    Ndcg,
    /// MAP@10, divided by `min(k, R)`.
    Map,
}

impl Column {
    /// Its name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Utility => "utility",
            Self::Ndcg => "NDCG@10",
            Self::Map => "MAP@10",
        }
    }
}

/// One value per list, for every column.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Values(BTreeMap<Column, Vec<Option<f64>>>);

impl Values {
    /// The values of a column; none where it is not measured.
    pub(crate) fn get(&self, column: Column) -> &[Option<f64>] {
        self.0.get(&column).map_or(&[], Vec::as_slice)
    }

    /// Appends the lists of `later`.
    pub(crate) fn extend(&mut self, later: &Self) {
        for (&column, values) in &later.0 {
            self.0.entry(column).or_default().extend(values);
        }
    }

    pub(crate) fn push(&mut self, column: Column, value: Option<f64>) {
        self.0.entry(column).or_default().push(value);
    }
}

/// Mean of the values that are defined.
pub(crate) fn mean(values: &[Option<f64>]) -> Option<f64> {
    let (sum, count) = values.iter().flatten().fold((0., 0_usize), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / count as f64)
}

/// Asks for a slate of every list and measures it.
pub(crate) fn measure(reranker: &dyn Reranker, part: &Part, slots: usize) -> Result<Values> {
    let ndcg = Measure::Ndcg(Gain::Exponential).at(SLATE_LENGTH);
    let map = Measure::AveragePrecision(Denominator::Reachable).at(SLATE_LENGTH);
    let mut values = Values::default();
    for (chunk, lists) in part.lists.chunks(CHUNK).enumerate() {
        let requests: Vec<&Request> = lists.iter().map(psad::LabeledList::request).collect();
        let slates = reranker.rerank_batch(&requests, slots)?;
        ensure!(slates.len() == lists.len(), "{} slates of {} lists", slates.len(), lists.len());
        for (index, (list, slate)) in lists.iter().zip(&slates).enumerate() {
            let ranked = Ranked::from_slate(slate, list.labels())?;
            values.push(Column::Ndcg, ndcg.value(&ranked));
            values.push(Column::Map, map.value(&ranked));
            if let Some(truth) = &part.truth {
                let truth = truth.get(chunk * CHUNK + index).context("a list without its truth")?;
                values.push(Column::Utility, Some(truth.expected_utility(slate)?));
            }
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_seeds_are_joined_in_order_and_undefined_ones_count_for_nothing() {
        let (mut first, mut second) = (Values::default(), Values::default());
        first.push(Column::Ndcg, Some(1.));
        second.push(Column::Ndcg, None);
        second.push(Column::Ndcg, Some(0.5));
        first.extend(&second);
        assert_eq!(first.get(Column::Ndcg), [Some(1.), None, Some(0.5)]);
        assert_eq!((mean(first.get(Column::Ndcg)), mean(first.get(Column::Map))), (Some(0.75), None));
    }
}
