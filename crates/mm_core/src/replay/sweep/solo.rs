//! Solo — what becomes of one order at the venue, without the maker it is of.
//!
//! Orders that trade with nobody do not know of each other, and what is never filled moves no
//! account: book, queue and clock tell all of it.

use super::recorded::Guest;
use super::recorded::Mark;
use super::recorded::Recorded;
use super::stretch::Common;
use crate::command::Place;
use crate::command::Tif;
use crate::error::CoreError;
use crate::event::OrderAnswer;
use crate::queue::Resting;
use crate::replay::seat::Seat;
use crate::replay::seat::World;
use crate::risk::Footing;
use crate::risk::Gate;
use crate::sim::OrderCounts;
use crate::sim::SimOrders;
use crate::sim::VenueEvent;
use crate::units::Cloid;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use crate::units::SymbolIx;

/// The venue of all sets of one kind, for one order at a time.
#[derive(Debug)]
pub(super) struct Solo {
    world: Recorded,
    orders: SimOrders,
    gate: Gate,
    symbol: SymbolIx,
    from: Mark,
    /// When the venue takes in what was decided, and its place then.
    arrival: (i64, Mark),
    /// How many rows happened at the end.
    to: u32,
}

/// A decision, and where nothing of it is under way any more.
#[derive(Clone, Debug)]
pub(super) struct Span {
    /// How many rows had happened at the venue before and at the end.
    pub(super) rows: (u32, u32),
    /// When the venue took in what was decided; of no account if that was nothing.
    pub(super) arrival: i64,
    /// What was known of the market.
    pub(super) market: Footing,
}

/// An order at the end of a span and what was counted of it; `None` where it traded.
pub(super) type Fate = Option<(Resting, OrderCounts)>;

impl Solo {
    /// The venue of a set that begins a stretch.
    pub(super) fn new(world: &Recorded, seat: &Seat, gate: &Gate) -> Self {
        let mut world = world.clone();
        let from = world.mark();
        Self {
            world,
            orders: seat.orders.clone(),
            gate: gate.clone(),
            symbol: seat.truth.symbol(),
            from,
            arrival: (0, from),
            to: 0,
        }
    }

    /// Look at a span, no earlier one than those before.
    pub(super) fn open(&mut self, span: &Span) {
        let Self { world, from, arrival, to, .. } = self;
        self.gate.stand(self.symbol, &span.market);
        world.back(*from);
        world.pass(span.rows.0);
        *from = world.mark();
        world.pass(world.pos_after(span.arrival.saturating_sub(1)));
        (*arrival, *to) = ((span.arrival, world.mark()), span.rows.1);
    }

    /// What becomes of an order that stays.
    pub(super) fn stays(&mut self, order: &Resting) -> Fate {
        self.rest(order);
        self.play(self.to)
    }

    /// What was counted of an order before it goes; `None` where it traded.
    pub(super) fn goes(&mut self, order: &Resting) -> Option<OrderCounts> {
        self.rest(order);
        self.play(self.arrival.1.pos()).map(|(_, counts)| counts)
    }

    /// What becomes of a post-only order that comes while another of its side may still rest;
    /// `None` also where it is refused by the gate or the venue.
    pub(super) fn comes(&mut self, side: Side, (px, size): (Px, Lots)) -> Fate {
        let Self { world, orders, gate, symbol, arrival: (ts, mark), to, .. } = self;
        let (symbol, cloid, tif) = (*symbol, Cloid(0), Tif::PostOnly);
        let place = Place { symbol, cloid, side, px, size, tif, reduce_only: false };
        if !gate.suits(&place) {
            return None;
        }
        world.back(*mark);
        orders.begin(None);
        let interval = world.interval(&place, *ts).ok()?;
        orders.place(&place, interval, world, *ts);
        let answer = orders.event(0).map(|(_, event)| event);
        orders.clear_events();
        let Some(VenueEvent::Answer(_, OrderAnswer::Resting { .. })) = answer else { return None };
        let to = *to;
        self.play(to)
    }

    /// An order rests at the beginning.
    fn rest(&mut self, order: &Resting) {
        self.world.back(self.from);
        self.orders.begin(Some(order));
    }

    fn play(&mut self, until: u32) -> Fate {
        let Self { world, orders, .. } = self;
        world.play(until, orders).ok()?;
        let traded = !orders.is_quiet();
        orders.clear_events();
        let order = orders.resting().first().filter(|_| !traded)?;
        Some((order.clone(), orders.counts()))
    }
}

/// Nobody hears of its orders.
impl Guest for SimOrders {
    fn orders(&mut self) -> &mut SimOrders {
        self
    }

    fn tell(&mut self, _: Common, _: i64) -> Result<(), CoreError> {
        Ok(())
    }

    fn answer(&mut self, _: i64) -> Result<(), CoreError> {
        Ok(())
    }
}
