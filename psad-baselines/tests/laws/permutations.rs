//! What the order of the candidates means to whom.

use burn::tensor::{Device, Int, Tensor};
use proptest::{collection::vec, prelude::*, test_runner::TestCaseError};
use psad_nn::ListBatch;

use crate::common::{
    Fields, LONGEST, List, ROUNDING, Subject, as_if_trained, batch, cases, dlcm, fields, gap, induced, list, mir, mlp,
    prm, read, seq2slate, set_rank,
};

/// The candidates by their keys: any order.
fn order(list: &List, keys: &[u8]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..list.len()).collect();
    order.sort_by_key(|&item| keys[item]);
    order
}

/// The same lists, each in its order; the candidates take the ranker's positions with them if `with_positions`.
fn permuted(lists: &[List], orders: &[Vec<usize>], fields: Fields, with_positions: bool) -> ListBatch {
    let lists: Vec<List> = lists.iter().zip(orders).map(|(list, order)| list.permuted(order)).collect();
    let mut batch = batch(&lists, fields, &Device::flex());
    if with_positions {
        let [count, longest] = batch.positions.dims();
        let row = |order: &Vec<usize>| order.iter().copied().chain(order.len()..longest).collect::<Vec<_>>();
        let positions: Vec<i32> = orders.iter().flat_map(row).map(|item| item as i32).collect();
        batch.positions = Tensor::<1, Int>::from_data(positions.as_slice(), &Device::flex()).reshape([count, longest]);
    }
    batch
}

/// How far the scores of permuted lists are from the permuted scores.
fn largest_gap<M: Subject>(
    make: fn(Fields, &Device) -> M,
    lists: &[List],
    orders: &[Vec<usize>],
    fields: Fields,
    with_positions: bool,
) -> f32 {
    let model = as_if_trained(make(fields, &Device::flex()));
    let plain = read(&model, &batch(lists, fields, &Device::flex()));
    let moved = read(&model, &permuted(lists, orders, fields, with_positions));
    let gaps = orders.iter().zip(plain.iter().zip(&moved)).map(|(order, (plain, moved))| {
        let expected: Vec<f32> = order.iter().map(|&item| plain[item]).collect();
        gap(&expected, moved)
    });
    gaps.fold(0., f32::max)
}

fn follows<M: Subject>(
    make: fn(Fields, &Device) -> M,
    (lists, orders): (&[List], &[Vec<usize>]),
    fields: Fields,
    with_positions: bool,
) -> Result<(), TestCaseError> {
    let gap = largest_gap(make, lists, orders, fields, with_positions);
    prop_assert!(gap < ROUNDING, "{}", gap);
    Ok(())
}

proptest! {
    #![proptest_config(cases(16))]

    #[test]
    fn permuting_a_set_permutes_its_scores_wherever_the_ranker_put_them(
        lists in vec(list(), 1..=3), keys in vec(vec(any::<u8>(), LONGEST), 3), fields in fields(),
    ) {
        let orders: Vec<Vec<usize>> = lists.iter().zip(&keys).map(|(list, keys)| order(list, keys)).collect();
        let moved = (lists.as_slice(), orders.as_slice());
        follows(mlp, moved, fields, false)?;
        follows(set_rank, moved, fields, false)?;
        follows(induced, moved, fields, false)?;
        follows(mir, moved, fields, false)?;
    }

    #[test]
    fn permuting_candidates_with_their_positions_permutes_the_scores_of_prm(
        lists in vec(list(), 1..=3), keys in vec(vec(any::<u8>(), LONGEST), 3), fields in fields(),
    ) {
        let orders: Vec<Vec<usize>> = lists.iter().zip(&keys).map(|(list, keys)| order(list, keys)).collect();
        follows(prm, (&lists, &orders), fields, true)?;
    }

    #[test]
    fn who_reads_the_rankers_order_sees_another_one(list in list(), fields in fields()) {
        // Two items that are alike may change places unseen.
        prop_assume!(list.len() > 2);
        let (lists, orders) = (std::slice::from_ref(&list), [(0..list.len()).rev().collect::<Vec<_>>()]);
        prop_assert!(largest_gap(prm, lists, &orders, fields, false) > ROUNDING);
        prop_assert!(largest_gap(dlcm, lists, &orders, fields, true) > ROUNDING);
        // Seq2Slate answers a row per slot; the first is that of the untouched slate.
        let device = Device::flex();
        let writer = as_if_trained(seq2slate(fields, &device));
        let plain = read(&writer, &batch(lists, fields, &device)).remove(0);
        let moved = read(&writer, &permuted(lists, &orders, fields, true)).remove(0);
        let expected: Vec<f32> = orders[0].iter().map(|&item| plain[item]).collect();
        prop_assert!(gap(&expected, &moved[..list.len()]) > ROUNDING);
    }
}
