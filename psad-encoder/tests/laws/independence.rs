//! Padding and batch mates change nothing; what should change something does.

use burn::tensor::{Device, Int, Tensor, TensorData};
use proptest::{collection::vec, prelude::*};
use psad_nn::{Encoded, ItemBatch, ListBatch, ListEncoder};

use crate::common::{Fields, List, RICH, ROUNDING, WIDTH, batch, fields, list, read, trained};

fn encode(lists: &[List], fields: Fields) -> Encoded {
    let device = Device::flex();
    trained(fields, &device).encode(&batch(lists, fields, &device))
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_list_alone_is_encoded_as_in_any_batch(lists in vec(list(), 1..=4), fields in fields()) {
        let together = encode(&lists, fields);
        prop_assert_eq!(&together.lens, &lists.iter().map(|list| list.candidates.len()).collect::<Vec<_>>());
        for (index, list) in lists.iter().enumerate() {
            let gap = read(&encode(std::slice::from_ref(list), fields), 0).gap(&read(&together, index));
            prop_assert!(gap < ROUNDING, "list {index}: {gap}");
        }
    }

    #[test]
    fn what_stands_at_padding_changes_no_encoding(lists in vec(list(), 2..=4), fields in fields(), value in -1e3_f32..1e3) {
        let device = Device::flex();
        let (encoder, mut batch) = (trained(fields, &device), batch(&lists, fields, &device));
        let clean = encoder.encode(&batch);
        spoil(&mut batch, value);
        let spoiled = encoder.encode(&batch);
        for list in 0..lists.len() {
            let gap = read(&clean, list).gap(&read(&spoiled, list));
            prop_assert!(gap < ROUNDING, "list {list}: {gap}");
        }
    }

    #[test]
    fn a_user_without_a_history_has_no_intent_beside_whomever(list in list(), mate in list(), fields in fields()) {
        let newcomer = List { history: Vec::new(), ..list };
        let alone = read(&encode(std::slice::from_ref(&newcomer), fields), 0);
        let beside = read(&encode(&[newcomer, mate], fields), 0);
        for read in [&alone, &beside] {
            prop_assert!(read.is_finite());
            prop_assert!(read.profile[read.profile.len() - WIDTH..].iter().all(|&intent| intent == 0.));
        }
        prop_assert!(alone.gap(&beside) < ROUNDING);
    }

    #[test]
    fn a_candidate_is_seen_by_the_others_but_changes_nothing_of_what_they_are(mut list in list(), shift in 0.5_f32..1.) {
        prop_assume!(list.candidates.len() > 1);
        let before = read(&encode(std::slice::from_ref(&list), RICH), 0);
        list.candidates[0].0.1[0] += shift;
        let after = read(&encode(std::slice::from_ref(&list), RICH), 0);
        let gap = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0., f32::max);
        for other in 1..list.candidates.len() {
            prop_assert!(gap(&before.inputs[other], &after.inputs[other]) < ROUNDING);
            prop_assert!(gap(&before.items[other], &after.items[other]) > ROUNDING);
        }
        prop_assert!(gap(&before.inputs[0], &after.inputs[0]) > ROUNDING);
        prop_assert_eq!(before.profile, after.profile);
    }

    #[test]
    fn what_an_item_is_by_itself_hangs_on_neither_user_nor_list(list in list(), other in list(), fields in fields()) {
        // The scores stay, as they are standardised within the list.
        let mut candidates = list.candidates.clone();
        let strangers = other.candidates.iter().cycle();
        candidates.iter_mut().skip(1).zip(strangers).for_each(|(own, stranger)| own.0 = stranger.0);
        let elsewhere = List { candidates, ..other };
        let [raw, there] = [list, elsewhere].map(|list| read(&encode(&[list], fields), 0).raw.swap_remove(0));
        prop_assert!(raw.iter().zip(there).all(|(a, b)| (a - b).abs() < ROUNDING));
    }

    #[test]
    fn every_past_item_and_its_feedback_matter(list in list(), place in 0_usize..6) {
        prop_assume!(!list.history.is_empty());
        let place = place % list.history.len();
        let before = read(&encode(std::slice::from_ref(&list), RICH), 0);
        let (mut other_item, mut other_feedback) = (list.clone(), list);
        other_item.history[place].0.1[0] += 1.;
        other_feedback.history[place].1 = 1 - other_feedback.history[place].1;
        for changed in [other_item, other_feedback] {
            prop_assert!(read(&encode(&[changed], RICH), 0).gap(&before) > ROUNDING);
        }
    }
}
