//! The metrics of a ranked list, cut at k.

use std::borrow::Cow;

use crate::{Denominator, Gain, Metric, NoRelevant, Ranked, ShortList, cascade, gains, hits};

/// What is measured; [`Measure::at`] makes a [`Metric`] of it.
///
/// `c_i` is the label in slot i (from 1), `R` the number of relevant candidates of the whole list (label above 0),
/// `k' = min(k, candidates of the list)`, `hits_i` the relevant items among the first i.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Measure {
    /// `Σ_{i≤k'} gain(c_i) / log2(i + 1)` (Järvelin & Kekäläinen 2002, with the discount of Burges et al. 2005).
    /// With the exponential gain a label above 1023 overflows; NDCG is safe.
    Dcg(Gain),
    /// DCG divided by the DCG of the best order of the whole list, also cut at k (Järvelin & Kekäläinen 2002).
    Ndcg(Gain),
    /// `Σ_{i≤k', c_i>0} hits_i / i`, divided as told (Buckley & Voorhees, SIGIR 2000); its mean over lists is MAP.
    AveragePrecision(Denominator),
    /// `1 / i` of the first relevant slot i ≤ k', 0 without one (Voorhees, TREC-8 1999); its mean over lists is MRR.
    ReciprocalRank,
    /// Expected reciprocal rank, `Σ_{i≤k'} 1/i · R_i · Π_{j<i} (1 − R_j)` with `R_i = (2^{c_i} − 1) / 2^highest`
    /// (Chapelle, Metzler, Zhang & Grinspan, *Expected reciprocal rank for graded relevance*, CIKM 2009).
    ///
    /// A list with a label above `highest` has no such probability: the value is NaN, which
    /// [`evaluate`](crate::evaluate) refuses.
    ExpectedReciprocalRank {
        /// Highest grade that a label can have, in this list or another; 1 for clicks.
        highest: u8,
    },
    /// `hits_k / k'` (van Rijsbergen, *Information Retrieval*, 1979, as recall and F1).
    Precision,
    /// `hits_k / R`.
    Recall,
    /// Whether there is a relevant item among the first k.
    HitRate,
    /// Harmonic mean of precision and recall, `2 hits_k / (k' + R)`.
    F1,
    /// `Σ_{i≤k'} c_i`, the utility of the slate; with labels of click times price it is revenue.
    Clicks,
}

impl Measure {
    /// The metric at `k`, with the policies that its formula suggests: lists shorter than k shrink it; a list without
    /// relevant item is skipped where the formula is 0/0 (NDCG, average precision, recall, F1) and 0 where it is not.
    #[must_use]
    pub fn at(self, k: usize) -> AtK {
        AtK { measure: self, k, no_relevant: self.natural(), short_list: ShortList::default() }
    }

    fn natural(self) -> NoRelevant {
        match self {
            Self::Ndcg(_) | Self::AveragePrecision(_) | Self::Recall | Self::F1 => NoRelevant::Skip,
            Self::Dcg(_) | Self::Clicks | Self::ReciprocalRank | Self::ExpectedReciprocalRank { .. } => {
                NoRelevant::Zero
            }
            Self::Precision | Self::HitRate => NoRelevant::Zero,
        }
    }

    fn is_sum(self) -> bool {
        matches!(self, Self::Dcg(_) | Self::Clicks)
    }

    fn stem(self) -> &'static str {
        match self {
            Self::Dcg(_) => "dcg",
            Self::Ndcg(_) => "ndcg",
            Self::AveragePrecision(_) => "map",
            Self::ReciprocalRank => "mrr",
            Self::ExpectedReciprocalRank { .. } => "err",
            Self::Precision => "precision",
            Self::Recall => "recall",
            Self::HitRate => "hitrate",
            Self::F1 => "f1",
            Self::Clicks => "clicks",
        }
    }

    fn variant(self) -> Option<Cow<'static, str>> {
        let fixed = match self {
            Self::ExpectedReciprocalRank { highest } => return Some(format!("max={highest}").into()),
            Self::Dcg(Gain::Exponential) | Self::Ndcg(Gain::Exponential) => Some("exp"),
            Self::Dcg(Gain::Linear) | Self::Ndcg(Gain::Linear) => Some("linear"),
            Self::AveragePrecision(Denominator::Reachable) => Some("/min(k,R)"),
            Self::AveragePrecision(Denominator::Hits) => Some("/hits"),
            Self::AveragePrecision(Denominator::Relevant) => Some("/R"),
            _ => None,
        };
        fixed.map(Cow::Borrowed)
    }
}

/// A [`Measure`] of the first k slots, with its policies.
///
/// A slate with fewer than k slots leaves the rest empty, and empty slots earn nothing: ask rerankers for slates as
/// long as the largest k. At `k = 0` every value is undefined.
///
/// ```
/// use psad_eval::{Gain, Measure, Metric, NoRelevant, Ranked, Ties};
/// let metric = Measure::Ndcg(Gain::Linear).at(3).no_relevant(NoRelevant::Zero);
/// assert_eq!(metric.name(), "ndcg@3(linear,empty=zero)");
///
/// let ranked = Ranked::from_scores(&[0.9, 0.8, 0.7, 0.2, 0.6, 0.1], &[0., 2., 0., 1., 3., 0.], Ties::Stable)?;
/// assert!((metric.value(&ranked).unwrap() - 0.264_993).abs() < 1e-6);
/// # Ok::<(), psad_eval::InputError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AtK {
    measure: Measure,
    k: usize,
    no_relevant: NoRelevant,
    short_list: ShortList,
}

impl AtK {
    /// Sets what a list without relevant item is worth.
    #[must_use]
    pub fn no_relevant(mut self, policy: NoRelevant) -> Self {
        let sum_cannot_be_one = self.measure.is_sum() && policy == NoRelevant::One;
        self.no_relevant = if sum_cannot_be_one { NoRelevant::Zero } else { policy };
        self
    }

    /// Sets what becomes of k where the list has fewer than k candidates.
    #[must_use]
    pub fn short_list(mut self, policy: ShortList) -> Self {
        self.short_list = policy;
        self
    }

    /// What is measured.
    pub fn measure(&self) -> Measure {
        self.measure
    }

    /// How many slots count.
    pub fn k(&self) -> usize {
        self.k
    }

    fn defined(&self, ranked: &Ranked) -> f64 {
        let (relevant, cut) = (ranked.relevant() as f64, self.k.min(ranked.len()));
        let slots = if self.short_list == ShortList::Pad { self.k } else { cut } as f64;
        match self.measure {
            Measure::Dcg(gain) => gains::dcg(ranked, gain, cut),
            Measure::Ndcg(gain) => gains::ndcg(ranked, gain, cut),
            Measure::AveragePrecision(denominator) => hits::average_precision(ranked, denominator, cut),
            Measure::ReciprocalRank => hits::first_hit(ranked, cut, |slot| 1. / slot as f64),
            Measure::ExpectedReciprocalRank { highest } => cascade::err(ranked, highest, cut),
            Measure::HitRate => hits::first_hit(ranked, cut, |_| 1.),
            Measure::Precision => hits::expected(ranked, cut) / slots,
            Measure::Recall => hits::expected(ranked, cut) / relevant,
            Measure::F1 => 2. * hits::expected(ranked, cut) / (slots + relevant),
            Measure::Clicks => gains::clicks(ranked, cut),
        }
    }
}

impl Metric for AtK {
    fn name(&self) -> String {
        let empty = match self.no_relevant {
            policy if policy == self.measure.natural() => None,
            NoRelevant::Skip => Some("empty=skip"),
            NoRelevant::Zero => Some("empty=zero"),
            NoRelevant::One => Some("empty=one"),
        };
        let short = match self.short_list {
            ShortList::Shrink => None,
            ShortList::Pad => Some("short=pad"),
            ShortList::Skip => Some("short=skip"),
        };
        let policies = [empty, short].map(|policy| policy.map(Cow::Borrowed));
        let parts: Vec<_> = self.measure.variant().into_iter().chain(policies.into_iter().flatten()).collect();
        let suffix = if parts.is_empty() { String::new() } else { format!("({})", parts.join(",")) };
        format!("{}@{}{suffix}", self.measure.stem(), self.k)
    }

    fn value(&self, ranked: &Ranked) -> Option<f64> {
        if self.k == 0 || (self.short_list == ShortList::Skip && ranked.len() < self.k) {
            return None;
        }
        if ranked.relevant() > 0 {
            return Some(self.defined(ranked));
        }
        match self.no_relevant {
            NoRelevant::Skip => None,
            NoRelevant::Zero => Some(0.),
            NoRelevant::One => Some(1.),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ties;
    use psad_core::Slate;

    fn value(metric: AtK, labels: &[f32]) -> Option<f64> {
        metric.value(&Ranked::from_slate(&Slate::initial(labels.len(), labels.len()), labels).unwrap())
    }

    #[test]
    fn a_name_tells_every_choice_that_is_not_the_usual_one() {
        let map = Measure::AveragePrecision(Denominator::Hits).at(5);
        assert_eq!(map.name(), "map@5(/hits)");
        assert_eq!(map.short_list(ShortList::Skip).name(), "map@5(/hits,short=skip)");
        let err = Measure::ExpectedReciprocalRank { highest: 4 }.at(20);
        assert_eq!(err.name(), "err@20(max=4)");
        assert_eq!(err.no_relevant(NoRelevant::Skip).name(), "err@20(max=4,empty=skip)");
        assert_eq!(Measure::Precision.at(3).name(), "precision@3");
        assert_eq!(Measure::Precision.at(3).no_relevant(NoRelevant::Skip).name(), "precision@3(empty=skip)");
    }

    #[test]
    fn a_list_without_relevant_item_follows_the_policy() {
        for measure in [Measure::Ndcg(Gain::Linear), Measure::Recall, Measure::HitRate] {
            assert_eq!(value(measure.at(2).no_relevant(NoRelevant::Skip), &[0., 0.]), None);
            assert_eq!(value(measure.at(2).no_relevant(NoRelevant::Zero), &[0., 0.]), Some(0.));
            assert_eq!(value(measure.at(2).no_relevant(NoRelevant::One), &[0., 0.]), Some(1.));
        }
        assert_eq!(value(Measure::Clicks.at(2).no_relevant(NoRelevant::One), &[0., 0.]), Some(0.));
        assert_eq!(value(Measure::Recall.at(2), &[]), None);
        assert_eq!(value(Measure::Precision.at(2), &[]), Some(0.));
    }

    #[test]
    fn a_list_shorter_than_k_follows_the_policy() {
        let precision = Measure::Precision.at(4);
        assert_eq!(value(precision, &[1., 0.]), Some(0.5));
        assert_eq!(value(precision.short_list(ShortList::Pad), &[1., 0.]), Some(0.25));
        assert_eq!(value(precision.short_list(ShortList::Skip), &[1., 0.]), None);
        assert_eq!(value(Measure::F1.at(4).short_list(ShortList::Pad), &[1., 0.]), Some(0.4));
    }

    #[test]
    fn empty_slots_of_a_short_slate_earn_nothing() {
        let ranked = Ranked::from_slate(&Slate::new(vec![0], 3).unwrap(), &[1., 1., 0.]).unwrap();
        assert_eq!(Measure::Precision.at(2).value(&ranked), Some(0.5));
        assert_eq!(Measure::Recall.at(2).value(&ranked), Some(0.5));
    }

    #[test]
    fn nothing_is_measured_at_zero() {
        assert_eq!(value(Measure::Clicks.at(0), &[1.]), None);
    }

    #[test]
    fn ndcg_survives_labels_whose_gain_overflows() {
        let ranked = Ranked::from_scores(&[1., 2.], &[3000., 2999.], Ties::Stable).unwrap();
        let value = Measure::Ndcg(Gain::Exponential).at(2).value(&ranked).unwrap();
        assert!(value > 0.85 && value < 1., "{value}");
        assert_eq!(self::value(Measure::Ndcg(Gain::Exponential).at(1), &[1e-30]), Some(1.));
    }
}
