//! The smallest parts that a reranker can be made of. Whole numbers go in, so that logits are exact.

use std::ops::Range;

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Bool, Device, Int, Tensor, TensorData, activation};
use ndarray::Array1;
use psad_core::Schema;
use psad_decode::BlockSchedule;
use psad_nn::{
    DecoderState, Encoded, Generator, ListBatch, ListEncoder, ListScorer, PairGuidance, PairInfluence, Weights,
    load_parameters, mean_history, named_parameters,
};

use crate::common::EMBEDDING;

/// Two whole numbers: an item, or what a slot looks for.
pub(crate) type Pair = [i8; 2];

/// Lists of items, padded with something that every slot would like best.
pub(crate) fn encoded(lists: &[Vec<Pair>], device: &Device) -> Encoded {
    let longest = lists.iter().map(Vec::len).max().unwrap();
    let padding = lists.iter().map(|list| vec![[100, 100]; longest - list.len()]);
    let items: Vec<f32> = lists
        .iter()
        .zip(padding)
        .flat_map(|(list, rest)| [list.clone(), rest].concat())
        .flatten()
        .map(f32::from)
        .collect();
    let items = Tensor::from_data(TensorData::new::<f32, _>(items, [lists.len(), longest, 2]), device);
    let pad: Vec<bool> = lists.iter().flat_map(|list| (0..longest).map(|item| item >= list.len())).collect();
    let profile: Vec<f32> = (0..lists.len()).map(|list| list as f32).collect();
    let ranker: Vec<f32> = (0..lists.len() * longest).map(|place| place as f32).collect();
    Encoded {
        inputs: items.clone() * 2.,
        raw: items.clone() * 3.,
        items,
        profile: Tensor::from_data(TensorData::new::<f32, _>(profile, [lists.len(), 1]), device),
        ranker: Tensor::from_data(TensorData::new::<f32, _>(ranker, [lists.len(), longest]), device),
        pad: Tensor::<1, Bool>::from_bool(pad.as_slice(), device).reshape([lists.len(), longest]),
        lens: lists.iter().map(Vec::len).collect(),
    }
}

/// A vector per slot, the slots beyond them begin anew: `logit = item · query`.
#[derive(Module, Debug)]
pub(crate) struct Lookup {
    queries: Param<Tensor<2>>,
}

impl Lookup {
    pub(crate) fn new(queries: &[Pair], device: &Device) -> Self {
        let values: Vec<f32> = queries.iter().flatten().copied().map(f32::from).collect();
        Self { queries: Param::from_data(TensorData::new::<f32, _>(values, [queries.len(), 2]), device) }
    }

    fn slots(&self, slots: Range<usize>) -> Tensor<3> {
        let rows = self.queries.dims()[0];
        let index: Vec<i32> = slots.map(|slot| (slot % rows) as i32).collect();
        let queries = self.queries.val();
        let index = Tensor::<1, Int>::from_data(index.as_slice(), &queries.device());
        queries.select(0, index).unsqueeze()
    }
}

impl Generator for Lookup {
    type State = ();

    fn start(&self, _encoded: &Encoded) {}

    fn block_logits(&self, encoded: &Encoded, _state: &(), slots: Range<usize>) -> Tensor<3> {
        let [batch, _, _] = encoded.items.dims();
        let queries = self.slots(slots.clone()).expand([batch, slots.len(), 2]);
        queries.matmul(encoded.items.clone().swap_dims(1, 2))
    }

    fn advance(&self, _encoded: &Encoded, _state: (), _slots: Range<usize>, _picks: Tensor<2, Int>) {}

    fn teacher_forced(&self, encoded: &Encoded, schedule: BlockSchedule, _target: Tensor<2, Int>) -> Tensor<3> {
        self.block_logits(encoded, &(), 0..schedule.slots())
    }
}

/// As [`Lookup`], but what is placed repels: `logit = item · (query − sum of the items of earlier blocks)`.
#[derive(Module, Debug)]
pub(crate) struct Repelled {
    lookup: Lookup,
}

impl Repelled {
    pub(crate) fn new(queries: &[Pair], device: &Device) -> Self {
        Self { lookup: Lookup::new(queries, device) }
    }
}

/// The sum of what is placed, `[batch, 1, 2]`.
#[derive(Debug, Clone)]
pub(crate) struct Sum(Tensor<3>);

impl DecoderState for Sum {
    fn select(self, rows: &Tensor<1, Int>) -> Self {
        Self(self.0.select(0, rows.clone()))
    }
}

impl Generator for Repelled {
    type State = Sum;

    fn start(&self, encoded: &Encoded) -> Sum {
        Sum(Tensor::zeros([encoded.lens.len(), 1, 2], &encoded.items.device()))
    }

    fn block_logits(&self, encoded: &Encoded, state: &Sum, slots: Range<usize>) -> Tensor<3> {
        let [batch, _, _] = state.0.dims();
        let shape = [batch, slots.len(), 2];
        let queries = self.lookup.slots(slots).expand(shape) - state.0.clone().expand(shape);
        queries.matmul(encoded.items.clone().swap_dims(1, 2))
    }

    fn advance(&self, encoded: &Encoded, state: Sum, slots: Range<usize>, picks: Tensor<2, Int>) -> Sum {
        let [batch, candidates, _] = encoded.items.dims();
        let picks: Vec<i32> = picks.try_into_vec_as().unwrap();
        let mut placed = vec![0.; batch * candidates];
        for (list, picks) in picks.chunks(slots.len()).enumerate() {
            // What stands beyond the end of a list is to be ignored.
            for (_, &pick) in slots.clone().zip(picks).filter(|&(slot, _)| slot < encoded.lens[list]) {
                placed[list * candidates + pick as usize] = 1.;
            }
        }
        let placed = TensorData::new::<f32, _>(placed, [batch, 1, candidates]);
        let placed: Tensor<3> = Tensor::from_data(placed, &encoded.items.device());
        Sum(state.0 + placed.matmul(encoded.items.clone()))
    }

    fn teacher_forced(&self, encoded: &Encoded, schedule: BlockSchedule, target: Tensor<2, Int>) -> Tensor<3> {
        let mut state = self.start(encoded);
        let mut logits = Vec::new();
        for slots in schedule.blocks() {
            logits.push(self.block_logits(encoded, &state, slots.clone()));
            let picks = target.clone().narrow(1, slots.start, slots.len());
            state = self.advance(encoded, state, slots, picks);
        }
        Tensor::cat(logits, 1)
    }
}

/// A linear layer per item; the profile is the mean of the history.
#[derive(Module, Debug)]
pub(crate) struct Tower {
    tower: Linear,
}

impl Tower {
    pub(crate) fn new(schema: &Schema, seed: u64, device: &Device) -> Self {
        let features = schema.item_sparse().len() * EMBEDDING + schema.item_dense().len() + 1;
        Self { tower: Weights::seeded(seed, device).linear(features, 2) }
    }
}

impl ListEncoder for Tower {
    fn encode(&self, batch: &ListBatch) -> Encoded {
        let items = self.tower.forward(batch.candidates.features(&batch.rows));
        let past = self.tower.forward(batch.history.items.features(&batch.rows));
        Encoded {
            inputs: items.clone() * 2.,
            raw: items.clone() * 3.,
            items,
            profile: mean_history(past, batch.history.items.pad.clone()),
            pad: batch.candidates.pad.clone(),
            ranker: batch.ranker_scores(),
            lens: batch.candidates.lens.clone(),
        }
    }
}

/// A linear layer behind item and profile.
#[derive(Module, Debug)]
pub(crate) struct Head {
    pub(crate) head: Linear,
}

impl Head {
    pub(crate) fn new(seed: u64, device: &Device) -> Self {
        Self { head: Weights::seeded(seed, device).linear(2, 1) }
    }
}

impl ListScorer for Head {
    fn score(&self, encoded: &Encoded) -> Tensor<2> {
        let [batch, candidates, width] = encoded.items.dims();
        let profile = encoded.profile.clone().reshape([batch, 1, width]);
        self.head.forward(activation::tanh(encoded.items.clone() + profile)).reshape([batch, candidates])
    }
}

/// Between items of the width 2, with drawn weights times `strength`, drawn biases too, and the factors `reach`.
pub(crate) fn influence(seed: u64, strength: f32, reach: &[f32], device: &Device) -> PairInfluence {
    let mut weights = Weights::seeded(seed, device);
    let drawn = drawn(PairInfluence::init(2, reach.len(), &mut weights), strength, &mut weights);
    let mut values = named_parameters(&drawn).unwrap();
    values.insert("reach".to_owned(), Array1::from(reach.to_vec()).into_dyn());
    load_parameters(drawn, values).unwrap()
}

/// The same of a teacher.
pub(crate) fn guidance(seed: u64, longest: usize, device: &Device) -> PairGuidance {
    let mut weights = Weights::seeded(seed, device);
    drawn(PairGuidance::init(2, longest, &mut weights), 1., &mut weights)
}

/// With every value drawn, times `strength`.
fn drawn<M: Module>(module: M, strength: f32, weights: &mut Weights) -> M {
    let mut values = named_parameters(&module).unwrap();
    for array in values.values_mut() {
        let drawn: Vec<f32> = weights.uniform([array.len()], strength).val().try_into_vec_as().unwrap();
        array.iter_mut().zip(drawn).for_each(|(value, drawn)| *value = drawn);
    }
    load_parameters(module, values).unwrap()
}
