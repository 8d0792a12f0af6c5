//! What the candidates of a list are about, and how much of it the top k covers.

use std::collections::BTreeSet;

use psad_core::Slate;

use crate::input::{InputError, check_length};

/// The categories of each candidate of one list, in the candidates' order: one, several or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topics {
    /// Sorted, without repetition.
    items: Vec<Vec<u32>>,
}

impl Topics {
    /// One category per candidate.
    ///
    /// ```
    /// let topics = psad_eval::Topics::single([7, 7, 2]);
    /// assert_eq!(topics.of(2), [2]);
    /// ```
    pub fn single(categories: impl IntoIterator<Item = u32>) -> Self {
        Self { items: categories.into_iter().map(|category| vec![category]).collect() }
    }

    /// A set of categories per candidate (subtopics, genres); repetitions in a set count once.
    ///
    /// ```
    /// let topics = psad_eval::Topics::sets([vec![3, 1, 3], vec![]]);
    /// assert_eq!((topics.of(0), topics.of(1)), (&[1, 3][..], &[][..]));
    /// ```
    pub fn sets<S: IntoIterator<Item = u32>>(sets: impl IntoIterator<Item = S>) -> Self {
        let sorted = |set: S| set.into_iter().collect::<BTreeSet<u32>>().into_iter().collect();
        Self { items: sets.into_iter().map(sorted).collect() }
    }

    /// Categories of a candidate, ascending; none for an index outside the list.
    pub fn of(&self, item: usize) -> &[u32] {
        self.items.get(item).map_or(&[], Vec::as_slice)
    }

    /// Number of candidates.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is no candidate.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Whether two candidates have a category in common.
    pub(crate) fn share(&self, a: usize, b: usize) -> bool {
        self.of(a).iter().any(|category| self.of(b).binary_search(category).is_ok())
    }

    pub(crate) fn check(&self, slate: &Slate) -> Result<(), InputError> {
        check_length("categories", slate.candidates(), self.len())
    }
}

/// Share of the categories of the whole list that the top k has: subtopic recall, S-recall (Zhai, Cohen & Lafferty,
/// *Beyond independent relevance*, SIGIR 2003). Labels play no part.
///
/// k larger than the slate is the whole slate. Undefined at `k = 0` and where no candidate has a category; an empty
/// slate covers nothing.
///
/// ```
/// use psad_core::Slate;
/// use psad_eval::{CategoryCoverage, Summary, Topics};
/// let coverage = CategoryCoverage { k: 2 };
/// let mut summary = Summary::new(coverage.name());
///
/// let topics = Topics::single([7, 7, 2, 5]);
/// summary.push(coverage.value(&Slate::new(vec![0, 2, 3], 4)?, &topics)?);
/// assert_eq!(summary.to_string(), "coverage@2(/list) 0.6667 (1 of 1 lists)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CategoryCoverage {
    /// How many slots count.
    pub k: usize,
}

impl CategoryCoverage {
    /// `coverage@5(/list)`.
    pub fn name(&self) -> String {
        format!("coverage@{}(/list)", self.k)
    }

    /// The share, in [0, 1].
    ///
    /// # Errors
    /// [`InputError::Length`] for categories of another number of candidates than the slate was chosen from.
    pub fn value(&self, slate: &Slate, topics: &Topics) -> Result<Option<f64>, InputError> {
        topics.check(slate)?;
        let distinct = |items: &mut dyn Iterator<Item = usize>| {
            items.flat_map(|item| topics.of(item)).collect::<BTreeSet<_>>().len()
        };
        let all = distinct(&mut (0..topics.len()));
        let covered = distinct(&mut slate.iter().take(self.k));
        Ok((self.k > 0 && all > 0).then(|| covered as f64 / all as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_empty_slates_cover_what_they_show() {
        let topics = Topics::sets([vec![1, 2], vec![], vec![2, 3]]);
        let value = |items: &[usize], k| CategoryCoverage { k }.value(&Slate::new(items.to_vec(), 3).unwrap(), &topics);
        assert_eq!(value(&[0, 2], 9), Ok(Some(1.)));
        assert_eq!(value(&[0], 9), Ok(Some(2. / 3.)));
        assert_eq!(value(&[], 9), Ok(Some(0.)));
        assert_eq!(value(&[0], 0), Ok(None));
        let nothing = Topics::sets([vec![], vec![], vec![]]);
        assert_eq!(CategoryCoverage { k: 1 }.value(&Slate::initial(3, 1), &nothing), Ok(None));
        let other_list = CategoryCoverage { k: 1 }.value(&Slate::initial(2, 1), &topics).unwrap_err();
        assert_eq!(other_list, InputError::Length { what: "categories", expected: 2, found: 3 });
    }
}
