//! Encoder and evaluator trained on the feedback of what was shown.

use burn::tensor::{Device, Int, Tensor, TensorData};
use proptest::prelude::*;
use psad_nar4rec::{EvaluatorObjective, SlateEvaluatorConfig};
use psad_nn::{ListEncoder, Objective};

use crate::common::{LONGEST, cases, close, learned, values};
use crate::gradients::{descended, gradients_fit, gradients_of, key_biases};
use crate::model::{Encoder, Logged, batch, encoder, evaluator, logged};

fn objective(max_label: f64, device: &Device) -> EvaluatorObjective<Encoder> {
    EvaluatorObjective::new(encoder(device), evaluator(device), max_label).unwrap()
}

fn losses(lists: &[Logged], max_label: f64) -> Vec<f32> {
    let device = Device::flex();
    let parts = objective(max_label, &device).losses(&batch(lists, &device)).parts;
    assert_eq!(parts.iter().map(|part| (part.name, part.weight)).collect::<Vec<_>>(), [("feedback", 1.)]);
    values(parts[0].per_list.clone())
}

/// What counts as shown.
fn slate(list: &Logged) -> Vec<usize> {
    list.shown.clone().unwrap_or_else(|| (0..list.labels.len()).collect())
}

/// The loss of a list by itself, from the evaluator's logits.
fn by_hand(list: &Logged, max_label: f64) -> f64 {
    let (device, slate) = (Device::flex(), slate(list));
    let encoded = encoder(&device).encode(&batch(std::slice::from_ref(list), &device));
    let items: Vec<i32> = slate.iter().map(|&item| item as i32).collect();
    let items = Tensor::<2, Int>::from_data(TensorData::new::<i32, _>(items, [1, slate.len()]), &device);
    let logits = values(evaluator(&device).item_logits(&encoded, items));
    let loss = |(&logit, &item): (&f32, &usize)| {
        let target = (f64::from(list.labels[item]) / max_label).min(1.);
        let logit = f64::from(logit);
        target * (1. + (-logit).exp()).ln() + (1. - target) * (1. + logit.exp()).ln()
    };
    logits.iter().zip(&slate).map(loss).sum::<f64>() / slate.len() as f64
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn the_loss_is_the_mean_cross_entropy_of_the_shown_slates_feedback(
        lists in logged(), max_label in prop::sample::select(vec![1., 2., 5.]),
    ) {
        for (list, found) in lists.iter().zip(losses(&lists, max_label)) {
            // Logits of about ten in other company are off by some 1e-5 each.
            prop_assert!((f64::from(found) - by_hand(list, max_label)).abs() < 5e-5);
        }
    }

    #[test]
    fn padding_and_batch_mates_change_nothing(lists in logged()) {
        for (list, together) in lists.iter().zip(losses(&lists, 1.)) {
            prop_assert!((losses(std::slice::from_ref(list), 1.)[0] - together).abs() < 5e-5);
        }
    }

    #[test]
    fn what_was_not_shown_teaches_nothing(lists in logged(), label in 0_u8..3) {
        let mut hidden = lists.clone();
        for list in &mut hidden {
            let slate = slate(list);
            let unseen = list.labels.iter_mut().enumerate().filter(|(item, _)| !slate.contains(item));
            unseen.for_each(|(_, hidden)| *hidden = f32::from(label));
        }
        prop_assert_eq!(losses(&hidden, 2.), losses(&lists, 2.));
    }
}

#[test]
fn an_empty_slate_counts_as_not_known() {
    let list = |shown| [Logged { labels: vec![0., 1., 0.], shown, seed: 3 }];
    assert_eq!(losses(&list(Some(Vec::new())), 1.), losses(&list(None), 1.));
    assert!(close(losses(&list(None), 1.)[0], by_hand(&list(None)[0], 1.)));
}

#[test]
fn a_batch_without_labels_has_no_parts() {
    let device = Device::flex();
    let mut batch = batch(&[Logged { labels: vec![0., 1.], shown: None, seed: 1 }], &device);
    batch.labels = None;
    assert!(objective(1., &device).losses(&batch).parts.is_empty());
}

#[test]
fn a_greatest_label_that_is_none_is_an_error() {
    let device = Device::flex();
    for max_label in [0., -1., f64::NAN, f64::INFINITY] {
        let error = EvaluatorObjective::new(encoder(&device), evaluator(&device), max_label).unwrap_err();
        assert_eq!(error.field, "max_label");
        assert!(error.to_string().contains(&format!("= {max_label}")), "{error}");
    }
}

fn lists() -> Vec<Logged> {
    vec![
        Logged { labels: vec![0., 1., 0., 1., 0.], shown: Some(vec![1, 4, 2]), seed: 11 },
        Logged { labels: vec![0., 1., 0.], shown: None, seed: 12 },
    ]
}

#[test]
fn gradients_are_those_of_finite_differences_and_reach_the_encoder() {
    let terms = |model: &EvaluatorObjective<Encoder>, device: &Device| {
        model.losses(&batch(&lists(), device)).total().unwrap() * 4.
    };
    gradients_fit(|device| objective(1., device), terms, key_biases);
}

#[test]
fn descending_the_slope_lowers_the_loss_from_the_untrained_model_on() {
    let device = Device::flex().autodiff();
    let profile = encoder(&device).encode(&batch(&lists(), &device)).profile.dims()[1];
    let fresh = SlateEvaluatorConfig::new(8, profile, LONGEST).with_feed_forward(12).init(6, &device).unwrap();
    let mut model = EvaluatorObjective::new(learned(encoder(&device), 1), fresh, 1.).unwrap();
    let mut losses = Vec::new();
    for _ in 0..25 {
        let loss = model.losses(&batch(&lists(), &device)).total().unwrap().sum();
        losses.push(loss.clone().into_scalar::<f32>());
        let gradients = gradients_of(&model, &loss.backward());
        model = descended(model, &gradients, 0.1);
    }
    assert!(losses[24] < 0.7 * losses[0], "{losses:?}");
}
