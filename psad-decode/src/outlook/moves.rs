//! What can be done with a stretch of an order.

/// A change of the places from `first` to `last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    /// The two ends change places.
    Swap,
    /// The last goes first.
    Raise,
    /// The first goes last.
    Lower,
}

impl Move {
    /// The moves of a stretch that give a slate of their own, where the first `slots` places are shown.
    pub(super) fn of(first: usize, last: usize, slots: usize) -> &'static [Self] {
        match last {
            _ if last == first + 1 => &[Self::Swap],
            _ if last < slots => &[Self::Swap, Self::Raise, Self::Lower],
            _ => &[Self::Swap, Self::Raise],
        }
    }

    pub(super) fn make(self, stretch: &mut [usize]) {
        match self {
            Self::Swap => stretch.swap(0, stretch.len() - 1),
            Self::Raise => stretch.rotate_right(1),
            Self::Lower => stretch.rotate_left(1),
        }
    }

    pub(super) fn undo(self, stretch: &mut [usize]) {
        match self {
            Self::Swap => self.make(stretch),
            Self::Raise => Self::Lower.make(stretch),
            Self::Lower => Self::Raise.make(stretch),
        }
    }
}
