//! Random encodings of lists of different lengths, generators for them, and matrices read back to the host.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::convert::Infallible;
use std::fmt;

use burn::module::Module;
use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use ndarray::{Array2, Array3, ArrayView2};
use proptest::prelude::*;
use psad_core::Slate;
use psad_decode::{BlockModel, BlockSchedule, ScoreBlock};
use psad_generator::{GeneratorConfig, SemiAutoregressive};
use psad_nn::{Encoded, Generator, Weights, load_parameters, named_parameters};

pub(crate) const WIDTH: usize = 8;
pub(crate) const PROFILE: usize = 5;
pub(crate) const LONGEST: usize = 7;

/// What two ways to the same logit may differ by: a few roundings of sums of eight values of about one.
pub(crate) const TOLERANCE: f32 = 1e-5;

/// What their log-probabilities may differ by then: each slot's logit and normaliser, over all slots.
pub(crate) const LOG_TOLERANCE: f64 = 2. * 1e-5 * LONGEST as f64;

/// Far above anything real; signs alternate.
const GARBAGE: f32 = 1e6;

/// So many cases; failures are printed and not kept in files.
pub(crate) fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// One list as an encoder would describe it.
#[derive(Clone)]
pub(crate) struct List {
    pub(crate) items: Vec<[f32; WIDTH]>,
    pub(crate) inputs: Vec<[f32; WIDTH]>,
    pub(crate) profile: [f32; PROFILE],
    /// A permutation of the candidates.
    pub(crate) targets: Vec<usize>,
}

impl fmt::Debug for List {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "List of {} with the targets {:?}", self.len(), self.targets)
    }
}

impl List {
    pub(crate) fn random(seed: u64, len: usize) -> Self {
        let mut weights = Weights::seeded(seed, &Device::flex());
        let mut normal = |count: usize| values(weights.normal([count], 1.).val());
        let rows = |flat: &[f32]| flat.chunks(WIDTH).map(|row| row.try_into().unwrap()).collect();
        let (items, inputs) = (rows(&normal(len * WIDTH)), rows(&normal(len * WIDTH)));
        let profile = normal(PROFILE).as_slice().try_into().unwrap();
        let targets = Slate::top_by_score(&normal(len), len).unwrap().as_slice().to_vec();
        Self { items, inputs, profile, targets }
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// Candidate `i` of the answer is candidate `order[i]` of this list.
    pub(crate) fn permuted(&self, order: &[usize]) -> Self {
        let place = |item: &usize| order.iter().position(|old| old == item).unwrap();
        Self {
            items: order.iter().map(|&item| self.items[item]).collect(),
            inputs: order.iter().map(|&item| self.inputs[item]).collect(),
            profile: self.profile,
            targets: self.targets.iter().map(place).collect(),
        }
    }
}

/// A batch, a generator and a schedule.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) lists: Vec<List>,
    /// Columns beyond the longest list.
    pub(crate) spare: usize,
    pub(crate) slots: usize,
    pub(crate) block: usize,
    /// The block size that the generator was made for.
    pub(crate) made_for: usize,
    pub(crate) context: bool,
    pub(crate) seed: u64,
}

/// Batches of 1 to 3 lists; blocks from one slot to more than the list holds, of the generator's size or not.
pub(crate) fn worlds() -> impl Strategy<Value = World> {
    let lists = prop::collection::vec((any::<u64>(), 1..=LONGEST), 1..4);
    let shape = (1..=2 * LONGEST, 1..=2 * LONGEST, 1..=LONGEST, 0..3_usize);
    (lists, shape, any::<bool>(), any::<u64>()).prop_map(|(lists, shape, context, seed)| {
        let lists = lists.into_iter().map(|(seed, len)| List::random(seed, len)).collect();
        let (slots, block, made_for, spare) = shape;
        World { lists, spare, slots, block, made_for, context, seed }
    })
}

impl World {
    pub(crate) fn generator(&self, device: &Device) -> SemiAutoregressive {
        let fresh = GeneratorConfig::new(WIDTH, PROFILE, LONGEST + 2)
            .with_block_size(self.made_for)
            .with_feed_forward(12)
            .with_pointer(6)
            .with_context_enhancement(self.context)
            .init(self.seed, device)
            .unwrap();
        learned(fresh, self.seed)
    }

    /// Width of the padded batch.
    pub(crate) fn columns(&self) -> usize {
        self.lists.iter().map(List::len).max().unwrap() + self.spare
    }

    /// Any number of slots, as a decoder may be asked for.
    pub(crate) fn schedule(&self) -> BlockSchedule {
        BlockSchedule::new(self.slots, self.block).unwrap()
    }

    /// At most as many slots as there are columns, as training has them.
    pub(crate) fn teaching(&self) -> BlockSchedule {
        BlockSchedule::new(self.slots.min(self.columns()), self.block).unwrap()
    }

    pub(crate) fn encoded(&self, device: &Device) -> Encoded {
        encode(&self.lists, self.columns(), device)
    }

    pub(crate) fn targets(&self, device: &Device) -> Tensor<2, Int> {
        targets(&self.lists, self.columns(), device)
    }

    /// The teacher-forced logits, `[batch, slots, candidates]`.
    pub(crate) fn taught(&self) -> Array3<f32> {
        let device = Device::flex();
        let generator = self.generator(&device);
        array(generator.teacher_forced(&self.encoded(&device), self.teaching(), self.targets(&device)))
    }

    /// The same world with one of its lists, without any padding, and only the slots that the list can fill.
    pub(crate) fn alone(&self, list: usize) -> Self {
        let lists = vec![self.lists[list].clone()];
        Self { slots: self.slots.min(lists[0].len()), lists, spare: 0, ..self.clone() }
    }
}

/// What starts at zero drawn at random instead: laws are to hold for a generator that has learned something.
pub(crate) fn learned<M: Module>(module: M, seed: u64) -> M {
    let mut weights = Weights::seeded(seed, &Device::flex());
    let values = named_parameters(&module).unwrap().into_iter().map(|(path, mut array)| {
        if array.iter().all(|&value| value == 0.) {
            let drawn = weights.normal([array.len()], 0.4).val().try_into_vec_as::<f32>().unwrap();
            array.iter_mut().zip(drawn).for_each(|(value, drawn)| *value = drawn);
        }
        (path, array)
    });
    load_parameters(module, values.collect()).unwrap()
}

/// Pads with garbage.
pub(crate) fn encode(lists: &[List], columns: usize, device: &Device) -> Encoded {
    let batch = lists.len();
    let garbage = |index: usize| if index.is_multiple_of(2) { GARBAGE } else { -GARBAGE };
    let padded = |pick: fn(&List) -> &Vec<[f32; WIDTH]>| {
        let row = |list| {
            let mut row = pick(list).concat();
            row.extend((row.len()..columns * WIDTH).map(garbage));
            row
        };
        tensor(lists.iter().flat_map(row).collect(), [batch, columns, WIDTH], device)
    };
    let pad: Vec<bool> = lists.iter().flat_map(|list| (0..columns).map(|item| item >= list.len())).collect();
    Encoded {
        items: padded(|list| &list.items),
        inputs: padded(|list| &list.inputs),
        raw: padded(|list| &list.inputs),
        profile: tensor(lists.iter().flat_map(|list| list.profile).collect(), [batch, PROFILE], device),
        // Any number that belongs to the item serves as the ranker's score.
        ranker: padded(|list| &list.inputs).narrow(2, 0, 1).reshape([batch, columns]),
        pad: Tensor::<1, Bool>::from_bool(pad.as_slice(), device).reshape([batch, columns]),
        lens: lists.iter().map(List::len).collect(),
    }
}

/// Each list's targets, then its padding.
pub(crate) fn targets(lists: &[List], columns: usize, device: &Device) -> Tensor<2, Int> {
    let row = |list: &List| [list.targets.clone(), (list.len()..columns).collect()].concat();
    let flat = lists.iter().flat_map(row).map(|item| item as i32).collect();
    Tensor::from_data(TensorData::new::<i32, _>(flat, [lists.len(), columns]), device)
}

pub(crate) fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new::<f32, _>(values, shape), device)
}

pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.try_into_vec_as::<f32>().unwrap()
}

pub(crate) fn array(tensor: Tensor<3>) -> Array3<f32> {
    let shape = tensor.dims();
    Array3::from_shape_vec(shape, values(tensor)).unwrap()
}

/// The logits of every block, each asked for by itself while the targets are placed step by step.
pub(crate) fn stepwise(
    generator: &SemiAutoregressive,
    encoded: &Encoded,
    schedule: BlockSchedule,
    targets: &Tensor<2, Int>,
) -> Array3<f32> {
    let mut state = generator.start(encoded);
    let mut blocks = Vec::new();
    for slots in schedule.blocks() {
        blocks.push(generator.block_logits(encoded, &state, slots.clone()));
        let picks = targets.clone().narrow(1, slots.start, slots.len());
        state = generator.advance(encoded, state, slots, picks);
    }
    array(Tensor::cat(blocks, 1))
}

/// The generator as the decoder sees it, without any memory: every call starts anew and places what is placed.
pub(crate) fn forgetful<'a>(
    generator: &'a SemiAutoregressive,
    encoded: &'a Encoded,
    schedule: BlockSchedule,
) -> impl BlockModel<Error = Infallible> + 'a {
    psad_decode::from_fn(move |hypotheses, slots| {
        let lists: Vec<usize> = hypotheses.iter().map(|hypothesis| hypothesis.list).collect();
        let rows = encoded.select(&lists);
        let mut state = generator.start(&rows);
        for block in schedule.blocks().take_while(|block| block.start < slots.start) {
            let pick = |slot: usize| hypotheses.iter().map(move |each| each.placed().get(slot).map_or(0, |&item| item));
            let columns: Vec<Tensor<2, Int>> = block
                .clone()
                .map(|slot| {
                    let picks: Vec<i32> = pick(slot).map(|item| item as i32).collect();
                    Tensor::<1, Int>::from_data(picks.as_slice(), &rows.items.device()).reshape([picks.len(), 1])
                })
                .collect();
            state = generator.advance(&rows, state, block, Tensor::cat(columns, 1));
        }
        let logits = array(generator.block_logits(&rows, &state, slots));
        Ok(logits.outer_iter().map(|block| ScoreBlock::new(block.to_owned())).collect())
    })
}

/// What slot `slot` may choose from when the targets fill the earlier blocks.
pub(crate) fn available(list: &List, schedule: BlockSchedule, slot: usize) -> Vec<usize> {
    let first = schedule.block_of(slot) * schedule.block_size();
    let taken = &list.targets[..first.min(list.len())];
    (0..list.len()).filter(|item| !taken.contains(item)).collect()
}

/// `Σ_j log P(target j)` on the host; within a block each slot loses what the slots before it have picked.
pub(crate) fn log_probability(logits: &ArrayView2<'_, f32>, targets: &[usize], candidates: usize) -> f64 {
    let slot = |(slot, &target): (usize, &usize)| {
        let free = (0..candidates).filter(|item| !targets[..slot].contains(item));
        let sum: f64 = free.map(|item| f64::from(logits[[slot, item]]).exp()).sum();
        f64::from(logits[[slot, target]]) - sum.ln()
    };
    targets.iter().enumerate().map(slot).sum()
}

/// The largest difference of two matrices over the entries that a list can use.
pub(crate) fn worst(
    a: &ArrayView2<'_, f32>,
    b: &ArrayView2<'_, f32>,
    slots: std::ops::Range<usize>,
    items: impl Fn(usize) -> Vec<usize>,
) -> f32 {
    let entry = |slot: usize| items(slot).into_iter().map(move |item| [slot, item]);
    slots.flat_map(entry).map(|at| (a[at] - b[at]).abs()).fold(0., f32::max)
}

/// A matrix whose column `i` is column `order[i]` of the other.
pub(crate) fn columns_of(matrix: &ArrayView2<'_, f32>, order: &[usize]) -> Array2<f32> {
    Array2::from_shape_fn((matrix.nrows(), order.len()), |(slot, item)| matrix[[slot, order[item]]])
}
