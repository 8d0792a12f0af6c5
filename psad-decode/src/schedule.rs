//! Which slots are predicted together.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The slots `0..slots`, cut into blocks of `block`; the last block may be shorter.
///
/// A network runs once per block and predicts its slots in parallel. Blocks of one slot are autoregressive decoding,
/// one block for everything is one-shot decoding, and what lies between is semi-autoregressive.
///
/// ```
/// use psad_decode::BlockSchedule;
/// let schedule = BlockSchedule::new(10, 4)?;
/// assert_eq!(schedule.blocks().collect::<Vec<_>>(), [0..4, 4..8, 8..10]);
/// # Ok::<(), psad_decode::ScheduleError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "RawSchedule", into = "RawSchedule")]
pub struct BlockSchedule {
    slots: usize,
    block: usize,
}

#[derive(Serialize, Deserialize)]
struct RawSchedule {
    slots: usize,
    block: usize,
}

impl TryFrom<RawSchedule> for BlockSchedule {
    type Error = ScheduleError;

    fn try_from(raw: RawSchedule) -> Result<Self, ScheduleError> {
        Self::new(raw.slots, raw.block)
    }
}

impl From<BlockSchedule> for RawSchedule {
    fn from(schedule: BlockSchedule) -> Self {
        Self { slots: schedule.slots, block: schedule.block }
    }
}

impl BlockSchedule {
    /// Cuts `slots` slots into blocks of `block`, which may exceed `slots`.
    ///
    /// # Errors
    /// [`ScheduleError::Empty`] if one of the two is 0.
    pub fn new(slots: usize, block: usize) -> Result<Self, ScheduleError> {
        if slots == 0 || block == 0 {
            return Err(ScheduleError::Empty { slots, block });
        }
        Ok(Self { slots, block })
    }

    /// Number of slots to fill.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// Number of slots of a block, as it was given.
    pub fn block_size(&self) -> usize {
        self.block
    }

    /// Number of blocks: how often the network runs if every list is long enough.
    pub fn steps(&self) -> usize {
        self.slots.div_ceil(self.block)
    }

    /// The slots of each block, first block first.
    pub fn blocks(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let Self { slots, block } = *self;
        (0..slots).step_by(block).map(move |start| start..slots.min(start.saturating_add(block)))
    }

    /// The block that `slot` belongs to.
    pub fn block_of(&self, slot: usize) -> usize {
        slot / self.block
    }
}

/// Why something is not a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// Nothing to fill, or nothing to fill it with.
    #[error("{slots} slots in blocks of {block}: both must be at least 1")]
    Empty {
        /// Number of slots.
        slots: usize,
        /// Slots of a block.
        block: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn blocks_cover_every_slot_once_and_in_order(slots in 1_usize..40, block in 1_usize..50) {
            let schedule = BlockSchedule::new(slots, block).unwrap();
            prop_assert_eq!(schedule.blocks().flatten().collect::<Vec<_>>(), (0..slots).collect::<Vec<_>>());
            prop_assert_eq!(schedule.blocks().count(), schedule.steps());
            for (index, range) in schedule.blocks().enumerate() {
                prop_assert!(range.len() <= block);
                prop_assert!(range.clone().all(|slot| schedule.block_of(slot) == index));
            }
        }
    }

    #[test]
    fn neither_slots_nor_block_may_be_zero() {
        assert_eq!(BlockSchedule::new(0, 3), Err(ScheduleError::Empty { slots: 0, block: 3 }));
        assert!(BlockSchedule::new(3, 0).is_err());
        assert!(serde_json::from_str::<BlockSchedule>(r#"{"slots":3,"block":0}"#).is_err());
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        let schedule = BlockSchedule::new(usize::MAX, usize::MAX - 1).unwrap();
        assert_eq!(schedule.blocks().map(|range| range.len()).collect::<Vec<_>>(), [usize::MAX - 1, 1]);
    }
}
