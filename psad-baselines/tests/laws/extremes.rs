//! Finite features, however large, give finite answers and finite gradients.

use burn::tensor::Device;
use proptest::{collection::vec, prelude::*};

use crate::common::{Fields, List, RICH, Subject, as_if_trained, batch, cases, floats, list, of_every_baseline, read};

/// The list with dense features of size `size`, ages without end, and equal scores.
fn extreme(list: &List, size: f32) -> List {
    let mut list = list.clone();
    list.user.1[0] = size;
    for (index, item) in list.candidates.iter_mut().enumerate() {
        item.0.1[0] = if index % 2 == 0 { size } else { -size };
        item.1 = 0.25;
    }
    list.history.iter_mut().for_each(|item| (item.0.1[0], item.2) = (-size, f32::MAX));
    list
}

fn stays_finite<M: Subject>(name: &str, make: fn(Fields, &Device) -> M, lists: &[List], size: f32) {
    let device = Device::flex().autodiff();
    let lists: Vec<List> = lists.iter().map(|list| extreme(list, size)).collect();
    for model in [make(RICH, &device), as_if_trained(make(RICH, &device))] {
        let batch = batch(&lists, RICH, &device);
        assert!(read(&model, &batch).iter().flatten().all(|answer| answer.is_finite()), "{name}: {size}");
        let gradients = model.losses(&batch).total().unwrap().sum().backward();
        let rows = batch.rows.grad(&gradients).map(floats).unwrap_or_default();
        assert!(rows.iter().all(|slope| slope.is_finite()), "{name}: {size}");
    }
}

proptest! {
    #![proptest_config(cases(8))]

    #[test]
    fn large_features_and_equal_scores_give_numbers(
        lists in vec(list(), 1..=3),
        size in prop_oneof![Just(0_f32), Just(1e4), Just(-1e4), Just(1e12), 1e-30_f32..1e6],
    ) {
        of_every_baseline!(stays_finite, &lists, size);
    }
}
