//! Events and replies — what the exchange tells, in the shapes of the boundary.

use crate::sim::exchange::order::Order;
use crate::sim::exchange::words::OwnId;
use crate::sim::exchange::words::SideWord;
use crate::sim::rules::Refusal;
use crate::units::Side;
use serde::Deserialize;
use serde::Serialize;

/// One execution of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FillRow {
    /// Whose, as an address.
    pub user: String,
    /// Which coin.
    pub coin: u16,
    /// The venue's id of the order.
    pub oid: u64,
    /// The client's own.
    pub cloid: Option<OwnId>,
    /// Buy or sell.
    #[serde(with = "SideWord")]
    pub side: Side,
    /// Price units.
    pub px: i64,
    /// Lots.
    pub size: i64,
    /// The trade's id, one for both sides.
    pub tid: u64,
    /// Position before it, in lots.
    pub before: i64,
    /// Profit closed against the average entry, before the fee.
    pub closed_pnl: i64,
    /// Whether it took.
    pub crossed: bool,
    /// The fee, positive if paid.
    pub fee: i64,
    /// When.
    pub at: i64,
    /// What it did to the position, in the venue's words.
    pub dir: String,
    /// The transaction.
    pub hash: String,
    /// Whose position the venue closed by it.
    pub liquidated: Option<String>,
}

/// A funding payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FundingRow {
    /// Whose.
    pub user: String,
    /// Which coin.
    pub coin: u16,
    /// Positive is received.
    pub received: i64,
    /// The position, in lots.
    pub size: i64,
    /// Hourly rate in 1e-12.
    pub rate: i64,
    /// When.
    pub at: i64,
    /// The transaction.
    pub hash: String,
}

/// Money that came or went otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerRow {
    /// Whose.
    pub user: String,
    /// Positive came.
    pub delta: i64,
    /// Why: `deposit`, `withdraw`, `transfer`, `backstop`, `requests`.
    pub kind: String,
    /// When.
    pub at: i64,
    /// The other account, where there is one.
    pub other: Option<String>,
    /// The transaction.
    pub hash: String,
}

/// Price, lots and orders of a level.
pub type LevelRow = (i64, i64, u32);

/// What happened.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "e", rename_all = "snake_case")]
pub enum Event {
    /// An order's life went on.
    Order {
        /// Whose.
        user: String,
        /// The order as it is now.
        #[serde(flatten)]
        order: Order,
    },
    /// An execution.
    Fill(FillRow),
    /// A funding payment.
    Funding(FundingRow),
    /// The rate that an hour paid.
    Settled {
        /// Which coin.
        coin: u16,
        /// Hourly rate in 1e-12.
        rate: i64,
        /// Oracle price in 1e-8.
        oracle: i64,
        /// When.
        at: i64,
    },
    /// Money came or went.
    Ledger(LedgerRow),
    /// A block begins.
    Block {
        /// When.
        at: i64,
        /// Its number.
        number: u64,
    },
    /// The block's trades of a coin: time, aggressor, price, lots, id.
    Trades {
        /// Which coin.
        coin: u16,
        /// In order.
        trades: Vec<(i64, i64, i64, i64, u64)>,
    },
    /// The touch is another after the block.
    Touch {
        /// Which coin.
        coin: u16,
        /// When.
        at: i64,
        /// Best bid.
        bid: Option<LevelRow>,
        /// Best ask.
        ask: Option<LevelRow>,
    },
    /// Something of the context is another.
    Context {
        /// Which coin.
        coin: u16,
        /// When.
        at: i64,
    },
}

/// What became of one entry of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Item {
    /// On the book, nothing traded.
    Resting {
        /// The venue's id.
        oid: u64,
        /// The client's own.
        cloid: Option<OwnId>,
    },
    /// Something traded at once.
    Filled {
        /// The venue's id.
        oid: u64,
        /// The client's own.
        cloid: Option<OwnId>,
        /// Lots that traded.
        size: i64,
        /// What they were worth.
        notional: i64,
    },
    /// A trigger waits.
    Waiting {
        /// The venue's id.
        oid: u64,
        /// The client's own.
        cloid: Option<OwnId>,
    },
    /// A cancel was done.
    Success(bool),
    /// Refused.
    Error(Refusal),
}

/// The answer to an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// One item for each entry.
    Items(Vec<Item>),
    /// Done, and nothing to say.
    Done,
    /// The whole action was refused.
    Refused(Refusal),
}

/// The answer to a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reply {
    ticket: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ok: Option<Vec<Item>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    done: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    err: Option<Refusal>,
}

impl Reply {
    pub(super) fn new(ticket: u64, outcome: Outcome) -> Self {
        let empty = Self { ticket, ok: None, done: None, err: None };
        match outcome {
            Outcome::Items(items) => Self { ok: Some(items), ..empty },
            Outcome::Done => Self { done: Some(true), ..empty },
            Outcome::Refused(refusal) => Self { err: Some(refusal), ..empty },
        }
    }
}
