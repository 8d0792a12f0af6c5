//! Every candidate for itself.

use burn::tensor::{Bool, Tensor, activation};

/// Mean binary cross-entropy of `σ(s_i)` over each list's real candidates, `[batch]`.
///
/// Graded labels are soft targets: `label / max_label`, at most 1.
///
/// # Shapes
/// `scores`, `labels`, `pad`: `[batch, candidates]`
pub fn pointwise_loss(scores: Tensor<2>, labels: Tensor<2>, pad: Tensor<2, Bool>, max_label: f64) -> Tensor<1> {
    let [batch, _] = scores.dims();
    let target = (labels / max_label).clamp(0., 1.);
    // −t log σ(s) − (1 − t) log(1 − σ(s)) = −log σ(−s) − t s. A softplus made of `relu` and `abs` is the same number,
    // but its gradient at a score of exactly zero, where many scorers start, is not ½.
    let softplus = activation::log_sigmoid(scores.clone() * -1.) * -1.;
    let loss = (softplus - target * scores).mask_fill(pad.clone(), 0.);
    let count = pad.bool_not().float().sum_dim(1);
    (loss.sum_dim(1) / count).reshape([batch])
}
