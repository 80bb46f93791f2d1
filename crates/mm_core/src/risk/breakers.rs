//! Breakers — Active, Reducing or Halted, why and since when.

use crate::risk::limits::MicroUsd;
use crate::risk::Refusal;
use crate::units::Side;
use crate::units::SymbolIx;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

/// What may still be done, mildest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RiskState {
    /// Everything within the limits.
    #[default]
    Active,
    /// Only what brings the position toward zero.
    Reducing,
    /// Only cancels.
    Halted,
}

/// Why a state was entered or left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// R6: too many orders of one side filled within the window.
    RepeatedFills {
        /// The side.
        side: Side,
        /// How many.
        count: i64,
    },
    /// R7: the loss of the UTC day.
    DailyLoss {
        /// The loss.
        loss: MicroUsd,
        /// The limit that it passed.
        limit: MicroUsd,
    },
    /// R7: equity below its floor.
    EquityFloor {
        /// The equity.
        equity: MicroUsd,
        /// The floor.
        floor: MicroUsd,
    },
    /// R7: the fall from the highest equity.
    Drawdown {
        /// The fall.
        fall: MicroUsd,
        /// The limit that it passed.
        limit: MicroUsd,
    },
    /// R6: too many fills within the window.
    ManyFills {
        /// How many.
        count: i64,
    },
    /// R6: too much was filled within the window.
    MuchFilled {
        /// Its value.
        value: MicroUsd,
        /// The limit that it reached.
        limit: MicroUsd,
    },
    /// R6: fills of the window were on one side.
    OneSided {
        /// Bought less sold.
        net: MicroUsd,
        /// The limit that it reached.
        limit: MicroUsd,
    },
    /// R14: the market may not be quoted.
    Market(Refusal),
    /// R14: the market may be quoted again.
    MarketSound,
    /// R6: the freeze is over.
    Thawed,
    /// R7: the pause after a drawdown is over.
    CooledDown,
    /// A new UTC day lifted the daily loss limit.
    NewDay,
    /// A person asked for it.
    Operator,
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::RepeatedFills { side, count } => {
                let side = if *side == Side::Bid { "bids" } else { "asks" };
                write!(f, "{count} {side} filled within the window")
            }
            Self::DailyLoss { loss, limit } => {
                write!(f, "lost {:.2} USD today, limit {:.2}", loss.usd(), limit.usd())
            }
            Self::EquityFloor { equity, floor } => {
                write!(f, "equity {:.2} USD is below the floor {:.2}", equity.usd(), floor.usd())
            }
            Self::Drawdown { fall, limit } => {
                write!(f, "fell {:.2} USD from the peak, limit {:.2}", fall.usd(), limit.usd())
            }
            Self::ManyFills { count } => write!(f, "{count} fills within the window"),
            Self::MuchFilled { value, limit } => {
                write!(f, "{:.2} USD filled in the window, limit {:.2}", value.usd(), limit.usd())
            }
            Self::OneSided { net, limit } => {
                let (net, limit) = (net.usd(), limit.usd());
                write!(f, "{net:.2} USD net filled in the window, limit {limit:.2}")
            }
            Self::Market(refusal) => refusal.fmt(f),
            Self::MarketSound => f.write_str("the market is sound again"),
            Self::Thawed => f.write_str("the freeze is over; quotes come back wider"),
            Self::CooledDown => f.write_str("the pause is over"),
            Self::NewDay => f.write_str("a new UTC day"),
            Self::Operator => f.write_str("an operator asked for it"),
        }
    }
}

/// One change of state, for the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// When.
    pub at: UnixNanos,
    /// Which symbol; `None` is the whole account.
    pub symbol: Option<SymbolIx>,
    /// The state from then on.
    pub state: RiskState,
    /// Why.
    pub cause: Cause,
}

/// One breaker: a state, and whether only a person may lift it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    state: RiskState,
    latched: bool,
}

impl Breaker {
    /// The state.
    #[must_use]
    pub const fn state(&self) -> RiskState {
        self.state
    }

    /// Whether only [`Self::rearm`] lifts it.
    #[must_use]
    pub const fn latched(&self) -> bool {
        self.latched
    }

    /// Go to a stricter state; returns whether anything changed.
    pub fn trip(&mut self, state: RiskState, latch: bool) -> bool {
        let changed = state > self.state || (latch && !self.latched);
        self.state = self.state.max(state);
        self.latched |= latch;
        changed
    }

    /// Return to Active unless latched; returns whether anything changed.
    pub fn relax(&mut self) -> bool {
        let changes = !self.latched && self.state != RiskState::Active;
        if changes {
            self.state = RiskState::Active;
        }
        changes
    }

    /// A person lifts it.
    pub fn rearm(&mut self) {
        *self = Self::default();
    }
}

/// The changes of state of a run: bounded, the count goes on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct ChangeLog {
    rows: Vec<Change>,
    /// How many of the rows speak of breakers, and of markets.
    kept: [usize; 2],
    total: u64,
}

/// More changes than this are counted but not kept, of breakers and of markets: the many of
/// markets do not crowd out the others.
const KEPT_MAX: [usize; 2] = [1_024, 256];

impl ChangeLog {
    pub(super) fn push(&mut self, change: Change) {
        self.total += 1;
        let kind = usize::from(matches!(change.cause, Cause::Market(_) | Cause::MarketSound));
        if self.kept[kind] < KEPT_MAX[kind] {
            self.kept[kind] += 1;
            self.rows.push(change);
        }
    }

    pub(super) fn rows(&self) -> &[Change] {
        &self.rows
    }

    pub(super) const fn total(&self) -> u64 {
        self.total
    }
}
