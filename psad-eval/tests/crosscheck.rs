//! Values of other implementations, which `crosscheck/golden.py` wrote.

use std::collections::BTreeSet;

use ndarray::Array2;
use psad_core::Slate;
use psad_eval::{
    Agreement, AlphaNdcg, AtK, Bins, Calibration, CategoryCoverage, CategoryIld, CosineIld, Denominator,
    ExposureDiscount, ExposureGini, Gain, ListWeight, Measure, Metric, Population, Ranked, ShortList, Ties, Topics,
    auc, gauc, log_loss, log_loss_of_logits,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    rankings: Vec<Ranking>,
    scores: Vec<Scores>,
    calibrations: Vec<Table>,
    diversity: Vec<Diversity>,
    exposures: Vec<Exposures>,
    agreements: Vec<Orders>,
}

#[derive(Deserialize)]
struct Agreed {
    metric: String,
    ties: Option<String>,
    value: f64,
    by: Vec<String>,
}

#[derive(Deserialize)]
struct Ranking {
    labels: Vec<f32>,
    scores: Vec<f32>,
    values: Vec<Agreed>,
}

#[derive(Deserialize)]
struct Scores {
    logits: Vec<Vec<f32>>,
    labels: Vec<Vec<f32>>,
    probabilities: Vec<f32>,
    values: Vec<Agreed>,
}

#[derive(Deserialize)]
struct Table {
    predictions: Vec<f32>,
    labels: Vec<f32>,
    bins: u32,
    counts: Vec<usize>,
    mean_predictions: Vec<f64>,
    mean_labels: Vec<f64>,
    values: Vec<Agreed>,
}

#[derive(Deserialize)]
struct Diversity {
    slate: Vec<usize>,
    labels: Vec<f32>,
    topics: Vec<Vec<u32>>,
    vectors: Vec<Vec<f32>>,
    values: Vec<Agreed>,
}

#[derive(Deserialize)]
struct Exposures {
    lists: Vec<Shown>,
    catalog: usize,
    values: Vec<Agreed>,
}

#[derive(Deserialize)]
struct Shown {
    items: Vec<u32>,
    slate: Vec<usize>,
}

#[derive(Deserialize)]
struct Orders {
    items: usize,
    a: Vec<usize>,
    b: Vec<usize>,
    values: Vec<Agreed>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../crosscheck/golden.json")).unwrap()
}

/// Compares every value of a case; returns the metrics, without their k.
fn compare(values: &[Agreed], ours: impl Fn(&Agreed) -> Option<f64>) -> BTreeSet<String> {
    let stem = |name: &str| {
        let (head, tail) = name.split_once('@').unwrap_or((name, ""));
        format!("{head}{}", tail.trim_start_matches(|digit: char| digit.is_ascii_digit()))
    };
    for golden in values {
        let ours = ours(golden).unwrap_or_else(|| panic!("{} is undefined or unknown", golden.metric));
        let (name, by) = (&golden.metric, &golden.by);
        assert!((ours - golden.value).abs() < 1e-9, "{name}: {ours}, but {} by {by:?}", golden.value);
    }
    values.iter().map(|golden| stem(&golden.metric)).collect()
}

fn every_metric() -> Vec<AtK> {
    let measures = [
        Measure::Dcg(Gain::Exponential),
        Measure::Dcg(Gain::Linear),
        Measure::Ndcg(Gain::Exponential),
        Measure::Ndcg(Gain::Linear),
        Measure::AveragePrecision(Denominator::Reachable),
        Measure::AveragePrecision(Denominator::Hits),
        Measure::AveragePrecision(Denominator::Relevant),
        Measure::ReciprocalRank,
        Measure::ExpectedReciprocalRank { highest: 1 },
        Measure::ExpectedReciprocalRank { highest: 4 },
        Measure::Precision,
        Measure::Recall,
        Measure::HitRate,
        Measure::F1,
        Measure::Clicks,
    ];
    let at = |k| measures.map(|measure| measure.at(k));
    let shrunk: Vec<AtK> = [1, 3, 5, 10, 20].into_iter().flat_map(at).collect();
    shrunk.iter().copied().chain(shrunk.iter().map(|metric| metric.short_list(ShortList::Pad))).collect()
}

#[test]
fn ranked_lists() {
    let metrics = every_metric();
    let mut seen = BTreeSet::new();
    for case in golden().rankings {
        seen.extend(compare(&case.values, |golden| {
            let ties = match golden.ties.as_deref() {
                Some("stable") => Ties::Stable,
                Some("pessimistic") => Ties::Pessimistic,
                Some("average") => Ties::Average,
                other => panic!("{other:?}"),
            };
            let metric = metrics.iter().find(|metric| metric.name() == golden.metric)?;
            metric.value(&Ranked::from_scores(&case.scores, &case.labels, ties).unwrap())
        }));
    }
    let all: Vec<&str> = seen.iter().map(String::as_str).collect();
    let expected = [
        "clicks",
        "dcg(exp)",
        "dcg(linear)",
        "err(max=1)",
        "err(max=4)",
        "f1",
        "f1(short=pad)",
        "hitrate",
        "map(/R)",
        "map(/hits)",
        "map(/min(k,R))",
        "mrr",
        "ndcg(exp)",
        "ndcg(linear)",
        "precision",
        "precision(short=pad)",
        "recall",
    ];
    assert_eq!(all, expected);
}

#[test]
fn scores_against_labels() {
    for case in golden().scores {
        let (logits, labels) = (case.logits.concat(), case.labels.concat());
        let lists = || case.logits.iter().zip(&case.labels).map(|(x, y)| (x.as_slice(), y.as_slice()));
        let seen = compare(&case.values, |golden| match golden.metric.as_str() {
            "auc" => auc(&logits, &labels).unwrap(),
            "gauc(equal)" => gauc(lists(), ListWeight::Equal).unwrap(),
            "gauc(relevant)" => gauc(lists(), ListWeight::Relevant).unwrap(),
            "logloss" => log_loss(&case.probabilities, &labels).unwrap(),
            "logloss(logits)" => log_loss_of_logits(&logits, &labels).unwrap(),
            _ => None,
        });
        assert_eq!(seen.len(), 5);
    }
}

#[test]
fn calibration() {
    let mut seen = BTreeSet::new();
    for case in golden().calibrations {
        let both = [Bins::Width(case.bins), Bins::Mass(case.bins)];
        let tables = both.map(|bins| Calibration::new(&case.predictions, &case.labels, bins).unwrap());
        let table = tables.iter().find(|table| table.name() == case.values[0].metric).unwrap();
        seen.extend(compare(&case.values, |_| table.ece()));
        let counts: Vec<usize> = table.bins().iter().map(|bin| bin.count).collect();
        assert_eq!(counts, case.counts);
        let means = case.mean_predictions.iter().zip(&case.mean_labels);
        for (bin, (prediction, label)) in table.bins().iter().zip(means) {
            assert!((bin.mean_prediction - prediction).abs() < 1e-9 && (bin.mean_label - label).abs() < 1e-9);
        }
    }
    assert_eq!(seen.len(), 6);
}

#[test]
fn diversity_of_the_top() {
    for case in golden().diversity {
        let slate = Slate::new(case.slate, case.labels.len()).unwrap();
        let topics = Topics::sets(case.topics);
        let vectors = Array2::from_shape_fn((case.vectors.len(), 3), |(item, axis)| case.vectors[item][axis]);
        let seen = compare(&case.values, |golden| {
            let name = golden.metric.as_str();
            for k in [2, 5, 10] {
                let alphas = [0., 0.25, 0.5, 1.].map(|alpha| AlphaNdcg::new(alpha, k).unwrap());
                if let Some(metric) = alphas.iter().find(|metric| metric.name() == name) {
                    return metric.value(&slate, &case.labels, &topics).unwrap();
                }
                let (coverage, by_category, cosine) = (CategoryCoverage { k }, CategoryIld { k }, CosineIld { k });
                if coverage.name() == name {
                    return coverage.value(&slate, &topics).unwrap();
                } else if by_category.name() == name {
                    return by_category.value(&slate, &topics).unwrap();
                } else if cosine.name() == name {
                    return cosine.value(&slate, &vectors).unwrap();
                }
            }
            None
        });
        assert_eq!(seen.len(), 7);
    }
}

#[test]
fn exposure_over_slates() {
    for case in golden().exposures {
        let seen = compare(&case.values, |golden| {
            let populations = [Population::Candidates, Population::Catalog(case.catalog)];
            let all = [ExposureDiscount::Logarithmic, ExposureDiscount::Uniform].into_iter().flat_map(|discount| {
                [3, 8].into_iter().flat_map(move |k| populations.map(|of| ExposureGini::new(k, discount, of)))
            });
            let mut gini = all.into_iter().find(|gini| gini.name() == golden.metric)?;
            for list in &case.lists {
                gini.push(&Slate::new(list.slate.clone(), list.items.len()).unwrap(), &list.items).unwrap();
            }
            gini.value().unwrap()
        });
        assert_eq!(seen.len(), 4);
    }
}

#[test]
fn agreement_of_orders() {
    for case in golden().agreements {
        let [a, b] = [&case.a, &case.b].map(|order| Slate::new(order.clone(), case.items).unwrap());
        let mut all = vec![Agreement::KendallTauB];
        all.extend([0.5, 0.9, 0.98].map(|p| Agreement::RboExt { p }));
        all.extend([1, 3, 5].map(|k| Agreement::Overlap { k }));
        let seen = compare(&case.values, |golden| {
            all.iter().find(|agreement| agreement.name() == golden.metric)?.value(&a, &b).unwrap()
        });
        assert_eq!(seen.len(), 5);
    }
}
