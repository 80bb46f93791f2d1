//! One symbol of a run: its tape on two clocks, its market, its maker, its simulated venue.

use super::inbox::insert_by_time;
use super::inbox::Class;
use super::inbox::Inbox;
use super::spec::About;
use super::spec::LaneSpec;
use super::truth::Reply;
use super::truth::Truth;
use super::window::RowSink;
use super::window::Window;
use crate::account::Account;
use crate::book::BookRow;
use crate::command::Command;
use crate::command::Place;
use crate::engine::Commands;
use crate::engine::Maker;
use crate::engine::Market;
use crate::engine::Why;
use crate::error::CoreError;
use crate::event::CancelReason;
use crate::event::OrderAnswer;
use crate::event::RejectReason;
use crate::event::RowKind;
use crate::instrument::InstrumentSpec;
use crate::queue::Arrival;
use crate::risk::Gate;
use crate::signal::Trees;
use crate::sim::Latency;
use crate::sim::LevelArrival;
use crate::sim::SimVenue;
use crate::units::Side;
use crate::units::UnixNanos;
use serde_json::json;
use serde_json::Value;
use std::collections::VecDeque;

/// One symbol's part of a run.
#[derive(Debug)]
pub(super) struct Lane {
    window: Window,
    market: Market,
    maker: Maker,
    venue: SimVenue,
    pub(super) truth: Truth,
    latency: Latency,
    /// Commands on their way to the venue.
    pub(super) inbox: Inbox,
    /// Replies on their way back, by arrival.
    replies: VecDeque<(i64, Reply)>,
    feed_latency: i64,
    /// When the first row was delivered.
    first: Option<i64>,
    framed: bool,
    /// Whether an order between two frames meets its share of the change between them.
    shared_arrival: bool,
    about: About,
}

impl Lane {
    pub(super) fn new(spec: LaneSpec) -> Self {
        let ledger = Account::new(spec.instrument, spec.fees);
        let mut market = Market::new(spec.instrument, spec.maker.attention());
        market.warm(&spec.candles);
        Self {
            window: Window::new(spec.series, spec.disorder_ns),
            market,
            maker: spec.maker,
            venue: SimVenue::new(spec.instrument, spec.venue),
            truth: Truth::new(spec.symbol, spec.instrument, ledger),
            latency: spec.latency,
            inbox: Inbox::new(spec.block_ns),
            replies: VecDeque::new(),
            feed_latency: 0,
            first: None,
            framed: false,
            shared_arrival: spec.shared_arrival,
            about: spec.about,
        }
    }

    /// Time of the first row, if there is one.
    pub(super) fn first_time(&mut self) -> Result<Option<i64>, CoreError> {
        self.window.ensure(i64::MIN)?;
        self.first = self.window.next_time();
        Ok(self.first)
    }

    pub(super) fn rows_read(&self) -> u64 {
        self.window.read()
    }

    /// Whether the tape is used up and nothing is on its way.
    pub(super) fn is_done(&self) -> bool {
        self.window.is_done() && self.inbox.is_empty() && self.replies.is_empty()
    }

    /// The earliest time at which anything may happen to this symbol.
    pub(super) fn wakes(&mut self, gate: &Gate) -> Result<i64, CoreError> {
        let maker = self.maker.wakes(&self.market, gate).0;
        if maker == i64::MIN {
            return Ok(maker);
        }
        let commands = self.inbox.due(|ts| self.window.exch_at_or_after(ts));
        let replies = self.replies.front().map_or(i64::MAX, |r| r.0);
        Ok(maker.min(commands).min(replies).min(self.window.next_either()?))
    }

    /// Our clock reaches `now`: what happened by then happened, what was heard is heard.
    pub(super) fn advance(&mut self, now: i64, gate: &mut Gate) -> Result<(), CoreError> {
        self.window.ensure(now)?;
        self.happen_until(now)?;
        self.deliver_until(now);
        self.hear_replies(now, gate)?;
        self.market.on_step(UnixNanos(now));
        Ok(())
    }

    /// The venue's clock reaches `now`.
    fn happen_until(&mut self, now: i64) -> Result<(), CoreError> {
        loop {
            let arrival = self.inbox.due(|ts| self.window.exch_at_or_after(ts));
            let due = self.truth.next_due();
            if arrival <= due && arrival <= now {
                self.take_in(arrival)?;
            } else if due <= now {
                self.happen(due, true)?;
                self.truth.mark_out(self.venue.book(), due);
            } else {
                return self.happen(now, false);
            }
        }
    }

    fn happen(&mut self, until: i64, inclusive: bool) -> Result<(), CoreError> {
        let Self { window, venue, truth, latency, feed_latency, framed, replies, .. } = self;
        let (feed_latency, result) = (*feed_latency, Ok(()));
        let mut world = World { venue, truth, latency, feed_latency, framed, replies, result };
        window.happen(until, inclusive, &mut world);
        world.result
    }

    /// The venue takes in the commands that take effect at `ts`.
    fn take_in(&mut self, ts: i64) -> Result<(), CoreError> {
        self.happen(ts, false)?;
        while let Some((class, command)) = self.inbox.take(ts) {
            match class {
                Class::Adds | Class::Cancels => {}
                Class::Takers => self.happen(ts, true)?,
            }
            self.arrive(ts, command)?;
        }
        Ok(())
    }

    /// A command reaches the venue.
    fn arrive(&mut self, ts: i64, command: Command) -> Result<(), CoreError> {
        match command {
            Command::Place(place) => {
                let interval = self.interval(&place, ts)?;
                self.venue.place(&place, interval, ts);
            }
            Command::Cancel { cloid, .. } => self.venue.cancel(cloid, CancelReason::Asked, ts),
            Command::CancelAll { .. } => self.venue.cancel_all(CancelReason::Asked, ts),
            Command::ScheduleCancel { .. } => {}
        }
        let response = self.latency.response(ts, self.feed_latency);
        self.truth.absorb(&mut self.venue, response)?;
        send_back(&mut self.truth, &mut self.replies);
        Ok(())
    }

    /// What the frames around an arrival show of its level, where the stream has frames.
    fn interval(&mut self, place: &Place, ts: i64) -> Result<Option<LevelArrival>, CoreError> {
        if !self.framed || !self.shared_arrival {
            return Ok(None);
        }
        self.window.look_ahead()?;
        let Some(around) = self.window.around(place.side, place.px) else { return Ok(None) };
        let now = self.venue.book().at(place.side, place.px);
        let after = around.after.unwrap_or(now);
        let span = (around.to - around.from).max(1) as f64;
        let elapsed = ((ts - around.from) as f64 / span).clamp(0.0, 1.0);
        let (before, total) = (around.before, around.total);
        let part = |start, end, before, total| Arrival { start, end, before, total, elapsed };
        let is_counted = |level: (i64, u32)| level.0 == 0 || level.1 > 0;
        let count = part(now.1.into(), after.1.into(), before.1.into(), total.1.into());
        Ok(Some(LevelArrival {
            qty: part(now.0 as f64, after.0 as f64, before.0 as f64, total.0 as f64),
            count: (is_counted(now) && is_counted(after)).then_some(count),
        }))
    }

    fn deliver_until(&mut self, now: i64) {
        let Self { window, market, .. } = self;
        if window.deliver(now, &mut Ear(market)) {
            let (heard, latency) = window.last_delivery();
            market.hear(UnixNanos(heard));
            self.feed_latency = latency;
        }
    }

    fn hear_replies(&mut self, now: i64, gate: &mut Gate) -> Result<(), CoreError> {
        while self.replies.front().is_some_and(|r| r.0 <= now) {
            let Some((ts, reply)) = self.replies.pop_front() else { break };
            match reply {
                Reply::Answer(cloid, answer) => self.maker.on_answer(cloid, &answer, UnixNanos(ts)),
                Reply::Fill(fill, mid2) => self.maker.on_fill(&fill, mid2, gate, UnixNanos(ts))?,
            }
        }
        Ok(())
    }

    /// The maker decides at `now`; its commands leave for the venue.
    pub(super) fn decide(&mut self, now: i64, gate: &mut Gate, out: &mut Commands) {
        out.clear();
        self.maker.decide(&self.market, gate, UnixNanos(now), out);
        for approved in out.drain(..) {
            let command = *approved.get();
            if let Command::Place(place) = &command {
                self.truth.sent(place, now);
            }
            self.send(command, now);
        }
    }

    fn send(&mut self, command: Command, now: i64) {
        match self.latency.entry(now, self.feed_latency) {
            Some(entry) => self.inbox.push(now + entry, command),
            None => self.lose(command, now),
        }
    }

    fn lose(&mut self, command: Command, now: i64) {
        if let Command::Place(place) = command {
            self.truth.lost(place.cloid);
            let answer = OrderAnswer::Rejected { reason: RejectReason::Lost };
            let heard = now + self.latency.lost_after(now);
            insert_by_time(&mut self.replies, heard, Reply::Answer(place.cloid, answer));
        }
    }

    /// Net result so far in dollars, marked to the last mid.
    pub(super) fn net_usd(&self) -> f64 {
        self.truth.ledger.pnl().usd(self.market.book().spec())
    }

    /// The symbol, its grids, and how its quotes of the last step came about.
    pub(super) fn why(&self, gate: &Gate) -> (&str, &InstrumentSpec, Why) {
        (&self.about.symbol, self.market.book().spec(), self.maker.why(&self.market, gate))
    }

    /// What a report prints of this symbol.
    pub(super) fn summary(&self) -> Value {
        let (spec, tally) = (self.market.book().spec(), self.truth.tally);
        let (parts, counts) = (self.truth.ledger.parts(), self.venue.counts());
        let turnover = self.truth.ledger.turnover();
        let tuner: Vec<_> =
            self.maker.tuner_events().iter().map(|(at, event)| (at.0, event.name())).collect();
        json!({
            "symbol": self.about.symbol,
            "venue": self.about.venue,
            "data_tier": self.about.tier,
            "source": self.about.source,
            "px_decimals": spec.px_decimals,
            "size_decimals": spec.size_decimals,
            "cash_decimals": spec.cash_decimals,
            "fee_maker_e9": self.about.fees.maker,
            "fee_taker_e9": self.about.fees.taker,
            "rows": self.window.read(),
            "first_ts": self.first,
            "last_ts": self.market.heard().0,
            "prints": counts.prints,
            "traded_lots": counts.traded,
            "filled_lots": tally.filled_lots,
            "fills": tally.fills,
            "crossed_fills": tally.crossed_fills,
            "maker_fills": turnover.maker_fills,
            "taker_fills": turnover.taker_fills,
            "volume": (turnover.maker_volume + turnover.taker_volume) as i64,
            "capture2": parts.capture.0 as i64,
            "inventory2": parts.inventory.0 as i64,
            "fees2": parts.fees.0 as i64,
            "funding2": parts.funding.0 as i64,
            "position": self.truth.ledger.position().0,
            "orders": tally.orders,
            "cancels": tally.cancels,
            "rejects": tally.rejects,
            "lost": tally.lost,
            "refusals": self.maker.orders().refusals(),
            "contradictions": self.maker.orders().contradictions(),
            "unseen_arrivals": counts.unseen_arrivals,
            "uncounted_orders": counts.uncounted_orders,
            "maker_agrees": self.maker.account().position() == self.truth.ledger.position(),
            "gaps": self.about.gaps,
            "not_ready": self.maker.not_ready(&self.market),
            "tuner": tuner,
            "fill_model": self.maker.model().map(Trees::sha256),
            "intensity": intensity(&self.market),
        })
    }

    /// Sample the equity columns at `now`.
    pub(super) fn sample(&mut self, symbol: u16, now: i64) {
        let touch = self.venue.book().touch();
        let ledger = &mut self.truth.ledger;
        let mid2 = touch.map_or(0, |t| t.mid2());
        if mid2 > 0 {
            ledger.mark(mid2);
        }
        let (parts, position) = (ledger.parts(), ledger.position().0);
        let own = Side::BOTH
            .map(|side| self.venue.orders().iter().find(|o| o.side == side).map_or(0, |o| o.px.0));
        let columns = &mut self.truth.equity;
        columns.symbol.push(symbol);
        columns.ts.push(now);
        columns.mid2.push(mid2);
        columns.position.push(position);
        columns.capture2.push(parts.capture.0 as i64);
        columns.inventory2.push(parts.inventory.0 as i64);
        columns.fees.push((parts.fees.0 / 2) as i64);
        columns.funding.push((parts.funding.0 / 2) as i64);
        columns.bid.push(touch.map_or(0, |t| t.bid.0));
        columns.ask.push(touch.map_or(0, |t| t.ask.0));
        columns.own_bid.push(own[0]);
        columns.own_ask.push(own[1]);
    }
}

/// The fill intensity that the market's trades show, and how its fits went.
fn intensity(market: &Market) -> Value {
    let online = market.intensity();
    json!({
        "a": online.value().map(|pair| pair.a),
        "k": online.value().map(|pair| pair.k),
        "status": online.status().name(),
        "bids": online.sides()[0].name(),
        "asks": online.sides()[1].name(),
    })
}

/// The venue's side of a row: it happens.
struct World<'a> {
    venue: &'a mut SimVenue,
    truth: &'a mut Truth,
    latency: &'a Latency,
    feed_latency: i64,
    framed: &'a mut bool,
    replies: &'a mut VecDeque<(i64, Reply)>,
    result: Result<(), CoreError>,
}

impl RowSink for World<'_> {
    #[inline(always)]
    fn level(&mut self, row: BookRow, ts: i64) {
        if self.venue.on_level(row, ts) {
            self.answer(ts);
        }
    }

    fn other(&mut self, row: BookRow, id: u64, ts: i64) {
        self.venue.on_row(row, ts);
        match row.kind {
            RowKind::Level | RowKind::Gone | RowKind::Trade | RowKind::Left => {}
            RowKind::Frame => *self.framed = true,
            RowKind::Clear | RowKind::Gap => {}
            RowKind::Context => note(&mut self.result, self.truth.on_context(id, row.qty, ts)),
            RowKind::Funding => {
                note(&mut self.result, self.truth.on_funding(row.qty, row.px, ts));
            }
        }
        if !self.venue.is_quiet() {
            self.answer(ts);
        }
    }
}

impl World<'_> {
    #[cold]
    fn answer(&mut self, ts: i64) {
        let response = self.latency.response(ts, self.feed_latency);
        note(&mut self.result, self.truth.absorb(self.venue, response));
        send_back(self.truth, self.replies);
    }
}

/// Our side of a row: it is heard.
struct Ear<'a>(&'a mut Market);

impl RowSink for Ear<'_> {
    #[inline(always)]
    fn level(&mut self, row: BookRow, _: i64) {
        self.0.on_level(row);
    }

    fn other(&mut self, row: BookRow, id: u64, _: i64) {
        self.0.on_row(row, id);
    }
}

fn note(result: &mut Result<(), CoreError>, new: Result<(), CoreError>) {
    if result.is_ok() {
        *result = new;
    }
}

fn send_back(truth: &mut Truth, replies: &mut VecDeque<(i64, Reply)>) {
    for (ts, reply) in truth.replies() {
        insert_by_time(replies, ts, reply);
    }
}
