//! Maximal marginal relevance.

use super::{Gain, relevance};
use crate::vectors::Vectors;

pub(super) struct Mmr {
    lambda: f64,
    relevance: Vec<f64>,
    vectors: Vectors,
    /// The greatest cosine of each candidate to what is placed; nothing as long as nothing is.
    nearest: Option<Vec<f64>>,
}

impl Mmr {
    pub(super) fn new(lambda: f32, scores: &[f32], vectors: Vectors) -> Self {
        Self { lambda: f64::from(lambda), relevance: relevance(scores), vectors, nearest: None }
    }
}

impl Gain for Mmr {
    fn gain(&self, item: usize) -> f64 {
        let penalty = self.nearest.as_ref().map_or(0., |nearest| nearest[item]);
        self.lambda * self.relevance[item] - (1. - self.lambda) * penalty
    }

    fn place(&mut self, item: usize) {
        let candidates = self.vectors.len();
        let nearest = self.nearest.get_or_insert_with(|| vec![f64::NEG_INFINITY; candidates]);
        for (other, nearest) in nearest.iter_mut().enumerate() {
            *nearest = nearest.max(self.vectors.cosine(other, item));
        }
    }
}
