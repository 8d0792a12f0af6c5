//! The scorer's loss says what its formula says, however sure the scorer is.

mod common;

use burn::tensor::Device;
use common::reference::List;
use common::{World, cases, close, slope_fits, values, worlds};
use proptest::prelude::*;
use psad_nn::pointwise_loss;

fn losses(world: &World, max_label: f64) -> Vec<f32> {
    let device = Device::flex();
    values(pointwise_loss(world.scores(&device), world.labels(&device).values, world.pad(&device), max_label))
}

/// Loss and gradient with respect to the scores, `[list][candidate]` with padding.
fn gradient(world: &World, max_label: f64) -> Vec<f32> {
    let device = Device::flex().autodiff();
    let scores = world.scores(&device).require_grad();
    let loss = pointwise_loss(scores.clone(), world.labels(&device).values, world.pad(&device), max_label);
    values(scores.grad(&loss.sum().backward()).unwrap())
}

fn one(scores: Vec<f64>, labels: Vec<f32>) -> World {
    World { lists: vec![List { labels, scores, logits: Vec::new() }], spare: 1, slots: 1, block: 1, ruled_out: -1e9 }
}

/// From a coin toss to complete certainty.
fn scales() -> impl Strategy<Value = f64> {
    prop::sample::select(vec![0., 1e-3, 1., 30., 1e2, 1e4])
}

proptest! {
    #![proptest_config(cases(192))]

    #[test]
    fn the_loss_is_that_of_the_formula(mut world in worlds(), scale in scales(), max_label in 1_u8..5) {
        for list in &mut world.lists {
            list.scores.iter_mut().for_each(|score| *score = f64::from((*score * scale) as f32));
        }
        let max_label = f64::from(max_label);
        for (list, found) in world.lists.iter().zip(losses(&world, max_label)) {
            prop_assert!(close(found, list.student(max_label)), "{} {}", found, list.student(max_label));
        }
    }

    #[test]
    fn padding_and_batch_mates_change_nothing(world in worlds()) {
        for (index, together) in losses(&world, 1.).into_iter().enumerate() {
            prop_assert!(close(losses(&world.alone(index), 1.)[0], f64::from(together)));
        }
    }

    #[test]
    fn the_gradient_is_the_slope_and_none_at_padding(mut world in worlds(), scale in scales(), max_label in 1_u8..5) {
        for list in &mut world.lists {
            list.scores.iter_mut().for_each(|score| *score = f64::from((*score * scale) as f32));
        }
        let (columns, max_label) = (world.columns(), f64::from(max_label));
        for (list, slopes) in world.lists.iter().zip(gradient(&world, max_label).chunks(columns)) {
            for (item, &slope) in slopes[..list.len()].iter().enumerate() {
                let loss_at = |step: f64| {
                    let mut list = list.clone();
                    list.scores[item] += step;
                    list.student(max_label)
                };
                prop_assert!(slope_fits(slope, loss_at), "{} at {}", slope, list.scores[item]);
            }
            prop_assert!(slopes[list.len()..].iter().all(|&slope| slope == 0.));
        }
    }
}

#[test]
fn a_scorer_that_starts_at_zero_learns_from_both_sides() {
    // σ(0) − label, over two candidates.
    assert_eq!(gradient(&one(vec![0., 0.], vec![1., 0.]), 1.), [-0.25, 0.25, 0.]);
    assert!((losses(&one(vec![0., 0.], vec![1., 0.]), 1.)[0] - std::f32::consts::LN_2).abs() < 1e-6);
}

#[test]
fn certainty_costs_nothing_when_right_and_its_own_size_when_wrong() {
    assert_eq!(losses(&one(vec![1e4, -1e4], vec![1., 0.]), 1.), [0.]);
    assert_eq!(losses(&one(vec![-1e4, 1e4], vec![1., 0.]), 1.), [1e4]);
    assert_eq!(gradient(&one(vec![-1e4, 1e4], vec![1., 0.]), 1.), [-0.5, 0.5, 0.]);
}

#[test]
fn grades_are_soft_targets_and_no_grade_counts_for_more_than_the_greatest() {
    let at = |label: f32| losses(&one(vec![0.7], vec![label]), 4.)[0];
    let bce = |target: f64| -(target * sigmoid(0.7).ln() + (1. - target) * sigmoid(-0.7).ln());
    for (label, target) in [(0., 0.), (1., 0.25), (3., 0.75), (4., 1.), (9., 1.)] {
        assert!(close(at(label), bce(target)), "label {label}");
    }
}

fn sigmoid(x: f64) -> f64 {
    1. / (1. + (-x).exp())
}
