//! Footing — what a symbol's gate knows of its market, while no rule of its own is on.

use super::Span;
use super::SymbolGate;
use super::View;
use super::SPANS;
use crate::risk::Exposure;
use crate::risk::RiskState;
use crate::units::Lots;
use crate::units::Px;
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
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burden {
    mid2: i64,
    /// Bids and asks.
    loads: [Load; 2],
}

/// What the orders of a side weigh.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Load {
    value: i128,
    count: u32,
    best: Option<Px>,
}

impl Burden {
    fn of(mid2: i64, on: &Exposure) -> Self {
        let load = |i: usize| Load { value: on.value[i], count: on.count[i], best: on.best[i] };
        Self { mid2, loads: [load(0), load(1)] }
    }

    /// What other orders weigh in the same market.
    #[must_use]
    pub fn with(&self, on: &Exposure) -> Self {
        Self::of(self.mid2, on)
    }

    /// How many orders.
    pub(in crate::risk) fn orders(&self) -> i64 {
        self.loads.iter().map(|load| i64::from(load.count)).sum()
    }

    /// Whether no bid meets an ask.
    pub(in crate::risk) fn is_apart(&self) -> bool {
        match self.loads.map(|load| load.best) {
            [Some(bid), Some(ask)] => bid < ask,
            [_, None] | [None, _] => true,
        }
    }
}

impl SymbolGate {
    /// Whether nothing of its own history is in force.
    pub(in crate::risk) fn is_at_rest(&self) -> bool {
        let calm = self.protection.due() == UnixNanos(i64::MAX);
        calm && self.protection.widened().is_none() && self.state() == RiskState::Active
    }

    /// What it knows of its market at `now`; `None` while anything else counts: a jump, a market
    /// that could not be quoted, an order so young that its like is a duplicate.
    pub(in crate::risk) fn footing(&self, now: UnixNanos) -> Option<Footing> {
        let young = self.newest().is_some_and(|at| now.since(at) < self.limits.duplicate_window);
        if young || self.troubled || self.jumped.is_some() || !self.is_at_rest() {
            return None;
        }
        let Self { mid2, slot, spans, .. } = *self;
        // Looked at anew for every order that takes it.
        let view = View { displayed: None, ..self.view };
        Some(Footing { view, mid2, slot, spans })
    }

    /// Know this of the market.
    pub(in crate::risk) fn stand(&mut self, on: &Footing) {
        (self.view, self.mid2, self.slot) = (on.view, on.mid2, on.slot);
        (self.spans, self.jumped) = (on.spans, None);
    }

    /// What these orders weigh.
    pub(in crate::risk) fn burden(&self, on: &Exposure) -> Burden {
        Burden::of(self.mid2, on)
    }

    /// The worst case with this position, as half price units times lots.
    pub(in crate::risk) fn laden(&self, position: Lots, burden: &Burden) -> i128 {
        let held = i128::from(position.0) * i128::from(burden.mid2);
        let [bids, asks] = burden.loads.map(|load| 2 * load.value);
        (held + bids).max(asks - held).max(0)
    }
}
