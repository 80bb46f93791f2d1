//! Returns — Sharpe ratios with their corrections, Sortino, drawdown.
//!
//! Sources: Lo (2002); Bailey and López de Prado (2012) for the probabilistic Sharpe ratio and
//! (2014) for its deflation.

use crate::stats::normal_cdf;
use crate::stats::normal_quantile;

/// A standard deviation below this is none.
const STD_MIN: f64 = 1e-12;
/// Lags of autocorrelation in Lo's correction.
const LO_LAGS: usize = 10;
/// Euler's constant.
const EULER: f64 = 0.577_215_664_901_532_9;

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Mean of a power of the distances from the mean.
fn moment(values: &[f64], power: u32) -> f64 {
    let center = mean(values);
    let term = |v: &f64| (0..power).fold(1.0, |product, _| product * (v - center));
    values.iter().map(term).sum::<f64>() / values.len() as f64
}

/// Mean over sample deviation, per period; `None` for fewer than 2 returns or none that differ.
#[must_use]
pub fn sharpe(returns: &[f64]) -> Option<f64> {
    if returns.len() < 2 {
        return None;
    }
    let n = returns.len() as f64;
    let std = libm::sqrt(moment(returns, 2) * n / (n - 1.0));
    (std > STD_MIN).then(|| mean(returns) / std)
}

/// Sharpe ratio over `periods` periods, corrected for autocorrelation at up to ten lags.
#[must_use]
pub fn sharpe_lo(returns: &[f64], periods: f64) -> Option<f64> {
    let ratio = sharpe(returns)?;
    let center = mean(returns);
    let apart: Vec<f64> = returns.iter().map(|r| r - center).collect();
    let total: f64 = apart.iter().map(|a| a * a).sum();
    let lagged = |lag: usize| -> f64 {
        apart.iter().zip(&apart[lag..]).map(|(a, b)| a * b).sum::<f64>() / total
    };
    let lags = 1..=LO_LAGS.min(returns.len() - 1);
    let sum: f64 = lags.map(|lag| (periods - lag as f64) * lagged(lag)).sum();
    let spread = periods + 2.0 * sum;
    (spread > 0.0).then(|| ratio * periods / libm::sqrt(spread))
}

/// Mean over downside deviation, per period; `None` without a negative return.
#[must_use]
pub fn sortino(returns: &[f64]) -> Option<f64> {
    let losses: f64 = returns.iter().map(|r| r.min(0.0)).map(|r| r * r).sum();
    let deviation = libm::sqrt(losses / returns.len() as f64);
    (deviation > STD_MIN).then(|| mean(returns) / deviation)
}

/// The deepest fall of an equity curve and the longest stretch below its peak.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Drawdown {
    /// Largest fall as a fraction of the peak before it.
    pub max: f64,
    /// Index of that peak.
    pub peak: usize,
    /// Index of the lowest point after it.
    pub trough: usize,
    /// Most observations in a row below a peak.
    pub longest: usize,
}

/// The drawdown of an equity curve; zeros for an empty one.
#[must_use]
pub fn drawdown(equity: &[f64]) -> Drawdown {
    let mut found = Drawdown::default();
    let (mut peak, mut under) = (0, 0);
    for (at, &value) in equity.iter().enumerate() {
        if value >= equity[peak] {
            peak = at;
            under = 0;
            continue;
        }
        under += 1;
        found.longest = found.longest.max(under);
        let fall = 1.0 - value / equity[peak];
        if fall > found.max {
            found = Drawdown { max: fall, peak, trough: at, ..found };
        }
    }
    found
}

/// A Sharpe ratio per period with the shape of its returns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Returns it was measured on.
    pub n: f64,
    /// Sharpe ratio per period.
    pub sharpe: f64,
    /// Skewness.
    pub skew: f64,
    /// Kurtosis, 3 for normal returns.
    pub kurtosis: f64,
}

impl Shape {
    /// The shape of these returns; `None` where their Sharpe ratio is undefined.
    #[must_use]
    pub fn of(returns: &[f64]) -> Option<Self> {
        let sharpe = sharpe(returns)?;
        let variance = moment(returns, 2);
        Some(Self {
            n: returns.len() as f64,
            sharpe,
            skew: moment(returns, 3) / (variance * libm::sqrt(variance)),
            kurtosis: moment(returns, 4) / (variance * variance),
        })
    }

    /// Variance of the estimated Sharpe ratio, times the number of returns.
    fn spread(&self) -> f64 {
        let Self { sharpe, skew, kurtosis, .. } = *self;
        1.0 - skew * sharpe + (kurtosis - 1.0) / 4.0 * sharpe * sharpe
    }

    /// Probability that the true Sharpe ratio exceeds `than`; the deflated ratio where `than` is
    /// [`expected_max`] of the trials.
    #[must_use]
    pub fn probability(&self, than: f64) -> f64 {
        let distance = (self.sharpe - than) * libm::sqrt(self.n - 1.0);
        normal_cdf(distance / libm::sqrt(self.spread()))
    }

    /// Returns needed before the ratio exceeds `than` with this confidence; `None` where it does
    /// not exceed it at all.
    #[must_use]
    pub fn track_record(&self, than: f64, confidence: f64) -> Option<f64> {
        let z = normal_quantile(confidence) / (self.sharpe - than);
        (self.sharpe > than).then(|| 1.0 + self.spread() * z * z)
    }
}

/// Sharpe ratio that the best of `trials` worthless ones is expected to show, given the sample
/// variance of the trials' ratios.
#[must_use]
pub fn expected_max(trials: f64, variance: f64) -> f64 {
    let z = |share: f64| normal_quantile(1.0 - share);
    let first = (1.0 - EULER) * z(1.0 / trials);
    libm::sqrt(variance) * (first + EULER * z(1.0 / (trials * std::f64::consts::E)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_vary_has_no_ratio() {
        assert_eq!(sharpe(&[0.01]), None);
        assert_eq!(sharpe(&[0.01; 30]), None);
        assert_eq!(sortino(&[0.01; 30]), None);
        assert_eq!(sharpe_lo(&[0.01; 30], 365.0), None);
    }

    #[test]
    fn drawdown_knows_its_ends() {
        let found = drawdown(&[1.0, 2.0, 1.5, 1.0, 1.9, 3.0, 2.9]);
        assert_eq!(found, Drawdown { max: 0.5, peak: 1, trough: 3, longest: 3 });
    }

    #[test]
    fn the_record_needed_grows_as_the_ratio_nears_its_rival() {
        let shape = Shape { n: 100.0, sharpe: 0.2, skew: 0.0, kurtosis: 3.0 };
        assert!(shape.track_record(0.15, 0.95) > shape.track_record(0.0, 0.95));
        assert_eq!(shape.track_record(0.2, 0.95), None);
        assert_eq!(shape.probability(0.2), 0.5);
    }
}
