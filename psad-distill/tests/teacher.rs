//! The generator's loss says what its formulas say.

mod common;

use burn::tensor::{Device, Tensor};
use common::reference::List;
use common::{World, cases, close, slope_fits, tensor, values, worlds};
use proptest::prelude::*;
use psad_nn::{GeneratorLoss, generator_loss};

/// Both parts, per list.
fn losses(world: &World) -> [Vec<f32>; 2] {
    let device = Device::flex();
    let GeneratorLoss { cross_entropy, hinge, .. } = generator_loss(world.logits(&device), &world.targets(&device));
    [values(cross_entropy), values(hinge)]
}

/// The gradient of one part with respect to the logits, `[list][slot][candidate]` with padding.
fn gradient(world: &World, part: fn(GeneratorLoss) -> Tensor<1>) -> Vec<f32> {
    let device = Device::flex().autodiff();
    let logits = world.logits(&device).require_grad();
    let loss = part(generator_loss(logits.clone(), &world.targets(&device)));
    values(logits.grad(&loss.sum().backward()).unwrap())
}

proptest! {
    #![proptest_config(cases(192))]

    #[test]
    fn both_parts_are_those_of_the_formulas(world in worlds()) {
        let [cross_entropy, hinge] = losses(&world);
        let slots = world.schedule().slots();
        for (index, list) in world.lists.iter().enumerate() {
            let expected = [list.cross_entropy(slots, world.block), list.hinge(slots, world.block)];
            prop_assert!(close(cross_entropy[index], expected[0]), "{} {}", cross_entropy[index], expected[0]);
            prop_assert!(close(hinge[index], expected[1]), "{} {}", hinge[index], expected[1]);
        }
    }

    #[test]
    fn padding_and_batch_mates_change_neither_part(world in worlds()) {
        let [cross_entropy, hinge] = losses(&world);
        for index in 0..world.lists.len() {
            let alone = losses(&world.alone(index));
            prop_assert!(close(alone[0][0], f64::from(cross_entropy[index])));
            prop_assert!(close(alone[1][0], f64::from(hinge[index])));
        }
    }

    #[test]
    fn the_hinge_is_zero_where_every_relevant_candidate_wins_by_one_and_nowhere_else(world in worlds()) {
        let [_, hinge] = losses(&world);
        for (list, hinge) in world.lists.iter().zip(hinge) {
            let content = |slot| {
                let (relevant, irrelevant) = list.sides(world.block, slot);
                relevant.iter().all(|winner| irrelevant.iter().all(|loser| winner - loser >= 1.))
            };
            let slots = world.schedule().slots().min(list.len());
            prop_assert_eq!(hinge == 0., !list.contrast() || (0..slots).all(content), "{}", hinge);
        }
    }

    #[test]
    fn a_list_without_contrast_teaches_nothing(mut world in worlds(), label in 0_u8..3) {
        for list in &mut world.lists {
            list.labels.fill(f32::from(label));
        }
        prop_assert!(losses(&world).concat().iter().all(|&loss| loss == 0.));
        for part in [|loss: GeneratorLoss| loss.cross_entropy, |loss: GeneratorLoss| loss.hinge] {
            prop_assert!(gradient(&world, part).iter().all(|&slope| slope == 0.));
        }
    }

    #[test]
    fn gradients_are_the_slopes_on_both_sides(world in worlds()) {
        let [slots, columns] = [world.schedule().slots(), world.columns()];
        let cross_entropy = gradient(&world, |loss| loss.cross_entropy);
        let hinge = gradient(&world, |loss| loss.hinge);
        for (index, list) in world.lists.iter().enumerate() {
            for (slot, item) in (0..slots).flat_map(|slot| (0..columns).map(move |item| (slot, item))) {
                let place = (index * slots + slot) * columns + item;
                let open = slot < list.len() && list.available(world.block, slot).contains(&item);
                if !open {
                    prop_assert_eq!([cross_entropy[place], hinge[place]], [0., 0.]);
                    continue;
                }
                let moved = |step: f64| {
                    let mut list = list.clone();
                    list.logits[slot][item] += step;
                    list
                };
                let loss_at = |step| moved(step).cross_entropy(slots, world.block);
                prop_assert!(slope_fits(cross_entropy[place], loss_at));
                prop_assert!(slope_fits(hinge[place], |step| moved(step).hinge(slots, world.block)));
            }
        }
    }
}

/// One slot, a relevant and an irrelevant candidate.
fn pair(relevant: f64, irrelevant: f64) -> World {
    let list = List { labels: vec![1., 0.], scores: vec![0.; 2], logits: vec![vec![relevant, irrelevant]] };
    World { lists: vec![list], spare: 0, slots: 1, block: 1, ruled_out: -1e9 }
}

#[test]
fn a_margin_of_exactly_one_is_enough() {
    assert_eq!(losses(&pair(2.5, 1.5))[1], [0.]);
    assert!((losses(&pair(2.25, 1.5))[1][0] - 0.25).abs() < 1e-6);
}

#[test]
fn the_hinge_pulls_below_the_margin_and_rests_above_it() {
    assert_eq!(gradient(&pair(2.4, 1.5), |loss| loss.hinge), [-1., 1.]);
    assert_eq!(gradient(&pair(2.6, 1.5), |loss| loss.hinge), [0., 0.]);
}

#[test]
fn targets_know_what_each_slot_is_asked_for() {
    let device = Device::flex();
    let logits = vec![vec![0.; 3]; 3];
    let list = List { labels: vec![0., 1., 0.], scores: vec![0.; 3], logits };
    let targets = World { lists: vec![list], spare: 0, slots: 3, block: 1, ruled_out: -1e9 }.targets(&device);
    // Only the first slot has a relevant target; after it nothing relevant is left.
    assert_eq!(values(targets.weights), [0., 1., 0., 0., 0., 0., 0., 0., 0.]);
    assert_eq!(values(targets.hinge_weights), [1., 0., 0.]);
    let unavailable = tensor(vec![0., 0., 0., 0., 1., 0., 1., 1., 0.], [1, 3, 3], &device);
    assert_eq!(values(targets.unavailable.float()), values(unavailable));
}
