//! Breakers — Active, Reducing or Halted, why and since when.

use crate::risk::limits::MicroUsd;
use crate::units::Side;
use crate::units::SymbolIx;
use crate::units::UnixNanos;

/// What may still be done, mildest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
            Self::NewDay => f.write_str("a new UTC day"),
            Self::Operator => f.write_str("an operator asked for it"),
        }
    }
}

/// One change of state, for the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
#[derive(Clone, Debug)]
pub(super) struct ChangeLog {
    rows: Vec<Change>,
    total: u64,
}

/// More changes than this are counted but not kept.
const CHANGES_MAX: usize = 1_024;

impl ChangeLog {
    pub(super) fn new() -> Self {
        Self { rows: Vec::new(), total: 0 }
    }

    pub(super) fn push(&mut self, change: Change) {
        self.total += 1;
        if self.rows.len() < CHANGES_MAX {
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
