//! Two small parts that most baselines share.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Tensor, activation};
use psad_nn::{Encoded, Mlp, Weights};

/// `W [x_i; p_u] + b`, computed as `W_x x_i + b + W_p p_u`: the user is multiplied once per list.
#[derive(Module, Debug)]
pub(crate) struct JoinUser {
    item: Linear,
    user: Linear,
}

impl JoinUser {
    pub(crate) fn init(width: usize, profile: usize, output: usize, weights: &mut Weights) -> Self {
        Self { item: weights.linear(width, output), user: weights.projection(profile, output) }
    }

    /// # Shapes
    /// Reads `inputs` `[batch, candidates, width]` and `profile` `[batch, profile]`; answers
    /// `[batch, candidates, output]`.
    pub(crate) fn forward(&self, encoded: &Encoded) -> Tensor<3> {
        self.item.forward(encoded.inputs.clone()) + self.user.forward(encoded.profile.clone()).unsqueeze_dim::<3>(1)
    }
}

/// `s_i = MLP(h_i) + β r_i` with the ranker's standardised score `r_i`. The last layer starts at zero and `β` at one.
#[derive(Module, Debug)]
pub(crate) struct ScoreHead {
    layers: Mlp,
    ranker: Param<Tensor<1>>,
}

impl ScoreHead {
    /// A network from `width` through `hidden` to one score.
    pub(crate) fn init(width: usize, hidden: &[usize], weights: &mut Weights) -> Self {
        let widths: Vec<usize> = std::iter::once(width).chain(hidden.iter().copied()).chain([1]).collect();
        Self { layers: Mlp::init_zero(&widths, weights), ranker: weights.constant([1], 1.) }
    }

    /// # Shapes
    /// * `hidden`: `[batch, candidates, width]`
    /// * `ranker`, answer: `[batch, candidates]`
    pub(crate) fn forward(&self, hidden: Tensor<3>, ranker: &Tensor<2>) -> Tensor<2> {
        let learned = self.layers.forward(hidden).squeeze_dim::<2>(2);
        learned + ranker.clone() * self.ranker.val().unsqueeze::<2>()
    }
}

/// `tanh x = 2 σ(2x) − 1`: the backend's `tanh` costs three times its sigmoid.
pub(crate) fn tanh<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    activation::sigmoid(input * 2.) * 2. - 1.
}

/// `max(0, x) + e^{min(0, x)} − 1`, the exponential linear unit. Burn's own takes `exp` of large numbers too, and infinity
/// times zero is no gradient.
pub(crate) fn elu<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    activation::relu(input.clone()) + input.clamp_max(0.).exp() - 1.
}

/// The user beside every candidate, `[batch, profile]` → `[batch, candidates, profile]`.
pub(crate) fn beside_each(profile: &Tensor<2>, candidates: usize) -> Tensor<3> {
    let [batch, width] = profile.dims();
    profile.clone().reshape([batch, 1, width]).expand([batch, candidates, width])
}
