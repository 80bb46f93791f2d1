//! Footing — what a symbol's gate knows of market and exposure, while no rule of its own is on.

use super::Span;
use super::SymbolGate;
use super::View;
use super::SPANS;
use crate::risk::limits::MicroUsd;
use crate::risk::RiskState;
use crate::units::UnixNanos;

/// What the next verdicts depend on, while the gate is at rest.
#[derive(Clone, Debug, PartialEq)]
pub struct Footing {
    view: View,
    mid2: i64,
    slot: i64,
    spans: [Span; SPANS as usize],
    worst: MicroUsd,
    orders: i64,
}

impl SymbolGate {
    /// Whether nothing of its own history is in force.
    pub(in crate::risk) fn is_at_rest(&self) -> bool {
        let calm = self.protection.due() == UnixNanos(i64::MAX);
        calm && self.protection.widened().is_none() && self.state() == RiskState::Active
    }

    /// What it knows of market and exposure at `now`; `None` while anything else counts: a jump,
    /// a market that could not be quoted, an order so young that its like is a duplicate.
    pub(in crate::risk) fn footing(&self, now: UnixNanos) -> Option<Footing> {
        let young = self.newest().is_some_and(|at| now.since(at) < self.limits.duplicate_window);
        if young || self.troubled || self.jumped.is_some() || !self.is_at_rest() {
            return None;
        }
        let Self { view, mid2, slot, spans, worst, orders, .. } = self;
        let (view, spans) = (*view, *spans);
        Some(Footing { view, mid2: *mid2, slot: *slot, spans, worst: *worst, orders: *orders })
    }

    /// Know this of market and exposure.
    pub(in crate::risk) fn stand(&mut self, on: &Footing) {
        (self.view, self.mid2, self.slot) = (on.view, on.mid2, on.slot);
        (self.spans, self.jumped) = (on.spans, None);
        (self.worst, self.orders) = (on.worst, on.orders);
    }
}
