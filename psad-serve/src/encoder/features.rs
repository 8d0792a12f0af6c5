//! What an item or a user is to the model before anything is computed.

use psad_core::{Items, User};

use super::Encoder;
use crate::kernel::{Buffer, Dispatch, Then, prefetch};

impl Encoder {
    /// `x_i = W_x [E_1(f_1); …; E_F(f_F); dense_i; score_i] + b`, `[items, width]`.
    pub(super) fn tower(
        &self,
        dispatch: Dispatch,
        items: &Items,
        mut scores: impl Iterator<Item = f32>,
        features: &mut Buffer,
        out: &mut [f32],
    ) {
        let embedding = self.item_tables.first().map_or(0, psad_core::EmbeddingTable::width);
        let sparse = embedding * self.item_tables.len();
        let width = sparse + self.item_dense + 1;
        for ids in items.sparse().outer_iter() {
            let rows = self.item_tables.iter().zip(ids).map(|(table, &id)| table.row(id));
            rows.for_each(|row| row.to_slice().into_iter().for_each(prefetch));
        }
        let features = features.room(items.len() * width);
        let rows = items.sparse().outer_iter().zip(items.dense().outer_iter());
        for (row, (ids, dense)) in features.chunks_exact_mut(width).zip(rows) {
            let (embedded, plain) = row.split_at_mut(sparse);
            if embedding > 0 {
                for ((part, table), &id) in embedded.chunks_exact_mut(embedding).zip(&self.item_tables).zip(ids) {
                    copy(table.row(id).as_slice(), part);
                }
            }
            plain.iter_mut().zip(dense).for_each(|(to, &value)| *to = value);
            plain[self.item_dense] = scores.next().unwrap_or(0.);
        }
        self.tower.forward(dispatch, features, out, Then::Write);
    }

    /// `e_u`: the rows of the user's sparse fields, then the dense features.
    pub(super) fn user_features(&self, user: &User, out: &mut Vec<f32>) {
        out.clear();
        for (table, &id) in self.user_tables.iter().zip(user.sparse()) {
            out.extend(table.row(id));
        }
        out.extend(user.dense());
    }
}

/// Rows of a table are slices always.
fn copy(row: Option<&[f32]>, to: &mut [f32]) {
    if let Some(row) = row {
        to.copy_from_slice(row);
    }
}
