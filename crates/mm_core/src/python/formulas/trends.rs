//! Bindings of the Kalman filters, QQE and the bias.

use crate::python::formulas::refuse;
use crate::signal;
use crate::signal::LevelNoise;
use crate::signal::LocalLevel;
use crate::signal::LocalTrend;
use crate::signal::Qqe;
use crate::signal::QqeParams;
use crate::signal::Trend;
use crate::signal::TrendNoise;
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;

/// One field of every step.
fn column<S, T>(steps: &[S], field: impl Fn(&S) -> T) -> Vec<T> {
    steps.iter().map(field).collect()
}

/// The likelihood of all (innovation, variance) but the first, which only sets the level.
fn likelihood(innovations: impl Iterator<Item = (f64, f64)>) -> f64 {
    innovations.skip(1).fold(0.0, |sum, (nu, variance)| sum + signal::log_likelihood(nu, variance))
}

#[derive(IntoPyObject)]
struct LevelOut {
    level: Vec<f64>,
    variance: Vec<f64>,
    innovation: Vec<f64>,
    innovation_variance: Vec<f64>,
    gain: Vec<f64>,
    log_likelihood: f64,
}

/// The local level filter over values; the first one is left out of the likelihood.
#[pyfunction]
fn kalman_level(values: PyReadonlyArray1<'_, f64>, q: f64, r: f64) -> PyResult<LevelOut> {
    let mut filter = LocalLevel::new(LevelNoise { q, r });
    let steps: Option<Vec<_>> = values.as_slice()?.iter().map(|v| filter.observe(*v)).collect();
    let steps = steps.ok_or_else(|| refuse("values", "must be numbers"))?;
    Ok(LevelOut {
        level: column(&steps, |step| step.level),
        variance: column(&steps, |step| step.variance),
        innovation: column(&steps, |step| step.innovation),
        innovation_variance: column(&steps, |step| step.innovation_variance),
        gain: column(&steps, |step| step.gain),
        log_likelihood: likelihood(steps.iter().map(|s| (s.innovation, s.innovation_variance))),
    })
}

#[derive(IntoPyObject)]
struct TrendOut {
    level: Vec<f64>,
    slope: Vec<f64>,
    p11: Vec<f64>,
    p12: Vec<f64>,
    p22: Vec<f64>,
    innovation: Vec<f64>,
    innovation_variance: Vec<f64>,
    rejected: Vec<bool>,
    log_likelihood: f64,
}

/// The local linear trend over values `dt` apart; `noise` is (q_level, q_slope, r).
#[pyfunction]
fn kalman_trend(
    values: PyReadonlyArray1<'_, f64>,
    noise: (f64, f64, f64),
    dt: f64,
) -> PyResult<TrendOut> {
    let (q_level, q_slope, r) = noise;
    let mut filter = LocalTrend::new(TrendNoise { q_level, q_slope, r });
    let observe = |value: &f64| filter.observe(*value, dt).zip(filter.state());
    let seen: Option<Vec<_>> = values.as_slice()?.iter().map(observe).collect();
    let seen = seen.ok_or_else(|| refuse("values", "must be numbers, and dt above 0"))?;
    let (steps, states): (Vec<_>, Vec<_>) = seen.into_iter().unzip();
    Ok(TrendOut {
        level: column(&states, |state| state.level),
        slope: column(&states, |state| state.slope),
        p11: column(&states, |state| state.p11),
        p12: column(&states, |state| state.p12),
        p22: column(&states, |state| state.p22),
        innovation: column(&steps, |step| step.innovation),
        innovation_variance: column(&steps, |step| step.innovation_variance),
        rejected: column(&steps, |step| step.rejected),
        log_likelihood: likelihood(steps.iter().map(|s| (s.innovation, s.innovation_variance))),
    })
}

#[derive(IntoPyObject)]
struct MomentsOut {
    g0: f64,
    g1: f64,
    q: f64,
    r: f64,
}

/// Noise of the local level from the autocovariances of the differences.
#[pyfunction]
fn noise_by_moments(values: PyReadonlyArray1<'_, f64>) -> PyResult<Option<MomentsOut>> {
    let fit = signal::noise_by_moments(values.as_slice()?.iter().copied());
    Ok(fit.map(|fit| MomentsOut { g0: fit.g0, g1: fit.g1, q: fit.noise.q, r: fit.noise.r }))
}

#[derive(IntoPyObject)]
struct LikelihoodOut {
    log10_ratio: f64,
    q: f64,
    r: f64,
    log_likelihood: f64,
}

/// The most likely noise of the local level.
#[pyfunction]
fn noise_by_likelihood(values: PyReadonlyArray1<'_, f64>) -> PyResult<Option<LikelihoodOut>> {
    let fit = signal::noise_by_likelihood(values.as_slice()?.iter().copied());
    Ok(fit.map(|fit| LikelihoodOut {
        log10_ratio: fit.log10_ratio,
        q: fit.noise.q,
        r: fit.noise.r,
        log_likelihood: fit.log_likelihood,
    }))
}

#[derive(Default, IntoPyObject)]
struct QqeOut {
    rsi_ma: Vec<Option<f64>>,
    reach: Vec<Option<f64>>,
    line: Vec<Option<f64>>,
    trend: Vec<i8>,
    ready: Vec<bool>,
}

/// QQE after each close.
#[pyfunction]
fn qqe(
    closes: PyReadonlyArray1<'_, f64>,
    rsi_n: u32,
    smoothing: u32,
    factor: f64,
) -> PyResult<QqeOut> {
    if !(1..=10_000).contains(&rsi_n) || !(1..=10_000).contains(&smoothing) {
        return Err(refuse("qqe", "lengths must be from 1 to 10000"));
    }
    let mut qqe = Qqe::new(QqeParams { rsi_n, smoothing, factor });
    let mut out = QqeOut::default();
    for close in closes.as_slice()? {
        qqe.on_close(*close);
        out.rsi_ma.push(qqe.rsi_ma());
        out.reach.push(qqe.reach());
        out.line.push(qqe.line());
        out.trend.push(qqe.trend().sign());
        out.ready.push(qqe.is_ready());
    }
    Ok(out)
}

/// The slope in its own deviations, -1 to 1.
#[pyfunction]
fn kalman_bias(slope: f64, variance: f64) -> f64 {
    signal::kalman_bias(slope, variance)
}

/// How far QQE's index is beyond its middle, the way of its trend (+1, -1 or 0).
#[pyfunction]
fn qqe_bias(rsi_ma: f64, trend: i8) -> f64 {
    let trend = match trend.signum() {
        1 => Trend::Up,
        -1 => Trend::Down,
        _ => Trend::Unknown,
    };
    signal::qqe_bias(rsi_ma, trend)
}

/// Both together, -1 to 1; 0 where they disagree.
#[pyfunction]
fn directional_bias(kalman: f64, qqe: f64) -> f64 {
    signal::directional_bias(kalman, qqe)
}

pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(kalman_level, m)?)?;
    m.add_function(wrap_pyfunction!(kalman_trend, m)?)?;
    m.add_function(wrap_pyfunction!(noise_by_moments, m)?)?;
    m.add_function(wrap_pyfunction!(noise_by_likelihood, m)?)?;
    m.add_function(wrap_pyfunction!(qqe, m)?)?;
    m.add_function(wrap_pyfunction!(kalman_bias, m)?)?;
    m.add_function(wrap_pyfunction!(qqe_bias, m)?)?;
    m.add_function(wrap_pyfunction!(directional_bias, m)?)
}
