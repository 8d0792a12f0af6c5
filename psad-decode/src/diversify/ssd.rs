//! Sliding spectrum decomposition.

use std::collections::VecDeque;

use super::{Gain, relevance};
use crate::vectors::{Vectors, dot};

/// A part of a unit vector that is not longer is rounding, not a direction of its own.
const NO_LENGTH: f64 = 1e-5;

/// A Gram–Schmidt process over the last `window − 1` items, on all candidates at once.
pub(super) struct Ssd {
    gamma: f64,
    window: usize,
    relevance: Vec<f64>,
    width: usize,
    /// What is left of each candidate's unit vector when the directions of the window are taken out; row by row.
    left: Vec<f64>,
    /// The length of each row.
    lengths: Vec<f64>,
    /// What the items of the window have added, the oldest first; `None` for one that added nothing.
    directions: VecDeque<Option<Direction>>,
    /// Of the window.
    volume: f64,
}

struct Direction {
    /// Of length 1.
    unit: Vec<f64>,
    /// Length of what the item had left when it was placed.
    length: f64,
    /// How far each candidate went in the direction.
    parts: Vec<f64>,
}

impl Ssd {
    pub(super) fn new(gamma: f32, window: usize, scores: &[f32], vectors: &Vectors) -> Self {
        let left = (0..vectors.len()).flat_map(|item| vectors.unit(item)).collect();
        let lengths = (0..vectors.len()).map(|item| vectors.cosine(item, item)).collect();
        Self {
            gamma: f64::from(gamma),
            window,
            relevance: relevance(scores),
            width: vectors.width(),
            left,
            lengths,
            directions: VecDeque::new(),
            volume: 1.,
        }
    }

    /// The direction that an item adds to the window, without the parts of the candidates; `None` if it adds none.
    fn direction(&self, item: usize) -> Option<Direction> {
        let length = self.lengths[item];
        let row = &self.left[item * self.width..][..self.width];
        let unit = || row.iter().map(|value| value / length).collect();
        (length > NO_LENGTH).then(|| Direction { unit: unit(), length, parts: vec![0.; self.lengths.len()] })
    }
}

impl Gain for Ssd {
    fn gain(&self, item: usize) -> f64 {
        self.relevance[item] + self.gamma * self.volume * self.lengths[item]
    }

    fn place(&mut self, item: usize) {
        if self.window == 1 {
            return;
        }
        let mut new = self.direction(item);
        let full = self.directions.len() + 1 == self.window;
        let oldest = if full { self.directions.pop_front().flatten() } else { None };
        for (other, length) in self.lengths.iter_mut().enumerate() {
            let row = &mut self.left[other * self.width..][..self.width];
            if let Some(new) = &mut new {
                new.parts[other] = dot(row, &new.unit);
                add(row, &new.unit, -new.parts[other]);
            }
            if let Some(oldest) = &oldest {
                add(row, &oldest.unit, oldest.parts[other]);
            }
            *length = dot(row, row).sqrt();
        }
        self.directions.push_back(new);
        self.volume = self.directions.iter().flatten().map(|direction| direction.length).product();
    }
}

/// `part · unit` onto a vector.
fn add(vector: &mut [f64], unit: &[f64], part: f64) {
    for (value, direction) in vector.iter_mut().zip(unit) {
        *value += part * direction;
    }
}
