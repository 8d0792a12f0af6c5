//! A slate in the making.

use super::{Slate, SlateError, order};
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
        Self::unconstrained(candidates, candidates)
    }

    /// An empty slate of `min(len, candidates)` slots that keeps `rules`.
    ///
    /// # Errors
    /// As [`Constraints::check`], and [`ConstraintError::Infeasible`] with the rules that conflict.
    pub fn constrained(candidates: usize, len: usize, rules: &Constraints) -> Result<Self, ConstraintError> {
        rules.check(candidates)?;
        let slots = len.min(candidates);
        if rules.is_empty() || slots == 0 {
            return Ok(Self::unconstrained(candidates, slots));
        }
        let ahead = Lookahead::new(candidates, slots, rules)?;
        let free = (0..candidates).map(|item| ahead.is_open(item)).collect();
        Ok(Self { items: Vec::with_capacity(slots), free, slots, rules: Some(ahead) })
    }

    fn unconstrained(candidates: usize, slots: usize) -> Self {
        let mut builder = Self { items: Vec::new(), free: Vec::new(), slots, rules: None };
        builder.reset(candidates, slots);
        builder
    }

    /// Makes it an empty slate of `min(len, candidates)` slots without rules, in the memory that it has: nothing is
    /// allocated for a list and a slate that are no longer than those before.
    pub fn reset(&mut self, candidates: usize, len: usize) {
        self.slots = len.min(candidates);
        self.rules = None;
        self.items.clear();
        self.items.reserve(self.slots);
        self.free.clear();
        self.free.resize(candidates, self.slots > 0);
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
    pub fn top_by_score(mut self, scores: &[f32]) -> Result<Slate, SlateError> {
        self.fill_by_score(scores, &mut Vec::new())?;
        Ok(self.finish())
    }

    /// As [`SlateBuilder::top_by_score`], in memory that can be used again: without rules, nothing is allocated once
    /// `order`, whose content is overwritten, has room for all candidates.
    ///
    /// # Errors
    /// As [`SlateBuilder::top_by_score`]; the slate is unchanged then.
    pub fn fill_by_score(&mut self, scores: &[f32], order: &mut Vec<usize>) -> Result<(), SlateError> {
        let candidates = self.candidates();
        if scores.len() != candidates {
            return Err(SlateError::Length { candidates, found: scores.len() });
        }
        order::finite(scores)?;
        order.clear();
        order.reserve(candidates);
        if self.is_constrained() {
            // What rules keep out of this slot may be free in a later one.
            order.extend(0..candidates);
            order::keep_best(order, scores, candidates);
        } else {
            order.extend(self.free());
            order::keep_best(order, scores, self.slots - self.len());
        }
        self.fill_in_order(order);
        Ok(())
    }

    /// Fills what is left: every slot takes the first candidate of `order` that it may.
    #[must_use]
    pub fn in_order(mut self, order: &[usize]) -> Slate {
        self.fill_in_order(order);
        self.finish()
    }

    fn fill_in_order(&mut self, order: &[usize]) {
        // What is free can be placed, and without rules what was refused once stays so.
        if !self.is_constrained() {
            return order.iter().for_each(|&item| drop(self.push(item)));
        }
        while self.len() < self.slots {
            let Some(&item) = order.iter().find(|&&item| self.is_free(item)) else { break };
            let _ = self.push(item);
        }
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

    /// Overwrites a slate with this one as it stands. Nothing is allocated for a slate that had as many slots before.
    pub fn finish_into(&self, slate: &mut Slate) {
        slate.items.clear();
        slate.items.extend_from_slice(&self.items);
        slate.candidates = self.free.len();
    }
}
