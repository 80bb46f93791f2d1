//! Actions — what a signer may ask of the exchange, in words that no venue owns.

use crate::command::Tif;
use crate::sim::exchange::words::OwnId;
use crate::sim::exchange::words::SideWord;
use crate::sim::exchange::words::TifWord;
use crate::sim::rules::Refusal;
use crate::units::Side;
use serde::Deserialize;
use serde::Serialize;

/// Which way a trigger protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TriggerKind {
    /// Take profit.
    Tp,
    /// Stop loss.
    Sl,
}

/// An order that waits for the mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// The mark to wait for, in price units.
    pub px: i64,
    /// Whether it takes then, rather than rests.
    pub is_market: bool,
    /// Which way it protects.
    pub kind: TriggerKind,
}

/// What was wrong with an order before it could be put in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Flaw {
    /// Too many figures of the price.
    Tick,
    /// The size is malformed.
    BadSize,
    /// The price is malformed.
    BadPrice,
    /// Something that is not offered here.
    Unsupported,
}

impl From<Flaw> for Refusal {
    fn from(flaw: Flaw) -> Self {
        match flaw {
            Flaw::Tick => Self::Tick,
            Flaw::BadSize => Self::BadSize,
            Flaw::BadPrice => Self::BadPrice,
            Flaw::Unsupported => Self::Unsupported,
        }
    }
}

/// A wish for a new order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// Which coin of the exchange.
    pub(super) coin: u16,
    /// Buy or sell.
    #[serde(with = "SideWord")]
    pub(super) side: Side,
    /// Price units.
    pub(super) px: i64,
    /// Lots.
    pub(super) size: i64,
    /// Time in force.
    #[serde(with = "TifWord")]
    pub(super) tif: Tif,
    /// Whether it may only reduce the position.
    pub(super) reduce_only: bool,
    /// The client's own id.
    pub(super) cloid: Option<OwnId>,
    /// What it waits for.
    pub(super) trigger: Option<Trigger>,
    /// Why it can only be refused.
    #[serde(default)]
    pub(super) flaw: Option<Flaw>,
}

/// Which order is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Target {
    /// Which coin.
    pub(super) coin: u16,
    /// The venue's id.
    #[serde(default)]
    pub(super) oid: Option<u64>,
    /// The client's own id.
    #[serde(default)]
    pub(super) cloid: Option<OwnId>,
}

/// An order in place of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Modify {
    /// The old one by the venue's id.
    #[serde(default)]
    pub(super) oid: Option<u64>,
    /// The old one by the client's own id.
    #[serde(default)]
    pub(super) cloid: Option<OwnId>,
    /// The new one.
    pub(super) order: Wish,
}

/// What a signer asks for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Action {
    /// New orders.
    Order {
        /// Each stands for itself.
        orders: Vec<Wish>,
    },
    /// Withdraw orders.
    Cancel {
        /// Which.
        cancels: Vec<Target>,
    },
    /// Orders in place of others.
    Modify {
        /// Which, and what instead.
        modifies: Vec<Modify>,
        /// Place the new one even where the old one is gone.
        #[serde(default)]
        always_place: bool,
    },
    /// Withdraw everything at a time.
    ScheduleCancel {
        /// When, in nanoseconds; `None` clears it.
        at: Option<i64>,
    },
    /// Use up the nonce.
    Noop,
    /// Change the leverage of a coin.
    UpdateLeverage {
        /// Which coin.
        coin: u16,
        /// Shared margin, else isolated.
        cross: bool,
        /// Notional over margin.
        leverage: u32,
    },
    /// Move money into an isolated position, or out of it.
    UpdateIsolatedMargin {
        /// Which coin.
        coin: u16,
        /// Micro-dollars into it.
        amount: i64,
    },
    /// Buy requests.
    ReserveWeight {
        /// How many.
        weight: i64,
    },
}

/// Which actions of a block come before which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// Post-only orders and all that trades nothing.
    Posting,
    Cancel,
    /// Anything that may take.
    Taking,
}

impl Action {
    /// What class of a block it belongs to.
    pub(super) fn class(&self) -> Class {
        let takes = |wish: &Wish| wish.trigger.is_none() && wish.tif != Tif::PostOnly;
        match self {
            Self::Order { orders } if orders.iter().any(takes) => Class::Taking,
            Self::Modify { modifies, .. } if modifies.iter().any(|m| takes(&m.order)) => {
                Class::Taking
            }
            Self::Cancel { .. } => Class::Cancel,
            Self::Order { .. }
            | Self::Modify { .. }
            | Self::ScheduleCancel { .. }
            | Self::Noop
            | Self::UpdateLeverage { .. }
            | Self::UpdateIsolatedMargin { .. }
            | Self::ReserveWeight { .. } => Class::Posting,
        }
    }

    /// Requests that it costs.
    pub(super) fn cost(&self) -> i64 {
        let count = match self {
            Self::Order { orders } => orders.len(),
            Self::Cancel { cancels } => cancels.len(),
            Self::Modify { modifies, .. } => modifies.len(),
            Self::ScheduleCancel { .. }
            | Self::Noop
            | Self::UpdateLeverage { .. }
            | Self::UpdateIsolatedMargin { .. }
            | Self::ReserveWeight { .. } => 1,
        };
        (count as i64).max(1)
    }

    /// The orders that it would place.
    pub(super) fn wishes(&self) -> Vec<&Wish> {
        match self {
            Self::Order { orders } => orders.iter().collect(),
            Self::Modify { modifies, .. } => modifies.iter().map(|m| &m.order).collect(),
            Self::Cancel { .. }
            | Self::ScheduleCancel { .. }
            | Self::Noop
            | Self::UpdateLeverage { .. }
            | Self::UpdateIsolatedMargin { .. }
            | Self::ReserveWeight { .. } => Vec::new(),
        }
    }

    /// Whether it is a batch of nothing.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Order { orders } => orders.is_empty(),
            Self::Cancel { cancels } => cancels.is_empty(),
            Self::Modify { modifies, .. } => modifies.is_empty(),
            Self::ScheduleCancel { .. }
            | Self::Noop
            | Self::UpdateLeverage { .. }
            | Self::UpdateIsolatedMargin { .. }
            | Self::ReserveWeight { .. } => false,
        }
    }
}
