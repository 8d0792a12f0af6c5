//! Published rerankers to compare with: MLP, DLCM, PRM, SetRank, Seq2Slate, MIR, and heuristics.

mod dlcm;
mod error;
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
pub use mir::{MirConfig, MirEncoder, MirObjective, MirScorer};
pub use plain_encoder::{PlainEncoder, PlainEncoderConfig};
pub use pointwise_mlp::{PointwiseMlp, PointwiseMlpConfig, PointwiseMlpObjective};
pub use prm::{Prm, PrmConfig, PrmObjective};
pub use psad_eval::{InitialOrder, RandomOrder};
pub use seq2slate::{Seq2Slate, Seq2SlateConfig, Seq2SlateObjective, Seq2SlateState};
pub use set_rank::{SetRank, SetRankBlock, SetRankConfig, SetRankObjective};
