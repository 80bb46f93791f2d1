//! Events — everything that can change a decision, and their total order.
//!
//! Market data reaches the engine as rows ([`Rows`], the same on tape and live); what concerns
//! our own account, and time itself, reaches it as [`Event`]s.

mod feed;
mod rows;

pub use feed::ContextKind;
pub use feed::FeedMessage;
pub use feed::Frame;
pub use feed::FrameKind;
pub use feed::LevelQty;
pub use feed::Print;
pub use rows::flags;
pub use rows::streams;
pub use rows::Row;
pub use rows::RowKind;
pub use rows::Rows;

use crate::fees::Liquidity;
use crate::units::Cash;
use crate::units::Cloid;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use crate::units::SymbolIx;
use crate::units::TradeId;
use crate::units::UnixNanos;
use crate::units::VenueOrderId;
use serde::Deserialize;
use serde::Serialize;

/// When an event happened and when we learned of it, and its place among equals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// Our clock; first in the order.
    pub ts_recv: UnixNanos,
    /// Which stream of the capture.
    pub stream: u8,
    /// Place within the stream.
    pub seq: u64,
    /// The venue's clock.
    pub ts_exch: UnixNanos,
}

/// What a venue said of one of our orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderAnswer {
    /// On the book, with what is left.
    Resting {
        /// The venue's id.
        oid: VenueOrderId,
        /// Size left.
        left: Lots,
    },
    /// Never rested.
    Rejected {
        /// Why.
        reason: RejectReason,
    },
    /// Gone without being filled completely; fills may still be on their way.
    Cancelled {
        /// Why.
        reason: CancelReason,
        /// What was left of it then, where the venue says: all but that was executed.
        #[serde(default)]
        left: Option<Lots>,
    },
    /// All of it filled.
    Filled,
    /// No proof either way.
    Unknown,
    /// A cancel was refused: never placed, already cancelled, or filled.
    CancelRefused,
}

/// Why an order never rested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RejectReason {
    /// Post-only and would have matched; the touch at that moment.
    WouldMatch {
        /// Best bid, 0 if none.
        bid: Px,
        /// Best ask, 0 if none.
        ask: Px,
    },
    /// The venue had no book.
    NoBook,
    /// Off the price or size grid, below the minimum value, or otherwise malformed.
    Invalid,
    /// Not enough margin.
    Margin,
    /// An IOC found nothing.
    NoLiquidity,
    /// The request was lost on the way.
    Lost,
    /// Any other refusal.
    Other,
}

/// Why an order went away unfilled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CancelReason {
    /// We asked for it.
    Asked,
    /// It would have traded with ourselves.
    SelfTrade,
    /// Reduce-only and nothing left to reduce.
    ReduceOnly,
    /// A scheduled cancel fired.
    Scheduled,
    /// The venue's own reasons.
    Venue,
}

/// One execution of one of our orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// Which symbol.
    pub symbol: SymbolIx,
    /// Which order.
    pub cloid: Cloid,
    /// The venue's trade id: a fill is counted once.
    pub trade: TradeId,
    /// Our side.
    pub side: Side,
    /// Price.
    pub px: Px,
    /// Size, positive.
    pub size: Lots,
    /// Maker or taker.
    pub liquidity: Liquidity,
    /// The fee as the venue booked it; `None` lets the schedule decide.
    pub fee: Option<Cash>,
}

/// What an operator asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Stop quoting, keep state.
    Pause,
    /// Quote again.
    Resume,
    /// Cancel everything and stay down.
    Kill,
}

/// What concerns our own account, and time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Payload {
    /// The venue's word on an order.
    Order {
        /// Which symbol.
        symbol: SymbolIx,
        /// Which order.
        cloid: Cloid,
        /// What it said.
        answer: OrderAnswer,
    },
    /// An execution.
    Fill(Fill),
    /// A funding payment: positive is received.
    Funding {
        /// Which symbol.
        symbol: SymbolIx,
        /// Amount in the instrument's cash unit.
        received: Cash,
    },
    /// Time passed.
    Timer,
    /// An operator spoke.
    Control(Control),
}

/// One delivered event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// Its times and order.
    pub stamp: Stamp,
    /// What happened.
    pub payload: Payload,
}
