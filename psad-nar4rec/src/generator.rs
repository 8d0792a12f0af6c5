//! The generator itself.

use std::ops::Range;

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Bool, Int, Tensor, activation};
use psad_decode::BlockSchedule;
use psad_nn::{Encoded, Generator};

use crate::rows::beyond;
use crate::{CandidateEncoder, PositionEncoder};

/// Stands for −∞, and keeps sums and gradients finite: `exp` of it is zero.
const UNAVAILABLE: f32 = -1e9;

/// Matches candidates with positions, all at once; made by [`MatchingConfig`](crate::MatchingConfig).
///
/// The logit of candidate `i` for slot `j` is `x_i · W t_j + β r_i`, with the ranker's standardised score `r_i`, and
/// `P[i, j]` its softmax over the candidates. `W` starts at zero and `β` at one; the identity for `W` and 0 for `β` make
/// the published model. The contrastive terms read `x` and `t`, whose angles are those of a drawn network from the first
/// step on; a matrix, because behind a single number that starts at zero nothing is learned until that number has moved.
///
/// It has no state and reads no picks. Every call computes the whole matrix and hands out the slots that were asked for,
/// so a schedule of one block ([`MatchingGenerator::schedule`]) costs one pass, whatever the number of slots; one of
/// several blocks gives the same slates for one pass per block.
#[derive(Module, Debug)]
pub struct MatchingGenerator {
    pub(crate) candidates: CandidateEncoder,
    pub(crate) positions: PositionEncoder,
    /// `W`, how the two sides are compared.
    pub(crate) compare: Linear,
    /// `β`, what the ranker's score weighs.
    pub(crate) ranker: Param<Tensor<1>>,
}

/// The two sides of the matching matrix.
#[derive(Debug, Clone)]
pub struct Matching {
    /// `x`, `[batch, candidates, width]`; what stands at padding is not to be read.
    pub candidates: Tensor<3>,
    /// `t`, `[batch, positions, width]`; what stands at unfilled positions is not to be read.
    pub positions: Tensor<3>,
    /// True at positions that the list is too short to fill, `[batch, positions]`.
    pub unfilled: Tensor<2, Bool>,
}

impl MatchingGenerator {
    /// The schedule that fills `slots` slots in one pass, `None` for 0 slots.
    pub fn schedule(slots: usize) -> Option<BlockSchedule> {
        BlockSchedule::new(slots, slots).ok()
    }

    /// Both encoders. There is a position for every slot that the longest list of the batch can fill, at most as many as
    /// the table has rows; each list reads those that it can fill itself, so its vectors are the same in any company.
    pub fn matching(&self, encoded: &Encoded) -> Matching {
        let candidates = self.candidates.forward(encoded);
        let unfilled = beyond(&encoded.lens, self.positions.count(&encoded.lens), &candidates.device());
        let positions = self.positions.forward(&candidates, encoded.pad.clone(), unfilled.clone());
        Matching { candidates, positions, unfilled }
    }

    /// The logits of some slots, `[batch, slots, candidates]`, very low at padding. Slots beyond the last position share
    /// it; rows of slots that a list cannot fill are not to be read.
    pub fn logits(&self, encoded: &Encoded, matching: &Matching, slots: Range<usize>) -> Tensor<3> {
        let [batch, candidates, _] = matching.candidates.dims();
        let asked = slots.len();
        let wanted = self.compare.forward(rows_of(matching.positions.clone(), slots)); // [batch, slots, width]
        let matched = wanted.matmul(matching.candidates.clone().swap_dims(1, 2)); // [batch, slots, candidates]
        let ranker = encoded.ranker.clone() * self.ranker.val().reshape([1, 1]);
        let logits = matched + ranker.reshape([batch, 1, candidates]);
        let pad = encoded.pad.clone().reshape([batch, 1, candidates]).expand([batch, asked, candidates]);
        logits.mask_fill(pad, UNAVAILABLE)
    }

    /// `P`, one row per position: which candidate it would take if all were free, `[batch, positions, candidates]`.
    pub fn probabilities(&self, encoded: &Encoded) -> Tensor<3> {
        let matching = self.matching(encoded);
        let [_, positions, _] = matching.positions.dims();
        activation::softmax(self.logits(encoded, &matching, 0..positions), 2)
    }
}

/// Row per slot of `[batch, positions, width]`, the last one again where there are more slots than positions.
fn rows_of(positions: Tensor<3>, slots: Range<usize>) -> Tensor<3> {
    let [_, count, _] = positions.dims();
    if slots.end <= count {
        return positions.narrow(1, slots.start, slots.len());
    }
    let index: Vec<i32> = slots.map(|slot| slot.min(count - 1) as i32).collect();
    let index = Tensor::<1, Int>::from_data(index.as_slice(), &positions.device());
    positions.select(1, index)
}

impl Generator for MatchingGenerator {
    type State = ();

    fn start(&self, _encoded: &Encoded) {}

    fn block_logits(&self, encoded: &Encoded, _state: &(), slots: Range<usize>) -> Tensor<3> {
        self.logits(encoded, &self.matching(encoded), slots)
    }

    fn advance(&self, _encoded: &Encoded, _state: (), _slots: Range<usize>, _picks: Tensor<2, Int>) {}

    /// The targets are not read: no slot sees what another has picked.
    fn teacher_forced(&self, encoded: &Encoded, schedule: BlockSchedule, _target: Tensor<2, Int>) -> Tensor<3> {
        self.block_logits(encoded, &(), 0..schedule.slots())
    }

    /// `x`, which the items of a slate should differ in.
    fn vectors(&self, encoded: &Encoded) -> Tensor<3> {
        self.candidates.forward(encoded)
    }
}
