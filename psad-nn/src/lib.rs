//! The tensor vocabulary of reranking: what every trained part of the workspace is written in.
//!
//! Here plain lists become tensors ([`Batcher`] → [`ListBatch`]), and here stand the traits that make the parts of a
//! reranker exchangeable ([`ListEncoder`], [`Personalization`], [`Generator`], [`ListScorer`], [`ListEvaluator`],
//! [`Objective`]). A model made of such parts becomes a plain [`psad_core::Reranker`] through [`TensorReranker`], which
//! also proposes several slates if it decodes them; an evaluator becomes a [`psad_core::SlateEvaluator`] through
//! [`TensorEvaluator`].
//!
//! ```
//! use burn::tensor::Device;
//! use ndarray::{array, Array2};
//! use psad_core::{Candidates, History, Items, Request, Schema, User};
//! use psad_nn::{Batcher, Tables};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let schema = Schema::builder().item_sparse("film", 100).build()?;
//! let tables = Tables::seeded(&schema, 8, 42)?;
//! let items = Items::new(array![[7], [9], [7]], Array2::zeros((3, 0)))?;
//! let request =
//!     Request::new(User::anonymous(), History::empty(1, 0), Candidates::new(items, array![0.3, 0.2, 0.1])?)?;
//!
//! let batch = Batcher::new(&schema).requests(&[&request], &tables, &Device::flex())?;
//! assert_eq!(batch.candidates.features(&batch.rows).dims(), [1, 3, 8 + 1]); // embedding, and the ranker's score
//! assert_eq!(batch.touched.len(), 2); // film 7 and film 9: a step costs what its batch touches
//! # Ok(())
//! # }
//! ```
//!
//! Padding is told by masks, and every block here ignores it exactly: a list gives the same numbers alone as in any
//! batch. Shapes in the documentation use `batch`, `candidates`, `history`, `slots` and `width`.
//!
//! Neighbours: `psad-core` (requests, slates), `psad-decode` (picking on the host); the components built on this are
//! `psad-upn`, `psad-encoder`, `psad-generator`, `psad-scorer`, `psad-nar4rec`, `psad-baselines`. Training lives in
//! `psad-train`.

mod along;
mod attention;
mod batch;
mod evaluating;
mod exposure;
mod feed_forward;
mod fused;
mod generate;
mod generating;
mod guidance;
mod influence;
mod kernels;
mod losses;
mod norm;
mod parameters;
mod proposing;
mod reranker;
mod scoring;
mod student;
mod tables;
mod traits;
mod weights;

pub use attention::{Attention, AttentionConfig, Mask, TransformerLayer, TransformerLayerConfig};
pub use batch::{Batcher, HistoryBatch, ItemBatch, LabelBatch, ListBatch};
pub use evaluating::{EvaluateError, TensorEvaluator};
pub use exposure::Exposure;
pub use feed_forward::{FeedForward, Mlp};
pub use fused::{Part, gated, linear, linear_of_parts, linear_relu, linear_residual, point};
pub use generate::{GenerateError, generate, generate_into};
pub use generating::GeneratorObjective;
pub use guidance::{PairGuidance, picking};
pub use influence::{Influence, PairInfluence};
pub use losses::{
    GeneratorLoss, ShownTargets, SlotTargets, TiedTargets, generator_loss, listwise_loss, pointwise_loss,
};
pub use norm::Norm;
pub use parameters::{ParameterError, load_parameters, named_parameters};
pub use reranker::{RerankModel, ScoredEncoder, Teacher, TensorReranker};
pub use scoring::{ScoringLoss, ScoringObjective};
pub use student::Student;
pub use tables::{Tables, Touched};
pub use traits::{
    Component, DecoderState, Encoded, Generator, HistoryPositions, ListEncoder, ListEvaluator, ListScorer, LossPart,
    LossParts, NoPersonalization, Objective, Personalization, mean_history,
};
pub use weights::Weights;
