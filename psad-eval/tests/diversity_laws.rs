//! Laws of diversity, exposure and agreement, on any slate.

use ndarray::Array2;
use proptest::prelude::*;
use psad_core::Slate;
use psad_eval::{
    Agreement, AlphaNdcg, CategoryCoverage, CategoryIld, CosineIld, ExposureDiscount, ExposureGini, Gain, Measure,
    Metric, Population, Ranked, Topics,
};

/// A slate of a list of 1 to `longest`, of any length.
fn slates(longest: usize) -> impl Strategy<Value = Slate> {
    (1..=longest).prop_flat_map(|items| {
        let order = Just((0..items).collect::<Vec<_>>()).prop_shuffle();
        (order, 0..=items).prop_map(move |(order, len)| Slate::new(order[..len].to_vec(), items).unwrap())
    })
}

fn permutation(items: usize) -> impl Strategy<Value = Slate> {
    let order = Just((0..items).collect::<Vec<_>>()).prop_shuffle();
    order.prop_map(move |order| Slate::new(order, items).unwrap())
}

/// A slate, and for each candidate a label, a category and a vector.
fn judged() -> impl Strategy<Value = (Slate, Vec<f32>, Vec<u32>, Array2<f32>)> {
    slates(9).prop_flat_map(|slate| {
        let items = slate.candidates();
        let vectors = prop::collection::vec(0.1_f32..1., items * 3);
        let vectors = vectors.prop_map(move |flat| Array2::from_shape_vec((items, 3), flat).unwrap());
        let labels = prop::collection::vec((0_u8..2).prop_map(f32::from), items);
        (Just(slate), labels, prop::collection::vec(0_u32..4, items), vectors)
    })
}

fn reversed(slate: &Slate) -> Slate {
    Slate::new(slate.iter().collect::<Vec<_>>().into_iter().rev().collect(), slate.candidates()).unwrap()
}

fn near(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() < 1e-12,
        (a, b) => a == b,
    }
}

/// τ-b from its definition, over all pairs of the list.
fn tau_by_definition(a: &Slate, b: &Slate) -> Option<f64> {
    let slot = |slate: &Slate, item: usize| slate.iter().position(|shown| shown == item).unwrap_or(usize::MAX);
    let sign = |slate: &Slate, x, y| slot(slate, x).cmp(&slot(slate, y)) as i32;
    let (mut both, mut in_a, mut in_b) = (0, 0, 0);
    for x in 0..a.candidates() {
        for y in 0..x {
            let (a, b) = (sign(a, x, y), sign(b, x, y));
            (both, in_a, in_b) = (both + a * b, in_a + a * a, in_b + b * b);
        }
    }
    (in_a * in_b > 0).then(|| f64::from(both) / f64::from(in_a * in_b).sqrt())
}

/// `RBO_EXT` as the overlap at every depth of two orders of one length.
fn rbo_by_definition(a: &Slate, b: &Slate, p: f64) -> f64 {
    let overlap = |depth: usize| Agreement::Overlap { k: depth }.value(a, b).unwrap().unwrap();
    let heads: f64 = (1..=a.len()).map(|depth| (1. - p) * p.powi(depth as i32 - 1) * overlap(depth)).sum();
    heads + overlap(a.len()) * p.powi(a.len() as i32)
}

proptest! {
    #[test]
    fn agreement_is_the_definition_and_symmetric((a, b) in slates(9).prop_flat_map(|a| {
        let items = a.candidates();
        (Just(a), permutation(items), 0..=items).prop_map(move |(a, b, len)| {
            (a, Slate::new(b.as_slice()[..len].to_vec(), items).unwrap())
        })
    }), p in 0.05_f64..0.95, k in 0_usize..12) {
        let tau = Agreement::KendallTauB.value(&a, &b).unwrap();
        prop_assert!(near(tau, tau_by_definition(&a, &b)), "{tau:?}");
        for agreement in [Agreement::KendallTauB, Agreement::RboExt { p }, Agreement::Overlap { k }] {
            let value = agreement.value(&a, &b).unwrap();
            prop_assert!(near(value, agreement.value(&b, &a).unwrap()));
            let least = if agreement == Agreement::KendallTauB { -1. } else { 0. };
            prop_assert!(value.is_none_or(|value| (least..=1.).contains(&value)), "{value:?}");
            let same = agreement.value(&a, &a).unwrap();
            prop_assert!(same.is_none() || near(same, Some(1.)), "{same:?}");
        }
    }

    #[test]
    fn permutations_have_a_plain_tau_and_a_plain_rbo(
        (a, b) in (2_usize..10).prop_flat_map(|items| (permutation(items), permutation(items))), p in 0.05_f64..0.95,
    ) {
        let tau = |a: &Slate, b: &Slate| Agreement::KendallTauB.value(a, b).unwrap().unwrap();
        prop_assert_eq!((tau(&a, &a), tau(&a, &reversed(&a))), (1., -1.));
        prop_assert!((tau(&a, &b) + tau(&a, &reversed(&b))).abs() < 1e-12);
        let rbo = Agreement::RboExt { p }.value(&a, &b).unwrap().unwrap();
        prop_assert!((rbo - rbo_by_definition(&a, &b, p)).abs() < 1e-12);
        prop_assert_eq!(Agreement::Overlap { k: 99 }.value(&a, &b).unwrap(), Some(1.));
    }

    #[test]
    fn diversity_of_a_set_does_not_know_its_order((slate, _, categories, vectors) in judged()) {
        let (topics, k, turned) = (Topics::single(categories.iter().copied()), slate.len(), reversed(&slate));
        let values = |slate: &Slate| [
            CategoryIld { k }.value(slate, &topics).unwrap(),
            CosineIld { k }.value(slate, &vectors).unwrap(),
            CategoryCoverage { k }.value(slate, &topics).unwrap(),
        ];
        for (value, other) in values(&slate).into_iter().zip(values(&turned)) {
            prop_assert!(near(value, other));
            prop_assert!(value.is_none_or(|value| (0. ..=1.).contains(&value)), "vectors of one orthant: {value:?}");
        }
    }

    #[test]
    fn one_hot_vectors_are_as_far_as_categories((slate, _, categories, _) in judged(), k in 0_usize..12) {
        let one_hot = Array2::from_shape_fn((categories.len(), 4), |(item, category)| {
            if categories[item] as usize == category { 2. } else { 0. }
        });
        let by_category = CategoryIld { k }.value(&slate, &Topics::single(categories)).unwrap();
        let by_angle = CosineIld { k }.value(&slate, &one_hot).unwrap();
        prop_assert!(near(by_category, by_angle));
    }

    #[test]
    fn without_a_penalty_alpha_ndcg_is_ndcg((slate, labels, categories, _) in judged(), k in 1_usize..12) {
        let topics = Topics::single(categories);
        let value = AlphaNdcg::new(0., k).unwrap().value(&slate, &labels, &topics).unwrap();
        let ndcg = Measure::Ndcg(Gain::Linear).at(k).value(&Ranked::from_slate(&slate, &labels).unwrap());
        prop_assert!(near(value, ndcg), "{value:?} {ndcg:?}");
    }

    #[test]
    fn with_a_category_of_its_own_no_item_is_penalised((slate, labels, ..) in judged(), alpha in 0_f64..=1.) {
        let value = |alpha| {
            let topics = Topics::single(0..labels.len() as u32);
            AlphaNdcg::new(alpha, 5).unwrap().value(&slate, &labels, &topics).unwrap()
        };
        prop_assert!(near(value(alpha), value(0.)));
    }

    #[test]
    fn one_category_each_keeps_alpha_ndcg_below_one(
        (slate, labels, categories, _) in judged(), alpha in 0_f64..=1., k in 1_usize..12, shift in 1_u32..9,
    ) {
        let metric = AlphaNdcg::new(alpha, k).unwrap();
        let value = |topics: Topics| metric.value(&slate, &labels, &topics).unwrap();
        let here = value(Topics::single(categories.iter().copied()));
        prop_assert!(here.is_none_or(|value| (0. ..=1. + 1e-12).contains(&value)), "{here:?}");
        prop_assert_eq!(here.is_none(), labels.iter().all(|&label| label == 0.));
        let renamed = value(Topics::single(categories.iter().map(|category| (category + shift) % 13)));
        prop_assert!(near(here, renamed), "names of categories mean nothing");
    }

    #[test]
    fn merged_exposure_is_exposure_at_once(
        lists in prop::collection::vec((slates(6), prop::collection::vec(0_u32..9, 6)), 0..12),
        cut in 0_usize..12, k in 0_usize..8, discount in prop_oneof![
            Just(ExposureDiscount::Logarithmic), Just(ExposureDiscount::Uniform)
        ], catalog in prop::option::of(9_usize..20),
    ) {
        let population = catalog.map_or(Population::Candidates, Population::Catalog);
        let of = |lists: &[(Slate, Vec<u32>)]| {
            let mut gini = ExposureGini::new(k, discount, population);
            for (slate, ids) in lists {
                gini.push(slate, &ids[..slate.candidates()]).unwrap();
            }
            gini
        };
        let (head, tail) = lists.split_at(cut.min(lists.len()));
        let (mut there, mut back, whole) = (of(head), of(tail), of(&lists));
        there.merge(of(tail)).unwrap();
        back.merge(of(head)).unwrap();
        prop_assert_eq!(&there, &whole);
        prop_assert_eq!(&back, &whole);

        let mut exposures: Vec<f64> = whole.exposures().map(|(_, exposure)| exposure).collect();
        exposures.resize(catalog.unwrap_or(exposures.len()), 0.);
        let total: f64 = exposures.iter().sum();
        let apart: f64 = exposures.iter().flat_map(|a| exposures.iter().map(move |b| (a - b).abs())).sum();
        let expected = (total > 0.).then(|| apart / (2. * exposures.len() as f64 * total));
        prop_assert!(near(whole.value().unwrap(), expected));
    }
}
