//! Logs in which each row is one action.

use std::fmt;

use super::error::{OffPolicyError, Place, check_finite, check_length, checked_weight};
use super::estimate::{Estimate, OffPolicyConfig, Terms, checked_product};

/// One logged action: an item that was shown alone, or what stood in one slot of a slate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Logged {
    /// What came of it, a click for instance.
    pub reward: f64,
    /// Probability of the action under the policy that made the log, in (0, 1]. In a slate: given the slots above.
    pub propensity: f64,
    /// Probability of the same action under the target policy, in [0, 1]. In a slate: given the slots above.
    pub target: f64,
}

/// What a reward model says about one row; fit it on other rows than those it is used with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Predicted {
    /// Predicted reward `q̂(x, a)` of the logged action.
    pub logged: f64,
    /// Expected prediction under the target policy, `Σ_a π(a | x) q̂(x, a)`.
    pub expected: f64,
}

/// How the value of a policy is estimated from single actions. With `w = π(a | x) / π₀(a | x)`:
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemEstimator {
    /// Inverse propensity scores, the mean of `w r` (Horvitz & Thompson, JASA 1952); unbiased.
    Ips,
    /// Self-normalised, `Σ w r / Σ w` (Swaminathan & Joachims, NIPS 2015): stays within the range of the rewards, and
    /// usually varies less, for a bias that vanishes with the rows.
    Snips,
    /// Direct method, the mean of the expected prediction: as right as the model is. It weighs nothing, so its
    /// effective sample size is the number of rows, its interval says nothing of the model's error, and no floor
    /// warns of a policy that the log never saw.
    Dm,
    /// Doubly robust, the mean of `q̂(π) + w (r − q̂(a))` (Dudík, Langford & Li, ICML 2011): right if either the model
    /// or the propensities are.
    Dr,
}

impl ItemEstimator {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ips, Self::Snips, Self::Dm, Self::Dr];

    /// The usual abbreviation.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ips => "IPS",
            Self::Snips => "SNIPS",
            Self::Dm => "DM",
            Self::Dr => "DR",
        }
    }
}

impl fmt::Display for ItemEstimator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// A checked log of single actions.
///
/// ```
/// use psad_eval::off_policy::{ItemEstimator, ItemLog, Logged, OffPolicyConfig};
/// // Item 0 was shown three times in four and is clicked every time; the target policy shows each item half the time.
/// let shown = [0, 0, 0, 1].repeat(100);
/// let rows = shown.iter().map(|&item| {
///     let (reward, propensity) = if item == 0 { (1., 0.75) } else { (0., 0.25) };
///     Logged { reward, propensity, target: 0.5 }
/// });
/// let log = ItemLog::new(rows.collect())?;
/// let estimate = log.estimate(ItemEstimator::Ips, &OffPolicyConfig::default())?;
/// assert!((estimate.value - 0.5).abs() < 1e-12 && estimate.low < 0.5 && estimate.high > 0.5);
/// assert_eq!((estimate.ess.round(), estimate.largest_weight), (300., 2.));
/// # Ok::<(), psad_eval::off_policy::OffPolicyError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ItemLog {
    rows: Vec<Logged>,
    weights: Vec<f64>,
    predictions: Option<Vec<Predicted>>,
    clusters: Option<Vec<u32>>,
}

impl ItemLog {
    /// Checks the rows.
    ///
    /// # Errors
    /// [`OffPolicyError::Propensity`], [`OffPolicyError::Target`], or [`OffPolicyError::NonFinite`] for a reward.
    pub fn new(rows: Vec<Logged>) -> Result<Self, OffPolicyError> {
        let weight = |(row, logged): (usize, &Logged)| {
            let at = Place { row, slot: None };
            check_finite(at, "reward", logged.reward)?;
            checked_weight(at, logged.propensity, logged.target)
        };
        let weights = rows.iter().enumerate().map(weight).collect::<Result<_, _>>()?;
        Ok(Self { rows, weights, predictions: None, clusters: None })
    }

    /// Adds what a reward model says about each row; DM and DR read it.
    ///
    /// # Errors
    /// [`OffPolicyError::Length`], or [`OffPolicyError::NonFinite`].
    pub fn with_predictions(mut self, predictions: Vec<Predicted>) -> Result<Self, OffPolicyError> {
        check_length("predictions", self.rows.len(), predictions.len())?;
        for (row, predicted) in predictions.iter().enumerate() {
            let at = Place { row, slot: None };
            check_finite(at, "prediction for the logged action", predicted.logged)?;
            check_finite(at, "expected prediction", predicted.expected)?;
        }
        self.predictions = Some(predictions);
        Ok(self)
    }

    /// Says whose row each is. Rows of one user are not independent, so the bootstrap then draws whole users.
    ///
    /// # Errors
    /// [`OffPolicyError::Length`].
    pub fn with_clusters(mut self, clusters: Vec<u32>) -> Result<Self, OffPolicyError> {
        check_length("clusters", self.rows.len(), clusters.len())?;
        self.clusters = Some(clusters);
        Ok(self)
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Mean reward of the log: what the logging policy itself is worth.
    pub fn logged_value(&self) -> Option<f64> {
        let sum: f64 = self.rows.iter().map(|row| row.reward).sum();
        (!self.rows.is_empty()).then(|| sum / self.rows.len() as f64)
    }

    /// The target policy's reward per row.
    ///
    /// # Errors
    /// [`OffPolicyError::LowSupport`] where the effective sample size is below the floor; [`OffPolicyError::Missing`]
    /// for DM and DR without predictions; fewer than two rows or clusters; numbers too large to be summed; a faulty
    /// config.
    pub fn estimate(&self, estimator: ItemEstimator, config: &OffPolicyConfig) -> Result<Estimate, OffPolicyError> {
        let rows = self.rows.len();
        let weight = |row: usize| if estimator == ItemEstimator::Dm { 1. } else { self.weights[row] };
        let pair = |row: usize| -> Result<[f64; 2], OffPolicyError> {
            let at = Place { row, slot: None };
            let (weight, reward) = (weight(row), self.rows[row].reward);
            let product = |value: f64| checked_product(at, weight, value, rows);
            Ok(match estimator {
                ItemEstimator::Ips => [product(reward)?, 1.],
                ItemEstimator::Snips => [product(reward)?, weight],
                ItemEstimator::Dm => [product(self.predicted(estimator, row)?.expected)?, 1.],
                ItemEstimator::Dr => {
                    let Predicted { logged, expected } = self.predicted(estimator, row)?;
                    let corrected = expected + product(reward - logged)?;
                    [checked_product(at, 1., corrected, rows)?, 1.]
                }
            })
        };
        let weights: Vec<f64> = (0..rows).map(weight).collect();
        let terms = Terms {
            estimator: estimator.name(),
            pairs: (0..rows).map(pair).collect::<Result<_, _>>()?,
            columns: 1,
            largest_weight: weights.iter().copied().fold(0., f64::max),
            weights,
        };
        terms.estimate(self.clusters.as_deref(), config)
    }

    fn predicted(&self, estimator: ItemEstimator, row: usize) -> Result<Predicted, OffPolicyError> {
        let missing = OffPolicyError::Missing { estimator: estimator.name(), what: "predictions of a reward model" };
        self.predictions.as_ref().map(|predictions| predictions[row]).ok_or(missing)
    }
}
