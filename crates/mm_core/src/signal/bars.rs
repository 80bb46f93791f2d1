//! Bars — volatility per bar from open, high, low and close.
//!
//! Sources: Parkinson (1980), Garman and Klass (1980), Rogers and Satchell (1991), Yang and
//! Zhang (2000). Range estimators are biased low where bars have few trades.

use std::f64::consts::LN_2;

/// Bars in columns of equal length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bars<'a> {
    /// First prices.
    pub open: &'a [f64],
    /// Highest prices.
    pub high: &'a [f64],
    /// Lowest prices.
    pub low: &'a [f64],
    /// Last prices.
    pub close: &'a [f64],
}

impl Bars<'_> {
    fn mean(&self, of: impl Fn(usize) -> f64) -> f64 {
        let n = self.close.len();
        (0..n).map(of).sum::<f64>() / n as f64
    }

    fn rogers_satchell_variance(&self, skip: usize) -> f64 {
        let n = self.close.len() - skip;
        let term = |i: usize| {
            let (up, down, close) = (
                libm::log(self.high[i] / self.open[i]),
                libm::log(self.low[i] / self.open[i]),
                libm::log(self.close[i] / self.open[i]),
            );
            up * (up - close) + down * (down - close)
        };
        (skip..skip + n).map(term).sum::<f64>() / n as f64
    }
}

/// The root, or `None` where there is nothing to take it of; negative variances count as zero.
fn root(variance: f64) -> Option<f64> {
    variance.is_finite().then(|| libm::sqrt(variance.max(0.0)))
}

/// Root mean square of log returns between closes; `None` without two closes.
#[must_use]
pub fn close_to_close(closes: &[f64]) -> Option<f64> {
    let returns = log_returns(closes);
    root(returns.iter().map(|r| r * r).sum::<f64>() / returns.len() as f64)
}

/// Volatility after each return, seeded by the mean square of the first `seed` returns, with a
/// half-life in returns; empty with fewer returns.
#[must_use]
pub fn ewma(closes: &[f64], half_life: f64, seed: usize) -> Vec<f64> {
    let returns = log_returns(closes);
    if seed == 0 || returns.len() < seed {
        return Vec::new();
    }
    let keep = libm::exp2(-1.0 / half_life);
    let mut variance = returns[..seed].iter().map(|r| r * r).sum::<f64>() / seed as f64;
    let mut path = vec![libm::sqrt(variance)];
    for r in &returns[seed..] {
        variance = keep * variance + (1.0 - keep) * r * r;
        path.push(libm::sqrt(variance));
    }
    path
}

/// Parkinson's estimator from highs and lows; `None` without bars.
#[must_use]
pub fn parkinson(bars: &Bars<'_>) -> Option<f64> {
    root(bars.mean(|i| squared_log(bars.high[i], bars.low[i])) / (4.0 * LN_2))
}

/// Garman and Klass's estimator; `None` without bars.
#[must_use]
pub fn garman_klass(bars: &Bars<'_>) -> Option<f64> {
    root(bars.mean(|i| {
        let range = squared_log(bars.high[i], bars.low[i]);
        0.5 * range - (2.0 * LN_2 - 1.0) * squared_log(bars.close[i], bars.open[i])
    }))
}

/// Rogers and Satchell's estimator, free of drift; `None` without bars.
#[must_use]
pub fn rogers_satchell(bars: &Bars<'_>) -> Option<f64> {
    root(bars.rogers_satchell_variance(0))
}

/// Yang and Zhang's estimator; the first bar gives only a close. `None` with fewer than 3 bars.
#[must_use]
pub fn yang_zhang(bars: &Bars<'_>) -> Option<f64> {
    if bars.close.len() < 3 {
        return None;
    }
    let n = (bars.close.len() - 1) as f64;
    let overnight =
        variance((1..bars.close.len()).map(|i| libm::log(bars.open[i] / bars.close[i - 1])));
    let day = variance((1..bars.close.len()).map(|i| libm::log(bars.close[i] / bars.open[i])));
    let kappa = 0.34 / (1.34 + (n + 1.0) / (n - 1.0));
    root(overnight + kappa * day + (1.0 - kappa) * bars.rogers_satchell_variance(1))
}

fn log_returns(closes: &[f64]) -> Vec<f64> {
    closes.windows(2).map(|pair| libm::log(pair[1] / pair[0])).collect()
}

fn squared_log(a: f64, b: f64) -> f64 {
    let log = libm::log(a / b);
    log * log
}

/// Sample variance.
fn variance(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let n = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / n;
    values.map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_to_measure_is_none() {
        let none = Bars { open: &[], high: &[], low: &[], close: &[] };
        assert_eq!(close_to_close(&[100.0]), None);
        assert_eq!(parkinson(&none), None);
        assert_eq!(garman_klass(&none), None);
        assert_eq!(rogers_satchell(&none), None);
        assert_eq!(yang_zhang(&none), None);
        assert!(ewma(&[100.0, 101.0], 10.0, 20).is_empty());
    }

    #[test]
    fn a_market_that_stands_still_has_none() {
        let flat = [100.0; 5];
        let bars = Bars { open: &flat, high: &flat, low: &flat, close: &flat };
        for got in [parkinson(&bars), garman_klass(&bars), yang_zhang(&bars)] {
            assert_eq!(got, Some(0.0));
        }
    }
}
