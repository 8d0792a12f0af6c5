//! What teacher and student are trained for: losses, online distillation, the joint objective.
//!
//! [`JointObjective`] trains an encoder, a generator (the teacher) and a scorer (the student) together from scratch:
//!
//! `L = L_gen + L_scorer + μ L_influence + α L_KD`
//!
//! * where it is known what a user was shown, both learn whether each slot of that slate was clicked, below what stood
//!   above it ([`psad_nn::ShownTargets::click_loss`]);
//! * elsewhere the teacher learns the ideal order ([`psad_nn::generator_loss`]: cross-entropy at the slots whose target is
//!   relevant, and a listwise hinge), the student every candidate for itself ([`psad_nn::pointwise_loss`]);
//! * what candidates do to those below them has a price, its mean square ([`JointConfig::influence_penalty`]);
//! * the student, or with a guide what it adds to its scores and nothing else, is drawn to the slate that the teacher makes
//!   by itself, slot by slot, early slots most; or to the teacher's
//!   probabilities along it, row by row or collapsed by [`collapse`] ([`DistillationForm`]). The teacher's side is always
//!   detached.
//!
//! [`psad_nn::ScoringObjective`] is a scorer alone. Every loss of a list is the same whatever the padding around it and
//! whatever else is in its batch. The equations are this project's own reading of what is public of PSAD (Cheng et al.
//! 2026).
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

mod config;
mod distillation;
mod joint;
mod own;

pub use config::{JointConfig, JointConfigError, Target};
pub use distillation::{DistillationForm, collapse, distillation_loss, row_wise_distillation_loss};
pub use joint::JointObjective;
