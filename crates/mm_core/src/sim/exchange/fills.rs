//! Fills — an execution changes its order, the position, the money and the limits of its owner.

use crate::account::cost_after;
use crate::fees::Liquidity;
use crate::sim::exchange::events::Event;
use crate::sim::exchange::events::FillRow;
use crate::sim::exchange::ledger::Leg;
use crate::sim::exchange::order::Order;
use crate::sim::exchange::order::Status;
use crate::sim::exchange::trader::Stake;
use crate::sim::exchange::Exchange;
use crate::sim::FillWhy;
use crate::sim::SimFill;
use crate::units::Cash;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;

/// One trade, as both of its sides book it.
#[derive(Clone, Debug)]
pub(super) struct Trade {
    pub(super) px: Px,
    pub(super) size: Lots,
    pub(super) tid: u64,
    pub(super) hash: String,
}

impl Exchange {
    /// A fill that the queue model made of an order that rests.
    pub(super) fn on_resting_fill(&mut self, fill: SimFill) {
        let oid = fill.cloid.0 as u64;
        let Some(&(who, order)) = self.live.get(&oid) else { return };
        let size = self.fillable(who, &order, fill.size);
        let Some(size) = size else {
            self.end_early(oid, why_not(&order));
            return;
        };
        let trade = Trade { px: fill.px, size, tid: self.trade_id(), hash: self.transaction() };
        if fill.why == FillWhy::Crossed {
            // The book moved through without a print: the trade is ours alone to tell.
            let (now, state) = (self.clock.now, &mut self.markets[usize::from(order.coin)].state);
            state.print(now, (fill.side.opposite(), fill.px.0), size.0, trade.tid);
        }
        self.book_fill(oid, &trade, Liquidity::Maker);
        if size < fill.size {
            self.end_early(oid, Status::ReduceOnlyCanceled);
        }
    }

    /// How much of a fill the owner of an order that rests can take; `None` is nothing.
    pub(super) fn fillable(&self, who: usize, order: &Order, size: Lots) -> Option<Lots> {
        if order.reduce_only {
            let stake = self.traders[who].stakes.get(&order.coin)?;
            let most = stake.reducible(order.side);
            return (most > 0).then(|| Lots(most.min(size.0)));
        }
        self.may_fill(who, order.coin, order.side, size).then_some(size)
    }

    /// Book a trade on an order that is open.
    pub(super) fn book_fill(&mut self, oid: u64, trade: &Trade, liquidity: Liquidity) {
        let Some(&(who, before)) = self.live.get(&oid) else { return };
        let order = self.filled_by(oid, trade.size);
        self.shift_open(who, &before, -before.opens());
        self.shift_open(who, &order, order.opens());
        let row = self.book_trade((who, &order), trade, liquidity);
        self.traders[who].keep_fill(row.clone());
        self.events.push(Event::Fill(row));
        if order.left == 0 {
            self.end(oid, Status::Filled);
        } else if liquidity == Liquidity::Maker {
            self.tell(who, order);
        }
    }

    fn filled_by(&mut self, oid: u64, size: Lots) -> Order {
        let entry = self.live.get_mut(&oid).expect("invariant: only open orders fill");
        entry.1.left -= size.0;
        assert!(entry.1.left >= 0, "invariant: an order never fills beyond its size: {entry:?}");
        entry.1.at = self.clock.now.0;
        entry.1
    }

    fn book_trade(
        &mut self,
        (who, order): (usize, &Order),
        trade: &Trade,
        liquidity: Liquidity,
    ) -> FillRow {
        let spec = *self.markets[usize::from(order.coin)].state.spec();
        let notional = spec.notional(trade.px, trade.size);
        let notional = notional.expect("invariant: the value of an order was checked");
        let fee = self.fees.fee(notional, liquidity);
        let stake = self.stake(who, order.coin);
        let before = stake.size;
        let closed_pnl = stake.trade(order.side, trade.size, notional);
        let after = stake.size;
        let trader = &mut self.traders[who];
        trader.balance += closed_pnl - fee.0;
        trader.budget.volume += notional;
        trader.tally.fills += 1;
        trader.tally.traded += i128::from(notional.0);
        trader.tally.fees += i128::from(fee.0);
        trader.tally.closed += i128::from(closed_pnl);
        self.ledger.post(Leg::Trading, closed_pnl);
        self.ledger.post(Leg::Fees, -fee.0);
        FillRow {
            user: self.traders[who].address.clone(),
            coin: order.coin,
            oid: order.oid,
            cloid: order.cloid,
            side: order.side,
            px: trade.px.0,
            size: trade.size.0,
            tid: trade.tid,
            before,
            closed_pnl,
            crossed: liquidity == Liquidity::Taker,
            fee: fee.0,
            at: self.clock.now.0,
            dir: direction(before, after, self.liquidating == Some(who)).to_owned(),
            hash: trade.hash.clone(),
            liquidated: self.liquidating.map(|other| self.traders[other].address.clone()),
        }
    }

    /// The lots that an account's open orders may add changed.
    pub(super) fn shift_open(&mut self, who: usize, order: &Order, lots: i64) {
        let stake = self.stake(who, order.coin);
        stake.open[order.side.index()] += lots;
        if lots > 0 {
            stake.watch();
        }
    }
}

/// The word for an order that could not take its fill.
pub(super) fn why_not(order: &Order) -> Status {
    if order.reduce_only {
        Status::ReduceOnlyCanceled
    } else {
        Status::MarginCanceled
    }
}

impl Stake {
    /// Book a trade; the profit that it closes.
    fn trade(&mut self, side: Side, size: Lots, notional: Cash) -> i64 {
        let before = self.size;
        let (basis, closed) = cost_after((Lots(before), self.basis), side, size, notional);
        self.basis = basis;
        self.size += side.sign() * size.0;
        let turned = before == 0 || self.size.signum() != before.signum();
        if self.isolated {
            self.set_margin(before, notional, size);
        }
        self.funding[2] = 0;
        if turned {
            self.funding[1] = 0;
        }
        self.watch();
        i64::try_from(closed).expect("invariant: closed profit fits the cash unit")
    }

    /// Isolated money follows the position: in with what opens, out with what closes.
    fn set_margin(&mut self, before: i64, notional: Cash, size: Lots) {
        let kept = if self.size.signum() == before.signum() {
            self.size.abs().min(before.abs())
        } else {
            0
        };
        let opened = self.size.abs() - kept;
        if before != 0 {
            let share = i128::from(self.margin) * i128::from(kept) / i128::from(before.abs());
            self.margin = share as i64;
        }
        let added = i128::from(notional.0) * i128::from(opened) / i128::from(size.0);
        let leverage = i128::from(self.leverage);
        self.margin += ((added + leverage - 1) / leverage) as i64;
    }
}

/// What a fill did to a position, in the venue's words.
fn direction(before: i64, after: i64, liquidation: bool) -> &'static str {
    if liquidation {
        return if before > 0 { "Liquidated Cross Long" } else { "Liquidated Cross Short" };
    }
    match (before.signum(), after.signum()) {
        (0, 1) => "Open Long",
        (0, -1) => "Open Short",
        (1, -1) => "Long > Short",
        (-1, 1) => "Short > Long",
        (1, _) if after > before => "Open Long",
        (-1, _) if after < before => "Open Short",
        (1, _) => "Close Long",
        _ => "Close Short",
    }
}
