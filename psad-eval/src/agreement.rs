//! How much two orders of one list agree.

use std::collections::{HashMap, HashSet};

use psad_core::Slate;

use crate::input::{InputError, check_length};

/// Agreement of two slates of one list; both orders count the same.
///
/// ```
/// use psad_core::Slate;
/// use psad_eval::{Agreement, Summary};
/// let (initial, ours) = (Slate::initial(4, 4), Slate::new(vec![1, 0, 2, 3], 4)?);
/// let mut summary = Summary::new(Agreement::KendallTauB.name());
/// summary.push(Agreement::KendallTauB.value(&initial, &ours)?); // 5 pairs of 6 agree, 1 does not
/// assert_eq!(summary.to_string(), "tau-b 0.6667 (1 of 1 lists)");
///
/// assert_eq!(Agreement::Overlap { k: 1 }.value(&initial, &ours)?, Some(0.));
/// let rbo = Agreement::RboExt { p: 0.9 };
/// assert_eq!(rbo.name(), "rbo(ext,p=0.9)");
/// assert!((rbo.value(&initial, &ours)?.unwrap() - 0.9).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Agreement {
    /// Kendall's τ-b (Kendall, *The treatment of ties in ranking problems*, Biometrika 1945), from −1 for the reverse to
    /// 1 for the same order. What a slate does not show stands behind what it shows, tied; between two permutations
    /// there is no tie and this is the plain τ, `(concordant − discordant) / (n (n − 1) / 2)`.
    ///
    /// Undefined where a slate orders nothing: it is empty, or the list has fewer than two candidates. Takes time
    /// quadratic in the number of shown items.
    KendallTauB,
    /// Rank-biased overlap, extrapolated: `RBO_EXT` for lists of uneven length, equation 32 of Webber, Moffat & Zobel,
    /// *A similarity measure for indefinite rankings*, TOIS 2010. From 0 to 1; the head of the lists counts the more,
    /// the smaller p is. It takes a slate for the head of an endless order, and agreement beyond it for what it was.
    ///
    /// Undefined where a slate is empty.
    RboExt {
        /// Chance that a reader goes on to the next slot, in (0, 1).
        p: f64,
    },
    /// Share of items common to the first k of both: their number divided by `min(k, length of the longer slate)`.
    ///
    /// Undefined at `k = 0` and where both slates are empty.
    Overlap {
        /// How many slots count.
        k: usize,
    },
}

impl Agreement {
    /// `tau-b`, `rbo(ext,p=0.9)`, `overlap@10`.
    pub fn name(&self) -> String {
        match self {
            Self::KendallTauB => "tau-b".to_owned(),
            Self::RboExt { p } => format!("rbo(ext,p={p})"),
            Self::Overlap { k } => format!("overlap@{k}"),
        }
    }

    /// The agreement of `a` and `b`; `None` where it is undefined.
    ///
    /// # Errors
    /// [`InputError::Length`] for slates of lists of different length, [`InputError::Parameter`] for a `p` outside
    /// (0, 1).
    pub fn value(&self, a: &Slate, b: &Slate) -> Result<Option<f64>, InputError> {
        check_length("candidates", a.candidates(), b.candidates())?;
        match *self {
            Self::KendallTauB => Ok(kendall_tau_b(a, b)),
            Self::RboExt { p } if p > 0. && p < 1. => Ok(rbo_ext(a.as_slice(), b.as_slice(), p)),
            Self::RboExt { p } => Err(InputError::Parameter { what: "p", value: p, range: "(0, 1)" }),
            Self::Overlap { k } => Ok(overlap(a, b, k)),
        }
    }
}

fn kendall_tau_b(a: &Slate, b: &Slate) -> Option<f64> {
    let candidates = a.candidates() as f64;
    // Pairs of which the slate shows one at least; as a difference of two squares they would cancel in long lists.
    let untied = |slate: &Slate| slate.len() as f64 * (candidates - f64::midpoint(slate.len() as f64, 1.));
    // Slots of every item that one of them shows; what is not shown stands in one slot behind.
    let slots = |slate: &Slate| -> HashMap<usize, usize> { slate.iter().zip(0..).collect() };
    let (in_a, in_b) = (slots(a), slots(b));
    let only_b = b.iter().filter(|item| !in_a.contains_key(item));
    let of = |slots: &HashMap<usize, usize>, item: usize| slots.get(&item).copied().unwrap_or(usize::MAX);
    let union: Vec<(usize, usize)> = a.iter().chain(only_b).map(|item| (of(&in_a, item), of(&in_b, item))).collect();
    let mut balance = 0_i64;
    for (n, &(a, b)) in union.iter().enumerate() {
        for &(other_a, other_b) in &union[..n] {
            balance += a.cmp(&other_a) as i64 * b.cmp(&other_b) as i64;
        }
    }
    // Whatever both show stands in both before whatever neither shows.
    let both = (a.len() + b.len() - union.len()) as f64;
    let concordant = both * (candidates - union.len() as f64);
    let scale = (untied(a) * untied(b)).sqrt();
    (scale > 0.).then(|| ((balance as f64 + concordant) / scale).clamp(-1., 1.))
}

fn rbo_ext(a: &[usize], b: &[usize], p: f64) -> Option<f64> {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.is_empty() {
        return None;
    }
    let (mut seen_short, mut seen_long) = (HashSet::new(), HashSet::new());
    let (mut sum, mut weight, mut common, mut common_short) = (0., 1. - p, 0_usize, 0_usize);
    for (depth, &item) in (1..).zip(long) {
        seen_long.insert(item);
        common += usize::from(seen_short.contains(&item));
        if let Some(&item) = short.get(depth - 1) {
            seen_short.insert(item);
            common += usize::from(seen_long.contains(&item));
            common_short = common;
        }
        // Behind the end of the shorter slate its agreement there is taken to go on.
        let beyond = depth.saturating_sub(short.len()) as f64;
        let agreement = (common as f64 + common_short as f64 * beyond / short.len() as f64) / depth as f64;
        sum += weight * agreement;
        weight *= p;
    }
    let tail = (common - common_short) as f64 / long.len() as f64 + common_short as f64 / short.len() as f64;
    Some((sum + tail * weight / (1. - p)).clamp(0., 1.))
}

fn overlap(a: &Slate, b: &Slate, k: usize) -> Option<f64> {
    let slots = k.min(a.len().max(b.len()));
    let head: HashSet<usize> = a.iter().take(k).collect();
    let common = b.iter().take(k).filter(|item| head.contains(item)).count();
    (slots > 0).then(|| common as f64 / slots as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Agreement; 3] = [Agreement::KendallTauB, Agreement::RboExt { p: 0.5 }, Agreement::Overlap { k: 2 }];

    #[test]
    fn empty_slates_agree_with_nobody() {
        let (empty, full) = (Slate::new(vec![], 3).unwrap(), Slate::initial(3, 3));
        let values = |a: &Slate, b: &Slate| ALL.map(|agreement| agreement.value(a, b).unwrap());
        assert_eq!(values(&empty, &empty), [None; 3]);
        assert_eq!(values(&empty, &full), [None, None, Some(0.)]);
        assert_eq!(values(&full, &full), [Some(1.); 3]);
        assert_eq!(values(&Slate::initial(1, 1), &Slate::initial(1, 1)), [None, Some(1.), Some(1.)]);
        assert_eq!(Agreement::Overlap { k: 0 }.value(&full, &full), Ok(None));
    }

    #[test]
    fn orders_of_different_lists_are_refused() {
        for agreement in ALL {
            let error = agreement.value(&Slate::initial(3, 2), &Slate::initial(2, 2)).unwrap_err();
            assert_eq!(error, InputError::Length { what: "candidates", expected: 3, found: 2 });
        }
        for p in [0., 1., -0.5, f64::NAN] {
            let error = Agreement::RboExt { p }.value(&Slate::initial(3, 2), &Slate::initial(3, 2)).unwrap_err();
            assert!(matches!(error, InputError::Parameter { what: "p", range: "(0, 1)", .. }));
        }
    }

    #[test]
    fn a_claim_of_a_huge_list_costs_no_memory() {
        let slate = |item| Slate::new(vec![item], usize::MAX).unwrap();
        assert_eq!(Agreement::KendallTauB.value(&slate(3), &slate(3)), Ok(Some(1.)));
    }
}
