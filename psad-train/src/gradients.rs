//! What a batch asks to change: dense gradients in visiting order, and the rows that it touched.

use psad_nn::Touched;
use rustc_hash::FxHashMap;

/// Gradients on the host. Those of shards are added in the shards' order, so that a sum always rounds alike.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gradients {
    /// Per dense parameter; `None` where the loss does not depend on it.
    pub(crate) dense: Vec<Option<Vec<f32>>>,
    /// The rows that `rows` belongs to, distinct.
    pub(crate) touched: Vec<Touched>,
    /// `[touched, width]`.
    pub(crate) rows: Vec<f32>,
}

/// A value that is no number, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    Dense { index: usize, value: f32 },
    Row { touched: Touched, value: f32 },
}

impl Gradients {
    /// The sum of all shards.
    pub(crate) fn sum(shards: impl IntoIterator<Item = Self>) -> Self {
        let mut shards = shards.into_iter();
        let mut total = shards.next().unwrap_or_default();
        let mut places: FxHashMap<Touched, usize> =
            total.touched.iter().enumerate().map(|(place, &touched)| (touched, place)).collect();
        for shard in shards {
            total.add_dense(shard.dense);
            total.add_rows(&shard.touched, &shard.rows, &mut places);
        }
        total
    }

    fn add_dense(&mut self, dense: Vec<Option<Vec<f32>>>) {
        for (sum, more) in self.dense.iter_mut().zip(dense) {
            match (sum.as_mut(), more) {
                (Some(sum), Some(more)) => add(sum, &more),
                (None, more) => *sum = more,
                (Some(_), None) => {}
            }
        }
    }

    fn add_rows(&mut self, touched: &[Touched], rows: &[f32], places: &mut FxHashMap<Touched, usize>) {
        let width = rows.len() / touched.len().max(1);
        for (&touched, row) in touched.iter().zip(rows.chunks_exact(width.max(1))) {
            let place = *places.entry(touched).or_insert(self.touched.len());
            if place == self.touched.len() {
                self.touched.push(touched);
                self.rows.extend_from_slice(row);
            } else {
                add(&mut self.rows[place * width..(place + 1) * width], row);
            }
        }
    }

    /// Values per row.
    pub(crate) fn width(&self) -> usize {
        self.rows.len() / self.touched.len().max(1)
    }

    /// Length of the whole gradient, or where it is no number.
    pub(crate) fn norm(&self) -> Result<f64, Fault> {
        let mut total = 0.;
        for (index, gradient) in self.dense.iter().enumerate() {
            let gradient = gradient.as_deref().unwrap_or_default();
            total += squares(gradient).map_err(|value| Fault::Dense { index, value })?;
        }
        for (&touched, row) in self.touched.iter().zip(self.rows.chunks_exact(self.width().max(1))) {
            total += squares(row).map_err(|value| Fault::Row { touched, value })?;
        }
        Ok(total.sqrt())
    }

    /// Shortens a gradient of length `norm` to `limit` if it is longer; its direction stays.
    pub(crate) fn clip(&mut self, norm: f64, limit: f64) {
        if norm <= limit {
            return;
        }
        let factor = (limit / norm) as f32;
        let dense = self.dense.iter_mut().flatten().flatten();
        dense.chain(&mut self.rows).for_each(|value| *value *= factor);
    }
}

fn add(sum: &mut [f32], more: &[f32]) {
    sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
}

/// Sum of squares; no finite `f32` makes it overflow. A value that is not finite is the error.
fn squares(values: &[f32]) -> Result<f64, f32> {
    let sum: f64 = values.iter().map(|&value| f64::from(value) * f64::from(value)).sum();
    match values.iter().find(|value| !value.is_finite()) {
        Some(&value) if !sum.is_finite() => Err(value),
        _ => Ok(sum),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn touched(row: u32) -> Touched {
        Touched { table: 0, row }
    }

    fn any_gradients() -> impl Strategy<Value = Gradients> {
        (prop::collection::vec(prop::option::of(prop::collection::vec(-9_f32..9., 3)), 2), 0_u32..5, 0_u32..4).prop_map(
            |(dense, from, rows)| Gradients {
                dense,
                touched: (from..from + rows).map(touched).collect(),
                rows: (0..rows * 2).map(|value| value as f32 - 2.).collect(),
            },
        )
    }

    proptest! {
        #[test]
        fn a_clipped_gradient_is_no_longer_than_the_limit(mut gradients in any_gradients(), limit in 0.01..50.) {
            let before = gradients.norm().unwrap();
            gradients.clip(before, limit);
            let after = gradients.norm().unwrap();
            prop_assert!(after <= limit * (1. + 1e-6));
            prop_assert!((after - before.min(limit)).abs() <= 1e-6 * before.max(1.));
        }

        #[test]
        fn a_sum_holds_every_row_once_with_all_its_gradients(shards in prop::collection::vec(any_gradients(), 1..5)) {
            let sum = Gradients::sum(shards.clone());
            for row in 0..9 {
                let parts = shards.iter().flat_map(|shard| {
                    shard.touched.iter().zip(shard.rows.chunks_exact(2)).filter(move |(at, _)| at.row == row)
                });
                let expected = parts.fold(None, |sum: Option<[f32; 2]>, (_, row)| {
                    let [a, b] = sum.unwrap_or_default();
                    Some([a + row[0], b + row[1]])
                });
                let found: Vec<_> =
                    sum.touched.iter().zip(sum.rows.chunks_exact(2)).filter(|(at, _)| at.row == row).collect();
                prop_assert!(found.len() <= 1);
                prop_assert_eq!(found.first().map(|(_, row)| [row[0], row[1]]), expected);
            }
        }
    }

    #[test]
    fn a_value_that_is_no_number_is_located() {
        let mut gradients =
            Gradients { dense: vec![None, Some(vec![1., f32::INFINITY])], touched: vec![touched(3)], rows: vec![0.] };
        assert_eq!(gradients.norm(), Err(Fault::Dense { index: 1, value: f32::INFINITY }));
        gradients.dense[1] = Some(vec![f32::MAX, f32::MAX]);
        assert!(gradients.norm().unwrap().is_finite());
        gradients.rows[0] = f32::NEG_INFINITY;
        assert_eq!(gradients.norm(), Err(Fault::Row { touched: touched(3), value: f32::NEG_INFINITY }));
    }
}
