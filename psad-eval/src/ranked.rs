//! One list in the order that is judged.

use psad_core::Slate;

use crate::input::{InputError, check_labels, check_length, check_scores, descending};

/// What becomes of items with equal scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Ties {
    /// They keep the order in which they were given.
    #[default]
    Stable,
    /// The least relevant comes first: what the scores guarantee at least.
    Pessimistic,
    /// Each metric is its expectation over all orders of the tied items, in closed form (`McSherry` & Najork, *Computing
    /// information retrieval performance measures efficiently in the presence of tied scores*, ECIR 2008).
    Average,
}

/// The labels of one list in the order that is judged, and of all its candidates.
///
/// The order is made of groups of items that nothing distinguishes. A slate has groups of one; only scores read with
/// [`Ties::Average`] have larger ones, and every metric of this crate then gives its expectation over their orders.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    shown: Vec<f32>,
    /// Where each group of `shown` ends.
    ends: Vec<usize>,
    ideal: Vec<f32>,
}

impl Ranked {
    /// The list as `slate` shows it; `labels` has one label per candidate, in the candidates' order.
    ///
    /// # Errors
    /// [`InputError::Length`] for another number of labels than the slate has candidates, [`InputError::Label`].
    pub fn from_slate(slate: &Slate, labels: &[f32]) -> Result<Self, InputError> {
        check_length("labels", slate.candidates(), labels.len())?;
        check_labels(labels)?;
        Ok(Self::new(slate.iter().map(|item| labels[item]).collect(), (1..=slate.len()).collect(), labels))
    }

    /// The whole list by descending score.
    ///
    /// # Errors
    /// [`InputError::Length`], [`InputError::Label`], or [`InputError::Score`]: NaN and infinities are never an order.
    pub fn from_scores(scores: &[f32], labels: &[f32], ties: Ties) -> Result<Self, InputError> {
        check_length("labels", scores.len(), labels.len())?;
        check_scores(scores)?;
        check_labels(labels)?;
        let order = descending(scores);
        let mut shown: Vec<f32> = order.iter().map(|&item| labels[item]).collect();
        let tied = group_ends(&order, scores);
        let ends = match ties {
            Ties::Stable => (1..=shown.len()).collect(),
            Ties::Pessimistic => {
                let mut start = 0;
                for &end in &tied {
                    shown[start..end].sort_by(f32::total_cmp);
                    start = end;
                }
                (1..=shown.len()).collect()
            }
            Ties::Average => tied,
        };
        Ok(Self::new(shown, ends, labels))
    }

    fn new(shown: Vec<f32>, ends: Vec<usize>, labels: &[f32]) -> Self {
        let mut ideal = labels.to_vec();
        ideal.sort_by(|a, b| b.total_cmp(a));
        Self { shown, ends, ideal }
    }

    /// Labels in the order that is judged, first slot first; within a group of tied items their order means nothing.
    pub fn shown(&self) -> &[f32] {
        &self.shown
    }

    /// The groups of tied items that make up [`Ranked::shown`]: the slot (from 0) at which each begins, and its labels.
    pub fn groups(&self) -> impl Iterator<Item = (usize, &[f32])> + '_ {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| (start, &self.shown[start..end]))
    }

    /// Labels of all candidates of the list, shown or not, highest first: the ideal order.
    pub fn ideal(&self) -> &[f32] {
        &self.ideal
    }

    /// Number of candidates of the list, shown or not.
    pub fn len(&self) -> usize {
        self.ideal.len()
    }

    /// Whether the list has no candidate.
    pub fn is_empty(&self) -> bool {
        self.ideal.is_empty()
    }

    /// Number of relevant candidates of the list, shown or not; relevant is whatever has a label above 0.
    pub fn relevant(&self) -> usize {
        self.ideal.partition_point(|&label| label > 0.)
    }
}

fn group_ends(order: &[usize], scores: &[f32]) -> Vec<usize> {
    let last = order.len();
    (1..=last).filter(|&end| end == last || scores[order[end]] != scores[order[end - 1]]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABELS: [f32; 4] = [1., 0., 2., 0.];
    const SCORES: [f32; 4] = [0.5, 0.5, 0.5, 0.9];

    #[test]
    fn each_policy_has_its_order_of_equal_scores() {
        let shown = |ties| Ranked::from_scores(&SCORES, &LABELS, ties).unwrap().shown().to_vec();
        assert_eq!(shown(Ties::Stable), [0., 1., 0., 2.]);
        assert_eq!(shown(Ties::Pessimistic), [0., 0., 1., 2.]);
        let average = Ranked::from_scores(&SCORES, &LABELS, Ties::Average).unwrap();
        let groups: Vec<(usize, usize)> = average.groups().map(|(start, group)| (start, group.len())).collect();
        assert_eq!(groups, [(0, 1), (1, 3)]);
    }

    #[test]
    fn negative_zero_ties_with_zero() {
        let ranked = Ranked::from_scores(&[-0., 0.], &[0., 1.], Ties::Average).unwrap();
        assert_eq!(ranked.groups().count(), 1);
    }

    #[test]
    fn a_slate_remembers_what_it_did_not_show() {
        let ranked = Ranked::from_slate(&Slate::new(vec![1, 0], 4).unwrap(), &LABELS).unwrap();
        assert_eq!((ranked.shown(), ranked.ideal()), (&[0., 1.][..], &[2., 1., 0., 0.][..]));
        assert_eq!((ranked.len(), ranked.relevant(), ranked.groups().count()), (4, 2, 2));
    }

    #[test]
    fn numbers_that_order_nothing_are_errors() {
        let refuse = |scores: &[f32], labels: &[f32]| Ranked::from_scores(scores, labels, Ties::Stable).unwrap_err();
        assert!(matches!(refuse(&[0., f32::NAN], &[0., 1.]), InputError::Score { item: 1, .. }));
        assert!(matches!(refuse(&[f32::INFINITY], &[0.]), InputError::Score { item: 0, .. }));
        assert_eq!(refuse(&[1.], &[-1.]), InputError::Label { item: 0, label: -1. });
        assert_eq!(refuse(&[1.], &[]), InputError::Length { what: "labels", expected: 1, found: 0 });
        assert!(Ranked::from_slate(&Slate::initial(2, 2), &[1.]).is_err());
    }

    #[test]
    fn an_empty_list_has_no_group() {
        let ranked = Ranked::from_scores(&[], &[], Ties::Average).unwrap();
        assert!(ranked.is_empty() && ranked.groups().count() == 0);
    }
}
