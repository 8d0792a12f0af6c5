//! What the teacher places by itself.

use burn::tensor::{Bool, Int, Tensor, TensorData};
use psad_core::SlateBuilder;
use psad_decode::{BlockSchedule, Strategy};
use psad_nn::{Encoded, Generator, Influence, generate_into};

/// The teacher's own slates.
pub(crate) struct OwnSlates {
    /// The slate, then the rest, padding last, `[batch, candidates]`.
    pub(crate) order: Tensor<2, Int>,
    /// What is placed above a slot, and padding, `[batch, slots, candidates]`.
    pub(crate) unavailable: Tensor<3, Bool>,
    /// 1 for what a slot holds, else 0, `[batch, slots, candidates]`.
    pub(crate) picks: Tensor<3>,
}

impl OwnSlates {
    /// Decodes them; `None` if the network answers NaN, which the other parts of the loss show.
    pub(crate) fn of<G: Generator>(
        generator: &G,
        encoded: &Encoded,
        influence: Option<Influence>,
        schedule: BlockSchedule,
        strategy: &Strategy,
    ) -> Option<Self> {
        let slates = encoded.lens.iter().map(|&candidates| SlateBuilder::new(candidates)).collect();
        let decoded = generate_into(generator, encoded, slates, schedule, strategy, influence).ok()?;
        let [batch, candidates] = encoded.pad.dims();
        let (mut order, mut unavailable, mut picks) = (Vec::with_capacity(batch * candidates), Vec::new(), Vec::new());
        for (slates, &len) in decoded.iter().zip(&encoded.lens) {
            let mut taken: Vec<bool> = (0..candidates).map(|item| item >= len).collect();
            let whole = slates.first()?.slate.completed();
            for (slot, item) in whole.as_slice().iter().copied().chain(len..candidates).enumerate() {
                order.push(item as i32);
                if slot < schedule.slots() {
                    unavailable.extend_from_slice(&taken);
                    picks.extend((0..candidates).map(|other| f32::from(u8::from(other == item))));
                    taken[item] = true;
                }
            }
        }
        let device = encoded.items.device();
        let shape = [batch, schedule.slots(), candidates];
        Some(Self {
            order: Tensor::from_data(TensorData::new::<i32, _>(order, [batch, candidates]), &device),
            unavailable: Tensor::from_data(TensorData::new::<bool, _>(unavailable, shape), &device),
            picks: Tensor::from_data(TensorData::new::<f32, _>(picks, shape), &device),
        })
    }
}
