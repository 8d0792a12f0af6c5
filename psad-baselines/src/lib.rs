//! Published rerankers, written properly, for a comparison that means something.
//!
//! All are trained by the same trainer on the same inputs, none lets padding or batch mates into a softmax, a norm or a
//! state, and none draws anything at evaluation: the same request gives the same slate. Which epoch or size to keep is
//! decided on validation lists, by whoever trains.
//!
//! | method | paper | list context | reads the ranker's order | loss |
//! | --- | --- | --- | --- | --- |
//! | [`PointwiseMlp`] | — | none | no | binary cross-entropy |
//! | [`Dlcm`] | Ai et al., SIGIR 2018 | GRU from the last to the first, final state | as its sequence | listwise softmax |
//! | [`Prm`] | Pei et al., RecSys 2019 | Transformer | position vectors | listwise softmax |
//! | [`SetRank`] | Pang et al., SIGIR 2020 | self-attention blocks, MSAB or IMSAB | no: a set | listwise softmax |
//! | [`MirEncoder`], [`MirScorer`] | Xi et al., SIGIR 2022 | set, history as a list, both to each other | no: a set | binary cross-entropy |
//! | [`Seq2Slate`] | Bello et al., 2018 | GRU reader and writer, a pointer per slot | as its sequence | cross-entropy of teacher forcing |
//! | [`mmr`] | Carbonell & Goldstein, SIGIR 1998 | categories of what is placed | through its scores | learns nothing |
//! | [`InitialOrder`], [`RandomOrder`] | — | none | is it; no | learns nothing |
//!
//! Every configuration gives its whole model with `objective(schema, seed, device)`, ready for a trainer, and the scorer
//! or generator alone, for another encoder, with `init`:
//!
//! ```
//! use burn::tensor::Device;
//! use psad_baselines::{PlainEncoderConfig, PrmConfig};
//! use psad_core::{LabeledList, Reranker};
//! use psad_nn::{Student, Tables, TensorReranker};
//! use psad_train::{TrainConfig, Trainer};
//! # use psad_sim::{SimConfig, Split, World};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let world = World::new(SimConfig { users: 10, items: 30, candidates: 6, train_lists: 20, ..SimConfig::default() })?;
//! # let schema = world.schema().clone();
//! # let lists: Vec<LabeledList> = world.lists(Split::Train).into_iter().map(|list| list.list).collect();
//! # let train: Vec<&LabeledList> = lists.iter().collect();
//! # let plan = TrainConfig { epochs: 1, ..TrainConfig::default() };
//!
//! let config = PrmConfig::new().with_encoder(PlainEncoderConfig::new().with_embedding(8).with_width(16));
//! let objective = config.objective(&schema, 42, &Device::flex())?;
//! let tables = Tables::seeded(&schema, config.encoder.embedding, 42)?;
//! let validate = |_: &_, _: &_| Ok(0.); // NDCG on lists that are not trained on, in earnest
//! let fitted = Trainer::new(plan)?.fit(objective, tables, &schema, &Device::flex(), &train, validate)?;
//!
//! let model = Student::new(fitted.model.encoder, fitted.model.scorer);
//! let prm = TensorReranker::new(&model, fitted.tables, &schema, &Device::flex());
//! assert_eq!(prm.rerank(train[0].request(), 3)?.len(), 3);
//! # Ok(())
//! # }
//! ```
//!
//! `Seq2Slate` is a generator: [`psad_nn::Teacher`] takes the place of [`psad_nn::Student`].
//!
//! # What departs from the papers
//! Each model's documentation names its paper and every deviation. They have these in common:
//!
//! * **The ranker's score beside what is learned.** Scores and logits add `β r_i` with the ranker's score, standardised
//!   within the list, `β` learned from one; the last layer starts at zero. An untrained model keeps the ranker's order
//!   and training decides how far it moves from there, as in `psad-scorer` and `psad-generator`. Learned from scratch, a
//!   few thousand lists do not win the ranker's order back, and the comparison would be one of who loses least.
//! * **The same inputs for all.** Items pass one linear tower over embeddings, dense features and the ranker's score; the
//!   user is what is known of them and the mean of the history ([`PlainEncoder`]). Papers bring inputs of their own, such
//!   as vectors trained before, or features of query and document. MIR reads the history item by item besides.
//! * **No dropout, no batch normalisation, no sampling**: an answer depends on the request alone.
//! * **Sizes** are those of the other crates' defaults (width 64, two heads, two layers), not those of the papers.
//!
//! # What this does not do
//! * It reproduces no table of a paper: data, inputs and sizes are others.
//! * No ordinal embeddings (SetRank), no vectors trained before (PRM), no REINFORCE (Seq2Slate).
//! * No search over sizes or rates; the defaults are one reasonable choice.
//!
//! Neighbours: `psad-nn` has the traits, losses and objectives, `psad-encoder` the item tower, `psad-decode` MMR and its
//! relatives, `psad-eval` the reference orders; `psad-train` fits, `psad` gives each method one name.

mod dlcm;
mod error;
mod heuristics;
mod mir;
mod parts;
mod plain_encoder;
mod pointwise_mlp;
mod prm;
mod recurrent;
mod seq2slate;
mod set_rank;

pub use dlcm::{Dlcm, DlcmConfig, DlcmObjective};
pub use error::BaselineConfigError;
pub use heuristics::mmr;
pub use mir::{MirConfig, MirEncoder, MirObjective, MirScorer};
pub use plain_encoder::{PlainEncoder, PlainEncoderConfig};
pub use pointwise_mlp::{PointwiseMlp, PointwiseMlpConfig, PointwiseMlpObjective};
pub use prm::{Prm, PrmConfig, PrmObjective};
pub use psad_eval::{InitialOrder, RandomOrder};
pub use seq2slate::{Seq2Slate, Seq2SlateConfig, Seq2SlateObjective, Seq2SlateState};
pub use set_rank::{SetRank, SetRankBlock, SetRankConfig, SetRankObjective};
