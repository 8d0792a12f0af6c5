//! Cutting ratings by time.

use std::fmt;
use std::ops::Range;

use crate::SplitFractions;
use crate::ratings::Rating;

/// A stretch of time and what its ratings are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Split {
    /// The initial ranker and all statistics are fitted on it.
    RankerTrain,
    /// Rerankers learn from it.
    RerankerTrain,
    /// Models are selected by it.
    Validation,
    /// Opened once.
    Test,
}

impl Split {
    /// The splits that hold lists, in the order of time.
    pub(crate) const WITH_LISTS: [Self; 3] = [Self::RerankerTrain, Self::Validation, Self::Test];
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RankerTrain => "ranker-train",
            Self::RerankerTrain => "reranker-train",
            Self::Validation => "validation",
            Self::Test => "test",
        })
    }
}

/// The moments at which one split ends and the next begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cuts([i64; 3]);

impl Cuts {
    /// Puts the cuts at quantiles of the timestamps of all ratings. All ratings of one second fall on one side, so
    /// shares are met as closely as ties allow.
    pub(crate) fn at_quantiles(ratings: &[Rating], fractions: &SplitFractions) -> Self {
        let mut times: Vec<i64> = ratings.iter().map(|rating| rating.time).collect();
        times.sort_unstable();
        let at = |share: f64| {
            let index = (share * times.len() as f64).round() as usize;
            times.get(index).copied().unwrap_or(i64::MAX)
        };
        let first = fractions.ranker_train;
        let second = first + fractions.reranker_train;
        Self([at(first), at(second), at(second + fractions.validation)])
    }

    /// The timestamps of a split.
    pub(crate) fn range(&self, split: Split) -> Range<i64> {
        let [first, second, third] = self.0;
        match split {
            Split::RankerTrain => i64::MIN..first,
            Split::RerankerTrain => first..second,
            Split::Validation => second..third,
            Split::Test => third..i64::MAX,
        }
    }

    /// Where a split lies among the ratings of one user, which are sorted by time.
    pub(crate) fn of_user(&self, split: Split, ratings: &[Rating]) -> Range<usize> {
        let range = self.range(split);
        let before = |time: i64| ratings.partition_point(|rating| rating.time < time);
        before(range.start)..before(range.end)
    }
}

/// The ratings of each user, which stand together.
pub(crate) fn by_user(ratings: &[Rating]) -> impl Iterator<Item = &[Rating]> {
    ratings.chunk_by(|a, b| a.user == b.user)
}
