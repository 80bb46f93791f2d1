//! Fees — one definition for all venues: a positive rate is a cost.

use crate::units::Cash;
use crate::units::Venue;

/// Rates are stored in units of 1e-9 of notional, so that 0.00015 is exact.
pub const RATE_SCALE: i64 = 1_000_000_000;

/// Whether a fill added or removed liquidity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liquidity {
    /// Rested before it traded.
    Maker,
    /// Crossed the spread.
    Taker,
}

/// The maker and taker rates of an account, in 1e-9 of notional; positive is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeeSchedule {
    /// Rate of fills that added liquidity.
    pub maker: i64,
    /// Rate of fills that removed liquidity.
    pub taker: i64,
}

impl FeeSchedule {
    /// The base tier of a venue.
    #[must_use]
    pub const fn base(venue: Venue) -> Self {
        match venue {
            Venue::Hyperliquid | Venue::Other => Self { maker: 150_000, taker: 450_000 },
            Venue::Binance => Self { maker: 200_000, taker: 500_000 },
            Venue::Bybit => Self { maker: 200_000, taker: 550_000 },
        }
    }

    /// A schedule from fractions of notional, rounded to 1e-9.
    #[must_use]
    pub fn from_fractions(maker: f64, taker: f64) -> Self {
        let scale = RATE_SCALE as f64;
        Self { maker: libm::rint(maker * scale) as i64, taker: libm::rint(taker * scale) as i64 }
    }

    /// The fee of a fill, truncated toward zero at the cash unit; positive is paid.
    ///
    /// Source: Hyperliquid books fees truncated toward zero at the sixth decimal.
    #[must_use]
    pub fn fee(&self, notional: Cash, liquidity: Liquidity) -> Cash {
        let rate = match liquidity {
            Liquidity::Maker => self.maker,
            Liquidity::Taker => self.taker,
        };
        let product = i128::from(notional.0.abs()) * i128::from(rate);
        Cash((product / i128::from(RATE_SCALE)) as i64)
    }
}
