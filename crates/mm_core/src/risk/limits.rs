//! Limits — the numbers of the gate, in integers, under ceilings compiled in.

use crate::error::CoreError;
use crate::risk::ProtectionRules;
use crate::units::DurationNanos;
use serde::Deserialize;
use serde::Serialize;

/// Shares are stored in millionths.
pub const PPM: i64 = 1_000_000;

/// Ceilings that configuration cannot pass; raising one needs a code change.
mod ceiling {
    use super::MicroUsd;

    pub(super) const ORDER_VALUE: MicroUsd = MicroUsd(25_000_000_000);
    pub(super) const POSITION: MicroUsd = MicroUsd(250_000_000_000);
    pub(super) const COLLAR_PPM: i64 = 50_000;
    /// Two sides of this many fill the order table of a maker.
    pub(super) const ORDERS_PER_SIDE: i64 = 32;
    pub(super) const ORDERS_IN_ALL: i64 = 1_000;
    pub(super) const ACTIONS: i64 = 10_000;
    pub(super) const GROSS_PPM: i64 = 5_000_000;
    pub(super) const DAILY_LOSS_PPM: i64 = 500_000;
    pub(super) const REPEAT_FILLS: i64 = 256;
}

/// Money of the account, in micro-dollars: the unit that instruments of all scales share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MicroUsd(pub i64);

impl MicroUsd {
    /// From dollars, rounded; not finite or too large saturates.
    #[must_use]
    pub fn from_usd(usd: f64) -> Self {
        Self(libm::rint(usd * PPM as f64) as i64)
    }

    /// As dollars, for reports only.
    #[must_use]
    pub fn usd(self) -> f64 {
        self.0 as f64 / PPM as f64
    }

    /// A share of this amount, toward zero.
    #[must_use]
    pub fn share(self, ppm: i64) -> Self {
        // Wide divisions are slow, and few amounts need them.
        if let Some(product) = self.0.checked_mul(ppm) {
            return Self(product / PPM);
        }
        let product = i128::from(self.0) * i128::from(ppm) / i128::from(PPM);
        Self(product.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64)
    }
}

/// Limits of one symbol. Sizes are already scaled with the capital.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SymbolLimits {
    /// R1: how far from the mid an order may be.
    pub collar_ppm: i64,
    /// R1: the same in spreads of the touch; the wider of the two counts.
    pub collar_spreads: i64,
    /// R1: how far from the mark price, where that is known.
    pub mark_ppm: i64,
    /// R1: how far from the oracle price, where that is known.
    pub oracle_ppm: i64,
    /// R1: how far through the touch an order may go that is not post-only.
    pub through_ppm: i64,
    /// R2: largest value of one order.
    pub order_value: MicroUsd,
    /// R3: largest share of what is displayed within 10 bp; 0 switches it off.
    pub displayed_ppm: i64,
    /// R3: a value that is always allowed, however thin the book.
    pub displayed_floor: MicroUsd,
    /// R5: largest worst-case position.
    pub position: MicroUsd,
    /// R6: this many orders filled on one side within the window halt the symbol.
    pub repeat_fills: i64,
    /// R6: the window.
    pub repeat_window: DurationNanos,
    /// R8: most orders of a side, in flight and unknown ones included.
    pub orders_per_side: i64,
    /// R8: an equal order within this time is a duplicate.
    pub duplicate_window: DurationNanos,
    /// R14: longest silence of book and touch.
    pub stale: DurationNanos,
    /// R14: a move of the mid within a second that pulls the quotes.
    pub jump_ppm: i64,
    /// R6: what freezes the symbol for a while.
    pub protection: ProtectionRules,
}

impl Default for SymbolLimits {
    /// For 1,000 dollars, orders of 150 and two levels.
    fn default() -> Self {
        Self {
            collar_ppm: 5_000,
            collar_spreads: 5,
            mark_ppm: 10_000,
            oracle_ppm: 50_000,
            through_ppm: 3_000,
            order_value: MicroUsd(300 * PPM),
            displayed_ppm: 250_000,
            displayed_floor: MicroUsd(200 * PPM),
            position: MicroUsd(500 * PPM),
            repeat_fills: 20,
            repeat_window: DurationNanos::from_millis(60_000),
            orders_per_side: 8,
            duplicate_window: DurationNanos::from_millis(100),
            stale: DurationNanos::from_millis(7_000),
            jump_ppm: 20_000,
            protection: ProtectionRules::default(),
        }
    }
}

impl SymbolLimits {
    /// Refuse numbers that are not positive or that pass a ceiling.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] naming the limit, its value and its ceiling.
    pub fn validate(&self) -> Result<(), CoreError> {
        within("collar_ppm", self.collar_ppm, 1, ceiling::COLLAR_PPM)?;
        within("collar_spreads", self.collar_spreads, 0, 100)?;
        within("mark_ppm", self.mark_ppm, 1, ceiling::COLLAR_PPM)?;
        within("oracle_ppm", self.oracle_ppm, 1, ceiling::COLLAR_PPM)?;
        within("through_ppm", self.through_ppm, 0, ceiling::COLLAR_PPM)?;
        within("order_value", self.order_value.0, 1, ceiling::ORDER_VALUE.0)?;
        within("displayed_ppm", self.displayed_ppm, 0, PPM)?;
        within("displayed_floor", self.displayed_floor.0, 0, ceiling::ORDER_VALUE.0)?;
        within("position", self.position.0, 1, ceiling::POSITION.0)?;
        within("repeat_fills", self.repeat_fills, 1, ceiling::REPEAT_FILLS)?;
        within("repeat_window", self.repeat_window.0, 1, i64::MAX)?;
        within("orders_per_side", self.orders_per_side, 1, ceiling::ORDERS_PER_SIDE)?;
        within("duplicate_window", self.duplicate_window.0, 0, i64::MAX)?;
        within("stale", self.stale.0, 1, i64::MAX)?;
        within("jump_ppm", self.jump_ppm, 1, PPM)?;
        let ProtectionRules { fills, value, net, window, freeze, widen_ppm, widen } =
            self.protection;
        within("mmp_fills", fills, 0, ceiling::REPEAT_FILLS)?;
        within("mmp_value", value.0, 0, i64::MAX)?;
        within("mmp_net", net.0, 0, i64::MAX)?;
        within("mmp_window", window.0, 1, i64::MAX)?;
        within("mmp_freeze", freeze.0, 1, i64::MAX)?;
        within("mmp_widen_ppm", widen_ppm, PPM, 100 * PPM)?;
        within("mmp_widen", widen.0, 0, i64::MAX)
    }
}

/// Limits that the symbols of one account share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountLimits {
    /// R4: batches of commands that may go out at once.
    pub actions_burst: i64,
    /// R4: batches a second after that.
    pub actions_per_s: i64,
    /// R4: the share of the burst kept back for cancels.
    pub cancel_reserve_ppm: i64,
    /// R7: largest worst-case value of all positions, as a share of equity.
    pub gross_ppm: i64,
    /// R7: loss of the UTC day, as a share of its first equity, after which only reducing is left.
    pub daily_reduce_ppm: i64,
    /// R7: loss of the UTC day after which everything stops until the next.
    pub daily_halt_ppm: i64,
    /// R7: fall from the highest equity, as a share of it, after which only reducing is left for
    /// a while.
    pub drawdown_reduce_ppm: i64,
    /// R7: fall after which everything stops until a person lifts it.
    pub drawdown_halt_ppm: i64,
    /// R7: how long the milder of the two lasts; then the fall is counted from where it ended.
    pub cooldown: DurationNanos,
    /// R7: equity below which everything stops for good.
    pub equity_floor: MicroUsd,
    /// R8: most orders of all symbols.
    pub orders_in_all: i64,
}

impl Default for AccountLimits {
    /// For 1,000 dollars.
    fn default() -> Self {
        Self {
            actions_burst: 20,
            actions_per_s: 20,
            cancel_reserve_ppm: 300_000,
            gross_ppm: 3 * PPM,
            daily_reduce_ppm: 25_000,
            daily_halt_ppm: 50_000,
            drawdown_reduce_ppm: 100_000,
            drawdown_halt_ppm: 200_000,
            cooldown: DurationNanos::from_millis(3_600_000),
            equity_floor: MicroUsd(500 * PPM),
            orders_in_all: 40,
        }
    }
}

impl AccountLimits {
    /// Refuse numbers that are not positive or that pass a ceiling.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] naming the limit, its value and its ceiling.
    pub fn validate(&self) -> Result<(), CoreError> {
        within("actions_burst", self.actions_burst, 2, ceiling::ACTIONS)?;
        within("actions_per_s", self.actions_per_s, 1, ceiling::ACTIONS)?;
        within("cancel_reserve_ppm", self.cancel_reserve_ppm, 0, PPM - 1)?;
        within("gross_ppm", self.gross_ppm, 1, ceiling::GROSS_PPM)?;
        within("daily_reduce_ppm", self.daily_reduce_ppm, 1, ceiling::DAILY_LOSS_PPM)?;
        within("daily_halt_ppm", self.daily_halt_ppm, self.daily_reduce_ppm, PPM)?;
        within("daily_halt_ppm", self.daily_halt_ppm, 1, ceiling::DAILY_LOSS_PPM)?;
        within("drawdown_reduce_ppm", self.drawdown_reduce_ppm, 1, PPM)?;
        within("drawdown_halt_ppm", self.drawdown_halt_ppm, self.drawdown_reduce_ppm, PPM)?;
        within("cooldown", self.cooldown.0, 1, i64::MAX)?;
        within("equity_floor", self.equity_floor.0, 0, i64::MAX)?;
        within("orders_in_all", self.orders_in_all, 1, ceiling::ORDERS_IN_ALL)
    }
}

fn within(name: &'static str, value: i64, low: i64, high: i64) -> Result<(), CoreError> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    let why =
        format!("risk limits must lie in {low}..={high} (the ceiling is compiled in): {value}");
    Err(CoreError::BadArgument { name, why })
}
