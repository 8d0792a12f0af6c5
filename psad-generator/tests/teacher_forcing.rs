//! The parallel pass of training is the step-by-step pass of decoding, and each row sees what it may see.

mod common;

use burn::tensor::Device;
use common::{
    LOG_TOLERANCE, LONGEST, List, TOLERANCE, World, available, cases, columns_of, forgetful, log_probability, stepwise,
    worlds, worst,
};
use ndarray::Axis;
use proptest::prelude::*;
use psad_core::Slate;
use psad_decode::score_slates;

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn the_parallel_pass_is_the_step_by_step_pass(world in worlds()) {
        let device = Device::flex();
        let (generator, encoded) = (world.generator(&device), world.encoded(&device));
        let steps = stepwise(&generator, &encoded, world.teaching(), &world.targets(&device));
        let taught = world.taught();
        let [batch, slots, _] = steps.dim().into();
        prop_assert_eq!([batch, slots], [world.lists.len(), world.teaching().slots()]);
        for (list, (taught, steps)) in world.lists.iter().zip(taught.outer_iter().zip(steps.outer_iter())) {
            let open = |slot| available(list, world.teaching(), slot);
            prop_assert!(worst(&taught, &steps, 0..slots.min(list.len()), open) <= TOLERANCE);
        }
    }

    #[test]
    fn a_row_is_finite_where_it_may_choose_and_ruled_out_elsewhere(world in worlds()) {
        for (list, taught) in world.lists.iter().zip(world.taught().outer_iter()) {
            for slot in 0..taught.nrows().min(list.len()) {
                let open = available(list, world.teaching(), slot);
                for (item, &logit) in taught.row(slot).iter().enumerate() {
                    // Six terms of at most √(1/6) each: a logit that is not ruled out is nowhere near −10⁸.
                    prop_assert_eq!(open.contains(&item), logit.abs() < 10., "slot {}, item {}: {}", slot, item, logit);
                    prop_assert!(open.contains(&item) || logit < -1e8);
                }
            }
        }
    }

    #[test]
    fn a_target_changes_nothing_up_to_its_block_and_something_after_it(
        world in worlds(), pick in any::<prop::sample::Index>(), other in any::<prop::sample::Index>(),
    ) {
        let schedule = world.teaching();
        let len = world.lists[0].len();
        let (slot, other) = (pick.index(len), other.index(len));
        let (slot, other) = (slot.min(other), slot.max(other));
        let mut changed = world.clone();
        changed.lists[0].targets.swap(slot, other);
        let (before, after) = (world.taught(), changed.taught());
        let end = ((schedule.block_of(slot) + 1) * schedule.block_size()).min(schedule.slots());
        for row in 0..end {
            // Bit for bit, padding and batch mates included.
            prop_assert_eq!(before.index_axis(Axis(1), row), after.index_axis(Axis(1), row), "row {}", row);
        }
        let mates = |logits: &ndarray::Array3<f32>| logits.outer_iter().skip(1).map(|mate| mate.to_owned()).collect::<Vec<_>>();
        prop_assert_eq!(mates(&before), mates(&after));

        // The next block reads another item then, and says something else of the items that both leave open.
        if end < schedule.slots().min(len) && schedule.block_of(other) > schedule.block_of(slot) {
            let both = |slot| {
                let after = available(&changed.lists[0], schedule, slot);
                available(&world.lists[0], schedule, slot).into_iter().filter(|item| after.contains(item)).collect()
            };
            let open: Vec<usize> = both(end);
            let moved = worst(&before.index_axis(Axis(0), 0), &after.index_axis(Axis(0), 0), end..end + 1, both);
            prop_assert!(open.is_empty() || moved > TOLERANCE, "{}", moved);
        }
    }

    #[test]
    fn padding_and_batch_mates_change_no_row(world in worlds()) {
        for (index, (list, together)) in world.lists.iter().zip(world.taught().outer_iter()).enumerate() {
            let alone = world.alone(index);
            let matrix = alone.taught();
            let open = |slot| available(list, world.teaching(), slot);
            let slots = 0..alone.teaching().slots();
            prop_assert!(worst(&matrix.index_axis(Axis(0), 0), &together, slots, open) <= TOLERANCE);
        }
    }

    #[test]
    fn permuted_candidates_permute_the_columns(world in worlds(), seed: u64) {
        let order = |len: usize| {
            let keys: Vec<f32> = (0..len).map(|item| ((item as u64 + 1).wrapping_mul(seed | 1) >> 40) as f32).collect();
            Slate::top_by_score(&keys, len).unwrap().as_slice().to_vec()
        };
        let permuted = world.lists.iter().map(|list| list.permuted(&order(list.len()))).collect();
        let permuted = World { lists: permuted, ..world.clone() };
        let (before, after) = (world.taught(), permuted.taught());
        for (list, (before, after)) in permuted.lists.iter().zip(before.outer_iter().zip(after.outer_iter())) {
            let expected = columns_of(&before, &order(list.len()));
            let open = |slot| available(list, world.teaching(), slot);
            prop_assert!(worst(&expected.view(), &after, 0..after.nrows().min(list.len()), open) <= TOLERANCE);
        }
    }

    #[test]
    fn a_slate_is_as_probable_as_its_teacher_forced_rows_say(world in worlds()) {
        let device = Device::flex();
        let (generator, encoded, schedule) = (world.generator(&device), world.encoded(&device), world.teaching());
        let slate = |list: &List| {
            let slots = schedule.slots().min(list.len());
            Slate::new(list.targets[..slots].to_vec(), list.len()).unwrap()
        };
        let slates: Vec<Slate> = world.lists.iter().map(slate).collect();
        let found = score_slates(schedule, &slates, &mut forgetful(&generator, &encoded, schedule)).unwrap();
        for ((slate, found), logits) in slates.iter().zip(found).zip(world.taught().outer_iter()) {
            let expected = log_probability(&logits, slate.as_slice(), slate.candidates());
            prop_assert!((found - expected).abs() <= LOG_TOLERANCE, "{} {}", found, expected);
        }
    }

    #[test]
    fn one_slot_per_block_makes_the_rows_a_chain_of_conditionals(world in worlds()) {
        let world = World { block: 1, ..world };
        for (list, logits) in world.lists.iter().zip(world.taught().outer_iter()) {
            let slots = logits.nrows().min(list.len());
            let targets = &list.targets[..slots];
            // A plain softmax of each row: what is placed before has no weight left in it.
            let chain: f64 = targets.iter().enumerate().map(|(slot, &target)| {
                let sum: f64 = logits.row(slot).iter().map(|&logit| f64::from(logit).exp()).sum();
                f64::from(logits[[slot, target]]) - sum.ln()
            }).sum();
            prop_assert!((chain - log_probability(&logits, targets, list.len())).abs() < 1e-9);
        }
    }
}

#[test]
fn a_list_of_the_greatest_length_fits_the_position_tables() {
    let lists = vec![List::random(1, LONGEST + 2)];
    let world = World { lists, spare: 0, slots: LONGEST + 2, block: 1, made_for: 1, context: true, seed: 1 };
    assert_eq!(world.taught().dim(), (1, LONGEST + 2, LONGEST + 2));
}
