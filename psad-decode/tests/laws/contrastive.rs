//! Contrastive search against its formula.

use std::convert::Infallible;

use ndarray::{Array2, Axis, array};
use proptest::{collection::vec, prelude::*, strategy::Strategy as Generate};
use psad_decode::{BlockSchedule, Decoded, ScoreBlock, Strategy, decode, from_fn};

use crate::fake::{fakes, schedules};

/// A list whose logits depend on the slot alone.
#[derive(Debug, Clone)]
struct Case {
    /// `[slots, candidates]`
    table: Array2<f32>,
    /// `[candidates, 2]`, small whole numbers: cosines of vectors that point the same way are exact.
    vectors: Array2<f32>,
    block: usize,
}

fn cases() -> impl Generate<Value = Case> {
    (1_usize..8, 1_usize..6, 1_usize..7).prop_flat_map(|(candidates, slots, block)| {
        let logits = vec((-3_i8..=3).prop_map(f32::from), candidates * slots);
        let vectors = vec((-2_i8..=2).prop_map(f32::from), candidates * 2);
        (logits, vectors).prop_map(move |(logits, vectors)| Case {
            table: Array2::from_shape_vec((slots, candidates), logits).unwrap(),
            vectors: Array2::from_shape_vec((candidates, 2), vectors).unwrap(),
            block,
        })
    })
}

impl Case {
    fn decode(&self, strategy: &Strategy) -> Decoded {
        let mut model = from_fn(|hypotheses, slots| {
            let block = ScoreBlock::new(self.table.slice_axis(Axis(0), slots.into()).to_owned());
            Ok::<_, Infallible>(vec![block; hypotheses.len()])
        })
        .with_vectors(vec![self.vectors.clone()]);
        let schedule = BlockSchedule::new(self.table.nrows(), self.block).unwrap();
        decode(strategy, schedule, &[self.table.ncols()], &mut model).unwrap().remove(0).remove(0)
    }

    fn cosine(&self, a: usize, b: usize) -> f64 {
        let (a, b) = (self.vectors.row(a), self.vectors.row(b));
        let lengths = (f64::from(a.dot(&a)) * f64::from(b.dot(&b))).sqrt();
        if lengths == 0. { 0. } else { f64::from(a.dot(&b)) / lengths }
    }

    fn nearest(&self, item: usize, placed: &[usize]) -> f64 {
        placed.iter().map(|&other| self.cosine(item, other)).reduce(f64::max).unwrap_or(0.)
    }

    /// Softmax over everything that was not placed when the block of the slot began.
    fn probability(&self, item: usize, placed: &[usize]) -> f64 {
        let slot = placed.len();
        let earlier = &placed[..slot / self.block * self.block];
        let weight = |item: usize| f64::from(self.table[[slot, item]]).exp();
        let all: f64 = (0..self.table.ncols()).filter(|item| !earlier.contains(item)).map(weight).sum();
        weight(item) / all
    }

    fn free(&self, placed: &[usize]) -> Vec<usize> {
        (0..self.table.ncols()).filter(|item| !placed.contains(item)).collect()
    }
}

proptest! {
    #[test]
    fn every_pick_maximises_the_formula(case in cases(), alpha in 0_f32..=1.) {
        let decoded = case.decode(&Strategy::Contrastive { alpha });
        let (slate, alpha) = (decoded.slate.as_slice(), f64::from(alpha));
        for (slot, &pick) in slate.iter().enumerate() {
            let placed = &slate[..slot];
            let value =
                |item| (1. - alpha) * case.probability(item, placed) - alpha * case.nearest(item, placed);
            for other in case.free(placed) {
                prop_assert!(value(pick) > value(other) - 1e-12, "{pick}: {}, {other}: {}", value(pick), value(other));
                let alike = (case.table[[slot, pick]], case.vectors.row(pick))
                    == (case.table[[slot, other]], case.vectors.row(other));
                prop_assert!(!alike || pick <= other, "{other} stands before {pick}, which is the same");
            }
        }
    }

    #[test]
    fn without_a_penalty_it_is_greedy(mut fake in fakes(9), schedule in schedules(11)) {
        let candidates = fake.candidates();
        let greedy = decode(&Strategy::Greedy, schedule, &candidates, &mut fake.clone()).unwrap();
        let contrastive = decode(&Strategy::Contrastive { alpha: 0. }, schedule, &candidates, &mut fake).unwrap();
        prop_assert_eq!(greedy, contrastive);
    }

    #[test]
    fn with_nothing_but_the_penalty_every_pick_is_the_farthest_and_the_first_of_equals(case in cases()) {
        let decoded = case.decode(&Strategy::Contrastive { alpha: 1. });
        let mut expected: Vec<usize> = Vec::new();
        for _ in 0..decoded.slate.len() {
            let distance = |item: usize| 1. - case.nearest(item, &expected);
            let farthest = |best: usize, item| if distance(item) > distance(best) { item } else { best };
            expected.push(case.free(&expected).into_iter().reduce(farthest).unwrap());
        }
        prop_assert_eq!(expected[0], 0);
        prop_assert_eq!(decoded.slate.as_slice(), expected);
    }
}

#[test]
fn what_the_model_rules_out_is_not_chosen_however_different_it_is() {
    let low = f32::NEG_INFINITY;
    let vectors = array![[1., 0.], [1., 0.], [-1., 0.]];
    let case = Case { table: array![[0., 0., low], [0., 0., low]], vectors, block: 2 };
    assert_eq!(case.decode(&Strategy::Contrastive { alpha: 1. }).slate.as_slice(), [0, 1]);
}

#[test]
fn two_blocks_count_what_the_first_has_placed() {
    let vectors = array![[1., 0.], [1., 0.], [0., 1.]];
    let case = Case { table: array![[9., 0., 0.], [0., 1., 0.]], vectors, block: 1 };
    assert_eq!(case.decode(&Strategy::Contrastive { alpha: 0.1 }).slate.as_slice(), [0, 1]);
    assert_eq!(case.decode(&Strategy::Contrastive { alpha: 0.6 }).slate.as_slice(), [0, 2]);
}
