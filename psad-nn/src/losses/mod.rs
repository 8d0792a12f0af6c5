//! Losses, a value per list: of scores, and of a generator's logits.

mod listwise;
mod pointwise;
mod shown;
mod slotwise;
mod targets;

pub use listwise::listwise_loss;
pub use pointwise::pointwise_loss;
pub use shown::ShownTargets;
pub use slotwise::{GeneratorLoss, generator_loss};
pub use targets::{SlotTargets, TiedTargets};

/// Low enough that its softmax weight is zero, finite so that products with zero stay zero.
const RULED_OUT: f32 = -1e9;
