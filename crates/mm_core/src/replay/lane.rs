//! One symbol of a run: its tape on two clocks, its market, its venue, and the maker's seat.

use super::around::LOOK;
use super::columns::MARKOUT_NS;
use super::drive::Part;
use super::ear::hear;
use super::led::Lead;
use super::probes::Probes;
use super::seat::Seat;
use super::seat::World;
use super::sighting::Sighting;
use super::signals::SavedSignals;
use super::spec::About;
use super::spec::LaneSpec;
use super::truth::Keep;
use super::window::RowSink;
use super::window::Window;
use crate::book::BookRow;
use crate::book::BookRows;
use crate::command::Place;
use crate::engine::Attention;
use crate::engine::Commands;
use crate::engine::Market;
use crate::engine::Sight;
use crate::engine::Why;
use crate::error::CoreError;
use crate::event::RowKind;
use crate::fees::FeeSchedule;
use crate::instrument::InstrumentSpec;
use crate::risk::Gate;
use crate::sim::Depth;
use crate::sim::LevelArrival;
use crate::sim::SimOrders;
use crate::sim::VenueBook;
use crate::tape::SeriesPlace;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;
use serde_json::Value;

/// One symbol's part of a run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Lane {
    tape: PlayedTape,
    market: Market,
    /// Orders of nobody, where the maker asks what they tell.
    probes: Option<Box<Probes>>,
    pub(super) seat: Seat,
    /// What the maker saw when it last decided.
    #[serde(skip)]
    seen: Sighting,
    /// Until when it has nothing to do of its own; the start of time where that is not known.
    rests: i64,
    /// What leads the maker, where it does not quote by itself.
    #[serde(skip)]
    lead: Option<Lead>,
    /// When the first row was delivered.
    first: Option<i64>,
    fees: FeeSchedule,
    about: About,
}

/// A tape that is played: what happened of it stands in the venue's book.
#[derive(Debug, Serialize, Deserialize)]
struct PlayedTape {
    window: Window,
    book: VenueBook,
    /// How many rows had happened soon after the last frame ended; none if there was none.
    framed: Option<u64>,
    /// Whether an order between two frames meets its share of the change between them.
    shared_arrival: bool,
}

impl Lane {
    pub(super) fn new(spec: LaneSpec) -> Self {
        let LaneSpec { tape, mut seat, quoter } = spec;
        if quoter.is_some() {
            seat.maker = seat.maker.led();
        }
        let market = Market::new(tape.instrument, seat.maker.attention(), tape.warmth);
        Self {
            tape: PlayedTape {
                window: Window::new(tape.series, tape.disorder_ns),
                book: VenueBook::new(tape.instrument),
                framed: None,
                shared_arrival: seat.shared_arrival,
            },
            market,
            probes: seat
                .maker
                .asks_probes()
                .then(|| Box::new(Probes::new(tape.instrument, seat.venue))),
            fees: seat.fees,
            seen: Sighting::Unknown,
            rests: i64::MIN,
            seat: Seat::new(seat, Keep::All),
            lead: quoter.map(Lead::new),
            first: None,
            about: tape.about,
        }
    }

    /// Where reading is.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] where a quoter leads: what it remembers is its own.
    pub(super) fn place(&self) -> Result<SeriesPlace, CoreError> {
        if self.lead.is_some() {
            let why = "a run that a quoter leads cannot be saved".to_owned();
            return Err(CoreError::BadArgument { name: "quoter", why });
        }
        Ok(self.tape.window.place())
    }

    /// Take over the tapes of a lane where nothing happened yet, and go on reading at a place.
    pub(super) fn reads(&mut self, fresh: Self, place: SeriesPlace) -> Result<(), CoreError> {
        self.tape.window.reads(fresh.tape.window, place)
    }

    /// What its signals know.
    pub(super) fn signals(&self) -> SavedSignals {
        SavedSignals {
            symbol: self.about.symbol.clone(),
            venue: self.about.venue.clone(),
            at: self.market.heard(),
            warmth: self.market.warmth(),
        }
    }

    /// Our orders, where trades that reach none of them concern nobody.
    #[inline]
    fn watched(&self) -> Option<&SimOrders> {
        let deaf = self.seat.maker.attention() == Attention::Book && self.lead.is_none();
        let passes = deaf && !self.seat.is_wary() && self.tape.book.is_settled();
        passes.then_some(&self.seat.orders)
    }

    /// When an order next arrives or may be filled, of what is on hand.
    #[inline]
    fn stirs_venue(&self) -> i64 {
        let met = self.tape.window.next_met(self.watched());
        met.unwrap_or(i64::MAX).min(self.seat.inbox.due(|ts| self.tape.next_row(ts)))
    }

    /// Time of the first row, if there is one.
    pub(super) fn first_time(&mut self) -> Result<Option<i64>, CoreError> {
        self.tape.window.ensure(i64::MIN)?;
        self.first = self.tape.window.next_time();
        Ok(self.first)
    }

    /// The symbol, its grids, and how its quotes of the last step came about.
    pub(super) fn why(&self, gate: &Gate) -> (&str, &InstrumentSpec, Why) {
        (&self.about.symbol, self.market.book().spec(), self.seat.maker.why(&self.market, gate))
    }

    pub(super) fn rows_read(&self) -> u64 {
        self.tape.window.read()
    }

    /// What a report prints of this symbol.
    pub(super) fn summary(&self) -> Value {
        let Seat { maker, truth, orders, .. } = &self.seat;
        let (spec, tally) = (self.market.book().spec(), truth.tally);
        let (parts, counts) = (truth.ledger.parts(), orders.counts());
        let (traded, prints) = self.tape.book.traded();
        let turnover = truth.ledger.turnover();
        let tuner: Vec<_> =
            maker.tuner_events().iter().map(|(at, event)| (at.0, event.name())).collect();
        json!({
            "symbol": self.about.symbol,
            "venue": self.about.venue,
            "data_tier": self.about.tier,
            "source": self.about.source,
            "px_decimals": spec.px_decimals,
            "size_decimals": spec.size_decimals,
            "cash_decimals": spec.cash_decimals,
            "fee_maker_e9": self.fees.maker,
            "fee_taker_e9": self.fees.taker,
            "rows": self.tape.window.read(),
            "first_ts": self.first,
            "last_ts": self.market.heard().0,
            "prints": prints,
            "traded_lots": traded,
            "filled_lots": tally.filled_lots,
            "fills": tally.fills,
            "crossed_fills": tally.crossed_fills,
            "markout_bps": truth.followed.bps(),
            "maker_fills": turnover.maker_fills,
            "taker_fills": turnover.taker_fills,
            "volume": (turnover.maker_volume + turnover.taker_volume) as i64,
            "capture2": parts.capture.0 as i64,
            "inventory2": parts.inventory.0 as i64,
            "fees2": parts.fees.0 as i64,
            "funding2": parts.funding.0 as i64,
            "position": truth.ledger.position().0,
            "orders": tally.orders,
            "cancels": tally.cancels,
            "rejects": tally.rejects,
            "lost": tally.lost,
            "refusals": maker.orders().refusals(),
            "contradictions": maker.orders().contradictions(),
            "unseen_arrivals": counts.unseen_arrivals,
            "uncounted_orders": counts.uncounted_orders,
            "maker_agrees": maker.account().position() == truth.ledger.position()
                && maker.account().parts().funding == parts.funding,
            "gaps": self.about.gaps,
            "not_ready": maker.not_ready(&self.market),
            "tuner": tuner,
            "fill_model": maker.judge().map(|judge| judge.digests().0),
            "adverse_model": maker.judge().and_then(|judge| judge.digests().1),
            "intensity": intensity(&self.market, self.probes.as_deref()),
        })
    }
}

impl Part for Lane {
    fn seat(&self) -> &Seat {
        &self.seat
    }

    fn seat_mut(&mut self) -> &mut Seat {
        &mut self.seat
    }

    fn is_done(&self) -> bool {
        self.tape.window.is_done() && self.seat.is_idle()
    }

    fn wakes(&mut self, gate: &Gate, _: i64) -> Result<i64, CoreError> {
        if self.lead.is_some() {
            return Ok(i64::MIN);
        }
        let quiet = self.watched().is_some();
        let orders = quiet.then_some(&self.seat.orders);
        let next = self.tape.window.next_either(orders)?.min(self.seat.arrives(&self.tape));
        let next = next.min(self.market.wakes().0);
        if self.rests <= next {
            self.rests = self.seat.maker.wakes(&self.market, gate).0;
        }
        Ok(next.min(self.rests))
    }

    fn advance(&mut self, now: i64, gate: &mut Gate) -> Result<(), CoreError> {
        self.tape.window.ensure(now)?;
        // A fill within a long step is looked at before its end.
        loop {
            let look = self.stirs_venue().saturating_add(MARKOUT_NS[0]);
            if look >= now {
                break;
            }
            self.seat.happen_until(&mut self.tape, look)?;
        }
        self.seat.happen_until(&mut self.tape, now)?;
        let prints = self.lead.as_mut().map(Lead::notes);
        let (window, probes) = (&mut self.tape.window, self.probes.as_deref_mut());
        if let Some(latency) = hear(window, &mut self.market, prints, probes, now) {
            self.seat.feed_latency = latency;
        }
        if self.seat.hear_replies(now, gate)? {
            self.rests = i64::MIN;
        }
        self.market.on_step(UnixNanos(now));
        Ok(())
    }

    fn stirs(&self, now: i64) -> bool {
        self.rests <= now
            || self.seat.maker.is_wary()
            || self.lead.is_some()
            || self.probes.is_some()
            || !self.seen.holds(&self.market, self.seat.maker.attention())
    }

    fn decide(&mut self, now: i64, gate: &mut Gate, out: &mut Commands) -> Result<(), CoreError> {
        self.rests = i64::MIN;
        self.seen = Sighting::of(&self.market, self.seat.maker.attention());
        match &mut self.lead {
            Some(lead) => self.seat.follow(lead, &self.market, (now, gate), out),
            None => {
                self.seat.decide(&self.market, now, gate, out);
                Ok(())
            }
        }
    }

    fn sample(&mut self, symbol: u16, now: i64) {
        self.seat.sample(symbol, now, self.tape.book.touch());
    }
}

/// The fill intensity that the market's trades show, and how its fits went.
fn intensity(market: &Market, probes: Option<&Probes>) -> Value {
    let online = market.online();
    json!({
        "a": online.value().map(|pair| pair.a),
        "k": online.value().map(|pair| pair.k),
        "status": online.status().name(),
        "bids": online.sides()[0].name(),
        "asks": online.sides()[1].name(),
        "probes": probes.map(Probes::summary),
    })
}

impl World for PlayedTape {
    type Depth = VenueBook;

    fn happen(&mut self, until: i64, inclusive: bool, seat: &mut Seat) -> Result<(), CoreError> {
        let mut sink = Happening { book: &mut self.book, framed: false, seat, result: Ok(()) };
        self.window.happen(until, inclusive, &mut sink);
        if sink.framed {
            self.framed = Some(self.window.happened_in_all());
        }
        sink.result
    }

    fn depth(&mut self) -> &mut VenueBook {
        &mut self.book
    }

    fn next_row(&self, ts: i64) -> Option<i64> {
        self.window.exch_at_or_after(ts)
    }

    fn interval(&mut self, place: &Place, ts: i64) -> Result<Option<LevelArrival>, CoreError> {
        let since = self.framed.map(|rows| self.window.happened_in_all() - rows);
        if !self.shared_arrival || since.is_none_or(|rows| rows > LOOK as u64) {
            return Ok(None);
        }
        self.window.look_ahead()?;
        let around = self.window.around((place.side, place.px));
        Ok(around.map(|around| around.arrival(self.book.at(place.side, place.px), ts)))
    }
}

/// The venue's side of a row: it happens.
struct Happening<'a> {
    book: &'a mut VenueBook,
    /// Whether a frame ended.
    framed: bool,
    seat: &'a mut Seat,
    result: Result<(), CoreError>,
}

impl RowSink for Happening<'_> {
    fn levels(&mut self, rows: &BookRows<'_>, from: usize) -> usize {
        let next = self.book.on_levels(rows, from, &mut self.seat.orders);
        if !self.seat.orders.is_quiet() {
            self.answer(rows.ts_exch[next - 1]);
        }
        next
    }

    fn other(&mut self, row: BookRow, id: u64, ts: i64) {
        self.book.on_row(row, &mut self.seat.orders, ts);
        let truth = &mut self.seat.truth;
        match row.kind {
            RowKind::Level | RowKind::Gone | RowKind::Trade | RowKind::Left => {}
            RowKind::Frame => self.framed = true,
            RowKind::Clear | RowKind::Gap => {}
            RowKind::Context => note(&mut self.result, truth.on_context(id, row.qty, ts)),
            RowKind::Funding => note(&mut self.result, truth.on_funding(row.qty, row.px, ts)),
        }
        if !self.seat.orders.is_quiet() || self.seat.truth.is_settled() {
            self.answer(ts);
        }
    }
}

impl Happening<'_> {
    #[cold]
    fn answer(&mut self, ts: i64) {
        note(&mut self.result, self.seat.answer(ts));
    }
}

fn note(result: &mut Result<(), CoreError>, new: Result<(), CoreError>) {
    if result.is_ok() {
        *result = new;
    }
}
