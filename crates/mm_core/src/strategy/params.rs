//! Parameters — everything that a maker is told, in one table.

use crate::error::CoreError;
use crate::quote::LEVELS_MAX;
use crate::strategy::table::nearest;
use crate::strategy::table::Field;
use crate::strategy::words::IntensitySource;
use crate::strategy::words::Mode;
use crate::strategy::words::StrategyKind;
use crate::strategy::words::Toggle;
use crate::strategy::Kind;
use crate::strategy::ParamSpec;
use crate::strategy::Scope;
use crate::strategy::Value;
use serde::Deserialize;
use serde::Serialize;

/// Builds the struct, its defaults and the table from one list, so that they cannot disagree.
macro_rules! table {
    ($($name:ident: $type:ty = $default:expr, $kind:expr, $unit:literal, $scope:ident,
       $meaning:literal;)*) => {
        /// Everything that a maker is told.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub struct Params {
            $(#[doc = $meaning] pub $name: $type,)*
        }

        impl Default for Params {
            fn default() -> Self {
                Self { $($name: <$type>::of($default),)* }
            }
        }

        /// The one table, in the order of the documentation.
        pub const PARAMS: &[ParamSpec] = &[$(ParamSpec {
            name: stringify!($name),
            unit: $unit,
            kind: $kind,
            default: $default,
            scope: Scope::$scope,
            meaning: $meaning,
        },)*];

        impl Params {
            /// A parameter's value; `None` if there is no such parameter.
            #[must_use]
            pub fn get(&self, name: &str) -> Option<Value> {
                match name {
                    $(stringify!($name) => Some(self.$name.value()),)*
                    _ => None,
                }
            }

            fn put(&mut self, spec: &ParamSpec, value: Value) {
                match spec.name {
                    $(stringify!($name) => self.$name = <$type>::of(value),)*
                    other => unreachable!("invariant: {other} is in the table"),
                }
            }
        }
    };
}

const fn real(min: f64, max: f64) -> Kind {
    Kind::Number { min, max }
}

const fn whole(min: i64, max: i64) -> Kind {
    Kind::Whole { min, max }
}

use Value::Choice;
use Value::Number;
use Value::Switch;
use Value::Text;
use Value::Whole;

table! {
    strategy: StrategyKind = Choice("basic"), Kind::Choice(&StrategyKind::WORDS), "", Start,
        "basic: spread, bias, toxicity; adaptive: regime, fill rate, inventory age, sizer, tuner too.";
    mode: Mode = Choice("bps"), Kind::Choice(&Mode::WORDS), "", Live,
        "Formula of spread and skew: bps, glft, as (Avellaneda-Stoikov) or fixed.";
    base_spread_bps: f64 = Number(2.0), real(0.0, 1_000.0), "bps", Live,
        "Least full spread between innermost bid and ask, before multipliers.";
    vol_multiplier: f64 = Number(1.5), real(0.0, 100.0), "", Live,
        "Full spread in units of the volatility over the horizon.";
    vol_horizon_s: f64 = Number(10.0), real(0.001, 86_400.0), "s", Live,
        "Horizon of the volatility in the spread.";
    max_spread_bps: f64 = Number(100.0), real(0.01, 1_000.0), "bps", Live,
        "Greatest full spread.";
    inventory_skew_factor: f64 = Number(0.3), real(0.0, 10.0), "", Live,
        "Shift of both quotes against the inventory, in spreads at full inventory.";
    bias_strength: f64 = Number(0.2), real(0.0, 10.0), "", Live,
        "Shift of both quotes with the bias signal, in spreads at full bias.";
    toxicity: bool = Switch(true), Kind::Switch, "", Live,
        "Widen the side whose fills were followed by adverse moves; neutral until 10 fills of it.";
    funding_weight: f64 = Number(0.0), real(0.0, 100.0), "", Live,
        "Shift of both quotes against the funding rate, in hourly payments on the fair price.";
    sizer: Toggle = Choice("auto"), Kind::Choice(&Toggle::WORDS), "", Live,
        "Size orders by volatility, fills, inventory, toxicity, drawdown; auto: if adaptive.";
    auto_tune: Toggle = Choice("auto"), Kind::Choice(&Toggle::WORDS), "", Live,
        "Each hour move spread and skew a little by what the last day showed; auto: if adaptive.";
    age_kappa: f64 = Number(1.0), real(0.0, 10.0), "", Live,
        "Share of the skew factor that age adds in the end, where strategy is adaptive.";
    age_half_life_s: f64 = Number(300.0), real(1.0, 86_400.0), "s", Live,
        "Age of an inventory at which half of age_kappa is added.";
    age_touch_s: f64 = Number(1_800.0), real(1.0, 86_400.0), "s", Live,
        "Over half of max_position_usd for this long, the reducing side quotes at the touch.";
    age_taker_exit: bool = Switch(false), Kind::Switch, "", Live,
        "Whether an inventory that is large for age_taker_s may be closed by taking.";
    age_taker_s: f64 = Number(3_600.0), real(1.0, 86_400.0), "s", Live,
        "Over half of max_position_usd for this long, age_taker_exit acts.";
    num_levels: i64 = Whole(2), whole(1, LEVELS_MAX as i64), "", Live,
        "Quotes a side.";
    level_step_frac: f64 = Number(0.5), real(0.0, 100.0), "", Live,
        "Distance of the levels, in spreads; at least one price step.";
    order_size_usd: f64 = Number(150.0), real(0.01, 1e6), "USD", Live,
        "Value of each order for 1,000 USD of capital.";
    size_decay: f64 = Number(1.0), real(0.01, 10.0), "", Live,
        "Size of a level as a multiple of the one inside it.";
    size_skew_factor: f64 = Number(0.0), real(0.0, 2.0), "", Live,
        "How much inventory shrinks the side that adds to it and swells the other.";
    max_position_usd: f64 = Number(500.0), real(0.01, 1e7), "USD", Live,
        "Greatest position either way for 1,000 USD of capital.";
    min_notional_usd: f64 = Number(10.0), real(0.0, 1e6), "USD", Live,
        "Orders below this value are not placed; the venue's own minimum also holds.";
    fee_floor: bool = Switch(true), Kind::Switch, "", Live,
        "Keep the full spread above two maker fees and the least edge.";
    min_edge_bps: f64 = Number(0.0), real(0.0, 1_000.0), "bps", Live,
        "Least edge of a round trip after fees, where fee_floor is on.";
    gamma: f64 = Number(0.05), real(0.0, 1e6), "1/(tick clip)", Live,
        "Risk aversion of the glft and as modes.";
    xi: f64 = Number(0.05), real(0.0, 1e6), "1/(tick clip)", Live,
        "Utility parameter of the glft mode; equal to gamma for exponential utility, 0 is legal.";
    intensity: IntensitySource = Choice("auto"), Kind::Choice(&IntensitySource::WORDS), "", Live,
        "Fill intensity of glft and as: auto from trades or from probes, bps while unknown; or given.";
    intensity_a: f64 = Number(0.9), real(1e-6, 1e6), "1/s", Live,
        "A of the fill intensity A exp(-k distance), glft mode, where intensity is given.";
    intensity_k: f64 = Number(0.3), real(1e-6, 1e6), "1/tick", Live,
        "k of the fill intensity A exp(-k distance), glft and as, where intensity is given.";
    as_horizon_s: f64 = Number(60.0), real(0.001, 86_400.0), "s", Live,
        "Remaining horizon of the as mode.";
    fixed_half_ticks: f64 = Number(1.0), real(0.0, 1e6), "ticks", Live,
        "Distance of the innermost quotes from the reservation price in the fixed mode.";
    fixed_skew_ticks: f64 = Number(0.0), real(0.0, 1e6), "ticks", Live,
        "Shift against each clip of inventory in the fixed mode.";
    fill_model: String = Text(String::new()), Kind::Text, "", Start,
        "File of a fill model; a level is left out whose chance times edge is below the fee.";
    adverse_model: String = Text(String::new()), Kind::Text, "", Start,
        "File of a model of adverse fills: their chance times their loss is taken from the edge.";
    order_lots: i64 = Whole(0), whole(0, 1_000_000_000_000), "lots", Live,
        "Size of each order in lots; 0 takes order_size_usd.";
    requote_steps: i64 = Whole(1), whole(1, 10_000), "steps", Live,
        "Replace an innermost order whose target price moved by this much.";
    requote_steps_outer: i64 = Whole(2), whole(1, 10_000), "steps", Live,
        "Replace any other order whose target price moved by this much.";
    requote_size_frac: f64 = Number(0.2), real(0.0, 100.0), "", Live,
        "Replace an order whose target size differs by more than this share of what rests.";
    stale_ms: f64 = Number(7_000.0), real(1.0, 600_000.0), "ms", Live,
        "No quotes after this silence of book and touch; 1500 suits the fast feed.";
    compound: bool = Switch(false), Kind::Switch, "", Start,
        "Whether sizes follow the profit of days that ended, within the limits that are set.";
    answer_timeout_ms: f64 = Number(5_000.0), real(1.0, 600_000.0), "ms", Start,
        "A request without an answer for this long leaves its order unknown.";
    unknown_retry_ms: f64 = Number(1_000.0), real(1.0, 600_000.0), "ms", Start,
        "Pause between cancels of an order that is unknown.";
    collar_frac: f64 = Number(0.005), real(0.0001, 0.05), "", Start,
        "Orders further than this from the mid are refused, unless collar_spreads is wider.";
    collar_spreads: i64 = Whole(5), whole(0, 100), "spreads", Start,
        "The same in spreads of the touch; the wider of the two counts.";
    mark_frac: f64 = Number(0.01), real(0.0001, 0.05), "", Start,
        "Orders further than this from the mark price are refused.";
    oracle_frac: f64 = Number(0.05), real(0.0001, 0.05), "", Start,
        "Orders further than this from the oracle price are refused.";
    through_frac: f64 = Number(0.003), real(0.0, 0.05), "", Start,
        "Orders that may take are refused further than this through the touch.";
    order_value_factor: f64 = Number(2.0), real(1.0, 10.0), "", Start,
        "Largest order value as a multiple of order_size_usd.";
    displayed_frac: f64 = Number(0.25), real(0.0, 1.0), "", Start,
        "Largest share of the size displayed within 10 bp; 0 is off.";
    displayed_floor_usd: f64 = Number(200.0), real(0.0, 25_000.0), "USD", Start,
        "An order of this value is never too large for the displayed size; not scaled.";
    repeat_fills: i64 = Whole(20), whole(1, 256), "orders", Start,
        "This many orders filled on one side within repeat_window_s halt the symbol.";
    repeat_window_s: f64 = Number(60.0), real(0.001, 86_400.0), "s", Start,
        "The window of repeat_fills.";
    mmp_fills: i64 = Whole(0), whole(0, 256), "fills", Start,
        "So many fills within mmp_window_s freeze the symbol; 0 is off.";
    mmp_value_orders: f64 = Number(0.0), real(0.0, 1_000.0), "orders", Start,
        "Fills of this many order_size_usd within mmp_window_s freeze the symbol; 0 is off.";
    mmp_net_orders: f64 = Number(0.0), real(0.0, 1_000.0), "orders", Start,
        "The same of what was bought less what was sold; 0 is off.";
    mmp_window_s: f64 = Number(10.0), real(0.001, 86_400.0), "s", Start,
        "The window of the mmp rules.";
    mmp_freeze_s: f64 = Number(30.0), real(0.001, 86_400.0), "s", Start,
        "How long a frozen symbol is not quoted.";
    mmp_widen: f64 = Number(1.5), real(1.0, 100.0), "", Start,
        "What multiplies the spread after a freeze.";
    mmp_widen_s: f64 = Number(300.0), real(0.0, 86_400.0), "s", Start,
        "How long mmp_widen holds after a freeze.";
    orders_per_level: i64 = Whole(4), whole(1, 32), "orders", Start,
        "Most orders a side for each level, those on their way in or out included.";
    duplicate_ms: f64 = Number(100.0), real(0.0, 60_000.0), "ms", Start,
        "An order equal to one sent within this time is refused.";
    jump_frac: f64 = Number(0.02), real(0.0001, 1.0), "", Start,
        "A move of the mid within a second that pulls the quotes.";
    orders_in_all: i64 = Whole(40), whole(1, 1_000), "orders", Start,
        "Most orders of the account.";
    actions_burst: i64 = Whole(20), whole(2, 10_000), "batches", Start,
        "Batches of commands that may go out at once.";
    actions_per_s: i64 = Whole(20), whole(1, 10_000), "1/s", Start,
        "Batches of commands a second after that.";
    cancel_reserve_frac: f64 = Number(0.3), real(0.0, 0.99), "", Start,
        "Share of actions_burst kept back for cancels.";
    gross_frac: f64 = Number(3.0), real(0.01, 5.0), "", Start,
        "Largest worst-case value of all positions as a share of equity.";
    daily_reduce_frac: f64 = Number(0.025), real(0.0001, 0.5), "", Start,
        "Loss of the UTC day after which positions may only be reduced.";
    daily_halt_frac: f64 = Number(0.05), real(0.0001, 0.5), "", Start,
        "Loss of the UTC day after which everything stops until the next day.";
    drawdown_reduce_frac: f64 = Number(0.1), real(0.0001, 1.0), "", Start,
        "Fall from the highest equity after which positions may only be reduced for cooldown_s.";
    drawdown_halt_frac: f64 = Number(0.2), real(0.0001, 1.0), "", Start,
        "Fall from the highest equity after which everything stops until a person lifts it.";
    cooldown_s: f64 = Number(3_600.0), real(0.001, 2_592_000.0), "s", Start,
        "How long drawdown_reduce_frac holds; then the fall is counted from where it ended.";
    equity_floor_frac: f64 = Number(0.5), real(0.0, 1.0), "", Start,
        "Everything stops for good below this share of the capital.";
    capital_usd: f64 = Number(1_000.0), real(10.0, 1e8), "USD", Run,
        "Working capital; sizes and limits scale with it over 1,000.";
    maker_fee: f64 = Number(0.000_15), real(-0.001, 0.01), "", Run,
        "Fee of fills that add liquidity, as a fraction of notional; positive is paid.";
    taker_fee: f64 = Number(0.000_45), real(-0.001, 0.01), "", Run,
        "Fee of fills that remove liquidity, as a fraction of notional; positive is paid.";
    step_ms: f64 = Number(100.0), real(1.0, 60_000.0), "ms", Run,
        "How often the maker reconsiders its quotes.";
}

impl Params {
    /// Defaults with these values set, in order.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn from_pairs<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, CoreError> {
        let mut params = Self::default();
        for (name, text) in pairs {
            params.set(name, text)?;
        }
        Ok(params)
    }

    /// Set a parameter from text.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] for an unknown name, with the likely one, and for a value
    /// outside the parameter's bounds.
    pub fn set(&mut self, name: &str, text: &str) -> Result<(), CoreError> {
        let spec = Self::spec(name)?;
        self.put(spec, spec.parse(text)?);
        Ok(())
    }

    /// Set a parameter from a number.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn set_number(&mut self, name: &str, number: f64) -> Result<(), CoreError> {
        let spec = Self::spec(name)?;
        self.put(spec, spec.number(number)?);
        Ok(())
    }

    /// Set parameters from JSON values, in order.
    ///
    /// # Errors
    /// As [`Self::set`], and for a value that is neither number, text nor switch.
    pub fn set_values<'a>(
        &mut self,
        values: impl IntoIterator<Item = (&'a String, &'a serde_json::Value)>,
    ) -> Result<(), CoreError> {
        use serde_json::Value as Json;
        for (name, value) in values {
            match value {
                Json::Number(number) => {
                    self.set_number(name, number.as_f64().unwrap_or(f64::NAN))?;
                }
                Json::String(text) => self.set(name, text)?,
                Json::Bool(on) => self.set(name, if *on { "true" } else { "false" })?,
                Json::Null | Json::Array(_) | Json::Object(_) => {
                    let why = format!("`{name}` is neither number, text nor switch: {value}");
                    return Err(CoreError::BadArgument { name: "params", why });
                }
            }
        }
        Ok(())
    }

    /// The row of a parameter.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] for an unknown name, with the likely one.
    pub fn spec(name: &str) -> Result<&'static ParamSpec, CoreError> {
        if let Some(spec) = PARAMS.iter().find(|spec| spec.name == name) {
            return Ok(spec);
        }
        let hint = match nearest(name, PARAMS.iter().map(|spec| spec.name)) {
            Some(near) => format!("; did you mean `{near}`?"),
            None => String::new(),
        };
        let why = format!("there is no parameter `{name}`{hint}");
        Err(CoreError::BadArgument { name: "parameter", why })
    }

    /// What sizes and limits are multiplied with.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.capital_usd / 1_000.0
    }

    /// The value of each order at this capital.
    #[must_use]
    pub fn order_usd(&self) -> f64 {
        self.order_size_usd * self.scale()
    }

    /// The greatest position at this capital.
    #[must_use]
    pub fn position_usd(&self) -> f64 {
        self.max_position_usd * self.scale()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::RequoteRules;
    use crate::quote::QuoteParams;
    use crate::risk::AccountLimits;
    use crate::risk::MicroUsd;
    use crate::risk::SymbolLimits;
    use crate::strategy::SkewDecay;
    use crate::strategy::UrgencyRules;
    use crate::units::DurationNanos;

    #[test]
    fn defaults_are_within_their_own_bounds_and_agree_with_their_users() {
        let params = Params::default();
        for spec in PARAMS {
            assert_eq!(params.get(spec.name), Some(spec.default.clone()), "{}", spec.name);
            assert_eq!(
                spec.parse(&spec.default.to_string()),
                Ok(spec.default.clone()),
                "{}",
                spec.name
            );
            assert!(!spec.meaning.is_empty(), "{}", spec.name);
        }
        assert_eq!(params.quoting(), QuoteParams::default());
        assert_eq!(params.requote_rules(), RequoteRules::default());
        assert_eq!(params.account_limits(), Ok(AccountLimits::default()));
        let position = MicroUsd::from_usd(502.5);
        let limits = SymbolLimits { position, ..SymbolLimits::default() };
        assert_eq!(params.symbol_limits(), Ok(limits));
    }

    #[test]
    fn sizes_and_limits_scale_with_the_capital() {
        let params = Params::from_pairs([("capital_usd", "12500")]).expect("valid");
        let limits = params.symbol_limits().expect("below the ceilings");
        assert_eq!(params.quoting().order_size_usd, 1_875.0);
        assert_eq!(limits.order_value, MicroUsd::from_usd(3_750.0));
        assert_eq!(limits.position, MicroUsd::from_usd(6_281.25));
        let floor = params.account_limits().expect("below the ceilings").equity_floor;
        assert_eq!(floor, MicroUsd::from_usd(6_250.0));
    }

    #[test]
    fn wrong_names_and_values_are_refused_with_the_cure() {
        let cases = [
            ("base_spread", "2", "did you mean `base_spread_bps`?"),
            ("inventory_skew_facter", "2", "did you mean `inventory_skew_factor`?"),
            ("frobnicate", "2", "there is no parameter `frobnicate`"),
            ("base_spread_bps", "-1", "must be a number from 0 to 1000 bps, had \"-1\""),
            ("base_spread_bps", "NaN", "had \"NaN\""),
            ("num_levels", "2.5", "must be a whole number from 1 to 8, had \"2.5\""),
            ("num_levels", "9", "had \"9\""),
            ("fee_floor", "maybe", "must be true or false, had \"maybe\""),
            ("mode", "cleverly", "must be one of bps, glft, as, fixed, had \"cleverly\""),
        ];
        for (name, text, want) in cases {
            let mut params = Params::default();
            let error = params.set(name, text).expect_err(name).to_string();
            assert!(error.contains(want), "{error}");
            assert_eq!(params, Params::default());
        }
        let mut params = Params::default();
        assert!(params.set_number("fee_floor", 1.0).is_err());
        assert!(params.set("strategy", "clever").is_err());
        for (name, text) in [("strategy", "adaptive"), ("age_kappa", "0.5")] {
            params.set(name, text).expect(name);
        }
        assert_eq!(params.strategy, StrategyKind::Adaptive);
        assert_eq!(params.skew_decay(), SkewDecay { kappa: 0.5, half_life_s: 300.0 });
        let minutes = |n: i64| DurationNanos::from_millis(n * 60_000);
        let mut rules = UrgencyRules { touch: minutes(30), take: None };
        assert_eq!(params.urgency_rules(), rules);
        params.set("age_taker_exit", "on").expect("a switch");
        rules.take = Some(minutes(60));
        assert_eq!(params.urgency_rules(), rules);
        for (name, text) in [("fee_floor", "off"), ("mode", "glft"), ("num_levels", "3")] {
            params.set(name, text).expect(name);
        }
        let set = (params.fee_floor, params.mode, params.num_levels);
        assert_eq!(set, (false, Mode::Glft, 3));
    }
}
