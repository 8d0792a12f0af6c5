//! Candidates have no order but the positions that they bring along.

use burn::tensor::{Device, Int, Tensor};
use proptest::{collection::vec, prelude::*};
use psad_nn::{Encoded, ListBatch, ListEncoder};

use crate::common::{Fields, List, ROUNDING, Read, as_if_trained, batch, config, fields, list, read, schema, trained};

/// The candidates by their keys: any order.
fn order(list: &List, keys: &[u8]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..list.candidates.len()).collect();
    order.sort_by_key(|&item| keys[item]);
    order
}

/// The same lists, each in its order, whose candidates keep the ranker's positions.
fn permuted(lists: &[List], orders: &[Vec<usize>], fields: Fields) -> ListBatch {
    let lists: Vec<List> = lists
        .iter()
        .zip(orders)
        .map(|(list, order)| List {
            candidates: order.iter().map(|&item| list.candidates[item]).collect(),
            ..list.clone()
        })
        .collect();
    let mut batch = batch(&lists, fields, &Device::flex());
    let [count, longest] = batch.positions.dims();
    let rest = orders.iter().map(|order| order.len()..longest);
    let positions: Vec<i32> = orders
        .iter()
        .zip(rest)
        .flat_map(|(order, rest)| order.iter().copied().chain(rest))
        .map(|item| item as i32)
        .collect();
    batch.positions = Tensor::<1, Int>::from_data(positions.as_slice(), &Device::flex()).reshape([count, longest]);
    batch
}

/// What is read of a list, in another order.
fn reordered(read: &Read, order: &[usize]) -> Read {
    let pick = |rows: &[Vec<f32>]| order.iter().map(|&item| rows[item].clone()).collect();
    Read { items: pick(&read.items), inputs: pick(&read.inputs), raw: pick(&read.raw), profile: read.profile.clone() }
}

fn largest_gap(plain: &Encoded, moved: &Encoded, orders: &[Vec<usize>]) -> f32 {
    let gap = |(list, order): (usize, &Vec<usize>)| reordered(&read(plain, list), order).gap(&read(moved, list));
    orders.iter().enumerate().map(gap).fold(0., f32::max)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn permuting_candidates_with_their_positions_permutes_their_encodings(
        lists in vec(list(), 1..=3), keys in vec(vec(any::<u8>(), 7), 3), fields in fields(),
    ) {
        let encoder = trained(fields, &Device::flex());
        let orders: Vec<Vec<usize>> = lists.iter().zip(&keys).map(|(list, keys)| order(list, keys)).collect();
        let plain = encoder.encode(&batch(&lists, fields, &Device::flex()));
        let moved = encoder.encode(&permuted(&lists, &orders, fields));
        let gap = largest_gap(&plain, &moved, &orders);
        prop_assert!(gap < ROUNDING, "{gap}");
    }

    #[test]
    fn positions_count_exactly_where_they_are_encoded(list in list(), fields in fields()) {
        prop_assume!(list.candidates.len() > 1);
        let orders = [(0..list.candidates.len()).rev().collect::<Vec<_>>()];
        let lists = std::slice::from_ref(&list);
        for encoded in [true, false] {
            let config = config().with_candidate_positions(encoded);
            let encoder = as_if_trained(config.init(&schema(fields), 9, &Device::flex()).unwrap());
            let plain = batch(lists, fields, &Device::flex());
            // The candidates move and their positions stay.
            let mut moved = permuted(lists, &orders, fields);
            moved.positions = plain.positions.clone();
            let gap = largest_gap(&encoder.encode(&plain), &encoder.encode(&moved), &orders);
            prop_assert_eq!(gap > ROUNDING, encoded, "{}", gap);
        }
    }
}
