//! Rules that a slate must keep, whatever the scores say.

mod conflict;
mod error;
mod group;
mod lookahead;
mod plan;
mod rule;
mod search;
mod witness;

pub use error::ConstraintError;
pub use group::Group;
pub(crate) use lookahead::Lookahead;
pub use rule::Rule;

use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The rules of one request; none by default.
///
/// Every decoder and every reranker of the workspace keeps them, by filling a
/// [`SlateBuilder`](crate::SlateBuilder) that offers only what can still end in a slate that does.
///
/// ```
/// use psad_core::{Constraints, Group};
/// let genres = [1, 1, 2, 1, 2]; // of five candidates
/// let rules = Constraints::new()
///     .pin(3, 0)
///     .at_most_each_in_window(1, 2, Group::by_category("genre", genres)) // no two of a genre in a row
///     .forbid(4, ..3);
/// assert!(rules.check(5).is_ok());
/// assert_eq!(rules.violated(&[3, 4, 0]).unwrap().to_string(), "item 4 not in slots 0..3");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Rule>", into = "Vec<Rule>")]
pub struct Constraints {
    rules: Arc<Vec<Rule>>,
}

impl From<Vec<Rule>> for Constraints {
    fn from(rules: Vec<Rule>) -> Self {
        Self { rules: Arc::new(rules) }
    }
}

impl From<Constraints> for Vec<Rule> {
    fn from(constraints: Constraints) -> Self {
        Arc::unwrap_or_clone(constraints.rules)
    }
}

impl Constraints {
    /// No rule.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule.
    #[must_use]
    pub fn with(mut self, rule: Rule) -> Self {
        Arc::make_mut(&mut self.rules).push(rule);
        self
    }

    /// The item stands in this slot and nowhere else; a slate that ends before the slot does not show it. See
    /// [`Rule::Pin`].
    #[must_use]
    pub fn pin(self, item: usize, slot: usize) -> Self {
        self.with(Rule::Pin { item, slot })
    }

    /// What the ranker has put first stays first.
    #[must_use]
    pub fn keep_top(self) -> Self {
        self.pin(0, 0)
    }

    /// The item stands in none of these slots; `..` keeps it out of the slate.
    #[must_use]
    pub fn forbid(self, item: usize, slots: impl RangeBounds<usize>) -> Self {
        let start = match slots.start_bound() {
            Bound::Included(&slot) => slot,
            Bound::Excluded(&slot) => slot.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match slots.end_bound() {
            Bound::Included(&slot) => slot.saturating_add(1),
            Bound::Excluded(&slot) => slot,
            Bound::Unbounded => usize::MAX,
        };
        self.with(Rule::Forbid { item, slots: start..end })
    }

    /// At most so many of the group stand in the slate.
    #[must_use]
    pub fn at_most(self, limit: usize, group: Group) -> Self {
        self.with(Rule::AtMost { limit, window: None, group })
    }

    /// At least so many of the group stand in the slate.
    #[must_use]
    pub fn at_least(self, limit: usize, group: Group) -> Self {
        self.with(Rule::AtLeast { limit, window: None, group })
    }

    /// At most so many of the group stand in any run of `window` slots.
    #[must_use]
    pub fn at_most_in_window(self, limit: usize, window: usize, group: Group) -> Self {
        self.with(Rule::AtMost { limit, window: Some(window), group })
    }

    /// At least so many of the group stand in every full run of `window` slots.
    #[must_use]
    pub fn at_least_in_window(self, limit: usize, window: usize, group: Group) -> Self {
        self.with(Rule::AtLeast { limit, window: Some(window), group })
    }

    /// [`Constraints::at_most`] for each of the groups.
    #[must_use]
    pub fn at_most_each(self, limit: usize, groups: impl IntoIterator<Item = Group>) -> Self {
        groups.into_iter().fold(self, |rules, group| rules.at_most(limit, group))
    }

    /// [`Constraints::at_most_in_window`] for each of the groups.
    #[must_use]
    pub fn at_most_each_in_window(self, limit: usize, window: usize, groups: impl IntoIterator<Item = Group>) -> Self {
        groups.into_iter().fold(self, |rules, group| rules.at_most_in_window(limit, window, group))
    }

    /// No item of the one group stands directly before or behind one of the other.
    #[must_use]
    pub fn ban_neighbours(self, one: Group, other: Group) -> Self {
        self.with(Rule::BanNeighbours { one, other })
    }

    /// The rules, in the order in which they were added.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The first rule that a slate breaks, given as its candidates slot by slot.
    pub fn violated(&self, slate: &[usize]) -> Option<&Rule> {
        self.rules.iter().find(|rule| !rule.holds(slate))
    }

    /// Says whether the rules speak about a list of so many candidates. It does not say whether they can be kept; see
    /// [`SlateBuilder::constrained`](crate::SlateBuilder::constrained).
    ///
    /// # Errors
    /// [`ConstraintError::OutOfRange`] or [`ConstraintError::EmptyWindow`] with the rule.
    pub fn check(&self, candidates: usize) -> Result<(), ConstraintError> {
        for rule in self.rules() {
            if let Some(item) = rule.last_item().filter(|&item| item >= candidates) {
                return Err(ConstraintError::OutOfRange { rule: rule.clone(), item, candidates });
            }
            if let Rule::AtMost { window: Some(0), .. } | Rule::AtLeast { window: Some(0), .. } = rule {
                return Err(ConstraintError::EmptyWindow { rule: rule.clone() });
            }
        }
        Ok(())
    }
}
