//! From the teacher's probability matrix to the student's one distribution.

use burn::tensor::{Bool, Tensor, TensorData, activation};
use serde::{Deserialize, Serialize};

/// Low enough that its softmax weight is zero, finite so that products with zero stay zero.
pub(crate) const UNAVAILABLE: f32 = -1e9;

/// Keeps `0 · log 0` at 0.
const SMALLEST: f64 = 1e-30;

/// How the student learns from the teacher's matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DistillationForm {
    /// The teacher's own slate, as it decodes it, is the target: `−Σ_j γ^{j−1} log softmax(s/τ)` of what slot `j` holds,
    /// among what is still available there.
    #[default]
    Slate,
    /// The matrix is collapsed to one distribution over the candidates; see [`collapse`].
    Collapsed,
    /// Every row teaches the student's Plackett–Luce distribution over what is still available.
    RowWise,
}

/// Collapses the teacher's matrix with a decay per slot: `t_i = Σ_j γ^{j−1} P[j,i] / Σ_i Σ_j γ^{j−1} P[j,i]`, over the
/// slots that the list can fill.
///
/// # Shapes
/// * `matrix`: `P`, `[batch, slots, candidates]`, rows sum to 1
/// * answer: `t`, `[batch, candidates]`, detached; rows sum to 1
pub fn collapse(matrix: Tensor<3>, lens: &[usize], decay: f64) -> Tensor<2> {
    let [batch, slots, candidates] = matrix.dims();
    let weights = slot_weights(&matrix, lens, decay).reshape([batch, 1, slots]);
    let guidance = weights.matmul(matrix.detach()).reshape([batch, candidates]);
    let total = guidance.clone().sum_dim(1);
    guidance / total
}

/// `KL(t ‖ softmax(s/τ))` per list, `[batch]`, where `t` is the collapsed matrix of the teacher.
///
/// # Shapes
/// * `guidance`: `t`, `[batch, candidates]`, as [`collapse`] gives it
/// * `scores`, `pad`: `[batch, candidates]`
pub fn distillation_loss(guidance: Tensor<2>, scores: Tensor<2>, pad: Tensor<2, Bool>, temperature: f64) -> Tensor<1> {
    let [batch, _] = scores.dims();
    let guidance = guidance.detach();
    let log_q = activation::log_softmax((scores / temperature).mask_fill(pad.clone(), UNAVAILABLE), 1);
    let log_ratio = guidance.clone().clamp_min(SMALLEST).log() - log_q.mask_fill(pad, 0.);
    (guidance * log_ratio).sum_dim(1).reshape([batch])
}

/// `Σ_j γ^{j−1} KL(P[j,:] ‖ softmax over the available items of s/τ)` per list, `[batch]`.
///
/// # Shapes
/// * `matrix`: `P`, `[batch, slots, candidates]`
/// * `unavailable`: `[batch, slots, candidates]`, true where slot `j` can no longer choose the candidate
/// * `scores`: `s`, in each slot's light, `[batch, slots, candidates]`
pub fn row_wise_distillation_loss(
    matrix: Tensor<3>,
    unavailable: Tensor<3, Bool>,
    lens: &[usize],
    scores: Tensor<3>,
    temperature: f64,
    decay: f64,
) -> Tensor<1> {
    let [batch, slots, _] = matrix.dims();
    let weights = slot_weights(&matrix, lens, decay);
    let matrix = matrix.detach();
    let rows = scores / temperature;
    let log_q = activation::log_softmax(rows.mask_fill(unavailable.clone(), UNAVAILABLE), 2);
    let log_ratio = matrix.clone().clamp_min(SMALLEST).log() - log_q.mask_fill(unavailable, 0.);
    let per_slot = (matrix * log_ratio).sum_dim(2).reshape([batch, slots]);
    (per_slot * weights).sum_dim(1).reshape([batch])
}

/// `γ^{j−1}` at slots that the list can fill, else 0, `[batch, slots]`.
fn slot_weights(matrix: &Tensor<3>, lens: &[usize], decay: f64) -> Tensor<2> {
    let [batch, slots, _] = matrix.dims();
    let weight = |len: usize, slot: usize| if slot < len { decay.powi(slot as i32) as f32 } else { 0. };
    let values = lens.iter().flat_map(|&len| (0..slots).map(move |slot| weight(len, slot))).collect();
    Tensor::from_data(TensorData::new::<f32, _>(values, [batch, slots]), &matrix.device())
}
