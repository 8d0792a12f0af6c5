//! Random encodings of lists of different lengths, generators for them, and matrices read back to the host.

use std::fmt;

use burn::module::Module;
use burn::tensor::{Bool, Device, Tensor, TensorData};
use ndarray::Array3;
use proptest::prelude::*;
use psad_core::Slate;
use psad_decode::BlockSchedule;
use psad_nar4rec::{MatchingConfig, MatchingGenerator};
use psad_nn::{Encoded, Weights, load_parameters, named_parameters};

pub(crate) const WIDTH: usize = 8;
pub(crate) const PROFILE: usize = 5;
pub(crate) const LONGEST: usize = 7;

/// What two ways to the same logit may differ by: products of vectors of length √8, whose entries of about one have gone
/// through a few layers and are off by some 1e-6 each.
pub(crate) const TOLERANCE: f32 = 3e-5;

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
    pub(crate) ranker: Vec<f32>,
    pub(crate) profile: [f32; PROFILE],
}

impl fmt::Debug for List {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "List of {} with the scores {:?}", self.len(), self.ranker)
    }
}

impl List {
    pub(crate) fn random(seed: u64, len: usize) -> Self {
        let drawn = normal(seed, len * (WIDTH + 1) + PROFILE);
        let (items, rest) = drawn.split_at(len * WIDTH);
        let (ranker, profile) = rest.split_at(len);
        let items = items.chunks(WIDTH).map(|row| row.try_into().unwrap()).collect();
        Self { items, ranker: ranker.to_vec(), profile: profile.try_into().unwrap() }
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// Candidate `i` of the answer is candidate `order[i]` of this list.
    pub(crate) fn permuted(&self, order: &[usize]) -> Self {
        let items = order.iter().map(|&item| self.items[item]).collect();
        Self { items, ranker: order.iter().map(|&item| self.ranker[item]).collect(), profile: self.profile }
    }
}

/// A batch, a generator and a number of slots.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) lists: Vec<List>,
    /// Columns beyond the longest list.
    pub(crate) spare: usize,
    pub(crate) slots: usize,
    /// Rows of the position table.
    pub(crate) rows: usize,
    pub(crate) seed: u64,
}

/// Batches of 1 to 3 lists, tables with fewer and with more rows than they have candidates.
pub(crate) fn worlds() -> impl Strategy<Value = World> {
    let lists = prop::collection::vec((any::<u64>(), 1..=LONGEST), 1..4);
    (lists, 0..3_usize, 1..=LONGEST + 2, 1..=LONGEST + 1, any::<u64>()).prop_map(|(lists, spare, slots, rows, seed)| {
        let lists = lists.into_iter().map(|(seed, len)| List::random(seed, len)).collect();
        World { lists, spare, slots, rows, seed }
    })
}

impl World {
    pub(crate) fn fresh(&self, device: &Device) -> MatchingGenerator {
        MatchingConfig::new(WIDTH, PROFILE, self.rows).with_feed_forward(12).init(self.seed, device).unwrap()
    }

    pub(crate) fn generator(&self, device: &Device) -> MatchingGenerator {
        learned(self.fresh(device), self.seed)
    }

    pub(crate) fn columns(&self) -> usize {
        self.lists.iter().map(List::len).max().unwrap() + self.spare
    }

    pub(crate) fn schedule(&self, block: usize) -> BlockSchedule {
        BlockSchedule::new(self.slots, block).unwrap()
    }

    pub(crate) fn encoded(&self, device: &Device) -> Encoded {
        encode(&self.lists, self.columns(), device)
    }

    /// The same world with one of its lists, without any padding.
    pub(crate) fn alone(&self, list: usize) -> Self {
        Self { lists: vec![self.lists[list].clone()], spare: 0, ..self.clone() }
    }
}

/// What starts at zero drawn at random instead: laws are to hold for a model that has learned something.
pub(crate) fn learned<M: Module>(module: M, seed: u64) -> M {
    let mut weights = Weights::seeded(seed, &Device::flex());
    let parameters = named_parameters(&module).unwrap().into_iter().map(|(path, mut array)| {
        if array.iter().all(|&value| value == 0.) {
            let drawn = values(weights.normal([array.len()], 0.4).val());
            array.iter_mut().zip(drawn).for_each(|(value, drawn)| *value = drawn);
        }
        (path, array)
    });
    load_parameters(module, parameters.collect()).unwrap()
}

/// Pads with garbage.
pub(crate) fn encode(lists: &[List], columns: usize, device: &Device) -> Encoded {
    let batch = lists.len();
    let padded = |width: usize, row: &dyn Fn(&List) -> Vec<f32>| {
        let row = |list| {
            let mut row = row(list);
            row.extend((row.len()..columns * width).map(|at| if at % 2 == 0 { GARBAGE } else { -GARBAGE }));
            row
        };
        lists.iter().flat_map(row).collect()
    };
    let items: Tensor<3> = tensor(padded(WIDTH, &|list| list.items.concat()), [batch, columns, WIDTH], device);
    Encoded {
        inputs: items.clone(),
        raw: items.clone(),
        items,
        profile: tensor(lists.iter().flat_map(|list| list.profile).collect(), [batch, PROFILE], device),
        ranker: tensor(padded(1, &|list| list.ranker.clone()), [batch, columns], device),
        pad: pad(&lists.iter().map(List::len).collect::<Vec<_>>(), columns, device),
        lens: lists.iter().map(List::len).collect(),
    }
}

/// `[lists, columns]`, true from each length on.
pub(crate) fn pad(lens: &[usize], columns: usize, device: &Device) -> Tensor<2, Bool> {
    let pad: Vec<bool> = lens.iter().flat_map(|&len| (0..columns).map(move |item| item >= len)).collect();
    Tensor::<1, Bool>::from_bool(pad.as_slice(), device).reshape([lens.len(), columns])
}

pub(crate) fn normal(seed: u64, count: usize) -> Vec<f32> {
    values(Weights::seeded(seed, &Device::flex()).normal([count], 1.).val())
}

/// Some order of so many candidates.
pub(crate) fn order(seed: u64, len: usize) -> Vec<usize> {
    Slate::top_by_score(&normal(seed, len), len).unwrap().as_slice().to_vec()
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

/// A loss in `f32` against the same in `f64`: some fifty roundings of values no larger than the loss and a few ones.
pub(crate) fn close(found: f32, expected: f64) -> bool {
    (f64::from(found) - expected).abs() <= 5e-6 * (3. + expected.abs())
}

pub(crate) fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}
