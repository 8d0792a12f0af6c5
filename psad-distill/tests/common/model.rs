//! A whole model in miniature, and labelled lists for it.

use std::ops::Range;

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Int, Tensor};
use ndarray::{Array1, Array2};
use psad_core::{Candidates, History, Items, LabeledList, Request, Schema, Shown, Slate, User};
use psad_decode::BlockSchedule;
use psad_distill::{JointConfig, JointObjective};
use psad_generator::{GeneratorConfig, Prefix, SemiAutoregressive};
use psad_nn::{
    Batcher, Encoded, Exposure, Generator, ListBatch, ListEncoder, PairGuidance, PairInfluence, Tables, Weights,
    load_parameters, named_parameters,
};
use psad_scorer::{Scorer, ScorerConfig};

use super::{LONGEST, normal};

const WIDTH: usize = 8;
const PROFILE: usize = 3;

/// Lists with the given labels and random features.
pub(crate) fn batch(labels: &[Vec<f32>], device: &Device) -> ListBatch {
    let lists: Vec<LabeledList> = labels.iter().map(|labels| list(labels)).collect();
    batch_of(&lists, device)
}

/// The same, of which those with an odd number of candidates were shown from the last candidate to the first.
pub(crate) fn shown_batch(labels: &[Vec<f32>], device: &Device) -> ListBatch {
    let lists: Vec<LabeledList> = labels.iter().map(|labels| shown(list(labels))).collect();
    batch_of(&lists, device)
}

pub(crate) fn is_shown(labels: &[f32]) -> bool {
    labels.len() % 2 == 1
}

fn shown(list: LabeledList) -> LabeledList {
    let len = list.len();
    if !is_shown(list.labels()) {
        return list;
    }
    let slate = Slate::new((0..len).rev().collect(), len).unwrap();
    list.with_shown(Shown { slate, propensities: vec![1.; len] }).unwrap()
}

fn batch_of(lists: &[LabeledList], device: &Device) -> ListBatch {
    let schema = schema();
    let lists: Vec<&LabeledList> = lists.iter().collect();
    Batcher::new(&schema).lists(&lists, &Tables::seeded(&schema, 4, 1).unwrap(), device).unwrap()
}

fn schema() -> Schema {
    Schema::builder().item_dense("a").item_dense("b").max_candidates(LONGEST + 2).build().unwrap()
}

/// Its features follow from its labels alone.
fn list(labels: &[f32]) -> LabeledList {
    let len = labels.len();
    let seed = labels.iter().fold(len as u64, |seed, &label| seed * 7 + label as u64);
    let mut drawn = normal(seed, 3 * len).into_iter().map(|value| value as f32);
    let dense = Array2::from_shape_simple_fn((len, 2), || drawn.next().unwrap());
    let scores: Array1<f32> = drawn.collect();
    let candidates = Candidates::new(Items::new(Array2::zeros((len, 0)), dense).unwrap(), scores).unwrap();
    let request = Request::new(User::anonymous(), History::empty(0, 2), candidates).unwrap();
    LabeledList::new(request, Array1::from(labels.to_vec())).unwrap()
}

/// Reads the features of each candidate by itself.
#[derive(Module, Debug)]
pub(crate) struct Reader {
    item: Linear,
    input: Linear,
}

impl ListEncoder for Reader {
    fn encode(&self, batch: &ListBatch) -> Encoded {
        let features = batch.candidates.features(&batch.rows);
        let [lists, _, _] = features.dims();
        Encoded {
            items: self.item.forward(features.clone()),
            inputs: self.input.forward(features.clone()),
            raw: self.input.forward(features) * 2.,
            profile: Tensor::ones([lists, PROFILE], &batch.rows.device()),
            pad: batch.candidates.pad.clone(),
            ranker: batch.ranker_scores(),
            lens: batch.candidates.lens.clone(),
        }
    }
}

pub(crate) fn reader(device: &Device) -> Reader {
    let mut weights = Weights::seeded(5, device);
    Reader { item: weights.linear(3, WIDTH), input: weights.linear(3, WIDTH) }
}

/// What starts at zero drawn at random instead: an untrained model passes nothing on to its encoder.
fn learned<M: Module>(module: M, device: &Device) -> M {
    let mut weights = Weights::seeded(8, device);
    let values = named_parameters(&module).unwrap().into_iter().map(|(path, mut array)| {
        if array.iter().all(|&value| value == 0.) {
            let drawn = weights.normal([array.len()], 0.4).val().try_into_vec_as::<f32>().unwrap();
            array.iter_mut().zip(drawn).for_each(|(value, drawn)| *value = drawn);
        }
        (path, array)
    });
    load_parameters(module, values.collect()).unwrap()
}

pub(crate) fn generator(block_size: usize, device: &Device) -> SemiAutoregressive {
    let config = GeneratorConfig::new(WIDTH, PROFILE, LONGEST + 2).with_feed_forward(12).with_pointer(6);
    learned(config.with_block_size(block_size).init(6, device).unwrap(), device)
}

pub(crate) fn scorer(device: &Device) -> Scorer {
    learned(ScorerConfig::new(WIDTH, PROFILE).with_hidden(vec![12]).init(7, device), device)
}

/// What the teacher starts from.
pub(crate) fn base(device: &Device) -> Scorer {
    learned(ScorerConfig::new(WIDTH, PROFILE).with_hidden(vec![12]).init(9, device), device)
}

pub(crate) fn joint(config: &JointConfig, device: &Device) -> JointObjective<Reader, SemiAutoregressive, Scorer> {
    let generator = generator(config.block_size, device);
    JointObjective::new(reader(device), generator, [base(device), scorer(device)], config.clone()).unwrap()
}

/// The same with influence and exposure.
pub(crate) fn full(config: &JointConfig, device: &Device) -> JointObjective<Reader, SemiAutoregressive, Scorer> {
    joint(config, device).with_influence(Some(influence(device))).with_exposure(Some(exposure(device)))
}

/// Half as much with every slot further away.
pub(crate) fn influence(device: &Device) -> PairInfluence {
    let module = learned(PairInfluence::init(WIDTH, LONGEST + 2, &mut Weights::seeded(10, device)), device);
    let values = named_parameters(&module).unwrap().into_iter().map(|(path, mut array)| {
        if path == "reach" {
            array.iter_mut().zip(0..).for_each(|(factor, far)| *factor = 0.5_f32.powi(far));
        }
        (path, array)
    });
    load_parameters(module, values.collect()).unwrap()
}

/// What the student learns from its teacher.
pub(crate) fn guide(device: &Device) -> Scorer {
    learned(ScorerConfig::new(WIDTH, PROFILE).with_hidden(vec![12]).init(12, device), device)
}

pub(crate) fn guidance(device: &Device) -> PairGuidance {
    learned(PairGuidance::init(WIDTH, LONGEST + 2, &mut Weights::seeded(13, device)), device)
}

pub(crate) fn exposure(device: &Device) -> Exposure {
    learned(Exposure::init(PROFILE, LONGEST + 2, &mut Weights::seeded(11, device)), device)
}

/// The same generator, which answers −∞ where it cannot choose, as the contract allows.
#[derive(Module, Debug)]
pub(crate) struct Infinite {
    pub(crate) generator: SemiAutoregressive,
}

impl Generator for Infinite {
    type State = Prefix;

    fn start(&self, encoded: &Encoded) -> Prefix {
        self.generator.start(encoded)
    }

    fn block_logits(&self, encoded: &Encoded, state: &Prefix, slots: Range<usize>) -> Tensor<3> {
        infinite(self.generator.block_logits(encoded, state, slots))
    }

    fn advance(&self, encoded: &Encoded, state: Prefix, slots: Range<usize>, picks: Tensor<2, Int>) -> Prefix {
        self.generator.advance(encoded, state, slots, picks)
    }

    fn teacher_forced(&self, encoded: &Encoded, schedule: BlockSchedule, target: Tensor<2, Int>) -> Tensor<3> {
        infinite(self.generator.teacher_forced(encoded, schedule, target))
    }
}

fn infinite(logits: Tensor<3>) -> Tensor<3> {
    let ruled_out = logits.clone().lower_elem(-1e8);
    logits.mask_fill(ruled_out, f32::NEG_INFINITY)
}
