//! NDCG in which a category is worth less each time it is shown again.

use std::collections::BTreeMap;

use psad_core::Slate;

use super::Topics;
use crate::NoRelevant;
use crate::input::{InputError, check_labels, check_length};

/// α-NDCG@k (Clarke et al., *Novelty and diversity in information retrieval evaluation*, SIGIR 2008).
///
/// A relevant item (label above 0) in slot i earns `Σ (1 − α)^seen / log2(i + 1)` over its categories, where `seen`
/// counts the relevant items of that category in the slots before. The sum over the first `min(k, candidates)` slots is
/// divided by that of an ideal order of the whole list. The ideal is greedy, as the best order is NP-hard to find: in
/// each slot the candidate that earns most, the first of the list among equals. With one category per item the greedy
/// order is the best and the value at most 1; with sets it can be beaten, and the value may then exceed 1 a little.
///
/// Empty slots of a short slate earn nothing. A list where no relevant candidate has a category follows
/// [`AlphaNdcg::no_relevant`], at first [`NoRelevant::Skip`]. At `k = 0` the value is undefined.
///
/// ```
/// use psad_core::Slate;
/// use psad_eval::{AlphaNdcg, NoRelevant, Summary, Topics};
/// let metric = AlphaNdcg::new(0.5, 2)?;
/// assert_eq!(metric.no_relevant(NoRelevant::Zero).name(), "alpha-ndcg@2(alpha=0.5,empty=zero)");
///
/// let (topics, labels) = (Topics::single([7, 7, 2]), [1., 1., 1.]);
/// let mut summary = Summary::new(metric.name());
/// summary.push(metric.value(&Slate::new(vec![0, 1, 2], 3)?, &labels, &topics)?); // 7 twice
/// summary.push(metric.value(&Slate::new(vec![0, 2, 1], 3)?, &labels, &topics)?);
/// assert!(summary.values()[0] < Some(0.81) && summary.values()[1] == Some(1.));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlphaNdcg {
    alpha: f64,
    k: usize,
    no_relevant: NoRelevant,
}

impl AlphaNdcg {
    /// α in [0, 1]: at 0 repetition costs nothing, at 1 a category counts once. The usual value is 0.5.
    ///
    /// # Errors
    /// [`InputError::Parameter`] for another α.
    pub fn new(alpha: f64, k: usize) -> Result<Self, InputError> {
        if !(0. ..=1.).contains(&alpha) {
            return Err(InputError::Parameter { what: "alpha", value: alpha, range: "[0, 1]" });
        }
        Ok(Self { alpha, k, no_relevant: NoRelevant::Skip })
    }

    /// Sets what a list is worth where no relevant candidate has a category.
    #[must_use]
    pub fn no_relevant(mut self, policy: NoRelevant) -> Self {
        self.no_relevant = policy;
        self
    }

    /// `alpha-ndcg@5(alpha=0.5)`.
    pub fn name(&self) -> String {
        let empty = match self.no_relevant {
            NoRelevant::Skip => "",
            NoRelevant::Zero => ",empty=zero",
            NoRelevant::One => ",empty=one",
        };
        format!("alpha-ndcg@{}(alpha={}{empty})", self.k, self.alpha)
    }

    /// The value of a slate, from one label and one set of categories per candidate.
    ///
    /// # Errors
    /// [`InputError::Length`] where labels or categories are not as many as the slate's candidates,
    /// [`InputError::Label`].
    pub fn value(&self, slate: &Slate, labels: &[f32], topics: &Topics) -> Result<Option<f64>, InputError> {
        check_length("labels", slate.candidates(), labels.len())?;
        topics.check(slate)?;
        check_labels(labels)?;
        if self.k == 0 {
            return Ok(None);
        }
        let cut = self.k.min(labels.len());
        let worthy = |&item: &usize| labels[item] > 0. && !topics.of(item).is_empty();
        let candidates: Vec<usize> = (0..labels.len()).filter(worthy).collect();
        if candidates.is_empty() {
            return Ok(match self.no_relevant {
                NoRelevant::Skip => None,
                NoRelevant::Zero => Some(0.),
                NoRelevant::One => Some(1.),
            });
        }
        let mut reader = Reader::new(self.alpha, topics);
        let shown = slate.iter().take(cut).enumerate().filter(|(_, item)| worthy(item));
        let sum: f64 = shown.map(|(slot, item)| reader.read(item) / discount(slot)).sum();
        Ok(Some(sum / self.ideal(candidates, cut, topics)))
    }

    fn ideal(&self, mut left: Vec<usize>, cut: usize, topics: &Topics) -> f64 {
        let mut reader = Reader::new(self.alpha, topics);
        let mut sum = 0.;
        for slot in 0..cut.min(left.len()) {
            let (mut best, mut most) = (0, f64::NEG_INFINITY);
            for (place, &item) in left.iter().enumerate() {
                let gain = reader.gain(item);
                if gain > most {
                    (best, most) = (place, gain);
                }
            }
            sum += reader.read(left.remove(best)) / discount(slot);
        }
        sum
    }
}

/// What has been read of each category so far.
struct Reader<'a> {
    kept: f64,
    topics: &'a Topics,
    seen: BTreeMap<u32, i32>,
}

impl<'a> Reader<'a> {
    fn new(alpha: f64, topics: &'a Topics) -> Self {
        Self { kept: 1. - alpha, topics, seen: BTreeMap::new() }
    }

    fn gain(&self, item: usize) -> f64 {
        let mut seen: Vec<i32> =
            self.topics.of(item).iter().map(|category| self.seen.get(category).copied().unwrap_or(0)).collect();
        // Equal counts must give equal sums to the last digit, or rounding would break ties of the ideal order.
        seen.sort_unstable();
        seen.into_iter().map(|times| self.kept.powi(times)).sum()
    }

    fn read(&mut self, item: usize) -> f64 {
        let gain = self.gain(item);
        for &category in self.topics.of(item) {
            *self.seen.entry(category).or_insert(0) += 1;
        }
        gain
    }
}

/// `log2(i + 1)` for the slot `i - 1`, counted from 0.
fn discount(slot: usize) -> f64 {
    (slot as f64 + 2.).log2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alpha_outside_its_range_is_refused() {
        for alpha in [-0.1, 1.1, f64::NAN] {
            assert!(matches!(AlphaNdcg::new(alpha, 1), Err(InputError::Parameter { what: "alpha", .. })));
        }
        let error = AlphaNdcg::new(2., 1).unwrap_err();
        assert_eq!(error.to_string(), "alpha is 2; it must lie in [0, 1]");
    }

    #[test]
    fn lists_without_anything_to_find_follow_the_policy() {
        let slate = Slate::initial(2, 2);
        let metric = AlphaNdcg::new(0.5, 2).unwrap();
        let bare = Topics::sets([vec![], vec![1]]);
        for (policy, value) in [(NoRelevant::Skip, None), (NoRelevant::Zero, Some(0.)), (NoRelevant::One, Some(1.))] {
            let metric = metric.no_relevant(policy);
            assert_eq!(metric.value(&slate, &[0., 0.], &Topics::single([1, 2])), Ok(value));
            assert_eq!(metric.value(&slate, &[1., 0.], &bare), Ok(value));
        }
        assert_eq!(metric.value(&Slate::new(vec![], 2).unwrap(), &[1., 1.], &Topics::single([1, 2])), Ok(Some(0.)));
        let error = metric.value(&slate, &[1.], &bare).unwrap_err();
        assert_eq!(error, InputError::Length { what: "labels", expected: 2, found: 1 });
        assert!(matches!(metric.value(&slate, &[1., f32::NAN], &bare), Err(InputError::Label { item: 1, .. })));
    }

    #[test]
    fn the_greedy_ideal_can_be_beaten_with_sets() {
        // Greedy starts with the first of three equals and finds 2 new categories next; the other two have 6 together.
        let topics = Topics::sets([vec![1, 2, 3], vec![1, 2, 4], vec![3, 5, 6]]);
        let slate = Slate::new(vec![1, 2], 3).unwrap();
        let value = AlphaNdcg::new(1., 2).unwrap().value(&slate, &[1.; 3], &topics).unwrap().unwrap();
        assert!(value > 1. && value < 1.2, "{value}");
    }
}
