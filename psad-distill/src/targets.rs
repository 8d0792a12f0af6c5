//! What each slot is asked for, worked out on the host from labels and targets.

use burn::tensor::{Bool, Device, Tensor, TensorData};
use psad_decode::BlockSchedule;
use psad_nn::LabelBatch;

use crate::distillation::UNAVAILABLE;

/// Per slot: which candidate is its target, and which candidates it may still choose from. Made once per batch.
///
/// Lists that are all relevant or all irrelevant teach the generator nothing; their entries are zero.
#[derive(Debug, Clone)]
pub struct SlotTargets {
    /// `w_j = 1/log2(j + 1)` at the target of slot `j` if that is relevant, else 0, `[batch, slots, candidates]`.
    pub weights: Tensor<3>,
    /// True where a candidate is not both relevant and available, `[batch, slots, candidates]`.
    pub not_relevant: Tensor<3, Bool>,
    /// True where a candidate is not both irrelevant and available, `[batch, slots, candidates]`.
    pub not_irrelevant: Tensor<3, Bool>,
    /// True at padding, at the targets of earlier blocks and in slots that the list cannot fill,
    /// `[batch, slots, candidates]`.
    pub unavailable: Tensor<3, Bool>,
    /// `w_j` where slot `j` has relevant and irrelevant candidates to choose between, else 0, `[batch, slots]`.
    pub hinge_weights: Tensor<2>,
    /// 1 for a list with both relevant and irrelevant candidates, else 0, `[batch]`.
    pub contrast: Tensor<1>,
}

impl SlotTargets {
    /// Works out the targets of `schedule` for lists of the lengths `lens`.
    pub fn new(labels: &LabelBatch, lens: &[usize], schedule: BlockSchedule) -> Self {
        let device = labels.values.device();
        let [_, candidates] = labels.values.dims();
        let values: Vec<f32> = labels.values.to_data().iter::<f32>().collect();
        let targets: Vec<usize> = labels.targets.to_data().iter::<i64>().map(|item| item as usize).collect();
        let mut host = Host::default();
        for (list, &len) in lens.iter().enumerate() {
            let row = list * candidates..(list + 1) * candidates;
            host.list(&values[row.clone()], &targets[row], len, schedule);
        }
        host.finish([lens.len(), schedule.slots(), candidates], labels.contrast.clone(), &device)
    }

    /// Logits that are very low wherever a slot cannot choose, whatever the generator answers there; it may be −∞.
    pub(crate) fn rule_out(&self, logits: Tensor<3>) -> Tensor<3> {
        logits.mask_fill(self.unavailable.clone(), UNAVAILABLE)
    }
}

#[derive(Default)]
struct Host {
    weights: Vec<f32>,
    not_relevant: Vec<bool>,
    not_irrelevant: Vec<bool>,
    unavailable: Vec<bool>,
    hinge_weights: Vec<f32>,
}

impl Host {
    fn list(&mut self, labels: &[f32], targets: &[usize], len: usize, schedule: BlockSchedule) {
        let relevant = labels[..len].iter().filter(|&&label| label > 0.).count();
        let contrast = relevant > 0 && relevant < len;
        let mut slot_of = vec![usize::MAX; labels.len()];
        for (slot, &item) in targets.iter().take(schedule.slots()).enumerate() {
            slot_of[item] = slot;
        }
        for slot in 0..schedule.slots() {
            let weight = if contrast { ((slot + 2) as f32).log2().recip() } else { 0. };
            let first = slot - slot % schedule.block_size();
            let (mut some_relevant, mut some_irrelevant) = (false, false);
            for (item, &label) in labels.iter().enumerate() {
                let available = slot < len && item < len && slot_of[item] >= first;
                let (is_relevant, is_irrelevant) = (available && label > 0., available && label <= 0.);
                some_relevant |= is_relevant;
                some_irrelevant |= is_irrelevant;
                self.weights.push(if slot_of[item] == slot && is_relevant { weight } else { 0. });
                self.not_relevant.push(!is_relevant);
                self.not_irrelevant.push(!is_irrelevant);
                self.unavailable.push(!available);
            }
            self.hinge_weights.push(if some_relevant && some_irrelevant { weight } else { 0. });
        }
    }

    fn finish(self, shape: [usize; 3], contrast: Tensor<1>, device: &Device) -> SlotTargets {
        let bools = |values: Vec<bool>| Tensor::from_data(TensorData::new::<bool, _>(values, shape), device);
        let [batch, slots, _] = shape;
        SlotTargets {
            weights: Tensor::from_data(TensorData::new::<f32, _>(self.weights, shape), device),
            not_relevant: bools(self.not_relevant),
            not_irrelevant: bools(self.not_irrelevant),
            unavailable: bools(self.unavailable),
            hinge_weights: Tensor::from_data(TensorData::new::<f32, _>(self.hinge_weights, [batch, slots]), device),
            contrast,
        }
    }
}
