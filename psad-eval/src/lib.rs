//! How good a reranker is, how sure one can be of it, and how long it takes.
//!
//! The same name means different things in different papers: NDCG has two gains, average precision three denominators,
//! and few say what a list without a relevant item counts. Here each choice is a value of an enum, and every number
//! carries a name that tells it: `ndcg@10(exp)`, `map@5(/hits)`, `recall@10(empty=zero)`.
//!
//! ```
//! use psad_core::{Candidates, History, Items, LabeledList, Request, Slate, User, from_fn};
//! use psad_eval::{BootstrapConfig, Gain, InitialOrder, Measure, evaluate, paired};
//! # use ndarray::{Array1, Array2, array};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let list = |best: usize| -> Result<LabeledList, Box<dyn std::error::Error>> {
//! #     let items = Items::new(Array2::zeros((3, 1)), Array2::zeros((3, 0)))?;
//! #     let scores = Array1::from_shape_fn(3, |item| if item == best { 0.9 } else { 0.1 });
//! #     let request = Request::new(User::anonymous(), History::empty(1, 0), Candidates::new(items, scores)?)?;
//! #     Ok(LabeledList::new(request, array![0., 1., 1.])?)
//! # };
//! # let lists: Vec<LabeledList> = (0..40).map(|n| list(n % 3)).collect::<Result<_, _>>()?;
//! let by_score = from_fn(|request, len| Ok(Slate::top_by_score(request.candidates().scores(), len)?));
//! let metrics = [Measure::Ndcg(Gain::Exponential).at(2), Measure::Clicks.at(2)];
//!
//! let ours = evaluate(&by_score, &lists, &metrics, 2)?; // lists: Vec<LabeledList>
//! let initial = evaluate(&InitialOrder, &lists, &metrics, 2)?;
//! println!("{ours}{initial}"); // ndcg@2(exp) 0.5339 ± 0.0173 (40 of 40 lists) ...
//! # assert!(ours.to_string().starts_with("ndcg@2(exp) 0.5339 ± 0.0173 (40 of 40 lists)"), "{ours}");
//!
//! let (a, b) = (ours.get("ndcg@2(exp)").unwrap(), initial.get("ndcg@2(exp)").unwrap());
//! let comparison = paired(a.values(), b.values(), &BootstrapConfig::default())?;
//! assert!(comparison.diff > 0. && comparison.is_significant());
//! # Ok(())
//! # }
//! ```
//!
//! What stands where:
//!
//! * [`Measure`], [`AtK`]: the metrics of a slate; [`Metric`], the trait for one's own; [`Ranked`], what they read.
//! * [`Gain`], [`Denominator`], [`NoRelevant`], [`ShortList`], [`Ties`]: the choices.
//! * [`auc`], [`gauc`], [`log_loss`], [`log_loss_of_logits`]: scores against labels; [`Calibration`] with [`Bins`]: the
//!   expected calibration error (ECE) and its reliability table.
//! * [`CategoryIld`], [`CosineIld`], [`AlphaNdcg`], [`CategoryCoverage`]: diversity of the top k, from [`Topics`] or
//!   vectors; [`ExposureGini`]: how unevenly many slates share out exposure.
//! * [`Agreement`]: Kendall's τ, RBO and top-k overlap of two orders of one list.
//! * [`evaluate`], [`Report`], [`Summary`]: a reranker over many lists, kept per list, so that shards merge exactly.
//! * [`paired`], [`paired_clustered`], [`Comparison`]: a difference with its interval and p-value.
//! * [`off_policy`]: what another policy would have earned, from logs with propensities (IPS, DR, SIPS, IIPS, RIPS).
//! * [`latency`], [`Latency`]: p50 and p99 of one answer.
//! * [`InitialOrder`], [`RandomOrder`]: the rows that every table has.
//!
//! Neighbours: `psad-core` has the lists and the reranker trait, `psad-data` reads lists from files, `psad-sim` makes
//! them with a known truth, against which regret can be measured.
//!
//! # What this does not do
//! [`evaluate`] sees labels alone: diversity and agreement take one slate at a time, and their values are pushed into a
//! [`Summary`]. Intervals are percentile intervals: below some twenty lists they are too narrow. Nothing is corrected
//! for many comparisons.

mod agreement;
mod calibration;
mod cascade;
mod diversity;
mod evaluate;
mod gains;
mod hits;
mod input;
mod latency;
mod measure;
mod metric;
pub mod off_policy;
mod paired;
mod policy;
mod ranked;
mod reference;
mod scores;
mod summary;

pub use agreement::Agreement;
pub use calibration::{Bin, Bins, Calibration};
pub use diversity::{
    AlphaNdcg, CategoryCoverage, CategoryIld, CosineIld, ExposureDiscount, ExposureGini, Population, Topics,
};
pub use evaluate::{EvaluateError, Report, evaluate};
pub use input::InputError;
pub use latency::{Latency, LatencyError, latency};
pub use measure::{AtK, Measure};
pub use metric::Metric;
pub use paired::{BootstrapConfig, CompareError, Comparison, paired, paired_clustered};
pub use policy::{Denominator, Gain, NoRelevant, ShortList};
pub use ranked::{Ranked, Ties};
pub use reference::{InitialOrder, RandomOrder};
pub use scores::{ListWeight, auc, gauc, log_loss, log_loss_of_logits};
pub use summary::{MergeError, Summary};
