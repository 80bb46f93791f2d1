//! Volatility — the running estimate that quoting uses.

use crate::units::DurationNanos;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

/// Shorter sampling measures the bounce between bid and ask.
const SAMPLE: DurationNanos = DurationNanos::from_millis(5_000);
/// A return over more than this is silence, not volatility.
const GAP_MAX: DurationNanos = DurationNanos::from_millis(15_000);
const HALF_LIFE_S: f64 = 300.0;
/// The first estimate is the plain mean of this many squared returns.
const SEED_RETURNS: u32 = 20;

/// EWMA of squared log returns of the mid, sampled every five seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SigmaEstimator {
    last: Option<(UnixNanos, f64)>,
    /// Variance per second; a sum until seeded.
    variance: f64,
    returns: u32,
}

impl SigmaEstimator {
    /// Whether a mid at this time would be sampled.
    #[inline]
    #[must_use]
    pub fn is_due(&self, now: UnixNanos) -> bool {
        now >= self.due()
    }

    /// When the next mid is sampled.
    #[inline]
    #[must_use]
    pub fn due(&self) -> UnixNanos {
        self.last.map_or(UnixNanos(i64::MIN), |(at, _)| at.after(SAMPLE))
    }

    /// Take in a mid, in any unit; between samples it changes nothing.
    #[inline]
    pub fn on_mid(&mut self, ts: UnixNanos, mid: f64) {
        if self.is_due(ts) && mid.is_finite() && mid > 0.0 {
            self.sample(ts, mid);
        }
    }

    /// Begin with a variance a second from elsewhere, where nothing was seen yet; one that is no
    /// variance changes nothing.
    pub fn seed(&mut self, variance: f64) {
        if self.returns < SEED_RETURNS && variance.is_finite() && variance >= 0.0 {
            (self.variance, self.returns) = (variance, SEED_RETURNS);
        }
    }

    /// Volatility as log-return per square root of a second; `None` until seeded.
    #[must_use]
    pub fn sigma(&self) -> Option<f64> {
        (self.returns >= SEED_RETURNS).then(|| libm::sqrt(self.variance))
    }

    fn sample(&mut self, ts: UnixNanos, mid: f64) {
        let last = self.last.replace((ts, mid));
        let Some((at, before)) = last else {
            return;
        };
        let elapsed = ts.since(at);
        if elapsed > GAP_MAX {
            return;
        }
        let log_return = libm::log(mid / before);
        let rate = log_return * log_return / elapsed.as_secs_f64();
        if self.returns < SEED_RETURNS {
            self.variance += rate;
            self.returns += 1;
            if self.returns == SEED_RETURNS {
                self.variance /= f64::from(SEED_RETURNS);
            }
        } else {
            let keep = libm::exp2(-SAMPLE.as_secs_f64() / HALF_LIFE_S);
            self.variance = keep * self.variance + (1.0 - keep) * rate;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> UnixNanos {
        UnixNanos(1_700_000_000_000_000_000 + ms * 1_000_000)
    }

    /// Mids that alternate between two prices every `step_ms`.
    fn fed(samples: i64, step_ms: i64) -> SigmaEstimator {
        let mut sigma = SigmaEstimator::default();
        for i in 0..samples {
            let mid = if i % 2 == 0 { 100.0 } else { 101.0 };
            sigma.on_mid(at(i * step_ms), mid);
        }
        sigma
    }

    #[test]
    fn twenty_returns_seed_it_and_their_size_is_the_answer() {
        assert_eq!(fed(20, 5_000).sigma(), None);
        let wanted = libm::log(1.01) / libm::sqrt(5.0);
        for samples in [21, 22, 400] {
            let got = fed(samples, 5_000).sigma().expect("seeded");
            assert!((got / wanted - 1.0).abs() < 1e-9, "{got} for {wanted}");
        }
    }

    #[test]
    fn a_seed_from_elsewhere_holds_until_returns_move_it() {
        let mut sigma = SigmaEstimator::default();
        [f64::NAN, f64::INFINITY, -1.0].into_iter().for_each(|bad| sigma.seed(bad));
        assert_eq!(sigma.sigma(), None);
        sigma.seed(4e-8);
        assert_eq!(sigma.sigma(), Some(2e-4));
        (0..2).for_each(|i| sigma.on_mid(at(i * 5_000), 100.0));
        assert!(sigma.sigma() < Some(2e-4));
        let mut own = fed(30, 5_000);
        own.seed(1.0);
        assert_eq!(own, fed(30, 5_000), "an estimate of its own is kept");
    }

    #[test]
    fn mids_between_samples_do_not_count() {
        let mut sigma = fed(30, 5_000);
        let before = sigma.clone();
        sigma.on_mid(at(29 * 5_000 + 4_999), 500.0);
        assert_eq!(sigma, before);
    }

    #[test]
    fn a_return_over_a_gap_is_skipped() {
        let mut sigma = fed(30, 5_000);
        let before = sigma.sigma();
        sigma.on_mid(at(29 * 5_000 + 15_001), 500.0);
        assert_eq!(sigma.sigma(), before);
        sigma.on_mid(at(29 * 5_000 + 20_001), 500.0);
        assert!(sigma.sigma() < before, "a quiet return lowers it");
    }

    #[test]
    fn old_returns_fade_by_half_in_five_minutes() {
        let mut sigma = fed(30, 5_000);
        let before = sigma.sigma().expect("seeded");
        let mid = 101.0;
        for i in 0..60 {
            sigma.on_mid(at(30 * 5_000 + i * 5_000), mid);
        }
        let after = sigma.sigma().expect("seeded");
        assert!((after * after / (before * before) - 0.5).abs() < 1e-9);
    }
}
