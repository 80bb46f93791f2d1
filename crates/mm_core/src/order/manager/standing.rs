//! Standing — orders of which nothing is under way: all that a decision needs to know of them.

use super::bits;
use super::Order;
use super::OrderManager;
use crate::order::OrderState;
use crate::units::Cloid;

/// One order a side at most, each resting as it was placed; bids and asks.
pub type Standing = [Option<Order>; 2];

impl OrderManager {
    /// The orders, where nothing is under way: no request without its answer, nothing filled in
    /// part, nothing refused, one order a side at most. What comes after then depends on no order
    /// before these.
    #[must_use]
    pub fn standing(&self) -> Option<Standing> {
        let [bids, asks] = self.quoting;
        let open = self.refused || self.rules.patience.0 > 0 || self.counted != bids | asks;
        if open || (self.pending | self.unknown) != 0 || bids.count_ones() > 1 {
            return None;
        }
        if asks.count_ones() > 1 {
            return None;
        }
        let orders = self.quoting.map(|side| bits(side).next().map(|slot| self.slots[slot]));
        let whole = |order: &Order| order.state == OrderState::Working { left: order.size };
        orders.iter().flatten().all(whole).then_some(orders)
    }

    /// The number of the next order.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Hold these orders by these ids and no others, the next order having this number.
    pub fn stand(&mut self, orders: &Standing, cloids: [Option<Cloid>; 2], sequence: u64) {
        (self.used, self.counted, self.quoting) = (0, 0, [0; 2]);
        (self.pending, self.unknown, self.next_slot) = (0, 0, 0);
        (self.exposure, self.refused) = (None, false);
        (self.sequence, self.unsent) = (sequence, sequence);
        for (order, cloid) in orders.iter().flatten().zip(cloids.into_iter().flatten()) {
            let slot = self.free_slot();
            self.slots[slot] = Order { cloid, ..*order };
            self.used |= 1 << slot;
            self.index(slot);
        }
    }
}
