//! What orders reach that only someone who knows the truth could choose: how far one comes without a search.

use anyhow::Result;
use psad::core::Slate;
use psad::sim::ListTruth;

use super::lists::Lists;
use super::measure::{Column, Values};

/// Every candidate by its own true chance of a click, as if none changed another's.
pub(crate) const ATTRACTION: &str = "by true attraction";
/// Slot by slot the candidate with the greatest true chance below what stands there already.
pub(crate) const GREEDY: &str = "greedy, knowing the truth";

/// Both, on the test lists of simulated users; none on others.
pub(crate) fn orders(lists: &Lists) -> Result<Vec<(&'static str, Values)>> {
    let Some(truths) = &lists.test.truth else { return Ok(Vec::new()) };
    let slots = lists.kind.slots();
    let [mut attraction, mut greedy] = <[Values; 2]>::default();
    for truth in truths {
        attraction.push(Column::Utility, Some(truth.expected_utility(&by_attraction(truth, slots)?)?));
        greedy.push(Column::Utility, Some(truth.expected_utility(&truth.greedy(slots))?));
    }
    Ok(vec![(ATTRACTION, attraction), (GREEDY, greedy)])
}

fn by_attraction(truth: &ListTruth, slots: usize) -> Result<Slate> {
    let scores: Vec<f32> = truth.attraction().iter().map(|&chance| chance as f32).collect();
    Ok(Slate::top_by_score(&scores, slots)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::lists::Kind;
    use crate::study::measure::mean;
    use crate::study::scale::Scale;

    #[test]
    fn what_stands_above_counts_for_the_greedy_one() {
        let lists = Lists::prepare(Kind::Strong, 42, &Scale::quick(), None).unwrap();
        let found = orders(&lists).unwrap();
        let means: Vec<f64> = found.iter().map(|(_, values)| mean(values.get(Column::Utility)).unwrap()).collect();
        let optima = lists.optima.unwrap();
        let best = optima.iter().sum::<f64>() / optima.len() as f64;
        assert!(means[0] < means[1] && means[1] < best, "{means:?} {best}");
    }
}
