//! Ranges — the average true range of bars, and volatility at a fast and a slow pace.
//!
//! Source: Wilder, New Concepts in Technical Trading Systems, 1978, for the true range.

use crate::signal::smoothing::Ema;
use crate::signal::smoothing::Wilder;
use crate::signal::Bar;
use serde::Deserialize;
use serde::Serialize;

const ATR_BARS: u32 = 14;
const FAST_HALF_LIFE: f64 = 10.0;
const SLOW_HALF_LIFE: f64 = 120.0;

/// Average true range over fourteen bars.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Atr {
    average: Wilder,
    close: Option<f64>,
}

impl Default for Atr {
    fn default() -> Self {
        Self { average: Wilder::new(ATR_BARS), close: None }
    }
}

impl Atr {
    /// Take in a closed bar; the average with it. An unsound bar changes nothing.
    pub fn on_bar(&mut self, bar: &Bar) -> Option<f64> {
        if bar.is_sound() {
            let last = self.close.replace(bar.close).unwrap_or(bar.close);
            self.average.push(bar.high.max(last) - bar.low.min(last));
        }
        self.value()
    }

    /// The average, in price; `None` until there are fourteen bars.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        self.average.value()
    }
}

/// Volatility a bar, with half-lives of 10 and 120 bars and no mean taken off, each seeded by the
/// first squared log return.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BarVolatility {
    fast: Ema,
    slow: Ema,
    close: Option<f64>,
}

impl Default for BarVolatility {
    fn default() -> Self {
        let weight = |half_life: f64| 1.0 - libm::exp2(-1.0 / half_life);
        Self {
            fast: Ema::weighted(weight(FAST_HALF_LIFE)),
            slow: Ema::weighted(weight(SLOW_HALF_LIFE)),
            close: None,
        }
    }
}

impl BarVolatility {
    /// Take in the close of a bar; one that is no price changes nothing.
    pub fn on_close(&mut self, close: f64) {
        if !(close.is_finite() && close > 0.0) {
            return;
        }
        if let Some(last) = self.close.replace(close) {
            let log_return = libm::log(close / last);
            self.fast.push(log_return * log_return);
            self.slow.push(log_return * log_return);
        }
    }

    /// The fast one; `None` before the first return.
    #[must_use]
    pub fn fast(&self) -> Option<f64> {
        self.fast.value().map(libm::sqrt)
    }

    /// Fast over slow: above 1 when the market is livelier than it was; `None` where undefined.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        let (fast, slow) = (self.fast.value()?, self.slow.value()?);
        (slow > 0.0).then(|| libm::sqrt(fast / slow))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::UnixNanos;

    fn bar(high: f64, low: f64, close: f64) -> Bar {
        Bar { start: UnixNanos(0), open: close, high, low, close }
    }

    #[test]
    fn the_true_range_reaches_back_to_the_last_close() {
        let mut atr = Atr::default();
        (0..13).for_each(|_| assert_eq!(atr.on_bar(&bar(102.0, 100.0, 101.0)), None));
        assert_eq!(atr.on_bar(&bar(102.0, 100.0, 101.0)), Some(2.0));
        // From the close at 101 up to 116 are 15: (13 * 2 + 15) / 14.
        let got = atr.on_bar(&bar(116.0, 115.0, 115.5)).expect("enough bars");
        assert!((got - 41.0 / 14.0).abs() < 1e-12);
        assert_eq!(atr.on_bar(&bar(f64::NAN, 1.0, 1.0)), Some(got));
    }

    #[test]
    fn a_market_that_wakes_up_has_a_ratio_above_one() {
        let mut pace = BarVolatility::default();
        assert_eq!((pace.fast(), pace.ratio()), (None, None));
        (0..200).for_each(|i| pace.on_close(if i % 2 == 0 { 100.0 } else { 100.1 }));
        assert!((pace.ratio().expect("moves") - 1.0).abs() < 1e-9);
        (0..20).for_each(|i| pace.on_close(if i % 2 == 0 { 100.0 } else { 101.0 }));
        assert!(pace.ratio().expect("moves") > 2.0);
        let before = pace;
        [f64::NAN, 0.0, -1.0].into_iter().for_each(|close| pace.on_close(close));
        assert_eq!(pace, before);
        let mut still = BarVolatility::default();
        (0..5).for_each(|_| still.on_close(100.0));
        assert_eq!((still.fast(), still.ratio()), (Some(0.0), None));
    }
}
