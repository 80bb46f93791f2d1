//! Units — prices, sizes, money and time as integers that cannot be mixed up.

use serde::Deserialize;
use serde::Serialize;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

macro_rules! integer_unit {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[repr(transparent)]
        pub struct $name(pub i64);

        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }
        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }
        impl Neg for $name {
            type Output = Self;
            fn neg(self) -> Self {
                Self(-self.0)
            }
        }
        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                self.0 += other.0;
            }
        }
        impl SubAssign for $name {
            fn sub_assign(&mut self, other: Self) {
                self.0 -= other.0;
            }
        }
        impl std::iter::Sum for $name {
            fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
                iter.fold(Self(0), |a, b| a + b)
            }
        }
    };
}

integer_unit!(
    /// A price in units of `10^-px_decimals` quote currency.
    Px
);
integer_unit!(
    /// A size in units of `10^-size_decimals` base currency; signed where it is a position.
    Lots
);
integer_unit!(
    /// Money in the instrument's cash unit (micro-dollars on Hyperliquid perpetuals).
    Cash
);
integer_unit!(
    /// Nanoseconds since the Unix epoch, UTC.
    UnixNanos
);
integer_unit!(
    /// A length of time in nanoseconds.
    DurationNanos
);

impl UnixNanos {
    /// This time moved by a duration.
    #[must_use]
    pub fn after(self, wait: DurationNanos) -> Self {
        Self(self.0.saturating_add(wait.0))
    }

    /// How long after `earlier` this time is; negative if before.
    #[must_use]
    pub fn since(self, earlier: Self) -> DurationNanos {
        DurationNanos(self.0.saturating_sub(earlier.0))
    }
}

impl std::fmt::Display for UnixNanos {
    /// Date and time of day in UTC, to the second.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.0.div_euclid(1_000_000_000);
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        // Years begin in March, so that the leap day is their last; eras are 400 of them.
        let shifted = days + 719_468;
        let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * march_month + 2) / 5 + 1;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let (hour, minute) = (second / 3_600, second / 60 % 60);
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{:02}", second % 60)
    }
}

impl DurationNanos {
    /// A duration from whole milliseconds.
    #[must_use]
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms * 1_000_000)
    }

    /// This duration as seconds, for model code only.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 * 1e-9
    }
}

/// The side of a resting order or level, or the aggressor's side of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Side {
    /// Buying.
    Bid,
    /// Selling.
    Ask,
}

impl Side {
    /// Both sides, bids first.
    pub const BOTH: [Self; 2] = [Self::Bid, Self::Ask];

    /// +1 for bids (buys), -1 for asks (sells).
    #[must_use]
    pub const fn sign(self) -> i64 {
        match self {
            Self::Bid => 1,
            Self::Ask => -1,
        }
    }

    /// 0 for bids, 1 for asks: an index into per-side pairs.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Bid => 0,
            Self::Ask => 1,
        }
    }

    /// The other side.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Bid => Self::Ask,
            Self::Ask => Self::Bid,
        }
    }

    /// The side written as +1 or -1 in columns; `None` for anything else.
    #[must_use]
    pub const fn from_sign(sign: i8) -> Option<Self> {
        match sign {
            1 => Some(Self::Bid),
            -1 => Some(Self::Ask),
            _ => None,
        }
    }

    /// Whether price `a` is strictly better for this side than `b` (higher bid, lower ask).
    #[must_use]
    pub const fn better(self, a: Px, b: Px) -> bool {
        match self {
            Self::Bid => a.0 > b.0,
            Self::Ask => a.0 < b.0,
        }
    }
}

/// Client order id: 128 bits, unique over the life of the account.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Cloid(pub u128);

/// The venue's order id.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct VenueOrderId(pub u64);

/// The venue's trade id.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct TradeId(pub u64);

/// Which symbol of the account: an index into the run's instrument list.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct SymbolIx(pub u16);

/// The venues whose rules are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Venue {
    /// Hyperliquid perpetuals.
    Hyperliquid,
    /// Binance USD-M (and, for import only, COIN-M).
    Binance,
    /// Bybit v5 linear.
    Bybit,
    /// Anything else: recordings of other venues and synthetic markets.
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_people_write_them() {
        let text = |seconds: i64| UnixNanos(seconds * 1_000_000_000).to_string();
        assert_eq!(text(0), "1970-01-01 00:00:00");
        assert_eq!(text(951_782_399), "2000-02-28 23:59:59");
        assert_eq!(text(951_868_800), "2000-03-01 00:00:00");
        assert_eq!(text(1_709_164_800), "2024-02-29 00:00:00");
        assert_eq!(text(1_765_401_334), "2025-12-10 21:15:34");
        assert_eq!(text(4_107_542_399), "2100-02-28 23:59:59");
        assert_eq!(text(4_107_542_400), "2100-03-01 00:00:00");
        assert_eq!(UnixNanos(-1).to_string(), "1969-12-31 23:59:59");
    }
}
