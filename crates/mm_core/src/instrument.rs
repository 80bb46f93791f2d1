//! Instruments — scales, price and size grids, exact notional, and the only way from `f64` to `Px`.

use crate::error::CoreError;
use crate::units::Cash;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
pub use crate::units::Venue;
use serde::Deserialize;
use serde::Serialize;

/// How a venue decides which prices are valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PriceRule {
    /// Integers, or at most five significant figures within the scale (Hyperliquid).
    FiveFigures,
    /// Multiples of a fixed step, in price units.
    Fixed(i64),
}

/// Which way a price between two valid ones goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// To the valid price below.
    Down,
    /// To the valid price above.
    Up,
    /// To the nearest, ties to the even multiple of the step.
    Nearest,
}

/// Scales and grids of one instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstrumentSpec {
    /// Whose rules apply.
    pub venue: Venue,
    /// Price units are `10^-px_decimals`.
    pub px_decimals: u32,
    /// Lots are `10^-size_decimals`.
    pub size_decimals: u32,
    /// Cash units are `10^-cash_decimals`, at least micro-dollars.
    pub cash_decimals: u32,
    /// Valid prices.
    pub rule: PriceRule,
    /// Sizes are multiples of this many lots.
    pub lot_step: Lots,
    /// Smallest order value.
    pub min_notional: Cash,
    /// Settled in the base coin (COIN-M): may be imported, not traded or replayed.
    pub inverse: bool,
    cash_per_unit: i64,
}

/// Powers of ten: looked up, because every conversion of a price needs one.
const POW10: [i64; 19] = {
    let mut table = [1; 19];
    let mut exp = 1;
    while exp < table.len() {
        table[exp] = table[exp - 1] * 10;
        exp += 1;
    }
    table
};

/// 10 to a power of at most 18.
#[must_use]
pub const fn pow10(exp: u32) -> i64 {
    POW10[exp as usize]
}

impl InstrumentSpec {
    /// A Hyperliquid perpetual: `D = max(0, 6 - szDecimals)`, five figures, 10 USDC minimum.
    #[must_use]
    pub fn hyperliquid(size_decimals: u32) -> Self {
        let px_decimals = 6_u32.saturating_sub(size_decimals);
        let mut spec = Self::fixed(Venue::Hyperliquid, px_decimals, size_decimals, 1);
        spec.rule = PriceRule::FiveFigures;
        spec.min_notional = Cash(10 * pow10(spec.cash_decimals));
        spec
    }

    /// An instrument with a fixed price step, in price units.
    #[must_use]
    pub fn fixed(venue: Venue, px_decimals: u32, size_decimals: u32, step: i64) -> Self {
        let product = px_decimals + size_decimals;
        let cash_decimals = product.max(6);
        Self {
            venue,
            px_decimals,
            size_decimals,
            cash_decimals,
            rule: PriceRule::Fixed(step.max(1)),
            lot_step: Lots(1),
            min_notional: Cash(0),
            inverse: false,
            cash_per_unit: pow10(cash_decimals - product),
        }
    }

    /// Exact notional in the instrument's cash unit.
    ///
    /// # Errors
    /// [`CoreError::NotionalOverflow`] when the product does not fit.
    pub fn notional(&self, px: Px, size: Lots) -> Result<Cash, CoreError> {
        let product = i128::from(px.0) * i128::from(size.0) * i128::from(self.cash_per_unit);
        i64::try_from(product).map(Cash).map_err(|_| CoreError::NotionalOverflow { px, size })
    }

    /// Cash units per price unit and lot: the factor of [`Self::notional`].
    #[must_use]
    pub const fn cash_per_unit(&self) -> i64 {
        self.cash_per_unit
    }

    /// The price step in force at a positive price, in price units.
    #[must_use]
    pub fn step(&self, px: Px) -> i64 {
        match self.rule {
            PriceRule::Fixed(step) => step,
            PriceRule::FiveFigures => {
                let extra = digits(px.0).saturating_sub(5);
                pow10(extra.min(self.px_decimals))
            }
        }
    }

    /// Whether a price is on the venue's grid.
    #[must_use]
    pub fn is_valid(&self, px: Px) -> bool {
        px.0 > 0 && rest(px.0, self.step(px)) == 0
    }

    /// The greatest valid price not above `px`; `None` if there is none.
    #[must_use]
    pub fn floor(&self, px: Px) -> Option<Px> {
        (px.0 > 0).then(|| px.0 - rest(px.0, self.step(px))).filter(|&v| v > 0).map(Px)
    }

    /// The least valid price not below a positive `px`.
    #[must_use]
    pub fn ceil(&self, px: Px) -> Px {
        let px = px.0.max(1);
        let step = self.step(Px(px));
        Px(px + (step - px % step) % step)
    }

    /// The valid price nearest to `px`, ties to the even multiple; `None` if it rounds to nothing.
    #[must_use]
    pub fn nearest(&self, px: Px) -> Option<Px> {
        self.round_fine(i128::from(px.0), 0, Rounding::Nearest)
    }

    /// A price with `extra` more decimals than the scale holds, rounded once; `None` where nothing
    /// is left. Rounding to the scale first would round twice.
    #[must_use]
    pub fn round_fine(&self, value: i128, extra: u32, to: Rounding) -> Option<Px> {
        if value <= 0 {
            return None;
        }
        let unit = i128::from(pow10(extra));
        let step = self.step(Px(i64::try_from(value / unit).ok()?));
        let (count, rest) = (value / (unit * i128::from(step)), value % (unit * i128::from(step)));
        let half = (rest * 2).cmp(&(unit * i128::from(step)));
        let up = match to {
            Rounding::Down => false,
            Rounding::Up => rest > 0,
            Rounding::Nearest => half.is_gt() || (half.is_eq() && count % 2 == 1),
        };
        let units = i64::try_from((count + i128::from(up)) * i128::from(step)).ok()?;
        (units > 0).then_some(Px(units))
    }

    /// A size with `extra` more decimals than the scale holds, floored to the lot step; its sign
    /// is dropped.
    #[must_use]
    pub fn floor_fine(&self, value: i128, extra: u32) -> Option<Lots> {
        let lots = i64::try_from(value.abs() / i128::from(pow10(extra))).ok()?;
        Some(Lots(lots - lots % self.lot_step.0))
    }

    /// The next valid price above `px`.
    #[must_use]
    pub fn next_valid(&self, px: Px) -> Px {
        match self.floor(px) {
            Some(base) => Px(base.0 + self.step(base)),
            None => Px(match self.rule {
                PriceRule::Fixed(step) => step,
                PriceRule::FiveFigures => 1,
            }),
        }
    }

    /// The next valid price below `px`; `None` at the bottom of the grid.
    #[must_use]
    pub fn prev_valid(&self, px: Px) -> Option<Px> {
        let base = self.floor(px)?;
        if base != px {
            return Some(base);
        }
        // At a power of ten the step of the decade below applies, as it does to `base - 1`.
        self.floor(Px(base.0 - 1))
    }

    /// A model price to a bid: rounded down on the grid; `None` if nothing is left or not finite.
    #[must_use]
    pub fn bid(&self, price: f64) -> Option<Px> {
        let y = self.scaled(price)?;
        let step = self.step_at(y)?;
        let units = floor(y / step as f64 + GUARD) * step;
        (units > 0).then_some(Px(units))
    }

    /// A model price to an ask: rounded up on the grid; `None` if not finite or not positive.
    #[must_use]
    pub fn ask(&self, price: f64) -> Option<Px> {
        let y = self.scaled(price)?;
        let step = self.step_at(y)?;
        let units = -floor(GUARD - y / step as f64) * step;
        (units > 0).then_some(Px(units))
    }

    /// Round away from the spread on the given side.
    #[must_use]
    pub fn quote(&self, side: Side, price: f64) -> Option<Px> {
        match side {
            Side::Bid => self.bid(price),
            Side::Ask => self.ask(price),
        }
    }

    /// The price as a double, for model code only.
    #[must_use]
    pub fn price(&self, px: Px) -> f64 {
        px.0 as f64 / pow10(self.px_decimals) as f64
    }

    /// The size as a double, for model code only.
    #[must_use]
    pub fn size(&self, lots: Lots) -> f64 {
        lots.0 as f64 / pow10(self.size_decimals) as f64
    }

    /// Cash as dollars, for model code and reports only.
    #[must_use]
    pub fn usd(&self, cash: Cash) -> f64 {
        cash.0 as f64 / pow10(self.cash_decimals) as f64
    }

    /// Dollars to cash, toward zero; `None` when not finite or too large.
    #[must_use]
    pub fn cash(&self, usd: f64) -> Option<Cash> {
        let units = usd * pow10(self.cash_decimals) as f64;
        (units.is_finite() && units.abs() < 9e18).then_some(Cash(units as i64))
    }

    /// A dollar amount at a price to lots, floored to the lot step; zero if not positive.
    #[must_use]
    pub fn lots_for(&self, usd: f64, px: Px) -> Lots {
        let raw = usd / self.price(px) * pow10(self.size_decimals) as f64;
        if !(raw > 0.0 && raw < 9e18) {
            return Lots(0);
        }
        let lots = floor(raw + GUARD);
        Lots(lots - lots % self.lot_step.0)
    }

    fn scaled(&self, price: f64) -> Option<f64> {
        let y = price * pow10(self.px_decimals) as f64;
        (y.is_finite() && y > 0.0 && y < 9e17).then_some(y)
    }

    /// The step of the decade that the value itself lies in.
    fn step_at(&self, y: f64) -> Option<i64> {
        let units = floor(y + GUARD);
        Some(self.step(Px(units.max(1))))
    }
}

/// Values within this fraction of a step of a grid price count as that price.
const GUARD: f64 = 1e-9;

/// Number of decimal digits of a positive integer.
fn digits(value: i64) -> u32 {
    value.max(1).ilog10() + 1
}

/// The greatest integer not above a value; the ends of `i64` beyond them.
#[inline]
fn floor(value: f64) -> i64 {
    let toward_zero = value as i64;
    toward_zero.saturating_sub(i64::from(toward_zero as f64 > value))
}

/// The remainder of a positive price; the steps that venues use divide by multiplication.
#[inline]
const fn rest(px: i64, step: i64) -> i64 {
    match step {
        1 => 0,
        10 => px % 10,
        100 => px % 100,
        1_000 => px % 1_000,
        _ => px % step,
    }
}
