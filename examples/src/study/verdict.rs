//! Whether a claim is borne out.

use serde::Serialize;

use super::stats::Difference;

/// What the numbers say of a claim; the same rule for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// The lists of all seeds together bear it out, and so does every seed.
    Holds,
    /// All seeds together bear it out, and one at least does not: with another fit it may be otherwise.
    Pooled,
    /// It is not borne out.
    Fails,
}

impl Verdict {
    /// By what holds for all lists, and what for those of each seed.
    pub(crate) fn new(pooled: bool, by_seed: impl IntoIterator<Item = bool>) -> Self {
        match (pooled, by_seed.into_iter().all(|holds| holds)) {
            (true, true) => Self::Holds,
            (true, false) => Self::Pooled,
            (false, _) => Self::Fails,
        }
    }

    /// That a difference is above zero: by more than chance over all lists, at all with every seed.
    pub(crate) fn of_lead(lead: &Difference, by_seed: &[f64]) -> Self {
        Self::new(lead.diff > 0. && lead.is_significant(), by_seed.iter().map(|&diff| diff > 0.))
    }

    /// That of several claims all hold.
    pub(crate) fn all(verdicts: impl IntoIterator<Item = Self>) -> Self {
        let (pooled, every): (Vec<_>, Vec<_>) =
            verdicts.into_iter().map(|verdict| (verdict != Self::Fails, verdict == Self::Holds)).unzip();
        Self::new(pooled.into_iter().all(|holds| holds), every)
    }

    /// As a table says it.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Pooled => "holds over all seeds together, **not with every seed**",
            Self::Fails => "**does not hold**",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lead_is_borne_out_by_all_lists_and_by_every_seed() {
        let lead = |diff, p| Difference { diff, low: diff, high: diff, p };
        assert_eq!(Verdict::of_lead(&lead(0.1, 0.01), &[0.1, 0.1]), Verdict::Holds);
        assert_eq!(Verdict::of_lead(&lead(0.1, 0.01), &[0.3, -0.1]), Verdict::Pooled);
        assert_eq!(Verdict::of_lead(&lead(0.1, 0.2), &[0.1, 0.1]), Verdict::Fails, "it may be chance");
        assert_eq!(Verdict::of_lead(&lead(-0.1, 0.01), &[0.1, 0.1]), Verdict::Fails, "it is behind");
    }

    #[test]
    fn of_several_the_worst_counts() {
        use Verdict::{Fails, Holds, Pooled};
        assert_eq!(Verdict::all([Holds, Holds]), Holds);
        assert_eq!(Verdict::all([Holds, Pooled]), Pooled);
        assert_eq!(Verdict::all([Holds, Fails, Pooled]), Fails);
    }
}
