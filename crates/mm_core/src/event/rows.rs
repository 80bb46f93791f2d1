//! Rows — normalised market data in columns: what tapes store and what the book applies.

use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;
use std::ops::Range;

/// What a row says. The numbers are those in tape files, where a [`RowKind::Gone`] is stored as a
/// [`RowKind::Level`] of quantity 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum RowKind {
    /// The level at `px` now holds `qty` (> 0), `n` orders where known.
    Level = 1,
    /// The level at `px` is gone: nothing rests there.
    Gone = 2,
    /// The level at `px` left the visible window: nothing is known of it from here on.
    Left = 3,
    /// Everything known of the book is void (start of a snapshot, loss of sequence).
    Clear = 4,
    /// A print of `qty` at `px`; `side` is the aggressor, `id` the venue's trade id.
    Trade = 5,
    /// End of a complete frame: `px` is the worst bid and `qty` the worst ask still visible,
    /// 0 where the side is visible to its end.
    Frame = 6,
    /// A context value: `id` is a [`super::ContextKind`], the value stands in `qty` with that
    /// kind's own scale.
    Context = 7,
    /// A funding settlement: `qty` is the hourly rate in 1e-12, `px` the oracle price in px units.
    Funding = 8,
    /// Recorded silence: from `ts_exch` to `ts_recv`; `id` is the cause.
    Gap = 9,
}

impl RowKind {
    /// The kind with this number, if there is one.
    #[must_use]
    pub const fn from_u8(value: u8) -> Option<Self> {
        Some(match value {
            1 => Self::Level,
            2 => Self::Gone,
            3 => Self::Left,
            4 => Self::Clear,
            5 => Self::Trade,
            6 => Self::Frame,
            7 => Self::Context,
            8 => Self::Funding,
            9 => Self::Gap,
            _ => return None,
        })
    }
}

/// Bits of the `flags` column.
pub mod flags {
    /// Last row of its message: the book is consistent after it.
    pub const LAST: u8 = 1;
    /// Part of a full snapshot that replaced the book.
    pub const SNAPSHOT: u8 = 2;
    /// Repeats known state at the head of a row group; skipped by readers that have the state.
    pub const KEYFRAME: u8 = 4;
    /// Came from the best-bid-and-offer stream.
    pub const BBO: u8 = 8;
}

/// Numbers of the `stream` column.
pub mod streams {
    /// Not from a stream (gaps, keyframes).
    pub const NONE: u8 = 0;
    /// Level changes or full-depth frames.
    pub const BOOK: u8 = 1;
    /// Frames of few levels (`fast`).
    pub const FAST: u8 = 2;
    /// Best bid and offer.
    pub const BBO: u8 = 3;
    /// Trades.
    pub const TRADES: u8 = 4;
    /// Contexts and funding.
    pub const CONTEXT: u8 = 5;
}

/// One row, copied out of the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Venue clock.
    pub ts_exch: UnixNanos,
    /// Our clock at delivery.
    pub ts_recv: UnixNanos,
    /// Venue sequence, 0 where there is none.
    pub seq: u64,
    /// See [`streams`].
    pub stream: u8,
    /// What the row says.
    pub kind: RowKind,
    /// Level side or aggressor; `None` where the kind has no side.
    pub side: Option<Side>,
    /// Price.
    pub px: Px,
    /// Size.
    pub qty: Lots,
    /// Orders at the level, 0 where unknown.
    pub n: u32,
    /// See [`flags`].
    pub flags: u8,
    /// Trade id, context kind or gap cause.
    pub id: u64,
}

/// Market data in columns of equal length, in order of delivery.
///
/// A reader that was asked for few columns leaves the others empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    /// Venue clock, Unix nanoseconds.
    pub ts_exch: Vec<i64>,
    /// Our clock, Unix nanoseconds.
    pub ts_recv: Vec<i64>,
    /// Venue sequence, 0 where there is none.
    pub seq: Vec<u64>,
    /// See [`streams`].
    pub stream: Vec<u8>,
    /// See [`RowKind`].
    pub kind: Vec<u8>,
    /// +1 bid or buyer, -1 ask or seller, 0 none.
    pub side: Vec<i8>,
    /// Price units.
    pub px: Vec<i64>,
    /// Lots.
    pub qty: Vec<i64>,
    /// Orders at the level.
    pub n: Vec<u32>,
    /// See [`flags`].
    pub flags: Vec<u8>,
    /// Trade id, context kind or gap cause.
    pub id: Vec<u64>,
}

impl Rows {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ts_exch.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ts_exch.is_empty()
    }

    /// Whether all columns have one length.
    #[must_use]
    pub fn is_rectangular(&self) -> bool {
        let lengths = [
            self.ts_recv.len(),
            self.seq.len(),
            self.stream.len(),
            self.kind.len(),
            self.side.len(),
            self.px.len(),
            self.qty.len(),
            self.n.len(),
            self.flags.len(),
            self.id.len(),
        ];
        lengths.iter().all(|len| *len == self.len())
    }

    /// Append one row.
    pub fn push(&mut self, row: Row) {
        self.ts_exch.push(row.ts_exch.0);
        self.ts_recv.push(row.ts_recv.0);
        self.seq.push(row.seq);
        self.stream.push(row.stream);
        self.kind.push(row.kind as u8);
        self.side.push(row.side.map_or(0, |s| s.sign() as i8));
        self.px.push(row.px.0);
        self.qty.push(row.qty.0);
        self.n.push(row.n);
        self.flags.push(row.flags);
        self.id.push(row.id);
    }

    /// Row `i`, or `None` past the end or where its kind is unknown.
    #[must_use]
    pub fn get(&self, i: usize) -> Option<Row> {
        Some(Row {
            ts_exch: UnixNanos(*self.ts_exch.get(i)?),
            ts_recv: UnixNanos(self.ts_recv[i]),
            seq: self.seq[i],
            stream: self.stream[i],
            kind: RowKind::from_u8(self.kind[i])?,
            side: Side::from_sign(self.side[i]),
            px: Px(self.px[i]),
            qty: Lots(self.qty[i]),
            n: self.n[i],
            flags: self.flags[i],
            id: self.id[i],
        })
    }

    /// Append all rows of `other`.
    pub fn extend(&mut self, other: &Self) {
        self.extend_range(other, 0..other.len());
    }

    /// Append the rows of `other` in `range`.
    pub fn extend_range(&mut self, other: &Self, range: Range<usize>) {
        self.ts_exch.extend_from_slice(&other.ts_exch[range.clone()]);
        self.ts_recv.extend_from_slice(&other.ts_recv[range.clone()]);
        self.seq.extend_from_slice(&other.seq[range.clone()]);
        self.stream.extend_from_slice(&other.stream[range.clone()]);
        self.kind.extend_from_slice(&other.kind[range.clone()]);
        self.side.extend_from_slice(&other.side[range.clone()]);
        self.px.extend_from_slice(&other.px[range.clone()]);
        self.qty.extend_from_slice(&other.qty[range.clone()]);
        self.n.extend_from_slice(&other.n[range.clone()]);
        self.flags.extend_from_slice(&other.flags[range.clone()]);
        self.id.extend_from_slice(&other.id[range.clone()]);
    }

    /// Forget the first `count` rows, keeping the allocation.
    pub fn drop_front(&mut self, count: usize) {
        self.remove(0, count);
    }

    /// Forget `count` rows from row `at` on, keeping the allocation.
    pub fn remove(&mut self, at: usize, count: usize) {
        fn cut<T>(column: &mut Vec<T>, gone: Range<usize>) {
            if !column.is_empty() {
                column.drain(gone);
            }
        }
        let gone = at..at + count;
        cut(&mut self.ts_exch, gone.clone());
        cut(&mut self.ts_recv, gone.clone());
        cut(&mut self.seq, gone.clone());
        cut(&mut self.stream, gone.clone());
        cut(&mut self.kind, gone.clone());
        cut(&mut self.side, gone.clone());
        cut(&mut self.px, gone.clone());
        cut(&mut self.qty, gone.clone());
        cut(&mut self.n, gone.clone());
        cut(&mut self.flags, gone.clone());
        cut(&mut self.id, gone);
    }

    /// Keep the first `len` rows only; each column is cut, whatever its length.
    pub fn truncate(&mut self, len: usize) {
        self.ts_exch.truncate(len);
        self.ts_recv.truncate(len);
        self.seq.truncate(len);
        self.stream.truncate(len);
        self.kind.truncate(len);
        self.side.truncate(len);
        self.px.truncate(len);
        self.qty.truncate(len);
        self.n.truncate(len);
        self.flags.truncate(len);
        self.id.truncate(len);
    }

    /// Forget all rows, keeping the allocation.
    pub fn clear(&mut self) {
        self.truncate(0);
    }
}
