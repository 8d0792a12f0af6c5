//! Lists with rules, drawn from a seed, and everything that can fill them.

use std::convert::Infallible;
use std::ops::RangeInclusive;

use ndarray::{Array2, Axis};
use psad_core::{ConstraintError, Constraints, Group, Slate, SlateBuilder};
use psad_decode::{BlockSchedule, Diversifier, ScoreBlock, Strategy, decode_into, from_fn};
use rand::{Rng, RngExt};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use crate::fake::every_slate;

/// How large lists are.
pub(crate) struct Shape {
    pub(crate) candidates: RangeInclusive<usize>,
    pub(crate) slots: RangeInclusive<usize>,
    pub(crate) rules: RangeInclusive<usize>,
}

impl Shape {
    /// Every slate can be looked at.
    pub(crate) const SMALL: Self = Self { candidates: 1..=7, slots: 1..=7, rules: 0..=5 };
}

/// A list: its scores, its vectors and its rules.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// Slots that are asked for; the list may be shorter.
    pub(crate) slots: usize,
    pub(crate) block: usize,
    /// `[slots, candidates]`
    pub(crate) table: Array2<f32>,
    /// `[candidates, 3]`
    pub(crate) vectors: Array2<f32>,
    pub(crate) rules: Constraints,
}

/// Everything that fills a slate.
#[derive(Debug, Clone)]
pub(crate) enum Decoder {
    Search(Strategy),
    Diversify(Diversifier),
}

/// One decoder of each kind.
pub(crate) fn decoders(seed: u64) -> [Decoder; 9] {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut weight = || rng.random_range(0_f32..=1.);
    [
        Decoder::Search(Strategy::Greedy),
        Decoder::Search(Strategy::Beam { width: 1 + (seed % 5) as usize }),
        Decoder::Search(Strategy::Sample { seed, samples: 1 + (seed % 3) as usize }),
        Decoder::Search(Strategy::Contrastive { alpha: weight() }),
        Decoder::Search(Strategy::Assignment),
        Decoder::Search(Strategy::Plan),
        Decoder::Diversify(Diversifier::Mmr { lambda: weight() }),
        Decoder::Diversify(Diversifier::Dpp { theta: 3. * weight() }),
        Decoder::Diversify(Diversifier::Ssd { gamma: 2. * weight(), window: 1 + (seed % 4) as usize }),
    ]
}

impl Case {
    pub(crate) fn new(
        seed: u64,
        shape: &Shape,
        rules: impl Fn(&mut ChaCha8Rng, &Shape, usize, usize) -> Constraints,
    ) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let candidates = rng.random_range(shape.candidates.clone());
        let slots = rng.random_range(shape.slots.clone());
        let block = rng.random_range(1..=slots + 1);
        // Half of the lists have many ties.
        let levels = if rng.random() { 3 } else { 1_000_000 };
        let number = |rng: &mut ChaCha8Rng| rng.random_range(0..levels) as f32 / levels as f32 * 4. - 2.;
        let table = Array2::from_shape_simple_fn((slots, candidates), || number(&mut rng));
        let vectors = Array2::from_shape_simple_fn((candidates, 3), || rng.random_range(-2_i32..=2) as f32);
        let rules = rules(&mut rng, shape, candidates, slots);
        Self { slots, block, table, vectors, rules }
    }

    pub(crate) fn candidates(&self) -> usize {
        self.table.ncols()
    }

    pub(crate) fn builder(&self) -> Result<SlateBuilder, ConstraintError> {
        SlateBuilder::constrained(self.candidates(), self.slots, &self.rules)
    }

    /// Every slate that keeps the rules.
    pub(crate) fn every_slate(&self) -> Vec<Vec<usize>> {
        let slates = every_slate(self.candidates(), self.slots.min(self.candidates()));
        slates.into_iter().filter(|slate| self.rules.violated(slate).is_none()).collect()
    }

    /// The slates that a decoder fills.
    pub(crate) fn run(&self, decoder: &Decoder) -> Result<Vec<Slate>, ConstraintError> {
        let slate = self.builder()?;
        Ok(match decoder {
            Decoder::Search(strategy) => self.search(strategy, slate),
            Decoder::Diversify(diversifier) => {
                let scores = self.table.row(0).to_vec();
                vec![diversifier.slate(slate, &scores, self.vectors.view()).unwrap()]
            }
        })
    }

    pub(crate) fn search(&self, strategy: &Strategy, slate: SlateBuilder) -> Vec<Slate> {
        let mut model = from_fn(|hypotheses, slots| {
            let block = ScoreBlock::new(self.table.slice_axis(Axis(0), slots.into()).to_owned());
            Ok::<_, Infallible>(vec![block; hypotheses.len()])
        })
        .with_vectors(vec![self.vectors.clone()]);
        let schedule = BlockSchedule::new(self.slots, self.block).unwrap();
        let decoded = decode_into(strategy, schedule, vec![slate], &mut model).unwrap().remove(0);
        decoded.into_iter().map(|each| each.slate).collect()
    }
}

fn group(rng: &mut impl Rng, name: &str, candidates: usize) -> Group {
    let share = rng.random_range(0.1..0.9);
    Group::new(name, (0..candidates).filter(|_| rng.random_bool(share)))
}

/// Any rules about any items, sensible or not.
pub(crate) fn some_rules(rng: &mut ChaCha8Rng, shape: &Shape, candidates: usize, slots: usize) -> Constraints {
    (0..rng.random_range(shape.rules.clone())).fold(Constraints::new(), |rules, _| {
        let (item, slot) = (rng.random_range(0..candidates), rng.random_range(0..=slots));
        let (limit, window) = (rng.random_range(0..4), rng.random_range(1..=slots + 1));
        let (one, other) = (group(rng, "one", candidates), group(rng, "other", candidates));
        match rng.random_range(0..8) {
            0 => rules.pin(item, slot),
            1 => rules.keep_top(),
            2 => rules.forbid(item, slot..rng.random_range(slot..=slots + 1)),
            3 => rules.at_most(limit, one),
            4 => rules.at_least(limit, one),
            5 => rules.at_most_in_window(limit, window, one),
            6 => rules.at_least_in_window(limit, window, one),
            _ => rules.ban_neighbours(one, other),
        }
    })
}
