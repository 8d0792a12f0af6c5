//! Padding and batch mates change nothing.

use burn::tensor::{Device, Int, Tensor, TensorData};
use proptest::{collection::vec, prelude::*};
use psad_nn::{ItemBatch, ListBatch};

use crate::common::{
    Fields, List, ROUNDING, Subject, as_if_trained, batch, cases, fields, floats, gap, list, of_every_baseline, read,
};

fn alone_as_in_a_batch<M: Subject>(name: &str, make: fn(Fields, &Device) -> M, lists: &[List], fields: Fields) {
    let device = Device::flex();
    let model = as_if_trained(make(fields, &device));
    let together = read(&model, &batch(lists, fields, &device));
    for (list, together) in lists.iter().zip(together) {
        assert!(together.iter().all(|value| value.is_finite()), "{name}");
        let alone = read(&model, &batch(std::slice::from_ref(list), fields, &device)).remove(0);
        // A writer has as many rows as the batch has columns; those that the list can fill come first in both.
        assert!(gap(&alone, &together) < ROUNDING, "{name}: {}", gap(&alone, &together));
    }
}

fn the_same_losses_alone<M: Subject>(name: &str, make: fn(Fields, &Device) -> M, lists: &[List], fields: Fields) {
    let device = Device::flex();
    let model = as_if_trained(make(fields, &device));
    let loss = |lists: &[List]| floats(model.losses(&batch(lists, fields, &device)).total().unwrap());
    let together = loss(lists);
    let alone: Vec<f32> = lists.iter().flat_map(|list| loss(std::slice::from_ref(list))).collect();
    assert!(together.iter().all(|value| value.is_finite()), "{name}: {together:?}");
    // A loss adds up to seven slots of logits off by some 1e-6.
    assert!(gap(&alone, &together) < 5. * ROUNDING, "{name}: {alone:?} {together:?}");
}

/// Values where `pad` is true, nothing elsewhere.
fn only_padding(items: &ItemBatch, value: f32) -> Tensor<2> {
    items.pad.clone().float() * value
}

/// Everything that stands at padding, replaced.
fn spoil(batch: &mut ListBatch, value: f32) {
    let history = &mut batch.history;
    history.distance = history.distance.clone() + only_padding(&history.items, value.abs());
    history.bucket = history.bucket.clone() + history.items.pad.clone().int() * 3;
    history.feedback = history.feedback.clone() + history.items.pad.clone().int();
    let last = batch.rows.dims()[0] as i32 - 1;
    for items in [&mut history.items, &mut batch.candidates] {
        let [lists, length, features] = items.dense.dims();
        let dense = only_padding(items, value).reshape([lists, length, 1]).expand([lists, length, features]);
        items.dense = items.dense.clone() + dense;
        let pad: Vec<bool> = items.pad.clone().try_into_vec_as().unwrap();
        items.rows = items.rows.clone().map(|rows| {
            let mut index: Vec<i32> = rows.clone().try_into_vec_as().unwrap();
            let per_item = index.len() / pad.len();
            index.iter_mut().enumerate().filter(|(place, _)| pad[place / per_item]).for_each(|(_, row)| *row = last);
            Tensor::<1, Int>::from_data(TensorData::new::<i32, _>(index, rows.dims()), &rows.device())
        });
    }
}

fn deaf_to_padding<M: Subject>(name: &str, make: fn(Fields, &Device) -> M, lists: &[List], fields: Fields, value: f32) {
    let device = Device::flex();
    let (model, mut batch) = (as_if_trained(make(fields, &device)), batch(lists, fields, &device));
    let clean = read(&model, &batch);
    spoil(&mut batch, value);
    for (clean, spoiled) in clean.iter().zip(read(&model, &batch)) {
        assert!(gap(clean, &spoiled) < ROUNDING, "{name}: {}", gap(clean, &spoiled));
    }
}

proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn a_list_alone_is_answered_as_in_any_batch(lists in vec(list(), 1..=4), fields in fields()) {
        of_every_baseline!(alone_as_in_a_batch, &lists, fields);
    }

    #[test]
    fn the_loss_of_a_list_is_the_same_in_any_batch(lists in vec(list(), 1..=4), fields in fields()) {
        of_every_baseline!(the_same_losses_alone, &lists, fields);
    }

    #[test]
    fn what_stands_at_padding_changes_no_answer(
        lists in vec(list(), 2..=4), fields in fields(), value in -1e3_f32..1e3,
    ) {
        of_every_baseline!(deaf_to_padding, &lists, fields, value);
    }
}
