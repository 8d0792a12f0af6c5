//! Laws of the metrics, on any list.

use proptest::prelude::*;
use psad_eval::{AtK, Denominator, Gain, Measure, Metric, Ranked, Ties};

const DENOMINATORS: [Denominator; 3] = [Denominator::Reachable, Denominator::Hits, Denominator::Relevant];

fn fractions() -> Vec<Measure> {
    let mut all = vec![Measure::Ndcg(Gain::Exponential), Measure::Ndcg(Gain::Linear)];
    all.extend(DENOMINATORS.map(Measure::AveragePrecision));
    all.extend([3, 7].map(|highest| Measure::ExpectedReciprocalRank { highest }));
    all.extend([Measure::ReciprocalRank, Measure::Precision, Measure::Recall, Measure::HitRate, Measure::F1]);
    all
}

fn every_measure() -> Vec<Measure> {
    let mut all = fractions();
    all.extend([Measure::Dcg(Gain::Exponential), Measure::Dcg(Gain::Linear), Measure::Clicks]);
    all
}

fn value(metric: AtK, scores: &[f32], labels: &[f32], ties: Ties) -> Option<f64> {
    metric.value(&Ranked::from_scores(scores, labels, ties).unwrap())
}

/// Scores with many ties, and labels, of which many are 0.
fn lists(longest: usize) -> impl Strategy<Value = (Vec<f32>, Vec<f32>)> {
    prop::collection::vec((0_u8..3, prop_oneof![Just(0_u8), 0_u8..4]), 1..=longest)
        .prop_map(|items| items.into_iter().map(|(score, label)| (f32::from(score), f32::from(label))).unzip())
}

fn ties() -> impl Strategy<Value = Ties> {
    prop_oneof![Just(Ties::Stable), Just(Ties::Pessimistic), Just(Ties::Average)]
}

fn permutations(items: usize) -> Vec<Vec<usize>> {
    if items == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(items - 1);
    let insert = |rest: &Vec<usize>, at: usize| [&rest[..at], &[items - 1], &rest[at..]].concat();
    shorter.iter().flat_map(|rest| (0..items).map(move |at| insert(rest, at))).collect()
}

/// Mean over all orders of the input, which makes every order of the tied items equally frequent.
fn brute_force(metric: AtK, scores: &[f32], labels: &[f32]) -> Option<f64> {
    let orders = permutations(scores.len());
    let pick = |order: &[usize], from: &[f32]| order.iter().map(|&item| from[item]).collect::<Vec<f32>>();
    let values: Option<Vec<f64>> =
        orders.iter().map(|order| value(metric, &pick(order, scores), &pick(order, labels), Ties::Stable)).collect();
    values.map(|values| values.iter().sum::<f64>() / values.len() as f64)
}

fn close(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * (1. + a.abs()),
        (a, b) => a == b,
    }
}

proptest! {
    #[test]
    fn fractions_lie_between_zero_and_one((scores, labels) in lists(12), k in 1_usize..15, ties in ties()) {
        for measure in fractions() {
            if let Some(value) = value(measure.at(k), &scores, &labels, ties) {
                prop_assert!((0. ..=1. + 1e-12).contains(&value), "{:?} {}", measure, value);
            }
        }
    }

    #[test]
    fn the_perfect_order_has_an_ndcg_of_one((_, labels) in lists(12), k in 1_usize..15) {
        prop_assume!(labels.iter().any(|&label| label > 0.));
        for gain in [Gain::Exponential, Gain::Linear] {
            prop_assert_eq!(value(Measure::Ndcg(gain).at(k), &labels, &labels, Ties::Stable), Some(1.));
        }
    }

    #[test]
    fn averaging_ties_is_the_mean_over_all_their_orders((scores, labels) in lists(6), k in 1_usize..8) {
        for measure in every_measure() {
            let exact = value(measure.at(k), &scores, &labels, Ties::Average);
            let brute = brute_force(measure.at(k), &scores, &labels);
            prop_assert!(close(exact, brute), "{:?}: {:?} against {:?}", measure, exact, brute);
        }
    }

    #[test]
    fn pessimism_is_never_above_the_average((scores, labels) in lists(10), k in 1_usize..12) {
        // An average over the hits in the top k can fall when a late hit is added, so it alone is no member.
        for measure in every_measure() {
            if measure == Measure::AveragePrecision(Denominator::Hits) {
                continue;
            }
            let [low, mean] = [Ties::Pessimistic, Ties::Average].map(|ties| value(measure.at(k), &scores, &labels, ties));
            prop_assert!(low.zip(mean).is_none_or(|(low, mean)| low <= mean + 1e-9), "{:?}", measure);
        }
    }

    #[test]
    fn irrelevant_items_at_the_end_change_nothing_before_them(
        (scores, labels) in lists(10), tail in 1_usize..5, ties in ties(),
    ) {
        let k = scores.len();
        let (mut more_scores, mut more_labels) = (scores.clone(), labels.clone());
        more_scores.extend(vec![-1.; tail]);
        more_labels.extend(vec![0.; tail]);
        for measure in every_measure() {
            let (short, long) = (
                value(measure.at(k), &scores, &labels, ties),
                value(measure.at(k), &more_scores, &more_labels, ties),
            );
            prop_assert_eq!(short, long, "{:?}", measure);
        }
    }

    #[test]
    fn no_order_has_a_higher_err_than_the_perfect_one((_, labels) in lists(6), k in 1_usize..8) {
        let metric = Measure::ExpectedReciprocalRank { highest: 3 }.at(k);
        let best = value(metric, &labels, &labels, Ties::Stable);
        for order in permutations(labels.len()) {
            let scores: Vec<f32> = order.into_iter().map(|slot| -(slot as f32)).collect();
            prop_assert!(value(metric, &scores, &labels, Ties::Stable) <= best.map(|best| best + 1e-12));
        }
    }

    #[test]
    fn without_ties_all_policies_agree((_, labels) in lists(12), k in 1_usize..15) {
        let scores: Vec<f32> = (0..labels.len()).map(|slot| -(slot as f32)).collect();
        for measure in every_measure() {
            let values = [Ties::Stable, Ties::Pessimistic, Ties::Average]
                .map(|ties| value(measure.at(k), &scores, &labels, ties));
            prop_assert!(values[0] == values[1] && values[1] == values[2]);
        }
    }
}
