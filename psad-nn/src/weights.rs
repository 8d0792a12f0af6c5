//! Seeded initial weights.

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Normal, Uniform};

use crate::Norm;

/// Draws the initial weights of a component from one seed.
///
/// Burn's own initialisers share one global generator and draw lazily, so that a weight depends on what else ran in
/// the process. Here it depends on the seed and the order of the calls alone.
#[derive(Debug, Clone)]
pub struct Weights {
    rng: ChaCha8Rng,
    device: Device,
}

impl Weights {
    /// Starts at `seed`; weights are made on `device`.
    pub fn seeded(seed: u64, device: &Device) -> Self {
        Self { rng: ChaCha8Rng::seed_from_u64(seed), device: device.clone() }
    }

    /// A seed for a part of the component.
    pub fn next_seed(&mut self) -> u64 {
        self.rng.random()
    }

    /// The device on which weights are made.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// A linear layer, weights uniform in `±√(1/input)` as burn's and PyTorch's default, bias zero.
    pub fn linear(&mut self, input: usize, output: usize) -> Linear {
        let bound = (1. / input.max(1) as f32).sqrt();
        let weight = self.uniform([input, output], bound);
        Linear { weight, bias: Some(self.constant([output], 0.)) }
    }

    /// A linear layer without bias.
    pub fn projection(&mut self, input: usize, output: usize) -> Linear {
        Linear { bias: None, ..self.linear(input, output) }
    }

    /// A linear layer that answers zero until it has learned.
    pub fn zero_linear(&mut self, input: usize, output: usize) -> Linear {
        Linear { weight: self.constant([input, output], 0.), bias: Some(self.constant([output], 0.)) }
    }

    /// A linear layer without bias that answers zero until it has learned.
    pub fn zero_projection(&mut self, input: usize, output: usize) -> Linear {
        Linear { bias: None, ..self.zero_linear(input, output) }
    }

    /// A layer normalisation.
    pub fn norm(&self, width: usize) -> Norm {
        Norm { gamma: self.constant([width], 1.), beta: self.constant([width], 0.) }
    }

    /// Values from a normal distribution with mean 0.
    pub fn normal<const D: usize>(&mut self, shape: [usize; D], deviation: f32) -> Param<Tensor<D>> {
        // A negative or NaN deviation is a slip of the component's author; it falls back to the mean.
        let values = match Normal::new(0_f32, deviation) {
            Ok(normal) => (&mut self.rng).sample_iter(normal).take(shape.iter().product()).collect(),
            Err(_) => vec![0.; shape.iter().product()],
        };
        Param::from_data(TensorData::new::<f32, _>(values, shape), &self.device)
    }

    /// Values drawn evenly from `±bound`.
    pub fn uniform<const D: usize>(&mut self, shape: [usize; D], bound: f32) -> Param<Tensor<D>> {
        let values = match Uniform::new_inclusive(-bound, bound) {
            Ok(uniform) => (&mut self.rng).sample_iter(uniform).take(shape.iter().product()).collect(),
            Err(_) => vec![0.; shape.iter().product()],
        };
        Param::from_data(TensorData::new::<f32, _>(values, shape), &self.device)
    }

    /// One value everywhere.
    pub fn constant<const D: usize>(&self, shape: [usize; D], value: f32) -> Param<Tensor<D>> {
        Param::from_data(TensorData::new::<f32, _>(vec![value; shape.iter().product()], shape), &self.device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_weights() {
        let draw = |seed| Weights::seeded(seed, &Device::flex()).linear(3, 4).weight.val().into_data();
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }
}
