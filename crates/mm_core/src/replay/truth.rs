//! What really happened on the simulated venue: the ledger, the fills and what followed them.

use super::columns::EquityColumns;
use super::columns::FillColumns;
use super::columns::FillRow;
use super::columns::OrderColumns;
use super::columns::OrderEnd;
use super::columns::MARKOUT_NS;
use super::score::Followed;
use crate::account::Account;
use crate::book::Touch;
use crate::command::Place;
use crate::engine::Context;
use crate::error::CoreError;
use crate::event::Fill;
use crate::event::OrderAnswer;
use crate::event::RejectReason;
use crate::instrument::pow10;
use crate::instrument::InstrumentSpec;
use crate::order::CloidParts;
use crate::order::Order;
use crate::sim::SimFill;
use crate::sim::SimOrders;
use crate::sim::VenueEvent;
use crate::units::Cash;
use crate::units::Cloid;
use crate::units::Lots;
use crate::units::Side;
use crate::units::SymbolIx;
use crate::units::TradeId;
use serde::Deserialize;
use serde::Serialize;
use std::collections::VecDeque;

/// What the maker learns, once its message has travelled back.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    Answer(Cloid, OrderAnswer),
    /// The fill and twice the mid at it.
    Fill(Fill, i64),
    /// A funding payment; positive is received.
    Funding(Cash),
}

/// An order that has not ended.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Open {
    cloid: Cloid,
    side: Side,
    level: u8,
    px: i64,
    qty: i64,
    filled: i64,
    ts_sent: i64,
    ts_venue: i64,
    ahead: f64,
}

/// Counts that a report prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Tally {
    pub(super) orders: u64,
    pub(super) cancels: u64,
    pub(super) rejects: u64,
    pub(super) lost: u64,
    pub(super) fills: u64,
    pub(super) crossed_fills: u64,
    pub(super) filled_lots: i64,
}

/// What was held, and known of funding, when an hour struck.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Hour {
    number: i64,
    held: Lots,
    rate: Option<i64>,
    oracle: Option<i64>,
    is_due: bool,
}

/// Which columns a run keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Keep {
    /// All of them, until they are moved out.
    All,
    /// Fills only.
    Fills,
    /// None: fills stay until what followed them is known.
    Nothing,
}

/// The venue's side of one symbol's run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Truth {
    symbol: SymbolIx,
    spec: InstrumentSpec,
    pub(super) ledger: Account,
    pub(super) fills: FillColumns,
    pub(super) orders: OrderColumns,
    pub(super) equity: EquityColumns,
    pub(super) tally: Tally,
    open: Vec<Open>,
    due: [VecDeque<(i64, usize)>; 6],
    next_due: i64,
    context: Context,
    hour: Hour,
    /// Funding that was settled and not told yet: when, and what was received.
    settled: Option<(i64, Cash)>,
    trades: u64,
    replies: Vec<(i64, Reply)>,
    pub(super) followed: Followed,
    keep: Keep,
    /// Fills that are not kept any more.
    forgotten: usize,
    /// Fills since somebody began to listen.
    #[serde(skip)]
    heard: Option<Vec<Execution>>,
}

/// A fill as it happened, and as it travels back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Execution {
    pub(super) fill: SimFill,
    pub(super) left: Lots,
    pub(super) ts: i64,
    pub(super) at_home: i64,
}

pub(super) const HOUR_NS: i64 = 3_600_000_000_000;
/// A settlement row may come this long after the hour; then the context's last estimate before
/// the hour is charged.
pub(super) const FUNDING_WAIT_NS: i64 = 10_000_000_000;

impl Truth {
    pub(super) fn new(symbol: SymbolIx, spec: InstrumentSpec, ledger: Account, keep: Keep) -> Self {
        Self {
            symbol,
            spec,
            ledger,
            fills: FillColumns::default(),
            orders: OrderColumns::default(),
            equity: EquityColumns::default(),
            tally: Tally::default(),
            open: Vec::new(),
            due: Default::default(),
            next_due: i64::MAX,
            context: Context::default(),
            hour: Hour::default(),
            settled: None,
            trades: 0,
            replies: Vec::new(),
            followed: Followed::default(),
            keep,
            forgotten: 0,
            heard: None,
        }
    }

    /// Note an order that leaves for the venue.
    pub(super) fn sent(&mut self, place: &Place, now: i64) {
        self.tally.orders += 1;
        self.open.push(Open {
            cloid: place.cloid,
            side: place.side,
            level: CloidParts::unpack(place.cloid).level,
            px: place.px.0,
            qty: place.size.0,
            filled: 0,
            ts_sent: now,
            ts_venue: 0,
            ahead: f64::NAN,
        });
    }

    /// These are the orders that have not ended, none of them filled in part. When they were sent
    /// is not known: only where all orders are kept that is asked.
    pub(super) fn stand<'a>(&mut self, orders: impl Iterator<Item = &'a Order>) {
        self.open.clear();
        self.open.extend(orders.map(|order| Open {
            cloid: order.cloid,
            side: order.side,
            level: order.level,
            px: order.px.0,
            qty: order.size.0,
            filled: 0,
            ts_sent: order.sent.0,
            ts_venue: 0,
            ahead: f64::NAN,
        }));
    }

    /// Note an order that was lost on the way.
    pub(super) fn lost(&mut self, cloid: Cloid) {
        self.tally.lost += 1;
        self.end(cloid, OrderEnd::Unknown, 0);
    }

    /// Take in what the venue said, at venue time; replies are then ready to travel back.
    pub(super) fn absorb(
        &mut self,
        orders: &mut SimOrders,
        response_ns: i64,
    ) -> Result<(), CoreError> {
        let mut at = 0;
        while let Some((ts, event)) = orders.event(at) {
            at += 1;
            match event {
                VenueEvent::Answer(cloid, answer) => {
                    self.on_answer(cloid, answer, ts, orders);
                    self.replies.push((ts + response_ns, Reply::Answer(cloid, answer)));
                }
                VenueEvent::Fill(fill, left) => {
                    self.on_fill(&Execution { fill, left, ts, at_home: ts + response_ns })?;
                }
            }
        }
        orders.clear_events();
        if let Some((ts, received)) = self.settled.take() {
            self.replies.push((ts + response_ns, Reply::Funding(received)));
        }
        Ok(())
    }

    fn on_answer(&mut self, cloid: Cloid, answer: OrderAnswer, ts: i64, orders: &SimOrders) {
        match answer {
            OrderAnswer::Resting { .. } => {
                let ahead = orders.resting().iter().find(|o| o.cloid == cloid).map(|o| o.ahead());
                if let Some(open) = self.open.iter_mut().find(|o| o.cloid == cloid) {
                    open.ts_venue = ts;
                    open.ahead = ahead.unwrap_or(f64::NAN);
                }
            }
            OrderAnswer::Rejected { reason } => {
                self.tally.rejects += 1;
                let status = match reason {
                    RejectReason::WouldMatch { .. } => OrderEnd::WouldMatch,
                    RejectReason::Lost => OrderEnd::Unknown,
                    RejectReason::NoBook
                    | RejectReason::Invalid
                    | RejectReason::Margin
                    | RejectReason::NoLiquidity
                    | RejectReason::Other => OrderEnd::Rejected,
                };
                self.end(cloid, status, ts);
            }
            OrderAnswer::Cancelled { .. } => {
                self.tally.cancels += 1;
                self.end(cloid, OrderEnd::Cancelled, ts);
            }
            OrderAnswer::Filled | OrderAnswer::Unknown | OrderAnswer::CancelRefused => {}
        }
    }

    /// An order traded.
    pub(super) fn on_fill(&mut self, execution: &Execution) -> Result<(), CoreError> {
        let Execution { fill: sim, left, ts, at_home } = *execution;
        if let Some(heard) = &mut self.heard {
            heard.push(*execution);
        }
        self.strike(ts);
        self.trades += 1;
        let fill = Fill {
            symbol: self.symbol,
            cloid: sim.cloid,
            trade: TradeId(self.trades),
            side: sim.side,
            px: sim.px,
            size: sim.size,
            liquidity: sim.liquidity,
            fee: None,
        };
        let fee = self.ledger.on_fill(&fill, sim.mid2)?;
        let position = self.ledger.position().0;
        let row = FillRow { ts_exch: ts, ts_recv: at_home, fill: sim, fee, position };
        for (horizon, wait) in MARKOUT_NS.iter().enumerate() {
            self.due[horizon].push_back((ts + wait, self.forgotten + self.fills.ts_exch.len()));
        }
        self.next_due = self.next_due.min(ts + MARKOUT_NS[0]);
        self.fills.push(self.symbol.0, row);
        self.tally.fills += 1;
        self.tally.crossed_fills += u64::from(sim.why == crate::sim::FillWhy::Crossed);
        self.tally.filled_lots += sim.size.0;
        let told = Fill { fee: Some(fee), ..fill };
        self.replies.push((at_home, Reply::Fill(told, sim.mid2)));
        if let Some(open) = self.open.iter_mut().find(|o| o.cloid == sim.cloid) {
            open.filled += sim.size.0;
        }
        if left.0 == 0 {
            self.end(sim.cloid, OrderEnd::Filled, ts);
        }
        Ok(())
    }

    fn end(&mut self, cloid: Cloid, status: OrderEnd, ts: i64) {
        let Some(at) = self.open.iter().position(|o| o.cloid == cloid) else { return };
        let open = self.open.swap_remove(at);
        self.record(&open, status, ts);
    }

    fn record(&mut self, open: &Open, status: OrderEnd, ts: i64) {
        if self.keep != Keep::All {
            return;
        }
        let columns = &mut self.orders;
        columns.symbol.push(self.symbol.0);
        columns.cloid_seq.push(CloidParts::unpack(open.cloid).sequence);
        columns.side.push(open.side.sign() as i8);
        columns.level.push(open.level);
        columns.px.push(open.px);
        columns.qty.push(open.qty);
        columns.filled.push(open.filled);
        columns.ts_sent.push(open.ts_sent);
        columns.ts_venue.push(open.ts_venue);
        columns.ts_done.push(ts);
        columns.status.push(status as u8);
        columns.ahead.push(open.ahead);
    }

    /// Record the orders that still rest when the run ends.
    pub(super) fn finish(&mut self) {
        self.open.sort_by_key(|o| o.cloid);
        for open in std::mem::take(&mut self.open) {
            self.record(&open, OrderEnd::Working, 0);
        }
    }

    /// Move out the replies that are ready to travel back.
    pub(super) fn replies(&mut self) -> std::vec::Drain<'_, (i64, Reply)> {
        self.replies.drain(..)
    }

    pub(super) fn symbol(&self) -> SymbolIx {
        self.symbol
    }

    /// Whether funding was settled and not told yet.
    #[inline]
    pub(super) fn is_settled(&self) -> bool {
        self.settled.is_some()
    }

    /// When the next markout is due, on the venue's clock.
    #[inline]
    pub(super) fn next_due(&self) -> i64 {
        self.next_due
    }

    /// Forget the fills of which everything is known, where they are not kept.
    pub(super) fn forget(&mut self) {
        if self.keep == Keep::Nothing {
            let known = self.finished();
            self.fills.drop_front(known);
            self.forgotten += known;
        }
    }

    /// Move out the fills of which everything is known.
    pub(super) fn take_settled(&mut self) -> FillColumns {
        let known = self.finished();
        self.forgotten += known;
        self.fills.take_front(known)
    }

    /// How many of the fills on hand wait for no markout.
    fn finished(&self) -> usize {
        let waiting = self.due.iter().filter_map(|queue| queue.front()).map(|due| due.1).min();
        waiting.map_or(self.fills.ts_exch.len(), |row| row - self.forgotten)
    }

    /// Whether a markout is due at this very time.
    pub(super) fn is_due_at(&self, ts: i64) -> bool {
        let at_it = |queue: &VecDeque<(i64, usize)>| {
            queue.iter().take_while(|due| due.0 <= ts).any(|due| due.0 == ts)
        };
        self.next_due <= ts && self.due.iter().any(at_it)
    }

    /// Listen to fills from now on.
    pub(super) fn listen(&mut self) {
        self.heard.get_or_insert_default().clear();
    }

    /// The fills since then.
    pub(super) fn heard(&self) -> &[Execution] {
        self.heard.as_deref().unwrap_or_default()
    }

    /// Record every markout due at `ts`, with the touch as it is then.
    pub(super) fn mark_out(&mut self, touch: Option<Touch>, ts: i64) {
        let mid2 = touch.map(Touch::mid2);
        for horizon in 0..MARKOUT_NS.len() {
            while let Some(&(due, row)) = self.due[horizon].front() {
                if due > ts {
                    break;
                }
                self.due[horizon].pop_front();
                if let Some(mid2) = mid2 {
                    let (row, fills) = (row - self.forgotten, &mut self.fills);
                    let side = if fills.side[row] > 0 { Side::Bid } else { Side::Ask };
                    self.followed.add(horizon, side, (fills.px[row], fills.qty[row]), mid2);
                    fills.set_markout(horizon, row, mid2);
                }
            }
        }
        let fronts = self.due.iter().filter_map(|q| q.front());
        self.next_due = fronts.map(|f| f.0).min().unwrap_or(i64::MAX);
    }

    /// Sample the equity columns at `now`; `own` are our best prices, 0 where there is none.
    pub(super) fn sample(&mut self, symbol: u16, now: i64, touch: Option<Touch>, own: [i64; 2]) {
        let (ledger, columns) = (&mut self.ledger, &mut self.equity);
        let mid2 = touch.map_or(0, Touch::mid2);
        if mid2 > 0 {
            ledger.mark(mid2);
        }
        if self.keep != Keep::All {
            return;
        }
        let parts = ledger.parts();
        columns.symbol.push(symbol);
        columns.ts.push(now);
        columns.mid2.push(mid2);
        columns.position.push(ledger.position().0);
        columns.capture2.push(parts.capture.0 as i64);
        columns.inventory2.push(parts.inventory.0 as i64);
        columns.fees.push((parts.fees.0 / 2) as i64);
        columns.funding.push((parts.funding.0 / 2) as i64);
        columns.bid.push(touch.map_or(0, |t| t.bid.0));
        columns.ask.push(touch.map_or(0, |t| t.ask.0));
        columns.own_bid.push(own[0]);
        columns.own_ask.push(own[1]);
    }

    /// Note what an hour finds, before anything of it happens.
    fn strike(&mut self, ts: i64) {
        let number = ts / HOUR_NS;
        if number > self.hour.number {
            let (rate, oracle) = (self.context.funding_rate, self.context.oracle);
            let (held, is_due) = (self.ledger.position(), self.hour.number > 0);
            self.hour = Hour { number, held, rate, oracle, is_due };
        }
    }

    /// A context value became known on the venue.
    pub(super) fn on_context(&mut self, kind: u64, value: i64, ts: i64) -> Result<(), CoreError> {
        self.strike(ts);
        if self.hour.is_due && ts % HOUR_NS >= FUNDING_WAIT_NS {
            if let (Some(rate), Some(oracle)) = (self.hour.rate, self.hour.oracle) {
                self.pay_funding(rate, oracle, ts)?;
            }
            self.hour.is_due = false;
        }
        self.context.note(kind, value);
        Ok(())
    }

    /// The venue settled funding: `rate` in 1e-12 an hour, `oracle` in price units.
    pub(super) fn on_funding(&mut self, rate: i64, oracle: i64, ts: i64) -> Result<(), CoreError> {
        self.strike(ts);
        if self.hour.is_due {
            self.hour.is_due = false;
            let scaled = oracle * pow10(8) / pow10(self.spec.px_decimals);
            self.pay_funding(rate, scaled, ts)?;
        }
        Ok(())
    }

    /// Longs pay what they held at the hour x oracle x rate; `oracle` in 1e-8, `rate` in 1e-12,
    /// toward zero.
    fn pay_funding(&mut self, rate: i64, oracle: i64, ts: i64) -> Result<(), CoreError> {
        let spec = &self.spec;
        let product = i128::from(self.hour.held.0) * i128::from(oracle) * i128::from(rate);
        // Lots, oracle and rate carry 10^-(size_decimals + 20); cash is 10^-cash_decimals.
        let shift = 20 + spec.size_decimals - spec.cash_decimals.min(20 + spec.size_decimals);
        let paid = product / 10_i128.pow(shift);
        let paid = i64::try_from(paid).map_err(|_| CoreError::BadArgument {
            name: "funding",
            why: format!("payment of rate {rate} at oracle {oracle} does not fit"),
        })?;
        if paid != 0 {
            self.ledger.on_funding(Cash(-paid));
            self.settled = Some((ts, Cash(-paid)));
        }
        Ok(())
    }
}
