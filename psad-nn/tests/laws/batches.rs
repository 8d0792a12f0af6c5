//! Batches against what plain Rust makes of the same lists.

use burn::tensor::{Device, Int, Tensor};
use proptest::prelude::*;
use psad_core::{LabeledList, Request};
use psad_nn::{Batcher, ItemBatch, ListBatch};

use crate::common::{EMBEDDING, World, worlds};

fn batch(world: &World) -> ListBatch {
    let lists: Vec<&LabeledList> = world.lists.iter().collect();
    Batcher::new(&world.schema).lists(&lists, &world.tables, &Device::flex()).unwrap()
}

fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.try_into_vec_as().unwrap()
}

fn ints<const D: usize>(tensor: Tensor<D, Int>) -> Vec<usize> {
    let values: Vec<i32> = tensor.try_into_vec_as().unwrap();
    values.into_iter().map(|value| usize::try_from(value).unwrap()).collect()
}

fn pads(items: &ItemBatch) -> Vec<bool> {
    items.pad.clone().try_into_vec_as().unwrap()
}

/// The longest length, but at least one column.
fn columns(lens: &[usize]) -> usize {
    lens.iter().copied().max().unwrap_or(0).max(1)
}

/// Every place of a padded batch as (list, item, place); `item` may lie in the padding.
fn places(lens: &[usize]) -> impl Iterator<Item = (usize, usize, usize)> {
    let (lists, columns) = (lens.len(), columns(lens));
    (0..lists).flat_map(move |list| (0..columns).map(move |item| (list, item, list * columns + item)))
}

fn standardised(scores: &[f32]) -> Vec<f32> {
    let mean = scores.iter().map(|&score| f64::from(score)).sum::<f64>() / scores.len() as f64;
    let variance = scores.iter().map(|&score| (f64::from(score) - mean).powi(2)).sum::<f64>() / scores.len() as f64;
    let equal = scores.iter().all(|score| score == &scores[0]);
    scores.iter().map(|&score| if equal { 0. } else { ((f64::from(score) - mean) / variance.sqrt()) as f32 }).collect()
}

/// The scores differ by more than rounding, or not at all; between the two the batcher decides.
fn spread_is_clear(scores: &[f32]) -> bool {
    let (low, high) = scores.iter().fold((f32::MAX, f32::MIN), |(low, high), &score| (low.min(score), high.max(score)));
    low == high || high - low > 1e-3
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn masks_lengths_and_positions_follow_the_lists(world in worlds()) {
        let batch = batch(&world);
        let lens: Vec<usize> = world.lists.iter().map(LabeledList::len).collect();
        let past: Vec<usize> = world.requests().iter().map(|request| request.history().len()).collect();
        prop_assert_eq!((batch.len(), batch.is_empty()), (lens.len(), false));
        for (items, lens) in [(&batch.candidates, &lens), (&batch.history.items, &past)] {
            prop_assert_eq!(&items.lens, lens);
            prop_assert_eq!(items.pad.dims(), [lens.len(), columns(lens)]);
            let pad: Vec<bool> = places(lens).map(|(list, item, _)| item >= lens[list]).collect();
            prop_assert_eq!(pads(items), pad);
        }
        prop_assert_eq!(batch.positions.dims(), [lens.len(), columns(&lens)]);
        prop_assert_eq!(ints(batch.positions), places(&lens).map(|(_, item, _)| item).collect::<Vec<_>>());
    }

    #[test]
    fn every_index_leads_to_the_row_of_its_id(world in worlds()) {
        let batch = batch(&world);
        let distinct: std::collections::HashSet<_> = batch.touched.iter().collect();
        prop_assert_eq!(distinct.len(), batch.touched.len());
        prop_assert_eq!(batch.rows.dims(), [batch.touched.len().max(1), EMBEDDING]);
        let leaf = floats(batch.rows.clone());
        for (touched, row) in batch.touched.iter().zip(leaf.chunks(EMBEDDING)) {
            prop_assert_eq!(world.tables.as_slice()[touched.table].row(touched.row).to_vec(), row.to_vec());
        }

        let mut used = std::collections::HashSet::new();
        let mut check = |place: usize, table: usize, id: u32| {
            used.insert(place);
            let table_row = world.tables.as_slice()[table].resolve(id);
            let touched = batch.touched[place];
            assert_eq!((touched.table, touched.row), (table, table_row));
        };
        let fields = world.schema.item_sparse().len();
        let sides = [(&batch.candidates, true), (&batch.history.items, false)];
        for (items, offered) in sides {
            prop_assert_eq!(items.rows.is_some(), fields > 0);
            let index = items.rows.clone().map(ints).unwrap_or_default();
            for (list, item, place) in places(&items.lens).filter(|&(list, item, _)| item < items.lens[list]) {
                let request = world.lists[list].request();
                let plain = if offered { request.candidates().items() } else { request.history().items() };
                for field in 0..fields {
                    check(index[place * fields + field], field, plain.sparse()[[item, field]]);
                }
            }
        }
        let user_fields = world.schema.user_sparse().len();
        prop_assert_eq!(batch.user_rows.is_some(), user_fields > 0);
        let index = batch.user_rows.clone().map(ints).unwrap_or_default();
        for (list, request) in world.requests().iter().enumerate() {
            for field in 0..user_fields {
                check(index[list * user_fields + field], fields + field, request.user().sparse()[field]);
            }
        }
        prop_assert_eq!(used.len(), batch.touched.len(), "no row is gathered in vain");
    }

    #[test]
    fn dense_features_stand_beside_the_standardised_score(world in worlds()) {
        prop_assume!(world.requests().iter().all(|request| spread_is_clear(request.candidates().scores())));
        let batch = batch(&world);
        let features = world.schema.item_dense().len();
        let scores = floats(batch.candidates.dense.clone()).into_iter().skip(features).step_by(features + 1);
        prop_assert_eq!(batch.ranker_scores().dims(), batch.candidates.pad.dims());
        prop_assert_eq!(floats(batch.ranker_scores()), scores.collect::<Vec<_>>());
        for (items, offered) in [(&batch.candidates, true), (&batch.history.items, false)] {
            prop_assert_eq!(items.dense.dims(), [world.lists.len(), columns(&items.lens), features + 1]);
            let dense = floats(items.dense.clone());
            for (list, item, place) in places(&items.lens) {
                let found = &dense[place * (features + 1)..(place + 1) * (features + 1)];
                let request = world.lists[list].request();
                let plain = if offered { request.candidates().items() } else { request.history().items() };
                let mut expected = vec![0.; features + 1];
                if item < items.lens[list] {
                    expected[..features].copy_from_slice(&plain.dense().row(item).to_vec());
                    // The ranker says nothing of what is past.
                    expected[features] = if offered { standardised(request.candidates().scores())[item] } else { 0. };
                }
                prop_assert_eq!(&found[..features], &expected[..features]);
                prop_assert!((found[features] - expected[features]).abs() < 1e-5, "{found:?} {expected:?}");
            }
        }
    }

    #[test]
    fn distances_count_steps_or_logarithms_of_days(world in worlds()) {
        let batch = batch(&world);
        let distance = floats(batch.history.distance.clone());
        let (bucket, feedback) = (ints(batch.history.bucket.clone()), ints(batch.history.feedback.clone()));
        for (list, item, place) in places(&batch.history.items.lens) {
            let history = world.lists[list].request().history();
            let (expected, code) = match history.ages() {
                _ if item >= history.len() => (0., 0),
                Some(days) => ((1. + f64::from(days[item])).log2() as f32, history.feedback()[item]),
                None => ((history.len() - 1 - item) as f32, history.feedback()[item]),
            };
            prop_assert!((distance[place] - expected).abs() < 1e-5 * expected.max(1.));
            prop_assert_eq!(bucket[place], (distance[place] as usize).min(31));
            prop_assert_eq!(feedback[place], code as usize);
        }
    }

    #[test]
    fn targets_sort_by_label_and_leave_padding_to_the_end(world in worlds()) {
        let batch = batch(&world);
        let labels = batch.labels.clone().unwrap();
        let (values, targets) = (floats(labels.values), ints(labels.targets));
        let width = columns(&batch.candidates.lens);
        for (list, plain) in world.lists.iter().enumerate() {
            let mut expected = plain.labels().to_vec();
            expected.resize(width, 0.);
            prop_assert_eq!(&values[list * width..(list + 1) * width], &expected[..]);
            let mut order: Vec<usize> = (0..plain.len()).collect();
            order.sort_by(|&a, &b| plain.labels()[b].total_cmp(&plain.labels()[a]));
            order.extend(plain.len()..width);
            prop_assert_eq!(&targets[list * width..(list + 1) * width], &order[..]);
        }
        let contrast: Vec<f32> = world.lists.iter().map(|list| {
            let (some, all) = (list.labels().iter().any(|&label| label > 0.), list.labels().iter().all(|&label| label > 0.));
            f32::from(u8::from(some && !all))
        }).collect();
        prop_assert_eq!(floats(labels.contrast), contrast);
    }

    #[test]
    fn features_join_embeddings_and_dense_values(world in worlds()) {
        let batch = batch(&world);
        let (sparse, dense) = (world.schema.item_sparse().len(), world.schema.item_dense().len());
        let features = batch.candidates.features(&batch.rows);
        let width = sparse * EMBEDDING + dense + 1;
        prop_assert_eq!(features.dims(), [world.lists.len(), columns(&batch.candidates.lens), width]);
        let features = floats(features);
        let own_dense = floats(batch.candidates.dense.clone());
        for (list, item, place) in places(&batch.candidates.lens).filter(|&(list, item, _)| item < world.lists[list].len()) {
            let ids = world.lists[list].request().candidates().items().sparse().row(item);
            let mut expected: Vec<f32> = expected_rows(&world, 0, ids.iter());
            expected.extend(&own_dense[place * (dense + 1)..(place + 1) * (dense + 1)]);
            prop_assert_eq!(&features[place * width..(place + 1) * width], &expected[..]);
        }

        let users = batch.user_features().map(floats);
        let known = !world.schema.user_sparse().is_empty() || !world.schema.user_dense().is_empty();
        prop_assert_eq!(users.is_some(), known);
        let expected: Vec<f32> = world.requests().iter().flat_map(|request: &&Request| {
            let mut row = expected_rows(&world, sparse, request.user().sparse().iter());
            row.extend(request.user().dense());
            row
        }).collect();
        prop_assert_eq!(users.unwrap_or_default(), expected);
    }
}

/// The rows of `ids`, one per field, one behind the other; the first field reads table `first`.
fn expected_rows<'a>(world: &World, first: usize, ids: impl Iterator<Item = &'a u32>) -> Vec<f32> {
    ids.enumerate().flat_map(|(field, &id)| world.tables.as_slice()[first + field].row(id).to_vec()).collect()
}
