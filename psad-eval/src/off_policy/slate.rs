//! Logs in which each row is a slate with a reward in every slot.

use std::fmt;

use psad_core::LabeledList;

use super::error::{OffPolicyError, Place, check_finite, check_length, checked_weight};
use super::estimate::{Estimate, OffPolicyConfig, Pair, Terms, checked_product};
use super::item::Logged;

/// Probabilities of an item in a slot over all that could have stood above it, `P(slot k holds i | x)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Marginal {
    /// Under the policy that made the log, in (0, 1].
    pub propensity: f64,
    /// Under the target policy, in [0, 1].
    pub target: f64,
}

/// How the value of a policy, its expected sum of rewards per slate, is estimated from slates. Each weighs the reward
/// of slot `k` by `w_k`; `ratio_j` is `π(i_j | slots above) / π₀(i_j | slots above)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SlateEstimator {
    /// Standard IPS: `w_k = Π_j ratio_j` over all slots, above and below (Horvitz & Thompson, JASA 1952). Assumes
    /// nothing of the user; its weights are the largest.
    Sips,
    /// SIPS, self-normalised (Swaminathan & Joachims, NIPS 2015).
    Snsips,
    /// Independent positions, the item-position model (Li et al., KDD 2018): `w_k` is the ratio of the two
    /// [`Marginal`]s. Right where a reward depends on its own item and slot alone.
    ///
    /// The conditionals of [`Logged`] are no substitute: weighed by them the slot keeps the logging policy's
    /// distribution of what stands above, and with it of what is left to be shown, so the estimate is biased even for
    /// a user who meets all assumptions.
    Iips,
    /// IIPS, self-normalised slot by slot.
    Sniips,
    /// Reward interaction, the cascade (`McInerney` et al., KDD 2020): `w_k = Π_{j ≤ k} ratio_j`. Right where a reward
    /// depends on its own slot and those above.
    Rips,
    /// RIPS, self-normalised slot by slot.
    Snrips,
}

impl SlateEstimator {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Sips, Self::Snsips, Self::Iips, Self::Sniips, Self::Rips, Self::Snrips];

    /// The usual abbreviation.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sips => "SIPS",
            Self::Snsips => "SNSIPS",
            Self::Iips => "IIPS",
            Self::Sniips => "SNIIPS",
            Self::Rips => "RIPS",
            Self::Snrips => "SNRIPS",
        }
    }

    fn is_self_normalised(self) -> bool {
        matches!(self, Self::Snsips | Self::Sniips | Self::Snrips)
    }
}

impl fmt::Display for SlateEstimator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// A checked log of slates.
///
/// Slates may differ in length, as long as both policies would have shown as many: a slot that a row lacks counts as
/// one that both leave empty with certainty, for no reward.
///
/// The effective sample size is Kish's over one weight per row, the mean of the row's `w_k` with each slot counted by
/// its mean absolute reward in the log. That is the plain one for SIPS; and for the others, whose weights grow with
/// depth, it does not refuse for the sake of slots that nobody clicks in. The largest weight is that of any slot.
///
/// ```
/// use psad_eval::off_policy::{Logged, OffPolicyConfig, SlateEstimator, SlateLog};
/// // Two items in two slots; either order was logged half the time, and item 0 is clicked wherever it stands.
/// // The target policy shows item 0 first in four slates of five.
/// let rows = (0..400).map(|row| {
///     let (rewards, target) = if row % 2 == 0 { ([1., 0.], 0.8) } else { ([0., 1.], 0.2) };
///     let first = Logged { reward: rewards[0], propensity: 0.5, target };
///     vec![first, Logged { reward: rewards[1], propensity: 1., target: 1. }]
/// });
/// let log = SlateLog::new(rows.collect())?;
/// let estimate = log.estimate(SlateEstimator::Rips, &OffPolicyConfig::default())?;
/// assert!((estimate.value - 1.).abs() < 1e-12 && estimate.largest_weight == 1.6);
/// # Ok::<(), psad_eval::off_policy::OffPolicyError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SlateLog {
    rows: Vec<Row>,
    /// Slots of the longest slate.
    slots: usize,
    has_marginals: bool,
    clusters: Option<Vec<u32>>,
}

#[derive(Debug, Clone, PartialEq)]
struct Row {
    rewards: Vec<f64>,
    /// Per slot, the ratio of probabilities given the slots above.
    ratios: Vec<f64>,
    /// Per slot, the ratio of marginals; empty where none were given.
    marginals: Vec<f64>,
}

impl SlateLog {
    /// Checks the rows, each the slots of a slate from the top.
    ///
    /// # Errors
    /// [`OffPolicyError::Propensity`], [`OffPolicyError::Target`], or [`OffPolicyError::NonFinite`] for a reward.
    pub fn new(rows: Vec<Vec<Logged>>) -> Result<Self, OffPolicyError> {
        let slots = rows.iter().map(Vec::len).max().unwrap_or(0);
        let row = |(row, logged): (usize, Vec<Logged>)| {
            let ratio = |(slot, logged): (usize, &Logged)| {
                let at = Place { row, slot: Some(slot) };
                check_finite(at, "reward", logged.reward)?;
                checked_weight(at, logged.propensity, logged.target)
            };
            let ratios = logged.iter().enumerate().map(ratio).collect::<Result<_, _>>()?;
            let rewards = logged.into_iter().map(|logged| logged.reward).collect();
            Ok::<Row, OffPolicyError>(Row { rewards, ratios, marginals: Vec::new() })
        };
        let rows = rows.into_iter().enumerate().map(row).collect::<Result<_, _>>()?;
        Ok(Self { rows, slots, has_marginals: false, clusters: None })
    }

    /// A log from lists with what was shown; the rewards are the labels of the shown items. `targets` has, for each
    /// list, the target policy's probability of each slot's item given the slots above.
    ///
    /// # Errors
    /// [`OffPolicyError::NothingShown`], [`OffPolicyError::Length`], and those of [`Self::new`].
    pub fn from_lists(lists: &[LabeledList], targets: &[Vec<f64>]) -> Result<Self, OffPolicyError> {
        check_length("lists of target probabilities", lists.len(), targets.len())?;
        let rows = lists.iter().zip(targets).enumerate().map(|(row, (list, targets))| {
            let shown = list.shown().ok_or(OffPolicyError::NothingShown { row })?;
            check_length("target probabilities of a slate", shown.slate.len(), targets.len())?;
            let slots = shown.slate.iter().zip(&shown.propensities).zip(targets);
            let logged = slots.map(|((item, &propensity), &target)| Logged {
                reward: list.labels()[item].into(),
                propensity,
                target,
            });
            Ok(logged.collect())
        });
        Self::new(rows.collect::<Result<_, OffPolicyError>>()?)
    }

    /// Adds the marginal probabilities of every slot; IIPS and SNIIPS read them. For Plackett–Luce policies
    /// [`plackett_luce_marginals`](super::plackett_luce_marginals) has them; for policies that fill each slot without
    /// a look at the others they are the propensities and target probabilities themselves.
    ///
    /// # Errors
    /// [`OffPolicyError::Length`], [`OffPolicyError::Propensity`], or [`OffPolicyError::Target`].
    pub fn with_marginals(mut self, marginals: &[Vec<Marginal>]) -> Result<Self, OffPolicyError> {
        check_length("rows of marginals", self.rows.len(), marginals.len())?;
        for (index, (row, marginals)) in self.rows.iter_mut().zip(marginals).enumerate() {
            check_length("marginals of a slate", row.rewards.len(), marginals.len())?;
            let ratio = |(slot, marginal): (usize, &Marginal)| {
                checked_weight(Place { row: index, slot: Some(slot) }, marginal.propensity, marginal.target)
            };
            row.marginals = marginals.iter().enumerate().map(ratio).collect::<Result<_, _>>()?;
        }
        self.has_marginals = true;
        Ok(self)
    }

    /// Says whose slate each is. Slates of one user are not independent, so the bootstrap then draws whole users.
    ///
    /// # Errors
    /// [`OffPolicyError::Length`].
    pub fn with_clusters(mut self, clusters: Vec<u32>) -> Result<Self, OffPolicyError> {
        check_length("clusters", self.rows.len(), clusters.len())?;
        self.clusters = Some(clusters);
        Ok(self)
    }

    /// Number of slates.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no slate.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Mean reward of a slate in the log: what the logging policy itself is worth.
    pub fn logged_value(&self) -> Option<f64> {
        let sum: f64 = self.rows.iter().flat_map(|row| &row.rewards).sum();
        (!self.rows.is_empty()).then(|| sum / self.rows.len() as f64)
    }

    /// The target policy's reward per slate.
    ///
    /// # Errors
    /// [`OffPolicyError::LowSupport`] where the effective sample size is below the floor, [`OffPolicyError::NoWeight`]
    /// for a self-normalised estimator where a slot has no weight; [`OffPolicyError::Missing`] for IIPS and SNIIPS
    /// without marginals; fewer than two rows or clusters; numbers too large to be summed; a faulty config.
    pub fn estimate(&self, estimator: SlateEstimator, config: &OffPolicyConfig) -> Result<Estimate, OffPolicyError> {
        let independent = matches!(estimator, SlateEstimator::Iips | SlateEstimator::Sniips);
        if independent && !self.has_marginals {
            return Err(OffPolicyError::Missing { estimator: estimator.name(), what: "marginal probabilities" });
        }
        let shares = self.shares();
        // Slates that are all empty still make rows, of one column without reward.
        let columns = if estimator.is_self_normalised() { self.slots.max(1) } else { 1 };
        let (mut pairs, mut weights) = (Vec::with_capacity(self.rows.len() * columns), Vec::new());
        let mut largest_weight = 0_f64;
        for (index, row) in self.rows.iter().enumerate() {
            let slots = row.weights(estimator, self.slots);
            largest_weight = slots.iter().copied().fold(largest_weight, f64::max);
            pairs.extend(self.row_pairs(index, &slots, estimator.is_self_normalised())?);
            weights.push(slots.iter().zip(&shares).map(|(weight, share)| weight * share).sum());
        }
        let terms = Terms { estimator: estimator.name(), pairs, columns, weights, largest_weight };
        terms.estimate(self.clusters.as_deref(), config)
    }

    /// One pair of the row, or one for each slot where each is normalised by itself.
    fn row_pairs(&self, row: usize, weights: &[f64], normalised: bool) -> Result<Vec<Pair>, OffPolicyError> {
        let rewards = &self.rows[row].rewards;
        let terms = self.rows.len() * self.slots;
        let slot = |(slot, &weight): (usize, &f64)| {
            let reward = rewards.get(slot).copied().unwrap_or(0.);
            Ok([checked_product(Place { row, slot: Some(slot) }, weight, reward, terms)?, weight])
        };
        let pairs = weights.iter().enumerate().map(slot).collect::<Result<Vec<Pair>, OffPolicyError>>()?;
        Ok(if normalised { pairs } else { vec![[pairs.iter().map(|pair| pair[0]).sum(), 1.]] })
    }

    /// What part of the absolute reward came from each slot; equal parts where there was none.
    fn shares(&self) -> Vec<f64> {
        let mut shares = vec![0.; self.slots.max(1)];
        // Means of magnitudes in units of the largest, so that no sum leaves the range.
        let rewards = || self.rows.iter().flat_map(|row| row.rewards.iter().enumerate());
        let largest = rewards().map(|(_, reward)| reward.abs()).fold(0., f64::max);
        if largest > 0. {
            rewards().for_each(|(slot, reward)| shares[slot] += reward.abs() / largest);
        } else {
            shares.fill(1.);
        }
        let sum: f64 = shares.iter().sum();
        shares.iter().map(|share| share / sum).collect()
    }
}

impl Row {
    /// The weight of each slot, also of those of `slots` that the row lacks; at least one.
    fn weights(&self, estimator: SlateEstimator, slots: usize) -> Vec<f64> {
        let all = || 0..slots.max(1);
        match estimator {
            SlateEstimator::Sips | SlateEstimator::Snsips => vec![self.ratios.iter().product(); slots.max(1)],
            SlateEstimator::Iips | SlateEstimator::Sniips => {
                all().map(|slot| self.marginals.get(slot).copied().unwrap_or(1.)).collect()
            }
            SlateEstimator::Rips | SlateEstimator::Snrips => {
                let ratio = |slot| self.ratios.get(slot).copied().unwrap_or(1.);
                let grown = all().scan(1., |weight, slot| {
                    *weight *= ratio(slot);
                    Some(*weight)
                });
                grown.collect()
            }
        }
    }
}
