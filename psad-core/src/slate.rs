//! What a user sees: distinct candidates in order, valid by construction.

mod builder;
mod order;

pub use builder::SlateBuilder;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An ordered choice of distinct candidates, each named by its index in the request.
///
/// A slate can only be made by [`SlateBuilder::push`] or a checked constructor; deserialising goes through the same
/// check. So whoever holds one knows that it repeats nothing and leads nowhere outside the list.
///
/// The default is the empty slate of an empty list, to be overwritten by [`SlateBuilder::finish_into`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "RawSlate", into = "RawSlate")]
pub struct Slate {
    items: Vec<usize>,
    candidates: usize,
}

#[derive(Serialize, Deserialize)]
struct RawSlate {
    items: Vec<usize>,
    candidates: usize,
}

impl TryFrom<RawSlate> for Slate {
    type Error = SlateError;

    fn try_from(raw: RawSlate) -> Result<Self, SlateError> {
        Self::new(raw.items, raw.candidates)
    }
}

impl From<Slate> for RawSlate {
    fn from(slate: Slate) -> Self {
        Self { items: slate.items, candidates: slate.candidates }
    }
}

impl Slate {
    /// Checks that `items` are distinct and below `candidates`, the length of the list that they were chosen from.
    ///
    /// # Errors
    /// [`SlateError::OutOfRange`] or [`SlateError::Duplicate`].
    pub fn new(items: Vec<usize>, candidates: usize) -> Result<Self, SlateError> {
        // Not a bitmap over the candidates: `candidates` may come from a file and must not decide an allocation.
        let mut seen = std::collections::HashSet::with_capacity(items.len());
        for &item in &items {
            if item >= candidates {
                return Err(SlateError::OutOfRange { item, candidates });
            }
            if !seen.insert(item) {
                return Err(SlateError::Duplicate { item });
            }
        }
        Ok(Self { items, candidates })
    }

    /// The first `len` candidates as the ranker gave them, or all of them if there are fewer.
    pub fn initial(candidates: usize, len: usize) -> Self {
        Self { items: (0..candidates.min(len)).collect(), candidates }
    }

    /// The `len` highest scores in descending order; equal scores keep the ranker's order.
    ///
    /// # Errors
    /// [`SlateError::NonFiniteScore`]: NaN and infinities are an error, never an order.
    pub fn top_by_score(scores: &[f32], len: usize) -> Result<Self, SlateError> {
        order::finite(scores)?;
        let mut items: Vec<usize> = (0..scores.len()).collect();
        order::keep_best(&mut items, scores, len);
        Ok(Self { items, candidates: scores.len() })
    }

    /// The chosen candidates, first slot first.
    pub fn as_slice(&self) -> &[usize] {
        &self.items
    }

    /// Number of filled slots.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether no slot is filled.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Length of the list that the slate was chosen from.
    pub fn candidates(&self) -> usize {
        self.candidates
    }

    /// The chosen candidates, first slot first.
    pub fn iter(&self) -> std::iter::Copied<std::slice::Iter<'_, usize>> {
        self.items.iter().copied()
    }

    /// Reorders anything that stands parallel to the candidates.
    ///
    /// # Errors
    /// [`SlateError::Length`] if `values` has another length than the list of candidates.
    pub fn apply<T: Clone>(&self, values: &[T]) -> Result<Vec<T>, SlateError> {
        if values.len() != self.candidates {
            return Err(SlateError::Length { candidates: self.candidates, found: values.len() });
        }
        Ok(self.items.iter().map(|&item| values[item].clone()).collect())
    }

    /// The whole list in the slate's order: what was not chosen follows in the ranker's order.
    ///
    /// It takes memory for [`Slate::candidates`], which a slate from a file may claim to be anything.
    pub fn completed(&self) -> Permutation {
        let mut builder = SlateBuilder::new(self.candidates);
        for item in self.iter().chain(0..self.candidates) {
            // The second pass meets what the first has placed; that is the one refusal possible here.
            let _ = builder.push(item);
        }
        Permutation(builder.finish())
    }
}

impl<'a> IntoIterator for &'a Slate {
    type Item = usize;
    type IntoIter = std::iter::Copied<std::slice::Iter<'a, usize>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// A slate of every candidate.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Slate", into = "Slate")]
pub struct Permutation(Slate);

impl Permutation {
    /// Checks that `items` names each of `0..items.len()` once.
    ///
    /// # Errors
    /// [`SlateError::OutOfRange`] or [`SlateError::Duplicate`].
    pub fn new(items: Vec<usize>) -> Result<Self, SlateError> {
        let candidates = items.len();
        Slate::new(items, candidates).map(Self)
    }

    /// All candidates by descending score; equal scores keep the ranker's order.
    ///
    /// # Errors
    /// [`SlateError::NonFiniteScore`].
    pub fn from_scores(scores: &[f32]) -> Result<Self, SlateError> {
        Slate::top_by_score(scores, scores.len()).map(Self)
    }

    /// The slot of each candidate.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let mut slots = vec![0; self.0.len()];
        for (slot, item) in self.0.iter().enumerate() {
            slots[item] = slot;
        }
        Self(Slate { items: slots, candidates: self.0.candidates })
    }

    /// The permutation as a slate.
    pub fn as_slate(&self) -> &Slate {
        &self.0
    }

    /// The candidates, first slot first.
    pub fn as_slice(&self) -> &[usize] {
        self.0.as_slice()
    }
}

impl TryFrom<Slate> for Permutation {
    type Error = SlateError;

    fn try_from(slate: Slate) -> Result<Self, SlateError> {
        if slate.len() == slate.candidates {
            Ok(Self(slate))
        } else {
            Err(SlateError::Length { candidates: slate.candidates, found: slate.len() })
        }
    }
}

impl From<Permutation> for Slate {
    fn from(permutation: Permutation) -> Self {
        permutation.0
    }
}

/// Why something is not a slate.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum SlateError {
    /// An index outside the list.
    #[error("item {item} is outside the list of {candidates} candidates")]
    OutOfRange {
        /// The index.
        item: usize,
        /// Length of the list.
        candidates: usize,
    },
    /// A candidate that has a slot already.
    #[error("item {item} stands in the slate already")]
    Duplicate {
        /// The index.
        item: usize,
    },
    /// A slate whose slots are all filled.
    #[error("all {slots} slots of the slate are filled")]
    Full {
        /// Number of slots.
        slots: usize,
    },
    /// A candidate that the rules keep out of the slot, or that would leave no way to keep them to the end.
    #[error("the rules do not let item {item} stand in slot {slot} behind what is placed")]
    Ruled {
        /// The candidate.
        item: usize,
        /// The slot.
        slot: usize,
    },
    /// Two lengths that had to agree.
    #[error("the list has {candidates} candidates, but {found} values were given")]
    Length {
        /// Length of the list.
        candidates: usize,
        /// Length that was given.
        found: usize,
    },
    /// A score that orders nothing.
    #[error("candidate {item} has the score {score}; scores must be finite")]
    NonFiniteScore {
        /// The candidate.
        item: usize,
        /// Its score.
        score: f32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_constructor_yields_a_valid_slate_or_an_error(
            items in prop::collection::vec(0_usize..12, 0..12), candidates in 0_usize..12, len in 0_usize..14,
        ) {
            let distinct = items.iter().collect::<std::collections::HashSet<_>>().len() == items.len();
            let inside = items.iter().all(|&item| item < candidates);
            prop_assert_eq!(Slate::new(items.clone(), candidates).is_ok(), distinct && inside);
            let json = serde_json::json!({ "items": items, "candidates": candidates }).to_string();
            prop_assert_eq!(serde_json::from_str::<Slate>(&json).is_ok(), distinct && inside);
            prop_assert_eq!(Slate::initial(candidates, len).len(), len.min(candidates));
        }

        #[test]
        fn scores_are_sorted_descending_and_ties_keep_their_order(scores in prop::collection::vec(-3_i8..3, 0..20)) {
            let scores: Vec<f32> = scores.into_iter().map(f32::from).collect();
            let order = Permutation::from_scores(&scores).unwrap();
            for pair in order.as_slice().windows(2) {
                let (a, b) = (pair[0], pair[1]);
                prop_assert!(scores[a] > scores[b] || (scores[a] == scores[b] && a < b));
            }
            let inverse = order.inverse();
            prop_assert!(order.as_slice().iter().enumerate().all(|(slot, &item)| inverse.as_slice()[item] == slot));
        }

        #[test]
        fn completing_a_slate_keeps_its_head_and_the_rankers_order_behind(
            scores in prop::collection::vec(-9_f32..9., 1..15), len in 0_usize..15,
        ) {
            let slate = Slate::top_by_score(&scores, len).unwrap();
            let whole = slate.completed();
            prop_assert_eq!(&whole.as_slice()[..slate.len()], slate.as_slice());
            prop_assert!(whole.as_slice()[slate.len()..].is_sorted());
            prop_assert_eq!(whole.as_slice().len(), scores.len());
        }
    }

    #[test]
    fn the_builder_refuses_what_is_taken_or_outside() {
        let mut builder = SlateBuilder::new(3);
        builder.push(2).unwrap();
        assert_eq!(builder.push(2), Err(SlateError::Duplicate { item: 2 }));
        assert_eq!(builder.push(3), Err(SlateError::OutOfRange { item: 3, candidates: 3 }));
        assert_eq!(builder.free().collect::<Vec<_>>(), [0, 1]);
        assert_eq!(builder.finish().as_slice(), [2]);
    }

    #[test]
    fn nan_is_an_error_and_never_an_order() {
        let error = Slate::top_by_score(&[1., f32::NAN], 2).unwrap_err();
        assert!(matches!(error, SlateError::NonFiniteScore { item: 1, .. }));
        assert!(Permutation::from_scores(&[f32::INFINITY]).is_err());
    }

    #[test]
    fn a_huge_claim_about_the_list_costs_no_memory() {
        let json = format!("{{\"items\":[0],\"candidates\":{}}}", usize::MAX);
        assert_eq!(serde_json::from_str::<Slate>(&json).unwrap().len(), 1);
    }

    #[test]
    fn applying_needs_a_parallel_list() {
        let slate = Slate::new(vec![2, 0], 3).unwrap();
        assert_eq!(slate.apply(&["a", "b", "c"]).unwrap(), ["c", "a"]);
        assert_eq!(slate.apply(&["a"]), Err(SlateError::Length { candidates: 3, found: 1 }));
        assert!(Permutation::try_from(slate).is_err());
    }
}
