//! Known book — what the rows written so far say of the book, for keyframes.

use crate::event::flags;
use crate::event::streams;
use crate::event::Row;
use crate::event::RowKind;
use crate::event::Rows;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use crate::units::UnixNanos;
use std::collections::BTreeMap;

/// The levels of both sides by price, the visible window and the contexts.
#[derive(Clone, Debug, Default)]
pub(super) struct KnownBook {
    sides: [BTreeMap<i64, (i64, u32)>; 2],
    window: Option<(i64, i64)>,
    contexts: BTreeMap<u64, i64>,
}

impl KnownBook {
    /// Follow one row of a tape.
    pub(super) fn apply(&mut self, row: &Row) {
        match row.kind {
            RowKind::Level => {
                if let Some(side) = row.side {
                    self.sides[side.index()].insert(row.px.0, (row.qty.0, row.n));
                }
            }
            RowKind::Gone | RowKind::Left => {
                if let Some(side) = row.side {
                    self.sides[side.index()].remove(&row.px.0);
                }
            }
            RowKind::Clear => match row.side {
                Some(side) => self.sides[side.index()].clear(),
                None => self.sides = Default::default(),
            },
            RowKind::Frame => self.window = Some((row.px.0, row.qty.0)),
            RowKind::Context => {
                self.contexts.insert(row.id, row.qty.0);
            }
            RowKind::Trade | RowKind::Funding | RowKind::Gap => {}
        }
    }

    /// Append the book as keyframe rows with these times, best levels first.
    pub(super) fn keyframe(&self, ts_exch: i64, ts_recv: i64, out: &mut Rows) {
        let row = Row {
            ts_exch: UnixNanos(ts_exch),
            ts_recv: UnixNanos(ts_recv),
            seq: 0,
            stream: streams::NONE,
            kind: RowKind::Level,
            side: None,
            px: Px(0),
            qty: Lots(0),
            n: 0,
            flags: flags::KEYFRAME | flags::SNAPSHOT,
            id: 0,
        };
        let start = out.len();
        out.push(Row { kind: RowKind::Clear, ..row });
        for (px, (qty, n)) in self.sides[Side::Bid.index()].iter().rev() {
            let (px, qty) = (Px(*px), Lots(*qty));
            out.push(Row { side: Some(Side::Bid), px, qty, n: *n, ..row });
        }
        for (px, (qty, n)) in &self.sides[Side::Ask.index()] {
            let (px, qty) = (Px(*px), Lots(*qty));
            out.push(Row { side: Some(Side::Ask), px, qty, n: *n, ..row });
        }
        for (id, value) in &self.contexts {
            let qty = Lots(*value);
            out.push(Row { kind: RowKind::Context, stream: streams::CONTEXT, qty, id: *id, ..row });
        }
        if let Some((bid, ask)) = self.window {
            out.push(Row { kind: RowKind::Frame, px: Px(bid), qty: Lots(ask), ..row });
        }
        if out.len() == start + 1 {
            out.truncate(start); // Nothing is known yet.
        } else if let Some(last) = out.flags.last_mut() {
            *last |= flags::LAST;
        }
    }
}
