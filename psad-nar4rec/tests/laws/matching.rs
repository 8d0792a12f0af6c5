//! The matching matrix: a set goes in, a distribution per slot comes out, the same one in any company.

use burn::tensor::{Device, Int, Tensor};
use ndarray::{Array2, Array3, ArrayView2, Axis};
use proptest::prelude::*;
use psad_nar4rec::{MatchingConfig, SizeError};
use psad_nn::{Generator, named_parameters};

use crate::common::{
    LONGEST, List, PROFILE, TOLERANCE, WIDTH, World, array, cases, cosine, order, tensor, values, worlds,
};
use crate::gradients::{gradients_fit, key_biases};

/// The logits of all slots at once, `[batch, slots, candidates]`; the targets are those of `seed`.
fn taught(world: &World, seed: u64) -> Array3<f32> {
    let device = Device::flex();
    let columns = world.columns();
    let targets: Vec<i32> = world.lists.iter().flat_map(|_| order(seed, columns)).map(|item| item as i32).collect();
    let targets = Tensor::<1, Int>::from_data(targets.as_slice(), &device).reshape([world.lists.len(), columns]);
    array(world.generator(&device).teacher_forced(&world.encoded(&device), world.schedule(world.slots), targets))
}

fn probabilities(world: &World) -> Array3<f32> {
    let device = Device::flex();
    array(world.generator(&device).probabilities(&world.encoded(&device)))
}

/// The largest difference in the first `rows` and `columns`.
fn worst(a: &ArrayView2<'_, f32>, b: &ArrayView2<'_, f32>, rows: usize, columns: usize) -> f32 {
    let differences = Array2::from_shape_fn((rows, columns), |at| (a[at] - b[at]).abs());
    differences.iter().fold(0., |worst, &each| f32::max(worst, each))
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn permuted_candidates_permute_the_matrix(world in worlds(), seed: u64) {
        let permuted = world.lists.iter().map(|list| list.permuted(&order(seed, list.len()))).collect();
        let permuted = World { lists: permuted, ..world.clone() };
        let (before, after) = (probabilities(&world), probabilities(&permuted));
        for (list, (before, after)) in world.lists.iter().zip(before.outer_iter().zip(after.outer_iter())) {
            let positions = before.nrows().min(list.len());
            let order = order(seed, list.len());
            let before = Array2::from_shape_fn((positions, list.len()), |(slot, item)| before[[slot, order[item]]]);
            prop_assert!(worst(&before.view(), &after, positions, list.len()) <= TOLERANCE);
        }
    }

    #[test]
    fn every_slots_probabilities_sum_to_one_and_padding_has_none(world in worlds()) {
        let matrix = probabilities(&world);
        let longest = world.lists.iter().map(List::len).max().unwrap();
        prop_assert_eq!(matrix.dim(), (world.lists.len(), longest.min(world.rows), world.columns()));
        for (list, rows) in world.lists.iter().zip(matrix.outer_iter()) {
            for row in rows.outer_iter().take(list.len()) {
                prop_assert!((row.sum() - 1.).abs() < 1e-6);
                prop_assert!(row.iter().take(list.len()).all(|&chance| (0. ..=1.).contains(&chance)));
                prop_assert!(row.iter().skip(list.len()).all(|&padding| padding == 0.));
            }
        }
    }

    #[test]
    fn any_blocks_are_rows_of_the_one_pass(world in worlds(), block in 1..=LONGEST + 2, seed: u64) {
        let (device, schedule) = (Device::flex(), world.schedule(block));
        let (generator, encoded) = (world.generator(&device), world.encoded(&device));
        generator.start(&encoded);
        let blocks: Vec<Tensor<3>> = schedule.blocks().map(|slots| {
            let logits = generator.block_logits(&encoded, &(), slots.clone());
            assert_eq!(logits.dims(), [world.lists.len(), slots.len(), world.columns()]);
            let picks = Tensor::zeros([world.lists.len(), slots.len()], &device);
            generator.advance(&encoded, (), slots, picks);
            logits
        }).collect();
        let (blocks, taught) = (array(Tensor::cat(blocks, 1)), taught(&world, seed));
        for (list, (blocks, taught)) in world.lists.iter().zip(blocks.outer_iter().zip(taught.outer_iter())) {
            prop_assert!(worst(&blocks, &taught, world.slots.min(list.len()), list.len()) <= TOLERANCE);
            let padding = taught.axis_iter(Axis(1)).skip(list.len());
            prop_assert!(padding.flat_map(|column| column.to_vec()).all(|logit| logit == -1e9));
        }
    }

    #[test]
    fn targets_are_not_read(world in worlds(), seeds: [u64; 2]) {
        prop_assert_eq!(taught(&world, seeds[0]), taught(&world, seeds[1]));
    }

    #[test]
    fn padding_and_batch_mates_change_no_row(world in worlds()) {
        for (index, (list, together)) in world.lists.iter().zip(taught(&world, 0).outer_iter()).enumerate() {
            let alone = taught(&world.alone(index), 0);
            let slots = world.slots.min(list.len());
            prop_assert!(worst(&alone.index_axis(Axis(0), 0), &together, slots, list.len()) <= TOLERANCE);
        }
    }

    #[test]
    fn batch_mates_change_no_vector(world in worlds()) {
        let device = Device::flex();
        let together = world.generator(&device).matching(&world.encoded(&device));
        let (candidates, positions) = (array(together.candidates), array(together.positions));
        for (index, list) in world.lists.iter().enumerate() {
            let alone = world.alone(index);
            let alone = alone.generator(&device).matching(&alone.encoded(&device));
            for (alone, together) in [(alone.candidates, &candidates), (alone.positions, &positions)] {
                let alone = array(alone);
                let rows = alone.dim().1.min(list.len());
                let (alone, together) = (alone.index_axis(Axis(0), 0), together.index_axis(Axis(0), index));
                prop_assert!(worst(&alone, &together, rows, WIDTH) <= TOLERANCE);
            }
        }
    }

    #[test]
    fn slots_beyond_the_table_share_its_last_position(world in worlds()) {
        let world = World { rows: world.rows.min(3), slots: LONGEST + 2, ..world };
        for (list, logits) in world.lists.iter().zip(taught(&world, 0).outer_iter()) {
            for slot in world.rows..world.slots.min(list.len()) {
                prop_assert_eq!(logits.row(slot), logits.row(world.rows - 1));
            }
        }
    }

    #[test]
    fn an_untrained_generator_gives_every_slot_the_rankers_scores(world in worlds()) {
        let device = Device::flex();
        let (generator, encoded) = (world.fresh(&device), world.encoded(&device));
        let logits = array(generator.block_logits(&encoded, &(), 0..world.slots));
        for (list, logits) in world.lists.iter().zip(logits.outer_iter()) {
            for row in logits.outer_iter().take(list.len()) {
                prop_assert_eq!(row.to_vec()[..list.len()].to_vec(), list.ranker.clone());
            }
        }
    }

    #[test]
    fn an_untrained_generators_vectors_have_angles(world in worlds()) {
        let device = Device::flex();
        let matching = world.fresh(&device).matching(&world.encoded(&device));
        for (list, rows) in world.lists.iter().zip(array(matching.candidates).outer_iter()) {
            for (a, b) in (0..list.len()).flat_map(|a| (0..a).map(move |b| (a, b))) {
                let cosine = cosine(&rows.row(a).to_vec(), &rows.row(b).to_vec());
                prop_assert!(cosine.is_finite() && cosine < 1. - 1e-6, "{}", cosine);
            }
        }
    }

    #[test]
    fn contrastive_search_compares_the_candidates_side(world in worlds()) {
        let device = Device::flex();
        let (generator, encoded) = (world.generator(&device), world.encoded(&device));
        prop_assert_eq!(values(generator.vectors(&encoded)), values(generator.matching(&encoded).candidates));
    }
}

#[test]
fn gradients_are_those_of_finite_differences() {
    // A table with a row per candidate, and one with fewer.
    for rows in [5, 2] {
        let lists = vec![List::random(11, 5), List::random(12, 3)];
        let world = World { lists, spare: 1, slots: 4, rows, seed: 3 };
        let weights: Vec<f32> = (0..world.lists.len() * world.slots * world.columns())
            .map(|place| {
                let (row, item) = (place / world.columns(), place % world.columns());
                let (list, slot) = (row / world.slots, row % world.slots);
                let open = slot < world.lists[list].len() && item < world.lists[list].len();
                if open { ((place * 7 + 3) % 11) as f32 / 20. - 0.25 } else { 0. }
            })
            .collect();
        let terms = |generator: &psad_nar4rec::MatchingGenerator, device: &Device| {
            let logits = generator.block_logits(&world.encoded(device), &(), 0..world.slots);
            let (shape, count) = (logits.dims(), weights.len());
            (logits * tensor(weights.clone(), shape, device)).reshape([count])
        };
        gradients_fit(|device| world.generator(device), terms, key_biases);
    }
}

#[test]
fn a_size_that_fits_nothing_is_an_error_that_names_the_field() {
    let config = || MatchingConfig::new(WIDTH, PROFILE, 9);
    for (field, config) in [
        ("width", MatchingConfig::new(0, PROFILE, 9)),
        ("profile", MatchingConfig::new(WIDTH, 0, 9)),
        ("max_candidates", MatchingConfig::new(WIDTH, PROFILE, 0)),
        ("candidate_layers", config().with_candidate_layers(0)),
        ("position_layers", config().with_position_layers(0)),
        ("heads", config().with_heads(0)),
        ("feed_forward", config().with_feed_forward(0)),
    ] {
        let error = config.init(1, &Device::flex()).unwrap_err();
        assert_eq!(error, SizeError::Zero { part: "matching generator", field });
        assert!(error.to_string().contains(&format!("`{field}`")), "{error}");
    }
    let error = config().with_heads(3).check().unwrap_err();
    assert_eq!(error, SizeError::Heads { part: "matching generator", heads: 3, width: WIDTH });
    assert!(config().with_heads(4).check().is_ok());
}

#[test]
fn the_same_seed_makes_the_same_generator_and_another_seed_another_one() {
    let parameters = |seed| {
        let generator = MatchingConfig::new(WIDTH, PROFILE, 9).init(seed, &Device::flex()).unwrap();
        named_parameters(&generator).unwrap()
    };
    assert_eq!(parameters(7), parameters(7));
    let (a, b) = (parameters(7), parameters(8));
    // Biases start at zero, norms at one, and the matching at the ranker's scores, whatever the seed.
    let drawn = a.keys().filter(|name| !name.ends_with("bias") && !name.contains("norm"));
    let drawn: Vec<&String> = drawn.filter(|name| !["compare.weight", "ranker"].contains(&name.as_str())).collect();
    assert!(drawn.len() >= 10 && drawn.iter().all(|&name| a[name] != b[name]), "{drawn:?}");
    assert!(a["compare.weight"].iter().all(|&value| value == 0.) && a["ranker"].iter().all(|&value| value == 1.));
}
