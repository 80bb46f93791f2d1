//! A window over a tape that two clocks read: rows in order of delivery, and in venue order.
//!
//! The strategy sees a row when it was received, the venue when it happened. Where the tape's
//! venue times run backwards, a permutation of the rows on hand gives the venue its own order.

use super::around::Around;
use super::around::Glance;
use super::around::LOOK;
use super::strip::Strip;
use crate::book::BookRow;
use crate::error::CoreError;
use crate::event::RowKind;
use crate::event::Rows;
use crate::tape::SeriesPlace;
use crate::tape::TapeSeries;
use crate::units::Px;
use crate::units::Side;
use serde::Deserialize;
use serde::Serialize;
use std::ops::Range;

/// Rows on hand, and how far each clock has read them.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Window {
    #[serde(skip, default = "TapeSeries::none")]
    series: TapeSeries,
    rows: Rows,
    local: usize,
    /// Rows the venue still has to read, in its order; `None` while that is the row order.
    order: Option<Vec<u32>>,
    venue: usize,
    /// Places of the venue that were dropped.
    forgotten: u64,
    /// The latest venue time of all rows, and of those that [`is_of_its_time`].
    latest: i64,
    newest_exch: i64,
    newest_recv: i64,
    disorder: i64,
    ended: bool,
    read: u64,
}

impl Window {
    pub(super) fn new(series: TapeSeries, disorder: i64) -> Self {
        Self {
            series,
            rows: Rows::default(),
            local: 0,
            order: (disorder > 0).then(Vec::new),
            venue: 0,
            forgotten: 0,
            latest: i64::MIN,
            newest_exch: i64::MIN,
            newest_recv: i64::MIN,
            disorder,
            ended: false,
            read: 0,
        }
    }

    /// Where reading is.
    pub(super) fn place(&self) -> SeriesPlace {
        self.series.place()
    }

    /// Take over the tapes of another window and go on reading at a place.
    pub(super) fn reads(&mut self, other: Self, place: SeriesPlace) -> Result<(), CoreError> {
        self.series = other.series;
        self.series.go_to(place)
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
            self.forgotten += gone as u64;
        }
        let first = self.rows.len();
        self.ended = !self.series.next(&mut self.rows)?;
        self.newest_recv = self.rows.ts_recv.last().map_or(self.newest_recv, |&ts| ts);
        self.read += (self.rows.len() - first) as u64;
        self.order_new(first, gone);
        Ok(())
    }

    fn order_new(&mut self, first: usize, gone: usize) {
        let rows = &self.rows;
        let mut backward = false;
        for (&kind, &ts) in rows.kind[first..].iter().zip(&rows.ts_exch[first..]) {
            backward |= ts < self.latest;
            self.latest = self.latest.max(ts);
            if is_of_its_time(kind) {
                self.disorder = self.disorder.max(self.newest_exch.saturating_sub(ts));
                self.newest_exch = self.newest_exch.max(ts);
            }
        }
        if self.order.is_none() && backward {
            self.order = Some((0..first as u32).collect());
        } else if let Some(order) = &mut self.order {
            let past = self.venue.saturating_sub(LOOK);
            order.drain(..past);
            order.iter_mut().for_each(|i| *i -= gone as u32);
            self.venue -= past;
            self.forgotten += past as u64;
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

    /// Venue time of the next row that happens, of those on hand.
    #[inline]
    pub(super) fn next_exch(&self) -> Option<i64> {
        self.venue_row(self.venue).map(|i| self.rows.ts_exch[i])
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

    /// How many rows happened.
    pub(super) fn happened_in_all(&self) -> u64 {
        self.forgotten + self.venue as u64
    }

    /// What the frames around the venue's place show of one level.
    pub(super) fn around(&self, level: (Side, Px)) -> Option<Around> {
        let rows = &self.rows;
        Around::new(level, self.venue, |at| {
            let i = self.venue_row(at)?;
            let n = rows.n.get(i).copied().unwrap_or(0);
            let (ts, kind, side) = (rows.ts_exch[i], rows.kind[i], rows.side[i]);
            Some(Glance { ts, kind, side, px: rows.px[i], qty: rows.qty[i], n })
        })
    }

    /// Receive time of the row so many rows ahead of the last delivered; `None` past the end.
    pub(super) fn delivery(&mut self, ahead: usize) -> Result<Option<i64>, CoreError> {
        while !self.ended && self.local + ahead >= self.rows.len() {
            self.load()?;
        }
        Ok(self.rows.ts_recv.get(self.local + ahead).copied())
    }

    /// The latest venue time and the latest receive time of what was read.
    pub(super) fn newest(&self) -> (i64, i64) {
        (self.newest_exch, self.newest_recv)
    }

    /// How many rows on hand were delivered.
    pub(super) fn delivered(&self) -> usize {
        self.local
    }

    /// Load what is delivered up to and at `until` and what happens by then, and so much after
    /// that a look around any arrival until then sees all that it may.
    pub(super) fn look_beyond(&mut self, until: i64) -> Result<(), CoreError> {
        self.ensure(until)?;
        let sees = |w: &Self| {
            let settled = w.newest_exch.saturating_sub(w.disorder);
            let beyond = w.venue_row(w.happened(until) + LOOK);
            beyond.is_some_and(|i| w.rows.ts_exch[i] < settled)
        };
        while !self.ended && !sees(self) {
            self.load()?;
        }
        Ok(())
    }

    /// The venue's place once everything up to and at `until` happened.
    fn happened(&self, until: i64) -> usize {
        let rest = self.venue_len() - self.venue;
        let (mut low, mut high) = (0, rest);
        while low < high {
            let middle = (low + high) / 2;
            let before =
                self.venue_row(self.venue + middle).is_some_and(|i| self.rows.ts_exch[i] <= until);
            (low, high) = if before { (middle + 1, high) } else { (low, middle) };
        }
        self.venue + low
    }

    /// The rows around what happens up to `until`, in venue order, and where the venue's place
    /// is among them.
    pub(super) fn venue_strip(&self, until: i64) -> (Strip, usize) {
        let from = self.venue.saturating_sub(LOOK);
        let to = (self.happened(until) + LOOK).min(self.venue_len());
        let strip = match &self.order {
            None => Strip::copy(&self.rows, from..to),
            Some(order) => Strip::gather(&self.rows, &order[from..to]),
        };
        (strip, self.venue - from)
    }

    /// The rows delivered up to and at `until` after the last delivered.
    pub(super) fn local_strip(&self, until: i64) -> Strip {
        Strip::copy(&self.rows, self.local..reached(&self.rows.ts_recv, self.local, until))
    }
}

/// Whether a row tells of the moment that it stands at, as books and trades do: a gap tells of its
/// beginning, a context of when its value was made. The tape's disorder counts the same rows.
const fn is_of_its_time(kind: u8) -> bool {
    kind <= RowKind::Frame as u8
}

/// The first index from `at` on whose time is past `until`; times rise.
#[inline]
pub(super) fn reached(times: &[i64], at: usize, until: i64) -> usize {
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
