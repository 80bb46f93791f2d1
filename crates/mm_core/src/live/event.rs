//! Events — what reaches the desk beside frames, as a journal holds it.

use crate::event::OrderAnswer;
use crate::units::Cloid;
use serde::de::Error;
use serde::Deserialize;
use serde::Deserializer;
use serde_json::Value;
use std::collections::BTreeMap;

/// What reaches the desk beside frames.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum DeskEvent {
    /// What is proven of one of our orders.
    Answer {
        /// Which symbol.
        symbol: u16,
        /// Which order, as `0x` and 32 hex digits.
        #[serde(deserialize_with = "cloid")]
        cloid: Cloid,
        /// What it says.
        answer: OrderAnswer,
    },
    /// A funding payment in micro-dollars; positive is received.
    Funding {
        /// Which symbol.
        symbol: u16,
        /// The amount.
        received: i64,
    },
    /// Where the venue says that a symbol's position stands.
    Baseline {
        /// Which symbol.
        symbol: u16,
        /// Signed lots.
        position: i64,
        /// Venue time in ns; fills before it are part of the position.
        since: i64,
        /// Trades that are part of it, too.
        trades: Vec<u64>,
    },
    /// The venue says the position that we have: no order that was over before waits for a fill.
    Agreed {
        /// Which symbol.
        symbol: u16,
        /// Venue time in ns.
        since: i64,
    },
    /// Quotes may stand, or not; of one symbol or of all.
    Hold {
        /// `None` is every symbol.
        symbol: Option<u16>,
        /// Who holds: each holds for itself.
        by: String,
        /// Whether it holds.
        on: bool,
    },
    /// Everything stops for good, or a person lifts that.
    Halt {
        /// `None` is the whole account.
        symbol: Option<u16>,
        /// Whether it stops.
        on: bool,
    },
    /// Nothing is wanted but to close positions, or that is over.
    Flatten {
        /// Whether it is wanted.
        on: bool,
    },
    /// Actions are scarce: an order that is too far from the touch stays until it is this old.
    Patience {
        /// Nanoseconds; 0 replaces at once.
        ns: i64,
    },
    /// Sizes of a symbol are a multiple of the configured ones: its share of the capital.
    Scale {
        /// Which symbol.
        symbol: u16,
        /// The multiple; 0 only closes the position.
        scale: f64,
    },
    /// Other parameters of a symbol, those that may change while running.
    Params {
        /// Which symbol.
        symbol: u16,
        /// Values by name.
        params: BTreeMap<String, Value>,
    },
}

fn cloid<'de, D: Deserializer<'de>>(from: D) -> Result<Cloid, D::Error> {
    let text = String::deserialize(from)?;
    let digits = text.strip_prefix("0x").filter(|digits| digits.len() == 32);
    let number = digits.and_then(|digits| u128::from_str_radix(digits, 16).ok());
    number.map(Cloid).ok_or_else(|| D::Error::custom(format!("{text:?} is no cloid")))
}
