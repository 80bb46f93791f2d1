//! Placing — checks of a new order, its place in the book, and how orders end.

use crate::command::Tif;
use crate::sim::exchange::action::TriggerKind;
use crate::sim::exchange::action::Wish;
use crate::sim::exchange::events::Event;
use crate::sim::exchange::events::Item;
use crate::sim::exchange::order::Order;
use crate::sim::exchange::order::Status;
use crate::sim::exchange::Exchange;
use crate::sim::rules::Refusal;
use crate::units::Cash;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;

impl Exchange {
    /// A new order: refused, waiting, resting or filled.
    pub(super) fn place(&mut self, who: usize, wish: &Wish) -> Result<Item, Refusal> {
        self.clock.oid += 1;
        let now = self.clock.now.0;
        let order = Order::new(self.clock.oid, wish, now);
        self.traders[who].register(&order);
        match self.admit(who, wish) {
            Err(refusal) => {
                let status = Status::from(&refusal);
                self.refuse(who, Order { status, ..order });
                Err(refusal)
            }
            Ok(size) => self.accept(who, Order { size, left: size, ..order }),
        }
    }

    fn refuse(&mut self, who: usize, order: Order) {
        if usize::from(order.coin) < self.markets.len() {
            self.tell(who, order);
            self.traders[who].bury(order);
        }
    }

    /// Whether an order may be; its size, which reduce-only caps.
    fn admit(&self, who: usize, wish: &Wish) -> Result<i64, Refusal> {
        if let Some(flaw) = wish.flaw {
            return Err(flaw.into());
        }
        let market = self.markets.get(usize::from(wish.coin)).ok_or(Refusal::Unsupported)?;
        let spec = market.state.spec();
        if wish.size <= 0 {
            return Err(if wish.size == 0 { Refusal::ZeroSize } else { Refusal::BadSize });
        }
        if wish.px <= 0 {
            return Err(Refusal::BadPrice);
        }
        if !spec.is_valid(Px(wish.px)) {
            return Err(Refusal::Tick);
        }
        let notional = spec.notional(Px(wish.px), Lots(wish.size));
        let notional = notional.map_err(|_| Refusal::BadSize)?;
        if notional < Cash(self.rules.min_notional) && !wish.reduce_only {
            return Err(Refusal::MinNotional);
        }
        let trader = &self.traders[who];
        let (open, most) = (trader.open.len(), self.rules.open_orders(trader.budget.volume));
        let special = wish.reduce_only || wish.trigger.is_some();
        if open >= most || (special && open >= self.rules.open_orders_max) {
            return Err(Refusal::TooManyOrders);
        }
        if wish.trigger.is_some() {
            self.admit_trigger(wish)?;
            return Ok(wish.size);
        }
        self.admit_limit(who, wish)
    }

    fn admit_limit(&self, who: usize, wish: &Wish) -> Result<i64, Refusal> {
        let mut size = wish.size;
        if wish.reduce_only {
            let stake = self.traders[who].stakes.get(&wish.coin);
            let most = stake.map_or(0, |stake| stake.reducible(wish.side));
            if most == 0 {
                return Err(Refusal::ReduceOnly);
            }
            size = size.min(most);
        } else if !self.may_place(who, wish.coin, wish.side, size) {
            return Err(Refusal::Margin);
        }
        let crosses = self.crosses(wish.coin, wish.side, Px(wish.px));
        match wish.tif {
            Tif::PostOnly if crosses => {
                let state = &self.markets[usize::from(wish.coin)].state;
                let [bid, ask] = Side::BOTH.map(|side| state.best(side).map(|px| px.0));
                Err(Refusal::WouldMatch { bid, ask })
            }
            Tif::Ioc if !crosses => Err(Refusal::NoLiquidity),
            Tif::PostOnly | Tif::Ioc | Tif::Gtc => Ok(size),
        }
    }

    /// A trigger that is met already protects nothing.
    fn admit_trigger(&self, wish: &Wish) -> Result<(), Refusal> {
        let Some(trigger) = wish.trigger else { return Ok(()) };
        let spec = self.markets[usize::from(wish.coin)].state.spec();
        let met = self.is_met(wish.coin, wish.side, (trigger.kind, trigger.px));
        if !spec.is_valid(Px(trigger.px)) || met {
            return Err(Refusal::TriggerPrice);
        }
        Ok(())
    }

    /// Whether the mark has come to a trigger.
    pub(super) fn is_met(&self, coin: u16, side: Side, (kind, px): (TriggerKind, i64)) -> bool {
        let state = &self.markets[usize::from(coin)].state;
        let scale = crate::instrument::pow10(8 - state.spec().px_decimals.min(8));
        let Some(mark) = state.mark() else { return false };
        let from_above = match (side, kind) {
            (Side::Bid, TriggerKind::Tp) | (Side::Ask, TriggerKind::Sl) => true,
            (Side::Bid, TriggerKind::Sl) | (Side::Ask, TriggerKind::Tp) => false,
        };
        let at = i128::from(px) * i128::from(scale);
        if from_above {
            i128::from(mark) <= at
        } else {
            i128::from(mark) >= at
        }
    }

    fn accept(&mut self, who: usize, order: Order) -> Result<Item, Refusal> {
        let (oid, cloid) = (order.oid, order.cloid);
        self.live.insert(oid, (who, order));
        self.traders[who].open.insert(oid);
        if !order.is_resting() {
            self.traders[who].accept(&order);
            self.tell(who, order);
            return Ok(Item::Waiting { oid, cloid });
        }
        self.shift_open(who, &order, order.opens());
        let placed = self.match_and_rest(oid);
        if placed.is_ok() {
            self.traders[who].accept(&order);
        }
        placed
    }

    /// An order of the venue itself closes a position at any price.
    pub(super) fn force(&mut self, who: usize, wish: &Wish) {
        self.clock.oid += 1;
        let order = Order::new(self.clock.oid, wish, self.clock.now.0);
        self.traders[who].register(&order);
        // What the book cannot take now stays for the next block.
        let _ = self.accept(who, order);
    }

    /// Match an open order; what is left of it rests or ends.
    pub(super) fn match_and_rest(&mut self, oid: u64) -> Result<Item, Refusal> {
        let (who, order) = *self.live.get(&oid).expect("invariant: it was just placed");
        let cloid = order.cloid;
        let taken = match order.tif {
            Tif::PostOnly => crate::sim::exchange::matching::Taken::default(),
            Tif::Ioc | Tif::Gtc => self.take(oid),
        };
        let left = self.live.get(&oid).map_or(0, |(_, order)| order.left);
        if left > 0 {
            match order.tif {
                Tif::Ioc if taken.size == 0 => {
                    self.end(oid, Status::IocCancelRejected);
                    return Err(Refusal::NoLiquidity);
                }
                Tif::Ioc => self.end(oid, Status::Canceled),
                Tif::PostOnly | Tif::Gtc => self.rest(who, oid),
            }
        }
        if taken.size > 0 {
            return Ok(Item::Filled { oid, cloid, size: taken.size, notional: taken.notional });
        }
        Ok(Item::Resting { oid, cloid })
    }

    fn rest(&mut self, who: usize, oid: u64) {
        let Some(&(_, order)) = self.live.get(&oid) else { return };
        let state = &mut self.markets[usize::from(order.coin)].state;
        state.join(oid, (order.side, Px(order.px)), Lots(order.left), self.clock.now);
        self.tell(who, order);
        if order.reduce_only {
            self.trim_reducing(who, &order);
        }
    }

    /// Reduce-only orders beyond the position go, the oldest first.
    fn trim_reducing(&mut self, who: usize, newest: &Order) {
        let stake = self.traders[who].stakes.get(&newest.coin);
        let most = stake.map_or(0, |stake| stake.reducible(newest.side));
        let rests = |order: &Order| {
            order.reduce_only
                && order.is_resting()
                && (order.coin, order.side) == (newest.coin, newest.side)
        };
        let mut orders: Vec<Order> = self.orders_of(who).filter(rests).collect();
        let mut sum: i64 = orders.iter().map(|order| order.left).sum();
        orders.retain(|order| order.oid != newest.oid);
        for order in orders {
            if sum <= most {
                break;
            }
            sum -= order.left;
            self.end_early(order.oid, Status::ReduceOnlyCanceled);
        }
    }

    /// An account's open orders, the oldest first.
    pub(super) fn orders_of(&self, who: usize) -> impl Iterator<Item = Order> + '_ {
        self.traders[who].open.iter().filter_map(|oid| self.live.get(oid)).map(|(_, order)| *order)
    }

    /// An open order leaves the book before all of it is traded.
    pub(super) fn end_early(&mut self, oid: u64, status: Status) {
        let Some(&(_, order)) = self.live.get(&oid) else { return };
        self.markets[usize::from(order.coin)].state.give(oid, None);
        self.end(oid, status);
    }

    /// An open order that is not in the book (any more) comes to its end.
    pub(super) fn end(&mut self, oid: u64, status: Status) {
        let Some((who, order)) = self.live.remove(&oid) else { return };
        self.shift_open(who, &order, -order.opens());
        let order = Order { status, at: self.clock.now.0, ..order };
        self.traders[who].bury(order);
        self.tell(who, order);
    }

    pub(super) fn tell(&mut self, who: usize, order: Order) {
        let user = self.traders[who].address.clone();
        self.events.push(Event::Order { user, order });
    }
}
