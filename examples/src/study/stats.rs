//! How sure a number is.

use std::collections::BTreeMap;

use anyhow::Result;
use psad::eval::{BootstrapConfig, paired_clustered};
use serde::Serialize;

use super::measure::mean;

/// Above this a difference may be chance.
pub(crate) const LEVEL: f64 = 0.05;

/// A mean with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Estimate {
    /// Mean over lists.
    pub(crate) mean: f64,
    /// Lower end.
    pub(crate) low: f64,
    /// Upper end.
    pub(crate) high: f64,
}

/// A paired difference with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Difference {
    /// Mean over lists.
    pub(crate) diff: f64,
    /// Lower end.
    pub(crate) low: f64,
    /// Upper end.
    pub(crate) high: f64,
    /// Two-sided p-value of the sign-flip test.
    pub(crate) p: f64,
}

impl Difference {
    /// Whether chance is an unlikely cause.
    pub(crate) fn is_significant(&self) -> bool {
        self.p < LEVEL
    }

    /// b − a.
    pub(crate) fn reversed(&self) -> Self {
        // Not a negative zero, which would be printed as one.
        Self { diff: 0. - self.diff, low: 0. - self.high, high: 0. - self.low, p: self.p }
    }
}

/// The mean, with whole clusters drawn for its interval.
pub(crate) fn estimate(values: &[Option<f64>], clusters: &[u32]) -> Result<Estimate> {
    let zero = vec![Some(0.); values.len()];
    let Difference { diff, low, high, .. } = difference(values, &zero, clusters)?;
    Ok(Estimate { mean: diff, low, high })
}

/// a − b over the lists where both are defined; clusters are drawn, and their signs flipped, as a whole.
pub(crate) fn difference(a: &[Option<f64>], b: &[Option<f64>], clusters: &[u32]) -> Result<Difference> {
    let found = paired_clustered(a, b, clusters, &BootstrapConfig::default())?;
    let [diff, low, high, p] = [found.diff, found.low, found.high, found.p].map(rounded);
    Ok(Difference { diff, low, high, p })
}

/// Numbers the distinct keys in the order in which they appear.
pub(crate) fn numbered<K: Ord>(keys: impl IntoIterator<Item = K>) -> Vec<u32> {
    let mut known = BTreeMap::new();
    let number = |key| {
        let next = known.len() as u32;
        *known.entry(key).or_insert(next)
    };
    keys.into_iter().map(number).collect()
}

/// Sum of the values over the sum of the optima, so that a list counts by what there is to gain. Its interval is that of
/// the mean of `(value − share · optimum) / mean optimum`, which is how much the ratio moves when other lists are drawn.
pub(crate) fn share(values: &[Option<f64>], optima: &[f64], clusters: &[u32]) -> Result<Option<Estimate>> {
    let pairs = values.iter().zip(optima).filter_map(|(value, optimum)| Some(((*value)?, optimum)));
    let (value, optimum, count) = pairs.fold((0., 0., 0.), |(a, b, n), (value, best)| (a + value, b + best, n + 1.));
    if optimum <= 0. {
        return Ok(None);
    }
    let (share, mean) = (value / optimum, optimum / count);
    let moves = values.iter().zip(optima).map(|(value, best)| value.map(|value| (value - share * best) / mean));
    let Estimate { low, high, .. } = estimate(&moves.collect::<Vec<_>>(), clusters)?;
    let [mean, low, high] = [share, share + low, share + high].map(rounded);
    Ok(Some(Estimate { mean, low, high }))
}

/// Six decimals are more than any of these numbers is sure of, and are the same on every reading of a file.
pub(crate) fn rounded(value: f64) -> f64 {
    // A negative zero would be printed as one.
    (value * 1e6).round() / 1e6 + 0.
}

/// a − b, list by list.
pub(crate) fn gained(a: &[Option<f64>], b: &[Option<f64>]) -> Vec<Option<f64>> {
    a.iter().zip(b).map(|(a, b)| Some((*a)? - (*b)?)).collect()
}

/// The means of the seeds, whose lists follow each other in lots of these sizes.
pub(crate) fn by_seed(values: &[Option<f64>], sizes: &[usize]) -> Vec<f64> {
    let mut rest = values;
    let mut next = |&size: &usize| {
        let (here, later) = rest.split_at_checked(size)?;
        rest = later;
        mean(here).map(rounded)
    };
    sizes.iter().filter_map(&mut next).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_holds_its_mean_and_a_difference_to_itself_is_nothing() {
        let values: Vec<_> = (0..60).map(|list| Some(f64::from(list % 7))).collect();
        let clusters = numbered((0..60).map(|list| list / 2));
        let Estimate { mean, low, high } = estimate(&values, &clusters).unwrap();
        assert!(low < mean && mean < high, "{low} {mean} {high}");
        let nothing = difference(&values, &values, &clusters).unwrap();
        assert_eq!((nothing.diff, nothing.low, nothing.high, nothing.p), (0., 0., 0., 1.));
        assert!(!nothing.is_significant());
    }

    #[test]
    fn one_user_with_many_lists_is_one_witness() {
        let (better, zero): (Vec<_>, Vec<_>) = (0..40).map(|_| (Some(1.), Some(0.))).unzip();
        let alone = difference(&better, &zero, &numbered(0..40)).unwrap();
        let together = difference(&better, &zero, &numbered((0..40).map(|list| list / 20))).unwrap();
        assert!(alone.is_significant() && !together.is_significant());
    }

    #[test]
    fn seeds_are_told_apart_and_lists_without_a_value_count_for_nothing() {
        let gains = gained(&[Some(3.), None, Some(2.), Some(5.)], &[Some(1.), Some(1.), None, Some(1.)]);
        assert_eq!(gains, [Some(2.), None, None, Some(4.)]);
        assert_eq!(by_seed(&gains, &[2, 2]), [2., 4.]);
        assert_eq!(by_seed(&gains[..2], &[2, 2]), [2.], "a variant of fewer seeds");
    }

    #[test]
    fn users_of_other_seeds_are_other_users() {
        assert_eq!(numbered([(42, 7), (42, 3), (43, 7), (42, 7)]), [0, 1, 2, 0]);
    }

    #[test]
    fn a_share_is_a_ratio_of_sums() {
        let found = share(&[Some(1.), Some(1.), None], &[1., 3., 9.], &[0, 1, 2]).unwrap().unwrap();
        assert!(found.mean == 0.5 && found.low < 0.5 && found.high > 0.5, "{found:?}");
        assert_eq!(share(&[Some(0.)], &[0.], &[0]).unwrap(), None);
        // Whoever reaches the same part of every optimum is as sure of it as can be.
        let optima: Vec<f64> = (1..30).map(f64::from).collect();
        let half: Vec<_> = optima.iter().map(|best| Some(best / 2.)).collect();
        let sure = share(&half, &optima, &numbered(1..30)).unwrap().unwrap();
        assert_eq!((sure.low, sure.high), (0.5, 0.5));
        assert_eq!((rounded(0.123_456_789), rounded(-1e-9).is_sign_negative()), (0.123_457, false));
    }
}
