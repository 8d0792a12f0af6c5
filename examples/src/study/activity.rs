//! What users gain who have been seen rarely, and often.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use rayon::prelude::*;
use serde::Serialize;

use super::experiment::INITIAL;
use super::main_table::{Row, best};
use super::pool::{Pool, STUDENT, Series, TEACHER};
use super::stats::{Difference, difference};

/// Gain over the initial order of users with histories of some lengths.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Activity {
    /// The input.
    pub(crate) input: &'static str,
    /// Shortest and longest history.
    pub(crate) histories: (usize, usize),
    /// Number of lists.
    pub(crate) lists: usize,
    /// Number of seeds that they are of.
    pub(crate) seeds: usize,
    /// By reranker.
    pub(crate) gains: BTreeMap<&'static str, Difference>,
}

/// Users without history, then the others, the shorter histories first; see [`middle`].
pub(crate) fn activity(pool: &Pool, rows: &[Row]) -> Result<Vec<Activity>> {
    let rival = best_baseline(rows).context("no baseline was measured")?;
    let mut known: Vec<usize> = pool.histories.iter().copied().filter(|&length| length > 0).collect();
    known.sort_unstable();
    let middle = middle(&known);
    let groups = [(0, 0), (1, middle), (middle + 1, usize::MAX)];
    let found = groups.par_iter().map(|&(from, to)| group(pool, from..=to, [STUDENT, TEACHER, rival]));
    let found: Vec<Option<Activity>> = found.collect::<Result<_>>()?;
    Ok(found.into_iter().flatten().collect())
}

/// The longest of the shorter histories, of sorted ones. Where half of them have the greatest length, as where lengths are
/// capped, those of that length are the longer ones.
fn middle(known: &[usize]) -> usize {
    let middle = known.get(known.len() / 2).copied().unwrap_or(1);
    let shorter = known.partition_point(|&length| length < middle);
    if known.last() == Some(&middle) { shorter.checked_sub(1).map_or(middle, |last| known[last]) } else { middle }
}

/// The method that is not PSAD's with the highest value.
fn best_baseline(rows: &[Row]) -> Option<&'static str> {
    let baselines = rows.iter().filter(|row| !row.name.starts_with("PSAD") && row.vs_initial.is_some());
    best(baselines).map(|row| row.name)
}

/// None for a group of fewer than two users, of whom nothing can be said.
fn group(pool: &Pool, lengths: std::ops::RangeInclusive<usize>, names: [&'static str; 3]) -> Result<Option<Activity>> {
    let here: Vec<usize> = (0..pool.histories.len()).filter(|&list| lengths.contains(&pool.histories[list])).collect();
    let clusters: Vec<u32> = here.iter().map(|&list| pool.clusters[list]).collect();
    let pick = |series: &Series| here.iter().map(|&list| pool.judged(series)[list]).collect::<Vec<_>>();
    let initial = pick(pool.find(INITIAL, INITIAL)?);
    // Whether a list has a value is the list's, not the method's.
    let mut judged = clusters.iter().zip(&initial).filter(|(_, value)| value.is_some()).map(|(cluster, _)| cluster);
    let first = judged.next();
    if judged.all(|cluster| Some(cluster) == first) {
        return Ok(None);
    }
    let mut gains = BTreeMap::new();
    for (name, series) in pool.rows().into_iter().filter(|(name, _)| names.contains(name)) {
        gains.insert(name, difference(&pick(series), &initial, &clusters)?);
    }
    let seen = || here.iter().map(|&list| pool.histories[list]);
    let histories = (seen().min().unwrap_or(0), seen().max().unwrap_or(0));
    let seeds = pool.sizes.len();
    Ok(Some(Activity { input: pool.kind.name(), histories, lists: here.len(), seeds, gains }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histories_are_halved_even_where_their_length_is_capped() {
        assert_eq!(middle(&[1, 2, 3, 4]), 3);
        assert_eq!(middle(&[6, 9, 50, 50, 50, 50]), 9);
        assert_eq!((middle(&[50, 50]), middle(&[])), (50, 1));
    }
}
