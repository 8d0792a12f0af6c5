//! What a generator's logits cost, slot by slot, in one pass forward and one backward.

use super::activation::exp;
use super::{Kernel, LANES, lanes, lanes_mut, padded, sum_lanes};

/// Stands for "no such candidate" in a minimum or maximum.
const NEVER: f32 = 1e9;

/// The sizes of the logits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SlotSizes {
    pub(crate) batch: usize,
    pub(crate) slots: usize,
    pub(crate) candidates: usize,
}

/// What each slot is asked for; flags are 0 or 1, all but the last `[batch, slots, candidates]`.
#[derive(Clone, Copy)]
pub(crate) struct SlotMasks<'a> {
    pub(crate) weights: &'a [f32],
    pub(crate) not_relevant: &'a [u8],
    pub(crate) not_irrelevant: &'a [u8],
    pub(crate) unavailable: &'a [u8],
    /// `[batch, slots]`.
    pub(crate) hinge_weights: &'a [f32],
}

/// One slot of one list.
struct Slot<'a> {
    weights: &'a [f32],
    not_relevant: &'a [u8],
    not_irrelevant: &'a [u8],
    unavailable: &'a [u8],
    hinge_weight: f32,
}

impl<'a> SlotMasks<'a> {
    #[inline(always)]
    fn slot(&self, index: usize, candidates: usize) -> Slot<'a> {
        let row = index * candidates..(index + 1) * candidates;
        Slot {
            weights: &self.weights[row.clone()],
            not_relevant: &self.not_relevant[row.clone()],
            not_irrelevant: &self.not_irrelevant[row.clone()],
            unavailable: &self.unavailable[row],
            hinge_weight: self.hinge_weights[index],
        }
    }
}

/// Cross-entropy and hinge per list, `[2, batch]`.
pub(crate) struct SlotLoss<'a> {
    pub(crate) logits: &'a [f32],
    pub(crate) masks: SlotMasks<'a>,
    pub(crate) sizes: SlotSizes,
    /// Starts at zero.
    pub(crate) out: &'a mut [f32],
}

impl Kernel for SlotLoss<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let SlotSizes { batch, slots, candidates } = self.sizes;
        let (cross_entropy, hinge) = self.out.split_at_mut(batch);
        let mut row = vec![0.; padded(candidates)];
        for index in 0..batch * slots {
            let slot = self.masks.slot(index, candidates);
            let logits = &self.logits[index * candidates..(index + 1) * candidates];
            if let Some((_, log_total)) = slot.softmax::<FMA>(logits, &mut row) {
                let picked = logits.iter().zip(slot.weights).filter(|&(_, &weight)| weight != 0.);
                cross_entropy[index / slots] += picked.map(|(logit, weight)| weight * (log_total - logit)).sum::<f32>();
            }
            if let Some((worst, best)) = slot.short(logits) {
                hinge[index / slots] += slot.hinge_weight * (logits[best] - logits[worst] + 1.);
            }
        }
    }
}

/// The gradient of [`SlotLoss`].
pub(crate) struct SlotLossGradient<'a> {
    pub(crate) logits: &'a [f32],
    pub(crate) masks: SlotMasks<'a>,
    pub(crate) sizes: SlotSizes,
    /// Of both losses, `[2, batch]`.
    pub(crate) gradient: &'a [f32],
    /// Starts at zero.
    pub(crate) out: &'a mut [f32],
}

impl Kernel for SlotLossGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let SlotSizes { batch, slots, candidates } = self.sizes;
        let (cross_entropy, hinge) = self.gradient.split_at(batch);
        let mut row = vec![0.; padded(candidates)];
        for index in 0..batch * slots {
            let slot = self.masks.slot(index, candidates);
            let logits = &self.logits[index * candidates..(index + 1) * candidates];
            let out = &mut self.out[index * candidates..(index + 1) * candidates];
            if let Some((total, _)) = slot.softmax::<FMA>(logits, &mut row) {
                let gradient = cross_entropy[index / slots];
                for ((out, &share), &weight) in out.iter_mut().zip(&row).zip(slot.weights) {
                    *out = gradient * (total * share - weight);
                }
            }
            if let Some((worst, best)) = slot.short(logits) {
                let gradient = hinge[index / slots] * slot.hinge_weight;
                out[best] += gradient;
                out[worst] -= gradient;
            }
        }
    }
}

impl Slot<'_> {
    /// Writes the softmax of the available logits into `row`; gives the sum of the slot's weights and the logarithm of
    /// the exponentials' sum. `None` for a slot without weights, which costs nothing.
    #[inline(always)]
    fn softmax<const FMA: bool>(&self, logits: &[f32], row: &mut [f32]) -> Option<(f32, f32)> {
        let total: f32 = self.weights.iter().sum();
        if total == 0. {
            return None;
        }
        for ((out, &logit), &unavailable) in row.iter_mut().zip(logits).zip(self.unavailable) {
            *out = if unavailable == 0 { logit } else { f32::NEG_INFINITY };
        }
        row[logits.len()..].fill(f32::NEG_INFINITY);
        let mut highest = [f32::NEG_INFINITY; LANES];
        for chunk in lanes(row) {
            for lane in 0..LANES {
                highest[lane] = if chunk[lane] > highest[lane] { chunk[lane] } else { highest[lane] };
            }
        }
        let highest = highest.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sums = [0.; LANES];
        for chunk in lanes_mut(row) {
            for lane in 0..LANES {
                chunk[lane] = exp::<FMA>(chunk[lane] - highest);
                sums[lane] += chunk[lane];
            }
        }
        let sum = sum_lanes(&sums);
        let share = 1. / sum;
        for value in row.iter_mut() {
            *value *= share;
        }
        Some((total, highest + sum.ln()))
    }

    /// The lowest relevant and the highest irrelevant candidate, where their distance is less than 1; the first of
    /// equals.
    #[inline(always)]
    fn short(&self, logits: &[f32]) -> Option<(usize, usize)> {
        if self.hinge_weight == 0. {
            return None;
        }
        let (mut worst, mut best) = ((0, NEVER), (0, -NEVER));
        for (index, &logit) in logits.iter().enumerate() {
            // Written so that a NaN is taken and shows in the loss.
            if self.not_relevant[index] == 0 && !(logit >= worst.1) {
                worst = (index, logit);
            }
            if self.not_irrelevant[index] == 0 && !(logit <= best.1) {
                best = (index, logit);
            }
        }
        let (worst, best) = (worst, best);
        (!(best.1 - worst.1 + 1. <= 0.)).then_some((worst.0, best.0))
    }
}
