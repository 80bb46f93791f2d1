//! Shared — one tape read once for all makers: book, signals and venue, laid out in stretches.

use super::levels::Change;
use super::levels::Entry;
use super::stretch::Common;
use super::stretch::Event;
use super::stretch::Moment;

use super::stretch::Stretch;
use super::stretch::TouchAt;
use super::stretch::What;
use crate::book::BookRow;
use crate::book::BookRows;
use crate::engine::Attention;
use crate::engine::Market;
use crate::engine::Sight;
use crate::engine::Warmth;
use crate::error::CoreError;
use crate::event::flags;
use crate::event::RowKind;
use crate::instrument::InstrumentSpec;
use crate::queue::QueueModel;
use crate::replay::ear::hear;
use crate::replay::sighting::Readings;
use crate::replay::truth::FUNDING_WAIT_NS;
use crate::replay::truth::HOUR_NS;
use crate::replay::window::RowSink;
use crate::replay::window::Window;
use crate::sim::Depth;
use crate::sim::SimOrders;
use crate::sim::VenueBook;
use crate::sim::VenueConfig;
use crate::tape::TapeSeries;
use crate::units::Px;
use crate::units::Side;
use crate::units::UnixNanos;

/// The longest stretch in nanoseconds: silences are cut, so that memory stays flat.
const LONGEST: i64 = 4 * 3_600_000_000_000;

/// One tape, read once.
#[derive(Debug)]
pub(super) struct SharedTape {
    window: Window,
    market: Market,
    venue: VenueBook,
    moment: Moment,
    readings: Readings,
    /// The step before the first, the last step, and how long one is.
    begin: i64,
    now: i64,
    step: i64,
    /// The step at which it is used up, once that is known.
    ends: Option<i64>,
    /// The last hour after which a context came late enough to settle funding.
    settled_hour: i64,
}

impl SharedTape {
    pub(super) fn new(
        (series, disorder_ns): (TapeSeries, i64),
        spec: InstrumentSpec,
        attention: Attention,
        warmth: Warmth,
    ) -> Self {
        let market = Market::new(spec, attention, warmth);
        let readings = Readings::of(&market);
        Self {
            window: Window::new(series, disorder_ns),
            market,
            venue: VenueBook::new(spec),
            moment: Moment::NOTHING,
            readings,
            begin: 0,
            now: 0,
            step: 1,
            ends: None,
            settled_hour: 0,
        }
    }

    /// Time of the first row, if there is one.
    pub(super) fn first_time(&mut self) -> Result<Option<i64>, CoreError> {
        self.window.ensure(i64::MIN)?;
        Ok(self.window.next_time())
    }

    /// Begin at a step, with steps so long.
    pub(super) fn begin(&mut self, now: i64, step: i64) {
        (self.begin, self.now, self.step) = (now, now, step);
    }

    pub(super) fn rows_read(&self) -> u64 {
        self.window.read()
    }

    /// The step up to which the next stretch of about so many rows may go; `None` once the tape is
    /// used up.
    pub(super) fn horizon(&mut self, rows: usize) -> Result<Option<i64>, CoreError> {
        if self.ends.is_some() {
            return Ok(None);
        }
        let until = match self.window.delivery(rows)? {
            Some(ts) => ts.div_euclid(self.step) * self.step,
            None => self.end(),
        };
        let longest = (self.now + LONGEST).div_euclid(self.step) * self.step;
        Ok(Some(until.min(longest).max(self.now + self.step)))
    }

    /// The step at which the tape is used up, once all of it is on hand.
    fn end(&self) -> i64 {
        let (happened, heard) = self.window.newest();
        // What happens at a step is taken in at the next.
        self.ceil(heard.max(happened + 1)).max(self.begin + self.step)
    }

    fn ceil(&self, ts: i64) -> i64 {
        -(-ts).div_euclid(self.step) * self.step
    }

    /// Read what belongs to the steps up to and at `until`, into the memory of a stretch that nobody
    /// trades in any more if there is one.
    pub(super) fn stretch(
        &mut self,
        until: i64,
        spare: Option<Stretch>,
    ) -> Result<Stretch, CoreError> {
        self.window.look_beyond(until)?;
        let (seen, book) = (self.market.book().clone(), self.venue.clone());
        let mut stretch = match spare {
            Some(spare) => spare.again(until, seen, book),
            None => Stretch::new(until, seen, book),
        };
        stretch.readings.push(self.readings);
        self.window.local_strip(until, &mut stretch.delivered);
        stretch.base = self.window.venue_strip(until, &mut stretch.strip);
        // A stretch begins with the readings in force.
        self.moment.readings = 0;
        self.hear(&mut stretch);
        self.happen(&mut stretch);
        if self.ends.is_none() && self.window.is_done() {
            self.ends = Some(self.end());
        }
        stretch.ends = self.ends;
        self.now = until;
        Ok(stretch)
    }

    /// Our clock: the moments up to the end of the stretch.
    fn hear(&mut self, stretch: &mut Stretch) {
        let mut delivered = 0;
        loop {
            let next = self.window.next_time().unwrap_or(i64::MAX).min(self.market.wakes().0);
            if next > stretch.until {
                return;
            }
            let now = self.ceil(next.max(self.now + self.step));
            if now > stretch.until {
                return;
            }
            let before = self.window.delivered();
            if let Some(latency) = hear(&mut self.window, &mut self.market, None, None, now) {
                self.moment.feed_latency = latency;
            }
            delivered += (self.window.delivered() - before) as u32;
            self.market.on_step(UnixNanos(now));
            self.now = now;
            self.note(now, delivered, stretch);
        }
    }

    fn note(&mut self, now: i64, delivered: u32, stretch: &mut Stretch) {
        let (was, readings) = (self.moment, Readings::of(&self.market));
        let prices = |moment: &Moment| (moment.touch.map(|at| at.touch), moment.state);
        let mut moment = Moment {
            ts: now,
            heard: self.market.heard(),
            touch: self.market.touch(),
            state: self.market.state(),
            delivered,
            ..was
        };
        if readings != self.readings {
            stretch.readings.push(readings);
            self.readings = readings;
        }
        moment.readings = stretch.readings.len() as u32 - 1;
        let at = stretch.moments.len() as u32;
        if prices(&was) != prices(&moment) {
            stretch.priced.push(at);
        }
        let sight = |moment: &Moment| (moment.touch, moment.state, moment.readings);
        if sight(&was) != sight(&moment) {
            stretch.sized.push(at);
        }
        stretch.moments.push(moment);
        self.moment = moment;
    }

    /// The venue's clock: what happens up to the end of the stretch.
    fn happen(&mut self, stretch: &mut Stretch) {
        let config = VenueConfig {
            queue: QueueModel::RiskAverse,
            partial_fills: true,
            through_volume: true,
        };
        let best = touch(&self.venue);
        let until = stretch.until;
        stretch.touches.push(TouchAt { pos: 0, best });
        let mut scribe = Scribe {
            venue: &mut self.venue,
            nobody: SimOrders::new(config),
            best,
            told: best,
            pos: 0,
            settled_hour: &mut self.settled_hour,
            stretch,
        };
        self.window.happen(until, true, &mut scribe);
        stretch.len = scribe.pos;
        stretch.levels.finish();
    }
}

/// Best prices, 0 where a side has no level.
#[inline]
fn touch(venue: &VenueBook) -> [i64; 2] {
    Side::BOTH.map(|side| venue.best(side).map_or(0, |px| px.0))
}

/// Writes down what happens at the venue.
struct Scribe<'a> {
    venue: &'a mut VenueBook,
    /// The venue without a maker.
    nobody: SimOrders,
    best: [i64; 2],
    /// The touch of the last event that told it.
    told: [i64; 2],
    pos: u32,
    settled_hour: &'a mut i64,
    stretch: &'a mut Stretch,
}

impl Scribe<'_> {
    fn event(&mut self, (low, high): (i64, i64), what: What, ts: i64) {
        self.stretch.events.push(Event { ts, low, high, what, pos: self.pos });
    }

    fn common(&mut self, common: Common) {
        self.stretch.common.push((self.pos, common));
    }

    /// The first context that comes late enough after an hour may settle its funding.
    fn context(&mut self, ts: i64) {
        let hour = ts / HOUR_NS;
        if hour > *self.settled_hour && ts % HOUR_NS >= FUNDING_WAIT_NS {
            *self.settled_hour = hour;
            self.stretch.settlements.push(ts);
        }
    }

    /// After a row was applied, a level behind the touch or not.
    #[inline]
    fn end(&mut self, (bits, ts): (u8, i64), was_rebuilding: bool, is_behind: bool) {
        let best = if is_behind { self.best } else { touch(self.venue) };
        if best != self.best {
            self.best = best;
            // From the next row on; a row sees the book that it made.
            self.stretch.touches.push(TouchAt { pos: self.pos + 1, best });
        }
        if bits & flags::LAST != 0 && (was_rebuilding || best != self.told) {
            self.tell(best, was_rebuilding, ts);
        }
        self.pos += 1;
    }

    #[cold]
    fn tell(&mut self, best: [i64; 2], was_rebuilding: bool, ts: i64) {
        self.told = best;
        if was_rebuilding {
            return self.event(EVERYBODY, What::Rebuilt, ts);
        }
        let low = if best[1] > 0 { best[1] } else { i64::MAX };
        let high = if best[0] > 0 { best[0] } else { i64::MIN };
        self.event((low, high), What::Touch, ts);
    }
}

/// What concerns every order.
const EVERYBODY: (i64, i64) = (i64::MIN, i64::MAX);

impl RowSink for Scribe<'_> {
    /// One level after the other: each has a place, and the touch after it is written down.
    fn levels(&mut self, rows: &BookRows<'_>, from: usize) -> usize {
        let (row, ts) = (rows.row(from), rows.ts_exch[from]);
        let side = if row.side > 0 { Side::Bid } else { Side::Ask };
        let rebuilding = self.venue.is_rebuilding();
        let change = if rebuilding { Change::Silent } else { Change::Seen };
        let entry = Entry { qty: row.qty, pos: self.pos, n: row.n, change };
        self.stretch.levels.push(side, row.px, entry);
        self.venue.on_row(row, &mut self.nobody, ts);
        let [bid, ask] = self.best;
        let is_behind = match side {
            Side::Bid => row.px < bid,
            Side::Ask => row.px > ask && ask > 0,
        };
        self.end((row.flags, ts), rebuilding, is_behind && !rebuilding);
        from + 1
    }

    fn other(&mut self, row: BookRow, id: u64, ts: i64) {
        let rebuilding = self.venue.is_rebuilding();
        let side = if row.side > 0 { Side::Bid } else { Side::Ask };
        match row.kind {
            RowKind::Level | RowKind::Gone | RowKind::Gap => {}
            RowKind::Trade => {
                // An aggressor that sells meets bids.
                if let Some(side) = Side::from_sign(-row.side) {
                    let reached = match side {
                        Side::Bid => (row.px, i64::MIN),
                        Side::Ask => (i64::MAX, row.px),
                    };
                    self.event(reached, What::Trade(side, Px(row.px), row.qty), ts);
                }
            }
            RowKind::Left => {
                let qty = self.venue.at(side, Px(row.px)).0;
                let entry = Entry { qty, pos: self.pos, n: 0, change: Change::Left };
                if self.venue.forgets(side) {
                    self.stretch.forgotten[side.index()].push(self.pos);
                }
                self.stretch.levels.push(side, row.px, entry);
            }
            RowKind::Clear => self.common(Common::Clear),
            RowKind::Frame => self.common(Common::Frame([row.px, row.qty])),
            RowKind::Context => {
                self.context(ts);
                self.common(Common::Context(id, row.qty));
            }
            RowKind::Funding => {
                self.stretch.settlements.push(ts);
                self.common(Common::Funding(row.qty, row.px));
            }
        }
        self.venue.on_row(row, &mut self.nobody, ts);
        self.end((row.flags, ts), rebuilding || row.kind == RowKind::Clear, false);
    }
}
