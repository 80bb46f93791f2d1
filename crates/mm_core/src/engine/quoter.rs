//! Quoter — the seam for a quoting rule that is not built in: what it sees, and what it may want.

use super::market::Market;
use super::market::TouchQty;
use crate::account::Account;
use crate::error::CoreError;
use crate::event::Fill;
use crate::order::OrderManager;
use crate::quote::Ladder;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use crate::units::UnixNanos;
use std::fmt::Debug;

/// A trade of the market, as it was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Print {
    /// When it reached us.
    pub ts: UnixNanos,
    /// Who took.
    pub aggressor: Side,
    /// Its price.
    pub px: Px,
    /// Its size.
    pub size: Lots,
}

/// What a quoter is shown at a step: what the maker heard by then, and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The step, on our clock.
    pub now: UnixNanos,
    /// Book and context, as delivered by now; its book is trusted.
    pub market: &'a Market,
    /// The best prices, and what rests there.
    pub touch: TouchQty,
    /// The maker's ledger.
    pub account: &'a Account,
    /// The maker's orders, as it knows them.
    pub orders: &'a OrderManager,
    /// Own fills since the quoter was last asked, by when they were heard.
    pub fills: &'a [(UnixNanos, Fill)],
    /// Trades of the market since then.
    pub prints: &'a [Print],
    /// Sides that the gate allows, bids and asks; the others are not quoted whatever is wanted.
    pub sides: [bool; 2],
    /// How much wider than usual the gate asks quotes to be; 1 where it asks nothing.
    pub caution: f64,
}

/// A rule that says which quotes are wanted. Orders, gate and ledger stay the maker's.
pub trait Quoter: Debug + Send {
    /// The quotes that are wanted from now on.
    ///
    /// # Errors
    /// [`CoreError::Strategy`] where the rule fails, or wants what cannot be.
    fn quote(&mut self, seen: &Seen<'_>) -> Result<Ladder, CoreError>;
}
