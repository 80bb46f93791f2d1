//! A window over a tape that two clocks read: rows in order of delivery, and in venue order.
//!
//! The strategy sees a row when it was received, the venue when it happened. Where the tape's
//! venue times run backwards, a permutation of the rows on hand gives the venue its own order.

use super::around::Around;
use super::around::Glance;
use super::around::LOOK;
use super::strip::Strip;
use crate::book::is_level;
use crate::book::BookRow;
use crate::book::BookRows;
use crate::error::CoreError;
use crate::event::RowKind;
use crate::event::Rows;
use crate::sim::SimOrders;
use crate::tape::SeriesPlace;
use crate::tape::TapeSeries;
use crate::units::Px;
use crate::units::Side;
use serde::Deserialize;
use serde::Serialize;
use std::ops::Range;

/// Trades in a row that are passed over at most: what is on hand stays little.
const PASSED: usize = 1_024;

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
        let (kinds, times) = (&rows.kind[first..], &rows.ts_exch[first..]);
        let pairs = times.iter().zip(times.iter().skip(1));
        let rise = pairs.fold(true, |rise, (a, b)| rise & (a <= b));
        let backward = !rise || times.first().is_some_and(|&ts| ts < self.latest);
        if backward {
            for (&kind, &ts) in kinds.iter().zip(times) {
                self.latest = self.latest.max(ts);
                if is_of_its_time(kind) {
                    self.disorder = self.disorder.max(self.newest_exch.saturating_sub(ts));
                    self.newest_exch = self.newest_exch.max(ts);
                }
            }
        } else {
            self.latest = times.last().map_or(self.latest, |&ts| ts);
            let newest = kinds.iter().rposition(|&kind| is_of_its_time(kind));
            self.newest_exch = newest.map_or(self.newest_exch, |at| times[at]);
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

    /// Venue time of the next row that happens, of those on hand; with `orders`, of those that
    /// are no trades that pass all of them by.
    #[inline]
    pub(super) fn next_met(&self, orders: Option<&SimOrders>) -> Option<i64> {
        let rows = &self.rows;
        let passes = |orders: &SimOrders, i: usize| {
            rows.kind[i] == RowKind::Trade as u8 && {
                let side = Side::from_sign(-rows.side[i]);
                !side.is_some_and(|side| orders.is_reached(side, rows.px[i]))
            }
        };
        let mut at = self.venue;
        if let Some(orders) = orders {
            let far = (at + PASSED).min(self.venue_len().saturating_sub(1));
            while at < far && self.venue_row(at).is_some_and(|i| passes(orders, i)) {
                at += 1;
            }
        }
        self.venue_row(at).map(|i| rows.ts_exch[i])
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
                let happened = |i: u32| rows.ts_exch[i as usize] <= until;
                while let Some(&first) = order.get(self.venue).filter(|i| happened(**i)) {
                    // Rows that stand one after the other go together: most do.
                    let follow = order[self.venue..].iter().zip(first..);
                    let count = follow.take_while(|(&i, next)| i == *next && happened(i)).count();
                    walk(rows, first as usize..first as usize + count, to);
                    self.venue += count;
                }
            }
        }
    }

    /// When the next row happens or is delivered, whichever comes first. With `orders`, trades
    /// that reach none of them are passed over, a number of them in a row: they change nothing.
    ///
    /// # Errors
    /// What the tapes refuse.
    #[inline]
    pub(super) fn next_either(&mut self, orders: Option<&SimOrders>) -> Result<i64, CoreError> {
        loop {
            let mut heard = self.local;
            if orders.is_some() {
                // The last row counts: with it all is done.
                let far = (heard + PASSED).min(self.rows.len().saturating_sub(1));
                while heard < far && self.rows.kind[heard] == RowKind::Trade as u8 {
                    heard += 1;
                }
            }
            let delivered = self.rows.ts_recv.get(heard).copied().unwrap_or(i64::MAX);
            let next = delivered.min(self.next_met(orders).unwrap_or(i64::MAX));
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
        let peek = |at| self.venue_row(at).map(|i| (rows.px[i], rows.kind[i]));
        Around::new(level, self.venue, peek, |at| {
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

    /// Add the rows around what happens up to `until`, in venue order; returns where the venue's
    /// place is among them.
    pub(super) fn venue_strip(&self, until: i64, strip: &mut Strip) -> usize {
        let from = self.venue.saturating_sub(LOOK);
        let to = (self.happened(until) + LOOK).min(self.venue_len());
        match &self.order {
            None => strip.copy(&self.rows, from..to),
            Some(order) => strip.gather(&self.rows, &order[from..to]),
        }
        self.venue - from
    }

    /// Add the rows delivered up to and at `until` after the last delivered.
    pub(super) fn local_strip(&self, until: i64, strip: &mut Strip) {
        strip.copy(&self.rows, self.local..reached(&self.rows.ts_recv, self.local, until));
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
    /// Levels hold other quantities, 0 where they are gone: nine rows in ten. Takes the first of
    /// them at `from`, and as many of those that follow as it likes; where the next row stands.
    fn levels(&mut self, rows: &BookRows<'_>, from: usize) -> usize;
    /// Everything else.
    fn other(&mut self, row: BookRow, id: u64, ts_exch: i64);
}

/// Give the rows of a range.
#[inline]
fn walk(rows: &Rows, here: Range<usize>, to: &mut impl RowSink) {
    let (start, own) = (here.start, BookRows::of(rows, here));
    let mut at = 0;
    while at < own.len() {
        if is_level(own.kind[at]) {
            at = to.levels(&own, at);
        } else {
            let id = rows.id.get(start + at).copied().unwrap_or(0);
            to.other(own.row(at), id, own.ts_exch[at]);
            at += 1;
        }
    }
}
