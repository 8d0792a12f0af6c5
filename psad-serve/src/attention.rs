//! Attention of some rows to a memory of keys and values.

use crate::kernel::{Buffer, Dispatch, Right, Rows, Size, Then};

/// Queries whose weights are worked out together; more would push the weights out of the first cache.
const QUERIES: usize = 64;

/// Keys of every head, packed as the right side of a product.
#[derive(Clone, Default)]
pub(crate) struct Keys {
    panels: Buffer,
    heads: usize,
    head_width: usize,
    panel: usize,
    /// Keys that there is room for, in whole panels.
    room: usize,
    len: usize,
}

impl Keys {
    /// Forgets all keys and makes room for `room` of them.
    pub(crate) fn reset(&mut self, dispatch: Dispatch, heads: usize, head_width: usize, room: usize) {
        let panel = dispatch.panel();
        let room = room.next_multiple_of(panel);
        (self.heads, self.head_width, self.panel, self.room, self.len) = (heads, head_width, panel, room, 0);
        self.panels.room(heads * head_width * room);
    }

    /// Number of keys.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Forgets all but the first `len` keys.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Adds the keys that stand at the beginning of rows of `stride` values.
    ///
    /// # Panics
    /// If there is no room for them.
    pub(crate) fn extend(&mut self, rows: &[f32], stride: usize) {
        let Self { heads, head_width, panel, room, .. } = *self;
        let count = rows.len().div_ceil(stride.max(1));
        assert!(self.len + count <= room, "there is no room for so many keys");
        let panels = self.panels.room(heads * head_width * room);
        for (row, key) in rows.chunks(stride.max(1)).zip(self.len..) {
            let (first, within) = (key / panel * panel * head_width, key % panel);
            for (head, part) in row.chunks_exact(head_width).take(heads).enumerate() {
                let of_head = &mut panels[head * head_width * room + first..][..panel * head_width];
                for (line, &value) in of_head.chunks_exact_mut(panel).zip(part) {
                    line[within] = value;
                }
            }
        }
        self.len += count;
    }

    /// The packed keys of a head.
    pub(crate) fn of_head(&self, head: usize) -> &[f32] {
        let size = self.head_width * self.room;
        &self.panels.all()[head * size..][..size]
    }
}

/// Values of every head, side by side in rows.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    pub(crate) data: &'a [f32],
    pub(crate) stride: usize,
}

/// Each query's mixture of the values, `[queries, heads · head width]` into `mixed`.
///
/// Queries are scaled already. `hidden` keys weigh 1e-38, which is nothing beside any other; one must be left. Without any
/// key the mixture is zero.
pub(crate) fn attend(
    dispatch: Dispatch,
    queries: Queries<'_>,
    keys: &Keys,
    values: Values<'_>,
    hidden: &[usize],
    scores: &mut Buffer,
    mixed: &mut [f32],
) {
    let Keys { heads, head_width, len, .. } = *keys;
    let width = heads * head_width;
    if len == 0 {
        mixed.fill(0.);
        return;
    }
    let stride = len.next_multiple_of(dispatch.lanes());
    let parts = queries.count.div_ceil(QUERIES).max(1);
    let most = queries.count.div_ceil(parts);
    // More than the parts need, so that a shorter list never needs more than a longer one before it.
    let scores = scores.room(QUERIES.min(queries.count) * stride);
    for start in (0..queries.count).step_by(most.max(1)) {
        let count = most.min(queries.count - start);
        let asking = &queries.data[start * queries.stride..];
        let into = &mut mixed[start * width..][..count * width];
        for head in 0..heads {
            let offset = head * head_width;
            let query = Rows::new(&asking[offset..], queries.stride);
            let size = Size { rows: count, depth: head_width, columns: len };
            dispatch.product(size, query, Right::Packed(keys.of_head(head)), None, (scores, stride), Then::Write);
            for row in scores.chunks_exact_mut(stride).take(count) {
                for &key in hidden {
                    row[key] = f32::NEG_INFINITY;
                }
            }
            dispatch.softmax(scores, count, len, stride);
            let value = Right::Plain(Rows::new(&values.data[offset..], values.stride));
            let size = Size { rows: count, depth: len, columns: head_width };
            dispatch.product(size, Rows::new(scores, stride), value, None, (&mut into[offset..], width), Then::Write);
        }
    }
}

/// So many rows, one every `stride` values.
#[derive(Clone, Copy)]
pub(crate) struct Queries<'a> {
    pub(crate) data: &'a [f32],
    pub(crate) stride: usize,
    pub(crate) count: usize,
}
