//! Answers reranking requests from a saved model, without a deep-learning framework.
//!
//! A model that `psad` has trained and saved is one file. [`Model::load`] reads it, verifies its checksum, replays the
//! golden request that it carries, and packs the weights for the processor at hand (AVX-512, AVX2 with FMA, or plain
//! loops). Its rerankers are [`psad_core::Reranker`]s like any other:
//!
//! ```no_run
//! use psad_core::{Request, Reranker};
//! use psad_serve::Model;
//!
//! # fn answer(request: &Request) -> Result<(), Box<dyn std::error::Error>> {
//! let model = Model::load("out/psad.safetensors")?;
//! let student = model.reranker(); // PSAD-S; `model.teacher()?` is PSAD-G
//! let slate = student.rerank(request, 10)?;
//!
//! // The user is known while the ranker still works; the candidates come later.
//! let state = student.encode_user(request.user(), request.history())?;
//! assert_eq!(student.rerank_with(&state, request.candidates(), 10)?, slate);
//! # Ok(())
//! # }
//! ```
//!
//! * **Same answers.** The forward pass stands here a second time; scores are within 1e-4 of the trained model's
//!   (relative to those above 1), and slates are the same where scores differ by more. Tests hold every path of
//!   instructions against the trained models.
//! * **No allocation.** Each thread has one workspace, sized by [`Served::warm_up`] or by the largest request it has met.
//!   [`Served::rerank_into`] allocates nothing after that, [`Reranker::rerank`](psad_core::Reranker::rerank) the slate that
//!   it returns. Rules of a request are worked out in memory of their own, and so is what strategies other than greedy and
//!   contrastive search keep, and what refining a slate takes.
//! * **One request, one thread.** A request of usual size takes a fraction of a millisecond; threads inside it would cost
//!   more than they bring. [`Reranker::rerank_batch`](psad_core::Reranker::rerank_batch) spreads requests over the cores.
//!
//! What is computed otherwise than in training, with the same outcome: layers that follow each other without anything
//! between them are one, normalisations hand scale and shift to the layer behind them, and what a layer reads of the user
//! is worked out once per request and not once per candidate.
//!
//! Neighbours: `psad` trains and saves; `psad-core` has requests, slates and the file; `psad-decode` picks.

mod affine;
mod attention;
mod config;
mod decoding;
mod encoder;
mod error;
mod generator;
mod golden;
mod guidance;
mod influence;
mod kernel;
mod layer;
mod matching;
mod model;
mod network;
mod personalization;
mod pickers;
mod scorer;
mod served;
mod source;
mod state;
mod strategy;
mod table;
mod workspace;

pub use error::ServeError;
pub use kernel::Dispatch;
pub use model::Model;
pub use psad_decode::Strategy;
pub use served::Served;
pub use state::UserState;
