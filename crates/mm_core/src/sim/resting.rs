//! One simulated resting order: what is ahead of it, and what trades and depth changes do to it.
//!
//! Section 4 of the algorithms: trades take from the front, cancels leave from ahead by the
//! queue model's share, and a quantity is explained once, whichever of trade and depth comes first.

use crate::queue::QueueModel;
use crate::units::Cloid;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;

/// A trade that arrives within this time after the depth row that already contains it is
/// explained by that row; longer, and it is a trade of its own.
const LATE_TRADE_NS: i64 = 1_000_000;
/// Less than this is nothing: quantities are whole lots.
const TOLERANCE: f64 = 1e-9;

/// A depth decrease at the order's price that a late trade may still explain.
#[derive(Clone, Copy, Debug)]
struct Cut {
    ts: i64,
    /// Ahead before the decrease.
    ahead: f64,
    /// Quantity before the decrease, less trades already known.
    left: f64,
    /// Quantity after it.
    after: f64,
}

/// An order resting on the simulated venue.
#[derive(Clone, Debug)]
pub struct Resting {
    /// Its client id.
    pub cloid: Cloid,
    /// Buy or sell.
    pub side: Side,
    /// Limit price.
    pub px: Px,
    /// What is left of it.
    pub left: Lots,
    ahead: f64,
    /// Quantity at our price when last looked at.
    seen: f64,
    /// Traded at our price since.
    traded: f64,
    /// Whether the level can be seen; while it cannot, the estimate is kept as it is.
    visible: bool,
    /// Whether the level was ever seen since the order rests.
    known: bool,
    cut: Option<Cut>,
}

impl Resting {
    /// An order that just reached the book behind `ahead` lots; `visible` tells an observed
    /// quantity from an estimate.
    #[must_use]
    pub fn new(cloid: Cloid, at: (Side, Px), left: Lots, ahead: f64, visible: bool) -> Self {
        let (side, px) = at;
        let (seen, traded, cut) = (ahead, 0.0, None);
        Self { cloid, side, px, left, ahead, seen, traded, visible, known: visible, cut }
    }

    /// Lots ahead, as estimated.
    #[must_use]
    pub fn ahead(&self) -> f64 {
        self.ahead
    }

    /// Whether the order's place was ever observed; if not, `ahead` is an estimate.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.known
    }

    /// Whether trades wait to be reconciled with the next look at the level.
    #[must_use]
    pub fn has_traded(&self) -> bool {
        self.traded > 0.0
    }

    /// The level now holds `now` lots.
    pub fn observe(&mut self, model: QueueModel, now: f64, ts: i64) {
        if !self.visible {
            self.reappear(now);
            return;
        }
        let left = (self.seen - self.traded).max(0.0);
        self.cut = (now < left).then_some(Cut { ts, ahead: self.ahead, left, after: now });
        self.ahead = model.settle(self.ahead, left, now);
        self.seen = now;
        self.traded = 0.0;
    }

    /// The level left the visible window.
    pub fn vanish(&mut self) {
        self.visible = false;
        self.cut = None;
    }

    /// Whether the level can be seen.
    #[must_use]
    pub fn is_visible(&self) -> bool {
        self.visible
    }

    fn reappear(&mut self, now: f64) {
        self.ahead = if self.known { self.ahead.min(now) } else { now };
        self.visible = true;
        self.known = true;
        self.seen = now;
        self.traded = 0.0;
    }

    /// `volume` lots traded against our side at our price; returns how many reach past the queue.
    pub fn trade(&mut self, model: QueueModel, volume: f64, ts: i64) -> f64 {
        if !self.visible {
            return 0.0;
        }
        let late = self.explain(model, volume, ts);
        let fresh = volume - late.0;
        let took = fresh.min(self.ahead);
        self.ahead -= took;
        self.traded += fresh;
        late.1 + fresh - took
    }

    /// The part of a trade that an earlier depth decrease already contained, and what of it
    /// reaches past the queue.
    fn explain(&mut self, model: QueueModel, volume: f64, ts: i64) -> (f64, f64) {
        let Some(cut) = &mut self.cut else { return (0.0, 0.0) };
        if ts > cut.ts + LATE_TRADE_NS || self.traded > 0.0 {
            return (0.0, 0.0);
        }
        let part = volume.min(cut.left - cut.after);
        if part <= TOLERANCE {
            return (0.0, 0.0);
        }
        let took = part.min(cut.ahead);
        cut.ahead -= took;
        cut.left -= part;
        self.ahead = model.settle(cut.ahead, cut.left, cut.after);
        (part, part - took)
    }

    /// A trade went through our price: nothing is ahead any more.
    pub fn swept(&mut self) {
        self.ahead = 0.0;
    }
}
