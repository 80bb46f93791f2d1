//! Signals — what the mids alone tell, kept up minute by minute: bias, ranges, liveliness.

use crate::signal::Atr;
use crate::signal::Bar;
use crate::signal::BarVolatility;
use crate::signal::Bias;
use crate::signal::MinuteBars;
use crate::strategy::Regime;
use crate::strategy::RegimeTracker;
use crate::units::DurationNanos;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

const MINUTE: DurationNanos = DurationNanos::from_millis(60_000);

/// Signals over closed minutes; none of them has a parameter.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Signals {
    bars: MinuteBars,
    bias: Bias,
    atr: Atr,
    pace: BarVolatility,
    regime: RegimeTracker,
    lean: f64,
    due: Option<UnixNanos>,
}

impl Signals {
    /// Take in the mid, in quote currency: when it changed, and when [`Self::due`] has come.
    pub(super) fn on_mid(&mut self, now: UnixNanos, mid: f64) {
        let closed = self.bars.on_mid(now, mid);
        if let Some(bar) = closed {
            self.on_bar(&bar);
        }
        if now >= self.due() {
            self.lean = self.bias.value(now);
            let minute = UnixNanos((now.0.div_euclid(MINUTE.0) + 1) * MINUTE.0);
            let stale = self.bias.stale_at().filter(|at| *at > now);
            self.due = Some(stale.map_or(minute, |stale| stale.min(minute)));
        }
    }

    /// Take in a bar that closed.
    pub(super) fn on_bar(&mut self, bar: &Bar) {
        self.bias.on_bar(bar);
        self.atr.on_bar(bar);
        self.pace.on_close(bar.close);
        if let Some(ratio) = self.pace.ratio() {
            self.regime.on_ratio(ratio);
        }
    }

    /// When the passing of time alone changes something: a minute ends, or the bias grows old.
    #[inline]
    pub(super) fn due(&self) -> UnixNanos {
        self.due.unwrap_or(UnixNanos(i64::MIN))
    }

    /// The bias, -1 to 1; 0 until ready and while stale.
    pub(super) fn lean(&self) -> f64 {
        self.lean
    }

    pub(super) fn bias_is_ready(&self) -> bool {
        self.bias.is_ready()
    }

    /// Average true range of a minute, in quote currency.
    pub(super) fn atr(&self) -> Option<f64> {
        self.atr.value()
    }

    pub(super) fn pace(&self) -> &BarVolatility {
        &self.pace
    }

    pub(super) fn regime(&self) -> Option<Regime> {
        self.regime.value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UnixNanos {
        UnixNanos(29_500_000 * MINUTE.0 + seconds * 1_000_000_000)
    }

    /// A market that rises for so many minutes.
    fn risen(minutes: i64) -> Signals {
        let mut signals = Signals::default();
        for second in 0..minutes * 60 {
            let wobble = [0.0, 0.2, -0.1][second as usize % 3];
            signals.on_mid(at(second), 100.0 + second as f64 * 0.001 + wobble);
        }
        signals
    }

    #[test]
    fn a_bias_comes_with_its_bars_and_goes_when_they_stop() {
        assert_eq!(risen(73).lean(), 0.0);
        let mut signals = risen(80);
        assert!(signals.bias_is_ready() && signals.lean() > 0.0);
        // Mids stop at 79:59; the bar of minute 79 closes with the next mid, much later.
        signals.on_mid(at(80 * 60 + 400), 100.0);
        assert_eq!(signals.lean(), 0.0, "no bar for more than three minutes");
    }

    #[test]
    fn only_changes_and_due_times_matter() {
        let mut all = risen(75);
        let mut some = risen(75);
        let mut calls = 0;
        let mut last = f64::NAN;
        for tick in 0..30_000 {
            let now = UnixNanos(at(75 * 60).0 + tick * 100_000_000);
            let mid = 104.0 + f64::from((tick / 700) as i32 % 5) * 0.1;
            all.on_mid(now, mid);
            if mid != last || now >= some.due() {
                some.on_mid(now, mid);
                calls += 1;
            }
            last = mid;
            assert_eq!((all.lean(), all.atr()), (some.lean(), some.atr()), "{tick}");
        }
        assert!(calls < 200, "{calls}");
        assert_eq!(all.regime(), some.regime());
    }
}
