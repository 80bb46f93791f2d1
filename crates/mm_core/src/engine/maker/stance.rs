//! Stance — where a maker of the fixed rule stands before a decision, and what it chooses there.
//!
//! Makers that stand alike and choose alike do the same until their next decision, whatever their
//! parameters: a sweep plays that once for all of them.

use super::confine;
use super::Inputs;
use super::Maker;
use super::MakerConfig;
use crate::book::Touch;
use crate::engine::Attention;
use crate::engine::Sight;
use crate::order::Order;
use crate::order::Standing;
use crate::quote::Ladder;
use crate::risk::Exposure;
use crate::units::Cloid;
use crate::units::Lots;
use crate::units::Px;
use serde::Serialize;

/// All that the next decision depends on besides parameters, position and orders, the market and
/// the gate.
#[derive(Clone, Debug, PartialEq)]
pub struct Stance {
    last: Option<Inputs>,
    content: bool,
    /// Whether nothing of its own happened since the last decision.
    settled: bool,
}

/// What a decision was made on.
#[derive(Clone, Copy, Debug)]
pub struct Considered(Inputs);

impl Considered {
    /// The touch.
    #[must_use]
    pub fn touch(&self) -> Option<Touch> {
        self.0.touch.map(|at| at.touch)
    }

    /// Whether nothing differs but the touch.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        Inputs { touch: None, ..self.0 } == Inputs { touch: None, ..other.0 }
    }
}

impl Stance {
    /// Whether this is not what was considered last: a decision is due.
    #[must_use]
    pub fn differs(&self, on: &Considered) -> bool {
        !self.settled || self.last.as_ref() != Some(&on.0)
    }

    /// Whether nothing but the market and the clock wakes it for its next decision, as far as
    /// its orders are answered as asked.
    #[must_use]
    pub fn is_at_ease(&self) -> bool {
        self.content && self.settled
    }
}

impl Maker {
    /// Where it stands; `None` where more counts than a stance tells.
    #[must_use]
    pub fn stance(&self) -> Option<Stance> {
        let steered = self.held || self.flattens || self.scale != 1.0 || self.news.is_some();
        if steered || self.attention() != Attention::Book {
            return None;
        }
        let settled = self.is_settled();
        Some(Stance { last: self.last, content: self.content, settled })
    }

    /// The orders that it stands with, without their ids, which no decision looks at; `None` where
    /// something is under way.
    #[must_use]
    pub fn standing(&self) -> Option<Standing> {
        let orders = self.config.orders.standing()?;
        Some(orders.map(|order| order.map(|order| Order { cloid: Cloid(0), ..order })))
    }

    /// What besides a stance and a choice tells makers of the fixed rule apart, before any order.
    pub fn rules(&self) -> impl Serialize + '_ {
        let MakerConfig { orders, spec, params, .. } = &self.config;
        (orders, spec, self.stale, params.order_value_factor)
    }

    /// The ids of the orders that it stands with, bids and asks.
    #[must_use]
    pub fn standing_cloids(&self) -> [Option<Cloid>; 2] {
        let orders = self.config.orders.standing().unwrap_or_default();
        orders.map(|order| order.map(|order| order.cloid))
    }

    /// Stand so, with orders of these ids; the next order has this number. The position is its
    /// own.
    pub fn stand(
        &mut self,
        (stance, orders): (&Stance, &Standing),
        cloids: [Option<Cloid>; 2],
        sequence: u64,
    ) {
        self.config.orders.stand(orders, cloids, sequence);
        self.content = stance.content;
        // What it wanted when it last decided is thought of again where it counts.
        (self.last, self.quoted) = (stance.last, None);
        self.known_events = self.own_events;
        self.own_events += u64::from(!stance.settled);
    }

    /// Whether an order stays for a wanted price and size just as it is wanted, or goes for one at
    /// another price; `None` where it is neither.
    #[must_use]
    pub fn stays(&self, order: &Order, wanted: (Px, Lots)) -> Option<bool> {
        self.config.orders.stays(order, wanted, &self.config.spec)
    }

    /// What its last decision was made on.
    #[must_use]
    pub fn considered(&self) -> Option<Considered> {
        self.last.map(Considered)
    }

    /// What its orders could do to its position.
    #[must_use]
    pub fn exposure(&mut self) -> Exposure {
        self.config.orders.exposure(self.config.account.position())
    }

    /// What it wanted last.
    #[must_use]
    pub fn wanted_last(&self) -> &Ladder {
        &self.ladder
    }

    /// What it would want now, deciding on this: for the fixed rule nothing else counts but the
    /// position.
    #[must_use]
    pub fn choice(&self, market: &impl Sight, on: &Considered) -> Ladder {
        let mut ladder = self.targets(market, &on.0);
        confine(&mut ladder, &on.0);
        ladder
    }
}
