//! Rules — what the venue holds against an account: nonces, budgets, scheduled cancels, agents.
//!
//! Each rule is a value of its own that knows no other; the exchange asks them in the venue's order.

mod agents;
mod budget;
mod nonces;
mod refusal;
mod schedule;

pub use agents::Agent;
pub use agents::Agents;
pub use budget::Budget;
pub use nonces::Nonces;
pub use refusal::Refusal;
pub use schedule::Schedule;

use crate::units::Cash;
use crate::units::DurationNanos;
use serde::Deserialize;
use serde::Serialize;

/// Micro-dollars of a dollar.
pub(crate) const USD: i64 = 1_000_000;

/// The venue's numbers; the defaults are Hyperliquid's.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Dollars an account must have traded before it may schedule cancels.
    pub schedule_cancel_volume_usd: i64,
    /// A scheduled cancel lies at least this far ahead.
    pub schedule_cancel_ahead_ns: i64,
    /// Scheduled cancels that may fire on a UTC day.
    pub schedule_cancel_fires: u32,
    /// Requests of an account that has traded nothing.
    pub budget_free: i64,
    /// Without budget one action passes this often.
    pub budget_slot_ns: i64,
    /// Open orders of an account that has traded nothing.
    pub open_orders_max: usize,
    /// Least value of an order, in micro-dollars.
    pub min_notional: i64,
    /// Prices further than this share from the reference are refused.
    pub price_band: f64,
    /// Nonces remembered of a signer.
    pub nonces_kept: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            schedule_cancel_volume_usd: 1_000_000,
            schedule_cancel_ahead_ns: 5_000_000_000,
            schedule_cancel_fires: 10,
            budget_free: 10_000,
            budget_slot_ns: 10_000_000_000,
            open_orders_max: 1_000,
            min_notional: 10 * USD,
            price_band: 0.8,
            nonces_kept: 100,
        }
    }
}

/// One more open order is allowed for each of these dollars traded.
const OPEN_ORDER_USD: i64 = 5_000_000;
const OPEN_ORDERS_CAP: usize = 5_000;

impl Rules {
    /// Open orders allowed at a traded volume.
    #[must_use]
    pub fn open_orders(&self, volume: Cash) -> usize {
        let earned = usize::try_from(volume.0 / USD / OPEN_ORDER_USD).unwrap_or(0);
        (self.open_orders_max + earned).min(OPEN_ORDERS_CAP.max(self.open_orders_max))
    }

    /// How far ahead a scheduled cancel lies at least.
    #[must_use]
    pub const fn schedule_ahead(&self) -> DurationNanos {
        DurationNanos(self.schedule_cancel_ahead_ns)
    }
}
