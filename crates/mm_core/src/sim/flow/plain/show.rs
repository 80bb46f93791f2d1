//! What a collector receives: one connection, in order, a message a block and stream.

use crate::book::Merger;
use crate::error::CoreError;
use crate::event::flags;
use crate::event::streams;
use crate::event::ContextKind;
use crate::event::FeedMessage;
use crate::event::Frame;
use crate::event::FrameKind;
use crate::event::LevelQty;
use crate::event::Print;
use crate::event::Row;
use crate::event::RowKind;
use crate::event::Rows;
use crate::sim::flow::config::FlowConfig;
use crate::sim::flow::config::FlowLatency;
use crate::sim::flow::contexts::Contexts;
use crate::sim::flow::grid::Grid;
use crate::sim::flow::plain::levels::Levels;
use crate::sim::flow::plain::DAY_NS;
use crate::sim::flow::random::Rng;
use crate::sim::flow::record::CLASSIC_EVERY;
use crate::sim::flow::record::SLOW_DEPTH;
use crate::units::DurationNanos;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use crate::units::UnixNanos;

/// Messages of one block and what was shown before; buffers are used again.
#[derive(Debug)]
pub(super) struct Show {
    merger: Merger,
    contexts: Contexts,
    grid: Grid,
    latency: FlowLatency,
    /// What the venue sends in `[open, close)` is shown, if it arrives before `end`. Days are cut
    /// by the venue's clock, so that it does not run back at midnight.
    open: UnixNanos,
    close: UnixNanos,
    end: UnixNanos,
    now: UnixNanos,
    recv: UnixNanos,
    /// Whether the block's messages are still to be merged.
    waiting: bool,
    frame_due: UnixNanos,
    touch: [Option<LevelQty>; 2],
    /// Of the block.
    pub(super) prints: Vec<Print>,
    book: Option<FrameKind>,
    bids: Vec<LevelQty>,
    asks: Vec<LevelQty>,
    funding: Option<Row>,
    fresh: bool,
    values: Vec<(ContextKind, i64)>,
    ended: bool,
}

impl Show {
    pub(super) fn new(config: &FlowConfig, grid: Grid, begin: UnixNanos) -> Self {
        let end = UnixNanos(config.start.0 + DAY_NS);
        let usual = config.latency.floor.0 + config.latency.jitter.0;
        Self {
            merger: Merger::default(),
            contexts: Contexts::new(grid, begin),
            grid,
            latency: config.latency,
            open: UnixNanos(config.start.0 - usual),
            close: UnixNanos(end.0 - usual),
            end,
            now: begin,
            recv: config.start, // Nothing arrives on the day before.
            waiting: false,
            frame_due: begin,
            touch: [None; 2],
            prints: Vec::new(),
            book: None,
            bids: Vec::new(),
            asks: Vec::new(),
            funding: None,
            fresh: false,
            values: Vec::new(),
            ended: false,
        }
    }

    /// Whether a block is still on its way.
    pub(super) fn waits(&self) -> bool {
        self.waiting
    }

    /// Draw when the messages of a block arrive: never before those of an earlier one.
    pub(super) fn begin_block(&mut self, now: UnixNanos, rng: &mut Rng) {
        let FlowLatency { floor, jitter, spread } = self.latency;
        let wait = if jitter.0 > 0 {
            floor.0 + (jitter.0 as f64 * rng.lognormal(spread)) as i64
        } else {
            floor.0
        };
        self.now = now;
        self.recv = self.recv.max(now.after(DurationNanos(wait)));
    }

    /// Note what the block shows.
    pub(super) fn after_block(&mut self, levels: &Levels, oracle: f64) {
        let touch = (levels.best(Side::Bid), levels.best(Side::Ask));
        self.funding = self.contexts.settle(self.now, oracle);
        let values = self.contexts.values(self.now, touch, oracle);
        self.fresh = values.is_some();
        if let Some(values) = values {
            self.values.clear();
            self.values.extend_from_slice(&values);
        }
        let sent = self.open <= self.now && self.now < self.close;
        if !sent || self.recv >= self.end {
            self.prints.clear();
            return;
        }
        self.book = self.look(levels);
        self.waiting =
            self.book.is_some() || self.fresh || self.funding.is_some() || !self.prints.is_empty();
    }

    /// Merge the block's messages if they have arrived by `until`: trades first, so that they are
    /// read against the book that they met.
    ///
    /// # Errors
    /// [`CoreError::BadPayload`] from the merger.
    pub(super) fn deliver(&mut self, until: UnixNanos, out: &mut Rows) -> Result<(), CoreError> {
        if !self.waiting || self.recv > until {
            return Ok(());
        }
        self.waiting = false;
        if !self.prints.is_empty() {
            let message = FeedMessage::Trades(std::mem::take(&mut self.prints));
            self.merger.on_message(&message, self.recv, out)?;
            if let FeedMessage::Trades(prints) = message {
                self.prints = prints;
                self.prints.clear();
            }
        }
        if let Some(kind) = self.book.take() {
            self.deliver_book(kind, out)?;
        }
        if let Some(row) = self.funding.take() {
            out.push(Row { ts_recv: self.recv, ..row });
        }
        if std::mem::take(&mut self.fresh) {
            let values = std::mem::take(&mut self.values);
            let message = FeedMessage::Context { ts_exch: UnixNanos(0), values };
            self.merger.on_message(&message, self.recv, out)?;
            if let FeedMessage::Context { values, .. } = message {
                self.values = values;
            }
        }
        Ok(())
    }

    /// Repeat the mark price at the last moment of the day, once.
    pub(super) fn end_day(&mut self, last: UnixNanos, out: &mut Rows) {
        let mark = self.values.iter().find(|(kind, _)| *kind == ContextKind::Mark);
        let Some(&(kind, value)) = mark.filter(|_| !self.ended) else { return };
        self.ended = true;
        out.push(Row {
            ts_exch: last, // Contexts carry our time: the venue sends none.
            ts_recv: last,
            seq: 0,
            stream: streams::CONTEXT,
            kind: RowKind::Context,
            side: None,
            px: Px(0),
            qty: Lots(value),
            n: 0,
            flags: flags::LAST,
            id: kind as u64,
        });
    }

    /// The frame or touch that the block ends with, where it is due or differs.
    fn look(&mut self, levels: &Levels) -> Option<FrameKind> {
        let full = self.now >= self.frame_due || self.touch[0].is_none();
        let depth = if full { SLOW_DEPTH } else { 1 };
        levels.top(Side::Bid, usize::from(depth), self.grid, &mut self.bids);
        levels.top(Side::Ask, usize::from(depth), self.grid, &mut self.asks);
        let touch = [self.bids.first().copied(), self.asks.first().copied()];
        let same = std::mem::replace(&mut self.touch, touch) == touch;
        if full {
            self.frame_due = self.now.after(CLASSIC_EVERY);
            return Some(FrameKind::Snapshot { depth });
        }
        (!same).then_some(FrameKind::Bbo)
    }

    fn deliver_book(&mut self, kind: FrameKind, out: &mut Rows) -> Result<(), CoreError> {
        let stream = if kind == FrameKind::Bbo { streams::BBO } else { streams::BOOK };
        let bids = std::mem::take(&mut self.bids);
        let asks = std::mem::take(&mut self.asks);
        let message =
            FeedMessage::Book(Frame { kind, ts_exch: self.now, seq: 0, stream, bids, asks });
        self.merger.on_message(&message, self.recv, out)?;
        if let FeedMessage::Book(frame) = message {
            self.bids = frame.bids;
            self.asks = frame.asks;
        }
        Ok(())
    }
}
