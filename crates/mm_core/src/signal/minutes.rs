//! Minutes — closed one-minute bars of the mid.

use crate::units::DurationNanos;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

/// The length of a bar.
pub(super) const MINUTE: DurationNanos = DurationNanos::from_millis(60_000);

/// One closed bar.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// When it opened.
    pub start: UnixNanos,
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
}

impl Bar {
    /// When it closed.
    #[must_use]
    pub fn end(&self) -> UnixNanos {
        self.start.after(MINUTE)
    }

    /// Whether its prices are numbers above 0 and in order.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let inside = |px: f64| self.low <= px && px <= self.high;
        self.low > 0.0 && self.high < f64::INFINITY && inside(self.open) && inside(self.close)
    }
}

/// Makes bars from mids, on the minutes of UTC; a minute without a mid has no bar.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MinuteBars {
    growing: Option<Bar>,
}

impl MinuteBars {
    /// Take in a mid; the bar that closed before it, if one did. Mids that are no price, or that
    /// are older than the bar that grows, change nothing.
    pub fn on_mid(&mut self, ts: UnixNanos, mid: f64) -> Option<Bar> {
        if !(mid.is_finite() && mid > 0.0) {
            return None;
        }
        let start = UnixNanos(ts.0 - ts.0.rem_euclid(MINUTE.0));
        let new = Bar { start, open: mid, high: mid, low: mid, close: mid };
        match &mut self.growing {
            Some(bar) if bar.start == start => {
                bar.high = bar.high.max(mid);
                bar.low = bar.low.min(mid);
                bar.close = mid;
                None
            }
            Some(bar) if bar.start > start => None,
            Some(_) | None => self.growing.replace(new),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UnixNanos {
        UnixNanos(1_769_999_940_000_000_000 + seconds * 1_000_000_000)
    }

    #[test]
    fn a_bar_closes_with_the_first_mid_of_a_later_minute() {
        let mut bars = MinuteBars::default();
        for (second, mid) in [(1, 100.0), (20, 103.0), (30, 99.0), (59, 101.0), (59, f64::NAN)] {
            assert_eq!(bars.on_mid(at(second), mid), None);
        }
        let bar = bars.on_mid(at(60), 500.0).expect("closed");
        let wanted = Bar { start: at(0), open: 100.0, high: 103.0, low: 99.0, close: 101.0 };
        assert_eq!(bar, wanted);
        assert_eq!(bar.end(), at(60));
        assert!(bar.is_sound());
        assert!(!Bar { low: f64::NAN, ..bar }.is_sound());
        assert!(!Bar { close: 104.0, ..bar }.is_sound());
    }

    #[test]
    fn silent_minutes_have_no_bar_and_old_mids_change_nothing() {
        let mut bars = MinuteBars::default();
        bars.on_mid(at(0), 100.0);
        let first = bars.on_mid(at(600), 101.0).expect("closed");
        assert_eq!(first.start, at(0));
        assert_eq!(bars.on_mid(at(300), 900.0), None);
        let second = bars.on_mid(at(660), 101.0).expect("closed");
        assert_eq!((second.start, second.high), (at(600), 101.0));
    }
}
