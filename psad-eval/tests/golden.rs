//! Numbers worked out by hand and checked with other implementations.

use psad_core::Slate;
use psad_eval::{Denominator, Gain, Measure, Metric, Ranked, Ties};

const SCORES: [f32; 6] = [0.9, 0.8, 0.7, 0.2, 0.6, 0.1];
const CLICKS: [f32; 6] = [0., 1., 0., 1., 1., 0.];
const GRADES: [f32; 6] = [0., 2., 0., 1., 3., 0.];

fn is(measure: Measure, k: usize, labels: &[f32], expected: f64) {
    let by_scores = Ranked::from_scores(&SCORES, labels, Ties::Stable).unwrap();
    let by_slate = Ranked::from_slate(&Slate::top_by_score(&SCORES, 6).unwrap(), labels).unwrap();
    assert_eq!(by_scores, by_slate);
    let (metric, value) = (measure.at(k), measure.at(k).value(&by_scores).unwrap());
    assert!((value - expected).abs() < 5e-7, "{} is {value}, expected {expected}", metric.name());
}

#[test]
fn average_precision_has_three_denominators() {
    let rows = [(1, [0., 0., 0.]), (3, [0.5, 0.166_667, 0.166_667]), (5, [0.533_333, 0.533_333, 0.533_333])];
    for (k, [hits, reachable, relevant]) in rows {
        is(Measure::AveragePrecision(Denominator::Hits), k, &CLICKS, hits);
        is(Measure::AveragePrecision(Denominator::Reachable), k, &CLICKS, reachable);
        is(Measure::AveragePrecision(Denominator::Relevant), k, &CLICKS, relevant);
    }
}

#[test]
fn clicks_give_the_same_ndcg_with_either_gain() {
    for (k, ndcg) in [(1, 0.), (3, 0.296_082), (5, 0.679_731)] {
        is(Measure::Ndcg(Gain::Exponential), k, &CLICKS, ndcg);
        is(Measure::Ndcg(Gain::Linear), k, &CLICKS, ndcg);
    }
}

#[test]
fn recall_and_clicks_of_the_table() {
    for (k, recall, clicks) in [(1, 0., 0.), (3, 0.333_333, 1.), (5, 1., 3.)] {
        is(Measure::Recall, k, &CLICKS, recall);
        is(Measure::Clicks, k, &CLICKS, clicks);
    }
}

#[test]
fn grades_tell_the_gains_apart() {
    is(Measure::Ndcg(Gain::Exponential), 3, &GRADES, 0.201_515);
    is(Measure::Ndcg(Gain::Linear), 3, &GRADES, 0.264_993);
    is(Measure::Dcg(Gain::Exponential), 3, &GRADES, 3. / 3_f64.log2());
    is(Measure::Dcg(Gain::Linear), 3, &GRADES, 2. / 3_f64.log2());
    is(Measure::Clicks, 5, &GRADES, 6.);
}

#[test]
fn the_simple_counts() {
    is(Measure::Precision, 3, &CLICKS, 1. / 3.);
    is(Measure::Precision, 9, &CLICKS, 0.5);
    is(Measure::F1, 5, &CLICKS, 0.75);
    is(Measure::ReciprocalRank, 1, &CLICKS, 0.);
    is(Measure::ReciprocalRank, 3, &CLICKS, 0.5);
    is(Measure::HitRate, 1, &CLICKS, 0.);
    is(Measure::HitRate, 2, &CLICKS, 1.);
}
