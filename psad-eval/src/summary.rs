//! One metric over many lists, kept per list.

use serde::Serialize;
use thiserror::Error;

/// A metric's value on each list, in the order of the lists; `None` where it is undefined.
///
/// Nothing is averaged until it is asked for, so shards that are merged in the order of their lists give bit for bit
/// what the whole gives, and [`paired`](crate::paired) always finds the values it needs.
///
/// ```
/// use psad_eval::Summary;
/// let mut whole = Summary::new("clicks@5");
/// whole.extend([Some(1.), None, Some(3.)]);
/// assert_eq!((whole.mean(), whole.count(), whole.len()), (Some(2.), 2, 3));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    metric: String,
    values: Vec<Option<f64>>,
}

impl Summary {
    /// A summary of no list yet.
    pub fn new(metric: impl Into<String>) -> Self {
        Self { metric: metric.into(), values: Vec::new() }
    }

    /// Adds the value of the next list.
    pub fn push(&mut self, value: Option<f64>) {
        self.values.push(value);
    }

    /// Appends the lists of `later`, which are numbered on from those here.
    ///
    /// # Errors
    /// [`MergeError::Metric`] if it summarises another metric; nothing is changed then.
    pub fn merge(&mut self, later: Self) -> Result<(), MergeError> {
        if self.metric != later.metric {
            return Err(MergeError::Metric { expected: self.metric.clone(), found: later.metric });
        }
        self.values.extend(later.values);
        Ok(())
    }

    /// Name of the metric and its variant.
    pub fn metric(&self) -> &str {
        &self.metric
    }

    /// The value of each list.
    pub fn values(&self) -> &[Option<f64>] {
        &self.values
    }

    /// The values that are defined, with the index of their list.
    pub fn defined(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.values.iter().enumerate().filter_map(|(list, value)| value.map(|value| (list, value)))
    }

    /// Number of lists.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no list.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Number of lists on which the metric is defined.
    pub fn count(&self) -> usize {
        self.defined().count()
    }

    /// Mean of the defined values; `None` where there is none.
    pub fn mean(&self) -> Option<f64> {
        let count = self.count();
        (count > 0).then(|| self.defined().map(|(_, value)| value).sum::<f64>() / count as f64)
    }

    /// Standard error of the mean, `s / √count` with the sample deviation s; `None` below two values.
    ///
    /// It takes lists for independent. Two rerankers on the same lists are compared with [`paired`](crate::paired),
    /// not by looking whether their error bars overlap.
    pub fn stderr(&self) -> Option<f64> {
        let (mean, count) = (self.mean()?, self.count() as f64);
        let squares: f64 = self.defined().map(|(_, value)| (value - mean).powi(2)).sum();
        (count > 1.).then(|| (squares / (count - 1.) / count).sqrt())
    }
}

impl Extend<Option<f64>> for Summary {
    fn extend<I: IntoIterator<Item = Option<f64>>>(&mut self, values: I) {
        self.values.extend(values);
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} ", self.metric)?;
        match (self.mean(), self.stderr()) {
            (Some(mean), Some(stderr)) => write!(formatter, "{mean:.4} ± {stderr:.4}")?,
            (Some(mean), None) => write!(formatter, "{mean:.4}")?,
            (None, _) => write!(formatter, "undefined")?,
        }
        write!(formatter, " ({} of {} lists)", self.count(), self.len())
    }
}

/// Why two evaluations cannot be merged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MergeError {
    /// They measure different things.
    #[error("expected a summary of `{expected}`, found one of `{found}`")]
    Metric {
        /// Metric of the first.
        expected: String,
        /// Metric of the second.
        found: String,
    },
    /// They hold different numbers of metrics.
    #[error("expected {expected} metrics, found {found}")]
    Metrics {
        /// Number in the first.
        expected: usize,
        /// Number in the second.
        found: usize,
    },
    /// They showed slates of different lengths.
    #[error("expected slates of length {expected}, found {found}")]
    SlateLength {
        /// Length in the first.
        expected: usize,
        /// Length in the second.
        found: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_undefined_list_keeps_its_index_and_counts_for_nothing() {
        let mut summary = Summary::new("ndcg@2(exp)");
        assert_eq!((summary.mean(), summary.stderr()), (None, None));
        summary.extend([None, Some(0.5), Some(1.)]);
        assert_eq!(summary.defined().collect::<Vec<_>>(), [(1, 0.5), (2, 1.)]);
        assert_eq!((summary.mean(), summary.stderr(), summary.len()), (Some(0.75), Some(0.25), 3));
        assert_eq!(summary.to_string(), "ndcg@2(exp) 0.7500 ± 0.2500 (2 of 3 lists)");
    }

    #[test]
    fn different_metrics_do_not_merge() {
        let error = Summary::new("a@1").merge(Summary::new("b@1")).unwrap_err();
        assert_eq!(error.to_string(), "expected a summary of `a@1`, found one of `b@1`");
    }
}
