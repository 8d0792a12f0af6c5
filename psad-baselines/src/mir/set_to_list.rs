//! Set-to-list attention.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Bool, Tensor, activation};
use psad_nn::Weights;

use crate::parts::tanh;

/// Low enough that its softmax weight is zero beside any logit, which are of size one here.
const BLOCKED: f32 = -1e9;

/// What the candidates make of the set and of the history, led by their affinity `C`.
///
/// `H_S = tanh(S W_S + C (L W_L) / √m)` and `H_L = tanh(L W_L + Cᵀ (S W_S) / √n)` say what each item is in the light of
/// the other side. Candidate `i` then reads the set with the weights `softmax_j(H_S(i) · H_S(j) / √D)` and the history
/// with `softmax_t(H_S(i) · H_L(t) / √D + C_it)`.
#[derive(Module, Debug)]
pub(super) struct SetToList {
    set: Linear,
    list: Linear,
}

/// Which items are real.
#[derive(Debug, Clone)]
pub(super) struct Padding {
    /// `[batch, candidates]`, true at padding.
    pub(super) set: Tensor<2, Bool>,
    /// `[batch, history]`, true at padding.
    pub(super) list: Tensor<2, Bool>,
}

impl SetToList {
    pub(super) fn init(set: usize, list: usize, width: usize, weights: &mut Weights) -> Self {
        Self { set: weights.linear(set, width), list: weights.linear(list, width) }
    }

    /// # Shapes
    /// * `set`: `[batch, candidates, set width]`
    /// * `list`: `[batch, history, list width]`
    /// * `affinity`: `[batch, candidates, history]`
    /// * answer: `[batch, candidates, set width + list width]`; zeros for what is read of an empty history
    pub(super) fn forward(&self, set: Tensor<3>, list: Tensor<3>, affinity: Tensor<3>, pad: &Padding) -> Tensor<3> {
        let [batch, candidates, history] = affinity.dims();
        let (no_item, no_past) = (pad.set.clone(), pad.list.clone());
        let affinity = affinity
            .mask_fill(no_item.clone().reshape([batch, candidates, 1]), 0.)
            .mask_fill(no_past.clone().reshape([batch, 1, history]), 0.);
        let (own, past) = (self.set.forward(set.clone()), self.list.forward(list.clone()));
        let from_past = affinity.clone().matmul(past.clone()) / root_of_count(&no_past);
        let from_set = affinity.clone().swap_dims(1, 2).matmul(own.clone()) / root_of_count(&no_item);
        let (own, past) = (tanh(own + from_past), tanh(past + from_set)); // H_S, H_L
        let read_set = weights(products(own.clone(), own.clone()), no_item).matmul(set);
        let read_list = weights(products(own, past) + affinity, no_past).matmul(list);
        Tensor::cat(vec![read_set, read_list], 2)
    }
}

/// `√` of the number of real items, at least 1, `[batch, 1, 1]`.
fn root_of_count(pad: &Tensor<2, Bool>) -> Tensor<3> {
    pad.clone().bool_not().float().sum_dim(1).clamp_min(1.).sqrt().unsqueeze_dim::<3>(2)
}

/// `[batch, queries, width]`, `[batch, keys, width]` → `[batch, queries, keys]`.
fn products(queries: Tensor<3>, keys: Tensor<3>) -> Tensor<3> {
    let [_, _, width] = keys.dims();
    queries.matmul(keys.swap_dims(1, 2)) / (width as f32).sqrt()
}

/// `[batch, queries, keys]` → the same; zero at padding, also where there is nothing else.
fn weights(logits: Tensor<3>, pad: Tensor<2, Bool>) -> Tensor<3> {
    let [batch, keys] = pad.dims();
    let pad = pad.reshape([batch, 1, keys]);
    activation::softmax(logits.mask_fill(pad.clone(), BLOCKED), 2).mask_fill(pad, 0.)
}
