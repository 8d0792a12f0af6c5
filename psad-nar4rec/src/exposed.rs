//! The slates that users saw, and what they said to them.

use burn::tensor::{Bool, Int, Tensor, TensorData};
use psad_core::Slate;
use psad_nn::LabelBatch;

use crate::rows::beyond;

/// A slate per list, padded to the longest, with the feedback on it. Made once per batch.
///
/// A shown slate without any slot says nothing and counts as not known.
#[derive(Debug, Clone)]
pub struct ExposedSlates {
    /// The candidate in each slot, 0 beyond a slate's end, `[batch, slots]`.
    pub items: Tensor<2, Int>,
    /// Its label, 0 beyond a slate's end, `[batch, slots]`.
    pub feedback: Tensor<2>,
    /// True beyond a slate's end, `[batch, slots]`.
    pub pad: Tensor<2, Bool>,
    /// Slots of each slate.
    pub lens: Vec<usize>,
    /// `R`: the number of items with positive feedback in each slate.
    pub utility: Vec<usize>,
}

impl ExposedSlates {
    /// The slates that were shown; for a list without one, the whole list in its ideal order `π*`.
    pub fn or_ideal(labels: &LabelBatch, lens: &[usize]) -> Self {
        let [_, candidates] = labels.values.dims();
        let order: Vec<usize> = labels.targets.to_data().iter::<i64>().map(|item| item as usize).collect();
        Self::new(labels, lens, |list| order[list * candidates..][..lens[list]].to_vec())
    }

    /// The slates that were shown; for a list without one, the whole list as the ranker gave it.
    pub fn or_ranker(labels: &LabelBatch, lens: &[usize]) -> Self {
        Self::new(labels, lens, |list| (0..lens[list]).collect())
    }

    fn new(labels: &LabelBatch, lens: &[usize], otherwise: impl Fn(usize) -> Vec<usize>) -> Self {
        let shown = |list: usize| labels.shown.get(list)?.as_ref().filter(|slate| !slate.is_empty());
        let slate = |list| shown(list).map(Slate::as_slice).map_or_else(|| otherwise(list), <[usize]>::to_vec);
        let slates: Vec<Vec<usize>> = (0..lens.len()).map(slate).collect();
        let slots = slates.iter().map(Vec::len).max().unwrap_or(0);

        let [_, candidates] = labels.values.dims();
        let values: Vec<f32> = labels.values.to_data().iter::<f32>().collect();
        let mut items = vec![0; lens.len() * slots];
        let mut feedback = vec![0.; lens.len() * slots];
        for (list, slate) in slates.iter().enumerate() {
            for (slot, &item) in slate.iter().enumerate() {
                items[list * slots + slot] = item as i32;
                feedback[list * slots + slot] = values[list * candidates + item];
            }
        }
        let utility = feedback.chunks(slots.max(1)).map(|row| row.iter().filter(|&&label| label > 0.).count());
        let (utility, device) = (utility.collect(), labels.values.device());
        let lens: Vec<usize> = slates.iter().map(Vec::len).collect();
        let shape = [lens.len(), slots];
        Self {
            items: Tensor::from_data(TensorData::new::<i32, _>(items, shape), &device),
            feedback: Tensor::from_data(TensorData::new::<f32, _>(feedback, shape), &device),
            pad: beyond(&lens, slots, &device),
            lens,
            utility,
        }
    }
}
