//! Noise — the variances of a local level, from its autocovariances or by likelihood.

use crate::signal::kalman::log_likelihood;
use crate::signal::LevelNoise;
use crate::signal::LocalLevel;

/// Variances do not fall below this.
const VARIANCE_MIN: f64 = 1e-18;
/// Powers of ten between which the ratio of the variances is looked for.
const LOG_RATIO: (f64, f64) = (-6.0, 6.0);
const GOLDEN_STEPS: usize = 80;

/// A fit by moments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoiseMoments {
    /// Variance of the differences.
    pub g0: f64,
    /// Their covariance one step apart.
    pub g1: f64,
    /// What they say of the noise.
    pub noise: LevelNoise,
}

/// A fit by likelihood.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoiseLikelihood {
    /// Decimal logarithm of `q / r`.
    pub log10_ratio: f64,
    /// The most likely noise.
    pub noise: LevelNoise,
    /// How likely it is.
    pub log_likelihood: f64,
}

/// Noise from the autocovariances of the differences; `None` with fewer than 3 values.
#[must_use]
pub fn noise_by_moments(values: impl Iterator<Item = f64> + Clone) -> Option<NoiseMoments> {
    let moves = values.clone().zip(values.skip(1)).map(|(before, now)| now - before);
    let n = moves.clone().count();
    if n < 2 {
        return None;
    }
    let mean = moves.clone().sum::<f64>() / n as f64;
    let centred = moves.map(|d| d - mean);
    let g0 = centred.clone().map(|d| d * d).sum::<f64>() / n as f64;
    let g1 = centred.clone().zip(centred.skip(1)).map(|(a, b)| a * b).sum::<f64>() / n as f64;
    let r = (-g1).max(VARIANCE_MIN);
    let q = (g0 - 2.0 * r).max(VARIANCE_MIN);
    (g0.is_finite() && g1.is_finite()).then_some(NoiseMoments {
        g0,
        g1,
        noise: LevelNoise { q, r },
    })
}

/// The most likely noise; `None` with fewer than 3 values, or where they do not move.
#[must_use]
pub fn noise_by_likelihood(values: impl Iterator<Item = f64> + Clone) -> Option<NoiseLikelihood> {
    let at = |log10_ratio: f64| concentrated(values.clone(), log10_ratio);
    let golden = (libm::sqrt(5.0) - 1.0) / 2.0;
    let (mut low, mut high) = LOG_RATIO;
    let (mut left, mut right) = (high - golden * (high - low), low + golden * (high - low));
    let (mut at_left, mut at_right) = (at(left)?, at(right)?);
    for _ in 0..GOLDEN_STEPS {
        if at_left.log_likelihood > at_right.log_likelihood {
            (high, right, at_right) = (right, left, at_left);
            left = high - golden * (high - low);
            at_left = at(left)?;
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + golden * (high - low);
            at_right = at(right)?;
        }
    }
    at((low + high) / 2.0)
}

/// The likelihood at a ratio of the variances, with the most likely `r` for that ratio.
fn concentrated(values: impl Iterator<Item = f64>, log10_ratio: f64) -> Option<NoiseLikelihood> {
    let ratio = libm::exp10(log10_ratio);
    let mut level = LocalLevel::new(LevelNoise { q: ratio, r: 1.0 });
    let (mut n, mut squares, mut logs) = (0_u32, 0.0, 0.0);
    for step in values.filter_map(|y| level.observe(y)).skip(1) {
        n += 1;
        squares += step.innovation * step.innovation / step.innovation_variance;
        logs += libm::log(step.innovation_variance);
    }
    let n = f64::from(n);
    let r = squares / n;
    // At the most likely `r` the squares sum to n: one more unit innovation a step.
    let log_likelihood = n * log_likelihood(1.0, 1.0) - 0.5 * (n * libm::log(r) + logs);
    let noise = LevelNoise { q: ratio * r, r };
    (n >= 2.0 && r > 0.0 && log_likelihood.is_finite()).then_some(NoiseLikelihood {
        log10_ratio,
        noise,
        log_likelihood,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A walk with steps of -1 and 1 from a fixed pattern, seen through an alternating error.
    fn seen(error: f64) -> Vec<f64> {
        let mut level = 100.0;
        let mut state = 1_u64;
        (0..2_000)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                level += if state >> 63 == 1 { 1.0 } else { -1.0 };
                let sign = if state >> 40 & 1 == 1 { error } else { -error };
                level + sign
            })
            .collect()
    }

    #[test]
    fn both_ways_find_the_noise_that_was_put_in() {
        let values = seen(2.0);
        let moments = noise_by_moments(values.iter().copied()).expect("moves").noise;
        let likely = noise_by_likelihood(values.iter().copied()).expect("moves").noise;
        for noise in [moments, likely] {
            assert!((noise.q - 1.0).abs() < 0.3, "{noise:?}");
            assert!((noise.r - 4.0).abs() < 0.6, "{noise:?}");
        }
    }

    #[test]
    fn nothing_to_fit_is_none() {
        for values in [&[][..], &[1.0], &[1.0, 2.0], &[5.0; 50]] {
            assert_eq!(noise_by_likelihood(values.iter().copied()), None, "{values:?}");
        }
        assert_eq!(noise_by_moments([1.0, 2.0].into_iter()), None);
        let still = noise_by_moments([5.0; 50].into_iter()).expect("enough").noise;
        assert_eq!(still, LevelNoise { q: VARIANCE_MIN, r: VARIANCE_MIN });
    }
}
