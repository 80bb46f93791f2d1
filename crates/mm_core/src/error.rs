//! Errors — the one error type of the crate.

use crate::units::Lots;
use crate::units::Px;
use crate::units::UnixNanos;
use std::fmt;

/// Everything that bad data, limits or misuse can make of a call into the core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CoreError {
    /// A product of price and size does not fit the cash unit.
    NotionalOverflow {
        /// The price, in price units.
        px: Px,
        /// The size, in lots.
        size: Lots,
    },
    /// A text that should be a plain decimal is not one, or has too many digits or decimals.
    BadDecimal {
        /// The text as received, cut to 64 characters.
        text: String,
        /// What was wrong with it.
        why: &'static str,
    },
    /// A payload lacks a field that a decision needs, or has it in a wrong form.
    BadPayload {
        /// Venue and channel, as `hyperliquid l2Book`.
        channel: &'static str,
        /// What was missing or wrong, with the value.
        why: String,
    },
    /// An argument is outside its domain.
    BadArgument {
        /// The argument's name.
        name: &'static str,
        /// What was wrong, with the value.
        why: String,
    },
    /// A file cannot be read, written, or is not what it claims to be.
    Tape {
        /// The path.
        path: String,
        /// What was wrong, with row and value where known.
        why: String,
    },
    /// The data asked for has a gap longer than the caller accepts.
    Gap {
        /// Whose data: venue and symbol.
        of: String,
        /// Gap start, Unix nanoseconds.
        from: i64,
        /// Gap end, Unix nanoseconds.
        to: i64,
        /// The longest gap accepted, in nanoseconds.
        limit: i64,
    },
    /// The instrument cannot be traded or replayed here (inverse contracts).
    Unsupported {
        /// What was asked for and why it is refused.
        why: String,
    },
    /// A file of model weights is not what it claims to be, or not for these features.
    Model {
        /// The file.
        file: String,
        /// What was wrong, with place and value.
        why: String,
    },
    /// A strategy that is not built in raised an error or wants quotes that cannot be.
    Strategy {
        /// Its step, Unix nanoseconds.
        ts: i64,
        /// What was wrong, with the value.
        why: String,
    },
    /// An order or fill event contradicts what is known.
    OrderState {
        /// The contradiction, with ids.
        why: String,
    },
}

impl fmt::Display for CoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotionalOverflow { px, size } => {
                write!(f, "price {} times size {} does not fit the cash unit", px.0, size.0)
            }
            Self::BadDecimal { text, why } => write!(f, "not a valid decimal: {text:?}: {why}"),
            Self::BadPayload { channel, why } => write!(f, "{channel}: {why}"),
            Self::BadArgument { name, why } => write!(f, "{name}: {why}"),
            Self::Tape { path: file, why } | Self::Model { file, why } => {
                write!(f, "{file}: {why}")
            }
            Self::Gap { of, from, to, limit } => write!(
                f,
                "{of}: gap of {:.1} s from {} to {} UTC is longer than the accepted {:.1} s",
                (to - from) as f64 * 1e-9,
                UnixNanos(*from),
                UnixNanos(*to),
                *limit as f64 * 1e-9
            ),
            Self::Strategy { ts, why } => {
                write!(f, "step {ts} ({} UTC): {why}", UnixNanos(*ts))
            }
            Self::Unsupported { why } | Self::OrderState { why } => f.write_str(why),
        }
    }
}

impl std::error::Error for CoreError {}
