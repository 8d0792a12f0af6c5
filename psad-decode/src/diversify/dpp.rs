//! Greedy MAP inference of a determinantal point process.

use super::Gain;
use crate::vectors::Vectors;

/// A part of a unit vector that is shorter than 1e-5 is rounding, not a direction of its own.
const NO_VOLUME: f64 = 1e-10;

/// The fast greedy algorithm: a Cholesky factor of the kernel of what is placed, with a row for every candidate.
///
/// Qualities stay outside of the factor: `det L_Y = Π q_i² · det cos_Y`, so the logarithm of what a candidate adds is
/// `2 θ score` plus that of what is left of its unit vector; and no quality overflows.
pub(super) struct Dpp {
    /// `2 θ score` of each candidate.
    qualities: Vec<f64>,
    vectors: Vectors,
    /// What each candidate's vector holds beyond what is placed, squared.
    left: Vec<f64>,
    /// A column of the factor per item that added volume, each with an entry per candidate.
    columns: Vec<Vec<f64>>,
}

impl Dpp {
    pub(super) fn new(theta: f32, scores: &[f32], vectors: Vectors) -> Self {
        let qualities = scores.iter().map(|&score| 2. * f64::from(theta) * f64::from(score)).collect();
        let left = (0..vectors.len()).map(|item| vectors.cosine(item, item)).collect();
        Self { qualities, vectors, left, columns: Vec::new() }
    }
}

impl Gain for Dpp {
    fn gain(&self, item: usize) -> f64 {
        let left = self.left[item];
        if left > NO_VOLUME { self.qualities[item] + left.ln() } else { f64::NEG_INFINITY }
    }

    fn place(&mut self, item: usize) {
        let square = self.left[item];
        if square <= NO_VOLUME {
            return;
        }
        let mut column: Vec<f64> = (0..self.left.len()).map(|other| self.vectors.cosine(other, item)).collect();
        for earlier in &self.columns {
            let own = earlier[item];
            for (entry, &of_other) in column.iter_mut().zip(earlier) {
                *entry -= own * of_other;
            }
        }
        let length = square.sqrt();
        for (entry, left) in column.iter_mut().zip(&mut self.left) {
            *entry /= length;
            *left -= *entry * *entry;
        }
        self.columns.push(column);
    }
}
