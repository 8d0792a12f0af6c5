//! Operations that are one step of the graph where the backend would make many, each with a backward pass of its own.
//!
//! On the CPU backend a tensor is a slice in memory, and the kernels of this crate read and write it directly. On any
//! other backend the same function is put together from the backend's operations; tests hold both forms together.

mod attention;
mod gate;
mod linear;
mod norm;
mod op;
mod pointer;
mod slots;
#[cfg(test)]
mod tests;

pub(crate) use attention::attend;
pub use gate::gated;
pub use linear::{Part, linear, linear_of_parts, linear_relu, linear_residual};
pub(crate) use norm::normalise;
pub use pointer::point;
pub(crate) use slots::slot_losses;
