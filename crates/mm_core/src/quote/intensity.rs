//! Intensity — A and k of the fill intensity `A exp(-k distance)`, from trades or probes.

use crate::error::CoreError;
use serde::Deserialize;
use serde::Serialize;

/// Distances need this many windows to count in the regression.
const EVENTS_MIN: f64 = 10.0;
/// Fewer distances than this give no line.
const POINTS_MIN: usize = 3;
/// A fit that explains less than this is not used.
const R2_MIN: f64 = 0.5;

/// Whether a fit may be used, and why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FitStatus {
    /// Usable.
    Ok,
    /// Fewer than three usable distances.
    TooFewPoints,
    /// The intensity does not fall with distance.
    NonPositiveK,
    /// Fewer than ten events.
    TooFewEvents,
    /// All events at the shortest distance.
    Degenerate,
    /// R² below one half.
    PoorFit,
}

impl FitStatus {
    /// The status as results spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::TooFewPoints => "too_few_points",
            Self::NonPositiveK => "non_positive_k",
            Self::TooFewEvents => "too_few_events",
            Self::Degenerate => "degenerate",
            Self::PoorFit => "poor_fit",
        }
    }
}

/// One fitted line of log intensity on distance.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Line {
    /// Intensity at distance 0, per second.
    pub a: f64,
    /// Decay per tick.
    pub k: f64,
    /// Share of the variance explained.
    pub r2: f64,
}

/// The regression of log intensity on distance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IntensityFit {
    /// Usable or not.
    pub status: FitStatus,
    /// Distances that had enough events.
    pub points: usize,
    /// Unweighted, for comparison; `None` with too few points.
    pub plain: Option<Line>,
    /// Weighted by events: the one to use; `None` with too few points.
    pub weighted: Option<Line>,
}

/// The estimate from the mean excess over a first distance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GeometricFit {
    /// Usable or not.
    pub status: FitStatus,
    /// Windows that reached the first distance.
    pub events: usize,
    /// Mean excess in ticks, A, k and the standard error of k; `None` unless usable.
    pub estimate: Option<Geometric>,
}

/// What [`fit_geometric`] found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Geometric {
    /// Mean distance beyond the first, in ticks.
    pub mean_excess: f64,
    /// Intensity at distance 0, per second.
    pub a: f64,
    /// Decay per tick.
    pub k: f64,
    /// Standard error of k.
    pub se_k: f64,
}

/// Fit `counts[j]` windows of at least `deltas[j]` ticks in `seconds` observed.
///
/// # Errors
/// [`CoreError::BadArgument`] where the columns differ in length.
pub fn fit_intensity(
    deltas: &[f64],
    counts: &[f64],
    seconds: f64,
) -> Result<IntensityFit, CoreError> {
    if deltas.len() != counts.len() {
        let why = format!("{} values where deltas has {}", counts.len(), deltas.len());
        return Err(CoreError::BadArgument { name: "counts", why });
    }
    let points = deltas.iter().zip(counts).map(|(&delta, &count)| (delta, count, seconds));
    Ok(fit_points(points))
}

/// Fit points of distance in ticks, events there, and the seconds that they took.
#[must_use]
pub fn fit_points(points: impl Iterator<Item = (f64, f64, f64)> + Clone) -> IntensityFit {
    let usable = points.filter(|&(_, n, _)| n >= EVENTS_MIN);
    let lines = usable.map(|(x, n, seconds)| (x, libm::log(n / seconds), n));
    let points = lines.clone().count();
    if points < POINTS_MIN {
        let status = FitStatus::TooFewPoints;
        return IntensityFit { status, points, plain: None, weighted: None };
    }
    let plain = line(lines.clone().map(|(x, y, _)| (x, y, 1.0)));
    let weighted = line(lines);
    // Not `k <= 0`: a slope that is not a number is no decay either.
    let status = match weighted {
        Line { k, .. } if k.is_nan() || k <= 0.0 => FitStatus::NonPositiveK,
        Line { r2, .. } if r2 < R2_MIN => FitStatus::PoorFit,
        Line { .. } => FitStatus::Ok,
    };
    IntensityFit { status, points, plain: Some(plain), weighted: Some(weighted) }
}

/// Weighted least squares of y on x over (x, y, weight).
fn line(points: impl Iterator<Item = (f64, f64, f64)> + Clone) -> Line {
    let sum =
        |f: &dyn Fn(f64, f64) -> f64| -> f64 { points.clone().map(|(x, y, w)| w * f(x, y)).sum() };
    let weight = sum(&|_, _| 1.0);
    let (mx, my) = (sum(&|x, _| x) / weight, sum(&|_, y| y) / weight);
    let sxx = sum(&|x, _| (x - mx) * (x - mx));
    let sxy = sum(&|x, y| (x - mx) * (y - my));
    let syy = sum(&|_, y| (y - my) * (y - my));
    let slope = sxy / sxx;
    let rest = sum(&|x, y| {
        let error = y - my - slope * (x - mx);
        error * error
    });
    let r2 = if syy > 0.0 { 1.0 - rest / syy } else { 0.0 };
    Line { a: libm::exp(my - slope * mx), k: -slope, r2 }
}

/// Fit the geometric tail of the deepest trade of each window, `depths` in whole ticks, beyond
/// distance `d0`, in `seconds` observed.
#[must_use]
pub fn fit_geometric(depths: &[i64], d0: i64, seconds: f64) -> GeometricFit {
    let excess: Vec<i64> = depths.iter().filter(|&&d| d >= d0).map(|d| d - d0).collect();
    let events = excess.len();
    let n = events as f64;
    if n < EVENTS_MIN {
        return GeometricFit { status: FitStatus::TooFewEvents, events, estimate: None };
    }
    let m = excess.iter().sum::<i64>() as f64 / n;
    if m <= 0.0 {
        return GeometricFit { status: FitStatus::Degenerate, events, estimate: None };
    }
    let k = libm::log1p(1.0 / m);
    let estimate = Geometric {
        mean_excess: m,
        a: n / seconds * libm::exp(k * d0 as f64),
        k,
        se_k: 1.0 / libm::sqrt(n * m * (m + 1.0)),
    };
    GeometricFit { status: FitStatus::Ok, events, estimate: Some(estimate) }
}

/// Intensity of one probe distance and the standard error of its logarithm, `None` without fills.
#[must_use]
pub fn fit_probe(fills: u32, exposure_s: f64) -> (f64, Option<f64>) {
    let fills = f64::from(fills);
    let rate = if exposure_s > 0.0 { fills / exposure_s } else { 0.0 };
    (rate, (fills > 0.0).then(|| 1.0 / libm::sqrt(fills)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_has_its_status() {
        let deltas = [1.0, 2.0, 3.0];
        let status = |counts: [f64; 3]| {
            fit_intensity(&deltas, &counts, 100.0).expect("columns of one length").status
        };
        assert_eq!(status([80.0, 40.0, 20.0]), FitStatus::Ok);
        assert_eq!(status([80.0, 40.0, 2.0]), FitStatus::TooFewPoints);
        assert_eq!(status([20.0, 20.0, 20.0]), FitStatus::NonPositiveK);
        assert_eq!(status([40.0, 90.0, 38.0]), FitStatus::PoorFit);
        assert_eq!(fit_geometric(&[1; 20], 1, 9.0).status, FitStatus::Degenerate);
        assert_eq!(fit_geometric(&[1, 2], 1, 9.0).status, FitStatus::TooFewEvents);
    }

    #[test]
    fn columns_of_different_lengths_are_refused() {
        let refused = fit_intensity(&[1.0, 2.0], &[40.0], 100.0).expect_err("one count too few");
        assert_eq!(refused.to_string(), "counts: 1 values where deltas has 2");
    }
}
