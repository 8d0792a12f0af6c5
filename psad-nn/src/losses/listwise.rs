//! A list's scores as one distribution.

use burn::tensor::{Bool, Tensor, activation};

use super::RULED_OUT;

/// Cross-entropy between the labels and the softmax of the scores, `−Σ_i (y_i / Σ y) log softmax(s)_i`, `[batch]`; 0 for
/// a list without a relevant candidate.
///
/// It is the top-one form of `ListNet` (Cao et al. 2007) with the labels' shares as target, which are not exponents of
/// them: for clicks it is the loss of PRM (Pei et al. 2019), and what `SetRank` and DLCM call attention rank, without the
/// latter's terms of the complements.
///
/// # Shapes
/// `scores`, `labels`, `pad`: `[batch, candidates]`; what stands at padding is never read
pub fn listwise_loss(scores: Tensor<2>, labels: Tensor<2>, pad: Tensor<2, Bool>) -> Tensor<1> {
    let [batch, _] = scores.dims();
    let labels = labels.mask_fill(pad.clone(), 0.);
    let total = labels.clone().sum_dim(1);
    // Without a relevant candidate the sum is 0, and so is every label: any positive divisor gives 0.
    let none = total.clone().lower_equal_elem(0.);
    let share = labels / total.mask_fill(none, 1.);
    let log_p = activation::log_softmax(scores.mask_fill(pad.clone(), RULED_OUT), 1).mask_fill(pad, 0.);
    (share * log_p).sum_dim(1).reshape([batch]) * -1.
}
