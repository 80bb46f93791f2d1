//! Fees — one definition for all venues: a positive rate is a cost.

use crate::units::Cash;
use crate::units::Venue;
use serde::Deserialize;
use serde::Serialize;

/// Rates are stored in units of 1e-9 of notional, so that 0.00015 is exact.
pub const RATE_SCALE: i64 = 1_000_000_000;

/// Whether a fill added or removed liquidity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Liquidity {
    /// Rested before it traded.
    Maker,
    /// Crossed the spread.
    Taker,
}

/// The maker and taker rates of an account, in 1e-9 of notional; positive is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// Hyperliquid's perpetual tiers: 14-day volume in dollars above which a tier holds, and its rates.
const TIERS: [(f64, FeeSchedule); 7] = [
    (0.0, FeeSchedule { maker: 150_000, taker: 450_000 }),
    (5e6, FeeSchedule { maker: 120_000, taker: 400_000 }),
    (25e6, FeeSchedule { maker: 80_000, taker: 350_000 }),
    (100e6, FeeSchedule { maker: 40_000, taker: 300_000 }),
    (500e6, FeeSchedule { maker: 0, taker: 280_000 }),
    (2e9, FeeSchedule { maker: 0, taker: 260_000 }),
    (7e9, FeeSchedule { maker: 0, taker: 240_000 }),
];

/// Share of the venue's maker volume above which a rebate is paid, and its rate.
const REBATES: [(f64, i64); 3] = [(0.005, -10_000), (0.015, -20_000), (0.03, -30_000)];

/// HYPE staked above which fees fall, and by how many percent.
const STAKES: [(f64, i64); 6] =
    [(10.0, 5), (100.0, 10), (1_000.0, 15), (10_000.0, 20), (100_000.0, 30), (500_000.0, 40)];

/// The last row whose threshold is strictly below a value.
fn above<T: Copy>(table: &[(f64, T)], value: f64) -> Option<T> {
    table.iter().rev().find(|(threshold, _)| value > *threshold).map(|(_, row)| *row)
}

impl FeeSchedule {
    /// Hyperliquid's schedule at a 14-day volume in dollars (perpetuals plus twice spot).
    ///
    /// Source: the venue's fee page; its `userFees` answer overrides this default.
    #[must_use]
    pub fn tier(volume_usd: f64) -> Self {
        above(&TIERS, volume_usd).unwrap_or(TIERS[0].1)
    }

    /// The maker rate at a volume, a stake and a share of the venue's maker volume: a rebate where
    /// the share earns one, else the tier's rate less the discount of the stake.
    #[must_use]
    pub fn maker_rate(volume_usd: f64, hype: f64, maker_share: f64) -> i64 {
        match above(&REBATES, maker_share) {
            Some(rebate) => rebate,
            None => Self::tier(volume_usd).maker * (100 - stake_discount(hype)) / 100,
        }
    }
}

/// Percent off positive fees for staking more than a tier's amount of HYPE.
#[must_use]
pub fn stake_discount(hype: f64) -> i64 {
    above(&STAKES, hype).unwrap_or(0)
}

/// One step of staking: what it costs and what it saves in a year, as fractions and dollars.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StakeStep {
    /// Fees paid in a year without the step.
    pub fees_usd: f64,
    /// Capital that earned them.
    pub capital_usd: f64,
    /// Return the staked money would have earned in the bot.
    pub bot_return: f64,
    /// Yield of the stake itself.
    pub stake_yield: f64,
    /// Value staked in this step.
    pub stake_usd: f64,
    /// Discount gained by this step.
    pub discount: f64,
}

/// Whether a step of staking pays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StakeOutcome {
    /// Fees saved.
    pub saved: f64,
    /// Return not earned on the stake.
    pub forgone: f64,
    /// Saved plus yield less forgone.
    pub net: f64,
    /// Capital from which the step pays.
    pub break_even_capital: f64,
    /// Return of the bot below which the step pays.
    pub break_even_return: f64,
}

impl StakeStep {
    /// Saving, cost and the two break-evens of the step.
    #[must_use]
    pub fn outcome(&self) -> StakeOutcome {
        let saved = self.fees_usd * self.discount;
        let forgone = self.stake_usd * self.bot_return;
        let excess = self.stake_usd * (self.bot_return - self.stake_yield);
        StakeOutcome {
            saved,
            forgone,
            net: saved + self.stake_usd * self.stake_yield - forgone,
            break_even_capital: excess / (self.fees_usd / self.capital_usd * self.discount),
            break_even_return: saved / self.stake_usd + self.stake_yield,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_strict() {
        assert_eq!(FeeSchedule::tier(5e6).maker, 150_000);
        assert_eq!(FeeSchedule::tier(5e6 + 1.0).maker, 120_000);
        assert_eq!((stake_discount(10.0), stake_discount(10.01)), (0, 5));
        assert_eq!(FeeSchedule::maker_rate(0.0, 150.0, 0.005), 135_000);
        assert_eq!(FeeSchedule::maker_rate(0.0, 150.0, 0.006), -10_000);
    }
}
