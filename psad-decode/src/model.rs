//! The network as the decoder sees it.

use std::ops::Range;
use std::sync::Arc;

use ndarray::Array2;

use crate::{Hypothesis, Influence};

/// The logits of one block for one partial slate: `[slots of the block, candidates]`.
///
/// Columns beyond the list's own candidates are padding. They and the columns of items that earlier blocks have placed
/// may hold anything; they are never read. At other candidates `-inf` means "not in this slot", NaN and `+inf` are errors
/// of the model.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreBlock {
    logits: Array2<f32>,
    influence: Option<Arc<Influence>>,
}

impl ScoreBlock {
    /// Wraps logits `[slots of the block, candidates]`; they are checked when they are decoded.
    pub fn new(logits: Array2<f32>) -> Self {
        // The decoder reads rows as slices.
        let rows = logits.is_standard_layout();
        Self { logits: if rows { logits } else { logits.as_standard_layout().into_owned() }, influence: None }
    }

    /// Adds what placed candidates do to those below them, of all slots placed, in this block and before it.
    #[must_use]
    pub fn with_influence(self, influence: Arc<Influence>) -> Self {
        Self { influence: Some(influence), ..self }
    }

    /// What placed candidates do to those below them.
    pub(crate) fn influence(&self) -> Option<&Influence> {
        self.influence.as_deref()
    }

    /// One slot's logits.
    pub(crate) fn row(&self, row: usize) -> &[f32] {
        let candidates = self.logits.ncols();
        &self.logits.as_slice().unwrap_or_default()[row * candidates..][..candidates]
    }

    /// The logits, `[slots of the block, candidates]`.
    pub fn logits(&self) -> &Array2<f32> {
        &self.logits
    }
}

/// A network, or anything else, that scores the candidates for a block of slots.
///
/// The calls follow the blocks of a [`BlockSchedule`](crate::BlockSchedule), for all lists of a batch in lockstep. A
/// model that keeps a state per hypothesis gathers it by [`Hypothesis::parent`] when a call begins, then advances it by
/// what the previous block has placed: the end of [`Hypothesis::placed`].
///
/// See [`from_fn`] for models that are a function.
pub trait BlockModel {
    /// What can go wrong in the network.
    type Error;

    /// One network step: the logits of `slots` for every hypothesis, in their order.
    ///
    /// At the first call there is one hypothesis per list, with nothing placed. At every later call a hypothesis
    /// extends `hypotheses[parent]` of the call before by the picks of the block before. Hypotheses of lists that are
    /// already complete travel along unchanged; what is returned for them is not read, but must have a row per slot.
    ///
    /// # Shapes
    /// Each [`ScoreBlock`] is `[slots.len(), candidates]`, with at least as many columns as its list has candidates.
    /// `slots` is a whole block of the schedule, even where no list is long enough to fill it.
    ///
    /// # Errors
    /// Whatever the network meets; decoding ends with [`DecodeError::Model`](crate::DecodeError::Model) then.
    fn block_logits(&mut self, hypotheses: &[Hypothesis], slots: Range<usize>) -> Result<Vec<ScoreBlock>, Self::Error>;

    /// What the candidates of a list are compared by, `[candidates, width]`, without padding; `None` if the model has
    /// nothing of the kind.
    ///
    /// Asked once per list, before the first block, and only by
    /// [`Strategy::Contrastive`](crate::Strategy::Contrastive).
    ///
    /// # Errors
    /// As for [`BlockModel::block_logits`].
    fn vectors(&mut self, list: usize) -> Result<Option<Array2<f32>>, Self::Error> {
        let _ = list;
        Ok(None)
    }
}

/// A model made of a function; see [`from_fn`].
#[derive(Clone)]
pub struct FnBlockModel<F> {
    function: F,
    vectors: Vec<Array2<f32>>,
}

impl<F> FnBlockModel<F> {
    /// Gives the candidates of each list what they are compared by, `[candidates, width]`, for
    /// [`Strategy::Contrastive`](crate::Strategy::Contrastive).
    #[must_use]
    pub fn with_vectors(self, vectors: Vec<Array2<f32>>) -> Self {
        Self { vectors, ..self }
    }
}

impl<F> std::fmt::Debug for FnBlockModel<F> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "FnBlockModel({})", std::any::type_name::<F>())
    }
}

/// Turns a function into a [`BlockModel`].
///
/// ```
/// use ndarray::Array2;
/// use psad_decode::{ScoreBlock, from_fn};
/// // Five candidates that are all alike.
/// let model = from_fn(|hypotheses, slots| {
///     let block = ScoreBlock::new(Array2::zeros((slots.len(), 5)));
///     Ok::<_, std::convert::Infallible>(vec![block; hypotheses.len()])
/// });
/// ```
pub fn from_fn<F, E>(function: F) -> FnBlockModel<F>
where
    F: FnMut(&[Hypothesis], Range<usize>) -> Result<Vec<ScoreBlock>, E>,
{
    FnBlockModel { function, vectors: Vec::new() }
}

impl<F, E> BlockModel for FnBlockModel<F>
where
    F: FnMut(&[Hypothesis], Range<usize>) -> Result<Vec<ScoreBlock>, E>,
{
    type Error = E;

    fn block_logits(&mut self, hypotheses: &[Hypothesis], slots: Range<usize>) -> Result<Vec<ScoreBlock>, E> {
        (self.function)(hypotheses, slots)
    }

    fn vectors(&mut self, list: usize) -> Result<Option<Array2<f32>>, E> {
        Ok(self.vectors.get(list).cloned())
    }
}
