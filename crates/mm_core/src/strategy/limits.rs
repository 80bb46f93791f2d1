//! From the parameter table to fees, order rules and the limits of the gate.

use crate::error::CoreError;
use crate::fees::FeeSchedule;
use crate::order::RequoteRules;
use crate::risk::AccountLimits;
use crate::risk::MicroUsd;
use crate::risk::ProtectionRules;
use crate::risk::SymbolLimits;
use crate::risk::PPM;
use crate::strategy::Params;
use crate::strategy::SkewDecay;
use crate::strategy::UrgencyRules;
use crate::units::DurationNanos;

/// The quoting function values the position at the fair price and the gate at the mid: what is
/// exactly at the limit for one must pass the other.
const VALUATION_SLACK: f64 = 1.005;

impl Params {
    /// The fee schedule.
    #[must_use]
    pub fn fees(&self) -> FeeSchedule {
        FeeSchedule::from_fractions(self.maker_fee, self.taker_fee)
    }

    /// The longest silence that is quoted through.
    #[must_use]
    pub fn stale(&self) -> DurationNanos {
        millis(self.stale_ms)
    }

    /// How the skew factor grows with the age of the inventory.
    #[must_use]
    pub fn skew_decay(&self) -> SkewDecay {
        SkewDecay { kappa: self.age_kappa, half_life_s: self.age_half_life_s }
    }

    /// How long an inventory may be large.
    #[must_use]
    pub fn urgency_rules(&self) -> UrgencyRules {
        let take = self.age_taker_exit.then(|| millis(self.age_taker_s * 1e3));
        UrgencyRules { touch: millis(self.age_touch_s * 1e3), take }
    }

    /// When an order is worth replacing.
    #[must_use]
    pub fn requote_rules(&self) -> RequoteRules {
        RequoteRules {
            steps_inner: self.requote_steps,
            steps_outer: self.requote_steps_outer,
            size_ppm: ppm(self.requote_size_frac),
            answer_timeout: millis(self.answer_timeout_ms),
            unknown_retry: millis(self.unknown_retry_ms),
            ..RequoteRules::default()
        }
    }

    /// The symbol's limits at this capital.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] when one passes a ceiling that is compiled in.
    pub fn symbol_limits(&self) -> Result<SymbolLimits, CoreError> {
        let limits = SymbolLimits {
            collar_ppm: ppm(self.collar_frac),
            collar_spreads: self.collar_spreads,
            mark_ppm: ppm(self.mark_frac),
            oracle_ppm: ppm(self.oracle_frac),
            through_ppm: ppm(self.through_frac),
            order_value: MicroUsd::from_usd(self.order_value_factor * self.order_usd()),
            displayed_ppm: ppm(self.displayed_frac),
            displayed_floor: MicroUsd::from_usd(self.displayed_floor_usd),
            position: MicroUsd::from_usd(self.position_usd() * VALUATION_SLACK),
            repeat_fills: self.repeat_fills,
            repeat_window: millis(self.repeat_window_s * 1e3),
            orders_per_side: (self.orders_per_level * self.num_levels).min(32),
            duplicate_window: millis(self.duplicate_ms),
            stale: self.stale(),
            jump_ppm: ppm(self.jump_frac),
            protection: self.protection(),
        };
        limits.validate()?;
        Ok(limits)
    }

    /// What freezes the symbol at this capital.
    fn protection(&self) -> ProtectionRules {
        let orders = |n: f64| MicroUsd::from_usd(n * self.order_usd());
        ProtectionRules {
            fills: self.mmp_fills,
            value: orders(self.mmp_value_orders),
            net: orders(self.mmp_net_orders),
            window: millis(self.mmp_window_s * 1e3),
            freeze: millis(self.mmp_freeze_s * 1e3),
            widen_ppm: ppm(self.mmp_widen),
            widen: millis(self.mmp_widen_s * 1e3),
        }
    }

    /// The account's limits at this capital.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] when one passes a ceiling that is compiled in.
    pub fn account_limits(&self) -> Result<AccountLimits, CoreError> {
        let limits = AccountLimits {
            actions_burst: self.actions_burst,
            actions_per_s: self.actions_per_s,
            cancel_reserve_ppm: ppm(self.cancel_reserve_frac),
            gross_ppm: ppm(self.gross_frac),
            daily_reduce_ppm: ppm(self.daily_reduce_frac),
            daily_halt_ppm: ppm(self.daily_halt_frac),
            drawdown_reduce_ppm: ppm(self.drawdown_reduce_frac),
            drawdown_halt_ppm: ppm(self.drawdown_halt_frac),
            cooldown: millis(self.cooldown_s * 1e3),
            equity_floor: MicroUsd::from_usd(self.equity_floor_frac * self.capital_usd),
            orders_in_all: self.orders_in_all,
        };
        limits.validate()?;
        Ok(limits)
    }
}

fn ppm(share: f64) -> i64 {
    libm::rint(share * PPM as f64) as i64
}

fn millis(ms: f64) -> DurationNanos {
    DurationNanos(libm::rint(ms * 1e6) as i64)
}
