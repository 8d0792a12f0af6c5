//! The evaluator: a logit per item of a slate, the same in any company.

use burn::tensor::{Device, Int, Tensor, TensorData};
use proptest::prelude::*;
use psad_nar4rec::{AttentionEvaluator, SizeError, SlateEvaluatorConfig};
use psad_nn::{ListEvaluator, named_parameters};

use crate::common::{
    LONGEST, List, PROFILE, TOLERANCE, WIDTH, World, cases, close, learned, order, tensor, values, worlds,
};
use crate::gradients::{gradients_fit, key_biases};

fn fresh(world: &World, device: &Device) -> AttentionEvaluator {
    SlateEvaluatorConfig::new(WIDTH, PROFILE, world.rows).with_feed_forward(12).init(world.seed, device).unwrap()
}

fn evaluator(world: &World, device: &Device) -> AttentionEvaluator {
    learned(fresh(world, device), world.seed)
}

/// A slate of every list, `[batch, slots]`; beyond a list's end stands `beyond`.
fn slates(world: &World, seed: u64, beyond: usize, device: &Device) -> Tensor<2, Int> {
    let row = |list: &List| {
        let mut slate = order(seed, list.len());
        slate.resize(world.slots.max(list.len()), beyond.min(list.len() - 1));
        slate[..world.slots].iter().map(|&item| item as i32).collect::<Vec<_>>()
    };
    let flat = world.lists.iter().flat_map(row).collect();
    Tensor::from_data(TensorData::new::<i32, _>(flat, [world.lists.len(), world.slots]), device)
}

/// The logits of the filled slots, list by list.
fn logits(world: &World, seed: u64, beyond: usize) -> Vec<Vec<f32>> {
    let device = Device::flex();
    let found = evaluator(world, &device).item_logits(&world.encoded(&device), slates(world, seed, beyond, &device));
    let found = values(found);
    let rows = found.chunks(world.slots).zip(&world.lists);
    rows.map(|(row, list)| row[..world.slots.min(list.len())].to_vec()).collect()
}

fn worth(world: &World, seed: u64, beyond: usize) -> Vec<f32> {
    let device = Device::flex();
    values(evaluator(world, &device).value(&world.encoded(&device), slates(world, seed, beyond, &device)))
}

fn alike(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= TOLERANCE)
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn padding_batch_mates_and_what_stands_beyond_a_slate_change_nothing(
        world in worlds(), seed: u64, beyond in 0..LONGEST,
    ) {
        let (together, worths) = (logits(&world, seed, 0), worth(&world, seed, 0));
        prop_assert!(worth(&world, seed, beyond).iter().zip(&worths).all(|(a, b)| (a - b).abs() <= TOLERANCE));
        for (index, together) in together.iter().enumerate() {
            let alone = world.alone(index);
            let alone = World { slots: alone.slots.min(alone.lists[0].len()), ..alone };
            prop_assert!(alike(&logits(&alone, seed, 0)[0], together));
            prop_assert!(alike(&logits(&world, seed, beyond)[index], together));
            prop_assert!((worth(&alone, seed, 0)[0] - worths[index]).abs() <= TOLERANCE);
        }
    }

    #[test]
    fn the_value_is_the_expected_number_of_positive_feedbacks(world in worlds(), seed: u64) {
        for (logits, found) in logits(&world, seed, 0).into_iter().zip(worth(&world, seed, 0)) {
            let expected: f64 = logits.iter().map(|&logit| 1. / (1. + (-f64::from(logit)).exp())).sum();
            prop_assert!(close(found, expected), "{} {}", found, expected);
        }
    }

    #[test]
    fn other_names_for_the_candidates_change_no_value(world in worlds(), seed: u64, renaming: u64) {
        let orders: Vec<Vec<usize>> = world.lists.iter().map(|list| order(renaming, list.len())).collect();
        let lists = world.lists.iter().zip(&orders).map(|(list, order)| list.permuted(order)).collect();
        let renamed = World { lists, ..world.clone() };
        let device = Device::flex();
        let before: Vec<i32> = slates(&world, seed, 0, &device).try_into_vec_as().unwrap();
        let name = |(row, order): (&[i32], &Vec<usize>)| {
            row.iter().map(|&item| order.iter().position(|&old| old as i32 == item).unwrap() as i32).collect::<Vec<_>>()
        };
        let after = before.chunks(world.slots).zip(&orders).flat_map(name).collect();
        let after = Tensor::from_data(TensorData::new::<i32, _>(after, [world.lists.len(), world.slots]), &device);
        let found = values(evaluator(&renamed, &device).value(&renamed.encoded(&device), after));
        prop_assert!(alike(&found, &worth(&world, seed, 0)));
    }

    #[test]
    fn an_untrained_evaluator_likes_what_the_ranker_likes(world in worlds(), seed: u64) {
        let device = Device::flex();
        let logits = fresh(&world, &device).item_logits(&world.encoded(&device), slates(&world, seed, 0, &device));
        for (list, row) in world.lists.iter().zip(values(logits).chunks(world.slots)) {
            for (item, &logit) in order(seed, list.len()).into_iter().zip(row) {
                prop_assert_eq!(logit, list.ranker[item]);
            }
        }
    }

    #[test]
    fn what_stands_where_matters_once_something_is_learned(seed: u64) {
        let world = World { lists: vec![List::random(seed, 5)], spare: 0, slots: 5, rows: 5, seed };
        let device = Device::flex();
        let (evaluator, encoded) = (evaluator(&world, &device), world.encoded(&device));
        let of = |items: [i32; 5]| {
            let slate = Tensor::from_data(TensorData::new::<i32, _>(items.to_vec(), [1, 5]), &device);
            values(evaluator.value(&encoded, slate))[0]
        };
        prop_assert!((of([0, 1, 2, 3, 4]) - of([1, 0, 2, 3, 4])).abs() > 1e-6);
    }
}

#[test]
fn gradients_are_those_of_finite_differences() {
    for rows in [5, 2] {
        let lists = vec![List::random(11, 5), List::random(12, 3)];
        let world = World { lists, spare: 1, slots: 4, rows, seed: 3 };
        let terms = |evaluator: &AttentionEvaluator, device: &Device| {
            let encoded = world.encoded(device);
            let logits = evaluator.item_logits(&encoded, slates(&world, 5, 0, device)).reshape([8]);
            // The last slot of the second list is none.
            let weights = tensor(vec![0.7, -0.4, 0.9, -0.8, 0.3, 0.6, -0.5, 0.], [8], device);
            Tensor::cat(vec![logits * weights, evaluator.value(&encoded, slates(&world, 6, 0, device))], 0)
        };
        gradients_fit(|device| evaluator(&world, device), terms, key_biases);
    }
}

#[test]
fn a_size_that_fits_nothing_is_an_error_that_names_the_field() {
    let config = || SlateEvaluatorConfig::new(WIDTH, PROFILE, 9);
    for (field, config) in [
        ("width", SlateEvaluatorConfig::new(0, PROFILE, 9)),
        ("profile", SlateEvaluatorConfig::new(WIDTH, 0, 9)),
        ("max_candidates", SlateEvaluatorConfig::new(WIDTH, PROFILE, 0)),
        ("layers", config().with_layers(0)),
        ("heads", config().with_heads(0)),
        ("feed_forward", config().with_feed_forward(0)),
    ] {
        let error = config.init(1, &Device::flex()).unwrap_err();
        assert_eq!(error, SizeError::Zero { part: "slate evaluator", field });
        assert!(error.to_string().contains(&format!("`{field}`")), "{error}");
    }
    let error = config().with_heads(5).check().unwrap_err();
    assert_eq!(error, SizeError::Heads { part: "slate evaluator", heads: 5, width: WIDTH });
}

#[test]
fn the_same_seed_makes_the_same_evaluator_and_another_seed_another_one() {
    let parameters = |seed| {
        let evaluator = SlateEvaluatorConfig::new(WIDTH, PROFILE, 9).init(seed, &Device::flex()).unwrap();
        named_parameters(&evaluator).unwrap()
    };
    assert_eq!(parameters(7), parameters(7));
    let (a, b) = (parameters(7), parameters(8));
    let fixed = ["head.weight", "ranker"];
    let drawn = a.keys().filter(|name| !name.ends_with("bias") && !name.contains("norm"));
    let drawn: Vec<&String> = drawn.filter(|name| !fixed.contains(&name.as_str())).collect();
    assert!(drawn.len() >= 8 && drawn.iter().all(|&name| a[name] != b[name]), "{drawn:?}");
}
