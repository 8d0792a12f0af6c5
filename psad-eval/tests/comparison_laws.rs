//! Laws of summaries and paired comparisons.

use proptest::prelude::*;
use psad_eval::{BootstrapConfig, CompareError, Summary, paired, paired_clustered};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const QUICK: BootstrapConfig = BootstrapConfig { resamples: 200, level: 0.9, seed: 7 };

fn values(most: usize) -> impl Strategy<Value = Vec<Option<f64>>> {
    prop::collection::vec(prop::option::weighted(0.8, 0_f64..1.), 0..most)
}

fn summary(values: &[Option<f64>]) -> Summary {
    let mut summary = Summary::new("any@1");
    summary.extend(values.iter().copied());
    summary
}

proptest! {
    #[test]
    fn merged_shards_are_the_whole(values in values(40), cut in 0_usize..40) {
        let (head, tail) = values.split_at(cut.min(values.len()));
        let mut merged = summary(head);
        merged.merge(summary(tail)).unwrap();
        prop_assert_eq!(merged, summary(&values));
    }

    #[test]
    fn the_order_of_lists_does_not_change_the_mean(values in values(40), turn in 0_usize..40) {
        let mut turned = values.clone();
        turned.rotate_left(if values.is_empty() { 0 } else { turn % values.len() });
        turned.reverse();
        let (a, b) = (summary(&values), summary(&turned));
        prop_assert_eq!((a.count(), a.mean().is_some()), (b.count(), b.mean().is_some()));
        prop_assert!((a.mean().unwrap_or(0.) - b.mean().unwrap_or(0.)).abs() < 1e-12);
        prop_assert!((a.stderr().unwrap_or(0.) - b.stderr().unwrap_or(0.)).abs() < 1e-12);
    }

    #[test]
    fn swapping_the_two_mirrors_the_comparison(pairs in prop::collection::vec((0_f64..1., 0_f64..1.), 2..30)) {
        let (a, b): (Vec<_>, Vec<_>) = pairs.into_iter().map(|(a, b)| (Some(a), Some(b))).unzip();
        let (there, back) = (paired(&a, &b, &QUICK).unwrap(), paired(&b, &a, &QUICK).unwrap());
        prop_assert_eq!((there.diff, there.low, there.high), (-back.diff, -back.high, -back.low));
        prop_assert_eq!(there.p, back.p);
        prop_assert!(there.p > 0. && there.p <= 1. && there.low <= there.high);
        prop_assert_eq!(there, paired(&a, &b, &QUICK).unwrap());
    }

    #[test]
    fn clusters_of_one_list_are_no_clusters(pairs in prop::collection::vec((0_f64..1., 0_f64..1.), 2..30)) {
        let (a, b): (Vec<_>, Vec<_>) = pairs.into_iter().map(|(a, b)| (Some(a), Some(b))).unzip();
        let own: Vec<u32> = (0..a.len() as u32).collect();
        prop_assert_eq!(paired_clustered(&a, &b, &own, &QUICK), paired(&a, &b, &QUICK));
    }
}

/// Differences of `users` with `lists` each; the lists of a user differ alike, with mean `shift`.
fn experiment(seed: u64, users: u32, lists: u32, shift: f64) -> (Vec<Option<f64>>, Vec<Option<f64>>, Vec<u32>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut a, mut ids) = (Vec::new(), Vec::new());
    for user in 0..users {
        let taste = rng.random_range(-1. ..1.) + shift;
        for _ in 0..lists {
            a.push(Some(taste + rng.random_range(-0.1..0.1)));
            ids.push(user);
        }
    }
    (a.clone(), vec![Some(0.); a.len()], ids)
}

#[test]
fn p_values_and_intervals_keep_their_promise_where_nothing_differs() {
    let (mut rejected, mut missed, mut below_half) = (0, 0, 0);
    for seed in 0..300 {
        let (a, b, _) = experiment(seed, 30, 1, 0.);
        let comparison = paired(&a, &b, &BootstrapConfig { seed, ..QUICK }).unwrap();
        rejected += u32::from(comparison.p <= 0.1);
        below_half += u32::from(comparison.p <= 0.5);
        missed += u32::from(comparison.low > 0. || comparison.high < 0.);
    }
    // Expected: 30 (deviation 5), 150 (9), and 30 and some more, as percentile intervals of 30 lists are narrow.
    assert!((15..=45).contains(&rejected), "{rejected}");
    assert!((123..=177).contains(&below_half), "{below_half}");
    assert!((15..=54).contains(&missed), "{missed}");
}

#[test]
fn clusters_widen_the_interval_of_lists_that_repeat_each_other() {
    let (a, b, users) = experiment(1, 20, 10, 0.1);
    let naive = paired(&a, &b, &QUICK).unwrap();
    let honest = paired_clustered(&a, &b, &users, &QUICK).unwrap();
    assert_eq!((honest.lists, honest.clusters, naive.clusters), (200, 20, 200));
    assert!((honest.diff - naive.diff).abs() < 1e-12);
    assert!(honest.high - honest.low > 2. * (naive.high - naive.low));
}

#[test]
fn a_real_difference_is_found() {
    let (a, b, _) = experiment(3, 100, 1, 0.5);
    let comparison = paired(&a, &b, &BootstrapConfig { resamples: 1000, ..BootstrapConfig::default() }).unwrap();
    assert!(comparison.is_significant() && comparison.low > 0. && comparison.p <= 2. / 1001.);
}

#[test]
fn two_that_are_equal_do_not_differ() {
    let a = [Some(0.1), Some(0.7), None, Some(0.3)];
    let comparison = paired(&a, &a, &QUICK).unwrap();
    assert_eq!((comparison.diff, comparison.low, comparison.high, comparison.p), (0., 0., 0., 1.));
    assert_eq!(comparison.lists, 3);
}

#[test]
fn sums_that_are_equal_on_paper_count_as_equal() {
    // Three equal differences: 2 of 8 sign patterns are as extreme, so p is about a quarter and not smaller.
    let config = BootstrapConfig { resamples: 4000, ..QUICK };
    let comparison = paired(&[Some(0.1); 3], &[Some(0.); 3], &config).unwrap();
    assert!((comparison.p - 0.25).abs() < 0.03, "{}", comparison.p);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let (one, two) = ([Some(1.), None], [Some(0.), Some(0.)]);
    assert_eq!(paired(&one, &two, &QUICK), Err(CompareError::TooFew { found: 1 }));
    assert!(matches!(paired(&one, &two[..1], &QUICK), Err(CompareError::Length { expected: 2, found: 1, .. })));
    assert!(matches!(paired_clustered(&two, &two, &[1], &QUICK), Err(CompareError::Length { found: 1, .. })));
    assert_eq!(paired_clustered(&two, &two, &[5, 5], &QUICK), Err(CompareError::TooFew { found: 1 }));
    let infinite = [Some(f64::INFINITY), Some(0.)];
    assert!(matches!(paired(&two, &infinite, &QUICK), Err(CompareError::NonFinite { list: 0, .. })));
    let config = |resamples, level| BootstrapConfig { resamples, level, seed: 0 };
    assert_eq!(paired(&two, &two, &config(100, 1.)), Err(CompareError::Level { level: 1. }));
    let few = CompareError::Resamples { level: 0.95, needed: 40, found: 39 };
    let many = BootstrapConfig { resamples: usize::MAX, ..BootstrapConfig::default() };
    let too_many = CompareError::TooManyResamples { most: 10_000_000, found: usize::MAX };
    assert_eq!(paired(&[Some(1.); 3], &[Some(0.); 3], &many).unwrap_err(), too_many);
    assert_eq!(paired(&two, &two, &config(39, 0.95)), Err(few));
    assert!(paired(&two, &two, &config(40, 0.95)).is_ok());
}
