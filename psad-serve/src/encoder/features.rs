//! What an item or a user is to the model before anything is computed.

use psad_core::{Items, User};

use super::Encoder;
use crate::kernel::{Buffer, Dispatch, Then, prefetch};
use crate::table::Table;

impl Encoder {
    /// Asks for the rows of items that will be read soon.
    pub(crate) fn expect(&self, items: &Items) {
        for ids in items.sparse().outer_iter() {
            let rows = self.item_tables.iter().zip(ids).map(|(table, &id)| table.row(id));
            rows.for_each(prefetch);
        }
    }

    /// `x_i = W_x [E_1(f_1); …; E_F(f_F); dense_i; score_i] + b`, `[items, width]`.
    pub(super) fn tower(
        &self,
        dispatch: Dispatch,
        items: &Items,
        mut scores: impl Iterator<Item = f32>,
        features: &mut Buffer,
        out: &mut [f32],
    ) {
        let embedding = self.item_tables.first().map_or(0, Table::width);
        let sparse = embedding * self.item_tables.len();
        let width = sparse + self.item_dense + 1;
        let features = features.room(items.len() * width);
        let rows = items.sparse().outer_iter().zip(items.dense().outer_iter());
        for (row, (ids, dense)) in features.chunks_exact_mut(width).zip(rows) {
            let (embedded, plain) = row.split_at_mut(sparse);
            if embedding > 0 {
                for ((part, table), &id) in embedded.chunks_exact_mut(embedding).zip(&self.item_tables).zip(ids) {
                    part.copy_from_slice(table.row(id));
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
