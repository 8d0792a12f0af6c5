//! What holds in every world.

use proptest::prelude::*;
use psad_core::Slate;
use psad_sim::{Examination, Interactions, SimConfig, SimulatedList, Split, World};

const STRENGTHS: [Interactions; 3] = [Interactions::Weak, Interactions::Medium, Interactions::Strong];
const LAWS: [Examination; 3] = [Examination::PositionBased, Examination::Cascade, Examination::DependentClick];

prop_compose! {
    fn any_config()(
        seed: u64, users in 1_usize..20, categories in 1_usize..8, more in 0_usize..40, candidates in 1_usize..9,
        shown in prop::option::of(1_usize..9), max_history in 0_usize..12, window in 0_usize..6,
        interactions in prop::sample::select(&STRENGTHS[..]), examination in prop::sample::select(&LAWS[..]),
        mean_attraction in 0.01..0.99, drift in 0.0..2.0, ranker_accuracy in 0.0..=1.0,
        logging_temperature in 0.05..50.0,
    ) -> SimConfig {
        let shown = shown.map(|shown| shown.min(candidates));
        SimConfig {
            seed, users, items: categories.max(candidates) + more, categories, candidates, shown, max_history, window,
            interactions, examination, mean_attraction, drift, ranker_accuracy, logging_temperature,
            ..SimConfig::default()
        }
    }
}

/// Some slate of the list's candidates, in an order that a seed decides.
fn any_slate(candidates: usize, len: usize, seed: u64) -> Slate {
    let order = |item: usize| (seed ^ item as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    Slate::top_by_score(&(0..candidates).map(|item| order(item) as f32).collect::<Vec<_>>(), len).unwrap()
}

/// Plackett–Luce as it is defined, without the care for rounding that the crate takes.
fn conditionals(simulated: &SimulatedList, temperature: f64) -> Vec<f64> {
    let scores = simulated.list.request().candidates().scores();
    let weights: Vec<f64> = scores.iter().map(|&score| (f64::from(score) / temperature).exp()).collect();
    let order = simulated.list.shown().unwrap().slate.completed();
    let order = order.as_slice();
    let chance = |slot: usize| weights[order[slot]] / order[slot..].iter().map(|&item| weights[item]).sum::<f64>();
    (0..order.len()).map(chance).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn requests_fit_the_schema(config in any_config(), index in 0_usize..1_000) {
        let world = World::new(config.clone()).unwrap();
        let simulated = world.list(Split::Train, index);
        let request = simulated.list.request();
        world.schema().check(request).unwrap();
        prop_assert_eq!(request.candidates().len(), config.candidates);
        prop_assert!(request.candidates().scores().is_sorted_by(|a, b| a >= b));
        prop_assert_eq!(request.user().sparse()[0], simulated.user + 1);
        let history = request.history();
        prop_assert!(history.ages().unwrap().to_vec().is_sorted_by(|a, b| a >= b), "oldest first");
        for items in [request.candidates().items(), history.items()] {
            for (field, ids) in world.schema().item_sparse().iter().zip(items.sparse().columns()) {
                prop_assert!(ids.iter().all(|&id| id > 0 && (id as usize) < field.vocabulary));
            }
        }
    }

    #[test]
    fn what_was_shown_has_its_propensities_and_alone_has_labels(config in any_config(), index in 0_usize..1_000) {
        let simulated = World::new(config.clone()).unwrap().list(Split::Validation, index);
        let shown = simulated.list.shown().unwrap();
        prop_assert_eq!(shown.slate.len(), config.shown.unwrap_or(config.candidates));
        for (found, defined) in shown.propensities.iter().zip(conditionals(&simulated, config.logging_temperature)) {
            prop_assert!(*found > 0. && *found <= 1.);
            prop_assert!((found - defined).abs() < 1e-6, "{} is not {}", found, defined);
        }
        for (item, &label) in simulated.list.labels().iter().enumerate() {
            prop_assert!(label == 0. || (label == 1. && shown.slate.iter().any(|slot| slot == item)));
        }
    }

    #[test]
    fn probabilities_are_probabilities_and_sum_to_the_utility(
        config in any_config(), index in 0_usize..1_000, len in 0_usize..10, seed: u64,
    ) {
        let truth = World::new(config.clone()).unwrap().list(Split::Test, index).truth;
        let slate = any_slate(truth.candidates(), len, seed);
        let chances = truth.click_probabilities(&slate).unwrap();
        let utility = truth.expected_utility(&slate).unwrap();
        prop_assert!(chances.iter().chain(truth.attraction()).all(|chance| (0. ..=1.).contains(chance)));
        prop_assert!((chances.iter().sum::<f64>() - utility).abs() < 1e-12);
        prop_assert!((0. ..=slate.len() as f64).contains(&utility));
        prop_assert!(config.examination != Examination::Cascade || utility <= 1. + 1e-12);
        let best = truth.expected_utility(&truth.oracle(len)).unwrap();
        prop_assert!(best >= utility - 1e-12 && best >= truth.expected_utility(&truth.greedy(len)).unwrap() - 1e-12);
    }

    #[test]
    fn without_context_a_click_is_attraction_times_examination(
        config in any_config(), index in 0_usize..1_000, one: u64, other: u64,
    ) {
        let config = SimConfig { window: 0, examination: Examination::PositionBased, ..config };
        let truth = World::new(config).unwrap().list(Split::Test, index).truth;
        let examination = |seed| {
            let slate = any_slate(truth.candidates(), 9, seed);
            let chances = truth.click_probabilities(&slate).unwrap();
            chances.iter().zip(&slate).map(|(chance, item)| chance / truth.attraction()[item]).collect::<Vec<_>>()
        };
        let seen = examination(one);
        for (slot, (a, b)) in seen.iter().zip(examination(other)).enumerate() {
            prop_assert!((a - b).abs() < 1e-9, "slot {} is seen with {} or {}", slot, a, b);
            let patience = seen.get(1).copied().unwrap_or(1.);
            prop_assert!((a - patience.powf(slot as f64)).abs() < 1e-9);
        }
    }

    #[test]
    fn a_single_item_is_clicked_as_it_attracts(config in any_config(), item in 0_usize..9) {
        let truth = World::new(config).unwrap().list(Split::Test, 0).truth;
        let item = item % truth.candidates();
        let alone = Slate::new(vec![item], truth.candidates()).unwrap();
        prop_assert_eq!(truth.expected_utility(&alone).unwrap(), truth.attraction()[item]);
    }

    #[test]
    fn the_same_seed_gives_the_same_list_however_many_others_there_are(config in any_config(), index in 0_usize..50) {
        let one = World::new(SimConfig { train_lists: 1, test_lists: 0, ..config.clone() }).unwrap();
        let other = World::new(config.clone()).unwrap();
        let list = one.list(Split::Train, index);
        prop_assert_eq!(&list, &other.list(Split::Train, index));
        prop_assert_ne!(&list, &other.list(Split::Test, index));
        let reseeded = World::new(SimConfig { seed: config.seed ^ 1, ..config }).unwrap();
        prop_assert_ne!(&list, &reseeded.list(Split::Train, index));
        let slate = Slate::initial(list.truth.candidates(), 9);
        prop_assert_eq!(list.truth.simulate_clicks(&slate, 5), other.list(Split::Train, index).truth.simulate_clicks(&slate, 5));
    }

    #[test]
    fn worlds_that_differ_in_clicks_alone_make_the_same_requests(config in any_config(), index in 0_usize..50) {
        let list = |interactions, examination| {
            World::new(SimConfig { interactions, examination, ..config.clone() }).unwrap().list(Split::Train, index).list
        };
        let one = list(Interactions::Weak, Examination::Cascade);
        let other = list(Interactions::Strong, Examination::PositionBased);
        prop_assert_eq!(one.request(), other.request());
        prop_assert_eq!(one.shown(), other.shown());
    }
}

/// How many standard errors the mean of `SHOWS` draws with variance `variance` lies from what was expected.
fn standard_errors(mean: f64, expected: f64, variance: f64) -> f64 {
    (mean - expected) / (variance / SHOWS as f64).sqrt()
}

/// How often a slate is shown.
const SHOWS: u64 = 20_000;

/// Nine worlds with ten slots and the utility each are 99 comparisons. With exact formulas the chance that any of them
/// lies beyond 4.5 standard errors is 0.07 %, and the seeds are fixed, so that the test either always or never passes.
#[test]
fn the_closed_form_agrees_with_showing_the_slate_many_times() {
    for interactions in STRENGTHS {
        for examination in LAWS {
            let config = SimConfig { users: 30, items: 100, interactions, examination, ..SimConfig::default() };
            let truth = World::new(config).unwrap().list(Split::Test, 3).truth;
            let slate = Slate::initial(truth.candidates(), 10);
            let (mut per_slot, mut squares) = ([0_u32; 10], 0.);
            for seed in 0..SHOWS {
                let clicks = truth.simulate_clicks(&slate, seed).unwrap();
                per_slot.iter_mut().zip(&clicks).for_each(|(count, &clicked)| *count += u32::from(clicked));
                squares += (clicks.iter().filter(|&&clicked| clicked).count() as f64).powi(2);
            }
            let chances = truth.click_probabilities(&slate).unwrap();
            for (slot, (&count, chance)) in per_slot.iter().zip(chances).enumerate() {
                let mean = f64::from(count) / SHOWS as f64;
                let off = standard_errors(mean, chance, chance * (1. - chance));
                assert!(off.abs() < 4.5, "{interactions:?}, {examination:?}, slot {slot}: {mean} of {chance}");
            }
            let mean = f64::from(per_slot.iter().sum::<u32>()) / SHOWS as f64;
            let exact = truth.expected_utility(&slate).unwrap();
            let off = standard_errors(mean, exact, squares / SHOWS as f64 - mean * mean);
            assert!(off.abs() < 4.5, "{interactions:?}, {examination:?}: {mean} of {exact}, {off} standard errors");
        }
    }
}
