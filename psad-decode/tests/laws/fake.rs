//! A network made of arithmetic, which checks that the decoder keeps its side of the contract.

use std::{convert::Infallible, ops::Range};

use ndarray::Array2;
use proptest::{prelude::*, strategy::Strategy as Generate};
use psad_decode::{BlockModel, BlockSchedule, Hypothesis, ScoreBlock, Strategy};

/// A list: what its logits are made from, and its number of candidates.
pub(crate) type List = (u64, usize);

/// Logits that are a function of the list, the slot, the candidate and, if wanted, of what is placed.
#[derive(Debug, Clone)]
pub(crate) struct Fake {
    pub(crate) lists: Vec<List>,
    /// Columns beyond the candidates of each list.
    pub(crate) padding: usize,
    /// Whether logits depend on what earlier blocks have placed.
    pub(crate) reads_prefix: bool,
    /// Few levels make many ties.
    pub(crate) levels: u64,
    pub(crate) calls: usize,
    previous: Vec<(usize, Vec<usize>)>,
}

impl Fake {
    pub(crate) fn new(lists: Vec<List>, reads_prefix: bool, levels: u64) -> Self {
        Self { lists, padding: 2, reads_prefix, levels, calls: 0, previous: Vec::new() }
    }

    pub(crate) fn candidates(&self) -> Vec<usize> {
        self.lists.iter().map(|list| list.1).collect()
    }

    /// The same network before a batch of one list.
    pub(crate) fn alone(&self, list: usize) -> Self {
        let padding = self.padding + 1;
        Self { padding, ..Self::new(vec![self.lists[list]], self.reads_prefix, self.levels) }
    }

    /// The logit of a slot whose block begins behind `placed`.
    pub(crate) fn logit(&self, list: usize, placed: &[usize], slot: usize, item: usize) -> f32 {
        let (seed, candidates) = self.lists[list];
        if item >= candidates || placed.contains(&item) {
            return f32::NAN; // whoever reads it has made a mistake
        }
        let prefix = if self.reads_prefix { placed } else { &[] };
        let key = prefix.iter().chain(&[slot, item]).fold(seed, |key, &part| mix(key ^ part as u64));
        (key % self.levels) as f32 / self.levels as f32 * 4. - 2.
    }

    fn check_the_protocol(&self, hypotheses: &[Hypothesis], slots: &Range<usize>) {
        assert!(hypotheses.is_sorted_by_key(|hypothesis| hypothesis.list));
        for (index, hypothesis) in hypotheses.iter().enumerate() {
            assert_eq!(hypothesis.placed().len(), slots.start.min(self.lists[hypothesis.list].1));
            if self.calls == 0 {
                assert_eq!((hypothesis.list, hypothesis.parent, hypothesis.log_probability()), (index, index, 0.));
            } else {
                let (list, placed) = &self.previous[hypothesis.parent];
                assert_eq!(hypothesis.list, *list);
                assert!(hypothesis.placed().starts_with(placed));
            }
        }
        assert!(self.calls > 0 || hypotheses.len() == self.lists.len());
    }
}

impl BlockModel for Fake {
    type Error = Infallible;

    fn block_logits(&mut self, hypotheses: &[Hypothesis], slots: Range<usize>) -> Result<Vec<ScoreBlock>, Infallible> {
        self.check_the_protocol(hypotheses, &slots);
        self.calls += 1;
        self.previous = hypotheses.iter().map(|each| (each.list, each.placed().to_vec())).collect();
        let block = |hypothesis: &Hypothesis| {
            let shape = (slots.len(), hypothesis.candidates() + self.padding);
            let logit = |(row, item)| self.logit(hypothesis.list, hypothesis.placed(), slots.start + row, item);
            ScoreBlock::new(Array2::from_shape_fn(shape, logit))
        };
        Ok(hypotheses.iter().map(block).collect())
    }

    /// Small whole numbers, so that some candidates are alike.
    fn vectors(&mut self, list: usize) -> Result<Option<Array2<f32>>, Infallible> {
        assert_eq!(self.calls, 0, "vectors are asked for before the first block");
        let (seed, candidates) = self.lists[list];
        let number = |(item, axis)| (mix(seed ^ mix((3 * item + axis) as u64)) % 5) as f32 - 2.;
        Ok(Some(Array2::from_shape_fn((candidates, 3), number)))
    }
}

/// The finaliser of `SplitMix64`.
pub(crate) fn mix(mut key: u64) -> u64 {
    key = key.wrapping_add(0x9e37_79b9_7f4a_7c15);
    key = (key ^ (key >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    key = (key ^ (key >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    key ^ (key >> 31)
}

/// Batches of 1 to 4 lists of 1 to `longest` candidates, with and without ties and memory.
pub(crate) fn fakes(longest: usize) -> impl Generate<Value = Fake> {
    let lists = prop::collection::vec((any::<u64>(), 1..=longest), 1..5);
    let levels = prop_oneof![Just(1_u64), Just(3), Just(1 << 20)];
    (lists, any::<bool>(), levels).prop_map(|(lists, reads_prefix, levels)| Fake::new(lists, reads_prefix, levels))
}

/// Schedules of 1 to `slots` slots with blocks of any size, longer ones included.
pub(crate) fn schedules(slots: usize) -> impl Generate<Value = BlockSchedule> {
    (1..=slots, 1..=slots + 2).prop_map(|(slots, block)| BlockSchedule::new(slots, block).unwrap())
}

pub(crate) fn strategies() -> impl Generate<Value = Strategy> {
    prop_oneof![
        Just(Strategy::Greedy),
        (1_usize..6).prop_map(|width| Strategy::Beam { width }),
        (any::<u64>(), 1_usize..5).prop_map(|(seed, samples)| Strategy::Sample { seed, samples }),
        (0_f32..=1.).prop_map(|alpha| Strategy::Contrastive { alpha }),
        Just(Strategy::Assignment),
        Just(Strategy::Plan),
    ]
}

/// Every ordered choice of `len` out of `candidates`.
pub(crate) fn every_slate(candidates: usize, len: usize) -> Vec<Vec<usize>> {
    let mut slates = vec![Vec::new()];
    for _ in 0..len {
        let longer = |slate: Vec<usize>| {
            (0..candidates).filter(|item| !slate.contains(item)).map(|item| [&slate[..], &[item]].concat()).collect()
        };
        slates = slates.into_iter().flat_map::<Vec<_>, _>(longer).collect();
    }
    slates
}
