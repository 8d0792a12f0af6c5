//! Finite features, however large, give finite encodings and finite gradients.

use burn::tensor::{Device, Tensor};
use proptest::{collection::vec, prelude::*};
use psad_nn::ListEncoder;

use crate::common::{List, RICH, batch, config, floats, list, read, schema, trained};

/// The list with dense features of size `size` and equal scores.
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn large_features_and_equal_scores_give_numbers(
        lists in vec(list(), 1..=3), size in prop_oneof![Just(0_f32), Just(1e4), Just(-1e4), 1e-30_f32..1e6], fresh: bool,
    ) {
        let device = Device::flex().autodiff();
        let encoder =
            if fresh { config().init(&schema(RICH), 9, &device).unwrap() } else { trained(RICH, &device) };
        let lists: Vec<List> = lists.iter().map(|list| extreme(list, size)).collect();
        let batch = batch(&lists, RICH, &device);
        let encoded = encoder.encode(&batch);
        for list in 0..lists.len() {
            prop_assert!(read(&encoded, list).is_finite());
        }
        let pad = encoded.pad.clone().unsqueeze_dim::<3>(2).expand(encoded.items.dims());
        let items: Tensor<1> = encoded.items.mask_fill(pad.clone(), 0.).powi_scalar(2).sum();
        let rows = [encoded.inputs, encoded.raw].map(|rows| rows.mask_fill(pad.clone(), 0.).sum());
        let gradients = (rows.into_iter().fold(items, |sum, rows| sum + rows) + encoded.profile.sum()).backward();
        prop_assert!(floats(batch.rows.grad(&gradients).unwrap()).iter().all(|slope| slope.is_finite()));
    }
}
