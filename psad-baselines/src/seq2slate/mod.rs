//! Seq2Slate: a pointer network writes the slate item by item.

mod config;
mod pointer;
mod state;
mod taken;

pub use config::Seq2SlateConfig;
pub use state::Seq2SlateState;

use std::ops::Range;

use burn::module::{Module, Param};
use burn::tensor::{Int, Tensor};
use psad_decode::BlockSchedule;
use psad_nn::{Encoded, Generator, GeneratorObjective};

use crate::PlainEncoder;
use crate::parts::JoinUser;
use crate::recurrent::{Gru, Reading, steps};
use pointer::Pointer;
use taken::{flat_index, taken_before, unavailable_in_all};

/// [`Seq2Slate`] with its encoder and teacher forcing, as a trainer fits it.
pub type Seq2SlateObjective = GeneratorObjective<PlainEncoder, Seq2Slate>;

/// Seq2Slate (Bello et al., *Seq2Slate: Re-ranking and Slate Optimization with RNNs*, arXiv 1810.02019, 2018). Made by
/// [`Seq2SlateConfig`].
///
/// One recurrent network reads the candidates in the ranker's order, a second starts where it ended, reads what has been
/// placed, and points at the next item: `U[j, i] = v · tanh(W_e e_i + W_d d_j) + β r_i`, in which `e_i` is the reader's
/// state after item `i` and `d_j` the writer's after `j` items.
///
/// Deviations from the paper:
/// * both networks are GRUs, not LSTMs;
/// * `[x_i; p_u]` passes a linear layer first; the paper's items are features of query and document or embeddings;
/// * it is trained by supervision alone, with teacher forcing on the labels' order under [`GeneratorObjective`]: the
///   cross-entropy of a slot is shared by all candidates left that carry its label, which for clicks is the paper's
///   target too, weighs `1/log2(j + 1)`, and is taken where that label is relevant. The paper also trains by REINFORCE,
///   and under supervision lets the model's own picks or samples go before a slot;
/// * logits add `β r_i` with the ranker's standardised score, `β` learned from one, and `v` starts at zero.
///
/// The paper's slates are written item by item: blocks of one slot. In longer blocks, which the trait allows, all slots
/// of a block read the same state and so have the same logits.
#[derive(Module, Debug)]
pub struct Seq2Slate {
    join: JoinUser,
    reader: Gru,
    writer: Gru,
    /// What the writer reads before the first item, `[width]`.
    begin: Param<Tensor<1>>,
    pointer: Pointer,
}

impl Seq2Slate {
    /// The writer's state after the items of `picks` `[batch, slots]` one by one; the last is that after all of them.
    fn write(&self, state: &Seq2SlateState, picks: Tensor<2, Int>) -> Vec<Tensor<2>> {
        let [batch, candidates, width] = state.inputs.dims();
        let [_, slots] = picks.dims();
        let rows = state.inputs.clone().reshape([batch * candidates, width]);
        let placed = rows.select(0, flat_index(picks, candidates)).reshape([batch, slots, width]);
        let mut hidden = state.hidden.clone();
        let each = steps(placed).into_iter();
        each.map(|step| {
            hidden = self.writer.step(&step, hidden.clone());
            hidden.clone()
        })
        .collect()
    }
}

impl Generator for Seq2Slate {
    type State = Seq2SlateState;

    fn start(&self, encoded: &Encoded) -> Seq2SlateState {
        let joined = self.join.forward(encoded); // [batch, candidates, width]
        let [batch, _, width] = joined.dims();
        let (read, last) = self.reader.read(joined.clone(), &encoded.pad, Reading::FirstToLast);
        let begin = self.begin.val().reshape([1, width]).expand([batch, width]);
        Seq2SlateState {
            hidden: self.writer.step(&self.writer.project(begin), last),
            keys: self.pointer.keys(read),
            inputs: self.writer.project(joined),
            unavailable: encoded.pad.clone().int().bool(),
        }
    }

    fn block_logits(&self, encoded: &Encoded, state: &Seq2SlateState, slots: Range<usize>) -> Tensor<3> {
        let [batch, candidates] = state.unavailable.dims();
        let shape = [batch, slots.len(), candidates];
        let hidden = state.hidden.clone().unsqueeze_dim::<3>(1);
        let unavailable = state.unavailable.clone().reshape([batch, 1, candidates]);
        self.pointer.forward(hidden, state.keys.clone(), &encoded.ranker, unavailable).expand(shape)
    }

    fn advance(
        &self,
        _encoded: &Encoded,
        state: Seq2SlateState,
        _slots: Range<usize>,
        picks: Tensor<2, Int>,
    ) -> Seq2SlateState {
        let [_, candidates] = state.unavailable.dims();
        let hidden = self.write(&state, picks.clone()).pop().unwrap_or_else(|| state.hidden.clone());
        let unavailable = state.unavailable.clone().bool_or(taken_before(picks, candidates));
        Seq2SlateState { hidden, unavailable, ..state }
    }

    fn teacher_forced(&self, encoded: &Encoded, schedule: BlockSchedule, target: Tensor<2, Int>) -> Tensor<3> {
        let state = self.start(encoded);
        let last = (schedule.steps() - 1) * schedule.block_size();
        let mut hidden = vec![state.hidden.clone()];
        if last > 0 {
            hidden.extend(self.write(&state, target.clone().narrow(1, 0, last)));
        }
        let slots = (0..schedule.slots()).map(|slot| hidden[slot - slot % schedule.block_size()].clone());
        let hidden = Tensor::stack(slots.collect(), 1); // [batch, slots, hidden]
        let unavailable = unavailable_in_all(&encoded.lens, schedule, &target);
        self.pointer.forward(hidden, state.keys, &encoded.ranker, unavailable)
    }
}
