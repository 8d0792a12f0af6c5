//! Filling the slate of one list block by block, in memory that is used again.

use std::convert::Infallible;

use ndarray::ArrayView2;
use psad_core::SlateBuilder;

use crate::{
    DecodeError, Influence, Strategy, StrategyError, contrast::Contrast, free::Free, row::BadLogit, vectors::Vectors,
};

/// Fills the slates of one list after the other, for whoever runs the network by itself: a server that answers one
/// request at a time.
///
/// It gives the slates that [`decode_into`](crate::decode_into()) gives for the same logits, without their
/// log-probabilities, by the strategies that look at one slot and one slate at a time: [`Strategy::Greedy`] and
/// [`Strategy::Contrastive`]. Nothing is allocated once it has filled the longest list, as far as the slate has no rules.
///
/// ```
/// use ndarray::{Axis, array};
/// use psad_core::{Slate, SlateBuilder};
/// use psad_decode::{Picker, Strategy};
///
/// let logits = array![[1., 3., 2.], [1., 3., 2.], [0., 0., 0.]]; // [slots, candidates]
/// let (mut picker, mut slate, mut answer) =
///     (Picker::new(&Strategy::Greedy)?, SlateBuilder::new(0), Slate::default());
/// slate.reset(3, 3);
/// picker.start(&slate, None)?;
/// picker.fill(&mut slate, logits.slice_axis(Axis(0), (..2).into()), None)?; // a block of two slots
/// picker.fill(&mut slate, logits.slice_axis(Axis(0), (2..).into()), None)?; // and the last one
/// slate.finish_into(&mut answer);
/// assert_eq!(answer.as_slice(), [1, 2, 0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Picker {
    contrast: Option<Contrast>,
    free: Free,
    /// A slot's logits, where they do not stand side by side or are to be changed.
    row: Vec<f32>,
}

impl Picker {
    /// A picker that follows a strategy.
    ///
    /// # Errors
    /// As [`Strategy::check`]; [`StrategyError::NotOneByOne`] for another strategy than the two.
    pub fn new(strategy: &Strategy) -> Result<Self, StrategyError> {
        strategy.check()?;
        let contrast = match *strategy {
            Strategy::Contrastive { alpha } if strategy.needs_vectors() => {
                Some(Contrast::new(alpha, Vectors::default()))
            }
            Strategy::Greedy | Strategy::Contrastive { .. } => None,
            _ => return Err(StrategyError::NotOneByOne { strategy: strategy.clone() }),
        };
        Ok(Self { contrast, free: Free::default(), row: Vec::new() })
    }

    /// Whether the strategy compares candidates by their vectors, and [`Picker::start`] needs them.
    pub fn needs_vectors(&self) -> bool {
        self.contrast.is_some()
    }

    /// Begins the slate of another list, which is empty, with what its candidates are compared by, `[candidates, width]`;
    /// they are only read if the strategy needs them.
    ///
    /// # Errors
    /// [`DecodeError::EmptyList`], [`DecodeError::NotEmpty`], [`DecodeError::NoVectors`], [`DecodeError::VectorCount`] or
    /// [`DecodeError::NonFiniteVector`], all for list 0.
    pub fn start(
        &mut self,
        slate: &SlateBuilder,
        vectors: Option<ArrayView2<'_, f32>>,
    ) -> Result<(), DecodeError<Infallible>> {
        let (expected, placed) = (slate.candidates(), slate.len());
        if expected == 0 {
            return Err(DecodeError::EmptyList { list: 0 });
        }
        if placed > 0 {
            return Err(DecodeError::NotEmpty { list: 0, placed });
        }
        let Some(contrast) = &mut self.contrast else { return Ok(()) };
        let vectors = vectors.ok_or(DecodeError::NoVectors { list: 0 })?;
        if vectors.nrows() != expected {
            return Err(DecodeError::VectorCount { list: 0, expected, found: vectors.nrows() });
        }
        let read = contrast.start(&vectors);
        read.map_err(|(item, value)| DecodeError::NonFiniteVector { list: 0, item, value })
    }

    /// Fills one block: as many of the slate's next slots as there are rows of `logits` `[slots, candidates]`, or as it
    /// still has. With an [`Influence`], each sees what is placed above it.
    ///
    /// Columns beyond the candidates are padding; they and the columns of what is placed are not read. Every list begins
    /// with [`Picker::start`].
    ///
    /// # Errors
    /// [`DecodeError::BlockShape`] or [`DecodeError::InfluenceShape`] for too few columns, [`DecodeError::NonFinite`]
    /// for logits that order nothing, [`DecodeError::VectorCount`] for another list than [`Picker::start`] was told of;
    /// all for list 0. The slate keeps what was picked before.
    #[allow(clippy::needless_pass_by_value, reason = "a view is a reference already")]
    pub fn fill(
        &mut self,
        slate: &mut SlateBuilder,
        logits: ArrayView2<'_, f32>,
        influence: Option<&Influence>,
    ) -> Result<(), DecodeError<Infallible>> {
        let (slots, candidates) = (logits.nrows().min(slate.slots() - slate.len()), slate.candidates());
        if logits.ncols() < candidates {
            let (expected, found) = ([slots, candidates], [logits.nrows(), logits.ncols()]);
            return Err(DecodeError::BlockShape { list: 0, expected, found });
        }
        if let Some(found) = influence.map(Influence::candidates).filter(|&found| found < candidates) {
            return Err(DecodeError::InfluenceShape { list: 0, expected: candidates, found });
        }
        if let Some(contrast) = &mut self.contrast {
            if contrast.candidates() != candidates {
                let found = contrast.candidates();
                return Err(DecodeError::VectorCount { list: 0, expected: candidates, found });
            }
            contrast.begin_block(slate.placed());
        }
        for row in logits.outer_iter().take(slots) {
            let picked = if let (Some(row), None) = (row.to_slice(), influence) {
                pick(self.contrast.as_mut(), &mut self.free, slate, row)
            } else {
                self.row.clear();
                self.row.extend(row);
                if let Some(influence) = influence {
                    influence.add(&mut self.row, slate.placed(), slate.len());
                }
                pick(self.contrast.as_mut(), &mut self.free, slate, &self.row)
            };
            let slot = slate.len();
            let item = picked.map_err(|(item, value)| BadLogit { list: 0, slot, item, value })?;
            // What is picked is free.
            let _ = slate.push(item);
        }
        Ok(())
    }
}

/// The candidate for the next slot. The error names one with a logit that orders nothing.
fn pick(
    contrast: Option<&mut Contrast>,
    free: &mut Free,
    slate: &SlateBuilder,
    logits: &[f32],
) -> Result<usize, (usize, f32)> {
    let Some(contrast) = contrast else {
        free.gather(logits, slate);
        return free.best().map(|(item, _)| item);
    };
    contrast.read_slot(slate.placed(), logits)?;
    free.gather(logits, slate);
    Ok(free.argmax(free.best()?, |item| contrast.value(item)).0)
}
