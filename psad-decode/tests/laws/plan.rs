//! Planning against greedy search and against looking at every slate.

use std::{convert::Infallible, sync::Arc};

use ndarray::{Array2, Axis};
use proptest::{collection::vec, prelude::*, strategy::Strategy as Generate};
use psad_core::SlateBuilder;
use psad_decode::{BlockSchedule, Influence, ScoreBlock, Strategy, decode, decode_into, from_fn};

use crate::fake::every_slate;

/// One list: log-odds of a click, what candidates do to those below them, how likely slots are looked at.
#[derive(Debug, Clone)]
struct World {
    logits: Array2<f32>,
    pairs: Array2<f32>,
    reach: Vec<f32>,
    exposure: Vec<f32>,
}

impl World {
    fn slate(&self, strategy: &Strategy, block: usize, builder: Option<SlateBuilder>) -> Vec<usize> {
        let influence = Influence::new(self.pairs.clone(), self.reach.clone()).with_exposure(self.exposure.clone());
        let influence = Arc::new(influence);
        let mut model = from_fn(|hypotheses, slots| {
            let rows = self.logits.slice_axis(Axis(0), slots.into()).to_owned();
            Ok::<_, Infallible>(vec![ScoreBlock::new(rows).with_influence(influence.clone()); hypotheses.len()])
        });
        let schedule = BlockSchedule::new(self.logits.nrows(), block).unwrap();
        let found = match builder {
            Some(builder) => decode_into(strategy, schedule, vec![builder], &mut model),
            None => decode(strategy, schedule, &[self.logits.ncols()], &mut model),
        };
        found.unwrap().remove(0).remove(0).slate.as_slice().to_vec()
    }

    fn logit(&self, slate: &[usize], slot: usize) -> f32 {
        let above = (0..slot).map(|above| self.reach[slot - above - 1] * self.pairs[[slate[above], slate[slot]]]);
        self.logits[[slot, slate[slot]]] + above.sum::<f32>()
    }

    /// Expected clicks.
    fn worth(&self, slate: &[usize]) -> f64 {
        let sigmoid = |x: f32| 1. / (1. + f64::from(-x).exp());
        (0..slate.len()).map(|slot| sigmoid(self.exposure[slot]) * sigmoid(self.logit(slate, slot))).sum()
    }
}

fn worlds() -> impl Generate<Value = World> {
    (1_usize..=6, 1_usize..=5).prop_flat_map(|(candidates, slots)| {
        let slots = slots.min(candidates);
        let numbers = |count| vec(-2_f32..2., count);
        let parts = (numbers(slots * candidates), numbers(candidates * candidates), numbers(slots), numbers(slots));
        parts.prop_map(move |(logits, pairs, reach, exposure)| World {
            logits: Array2::from_shape_vec((slots, candidates), logits).unwrap(),
            pairs: Array2::from_shape_vec((candidates, candidates), pairs).unwrap(),
            reach,
            exposure,
        })
    })
}

proptest! {
    #[test]
    fn in_one_block_it_is_no_worse_than_greedy_and_no_better_than_the_best(world in worlds()) {
        let [slots, candidates] = [world.logits.nrows(), world.logits.ncols()];
        let [planned, greedy] = [Strategy::Plan, Strategy::Greedy].map(|strategy| world.slate(&strategy, slots, None));
        let best = every_slate(candidates, slots).iter().map(|slate| world.worth(slate)).fold(0., f64::max);
        prop_assert!(world.worth(&planned) >= world.worth(&greedy) - 1e-5);
        prop_assert!(world.worth(&planned) <= best + 1e-5);
    }

    #[test]
    fn no_swap_of_what_it_finds_in_one_block_gains(world in worlds()) {
        let [slots, candidates] = [world.logits.nrows(), world.logits.ncols()];
        let planned = world.slate(&Strategy::Plan, slots, None);
        let rest = (0..candidates).filter(|item| !planned.contains(item));
        let order: Vec<usize> = planned.iter().copied().chain(rest).collect();
        for (one, other) in (0..slots).flat_map(|one| (one + 1..candidates).map(move |other| (one, other))) {
            let mut swapped = order.clone();
            swapped.swap(one, other);
            prop_assert!(world.worth(&swapped[..slots]) <= world.worth(&planned) + 1e-5, "{one} {other}");
        }
    }

    #[test]
    fn it_plans_no_slot_beyond_the_schedule(world in worlds(), block in 1_usize..=5) {
        let [slots, candidates] = [world.logits.nrows(), world.logits.ncols()];
        let mut builder = SlateBuilder::new(candidates);
        builder.reset(candidates, slots);
        prop_assert_eq!(world.slate(&Strategy::Plan, block, None), world.slate(&Strategy::Plan, block, Some(builder)));
    }

    #[test]
    fn what_the_model_rules_out_is_not_placed(world in worlds(), out in 0_usize..6) {
        let [slots, candidates] = [world.logits.nrows(), world.logits.ncols()];
        prop_assume!(out < candidates && slots < candidates);
        let mut world = world;
        world.logits.column_mut(out).fill(f32::NEG_INFINITY);
        prop_assert!(!world.slate(&Strategy::Plan, slots, None).contains(&out));
    }
}

/// More slots than planning looks at: the rest is filled greedily, and nothing is lost.
#[test]
fn a_slate_longer_than_the_pool_is_full() {
    let shape = (60, 70);
    let world = World {
        logits: Array2::from_shape_fn(shape, |(slot, item)| ((slot * 31 + item * 17) % 23) as f32 / 8. - 1.),
        pairs: Array2::from_shape_fn((70, 70), |(above, below)| ((above * 13 + below * 7) % 11) as f32 / 8. - 0.6),
        reach: vec![0.5; 3],
        exposure: vec![0.; 60],
    };
    assert_eq!(world.slate(&Strategy::Plan, 60, None).len(), 60);
}
