//! The latent space in which tastes and items meet.

use ndarray_rand::rand::Rng;
use ndarray_rand::rand_distr::StandardNormal;

/// Dimensions of the latent space.
pub(crate) const WIDTH: usize = 8;

/// A point of the latent space: a category's centre, an item, or what a user likes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Taste([f64; WIDTH]);

impl Taste {
    /// A random direction, of expected squared length 1.
    pub(crate) fn draw(rng: &mut impl Rng) -> Self {
        Self(std::array::from_fn(|_| normal(rng) / (WIDTH as f64).sqrt()))
    }

    /// `self + weight · other`.
    #[must_use]
    pub(crate) fn plus(self, weight: f64, other: &Self) -> Self {
        Self(std::array::from_fn(|k| self.0[k] + weight * other.0[k]))
    }

    /// `weight · self`.
    #[must_use]
    pub(crate) fn scaled(self, weight: f64) -> Self {
        Self(self.0.map(|value| weight * value))
    }

    /// How well the two go together.
    pub(crate) fn dot(&self, other: &Self) -> f64 {
        self.0.iter().zip(&other.0).map(|(a, b)| a * b).sum()
    }
}

/// A draw from the standard normal distribution.
pub(crate) fn normal(rng: &mut impl Rng) -> f64 {
    rng.sample(StandardNormal)
}
