//! Ear — our side of a tape: what is delivered is heard by the market.

use super::probes::Probes;
use super::window::RowSink;
use super::window::Window;
use crate::book::BookRow;
use crate::book::BookRows;
use crate::engine::Market;
use crate::engine::Print;
use crate::event::RowKind;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use crate::units::UnixNanos;

/// Everything delivered up to and at `now` is heard; how long the last of it took to reach us.
#[inline]
pub(super) fn hear(
    window: &mut Window,
    market: &mut Market,
    prints: Option<&mut Vec<Print>>,
    probes: Option<&mut Probes>,
    now: i64,
) -> Option<i64> {
    let ear = &mut Ear(market, prints);
    let any = match probes {
        None => window.deliver(now, ear),
        Some(probes) => {
            let any = window.deliver(now, &mut Probed(ear, probes));
            if any {
                probes.on_step(now);
                ear.0.on_probes(probes.kept());
            }
            any
        }
    };
    if !any {
        return None;
    }
    let (heard, latency) = window.last_delivery();
    market.hear(UnixNanos(heard));
    Some(latency)
}

/// A row is heard, and meets the probes.
struct Probed<'a, 'b>(&'b mut Ear<'a>, &'b mut Probes);

impl RowSink for Probed<'_, '_> {
    fn levels(&mut self, rows: &BookRows<'_>, from: usize) -> usize {
        self.other(rows.row(from), 0, rows.ts_exch[from]);
        from + 1
    }

    fn other(&mut self, row: BookRow, id: u64, ts: i64) {
        self.0.other(row, id, ts);
        self.1.other(row, id, ts);
    }
}

/// Our side of a row: it is heard.
struct Ear<'a>(&'a mut Market, Option<&'a mut Vec<Print>>);

impl RowSink for Ear<'_> {
    fn levels(&mut self, rows: &BookRows<'_>, from: usize) -> usize {
        self.0.on_levels(rows, from)
    }

    fn other(&mut self, row: BookRow, id: u64, ts: i64) {
        if let (Some(prints), RowKind::Trade) = (&mut self.1, row.kind) {
            if let Some(aggressor) = Side::from_sign(row.side) {
                let (ts, px, size) = (UnixNanos(ts), Px(row.px), Lots(row.qty));
                prints.push(Print { ts, aggressor, px, size });
            }
        }
        self.0.on_row(row, id);
    }
}
