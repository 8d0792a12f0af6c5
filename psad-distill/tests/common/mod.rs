//! Random lists with labels, teacher's logits and student's scores; the same as padded tensors.

#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod model;
pub(crate) mod reference;

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use proptest::prelude::*;
use psad_decode::BlockSchedule;
use psad_nn::{LabelBatch, SlotTargets, TiedTargets, Weights};
use reference::List;

pub(crate) const LONGEST: usize = 7;

/// So many cases; failures are printed and not kept in files.
pub(crate) fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// A loss in `f32` against the same in `f64`: some fifty roundings of values no larger than the loss and a few ones.
pub(crate) fn close(found: f32, expected: f64) -> bool {
    (f64::from(found) - expected).abs() <= 5e-6 * (3. + expected.abs())
}

/// A batch and its schedule.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) lists: Vec<List>,
    /// Columns beyond the longest list.
    pub(crate) spare: usize,
    pub(crate) slots: usize,
    pub(crate) block: usize,
    /// What a generator answers where it cannot choose.
    pub(crate) ruled_out: f32,
}

/// Lists of 1 to 7 candidates, clicked or graded; now and then all alike.
fn lists() -> impl Strategy<Value = List> {
    let grades = prop::sample::select(vec![[0_u8, 1, 0, 1, 0], [0, 0, 1, 2, 4]]);
    let labels = (grades, prop::collection::vec(0_usize..5, 1..=LONGEST));
    // A relevant candidate's logits are lifted by nothing, or by enough for the hinge to be content.
    (labels, any::<u64>(), prop::sample::select(vec![0., 4., 12.])).prop_map(|((grades, picks), seed, lift)| {
        let labels: Vec<f32> = picks.into_iter().map(|pick| f32::from(grades[pick])).collect();
        let len = labels.len();
        let drawn = normal(seed, (LONGEST + 3) * len);
        let mut rows: Vec<Vec<f64>> = drawn.chunks(len).map(<[f64]>::to_vec).collect();
        let scores = rows.remove(0);
        for row in &mut rows {
            row.iter_mut().zip(&labels).for_each(|(logit, &label)| *logit += if label > 0. { lift } else { 0. });
        }
        List { labels, scores: round(scores), logits: rows.into_iter().map(round).collect() }
    })
}

pub(crate) fn worlds() -> impl Strategy<Value = World> {
    let shape = (1..=LONGEST + 2, 1..=LONGEST + 1, 0..3_usize);
    let ruled_out = prop::sample::select(vec![-1e9, f32::NEG_INFINITY, 1e6]);
    (prop::collection::vec(lists(), 1..4), shape, ruled_out)
        .prop_map(|(lists, (slots, block, spare), ruled_out)| World { lists, spare, slots, block, ruled_out })
}

impl World {
    pub(crate) fn columns(&self) -> usize {
        self.lists.iter().map(List::len).max().unwrap() + self.spare
    }

    pub(crate) fn schedule(&self) -> BlockSchedule {
        BlockSchedule::new(self.slots.min(self.columns()), self.block).unwrap()
    }

    pub(crate) fn lens(&self) -> Vec<usize> {
        self.lists.iter().map(List::len).collect()
    }

    /// The same world with one of its lists, without any padding.
    pub(crate) fn alone(&self, list: usize) -> Self {
        Self { lists: vec![self.lists[list].clone()], spare: 0, ..self.clone() }
    }

    /// What the generator answers, `[batch, slots, candidates]`.
    pub(crate) fn logits(&self, device: &Device) -> Tensor<3> {
        let (slots, columns) = (self.schedule().slots(), self.columns());
        let entry = |list: &List, slot: usize, item: usize| {
            let open = slot < list.len() && list.available(self.block, slot).contains(&item);
            if open { list.logits[slot][item] as f32 } else { self.ruled_out }
        };
        let mut values = Vec::new();
        for list in &self.lists {
            values.extend((0..slots * columns).map(|place| entry(list, place / columns, place % columns)));
        }
        tensor(values, [self.lists.len(), slots, columns], device)
    }

    /// `P`: the softmax of the logits. Rows that the list cannot fill are even, as a softmax of `-1e9` makes them.
    pub(crate) fn matrix(&self, device: &Device) -> Tensor<3> {
        let (slots, columns) = (self.schedule().slots(), self.columns());
        let mut values = Vec::new();
        for list in &self.lists {
            let rows = list.matrix(slots, self.block);
            for slot in 0..slots {
                let entry = |item| rows.get(slot).map_or(1. / columns as f64, |row| *row.get(item).unwrap_or(&0.));
                values.extend((0..columns).map(|item| entry(item) as f32));
            }
        }
        tensor(values, [self.lists.len(), slots, columns], device)
    }

    /// The student's scores, garbage at padding, `[batch, candidates]`.
    pub(crate) fn scores(&self, device: &Device) -> Tensor<2> {
        self.padded(|list| list.scores.iter().map(|&score| score as f32).collect(), 1e6, device)
    }

    pub(crate) fn labels(&self, device: &Device) -> LabelBatch {
        let columns = self.columns();
        let targets = |list: &List| [list.order(), (list.len()..columns).collect()].concat();
        let targets: Vec<i32> = self.lists.iter().flat_map(targets).map(|item| item as i32).collect();
        let contrast = self.lists.iter().map(|list| f32::from(u8::from(list.contrast()))).collect();
        LabelBatch {
            values: self.padded(|list| list.labels.clone(), 0., device),
            targets: Tensor::<1, Int>::from_data(targets.as_slice(), device).reshape([self.lists.len(), columns]),
            contrast: tensor(contrast, [self.lists.len()], device),
            shown: vec![None; self.lists.len()],
        }
    }

    pub(crate) fn targets(&self, device: &Device) -> SlotTargets {
        SlotTargets::new(
            &self.labels(device),
            &self.scores(device),
            &self.lens(),
            self.schedule(),
            TiedTargets::Ordered,
        )
    }

    pub(crate) fn pad(&self, device: &Device) -> Tensor<2, Bool> {
        self.padded(|list| vec![0.; list.len()], 1., device).bool()
    }

    fn padded(&self, row: impl Fn(&List) -> Vec<f32>, filler: f32, device: &Device) -> Tensor<2> {
        let columns = self.columns();
        let row = |list| {
            let mut row = row(list);
            row.resize(columns, filler);
            row
        };
        tensor(self.lists.iter().flat_map(row).collect(), [self.lists.len(), columns], device)
    }
}

pub(crate) fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new::<f32, _>(values, shape), device)
}

pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.try_into_vec_as::<f32>().unwrap()
}

pub(crate) fn normal(seed: u64, count: usize) -> Vec<f64> {
    let drawn = Weights::seeded(seed, &Device::flex()).normal([count], 1.5).val();
    values(drawn).into_iter().map(f64::from).collect()
}

/// To the nearest `f32`, so that tensor and reference start from the same numbers.
fn round(values: Vec<f64>) -> Vec<f64> {
    values.into_iter().map(|value| f64::from(value as f32)).collect()
}

/// Checks one entry of a gradient against the slopes of the reference on both sides. Where they differ there is a kink,
/// and nothing to compare with.
pub(crate) fn slope_fits(found: f32, loss_at: impl Fn(f64) -> f64) -> bool {
    const STEP: f64 = 1e-5;
    let (up, down) = ((loss_at(STEP) - loss_at(0.)) / STEP, (loss_at(0.) - loss_at(-STEP)) / STEP);
    let kink = (up - down).abs() > 1e-3;
    kink || close(found, f64::midpoint(up, down))
}
