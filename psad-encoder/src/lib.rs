//! The shared encoder: what teacher and student both read of a list.
//!
//! One tower for all items, a history that fades at the user's pace, candidates that look at the history and then at
//! each other. [`SharedEncoder`] is generic over the personalisation: the User Profile Network of `psad-upn`, none at
//! all, or one of your own. The equations are this project's own reading of what is public of PSAD (Cheng et al. 2026).
//!
//! ```
//! use burn::tensor::Device;
//! use ndarray::{array, Array2};
//! use psad_core::{Candidates, History, Items, Request, Schema, User};
//! use psad_encoder::SharedEncoderConfig;
//! use psad_nn::{Batcher, ListEncoder, Tables};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (schema, device) = (Schema::builder().item_sparse("film", 100).build()?, Device::flex());
//! let encoder = SharedEncoderConfig::new().with_width(16).init(&schema, 42, &device)?;
//! let tables = Tables::seeded(&schema, 16, 42)?;
//!
//! let items = Items::new(array![[7], [9], [4]], Array2::zeros((3, 0)))?;
//! let request =
//!     Request::new(User::anonymous(), History::empty(1, 0), Candidates::new(items, array![0.3, 0.2, 0.1])?)?;
//! let encoded = encoder.encode(&Batcher::new(&schema).requests(&[&request], &tables, &device)?);
//! assert_eq!(encoded.items.dims(), [1, 3, 16]);
//! # Ok(())
//! # }
//! ```
//!
//! Neighbours: below it `psad-nn` and `psad-upn`; `psad-generator` and `psad-scorer` read its [`psad_nn::Encoded`].

mod config;
mod encoder;
mod history;
mod tower;

pub use config::{EncoderConfigError, SharedEncoderConfig};
pub use encoder::SharedEncoder;
pub use history::{EncodedHistory, HistoryEncoder};
pub use tower::ItemTower;
