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
