//! What would another policy have earned? Answers from the logs of the policy that ran.
//!
//! Rows are weighted by how much more often the target policy would have done what was logged. [`ItemLog`] holds
//! single actions, [`SlateLog`] slates with a reward per slot; [`ItemEstimator`] and [`SlateEstimator`] say what each
//! estimator assumes. An [`Estimate`] carries its interval, effective sample size and largest weight; where the log
//! says too little it is not given at all, but refused with [`OffPolicyError::LowSupport`].
//!
//! ```
//! use psad_core::Slate;
//! use psad_eval::off_policy::{
//!     Logged, Marginal, OffPolicyConfig, OffPolicyError, SlateEstimator, SlateLog, plackett_luce_conditionals,
//!     plackett_luce_marginals,
//! };
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // The log: three items were shuffled uniformly into two slots, and only item 0 was ever clicked.
//! let (uniform, target) = ([0., 0., 0.], [2., 0., 1.]); // logits of both policies
//! let (mut rows, mut marginals) = (Vec::new(), Vec::new());
//! for row in 0..1200 {
//!     let slate = Slate::new([[0, 1], [0, 2], [1, 0], [1, 2], [2, 0], [2, 1]][row % 6].to_vec(), 3)?;
//!     let slots = plackett_luce_conditionals(&uniform, &slate)?.into_iter();
//!     let slots = slots.zip(plackett_luce_conditionals(&target, &slate)?).zip(slate.iter());
//!     let logged = |((propensity, target), item)| Logged { reward: f64::from(u8::from(item == 0)), propensity, target };
//!     rows.push(slots.map(logged).collect());
//!     let slots = plackett_luce_marginals(&uniform, &slate)?.into_iter().zip(plackett_luce_marginals(&target, &slate)?);
//!     marginals.push(slots.map(|(propensity, target)| Marginal { propensity, target }).collect());
//! }
//! let log = SlateLog::new(rows)?.with_marginals(&marginals)?;
//!
//! // The chance that the target policy shows item 0 at all.
//! let best = log.estimate(SlateEstimator::Iips, &OffPolicyConfig::default())?;
//! println!("{best}"); // IIPS 0.94661 [0.90254, 0.99107] (ESS ...)
//! # assert!(best.to_string().starts_with("IIPS 0.94661 [0.90254, 0.99107]"), "{best}");
//! # let rips = log.estimate(SlateEstimator::Rips, &OffPolicyConfig::default())?;
//! # assert!((best.value - rips.value).abs() < 1e-9, "{best} {rips}");
//! let strict = OffPolicyConfig { ess_floor: 1_100., ..OffPolicyConfig::default() };
//! let refused = log.estimate(SlateEstimator::Sips, &strict);
//! assert!(matches!(refused, Err(OffPolicyError::LowSupport { floor: 1_100., .. })));
//! # Ok(())
//! # }
//! ```
//!
//! # What this does not do
//! Weights are neither clipped nor shrunk, and propensities are taken as given, not estimated. Intervals are
//! percentile intervals: they are too narrow where a few large weights decide, which is what the floor is for. Where no
//! row has a reward, the estimate is 0 and so are both ends of its interval, however rare rewards are. And a log without a
//! single row that the target policy favours does not show it in its weights at all: compare the [`Estimate::ess`] with
//! [`Estimate::rows`], and distrust a policy that shows what the log never did.

mod error;
mod estimate;
mod item;
mod plackett_luce;
mod slate;

pub use error::{OffPolicyError, Place};
pub use estimate::{Estimate, OffPolicyConfig};
pub use item::{ItemEstimator, ItemLog, Logged, Predicted};
pub use plackett_luce::{plackett_luce_conditionals, plackett_luce_marginals};
pub use slate::{Marginal, SlateEstimator, SlateLog};
