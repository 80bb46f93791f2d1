//! What the exchange's streams show, and when it arrives.

use crate::book::Merger;
use crate::error::CoreError;
use crate::event::streams;
use crate::event::FeedMessage;
use crate::event::Frame;
use crate::event::FrameKind;
use crate::event::LevelQty;
use crate::event::Print;
use crate::event::Row;
use crate::event::Rows;
use crate::sim::flow::config::FlowConfig;
use crate::sim::flow::config::FlowLatency;
use crate::sim::flow::config::FlowStreams;
use crate::sim::flow::contexts::Contexts;
use crate::sim::flow::grid::Grid;
use crate::sim::flow::lob::Lob;
use crate::sim::flow::random::Rng;
use crate::units::DurationNanos;
use crate::units::Lots;
use crate::units::Side;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;
use std::cmp::Ordering;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

pub(super) const CLASSIC_EVERY: DurationNanos = DurationNanos::from_millis(500);
const FAST_EVERY: DurationNanos = DurationNanos::from_millis(500);
const SLOW_EVERY: DurationNanos = DurationNanos::from_millis(5_350);
pub(super) const SLOW_DEPTH: u16 = 20;
const FAST_DEPTH: u16 = 5;

/// What is on its way.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Content {
    /// For the merger.
    Message(FeedMessage),
    /// Already a row, but for its time of arrival.
    Funding(Row),
}

#[derive(Debug, Serialize, Deserialize)]
struct Delivery {
    ts_recv: UnixNanos,
    stream: u8,
    count: u64,
    content: Content,
}

impl Delivery {
    fn key(&self) -> (UnixNanos, u8, u64) {
        (self.ts_recv, self.stream, self.count)
    }
}

impl PartialEq for Delivery {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Delivery {}

impl PartialOrd for Delivery {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Delivery {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

/// Turns blocks into delivered rows.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Recorder {
    rng: Rng,
    grid: Grid,
    streams: FlowStreams,
    latency: FlowLatency,
    pending: BinaryHeap<Reverse<Delivery>>,
    count: u64,
    last_recv: [UnixNanos; 6],
    merger: Merger,
    trade_id: u64,
    touch: [Option<LevelQty>; 2],
    slow_due: UnixNanos,
    fast_due: UnixNanos,
    contexts: Contexts,
    /// Block number of the last delta; 0 before the snapshot.
    delta_seq: u64,
    block: u64,
    changed: Vec<(Side, i64)>,
}

impl Recorder {
    pub(super) fn new(config: &FlowConfig, grid: Grid, rng: Rng) -> Self {
        Self {
            rng,
            grid,
            streams: config.streams,
            latency: config.latency,
            pending: BinaryHeap::new(),
            count: 0,
            last_recv: [UnixNanos(0); 6],
            merger: Merger::default(),
            trade_id: 1_000_000_000,
            touch: [None; 2],
            slow_due: config.start,
            fast_due: config.start,
            contexts: Contexts::new(grid, config.start),
            delta_seq: 0,
            block: 0,
            changed: Vec::new(),
        }
    }

    /// Record the end of a block.
    pub(super) fn after_block(&mut self, lob: &Lob, now: UnixNanos, oracle: f64) {
        self.block += 1;
        match self.streams {
            FlowStreams::Classic => {
                self.frame(lob, now, SLOW_DEPTH, CLASSIC_EVERY);
                self.bbo(lob, now);
            }
            FlowStreams::Modern => {
                self.frame(lob, now, SLOW_DEPTH, SLOW_EVERY);
                self.frame(lob, now, FAST_DEPTH, FAST_EVERY);
                self.bbo(lob, now);
            }
            FlowStreams::Full => self.delta(lob, now),
        }
        self.trades(lob, now);
        self.contexts(lob, now, oracle);
    }

    /// Merge what has arrived by `now`, in order of delivery.
    ///
    /// # Errors
    /// [`CoreError::BadPayload`] from the merger.
    pub(super) fn deliver(&mut self, now: UnixNanos, out: &mut Rows) -> Result<(), CoreError> {
        while let Some((ts_recv, content)) = self.pop(now) {
            match content {
                Content::Message(message) => self.merger.on_message(&message, ts_recv, out)?,
                Content::Funding(row) => out.push(Row { ts_recv, ..row }),
            }
        }
        Ok(())
    }

    /// What the merger met.
    #[cfg(test)]
    pub(super) fn merge_counts(&self) -> crate::book::MergeCounts {
        self.merger.counts()
    }

    /// The next delivery that has arrived by `now`.
    pub(super) fn pop(&mut self, now: UnixNanos) -> Option<(UnixNanos, Content)> {
        if self.pending.peek()?.0.ts_recv > now {
            return None;
        }
        self.pending.pop().map(|next| (next.0.ts_recv, next.0.content))
    }

    fn send(&mut self, stream: u8, ts_exch: UnixNanos, content: Content) {
        let FlowLatency { floor, jitter, spread } = self.latency;
        let wait = if jitter.0 > 0 {
            floor.0 + (jitter.0 as f64 * self.rng.lognormal(spread)) as i64
        } else {
            floor.0
        };
        let last = &mut self.last_recv[usize::from(stream)];
        *last = (*last).max(ts_exch.after(DurationNanos(wait)));
        self.count += 1;
        let delivery = Delivery { ts_recv: *last, stream, count: self.count, content };
        self.pending.push(Reverse(delivery));
    }

    fn send_book(&mut self, frame: Frame) {
        let (stream, now) = (frame.stream, frame.ts_exch);
        self.send(stream, now, Content::Message(FeedMessage::Book(frame)));
    }

    fn frame(&mut self, lob: &Lob, now: UnixNanos, depth: u16, every: DurationNanos) {
        let fast = depth == FAST_DEPTH;
        let due = if fast { &mut self.fast_due } else { &mut self.slow_due };
        if now < *due {
            return;
        }
        *due = now.after(every);
        let kind = FrameKind::Snapshot { depth };
        let stream = if fast { streams::FAST } else { streams::BOOK };
        let (bids, asks) = self.tops(lob, usize::from(depth));
        self.send_book(Frame { kind, ts_exch: now, seq: 0, stream, bids, asks });
    }

    fn bbo(&mut self, lob: &Lob, now: UnixNanos) {
        let (bids, asks) = self.tops(lob, 1);
        let touch = [bids.first().copied(), asks.first().copied()];
        if touch == self.touch {
            return;
        }
        self.touch = touch;
        let kind = FrameKind::Bbo;
        self.send_book(Frame { kind, ts_exch: now, seq: 0, stream: streams::BBO, bids, asks });
    }

    fn delta(&mut self, lob: &Lob, now: UnixNanos) {
        let seq = self.block;
        let stream = streams::BOOK;
        if self.delta_seq == 0 {
            let kind = FrameKind::Snapshot { depth: u16::MAX };
            let (bids, asks) = self.tops(lob, usize::MAX);
            self.send_book(Frame { kind, ts_exch: now, seq, stream, bids, asks });
            self.delta_seq = seq;
            return;
        }
        let mut changed = std::mem::take(&mut self.changed);
        changed.extend_from_slice(&lob.log().touched);
        changed.sort_unstable();
        changed.dedup();
        if !changed.is_empty() {
            let kind = FrameKind::Delta { prev_seq: self.delta_seq, first_seq: self.delta_seq + 1 };
            let level = |&(side, tick): &(Side, i64)| {
                let (qty, n) = lob.at(side, tick);
                LevelQty { px: self.grid.px(tick), qty: Lots(qty), n }
            };
            let split = changed.partition_point(|(side, _)| *side == Side::Bid);
            let bids = changed[..split].iter().rev().map(level).collect();
            let asks = changed[split..].iter().map(level).collect();
            self.send_book(Frame { kind, ts_exch: now, seq, stream, bids, asks });
            self.delta_seq = seq;
        }
        changed.clear();
        self.changed = changed;
    }

    fn tops(&self, lob: &Lob, depth: usize) -> (Vec<LevelQty>, Vec<LevelQty>) {
        let capacity = depth.min(64);
        let (mut bids, mut asks) = (Vec::with_capacity(capacity), Vec::with_capacity(capacity));
        lob.top(Side::Bid, depth, self.grid, &mut bids);
        lob.top(Side::Ask, depth, self.grid, &mut asks);
        (bids, asks)
    }

    fn trades(&mut self, lob: &Lob, now: UnixNanos) {
        if lob.log().matches.is_empty() {
            return;
        }
        let first = self.trade_id;
        self.trade_id += lob.log().matches.len() as u64;
        let print = |(id, hit): (u64, &crate::sim::flow::lob::Match)| Print {
            ts_exch: now,
            side: hit.taker,
            px: self.grid.px(hit.tick),
            qty: Lots(hit.size),
            id,
        };
        let prints = (first..).zip(&lob.log().matches).map(print).collect();
        self.send(streams::TRADES, now, Content::Message(FeedMessage::Trades(prints)));
    }

    fn contexts(&mut self, lob: &Lob, now: UnixNanos, oracle: f64) {
        if let Some(row) = self.contexts.settle(now, oracle) {
            self.send(streams::CONTEXT, now, Content::Funding(row));
        }
        if lob.is_empty(Side::Bid) || lob.is_empty(Side::Ask) {
            return;
        }
        let touch = (lob.best(Side::Bid), lob.best(Side::Ask));
        if let Some(values) = self.contexts.values(now, touch, oracle) {
            let (ts_exch, values) = (UnixNanos(0), values.to_vec());
            let message = FeedMessage::Context { ts_exch, values };
            self.send(streams::CONTEXT, now, Content::Message(message));
        }
    }
}
