//! One rule, what it means, and how it reads in an error.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::Group;

/// Something that must hold for a slate. Slots count from 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Rule {
    /// The item stands in this slot and nowhere else, and nothing else stands there. A slate that ends before the slot
    /// does not show the item.
    Pin {
        /// The candidate.
        item: usize,
        /// Its slot.
        slot: usize,
    },
    /// The item stands in none of these slots.
    Forbid {
        /// The candidate.
        item: usize,
        /// The slots.
        slots: Range<usize>,
    },
    /// At most so many of the group stand in the slate, or in any run of `window` slots.
    AtMost {
        /// The most that is allowed.
        limit: usize,
        /// Length of the runs that are looked at; `None` for the whole slate.
        window: Option<usize>,
        /// Whom it counts.
        group: Group,
    },
    /// At least so many of the group stand in the slate, or in every full run of `window` slots; a slate shorter than
    /// the window has no such run.
    AtLeast {
        /// The least that is allowed.
        limit: usize,
        /// Length of the runs that are looked at; `None` for the whole slate.
        window: Option<usize>,
        /// Whom it counts.
        group: Group,
    },
    /// No item of the one group stands directly before or behind one of the other.
    BanNeighbours {
        /// One side.
        one: Group,
        /// The other side.
        other: Group,
    },
}

impl Rule {
    /// Whether a slate, given as its candidates slot by slot, keeps the rule.
    pub fn holds(&self, slate: &[usize]) -> bool {
        match self {
            Self::Pin { item, slot } => {
                let elsewhere = slate.iter().enumerate().any(|(at, placed)| placed == item && at != *slot);
                !elsewhere && slate.get(*slot).is_none_or(|placed| placed == item)
            }
            Self::Forbid { item, slots } => !slate.iter().enumerate().any(|(at, i)| i == item && slots.contains(&at)),
            Self::AtMost { limit, window: None, group } => count(group, slate) <= *limit,
            Self::AtLeast { limit, window: None, group } => count(group, slate) >= *limit,
            // A slate shorter than the window is one run, for a limit from above.
            Self::AtMost { limit, window: Some(window), group } => {
                let window = (*window).min(slate.len());
                window == 0 || slate.windows(window).all(|run| count(group, run) <= *limit)
            }
            Self::AtLeast { limit, window: Some(window), group } => {
                *window == 0 || slate.windows(*window).all(|run| count(group, run) >= *limit)
            }
            Self::BanNeighbours { one, other } => !slate.windows(2).any(|pair| {
                (one.contains(pair[0]) && other.contains(pair[1])) || (other.contains(pair[0]) && one.contains(pair[1]))
            }),
        }
    }

    /// The greatest candidate that the rule names, where it names one.
    pub(super) fn last_item(&self) -> Option<usize> {
        match self {
            Self::Pin { item, .. } | Self::Forbid { item, .. } => Some(*item),
            Self::AtMost { group, .. } | Self::AtLeast { group, .. } => group.items().last().copied(),
            Self::BanNeighbours { one, other } => one.items().last().max(other.items().last()).copied(),
        }
    }
}

fn count(group: &Group, run: &[usize]) -> usize {
    run.iter().filter(|&&item| group.contains(item)).count()
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pin { item, slot } => write!(formatter, "item {item} in slot {slot}"),
            Self::Forbid { item, slots } if *slots == (0..usize::MAX) => write!(formatter, "item {item} in no slot"),
            Self::Forbid { item, slots } if slots.end == usize::MAX => {
                write!(formatter, "item {item} not in slot {} or later", slots.start)
            }
            Self::Forbid { item, slots } => write!(formatter, "item {item} not in slots {slots:?}"),
            Self::AtMost { limit, window: None, group } => write!(formatter, "at most {limit} of `{group}`"),
            Self::AtMost { limit, window: Some(window), group } => {
                write!(formatter, "at most {limit} of `{group}` in {window} slots")
            }
            Self::AtLeast { limit, window: None, group } => {
                write!(formatter, "at least {limit} of `{group}` ({} candidates)", group.items().len())
            }
            Self::AtLeast { limit, window: Some(window), group } => {
                write!(formatter, "at least {limit} of `{group}` in {window} slots")
            }
            Self::BanNeighbours { one, other } => write!(formatter, "`{one}` never beside `{other}`"),
        }
    }
}
