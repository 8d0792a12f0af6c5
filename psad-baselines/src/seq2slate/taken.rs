//! What is placed already.

use burn::tensor::{Bool, Int, Tensor, TensorData};
use psad_decode::BlockSchedule;

/// `[batch, candidates]`: the items of `picks` `[batch, slots]`.
pub(super) fn taken_before(picks: Tensor<2, Int>, candidates: usize) -> Tensor<2, Bool> {
    let [batch, slots] = picks.dims();
    let shape = [batch, slots, candidates];
    let every = Tensor::<1, Int>::arange(0..candidates as i64, &picks.device()).reshape([1, 1, candidates]);
    let picked = picks.reshape([batch, slots, 1]).expand(shape).equal(every.expand(shape));
    picked.any_dim(1).reshape([batch, candidates])
}

/// `[batch, slots, candidates]`: padding, and what the targets place in the blocks before a slot's own.
///
/// The targets are read back to the host: comparing slots there is a few thousand integers.
pub(super) fn unavailable_in_all(lens: &[usize], schedule: BlockSchedule, target: &Tensor<2, Int>) -> Tensor<3, Bool> {
    let [batch, candidates] = target.dims();
    let slots = schedule.slots();
    let placed: Vec<usize> = target.to_data().iter::<i64>().map(|item| item as usize).collect();
    let mut unavailable = Vec::with_capacity(batch * slots * candidates);
    for (placed, &len) in placed.chunks(candidates.max(1)).zip(lens) {
        let mut taken: Vec<bool> = (0..candidates).map(|item| item >= len).collect();
        for block in schedule.blocks() {
            block.clone().for_each(|_| unavailable.extend_from_slice(&taken));
            let items = placed.iter().skip(block.start).take(block.len());
            items.for_each(|&item| taken.get_mut(item).into_iter().for_each(|taken| *taken = true));
        }
    }
    Tensor::from_data(TensorData::new::<bool, _>(unavailable, [batch, slots, candidates]), &target.device())
}

/// Index into `[batch · candidates]` rows of the items `[batch, slots]`.
pub(super) fn flat_index(items: Tensor<2, Int>, candidates: usize) -> Tensor<1, Int> {
    let [batch, slots] = items.dims();
    let first = Tensor::<1, Int>::arange(0..batch as i64, &items.device()).reshape([batch, 1]) * candidates as i32;
    (items + first).reshape([batch * slots])
}
