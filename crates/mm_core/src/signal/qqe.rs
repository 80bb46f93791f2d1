//! QQE — a smoothed relative strength index with a trailing line at its own volatility.
//!
//! Sources: Wilder, New Concepts in Technical Trading Systems, 1978, for the index; QQE itself has
//! no paper, the definition is that of the widely published indicator.

use crate::signal::smoothing::Ema;
use crate::signal::smoothing::Wilder;
use serde::Deserialize;
use serde::Serialize;

/// Wilder's relative strength index.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rsi {
    gain: Wilder,
    loss: Wilder,
    last: Option<f64>,
}

impl Rsi {
    /// Over this many changes.
    #[must_use]
    pub fn new(n: u32) -> Self {
        Self { gain: Wilder::new(n), loss: Wilder::new(n), last: None }
    }

    /// Take in a close; the index with it, 0 to 100, `None` until there are enough.
    pub fn on_close(&mut self, close: f64) -> Option<f64> {
        let change = close - self.last.replace(close)?;
        self.gain.push(change.max(0.0));
        self.loss.push((-change).max(0.0));
        self.value()
    }

    /// The index; `None` until there are enough changes.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        let (gain, loss) = (self.gain.value()?, self.loss.value()?);
        Some(if loss > 0.0 {
            100.0 - 100.0 / (1.0 + gain / loss)
        } else if gain > 0.0 {
            100.0
        } else {
            50.0
        })
    }
}

/// The lengths and the width of the indicator.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct QqeParams {
    /// Changes in the index.
    pub rsi_n: u32,
    /// Span of its smoothing.
    pub smoothing: u32,
    /// Distance of the line in smoothed moves of the index.
    pub factor: f64,
}

impl Default for QqeParams {
    fn default() -> Self {
        Self { rsi_n: 14, smoothing: 5, factor: 4.236 }
    }
}

/// Which side of its line the index is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trend {
    /// Above it, or was last.
    Up,
    /// Below it, or was last.
    Down,
    /// It has always been on it, or there is no line yet.
    #[default]
    Unknown,
}

impl Trend {
    /// +1, -1 or 0.
    #[must_use]
    pub const fn sign(self) -> i8 {
        match self {
            Self::Up => 1,
            Self::Down => -1,
            Self::Unknown => 0,
        }
    }
}

/// The indicator over closes of equal bars.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Qqe {
    params: QqeParams,
    rsi: Rsi,
    smoothed: Ema,
    moved: Ema,
    moved_smooth: Ema,
    line: Option<f64>,
    trend: Trend,
    bars: u32,
}

impl Default for Qqe {
    fn default() -> Self {
        Self::new(QqeParams::default())
    }
}

impl Qqe {
    /// An indicator that has seen nothing.
    #[must_use]
    pub fn new(params: QqeParams) -> Self {
        let span = Self::span(params);
        Self {
            params,
            rsi: Rsi::new(params.rsi_n),
            smoothed: Ema::span(params.smoothing),
            moved: Ema::span(span),
            moved_smooth: Ema::span(span),
            line: None,
            trend: Trend::Unknown,
            bars: 0,
        }
    }

    /// The span that equals Wilder's smoothing over the index's length.
    fn span(params: QqeParams) -> u32 {
        (2 * params.rsi_n).saturating_sub(1).max(1)
    }

    /// Take in the close of a bar; one that is not a number changes nothing.
    pub fn on_close(&mut self, close: f64) {
        if !close.is_finite() {
            return;
        }
        self.bars = self.bars.saturating_add(1);
        let Some(rsi) = self.rsi.on_close(close) else {
            return;
        };
        let before = self.smoothed.value();
        let now = self.smoothed.push(rsi);
        if let Some(before) = before {
            let moved = self.moved.push((now - before).abs());
            let reach = self.params.factor * self.moved_smooth.push(moved);
            let line = next_line(self.line, (before, now), reach);
            self.trend = match now.partial_cmp(&line) {
                Some(std::cmp::Ordering::Greater) => Trend::Up,
                Some(std::cmp::Ordering::Less) => Trend::Down,
                Some(std::cmp::Ordering::Equal) | None => self.trend,
            };
            self.line = Some(line);
        }
    }

    /// The smoothed index; `None` until there is one.
    #[must_use]
    pub const fn rsi_ma(&self) -> Option<f64> {
        self.smoothed.value()
    }

    /// Distance that the line keeps; `None` until there is a line.
    #[must_use]
    pub fn reach(&self) -> Option<f64> {
        self.moved_smooth.value().map(|moved| self.params.factor * moved)
    }

    /// The trailing line.
    #[must_use]
    pub const fn line(&self) -> Option<f64> {
        self.line
    }

    /// Which side of the line the index is on.
    #[must_use]
    pub const fn trend(&self) -> Trend {
        self.trend
    }

    /// Whether the start no longer shows: all smoothings have seen their length.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let QqeParams { rsi_n, smoothing, factor: _ } = self.params;
        self.bars > rsi_n + smoothing + 2 * Self::span(self.params)
    }
}

/// The trailing line after the index went from `moved.0` to `moved.1`.
fn next_line(line: Option<f64>, moved: (f64, f64), reach: f64) -> f64 {
    let (before, now) = moved;
    let Some(line) = line else {
        return if now >= 50.0 { now - reach } else { now + reach };
    };
    if now < line {
        let above = now + reach;
        if before < line {
            above.min(line)
        } else {
            above
        }
    } else if now > line {
        let below = now - reach;
        if before > line {
            below.max(line)
        } else {
            below
        }
    } else {
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_ready_after_seventy_three_bars() {
        let mut qqe = Qqe::default();
        for bar in 0..74 {
            assert!(!qqe.is_ready(), "ready after {bar}");
            qqe.on_close(100.0 + f64::from(bar % 5));
        }
        assert!(qqe.is_ready());
    }

    #[test]
    fn closes_that_are_not_numbers_change_nothing() {
        let mut qqe = Qqe::default();
        (0..100).for_each(|i| qqe.on_close(100.0 + f64::from(i % 7)));
        let before = qqe;
        qqe.on_close(f64::NAN);
        qqe.on_close(f64::INFINITY);
        assert_eq!(qqe, before);
    }

    #[test]
    fn a_rise_after_a_fall_turns_the_trend() {
        let mut qqe = Qqe::default();
        (0..50).for_each(|i| qqe.on_close(200.0 + f64::from(i % 2)));
        (0..50).for_each(|i| qqe.on_close(200.0 - f64::from(i)));
        assert_eq!(qqe.trend(), Trend::Down);
        (0..60).for_each(|i| qqe.on_close(151.0 + f64::from(i)));
        assert_eq!(qqe.trend(), Trend::Up);
        let (line, index) = (qqe.line().expect("a line"), qqe.rsi_ma().expect("an index"));
        assert!(line < index && index <= 100.0);
    }
}
