//! How far a slate or a reranker stays behind the best.

use psad_core::{Request, Reranker, Slate};

use crate::{ListTruth, RegretError, SimError, SimulatedList};

/// Lists that a reranker is given at once: enough for it to share work, few enough to fit in memory.
const BATCH: usize = 256;

impl ListTruth {
    /// Expected clicks that the slate loses against the best slate of its length, [`ListTruth::oracle`].
    ///
    /// Never negative for lists of up to eight candidates, where the oracle is exact; beyond, a slate that beats the
    /// search has a negative regret, which is given as it is. Each call searches; [`Optima`] keeps what was found.
    ///
    /// # Errors
    /// [`SimError::Slate`] for a slate of another list.
    pub fn regret(&self, slate: &Slate) -> Result<f64, SimError> {
        let utility = self.expected_utility(slate)?;
        Ok(self.optimum(slate.len()) - utility)
    }

    /// The part of the best slate's utility that the slate has; 1 where the best is worth nothing, as nothing is lost.
    ///
    /// # Errors
    /// [`SimError::Slate`] for a slate of another list.
    pub fn share(&self, slate: &Slate) -> Result<f64, SimError> {
        let utility = self.expected_utility(slate)?;
        Ok(share(utility, self.optimum(slate.len())))
    }

    fn optimum(&self, len: usize) -> f64 {
        self.utility(self.oracle(len).as_slice())
    }
}

fn share(utility: f64, optimum: f64) -> f64 {
    if optimum > 0. { utility / optimum } else { 1. }
}

/// The best utility of each of many lists, searched once and good for any number of rerankers.
///
/// ```
/// use psad_core::{Request, from_fn};
/// use psad_sim::{Optima, SimConfig, Split, World};
///
/// let world = World::new(SimConfig { users: 50, items: 100, test_lists: 20, ..SimConfig::default() })?;
/// let lists = world.lists(Split::Test);
/// let optima = Optima::new(&lists, 10)?;
/// let ranker = from_fn(|request: &Request, len| request.top_by_score(request.candidates().scores(), len));
/// let report = optima.measure(&ranker)?;
/// assert!(report.mean_regret() > 0. && report.share() < 1.);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The lists of a [`World`](crate::World) have no [`Constraints`](psad_core::Constraints). If you add some to their
/// requests, the optimum knows nothing of them: regret is then against what the best slate without rules would get.
#[derive(Debug, Clone, PartialEq)]
pub struct Optima<'a> {
    lists: &'a [SimulatedList],
    slates: Vec<Slate>,
    utilities: Vec<f64>,
    len: usize,
}

impl<'a> Optima<'a> {
    /// Searches the best slate of `len` slots, or of all candidates where there are fewer, of every list.
    ///
    /// # Errors
    /// [`RegretError::NoLists`] or [`RegretError::NoSlots`].
    pub fn new(lists: &'a [SimulatedList], len: usize) -> Result<Self, RegretError> {
        if lists.is_empty() {
            return Err(RegretError::NoLists);
        }
        if len == 0 {
            return Err(RegretError::NoSlots);
        }
        let slates: Vec<Slate> = lists.iter().map(|simulated| simulated.truth.oracle(len)).collect();
        let worth = |(simulated, slate): (&SimulatedList, &Slate)| simulated.truth.utility(slate.as_slice());
        let utilities = lists.iter().zip(&slates).map(worth).collect();
        Ok(Self { lists, slates, utilities, len })
    }

    /// The best slate of each list.
    pub fn slates(&self) -> &[Slate] {
        &self.slates
    }

    /// Expected clicks on the best slate of each list.
    pub fn utilities(&self) -> &[f64] {
        &self.utilities
    }

    /// Lets a reranker order every list and compares its slates with the best.
    ///
    /// # Errors
    /// [`RegretError::Rerank`] if it cannot answer, and the errors of [`Optima::judge`] if it answers against the
    /// contract of [`Reranker`].
    pub fn measure(&self, reranker: &(impl Reranker + ?Sized)) -> Result<RegretReport, RegretError> {
        let mut slates = Vec::with_capacity(self.lists.len());
        for (batch, lists) in self.lists.chunks(BATCH).enumerate() {
            let requests: Vec<&Request> = lists.iter().map(|simulated| simulated.list.request()).collect();
            let first = batch * BATCH;
            let failed = |source| RegretError::Rerank { first, last: first + lists.len() - 1, source };
            slates.extend(reranker.rerank_batch(&requests, self.len).map_err(failed)?);
        }
        self.judge(&slates)
    }

    /// Compares one slate for each list, in the order of the lists, with the best.
    ///
    /// # Errors
    /// [`RegretError::Slates`] for another number of slates than lists, [`RegretError::Length`] for a slate of
    /// another length than the best, [`RegretError::Slate`] for a slate of another list.
    pub fn judge(&self, slates: &[Slate]) -> Result<RegretReport, RegretError> {
        if slates.len() != self.lists.len() {
            return Err(RegretError::Slates { expected: self.lists.len(), found: slates.len() });
        }
        let worth = |(list, slate): (usize, &Slate)| {
            let failed = |source| RegretError::Slate { list, source };
            let utility = self.lists[list].truth.expected_utility(slate).map_err(failed)?;
            let (expected, found) = (self.slates[list].len(), slate.len());
            if expected == found { Ok(utility) } else { Err(RegretError::Length { list, expected, found }) }
        };
        let utilities = slates.iter().enumerate().map(worth).collect::<Result<_, _>>()?;
        Ok(RegretReport { utilities, optima: self.utilities.clone() })
    }
}

/// Expected clicks of a reranker's slates beside the best ones; list by list, for paired comparisons.
#[derive(Debug, Clone, PartialEq)]
pub struct RegretReport {
    utilities: Vec<f64>,
    optima: Vec<f64>,
}

impl RegretReport {
    /// Expected clicks on the slate of each list.
    pub fn utilities(&self) -> &[f64] {
        &self.utilities
    }

    /// Expected clicks on the best slate of each list.
    pub fn optima(&self) -> &[f64] {
        &self.optima
    }

    /// Expected clicks lost against the best slate, list by list; see [`ListTruth::regret`] for when one can be
    /// negative.
    pub fn regrets(&self) -> Vec<f64> {
        self.optima.iter().zip(&self.utilities).map(|(optimum, utility)| optimum - utility).collect()
    }

    /// Expected clicks per list.
    pub fn mean_utility(&self) -> f64 {
        mean(&self.utilities)
    }

    /// Expected clicks lost per list.
    pub fn mean_regret(&self) -> f64 {
        mean(&self.regrets())
    }

    /// The part of the best slates' clicks that the slates get: a ratio of sums, so that a list counts by what there
    /// is to gain. It is 1 where the best slates get no click at all.
    pub fn share(&self) -> f64 {
        share(self.mean_utility(), mean(&self.optima))
    }
}

/// There is at least one list, by [`Optima::new`].
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_where_nothing_can_be_won() {
        assert_eq!(share(0., 0.), 1.);
        assert_eq!(share(0., 2.), 0.);
        assert_eq!(share(1., 2.), 0.5);
        let truth = crate::truth::tests::patient(0.9);
        let empty = Slate::initial(4, 0);
        assert_eq!((truth.regret(&empty), truth.share(&empty)), (Ok(0.), Ok(1.)));
    }

    #[test]
    fn a_slate_of_another_list_is_refused() {
        let truth = crate::truth::tests::indifferent();
        let other = Slate::initial(5, 2);
        assert_eq!(truth.regret(&other), Err(SimError::Slate { expected: 4, found: 5 }));
        assert!(truth.share(&other).is_err());
    }
}
