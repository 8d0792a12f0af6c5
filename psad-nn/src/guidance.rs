//! What a teacher adds to what a student knows of pairs.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Bool, Tensor, activation};

use crate::influence::pairs;
use crate::{Encoded, Influence, Weights};

/// What a teacher adds to a [`PairInfluence`](crate::PairInfluence), so that a student who fills slot by slot picks as a
/// teacher who looks at the whole slate; without effect until it is trained.
///
/// * Pairs beside those of the influence: `(W x_c + a) · x_i / √width`, under the influence's factors.
/// * Foresight: what candidate `c` would do to all others, if it stood above them, times a factor `f_j` of slot `j`:
///   `f_j Σ_{i ≠ c} p_i (1 − p_i) I[c, i]`, where `p_i` is the chance of a click on `i`. The sum is the slope of
///   `Σ_i σ(s_i + ε I[c, i])` at `ε = 0`: the clicks that `c` brings below it, to first order.
#[derive(Module, Debug)]
pub struct PairGuidance {
    above: Linear,
    foresight: Param<Tensor<1>>,
}

impl PairGuidance {
    /// For items of `width`, in lists of up to `max_candidates`.
    pub fn init(width: usize, max_candidates: usize, weights: &mut Weights) -> Self {
        Self { above: weights.zero_linear(width, width), foresight: weights.constant([max_candidates], 0.) }
    }

    /// What is added between the candidates of a batch, `[batch, candidates, candidates]`.
    pub fn between(&self, encoded: &Encoded) -> Tensor<3> {
        pairs(&self.above, encoded)
    }

    /// What is added in each slot for what a candidate does to all others, `[batch, slots, candidates]`. The lists are
    /// ranked by log-odds of a click; slots beyond the longest list know no foresight.
    pub fn foresight(&self, encoded: &Encoded, influence: &Influence, slots: usize) -> Tensor<3> {
        let ([batch, candidates], device) = (encoded.pad.dims(), encoded.pad.device());
        let chances = activation::sigmoid(encoded.ranker.clone());
        let slopes = (chances.clone() * (chances * -1. + 1.)).mask_fill(encoded.pad.clone(), 0.);
        let itself =
            Tensor::<2, Bool>::diag_mask([candidates, candidates], 0, &device).bool_not().unsqueeze_dim::<3>(0);
        let others = influence.pairs.clone().mask_fill(itself.expand([batch, candidates, candidates]), 0.);
        let brought = others.matmul(slopes.reshape([batch, candidates, 1])).reshape([batch, 1, candidates]);
        let factors = self.foresight.val();
        let [known] = factors.dims();
        let factors = if slots <= known {
            factors.narrow(0, 0, slots)
        } else {
            Tensor::cat(vec![factors, Tensor::zeros([slots - known], &device)], 0)
        };
        brought.expand([batch, slots, candidates]) * factors.reshape([1, slots, 1])
    }
}

/// What a student picks by: the scores of every slot before anything is placed, `[batch, slots, candidates]`, and what is
/// placed then does. The lists of `encoded` are ranked by log-odds of a click; without an influence there is no guidance.
///
/// # Shapes
/// `scores`: `[batch, candidates]`
pub fn picking(
    encoded: &Encoded,
    scores: Tensor<2>,
    influence: Option<Influence>,
    guidance: Option<&PairGuidance>,
    slots: usize,
) -> (Tensor<3>, Option<Influence>) {
    let [batch, candidates] = scores.dims();
    let rows = scores.reshape([batch, 1, candidates]).expand([batch, slots, candidates]);
    match (influence, guidance) {
        (Some(influence), Some(guidance)) => {
            let rows = rows + guidance.foresight(encoded, &influence, slots);
            (rows, Some(influence.plus(guidance.between(encoded))))
        }
        (influence, _) => (rows, influence),
    }
}
