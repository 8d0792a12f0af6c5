//! What the default world is like: the figures that its documentation promises.

use psad_core::Slate;
use psad_sim::{Interactions, SimConfig, SimulatedList, Split, World};

const SLOTS: usize = 10;

fn lists(count: usize, config: SimConfig) -> Vec<SimulatedList> {
    let world = World::new(config).unwrap();
    (0..count).map(|index| world.list(Split::Validation, index)).collect()
}

fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (sum, count) = values.into_iter().fold((0., 0.), |(sum, count), value| (sum + value, count + 1.));
    sum / count
}

/// Mean expected utility of the slates that `order` makes.
fn utility(lists: &[SimulatedList], order: impl Fn(&SimulatedList) -> Slate) -> f64 {
    mean(lists.iter().map(|simulated| simulated.truth.expected_utility(&order(simulated)).unwrap()))
}

fn by_attraction(simulated: &SimulatedList) -> Slate {
    let attraction: Vec<f32> = simulated.truth.attraction().iter().map(|&chance| chance as f32).collect();
    Slate::top_by_score(&attraction, SLOTS).unwrap()
}

#[test]
fn knowing_the_context_pays_as_much_as_the_interactions_are_strong() {
    let gain = |interactions| {
        let lists = lists(300, SimConfig { interactions, ..SimConfig::default() });
        utility(&lists, |list| list.truth.greedy(SLOTS)) / utility(&lists, by_attraction) - 1.
    };
    let [weak, medium, strong] = [Interactions::Weak, Interactions::Medium, Interactions::Strong].map(gain);
    assert!(weak.abs() < 0.015, "weak: {weak}");
    assert!(medium > 0.05, "medium: {medium}");
    assert!(strong > 0.15, "strong: {strong}");
}

#[test]
fn every_step_towards_the_truth_pays() {
    let lists = lists(300, SimConfig::default());
    let backwards = |list: &SimulatedList| {
        let candidates = list.truth.candidates();
        Slate::new((candidates - SLOTS..candidates).rev().collect(), candidates).unwrap()
    };
    let ranker = utility(&lists, |list| Slate::initial(list.truth.candidates(), SLOTS));
    let greedy = utility(&lists, |list| list.truth.greedy(SLOTS));
    let steps = [utility(&lists, backwards), ranker, utility(&lists, by_attraction), greedy];
    assert!(steps.is_sorted_by(|worse, better| 1.05 * worse < *better), "{steps:?}");
    assert!(
        utility(&lists[..50], |list| list.truth.oracle(SLOTS)) > utility(&lists[..50], |list| list.truth.greedy(SLOTS))
    );
}

#[test]
fn mean_attraction_is_as_configured() {
    for mean_attraction in [0.1, 0.3] {
        let lists = lists(500, SimConfig { mean_attraction, ..SimConfig::default() });
        let found = mean(lists.iter().flat_map(|simulated| simulated.truth.attraction().iter().copied()));
        assert!((found / mean_attraction - 1.).abs() < 0.1, "{found} for {mean_attraction}");
    }
}

#[test]
fn the_rankers_accuracy_is_a_correlation_within_lists() {
    for ranker_accuracy in [0., 0.6, 1.] {
        let lists = lists(500, SimConfig { ranker_accuracy, ..SimConfig::default() });
        let (mut both, mut scores, mut logits) = (0., 0., 0.);
        for simulated in &lists {
            let score = centred(simulated.list.request().candidates().scores().iter().map(|&score| f64::from(score)));
            let logit = centred(simulated.truth.attraction().iter().map(|chance| (chance / (1. - chance)).ln()));
            both += score.iter().zip(&logit).map(|(a, b)| a * b).sum::<f64>();
            scores += score.iter().map(|a| a * a).sum::<f64>();
            logits += logit.iter().map(|b| b * b).sum::<f64>();
        }
        let correlation = both / (scores * logits).sqrt();
        assert!((correlation - ranker_accuracy).abs() < 0.03, "{correlation} for {ranker_accuracy}");
    }
}

fn centred(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let values: Vec<f64> = values.collect();
    let middle = mean(values.iter().copied());
    values.into_iter().map(|value| value - middle).collect()
}

/// How much likelier than not a candidate is liked when its category was clicked at an age in `days`.
fn lift(lists: &[SimulatedList], days: std::ops::Range<f32>) -> f64 {
    let (mut known, mut other) = (Vec::new(), Vec::new());
    for simulated in lists {
        let (history, candidates) = (simulated.list.request().history(), simulated.list.request().candidates());
        let ages = history.ages().unwrap();
        let clicked = |row: &usize| history.feedback()[*row] == 1 && days.contains(&ages[*row]);
        let liked: Vec<u32> =
            (0..history.len()).filter(clicked).map(|row| history.items().sparse()[[row, 1]]).collect();
        for (item, &chance) in simulated.truth.attraction().iter().enumerate() {
            let category = candidates.items().sparse()[[item, 1]];
            if liked.contains(&category) { known.push(chance) } else { other.push(chance) }
        }
    }
    mean(known) / mean(other)
}

#[test]
fn histories_tell_what_users_like_and_recent_ones_tell_more() {
    let lists = lists(1_000, SimConfig { drift: 1., ..SimConfig::default() });
    let (recent, old) = (lift(&lists, 0. ..5.), lift(&lists, 30. ..60.));
    assert!(old > 1.2, "{old}");
    assert!(recent > 1.1 * old, "{recent} against {old}");
}

#[test]
fn some_users_have_no_history_and_lengths_vary() {
    let lists = lists(500, SimConfig::default());
    let lengths: Vec<usize> = lists.iter().map(|simulated| simulated.list.request().history().len()).collect();
    let empty = lengths.iter().filter(|&&len| len == 0).count();
    assert!((5..60).contains(&empty), "{empty} of 500");
    assert_eq!(lengths.iter().max(), Some(&30));
    assert!(lengths.iter().collect::<std::collections::HashSet<_>>().len() > 20);
}
