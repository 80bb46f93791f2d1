//! Blocks — requests take effect at the venue's next block.

use crate::units::UnixNanos;

/// The times of the venue's blocks, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockClock(Vec<UnixNanos>);

impl BlockClock {
    /// Blocks at these times, in ascending order.
    #[must_use]
    pub fn new(times: Vec<UnixNanos>) -> Self {
        assert!(times.is_sorted(), "invariant: blocks come in time order");
        Self(times)
    }

    /// The first block that takes a request arriving at this time; `None` after the last.
    #[must_use]
    pub fn block_at(&self, arrival: UnixNanos) -> Option<usize> {
        let block = self.0.partition_point(|time| *time < arrival);
        (block < self.0.len()).then_some(block)
    }

    /// Whether an order rests for the takers of a block: placed by then, and no cancel in it,
    /// because a block takes cancels before takers.
    #[must_use]
    pub fn is_live(&self, block: usize, placed: UnixNanos, cancelled: Option<UnixNanos>) -> bool {
        let time = self.0[block];
        placed <= time && cancelled.is_none_or(|cancel| cancel > time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancel_in_the_block_of_a_taker_wins() {
        let clock = BlockClock::new([0, 70, 140].map(UnixNanos).to_vec());
        assert_eq!(clock.block_at(UnixNanos(71)), Some(2));
        assert_eq!(clock.block_at(UnixNanos(141)), None);
        assert!(clock.is_live(1, UnixNanos(70), Some(UnixNanos(71))));
        assert!(!clock.is_live(1, UnixNanos(70), Some(UnixNanos(70))));
        assert!(!clock.is_live(0, UnixNanos(70), None));
    }
}
