//! Commands — what the bot may ask of a venue.

use crate::units::Cloid;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use crate::units::SymbolIx;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

/// Time in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Tif {
    /// Add liquidity only; refused if any part would match.
    #[default]
    PostOnly,
    /// Rest what does not match.
    Gtc,
    /// Drop what does not match.
    Ioc,
}

/// A wish for a new order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Which symbol.
    pub symbol: SymbolIx,
    /// The client order id.
    pub cloid: Cloid,
    /// Buy or sell.
    pub side: Side,
    /// Limit price.
    pub px: Px,
    /// Size, positive.
    pub size: Lots,
    /// Time in force.
    pub tif: Tif,
    /// Whether it may only reduce the position.
    pub reduce_only: bool,
}

/// What the bot may ask of a venue; batches are lists of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// A new order.
    Place(Place),
    /// Withdraw one order.
    Cancel {
        /// Which symbol.
        symbol: SymbolIx,
        /// Which order.
        cloid: Cloid,
    },
    /// Withdraw every order, of one symbol or of all.
    CancelAll {
        /// `None` means every symbol.
        symbol: Option<SymbolIx>,
    },
    /// Ask the venue to withdraw everything at a time; `None` clears it.
    ScheduleCancel {
        /// When.
        at: Option<UnixNanos>,
    },
}
