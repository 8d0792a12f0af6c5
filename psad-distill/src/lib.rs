//! What teacher and student are trained for: losses, online distillation, the joint objective.
//!
//! [`JointObjective`] trains an encoder, a generator (the teacher) and a scorer (the student) together from scratch:
//!
//! `L = L_gen + L_scorer + α L_KD`
//!
//! * [`psad_nn::generator_loss`]: cross-entropy at the slots whose target is relevant, and a listwise hinge;
//! * [`psad_nn::pointwise_loss`]: mean binary cross-entropy over the candidates;
//! * [`distillation_loss`]: the student's distribution is drawn to the teacher's probability matrix, collapsed by
//!   [`collapse`] with a decay per slot, or row by row. The teacher's side is always detached.
//!
//! [`psad_nn::ScoringObjective`] is the scorer alone: the ablation without distillation. Every loss of a list is the same whatever the padding around it and whatever else is in its batch. The
//! equations are this project's own reading of what is public of PSAD (Cheng et al. 2026).
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use psad_distill::collapse;
//!
//! let device = Device::flex();
//! // Two slots, three candidates: the first slot is sure of candidate 1, the second is undecided.
//! let matrix = Tensor::<3>::from_data([[[0., 1., 0.], [0.5, 0., 0.5]]], &device);
//! let target = collapse(matrix, &[3], 0.8).into_data();
//! let target = target.to_vec::<f32>().unwrap();
//! assert!((target[1] - 1. / 1.8).abs() < 1e-6 && (target[0] - 0.4 / 1.8).abs() < 1e-6);
//! ```
//!
//! Neighbours: the parts come from `psad-encoder`, `psad-generator`, `psad-scorer` or from you; `psad-train` fits the
//! objective.

mod distillation;
mod joint;

pub use distillation::{DistillationForm, collapse, distillation_loss, row_wise_distillation_loss};
pub use joint::{JointConfig, JointConfigError, JointObjective};
