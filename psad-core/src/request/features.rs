//! Numbers that every model reads off a request in the same way, whichever framework it is written in.

use super::{Candidates, History};
use crate::Schema;

impl Candidates {
    /// The ranker's score of each candidate with mean 0 and deviation 1 within the list: rankers differ in scale, and so
    /// do users. A list whose scores are equal up to rounding gives zeros.
    pub fn standardised_scores(&self) -> impl ExactSizeIterator<Item = f32> + '_ {
        let count = self.scores.len() as f64;
        let mean = self.scores.iter().map(|&score| f64::from(score)).sum::<f64>() / count;
        let variance = self.scores.iter().map(|&score| (f64::from(score) - mean).powi(2)).sum::<f64>() / count;
        let deviation = variance.sqrt();
        // A list without spread says nothing; a tiny spread is rounding, not information.
        let flat = deviation <= 1e-6 * mean.abs().max(1e-6);
        self.scores.iter().map(move |&score| if flat { 0. } else { ((f64::from(score) - mean) / deviation) as f32 })
    }
}

impl History {
    /// Distance `δ` of each item from now, oldest first: `log2(1 + age in days)` where ages are known, else steps back
    /// from the newest, which has 0.
    pub fn distances(&self) -> impl ExactSizeIterator<Item = f32> + '_ {
        let ages = self.ages.as_ref();
        (0..self.len()).map(move |item| match ages {
            Some(days) => (1. + days[item]).log2(),
            None => (self.len() - 1 - item) as f32,
        })
    }
}

impl Schema {
    /// Rows that a table of history positions has: one per step back, and enough for `log2(1 + age)` of any age that
    /// matters (32 rows reach four billion days).
    pub fn history_buckets(&self) -> usize {
        self.max_history().max(32)
    }

    /// The row of such a table that a distance of [`History::distances`] reads: rounded down, at most the last one.
    pub fn history_bucket(&self, distance: f32) -> usize {
        (distance as usize).min(self.history_buckets() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Items, Schema};
    use ndarray::{Array1, Array2, array};
    use proptest::prelude::*;

    fn candidates(scores: Vec<f32>) -> Candidates {
        let items = Items::new(Array2::zeros((scores.len(), 1)), Array2::zeros((scores.len(), 0))).unwrap();
        Candidates::new(items, Array1::from(scores)).unwrap()
    }

    fn history(count: usize) -> History {
        let items = Items::new(Array2::zeros((count, 1)), Array2::zeros((count, 0))).unwrap();
        History::new(items, Array1::zeros(count)).unwrap()
    }

    proptest! {
        #[test]
        fn standardised_scores_have_mean_0_and_deviation_1_in_the_same_order(
            scores in prop::collection::vec(-1e6_f32..1e6, 2..30),
        ) {
            let candidates = candidates(scores.clone());
            let found: Vec<f32> = candidates.standardised_scores().collect();
            prop_assert_eq!(candidates.standardised_scores().len(), scores.len());
            let moment = |power| found.iter().map(|&score| f64::from(score).powi(power)).sum::<f64>() / found.len() as f64;
            prop_assert!(moment(1).abs() < 1e-5);
            prop_assert!((moment(2) - 1.).abs() < 1e-5 || found.iter().all(|&score| score == 0.));
            for (a, b) in (0..scores.len()).flat_map(|a| (0..scores.len()).map(move |b| (a, b))) {
                prop_assert!(scores[a] < scores[b] || found[a] >= found[b]);
            }
        }
    }

    #[test]
    fn a_list_without_spread_has_scores_of_0() {
        for scores in [vec![3.], vec![0.1; 7], vec![1e9, 1e9 + 64.], vec![f32::MAX; 2], vec![0., 1e-13]] {
            assert!(candidates(scores).standardised_scores().all(|score| score == 0.));
        }
        let widest: Vec<f32> = candidates(vec![f32::MAX, f32::MIN]).standardised_scores().collect();
        assert_eq!(widest, [1., -1.]);
    }

    #[test]
    fn a_distance_is_the_steps_back_or_the_logarithm_of_the_age() {
        assert_eq!(history(3).distances().collect::<Vec<_>>(), [2., 1., 0.]);
        let aged = history(3).with_ages(array![7., 1., 0.]).unwrap();
        assert_eq!(aged.distances().collect::<Vec<_>>(), [3., 1., 0.]);
        assert_eq!(history(0).distances().len(), 0);
    }

    #[test]
    fn a_bucket_is_the_distance_rounded_down_and_always_in_the_table() {
        let schema = |longest| Schema::builder().item_sparse("film", 2).max_history(longest).build().unwrap();
        assert_eq!((schema(0).history_buckets(), schema(50).history_buckets()), (32, 50));
        let buckets = [0., 0.9, 31.5, 49., 128.].map(|distance| schema(50).history_bucket(distance));
        assert_eq!(buckets, [0, 0, 31, 49, 49]);
        assert_eq!(schema(0).history_bucket(128.), 31);
    }
}
