//! What every estimate carries, and when it is refused.

use std::collections::BTreeMap;
use std::fmt;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::error::{OffPolicyError, Place};
use crate::BootstrapConfig;

/// How an estimate is judged.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OffPolicyConfig {
    /// How the interval is made.
    pub bootstrap: BootstrapConfig,
    /// Estimates with a smaller effective sample size are refused; at least 1.
    pub ess_floor: f64,
}

impl Default for OffPolicyConfig {
    /// 1,000 resamples, level 0.95, seed 0, a floor of 100.
    ///
    /// The mean weight is 1 in expectation, and `√(1/ESS − 1/rows)` is its relative standard error in the log. At an
    /// effective sample size of 100 that is up to 10 %, so a value is off by as much from its weights alone; and below
    /// it a few rows decide value and interval together, so that the interval can no longer warn of them.
    fn default() -> Self {
        Self { bootstrap: BootstrapConfig { resamples: 1_000, ..BootstrapConfig::default() }, ess_floor: 100. }
    }
}

impl OffPolicyConfig {
    fn check(&self) -> Result<(), OffPolicyError> {
        self.bootstrap.check()?;
        let floor = self.ess_floor;
        if floor.is_finite() && floor >= 1. { Ok(()) } else { Err(OffPolicyError::EssFloor { floor }) }
    }
}

/// The value of a policy that did not make the log, with what tells how far to trust it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// Name of the estimator.
    pub estimator: &'static str,
    /// Estimated reward per row (per action, or per slate) under the target policy.
    pub value: f64,
    /// Lower end of the percentile bootstrap interval (Efron & Tibshirani, 1993).
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// Confidence level of the interval.
    pub level: f64,
    /// Effective sample size of the weights, `(Σw)² / Σw²` (Kish, *Survey sampling*, 1965); at most the rows. With
    /// clusters also no more than that of the clusters' sums of weights, and so at most the clusters.
    pub ess: f64,
    /// Largest weight.
    pub largest_weight: f64,
    /// Rows of the log.
    pub rows: usize,
    /// Groups of rows that were taken for independent; the number of rows where no clusters were given.
    pub clusters: usize,
}

impl fmt::Display for Estimate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { estimator, value, low, high, ess, largest_weight, rows, .. } = self;
        write!(formatter, "{estimator} {value:.5} [{low:.5}, {high:.5}] ")?;
        write!(formatter, "(ESS {ess:.1} of {rows} rows, largest weight {largest_weight:.1})")
    }
}

/// Numerator and denominator that one row, or the rows of one cluster, bring to a mean.
pub(super) type Pair = [f64; 2];

/// What an estimator makes of a log. Its value is `Σ_c Σ_i numerator_ic / Σ_i denominator_ic`: plain means count each
/// row as 1 below the line, self-normalised ones by its weight.
#[derive(Debug)]
pub(super) struct Terms {
    pub(super) estimator: &'static str,
    /// Rows × columns, row by row.
    pub(super) pairs: Vec<Pair>,
    /// One mean, or one for each slot.
    pub(super) columns: usize,
    /// One weight per row, for the effective sample size.
    pub(super) weights: Vec<f64>,
    /// The largest of all weights, those of single slots among them.
    pub(super) largest_weight: f64,
}

impl Terms {
    /// Value, interval and support; or the refusal.
    pub(super) fn estimate(
        &self,
        clusters: Option<&[u32]>,
        config: &OffPolicyConfig,
    ) -> Result<Estimate, OffPolicyError> {
        config.check()?;
        let estimator = self.estimator;
        let clustered = clusters.map(|clusters| self.merged(clusters));
        let pairs = clustered.as_deref().unwrap_or(&self.pairs);
        let (units, rows) = (pairs.len() / self.columns, self.weights.len());
        if units < 2 {
            let what = if clustered.is_some() { "clusters" } else { "rows" };
            return Err(OffPolicyError::TooFew { what, found: units });
        }
        let (ess, floor) = (self.effective_sample_size(clusters), config.ess_floor);
        if ess < floor {
            let largest_weight = self.largest_weight;
            return Err(OffPolicyError::LowSupport { estimator, ess, floor, largest_weight, rows });
        }
        let sums = self.sums();
        if let Some(slot) = sums.iter().position(|sum| sum[1] == 0.) {
            return Err(OffPolicyError::NoWeight { estimator, slot });
        }
        let value = sums.iter().map(|[above, below]| above / below).sum();
        let values = resampled(pairs, self.columns, &config.bootstrap);
        let level = config.bootstrap.level;
        let tail = (((1. - level) / 2.) * values.len() as f64 + 1e-9).floor() as usize;
        Ok(Estimate {
            estimator,
            value,
            // A log so thin that no resample of it has weight in every slot leaves the interval open.
            low: values.get(tail).copied().unwrap_or(f64::NEG_INFINITY),
            high: values.iter().rev().nth(tail).copied().unwrap_or(f64::INFINITY),
            level,
            ess,
            largest_weight: self.largest_weight,
            rows,
            clusters: units,
        })
    }

    fn effective_sample_size(&self, clusters: Option<&[u32]>) -> f64 {
        let of_rows = effective_sample_size(&self.weights);
        let Some(clusters) = clusters else { return of_rows };
        // In units of the largest, so that no sum leaves the range.
        let largest = self.weights.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let mut sums = BTreeMap::new();
        for (&cluster, weight) in clusters.iter().zip(&self.weights) {
            *sums.entry(cluster).or_insert(0.) += weight / largest;
        }
        of_rows.min(effective_sample_size(&sums.into_values().collect::<Vec<f64>>()))
    }

    fn sums(&self) -> Vec<Pair> {
        let mut sums = vec![[0.; 2]; self.columns];
        self.pairs.chunks_exact(self.columns).for_each(|row| add(&mut sums, row));
        sums
    }

    /// The pairs of each cluster's rows together, by the cluster's number.
    fn merged(&self, clusters: &[u32]) -> Vec<Pair> {
        let mut sums = BTreeMap::new();
        for (row, &cluster) in self.pairs.chunks_exact(self.columns).zip(clusters) {
            add(sums.entry(cluster).or_insert_with(|| vec![[0.; 2]; self.columns]), row);
        }
        sums.into_values().flatten().collect()
    }
}

/// Sorted values of as many rows or clusters as there are, drawn with replacement.
///
/// A resample without any weight in some slot has no value and is left out; above the default floor that never
/// happens to a log that has its weights in all slots.
fn resampled(pairs: &[Pair], columns: usize, config: &BootstrapConfig) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
    let units = pairs.len() / columns;
    let mut sums = vec![[0.; 2]; columns];
    let mut values = Vec::with_capacity(config.resamples);
    for _ in 0..config.resamples {
        sums.fill([0.; 2]);
        for _ in 0..units {
            let unit = rng.random_range(0..units);
            add(&mut sums, &pairs[unit * columns..][..columns]);
        }
        if sums.iter().all(|sum| sum[1] > 0.) {
            values.push(sums.iter().map(|[above, below]| above / below).sum());
        }
    }
    values.sort_by(f64::total_cmp);
    values
}

fn add(sums: &mut [Pair], row: &[Pair]) {
    for (sum, pair) in sums.iter_mut().zip(row) {
        sum[0] += pair[0];
        sum[1] += pair[1];
    }
}

/// Kish's `(Σw)² / Σw²`; 0 where all weights are.
fn effective_sample_size(weights: &[f64]) -> f64 {
    let largest = weights.iter().copied().fold(0., f64::max);
    if largest == 0. {
        return 0.;
    }
    // In units of the largest, so that no square leaves the range.
    let (sum, squares) = weights.iter().fold((0., 0.), |(sum, squares), weight| {
        let weight = weight / largest;
        (sum + weight, squares + weight * weight)
    });
    // At most the rows by Cauchy and Schwarz, but for the last digits.
    (sum * sum / squares).min(weights.len() as f64)
}

/// `weight · value`, small enough for any sum of `terms` of its kind to be finite.
pub(super) fn checked_product(at: Place, weight: f64, value: f64, terms: usize) -> Result<f64, OffPolicyError> {
    let product = weight * value;
    let most = f64::MAX / terms as f64;
    if weight <= most && product.abs() <= most {
        Ok(product)
    } else {
        Err(OffPolicyError::Overflow { at, weight, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_effective_sample_size_is_that_of_kish_at_any_scale() {
        assert_eq!(effective_sample_size(&[1.; 7]), 7.);
        assert_eq!(effective_sample_size(&[0., 0., 5.]), 1.);
        assert_eq!(effective_sample_size(&[0.; 3]), 0.);
        assert!((effective_sample_size(&[1e300, 3e300]) - 1.6).abs() < 1e-12);
        assert!((effective_sample_size(&[1e-300, 3e-300]) - 1.6).abs() < 1e-12);
    }

    #[test]
    fn many_rows_of_two_users_are_no_support() {
        let pairs = vec![[0.5, 1.]; 10_000];
        let terms = Terms { estimator: "IPS", pairs, columns: 1, weights: vec![1.; 10_000], largest_weight: 1. };
        let users: Vec<u32> = (0..10_000).map(|row| row % 2).collect();
        let config = OffPolicyConfig::default();
        let refused = terms.estimate(Some(&users), &config);
        assert!(matches!(refused, Err(OffPolicyError::LowSupport { ess: 2., .. })), "{refused:?}");
        assert_eq!(terms.estimate(None, &config).unwrap().ess, 10_000.);
    }

    #[test]
    fn an_estimate_prints_what_it_rests_on() {
        let terms = Terms {
            estimator: "IPS",
            pairs: vec![[0.5, 1.]; 4],
            columns: 1,
            weights: vec![1., 1., 2., 0.],
            largest_weight: 2.,
        };
        let config = OffPolicyConfig { ess_floor: 2., ..OffPolicyConfig::default() };
        let estimate = terms.estimate(None, &config).unwrap();
        assert_eq!(estimate.to_string(), "IPS 0.50000 [0.50000, 0.50000] (ESS 2.7 of 4 rows, largest weight 2.0)");
    }
}
