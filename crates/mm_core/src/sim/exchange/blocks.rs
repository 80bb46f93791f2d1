//! Blocks — what happens at each tick of the exchange's clock, and in which order.
//!
//! Scheduled cancels, the hour's funding, post-only orders, cancels, the market, takers, triggers,
//! liquidations: a maker's cancel comes before the takers of its block.

use crate::command::Tif;
use crate::error::CoreError;
use crate::instrument::pow10;
use crate::sim::exchange::action::Class;
use crate::sim::exchange::action::Wish;
use crate::sim::exchange::events::Event;
use crate::sim::exchange::events::FundingRow;
use crate::sim::exchange::ledger::Leg;
use crate::sim::exchange::order::Order;
use crate::sim::exchange::order::Status;
use crate::sim::exchange::trader::Stake;
use crate::sim::exchange::Exchange;
use crate::units::Side;
use crate::units::UnixNanos;

const HOUR_NS: i64 = 3_600_000_000_000;
/// Funding rates are in 1e-12.
const RATE_SCALE: i64 = 1_000_000_000_000;
/// No hour pays more than 4 percent.
const RATE_MAX: i64 = RATE_SCALE / 25;

/// A position that is worth more loses a fifth first, and is closed whole within the next 30 s.
const CUT_ABOVE_MICRO: i128 = 100_000_000_000;
const CUT_PARTS: i64 = 5;
const CUT_PAUSE_NS: i64 = 30_000_000_000;

impl Exchange {
    /// Make every block until a time.
    ///
    /// # Errors
    /// As of the sources of the markets.
    pub fn advance(&mut self, until: UnixNanos) -> Result<(), CoreError> {
        loop {
            let block = self.clock.block_ns;
            let since = (self.clock.now.0 + block).max(self.clock.frozen.0) - self.clock.start;
            let next = self.clock.start + (since + block - 1).div_euclid(block) * block;
            if next > until.0 {
                return Ok(());
            }
            self.run_block(UnixNanos(next))?;
        }
    }

    fn run_block(&mut self, at: UnixNanos) -> Result<(), CoreError> {
        let last = self.clock.now;
        self.clock.now = at;
        self.clock.block += 1;
        self.events.push(Event::Block { at: at.0, number: self.clock.block });
        self.markets.iter_mut().for_each(|market| market.state.begin_block());
        self.fire_schedules();
        if at.0.div_euclid(HOUR_NS) != last.0.div_euclid(HOUR_NS) {
            self.settle_funding();
        }
        for class in [Class::Posting, Class::Cancel] {
            self.queued(class).into_iter().for_each(|queued| self.execute(queued));
        }
        self.run_markets(at)?;
        self.queued(Class::Taking).into_iter().for_each(|queued| self.execute(queued));
        self.pull_triggers();
        self.liquidate();
        self.tell_markets(at);
        Ok(())
    }

    fn run_markets(&mut self, at: UnixNanos) -> Result<(), CoreError> {
        for i in 0..self.markets.len() {
            self.markets[i].pull(at)?;
            let due = self.markets[i].state.due(at);
            for row in 0..due {
                let fills = self.markets[i].state.apply(row, at);
                fills.into_iter().for_each(|fill| self.on_resting_fill(fill));
            }
            self.markets[i].state.waiting.drop_front(due);
            for what in std::mem::take(&mut self.markets[i].state.injected) {
                let id = self.trade_id();
                let fills = self.markets[i].state.inject(what, at, id);
                fills.into_iter().for_each(|fill| self.on_resting_fill(fill));
            }
        }
        Ok(())
    }

    fn fire_schedules(&mut self) {
        for who in 0..self.traders.len() {
            if self.traders[who].schedule.fire(self.clock.now) {
                self.end_all(who, Status::ScheduledCancel);
            }
        }
    }

    fn end_all(&mut self, who: usize, status: Status) {
        let open: Vec<u64> = self.traders[who].open.iter().copied().collect();
        open.into_iter().for_each(|oid| self.end_early(oid, status));
    }

    /// Positions pay or receive the hour's rate at the oracle's price, toward zero. A coin whose
    /// rate or oracle was never said pays nothing.
    fn settle_funding(&mut self) {
        for coin in 0..self.markets.len() {
            let state = &self.markets[coin].state;
            let (Some(rate), Some(oracle)) = (state.context.funding_rate, state.context.oracle)
            else {
                continue;
            };
            let rate = rate.clamp(-RATE_MAX, RATE_MAX);
            let (decimals, at) = (state.spec().size_decimals, self.clock.now.0);
            let coin = coin as u16;
            self.events.push(Event::Settled { coin, rate, oracle, at });
            for who in 0..self.traders.len() {
                let size = self.traders[who].position(coin);
                if size != 0 {
                    let exact = i128::from(size) * i128::from(oracle) * i128::from(rate);
                    let paid = exact / i128::from(pow10(decimals + 2)) / i128::from(RATE_SCALE);
                    self.pay_funding(who, coin, (-(paid as i64), size, rate));
                }
            }
        }
    }

    fn pay_funding(&mut self, who: usize, coin: u16, (received, size, rate): (i64, i64, i64)) {
        let (at, hash) = (self.clock.now.0, self.transaction());
        let stake = self.stake(who, coin);
        stake.funding.iter_mut().for_each(|sum| *sum += received);
        if stake.isolated {
            stake.margin += received;
        }
        let trader = &mut self.traders[who];
        trader.balance += received;
        trader.tally.funding += i128::from(received);
        self.ledger.post(Leg::Funding, received);
        let user = trader.address.clone();
        let row = FundingRow { user, coin, received, size, rate, at, hash };
        trader.keep_funding(row.clone());
        self.events.push(Event::Funding(row));
    }

    /// Triggers that the mark has come to become orders.
    fn pull_triggers(&mut self) {
        let met = |(_, (_, order)): (&u64, &(usize, Order))| {
            let trigger = order.trigger.filter(|_| !order.is_resting())?;
            let at = (trigger.kind, trigger.px);
            self.is_met(order.coin, order.side, at).then_some(order.oid)
        };
        let met: Vec<u64> = self.live.iter().filter_map(met).collect();
        met.into_iter().for_each(|oid| self.pull_trigger(oid));
    }

    fn pull_trigger(&mut self, oid: u64) {
        let now = self.clock.now.0;
        let Some((who, order)) = self.live.get_mut(&oid) else { return };
        let (who, market) = (*who, order.trigger.is_some_and(|trigger| trigger.is_market));
        (order.status, order.at) = (Status::Triggered, now);
        order.tif = if market { Tif::Ioc } else { Tif::Gtc };
        let order = *order;
        self.tell(who, order);
        let stake = self.traders[who].stakes.get(&order.coin);
        let most = stake.map_or(0, |stake| stake.reducible(order.side));
        if order.reduce_only && most == 0 {
            return self.end(oid, Status::ReduceOnlyCanceled);
        }
        if !order.reduce_only && !self.may_place(who, order.coin, order.side, order.left) {
            return self.end(oid, Status::MarginCanceled);
        }
        if let Some((_, open)) = self.live.get_mut(&oid).filter(|_| order.reduce_only) {
            open.left = open.left.min(most);
        }
        let order = self.live.get(&oid).map_or(order, |(_, order)| *order);
        self.shift_open(who, &order, order.opens());
        // Whatever comes of it is told as the order's own life.
        let _ = self.match_and_rest(oid);
    }

    /// Accounts below their maintenance margin lose their positions to the book.
    fn liquidate(&mut self) {
        for who in 0..self.traders.len() {
            if self.traders[who].stakes.values().all(|stake| stake.size == 0) {
                continue;
            }
            let standing = self.standing(who);
            let all = standing.shared < standing.maintenance;
            let lost = |(&coin, stake): (&u16, &Stake)| {
                let equity = i128::from(stake.margin) + self.unrealised(coin, stake);
                let alone = stake.isolated && equity < self.maintenance_of(coin, stake);
                (stake.size != 0 && (alone || (all && !stake.isolated))).then_some(coin)
            };
            let lost: Vec<u16> = self.traders[who].stakes.iter().filter_map(lost).collect();
            if !lost.is_empty() {
                self.close_by_force(who, &lost, all);
            }
        }
    }

    fn close_by_force(&mut self, who: usize, coins: &[u16], all: bool) {
        let open: Vec<Order> = self.orders_of(who).collect();
        for order in open {
            if all || coins.contains(&order.coin) {
                self.end_early(order.oid, Status::LiquidatedCanceled);
            }
        }
        self.liquidating = Some(who);
        let now = self.clock.now.0;
        let whole = now < self.traders[who].whole_until;
        for &coin in coins {
            let size = self.traders[who].position(coin);
            let cut = !whole && self.worth_of(coin, size).abs() > CUT_ABOVE_MICRO;
            if cut {
                self.traders[who].whole_until = now + CUT_PAUSE_NS;
            }
            let side = if size > 0 { Side::Ask } else { Side::Bid };
            let px = if size > 0 { 1 } else { i64::MAX / size.abs() };
            let wish = Wish {
                coin,
                side,
                px,
                size: if cut { (size.abs() + CUT_PARTS - 1) / CUT_PARTS } else { size.abs() },
                tif: Tif::Ioc,
                reduce_only: true,
                cloid: None,
                trigger: None,
                flaw: None,
            };
            self.force(who, &wish);
        }
        self.liquidating = None;
        let flat = self.traders[who].stakes.values().all(|stake| stake.size == 0);
        let owed = self.traders[who].balance;
        if flat && owed < 0 {
            self.move_money(who, -owed, (Leg::Backstop, "backstop"), None);
        }
    }

    fn tell_markets(&mut self, at: UnixNanos) {
        let at = at.0;
        for (coin, market) in self.markets.iter_mut().enumerate() {
            let (coin, news) = (coin as u16, market.state.end_block());
            if !news.trades.is_empty() {
                self.events.push(Event::Trades { coin, trades: news.trades });
            }
            if let Some([bid, ask]) = news.touch {
                self.events.push(Event::Touch { coin, at, bid, ask });
            }
            if news.context {
                self.events.push(Event::Context { coin, at });
            }
        }
    }
}
