//! Features — what the fill model sees: fifteen numbers from candles, or fifteen from ticks.
//!
//! Each is made of what was known at the decision, nothing later. `_side` means that it is positive
//! where it speaks for the quote's own direction.

use crate::signal::smoothing::Window;
use crate::signal::Bar;
use crate::signal::BarVolatility;
use crate::signal::Rsi;
use crate::units::Side;
use serde::Deserialize;
use serde::Serialize;
use std::f64::consts::PI;

/// Numbers in each set.
pub const FEATURES: usize = 15;

/// Names of the candle features, in order.
pub const CANDLE_FEATURES: [&str; FEATURES] = [
    "dist_bps",
    "dist_sigma",
    "range_bps",
    "range_ratio20",
    "body_frac",
    "clv_side",
    "mom1_side",
    "mom5_side",
    "mom15_side",
    "sigma_fast_bps",
    "vol_regime",
    "volume_ratio20",
    "rsi14_side",
    "tod_sin",
    "tod_cos",
];

/// Names of the tick features, in order.
pub const TICK_FEATURES: [&str; FEATURES] = [
    "dist_ticks",
    "dist_sigma",
    "ahead_trades",
    "ahead_frac",
    "spread_ticks",
    "imb1_side",
    "imb5_side",
    "micro_side",
    "ofi5s_side",
    "tfi10s_side",
    "mom1s_side",
    "mom10s_side",
    "sigma_fast_bps",
    "vol_regime",
    "trades_per_s",
];

const DAY_S: i64 = 86_400;
const NANOS: i64 = 1_000_000_000;
const RSI_BARS: u32 = 14;

/// A closed one-minute bar with what traded in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candle {
    /// Its prices.
    pub bar: Bar,
    /// Volume.
    pub volume: f64,
}

/// The candle features, kept up bar by bar.
#[derive(Clone, Debug, PartialEq)]
pub struct CandleFeatures {
    last: Option<Candle>,
    ranges: Window<20>,
    volumes: Window<20>,
    closes: Window<16>,
    pace: BarVolatility,
    rsi: Rsi,
}

impl Default for CandleFeatures {
    fn default() -> Self {
        Self {
            last: None,
            ranges: Window::default(),
            volumes: Window::default(),
            closes: Window::default(),
            pace: BarVolatility::default(),
            rsi: Rsi::new(RSI_BARS),
        }
    }
}

impl CandleFeatures {
    /// Take in a closed candle; one with unsound prices or volume changes nothing.
    pub fn on_candle(&mut self, candle: &Candle) {
        if !(candle.bar.is_sound() && candle.volume.is_finite() && candle.volume >= 0.0) {
            return;
        }
        self.last = Some(*candle);
        self.ranges.push(range_bps(&candle.bar));
        self.volumes.push(candle.volume);
        self.closes.push(candle.bar.close);
        self.pace.on_close(candle.bar.close);
        self.rsi.on_close(candle.bar.close);
    }

    /// The features of a quote placed now; `None` before the first candle and for a price that is
    /// not a number. What is not known yet is neutral.
    #[must_use]
    pub fn row(&self, side: Side, quote: f64) -> Option<[f64; FEATURES]> {
        let Candle { bar, volume } = self.last.filter(|_| quote.is_finite())?;
        let sign = side.sign() as f64;
        let range = bar.high - bar.low;
        let of_range = |part: f64| if range > 0.0 { part / range } else { 0.0 };
        let momentum = |back: usize| {
            let before = self.closes.ago(back);
            before.map_or(0.0, |before| sign * libm::log(bar.close / before) * 1e4)
        };
        let sigma_bps = self.pace.fast().unwrap_or(0.0) * 1e4;
        let dist_bps = sign * (bar.close - quote) / bar.close * 1e4;
        let seconds = bar.end().0.div_euclid(NANOS).rem_euclid(DAY_S);
        let angle = 2.0 * PI * seconds as f64 / DAY_S as f64;
        let middle = if range > 0.0 { of_range(bar.close - bar.low) - 0.5 } else { 0.0 };
        Some([
            dist_bps,
            ratio(dist_bps, sigma_bps, 0.0),
            range_bps(&bar),
            ratio(range_bps(&bar), self.ranges.mean(), 1.0),
            of_range((bar.close - bar.open).abs()),
            sign * middle,
            momentum(1),
            momentum(5),
            momentum(15),
            sigma_bps,
            self.pace.ratio().unwrap_or(1.0),
            ratio(volume, self.volumes.mean(), 1.0),
            sign * (self.rsi.value().unwrap_or(50.0) - 50.0) / 50.0,
            libm::sin(angle),
            libm::cos(angle),
        ])
    }
}

fn range_bps(bar: &Bar) -> f64 {
    (bar.high - bar.low) / bar.close * 1e4
}

/// A quotient, or this where there is nothing to divide by.
fn ratio(part: f64, whole: f64, otherwise: f64) -> f64 {
    if whole > 0.0 {
        part / whole
    } else {
        otherwise
    }
}

/// What is known of the market and of our place in the queue when a quote is decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TickLook {
    /// Best bid.
    pub bid: f64,
    /// Best ask.
    pub ask: f64,
    /// Price step.
    pub tick: f64,
    /// Imbalance of the best level, -1 to 1.
    pub imbalance_1: f64,
    /// Imbalance of five levels, -1 to 1.
    pub imbalance_5: f64,
    /// Micro-price.
    pub micro: f64,
    /// Order flow over 5 s in mean level sizes; positive toward the bid.
    pub flow_5s: f64,
    /// Balance of trades over 10 s, -1 to 1.
    pub traded_10s: f64,
    /// The mid 1 s ago, where known.
    pub mid_1s_ago: Option<f64>,
    /// The mid 10 s ago, where known.
    pub mid_10s_ago: Option<f64>,
    /// Fast volatility, log-return a bar of its own clock; 0 where unknown.
    pub sigma_fast: f64,
    /// Fast over slow volatility, where defined.
    pub pace: Option<f64>,
    /// Trades in the last 60 s.
    pub trades_60s: u32,
    /// Mean size of a trade, in lots; 0 where unknown.
    pub mean_trade: f64,
}

/// The quote that is decided on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TickQuote {
    /// Our side.
    pub side: Side,
    /// Its price.
    pub px: f64,
    /// Lots ahead of it.
    pub ahead: f64,
    /// Lots behind it.
    pub behind: f64,
}

impl TickLook {
    /// The features of a quote; `None` where a price or the tick is not one. What is not known is
    /// neutral, and what is not a number counts as not known.
    #[must_use]
    pub fn row(&self, quote: &TickQuote) -> Option<[f64; FEATURES]> {
        let mid = (self.bid + self.ask) / 2.0;
        let prices = [self.bid, self.ask, self.tick, quote.px];
        if prices.iter().any(|px| !(px.is_finite() && *px > 0.0)) {
            return None;
        }
        let sign = quote.side.sign() as f64;
        let momentum =
            |before: Option<f64>| before.map_or(0.0, |before| sign * libm::log(mid / before) * 1e4);
        let sigma_bps = self.sigma_fast.max(0.0) * 1e4;
        let distance = sign * (mid - quote.px);
        let row = [
            distance / self.tick,
            ratio(distance / mid * 1e4, sigma_bps, 0.0),
            ratio(quote.ahead, self.mean_trade, 0.0),
            ratio(quote.ahead, quote.ahead + quote.behind, 0.0),
            (self.ask - self.bid) / self.tick,
            sign * self.imbalance_1,
            sign * self.imbalance_5,
            sign * (self.micro - mid) / self.tick,
            sign * self.flow_5s,
            sign * self.traded_10s,
            momentum(self.mid_1s_ago),
            momentum(self.mid_10s_ago),
            sigma_bps,
            self.pace.filter(|pace| pace.is_finite()).unwrap_or(1.0),
            f64::from(self.trades_60s) / 60.0,
        ];
        Some(row.map(|value| if value.is_finite() { value } else { 0.0 }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::UnixNanos;

    fn candle(minute: i64, close: f64) -> Candle {
        let start = UnixNanos((29_500_000 + minute) * 60 * NANOS);
        let (high, low) = (close + 2.0, close - 1.0);
        Candle { bar: Bar { start, open: close - 0.5, high, low, close }, volume: 3.0 }
    }

    const LOOK: TickLook = TickLook {
        bid: 100.0,
        ask: 100.2,
        tick: 0.1,
        imbalance_1: 0.5,
        imbalance_5: -0.25,
        micro: 100.15,
        flow_5s: 2.0,
        traded_10s: -0.5,
        mid_1s_ago: Some(100.0),
        mid_10s_ago: None,
        sigma_fast: 1e-4,
        pace: Some(1.5),
        trades_60s: 30,
        mean_trade: 4.0,
    };

    #[test]
    fn the_sides_differ_in_sign_where_the_name_says_so() {
        let mut features = CandleFeatures::default();
        assert_eq!(features.row(Side::Bid, 100.0), None);
        (0..50).for_each(|i| features.on_candle(&candle(i, 100.0 + (i % 7) as f64)));
        let close = 101.5;
        features.on_candle(&candle(50, close));
        let bid = features.row(Side::Bid, close - 1.0).expect("candles");
        let ask = features.row(Side::Ask, close + 1.0).expect("candles");
        for (at, name) in CANDLE_FEATURES.iter().enumerate() {
            let sign = if name.ends_with("_side") { -1.0 } else { 1.0 };
            assert!((bid[at] - sign * ask[at]).abs() < 1e-12, "{name}");
            assert!(bid[at] != 0.0, "{name}");
        }
        assert_eq!(features.row(Side::Bid, f64::NAN), None);
    }

    #[test]
    fn later_candles_do_not_change_an_earlier_row_and_bad_ones_nothing() {
        let mut features = CandleFeatures::default();
        (0..30).for_each(|i| features.on_candle(&candle(i, 100.0 + (i % 5) as f64)));
        let then = features.clone();
        let row = features.row(Side::Ask, 105.0);
        features.on_candle(&candle(30, f64::NAN));
        features.on_candle(&Candle { volume: f64::NAN, ..candle(30, 100.0) });
        assert_eq!(features, then);
        features.on_candle(&candle(30, 200.0));
        assert_ne!(features.row(Side::Ask, 105.0), row);
        assert_eq!(then.row(Side::Ask, 105.0), row);
    }

    #[test]
    fn ticks_are_measured_from_the_quote_outward() {
        let quote = TickQuote { side: Side::Bid, px: 99.9, ahead: 6.0, behind: 2.0 };
        let row = LOOK.row(&quote).expect("prices");
        let close = |name: &str, wanted: f64| {
            let at = TICK_FEATURES.iter().position(|one| *one == name).expect(name);
            assert!((row[at] - wanted).abs() < 1e-6, "{name}: {} for {wanted}", row[at]);
        };
        close("dist_ticks", 2.0);
        close("dist_sigma", 0.2 / 100.1 / 1e-4);
        close("ahead_trades", 1.5);
        close("ahead_frac", 0.75);
        close("spread_ticks", 2.0);
        close("micro_side", 0.5);
        close("mom1s_side", libm::log(1.001) * 1e4);
        close("mom10s_side", 0.0);
        close("trades_per_s", 0.5);
        let ask = LOOK.row(&TickQuote { side: Side::Ask, ..quote }).expect("prices");
        assert_eq!((ask[0], ask[5]), (-row[0], -0.5));
    }

    #[test]
    fn what_is_not_known_is_neutral_and_what_is_no_price_has_no_row() {
        let quote = TickQuote { side: Side::Bid, px: 99.9, ahead: f64::NAN, behind: 0.0 };
        let (micro, mid_1s_ago) = (f64::NAN, Some(0.0));
        let look = TickLook { micro, mid_1s_ago, sigma_fast: 0.0, pace: None, ..LOOK };
        let row = look.row(&quote).expect("prices");
        assert_eq!((row[1], row[2], row[3], row[7], row[13]), (0.0, 0.0, 0.0, 0.0, 1.0));
        assert_eq!(row[10], 0.0, "no price a second ago");
        assert_eq!(TickLook { bid: f64::NAN, ..LOOK }.row(&quote), None);
        assert_eq!(LOOK.row(&TickQuote { px: -1.0, ..quote }), None);
    }
}
