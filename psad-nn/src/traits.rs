//! The story of a reranker, told in traits.
//!
//! A batch of lists is *encoded* once ([`ListEncoder`]), personalised on the way ([`Personalization`]). What reads the
//! encoding either gives every candidate a score ([`ListScorer`]), builds the slate block by block ([`Generator`]),
//! or judges whole slates ([`ListEvaluator`]). An [`Objective`] says what all of them are trained for.
//!
//! All traits are generic and none is object-safe: a model is put together at compile time and erased once, by
//! [`TensorReranker`](crate::TensorReranker).

use std::ops::Range;

use burn::module::{Module, ModuleDisplay};
use burn::tensor::{Bool, Int, Tensor};
use psad_decode::BlockSchedule;

use crate::ListBatch;

/// What every trained part is: a burn module that may be shared between threads. Implemented for all that qualify.
pub trait Component: Module + ModuleDisplay + Sync + 'static {}

impl<T: Module + ModuleDisplay + Sync + 'static> Component for T {}

/// What the encoder knows of a batch of lists; computed once per request.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// `H`: every candidate in the light of its list, `[batch, candidates, width]`.
    pub items: Tensor<3>,
    /// `x̃`: every candidate by itself, after gate and position, `[batch, candidates, width]`.
    pub inputs: Tensor<3>,
    /// `x`: every candidate by itself, before anything of user and position (but with the
    /// ranker's score, standardised within the list), `[batch, candidates, width]`.
    pub raw: Tensor<3>,
    /// The user: features `e_u`, then the intent `h_u` read from the history, `[batch, profile]`.
    pub profile: Tensor<2>,
    /// The ranker's score, standardised within the list, `[batch, candidates]`. Decoders that add it to what they
    /// learn start out as good as the ranker.
    pub ranker: Tensor<2>,
    /// True at padding, `[batch, candidates]`.
    pub pad: Tensor<2, Bool>,
    /// Real candidates of each list.
    pub lens: Vec<usize>,
}

impl Encoded {
    /// The encoding of other rows: row `i` of the answer is row `rows[i]` of this one. A beam search asks for it.
    ///
    /// # Panics
    /// If an index lies outside the batch.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let device = self.items.device();
        let index: Vec<i32> = rows.iter().map(|&row| row as i32).collect();
        let index = Tensor::<1, Int>::from_data(index.as_slice(), &device);
        Self {
            items: self.items.clone().select(0, index.clone()),
            inputs: self.inputs.clone().select(0, index.clone()),
            raw: self.raw.clone().select(0, index.clone()),
            profile: self.profile.clone().select(0, index.clone()),
            ranker: self.ranker.clone().select(0, index.clone()),
            // The CPU backend answers a selection of flags with numbers (burn 0.22.1), which no flag operation takes.
            pad: self.pad.clone().select(0, index).int().bool(),
            lens: rows.iter().map(|&row| self.lens[row]).collect(),
        }
    }
}

/// Encodes users, histories and candidates.
pub trait ListEncoder: Component {
    /// Encodes every list for itself: neither padding nor batch mates change a result.
    fn encode(&self, batch: &ListBatch) -> Encoded;
}

/// What the history's positions say.
#[derive(Debug, Clone)]
pub struct HistoryPositions {
    /// Added to each history item, `[batch, history, width]`.
    pub encoding: Tensor<3>,
    /// Logarithm of the weight that age leaves to each item, at most 0, `[batch, history]`.
    pub log_decay: Tensor<2>,
}

/// Adapts items and positions to the user. `profile` is `p_u = [e_u; mean of the raw history]`, `[batch, profile]`.
///
/// Implement it to bring another way of personalisation to an encoder; [`NoPersonalization`] is the ablation.
pub trait Personalization: Component {
    /// Adapts item representations, `[batch, length, width]` → the same.
    fn gate(&self, profile: &Tensor<2>, items: Tensor<3>) -> Tensor<3>;

    /// Encodes how long ago something was.
    ///
    /// # Shapes
    /// `distance` and `bucket`: `[batch, history]`, see [`HistoryBatch`](crate::HistoryBatch)
    fn history_positions(&self, profile: &Tensor<2>, distance: Tensor<2>, bucket: Tensor<2, Int>) -> HistoryPositions;

    /// Encodes where the ranker put a candidate, `[batch, candidates]` → `[batch, candidates, width]`.
    fn candidate_positions(&self, profile: &Tensor<2>, positions: Tensor<2, Int>) -> Tensor<3>;
}

/// Builds a slate block by block. [`generate`](crate::generate) decodes any of them.
///
/// The law between its methods: with the same items placed, `block_logits` gives the rows that `teacher_forced` gives
/// for that block.
pub trait Generator: Component {
    /// What the generator remembers of the slots filled so far; `()` for a one-shot decoder.
    type State: DecoderState;

    /// The state before the first block.
    fn start(&self, encoded: &Encoded) -> Self::State;

    /// Logits of the slots of one block, `[batch, slots, candidates]`. Items placed before and padding are −∞ or very
    /// low; the decoder masks them anyway.
    fn block_logits(&self, encoded: &Encoded, state: &Self::State, slots: Range<usize>) -> Tensor<3>;

    /// The state after a block has been filled with `picks` `[batch, slots]`. Lists that are shorter than
    /// `slots.end` have any valid index there, to be ignored.
    fn advance(&self, encoded: &Encoded, state: Self::State, slots: Range<usize>, picks: Tensor<2, Int>)
    -> Self::State;

    /// Logits of all blocks at once, `[batch, schedule.slots(), candidates]`, where each block sees the targets
    /// `[batch, candidates]` of the blocks before it.
    fn teacher_forced(&self, encoded: &Encoded, schedule: BlockSchedule, target: Tensor<2, Int>) -> Tensor<3>;

    /// What contrastive search compares the candidates by, `[batch, candidates, width]`: the encoded items, unless the
    /// generator has vectors of its own.
    fn vectors(&self, encoded: &Encoded) -> Tensor<3> {
        encoded.items.clone()
    }
}

/// A generator's memory, a row per partial slate.
pub trait DecoderState: Clone + Send {
    /// The state of other rows: row `i` of the answer is row `rows[i]` of this one.
    #[must_use]
    fn select(self, rows: &Tensor<1, Int>) -> Self;
}

impl DecoderState for () {
    fn select(self, _rows: &Tensor<1, Int>) -> Self {}
}

/// Gives every candidate one score, `[batch, candidates]`; the slate is the sorted list.
pub trait ListScorer: Component {
    /// Scores of all candidates; what stands at padding is ignored.
    fn score(&self, encoded: &Encoded) -> Tensor<2>;
}

/// Without a scorer, the list keeps what it is ranked by: of a [`ScoredEncoder`](crate::ScoredEncoder) its scorer's scores.
impl<S: ListScorer> ListScorer for Option<S> {
    fn score(&self, encoded: &Encoded) -> Tensor<2> {
        self.as_ref().map_or_else(|| encoded.ranker.clone(), |scorer| scorer.score(encoded))
    }
}

/// Judges whole slates.
pub trait ListEvaluator: Component {
    /// Value of each list's slate, `[batch, slots]` → `[batch]`.
    fn value(&self, encoded: &Encoded, slates: Tensor<2, Int>) -> Tensor<1>;
}

/// One named part of a loss.
#[derive(Debug, Clone)]
pub struct LossPart {
    /// Its name, for logs and errors.
    pub name: &'static str,
    /// Its weight in the sum.
    pub weight: f64,
    /// Its value per list, unweighted, `[batch]`.
    pub per_list: Tensor<1>,
}

/// The loss of a batch: every part for every list, so that shards of a batch add up to the whole.
#[derive(Debug, Clone, Default)]
pub struct LossParts {
    /// The parts, in the order in which they are reported.
    pub parts: Vec<LossPart>,
}

impl LossParts {
    /// Adds a part.
    #[must_use]
    pub fn with(mut self, name: &'static str, weight: f64, per_list: Tensor<1>) -> Self {
        self.parts.push(LossPart { name, weight, per_list });
        self
    }

    /// The weighted sum per list, `[batch]`; `None` without parts. A part of weight 0 is left out of the graph.
    pub fn total(&self) -> Option<Tensor<1>> {
        let weighted = self.parts.iter().filter(|part| part.weight != 0.);
        weighted.map(|part| part.per_list.clone() * part.weight).reduce(|sum, part| sum + part)
    }
}

/// What a trainer fits: a model that knows its own loss.
pub trait Objective: Component {
    /// The parts of the loss; a list's values depend on that list alone.
    ///
    /// # Panics
    /// May panic for a batch without labels; a trainer only makes batches with them.
    fn losses(&self, batch: &ListBatch) -> LossParts;
}

/// The ablation: items as they are, no position encoding, nothing decays.
#[derive(Module, Debug)]
pub struct NoPersonalization {
    /// Width of the encodings, all of them zero.
    width: usize,
}

impl NoPersonalization {
    /// For an encoder of the given width.
    pub fn new(width: usize) -> Self {
        Self { width }
    }
}

impl Personalization for NoPersonalization {
    fn gate(&self, _profile: &Tensor<2>, items: Tensor<3>) -> Tensor<3> {
        items
    }

    fn history_positions(
        &self,
        _profile: &Tensor<2>,
        distance: Tensor<2>,
        _bucket: Tensor<2, Int>,
    ) -> HistoryPositions {
        let [batch, history] = distance.dims();
        HistoryPositions {
            encoding: Tensor::zeros([batch, history, self.width], &distance.device()),
            log_decay: distance.zeros_like(),
        }
    }

    fn candidate_positions(&self, _profile: &Tensor<2>, positions: Tensor<2, Int>) -> Tensor<3> {
        let [batch, candidates] = positions.dims();
        Tensor::zeros([batch, candidates, self.width], &positions.device())
    }
}

/// `h̄_u`: mean of the history items that are real, zero without any.
///
/// # Shapes
/// * `items`: `[batch, history, width]`
/// * `pad`: `[batch, history]`, true at padding
/// * answer: `[batch, width]`
pub fn mean_history(items: Tensor<3>, pad: Tensor<2, Bool>) -> Tensor<2> {
    let [batch, history, width] = items.dims();
    let real = pad.bool_not().float();
    let count = real.clone().sum_dim(1).clamp_min(1.); // [batch, 1]
    let sum = (items * real.reshape([batch, history, 1])).sum_dim(1).reshape([batch, width]);
    sum / count
}
