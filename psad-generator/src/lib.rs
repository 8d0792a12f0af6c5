//! The semi-autoregressive generator: slates in blocks of `K` slots.
//!
//! Between a decoder that places one item per step and one that places all at once stands this one: `⌈slots / K⌉`
//! steps, the slots of a block predicted in parallel in the light of everything placed before. `K = 1` is fully
//! autoregressive, `K` = list length is one-shot. A step has two parts:
//!
//! * [`ContextEnhancement`]: the block's slot queries attend to each other and to what is placed, then to what is
//!   still available (it can be switched off);
//! * [`PointerHead`]: each query points at the candidates (Vinyals et al. 2015).
//!
//! [`SemiAutoregressive`] implements [`psad_nn::Generator`]: trained in one parallel pass with teacher forcing, decoded
//! by [`psad_nn::generate`] with any strategy of `psad-decode`. The equations are this project's own reading of what
//! is public of PSAD (Cheng et al. 2026).
//!
//! ```
//! use burn::tensor::{Bool, Device, Distribution, Tensor};
//! use psad_decode::{BlockSchedule, Strategy};
//! use psad_generator::GeneratorConfig;
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
//!     pad: Tensor::<1, Bool>::from_bool([false; 6].as_slice(), &device).reshape([1, 6]),
//!     ranker: Tensor::zeros([1, 6], &device),
//!     lens: vec![6],
//! };
//! let generator = GeneratorConfig::new(16, 16, 20).with_block_size(2).init(42, &device)?;
//! let slates = generate(&generator, &encoded, BlockSchedule::new(4, 2)?, &Strategy::Greedy)?;
//! assert_eq!(slates[0][0].slate.len(), 4);
//! # Ok(())
//! # }
//! ```
//!
//! Neighbours: it reads the `Encoded` of `psad-encoder` or of any other encoder; `psad-distill` trains it.

mod blocks;
mod config;
mod context;
mod generator;
mod pointer;
mod prefix;

pub use config::{GeneratorConfig, GeneratorConfigError};
pub use context::ContextEnhancement;
pub use generator::SemiAutoregressive;
pub use pointer::PointerHead;
pub use prefix::Prefix;
