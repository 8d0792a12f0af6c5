//! Fully connected blocks.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;

use crate::{Part, Weights, linear, linear_of_parts, linear_relu, linear_residual};

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
        linear(&self.outer, linear_relu(&self.inner, input))
    }

    /// Adds what the block answers to a residual path.
    ///
    /// # Shapes
    /// `[.., width]`, `residual`: `[.., output]` → `[.., output]`
    pub fn forward_onto<const D: usize>(&self, input: Tensor<D>, residual: Tensor<D>) -> Tensor<D> {
        linear_residual(&self.outer, linear_relu(&self.inner, input), residual)
    }

    /// The block over several parts side by side, see [`linear_of_parts`].
    ///
    /// # Shapes
    /// answer: `[batch, length, output]`
    pub fn forward_parts(&self, parts: Vec<Part>) -> Tensor<3> {
        linear(&self.outer, linear_of_parts(&self.inner, parts, true))
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
            if index == last { linear(layer, hidden) } else { linear_relu(layer, hidden) }
        })
    }

    /// The network over several parts side by side, see [`linear_of_parts`].
    ///
    /// # Shapes
    /// answer: `[batch, length, last width]`
    ///
    /// # Panics
    /// If there is no layer.
    pub fn forward_parts(&self, parts: Vec<Part>) -> Tensor<3> {
        let (first, rest) = (&self.layers[0], &self.layers[1..]);
        let hidden = linear_of_parts(first, parts, !rest.is_empty());
        rest.iter().enumerate().fold(hidden, |hidden, (index, layer)| {
            if index + 1 == rest.len() { linear(layer, hidden) } else { linear_relu(layer, hidden) }
        })
    }
}
