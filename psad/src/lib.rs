//! Reranking for recommender systems: the last stage, which decides the order that a user sees.
//!
//! [`Psad`] is a whole method in one type: a shared encoder with a User Profile Network, a semi-autoregressive
//! generator (the teacher, PSAD-G) and a lightweight scorer distilled from it online (the student, PSAD-S). Both come
//! out of one training run and both are plain [`Reranker`]s.
//!
//! ```no_run
//! use psad::core::{LabeledList, Reranker};
//! use psad::sim::{SimConfig, World};
//! use psad::train::{ProgressBar, TrainConfig, Trainer};
//! use psad::{Psad, PsadConfig};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let world = World::new(SimConfig::default())?;
//! let data = world.generate();
//! let train: Vec<&LabeledList> = data.train.iter().map(|list| &list.list).collect();
//! let validation: Vec<&LabeledList> = data.validation.iter().map(|list| &list.list).collect();
//!
//! let model = Psad::new(world.schema(), PsadConfig::default(), 42)?;
//! let trainer = Trainer::new(TrainConfig::default())?.observe(ProgressBar::new());
//! let fitted = model.fit(trainer, &train, &validation)?;
//! fitted.method.save("psad.safetensors")?;
//!
//! let student = Psad::load("psad.safetensors")?.student();
//! let slate = student.rerank(data.test[0].list.request(), 10)?;
//! println!("{:?}", slate.as_slice());
//! # Ok(())
//! # }
//! ```
//!
//! The equations are this project's own reading of what is public of PSAD (Cheng et al. 2026, arXiv 2603.07107): its
//! abstract and articles about it. Nothing here claims to reproduce a table of the paper.
//!
//! # Other methods
//! [`Psad`] is a [`Method`] made by a [`PsadConfig`]. NAR4Rec and the baselines that both are measured against are made,
//! fitted, saved and served in the same way: [`methods`] lists them. A method of your own is a configuration that
//! implements [`MethodConfig`]; a reranker of your own, whatever is behind it, implements [`Reranker`], and [`testing`]
//! says whether it keeps the contract.
//!
//! A request may carry [`Constraints`]: pinned slots, quotas per category, neighbours that must not meet. Every reranker
//! of the workspace keeps them. [`GeneratorEvaluator`] shows the best of several proposals.
//!
//! Every crate of the workspace is re-exported under its short name: [`core`], [`decode`], [`data`], [`sim`], [`eval`]
//! know no deep-learning framework; [`nn`], [`upn`], [`encoder`], [`generator`], [`scorer`], [`distill`], [`nar4rec`],
//! [`baselines`] and [`train`] are built on burn.
//!
//! # What this does not do
//! It trains on the CPU. `psad-serve`, which answers from a saved model without a framework, is a crate of its own.

mod error;
mod fit;
pub mod golden;
mod method;
pub mod methods;
mod store;
pub mod testing;

pub use error::PsadError;
pub use fit::{Fitted, ValidationPoint};
pub use method::{Method, MethodConfig};
pub use methods::{FittedPsad, Psad, PsadConfig, PsadModel, PsadStudent, PsadTeacher};

pub use burn;
pub use ndarray;
pub use psad_baselines as baselines;
pub use psad_core as core;
pub use psad_core::{
    CandidateScorer, Candidates, Constraints, GeneratorEvaluator, Group, History, Items, LabeledList, Request,
    RerankError, Reranker, Rule, Schema, Slate, SlateEvaluator, SlateProposer, User,
};
pub use psad_data as data;
pub use psad_decode as decode;
pub use psad_decode::Strategy;
pub use psad_distill as distill;
pub use psad_encoder as encoder;
pub use psad_eval as eval;
pub use psad_generator as generator;
pub use psad_nar4rec as nar4rec;
pub use psad_nn as nn;
pub use psad_scorer as scorer;
pub use psad_sim as sim;
pub use psad_train as train;
pub use psad_upn as upn;
