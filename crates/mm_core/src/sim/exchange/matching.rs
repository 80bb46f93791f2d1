//! Matching — an order that takes meets the displayed book and the orders of others.
//!
//! In order of price; at one price the displayed book comes first. An order of its own owner is
//! cancelled and not traded with.

use crate::fees::Liquidity;
use crate::sim::exchange::fills::why_not;
use crate::sim::exchange::fills::Trade;
use crate::sim::exchange::order::Order;
use crate::sim::exchange::order::Status;
use crate::sim::exchange::Exchange;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;

/// What an order got at once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Taken {
    pub(super) size: i64,
    pub(super) notional: i64,
}

/// The next piece of liquidity.
#[derive(Clone, Copy, Debug)]
enum Met {
    Displayed(Px, Lots),
    Resting(u64, Px, Lots),
}

impl Exchange {
    /// Whether an order at a price would meet something.
    pub(super) fn crosses(&self, coin: u16, side: Side, px: Px) -> bool {
        let facing = self.markets[usize::from(coin)].state.best(side.opposite());
        facing.is_some_and(|best| !side.better(best, px))
    }

    /// The best that an order of a side meets.
    fn meets(&self, order: &Order) -> Option<Met> {
        let state = &self.markets[usize::from(order.coin)].state;
        let (other, limit) = (order.side.opposite(), Px(order.px));
        let shown = state.displayed(other, limit);
        match (shown, state.resting(other, limit)) {
            (Some((px, size)), Some((_, own, _))) if !other.better(own, px) => {
                Some(Met::Displayed(px, size))
            }
            (_, Some((oid, px, size))) => Some(Met::Resting(oid, px, size)),
            (Some((px, size)), None) => Some(Met::Displayed(px, size)),
            (None, None) => None,
        }
    }

    /// Match an open order with all that it meets.
    pub(super) fn take(&mut self, oid: u64) -> Taken {
        let hash = self.transaction();
        let mut taken = Taken::default();
        while let Some(&(who, order)) = self.live.get(&oid) {
            if order.left == 0 {
                break;
            }
            let Some(met) = self.meets(&order) else { break };
            let trade = match met {
                Met::Displayed(px, size) => {
                    let size = Lots(order.left.min(size.0));
                    let state = &mut self.markets[usize::from(order.coin)].state;
                    state.take(order.side.opposite(), px, size);
                    Trade { px, size, tid: self.trade_id(), hash: hash.clone() }
                }
                Met::Resting(other, px, size) => {
                    let size = Lots(order.left.min(size.0));
                    let Some(size) = self.yields((who, other), size) else { continue };
                    let trade = Trade { px, size, tid: self.trade_id(), hash: hash.clone() };
                    let state = &mut self.markets[usize::from(order.coin)].state;
                    state.give(other, Some(size));
                    self.book_fill(other, &trade, Liquidity::Maker);
                    trade
                }
            };
            self.book_taken(oid, &order, &trade, &mut taken);
        }
        taken
    }

    fn book_taken(&mut self, oid: u64, order: &Order, trade: &Trade, taken: &mut Taken) {
        let now = self.clock.now;
        let state = &mut self.markets[usize::from(order.coin)].state;
        state.print(now, (order.side, trade.px.0), trade.size.0, trade.tid);
        let notional = state.spec().notional(trade.px, trade.size);
        taken.size += trade.size.0;
        taken.notional += notional.expect("invariant: the value of an order was checked").0;
        self.book_fill(oid, trade, Liquidity::Taker);
    }

    /// How much an order that rests gives to another account's; if nothing, it is cancelled.
    fn yields(&mut self, (taker, oid): (usize, u64), size: Lots) -> Option<Lots> {
        let (maker, order) = *self.live.get(&oid).expect("invariant: orders in the book are open");
        if maker == taker {
            self.end_early(oid, Status::SelfTradeCanceled);
            return None;
        }
        let size = self.fillable(maker, &order, size);
        if size.is_none() {
            self.end_early(oid, why_not(&order));
        }
        size
    }
}
