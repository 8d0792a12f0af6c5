//! What a teacher adds to what a student knows of pairs.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Tensor, TensorData, activation};

use crate::influence::pairs;
use crate::{Encoded, Influence, Weights};

/// What a teacher adds to a [`PairInfluence`](crate::PairInfluence), so that a student who fills slot by slot picks as a
/// teacher who looks at the whole slate; without effect until it is trained.
///
/// * Pairs beside those of the influence: `(W x_c + a) · x_i / √width`, under the influence's factors.
/// * Foresight: `f Σ_i p_i (1 − p_i) I[c, i]`, where `p_i` is the chance of a click on `i`, as if candidate `c` stood right
///   above each of them. The sum is the slope of `Σ_i σ(s_i + ε I[c, i])` at `ε = 0`, the clicks that `c` brings, to first
///   order; what is placed already is in it, for a factor learns what it is worth. There is one factor `f` for each number
///   of slots that are still empty below; numbers of which no slate has taught anything keep 0.
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

    /// What is added in each slot of slates of `slots`, or as many as a list has candidates, for what a candidate does to all
    /// others, `[batch, slots, candidates]`. The lists are ranked by log-odds of a click.
    pub fn foresight(&self, encoded: &Encoded, influence: &Influence, slots: usize) -> Tensor<3> {
        let [batch, candidates] = encoded.pad.dims();
        let chances = activation::sigmoid(encoded.ranker.clone());
        let slopes = (chances.clone() * (chances * -1. + 1.)).mask_fill(encoded.pad.clone(), 0.);
        // What is done to padding may be no number, which a slope of zero does not take away.
        let pad = encoded.pad.clone().reshape([batch, 1, candidates]).expand([batch, candidates, candidates]);
        let brought = influence.pairs.clone().mask_fill(pad, 0.).matmul(slopes.reshape([batch, candidates, 1]));
        brought.reshape([batch, 1, candidates]).expand([batch, slots, candidates]) * self.factors(&encoded.lens, slots)
    }

    /// The factor of every slot of every list, `[batch, slots, 1]`.
    fn factors(&self, lens: &[usize], slots: usize) -> Tensor<3> {
        let factors = self.foresight.val();
        let ([longest], shape, device) = (factors.dims(), [lens.len(), slots, 1], factors.device());
        let below = |len: usize, slot: usize| slots.min(len).checked_sub(slot + 1).filter(|&below| below < longest);
        let each = || lens.iter().flat_map(move |&len| (0..slots).map(move |slot| below(len, slot)));
        let index: Vec<i32> = each().map(|below| below.unwrap_or(0) as i32).collect();
        let known: Vec<f32> = each().map(|below| f32::from(u8::from(below.is_some()))).collect();
        let factors = factors.select(0, Tensor::from_data(index.as_slice(), &device)).reshape(shape);
        factors * Tensor::from_data(TensorData::new::<f32, _>(known, shape), &device)
    }
}

/// What a student picks by in slates of `slots`: the scores of every slot before anything is placed,
/// `[batch, slots, candidates]`, and what is placed then does, both with what a teacher taught. The lists of `encoded` are
/// ranked by log-odds of a click.
///
/// # Shapes
/// `scores`: `[batch, candidates]`
pub fn picking(
    encoded: &Encoded,
    scores: Tensor<2>,
    influence: Influence,
    guidance: Option<&PairGuidance>,
    slots: usize,
) -> (Tensor<3>, Influence) {
    let [batch, candidates] = scores.dims();
    let rows = scores.reshape([batch, 1, candidates]).expand([batch, slots, candidates]);
    match guidance {
        Some(guidance) => {
            let rows = rows + guidance.foresight(encoded, &influence, slots);
            (rows, influence.plus(guidance.between(encoded)))
        }
        None => (rows, influence),
    }
}
