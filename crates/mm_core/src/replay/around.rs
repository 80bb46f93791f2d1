//! Around — what the frames before and after an order's arrival show of its level.

use crate::event::RowKind;
use crate::queue::Arrival;
use crate::sim::LevelArrival;
use crate::units::Px;
use crate::units::Side;

/// How far around an arrival to look for frames; so many rows stay on hand behind the venue.
pub(super) const LOOK: usize = 2048;

/// One row, as far as it concerns a level.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glance {
    pub(super) ts: i64,
    pub(super) kind: u8,
    pub(super) side: i8,
    pub(super) px: i64,
    pub(super) qty: i64,
    pub(super) n: u32,
}

/// What a look around an arrival found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around {
    /// Lots and prints at our price before the arrival.
    before: (i64, u32),
    /// The same over the whole interval.
    total: (i64, u32),
    /// Quantity and orders at the end, where they changed.
    after: Option<(i64, u32)>,
    from: i64,
    to: i64,
}

impl Around {
    /// Look around the place `at` in venue order, where `row` gives the rows, and `peek` their
    /// prices and kinds alone; `None` where the stream has no frames near, or where a touch update
    /// after the last frame already told the quantity.
    pub(super) fn new(
        (side, px): (Side, Px),
        at: usize,
        peek: impl Fn(usize) -> Option<(i64, u8)>,
        row: impl Fn(usize) -> Option<Glance>,
    ) -> Option<Self> {
        let is_far = |(at, kind): (i64, u8)| at != px.0 && !concerns_all(kind);
        let sign = side.sign() as i8;
        let ours = |row: &Glance| row.px == px.0 && row.side == sign;
        let against = |row: &Glance| row.px == px.0 && row.side == -sign;
        let (mut traded_before, mut prints_before, mut from) = (0, 0, None);
        for at in (at.saturating_sub(LOOK)..at).rev() {
            if is_far(peek(at)?) {
                continue;
            }
            let row = row(at)?;
            match RowKind::from_u8(row.kind)? {
                RowKind::Frame => from = Some(row.ts),
                RowKind::Level | RowKind::Gone if ours(&row) => return None,
                RowKind::Trade if against(&row) => {
                    traded_before += row.qty;
                    prints_before += 1;
                }
                RowKind::Level | RowKind::Gone | RowKind::Left | RowKind::Trade => {}
                RowKind::Clear | RowKind::Gap => return None,
                RowKind::Context | RowKind::Funding => {}
            }
            if from.is_some() {
                break;
            }
        }
        let (from, mut after) = (from?, None);
        let (mut traded, mut prints) = (traded_before, prints_before);
        for at in at..at + LOOK {
            if is_far(peek(at)?) {
                continue;
            }
            let row = row(at)?;
            match RowKind::from_u8(row.kind)? {
                RowKind::Frame => {
                    let before = (traded_before, prints_before);
                    return Some(Self { before, total: (traded, prints), after, from, to: row.ts });
                }
                RowKind::Level if ours(&row) => after = Some((row.qty, row.n)),
                RowKind::Gone if ours(&row) => after = Some((0, 0)),
                RowKind::Trade if against(&row) => {
                    traded += row.qty;
                    prints += 1;
                }
                RowKind::Left if ours(&row) => return None,
                RowKind::Level | RowKind::Gone | RowKind::Left | RowKind::Trade => {}
                RowKind::Clear | RowKind::Gap => return None,
                RowKind::Context | RowKind::Funding => {}
            }
        }
        None
    }

    /// What an order arriving at `ts` meets, where the level stood at `now` lots and orders.
    pub(super) fn arrival(&self, now: (i64, u32), ts: i64) -> LevelArrival {
        let after = self.after.unwrap_or(now);
        let span = (self.to - self.from).max(1) as f64;
        let elapsed = ((ts - self.from) as f64 / span).clamp(0.0, 1.0);
        let (before, total) = (self.before, self.total);
        let part = |start, end, before, total| Arrival { start, end, before, total, elapsed };
        let is_counted = |level: (i64, u32)| level.0 == 0 || level.1 > 0;
        let count = part(now.1.into(), after.1.into(), before.1.into(), total.1.into());
        LevelArrival {
            qty: part(now.0 as f64, after.0 as f64, before.0 as f64, total.0 as f64),
            count: (is_counted(now) && is_counted(after)).then_some(count),
        }
    }
}

/// Whether a row concerns every level, whatever its price: most rows do not.
#[inline]
const fn concerns_all(kind: u8) -> bool {
    kind == RowKind::Frame as u8 || kind == RowKind::Clear as u8 || kind == RowKind::Gap as u8
}
