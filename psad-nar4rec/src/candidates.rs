//! The candidates encoder: a set goes in, a set comes out.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;
use psad_nn::{Encoded, Mask, Norm, TransformerLayer, TransformerLayerConfig, Weights, linear_of_parts};

use crate::rows::beside_profile;

/// `x_i`: every candidate beside the user, then in the light of the others. It adds no position of its own; the encoding
/// that it reads may tell where the ranker put a candidate.
#[derive(Module, Debug)]
pub struct CandidateEncoder {
    join: Linear,
    layers: Vec<TransformerLayer>,
    norm: Norm,
}

impl CandidateEncoder {
    pub(crate) fn init(layer: &TransformerLayerConfig, profile: usize, layers: usize, weights: &mut Weights) -> Self {
        let device = weights.device().clone();
        Self {
            join: weights.linear(layer.width.saturating_add(profile), layer.width),
            layers: (0..layers).map(|_| layer.init(weights.next_seed(), &device)).collect(),
            norm: weights.norm(layer.width),
        }
    }

    /// # Shapes
    /// answer: `x`, `[batch, candidates, width]`; what stands at padding is not to be read
    pub fn forward(&self, encoded: &Encoded) -> Tensor<3> {
        let joined = linear_of_parts(&self.join, beside_profile(encoded.items.clone(), encoded.profile.clone()), false);
        let mask = Mask::keys(encoded.pad.clone());
        self.norm.forward(self.layers.iter().fold(joined, |items, layer| layer.forward(items, &mask)))
    }
}
