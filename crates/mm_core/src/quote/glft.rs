//! GLFT — the stationary market-making quotes, closed form and exact.
//!
//! Sources: Guéant, Lehalle and Fernandez-Tapia, Mathematics and Financial Economics 7(4), 2013;
//! Guéant, Applied Mathematical Finance 24(2), 2017.

use crate::quote::avellaneda::half_markup;

/// The market and the dealer, in ticks, seconds and clips.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GlftParams {
    /// Risk aversion.
    pub gamma: f64,
    /// Utility parameter: gamma for exponential utility, 0 for mean-variance.
    pub xi: f64,
    /// Order size.
    pub delta: f64,
    /// A of the fill intensity `A exp(-k distance)`.
    pub a: f64,
    /// k of the fill intensity.
    pub k: f64,
}

/// The quotes of the closed form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GlftQuote {
    /// First coefficient: the spread without risk.
    pub c1: f64,
    /// Second coefficient: the price of risk.
    pub c2: f64,
    /// Distance of the bid from the mid; negative where a large inventory wants to trade.
    pub delta_bid: f64,
    /// Distance of the ask from the mid.
    pub delta_ask: f64,
    /// Half the full spread.
    pub half_spread: f64,
    /// Shift of the reservation price for each unit of inventory.
    pub skew_per_unit: f64,
}

/// The steady state with an inventory limit, by inventory from `-q_max` to `q_max`.
#[derive(Clone, Debug, PartialEq)]
pub struct GlftExact {
    /// Smallest eigenvalue of the tridiagonal problem.
    pub eigenvalue: f64,
    /// Distance of the bid; `None` at the upper limit.
    pub delta_bid: Vec<Option<f64>>,
    /// Distance of the ask; `None` at the lower limit.
    pub delta_ask: Vec<Option<f64>>,
}

/// Below this the expansion in `x = xi delta / k` is exact to double precision.
const SMALL: f64 = 1e-8;

/// The coefficients (c1, c2).
#[must_use]
pub(super) fn coefficients(params: &GlftParams) -> (f64, f64) {
    let GlftParams { gamma, xi, delta, a, k } = *params;
    let x = xi * delta / k;
    let (c1, growth) = if x < SMALL {
        (1.0 / k, libm::exp(1.0 + x / 2.0))
    } else {
        let log = libm::log1p(x);
        (log / (xi * delta), libm::exp(log * (1.0 + 1.0 / x)))
    };
    (c1, libm::sqrt(gamma / (2.0 * a * delta * k) * growth))
}

/// The closed-form quotes at inventory `q` and volatility `sigma`.
#[must_use]
pub fn glft(params: &GlftParams, q: f64, sigma: f64) -> GlftQuote {
    let (c1, c2) = coefficients(params);
    let risk = c2 * sigma;
    GlftQuote {
        c1,
        c2,
        delta_bid: c1 + (2.0 * q + params.delta) / 2.0 * risk,
        delta_ask: c1 - (2.0 * q - params.delta) / 2.0 * risk,
        half_spread: c1 + params.delta / 2.0 * risk,
        skew_per_unit: risk,
    }
}

/// The exact steady state with unit clips and |inventory| at most `q_max`; `params.xi` and
/// `params.delta` are not used.
#[must_use]
pub fn glft_exact(params: &GlftParams, sigma: f64, q_max: usize) -> GlftExact {
    let GlftParams { gamma, a, k, .. } = *params;
    let alpha = k * gamma * sigma * sigma / 2.0;
    // A (1 + gamma/k)^-(1 + k/gamma), e^-1 in the limit of no risk aversion.
    let markup = half_markup(gamma, k);
    let eta = a * libm::exp(-libm::log1p(gamma / k) - k * markup);
    let inventory = |i: usize| i as f64 - q_max as f64;
    let diagonal: Vec<f64> = (0..=2 * q_max).map(|i| alpha * inventory(i) * inventory(i)).collect();
    let (eigenvalue, f) = ground_state(&diagonal, -eta);
    let distance = |here: usize, next: Option<usize>| {
        let next = next.filter(|&n| n < f.len())?;
        Some((f[here] - f[next]) / k + markup)
    };
    GlftExact {
        eigenvalue,
        delta_bid: (0..f.len()).map(|i| distance(i, Some(i + 1))).collect(),
        delta_ask: (0..f.len()).map(|i| distance(i, i.checked_sub(1))).collect(),
    }
}

/// Smallest eigenvalue of a symmetric tridiagonal matrix with `beside` off the diagonal, and the
/// logarithms of its eigenvector.
///
/// The eigenvalue comes from bisection on the sign changes of the Sturm sequence; the vector's
/// ratios from recursions that start at both ends, where they are stable.
fn ground_state(diagonal: &[f64], beside: f64) -> (f64, Vec<f64>) {
    let reach = 2.0 * beside.abs() + 1.0;
    let mut low = diagonal.iter().copied().fold(f64::INFINITY, f64::min) - reach;
    let mut high = diagonal.iter().copied().fold(f64::NEG_INFINITY, f64::max) + reach;
    for _ in 0..200 {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if eigenvalues_below(diagonal, beside, middle) >= 1 {
            high = middle;
        } else {
            low = middle;
        }
    }
    let value = low + (high - low) / 2.0;
    let n = diagonal.len();
    let mut logs = vec![0.0; n];
    let middle = n / 2;
    // From the left: f[i+1]/f[i] = (value - d[i] - beside f[i-1]/f[i]) / beside; mirrored.
    let mut ratio = 0.0;
    let mut steps = Vec::with_capacity(n);
    for &d in &diagonal[..middle] {
        ratio = 1.0 / ((value - d - beside * ratio) / beside);
        steps.push(libm::log(ratio));
    }
    for i in (0..middle).rev() {
        logs[i] = logs[i + 1] + steps[i];
    }
    ratio = 0.0;
    steps.clear();
    for &d in diagonal[middle + 1..].iter().rev() {
        ratio = 1.0 / ((value - d - beside * ratio) / beside);
        steps.push(libm::log(ratio));
    }
    for (i, step) in (middle + 1..n).zip(steps.iter().rev()) {
        logs[i] = logs[i - 1] + step;
    }
    (value, logs)
}

fn eigenvalues_below(diagonal: &[f64], beside: f64, value: f64) -> usize {
    let mut pivot = 1.0;
    let mut below = 0;
    for (i, &d) in diagonal.iter().enumerate() {
        let coupling = if i == 0 { 0.0 } else { beside * beside / pivot };
        pivot = d - value - coupling;
        if pivot == 0.0 {
            pivot = f64::MIN_POSITIVE;
        }
        below += usize::from(pivot < 0.0);
    }
    below
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closed_form_under_skews_near_the_limit() {
        let params = GlftParams { gamma: 0.05, xi: 0.05, delta: 1.0, a: 0.9, k: 0.3 };
        let exact = glft_exact(&params, 0.4, 4);
        let flat = glft(&params, 3.0, 0.4);
        let at_three = exact.delta_bid[7].expect("not the limit");
        assert!((at_three - 5.313).abs() < 1e-3 && (flat.delta_bid - 3.81).abs() < 1e-2);
        assert!(exact.delta_bid[8].is_none() && exact.delta_ask[0].is_none());
    }
}
