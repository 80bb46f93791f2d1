//! Ledger — where the money went: every change of a balance has its other leg here.

use serde::Deserialize;
use serde::Serialize;

/// Why a balance changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leg {
    /// Profit closed by a trade.
    Trading,
    /// Fees.
    Fees,
    /// Funding.
    Funding,
    /// Money from outside.
    Deposits,
    /// From one account to another.
    Transfers,
    /// Losses beyond an account's money, that the venue takes over.
    Backstop,
}

/// What the other side of each kind holds, in micro-dollars.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Ledger {
    pub(super) trading: i128,
    pub(super) fees: i128,
    pub(super) funding: i128,
    pub(super) deposits: i128,
    pub(super) transfers: i128,
    pub(super) backstop: i128,
}

impl Ledger {
    /// A balance changed by this much.
    pub(super) fn post(&mut self, leg: Leg, delta: i64) {
        let other = match leg {
            Leg::Trading => &mut self.trading,
            Leg::Fees => &mut self.fees,
            Leg::Funding => &mut self.funding,
            Leg::Deposits => &mut self.deposits,
            Leg::Transfers => &mut self.transfers,
            Leg::Backstop => &mut self.backstop,
        };
        *other -= i128::from(delta);
    }

    /// All other legs together: what all balances hold, with the sign turned.
    pub(super) fn sum(&self) -> i128 {
        self.trading + self.fees + self.funding + self.deposits + self.transfers + self.backstop
    }
}
