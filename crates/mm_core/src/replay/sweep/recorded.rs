//! Recorded — the venue of one maker in a stretch: only what concerns its orders is looked at.

use super::levels::Change;
use super::levels::Entry;
use super::stretch::Common;
use super::stretch::Event;
use super::stretch::Stretch;
use super::stretch::What;
use crate::book::Book;
use crate::command::Place;
use crate::error::CoreError;
use crate::instrument::InstrumentSpec;
use crate::queue::Shown;
use crate::replay::around::Around;
use crate::replay::around::LOOK;
use crate::replay::seat::Seat;
use crate::replay::seat::World;
use crate::replay::truth::Truth;
use crate::replay::window::reached;
use crate::sim::Depth;
use crate::sim::LevelArrival;
use crate::units::Px;
use crate::units::Side;
use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;

/// Follows the level of some of our orders.
#[derive(Clone, Copy, Debug)]
struct Watch {
    side: Side,
    px: Px,
    /// The next entry of the level, and the last.
    next: usize,
    end: usize,
}

/// What was last asked of a level, and the entries that answer it.
#[derive(Clone, Copy, Debug)]
struct Found {
    asked: (Side, Px, u32),
    start: usize,
    /// The first that did not happen.
    next: usize,
    end: usize,
}

/// The venue of one maker, as far as it has got.
#[derive(Debug)]
pub(super) struct Recorded {
    stretch: Arc<Stretch>,
    /// Rows that happened.
    pos: u32,
    /// Events that happened, and common ones.
    event: usize,
    common: usize,
    /// Events before this one fill nothing while the orders are what they were when looked at.
    peeked: usize,
    peeked_at: u64,
    /// The touch in force, or one before it.
    touch: Cell<usize>,
    watches: Vec<Watch>,
    /// Where an own level changes next.
    stirs: u32,
    /// What was last asked of a level, and what was found.
    found: Cell<Option<Found>>,
    /// Changes of the orders when the watches were last looked at.
    watched: u64,
    bound: [i64; 2],
    /// Where the last frame ended, before this stretch below 0; none if there was none.
    framed: Option<i64>,
    /// Whether an order between two frames meets its share of the change between them.
    shared_arrival: bool,
    /// The whole book as of a place, once it was asked for.
    whole: Option<Box<(u32, Book)>>,
}

impl Recorded {
    pub(super) fn new(stretch: Arc<Stretch>, shared_arrival: bool) -> Self {
        Self {
            stretch,
            pos: 0,
            event: 0,
            common: 0,
            peeked: 0,
            peeked_at: u64::MAX,
            touch: Cell::new(0),
            watches: Vec::with_capacity(16),
            stirs: u32::MAX,
            found: Cell::new(None),
            watched: u64::MAX,
            bound: [0; 2],
            framed: None,
            shared_arrival,
            whole: None,
        }
    }

    /// Go on in the next stretch.
    pub(super) fn enter(&mut self, stretch: Arc<Stretch>) {
        self.framed = self.framed.map(|at| at - i64::from(self.stretch.len));
        self.stretch = stretch;
        (self.pos, self.event, self.common) = (0, 0, 0);
        (self.peeked, self.peeked_at) = (0, u64::MAX);
        self.touch.set(0);
        self.watches.clear();
        self.found.set(None);
        self.watched = u64::MAX;
        self.whole = None;
    }

    /// The entries of a level, and where those end that happened; what was asked last is known.
    #[inline]
    fn found(&self, side: Side, px: Px) -> (usize, Range<usize>) {
        let asked = (side, px, self.pos);
        let found = match self.found.get().filter(|found| found.asked == asked) {
            Some(found) => found,
            None => {
                let range = self.stretch.levels.of(side, px);
                let next = self.stretch.levels.reached(&range, self.pos);
                Found { asked, start: range.start, next, end: range.end }
            }
        };
        self.found.set(Some(found));
        (found.next, found.start..found.end)
    }

    /// The entries of a level that happened.
    #[inline]
    fn before(&self, side: Side, px: Px) -> &[Entry] {
        let (next, range) = self.found(side, px);
        self.stretch.levels.entries(range.start..next)
    }

    /// Bring the watches in line with the orders.
    fn watch(&mut self, seat: &Seat) {
        if self.watched == seat.orders.changes() {
            return;
        }
        self.watched = seat.orders.changes();
        let resting = seat.orders.resting();
        self.watches.retain(|w| resting.iter().any(|o| o.side == w.side && o.px == w.px));
        for order in resting {
            let (side, px) = (order.side, order.px);
            if self.watches.iter().any(|w| w.side == side && w.px == px) {
                continue;
            }
            let (next, range) = self.found(side, px);
            self.watches.push(Watch { side, px, next, end: range.end });
        }
        let levels = &self.stretch.levels;
        let open = self.watches.iter().filter(|watch| watch.next < watch.end);
        self.stirs = open.map(|watch| levels.entry(watch.next).pos).min().unwrap_or(u32::MAX);
    }

    /// Own levels change as they did before the row `until`.
    #[inline]
    fn follow(&mut self, until: u32, seat: &mut Seat) {
        self.watch(seat);
        if self.stirs < until {
            self.change(until, seat);
        }
        self.pos = until;
    }

    fn change(&mut self, until: u32, seat: &mut Seat) {
        let stretch = &self.stretch;
        self.stirs = u32::MAX;
        for watch in &mut self.watches {
            while watch.next < watch.end {
                let entry = stretch.levels.entry(watch.next);
                if entry.pos >= until {
                    self.stirs = self.stirs.min(entry.pos);
                    break;
                }
                watch.next += 1;
                let at = (watch.side, watch.px.0);
                match entry.change {
                    Change::Seen => {
                        let now = Shown { qty: entry.qty as f64, n: entry.n };
                        seat.orders.on_own_level(at, now, stretch.ts(entry.pos));
                    }
                    Change::Left => seat.orders.on_left(at),
                    Change::Silent => {}
                }
            }
        }
    }

    /// Everything before the row `end` happens.
    fn play(&mut self, end: u32, seat: &mut Seat) -> Result<(), CoreError> {
        loop {
            let event = self.peek(seat, |event| event.pos >= end).map_or(end, |event| event.pos);
            let common = self.stretch.common.get(self.common).copied();
            match common.filter(|common| common.0 <= event && common.0 < end) {
                Some((pos, common)) => {
                    self.follow(pos + 1, seat);
                    self.on_common(common, seat)?;
                }
                None if event < end => self.on_event(seat)?,
                None => break,
            }
        }
        self.follow(end, seat);
        Ok(())
    }

    /// Venue time of the next event before `bound` that may fill one of our orders.
    #[inline]
    pub(super) fn next_fill(&mut self, bound: i64, seat: &Seat) -> Option<i64> {
        self.peek(seat, |event| event.ts >= bound).map(|event| event.ts)
    }

    /// The next event that may fill one of our orders, if it comes before a limit.
    #[inline]
    fn peek(&mut self, seat: &Seat, is_past: impl Fn(&Event) -> bool) -> Option<Event> {
        if self.peeked_at != seat.orders.changes() {
            while self.stretch.events.get(self.event).is_some_and(|event| event.pos < self.pos) {
                self.event += 1;
            }
            (self.peeked, self.peeked_at) = (self.event, seat.orders.changes());
        }
        let reach = seat.orders.reach();
        let (bid, ask) = (reach[0].high, reach[1].low);
        let events = &self.stretch.events;
        while let Some(event) = events.get(self.peeked) {
            if is_past(event) {
                return None;
            }
            if event.low <= bid || event.high >= ask {
                return Some(*event);
            }
            self.peeked += 1;
        }
        None
    }

    /// The event that was peeked at happens.
    fn on_event(&mut self, seat: &mut Seat) -> Result<(), CoreError> {
        let Event { ts, what, pos, .. } = self.stretch.events[self.peeked];
        self.peeked += 1;
        self.event = self.peeked;
        self.follow(pos + 1, seat);
        match what {
            What::Trade(side, px, qty) => {
                seat.orders.on_trade((side, px), qty, (ts, self.mid2()));
            }
            What::Touch => seat.orders.on_crossing(self, ts),
            What::Rebuilt => {
                seat.orders.on_rebuilt(self, ts);
                seat.orders.on_crossing(self, ts);
            }
        }
        if seat.orders.is_quiet() {
            return Ok(());
        }
        seat.answer(ts)
    }

    /// The next common event happens.
    fn on_common(&mut self, common: Common, seat: &mut Seat) -> Result<(), CoreError> {
        let ts = self.stretch.ts(self.pos - 1);
        self.note(common, &mut seat.truth)?;
        if matches!(common, Common::Frame(_)) {
            seat.orders.on_frame(self, ts);
        }
        if seat.truth.is_settled() {
            seat.answer(ts)?;
        }
        Ok(())
    }

    /// What the next common event, in the row before the present place, does to what is ours but
    /// for the orders.
    fn note(&mut self, common: Common, truth: &mut Truth) -> Result<(), CoreError> {
        self.common += 1;
        let ts = self.stretch.ts(self.pos - 1);
        match common {
            Common::Frame(bound) => {
                (self.bound, self.framed) = (bound, Some(i64::from(self.pos)));
            }
            Common::Clear => self.bound = [0; 2],
            Common::Context(kind, value) => truth.on_context(kind, value, ts)?,
            Common::Funding(rate, oracle) => truth.on_funding(rate, oracle, ts)?,
        }
        Ok(())
    }

    /// How many rows happen before `now`; `None` where rows of that very time have happened.
    pub(super) fn pos_before(&self, now: i64) -> Option<u32> {
        let at_it = self.pos.checked_sub(1).is_some_and(|last| self.stretch.ts(last) >= now);
        (!at_it).then_some(self.pos)
    }

    /// The rows up to and at a time happen while nobody looks at our orders.
    pub(super) fn skip_to(&mut self, ts: i64, truth: &mut Truth) -> Result<(), CoreError> {
        let Stretch { strip, base, len, .. } = &*self.stretch;
        let (here, all) = (base + self.pos as usize, &strip.ts[..base + *len as usize]);
        let end = (reached(all, here, ts) - base) as u32;
        self.skip(end, truth)
    }

    /// Everything before the row `end` happens while nobody looks at our orders.
    pub(super) fn skip(&mut self, end: u32, truth: &mut Truth) -> Result<(), CoreError> {
        while let Some(&(pos, common)) = self.stretch.common.get(self.common) {
            if pos >= end {
                break;
            }
            self.pos = pos + 1;
            self.note(common, truth)?;
        }
        self.pos = end;
        (self.peeked_at, self.watched) = (u64::MAX, u64::MAX);
        self.watches.clear();
        Ok(())
    }

    /// The best prices now, 0 where a side has no level.
    #[inline]
    fn bests(&self) -> [i64; 2] {
        let touches = &self.stretch.touches;
        let mut at = self.touch.get();
        while touches.get(at + 1).is_some_and(|next| next.pos <= self.pos) {
            at += 1;
        }
        self.touch.set(at);
        touches[at].best
    }
}

impl World for Recorded {
    type Depth = Self;

    fn happen(&mut self, until: i64, inclusive: bool, seat: &mut Seat) -> Result<(), CoreError> {
        let Stretch { strip, base, len, .. } = &*self.stretch;
        let here = base + self.pos as usize;
        let until = if inclusive { until } else { until - 1 };
        let end = reached(&strip.ts[..base + *len as usize], here, until);
        let end = (end - base) as u32;
        self.play(end, seat)
    }

    fn depth(&mut self) -> &mut Self {
        self
    }

    fn next_row(&self, ts: i64) -> Option<i64> {
        let Stretch { strip, base, .. } = &*self.stretch;
        let here = base + self.pos as usize;
        strip.ts[here..].iter().copied().find(|&t| t >= ts)
    }

    fn interval(&mut self, place: &Place, ts: i64) -> Result<Option<LevelArrival>, CoreError> {
        let since = self.framed.map(|at| i64::from(self.pos) - at);
        if !self.shared_arrival || since.is_none_or(|rows| rows > LOOK as i64) {
            return Ok(None);
        }
        let Stretch { strip, base, .. } = &*self.stretch;
        let (level, here) = ((place.side, place.px), base + self.pos as usize);
        let around = Around::new(level, here, |at| strip.peek(at), |at| strip.glance(at));
        Ok(around.map(|around| around.arrival(self.at(place.side, place.px), ts)))
    }
}

impl Depth for Recorded {
    fn spec(&self) -> &InstrumentSpec {
        self.stretch.book.spec()
    }

    fn best(&self, side: Side) -> Option<Px> {
        let best = self.bests()[side.index()];
        (best != 0).then_some(Px(best))
    }

    fn at(&self, side: Side, px: Px) -> (i64, u32) {
        match self.before(side, px).last() {
            None => self.stretch.book.at(side, px),
            Some(entry) => match entry.change {
                Change::Seen | Change::Silent if entry.qty > 0 => (entry.qty, entry.n),
                Change::Seen | Change::Silent | Change::Left => (0, 0),
            },
        }
    }

    fn is_visible(&self, side: Side, px: Px) -> bool {
        let bound = self.bound[side.index()];
        bound == 0 || !side.better(Px(bound), px)
    }

    fn left_with(&self, side: Side, px: Px) -> Option<i64> {
        let changes = self.before(side, px);
        let forgotten = self.stretch.forgotten[side.index()].iter();
        let forgotten = forgotten.take_while(|&&pos| pos < self.pos).last();
        match changes.iter().rfind(|entry| entry.change == Change::Left) {
            Some(left) if forgotten.is_none_or(|&pos| pos <= left.pos) => Some(left.qty),
            Some(_) => None,
            None if forgotten.is_none() => self.stretch.book.left_with(side, px),
            None => None,
        }
    }

    #[cold]
    fn whole(&mut self) -> &Book {
        let Stretch { strip, base, book, .. } = &*self.stretch;
        let start = || Box::new((0, book.book().clone()));
        let whole = self.whole.get_or_insert_with(start);
        for pos in whole.0..self.pos {
            whole.1.apply(strip.row(base + pos as usize));
        }
        whole.0 = self.pos;
        &whole.1
    }
}
