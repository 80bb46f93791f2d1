//! Exposure — what our orders could do to the position, as the gate needs to know it.

use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use serde::Deserialize;
use serde::Serialize;

/// The position and every order that may still trade: working, in flight, unknown, or over
/// without its fills having arrived. Pairs are indexed by [`Side::index`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exposure {
    /// The signed position.
    pub position: Lots,
    /// What may still be bought and sold.
    pub open: [Lots; 2],
    /// The sum of price times what may still trade, in price units times lots.
    pub value: [i128; 2],
    /// How many such orders.
    pub count: [u32; 2],
    /// Our best bid and best ask among them.
    pub best: [Option<Px>; 2],
}

impl Exposure {
    /// Count one more order.
    #[inline]
    pub fn add(&mut self, side: Side, px: Px, left: Lots) {
        self.owe(side, px, left);
        let i = side.index();
        self.best[i] = match self.best[i] {
            Some(best) if !side.better(px, best) => Some(best),
            Some(_) | None => Some(px),
        };
    }

    /// Count one that was cancelled, with what it may have traded unheard: it is in no book.
    #[inline]
    pub fn owe(&mut self, side: Side, px: Px, size: Lots) {
        let i = side.index();
        self.open[i] += size;
        self.value[i] += i128::from(px.0) * i128::from(size.0);
        self.count[i] += 1;
    }

    /// The position if every order of a side filled and none of the other.
    #[must_use]
    pub fn worst(&self, side: Side) -> Lots {
        Lots(self.position.0 + side.sign() * self.open[side.index()].0)
    }

    /// Orders of both sides.
    #[must_use]
    pub fn orders(&self) -> u32 {
        self.count[0] + self.count[1]
    }
}
