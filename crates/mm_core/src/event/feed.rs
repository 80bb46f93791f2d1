//! Feed messages — what a venue's public frames say, decoded but not yet merged into one book.

use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

/// One level of a frame: absolute quantity; 0 deletes in deltas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelQty {
    /// Price.
    pub px: Px,
    /// Quantity, not negative.
    pub qty: Lots,
    /// Orders at the level, 0 where the venue does not say.
    pub n: u32,
}

/// How far a frame speaks for the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FrameKind {
    /// Replaces the book within `depth` levels a side; fewer levels than `depth` on a side mean
    /// that the side ends there. `u16::MAX` speaks for the whole book.
    Snapshot {
        /// Levels a side that the stream shows at most.
        depth: u16,
    },
    /// Absolute quantities of the levels named; the sequence numbers it joins.
    Delta {
        /// Sequence that must equal the last applied one (`pu`, or `u - 1`).
        prev_seq: u64,
        /// First sequence contained (`U`).
        first_seq: u64,
    },
    /// The touch only: at most one level a side.
    Bbo,
}

/// A book frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// How far it speaks.
    pub kind: FrameKind,
    /// Venue time.
    pub ts_exch: UnixNanos,
    /// Last sequence contained, 0 where there is none.
    pub seq: u64,
    /// Stream number, see [`super::streams`].
    pub stream: u8,
    /// Bids, best first where the venue orders them.
    pub bids: Vec<LevelQty>,
    /// Asks, best first where the venue orders them.
    pub asks: Vec<LevelQty>,
}

/// One public trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Print {
    /// Venue time.
    pub ts_exch: UnixNanos,
    /// The aggressor.
    pub side: Side,
    /// Price.
    pub px: Px,
    /// Size.
    pub qty: Lots,
    /// The venue's id, 0 where it has none.
    pub id: u64,
}

/// Which context value a row holds, and its scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u64)]
pub enum ContextKind {
    /// Oracle price, in 1e-8.
    Oracle = 1,
    /// Mark price, in 1e-8.
    Mark = 2,
    /// Mid price, in 1e-8.
    Mid = 3,
    /// Running estimate of the hourly funding rate, in 1e-12.
    FundingRate = 4,
    /// Open interest in coins, in 1e-8.
    OpenInterest = 5,
    /// Time of the next funding settlement, Unix nanoseconds.
    NextFunding = 6,
}

/// A decoded public message of one symbol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FeedMessage {
    /// A book frame.
    Book(Frame),
    /// Trades, oldest first.
    Trades(Vec<Print>),
    /// Context values, each in its kind's own scale.
    Context {
        /// Venue time, or 0 where the venue sends none.
        ts_exch: UnixNanos,
        /// Kind and value.
        values: Vec<(ContextKind, i64)>,
    },
}
