//! The two generators, as decoding sees them.

use std::ops::Range;

use ndarray::ArrayView2;
use psad_decode::{BlockSchedule, ScheduleError};

use crate::encoder::Encoded;
use crate::generator::{Generator, Prefix};
use crate::kernel::{Buffer, Dispatch};
use crate::layer::Space;
use crate::matching::{MatchSpace, Matching};
use crate::state::UserState;

/// A generator with what it knows of the user.
pub(crate) enum Network<'a> {
    /// PSAD-G: a step per block.
    Blocks { generator: &'a Generator, block_size: usize, begin: &'a [f32] },
    /// NAR4Rec: all slots in one step.
    Matrix { matching: &'a Matching, user: &'a [f32] },
}

/// Memory that decoding needs.
#[derive(Default)]
pub(crate) struct DecodeSpace {
    prefix: Prefix,
    matching: MatchSpace,
    logits: Buffer,
}

/// The encoded candidates, and memory to decode them in.
pub(crate) struct Memory<'a> {
    pub(crate) encoded: &'a Encoded,
    pub(crate) decode: &'a mut DecodeSpace,
    pub(crate) space: &'a mut Space,
}

impl Memory<'_> {
    /// The logits that were computed last, `[slots, candidates]`.
    pub(crate) fn logits(&self, slots: usize) -> ArrayView2<'_, f32> {
        view(&self.decode.logits, slots, self.encoded.ranker.len())
    }
}

/// The beginning of a buffer, as rows.
fn view(buffer: &Buffer, rows: usize, columns: usize) -> ArrayView2<'_, f32> {
    ArrayView2::from_shape((rows, columns), buffer.get(rows * columns)).expect("a slice of as many values")
}

impl<'a> Network<'a> {
    pub(crate) fn blocks(generator: &'a Generator, block_size: usize, state: &'a UserState) -> Self {
        Self::Blocks { generator, block_size, begin: &state.begin }
    }

    pub(crate) fn matrix(matching: &'a Matching, state: &'a UserState) -> Self {
        Self::Matrix { matching, user: &state.bias }
    }

    /// Which slots are asked for together.
    pub(crate) fn schedule(&self, slots: usize) -> Result<BlockSchedule, ScheduleError> {
        match self {
            Self::Blocks { block_size, .. } => BlockSchedule::new(slots, *block_size),
            Self::Matrix { .. } => BlockSchedule::new(slots, slots),
        }
    }

    /// Reads the candidates, once for all slates of a request.
    pub(crate) fn prepare(&self, dispatch: Dispatch, memory: &mut Memory<'_>) {
        if let Self::Blocks { generator, .. } = self {
            generator.prepare(dispatch, memory.encoded, &mut memory.decode.prefix);
        }
    }

    /// Begins a slate of `slots` slots.
    pub(crate) fn start(&self, dispatch: Dispatch, slots: usize, memory: &mut Memory<'_>) {
        if let Self::Blocks { generator, block_size, begin } = self {
            let sizes = [slots, (*block_size).min(slots)];
            generator.start(dispatch, begin, sizes, &mut memory.decode.prefix, memory.space);
        }
    }

    /// Computes the logits of a block.
    pub(crate) fn logits(&self, dispatch: Dispatch, slots: Range<usize>, memory: &mut Memory<'_>) {
        let Memory { encoded, decode: DecodeSpace { prefix, matching: matched, logits }, space } = memory;
        match self {
            Self::Blocks { generator, .. } => generator.logits(dispatch, encoded, slots, prefix, space, logits),
            Self::Matrix { matching, user } => {
                matching.logits(dispatch, user, encoded, (slots.len(), logits), matched, space);
            }
        }
    }

    /// Takes up what a block has placed.
    pub(crate) fn advance(&self, dispatch: Dispatch, picks: &[usize], memory: &mut Memory<'_>) {
        if let Self::Blocks { generator, .. } = self {
            generator.advance(dispatch, memory.encoded, picks, &mut memory.decode.prefix, memory.space);
        }
    }

    /// What contrastive search compares the candidates by, `[candidates, width]`; NAR4Rec's are there once it has given
    /// logits.
    pub(crate) fn vectors<'m>(&self, memory: &'m Memory<'_>) -> ArrayView2<'m, f32> {
        let candidates = memory.encoded.ranker.len();
        match self {
            Self::Blocks { generator, .. } => view(&memory.encoded.items, candidates, generator.width()),
            Self::Matrix { matching, .. } => view(memory.decode.matching.vectors(), candidates, matching.width()),
        }
    }
}
