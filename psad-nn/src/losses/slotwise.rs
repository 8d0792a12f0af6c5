//! A generator's loss, slot by slot.

use burn::tensor::{Tensor, activation};

use super::SlotTargets;
use crate::fused::slot_losses;

/// Larger than any logit; stands for "no such candidate" in a minimum or maximum.
const NEVER: f32 = 1e9;

/// The two parts of the generator's loss, `[batch]` each.
#[derive(Debug, Clone)]
pub struct GeneratorLoss {
    /// `Σ_j w_j (−log P[j, π*_j])` over the slots whose target is relevant.
    pub cross_entropy: Tensor<1>,
    /// `Σ_j w_j max(0, 1 − min U[j, relevant] + max U[j, irrelevant])` over the candidates available to slot `j`.
    pub hinge: Tensor<1>,
}

/// Pointwise cross-entropy and listwise hinge of teacher-forced logits.
///
/// The cross-entropy is taken at slots whose target is relevant: at the others a generator would only learn to copy
/// the ranker. A hinge term with an empty side is 0, and so are both parts for a list without contrast.
///
/// # Shapes
/// `logits`: `U`, `[batch, slots, candidates]`; what stands where a slot cannot choose is never read
pub fn generator_loss(logits: Tensor<3>, targets: &SlotTargets) -> GeneratorLoss {
    if let Some(losses) = slot_losses(&logits, targets) {
        let [_, batch] = losses.dims();
        let part = |index| losses.clone().narrow(0, index, 1).reshape([batch]);
        return GeneratorLoss { cross_entropy: part(0), hinge: part(1) };
    }
    composed(logits, targets)
}

/// The same from the backend's operations.
fn composed(logits: Tensor<3>, targets: &SlotTargets) -> GeneratorLoss {
    let [batch, slots, candidates] = logits.dims();
    let logits = targets.rule_out(logits);
    let log_p = activation::log_softmax(logits.clone(), 2);
    let picked = log_p * targets.weights.clone() * -1.;
    let cross_entropy = picked.reshape([batch, slots * candidates]).sum_dim(1).reshape([batch]);

    let worst_relevant = logits.clone().mask_fill(targets.not_relevant.clone(), NEVER).min_dim(2);
    let best_irrelevant = logits.mask_fill(targets.not_irrelevant.clone(), -NEVER).max_dim(2);
    let short = activation::relu(best_irrelevant - worst_relevant + 1.).reshape([batch, slots]);
    let hinge = (short * targets.hinge_weights.clone()).sum_dim(1).reshape([batch]);
    GeneratorLoss { cross_entropy, hinge }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Bool, Device, Distribution, Int, TensorData};
    use proptest::prelude::*;

    /// Targets of one block, drawn by a seed; each third slot of a list can choose nothing.
    fn targets(batch: usize, slots: usize, candidates: usize, seed: usize) -> SlotTargets {
        let device = Device::flex().autodiff();
        let shape = [batch, slots, candidates];
        let mix = |i: usize| (i + 1).wrapping_mul(seed * 2 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48;
        let open = |i: usize| (i / candidates) % 3 != 2 && mix(i) % 4 != 0;
        let relevant = |i: usize| open(i) && mix(i) % 3 == 0;
        let bools = |flag: &dyn Fn(usize) -> bool| -> Tensor<3, Bool> {
            let values = (0..batch * slots * candidates).map(flag).collect();
            Tensor::from_data(TensorData::new::<bool, _>(values, shape), &device)
        };
        let weights = (0..batch * slots * candidates).map(|i| if relevant(i) { 0.3 } else { 0. }).collect();
        let row = |slot: usize| slot * candidates..(slot + 1) * candidates;
        let both = |slot: usize| row(slot).any(relevant) && row(slot).any(|i| open(i) && !relevant(i));
        let hinge = (0..batch * slots).map(|slot| if both(slot) { 0.5 } else { 0. }).collect();
        SlotTargets {
            order: Tensor::<2, Int>::zeros([batch, candidates], &device),
            weights: Tensor::from_data(TensorData::new::<f32, _>(weights, shape), &device),
            not_relevant: bools(&|i| !relevant(i)),
            not_irrelevant: bools(&|i| !open(i) || relevant(i)),
            unavailable: bools(&|i| !open(i)),
            hinge_weights: Tensor::from_data(TensorData::new::<f32, _>(hinge, [batch, slots]), &device),
            contrast: Tensor::ones([batch], &device),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn one_pass_costs_and_teaches_what_the_backends_operations_do(
            batch in 1_usize..4, slots in 1_usize..5, candidates in 1_usize..20, seed in 0_usize..1000,
        ) {
            let targets = targets(batch, slots, candidates, seed);
            let device = Device::flex().autodiff();
            let logits = Tensor::<3>::random([batch, slots, candidates], Distribution::Normal(0., 2.), &device);
            let run = |form: fn(Tensor<3>, &SlotTargets) -> GeneratorLoss| {
                let leaf = logits.clone().detach().require_grad();
                let loss = form(leaf.clone(), &targets);
                let sum = (loss.cross_entropy.clone() * 0.7 + loss.hinge.clone() * 1.3).sum();
                let gradients = sum.backward();
                let read = |tensor: Tensor<1>| tensor.try_into_vec_as::<f32>().unwrap();
                let gradient = leaf.grad(&gradients).unwrap().reshape([batch * slots * candidates]);
                [read(loss.cross_entropy), read(loss.hinge), read(gradient)]
            };
            for (found, expected) in run(generator_loss).iter().flatten().zip(run(composed).iter().flatten()) {
                prop_assert!((found - expected).abs() < 1e-4 * (1. + expected.abs()), "{found} {expected}");
            }
        }
    }
}
