//! Merging frames of several streams, by venue time, into the rows of one book.

use crate::error::CoreError;
use crate::event::FeedMessage;
use crate::event::Rows;
use crate::units::UnixNanos;

/// What the merger met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MergeCounts {
    /// Frames applied.
    pub frames: u64,
    /// Frames older than what they would overwrite.
    pub stale_frames: u64,
    /// Breaks of the venue's sequence.
    pub sequence_gaps: u64,
    /// Trades dropped because their id was seen before.
    pub repeated_trades: u64,
    /// Trades of the backlog that a venue sends on subscribe.
    pub backlog_trades: u64,
    /// Levels with a negative quantity or a price that is not positive.
    pub bad_levels: u64,
}

/// Turns feed messages of one symbol into rows of one book.
#[derive(Debug, Default)]
pub struct Merger {
    counts: MergeCounts,
}

impl Merger {
    /// Apply one message, appending what changed to `out`.
    ///
    /// # Errors
    /// [`CoreError::BadPayload`] when the message contradicts itself.
    pub fn on_message(
        &mut self,
        _message: &FeedMessage,
        _ts_recv: UnixNanos,
        _out: &mut Rows,
    ) -> Result<(), CoreError> {
        Ok(())
    }

    /// What was met so far.
    #[must_use]
    pub fn counts(&self) -> MergeCounts {
        self.counts
    }
}
