//! Which slot sees what: the masks of a block and of all blocks at once.

use std::ops::Range;

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use psad_decode::BlockSchedule;

/// `[batch, slots, 1 + placed + slots]`: a slot of a single block reads the beginning, everything placed, and those
/// slots of its block that the list can fill.
pub(crate) fn readable_in_block(
    lens: &[usize],
    slots: &Range<usize>,
    placed: usize,
    device: &Device,
) -> Tensor<3, Bool> {
    let width = 1 + placed + slots.len();
    let row = |len: usize| (0..width).map(move |key| key > placed && slots.start + key - 1 - placed >= len);
    let blocked = lens.iter().flat_map(|&len| slots.clone().flat_map(move |_| row(len))).collect();
    bools(blocked, [lens.len(), slots.len(), width], device)
}

/// `[batch, slots, 1 + slots + slots]`: the same for all blocks at once, where the memory holds the targets of every
/// slot and each block reads those of the blocks before it.
pub(crate) fn readable_in_all(lens: &[usize], schedule: BlockSchedule, device: &Device) -> Tensor<3, Bool> {
    let slots = schedule.slots();
    let list = slots * (1 + 2 * slots);
    let mut blocked = Vec::with_capacity(lens.len() * list);
    for (index, &len) in lens.iter().enumerate() {
        // Lists of one length have one mask.
        if index > 0 && lens[index - 1] == len {
            blocked.extend_from_within((index - 1) * list..);
            continue;
        }
        for block in (0..slots).map(|slot| schedule.block_of(slot)) {
            blocked.push(false);
            blocked.extend((0..slots).map(|placed| schedule.block_of(placed) >= block));
            blocked.extend((0..slots).map(|mate| schedule.block_of(mate) != block || mate >= len));
        }
    }
    bools(blocked, [lens.len(), slots, 1 + 2 * slots], device)
}

/// `[batch, slots, candidates]`: padding, and what the targets place in earlier blocks.
///
/// The targets are read back to the host: comparing slots there is a few thousand integers.
pub(crate) fn unavailable_in_all(lens: &[usize], schedule: BlockSchedule, target: &Tensor<2, Int>) -> Tensor<3, Bool> {
    let [batch, candidates] = target.dims();
    let slots = schedule.slots();
    let target_rows: Vec<i64> = target.to_data().iter::<i64>().collect();
    let mut blocked = Vec::with_capacity(batch * slots * candidates);
    for (list, row) in target_rows.chunks(candidates.max(1)).enumerate() {
        // An item that no slot of the schedule takes stays available to the end.
        let mut taken_by = vec![usize::MAX; candidates];
        for (slot, &item) in row.iter().take(slots).enumerate() {
            if let Some(block) = usize::try_from(item).ok().and_then(|item| taken_by.get_mut(item)) {
                *block = schedule.block_of(slot);
            }
        }
        for slot in 0..slots {
            let block = schedule.block_of(slot);
            // Slots of one block find the same items taken.
            if slot > 0 && schedule.block_of(slot - 1) == block {
                blocked.extend_from_within(blocked.len() - candidates..);
            } else {
                blocked.extend(taken_by.iter().enumerate().map(|(item, &taken)| item >= lens[list] || taken < block));
            }
        }
    }
    bools(blocked, [batch, slots, candidates], &target.device())
}

pub(crate) fn bools<const D: usize>(values: Vec<bool>, shape: [usize; D], device: &Device) -> Tensor<D, Bool> {
    Tensor::from_data(TensorData::new::<bool, _>(values, shape), device)
}

/// The same flags in the backend's own type of flags: burn-flex 0.22.1 tags what `select` takes from them as plain
/// bytes, and `bool_or` refuses these.
pub(crate) fn as_flags(selected: Tensor<2, Bool>) -> Tensor<2, Bool> {
    selected.int().bool()
}

/// Index into `[batch · candidates]` rows of the items `[batch, slots]`.
pub(crate) fn flat_index(items: Tensor<2, Int>, candidates: usize) -> Tensor<1, Int> {
    let [batch, slots] = items.dims();
    let device = items.device();
    let offset = Tensor::<1, Int>::arange(0..batch as i64, &device).reshape([batch, 1]) * candidates as i32;
    (items + offset).reshape([batch * slots])
}
