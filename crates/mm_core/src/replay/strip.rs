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
    /// A range of rows, as they stand.
    pub(super) fn copy(rows: &Rows, range: Range<usize>) -> Self {
        Self {
            ts: rows.ts_exch[range.clone()].to_vec(),
            kind: rows.kind[range.clone()].to_vec(),
            side: rows.side[range.clone()].to_vec(),
            px: rows.px[range.clone()].to_vec(),
            qty: rows.qty[range.clone()].to_vec(),
            n: rows.n.get(range.clone()).unwrap_or(&[]).to_vec(),
            flags: rows.flags[range].to_vec(),
        }
    }

    /// Rows in the order of `indices`.
    pub(super) fn gather(rows: &Rows, indices: &[u32]) -> Self {
        fn take<T: Copy>(column: &[T], indices: &[u32]) -> Vec<T> {
            indices.iter().map(|&i| column[i as usize]).collect()
        }
        Self {
            ts: take(&rows.ts_exch, indices),
            kind: take(&rows.kind, indices),
            side: take(&rows.side, indices),
            px: take(&rows.px, indices),
            qty: take(&rows.qty, indices),
            n: if rows.n.is_empty() { Vec::new() } else { take(&rows.n, indices) },
            flags: take(&rows.flags, indices),
        }
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
