//! The linear assignment problem: items for all slots, with nothing between the slots but that items differ.

use ordered_float::OrderedFloat;
use pathfinding::kuhn_munkres::{Weights, kuhn_munkres};

use super::worth::Worth;

/// Below every sum of differences between two `f32`.
const FORBIDDEN: f64 = -1e60;

/// Which columns a slot may take.
#[derive(Clone, Copy)]
pub(super) enum Allowed<'a> {
    /// Any.
    All,
    /// Those of one class, by the class of each column.
    Class(usize, &'a [usize]),
    /// Those of some classes, by the class of each column.
    Classes(&'a [bool], &'a [usize]),
}

impl Allowed<'_> {
    fn holds(self, column: usize) -> bool {
        match self {
            Self::All => true,
            Self::Class(class, classes) => classes[column] == class,
            Self::Classes(open, classes) => open[classes[column]],
        }
    }
}

/// The best items for the slots of a block.
pub(super) struct Assigned {
    pub(super) picks: Vec<usize>,
    pub(super) value: f64,
}

/// The best different items for all slots, each out of what its slot may take; `None` if there is no such choice.
///
/// Of each slot only as many of its best columns as there are slots can matter: if it took a later one, an earlier one
/// would be left. Kuhn–Munkres runs on `f64`; it ends whatever the rounding, as every step of its search adds a column
/// to a tree.
pub(super) fn assign<'a>(worth: &Worth, allowed: impl Fn(usize) -> Allowed<'a>) -> Option<Assigned> {
    let rows = worth.rows();
    let mut columns = Vec::with_capacity(rows * rows);
    for row in 0..rows {
        let allowed = allowed(row);
        columns.extend(worth.ranked(row).iter().copied().filter(|&column| allowed.holds(column)).take(rows));
    }
    columns.sort_unstable();
    columns.dedup();
    if columns.len() < rows {
        return None;
    }
    let mut values = Vec::with_capacity(rows * columns.len());
    for row in 0..rows {
        let (allowed, of_row) = (allowed(row), worth.row(row));
        values.extend(columns.iter().map(|&column| {
            let value = if allowed.holds(column) { of_row[column] } else { FORBIDDEN };
            OrderedFloat(value.max(FORBIDDEN))
        }));
    }
    let table = Table { columns: columns.len(), values };
    let (_, assigned) = kuhn_munkres(&table);
    let value: f64 = assigned.iter().enumerate().map(|(row, &column)| table.at(row, column).0).sum();
    let picks = assigned.into_iter().map(|column| worth.items()[columns[column]]).collect();
    (value > 0.5 * FORBIDDEN).then_some(Assigned { picks, value })
}

/// A matrix as the library reads it.
struct Table {
    columns: usize,
    values: Vec<OrderedFloat<f64>>,
}

impl Weights<OrderedFloat<f64>> for Table {
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
