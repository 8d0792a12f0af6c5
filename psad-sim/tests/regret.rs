//! What holds of oracles, regret and share in every world.

use proptest::prelude::*;
use psad_core::{Request, RerankError, Reranker, Slate, from_fn};
use psad_sim::{Examination, Interactions, ListTruth, Optima, RegretError, SimConfig, SimulatedList, Split, World};

prop_compose! {
    fn any_world(most_candidates: usize)(
        seed: u64, candidates in 1..=most_candidates, categories in 1_usize..8, window in 0_usize..6,
        interactions in prop::sample::select(&[Interactions::Weak, Interactions::Medium, Interactions::Strong][..]),
        examination in prop::sample::select(
            &[Examination::PositionBased, Examination::Cascade, Examination::DependentClick][..]
        ),
        mean_attraction in 0.01..0.99,
    ) -> World {
        let config = SimConfig { seed, candidates, categories, window, interactions, examination, ..SimConfig::default() };
        World::new(SimConfig { users: 9, items: 40, mean_attraction, ..config }).unwrap()
    }
}

/// Slates of the list's candidates, in orders that a seed decides.
fn any_slates(truth: &ListTruth, len: usize, seed: u64) -> impl Iterator<Item = Slate> {
    let candidates = truth.candidates();
    (0_u64..200).map(move |draw| {
        let order = |item: usize| (seed ^ (draw << 32) ^ item as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
        let scores: Vec<f32> = (0..candidates).map(|item| order(item) as f32).collect();
        Slate::top_by_score(&scores, len).unwrap()
    })
}

fn lists(world: &World, count: usize) -> Vec<SimulatedList> {
    (0..count).map(|index| world.list(Split::Test, index)).collect()
}

fn by_ranker() -> impl Reranker {
    from_fn(|request: &Request, len| request.top_by_score(request.candidates().scores(), len))
}

/// Answers with slates that were made before, found by the request.
fn prepared<'a>(lists: &'a [SimulatedList], slates: &'a [Slate]) -> impl Reranker + 'a {
    from_fn(|request: &Request, _| {
        let known = lists.iter().position(|simulated| simulated.list.request() == request);
        known.map(|list| slates[list].clone()).ok_or_else(|| RerankError::other("an unknown request"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_slate_beats_the_exhaustive_oracle(world in any_world(8), index in 0_usize..99, len in 0_usize..10, seed: u64) {
        let truth = world.list(Split::Test, index).truth;
        let best = truth.oracle(len);
        prop_assert_eq!(best.len(), len.min(truth.candidates()));
        prop_assert_eq!((truth.regret(&best), truth.share(&best)), (Ok(0.), Ok(1.)));
        let utility = truth.expected_utility(&best).unwrap();
        for slate in any_slates(&truth, len, seed).take(50).chain([truth.greedy(len)]) {
            prop_assert!(truth.expected_utility(&slate).unwrap() <= utility);
        }
        let slate = any_slates(&truth, len, seed).last().unwrap();
        prop_assert!(truth.regret(&slate).unwrap() >= 0.);
        prop_assert!((0. ..=1.).contains(&truth.share(&slate).unwrap()));
    }

    #[test]
    fn the_searched_oracle_beats_greedy_and_drawn_slates(
        world in any_world(24), index in 0_usize..99, len in 0_usize..12, seed: u64,
    ) {
        let truth = world.list(Split::Test, index).truth;
        let best = truth.oracle(len);
        prop_assert_eq!(&best, &truth.oracle(len), "the same list has the same oracle");
        let utility = truth.expected_utility(&best).unwrap() + 1e-9;
        for slate in any_slates(&truth, len, seed).chain([truth.greedy(len)]) {
            prop_assert!(truth.expected_utility(&slate).unwrap() <= utility);
        }
    }

    #[test]
    fn the_oracle_loses_nothing_and_others_lose_what_their_slates_lose(world in any_world(8), len in 1_usize..10) {
        let lists = lists(&world, 5);
        let optima = Optima::new(&lists, len).unwrap();
        let report = optima.measure(&prepared(&lists, optima.slates())).unwrap();
        prop_assert_eq!((report.mean_regret(), report.share()), (0., 1.));
        prop_assert_eq!(report.utilities(), optima.utilities());

        let report = optima.measure(&by_ranker()).unwrap();
        prop_assert_eq!(report.optima(), optima.utilities());
        prop_assert!((0. ..=1.).contains(&report.share()));
        for (simulated, regret) in lists.iter().zip(report.regrets()) {
            let slate = Slate::initial(simulated.truth.candidates(), len);
            prop_assert_eq!(simulated.truth.regret(&slate).unwrap(), regret);
            prop_assert!(regret >= 0.);
        }
        let best = report.optima().iter().sum::<f64>() / 5.;
        prop_assert!((report.mean_utility() + report.mean_regret() - best).abs() < 1e-12);
        prop_assert!((report.mean_utility() / best - report.share()).abs() < 1e-12);
    }
}

#[test]
fn batches_and_objects_are_measured_like_single_requests() {
    let world = World::new(SimConfig { users: 20, items: 60, candidates: 5, ..SimConfig::default() }).unwrap();
    let lists = lists(&world, 300);
    let optima = Optima::new(&lists, 3).unwrap();
    let object: &dyn Reranker = &by_ranker();
    let slates: Vec<Slate> = lists.iter().map(|one| object.rerank(one.list.request(), 3).unwrap()).collect();
    assert_eq!(optima.measure(object).unwrap(), optima.judge(&slates).unwrap());
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let world = World::new(SimConfig { users: 20, items: 60, candidates: 5, ..SimConfig::default() }).unwrap();
    let lists = lists(&world, 300);
    assert!(matches!(Optima::new(&[], 3), Err(RegretError::NoLists)));
    assert!(matches!(Optima::new(&lists, 0), Err(RegretError::NoSlots)));

    let optima = Optima::new(&lists, 3).unwrap();
    let short = from_fn(|request: &Request, _| request.top_by_score(request.candidates().scores(), 2));
    assert!(matches!(optima.measure(&short), Err(RegretError::Length { list: 0, expected: 3, found: 2 })));
    assert!(matches!(optima.judge(&[]), Err(RegretError::Slates { expected: 300, found: 0 })));
    let other = optima.judge(&vec![Slate::initial(9, 3); 300]).unwrap_err();
    assert_eq!(other.to_string(), "list 0: the slate was chosen from 9 candidates, but this list has 5");

    let forgetful = prepared(&lists[..280], optima.slates());
    let error = optima.measure(&forgetful).unwrap_err();
    assert_eq!(error.to_string(), "the reranker could not answer one of the lists 256 to 299: an unknown request");
}
