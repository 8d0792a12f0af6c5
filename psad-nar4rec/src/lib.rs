//! NAR4Rec: all slots of a slate at once, by matching candidates with positions; its training, and an evaluator that
//! picks the best of several slates (Ren et al., KDD 2024, arXiv 2402.06871).
//!
//! An autoregressive generator runs its network once per slot. This one runs once: candidates become vectors `x_i`,
//! positions become vectors `t_j`, and `P[i, j] = softmax_i(x_i · t_j)` says for every slot which candidate belongs there.
//! Slots do not know what the others pick; decoding makes up for it. It comes in three parts:
//!
//! * [`MatchingGenerator`]: a [`psad_nn::Generator`] without state, decoded by [`psad_nn::generate`] with any strategy of
//!   `psad-decode`, among them the contrastive search and the exact assignment that belong to this method;
//! * [`UnlikelihoodObjective`]: exposed slates that users liked become likely, those that nobody liked unlikely
//!   ([`unlikelihood_loss`]), and vectors of a list are to differ ([`contrast_loss`]);
//! * [`AttentionEvaluator`] with [`EvaluatorObjective`]: the value of a whole slate. Together with any generator it makes a
//!   [`psad_core::GeneratorEvaluator`].
//!
//! ```
//! use burn::tensor::{Bool, Device, Distribution, Tensor};
//! use psad_decode::{BlockSchedule, Strategy};
//! use psad_nar4rec::MatchingConfig;
//! use psad_nn::{Encoded, generate};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let device = Device::flex();
//! let random = |candidates| Tensor::<3>::random([1, candidates, 16], Distribution::Normal(0., 1.), &device);
//! let encoded = Encoded {
//!     items: random(6),
//!     inputs: random(6),
//!     raw: random(6),
//!     profile: Tensor::zeros([1, 16], &device),
//!     ranker: Tensor::<1>::from_data([0.3, 1.2, -0.4, 0.9, -1.1, -0.9], &device).reshape([1, 6]),
//!     pad: Tensor::<1, Bool>::from_bool([false; 6].as_slice(), &device).reshape([1, 6]),
//!     lens: vec![6],
//! };
//! let generator = MatchingConfig::new(16, 16, 20).init(42, &device)?;
//! let one_pass = BlockSchedule::new(4, 4)?; // one block: all slots in one pass
//! let slates = generate(&generator, &encoded, one_pass, &Strategy::Greedy)?;
//! assert_eq!(slates[0][0].slate.as_slice(), [1, 3, 0, 2]); // untrained, it keeps the ranker's order
//! let different = generate(&generator, &encoded, one_pass, &Strategy::Contrastive { alpha: 0.6 })?;
//! assert_eq!(different[0][0].slate.len(), 4);
//! # Ok(())
//! # }
//! ```
//!
//! To train it, give a [`UnlikelihoodObjective`] to the trainer of `psad-train` (or to your own loop); to serve it, put
//! encoder and generator into a [`psad_nn::Teacher`] and that into a [`psad_nn::TensorReranker`], which is also the
//! proposer of a [`psad_core::GeneratorEvaluator`]. [`psad_nn::TensorEvaluator`] is the other half of that.
//!
//! # What is the publication's and what is ours
//!
//! The equations come from public readings of the paper. The matching of candidates with shared, learned positions, one
//! pass for the whole matrix, the unscaled product, cross-attention without a causal mask, sequence-level unlikelihood,
//! the two contrastive terms, contrastive search and the generator–evaluator pair are the paper's. This project's own are:
//!
//! * **The ranker beside the matching.** Logits are `x_i · W t_j + β r_i` with the ranker's standardised score `r_i`, where
//!   `W` starts at zero and `β` at one: untrained, the ranker's order is kept. Learned from scratch, a few thousand lists
//!   do not win it back. The paper has neither `W` nor `β`. The evaluator's logits begin with the ranker's score too.
//! * **What stands before it.** Any [`psad_nn::ListEncoder`], so candidates may have attended to history and list already,
//!   and may know where the ranker put them; the profile is set beside every candidate before the projection.
//! * **Norms.** Pre-normalisation everywhere, and a last layer normalisation on either side, so that the product does not
//!   grow with the number of layers.
//! * **How many positions there are.** As many as the list can fill, at most one per row of the table, however few
//!   slots are asked for: a shorter slate is the beginning of a longer one under greedy decoding, and company changes
//!   nothing.
//! * **Utility.** `R` counts the items of the slate with positive feedback, `τ` is 1. Lists without a logged slate stand in
//!   for one in their ideal order. [`Target::Ideal`] leaves exposure aside altogether.
//! * **Numbers.** `log(1 − P)` is taken of a probability of at most `1 − 10⁻⁶`; the cosine of a vector of zeros is 0; the
//!   two contrastive terms have a weight each.
//! * **Decoding.** Chosen items are always masked; the penalty alone would let them come again. The generator keeps no
//!   state, so contrastive search, which compares the vectors `x`, runs the candidates encoder a second time.
//! * **Evaluator.** The slate's value is the expected number of positive feedbacks, all slots weighing the same; it is
//!   trained by binary cross-entropy on the feedback of the shown slate. What is proposed to it is said at
//!   [`psad_nn::TensorReranker`].
//!
//! # What this does not do
//!
//! * No dependence between slots beyond what decoding adds: where items interact strongly, a generator that sees what it
//!   has placed (`psad-generator`) has more to go by.
//! * No correction for exposure: slates are learned from as they were shown, propensities are not read.
//! * No joint training of generator and evaluator, and no feedback from the one to the other.
//! * No scheme for negatives or sampling of the paper's production system, and none of its features.
//!
//! Neighbours: it reads the `Encoded` of `psad-encoder` or of any other encoder; `psad-nn` makes rerankers, proposers and
//! evaluators of it, `psad-decode` picks, `psad-train` fits; `psad-generator` is the other generator.

mod candidates;
mod config;
mod contrast;
mod error;
mod evaluator;
mod exposed;
mod generator;
mod judging;
mod objective;
mod positions;
mod rows;
mod unlikelihood;

pub use candidates::CandidateEncoder;
pub use config::MatchingConfig;
pub use contrast::contrast_loss;
pub use error::{ObjectiveError, SizeError};
pub use evaluator::{AttentionEvaluator, SlateEvaluatorConfig};
pub use exposed::ExposedSlates;
pub use generator::{Matching, MatchingGenerator};
pub use judging::EvaluatorObjective;
pub use objective::{Target, UnlikelihoodConfig, UnlikelihoodObjective};
pub use positions::{PositionEncoder, PositionLayer};
pub use unlikelihood::unlikelihood_loss;
