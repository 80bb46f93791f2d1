//! Footing — what a symbol's gate knows of its market, while no rule of its own is on.

use super::Span;
use super::SymbolGate;
use super::View;
use super::SPANS;
use crate::command::Place;
use crate::risk::limits::MicroUsd;
use crate::risk::Exposure;
use crate::risk::RiskState;
use crate::units::Lots;
use crate::units::UnixNanos;

/// What the next verdicts depend on besides the exposure, while the gate is at rest.
#[derive(Clone, Debug, PartialEq)]
pub struct Footing {
    view: View,
    mid2: i64,
    slot: i64,
    spans: [Span; SPANS as usize],
}

/// What orders weigh that were approved, whatever the position was.
#[derive(Clone, Copy, Debug)]
pub struct Burden {
    mid2: i64,
    on: Exposure,
}

impl Burden {
    /// What other orders weigh in the same market.
    #[must_use]
    pub fn with(&self, on: Exposure) -> Self {
        Self { on, ..*self }
    }

    /// The worst case with a position, as half price units times lots.
    fn laden(&self, position: Lots) -> i128 {
        let held = i128::from(position.0) * i128::from(self.mid2);
        let [bids, asks] = self.on.value.map(|value| 2 * value);
        (held + bids).max(asks - held).max(0)
    }

    /// Whether no bid meets an ask.
    fn is_apart(&self) -> bool {
        match self.on.best {
            [Some(bid), Some(ask)] => bid < ask,
            [_, None] | [None, _] => true,
        }
    }
}

/// What limits and equity carry of the only symbol.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// The worst case, as half price units times lots.
    worst: i128,
    orders: i64,
}

impl Room {
    /// Whether it carries this burden with a position, so that the orders would have been approved
    /// here as well.
    #[must_use]
    pub fn bears(&self, position: Lots, burden: &Burden) -> bool {
        let few = i64::from(burden.on.orders()) <= self.orders;
        few && burden.laden(position) <= self.worst && burden.is_apart()
    }
}

impl SymbolGate {
    /// What it carries where the account carries a worst case of this value, and so many orders.
    pub(in crate::risk) fn room(&self, worst: MicroUsd, orders: i64) -> Room {
        // The most that is no more than this when it is rounded up to micro-dollars.
        let account = (i128::from(worst.0) * self.raw2_num).div_euclid(self.raw2_den);
        Room { worst: self.position_raw2.min(account), orders }
    }

    /// Whether nothing of its own history is in force.
    pub(in crate::risk) fn is_at_rest(&self) -> bool {
        let calm = self.protection.due() == UnixNanos(i64::MAX);
        calm && self.protection.widened().is_none() && self.state() == RiskState::Active
    }

    /// What it knows of its market at `now`; `None` while anything else counts: a jump, a market
    /// that could not be quoted, an order so young that its like is a duplicate.
    pub(in crate::risk) fn footing(&self, now: UnixNanos) -> Option<Footing> {
        let young = self.newest().is_some_and(|at| now.since(at) < self.limits.duplicate_window);
        let calm = !young && !self.troubled && self.jumped.is_none() && self.is_at_rest();
        calm.then(|| self.market_seen())
    }

    /// What it knows of its market.
    pub(in crate::risk) fn market_seen(&self) -> Footing {
        let Self { mid2, slot, spans, .. } = *self;
        // Looked at anew for every order that takes it.
        let view = View { displayed: None, ..self.view };
        Footing { view, mid2, slot, spans }
    }

    /// Whether an order is approved beside another of its side, but for its worst case, our own
    /// other side and the state; no, where that takes the displayed depth.
    pub(in crate::risk) fn suits(&self, order: &Place) -> bool {
        let near = self.form(order).is_ok() && self.collar(order).is_ok();
        near && self.limits.orders_per_side > 1 && !self.looks_at_depth(order)
    }

    /// Know this of the market.
    pub(in crate::risk) fn stand(&mut self, on: &Footing) {
        (self.view, self.mid2, self.slot) = (on.view, on.mid2, on.slot);
        (self.spans, self.jumped) = (on.spans, None);
    }

    /// What these orders weigh.
    pub(in crate::risk) fn burden(&self, on: Exposure) -> Burden {
        Burden { mid2: self.mid2, on }
    }
}
