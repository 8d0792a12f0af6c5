//! The exact answer of one user to any slate of one list.

use ndarray_rand::rand::{Rng, rngs::StdRng};
use psad_core::Slate;

use crate::SimError;
use crate::catalog::Kind;
use crate::scan::{Context, Scan};
use crate::search::Search;
use crate::seed::Stream;

/// The exact answer of one user to any slate of one list; see the [front page](crate) for the formulas.
///
/// It is what a measurement may know and a model must not: nothing of it stands in the request.
#[derive(Debug, Clone, PartialEq)]
pub struct ListTruth {
    attraction: Vec<f64>,
    kinds: Vec<Kind>,
    scan: Scan,
    context: Context,
}

/// Where a user stands after some slots of a slate, in expectation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Progress {
    /// Probability that the next slot is seen.
    pub(crate) seen: f64,
    /// Expected clicks so far.
    pub(crate) clicks: f64,
}

impl Progress {
    pub(crate) const START: Self = Self { seen: 1., clicks: 0. };
}

impl ListTruth {
    pub(crate) fn new(attraction: Vec<f64>, kinds: Vec<Kind>, scan: Scan, context: Context) -> Self {
        Self { attraction, kinds, scan, context }
    }

    /// Number of candidates.
    pub fn candidates(&self) -> usize {
        self.attraction.len()
    }

    /// Probability of a click on each candidate if it stood alone in the first slot, in the candidates' order.
    pub fn attraction(&self) -> &[f64] {
        &self.attraction
    }

    /// Expected number of clicks on a slate of any length, exactly.
    ///
    /// # Errors
    /// [`SimError::Slate`] for a slate of another list.
    pub fn expected_utility(&self, slate: &Slate) -> Result<f64, SimError> {
        self.check(slate)?;
        Ok(self.utility(slate.as_slice()))
    }

    /// Probability of a click in each slot, exactly; their sum is the expected utility.
    ///
    /// # Errors
    /// [`SimError::Slate`] for a slate of another list.
    pub fn click_probabilities(&self, slate: &Slate) -> Result<Vec<f64>, SimError> {
        self.check(slate)?;
        let mut progress = Progress::START;
        let slots = slate.iter().enumerate().map(|(slot, item)| {
            let before = progress.clicks;
            progress = self.step(progress, &slate.as_slice()[..slot], item);
            progress.clicks - before
        });
        Ok(slots.collect())
    }

    /// Shows the slate once and says for each slot whether it was clicked.
    ///
    /// # Errors
    /// [`SimError::Slate`] for a slate of another list.
    pub fn simulate_clicks(&self, slate: &Slate, seed: u64) -> Result<Vec<bool>, SimError> {
        self.check(slate)?;
        Ok(self.draw_clicks(slate.as_slice(), &mut Stream::Clicks.rng(seed, 0)))
    }

    /// Shows a slate once with the numbers of a running stream.
    pub(crate) fn draw_clicks(&self, slate: &[usize], rng: &mut StdRng) -> Vec<bool> {
        let mut clicks = vec![false; slate.len()];
        for (slot, &item) in slate.iter().enumerate() {
            clicks[slot] = rng.random_bool(self.click_if_seen(&slate[..slot], item));
            let stays = if clicks[slot] { self.scan.after_click(slot) } else { self.scan.after_skip() };
            if !rng.random_bool(stays) {
                break;
            }
        }
        clicks
    }

    /// Probability of a click on `item` below `above`, given that its slot is seen.
    pub(crate) fn click_if_seen(&self, above: &[usize], item: usize) -> f64 {
        let context = self.context.factor(&self.kinds, above, self.kinds[item]);
        (self.attraction[item] * context).clamp(0., 1.)
    }

    /// Puts `item` below `above` and goes on.
    pub(crate) fn step(&self, progress: Progress, above: &[usize], item: usize) -> Progress {
        let click = self.click_if_seen(above, item);
        let stays = click * self.scan.after_click(above.len()) + (1. - click) * self.scan.after_skip();
        Progress { seen: progress.seen * stays, clicks: progress.clicks + progress.seen * click }
    }

    /// Expected clicks on candidates that are known to be in range.
    pub(crate) fn utility(&self, slate: &[usize]) -> f64 {
        let walk = slate.iter().enumerate();
        walk.fold(Progress::START, |progress, (slot, &item)| self.step(progress, &slate[..slot], item)).clicks
    }

    /// The same truth, laid out for a search among slates of `len` slots.
    pub(crate) fn search(&self, len: usize) -> Search {
        let effects = |&next: &Kind| self.kinds.iter().map(|&above| self.context.effect(above, next)).collect();
        Search {
            attraction: self.attraction.clone(),
            effects: self.kinds.iter().map(effects).collect(),
            window: self.context.window,
            after_skip: self.scan.after_skip(),
            after_click: (0..len).map(|slot| self.scan.after_click(slot)).collect(),
        }
    }

    fn check(&self, slate: &Slate) -> Result<(), SimError> {
        let (expected, found) = (self.candidates(), slate.candidates());
        if expected == found { Ok(()) } else { Err(SimError::Slate { expected, found }) }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::Examination;

    /// Four candidates: two of category 0, which helps category 1, one of that, and one of category 2.
    pub(crate) fn truth(law: Examination) -> ListTruth {
        let kinds = [(0, 1), (0, 1), (1, 2), (2, 0)].map(|(category, helps)| Kind { category, helps });
        let scan = Scan { law, patience: 0.5, loyalty: 0.8 };
        let context = Context { window: 2, substitute: 0.5, complement: 1.5 };
        ListTruth::new(vec![0.4, 0.2, 0.8, 0.1], kinds.to_vec(), scan, context)
    }

    /// The same, of someone who leaves at another rate.
    pub(crate) fn patient(patience: f64) -> ListTruth {
        let mut truth = truth(Examination::PositionBased);
        truth.scan.patience = patience;
        truth
    }

    /// The same, of someone to whom all are alike.
    pub(crate) fn indifferent() -> ListTruth {
        let truth = truth(Examination::PositionBased);
        ListTruth { attraction: vec![0.5; 4], context: Context { window: 0, ..truth.context.clone() }, ..truth }
    }

    fn slate(items: &[usize]) -> Slate {
        Slate::new(items.to_vec(), 4).unwrap()
    }

    fn near(found: &[f64], expected: &[f64]) {
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?} is not {expected:?}");
        assert_eq!(found.len(), expected.len());
    }

    #[test]
    fn click_probabilities_are_those_computed_by_hand() {
        let chances = |law| truth(law).click_probabilities(&slate(&[0, 1, 2])).unwrap();
        // If seen: 0.4; 0.2 · 0.5 below a substitute; 0.8 · 1.5² below two complements, which is cut at 1.
        near(&chances(Examination::PositionBased), &[0.4, 0.5 * 0.1, 0.25]);
        near(&chances(Examination::Cascade), &[0.4, 0.3 * 0.1, 0.3 * 0.45]);
        let (second, third) = (0.5 * (0.6 + 0.4 * 0.8), 0.5 * (0.9 + 0.1 * 0.8 * 0.97));
        near(&chances(Examination::DependentClick), &[0.4, second * 0.1, second * third]);
    }

    #[test]
    fn what_lies_above_the_window_is_forgotten() {
        let chances = truth(Examination::PositionBased).click_probabilities(&slate(&[0, 3, 2, 1])).unwrap();
        // The last has its substitute 0 three slots above, and 3, which it goes with, two slots above.
        near(&chances, &[0.4, 0.5 * 0.1, 0.25, 0.125 * 0.2 * 1.5]);
    }

    #[test]
    fn a_slate_of_another_list_is_refused() {
        let other = Slate::initial(5, 2);
        let truth = truth(Examination::Cascade);
        assert_eq!(truth.expected_utility(&other), Err(SimError::Slate { expected: 4, found: 5 }));
        assert!(truth.click_probabilities(&other).is_err() && truth.simulate_clicks(&other, 0).is_err());
    }

    #[test]
    fn an_empty_slate_is_worth_nothing() {
        assert_eq!(truth(Examination::Cascade).expected_utility(&slate(&[])), Ok(0.));
    }
}
