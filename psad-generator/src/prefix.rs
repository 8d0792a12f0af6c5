//! What the generator remembers between blocks.

use burn::tensor::{Bool, Int, Tensor};
use psad_nn::DecoderState;

use crate::blocks::as_flags;

/// The items placed so far.
#[derive(Debug, Clone)]
pub struct Prefix {
    /// A row for the beginning, then the placed items with their places, `[batch, 1 + placed, width]`.
    pub(crate) memory: Tensor<3>,
    /// Padding and placed items, `[batch, candidates]`.
    pub(crate) unavailable: Tensor<2, Bool>,
    /// Number of blocks filled.
    pub(crate) blocks: usize,
}

impl DecoderState for Prefix {
    fn select(self, rows: &Tensor<1, Int>) -> Self {
        Self {
            memory: self.memory.select(0, rows.clone()),
            unavailable: as_flags(self.unavailable.select(0, rows.clone())),
            blocks: self.blocks,
        }
    }
}
