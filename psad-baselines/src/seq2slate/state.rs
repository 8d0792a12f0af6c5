//! What the writer remembers.

use burn::tensor::{Bool, Int, Tensor};
use psad_nn::DecoderState;

/// The items placed so far, as the writer's state, and what is read of the candidates at every slot.
#[derive(Debug, Clone)]
pub struct Seq2SlateState {
    /// State of the writer, `[batch, hidden]`.
    pub(super) hidden: Tensor<2>,
    /// What the pointer compares with, `[batch, candidates, pointer]`.
    pub(super) keys: Tensor<3>,
    /// The candidates as the writer reads them, `[batch, candidates, 3 · hidden]`.
    pub(super) inputs: Tensor<3>,
    /// Padding and placed items, `[batch, candidates]`.
    pub(super) unavailable: Tensor<2, Bool>,
}

impl DecoderState for Seq2SlateState {
    fn select(self, rows: &Tensor<1, Int>) -> Self {
        Self {
            hidden: self.hidden.select(0, rows.clone()),
            keys: self.keys.select(0, rows.clone()),
            inputs: self.inputs.select(0, rows.clone()),
            // The CPU backend answers a selection of flags with numbers (burn 0.22.1), which no flag operation takes.
            unavailable: self.unavailable.select(0, rows.clone()).int().bool(),
        }
    }
}
