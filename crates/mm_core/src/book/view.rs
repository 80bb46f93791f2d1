//! The book of one symbol: both sides, its state, its visible window, its clocks.

use super::rows::is_level;
use super::rows::BookRows;
use super::side::BookSide;
use super::side::Level;
use crate::event::flags;
use crate::event::RowKind;
use crate::instrument::InstrumentSpec;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use serde::Deserialize;
use serde::Serialize;

/// Whether the book may be quoted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum BookState {
    /// Both sides there, bid below ask.
    Trusted,
    /// Neither side has a level.
    Empty,
    /// One side has no level.
    OneSided,
    /// Best bid equals best ask.
    Locked,
    /// Best bid above best ask.
    Crossed,
    /// Void after a gap, until the next snapshot.
    Gap,
}

/// Best prices and their quantities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touch {
    /// Best bid.
    pub bid: Px,
    /// Best ask.
    pub ask: Px,
}

impl Touch {
    /// Twice the mid, in price units: an integer where the mid is not.
    #[must_use]
    pub fn mid2(self) -> i64 {
        self.bid.0 + self.ask.0
    }
}

/// One symbol's book, as far as it is known.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Book {
    spec: InstrumentSpec,
    sides: Option<[BookSide; 2]>,
    /// Worst visible price a side; 0 where the side is visible to its end.
    bound: [i64; 2],
    void: bool,
}

impl Book {
    /// A book that knows nothing yet.
    #[must_use]
    pub fn new(spec: InstrumentSpec) -> Self {
        Self { spec, sides: None, bound: [0; 2], void: false }
    }

    /// Set a level; quantity 0 removes it.
    #[inline(always)]
    pub fn set(&mut self, side: Side, px: i64, qty: i64, n: u32) {
        match &mut self.sides {
            Some(sides) => sides[side.index()].set(px, qty, n),
            None => self.first(side, px, qty, n),
        }
    }

    #[cold]
    fn first(&mut self, side: Side, px: i64, qty: i64, n: u32) {
        let step = self.spec.step(Px(px));
        let mut sides = Side::BOTH.map(|s| BookSide::new(s, step));
        sides[side.index()].set(px, qty, n);
        self.sides = Some(sides);
    }

    /// Apply the rows from `from` on as long as they are levels, of quantity 0 where they are
    /// gone; where the first stands that is none.
    #[inline(never)]
    pub fn take_levels(&mut self, rows: &BookRows<'_>, from: usize) -> usize {
        let Some(sides) = self.plain_sides(rows) else {
            self.apply(rows.row(from));
            return from + 1;
        };
        let (kind, count) = (&rows.kind[from..], rows.len() - from);
        let (side, px, qty) = (&rows.side[from..], &rows.px[from..], &rows.qty[from..]);
        let (side, px, qty) = (&side[..count], &px[..count], &qty[..count]);
        let mut at = 0;
        while at < count && is_level(kind[at]) {
            sides[usize::from(side[at] <= 0)].set_uncounted(px[at], qty[at]);
            at += 1;
        }
        from + at
    }

    /// The sides, where levels of these rows need nothing but to be set.
    #[inline]
    pub(crate) fn plain_sides(&mut self, rows: &BookRows<'_>) -> Option<&mut [BookSide; 2]> {
        let plain = !self.void && rows.n.is_empty();
        self.sides.as_mut().filter(|sides| plain && !sides.iter().any(BookSide::is_counted))
    }

    /// Apply a row of the kinds that change the book; other kinds are ignored.
    pub fn apply(&mut self, row: BookRow) {
        match row.kind {
            RowKind::Level => self.set(side_of(row.side), row.px, row.qty, row.n),
            RowKind::Gone | RowKind::Left => self.set(side_of(row.side), row.px, 0, row.n),
            RowKind::Clear => self.clear(),
            RowKind::Frame => self.frame(row.px, row.qty),
            RowKind::Gap => self.void = true,
            RowKind::Trade | RowKind::Context | RowKind::Funding => {}
        }
        self.void &= row.flags & flags::SNAPSHOT == 0;
    }

    /// A complete frame ended: what is visible, and the book is whole again.
    #[inline]
    pub fn frame(&mut self, worst_bid: i64, worst_ask: i64) {
        self.bound = [worst_bid, worst_ask];
        self.void = false;
    }

    /// The book is unknown until the next snapshot.
    pub fn gap(&mut self) {
        self.void = true;
    }

    /// A snapshot began: the book is being made whole.
    pub fn snapshot(&mut self) {
        self.void = false;
    }

    /// Forget every level.
    pub fn clear(&mut self) {
        if let Some(sides) = &mut self.sides {
            sides.iter_mut().for_each(BookSide::clear);
        }
        self.bound = [0; 2];
    }

    /// The instrument.
    #[must_use]
    pub fn spec(&self) -> &InstrumentSpec {
        &self.spec
    }

    /// Best price of a side.
    #[inline]
    #[must_use]
    pub fn best(&self, side: Side) -> Option<Px> {
        self.sides.as_ref()?[side.index()].best()
    }

    /// Both best prices; `None` unless both sides have a level.
    #[inline]
    #[must_use]
    pub fn touch(&self) -> Option<Touch> {
        let [bids, asks] = self.sides.as_ref()?;
        Some(Touch { bid: bids.best()?, ask: asks.best()? })
    }

    /// What the book is worth.
    #[must_use]
    pub fn state(&self) -> BookState {
        if self.void {
            return BookState::Gap;
        }
        match (self.best(Side::Bid), self.best(Side::Ask)) {
            (None, None) => BookState::Empty,
            (None, Some(_)) | (Some(_), None) => BookState::OneSided,
            (Some(bid), Some(ask)) if bid > ask => BookState::Crossed,
            (Some(bid), Some(ask)) if bid == ask => BookState::Locked,
            (Some(_), Some(_)) => BookState::Trusted,
        }
    }

    /// Quantity at a price, 0 where no level is known.
    #[inline]
    #[must_use]
    pub fn qty(&self, side: Side, px: Px) -> Lots {
        Lots(self.at(side, px).0)
    }

    /// Quantity and number of orders at a price.
    #[must_use]
    pub fn at(&self, side: Side, px: Px) -> (i64, u32) {
        self.sides.as_ref().map_or((0, 0), |sides| sides[side.index()].at(px))
    }

    /// Whether the book would show a level at this price.
    #[inline]
    #[must_use]
    pub fn is_visible(&self, side: Side, px: Px) -> bool {
        let bound = self.bound[side.index()];
        bound == 0 || !side.better(Px(bound), px)
    }

    /// Levels of a side, best first.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        self.sides.iter().flat_map(move |sides| sides[side.index()].levels())
    }

    /// Levels near the touch, best first: what signals look at.
    pub fn near(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        self.sides.iter().flat_map(move |sides| sides[side.index()].near_levels())
    }

    /// Number of levels of a side.
    #[must_use]
    pub fn depth(&self, side: Side) -> usize {
        self.sides.as_ref().map_or(0, |sides| sides[side.index()].len())
    }
}

/// The side of a level row.
#[inline(always)]
const fn side_of(sign: i8) -> Side {
    if sign > 0 {
        Side::Bid
    } else {
        Side::Ask
    }
}

/// The columns of a row that concern the book.
#[derive(Clone, Copy, Debug)]
pub struct BookRow {
    /// What the row says.
    pub kind: RowKind,
    /// +1 bid, -1 ask.
    pub side: i8,
    /// Price units.
    pub px: i64,
    /// Lots.
    pub qty: i64,
    /// Orders at the level.
    pub n: u32,
    /// See [`flags`].
    pub flags: u8,
}
