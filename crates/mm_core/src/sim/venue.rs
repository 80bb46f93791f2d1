//! The simulated venue of one symbol: its own book on its own clock, and our orders in it.

use crate::book::is_level;
use crate::book::Book;
use crate::book::BookRow;
use crate::book::BookRows;
use crate::command::Place;
use crate::event::flags;
use crate::event::CancelReason;
use crate::event::RowKind;
use crate::instrument::InstrumentSpec;
use crate::queue::QpnConfig;
use crate::queue::Resting;
use crate::queue::Shown;
use crate::sim::Depth;
use crate::sim::LevelArrival;
use crate::sim::OrderCounts;
use crate::sim::SimOrders;
use crate::sim::VenueConfig;
use crate::sim::VenueEvent;
use crate::units::Cloid;
use crate::units::Px;
use crate::units::Side;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;

/// Levels remembered after they left the window, a side.
const MEMORY: usize = 4096;

/// The venue's book, on the venue's clock.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VenueBook {
    book: Book,
    /// A level crossed one of our prices within the message.
    crossing: bool,
    rebuilding: bool,
    /// Quantities of levels when they left the window.
    left_window: [BTreeMap<i64, i64>; 2],
    /// Lots and prints of the recording.
    traded: i64,
    prints: u64,
}

impl VenueBook {
    /// An empty book.
    #[must_use]
    pub fn new(spec: InstrumentSpec) -> Self {
        Self {
            book: Book::new(spec),
            crossing: false,
            rebuilding: false,
            left_window: Default::default(),
            traded: 0,
            prints: 0,
        }
    }

    /// The book now.
    #[must_use]
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Lots and prints of the recording so far.
    #[must_use]
    pub fn traded(&self) -> (i64, u64) {
        (self.traded, self.prints)
    }

    /// Whether no message is left half applied that may fill orders.
    #[inline]
    pub(crate) fn is_settled(&self) -> bool {
        !self.crossing && !self.rebuilding
    }

    /// Whether the book is being made anew.
    pub(crate) fn is_rebuilding(&self) -> bool {
        self.rebuilding
    }

    /// Whether the next level that leaves the window makes it forget those before.
    pub(crate) fn forgets(&self, side: Side) -> bool {
        self.left_window[side.index()].len() >= MEMORY
    }

    /// Apply the rows from `from` on as long as they are levels and our orders have nothing to
    /// say; where the first stands that was not applied.
    #[inline(never)]
    pub fn on_levels(&mut self, rows: &BookRows<'_>, from: usize, orders: &mut SimOrders) -> usize {
        let (reach, rebuilding) = (*orders.reach(), self.rebuilding);
        let Some(sides) = self.book.plain_sides(rows).filter(|_| !rebuilding) else {
            self.on_row(rows.row(from), orders, rows.ts_exch[from]);
            return from + 1;
        };
        let ends = |bits: u8, crossing: bool| {
            bits & flags::SNAPSHOT != 0 || (crossing && bits & flags::LAST != 0)
        };
        let (kind, count) = (&rows.kind[from..], rows.len() - from);
        let (side, px, qty) = (&rows.side[from..], &rows.px[from..], &rows.qty[from..]);
        let (side, px, qty) = (&side[..count], &px[..count], &qty[..count]);
        let bits = &rows.flags[from..][..count];
        let mut crossing = self.crossing;
        let mut at = 0;
        while at < count && is_level(kind[at]) {
            let i = usize::from(side[at] <= 0);
            let own = &reach[i];
            if own.holds(px[at]) {
                let shown = Shown { qty: qty[at] as f64, n: 0 };
                orders.on_own_level((Side::BOTH[i], px[at]), shown, rows.ts_exch[from + at]);
            }
            crossing |= own.is_crossed(px[at], i);
            sides[i].set_uncounted(px[at], qty[at]);
            at += 1;
            if ends(bits[at - 1], crossing) {
                self.crossing = crossing;
                let last = from + at - 1;
                self.end_of_message(rows.flags[last], orders, rows.ts_exch[last]);
                return from + at;
            }
        }
        self.crossing = crossing;
        from + at
    }

    /// Apply one market row of any kind at venue time `ts`.
    pub fn on_row(&mut self, row: BookRow, orders: &mut SimOrders, ts: i64) {
        match row.kind {
            RowKind::Level => self.level(row, row.qty, orders, ts),
            RowKind::Gone => self.level(row, 0, orders, ts),
            RowKind::Trade => self.trade(row, orders, ts),
            RowKind::Frame => {
                self.book.frame(row.px, row.qty);
                orders.on_frame(self, ts);
            }
            RowKind::Left => {
                let at = (side_of(row), row.px);
                self.leave(at);
                orders.on_left(at);
            }
            RowKind::Clear => {
                self.book.clear();
                self.rebuilding = true;
            }
            RowKind::Gap => self.book.gap(),
            RowKind::Context | RowKind::Funding => {}
        }
        if row.flags & (flags::LAST | flags::SNAPSHOT) != 0 {
            self.end_of_message(row.flags, orders, ts);
        }
    }

    fn level(&mut self, row: BookRow, qty: i64, orders: &mut SimOrders, ts: i64) {
        let side = side_of(row);
        let own = orders.reach()[side.index()];
        if own.holds(row.px) && !self.rebuilding {
            orders.on_own_level((side, row.px), Shown { qty: qty as f64, n: row.n }, ts);
        }
        self.crossing |= own.is_crossed(row.px, side.index());
        self.book.set(side, row.px, qty, row.n);
    }

    fn leave(&mut self, (side, px): (Side, i64)) {
        let was = self.book.qty(side, Px(px)).0;
        self.book.set(side, px, 0, 0);
        let memory = &mut self.left_window[side.index()];
        if memory.len() >= MEMORY {
            memory.clear();
        }
        memory.insert(px, was);
    }

    #[inline]
    fn end_of_message(&mut self, bits: u8, orders: &mut SimOrders, ts: i64) {
        if bits & flags::SNAPSHOT != 0 {
            self.book.snapshot();
        }
        if bits & flags::LAST != 0 && (self.crossing || self.rebuilding) {
            self.settle(orders, ts);
        }
    }

    #[cold]
    fn settle(&mut self, orders: &mut SimOrders, ts: i64) {
        if self.rebuilding {
            self.rebuilding = false;
            orders.on_rebuilt(self, ts);
        }
        self.crossing = false;
        orders.on_crossing(self, ts);
    }

    #[inline]
    fn trade(&mut self, row: BookRow, orders: &mut SimOrders, ts: i64) {
        self.prints += 1;
        self.traded += row.qty;
        // An aggressor that sells meets bids.
        let Some(side) = Side::from_sign(-row.side) else { return };
        if orders.is_reached(side, row.px) {
            orders.on_trade((side, Px(row.px)), row.qty, (ts, self.mid2()));
        }
    }
}

impl Depth for VenueBook {
    fn spec(&self) -> &InstrumentSpec {
        self.book.spec()
    }

    fn best(&self, side: Side) -> Option<Px> {
        self.book.best(side)
    }

    fn at(&self, side: Side, px: Px) -> (i64, u32) {
        self.book.at(side, px)
    }

    fn is_visible(&self, side: Side, px: Px) -> bool {
        self.book.is_visible(side, px)
    }

    fn left_with(&self, side: Side, px: Px) -> Option<i64> {
        self.left_window[side.index()].get(&px.0).copied()
    }

    fn whole(&mut self) -> &Book {
        &self.book
    }
}

/// The venue of one symbol.
#[derive(Debug)]
pub struct SimVenue {
    book: VenueBook,
    orders: SimOrders,
}

impl SimVenue {
    /// A venue with an empty book.
    #[must_use]
    pub fn new(spec: InstrumentSpec, config: VenueConfig) -> Self {
        Self { book: VenueBook::new(spec), orders: SimOrders::new(config) }
    }

    /// The same venue with other knowledge for the order-count model.
    #[must_use]
    pub fn with_qpn(self, qpn: QpnConfig) -> Self {
        Self { orders: self.orders.with_qpn(qpn), ..self }
    }

    /// The venue's book now.
    #[must_use]
    pub fn book(&self) -> &Book {
        self.book.book()
    }

    /// Our resting orders.
    #[must_use]
    pub fn orders(&self) -> &[Resting] {
        self.orders.resting()
    }

    /// What was counted so far.
    #[must_use]
    pub fn counts(&self) -> OrderCounts {
        self.orders.counts()
    }

    /// Move out what happened since the last call: venue time and event, in order.
    pub fn drain(&mut self) -> std::vec::Drain<'_, (i64, VenueEvent)> {
        self.orders.drain()
    }

    /// Apply one market row of any kind at venue time `ts`.
    pub fn on_row(&mut self, row: BookRow, ts: i64) {
        self.book.on_row(row, &mut self.orders, ts);
    }

    /// An order reaches the venue at `ts`. `interval` is what the recording shows around the
    /// arrival, where the stream consists of frames.
    pub fn place(&mut self, place: &Place, interval: Option<LevelArrival>, ts: i64) {
        self.orders.place(place, interval, &mut self.book, ts);
    }

    /// A cancel reaches the venue.
    pub fn cancel(&mut self, cloid: Cloid, reason: CancelReason, ts: i64) {
        self.orders.cancel(cloid, reason, ts);
    }

    /// Every order is withdrawn.
    pub fn cancel_all(&mut self, reason: CancelReason, ts: i64) {
        self.orders.cancel_all(reason, ts);
    }
}

#[inline(always)]
fn side_of(row: BookRow) -> Side {
    if row.side > 0 {
        Side::Bid
    } else {
        Side::Ask
    }
}
