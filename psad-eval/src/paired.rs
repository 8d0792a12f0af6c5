//! Is one reranker better than another, or was it luck?

use std::collections::BTreeMap;

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use thiserror::Error;

/// How [`paired`] and [`off_policy`](crate::off_policy) resample.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BootstrapConfig {
    /// Resamples of the interval, and random sign patterns of a test; at least 2 / (1 − level), at most 10,000,000.
    pub resamples: usize,
    /// Confidence level of the interval, between 0 and 1.
    pub level: f64,
    /// Same seed, same answer.
    pub seed: u64,
}

impl Default for BootstrapConfig {
    /// 10,000 resamples, level 0.95, seed 0.
    fn default() -> Self {
        Self { resamples: 10_000, level: 0.95, seed: 0 }
    }
}

/// A thousand times the default; more is surely a slip of the keyboard.
const MOST_RESAMPLES: usize = 10_000_000;

impl BootstrapConfig {
    pub(crate) fn check(&self) -> Result<(), CompareError> {
        if !(self.level > 0. && self.level < 1.) {
            return Err(CompareError::Level { level: self.level });
        }
        let needed = (2. / (1. - self.level) - 1e-9).ceil() as usize;
        if self.resamples < needed {
            return Err(CompareError::Resamples { level: self.level, needed, found: self.resamples });
        }
        if self.resamples > MOST_RESAMPLES {
            return Err(CompareError::TooManyResamples { most: MOST_RESAMPLES, found: self.resamples });
        }
        Ok(())
    }
}

/// What [`paired`] found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Comparison {
    /// Mean of a − b over the lists.
    pub diff: f64,
    /// Lower end of the confidence interval of the difference.
    pub low: f64,
    /// Upper end of the confidence interval of the difference.
    pub high: f64,
    /// Two-sided p-value of the sign-flip test.
    pub p: f64,
    /// Lists on which both are defined.
    pub lists: usize,
    /// Groups of lists that were taken for independent; the number of lists where no clusters were given.
    pub clusters: usize,
    /// Confidence level of the interval.
    pub level: f64,
}

impl Comparison {
    /// Whether `p < 1 − level`. With many comparisons in one table, expect some to be so by chance.
    pub fn is_significant(&self) -> bool {
        self.p < 1. - self.level
    }
}

/// Compares the values of two rerankers on the same lists, over the lists where both are defined.
///
/// The interval is the percentile bootstrap of the mean difference (Efron & Tibshirani, *An introduction to the
/// bootstrap*, 1993). The p-value comes from a paired sign-flip test (Fisher's randomisation; Smucker, Allan &
/// Carterette, CIKM 2007): under the null either reranker could have produced either value, so the sign of each
/// difference is a coin toss, and `p = (1 + #{|flipped sum| ≥ |sum|}) / (1 + resamples)`, which is never 0. Swapping
/// `a` and `b` mirrors the interval and leaves p as it is, to the last bit.
///
/// ```
/// use psad_eval::{BootstrapConfig, paired};
/// let a: Vec<_> = (0..50).map(|list| Some(0.5 + f64::from(list % 5) * 0.1)).collect();
/// let b: Vec<_> = (0..50).map(|list| Some(0.4 + f64::from(list % 3) * 0.1)).collect();
/// let comparison = paired(&a, &b, &BootstrapConfig::default())?;
/// assert!(comparison.is_significant() && comparison.low > 0.);
/// # Ok::<(), psad_eval::CompareError>(())
/// ```
///
/// # Errors
/// [`CompareError`]: other numbers of values, a value that is not finite, fewer than two lists, a faulty config.
pub fn paired(a: &[Option<f64>], b: &[Option<f64>], config: &BootstrapConfig) -> Result<Comparison, CompareError> {
    let differences = differences(a, b)?;
    let clusters: Vec<Cluster> = differences.iter().map(|&(_, sum)| Cluster { sum, lists: 1. }).collect();
    compare(&clusters, config)
}

/// [`paired`] where several lists share a user: `clusters` names the user of each list.
///
/// Lists of one user are not independent. So whole users are drawn with their lists, and signs are flipped per user;
/// the difference stays the mean over lists.
///
/// # Errors
/// As [`paired`], with fewer than two clusters in place of lists.
pub fn paired_clustered(
    a: &[Option<f64>],
    b: &[Option<f64>],
    clusters: &[u32],
    config: &BootstrapConfig,
) -> Result<Comparison, CompareError> {
    check_length("clusters", a.len(), clusters.len())?;
    let mut sums = BTreeMap::new();
    for (list, difference) in differences(a, b)? {
        let cluster: &mut Cluster = sums.entry(clusters[list]).or_default();
        cluster.sum += difference;
        cluster.lists += 1.;
    }
    let clusters: Vec<Cluster> = sums.into_values().collect();
    compare(&clusters, config)
}

/// Lists that are drawn together.
#[derive(Debug, Clone, Copy, Default)]
struct Cluster {
    /// Sum of their differences.
    sum: f64,
    /// Their number.
    lists: f64,
}

fn differences(a: &[Option<f64>], b: &[Option<f64>]) -> Result<Vec<(usize, f64)>, CompareError> {
    check_length("values of b", a.len(), b.len())?;
    let both = a.iter().zip(b).enumerate().filter_map(|(list, (&a, &b))| Some((list, a?, b?)));
    let checked = both.map(|(list, a, b)| match a - b {
        difference if difference.is_finite() => Ok((list, difference)),
        _ => Err(CompareError::NonFinite { list, a, b }),
    });
    checked.collect()
}

fn compare(clusters: &[Cluster], config: &BootstrapConfig) -> Result<Comparison, CompareError> {
    config.check()?;
    if clusters.len() < 2 {
        return Err(CompareError::TooFew { found: clusters.len() });
    }
    let lists: f64 = clusters.iter().map(|cluster| cluster.lists).sum();
    let sum: f64 = clusters.iter().map(|cluster| cluster.sum).sum();
    let means = resampled_means(clusters, config);
    let tail = (((1. - config.level) / 2.) * means.len() as f64 + 1e-9).floor() as usize;
    Ok(Comparison {
        diff: sum / lists,
        // Both ends are as far from theirs, so that swapping a and b mirrors the interval exactly.
        low: means[tail],
        high: means[means.len() - 1 - tail],
        p: sign_flip(clusters, config),
        lists: lists as usize,
        clusters: clusters.len(),
        level: config.level,
    })
}

/// Sorted means of as many clusters as there are, drawn with replacement.
fn resampled_means(clusters: &[Cluster], config: &BootstrapConfig) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
    let resample = |_| {
        let (mut sum, mut lists) = (0., 0.);
        for _ in clusters {
            let cluster = clusters[rng.random_range(0..clusters.len())];
            sum += cluster.sum;
            lists += cluster.lists;
        }
        sum / lists
    };
    let mut means: Vec<f64> = (0..config.resamples).map(resample).collect();
    means.sort_by(f64::total_cmp);
    means
}

fn sign_flip(clusters: &[Cluster], config: &BootstrapConfig) -> f64 {
    let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
    // Another stream than the bootstrap's, so that the two do not share their luck.
    rng.set_stream(1);
    let sum: f64 = clusters.iter().map(|cluster| cluster.sum).sum();
    // Sums that are equal on paper differ in their last digits; they must count as equal.
    let rounding = 1e-12 * clusters.iter().map(|cluster| cluster.sum.abs()).sum::<f64>();
    let mut extreme = 0_usize;
    for _ in 0..config.resamples {
        let mut flipped = 0.;
        for word in clusters.chunks(64) {
            let mut signs = rng.next_u64();
            for cluster in word {
                flipped += f64::from_bits(cluster.sum.to_bits() ^ (signs << 63));
                signs >>= 1;
            }
        }
        extreme += usize::from(f64::abs(flipped) >= sum.abs() - rounding);
    }
    (1 + extreme) as f64 / (1 + config.resamples) as f64
}

fn check_length(what: &'static str, expected: usize, found: usize) -> Result<(), CompareError> {
    if expected == found { Ok(()) } else { Err(CompareError::Length { what, expected, found }) }
}

/// Why two rerankers cannot be compared.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum CompareError {
    /// Two lengths that had to agree.
    #[error("{what}: expected {expected}, found {found}")]
    Length {
        /// What was counted.
        what: &'static str,
        /// Number of values of a.
        expected: usize,
        /// Number that was given.
        found: usize,
    },
    /// A difference that is not a number.
    #[error("list {list} has the values {a} and {b}; values and their difference must be finite")]
    NonFinite {
        /// The list.
        list: usize,
        /// Value of a.
        a: f64,
        /// Value of b.
        b: f64,
    },
    /// Chance cannot be judged from a single observation.
    #[error("at least 2 independent lists (or clusters) must be defined in both, found {found}")]
    TooFew {
        /// Number of lists or clusters.
        found: usize,
    },
    /// A level outside (0, 1).
    #[error("the confidence level is {level}; it must lie between 0 and 1")]
    Level {
        /// The level.
        level: f64,
    },
    /// The tails of the interval would be empty.
    #[error("a level of {level} needs at least {needed} resamples, found {found}")]
    Resamples {
        /// The level.
        level: f64,
        /// Least number of resamples.
        needed: usize,
        /// Number that was given.
        found: usize,
    },
    /// The values of all resamples are kept in memory.
    #[error("at most {most} resamples are drawn, found {found}")]
    TooManyResamples {
        /// Greatest number of resamples.
        most: usize,
        /// Number that was given.
        found: usize,
    },
}
