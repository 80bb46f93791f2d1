//! Tables — recorded columns of one stream, turned into messages one at a time.

use crate::book::GapCause;
use crate::error::CoreError;
use crate::event::ContextKind;
use crate::event::FeedMessage;
use crate::event::Frame;
use crate::event::FrameKind;
use crate::event::LevelQty;
use crate::event::Print;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use crate::units::UnixNanos;
use std::ops::Range;

/// When each row of a table happened and was received.
#[derive(Clone, Debug, Default)]
pub struct Times {
    /// Venue clock, Unix nanoseconds.
    pub exch: Vec<i64>,
    /// Our clock, Unix nanoseconds.
    pub recv: Vec<i64>,
}

/// One side of a table of snapshots: `width` levels a row, best first; price 0 is no level.
#[derive(Clone, Debug, Default)]
pub struct Ladder {
    /// Prices, row after row.
    pub px: Vec<i64>,
    /// Sizes.
    pub qty: Vec<i64>,
    /// Orders at the levels, where known.
    pub n: Option<Vec<u32>>,
    /// Levels a row.
    pub width: usize,
}

impl Ladder {
    fn check(&self, name: &'static str, rows: usize) -> Result<(), CoreError> {
        let cells = rows * self.width;
        same_length(name, self.px.len(), cells)?;
        same_length(name, self.qty.len(), cells)?;
        same_length(name, self.n.as_ref().map_or(cells, Vec::len), cells)
    }

    fn level(&self, cell: usize) -> LevelQty {
        let n = self.n.as_ref().map_or(0, |n| n[cell]);
        LevelQty { px: Px(self.px[cell]), qty: Lots(self.qty[cell]), n }
    }

    /// The levels of a row; a price of -1 (side unchanged) stays, for the merger to see.
    fn row(&self, i: usize) -> Vec<LevelQty> {
        let cells = i * self.width..(i + 1) * self.width;
        cells.filter(|cell| self.px[*cell] != 0).map(|cell| self.level(cell)).collect()
    }
}

/// Level changes of several messages: message `i` owns `offsets[i]..offsets[i + 1]`.
#[derive(Clone, Debug, Default)]
pub struct Deltas {
    /// Last sequence of each message, 0 where there is none.
    pub seq: Vec<u64>,
    /// Sequence that must be the last one applied.
    pub prev_seq: Vec<u64>,
    /// First sequence of each message.
    pub first_seq: Vec<u64>,
    /// Where each message's levels begin, and the end.
    pub offsets: Vec<i64>,
    /// +1 bid, -1 ask.
    pub side: Vec<i8>,
    /// Prices.
    pub px: Vec<i64>,
    /// Absolute sizes, 0 deletes.
    pub qty: Vec<i64>,
}

/// Prints, one a row.
#[derive(Clone, Debug, Default)]
pub struct Prints {
    /// +1 where the aggressor bought, -1 where it sold.
    pub side: Vec<i8>,
    /// Prices.
    pub px: Vec<i64>,
    /// Sizes.
    pub qty: Vec<i64>,
    /// The venue's ids, 0 where it has none.
    pub id: Vec<u64>,
}

/// What the rows of a table are.
#[derive(Clone, Debug)]
pub enum Content {
    /// Frames of `depth` levels a side.
    Snapshots {
        /// Last sequence that each frame contains; empty where there is none.
        seq: Vec<u64>,
        /// Bids.
        bids: Ladder,
        /// Asks.
        asks: Ladder,
        /// Levels a side that the stream shows at most.
        depth: u16,
    },
    /// The touch: ladders one level wide; price 0 is an empty side, -1 an unchanged one.
    Bbo {
        /// Bids.
        bids: Ladder,
        /// Asks.
        asks: Ladder,
    },
    /// Level changes.
    Deltas(Deltas),
    /// Trades.
    Trades(Prints),
    /// Context values: kinds and values.
    Context {
        /// [`ContextKind`] numbers.
        kind: Vec<u64>,
        /// Values, in the kind's scale.
        value: Vec<i64>,
    },
    /// Recorded silences from `exch` to `recv`, with their causes.
    Gaps(Vec<u64>),
    /// Decoded frames.
    Messages(Vec<FeedMessage>),
}

/// What a table says at one moment.
pub(super) enum Said {
    Message(FeedMessage),
    Gap { from: UnixNanos, cause: GapCause },
}

/// A checked table in the order of its receive times.
#[derive(Debug)]
pub struct Table {
    times: Times,
    content: Content,
    /// See [`streams`].
    stream: u8,
    /// Rows of each message, in order of delivery.
    messages: Vec<Range<u32>>,
    next: usize,
}

impl Table {
    /// Check a table and sort it by receive time.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] when columns differ in length, or a side, kind or cause is none.
    pub fn new(times: Times, content: Content, stream: u8) -> Result<Self, CoreError> {
        same_length("ts_exch", times.exch.len(), times.recv.len())?;
        check(&content, times.recv.len())?;
        let mut table = Self { times, content, stream, messages: Vec::new(), next: 0 };
        table.messages = table.split();
        let recv = |rows: &Range<u32>| table.times.recv[rows.start as usize];
        table.messages.sort_by_key(recv); // Stable: equal times keep their order.
        Ok(table)
    }

    /// Place in the order of delivery of the next message: receive time, stream, sequence.
    pub(super) fn head(&self) -> Option<(i64, u8, u64)> {
        let row = self.messages.get(self.next)?.start as usize;
        let seq = match &self.content {
            Content::Deltas(deltas) => deltas.seq[row],
            Content::Snapshots { .. }
            | Content::Bbo { .. }
            | Content::Trades(_)
            | Content::Context { .. }
            | Content::Gaps(_)
            | Content::Messages(_) => 0,
        };
        Some((self.times.recv[row], self.stream, seq))
    }

    /// Take the next message.
    pub(super) fn pop(&mut self) -> Option<Said> {
        let rows = self.messages.get(self.next)?;
        let rows = rows.start as usize..rows.end as usize;
        self.next += 1;
        Some(self.say(rows))
    }

    /// Whether the next message is a change without sequence numbers, which needs no snapshot.
    pub(super) fn says_plain_change(&self) -> bool {
        let Some(rows) = self.messages.get(self.next) else { return false };
        let row = rows.start as usize;
        match &self.content {
            Content::Deltas(deltas) => deltas.seq[row] == 0,
            Content::Snapshots { .. }
            | Content::Bbo { .. }
            | Content::Trades(_)
            | Content::Context { .. }
            | Content::Gaps(_)
            | Content::Messages(_) => false,
        }
    }

    /// Which rows are one message.
    fn split(&self) -> Vec<Range<u32>> {
        let recv = &self.times.recv;
        let joined = |i: usize| match &self.content {
            // A frame of trades or contexts has one receive time.
            Content::Trades(_) | Content::Context { .. } => recv[i] == recv[i - 1],
            Content::Snapshots { .. }
            | Content::Bbo { .. }
            | Content::Deltas(_)
            | Content::Gaps(_)
            | Content::Messages(_) => false,
        };
        let mut messages = Vec::new();
        let mut start = 0;
        for i in 1..=recv.len() {
            if i == recv.len() || !joined(i) {
                messages.push(start as u32..i as u32);
                start = i;
            }
        }
        messages
    }

    fn say(&mut self, rows: Range<usize>) -> Said {
        let i = rows.start;
        let ts_exch = UnixNanos(self.times.exch[i]);
        let stream = self.stream;
        let message = match &mut self.content {
            Content::Snapshots { seq, bids, asks, depth } => {
                let kind = FrameKind::Snapshot { depth: *depth };
                let (bids, asks) = (bids.row(i), asks.row(i));
                let seq = seq.get(i).copied().unwrap_or(0);
                FeedMessage::Book(Frame { kind, ts_exch, seq, stream, bids, asks })
            }
            Content::Bbo { bids, asks } => {
                let (bids, asks) = (bids.row(i), asks.row(i));
                FeedMessage::Book(Frame {
                    kind: FrameKind::Bbo,
                    ts_exch,
                    seq: 0,
                    stream,
                    bids,
                    asks,
                })
            }
            Content::Deltas(deltas) => FeedMessage::Book(deltas.frame(i, ts_exch, stream)),
            Content::Trades(prints) => {
                let exch = &self.times.exch;
                FeedMessage::Trades(rows.map(|i| prints.print(i, exch[i])).collect())
            }
            Content::Context { kind, value } => {
                let one = |i: usize| Some((context_kind(kind[i])?, value[i]));
                FeedMessage::Context { ts_exch, values: rows.filter_map(one).collect() }
            }
            Content::Gaps(cause) => {
                let cause = gap_cause(cause[i]).unwrap_or(GapCause::Recorder);
                return Said::Gap { from: ts_exch, cause };
            }
            Content::Messages(messages) => std::mem::replace(&mut messages[i], taken()),
        };
        Said::Message(message)
    }
}

impl Deltas {
    fn frame(&self, i: usize, ts_exch: UnixNanos, stream: u8) -> Frame {
        let (mut bids, mut asks) = (Vec::new(), Vec::new());
        for cell in self.offsets[i] as usize..self.offsets[i + 1] as usize {
            let side = if self.side[cell] > 0 { &mut bids } else { &mut asks };
            side.push(LevelQty { px: Px(self.px[cell]), qty: Lots(self.qty[cell]), n: 0 });
        }
        let kind = FrameKind::Delta { prev_seq: self.prev_seq[i], first_seq: self.first_seq[i] };
        Frame { kind, ts_exch, seq: self.seq[i], stream, bids, asks }
    }
}

impl Prints {
    fn print(&self, i: usize, ts_exch: i64) -> Print {
        let side = if self.side[i] > 0 { Side::Bid } else { Side::Ask };
        let (px, qty) = (Px(self.px[i]), Lots(self.qty[i]));
        Print { ts_exch: UnixNanos(ts_exch), side, px, qty, id: self.id[i] }
    }
}

/// What is left where a message was taken.
const fn taken() -> FeedMessage {
    FeedMessage::Trades(Vec::new())
}

fn check(content: &Content, rows: usize) -> Result<(), CoreError> {
    match content {
        Content::Snapshots { seq, bids, asks, depth } => {
            if !seq.is_empty() {
                same_length("seq", seq.len(), rows)?;
            }
            if *depth == 0 {
                return Err(bad("depth", "0 levels a side".to_owned()));
            }
            bids.check("bids", rows)?;
            asks.check("asks", rows)
        }
        Content::Bbo { bids, asks } => {
            same_length("bids a row", bids.width, 1)?;
            same_length("asks a row", asks.width, 1)?;
            bids.check("bids", rows)?;
            asks.check("asks", rows)
        }
        Content::Deltas(deltas) => check_deltas(deltas, rows),
        Content::Trades(prints) => {
            same_length("side", prints.side.len(), rows)?;
            same_length("px", prints.px.len(), rows)?;
            same_length("qty", prints.qty.len(), rows)?;
            same_length("id", prints.id.len(), rows)?;
            check_sides(&prints.side)
        }
        Content::Context { kind, value } => {
            same_length("kind", kind.len(), rows)?;
            same_length("value", value.len(), rows)?;
            match kind.iter().position(|k| context_kind(*k).is_none()) {
                Some(at) => Err(bad("kind", format!("row {at}: no context kind {}", kind[at]))),
                None => Ok(()),
            }
        }
        Content::Gaps(cause) => {
            same_length("cause", cause.len(), rows)?;
            match cause.iter().position(|c| gap_cause(*c).is_none()) {
                Some(at) => Err(bad("cause", format!("row {at}: no gap cause {}", cause[at]))),
                None => Ok(()),
            }
        }
        Content::Messages(messages) => same_length("messages", messages.len(), rows),
    }
}

fn check_deltas(deltas: &Deltas, rows: usize) -> Result<(), CoreError> {
    same_length("seq", deltas.seq.len(), rows)?;
    same_length("prev_seq", deltas.prev_seq.len(), rows)?;
    same_length("first_seq", deltas.first_seq.len(), rows)?;
    same_length("offsets", deltas.offsets.len(), rows + 1)?;
    let levels = deltas.px.len();
    same_length("side", deltas.side.len(), levels)?;
    same_length("qty", deltas.qty.len(), levels)?;
    let rising = deltas.offsets.windows(2).all(|pair| pair[0] <= pair[1]);
    let ends = (deltas.offsets.first().copied(), deltas.offsets.last().copied());
    if !rising || ends != (Some(0), Some(levels as i64)) {
        let why = format!("must rise from 0 to the {levels} levels, got {ends:?} at the ends");
        return Err(bad("offsets", why));
    }
    check_sides(&deltas.side)
}

fn check_sides(sides: &[i8]) -> Result<(), CoreError> {
    match sides.iter().position(|side| !matches!(side, 1 | -1)) {
        Some(at) => Err(bad("side", format!("row {at}: {} is neither 1 nor -1", sides[at]))),
        None => Ok(()),
    }
}

fn same_length(name: &'static str, got: usize, want: usize) -> Result<(), CoreError> {
    if got == want {
        return Ok(());
    }
    Err(bad(name, format!("{got} values where the table needs {want}")))
}

fn bad(name: &'static str, why: String) -> CoreError {
    CoreError::BadArgument { name, why }
}

const fn context_kind(number: u64) -> Option<ContextKind> {
    Some(match number {
        1 => ContextKind::Oracle,
        2 => ContextKind::Mark,
        3 => ContextKind::Mid,
        4 => ContextKind::FundingRate,
        5 => ContextKind::OpenInterest,
        6 => ContextKind::NextFunding,
        _ => return None,
    })
}

const fn gap_cause(number: u64) -> Option<GapCause> {
    Some(match number {
        1 => GapCause::Recorder,
        2 => GapCause::Sequence,
        3 => GapCause::Reconnect,
        _ => return None,
    })
}
