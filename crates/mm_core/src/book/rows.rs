//! Rows that concern the book, by columns: levels come many in a row and are applied in one loop.

use super::view::BookRow;
use crate::event::RowKind;
use crate::event::Rows;
use std::ops::Range;

/// The columns of rows that concern the book, each of one length.
#[derive(Clone, Copy, Debug)]
pub struct BookRows<'a> {
    pub(crate) kind: &'a [u8],
    pub(crate) side: &'a [i8],
    pub(crate) px: &'a [i64],
    pub(crate) qty: &'a [i64],
    /// Empty where orders are not counted.
    pub(crate) n: &'a [u32],
    pub(crate) flags: &'a [u8],
    pub(crate) ts_exch: &'a [i64],
}

impl<'a> BookRows<'a> {
    /// Some rows of a tape.
    ///
    /// # Panics
    /// Where the range is not within the rows.
    #[inline]
    #[must_use]
    pub fn of(rows: &'a Rows, here: Range<usize>) -> Self {
        // Columns of one length, which the compiler then knows.
        let count = here.len();
        Self {
            kind: &rows.kind[here.clone()][..count],
            side: &rows.side[here.clone()][..count],
            px: &rows.px[here.clone()][..count],
            qty: &rows.qty[here.clone()][..count],
            n: rows.n.get(here.clone()).unwrap_or_default(),
            flags: &rows.flags[here.clone()][..count],
            ts_exch: &rows.ts_exch[here][..count],
        }
    }

    /// How many there are.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.kind.len()
    }

    /// Whether there are none.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kind.is_empty()
    }

    /// One of them.
    #[inline]
    #[must_use]
    pub fn row(&self, at: usize) -> BookRow {
        BookRow {
            kind: RowKind::from_u8(self.kind[at]).unwrap_or(RowKind::Context),
            side: self.side[at],
            px: self.px[at],
            qty: self.qty[at],
            n: self.n.get(at).copied().unwrap_or(0),
            flags: self.flags[at],
        }
    }
}

/// Whether a row tells of a level.
#[inline(always)]
pub(crate) const fn is_level(kind: u8) -> bool {
    kind <= RowKind::Gone as u8
}
