//! The student: a few small layers that give every candidate a score.
//!
//! PSAD-S is the shared encoder followed by this scorer: one pass, then picking by score and by what stands above. It
//! is trained beside the teacher by `psad-distill`, or alone.
//!
//! ```
//! use burn::tensor::{Bool, Device, Distribution, Tensor};
//! use psad_nn::{Encoded, ListScorer};
//! use psad_scorer::ScorerConfig;
//!
//! let device = Device::flex();
//! let random = || Tensor::<3>::random([2, 6, 16], Distribution::Normal(0., 1.), &device);
//! let encoded = Encoded {
//!     items: random(),
//!     inputs: random(),
//!     raw: random(),
//!     profile: Tensor::zeros([2, 20], &device),
//!     pad: Tensor::<1, Bool>::from_bool([false; 12].as_slice(), &device).reshape([2, 6]),
//!     ranker: Tensor::zeros([2, 6], &device),
//!     lens: vec![6, 6],
//! };
//! let scorer = ScorerConfig::new(16, 20).init(42, &device);
//! assert_eq!(scorer.score(&encoded).dims(), [2, 6]);
//! ```
//!
//! Neighbours: it reads the `Encoded` of `psad-encoder`; a scorer of your own implements [`psad_nn::ListScorer`].

use burn::config::Config;
use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use psad_nn::{Encoded, ListScorer, Mlp, Part, Weights, linear};

/// Configuration of [`Scorer`].
#[derive(Config, Debug)]
pub struct ScorerConfig {
    /// Width of the encoded items.
    pub width: usize,
    /// Width of the encoded profile.
    pub profile: usize,
    /// Widths of the hidden layers.
    #[config(default = "vec![64, 32]")]
    pub hidden: Vec<usize>,
}

impl ScorerConfig {
    /// Draws the weights.
    pub fn init(&self, seed: u64, device: &Device) -> Scorer {
        let widths: Vec<usize> =
            std::iter::once(2 * self.width + self.profile).chain(self.hidden.iter().copied()).chain([1]).collect();
        let mut weights = Weights::seeded(seed, device);
        Scorer {
            layers: Mlp::init_zero(&widths, &mut weights),
            taste: weights.zero_linear(self.profile, self.width),
            ranker: weights.constant([1], 1.),
        }
    }
}

/// `s_i = MLP([H_i; x̃_i; e_u; h_u]) + x_i · (W [e_u; h_u] + b) / √width + β r_i` with the raw item `x_i` and the ranker's
/// standardised score `r_i`.
///
/// The product is what a small network of the same inputs hardly learns: how well item and user go together (Rendle et al.
/// 2020, *Neural collaborative filtering vs. matrix factorization revisited*). It and the last layer start at zero and `β`
/// at one: an untrained scorer keeps the ranker's order, and training decides how far it moves from there. Learned from
/// scratch instead, small data do not even win the ranker back.
#[derive(Module, Debug)]
pub struct Scorer {
    layers: Mlp,
    taste: Linear,
    ranker: Param<Tensor<1>>,
}

impl ListScorer for Scorer {
    fn score(&self, encoded: &Encoded) -> Tensor<2> {
        let [batch, candidates, width] = encoded.items.dims();
        let parts = [encoded.items.clone(), encoded.inputs.clone()].map(Part::Items);
        let parts = parts.into_iter().chain([Part::List(encoded.profile.clone())]).collect();
        let learned = self.layers.forward_parts(parts).reshape([batch, candidates]);
        let [_, profile] = encoded.profile.dims();
        let taste = linear(&self.taste, encoded.profile.clone().reshape([batch, 1, profile])) / (width as f64).sqrt();
        let suited = encoded.raw.clone().matmul(taste.transpose()).reshape([batch, candidates]);
        learned + suited + encoded.ranker.clone() * self.ranker.val().reshape([1, 1])
    }
}
