//! The optimiser's memory of embedding rows: only of those that some batch has touched.

use psad_nn::{Tables, Touched};
use rustc_hash::FxHashMap;

use crate::adam::{Adam, Moments};
use crate::gradients::Gradients;

/// Moments per row ever touched, in the order of the first touch.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowMoments {
    slots: FxHashMap<Touched, usize>,
    /// The row of each slot.
    pub(crate) touched: Vec<Touched>,
    /// Updates of each slot.
    pub(crate) updates: Vec<u32>,
    /// `[slots, width]`.
    pub(crate) first: Vec<f32>,
    /// `[slots, width]`.
    pub(crate) second: Vec<f32>,
}

impl RowMoments {
    /// Puts back what a checkpoint kept; all in the order of the slots.
    pub(crate) fn restore(touched: Vec<Touched>, updates: Vec<u32>, first: Vec<f32>, second: Vec<f32>) -> Self {
        let slots = touched.iter().enumerate().map(|(slot, &touched)| (touched, slot)).collect();
        Self { slots, touched, updates, first, second }
    }

    /// Updates the rows that `gradients` touches and no others.
    pub(crate) fn update(&mut self, adam: &Adam, rate: f64, tables: &mut Tables, gradients: &Gradients) {
        let width = gradients.width();
        for (&touched, gradient) in gradients.touched.iter().zip(gradients.rows.chunks_exact(width.max(1))) {
            let slot = self.slot(touched, width);
            let values = slot * width..(slot + 1) * width;
            let moments = Moments {
                first: &mut self.first[values.clone()],
                second: &mut self.second[values],
                updates: &mut self.updates[slot],
            };
            adam.update(rate, 0., tables.row_mut(touched), moments, gradient);
        }
    }

    fn slot(&mut self, touched: Touched, width: usize) -> usize {
        *self.slots.entry(touched).or_insert_with(|| {
            self.touched.push(touched);
            self.updates.push(0);
            self.first.resize(self.first.len() + width, 0.);
            self.second.resize(self.second.len() + width, 0.);
            self.touched.len() - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::TrainConfig;
    use proptest::prelude::*;
    use psad_core::Schema;

    proptest! {
        #[test]
        fn exactly_the_touched_rows_change_and_only_they_have_moments(
            batches in prop::collection::vec(prop::collection::hash_set(1_u32..50, 1..6), 1..8),
        ) {
            let schema = Schema::builder().item_sparse("film", 50).build().unwrap();
            let before = Tables::seeded(&schema, 3, 1).unwrap();
            let mut tables = before.clone();
            let adam = Adam::new(&TrainConfig::default());
            let mut moments = RowMoments::default();
            for batch in &batches {
                let touched: Vec<Touched> = batch.iter().map(|&row| Touched { table: 0, row }).collect();
                let rows = vec![0.5; touched.len() * 3];
                moments.update(&adam, 0.1, &mut tables, &Gradients { dense: Vec::new(), touched, rows });
            }
            let ever: HashSet<u32> = batches.iter().flatten().copied().collect();
            prop_assert_eq!(moments.touched.len(), ever.len());
            prop_assert_eq!(moments.first.len(), ever.len() * 3);
            for row in 0..50 {
                let changed = tables.as_slice()[0].row(row) != before.as_slice()[0].row(row);
                prop_assert_eq!(changed, ever.contains(&row), "row {}", row);
            }
        }
    }

    #[test]
    fn a_row_met_late_starts_as_gently_as_one_met_early() {
        let schema = Schema::builder().item_sparse("film", 3).build().unwrap();
        let mut tables = Tables::seeded(&schema, 1, 1).unwrap();
        let late = tables.as_slice()[0].row(2)[0];
        let adam = Adam::new(&TrainConfig::default());
        let mut moments = RowMoments::default();
        let gradients =
            |row| Gradients { dense: Vec::new(), touched: vec![Touched { table: 0, row }], rows: vec![0.7] };
        for _ in 0..1000 {
            moments.update(&adam, 0.01, &mut tables, &gradients(1));
        }
        moments.update(&adam, 0.01, &mut tables, &gradients(2));
        assert!((late - tables.as_slice()[0].row(2)[0] - 0.01).abs() < 1e-6);
        assert_eq!(moments.updates, [1000, 1]);
    }
}
