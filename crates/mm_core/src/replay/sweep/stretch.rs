//! Stretch — some minutes of one tape, so laid out that any number of makers can trade in them.
//!
//! Our clock is a list of moments: what was seen at each step at which something was heard. The
//! venue's clock is a list of events that may concern an order wherever it rests, and the
//! changes of every level by price for the orders that rest there.

use super::levels::Levels;
use crate::book::Book;
use crate::book::BookState;
use crate::engine::TouchQty;
use crate::replay::sighting::Readings;
use crate::replay::strip::Strip;
use crate::sim::VenueBook;
use crate::units::Px;
use crate::units::Side;
use crate::units::UnixNanos;

/// How much of what a maker sees changed at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum News {
    /// Sizes of the touch, or signals.
    Sizes,
    /// Prices of the touch, or what the book is worth.
    Prices,
}

/// What was seen at one step of our clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moment {
    pub(super) ts: i64,
    pub(super) heard: UnixNanos,
    pub(super) feed_latency: i64,
    pub(super) touch: Option<TouchQty>,
    pub(super) state: BookState,
    /// Which readings are in force.
    pub(super) readings: u32,
    /// Rows of the stretch delivered by then.
    pub(super) delivered: u32,
}

impl Moment {
    /// Before anything was heard.
    pub(super) const NOTHING: Self = Self {
        ts: i64::MIN,
        heard: UnixNanos(0),
        feed_latency: 0,
        touch: None,
        state: BookState::Empty,
        readings: 0,
        delivered: 0,
    };
}

/// What may fill an order.
#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    /// A print against our side, and its lots.
    Trade(Side, Px, i64),
    /// A message ended with another touch.
    Touch,
    /// A message ended with a book made anew.
    Rebuilt,
}

/// Something that may fill orders at some prices.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    pub(super) ts: i64,
    /// It reaches bids at this price and above: all where it is the lowest number.
    pub(super) low: i64,
    /// And asks at this price and below.
    pub(super) high: i64,
    pub(super) what: What,
    pub(super) pos: u32,
}

/// What concerns every order and fills none.
#[derive(Clone, Copy, Debug)]
pub(super) enum Common {
    /// A complete frame ended: the worst bid and ask that it shows.
    Frame([i64; 2]),
    /// The book is void.
    Clear,
    /// A context value: kind and value.
    Context(u64, i64),
    /// Funding was settled: rate and oracle.
    Funding(i64, i64),
}

/// The touch from a place on, in venue order; 0 where a side has no level.
#[derive(Clone, Copy, Debug)]
pub(super) struct TouchAt {
    pub(super) pos: u32,
    pub(super) best: [i64; 2],
}

/// Some minutes of one tape.
#[derive(Debug)]
pub(super) struct Stretch {
    /// Steps after the last stretch, up to and at this time, are in it.
    pub(super) until: i64,
    /// The step at which the tape is used up, once that is known.
    pub(super) ends: Option<i64>,

    /// Our clock.
    pub(super) moments: Vec<Moment>,
    /// Indices of moments whose prices changed, and of those with any change.
    pub(super) priced: Vec<u32>,
    pub(super) sized: Vec<u32>,
    pub(super) readings: Vec<Readings>,
    /// The book as delivered when it begins, and the rows delivered within.
    pub(super) seen: Book,
    pub(super) delivered: Strip,

    /// The venue's clock: its book when the stretch begins, and everything around.
    pub(super) book: VenueBook,
    pub(super) strip: Strip,
    /// Where in the strip the stretch begins, and how many rows happen within.
    pub(super) base: usize,
    pub(super) len: u32,
    pub(super) events: Vec<Event>,
    /// What concerns every order, and where it stands.
    pub(super) common: Vec<(u32, Common)>,
    /// When funding may be settled.
    pub(super) settlements: Vec<i64>,
    pub(super) touches: Vec<TouchAt>,
    pub(super) levels: Levels,
    /// Where the memory of levels out of the window was cleared, a side.
    pub(super) forgotten: [Vec<u32>; 2],
}

impl Stretch {
    /// Up to a step, with nothing in it yet but the books as they are when it begins.
    pub(super) fn new(until: i64, seen: Book, book: VenueBook) -> Self {
        Self {
            until,
            ends: None,
            moments: Vec::new(),
            priced: Vec::new(),
            sized: Vec::new(),
            readings: Vec::new(),
            seen,
            delivered: Strip::default(),
            book,
            strip: Strip::default(),
            base: 0,
            len: 0,
            events: Vec::new(),
            common: Vec::new(),
            settlements: Vec::new(),
            touches: Vec::new(),
            levels: Levels::default(),
            forgotten: Default::default(),
        }
    }

    /// The same in the memory of one that was played: a tape of months needs no more of it.
    pub(super) fn again(mut self, until: i64, seen: Book, book: VenueBook) -> Self {
        self.moments.clear();
        self.priced.clear();
        self.sized.clear();
        self.readings.clear();
        self.delivered.clear();
        self.strip.clear();
        self.events.clear();
        self.common.clear();
        self.settlements.clear();
        self.touches.clear();
        self.levels.clear();
        self.forgotten.iter_mut().for_each(Vec::clear);
        Self { until, ends: None, seen, book, base: 0, len: 0, ..self }
    }

    /// Venue time of a row.
    #[inline]
    pub(super) fn ts(&self, pos: u32) -> i64 {
        self.strip.ts[self.base + pos as usize]
    }
}
