//! Strip — rows of a stretch in one order, in the columns that a book needs.

use super::around::Glance;
use crate::book::BookRow;
use crate::book::BookRows;
use crate::event::Rows;
use std::ops::Range;

/// Columns of equal length; `n` is empty where nobody counts orders.
#[derive(Debug, Default)]
pub(super) struct Strip {
    pub(super) ts: Vec<i64>,
    kind: Vec<u8>,
    side: Vec<i8>,
    px: Vec<i64>,
    qty: Vec<i64>,
    n: Vec<u32>,
    flags: Vec<u8>,
}

impl Strip {
    /// Let go of every row; the memory is kept.
    pub(super) fn clear(&mut self) {
        let Self { ts, kind, side, px, qty, n, flags } = self;
        ts.clear();
        kind.clear();
        side.clear();
        px.clear();
        qty.clear();
        n.clear();
        flags.clear();
    }

    /// Add a range of rows, as they stand.
    pub(super) fn copy(&mut self, rows: &Rows, range: Range<usize>) {
        self.ts.extend_from_slice(&rows.ts_exch[range.clone()]);
        self.kind.extend_from_slice(&rows.kind[range.clone()]);
        self.side.extend_from_slice(&rows.side[range.clone()]);
        self.px.extend_from_slice(&rows.px[range.clone()]);
        self.qty.extend_from_slice(&rows.qty[range.clone()]);
        self.n.extend_from_slice(rows.n.get(range.clone()).unwrap_or(&[]));
        self.flags.extend_from_slice(&rows.flags[range]);
    }

    /// Add rows in the order of `indices`.
    pub(super) fn gather(&mut self, rows: &Rows, indices: &[u32]) {
        fn take<T: Copy>(into: &mut Vec<T>, column: &[T], indices: &[u32]) {
            into.extend(indices.iter().map(|&i| column[i as usize]));
        }
        take(&mut self.ts, &rows.ts_exch, indices);
        take(&mut self.kind, &rows.kind, indices);
        take(&mut self.side, &rows.side, indices);
        take(&mut self.px, &rows.px, indices);
        take(&mut self.qty, &rows.qty, indices);
        if !rows.n.is_empty() {
            take(&mut self.n, &rows.n, indices);
        }
        take(&mut self.flags, &rows.flags, indices);
    }

    /// Price and kind of a row; `None` past the end.
    #[inline]
    pub(super) fn peek(&self, at: usize) -> Option<(i64, u8)> {
        Some((*self.px.get(at)?, *self.kind.get(at)?))
    }

    /// A row, as far as it concerns a level; `None` past the end.
    pub(super) fn glance(&self, at: usize) -> Option<Glance> {
        Some(Glance {
            ts: *self.ts.get(at)?,
            kind: self.kind[at],
            side: self.side[at],
            px: self.px[at],
            qty: self.qty[at],
            n: self.n.get(at).copied().unwrap_or(0),
        })
    }

    /// A row, as far as it concerns a book.
    pub(super) fn row(&self, at: usize) -> BookRow {
        let Self { ts, kind, side, px, qty, n, flags } = self;
        BookRows { kind, side, px, qty, n, flags, ts_exch: ts }.row(at)
    }
}
