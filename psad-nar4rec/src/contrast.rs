//! The contrastive term: vectors of one list are to point in different directions.

use burn::tensor::{Bool, Tensor, activation};

/// Squared lengths below this count as this, so that a vector of zeros has the cosine 0 and a finite gradient.
const SHORTEST: f64 = 1e-8;

/// `mean_{i≠j} max(0, ρ − 1 + cos(v_i, v_j))` over the pairs of real vectors, `[batch]`; 0 for a list of one.
///
/// `ρ` is the margin: two vectors are left alone once their cosine is at most `1 − ρ` (Su et al. 2022, the loss that
/// belongs to contrastive search; here for candidates and positions, as in Ren et al. 2024).
///
/// # Shapes
/// * `vectors`: `[batch, length, width]`
/// * `pad`: `[batch, length]`, true where a vector is not to be read
pub fn contrast_loss(vectors: Tensor<3>, pad: Tensor<2, Bool>, margin: f64) -> Tensor<1> {
    let [batch, length, _] = vectors.dims();
    let real = pad.clone().bool_not().float();
    let count = real.sum_dim(1); // [batch, 1]
    let pairs = (count.clone() * (count - 1.)).clamp_min(1.).reshape([batch]);
    let similarity = cosines(vectors); // [batch, length, length]
    let short = activation::relu(similarity + (margin - 1.)).mask_fill(outside(pad), 0.);
    short.reshape([batch, length * length]).sum_dim(1).reshape([batch]) / pairs
}

/// `[batch, length, length]`.
fn cosines(vectors: Tensor<3>) -> Tensor<3> {
    let squared = vectors.clone().square().sum_dim(2);
    let directions = vectors / squared.clamp_min(SHORTEST).sqrt();
    directions.clone().matmul(directions.swap_dims(1, 2))
}

/// True for a vector with itself and for all pairs with padding, `[batch, length, length]`.
fn outside(pad: Tensor<2, Bool>) -> Tensor<3, Bool> {
    let [batch, length] = pad.dims();
    let shape = [batch, length, length];
    let itself = Tensor::<2, Bool>::diag_mask([length, length], 0, &pad.device()).bool_not();
    let (rows, columns) = (pad.clone().reshape([batch, length, 1]), pad.reshape([batch, 1, length]));
    rows.expand(shape).bool_or(columns.expand(shape)).bool_or(itself.reshape([1, length, length]).expand(shape))
}
