//! The generator itself.

use std::ops::Range;

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Bool, Int, Tensor};
use psad_decode::BlockSchedule;
use psad_nn::{Encoded, Generator, Mask, linear};

use crate::blocks::{as_flags, flat_index, readable_in_all, readable_in_block, unavailable_in_all};
use crate::{ContextEnhancement, PointerHead, Prefix};

/// Builds slates block by block; made by [`GeneratorConfig`](crate::GeneratorConfig).
#[derive(Module, Debug)]
pub struct SemiAutoregressive {
    /// A vector per slot of a block, `[block size, width]`.
    pub(crate) slots: Param<Tensor<2>>,
    /// A vector per block, `[max candidates, width]`.
    pub(crate) blocks: Param<Tensor<2>>,
    /// A vector per place of the slate (places beyond the last share it), added to what stands there, `[max candidates,
    /// width]`.
    pub(crate) places: Param<Tensor<2>>,
    /// The row of the memory that stands for the beginning, read from the profile.
    pub(crate) begin: Linear,
    pub(crate) context: Option<ContextEnhancement>,
    pub(crate) pointer: PointerHead,
}

impl SemiAutoregressive {
    /// Slots per block that the generator was made for. A schedule should use this block size; the slots beyond it,
    /// in a longer block, share the last slot vector.
    pub fn block_size(&self) -> usize {
        self.slots.dims()[0]
    }

    /// `[batch, slots, width]`: slot vector and block vector of each slot, given as (slot within its block, block).
    fn queries(&self, encoded: &Encoded, slots: impl Iterator<Item = (usize, usize)>) -> Tensor<3> {
        let device = encoded.items.device();
        let [batch, _, width] = encoded.items.dims();
        let (slot_rows, block_rows) = (self.slots.dims()[0], self.blocks.dims()[0]);
        let (within, block): (Vec<i32>, Vec<i32>) =
            slots.map(|(slot, block)| (slot.min(slot_rows - 1) as i32, block.min(block_rows - 1) as i32)).unzip();
        let count = within.len();
        let within = self.slots.val().select(0, Tensor::from_data(within.as_slice(), &device));
        let block = self.blocks.val().select(0, Tensor::from_data(block.as_slice(), &device));
        (within + block).reshape([1, count, width]).expand([batch, count, width])
    }

    fn beginning(&self, encoded: &Encoded) -> Tensor<3> {
        let [batch, _, width] = encoded.items.dims();
        linear(&self.begin, encoded.profile.clone()).reshape([batch, 1, width])
    }

    /// Items with the vectors of the places that they take, `[batch, slots, width]`.
    fn placed(&self, encoded: &Encoded, slots: Range<usize>, items: Tensor<2, Int>) -> Tensor<3> {
        let [batch, candidates, width] = encoded.items.dims();
        let count = slots.len();
        let rows = encoded.items.clone().reshape([batch * candidates, width]);
        let rows = rows.select(0, flat_index(items, candidates)).reshape([batch, count, width]);
        let last = self.places.dims()[0] - 1;
        let places: Vec<i32> = slots.map(|slot| slot.min(last) as i32).collect();
        let places = self.places.val().select(0, Tensor::from_data(places.as_slice(), &rows.device()));
        rows + places.reshape([1, count, width])
    }

    /// The ablation of context enhancement: every query sees the mean of what its block may read of the memory.
    fn mean_of_memory(queries: Tensor<3>, memory: Tensor<3>, blocked: Tensor<3, Bool>) -> Tensor<3> {
        let [_, length, _] = memory.dims();
        let readable = blocked.narrow(2, 0, length).bool_not().float(); // [batch, slots, 1 + placed]
        let weights = readable.clone() / readable.sum_dim(2); // the beginning is always readable
        queries + weights.matmul(memory)
    }

    fn point(
        &self,
        encoded: &Encoded,
        queries: Tensor<3>,
        memory: Tensor<3>,
        blocked: Tensor<3, Bool>,
        unavailable: Tensor<3, Bool>,
    ) -> Tensor<3> {
        let items = encoded.items.clone();
        let queries = match &self.context {
            None => Self::mean_of_memory(queries, memory, blocked),
            Some(context) => {
                let available = Mask::pairs(unavailable.clone());
                context.forward(queries, memory, &Mask::pairs(blocked), items.clone(), &available)
            }
        };
        self.pointer.forward(queries, items, encoded.ranker.clone(), unavailable)
    }
}

impl Generator for SemiAutoregressive {
    type State = Prefix;

    fn start(&self, encoded: &Encoded) -> Prefix {
        Prefix { memory: self.beginning(encoded), unavailable: as_flags(encoded.pad.clone()), blocks: 0 }
    }

    fn block_logits(&self, encoded: &Encoded, state: &Prefix, slots: Range<usize>) -> Tensor<3> {
        let [batch, candidates] = state.unavailable.dims();
        let placed = state.memory.dims()[1] - 1;
        let queries = self.queries(encoded, (0..slots.len()).map(|slot| (slot, state.blocks)));
        let blocked = readable_in_block(&encoded.lens, &slots, placed, &encoded.items.device());
        let unavailable = state.unavailable.clone().reshape([batch, 1, candidates]);
        let unavailable = unavailable.expand([batch, slots.len(), candidates]);
        self.point(encoded, queries, state.memory.clone(), blocked, unavailable)
    }

    fn advance(&self, encoded: &Encoded, state: Prefix, slots: Range<usize>, picks: Tensor<2, Int>) -> Prefix {
        let [batch, candidates] = state.unavailable.dims();
        let placed = self.placed(encoded, slots, picks.clone());
        let device = picks.device();
        let every = Tensor::<1, Int>::arange(0..candidates as i64, &device).reshape([1, 1, candidates]);
        let [_, count] = picks.dims();
        let picked = picks.reshape([batch, count, 1]).expand([batch, count, candidates]);
        let picked = picked.equal(every.expand([batch, count, candidates])).any_dim(1).reshape([batch, candidates]);
        Prefix {
            memory: Tensor::cat(vec![state.memory, placed], 1),
            unavailable: state.unavailable.bool_or(picked),
            blocks: state.blocks + 1,
        }
    }

    fn teacher_forced(&self, encoded: &Encoded, schedule: BlockSchedule, target: Tensor<2, Int>) -> Tensor<3> {
        let slots = schedule.slots();
        let block_size = schedule.block_size();
        let queries = self.queries(encoded, (0..slots).map(|slot| (slot % block_size, slot / block_size)));
        let unavailable = unavailable_in_all(&encoded.lens, schedule, &target);
        let placed = self.placed(encoded, 0..slots, target.narrow(1, 0, slots));
        let memory = Tensor::cat(vec![self.beginning(encoded), placed], 1);
        let blocked = readable_in_all(&encoded.lens, schedule, &encoded.items.device());
        self.point(encoded, queries, memory, blocked, unavailable)
    }
}
