//! Laws of off-policy estimates, and what they refuse.

use proptest::prelude::*;
use psad_core::Slate;
use psad_eval::off_policy::{
    Estimate, ItemEstimator, ItemLog, Logged, Marginal, OffPolicyConfig, OffPolicyError, Place, Predicted,
    SlateEstimator, SlateLog, plackett_luce_conditionals, plackett_luce_marginals,
};
use psad_eval::{BootstrapConfig, CompareError};

const QUICK: OffPolicyConfig =
    OffPolicyConfig { bootstrap: BootstrapConfig { resamples: 100, level: 0.9, seed: 3 }, ess_floor: 1. };

fn action() -> impl Strategy<Value = Logged> {
    (-2_f64..3., 0.05_f64..1., 0.01_f64..1.).prop_map(|(reward, propensity, target)| Logged {
        reward,
        propensity,
        target,
    })
}

fn actions() -> impl Strategy<Value = Vec<Logged>> {
    prop::collection::vec(action(), 2..40)
}

fn slates() -> impl Strategy<Value = Vec<Vec<Logged>>> {
    prop::collection::vec(prop::collection::vec(action(), 0..4), 2..30)
}

fn item(rows: &[Logged], estimator: ItemEstimator) -> Estimate {
    ItemLog::new(rows.to_vec()).unwrap().estimate(estimator, &QUICK).unwrap()
}

/// A log whose marginals are its conditionals, as they are for policies that fill each slot by itself.
fn independent(rows: Vec<Vec<Logged>>) -> SlateLog {
    let marginal = |logged: &Logged| Marginal { propensity: logged.propensity, target: logged.target };
    let marginals: Vec<Vec<Marginal>> = rows.iter().map(|row| row.iter().map(marginal).collect()).collect();
    SlateLog::new(rows).unwrap().with_marginals(&marginals).unwrap()
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * (1. + a.abs().max(b.abs()))
}

proptest! {
    #[test]
    fn the_logging_policy_earns_the_mean_of_its_log(rows in actions(), slates in slates()) {
        let on_policy = |logged: &Logged| Logged { target: logged.propensity, ..*logged };
        let rows: Vec<Logged> = rows.iter().map(on_policy).collect();
        let predictions = rows.iter().map(|_| Predicted { logged: 0.3, expected: 0.3 }).collect();
        let log = ItemLog::new(rows.clone()).unwrap().with_predictions(predictions).unwrap();
        for estimator in [ItemEstimator::Ips, ItemEstimator::Snips, ItemEstimator::Dr] {
            let estimate = log.estimate(estimator, &QUICK).unwrap();
            prop_assert!(near(estimate.value, log.logged_value().unwrap()));
            prop_assert_eq!((estimate.ess, estimate.largest_weight), (rows.len() as f64, 1.));
        }
        let slates: Vec<Vec<Logged>> = slates.iter().map(|row| row.iter().map(on_policy).collect()).collect();
        let log = independent(slates.clone());
        for estimator in SlateEstimator::ALL {
            let estimate = log.estimate(estimator, &QUICK).unwrap();
            prop_assert!(near(estimate.value, log.logged_value().unwrap()), "{}", estimate);
            prop_assert!(near(estimate.ess, slates.len() as f64) && estimate.largest_weight == 1.);
        }
    }

    #[test]
    fn snips_stays_among_the_rewards_and_does_not_see_the_scale_of_weights(rows in actions(), scale in 0.1_f64..1.) {
        let estimate = item(&rows, ItemEstimator::Snips);
        let (low, high) = rows.iter().fold((f64::MAX, f64::MIN), |(low, high), row| {
            (low.min(row.reward), high.max(row.reward))
        });
        for value in [estimate.value, estimate.low, estimate.high] {
            prop_assert!(low - 1e-9 <= value && value <= high + 1e-9);
        }
        let scaled: Vec<Logged> = rows.iter().map(|row| Logged { target: row.target * scale, ..*row }).collect();
        let again = item(&scaled, ItemEstimator::Snips);
        prop_assert!(near(estimate.value, again.value) && near(estimate.ess, again.ess));
        prop_assert!(near(estimate.low, again.low) && near(estimate.high, again.high));
        let ips = [&rows, &scaled].map(|rows| item(rows, ItemEstimator::Ips).value);
        prop_assert!(near(ips[0] * scale, ips[1]));
    }

    #[test]
    fn doubly_robust_lies_between_ips_and_the_model(rows in actions(), expected in 0_f64..1.) {
        let with = |logged: fn(&Logged) -> f64, expected: f64| {
            let predictions = rows.iter().map(|row| Predicted { logged: logged(row), expected }).collect();
            ItemLog::new(rows.clone()).unwrap().with_predictions(predictions).unwrap()
        };
        let blind = with(|_| 0., 0.);
        let ips = blind.estimate(ItemEstimator::Ips, &QUICK).unwrap();
        let dr = blind.estimate(ItemEstimator::Dr, &QUICK).unwrap();
        prop_assert_eq!(Estimate { estimator: "IPS", ..dr }, ips);
        let perfect = with(|row| row.reward, expected);
        let dm = perfect.estimate(ItemEstimator::Dm, &QUICK).unwrap();
        let dr = perfect.estimate(ItemEstimator::Dr, &QUICK).unwrap();
        prop_assert_eq!((dr.value, dr.low, dr.high), (dm.value, dm.low, dm.high));
        prop_assert_eq!((dm.ess, dm.largest_weight), (rows.len() as f64, 1.));
    }

    #[test]
    fn slates_of_one_slot_are_single_actions(rows in actions()) {
        let log = independent(rows.iter().map(|&row| vec![row]).collect());
        let (plain, normalised) = (item(&rows, ItemEstimator::Ips), item(&rows, ItemEstimator::Snips));
        for estimator in SlateEstimator::ALL {
            let estimate = log.estimate(estimator, &QUICK).unwrap();
            let expected = if estimator.name().starts_with("SN") { normalised } else { plain };
            prop_assert!(near(estimate.ess, expected.ess));
            prop_assert_eq!(Estimate { estimator: expected.estimator, ess: expected.ess, ..estimate }, expected);
        }
    }

    #[test]
    fn the_order_of_rows_and_of_shards_does_not_matter(slates in slates(), turn in 0_usize..30, cut in 2_usize..30) {
        let mut turned = slates.clone();
        turned.rotate_left(turn % slates.len());
        turned.reverse();
        let value = |slates: &[Vec<Logged>], estimator| independent(slates.to_vec()).estimate(estimator, &QUICK).unwrap();
        for estimator in SlateEstimator::ALL {
            let (a, b) = (value(&slates, estimator), value(&turned, estimator));
            prop_assert!(near(a.value, b.value) && near(a.ess, b.ess) && a.largest_weight == b.largest_weight);
            prop_assert_eq!(value(&slates, estimator), a, "the same log and seed give the same answer");
        }
        if cut + 2 <= slates.len() {
            let (head, tail) = slates.split_at(cut);
            for estimator in [SlateEstimator::Sips, SlateEstimator::Iips, SlateEstimator::Rips] {
                let sum = value(head, estimator).value * head.len() as f64 + value(tail, estimator).value * tail.len() as f64;
                prop_assert!(near(sum / slates.len() as f64, value(&slates, estimator).value));
            }
        }
    }

    #[test]
    fn clusters_of_one_row_are_no_clusters(rows in actions(), slates in slates()) {
        let own = |count: usize| (0..count as u32).collect::<Vec<u32>>();
        let plain = ItemLog::new(rows.clone()).unwrap();
        let clustered = plain.clone().with_clusters(own(rows.len())).unwrap();
        for estimator in [ItemEstimator::Ips, ItemEstimator::Snips] {
            prop_assert_eq!(plain.estimate(estimator, &QUICK), clustered.estimate(estimator, &QUICK));
        }
        let plain = independent(slates.clone());
        let clustered = plain.clone().with_clusters(own(slates.len())).unwrap();
        for estimator in SlateEstimator::ALL {
            prop_assert_eq!(plain.estimate(estimator, &QUICK), clustered.estimate(estimator, &QUICK));
        }
    }

    #[test]
    fn plackett_luce_agrees_with_the_sum_over_all_slates(logits in prop::collection::vec(-12_f64..12., 1..6)) {
        let candidates = logits.len();
        let (mut total, mut marginals) = (0., vec![vec![0.; candidates]; candidates]);
        let orders = permutations(candidates);
        for order in &orders {
            let slate = Slate::new(order.clone(), candidates).unwrap();
            let conditionals = plackett_luce_conditionals(&logits, &slate).unwrap();
            let part = Slate::new(order[..candidates.div_ceil(2)].to_vec(), candidates).unwrap();
            let of_part = plackett_luce_conditionals(&logits, &part).unwrap();
            prop_assert!(of_part.iter().zip(&conditionals).all(|(a, b)| near(*a, *b)));
            let probability: f64 = conditionals.iter().product();
            total += probability;
            order.iter().enumerate().for_each(|(slot, &item)| marginals[slot][item] += probability);
        }
        prop_assert!(near(total, 1.));
        for order in &orders {
            let found = plackett_luce_marginals(&logits, &Slate::new(order.clone(), candidates).unwrap()).unwrap();
            for (slot, (&item, found)) in order.iter().zip(found).enumerate() {
                let expected = marginals[slot][item];
                prop_assert!((found / expected - 1.).abs() < 1e-10, "{} {}", found, expected);
            }
        }
    }
}

fn permutations(candidates: usize) -> Vec<Vec<usize>> {
    let mut orders = vec![vec![]];
    for _ in 0..candidates {
        let longer = |order: Vec<usize>| {
            let free = (0..candidates).filter(|item| !order.contains(item)).collect::<Vec<_>>();
            free.into_iter().map(move |item| order.iter().copied().chain([item]).collect())
        };
        orders = orders.into_iter().flat_map(longer).collect();
    }
    orders
}

#[test]
fn extreme_logits_give_probabilities() {
    let slate = Slate::new(vec![2, 1, 0, 3], 4).unwrap();
    for logits in [[0., 1e300, -1e300, f64::MAX], [0., 800., -800., 100.], [1e-300; 4], [f64::MIN, f64::MAX, 0., 0.]] {
        let conditionals = plackett_luce_conditionals(&logits, &slate).unwrap();
        let marginals = plackett_luce_marginals(&logits, &slate).unwrap();
        assert!(
            conditionals.iter().chain(&marginals).all(|p| (0. ..=1.).contains(p)),
            "{conditionals:?} {marginals:?}"
        );
    }
    // What is 800 above comes first, and what is 800 below last.
    let certain = Slate::new(vec![1, 3, 0, 2], 4).unwrap();
    let marginals = plackett_luce_marginals(&[0., 800., -800., 100.], &certain).unwrap();
    assert!(marginals.iter().all(|p| (p - 1.).abs() < 1e-9), "{marginals:?}");
    let nan = plackett_luce_conditionals(&[0., f64::NAN, 0., 0.], &slate).unwrap_err();
    assert_eq!(nan.to_string(), "logit of candidate 1 is NaN; logits must be finite");
    let other = plackett_luce_marginals(&[0.; 3], &slate).unwrap_err();
    assert_eq!(other.to_string(), "candidates of the slate: expected 3, found 4");
}

#[test]
fn clusters_widen_the_interval_of_rows_that_repeat_each_other() {
    let row = |row: u32| Logged { reward: f64::from((row / 10) % 2), propensity: 0.5, target: 0.5 };
    let log = ItemLog::new((0..400).map(row).collect()).unwrap();
    let naive = log.estimate(ItemEstimator::Ips, &QUICK).unwrap();
    let honest = log.with_clusters((0..400).map(|row| row / 10).collect()).unwrap();
    let honest = honest.estimate(ItemEstimator::Ips, &QUICK).unwrap();
    assert_eq!((honest.rows, honest.clusters, naive.clusters, honest.value), (400, 40, 400, naive.value));
    assert!(honest.high - honest.low > 2. * (naive.high - naive.low));
}

#[test]
fn little_support_is_refused_with_its_numbers() {
    // One row of weight 50 among 99 of weight 1: (50 + 99)² / (50² + 99) = 8.54.
    let mut rows = vec![Logged { reward: 1., propensity: 0.02, target: 0.02 }; 100];
    rows[7].target = 1.;
    let log = ItemLog::new(rows).unwrap();
    let error = log.estimate(ItemEstimator::Ips, &OffPolicyConfig::default()).unwrap_err();
    let text =
        "IPS refuses: the effective sample size is 8.5 of 100 rows, below the floor of 100; the largest weight is 50.0";
    assert_eq!(error.to_string(), text);
    let lower = OffPolicyConfig { ess_floor: 8.5, ..OffPolicyConfig::default() };
    assert!((log.estimate(ItemEstimator::Ips, &lower).unwrap().value - 1.49).abs() < 1e-12);
}

#[test]
fn a_target_that_never_did_what_was_logged_is_refused() {
    let never = Logged { reward: 1., propensity: 0.5, target: 0. };
    let log = ItemLog::new(vec![never; 5]).unwrap();
    for estimator in [ItemEstimator::Ips, ItemEstimator::Snips] {
        let error = log.estimate(estimator, &QUICK).unwrap_err();
        assert!(matches!(error, OffPolicyError::LowSupport { ess: 0., largest_weight: 0., .. }), "{error}");
    }
    // The first slot is supported and earns everything, the second has no weight to normalise by.
    let log = SlateLog::new(vec![vec![Logged { target: 0.5, ..never }, Logged { reward: 0., ..never }]; 5]).unwrap();
    assert_eq!(log.estimate(SlateEstimator::Rips, &QUICK).unwrap().value, 1.);
    let error = log.estimate(SlateEstimator::Snrips, &QUICK).unwrap_err();
    assert_eq!(error, OffPolicyError::NoWeight { estimator: "SNRIPS", slot: 1 });
}

#[test]
fn bad_rows_are_named_with_their_values() {
    let good = Logged { reward: 1., propensity: 0.5, target: 0.5 };
    let item = |bad: Logged| ItemLog::new(vec![good, bad]).unwrap_err().to_string();
    let slate = |bad: Logged| SlateLog::new(vec![vec![good], vec![good, good, bad]]).unwrap_err().to_string();
    let must = "the propensity of what was logged must lie in (0, 1]";
    for propensity in [0., -0.1, 1.5, f64::NAN, f64::INFINITY] {
        let text = format!("the logging propensity is {propensity} and the target probability 0.5; {must}");
        assert_eq!(item(Logged { propensity, ..good }), format!("row 1: {text}"));
        assert_eq!(slate(Logged { propensity, ..good }), format!("row 1, slot 2: {text}"));
    }
    for target in [-0.1, 1.5, f64::NAN] {
        let text = format!("the target probability is {target} at a logging propensity of 0.5; it must lie in [0, 1]");
        assert_eq!(item(Logged { target, ..good }), format!("row 1: {text}"));
    }
    assert_eq!(item(Logged { reward: f64::NAN, ..good }), "row 1: the reward is NaN; it must be finite");
    let log = ItemLog::new(vec![good; 2]).unwrap();
    let predicted = |logged, expected| log.clone().with_predictions(vec![Predicted { logged, expected }; 2]);
    let at = Place { row: 0, slot: None };
    let infinite = OffPolicyError::NonFinite { at, what: "expected prediction", value: f64::INFINITY };
    assert_eq!(predicted(0., f64::INFINITY).unwrap_err(), infinite);
    let marginal = vec![vec![Marginal { propensity: 0., target: 0.2 }]; 2];
    let error = SlateLog::new(vec![vec![good]; 2]).unwrap().with_marginals(&marginal).unwrap_err();
    assert!(matches!(error, OffPolicyError::Propensity { at: Place { row: 0, slot: Some(0) }, target: 0.2, .. }));
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let good = Logged { reward: 1., propensity: 0.5, target: 0.5 };
    let items = ItemLog::new(vec![good; 2]).unwrap();
    let slates = SlateLog::new(vec![vec![good]; 2]).unwrap();
    assert!(matches!(items.clone().with_clusters(vec![1]), Err(OffPolicyError::Length { what: "clusters", .. })));
    assert!(matches!(
        items.clone().with_predictions(vec![]),
        Err(OffPolicyError::Length { expected: 2, found: 0, .. })
    ));
    assert!(matches!(slates.clone().with_marginals(&[]), Err(OffPolicyError::Length { .. })));
    assert!(matches!(slates.clone().with_marginals(&[vec![], vec![]]), Err(OffPolicyError::Length { found: 0, .. })));
    assert!(matches!(slates.estimate(SlateEstimator::Iips, &QUICK), Err(OffPolicyError::Missing { .. })));
    assert!(matches!(items.estimate(ItemEstimator::Dr, &QUICK), Err(OffPolicyError::Missing { estimator: "DR", .. })));
    let one = items.clone().with_clusters(vec![4, 4]).unwrap().estimate(ItemEstimator::Ips, &QUICK);
    assert_eq!(one, Err(OffPolicyError::TooFew { what: "clusters", found: 1 }));
    let none = SlateLog::new(vec![]).unwrap().estimate(SlateEstimator::Snrips, &QUICK);
    assert_eq!(none, Err(OffPolicyError::TooFew { what: "rows", found: 0 }));
    let floor = items.estimate(ItemEstimator::Ips, &OffPolicyConfig { ess_floor: f64::NAN, ..QUICK });
    assert!(matches!(floor, Err(OffPolicyError::EssFloor { .. })));
    let bootstrap = BootstrapConfig { level: 2., ..QUICK.bootstrap };
    let level = items.estimate(ItemEstimator::Ips, &OffPolicyConfig { bootstrap, ..QUICK });
    assert_eq!(level, Err(OffPolicyError::Bootstrap(CompareError::Level { level: 2. })));
}

#[test]
fn numbers_that_no_sum_can_hold_are_refused() {
    let huge = Logged { reward: 1e300, propensity: 1e-20, target: 1. };
    let error = ItemLog::new(vec![huge; 2]).unwrap().estimate(ItemEstimator::Ips, &QUICK).unwrap_err();
    assert!(matches!(error, OffPolicyError::Overflow { at: Place { row: 0, slot: None }, .. }), "{error}");
    let vast = Logged { reward: 0., propensity: f64::MIN_POSITIVE, target: 1. };
    let log = SlateLog::new(vec![vec![vast; 3]; 2]).unwrap();
    for estimator in [SlateEstimator::Sips, SlateEstimator::Snrips] {
        assert!(matches!(log.estimate(estimator, &QUICK), Err(OffPolicyError::Overflow { .. })));
    }
}

#[test]
fn slates_without_slots_earn_nothing() {
    let log = independent(vec![vec![]; 3]);
    for estimator in SlateEstimator::ALL {
        let estimate = log.estimate(estimator, &QUICK).unwrap();
        assert_eq!((estimate.value, estimate.low, estimate.high, estimate.ess), (0., 0., 0., 3.));
    }
}

#[test]
fn lists_are_logs_where_they_say_what_was_shown() {
    let world = psad_sim::World::new(psad_sim::SimConfig { users: 5, items: 40, ..Default::default() }).unwrap();
    let lists: Vec<_> = (0..3).map(|index| world.list(psad_sim::Split::Test, index).list).collect();
    let shown = |list: &psad_core::LabeledList| list.shown().unwrap().propensities.clone();
    let targets: Vec<Vec<f64>> = lists.iter().map(shown).collect();
    let log = SlateLog::from_lists(&lists, &targets).unwrap();
    let clicks: f32 = lists.iter().flat_map(psad_core::LabeledList::labels).sum();
    assert!(near(log.logged_value().unwrap(), f64::from(clicks) / 3.));

    let short = SlateLog::from_lists(&lists, &targets[..2]);
    assert!(matches!(short, Err(OffPolicyError::Length { expected: 3, found: 2, .. })));
    let slots = [targets[0].clone(), targets[1].clone(), vec![0.5]];
    assert!(matches!(SlateLog::from_lists(&lists, &slots), Err(OffPolicyError::Length { found: 1, .. })));
    let unshown = psad_core::LabeledList::new(lists[1].request().clone(), lists[1].labels().to_vec().into()).unwrap();
    let unknown = SlateLog::from_lists(&[lists[0].clone(), unshown], &targets[..2]);
    assert_eq!(unknown, Err(OffPolicyError::NothingShown { row: 1 }));
}
