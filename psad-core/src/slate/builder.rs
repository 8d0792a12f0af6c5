//! A slate in the making.

use super::{Permutation, Slate, SlateError};
use crate::constraints::Lookahead;
use crate::{ConstraintError, Constraints};

/// Fills a slate slot by slot and knows what is still free.
///
/// With rules, "free" is what can still end in a full slate that keeps them all: whatever is chosen from
/// [`SlateBuilder::free`], slot after slot, never runs into a dead end.
#[derive(Debug, Clone)]
pub struct SlateBuilder {
    items: Vec<usize>,
    /// What may be placed next.
    free: Vec<bool>,
    slots: usize,
    rules: Option<Lookahead>,
}

impl SlateBuilder {
    /// An empty slate over a list of `candidates`, without rules.
    pub fn new(candidates: usize) -> Self {
        Self { items: Vec::with_capacity(candidates), free: vec![true; candidates], slots: candidates, rules: None }
    }

    /// An empty slate of `min(len, candidates)` slots that keeps `rules`.
    ///
    /// # Errors
    /// As [`Constraints::check`], and [`ConstraintError::Infeasible`] with the rules that conflict.
    pub fn constrained(candidates: usize, len: usize, rules: &Constraints) -> Result<Self, ConstraintError> {
        rules.check(candidates)?;
        let slots = len.min(candidates);
        if rules.is_empty() || slots == 0 {
            return Ok(Self { slots, ..Self::new(candidates) });
        }
        let ahead = Lookahead::new(candidates, slots, rules)?;
        let free = (0..candidates).map(|item| ahead.is_open(item)).collect();
        Ok(Self { items: Vec::with_capacity(slots), free, slots, rules: Some(ahead) })
    }

    /// Places `item` in the next slot.
    ///
    /// # Errors
    /// [`SlateError::OutOfRange`], [`SlateError::Duplicate`], [`SlateError::Full`] or [`SlateError::Ruled`] for an item
    /// after which the rules could not be kept; the slate is unchanged then.
    pub fn push(&mut self, item: usize) -> Result<(), SlateError> {
        match self.free.get_mut(item) {
            None => Err(SlateError::OutOfRange { item, candidates: self.free.len() }),
            Some(false) => Err(self.refusal(item)),
            Some(free) => {
                *free = false;
                self.items.push(item);
                self.look(item);
                Ok(())
            }
        }
    }

    fn refusal(&self, item: usize) -> SlateError {
        if self.items.contains(&item) {
            SlateError::Duplicate { item }
        } else if self.items.len() == self.slots {
            SlateError::Full { slots: self.slots }
        } else {
            SlateError::Ruled { item, slot: self.items.len() }
        }
    }

    /// Finds out what may follow the item that was placed last.
    fn look(&mut self, last: usize) {
        if self.items.len() == self.slots {
            self.free.fill(false);
        } else if let Some(ahead) = &mut self.rules {
            ahead.place(last);
            for (item, free) in self.free.iter_mut().enumerate() {
                *free = ahead.is_open(item);
            }
            for &item in &self.items {
                self.free[item] = false;
            }
        }
    }

    /// Fills what is left by descending score: every slot takes the best candidate that it may; equal scores keep the
    /// ranker's order.
    ///
    /// # Errors
    /// [`SlateError::Length`] for another number of scores than candidates, [`SlateError::NonFiniteScore`].
    pub fn top_by_score(self, scores: &[f32]) -> Result<Slate, SlateError> {
        if scores.len() != self.candidates() {
            return Err(SlateError::Length { candidates: self.candidates(), found: scores.len() });
        }
        Ok(self.in_order(Permutation::from_scores(scores)?.as_slice()))
    }

    /// Fills what is left: every slot takes the first candidate of `order` that it may.
    #[must_use]
    pub fn in_order(mut self, order: &[usize]) -> Slate {
        while self.len() < self.slots {
            let Some(&item) = order.iter().find(|&&item| self.is_free(item)) else { break };
            // What is free can be placed.
            let _ = self.push(item);
        }
        self.finish()
    }

    /// Number of slots that the slate will have when it is full.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// Whether there are rules to keep. A slate with rules keeps them once it is full; one that is finished earlier may
    /// lack what they ask for.
    pub fn is_constrained(&self) -> bool {
        self.rules.is_some()
    }

    /// Whether `item` may be placed next.
    pub fn is_free(&self, item: usize) -> bool {
        self.free.get(item).copied().unwrap_or(false)
    }

    /// A number that candidates share if no rule tells them apart: while one of them may be placed next, every other may
    /// that is not placed yet.
    pub fn class_of(&self, item: usize) -> usize {
        self.rules.as_ref().map_or(0, |ahead| ahead.class_of(item))
    }

    /// Whether the rules about single items let `item` stand in `slot`, whatever stands elsewhere. It is no promise:
    /// only [`SlateBuilder::is_free`] looks at all rules.
    pub fn allows(&self, item: usize, slot: usize) -> bool {
        slot < self.slots && item < self.free.len() && self.rules.as_ref().is_none_or(|ahead| ahead.allows(item, slot))
    }

    /// What may be placed next, in the ranker's order.
    pub fn free(&self) -> impl Iterator<Item = usize> + '_ {
        self.free.iter().enumerate().filter_map(|(item, &free)| free.then_some(item))
    }

    /// What has been placed, first slot first.
    pub fn placed(&self) -> &[usize] {
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

    /// Length of the list that is chosen from.
    pub fn candidates(&self) -> usize {
        self.free.len()
    }

    /// The slate as it stands.
    pub fn finish(self) -> Slate {
        Slate { items: self.items, candidates: self.free.len() }
    }
}
