//! The history by itself: how age weighs upon the intent.

use burn::tensor::{Bool, Device, Tensor, TensorData};
use proptest::{collection::vec, prelude::*};
use psad_encoder::{EncodedHistory, HistoryEncoder};
use psad_nn::{HistoryPositions, TransformerLayerConfig, Weights};

use crate::common::{RICH, ROUNDING, WIDTH, floats, schema};

/// Encodes one history whose items fade as `log_decay` says, before some padding.
fn encode(log_decay: &[f32], padding: usize) -> EncodedHistory {
    let (device, length) = (Device::flex(), log_decay.len() + padding);
    let layer = TransformerLayerConfig::new(WIDTH).with_feed_forward(10);
    let encoder = HistoryEncoder::init(&layer, &schema(RICH), &mut Weights::seeded(1, &device));
    let values: Vec<f32> = (0..length * WIDTH).map(|index| (1.7 * index as f32).sin()).collect();
    let items = Tensor::from_data(TensorData::new::<f32, _>(values, [1, length, WIDTH]), &device);
    let log_decay = [log_decay, &vec![0.; padding]].concat();
    let positions = HistoryPositions {
        encoding: Tensor::zeros([1, length, WIDTH], &device),
        log_decay: Tensor::<1>::from_data(log_decay.as_slice(), &device).unsqueeze(),
    };
    let pad: Vec<bool> = (0..length).map(|item| item + padding >= length).collect();
    let pad = Tensor::<1, Bool>::from_bool(pad.as_slice(), &device).unsqueeze();
    encoder.forward(items, positions, Tensor::zeros([1, length], &device), pad)
}

fn near(a: &[f32], b: &[f32]) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < ROUNDING)
}

/// The row of one item of an encoded history.
fn row(history: &EncodedHistory, item: usize) -> Vec<f32> {
    floats(history.items.clone().narrow(1, item, 1))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn however_fast_a_user_forgets_the_past_is_not_padding(pace in 1_f32..1e30, past in 1_usize..4, padding in 1_usize..4) {
        let intent = |padding| floats(encode(&vec![-pace; past], padding).intent);
        prop_assert!(near(&intent(0), &intent(padding)));
    }

    #[test]
    fn what_has_faded_is_no_part_of_the_intent(past in 1_usize..6, newest in 0_usize..6, padding in 0_usize..3) {
        let newest = newest % past;
        let faded: Vec<f32> = (0..past).map(|item| if item == newest { 0. } else { -1e4 }).collect();
        let history = encode(&faded, padding);
        prop_assert!(near(&floats(history.intent.clone()), &row(&history, newest)));
    }

    #[test]
    fn a_decay_that_all_share_changes_no_intent(log_decay in vec(-3_f32..0., 1..6), more in 0_f32..5.) {
        let later: Vec<f32> = log_decay.iter().map(|log| log - more).collect();
        prop_assert!(near(&floats(encode(&log_decay, 1).intent), &floats(encode(&later, 1).intent)));
    }
}
