//! Local search over slates that are too many to try.

use ndarray_rand::rand::{Rng, rngs::StdRng};

use crate::seed::Stream;

/// A move must gain at least this much, so that rounding never makes the search go in circles.
const GAIN: f64 = 1e-12;
/// How often the best order so far is kicked and climbed again.
const KICKS: usize = 50;
/// Random swaps in a kick: enough to leave a local optimum, too few to forget what is good about it.
const SWAPS: usize = 4;

/// The truth about one list, laid out for walking many slates of one length quickly.
#[derive(Debug)]
pub(crate) struct Search {
    pub(crate) attraction: Vec<f64>,
    /// `effects[next][above]`: the factor on the attraction of `next` with `above` in its window.
    pub(crate) effects: Vec<Vec<f64>>,
    pub(crate) window: usize,
    pub(crate) after_skip: f64,
    /// Per slot of the slate.
    pub(crate) after_click: Vec<f64>,
}

/// What can be done with a stretch of an order. The order holds the slate, and behind it what is not shown.
#[derive(Debug, Clone, Copy)]
enum Move {
    /// The two ends change places.
    Swap,
    /// The last goes first.
    Raise,
    /// The first goes last.
    Lower,
}

impl Move {
    fn apply(self, stretch: &mut [usize]) {
        match self {
            Self::Swap => stretch.swap(0, stretch.len() - 1),
            Self::Raise => stretch.rotate_right(1),
            Self::Lower => stretch.rotate_left(1),
        }
    }

    fn undo(self, stretch: &mut [usize]) {
        match self {
            Self::Swap => self.apply(stretch),
            Self::Raise => Self::Lower.apply(stretch),
            Self::Lower => Self::Raise.apply(stretch),
        }
    }
}

/// Probability that the next slot is seen, and expected clicks so far.
type Progress = (f64, f64);

impl Search {
    /// Iterated local search (Lourenço, Martin & Stützle 2003): climbs from each start, then kicks the best order out
    /// of its local optimum and climbs again, keeping what is no worse.
    ///
    /// The kicks are the same for every list, so the same list gets the same answer.
    pub(crate) fn best(&self, starts: impl IntoIterator<Item = Vec<usize>>) -> Vec<usize> {
        let climbed = starts.into_iter().map(|start| self.climb(start));
        let Some((mut best, mut order)) = climbed.max_by(|(one, _), (other, _)| one.total_cmp(other)) else {
            return Vec::new();
        };
        let mut rng = Stream::Search.rng(0, 0);
        for _ in 0..KICKS {
            let (utility, found) = self.climb(self.kicked(order.clone(), &mut rng));
            if utility >= best {
                (best, order) = (utility, found);
            }
        }
        order
    }

    fn kicked(&self, mut order: Vec<usize>, rng: &mut StdRng) -> Vec<usize> {
        // Of a slate without slots nothing can be swapped.
        if !self.after_click.is_empty() {
            for _ in 0..SWAPS {
                order.swap(rng.random_range(0..self.after_click.len()), rng.random_range(0..self.attraction.len()));
            }
        }
        order
    }

    /// Makes whatever move helps until none does, and says what the slate is worth then.
    fn climb(&self, mut order: Vec<usize>) -> (f64, Vec<usize>) {
        let mut best = self.walk(&order, 0, (1., 0.));
        loop {
            let before = best;
            let mut above = (1., 0.);
            for first in 0..self.after_click.len() {
                for last in first + 1..order.len() {
                    for &change in self.moves(first, last) {
                        change.apply(&mut order[first..=last]);
                        // Nothing above the stretch has changed.
                        let utility = self.walk(&order, first, above);
                        if utility > best + GAIN {
                            best = utility;
                        } else {
                            change.undo(&mut order[first..=last]);
                        }
                    }
                }
                above = self.step(&order, first, above);
            }
            if best == before {
                return (best, order);
            }
        }
    }

    /// The moves of a stretch that give a slate of their own.
    fn moves(&self, first: usize, last: usize) -> &'static [Move] {
        if last == first + 1 {
            &[Move::Swap]
        } else if last < self.after_click.len() {
            &[Move::Swap, Move::Raise, Move::Lower]
        } else {
            &[Move::Swap, Move::Raise]
        }
    }

    /// Expected clicks on the whole slate, when those above slot `from` are known.
    fn walk(&self, order: &[usize], from: usize, above: Progress) -> f64 {
        (from..self.after_click.len()).fold(above, |progress, slot| self.step(order, slot, progress)).1
    }

    fn step(&self, order: &[usize], slot: usize, (seen, clicks): Progress) -> Progress {
        let effects = &self.effects[order[slot]];
        let window = &order[slot.saturating_sub(self.window)..slot];
        let click = window.iter().fold(self.attraction[order[slot]], |chance, &above| chance * effects[above]).min(1.);
        let stays = self.after_skip + click * (self.after_click[slot] - self.after_skip);
        (seen * stays, clicks + seen * click)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Examination, Interactions, SimConfig, Split, World};
    use proptest::prelude::*;
    use psad_core::Slate;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn the_tables_say_what_the_truth_says(index in 0_usize..1_000, len in 0_usize..=12, window in 0_usize..7) {
            for examination in [Examination::PositionBased, Examination::Cascade, Examination::DependentClick] {
                let interactions = Interactions::Strong;
                let config = SimConfig { users: 9, items: 60, candidates: 12, ..SimConfig::default() };
                let config = SimConfig { interactions, examination, window, ..config };
                let truth = World::new(config).unwrap().list(Split::Train, index).truth;
                let order: Vec<usize> = (0..12).collect();
                let walked = truth.search(len).walk(&order, 0, (1., 0.));
                prop_assert!((walked - truth.expected_utility(&Slate::initial(12, len)).unwrap()).abs() < 1e-12);
            }
        }

        #[test]
        fn undoing_a_move_restores_the_order(mut stretch in prop::collection::vec(0_usize..99, 2..12)) {
            let before = stretch.clone();
            for change in [Move::Swap, Move::Raise, Move::Lower] {
                change.apply(&mut stretch);
                change.undo(&mut stretch);
                prop_assert_eq!(&stretch, &before);
            }
        }
    }
}
