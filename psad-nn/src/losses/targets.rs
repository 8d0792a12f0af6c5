//! What each slot is asked for, worked out on the host from labels and targets.

use std::hash::{DefaultHasher, Hasher};

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use psad_decode::BlockSchedule;
use serde::{Deserialize, Serialize};

use super::RULED_OUT;
use crate::LabelBatch;

/// What a generator is asked for where several candidates carry the same label.
///
/// Two things go wrong when ties stand in the ranker's order. The slots of a block are predicted in parallel and cannot
/// know which of them gets which of two equal items: slot `j` learns where the `j`-th relevant item of a list tends to
/// stand, and shuns the best. And what is placed betrays the labels: an item that the ranker put above the last one
/// placed, and that is still available, cannot be relevant; so later blocks learn to shun what the ranker likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TiedTargets {
    /// Ties stand in an order drawn for the list, the same whenever it is met, and all candidates that the block may
    /// choose from and that carry the label of `π*_j` share its weight evenly: the mean over the orders of the ties.
    #[default]
    Shared,
    /// `π*_j` alone, ties in the ranker's order.
    Ordered,
}

/// Per slot: which candidates are its target, and which candidates it may still choose from. Made once per batch.
///
/// Lists that are all relevant or all irrelevant teach the generator nothing; their entries are zero.
#[derive(Debug, Clone)]
pub struct SlotTargets {
    /// `π*`: the candidates by descending label, padding last, `[batch, candidates]`.
    pub order: Tensor<2, Int>,
    /// `w_j = 1/log2(j + 1)` on the target of slot `j`, or shared by its ties, if that is relevant, else 0,
    /// `[batch, slots, candidates]`.
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
    ///
    /// # Shapes
    /// `ranker`: the ranker's scores, `[batch, candidates]`, from which a list's order of ties is drawn
    pub fn new(
        labels: &LabelBatch,
        ranker: &Tensor<2>,
        lens: &[usize],
        schedule: BlockSchedule,
        ties: TiedTargets,
    ) -> Self {
        let device = labels.values.device();
        let [_, candidates] = labels.values.dims();
        let values: Vec<f32> = labels.values.to_data().iter::<f32>().collect();
        let mut targets: Vec<usize> = labels.targets.to_data().iter::<i64>().map(|item| item as usize).collect();
        let scores: Vec<f32> = ranker.to_data().iter::<f32>().collect();
        let mut host = Host::default();
        for (list, &len) in lens.iter().enumerate() {
            let row = list * candidates..(list + 1) * candidates;
            if ties == TiedTargets::Shared {
                let keys = tie_breakers(&scores[row.clone()][..len]);
                let (labels, order) = (&values[row.clone()], &mut targets[row.clone()][..len]);
                order.sort_by(|&a, &b| labels[b].total_cmp(&labels[a]).then(keys[a].cmp(&keys[b])));
            }
            host.list(&values[row.clone()], &targets[row], len, schedule, ties);
        }
        let order = targets.iter().map(|&item| item as i32).collect();
        let order = Tensor::from_data(TensorData::new::<i32, _>(order, [lens.len(), candidates]), &device);
        host.finish([lens.len(), schedule.slots(), candidates], order, labels.contrast.clone(), &device)
    }

    /// Logits that are very low wherever a slot cannot choose, whatever the generator answers there; it may be −∞.
    pub fn rule_out(&self, logits: Tensor<3>) -> Tensor<3> {
        logits.mask_fill(self.unavailable.clone(), RULED_OUT)
    }
}

/// A number per candidate that orders ties: it follows from the list's scores alone, neither from the order in which the
/// candidates stand nor from the company of the list, and says nothing about who scores higher.
fn tie_breakers(scores: &[f32]) -> Vec<u64> {
    let hash = |value: u64| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(value);
        hasher.finish()
    };
    let hashed: Vec<u64> = scores.iter().map(|score| hash(u64::from(score.to_bits()))).collect();
    let list = hashed.iter().fold(0_u64, |sum, &item| sum.wrapping_add(item));
    hashed.into_iter().map(|item| hash(item ^ list)).collect()
}

/// The weight of a slot, shared evenly by the available candidates that carry the label.
fn share(row: &mut [f32], labels: &[f32], available: &[bool], label: f32, weight: f32) {
    let tied = |item: usize| available[item] && labels[item] == label;
    let count = (0..labels.len()).filter(|&item| tied(item)).count();
    for (item, share) in row.iter_mut().enumerate() {
        *share = if tied(item) { weight / count as f32 } else { 0. };
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
    fn list(&mut self, labels: &[f32], targets: &[usize], len: usize, schedule: BlockSchedule, ties: TiedTargets) {
        let relevant = labels[..len].iter().filter(|&&label| label > 0.).count();
        let contrast = relevant > 0 && relevant < len;
        let mut slot_of = vec![usize::MAX; labels.len()];
        for (slot, &item) in targets.iter().take(schedule.slots()).enumerate() {
            slot_of[item] = slot;
        }
        for first in (0..schedule.slots()).step_by(schedule.block_size()) {
            let block = first..schedule.slots().min(first + schedule.block_size());
            // All slots of a block choose from the same candidates.
            let available: Vec<bool> = (0..labels.len()).map(|item| item < len && slot_of[item] >= first).collect();
            for slot in block {
                let weight = if contrast { ((slot + 2) as f32).log2().recip() } else { 0. };
                if slot < len {
                    self.flags(labels, &available, weight);
                } else {
                    self.unfilled(labels.len());
                }
                let target = targets[slot];
                let row = self.weights.len();
                self.weights.resize(row + labels.len(), 0.);
                if slot >= len || !available[target] || labels[target] <= 0. || weight == 0. {
                    continue;
                }
                let row = &mut self.weights[row..];
                match ties {
                    TiedTargets::Ordered => row[target] = weight,
                    TiedTargets::Shared => share(row, labels, &available, labels[target], weight),
                }
            }
        }
    }

    /// A slot that chooses from what is `available`.
    fn flags(&mut self, labels: &[f32], available: &[bool], weight: f32) {
        let each = || labels.iter().zip(available);
        let relevant = |(&label, &available): (&f32, &bool)| available && label > 0.;
        let irrelevant = |(&label, &available): (&f32, &bool)| available && label <= 0.;
        self.not_relevant.extend(each().map(|item| !relevant(item)));
        self.not_irrelevant.extend(each().map(|item| !irrelevant(item)));
        self.unavailable.extend(available.iter().map(|&available| !available));
        let both = each().any(relevant) && each().any(irrelevant);
        self.hinge_weights.push(if both { weight } else { 0. });
    }

    /// A slot that the list is too short to fill.
    fn unfilled(&mut self, candidates: usize) {
        for flags in [&mut self.not_relevant, &mut self.not_irrelevant, &mut self.unavailable] {
            flags.resize(flags.len() + candidates, true);
        }
        self.hinge_weights.push(0.);
    }

    fn finish(self, shape: [usize; 3], order: Tensor<2, Int>, contrast: Tensor<1>, device: &Device) -> SlotTargets {
        let bools = |values: Vec<bool>| Tensor::from_data(TensorData::new::<bool, _>(values, shape), device);
        let [batch, slots, _] = shape;
        SlotTargets {
            order,
            weights: Tensor::from_data(TensorData::new::<f32, _>(self.weights, shape), device),
            not_relevant: bools(self.not_relevant),
            not_irrelevant: bools(self.not_irrelevant),
            unavailable: bools(self.unavailable),
            hinge_weights: Tensor::from_data(TensorData::new::<f32, _>(self.hinge_weights, [batch, slots]), device),
            contrast,
        }
    }
}
