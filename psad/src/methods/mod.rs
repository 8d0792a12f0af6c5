//! The methods of the workspace, all of which are fitted, saved, loaded and served alike: a configuration makes a
//! [`Method`](crate::Method).
//!
//! | type | configuration | rerankers |
//! | --- | --- | --- |
//! | [`Psad`] | [`PsadConfig`] | PSAD-S, PSAD-G |
//! | [`Nar4Rec`] | [`Nar4RecConfig`] | one pass, decoded by contrastive search |
//! | [`Mlp`], [`Dlcm`], [`Prm`], [`SetRank`], [`Mir`] | `…Config` of [`baselines`](psad_baselines) | sorting by score |
//! | [`Seq2Slate`] | [`Seq2SlateConfig`] | item by item |
//!
//! ```
//! use psad::methods::{Prm, PrmConfig};
//! use psad::sim::{SimConfig, World};
//! use psad::Reranker;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let world = World::new(SimConfig { users: 50, items: 80, test_lists: 1, ..SimConfig::default() })?;
//! let prm = Prm::new(world.schema(), PrmConfig::new().with_layers(1), 42)?; // `fit` it as `Psad`
//! let bytes = prm.to_file()?.to_bytes()?;
//! let loaded = Prm::from_file(&psad::core::ModelFile::from_bytes(&bytes)?)?;
//! let lists = world.lists(psad::sim::Split::Test);
//! assert_eq!(loaded.reranker().rerank(lists[0].list.request(), 5)?.len(), 5);
//! # Ok(())
//! # }
//! ```

mod baselines;
mod nar4rec;
mod psad;
mod sizes;

pub use baselines::{Dlcm, Mir, Mlp, Prm, Seq2Slate, Seq2SlateReranker, SetRank};
pub use nar4rec::{Nar4Rec, Nar4RecConfig, Nar4RecModel, Nar4RecReranker};
pub use psad::{FittedPsad, Psad, PsadConfig, PsadModel, PsadStudent, PsadTeacher};
pub use psad_baselines::{
    DlcmConfig, MirConfig, PlainEncoderConfig, PointwiseMlpConfig, PrmConfig, Seq2SlateConfig, SetRankBlock,
    SetRankConfig,
};
