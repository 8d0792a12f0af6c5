//! PSAD-G: slates in blocks of `K` slots.

use std::ops::Range;

use psad_core::ModelFileError;

use crate::affine::Linear;
use crate::attention::{Keys, Queries, attend};
use crate::config::PsadConfig;
use crate::encoder::Encoded;
use crate::kernel::{Buffer, Dispatch, Then};
use crate::layer::{CrossAttention, FeedForward, Memory, SelfAttention, Sizes, Space, on_row, values_of};
use crate::source::Source;

/// Stands for −∞, as in training.
const UNAVAILABLE: f32 = -1e9;

/// The semi-autoregressive generator.
pub(crate) struct Generator {
    sizes: Sizes,
    /// A vector per slot of a block, per block, and per place of the slate, `[.., width]`.
    slots: Vec<f32>,
    blocks: Vec<f32>,
    places: Vec<f32>,
    begin: Linear,
    context: Option<Context>,
    pointer: Pointer,
}

/// Slot queries attend to each other and to what is placed, then to what is available.
struct Context {
    placed: SelfAttention,
    available: CrossAttention,
    available_memory: Linear,
    feed_forward: FeedForward,
}

/// `U[k, i] = v · tanh(W_h H_i + W_q Q_k) + β r_i`.
struct Pointer {
    item: Linear,
    query: Linear,
    compare: Vec<f32>,
    ranker: f32,
}

/// What is remembered of a slate in the making.
#[derive(Default)]
pub(crate) struct Prefix {
    /// The candidates as the pointer compares them, `[candidates, pointer]`.
    pointed: Buffer,
    /// The candidates as queries attend to them.
    available: Memory,
    placed: Placed,
    /// The sum of the memory's rows, for queries without context enhancement.
    sum: Vec<f32>,
    /// Candidates that are placed.
    taken: Vec<usize>,
    block: usize,
    /// New rows of the memory, or the queries of a block.
    fresh: Buffer,
    compared: Buffer,
}

/// The memory: the beginning and all that is placed, then the slots of the block.
#[derive(Default)]
struct Placed {
    /// Query, key and value of each row.
    rows: Buffer,
    keys: Keys,
    /// Rows without those of the block.
    known: usize,
}

impl Generator {
    pub(crate) fn read(
        source: &Source<'_>,
        config: &PsadConfig,
        [profile, block_size, max_candidates]: [usize; 3],
    ) -> Result<Self, ModelFileError> {
        let (sizes, width) = (config.encoder.sizes(), config.encoder.width);
        let pointer = source.part("pointer");
        let compare = pointer.part("compare").rows("weight", config.pointer, 1)?;
        Ok(Self {
            sizes,
            slots: source.rows("slots", block_size, width)?,
            blocks: source.rows("blocks", max_candidates, width)?,
            places: source.rows("places", max_candidates, width)?,
            begin: source.affine("begin", profile, width)?.pack(source.dispatch),
            context: config.context_enhancement.then(|| Context::read(&source.part("context"), sizes)).transpose()?,
            pointer: Pointer {
                item: pointer.affine("item", width, config.pointer)?.pack(source.dispatch),
                query: pointer.projection("query", width, config.pointer)?.pack(source.dispatch),
                compare,
                ranker: pointer.number("ranker")?,
            },
        })
    }

    /// Width of all vectors.
    pub(crate) fn width(&self) -> usize {
        self.sizes.width
    }

    /// The row of the memory that stands for the beginning, `[width]`.
    pub(crate) fn user(&self, dispatch: Dispatch, profile: &[f32], begin: &mut Vec<f32>) {
        begin.resize(self.sizes.width, 0.);
        on_row(dispatch, &self.begin, profile, begin, Then::Write);
    }

    /// Reads the candidates, once for all slates.
    pub(crate) fn prepare(&self, dispatch: Dispatch, encoded: &Encoded, prefix: &mut Prefix) {
        let (width, count) = (self.sizes.width, encoded.ranker.len());
        let items = encoded.items.get(count * width);
        let pointed = prefix.pointed.room(count * self.pointer.item.columns());
        self.pointer.item.forward(dispatch, items, pointed, Then::Write);
        if let Some(context) = &self.context {
            prefix.available.set(dispatch, &context.available_memory, items, self.sizes);
        }
    }

    /// Begins an empty slate that may come to hold `slots` items in blocks of at most `block` slots.
    pub(crate) fn start(
        &self,
        dispatch: Dispatch,
        begin: &[f32],
        [slots, block]: [usize; 2],
        prefix: &mut Prefix,
        space: &mut Space,
    ) {
        prefix.taken.clear();
        prefix.sum.clear();
        prefix.sum.resize(self.sizes.width, 0.);
        (prefix.placed.known, prefix.block) = (0, 0);
        if let Some(context) = &self.context {
            let most = 1 + slots + block;
            prefix.placed.rows.room(most * context.placed.stride());
            prefix.placed.keys.reset(dispatch, self.sizes.heads, self.sizes.head_width(), most);
        }
        prefix.fresh.room(self.sizes.width).copy_from_slice(begin);
        self.remember(dispatch, 1, prefix, space);
    }

    /// Takes up what the last block placed.
    pub(crate) fn advance(
        &self,
        dispatch: Dispatch,
        encoded: &Encoded,
        picks: &[usize],
        prefix: &mut Prefix,
        space: &mut Space,
    ) {
        let width = self.sizes.width;
        let items = encoded.items.get(encoded.ranker.len() * width);
        let fresh = prefix.fresh.room(picks.len() * width);
        for ((row, &pick), slot) in fresh.chunks_exact_mut(width).zip(picks).zip(prefix.taken.len()..) {
            let (item, place) = (&items[pick * width..][..width], &self.places[slot * width..][..width]);
            for ((value, item), place) in row.iter_mut().zip(item).zip(place) {
                *value = item + place;
            }
        }
        prefix.taken.extend_from_slice(picks);
        prefix.block += 1;
        self.remember(dispatch, picks.len(), prefix, space);
    }

    /// Adds the fresh rows to the memory.
    fn remember(&self, dispatch: Dispatch, count: usize, prefix: &mut Prefix, space: &mut Space) {
        let width = self.sizes.width;
        let fresh = prefix.fresh.get(count * width);
        for row in fresh.chunks_exact(width) {
            prefix.sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
        if let Some(context) = &self.context {
            context.remember(dispatch, fresh, &mut prefix.placed, space);
        }
        prefix.placed.known += count;
    }

    /// Logits of the slots of a block, `[slots, candidates]`, very low where an earlier block has placed.
    pub(crate) fn logits(
        &self,
        dispatch: Dispatch,
        encoded: &Encoded,
        slots: Range<usize>,
        prefix: &mut Prefix,
        space: &mut Space,
        logits: &mut Buffer,
    ) {
        let (width, count) = (self.sizes.width, encoded.ranker.len());
        self.queries(slots.len(), prefix);
        let queries = prefix.fresh.room(slots.len() * width);
        if let Some(context) = &self.context {
            let available = (&prefix.available, &*prefix.taken);
            context.enhance(dispatch, queries, &mut prefix.placed, available, space);
        } else {
            let share = 1. / prefix.placed.known as f32;
            for query in queries.chunks_exact_mut(width) {
                query.iter_mut().zip(&prefix.sum).for_each(|(query, sum)| *query += sum * share);
            }
        }
        let compared = prefix.compared.room(slots.len() * self.pointer.query.columns());
        self.pointer.query.forward(dispatch, queries, compared, Then::Write);
        let pointed = prefix.pointed.get(count * self.pointer.item.columns());
        let logits = logits.room(slots.len() * count);
        for (row, query) in logits.chunks_exact_mut(count).zip(compared.chunks_exact(self.pointer.query.columns())) {
            dispatch.point(pointed, query, &self.pointer.compare, row);
            row.iter_mut().zip(&encoded.ranker).for_each(|(logit, ranker)| *logit += self.pointer.ranker * ranker);
            prefix.taken.iter().for_each(|&item| row[item] = UNAVAILABLE);
        }
    }

    /// Slot vector and block vector of each slot of the block.
    fn queries(&self, count: usize, prefix: &mut Prefix) {
        let width = self.sizes.width;
        let (last_slot, last_block) = (self.slots.len() / width - 1, self.blocks.len() / width - 1);
        let block = &self.blocks[prefix.block.min(last_block) * width..][..width];
        for (slot, query) in prefix.fresh.room(count * width).chunks_exact_mut(width).enumerate() {
            let slot = &self.slots[slot.min(last_slot) * width..][..width];
            for ((value, slot), block) in query.iter_mut().zip(slot).zip(block) {
                *value = slot + block;
            }
        }
    }
}

impl Context {
    fn read(source: &Source<'_>, sizes: Sizes) -> Result<Self, ModelFileError> {
        let (available, available_memory) = CrossAttention::read(source, "available", "available_norm", sizes)?;
        Ok(Self {
            placed: SelfAttention::read(source, "placed", "placed_norm", sizes)?,
            available,
            available_memory,
            feed_forward: FeedForward::read(source, "feed_forward_norm", sizes)?,
        })
    }

    /// Projects rows behind those of the memory that are known.
    fn remember(&self, dispatch: Dispatch, rows: &[f32], placed: &mut Placed, space: &mut Space) {
        let (known, stride) = (placed.known, self.placed.stride());
        let count = rows.len() * 3 / stride;
        let projected = &mut placed.rows.room((known + count) * stride)[known * stride..];
        self.placed.project(dispatch, rows, &mut space.normed, projected);
        placed.keys.truncate(known);
        placed.keys.extend(&projected[stride / 3..], stride);
    }

    /// What the queries of a block `[slots, width]` learn before they point, in place.
    fn enhance(
        &self,
        dispatch: Dispatch,
        queries: &mut [f32],
        placed: &mut Placed,
        (available, taken): (&Memory, &[usize]),
        space: &mut Space,
    ) {
        self.remember(dispatch, queries, placed, space);
        let (known, stride) = (placed.known, self.placed.stride());
        let (width, count) = (stride / 3, queries.len() * 3 / stride);
        let projected = placed.rows.get((known + count) * stride);
        let asking = Queries { data: &projected[known * stride..], stride, count };
        let mixed = space.mixed.room(queries.len());
        attend(dispatch, asking, &placed.keys, values_of(projected, width, stride), &[], &mut space.scores, mixed);
        self.placed.add_output(dispatch, mixed, queries);
        self.available.add_to(dispatch, queries, available.parts(), taken, space);
        self.feed_forward.add_to(dispatch, queries, space);
    }
}
