//! Logits of a network in, valid slates out.
//!
//! A generator scores the free candidates for a block of slots at a time: one slot (autoregressive), all of them
//! (one-shot), or `K` (semi-autoregressive). This crate runs that loop on the host, for a batch of lists in lockstep,
//! and asks the network once per block. What comes out is a [`Slate`](psad_core::Slate): distinct candidates of the
//! list, never padding, whatever the logits, with all rules of the request kept; or an error that says where they
//! cannot be used.
//!
//! ```
//! use ndarray::Array2;
//! use psad_decode::{BlockSchedule, ScoreBlock, Strategy, decode, from_fn};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A "network" that likes neighbours of what it has placed last; two lists, padded to six candidates.
//! let mut network = from_fn(|hypotheses, slots| {
//!     let block = |placed: &[usize]| {
//!         let last = placed.last().map_or(2., |&item| item as f32);
//!         ScoreBlock::new(Array2::from_shape_fn((slots.len(), 6), |(_, item)| -(item as f32 - last).abs()))
//!     };
//!     Ok::<_, std::convert::Infallible>(hypotheses.iter().map(|each| block(each.placed())).collect())
//! });
//! let schedule = BlockSchedule::new(4, 2)?; // four slots, two at a time: two network steps
//! let slates = decode(&Strategy::Greedy, schedule, &[6, 3], &mut network)?;
//! assert_eq!(slates[0][0].slate.as_slice(), [2, 1, 0, 3]);
//! assert_eq!(slates[1][0].slate.as_slice(), [2, 1, 0]); // a list of three is full after three slots
//!
//! let drawn = decode(&Strategy::Sample { seed: 7, samples: 5 }, schedule, &[6, 3], &mut network)?;
//! assert!(drawn[0].len() == 5 && drawn[0][0].log_probability < 0.);
//! # Ok(())
//! # }
//! ```
//!
//! What stands where:
//!
//! * [`BlockSchedule`]: which slots are predicted together.
//! * [`BlockModel`], [`Hypothesis`], [`ScoreBlock`]: what a network is asked, and what it answers.
//! * [`decode()`] with a [`Strategy`]: greedy, beam, Plackett–Luce sampling, contrastive search, exact assignment or
//!   planning, each slate with its log-probability; [`decode_into`] the same for lists with rules.
//! * [`Influence`]: what a picked candidate does to the logits below it, without another run of the network.
//! * [`refine`]: the moves of planning for a slate that is given, by its [`expected_clicks`].
//! * [`Picker`]: greedy and contrastive search for one list at a time, driven by the caller, without allocating.
//! * [`score_slates`]: the exact log-probability of slates that are given.
//! * [`Diversifier`]: MMR, DPP and SSD, for models that give one score per candidate; [`Diversified`] makes a reranker
//!   of one, [`category_vectors`] compares candidates by a category alone.
//! * [`plackett_luce`]: sampling for such models.
//!
//! Within a block the slots pick in order, each from its own row; what is picked is gone for the rest of the block and
//! after it. So a slate's log-probability is the sum over its slots of the log-softmax among what is still free there,
//! and `exp` of it adds up to 1 over all slates, for every schedule. Exact assignment and planning alone look at
//! several slots together; their log-probability is the same sum. Slates are deterministic: ties go to the ranker's
//! order, and samples are a function of the seed and of the list's own logits.
//!
//! # Rules
//!
//! Everything here fills a [`SlateBuilder`](psad_core::SlateBuilder) with what it offers, and it offers only what can
//! still end in a full slate that keeps all rules. So no method knows a rule, none breaks one, and none runs into a dead
//! end, unless the model itself rules out what is left; rules that cannot be kept are refused by the builder, before
//! anything is decoded. With rules, "free" in the sum above is what the builder offers.
//!
//! ```
//! use ndarray::Array2;
//! use psad_core::{Constraints, Group, SlateBuilder};
//! use psad_decode::{BlockSchedule, ScoreBlock, Strategy, decode_into, from_fn};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Every slot likes candidate 0 best, then 1, then 2; of the first three no two may stand in a row.
//! let mut network = from_fn(|hypotheses, slots| {
//!     let block = ScoreBlock::new(Array2::from_shape_fn((slots.len(), 5), |(_, item)| -(item as f32)));
//!     Ok::<_, std::convert::Infallible>(vec![block; hypotheses.len()])
//! });
//! let rules = Constraints::new().at_most_in_window(1, 2, Group::new("loud", [0, 1, 2]));
//! let slate = SlateBuilder::constrained(5, 4, &rules)?;
//! let slates = decode_into(&Strategy::Greedy, BlockSchedule::new(4, 4)?, vec![slate], &mut network)?;
//! assert_eq!(slates[0][0].slate.as_slice(), [0, 3, 1, 4]);
//! # Ok(())
//! # }
//! ```
//!
//! # What this does not do
//!
//! * No search that is exact for a whole list: a beam is a heuristic, and a wider one can end lower where logits depend
//!   on what is placed. Assignment is exact within a block, given the blocks before.
//! * No temperature or top-p: scale or mask the logits in the model.
//! * No tensors: logits arrive on the host.
//!
//! Neighbours: `psad-core` defines slates and rules, `psad-nn` the networks, `psad-generator` and `psad-nar4rec` two
//! that are decoded here; `psad-eval` measures what comes out.

mod contrast;
mod decode;
mod diversify;
mod error;
mod exp;
mod free;
mod hypothesis;
mod influence;
mod model;
mod outlook;
mod picker;
mod plackett_luce;
mod refine;
mod row;
mod schedule;
mod search;
mod strategy;
mod vectors;

pub use decode::{decode, decode_into, score_slates};
pub use diversify::{Diversified, Diversifier, DiversifyError, category_vectors};
pub use error::DecodeError;
pub use hypothesis::{Decoded, Hypothesis};
pub use influence::Influence;
pub use model::{BlockModel, FnBlockModel, ScoreBlock, from_fn};
pub use picker::Picker;
pub use plackett_luce::plackett_luce;
pub use refine::{expected_clicks, refine};
pub use schedule::{BlockSchedule, ScheduleError};
pub use strategy::{Strategy, StrategyError};
