//! Orders — what the exchange knows of one, from its arrival to its end.

use crate::command::Tif;
use crate::sim::exchange::action::Trigger;
use crate::sim::exchange::action::Wish;
use crate::sim::exchange::words::OwnId;
use crate::sim::exchange::words::SideWord;
use crate::sim::exchange::words::TifWord;
use crate::sim::rules::Refusal;
use crate::units::Side;
use serde::Deserialize;
use serde::Serialize;

/// Where an order is in its life; the words are the venue's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// On the book, or waiting for its trigger.
    Open,
    /// Its trigger was met.
    Triggered,
    /// All of it traded.
    Filled,
    /// Its owner withdrew it, or it was an IOC's rest.
    Canceled,
    /// Margin did not suffice when it would have traded.
    MarginCanceled,
    /// It would have traded with its owner.
    SelfTradeCanceled,
    /// Nothing was left to reduce.
    ReduceOnlyCanceled,
    /// Its owner was liquidated.
    LiquidatedCanceled,
    /// The vault that it traded for was drawn on.
    VaultWithdrawalCanceled,
    /// The coin's open interest is at its cap.
    OpenInterestCapCanceled,
    /// The order that it belongs to was filled.
    SiblingFilledCanceled,
    /// The coin is listed no more.
    DelistedCanceled,
    /// A scheduled cancel fired.
    ScheduledCancel,
    /// The venue's own doing.
    InternalCancel,
    /// Refused: malformed.
    Rejected,
    /// Refused: price off the grid.
    TickRejected,
    /// Refused: worth too little.
    MinTradeNtlRejected,
    /// Refused: not enough margin.
    PerpMarginRejected,
    /// Refused: nothing to reduce.
    ReduceOnlyRejected,
    /// Refused: post-only and would have matched.
    BadAloPxRejected,
    /// Refused: an IOC that found nothing.
    IocCancelRejected,
    /// Refused: a trigger on the wrong side.
    BadTriggerPxRejected,
    /// Refused: too many open orders.
    TooManyOpenOrdersRejected,
}

impl Status {
    /// Whether it is the end of an order that was open and did not fill.
    pub(super) fn is_cancel(self) -> bool {
        matches!(
            self,
            Self::Canceled
                | Self::MarginCanceled
                | Self::SelfTradeCanceled
                | Self::ReduceOnlyCanceled
                | Self::LiquidatedCanceled
                | Self::VaultWithdrawalCanceled
                | Self::OpenInterestCapCanceled
                | Self::SiblingFilledCanceled
                | Self::DelistedCanceled
                | Self::ScheduledCancel
                | Self::InternalCancel
        )
    }
}

impl From<&Refusal> for Status {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::Tick => Self::TickRejected,
            Refusal::MinNotional => Self::MinTradeNtlRejected,
            Refusal::Margin => Self::PerpMarginRejected,
            Refusal::ReduceOnly => Self::ReduceOnlyRejected,
            Refusal::WouldMatch { .. } => Self::BadAloPxRejected,
            Refusal::NoLiquidity => Self::IocCancelRejected,
            Refusal::TriggerPrice => Self::BadTriggerPxRejected,
            Refusal::TooManyOrders => Self::TooManyOpenOrdersRejected,
            Refusal::ZeroSize
            | Refusal::BadSize
            | Refusal::BadPrice
            | Refusal::NeverPlaced
            | Refusal::Unsupported
            | Refusal::DuplicateNonce { .. }
            | Refusal::NonceTooLow { .. }
            | Refusal::NonceWindow { .. }
            | Refusal::Expired
            | Refusal::UnknownSigner { .. }
            | Refusal::MustDeposit { .. }
            | Refusal::Budget { .. }
            | Refusal::FarPrice
            | Refusal::CannotModify
            | Refusal::ModifyFailed { .. }
            | Refusal::ScheduleVolume { .. }
            | Refusal::ScheduleAhead
            | Refusal::ScheduleFires
            | Refusal::Empty
            | Refusal::LeverageSwitch
            | Refusal::Leverage { .. }
            | Refusal::NotIsolated
            | Refusal::Vault { .. }
            | Refusal::Funds
            | Refusal::AgentUsed
            | Refusal::TooManyAgents { .. }
            | Refusal::AgentExpired => Self::Rejected,
        }
    }
}

/// One order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The venue's id.
    pub oid: u64,
    /// The client's own id.
    pub cloid: Option<OwnId>,
    /// Which coin.
    pub coin: u16,
    /// Buy or sell.
    #[serde(with = "SideWord")]
    pub side: Side,
    /// Price units.
    pub px: i64,
    /// Lots asked for.
    pub size: i64,
    /// Lots that are left.
    pub left: i64,
    /// Where it is in its life.
    pub status: Status,
    /// Since when, in nanoseconds.
    pub at: i64,
    /// When it arrived.
    pub made: i64,
    /// Whether it may only reduce the position.
    pub reduce_only: bool,
    /// Time in force.
    #[serde(with = "TifWord")]
    pub tif: Tif,
    /// What it waits for.
    pub trigger: Option<Trigger>,
}

impl Order {
    /// A wish that got its number at a time.
    pub(super) fn new(oid: u64, wish: &Wish, now: i64) -> Self {
        Self {
            oid,
            cloid: wish.cloid,
            coin: wish.coin,
            side: wish.side,
            px: wish.px,
            size: wish.size,
            left: wish.size,
            status: Status::Open,
            at: now,
            made: now,
            reduce_only: wish.reduce_only,
            tif: wish.tif,
            trigger: wish.trigger,
        }
    }

    /// Whether it rests on the book, rather than waiting for its trigger.
    pub(super) fn is_resting(&self) -> bool {
        self.trigger.is_none() || self.status == Status::Triggered
    }

    /// Lots by which it may enlarge a position.
    pub(super) fn opens(&self) -> i64 {
        if self.reduce_only || !self.is_resting() {
            0
        } else {
            self.left
        }
    }
}
