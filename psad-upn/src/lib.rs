//! User Profile Network: items and positions as this user sees them.
//!
//! A profile `p_u = [e_u; mean of the raw history]` adapts three things, each of which can be switched off for an
//! ablation:
//!
//! * [`PersonalizedGate`] scales every dimension of an item by a factor in (0, 2);
//! * [`InterestDecay`] encodes how long ago something was, and lets it fade at the user's own pace;
//! * [`PositionBias`] encodes where the ranker put a candidate, as strongly as this user minds positions.
//!
//! [`UserProfileNetwork`] holds the three and implements [`psad_nn::Personalization`], so that an encoder takes it or
//! anything else in its place. The equations are this project's own reading of what is public of PSAD (Cheng et al.
//! 2026), after PEPNet's EPNet (KDD 2023) and MIR (SIGIR 2022).
//!
//! ```
//! use burn::tensor::{Device, Distribution, Tensor};
//! use psad_nn::Personalization;
//! use psad_upn::UserProfileNetworkConfig;
//!
//! let device = Device::flex();
//! let upn = UserProfileNetworkConfig::new(8, 12, 50, 20).init(42, &device); // width, profile, buckets, positions
//! let profile = Tensor::<2>::random([2, 12], Distribution::Normal(0., 1.), &device);
//! let items = Tensor::<3>::random([2, 5, 8], Distribution::Normal(0., 1.), &device);
//!
//! // A fresh gate is the identity: training decides how far it moves from there.
//! let gated = upn.gate(&profile, items.clone());
//! assert!((gated - items).abs().max().into_scalar::<f32>() < 1e-6);
//! ```
//!
//! Neighbours: `psad-encoder` asks it on the way; `psad-nn` has the trait and the ablation `NoPersonalization`.

mod gate;
mod interest_decay;
mod network;
mod position_bias;

pub use gate::{PersonalizedGate, PersonalizedGateConfig};
pub use interest_decay::{InterestDecay, InterestDecayConfig};
pub use network::{UserProfileNetwork, UserProfileNetworkConfig};
pub use position_bias::{PositionBias, PositionBiasConfig};
