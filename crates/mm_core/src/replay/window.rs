//! A window over a tape that two clocks read: rows in order of delivery, and in venue order.
//!
//! The strategy sees a row when it was received, the venue when it happened. Where the tape's
//! venue times run backwards, a permutation of the rows on hand gives the venue its own order.

use crate::book::BookRow;
use crate::error::CoreError;
use crate::event::RowKind;
use crate::event::Rows;
use crate::queue::Arrival;
use crate::sim::LevelArrival;
use crate::tape::TapeSeries;
use crate::units::Px;
use crate::units::Side;
use std::ops::Range;

/// Rows on hand, and how far each clock has read them.
#[derive(Debug)]
pub(super) struct Window {
    series: TapeSeries,
    rows: Rows,
    local: usize,
    /// Rows the venue still has to read, in its order; `None` while that is the row order.
    order: Option<Vec<u32>>,
    venue: usize,
    newest_exch: i64,
    disorder: i64,
    ended: bool,
    read: u64,
}

/// What a look around an arrival found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around {
    /// Lots and prints at our price before the arrival.
    pub(super) before: (i64, u32),
    /// The same over the whole interval.
    pub(super) total: (i64, u32),
    /// Quantity and orders at the end, where they changed.
    pub(super) after: Option<(i64, u32)>,
    pub(super) from: i64,
    pub(super) to: i64,
}

impl Around {
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

/// How far around an arrival to look for frames; so many rows stay on hand behind the venue.
const LOOK: usize = 4096;

impl Window {
    pub(super) fn new(series: TapeSeries, disorder: i64) -> Self {
        Self {
            series,
            rows: Rows::default(),
            local: 0,
            order: (disorder > 0).then(Vec::new),
            venue: 0,
            newest_exch: i64::MIN,
            disorder,
            ended: false,
            read: 0,
        }
    }

    /// Load until everything delivered or happened up to `time` is on hand.
    pub(super) fn ensure(&mut self, time: i64) -> Result<(), CoreError> {
        while !self.ended && !self.covers(time) {
            self.load()?;
        }
        Ok(())
    }

    /// Load until a look around the venue's place sees all that it may, wherever batches end.
    pub(super) fn look_ahead(&mut self) -> Result<(), CoreError> {
        let sees = |w: &Self| {
            let settled = w.newest_exch.saturating_sub(w.disorder);
            w.venue_row(w.venue + LOOK).is_some_and(|i| w.rows.ts_exch[i] < settled)
        };
        while !self.ended && !sees(self) {
            self.load()?;
        }
        Ok(())
    }

    fn covers(&self, time: i64) -> bool {
        let received = self.rows.ts_recv.last().copied().unwrap_or(i64::MIN);
        received > time && self.newest_exch.saturating_sub(self.disorder) > time
    }

    /// Forget rows that both clocks have read, but for the last few, and append the next batch.
    fn load(&mut self) -> Result<(), CoreError> {
        let keep = self.venue.saturating_sub(LOOK);
        let behind = match &self.order {
            None => keep,
            Some(order) => order[keep..].iter().min().map_or(self.rows.len(), |&i| i as usize),
        };
        let gone = behind.min(self.local);
        self.rows.drop_front(gone);
        self.local -= gone;
        if self.order.is_none() {
            self.venue -= gone;
        }
        let first = self.rows.len();
        self.ended = !self.series.next(&mut self.rows)?;
        self.read += (self.rows.len() - first) as u64;
        self.order_new(first, gone);
        Ok(())
    }

    fn order_new(&mut self, first: usize, gone: usize) {
        let rows = &self.rows;
        let mut backward = false;
        for &ts in &rows.ts_exch[first..] {
            backward |= ts < self.newest_exch;
            self.disorder = self.disorder.max(self.newest_exch.saturating_sub(ts));
            self.newest_exch = self.newest_exch.max(ts);
        }
        if self.order.is_none() && backward {
            self.order = Some((0..first as u32).collect());
        } else if let Some(order) = &mut self.order {
            let past = self.venue.saturating_sub(LOOK);
            order.drain(..past);
            order.iter_mut().for_each(|i| *i -= gone as u32);
            self.venue -= past;
        }
        if let Some(order) = &mut self.order {
            order.extend(first as u32..rows.len() as u32);
            order[self.venue..].sort_by_key(|&i| rows.ts_exch[i as usize]);
        }
    }

    /// Rows read from the tape so far.
    pub(super) fn read(&self) -> u64 {
        self.read
    }

    /// Whether both clocks have read everything.
    pub(super) fn is_done(&self) -> bool {
        self.ended && self.local == self.rows.len() && self.venue == self.venue_len()
    }

    /// Time of the next row on either clock.
    pub(super) fn next_time(&self) -> Option<i64> {
        self.rows.ts_recv.get(self.local).copied()
    }

    fn venue_len(&self) -> usize {
        self.order.as_ref().map_or(self.rows.len(), Vec::len)
    }

    /// Give every row delivered up to and at `until`; whether there were any.
    pub(super) fn deliver(&mut self, until: i64, to: &mut impl RowSink) -> bool {
        let rows = &self.rows;
        let here = self.local..reached(&rows.ts_recv, self.local, until);
        let any = !here.is_empty();
        self.local = here.end;
        walk(rows, here, to);
        any
    }

    /// Give every row that happened before `until` (at it too if `inclusive`).
    pub(super) fn happen(&mut self, until: i64, inclusive: bool, to: &mut impl RowSink) {
        let rows = &self.rows;
        let until = if inclusive { until } else { until - 1 };
        match &self.order {
            None => {
                let here = self.venue..reached(&rows.ts_exch, self.venue, until);
                self.venue = here.end;
                walk(rows, here, to);
            }
            Some(order) => {
                let happened = |&&i: &&u32| rows.ts_exch[i as usize] <= until;
                for &i in order[self.venue..].iter().take_while(happened) {
                    give(rows, i as usize, to);
                    self.venue += 1;
                }
            }
        }
    }

    /// When the next row happens or is delivered, whichever comes first.
    ///
    /// # Errors
    /// What the tapes refuse.
    #[inline]
    pub(super) fn next_either(&mut self) -> Result<i64, CoreError> {
        loop {
            let delivered = self.rows.ts_recv.get(self.local).copied().unwrap_or(i64::MAX);
            let happened = self.venue_row(self.venue).map_or(i64::MAX, |i| self.rows.ts_exch[i]);
            let next = delivered.min(happened);
            if self.ended || self.covers(next) {
                return Ok(next);
            }
            self.load()?;
        }
    }

    /// Venue time of the first row on hand at or after `ts`.
    pub(super) fn exch_at_or_after(&self, ts: i64) -> Option<i64> {
        let times = |at: usize| self.venue_row(at).map(|i| self.rows.ts_exch[i]);
        (self.venue..).map_while(times).find(|&t| t >= ts)
    }

    /// When the last row was delivered, and how long it took to reach us.
    pub(super) fn last_delivery(&self) -> (i64, i64) {
        let Some(i) = self.local.checked_sub(1) else { return (0, 0) };
        let recv = self.rows.ts_recv[i];
        (recv, (recv - self.rows.ts_exch[i]).max(0))
    }

    fn venue_row(&self, at: usize) -> Option<usize> {
        match &self.order {
            None => (at < self.rows.len()).then_some(at),
            Some(order) => order.get(at).map(|&i| i as usize),
        }
    }

    /// What the frames around the venue's place show of one level; `None` where the stream has
    /// no frames near, or where a touch update after the last frame already told its quantity.
    pub(super) fn around(&self, side: Side, px: Px) -> Option<Around> {
        let sign = side.sign() as i8;
        let rows = &self.rows;
        let ours = |i: usize| rows.px[i] == px.0 && rows.side[i] == sign;
        let against = |i: usize| rows.px[i] == px.0 && rows.side[i] == -sign;
        let (mut traded_before, mut prints_before, mut from) = (0, 0, None);
        for at in (self.venue.saturating_sub(LOOK)..self.venue).rev() {
            let i = self.venue_row(at)?;
            match RowKind::from_u8(rows.kind[i])? {
                RowKind::Frame => from = Some(rows.ts_exch[i]),
                RowKind::Level | RowKind::Gone if ours(i) => return None,
                RowKind::Trade if against(i) => {
                    traded_before += rows.qty[i];
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
        for at in self.venue..self.venue + LOOK {
            let i = self.venue_row(at)?;
            match RowKind::from_u8(rows.kind[i])? {
                RowKind::Frame => {
                    let to = rows.ts_exch[i];
                    let before = (traded_before, prints_before);
                    return Some(Around { before, total: (traded, prints), after, from, to });
                }
                RowKind::Level if ours(i) => {
                    after = Some((rows.qty[i], rows.n.get(i).copied().unwrap_or(0)));
                }
                RowKind::Gone if ours(i) => after = Some((0, 0)),
                RowKind::Trade if against(i) => {
                    traded += rows.qty[i];
                    prints += 1;
                }
                RowKind::Left if ours(i) => return None,
                RowKind::Level | RowKind::Gone | RowKind::Left | RowKind::Trade => {}
                RowKind::Clear | RowKind::Gap => return None,
                RowKind::Context | RowKind::Funding => {}
            }
        }
        None
    }
}

/// The first index from `at` on whose time is past `until`; times rise.
#[inline]
fn reached(times: &[i64], at: usize, until: i64) -> usize {
    let (mut low, mut step) = (at, 1);
    while times.get(low + step - 1).is_some_and(|ts| *ts <= until) {
        low += step;
        step *= 2;
    }
    let high = times.len().min(low + step - 1);
    low + times[low..high].partition_point(|ts| *ts <= until)
}

/// Takes rows, in one of the two orders.
pub(super) trait RowSink {
    /// A level holds another quantity, 0 where it is gone: nine rows in ten.
    fn level(&mut self, row: BookRow, ts_exch: i64);
    /// Everything else.
    fn other(&mut self, row: BookRow, id: u64, ts_exch: i64);
}

/// Give the rows of a range.
#[inline(always)]
fn walk(rows: &Rows, here: Range<usize>, to: &mut impl RowSink) {
    if !rows.n.is_empty() {
        for i in here {
            give(rows, i, to);
        }
        return;
    }
    let (first, count) = (here.start, here.len());
    // Columns of one length, which the compiler then knows.
    let (kind, side) = (&rows.kind[here.clone()][..count], &rows.side[here.clone()][..count]);
    let (px, qty) = (&rows.px[here.clone()][..count], &rows.qty[here.clone()][..count]);
    let (flags, times) = (&rows.flags[here.clone()][..count], &rows.ts_exch[here][..count]);
    for i in 0..count {
        if kind[i] > RowKind::Gone as u8 {
            give(rows, first + i, to);
            continue;
        }
        let kind = RowKind::Level;
        let row = BookRow { kind, side: side[i], px: px[i], qty: qty[i], n: 0, flags: flags[i] };
        to.level(row, times[i]);
    }
}

/// Give one row of any kind.
#[inline(never)]
fn give(rows: &Rows, i: usize, to: &mut impl RowSink) {
    let kind = RowKind::from_u8(rows.kind[i]).unwrap_or(RowKind::Context);
    let row = BookRow {
        kind,
        side: rows.side[i],
        px: rows.px[i],
        qty: rows.qty[i],
        n: rows.n.get(i).copied().unwrap_or(0),
        flags: rows.flags[i],
    };
    match kind {
        RowKind::Level | RowKind::Gone => to.level(row, rows.ts_exch[i]),
        RowKind::Left
        | RowKind::Clear
        | RowKind::Trade
        | RowKind::Frame
        | RowKind::Context
        | RowKind::Funding
        | RowKind::Gap => to.other(row, id(rows, i), rows.ts_exch[i]),
    }
}

fn id(rows: &Rows, i: usize) -> u64 {
    rows.id.get(i).copied().unwrap_or(0)
}
