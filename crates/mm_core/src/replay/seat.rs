//! Seat — one maker of a run: its orders at the simulated venue, and what travels between.

use super::inbox::insert_by_time;
use super::inbox::Class;
use super::inbox::Inbox;
use super::led::Lead;
use super::spec::SeatSpec;
use super::truth::Keep;
use super::truth::Reply;
use super::truth::Truth;
use crate::account::Account;
use crate::book::Touch;
use crate::command::Command;
use crate::command::Place;
use crate::engine::Attention;
use crate::engine::Commands;
use crate::engine::Maker;
use crate::engine::Market;
use crate::engine::Sight;
use crate::error::CoreError;
use crate::event::CancelReason;
use crate::event::OrderAnswer;
use crate::event::RejectReason;
use crate::risk::Gate;
use crate::sim::Depth;
use crate::sim::Latency;
use crate::sim::LevelArrival;
use crate::sim::SimOrders;
use crate::units::Side;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;
use std::collections::VecDeque;

/// The venue's side of a market, on the venue's clock.
pub(super) trait World {
    /// Its book.
    type Depth: Depth;

    /// Everything before `until` happens (at it too if `inclusive`) to the orders of a seat.
    fn happen(&mut self, until: i64, inclusive: bool, seat: &mut Seat) -> Result<(), CoreError>;

    /// The book as of what happened.
    fn depth(&mut self) -> &mut Self::Depth;

    /// Venue time of the first row at or after `ts`, where it is known yet.
    fn next_row(&self, ts: i64) -> Option<i64>;

    /// What the frames around an arrival at `ts` show of its level, where the stream has frames.
    fn interval(&mut self, place: &Place, ts: i64) -> Result<Option<LevelArrival>, CoreError>;
}

/// One maker of a run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Seat {
    pub(super) maker: Maker,
    pub(super) orders: SimOrders,
    pub(super) truth: Truth,
    latency: Latency,
    /// Commands on their way to the venue.
    pub(super) inbox: Inbox,
    /// Replies on their way back, by arrival.
    replies: VecDeque<(i64, Reply)>,
    /// How long the last market data took to reach us.
    pub(super) feed_latency: i64,
}

impl Seat {
    /// A seat where nothing happened yet.
    pub(super) fn new(spec: SeatSpec, keep: Keep) -> Self {
        let ledger = Account::new(spec.instrument, spec.fees);
        Self {
            maker: spec.maker,
            orders: SimOrders::new(spec.venue),
            truth: Truth::new(spec.symbol, spec.instrument, ledger, keep),
            latency: spec.latency,
            inbox: Inbox::new(spec.block_ns),
            replies: VecDeque::new(),
            feed_latency: 0,
        }
    }

    /// Whether its maker may ever stand with no more than a sweep shares.
    pub(super) fn may_ride(&self) -> bool {
        self.maker.attention() == Attention::Book && self.maker.params().num_levels == 1
    }

    /// All that tells seats of the fixed rule apart before anything happened, but for what they
    /// want.
    pub(super) fn kind(&self, gate: &Gate) -> Result<Vec<u8>, CoreError> {
        let Self { maker, orders, latency, inbox, .. } = self;
        postcard::to_stdvec(&(gate, maker.rules(), orders, latency, inbox))
            .map_err(|e| CoreError::BadArgument { name: "sets", why: e.to_string() })
    }

    /// Whether nothing is on its way.
    pub(super) fn is_idle(&self) -> bool {
        self.inbox.is_empty() && self.replies.is_empty()
    }

    /// Whether every message of the market counts, not only what changes in it.
    pub(super) fn is_wary(&self) -> bool {
        self.maker.is_wary() || self.latency.follows_feed()
    }

    /// When a reply reaches us next that the maker does not expect.
    #[inline]
    pub(super) fn surprises(&self) -> i64 {
        let is_news = |(_, reply): &&(i64, Reply)| match reply {
            Reply::Answer(cloid, answer) => !self.maker.expects(*cloid, answer),
            Reply::Fill(..) | Reply::Funding(_) => true,
        };
        self.replies.iter().find(is_news).map_or(i64::MAX, |reply| reply.0)
    }

    /// When a reply reaches us next.
    #[inline]
    pub(super) fn hears(&self) -> i64 {
        self.replies.front().map_or(i64::MAX, |reply| reply.0)
    }

    /// When a command reaches the venue or a reply reaches us next.
    #[inline]
    pub(super) fn arrives(&self, world: &impl World) -> i64 {
        let commands = self.inbox.due(|ts| world.next_row(ts));
        commands.min(self.hears())
    }

    /// The venue's clock reaches `now`.
    pub(super) fn happen_until(
        &mut self,
        world: &mut impl World,
        now: i64,
    ) -> Result<(), CoreError> {
        loop {
            let arrival = self.inbox.due(|ts| world.next_row(ts));
            let due = self.truth.next_due();
            if arrival <= due && arrival <= now {
                self.take_in(world, arrival)?;
            } else if due <= now {
                world.happen(due, true, self)?;
                self.truth.mark_out(world.depth().touch(), due);
            } else {
                return world.happen(now, false, self);
            }
        }
    }

    /// The venue takes in the commands that take effect at `ts`.
    fn take_in(&mut self, world: &mut impl World, ts: i64) -> Result<(), CoreError> {
        world.happen(ts, false, self)?;
        while let Some((class, command)) = self.inbox.take(ts) {
            match class {
                Class::Adds | Class::Cancels => {}
                Class::Takers => world.happen(ts, true, self)?,
            }
            self.arrive(world, ts, command)?;
        }
        Ok(())
    }

    /// A command reaches the venue.
    fn arrive(
        &mut self,
        world: &mut impl World,
        ts: i64,
        command: Command,
    ) -> Result<(), CoreError> {
        match command {
            Command::Place(place) => {
                let interval = world.interval(&place, ts)?;
                self.orders.place(&place, interval, world.depth(), ts);
            }
            Command::Cancel { cloid, .. } => self.orders.cancel(cloid, CancelReason::Asked, ts),
            Command::CancelAll { .. } => self.orders.cancel_all(CancelReason::Asked, ts),
            Command::ScheduleCancel { .. } => {}
        }
        self.answer(ts)
    }

    /// What the venue has to say at `ts` is noted, and travels back.
    pub(super) fn answer(&mut self, ts: i64) -> Result<(), CoreError> {
        let response = self.latency.response(ts, self.feed_latency);
        self.truth.absorb(&mut self.orders, response)?;
        for (ts, reply) in self.truth.replies() {
            insert_by_time(&mut self.replies, ts, reply);
        }
        Ok(())
    }

    /// What reached us by `now` is heard; whether there was anything.
    pub(super) fn hear_replies(&mut self, now: i64, gate: &mut Gate) -> Result<bool, CoreError> {
        let mut any = false;
        while self.replies.front().is_some_and(|r| r.0 <= now) {
            let Some((ts, reply)) = self.replies.pop_front() else { break };
            any = true;
            match reply {
                Reply::Answer(cloid, answer) => self.maker.on_answer(cloid, &answer, UnixNanos(ts)),
                Reply::Fill(fill, mid2) => self.maker.on_fill(&fill, mid2, gate, UnixNanos(ts))?,
                Reply::Funding(received) => self.maker.on_funding(received),
            }
        }
        Ok(any)
    }

    /// The maker decides at `now`; its commands leave for the venue.
    pub(super) fn decide(
        &mut self,
        market: &impl Sight,
        now: i64,
        gate: &mut Gate,
        out: &mut Commands,
    ) {
        out.clear();
        self.maker.decide(market, gate, UnixNanos(now), out);
        self.leave(now, out);
    }

    /// As [`Self::decide`], with the quotes that `lead` wants.
    pub(super) fn follow(
        &mut self,
        lead: &mut Lead,
        market: &Market,
        (now, gate): (i64, &mut Gate),
        out: &mut Commands,
    ) -> Result<(), CoreError> {
        out.clear();
        lead.begun = true;
        let Lead { quoter, prints, .. } = lead;
        self.maker.follow((quoter.as_mut(), prints), market, gate, (UnixNanos(now), out))?;
        self.leave(now, out);
        Ok(())
    }

    /// Commands that passed the gate leave for the venue.
    fn leave(&mut self, now: i64, out: &mut Commands) {
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

    /// Sample the equity at `now`, marked to the venue's touch.
    pub(super) fn sample(&mut self, symbol: u16, now: i64, touch: Option<Touch>) {
        let own = Side::BOTH.map(|side| {
            self.orders.resting().iter().find(|o| o.side == side).map_or(0, |o| o.px.0)
        });
        self.truth.sample(symbol, now, touch, own);
    }

    /// Net result so far in dollars, marked to the last mid.
    pub(super) fn net_usd(&self) -> f64 {
        self.truth.ledger.pnl().usd(self.truth.ledger.spec())
    }

    /// The value of what is held in dollars, whichever its sign.
    pub(super) fn held_usd(&self) -> f64 {
        self.truth.ledger.held().usd(self.truth.ledger.spec())
    }
}
