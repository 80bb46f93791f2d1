//! Places — where our resting orders stand in their queues, as far as the public feed can tell.
//!
//! An order is put at the tail of its level as the book shows it when the venue's word arrives that
//! it rests; from then on trades and changes of the level bring it forward. The simulated venue
//! keeps a queue of its own, on its own clock: nothing of it is known here.

use super::sight::Sight;
use crate::order::Order;
use crate::order::OrderManager;
use crate::order::OrderState;
use crate::queue::QpnConfig;
use crate::queue::QueueModel;
use crate::queue::QueueRule;
use crate::queue::Resting;
use crate::queue::Shown;
use crate::units::Cloid;
use crate::units::DurationNanos;
use crate::units::Px;
use crate::units::Side;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

/// A book and the trades behind its change are heard on streams of their own, so far apart.
const LATE: DurationNanos = DurationNanos::from_millis(200);

/// One of our orders in its queue.
#[derive(Debug, Serialize, Deserialize)]
struct Queued {
    resting: Resting,
    /// The level when last looked at, our own orders included where the book shows them.
    level: Option<Shown>,
}

/// The queues that our orders stand in.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Places {
    rule: QueueRule,
    queued: Vec<Queued>,
    /// Trades of the market that were taken into account.
    heard: u64,
}

impl Default for Places {
    fn default() -> Self {
        let (model, qpn) = (QueueModel::Qpn, QpnConfig::fitted());
        Self { rule: QueueRule { model, qpn, late: LATE }, queued: Vec::new(), heard: 0 }
    }
}

impl Places {
    /// Take in what was heard since the last time, and the orders that rest by now.
    pub(super) fn follow(&mut self, market: &impl Sight, orders: &OrderManager, now: UnixNanos) {
        let Self { rule, queued, heard } = self;
        queued.retain(|own| orders.get(own.resting.cloid).is_some_and(rests));
        let (all, prints) = market.prints(*heard);
        for (aggressor, px, size) in prints {
            queued.iter_mut().for_each(|own| own.trade(rule, (aggressor, px, size), now));
        }
        *heard = all;
        for own in queued.iter_mut() {
            let order = orders.get(own.resting.cloid).filter(|_| market.shows_ours());
            own.look(rule, market, order, now);
        }
        for order in orders.live().filter(|order| rests(order)) {
            if !queued.iter().any(|own| own.resting.cloid == order.cloid) {
                queued.push(Queued::new(rule, market, order, now));
            }
        }
    }

    /// One of our orders traded: it is the first of its queue.
    pub(super) fn filled(&mut self, cloid: Cloid) {
        let own = self.queued.iter_mut().find(|own| own.resting.cloid == cloid);
        own.into_iter().for_each(|own| own.resting.swept());
    }

    /// Lots ahead of and behind the order of ours that rests at a price; `None` where none does, or
    /// where its level was never seen.
    pub(super) fn at(&self, side: Side, px: Px) -> Option<(f64, f64)> {
        let here = |own: &&Queued| (own.resting.side, own.resting.px) == (side, px);
        let known = self.queued.iter().filter(here).filter(|own| own.resting.is_known());
        let first = known.min_by(|a, b| a.resting.ahead().total_cmp(&b.resting.ahead()))?;
        Some((first.resting.ahead(), first.resting.behind()))
    }
}

impl Queued {
    /// Behind all that the book shows: what is ours in it, if it is shown yet, leaves with the next
    /// change of the level.
    fn new(rule: &QueueRule, market: &impl Sight, order: &Order, now: UnixNanos) -> Self {
        let level = market.level(order.side, order.px);
        let met = level.unwrap_or(Shown { qty: 0.0, n: 0 });
        let at = (order.side, order.px);
        let resting = Resting::new(order.cloid, at, order.left(), met, level.is_some());
        Self { resting: resting.counting(rule, met, now.0), level }
    }

    fn trade(&mut self, rule: &QueueRule, print: (Side, Px, f64), now: UnixNanos) {
        let (aggressor, px, size) = print;
        let Resting { side, px: ours, .. } = self.resting;
        if aggressor == side {
            return;
        }
        if px == ours {
            self.resting.trade(rule, size, now.0);
        } else if side.better(ours, px) {
            self.resting.swept();
        }
    }

    /// Look at the level; `order` is ours where the book shows it.
    fn look(
        &mut self,
        rule: &QueueRule,
        market: &impl Sight,
        order: Option<&Order>,
        now: UnixNanos,
    ) {
        let Some(shown) = market.level(self.resting.side, self.resting.px) else {
            self.resting.vanish();
            return;
        };
        // A level that stayed as it was says nothing: it may be older than our order in it.
        if self.resting.is_visible() && self.level == Some(shown) {
            return;
        }
        self.level = Some(shown);
        let own = order.map_or(0, |order| order.left().0);
        let others = Shown {
            qty: (shown.qty - own as f64).max(0.0),
            n: shown.n.saturating_sub(u32::from(own > 0)),
        };
        self.resting.observe(rule, others, now.0);
    }
}

/// Whether an order surely rests.
fn rests(order: &Order) -> bool {
    matches!(order.state, OrderState::Working { .. })
}
