//! Sliding spectrum decomposition.

use std::collections::VecDeque;

use super::{Gain, relevance};
use crate::vectors::Vectors;

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

    fn row(&self, item: usize) -> &[f64] {
        &self.left[item * self.width..][..self.width]
    }

    /// Takes the direction of an item out of every candidate.
    fn take_out(&mut self, item: usize) {
        let length = self.lengths[item];
        if length <= NO_LENGTH {
            self.directions.push_back(None);
            return;
        }
        let unit: Vec<f64> = self.row(item).iter().map(|value| value / length).collect();
        let parts: Vec<f64> = (0..self.lengths.len()).map(|other| dot(self.row(other), &unit)).collect();
        add(&mut self.left, &unit, &parts, -1.);
        self.directions.push_back(Some(Direction { unit, length, parts }));
    }

    /// Gives back what the oldest item of the window has taken out.
    fn give_back(&mut self) {
        if let Some(Some(oldest)) = self.directions.pop_front() {
            add(&mut self.left, &oldest.unit, &oldest.parts, 1.);
        }
    }
}

impl Gain for Ssd {
    fn gain(&self, item: usize) -> f64 {
        self.relevance[item] + self.gamma * self.volume * self.lengths[item]
    }

    fn place(&mut self, item: usize) {
        self.take_out(item);
        if self.directions.len() == self.window {
            self.give_back();
        }
        self.volume = self.directions.iter().flatten().map(|direction| direction.length).product();
        for item in 0..self.lengths.len() {
            let row = self.row(item);
            self.lengths[item] = dot(row, row).sqrt();
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// `sign · part · unit` onto each row of `rows`.
fn add(rows: &mut [f64], unit: &[f64], parts: &[f64], sign: f64) {
    for (row, part) in rows.chunks_exact_mut(unit.len()).zip(parts) {
        for (value, direction) in row.iter_mut().zip(unit) {
            *value += sign * part * direction;
        }
    }
}
