//! Refusals — why the gate said no, with the values that decided.

use crate::risk::limits::MicroUsd;
use crate::risk::RiskState;
use crate::units::DurationNanos;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use serde::Deserialize;
use serde::Serialize;
use std::fmt;

/// Why the gate refused a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// The gate knows no such symbol.
    UnknownSymbol {
        /// Its index.
        symbol: u16,
    },
    /// The price is off the venue's grid.
    OffGrid {
        /// The price.
        px: Px,
    },
    /// The size is not a positive multiple of the lot step.
    LotStep {
        /// The size.
        size: Lots,
        /// The step.
        step: Lots,
    },
    /// Below the venue's smallest order value.
    TooSmall {
        /// The order's value.
        value: MicroUsd,
        /// The smallest.
        limit: MicroUsd,
    },
    /// R1: too far from the mid.
    Collar {
        /// The price.
        px: Px,
        /// The lowest allowed.
        low: Px,
        /// The highest allowed.
        high: Px,
    },
    /// R1: too far from the mark price.
    OffMark {
        /// The price.
        px: Px,
        /// The mark.
        mark: Px,
    },
    /// R1: too far from the oracle price.
    OffOracle {
        /// The price.
        px: Px,
        /// The oracle's.
        oracle: Px,
    },
    /// R1: not post-only and too far through the touch.
    ThroughTouch {
        /// The price.
        px: Px,
        /// The touch that it would trade with.
        touch: Px,
    },
    /// R2: the order's value is too large.
    OrderValue {
        /// Its value.
        value: MicroUsd,
        /// The largest.
        limit: MicroUsd,
    },
    /// R3: too large a share of the displayed size.
    OrderVolume {
        /// The size.
        size: Lots,
        /// What is displayed within 10 bp.
        displayed: Lots,
    },
    /// R4: too many messages.
    Throttled {
        /// Whole batches left in the bucket.
        left: i64,
        /// Those kept back for cancels.
        reserve: i64,
    },
    /// R5: the worst-case position would be too large.
    Position {
        /// Its value.
        worst: MicroUsd,
        /// The largest.
        limit: MicroUsd,
    },
    /// R7: the worst-case value of all positions would be too large.
    Gross {
        /// Its value.
        worst: MicroUsd,
        /// The largest.
        limit: MicroUsd,
    },
    /// R8: an equal order went out a moment ago.
    Duplicate {
        /// The price.
        px: Px,
        /// The size.
        size: Lots,
        /// How long ago.
        age: DurationNanos,
    },
    /// R8: too many orders on this side of the symbol.
    OrdersOnSide {
        /// How many there are.
        count: i64,
        /// The most.
        limit: i64,
    },
    /// R8: too many orders on the account.
    OrdersInAll {
        /// How many there are.
        count: i64,
        /// The most.
        limit: i64,
    },
    /// R13: it would trade with our own order.
    OwnCross {
        /// The price.
        px: Px,
        /// Our best opposite order.
        own: Px,
    },
    /// R14: no two-sided market was seen yet.
    NoMarket,
    /// R14: the book is crossed or locked.
    Crossed {
        /// Best bid.
        bid: Px,
        /// Best ask.
        ask: Px,
    },
    /// R14: nothing was heard of the market for too long.
    Stale {
        /// For how long.
        age: DurationNanos,
        /// The longest accepted.
        limit: DurationNanos,
    },
    /// R14: the mid jumped.
    Jump {
        /// Twice the mid, a second ago at most.
        from2: i64,
        /// Twice the mid now.
        to2: i64,
    },
    /// The account or the symbol may only reduce, and this order would not.
    Reducing {
        /// The order's side.
        side: Side,
        /// The position.
        position: Lots,
    },
    /// The account or the symbol is halted.
    Halted {
        /// The state.
        state: RiskState,
    },
}

impl Refusal {
    /// Whether it speaks of a market that is there but may not be quoted.
    #[must_use]
    pub const fn is_of_market(&self) -> bool {
        matches!(self, Self::Crossed { .. } | Self::Stale { .. } | Self::Jump { .. })
    }

    /// Whether it stands until the touch, our position, our orders or the sides that may be
    /// quoted change: asking again before
    /// is in vain.
    #[must_use]
    pub const fn stands(&self) -> bool {
        matches!(
            self,
            Self::Position { .. }
                | Self::OwnCross { .. }
                | Self::OrdersOnSide { .. }
                | Self::Reducing { .. }
        )
    }

    /// A word for counting refusals of a kind.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::UnknownSymbol { .. } => "unknown_symbol",
            Self::OffGrid { .. } => "off_grid",
            Self::LotStep { .. } => "lot_step",
            Self::TooSmall { .. } => "too_small",
            Self::Collar { .. } => "collar",
            Self::OffMark { .. } => "off_mark",
            Self::OffOracle { .. } => "off_oracle",
            Self::ThroughTouch { .. } => "through_touch",
            Self::OrderValue { .. } => "order_value",
            Self::OrderVolume { .. } => "order_volume",
            Self::Throttled { .. } => "throttled",
            Self::Position { .. } => "position",
            Self::Gross { .. } => "gross",
            Self::Duplicate { .. } => "duplicate",
            Self::OrdersOnSide { .. } => "orders_on_side",
            Self::OrdersInAll { .. } => "orders_in_all",
            Self::OwnCross { .. } => "own_cross",
            Self::NoMarket => "no_market",
            Self::Crossed { .. } => "crossed",
            Self::Stale { .. } => "stale",
            Self::Jump { .. } => "jump",
            Self::Reducing { .. } => "reducing",
            Self::Halted { .. } => "halted",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::UnknownSymbol { symbol } => write!(f, "symbol {symbol} is not at this gate"),
            Self::OffGrid { px } => write!(f, "price {} is off the grid", px.0),
            Self::LotStep { size, step } => {
                write!(f, "size {} is not a positive multiple of {}", size.0, step.0)
            }
            Self::TooSmall { value, limit } => {
                write!(f, "value {:.2} is below the least {:.2}", value.usd(), limit.usd())
            }
            Self::Collar { px, low, high } => {
                write!(f, "price {} is outside {}..{} around the mid", px.0, low.0, high.0)
            }
            Self::OffMark { px, mark } => {
                write!(f, "price {} is too far from the mark {}", px.0, mark.0)
            }
            Self::OffOracle { px, oracle } => {
                write!(f, "price {} is too far from the oracle {}", px.0, oracle.0)
            }
            Self::ThroughTouch { px, touch } => {
                write!(f, "price {} is too far through the touch {}", px.0, touch.0)
            }
            Self::OrderVolume { size, displayed } => {
                write!(f, "size {} is too much of the {} displayed", size.0, displayed.0)
            }
            Self::Throttled { left, reserve } => {
                write!(f, "message budget: {left} left, {reserve} kept for cancels")
            }
            Self::Duplicate { px, size, age } => {
                let ms = age.0 / 1_000_000;
                write!(f, "an order of {} at {} went out {ms} ms ago", size.0, px.0)
            }
            Self::OwnCross { px, own } => {
                write!(f, "price {} would meet our own order at {}", px.0, own.0)
            }
            Self::NoMarket => f.write_str("no two-sided market was seen"),
            Self::Crossed { bid, ask } => write!(f, "the book is crossed: {} / {}", bid.0, ask.0),
            Self::Stale { age, limit } => {
                let (age, limit) = (age.as_secs_f64(), limit.as_secs_f64());
                write!(f, "no market data for {age:.1} s, {limit:.1} s accepted")
            }
            Self::Jump { from2, to2 } => {
                let (from, to) = (from2 as f64 / 2.0, to2 as f64 / 2.0);
                write!(f, "the mid jumped from {from} to {to}")
            }
            Self::Reducing { side, position } => {
                write!(f, "only reducing is left: {side:?} at position {}", position.0)
            }
            Self::Halted { state } => write!(f, "{state:?}: no orders"),
            Self::OrderValue { value, limit } => over(f, "order value", value, limit),
            Self::Position { worst, limit } => over(f, "worst-case position", worst, limit),
            Self::Gross { worst, limit } => over(f, "worst-case gross value", worst, limit),
            Self::OrdersOnSide { count, limit } => write!(f, "{count} orders on a side of {limit}"),
            Self::OrdersInAll { count, limit } => write!(f, "{count} orders in all of {limit}"),
        }
    }
}

fn over(f: &mut fmt::Formatter<'_>, what: &str, value: MicroUsd, limit: MicroUsd) -> fmt::Result {
    write!(f, "{what} {:.2} is above {:.2}", value.usd(), limit.usd())
}
