//! Fully connected blocks.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Tensor, activation};

use crate::Weights;

/// Two linear layers with a ReLU between them.
///
/// ReLU, not GELU: on the CPU backend GELU alone would be almost half of an encoder layer.
#[derive(Module, Debug)]
pub struct FeedForward {
    inner: Linear,
    outer: Linear,
}

impl FeedForward {
    /// `width` → `hidden` → `output`.
    pub fn init(width: usize, hidden: usize, output: usize, weights: &mut Weights) -> Self {
        Self { inner: weights.linear(width, hidden), outer: weights.linear(hidden, output) }
    }

    /// The same, but the outer layer starts at zero, so that the block answers zero until it has learned.
    pub fn init_zero(width: usize, hidden: usize, output: usize, weights: &mut Weights) -> Self {
        Self { inner: weights.linear(width, hidden), outer: weights.zero_linear(hidden, output) }
    }

    /// # Shapes
    /// `[.., width]` → `[.., output]`
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        self.outer.forward(activation::relu(self.inner.forward(input)))
    }
}

/// Any number of linear layers with ReLUs between them.
#[derive(Module, Debug)]
pub struct Mlp {
    layers: Vec<Linear>,
}

impl Mlp {
    /// Layers between neighbouring `widths`, so `[64, 32, 1]` makes two.
    pub fn init(widths: &[usize], weights: &mut Weights) -> Self {
        Self { layers: widths.windows(2).map(|pair| weights.linear(pair[0], pair[1])).collect() }
    }

    /// The same, but the last layer starts at zero, so that the network answers zero until it has learned.
    pub fn init_zero(widths: &[usize], weights: &mut Weights) -> Self {
        let mut layers = Self::init(widths, weights).layers;
        if let (Some(last), [.., input, output]) = (layers.last_mut(), widths) {
            *last = weights.zero_linear(*input, *output);
        }
        Self { layers }
    }

    /// # Shapes
    /// `[.., first width]` → `[.., last width]`
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let last = self.layers.len().saturating_sub(1);
        self.layers.iter().enumerate().fold(input, |hidden, (index, layer)| {
            let hidden = layer.forward(hidden);
            if index == last { hidden } else { activation::relu(hidden) }
        })
    }
}
