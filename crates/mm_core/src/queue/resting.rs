//! One resting order: what is ahead of it, and what trades and depth changes do to it.
//!
//! Section 4 of the algorithms: trades take from the front, cancels leave from ahead by the
//! queue model's share, and a quantity is explained once, whichever of trade and depth comes first.

use crate::queue::counted::Counted;
use crate::queue::QpnConfig;
use crate::queue::QueueModel;
use crate::queue::Shown;
use crate::units::Cloid;
use crate::units::DurationNanos;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use serde::Deserialize;
use serde::Serialize;

/// Less than this is nothing: quantities are whole lots.
const TOLERANCE: f64 = 1e-9;

/// A depth decrease at the order's price that a late trade may still explain.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Cut {
    ts: i64,
    /// Ahead before the decrease.
    ahead: f64,
    /// Quantity before the decrease, less trades already known.
    left: f64,
    /// Quantity after it.
    after: f64,
}

/// How cancels at an order's price are explained.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct QueueRule {
    /// The model.
    pub model: QueueModel,
    /// What the order-count model knows.
    pub qpn: QpnConfig,
    /// A trade that arrives within this time after the depth row that already contains it is
    /// explained by that row; longer, and it is a trade of its own.
    pub late: DurationNanos,
}

impl QueueRule {
    /// Counts of an order that joins behind what is shown, where the model asks for them and the
    /// source counts.
    fn counts(&self, met: Shown, ts: i64) -> Option<Box<Counted>> {
        (self.model == QueueModel::Qpn && met.is_counted())
            .then(|| Box::new(Counted::new(&self.qpn, met, ts)))
    }
}

/// An order resting on the simulated venue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// What order counts tell, where the model asks and the source counts.
    counted: Option<Box<Counted>>,
}

impl Resting {
    /// An order that just reached the book behind all that it `met`; `visible` tells an observed
    /// level from an estimate.
    #[must_use]
    pub fn new(cloid: Cloid, at: (Side, Px), left: Lots, met: Shown, visible: bool) -> Self {
        let ((side, px), ahead) = (at, met.qty);
        let (seen, traded, known, cut, counted) = (ahead, 0.0, visible, None, None);
        Self { cloid, side, px, left, ahead, seen, traded, visible, known, cut, counted }
    }

    /// Follow order counts since time `ts`, where the rule asks and the source counts.
    #[must_use]
    pub fn counting(mut self, rule: &QueueRule, met: Shown, ts: i64) -> Self {
        self.counted = if self.visible { rule.counts(met, ts) } else { None };
        self
    }

    /// The same order by another id.
    pub(crate) fn named(self, cloid: Cloid) -> Self {
        Self { cloid, ..self }
    }

    /// Whether order counts are followed.
    #[must_use]
    pub fn is_counting(&self) -> bool {
        self.counted.is_some()
    }

    /// Lots ahead, as estimated.
    #[must_use]
    pub fn ahead(&self) -> f64 {
        self.ahead
    }

    /// Lots behind, as estimated.
    #[must_use]
    pub fn behind(&self) -> f64 {
        (self.seen - self.traded - self.ahead).max(0.0)
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

    /// The level is seen as it is `now`; whether the rule asks for order counts and this is where
    /// they end.
    pub fn observe(&mut self, rule: &QueueRule, now: Shown, ts: i64) -> bool {
        let hoped = rule.model == QueueModel::Qpn && (self.is_counting() || !self.known);
        if !now.is_counted() {
            self.counted = None;
        }
        if self.visible {
            self.advance(rule, now, ts);
        } else {
            self.reappear(rule, now, ts);
        }
        hoped && !self.is_counting()
    }

    fn advance(&mut self, rule: &QueueRule, now: Shown, ts: i64) {
        let left = (self.seen - self.traded).max(0.0);
        let cut = Cut { ts, ahead: self.ahead, left, after: now.qty };
        self.cut = (now.qty < left).then_some(cut);
        self.ahead = match &mut self.counted {
            Some(counted) => {
                counted.observe(&rule.qpn, now, ts);
                counted.ahead()
            }
            None => rule.model.settle(self.ahead, left, now.qty),
        };
        self.seen = now.qty;
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

    fn reappear(&mut self, rule: &QueueRule, now: Shown, ts: i64) {
        self.ahead = if self.known { self.ahead.min(now.qty) } else { now.qty };
        if !self.known {
            self.counted = rule.counts(now, ts);
        } else if let Some(counted) = &mut self.counted {
            counted.reappear(now, ts);
            self.ahead = counted.ahead();
        }
        self.visible = true;
        self.known = true;
        self.seen = now.qty;
        self.traded = 0.0;
    }

    /// `volume` lots traded against our side at our price; returns how many reach past the queue.
    pub fn trade(&mut self, rule: &QueueRule, volume: f64, ts: i64) -> f64 {
        if !self.visible {
            return 0.0;
        }
        let late = self.explain(rule, volume, ts);
        let fresh = volume - late.0;
        if fresh <= 0.0 {
            return late.1;
        }
        self.traded += fresh;
        let reached = match &mut self.counted {
            Some(counted) => {
                let reached = counted.trade(fresh, ts);
                self.ahead = counted.ahead();
                reached
            }
            None => {
                let took = fresh.min(self.ahead);
                self.ahead -= took;
                fresh - took
            }
        };
        late.1 + reached
    }

    /// The part of a trade that an earlier depth decrease already contained, and what of it
    /// reaches past the queue.
    fn explain(&mut self, rule: &QueueRule, volume: f64, ts: i64) -> (f64, f64) {
        let Some(cut) = &mut self.cut else { return (0.0, 0.0) };
        if ts > cut.ts + rule.late.0 || self.traded > 0.0 {
            return (0.0, 0.0);
        }
        let part = volume.min(cut.left - cut.after);
        if part <= TOLERANCE {
            return (0.0, 0.0);
        }
        let took = part.min(cut.ahead);
        cut.ahead -= took;
        cut.left -= part;
        match &mut self.counted {
            Some(counted) => {
                let reached = counted.explain(&rule.qpn, part, ts);
                self.ahead = counted.ahead();
                (part, reached)
            }
            None => {
                self.ahead = rule.model.settle(cut.ahead, cut.left, cut.after);
                (part, part - took)
            }
        }
    }

    /// A trade went through our price: nothing is ahead any more.
    pub fn swept(&mut self) {
        self.ahead = 0.0;
        if let Some(counted) = &mut self.counted {
            counted.swept();
        }
    }
}
