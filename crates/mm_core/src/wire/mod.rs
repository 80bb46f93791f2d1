//! Wire — venue payloads to messages, strict: what a decision needs is there, exact, or an error.
//!
//! Each venue's decoder first reads a frame into borrowed texts, then scales the decimals to
//! integers. The same first step lets importers find out the scales of a recording.

mod binance;
mod bybit;
mod decimal;
mod hyperliquid;
mod raw;

pub use decimal::decimals_of;
pub use decimal::exact_float;
pub use decimal::parse_decimal;
pub use decimal::parse_float_text;
pub use hyperliquid::OrderUpdate;
pub use hyperliquid::UserFill;
pub(crate) use raw::nests_too_deep;
pub use raw::Scales;

use crate::error::CoreError;
use crate::event::FeedMessage;
use crate::instrument::Venue;
use std::collections::BTreeMap;

/// What a frame says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded<'a> {
    /// Market data of one symbol.
    Feed {
        /// The venue's name of the symbol; empty where the payload has none (REST snapshots).
        symbol: &'a str,
        /// The venue's name of the channel, so that importers can take one of two that overlap.
        channel: &'static str,
        /// The message.
        message: FeedMessage,
    },
    /// What became of our orders, oldest first; orders of symbols without scales are left out.
    Orders(Vec<OrderUpdate<'a>>),
    /// Our executions; those of symbols without scales are left out.
    Fills {
        /// History sent on subscribe rather than news.
        snapshot: bool,
        /// The executions.
        fills: Vec<UserFill<'a>>,
    },
    /// The connection's own business.
    Control(Control),
    /// A known payload that is not for us: another channel, or a symbol without scales.
    Ignored,
}

/// The connection's own business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// Answer to our ping.
    Pong,
    /// A subscription was made or ended.
    Subscribed,
    /// The venue refused a request, with its words.
    Refused(String),
}

/// Scales of a symbol, by the venue's name; `None` for symbols that are not wanted.
pub type ScalesOf<'f> = dyn Fn(&str) -> Option<Scales> + 'f;

/// Decode one frame as it came over the wire.
///
/// # Errors
/// [`CoreError::BadPayload`] names the channel, what was wrong and the value.
pub fn decode<'a>(
    venue: Venue,
    frame: &'a [u8],
    scales: &ScalesOf,
) -> Result<Decoded<'a>, CoreError> {
    match venue {
        Venue::Hyperliquid => hyperliquid::decode(frame, scales),
        Venue::Binance => raw::scaled(binance::read(frame)?, scales),
        Venue::Bybit => raw::scaled(bybit::read(frame)?, scales),
        Venue::Other => Err(CoreError::Unsupported {
            why: "no decoder for frames of this venue; import its recordings as tables".to_owned(),
        }),
    }
}

/// Widen the scales in `seen` to what a frame's prices and sizes need.
///
/// # Errors
/// As [`decode`].
pub fn scan_scales(
    venue: Venue,
    frame: &[u8],
    seen: &mut BTreeMap<String, Scales>,
) -> Result<(), CoreError> {
    let said = match venue {
        Venue::Hyperliquid => hyperliquid::read(frame)?,
        Venue::Binance => binance::read(frame)?,
        Venue::Bybit => bybit::read(frame)?,
        Venue::Other => return decode(venue, frame, &|_| None).map(|_| ()),
    };
    raw::widen(&said, seen)
}
