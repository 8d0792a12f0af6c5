//! The best slates that someone who knew the truth would show.

use psad_core::{Slate, SlateBuilder};

use crate::ListTruth;
use crate::truth::Progress;

/// Up to this many candidates every slate is tried.
const EXHAUSTIVE: usize = 8;

impl ListTruth {
    /// Fills slot after slot with the candidate that is most likely clicked below what already stands there.
    ///
    /// This is the best that a left-to-right decoder without look-ahead can do.
    pub fn greedy(&self, len: usize) -> Slate {
        let mut slate = SlateBuilder::new(self.candidates());
        while slate.len() < len {
            let chance = |item: &usize| self.click_if_seen(slate.placed(), *item);
            // Ties go to the ranker's order: `max_by` keeps the last of equals, so it walks backwards.
            let free: Vec<usize> = slate.free().collect();
            let Some(best) = free.into_iter().rev().max_by(|a, b| chance(a).total_cmp(&chance(b))) else { break };
            // A free candidate is never refused.
            let _ = slate.push(best);
        }
        slate.finish()
    }

    /// The best slate of `len` slots that can be found: what regret is measured against.
    ///
    /// Exact for lists of up to eight candidates. For longer lists an iterated local search: from the greedy slate and
    /// from the order by attraction it swaps and moves candidates as long as that helps, then fifty times leaves the
    /// best slate so far by random swaps (always the same ones) and climbs again. It is never worse than
    /// [`ListTruth::greedy`]. In the default worlds, ten of twenty candidates, it comes within 0.02 % of the mean
    /// utility that searches of ten to thirty times its length find, in about two milliseconds a list; ten of a
    /// hundred take 13, a hundred of a hundred one second.
    pub fn oracle(&self, len: usize) -> Slate {
        let len = len.min(self.candidates());
        let items = if self.candidates() <= EXHAUSTIVE { Exhaustive::search(self, len) } else { self.searched(len) };
        collect(self.candidates(), &items[..len])
    }

    fn searched(&self, len: usize) -> Vec<usize> {
        let greedy = self.greedy(len).completed().as_slice().to_vec();
        let mut attractive: Vec<usize> = (0..self.candidates()).collect();
        attractive.sort_by(|&a, &b| self.attraction()[b].total_cmp(&self.attraction()[a]));
        self.search(len).best([greedy, attractive])
    }
}

/// Tries every slate, depth first, so that a shared beginning is walked once.
struct Exhaustive<'a> {
    truth: &'a ListTruth,
    order: Vec<usize>,
    best: (f64, Vec<usize>),
}

impl<'a> Exhaustive<'a> {
    fn search(truth: &'a ListTruth, len: usize) -> Vec<usize> {
        let order: Vec<usize> = (0..truth.candidates()).collect();
        let mut search = Self { truth, best: (f64::NEG_INFINITY, order.clone()), order };
        search.descend(Progress::START, 0, len);
        search.best.1
    }

    fn descend(&mut self, progress: Progress, slot: usize, len: usize) {
        if slot == len {
            if progress.clicks > self.best.0 {
                self.best = (progress.clicks, self.order.clone());
            }
            return;
        }
        for next in slot..self.order.len() {
            self.order.swap(slot, next);
            let placed = self.truth.step(progress, &self.order[..slot], self.order[slot]);
            self.descend(placed, slot + 1, len);
            self.order.swap(slot, next);
        }
    }
}

fn collect(candidates: usize, items: &[usize]) -> Slate {
    let mut slate = SlateBuilder::new(candidates);
    for &item in items {
        // A part of a permutation is distinct and in range.
        let _ = slate.push(item);
    }
    slate.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::truth::tests::{indifferent, patient, truth};
    use crate::{Examination, Interactions, SimConfig, Split, World};

    #[test]
    fn greedy_takes_what_is_most_likely_clicked_next() {
        // 2 attracts most; 0 comes next; then 3 goes with 2, and 1 loses half below its substitute 0.
        assert_eq!(truth(Examination::PositionBased).greedy(9).as_slice(), [2, 0, 3, 1]);
        assert_eq!(truth(Examination::PositionBased).greedy(2).as_slice(), [2, 0]);
        assert_eq!(indifferent().greedy(4).as_slice(), [0, 1, 2, 3], "equals keep the ranker's order");
    }

    #[test]
    fn the_oracle_looks_ahead_where_that_pays() {
        let truth = patient(0.99);
        // Slots are nearly equal, so what helps the complement goes above it.
        let best = truth.oracle(2);
        assert_eq!(best.as_slice(), [0, 2]);
        assert!(truth.utility(best.as_slice()) > truth.utility(truth.greedy(2).as_slice()));
    }

    #[test]
    fn the_search_finds_what_trying_everything_finds() {
        let (mut exact, mut lists) = (0, 0);
        for examination in [Examination::PositionBased, Examination::Cascade, Examination::DependentClick] {
            let interactions = Interactions::Strong;
            let config = SimConfig { users: 20, candidates: 8, interactions, examination, ..SimConfig::default() };
            let world = World::new(config).unwrap();
            for index in 0..10 {
                let truth = world.list(Split::Train, index).truth;
                let best = truth.utility(&Exhaustive::search(&truth, 5)[..5]);
                let searched = truth.utility(&truth.searched(5)[..5]);
                // It may miss the best by a hair, but rarely and never by much.
                assert!(searched <= best + 1e-9 && searched > 0.999 * best, "list {index}: {searched} of {best}");
                exact += usize::from(searched > best - 1e-9);
                lists += 1;
                assert_eq!(truth.utility(truth.oracle(5).as_slice()), best);
            }
        }
        assert!(10 * exact >= 9 * lists, "{exact} of {lists}");
    }

    #[test]
    fn searches_from_elsewhere_find_next_to_nothing_better() {
        // Ten of twenty, as in the default worlds, where nobody can try all.
        let config = SimConfig { users: 20, interactions: Interactions::Strong, ..SimConfig::default() };
        let world = World::new(config).unwrap();
        let (mut found, mut longer) = (0., 0.);
        for index in 0..8 {
            let truth = world.list(Split::Test, index).truth;
            let search = truth.search(10);
            let own = truth.utility(&truth.searched(10)[..10]);
            // From the ranker's order, its reverse, and rotations of both.
            let starts = (0..20).step_by(5).flat_map(|shift| {
                let mut order: Vec<usize> = (0..20).collect();
                order.rotate_left(shift);
                [order.clone(), order.into_iter().rev().collect()]
            });
            let others = starts.map(|start| truth.utility(&search.best([start])[..10]));
            (found, longer) = (found + own, longer + others.fold(own, f64::max));
        }
        assert!(found > 0.999 * longer, "{found} of {longer}");
    }
}
