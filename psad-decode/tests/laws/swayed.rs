//! A network with influence, and what it should come to, counted slot by slot.

use std::{convert::Infallible, ops::Range, sync::Arc};

use ndarray::Array2;
use proptest::{prelude::*, strategy::Strategy as Generate};
use psad_decode::{BlockModel, BlockSchedule, Hypothesis, Influence, ScoreBlock};

use crate::fake::{Fake, fakes, mix};

/// Who adds the influence to the logits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum By {
    /// The decoder.
    Decoder,
    /// The network, of what stands above the block.
    Network,
}

/// A [`Fake`] with influence. All numbers are small multiples of powers of two, so sums are exact in any order.
#[derive(Debug, Clone)]
pub(crate) struct Swayed {
    pub(crate) network: Fake,
    pub(crate) reach: Vec<f32>,
    pub(crate) by: By,
}

impl Swayed {
    pub(crate) fn alone(&self, list: usize) -> Self {
        Self { network: self.network.alone(list), ..self.clone() }
    }

    pub(crate) fn by(&self, by: By) -> Self {
        Self { by, ..self.clone() }
    }

    pub(crate) fn candidates(&self) -> Vec<usize> {
        self.network.candidates()
    }

    /// What a candidate does to another; nothing to itself, which contrastive search counts among what stood free when
    /// the block began.
    fn pair(&self, list: usize, placed: usize, item: usize) -> f32 {
        let seed = self.network.lists[list].0;
        if placed == item { 0. } else { (mix(seed ^ mix(!(64 * placed + item) as u64)) % 17) as f32 / 4. - 2. }
    }

    /// As the decoder gets it: with padding that nobody may read.
    pub(crate) fn influence(&self, list: usize) -> Influence {
        let candidates = self.network.lists[list].1;
        let known = candidates + self.network.padding;
        let pair = |(placed, item): (usize, usize)| {
            if placed.max(item) < candidates { self.pair(list, placed, item) } else { f32::NAN }
        };
        Influence::new(Array2::from_shape_fn((known, known), pair), self.reach.clone())
    }

    /// What a slot gains from what is placed above it.
    fn gain(&self, list: usize, placed: &[usize], slot: usize, item: usize) -> f32 {
        let from = |(above, &other): (usize, &usize)| {
            self.reach.get(slot - above - 1).map_or(0., |factor| factor * self.pair(list, other, item))
        };
        placed.iter().enumerate().map(from).sum()
    }

    /// The logit of an item in the first slot that is not filled.
    pub(crate) fn logit(&self, list: usize, schedule: BlockSchedule, placed: &[usize], item: usize) -> f64 {
        let slot = placed.len();
        let above_the_block = &placed[..schedule.block_of(slot) * schedule.block_size()];
        f64::from(self.network.logit(list, above_the_block, slot, item) + self.gain(list, placed, slot, item))
    }

    pub(crate) fn free(&self, list: usize, placed: &[usize]) -> impl Iterator<Item = usize> {
        (0..self.network.lists[list].1).filter(move |item| !placed.contains(item))
    }

    /// The log-probability of a slate.
    pub(crate) fn log_probability(&self, list: usize, schedule: BlockSchedule, slate: &[usize]) -> f64 {
        let step = |slot: usize| {
            let logit = |item| self.logit(list, schedule, &slate[..slot], item);
            let all: f64 = self.free(list, &slate[..slot]).map(|item| logit(item).exp()).sum();
            logit(slate[slot]) - all.ln()
        };
        (0..slate.len()).map(step).sum()
    }

    /// The slate of the best candidate for each slot in turn, the first of equals.
    pub(crate) fn greedy(&self, list: usize, schedule: BlockSchedule) -> Vec<usize> {
        let mut slate = Vec::new();
        for _ in 0..schedule.slots().min(self.network.lists[list].1) {
            let logit = |item| self.logit(list, schedule, &slate, item);
            let better = |best, item| if logit(item) > logit(best) { item } else { best };
            slate.push(self.free(list, &slate).reduce(better).unwrap());
        }
        slate
    }

    /// The logits of a block behind what is placed, without influence.
    pub(crate) fn block(&self, list: usize, placed: &[usize], slots: Range<usize>) -> Array2<f32> {
        let shape = (slots.len(), self.network.lists[list].1 + self.network.padding);
        Array2::from_shape_fn(shape, |(row, item)| self.network.logit(list, placed, slots.start + row, item))
    }
}

impl BlockModel for Swayed {
    type Error = Infallible;

    fn block_logits(&mut self, hypotheses: &[Hypothesis], slots: Range<usize>) -> Result<Vec<ScoreBlock>, Infallible> {
        let blocks = self.network.block_logits(hypotheses, slots.clone())?;
        let sway = |(hypothesis, block): (&Hypothesis, ScoreBlock)| {
            let (list, placed) = (hypothesis.list, hypothesis.placed());
            if self.by == By::Decoder {
                return block.with_influence(Arc::new(self.influence(list)));
            }
            let mut logits = block.logits().clone();
            for ((row, item), logit) in logits.indexed_iter_mut() {
                *logit += self.gain(list, placed, slots.start + row, item);
            }
            ScoreBlock::new(logits)
        };
        Ok(hypotheses.iter().zip(blocks).map(sway).collect())
    }

    fn vectors(&mut self, list: usize) -> Result<Option<Array2<f32>>, Infallible> {
        self.network.vectors(list)
    }
}

/// Batches as of [`fakes`]; reaches of none to more than all slots.
pub(crate) fn swayed(longest: usize) -> impl Generate<Value = Swayed> {
    let reach = prop::collection::vec((-4_i8..=4).prop_map(|quarters| f32::from(quarters) / 4.), 0..=longest + 2);
    (fakes(longest), reach).prop_map(|(network, reach)| {
        let levels = network.levels.next_power_of_two();
        Swayed { network: Fake::new(network.lists, network.reads_prefix, levels), reach, by: By::Decoder }
    })
}
