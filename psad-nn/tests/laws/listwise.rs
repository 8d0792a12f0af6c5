//! The listwise loss against the same sums on the host, and against slopes.

use burn::tensor::{Bool, Device, Tensor, TensorData};
use proptest::{collection::vec, prelude::*};
use psad_nn::listwise_loss;

/// Score and label of each candidate.
type List = Vec<(f32, f32)>;

fn lists() -> impl Strategy<Value = Vec<List>> {
    let label = prop_oneof![Just(0_f32), Just(0.), Just(1.), Just(2.), 0_f32..3.];
    vec(vec((-5_f32..5., label), 1..8), 1..4)
}

fn tensor(values: Vec<f32>, shape: [usize; 2], device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new::<f32, _>(values, shape), device)
}

/// Scores, labels and padding, with `garbage` at padding and `spare` columns more than needed.
fn tensors(lists: &[List], spare: usize, garbage: f32, device: &Device) -> (Tensor<2>, Tensor<2>, Tensor<2, Bool>) {
    let columns = lists.iter().map(Vec::len).max().unwrap() + spare;
    let shape = [lists.len(), columns];
    let padded = |pick: fn(&(f32, f32)) -> f32| {
        let row = |list: &List| {
            let rest = std::iter::repeat_n(garbage, columns - list.len());
            list.iter().map(pick).chain(rest).collect::<Vec<_>>()
        };
        tensor(lists.iter().flat_map(row).collect(), shape, device)
    };
    let pad: Vec<bool> = lists.iter().flat_map(|list| (0..columns).map(|item| item >= list.len())).collect();
    let pad = Tensor::<1, Bool>::from_bool(pad.as_slice(), device).reshape(shape);
    (padded(|each| each.0), padded(|each| each.1), pad)
}

fn losses(lists: &[List], spare: usize, garbage: f32) -> Vec<f64> {
    let (scores, labels, pad) = tensors(lists, spare, garbage, &Device::flex());
    listwise_loss(scores, labels, pad).to_data().iter::<f64>().collect()
}

fn on_host(list: &List) -> f64 {
    let normaliser = list.iter().map(|each| f64::from(each.0).exp()).sum::<f64>().ln();
    let total: f64 = list.iter().map(|each| f64::from(each.1)).sum();
    let part = |&(score, label): &(f32, f32)| f64::from(label) / total * (normaliser - f64::from(score));
    if total > 0. { list.iter().map(part).sum() } else { 0. }
}

/// The gradient of the sum of all losses, a row per list.
fn gradient(lists: &[List], spare: usize, garbage: f32) -> Vec<Vec<f64>> {
    let (scores, labels, pad) = tensors(lists, spare, garbage, &Device::flex().autodiff());
    let scores = scores.require_grad();
    let gradients = listwise_loss(scores.clone(), labels, pad).sum().backward();
    let gradient = scores.grad(&gradients).unwrap();
    let columns = gradient.dims()[1];
    gradient.to_data().iter::<f64>().collect::<Vec<_>>().chunks(columns).map(<[f64]>::to_vec).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_is_the_cross_entropy_of_shares_and_softmax(lists in lists()) {
        for (list, found) in lists.iter().zip(losses(&lists, 0, 0.)) {
            // Logarithms of sums of at most seven numbers, in `f32`.
            prop_assert!((found - on_host(list)).abs() < 1e-5, "{} {}", found, on_host(list));
        }
    }

    #[test]
    fn neither_padding_nor_batch_mates_change_a_loss(lists in lists(), spare in 0_usize..3, garbage in -1e6_f32..1e6) {
        for (list, together) in lists.iter().zip(losses(&lists, spare, garbage)) {
            let alone = losses(std::slice::from_ref(list), 0, 0.)[0];
            prop_assert!((alone - together).abs() < 1e-6, "{} {}", alone, together);
        }
    }

    #[test]
    fn only_differences_of_scores_and_ratios_of_labels_count(list in lists(), shift in -3_f32..3., factor in 0.5_f32..2.) {
        let moved: List = list[0].iter().map(|&(score, label)| (score + shift, label * factor)).collect();
        prop_assert!((losses(&[moved], 0, 0.)[0] - losses(&list[..1], 0, 0.)[0]).abs() < 1e-5);
        let reversed: List = list[0].iter().rev().copied().collect();
        prop_assert!((losses(&[reversed], 0, 0.)[0] - losses(&list[..1], 0, 0.)[0]).abs() < 1e-5);
    }

    #[test]
    fn its_gradient_is_a_slope_and_nothing_at_padding(lists in lists(), spare in 0_usize..3, garbage in -1e6_f32..1e6) {
        const STEP: f64 = 1e-4;
        for (list, gradient) in lists.iter().zip(gradient(&lists, spare, garbage)) {
            for (item, &found) in gradient.iter().enumerate() {
                if item >= list.len() {
                    prop_assert_eq!(found, 0.);
                    continue;
                }
                // The slope of the same sums on the host, whose scores are `f64` here.
                let at = |step: f64| {
                    let scores: Vec<f64> = list.iter().enumerate()
                        .map(|(other, each)| f64::from(each.0) + if other == item { step } else { 0. })
                        .collect();
                    let normaliser = scores.iter().map(|score| score.exp()).sum::<f64>().ln();
                    let total: f64 = list.iter().map(|each| f64::from(each.1)).sum();
                    let parts = list.iter().zip(&scores).map(|(each, score)| f64::from(each.1) * (normaliser - score));
                    if total > 0. { parts.sum::<f64>() / total } else { 0. }
                };
                let slope = (at(STEP) - at(-STEP)) / (2. * STEP);
                prop_assert!((found - slope).abs() < 1e-5, "{}: {} {}", item, found, slope);
            }
        }
    }

    #[test]
    fn it_is_least_where_the_softmax_is_the_labels_shares(labels in vec(0.1_f32..3., 1..8), step in vec(-1_f32..1., 7)) {
        let best: List = labels.iter().map(|&label| (label.ln(), label)).collect();
        let other: List = best.iter().zip(&step).map(|(&(score, label), step)| (score + step, label)).collect();
        prop_assert!(losses(std::slice::from_ref(&best), 0, 0.)[0] <= losses(&[other], 0, 0.)[0] + 1e-6);
        prop_assert!(gradient(&[best], 0, 0.)[0].iter().all(|slope| slope.abs() < 1e-6));
    }
}

#[test]
fn a_list_without_a_relevant_candidate_teaches_nothing() {
    let lists = [vec![(1., 0.), (-2., 0.), (0.5, 0.)], vec![(1., 1.), (0., 0.)]];
    assert_eq!(losses(&lists, 1, 1e6)[0], 0.);
    let gradient = gradient(&lists, 1, 1e6);
    assert!(gradient[0].iter().all(|&slope| slope == 0.));
    assert!(gradient[1][0] < -0.2 && gradient[1][1] > 0.2);
}

#[test]
fn scores_of_any_size_give_numbers() {
    let lists = [vec![(1e6, 0.), (-1e6, 1.)], vec![(1e6, 1.), (-1e6, 0.)]];
    assert_eq!(losses(&lists, 1, f32::MAX), [2e6, 0.]);
    assert!(gradient(&lists, 1, f32::MAX).iter().flatten().all(|slope| slope.is_finite()));
}
