//! The sequence-level loss: likely if users liked it, unlikely if they did not.

use burn::tensor::{Tensor, TensorData, activation};

use crate::ExposedSlates;
use crate::rows::flat_index;

/// Probabilities above `1 − CERTAIN` count as that, so that `log(1 − P)` is finite.
const CERTAIN: f64 = 1e-6;

/// Per list, for the exposed slate `Y` with the utility `R` (Ren et al. 2024, after the unlikelihood training of Welleck
/// et al. 2020), `[batch]`:
///
/// * `−Σ_j log P[y_j, j]` if `R ≥ τ`, the cross-entropy of the slate;
/// * `−Σ_j log(1 − P[y_j, j])` if not, which has no slope where `P` is certain beyond what `f32` can tell from 1.
///
/// Slots beyond the rows of the logits are left out. A list of one candidate leaves no choice: its loss is a constant.
///
/// # Shapes
/// * `logits`: `[batch, slots, candidates]`, very low at padding; `P` is their softmax over the candidates
/// * `threshold`: `τ`
pub fn unlikelihood_loss(logits: Tensor<3>, exposed: &ExposedSlates, threshold: usize) -> Tensor<1> {
    let [batch, rows, candidates] = logits.dims();
    let [_, slots] = exposed.pad.dims();
    let slots = slots.min(rows);
    let log_p = activation::log_softmax(logits.narrow(1, 0, slots), 2).reshape([batch * slots, candidates]);
    // Row `j` of list `l` is row `l · slots + j` of the flattened matrix.
    let chosen = exposed.items.clone().narrow(1, 0, slots).reshape([batch * slots, 1]);
    let index = flat_index(chosen, candidates);
    let log_p = log_p.reshape([batch * slots * candidates]).select(0, index).reshape([batch, slots]);
    let log_rest = log_p.clone().exp().clamp_max(1. - CERTAIN).neg().log1p();

    let liked = liked(exposed, threshold, &log_p);
    let filled = exposed.pad.clone().narrow(1, 0, slots).bool_not().float();
    let (wanted, unwanted) = (filled.clone() * liked.clone(), filled * (liked.neg() + 1.));
    ((log_p * wanted + log_rest * unwanted) * -1.).sum_dim(1).reshape([batch])
}

/// 1 for a list whose slate reaches the threshold, else 0, `[batch, 1]`.
fn liked(exposed: &ExposedSlates, threshold: usize, like: &Tensor<2>) -> Tensor<2> {
    let flags: Vec<f32> = exposed.utility.iter().map(|&utility| f32::from(u8::from(utility >= threshold))).collect();
    Tensor::from_data(TensorData::new::<f32, _>(flags, [exposed.utility.len(), 1]), &like.device())
}
