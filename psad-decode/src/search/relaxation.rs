//! The linear assignment problem of a block, without rules.

use ordered_float::OrderedFloat;
use pathfinding::kuhn_munkres::{self, kuhn_munkres};

/// Below every sum of differences between two `f32`.
const FORBIDDEN: f64 = -1e60;

/// What each item is worth in each slot of a block: logarithms up to a constant per slot, `-inf` where the model rules
/// the item out.
pub(super) struct Weights {
    /// Column to item, ascending.
    items: Vec<usize>,
    /// Row by row.
    values: Vec<f64>,
}

/// The best items for the last slots of a block.
pub(super) struct Assigned {
    pub(super) picks: Vec<usize>,
    pub(super) value: f64,
}

impl Weights {
    pub(super) fn new(items: Vec<usize>, values: Vec<f64>) -> Self {
        Self { items, values }
    }

    pub(super) fn rows(&self) -> usize {
        self.values.len() / self.items.len().max(1)
    }

    /// Of an item that is one of the block's.
    pub(super) fn weight(&self, row: usize, item: usize) -> f64 {
        let column = self.items.binary_search(&item).unwrap_or_else(|column| column);
        self.row(row)[column]
    }

    fn row(&self, row: usize) -> &[f64] {
        let columns = self.items.len();
        &self.values[row * columns..][..columns]
    }

    /// Of items for all slots, first slot first.
    pub(super) fn value(&self, picks: &[usize]) -> f64 {
        picks.iter().enumerate().map(|(row, &item)| self.weight(row, item)).sum()
    }

    /// What the slots from `row` on can be worth at most, each for itself, with the items `placed` gone.
    pub(super) fn rest(&self, row: usize, placed: &[usize]) -> f64 {
        let best = |row| {
            let left = self.row(row).iter().zip(&self.items).filter(|(_, item)| !placed.contains(item));
            left.map(|(&weight, _)| weight).fold(f64::NEG_INFINITY, f64::max)
        };
        (row..self.rows()).map(best).sum()
    }

    /// The best items for the slots from `row` on, all different and none of `placed`, the first of them `free`; `None`
    /// if the model rules out every such choice.
    ///
    /// Kuhn–Munkres in `f64`. It ends whatever the rounding, as every step of a search adds a column to its tree.
    pub(super) fn assign(&self, row: usize, placed: &[usize], free: impl Fn(usize) -> bool) -> Option<Assigned> {
        let columns: Vec<usize> =
            (0..self.items.len()).filter(|&column| !placed.contains(&self.items[column])).collect();
        let mut values = Vec::with_capacity((self.rows() - row) * columns.len());
        for at in row..self.rows() {
            let weights = self.row(at);
            values.extend(columns.iter().map(|&column| {
                let allowed = at > row || free(self.items[column]);
                OrderedFloat(if allowed { weights[column].max(FORBIDDEN) } else { FORBIDDEN })
            }));
        }
        let table = Table { columns: columns.len(), values };
        let (_, assigned) = kuhn_munkres(&table);
        let picks: Vec<usize> = assigned.iter().map(|&column| self.items[columns[column]]).collect();
        let value =
            assigned.iter().enumerate().map(|(row, &column)| table.values[row * table.columns + column].0).sum();
        (value > 0.5 * FORBIDDEN).then_some(Assigned { picks, value })
    }
}

/// A matrix as the library reads it.
struct Table {
    columns: usize,
    values: Vec<OrderedFloat<f64>>,
}

impl kuhn_munkres::Weights<OrderedFloat<f64>> for Table {
    fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    fn columns(&self) -> usize {
        self.columns
    }

    fn at(&self, row: usize, column: usize) -> OrderedFloat<f64> {
        self.values[row * self.columns + column]
    }

    fn neg(&self) -> Self {
        Self { columns: self.columns, values: self.values.iter().map(|&value| -value).collect() }
    }
}
