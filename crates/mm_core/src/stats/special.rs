//! Special functions — normal and gamma laws, from `libm` alone.

use std::f64::consts::PI;
use std::f64::consts::SQRT_2;

/// Standard normal distribution function.
#[must_use]
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / SQRT_2)
}

/// Inverse of [`normal_cdf`] for p in (0, 1); infinite at its ends, NaN outside.
///
/// Bisection on the distribution function, then Newton: slow, exact to double precision.
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    if p <= 0.0 || p >= 1.0 || p.is_nan() {
        return match p {
            0.0 => f64::NEG_INFINITY,
            1.0 => f64::INFINITY,
            _ => f64::NAN,
        };
    }
    let (mut low, mut high) = (-40.0, 40.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if normal_cdf(middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    let mut z = (low + high) / 2.0;
    for _ in 0..2 {
        let density = libm::exp(-z * z / 2.0) / libm::sqrt(2.0 * PI);
        if density > 0.0 {
            z -= (normal_cdf(z) - p) / density;
        }
    }
    z
}

/// Upper tail `P(X >= x)` of a gamma law with this shape and unit scale.
///
/// Series below `shape + 1`, Lentz's continued fraction above.
#[must_use]
pub fn gamma_tail(shape: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    let front = libm::exp(shape * libm::log(x) - x - libm::lgamma(shape));
    if x < shape + 1.0 {
        let mut term = 1.0 / shape;
        let mut sum = term;
        for n in 1..10_000 {
            term *= x / (shape + f64::from(n));
            sum += term;
            if term < sum * 1e-17 {
                break;
            }
        }
        return 1.0 - front * sum;
    }
    let tiny = 1e-300;
    let mut b = x + 1.0 - shape;
    let mut c = 1.0 / tiny;
    let mut d = 1.0 / b;
    let mut value = d;
    for n in 1..10_000 {
        let n = f64::from(n);
        let a = -n * (n - shape);
        b += 2.0;
        d = 1.0 / guarded(a * d + b, tiny);
        c = guarded(b + a / c, tiny);
        let step = c * d;
        value *= step;
        if (step - 1.0).abs() < 1e-16 {
            break;
        }
    }
    front * value
}

fn guarded(x: f64, tiny: f64) -> f64 {
    if x.abs() < tiny {
        tiny
    } else {
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantile_inverts_the_distribution() {
        for p in [1e-12, 0.001, 0.05, 0.5, 0.8, 0.999_999] {
            let back = normal_cdf(normal_quantile(p));
            assert!((back - p).abs() < 1e-14 * (1.0 + p), "{p} came back as {back}");
        }
    }

    #[test]
    fn gamma_tail_matches_the_exponential_and_erlang_laws() {
        for x in [0.1, 1.0, 1.9, 2.5, 3.5, 20.0] {
            let erlang = (1.0 + x + x * x / 2.0) * libm::exp(-x);
            assert!((gamma_tail(1.0, x) - libm::exp(-x)).abs() < 1e-14);
            assert!((gamma_tail(3.0, x) - erlang).abs() < 1e-13);
        }
    }
}
