//! Refusals — why the venue does not do what it is asked; the words are those of the boundary.

use serde::Serialize;

/// Why an order, a cancel or a whole action is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Refusal {
    /// The price is off the grid.
    Tick,
    /// The order is worth too little.
    MinNotional,
    /// Not enough margin.
    Margin,
    /// Reduce-only on the wrong side, or nothing to reduce.
    ReduceOnly,
    /// Post-only and would have matched; the touch at that moment.
    WouldMatch {
        /// Best bid.
        bid: Option<i64>,
        /// Best ask.
        ask: Option<i64>,
    },
    /// An IOC found nothing.
    NoLiquidity,
    /// The size is zero.
    ZeroSize,
    /// The size is malformed or too large.
    BadSize,
    /// The price is malformed.
    BadPrice,
    /// More open orders than allowed.
    TooManyOrders,
    /// A trigger on the wrong side of the mark.
    TriggerPrice,
    /// A cancel of what is not there.
    NeverPlaced,
    /// Not offered here.
    Unsupported,
    /// The signer used this nonce before.
    DuplicateNonce {
        /// The nonce.
        nonce: u64,
    },
    /// Below all nonces that are remembered.
    NonceTooLow {
        /// The nonce.
        nonce: u64,
        /// The least that is remembered.
        min: u64,
    },
    /// Too far from the time of the block.
    NonceWindow {
        /// The nonce.
        nonce: u64,
    },
    /// Arrived after its own end.
    Expired,
    /// Nobody knows the signer.
    UnknownSigner {
        /// Its address.
        signer: String,
    },
    /// The account was never funded.
    MustDeposit {
        /// Its address.
        user: String,
    },
    /// The address has used up its requests.
    Budget {
        /// Requests used, this one included.
        used: i64,
        /// Requests allowed.
        cap: i64,
        /// Volume traded, in micro-dollars.
        volume: i64,
    },
    /// A price is too far from the reference; the whole batch is refused.
    FarPrice,
    /// The order to modify is not open.
    CannotModify,
    /// The order to modify is gone and the new one was refused.
    ModifyFailed {
        /// Why.
        inner: Box<Refusal>,
    },
    /// Not enough volume to schedule cancels; in dollars and micro-dollars.
    ScheduleVolume {
        /// Dollars required.
        required: i64,
        /// Micro-dollars traded.
        traded: i64,
    },
    /// The scheduled time is too near.
    ScheduleAhead,
    /// All scheduled cancels of the day have fired.
    ScheduleFires,
    /// Nothing in the batch.
    Empty,
    /// The kind of margin cannot change while a position is open.
    LeverageSwitch,
    /// A leverage that the coin does not allow.
    Leverage {
        /// The greatest allowed.
        max: u32,
    },
    /// The position is not isolated.
    NotIsolated,
    /// The address is no vault or sub-account of the signer.
    Vault {
        /// The address.
        address: String,
    },
    /// Not enough money to move.
    Funds,
    /// The agent's address is taken.
    AgentUsed,
    /// No more named agents.
    TooManyAgents {
        /// The number allowed.
        limit: usize,
    },
    /// The agent's validity is over before it begins.
    AgentExpired,
}

impl Refusal {
    /// The code and values as JSON.
    ///
    /// # Panics
    /// Never: the type has no map keys and no numbers that JSON lacks.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("invariant: refusals are plain")
    }
}
