//! Merging frames of several streams, by venue time, into the rows of one book.
//!
//! Two families go through here. Venues that send windows (Hyperliquid) are merged by venue time:
//! what a newer frame said is never overwritten by an older one. Venues that send one snapshot and
//! then changes (Binance, Bybit) are merged by sequence number.

mod pen;
mod prints;
mod side;
mod sync;

use crate::error::CoreError;
use crate::event::flags;
use crate::event::streams;
use crate::event::ContextKind;
use crate::event::FeedMessage;
use crate::event::Frame;
use crate::event::FrameKind;
use crate::event::LevelQty;
use crate::event::Print;
use crate::event::Rows;
use crate::instrument::Venue;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use crate::units::UnixNanos;
use pen::Pen;
use prints::Fate;
use prints::Prints;
use serde::Deserialize;
use serde::Serialize;
use side::BookSide;
use side::Window;
use std::collections::BTreeMap;
use sync::Sync;
use sync::Verdict;

/// What the merger met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeCounts {
    /// Frames applied.
    pub frames: u64,
    /// Frames older than what they would overwrite.
    pub stale_frames: u64,
    /// Deltas that came before the snapshot they need; applied with it where they join.
    pub unsynced_frames: u64,
    /// Breaks of the venue's sequence.
    pub sequence_gaps: u64,
    /// Trades dropped because their id was seen before.
    pub repeated_trades: u64,
    /// Trades of the backlog that a venue sends on subscribe.
    pub backlog_trades: u64,
    /// Trades without a positive price and size.
    pub bad_trades: u64,
    /// Levels with a negative quantity, a price that is not positive, or out of order.
    pub bad_levels: u64,
    /// Messages, and trades, whose venue time is too far from ours to be one; they bear ours.
    pub bad_venue_times: u64,
}

/// Why nothing was recorded: the `id` of a gap row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum GapCause {
    /// The recorder was not there.
    Recorder = 1,
    /// The venue's sequence broke.
    Sequence = 2,
    /// The connection was made anew.
    Reconnect = 3,
}

/// A rolling window is stated again after its bounds moved, but not more often than this.
const BOUNDS_EVERY_NS: i64 = 1_000_000_000;

/// A venue time further than this from ours, before or after, is none: a single such row would
/// make every reader on the venue's clock wait for it with all of the tape in memory.
pub const VENUE_TIME_NS_MAX: u64 = 600_000_000_000;

/// Turns feed messages of one symbol into rows of one book.
#[derive(Debug, Serialize, Deserialize)]
pub struct Merger {
    use_bbo: bool,
    rolling: bool,
    sides: [BookSide; 2],
    sync: Sync,
    prints: Prints,
    contexts: BTreeMap<ContextKind, i64>,
    started: bool,
    /// Whether numbers have to show that nothing was missed in a recorded silence.
    doubtful: bool,
    /// Levels a side that the last snapshot showed at most; 0 before the first.
    depth: u16,
    bounds: (Px, Px),
    bounds_exch: i64,
    last_exch: i64,
    last_recv: i64,
    /// Venue time of the last snapshot or change of levels: what follows is not earlier.
    chain_exch: i64,
    counts: MergeCounts,
}

impl Default for Merger {
    fn default() -> Self {
        Self {
            use_bbo: true,
            rolling: false,
            sides: Side::BOTH.map(BookSide::new),
            sync: Sync::default(),
            prints: Prints::default(),
            contexts: BTreeMap::new(),
            started: false,
            doubtful: false,
            depth: 0,
            bounds: (Px(0), Px(0)),
            bounds_exch: i64::MIN,
            last_exch: 0,
            chain_exch: i64::MIN,
            last_recv: 0,
            counts: MergeCounts::default(),
        }
    }
}

impl Merger {
    /// In a best-bid-and-offer frame and in a snapshot: this side is as it was. (An empty list
    /// says that nothing rests on the side.)
    pub const UNCHANGED: LevelQty = LevelQty { px: Px(-1), qty: Lots(0), n: 0 };

    /// A merger with the habits of a venue's public streams.
    #[must_use]
    pub fn for_venue(venue: Venue) -> Self {
        match venue {
            Venue::Hyperliquid | Venue::Other => Self::default(),
            Venue::Binance => Self::default().with_bbo(false),
            Venue::Bybit => Self::default().with_bbo(false).with_rolling_window(true),
        }
    }

    /// Whether best-bid-and-offer frames trim the book (default yes). Wrong for venues with a
    /// complete incremental book: their touch stream has its own pace.
    #[must_use]
    pub fn with_bbo(mut self, on: bool) -> Self {
        self.use_bbo = on;
        self
    }

    /// Whether deltas keep the snapshot's depth as a window: levels pushed out are deleted by the
    /// venue although they still rest (Bybit). Default no.
    #[must_use]
    pub fn with_rolling_window(mut self, on: bool) -> Self {
        self.rolling = on;
        self
    }

    /// Apply one message, appending what changed to `out`.
    ///
    /// # Errors
    /// [`CoreError::BadPayload`] when the message contradicts itself.
    pub fn on_message(
        &mut self,
        message: &FeedMessage,
        ts_recv: UnixNanos,
        out: &mut Rows,
    ) -> Result<(), CoreError> {
        self.prints.heard(ts_recv);
        match message {
            FeedMessage::Book(frame) => {
                check(frame)?;
                if is_odd(frame.ts_exch, ts_recv) {
                    self.counts.bad_venue_times += 1;
                    let frame = Frame { ts_exch: UnixNanos(0), ..frame.clone() };
                    return self.on_message(&FeedMessage::Book(frame), ts_recv, out);
                }
                match frame.kind {
                    FrameKind::Snapshot { depth } => self.on_snapshot(frame, depth, ts_recv, out),
                    FrameKind::Delta { .. } => self.on_delta(frame, ts_recv, out),
                    FrameKind::Bbo => self.on_bbo(frame, ts_recv, out),
                }
            }
            FeedMessage::Trades(prints) => {
                let mut pen = Pen::new(out, ts_recv, streams::TRADES);
                for print in prints {
                    let odd = print.ts_exch.0 == 0 || is_odd(print.ts_exch, ts_recv);
                    let ours = Print { ts_exch: ts_recv, ..*print };
                    // A backlog is old by right, but not of 1970.
                    let judged = if print.ts_exch.0 == 0 { &ours } else { print };
                    match self.prints.judge(judged, ts_recv) {
                        Fate::New if odd => {
                            self.counts.bad_venue_times += 1;
                            pen.trade(&ours);
                        }
                        Fate::New => pen.trade(print),
                        Fate::Repeated => self.counts.repeated_trades += 1,
                        Fate::Backlog => self.counts.backlog_trades += 1,
                        Fate::Bad => self.counts.bad_trades += 1,
                    }
                }
                pen.end();
            }
            FeedMessage::Context { ts_exch, values } => {
                let odd = is_odd(*ts_exch, ts_recv);
                self.counts.bad_venue_times += u64::from(odd);
                let ts = if odd { ts_recv } else { *ts_exch };
                let mut pen = Pen::new(out, ts_recv, streams::CONTEXT).at(ts);
                for &(kind, value) in values {
                    if self.contexts.insert(kind, value) != Some(value) {
                        pen.context(kind, value);
                    }
                }
                pen.end();
            }
        }
        Ok(())
    }

    /// Note recorded silence. A book without sequence numbers that is kept by changes is void
    /// after it, and so is a touch alone; one with numbers shows by them whether anything was
    /// missed, and is then stated whole; frames replace the book by themselves.
    pub fn on_gap(&mut self, from: UnixNanos, to: UnixNanos, cause: GapCause, out: &mut Rows) {
        let mut pen = Pen::new(out, to, streams::NONE);
        pen.gap(from, cause as u64);
        if self.sync.is_unnumbered() {
            self.void(&mut pen);
        } else if self.sync.is_numbered() {
            self.doubtful = true;
        } else if self.depth == 0 {
            self.started = false;
            self.sides = Side::BOTH.map(BookSide::new);
        }
        pen.end();
        self.prints.reconnected();
    }

    /// Begin anew with the habits of a venue: a recording that does not continue what was before.
    /// Only the ids of trades are remembered.
    pub fn begin(&mut self, venue: Venue) {
        let mut prints = std::mem::take(&mut self.prints);
        prints.reconnected();
        *self = Self { prints, counts: self.counts, ..Self::for_venue(venue) };
    }

    /// Write all that is known as rows flagged as a keyframe, so that reading can start there.
    pub fn keyframe(&self, ts_recv: UnixNanos, out: &mut Rows) {
        let mut pen = Pen::new(out, ts_recv, streams::NONE).at(UnixNanos(self.last_exch));
        pen.flag(flags::KEYFRAME | flags::SNAPSHOT);
        pen.clear();
        for side in &self.sides {
            side.write(&mut pen);
        }
        for (&kind, &value) in &self.contexts {
            pen.context(kind, value);
        }
        if self.bounds_exch != i64::MIN {
            pen.frame(self.bounds);
        }
        pen.end();
    }

    /// The levels of a side as now known, best first.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = LevelQty> + '_ {
        self.sides[side.index()].iter()
    }

    /// What was met so far.
    #[must_use]
    pub fn counts(&self) -> MergeCounts {
        self.counts
    }

    fn on_snapshot(&mut self, frame: &Frame, depth: u16, ts_recv: UnixNanos, out: &mut Rows) {
        let ts = venue_time(frame, ts_recv);
        let window = if frame.stream == streams::FAST { Window::Fast } else { Window::Full };
        let speaks = |levels: &[LevelQty]| levels.first() != Some(&Self::UNCHANGED);
        let spoken = [speaks(&frame.bids), speaks(&frame.asks)];
        let old = if frame.seq == 0 {
            self.sides.iter().zip(spoken).any(|(side, spoken)| spoken && side.has_newer(window, ts))
        } else {
            match self.sync.judge_snapshot(frame.seq) {
                Verdict::Apply => false,
                Verdict::Stale => true,
                Verdict::Break | Verdict::Wait => {
                    self.counts.sequence_gaps += 1;
                    return;
                }
            }
        };
        if old {
            self.counts.stale_frames += 1;
            return;
        }
        let replaces = frame.seq != 0 || depth == u16::MAX || !self.started;
        let mut pen = Pen::of(frame, out, ts_recv);
        pen.flag(if replaces { flags::SNAPSHOT } else { 0 });
        self.start(&mut pen);
        for side in Side::BOTH.into_iter().filter(|side| spoken[side.index()]) {
            let levels = if side == Side::Bid { &frame.bids } else { &frame.asks };
            if frame.seq != 0 {
                self.sides[side.index()].forget_windows();
            }
            let bad = self.sides[side.index()].snapshot(window, ts, (levels, depth), &mut pen);
            self.counts.bad_levels += bad;
        }
        self.depth = depth;
        self.doubtful = false;
        self.state_bounds(ts, &mut pen);
        pen.end();
        self.applied(ts, ts_recv);
        self.chain_exch = ts;
        for waiting in self.sync.snapshot_applied(frame.seq) {
            self.on_delta(&waiting, ts_recv, out);
        }
    }

    fn on_delta(&mut self, frame: &Frame, ts_recv: UnixNanos, out: &mut Rows) {
        match self.sync.judge_delta(frame) {
            Verdict::Apply => {}
            Verdict::Stale => {
                self.counts.stale_frames += 1;
                return;
            }
            Verdict::Wait => {
                self.counts.unsynced_frames += 1;
                self.sync.keep(frame);
                return;
            }
            Verdict::Break => {
                self.counts.sequence_gaps += 1;
                let mut pen = Pen::new(out, ts_recv, streams::NONE);
                if !self.doubtful {
                    pen.gap(UnixNanos(self.last_recv), GapCause::Sequence as u64);
                }
                self.void(&mut pen);
                pen.end();
                self.sync.keep(frame);
                return;
            }
        }
        // Changes follow what they change, on the venue's clock too: a snapshot without a time of
        // its own bears ours, and changes that were waiting for it happened before.
        let ts = venue_time(frame, ts_recv).max(self.chain_exch);
        self.chain_exch = ts;
        if std::mem::take(&mut self.doubtful) {
            self.restate(Pen::of(frame, out, ts_recv).at(UnixNanos(ts)));
        }
        let depth = if self.rolling { usize::from(self.depth) } else { usize::MAX };
        let mut pen = Pen::of(frame, out, ts_recv).at(UnixNanos(ts));
        for side in Side::BOTH {
            let levels = if side == Side::Bid { &frame.bids } else { &frame.asks };
            let bad = self.sides[side.index()].delta(ts, levels, depth, &mut pen);
            self.counts.bad_levels += bad;
        }
        if self.rolling && ts >= self.bounds_exch.saturating_add(BOUNDS_EVERY_NS) {
            self.state_bounds(ts, &mut pen);
        }
        pen.end();
        self.applied(ts, ts_recv);
    }

    fn on_bbo(&mut self, frame: &Frame, ts_recv: UnixNanos, out: &mut Rows) {
        if !self.use_bbo {
            return;
        }
        let ts = venue_time(frame, ts_recv);
        if self.sides.iter().any(|side| side.newest() > ts) {
            self.counts.stale_frames += 1;
            return;
        }
        let mut pen = Pen::of(frame, out, ts_recv);
        pen.flag(if self.started { flags::BBO } else { flags::BBO | flags::SNAPSHOT });
        self.start(&mut pen);
        for side in Side::BOTH {
            let level = if side == Side::Bid { frame.bids.first() } else { frame.asks.first() };
            if level == Some(&Self::UNCHANGED) {
                continue;
            }
            if level.is_some_and(|l| l.px.0 <= 0 || l.qty.0 <= 0) {
                self.counts.bad_levels += 1;
                continue;
            }
            let at = &mut self.sides[side.index()];
            at.touch(ts, level, &mut pen);
            if self.depth == 0 {
                at.forget_behind_touch(&mut pen); // Nothing else speaks of the levels behind.
            }
        }
        pen.end();
        self.applied(ts, ts_recv);
    }

    /// The first rows of a merger void whatever a reader of the tape knew before.
    fn start(&mut self, pen: &mut Pen) {
        if !self.started {
            self.started = true;
            pen.clear();
        }
    }

    /// Write the whole book again: nothing of it was missed.
    fn restate(&self, mut pen: Pen) {
        pen.flag(flags::SNAPSHOT);
        pen.clear();
        for side in &self.sides {
            side.write(&mut pen);
        }
        if self.rolling {
            pen.frame(self.bounds);
        }
        pen.end();
    }

    fn void(&mut self, pen: &mut Pen) {
        self.doubtful = false;
        pen.clear();
        self.sync.lose();
        self.sides = Side::BOTH.map(BookSide::new);
        self.bounds = (Px(0), Px(0));
        self.bounds_exch = i64::MIN;
    }

    fn state_bounds(&mut self, ts: i64, pen: &mut Pen) {
        self.bounds = (self.sides[0].bound(), self.sides[1].bound());
        self.bounds_exch = ts;
        pen.frame(self.bounds);
    }

    fn applied(&mut self, ts: i64, ts_recv: UnixNanos) {
        self.counts.frames += 1;
        self.last_exch = self.last_exch.max(ts);
        self.last_recv = ts_recv.0;
    }
}

/// Venue time of a frame; where the venue sends none, ours.
fn venue_time(frame: &Frame, ts_recv: UnixNanos) -> i64 {
    if frame.ts_exch.0 == 0 {
        ts_recv.0
    } else {
        frame.ts_exch.0
    }
}

/// Whether a venue time is none that a message received at `ts_recv` can bear; 0 is not odd, but
/// says that the venue sent none.
fn is_odd(ts_exch: UnixNanos, ts_recv: UnixNanos) -> bool {
    ts_exch.0 != 0 && ts_exch.0.abs_diff(ts_recv.0) > VENUE_TIME_NS_MAX
}

fn check(frame: &Frame) -> Result<(), CoreError> {
    let why = match frame.kind {
        FrameKind::Snapshot { depth: 0 } => "a snapshot of depth 0".to_owned(),
        FrameKind::Snapshot { .. } => return Ok(()),
        FrameKind::Bbo if frame.bids.len() > 1 || frame.asks.len() > 1 => {
            format!("bbo with {} bids and {} asks", frame.bids.len(), frame.asks.len())
        }
        FrameKind::Bbo => return Ok(()),
        FrameKind::Delta { prev_seq, first_seq } => {
            if first_seq <= frame.seq && (prev_seq < frame.seq || frame.seq == 0) {
                return Ok(());
            }
            format!("sequence {first_seq}..{} after {prev_seq}", frame.seq)
        }
    };
    Err(CoreError::BadPayload { channel: "book", why })
}
