//! Depth — what the simulation asks of a venue's book when one of our orders meets it.

use crate::book::Book;
use crate::book::Touch;
use crate::instrument::InstrumentSpec;
use crate::units::Px;
use crate::units::Side;

/// The venue's book as of the last row that happened.
pub trait Depth {
    /// The instrument.
    fn spec(&self) -> &InstrumentSpec;

    /// Best price of a side.
    fn best(&self, side: Side) -> Option<Px>;

    /// Lots and orders at a price, zero where no level is known.
    fn at(&self, side: Side, px: Px) -> (i64, u32);

    /// Whether a level at this price would be shown.
    fn is_visible(&self, side: Side, px: Px) -> bool;

    /// Lots of a level when it left the window, where that is remembered.
    fn left_with(&self, side: Side, px: Px) -> Option<i64>;

    /// The whole book: for what is rare.
    fn whole(&mut self) -> &Book;

    /// Both best prices; `None` unless both sides have a level.
    fn touch(&self) -> Option<Touch> {
        Some(Touch { bid: self.best(Side::Bid)?, ask: self.best(Side::Ask)? })
    }

    /// Twice the mid; 0 without a touch.
    fn mid2(&self) -> i64 {
        self.touch().map_or(0, Touch::mid2)
    }
}
