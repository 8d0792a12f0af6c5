//! What each item is worth in each slot of a block.

use crate::free::maximum;
use crate::row::{BadLogit, Open};

/// Logits, each slot's less their maximum, of everything that is not placed when the block begins; `-inf` where the
/// model or a rule about single items keeps an item out of a slot.
///
/// They differ from log-probabilities by a constant per slot, which all ways to fill the block share.
pub(super) struct Worth {
    rows: usize,
    /// Column to item, ascending.
    items: Vec<usize>,
    /// Row by row.
    values: Vec<f64>,
    /// The columns of each row that are worth anything, the best first.
    ranked: Vec<Vec<usize>>,
}

impl Worth {
    /// Of the slots below `end`.
    pub(super) fn new(open: &Open<'_>, end: usize) -> Result<Self, BadLogit> {
        let (slate, placed) = (open.hypothesis.slate(), open.hypothesis.placed());
        let items: Vec<usize> = (0..slate.candidates()).filter(|item| !placed.contains(item)).collect();
        let rows = end - open.slot();
        let mut worth = Self { rows, values: Vec::with_capacity(rows * items.len()), items, ranked: Vec::new() };
        let mut row: Vec<f32> = Vec::with_capacity(worth.items.len());
        let mut room = Vec::new();
        for slot in open.slot()..end {
            let logits = open.logits_of(slot, &mut room);
            row.clear();
            row.extend(worth.items.iter().map(|&item| logits[item]));
            let bad = |logit: f32| logit.is_nan() || logit == f32::INFINITY;
            if let Some(column) = row.iter().position(|&logit| bad(logit)) {
                return Err(open.bad(slot, worth.items[column], row[column]));
            }
            // A slot without any choice stays without one.
            let max = f64::from(maximum(&row).max(f32::MIN));
            worth.values.extend(row.iter().map(|&logit| f64::from(logit) - max));
            if slate.is_constrained() {
                worth.keep_out(|item| !slate.allows(item, slot));
                worth.rank(worth.items.len());
            } else {
                worth.rank(rows);
            }
        }
        Ok(worth)
    }

    /// Strikes items out of the last row.
    fn keep_out(&mut self, kept_out: impl Fn(usize) -> bool) {
        let last = self.values.len() - self.items.len();
        for (value, &item) in self.values[last..].iter_mut().zip(&self.items) {
            if kept_out(item) {
                *value = f64::NEG_INFINITY;
            }
        }
    }

    /// Ranks the best `most` of the last row: more than that are not needed where nothing but the other slots stands in
    /// an item's way.
    fn rank(&mut self, most: usize) {
        let row = self.row(self.ranked.len());
        let mut columns: Vec<usize> = (0..row.len()).filter(|&column| row[column] > f64::NEG_INFINITY).collect();
        let best_first = |a: &usize, b: &usize| row[*b].total_cmp(&row[*a]).then(a.cmp(b));
        if columns.len() > most {
            columns.select_nth_unstable_by(most - 1, best_first);
            columns.truncate(most);
        }
        columns.sort_unstable_by(best_first);
        self.ranked.push(columns);
    }

    /// Number of slots.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// The items that are not placed, ascending: what stands for each column.
    pub(super) fn items(&self) -> &[usize] {
        &self.items
    }

    /// What each column is worth in a slot.
    pub(super) fn row(&self, row: usize) -> &[f64] {
        let columns = self.items.len();
        &self.values[row * columns..][..columns]
    }

    /// The columns that are worth anything in a slot, the best first.
    pub(super) fn ranked(&self, row: usize) -> &[usize] {
        &self.ranked[row]
    }

    /// What items for all slots are worth together.
    pub(super) fn total(&self, items: &[usize]) -> f64 {
        let value =
            |(row, item)| self.items.binary_search(item).map_or(f64::NEG_INFINITY, |column| self.row(row)[column]);
        items.iter().enumerate().map(value).sum()
    }
}
