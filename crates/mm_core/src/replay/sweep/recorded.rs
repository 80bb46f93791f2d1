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
use crate::sim::SimOrders;
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

/// Whose orders rest at the venue.
pub(super) trait Guest {
    fn orders(&mut self) -> &mut SimOrders;

    /// Contexts and funding are told.
    fn tell(&mut self, common: Common, ts: i64) -> Result<(), CoreError>;

    /// What the venue has to say at `ts`, if anything, goes out.
    fn answer(&mut self, ts: i64) -> Result<(), CoreError>;
}

impl Guest for Seat {
    #[inline]
    fn orders(&mut self) -> &mut SimOrders {
        &mut self.orders
    }

    fn tell(&mut self, common: Common, ts: i64) -> Result<(), CoreError> {
        tell(&mut self.truth, common, ts)
    }

    #[inline]
    fn answer(&mut self, ts: i64) -> Result<(), CoreError> {
        match self.orders.is_quiet() && !self.truth.is_settled() {
            true => Ok(()),
            false => Seat::answer(self, ts),
        }
    }
}

/// A place in the recording.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pos: u32,
    event: usize,
    common: usize,
    touch: usize,
    bound: [i64; 2],
    framed: Option<i64>,
}

impl Mark {
    /// How many rows happened.
    pub(super) fn pos(&self) -> u32 {
        self.pos
    }
}

/// The venue of one maker, as far as it has got.
#[derive(Clone, Debug)]
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
    fn watch(&mut self, orders: &SimOrders) {
        if self.watched == orders.changes() {
            return;
        }
        self.watched = orders.changes();
        let resting = orders.resting();
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
    fn follow(&mut self, until: u32, orders: &mut SimOrders) {
        self.watch(orders);
        if self.stirs < until {
            self.change(until, orders);
        }
        self.pos = until;
    }

    fn change(&mut self, until: u32, orders: &mut SimOrders) {
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
                        orders.on_own_level(at, now, stretch.ts(entry.pos));
                    }
                    Change::Left => orders.on_left(at),
                    Change::Silent => {}
                }
            }
        }
    }

    /// Everything before the row `end` happens to the orders of a guest.
    pub(super) fn play(&mut self, end: u32, guest: &mut impl Guest) -> Result<(), CoreError> {
        loop {
            let event = self.peek(guest.orders(), |event| event.pos >= end);
            let event = event.map_or(end, |event| event.pos);
            let common = self.stretch.common.get(self.common).copied();
            match common.filter(|common| common.0 <= event && common.0 < end) {
                Some((pos, common)) => {
                    self.follow(pos + 1, guest.orders());
                    self.on_common(common, guest)?;
                }
                None if event < end => self.on_event(guest)?,
                None => break,
            }
        }
        self.follow(end, guest.orders());
        Ok(())
    }

    /// Venue time of the next event before `bound` that may fill one of these orders.
    #[inline]
    pub(super) fn next_fill(&mut self, bound: i64, orders: &SimOrders) -> Option<i64> {
        self.peek(orders, |event| event.ts >= bound).map(|event| event.ts)
    }

    /// The next event that may fill one of these orders, if it comes before a limit.
    #[inline]
    fn peek(&mut self, orders: &SimOrders, is_past: impl Fn(&Event) -> bool) -> Option<Event> {
        if self.peeked_at != orders.changes() {
            self.reach_events();
            (self.peeked, self.peeked_at) = (self.event, orders.changes());
        }
        let reach = orders.reach();
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

    /// Events before the present place happened.
    #[inline]
    fn reach_events(&mut self) {
        while self.stretch.events.get(self.event).is_some_and(|event| event.pos < self.pos) {
            self.event += 1;
        }
    }

    /// The event that was peeked at happens.
    fn on_event(&mut self, guest: &mut impl Guest) -> Result<(), CoreError> {
        let Event { ts, what, pos, .. } = self.stretch.events[self.peeked];
        self.peeked += 1;
        self.event = self.peeked;
        let orders = guest.orders();
        self.follow(pos + 1, orders);
        match what {
            What::Trade(side, px, qty) => orders.on_trade((side, px), qty, (ts, self.mid2())),
            What::Touch => orders.on_crossing(self, ts),
            What::Rebuilt => {
                orders.on_rebuilt(self, ts);
                orders.on_crossing(self, ts);
            }
        }
        guest.answer(ts)
    }

    /// The next common event happens.
    fn on_common(&mut self, common: Common, guest: &mut impl Guest) -> Result<(), CoreError> {
        let ts = self.stretch.ts(self.pos - 1);
        self.note(common);
        guest.tell(common, ts)?;
        if matches!(common, Common::Frame(_)) {
            guest.orders().on_frame(self, ts);
        }
        guest.answer(ts)
    }

    /// What the next common event, in the row before the present place, does to the book.
    fn note(&mut self, common: Common) {
        self.common += 1;
        match common {
            Common::Frame(bound) => {
                (self.bound, self.framed) = (bound, Some(i64::from(self.pos)));
            }
            Common::Clear => self.bound = [0; 2],
            Common::Context(..) | Common::Funding(..) => {}
        }
    }

    /// The present place.
    pub(super) fn mark(&mut self) -> Mark {
        self.reach_events();
        let Self { pos, event, common, bound, framed, .. } = *self;
        Mark { pos, event, common, touch: self.touch.get(), bound, framed }
    }

    /// Go back to a place, with other orders than those that rested when it was left.
    pub(super) fn back(&mut self, to: Mark) {
        let Mark { pos, event, common, touch, bound, framed } = to;
        (self.pos, self.event, self.common) = (pos, event, common);
        (self.bound, self.framed) = (bound, framed);
        self.touch.set(touch);
        self.whole.take_if(|whole| whole.0 > pos);
        self.look_anew();
    }

    /// Know nothing of what orders there are.
    fn look_anew(&mut self) {
        (self.peeked_at, self.watched) = (u64::MAX, u64::MAX);
        self.watches.clear();
    }

    /// How many rows happen before `now`; `None` where rows of that very time have happened.
    pub(super) fn pos_before(&self, now: i64) -> Option<u32> {
        let at_it = self.pos.checked_sub(1).is_some_and(|last| self.stretch.ts(last) >= now);
        (!at_it).then_some(self.pos)
    }

    /// How many rows happen up to and at a time from here on.
    pub(super) fn pos_after(&self, ts: i64) -> u32 {
        let Stretch { strip, base, len, .. } = &*self.stretch;
        let (here, all) = (base + self.pos as usize, &strip.ts[..base + *len as usize]);
        (reached(all, here, ts) - base) as u32
    }

    /// The rows up to and at a time happen while nobody looks at our orders.
    pub(super) fn skip_to(&mut self, ts: i64, truth: &mut Truth) -> Result<(), CoreError> {
        self.skip(self.pos_after(ts), truth)
    }

    /// Everything before the row `end` happens while nobody looks at our orders.
    pub(super) fn skip(&mut self, end: u32, truth: &mut Truth) -> Result<(), CoreError> {
        while let Some((common, ts)) = self.next_common(end) {
            tell(truth, common, ts)?;
        }
        self.pass(end);
        Ok(())
    }

    /// Everything before the row `end` happens while nobody has orders here.
    pub(super) fn pass(&mut self, end: u32) {
        while self.next_common(end).is_some() {}
        self.pos = end;
        self.look_anew();
    }

    /// The next common event before the row `end` happens to the book.
    fn next_common(&mut self, end: u32) -> Option<(Common, i64)> {
        let (pos, common) = *self.stretch.common.get(self.common).filter(|next| next.0 < end)?;
        self.pos = pos + 1;
        self.note(common);
        Some((common, self.stretch.ts(pos)))
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

/// Contexts and funding are told.
fn tell(truth: &mut Truth, common: Common, ts: i64) -> Result<(), CoreError> {
    match common {
        Common::Context(kind, value) => truth.on_context(kind, value, ts),
        Common::Funding(rate, oracle) => truth.on_funding(rate, oracle, ts),
        Common::Frame(_) | Common::Clear => Ok(()),
    }
}

impl World for Recorded {
    type Depth = Self;

    fn happen(&mut self, until: i64, inclusive: bool, seat: &mut Seat) -> Result<(), CoreError> {
        let end = self.pos_after(if inclusive { until } else { until - 1 });
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
