//! Kalman — the level of a price, and its level and slope, seen through noise.
//!
//! Source: Harvey, Forecasting, Structural Time Series Models and the Kalman Filter, 1989.

use serde::Deserialize;
use serde::Serialize;
use std::f64::consts::PI;

/// Variances do not fall below this.
const VARIANCE_MIN: f64 = 1e-18;
/// Observations further than this many deviations from the forecast are taken for errors.
const REJECT_DEVIATIONS: f64 = 6.0;
/// So many rejections in a row mean that the price did move.
const REJECTIONS_MAX: u8 = 3;

/// Variances of the local level model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LevelNoise {
    /// Of the level's move in a step.
    pub q: f64,
    /// Of an observation about the level.
    pub r: f64,
}

/// What one observation did to a local level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LevelStep {
    /// The level with it.
    pub level: f64,
    /// The level's variance.
    pub variance: f64,
    /// Observation less forecast.
    pub innovation: f64,
    /// Variance of the innovation.
    pub innovation_variance: f64,
    /// Share of the innovation that the level follows.
    pub gain: f64,
}

/// A price that walks, observed with noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LocalLevel {
    noise: LevelNoise,
    /// Level and variance.
    state: Option<(f64, f64)>,
}

impl LocalLevel {
    /// A filter that has seen nothing.
    #[must_use]
    pub const fn new(noise: LevelNoise) -> Self {
        Self { noise, state: None }
    }

    /// Take in an observation; `None`, and no change, where it is not a number.
    pub fn observe(&mut self, y: f64) -> Option<LevelStep> {
        if !y.is_finite() {
            return None;
        }
        let LevelNoise { q, r } = self.noise;
        let Some((level, variance)) = self.state else {
            self.state = Some((y, r));
            let innovation_variance = r + r;
            let (innovation, gain) = (0.0, 0.0);
            return Some(LevelStep {
                level: y,
                variance: r,
                innovation,
                innovation_variance,
                gain,
            });
        };
        let forecast = variance + q;
        let innovation = y - level;
        let innovation_variance = forecast + r;
        let gain = share(forecast, innovation_variance);
        let (level, variance) = (level + gain * innovation, (1.0 - gain) * forecast);
        self.state = Some((level, variance));
        Some(LevelStep { level, variance, innovation, innovation_variance, gain })
    }
}

/// Variances of the local linear trend, a second (or whatever unit `dt` counts).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrendNoise {
    /// Of the level's own moves, a unit of time.
    pub q_level: f64,
    /// Of the slope's moves, a unit of time.
    pub q_slope: f64,
    /// Of an observation about the level.
    pub r: f64,
}

impl TrendNoise {
    /// From a fit of the local level, whose step becomes the unit of time.
    #[must_use]
    pub fn from_level(noise: LevelNoise) -> Self {
        Self { q_level: noise.q / 2.0, q_slope: noise.q / 100.0, r: noise.r }
    }
}

/// What is believed of level and slope.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrendState {
    /// Level.
    pub level: f64,
    /// Slope, a unit of time.
    pub slope: f64,
    /// Variance of the level.
    pub p11: f64,
    /// Covariance of level and slope.
    pub p12: f64,
    /// Variance of the slope.
    pub p22: f64,
}

/// How an observation compared with the forecast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrendStep {
    /// Observation less forecast.
    pub innovation: f64,
    /// Variance of the innovation.
    pub innovation_variance: f64,
    /// Whether it was too far off to be believed.
    pub rejected: bool,
}

/// A price with a slope, both walking, observed with noise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LocalTrend {
    noise: TrendNoise,
    state: Option<TrendState>,
    rejections: u8,
}

impl LocalTrend {
    /// A filter that has seen nothing.
    #[must_use]
    pub const fn new(noise: TrendNoise) -> Self {
        Self { noise, state: None, rejections: 0 }
    }

    /// What is believed; `None` before the first observation.
    #[must_use]
    pub const fn state(&self) -> Option<TrendState> {
        self.state
    }

    /// Take in an observation `dt` after the last one; `None`, and no change, where it is not a
    /// number or time does not move forward.
    pub fn observe(&mut self, y: f64, dt: f64) -> Option<TrendStep> {
        if !(y.is_finite() && dt.is_finite() && dt > 0.0) {
            return None;
        }
        let TrendNoise { q_level, q_slope, r } = self.noise;
        let Some(old) = self.state else {
            let (p11, p22) = (r, 100.0 * q_slope);
            self.state = Some(TrendState { level: y, slope: 0.0, p11, p12: 0.0, p22 });
            let innovation_variance = p11 + r;
            return Some(TrendStep { innovation: 0.0, innovation_variance, rejected: false });
        };
        let level = old.level + dt * old.slope;
        let a11 = old.p11 + dt * (2.0 * old.p12 + dt * old.p22) + q_level * dt;
        let a12 = old.p12 + dt * old.p22;
        let a22 = old.p22 + q_slope * dt;
        let innovation = y - level;
        let innovation_variance = a11 + r;
        let far = innovation.abs() > REJECT_DEVIATIONS * libm::sqrt(innovation_variance);
        let rejected = far && self.rejections < REJECTIONS_MAX;
        self.rejections = if rejected { self.rejections + 1 } else { 0 };
        let (k1, k2) = if rejected {
            (0.0, 0.0)
        } else {
            (share(a11, innovation_variance), share(a12, innovation_variance))
        };
        self.state = Some(TrendState {
            level: level + k1 * innovation,
            slope: old.slope + k2 * innovation,
            p11: ((1.0 - k1) * a11).max(VARIANCE_MIN),
            p12: (1.0 - k1) * a12,
            p22: (a22 - k2 * a12).max(VARIANCE_MIN),
        });
        Some(TrendStep { innovation, innovation_variance, rejected })
    }
}

/// A quotient; 0 where there is nothing to divide by.
fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 {
        part / whole
    } else {
        0.0
    }
}

/// Log-likelihood of one innovation.
#[must_use]
pub fn log_likelihood(innovation: f64, variance: f64) -> f64 {
    -0.5 * (libm::log(2.0 * PI) + libm::log(variance) + innovation * innovation / variance)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREND: TrendNoise = TrendNoise { q_level: 0.5, q_slope: 0.01, r: 0.5 };

    #[test]
    fn the_gain_of_a_level_settles_where_theory_says() {
        let noise = LevelNoise { q: 1.2, r: 0.5 };
        let mut level = LocalLevel::new(noise);
        let last = (0..200).filter_map(|i| level.observe(f64::from(i % 7))).last().expect("steps");
        let settled = (noise.q + libm::sqrt(noise.q * noise.q + 4.0 * noise.q * noise.r)) / 2.0;
        assert!((last.gain - settled / (settled + noise.r)).abs() < 1e-12);
    }

    #[test]
    fn a_straight_line_is_followed_and_its_slope_found() {
        let mut trend = LocalTrend::new(TREND);
        (0..300).for_each(|i| {
            trend.observe(100.0 + 0.25 * f64::from(i), 1.0);
        });
        let state = trend.state().expect("started");
        assert!((state.slope - 0.25).abs() < 1e-6, "{state:?}");
        assert!((state.level - 174.75).abs() < 1e-6, "{state:?}");
    }

    #[test]
    fn three_outliers_are_rejected_and_a_fourth_is_believed() {
        let mut trend = LocalTrend::new(TREND);
        (0..100).for_each(|_| {
            trend.observe(100.0, 1.0);
        });
        for _ in 0..3 {
            let step = trend.observe(200.0, 1.0).expect("a number");
            assert!(step.rejected);
            assert!((trend.state().expect("started").level - 100.0).abs() < 1e-6);
        }
        assert!(!trend.observe(200.0, 1.0).expect("a number").rejected);
        assert!(trend.state().expect("started").level > 150.0);
    }

    #[test]
    fn what_is_no_observation_changes_nothing() {
        let mut trend = LocalTrend::new(TREND);
        trend.observe(100.0, 1.0);
        let before = trend;
        for (y, dt) in [(f64::NAN, 1.0), (f64::INFINITY, 1.0), (1.0, 0.0), (1.0, f64::NAN)] {
            assert_eq!(trend.observe(y, dt), None);
        }
        assert_eq!(trend, before);
        assert_eq!(LocalLevel::new(LevelNoise { q: 1.0, r: 1.0 }).observe(f64::NAN), None);
    }

    #[test]
    fn a_model_without_noise_does_not_divide_by_zero() {
        let mut level = LocalLevel::new(LevelNoise { q: 0.0, r: 0.0 });
        level.observe(1.0);
        assert_eq!(level.observe(2.0).map(|step| step.level), Some(1.0));
        let mut trend = LocalTrend::new(TrendNoise { q_level: 0.0, q_slope: 0.0, r: 0.0 });
        (0..50).for_each(|i| {
            trend.observe(f64::from(i * i), 1.0);
        });
        let state = trend.state().expect("started");
        assert!(state.level.is_finite() && state.slope.is_finite(), "{state:?}");
    }
}
