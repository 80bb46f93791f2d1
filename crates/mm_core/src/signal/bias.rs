//! Bias — which way the price leans, where slope and strength agree.

use crate::signal::minutes::MINUTE;
use crate::signal::noise_by_likelihood;
use crate::signal::smoothing::Window;
use crate::signal::Bar;
use crate::signal::LocalTrend;
use crate::signal::Qqe;
use crate::signal::Trend;
use crate::signal::TrendNoise;
use crate::units::DurationNanos;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

/// A slope of this many deviations is a full bias.
const FULL_DEVIATIONS: f64 = 3.0;
/// Points of the index beyond the middle that are a full bias.
const FULL_POINTS: f64 = 20.0;
/// Less than this is no bias.
const BIAS_MIN: f64 = 0.10;
/// Noise is fitted on this many bars: a day.
const FIT_BARS: usize = 1_440;
/// And fitted anew after so many: six hours.
const REFIT_BARS: u32 = 360;
/// Without a bar for this long the bias is 0.
const STALE: DurationNanos = DurationNanos::from_millis(180_000);

/// The slope in its own deviations, -1 to 1; 0 where its variance is not known.
#[must_use]
pub fn kalman_bias(slope: f64, variance: f64) -> f64 {
    if !(slope.is_finite() && variance > 0.0) {
        return 0.0;
    }
    (slope / libm::sqrt(variance) / FULL_DEVIATIONS).clamp(-1.0, 1.0)
}

/// How far the index is beyond its middle, the way of its trend; 0 where the two disagree.
#[must_use]
pub fn qqe_bias(rsi_ma: f64, trend: Trend) -> f64 {
    let sign = f64::from(trend.sign());
    let beyond = (rsi_ma - 50.0) * sign;
    if beyond > 0.0 {
        sign * (beyond / FULL_POINTS).min(1.0)
    } else {
        0.0
    }
}

/// Both together, -1 to 1: their mean, or 0 where they disagree or say next to nothing.
#[must_use]
pub fn directional_bias(kalman: f64, qqe: f64) -> f64 {
    let mean = (0.5 * kalman + 0.5 * qqe).clamp(-1.0, 1.0);
    if kalman * qqe >= 0.0 && mean.abs() >= BIAS_MIN {
        mean
    } else {
        0.0
    }
}

/// The bias over closed one-minute bars of the mid.
///
/// The trend's unit of time is a bar, because its noise is fitted a bar at a time. With each fit
/// the trend is run over the fitted day again, so that it has one noise throughout.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bias {
    qqe: Qqe,
    trend: Option<LocalTrend>,
    closes: Box<Window<FIT_BARS>>,
    /// Bars from each close to the one before.
    steps: Box<Window<FIT_BARS>>,
    bars_since_fit: u32,
    /// When the last bar closed.
    last: Option<UnixNanos>,
}

impl Bias {
    /// Take in a closed bar; one that is unsound or not later than the last changes nothing.
    pub fn on_bar(&mut self, bar: &Bar) {
        let step = self.last.map_or(MINUTE, |last| bar.end().since(last));
        if !bar.is_sound() || step.0 <= 0 {
            return;
        }
        let step = step.as_secs_f64() / MINUTE.as_secs_f64();
        self.last = Some(bar.end());
        self.qqe.on_close(bar.close);
        self.closes.push(bar.close);
        self.steps.push(step);
        self.bars_since_fit += 1;
        if let Some(trend) = &mut self.trend {
            trend.observe(bar.close, step);
        }
        if self.is_ready() && (self.trend.is_none() || self.bars_since_fit >= REFIT_BARS) {
            self.fit();
        }
    }

    /// The bias, -1 to 1; 0 until ready and while no bar came.
    #[must_use]
    pub fn value(&self, now: UnixNanos) -> f64 {
        let fresh = self.last.is_some_and(|last| now.since(last) <= STALE);
        if !(fresh && self.is_ready()) {
            return 0.0;
        }
        directional_bias(self.kalman(), self.qqe())
    }

    /// From when on the bias is stale unless another bar closes; `None` before it is ready.
    #[must_use]
    pub fn stale_at(&self) -> Option<UnixNanos> {
        let last = self.last.filter(|_| self.is_ready())?;
        Some(last.after(DurationNanos(STALE.0 + 1)))
    }

    /// What the slope says, -1 to 1.
    #[must_use]
    pub fn kalman(&self) -> f64 {
        let state = self.trend.and_then(|trend| trend.state());
        state.map_or(0.0, |state| kalman_bias(state.slope, state.p22))
    }

    /// What the indicator says, -1 to 1.
    #[must_use]
    pub fn qqe(&self) -> f64 {
        self.qqe.rsi_ma().map_or(0.0, |index| qqe_bias(index, self.qqe.trend()))
    }

    /// Whether enough bars came.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.qqe.is_ready()
    }

    /// Fit the noise to the day and run the trend over it; a day without moves has no trend.
    fn fit(&mut self) {
        self.bars_since_fit = 0;
        self.trend = noise_by_likelihood(self.closes.iter()).map(|fit| {
            let mut trend = LocalTrend::new(TrendNoise::from_level(fit.noise));
            for (close, step) in self.closes.iter().zip(self.steps.iter()) {
                trend.observe(close, step);
            }
            trend
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> UnixNanos {
        UnixNanos((29_500_000 + minute) * MINUTE.0)
    }

    fn bar(minute: i64, close: f64) -> Bar {
        Bar { start: at(minute), open: close, high: close, low: close, close }
    }

    /// Closes that rise or fall with a wobble.
    fn path(n: i64, slope: f64) -> Vec<Bar> {
        let wobble = [0.0, 0.7, -0.4, 0.9, -0.8, 0.1, -0.3];
        (0..n).map(|i| bar(i, 3_000.0 + slope * i as f64 + wobble[i as usize % 7])).collect()
    }

    fn fed(bars: &[Bar]) -> Bias {
        let mut bias = Bias::default();
        bars.iter().for_each(|bar| bias.on_bar(bar));
        bias
    }

    #[test]
    fn parts_that_disagree_or_say_little_are_no_bias() {
        assert_eq!(directional_bias(1.0, -0.1), 0.0);
        assert_eq!(directional_bias(-0.9, 0.2), 0.0);
        assert_eq!(directional_bias(0.1, 0.09), 0.0);
        assert_eq!(directional_bias(0.4, 0.0), 0.2);
        assert_eq!(qqe_bias(45.0, Trend::Up), 0.0);
        assert_eq!(qqe_bias(40.0, Trend::Down), -0.5);
        assert_eq!(kalman_bias(3.0, 1.0), 1.0);
        assert_eq!(kalman_bias(3.0, 0.0), 0.0);
    }

    #[test]
    fn it_leans_with_the_price_and_is_zero_until_ready() {
        for (slope, sign) in [(1.0, 1.0), (-1.0, -1.0)] {
            let bars = path(200, slope);
            let mut bias = Bias::default();
            for (i, bar) in bars.iter().enumerate() {
                bias.on_bar(bar);
                let value = bias.value(bar.end());
                assert!(i >= 73 || value == 0.0, "bar {i}: {value}");
                assert!(value.abs() <= 1.0);
            }
            assert!(bias.value(at(200)) * sign > 0.5, "{}", bias.value(at(200)));
        }
    }

    #[test]
    fn it_is_what_the_formulas_give_over_the_same_bars() {
        let bars = path(2_000, 0.3);
        let bias = fed(&bars);
        // Fitted at bar 73 and each 360 bars after it: last at 73 + 5 * 360 = 1873.
        let fitted = &bars[1_873 + 1 - FIT_BARS..=1_873];
        let fit = noise_by_likelihood(fitted.iter().map(|bar| bar.close)).expect("moves");
        let mut trend = LocalTrend::new(TrendNoise::from_level(fit.noise));
        let mut qqe = Qqe::default();
        bars.iter().for_each(|bar| qqe.on_close(bar.close));
        bars[1_873 + 1 - FIT_BARS..].iter().for_each(|bar| {
            trend.observe(bar.close, 1.0);
        });
        let state = trend.state().expect("started");
        let strength = qqe_bias(qqe.rsi_ma().expect("ready"), qqe.trend());
        let wanted = directional_bias(kalman_bias(state.slope, state.p22), strength);
        assert_eq!(bias.value(at(2_000)), wanted);
        assert!(wanted != 0.0);
    }

    #[test]
    fn silence_makes_it_zero_and_a_bar_brings_it_back() {
        let mut bias = fed(&path(200, 1.0));
        let last = at(200);
        assert!(bias.value(last.after(STALE)) > 0.0);
        assert_eq!(bias.value(last.after(STALE).after(DurationNanos(1))), 0.0);
        bias.on_bar(&bar(210, 3_210.0));
        assert!(bias.value(at(211)) > 0.0);
    }

    #[test]
    fn a_market_that_stands_still_has_no_bias_and_bad_bars_change_nothing() {
        let still: Vec<Bar> = (0..500).map(|i| bar(i, 100.0)).collect();
        let mut bias = fed(&still);
        assert!(bias.is_ready());
        assert_eq!(bias.value(at(500)), 0.0);
        let before = bias.clone();
        bias.on_bar(&bar(499, 105.0));
        bias.on_bar(&bar(600, f64::NAN));
        assert_eq!(bias, before);
    }
}
