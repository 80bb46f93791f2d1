//! Writing the rows of one message: they share their times, stream and flags.

use crate::event::flags;
use crate::event::ContextKind;
use crate::event::Frame;
use crate::event::Print;
use crate::event::Row;
use crate::event::RowKind;
use crate::event::Rows;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use crate::units::UnixNanos;

/// Appends the rows of one message.
pub(super) struct Pen<'a> {
    out: &'a mut Rows,
    first: usize,
    base: Row,
}

impl<'a> Pen<'a> {
    /// A message of a stream; its venue time is ours until [`Self::at`] says better.
    pub(super) fn new(out: &'a mut Rows, ts_recv: UnixNanos, stream: u8) -> Self {
        let base = Row {
            ts_exch: ts_recv,
            ts_recv,
            seq: 0,
            stream,
            kind: RowKind::Clear,
            side: None,
            px: Px(0),
            qty: Lots(0),
            n: 0,
            flags: 0,
            id: 0,
        };
        Self { first: out.len(), out, base }
    }

    /// The rows of a book frame.
    pub(super) fn of(frame: &Frame, out: &'a mut Rows, ts_recv: UnixNanos) -> Self {
        let mut pen = Self::new(out, ts_recv, frame.stream).at(frame.ts_exch);
        pen.base.seq = frame.seq;
        pen
    }

    /// Set the venue time; 0 means that the venue sent none.
    pub(super) fn at(mut self, ts_exch: UnixNanos) -> Self {
        if ts_exch.0 != 0 {
            self.base.ts_exch = ts_exch;
        }
        self
    }

    /// Add flags to all rows from here on.
    pub(super) fn flag(&mut self, flags: u8) {
        self.base.flags |= flags;
    }

    pub(super) fn level(&mut self, side: Side, px: Px, (qty, n): (Lots, u32)) {
        self.out.push(Row { kind: RowKind::Level, side: Some(side), px, qty, n, ..self.base });
    }

    pub(super) fn gone(&mut self, side: Side, px: Px) {
        self.out.push(Row { kind: RowKind::Gone, side: Some(side), px, ..self.base });
    }

    pub(super) fn left(&mut self, side: Side, px: Px) {
        self.out.push(Row { kind: RowKind::Left, side: Some(side), px, ..self.base });
    }

    pub(super) fn clear(&mut self) {
        self.out.push(Row { kind: RowKind::Clear, ..self.base });
    }

    pub(super) fn frame(&mut self, (bid, ask): (Px, Px)) {
        self.out.push(Row { kind: RowKind::Frame, px: bid, qty: Lots(ask.0), ..self.base });
    }

    pub(super) fn gap(&mut self, from: UnixNanos, cause: u64) {
        self.out.push(Row { kind: RowKind::Gap, ts_exch: from, id: cause, ..self.base });
    }

    pub(super) fn trade(&mut self, print: &Print) {
        self.out.push(Row {
            kind: RowKind::Trade,
            ts_exch: print.ts_exch,
            side: Some(print.side),
            px: print.px,
            qty: print.qty,
            id: print.id,
            ..self.base
        });
    }

    pub(super) fn context(&mut self, kind: ContextKind, value: i64) {
        let row = Row { kind: RowKind::Context, qty: Lots(value), id: kind as u64, ..self.base };
        self.out.push(row);
    }

    /// Mark the last row of the message, if it has any.
    pub(super) fn end(self) {
        if self.out.len() > self.first {
            if let Some(last) = self.out.flags.last_mut() {
                *last |= flags::LAST;
            }
        }
    }
}
