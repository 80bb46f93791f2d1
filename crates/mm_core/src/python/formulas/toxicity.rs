//! Bindings of toxicity, true ranges and VPIN.

use crate::python::errors::to_py;
use crate::python::formulas::refuse;
use crate::python::formulas::side_of;
use crate::signal;
use crate::signal::Atr;
use crate::signal::Bar;
use crate::signal::ScoredFill;
use crate::signal::Toxicity;
use crate::signal::Vpin;
use crate::units::DurationNanos;
use crate::units::Side;
use crate::units::UnixNanos;
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;

/// Average true range over fourteen bars, after each bar.
#[pyfunction]
fn average_true_range(
    high: PyReadonlyArray1<'_, f64>,
    low: PyReadonlyArray1<'_, f64>,
    close: PyReadonlyArray1<'_, f64>,
) -> PyResult<Vec<Option<f64>>> {
    let (high, low, close) = (high.as_slice()?, low.as_slice()?, close.as_slice()?);
    if high.len() != close.len() || low.len() != close.len() {
        return Err(refuse("bars", "the columns differ in length"));
    }
    let mut atr = Atr::default();
    let bars = high.iter().zip(low).zip(close);
    Ok(bars
        .map(|((&high, &low), &close)| {
            atr.on_bar(&Bar { start: UnixNanos(0), open: close, high, low, close })
        })
        .collect())
}

/// How toxic a fill was at one horizon, 0 to 1.
#[pyfunction]
fn toxicity_score(side: i8, px: f64, later: f64, atr: f64) -> PyResult<f64> {
    Ok(signal::toxicity_score(side_of(side)?, px, later, atr))
}

/// What multiplies the half spread of a side.
#[pyfunction]
fn toxicity_multiplier(score: f64, fills: u64) -> f64 {
    signal::toxicity_multiplier(score, fills)
}

/// Scores of our fills by side: tick by tick, or bar by bar where a length of bars is given.
#[pyclass(name = "Toxicity", module = "botmm._core")]
struct PyToxicity(Toxicity);

#[derive(IntoPyObject)]
struct SideOut {
    value: Option<f64>,
    fills: u64,
    multiplier: f64,
}

#[pymethods]
impl PyToxicity {
    #[new]
    #[pyo3(signature = (bar_ns = None))]
    fn new(bar_ns: Option<i64>) -> PyResult<Self> {
        match bar_ns {
            None => Ok(Self(Toxicity::ticks())),
            Some(length) if length > 0 => Ok(Self(Toxicity::bars(DurationNanos(length)))),
            Some(length) => Err(refuse("bar_ns", format!("must be above 0, had {length}"))),
        }
    }

    /// Take in one of our fills, with the average true range at that time, where known.
    fn on_fill(&mut self, ts: i64, side: i8, px: f64, atr: Option<f64>) -> PyResult<()> {
        self.0.on_fill(&ScoredFill { ts: UnixNanos(ts), side: side_of(side)?, px, atr });
        Ok(())
    }

    /// Take in the mid from this time on.
    fn on_mid(&mut self, ts: i64, mid: f64) {
        self.0.on_mid(UnixNanos(ts), mid);
    }

    /// No more mids come for this time or before it.
    fn settle(&mut self, ts: i64) {
        self.0.settle(UnixNanos(ts));
    }

    /// Prices were not known for a while.
    fn on_gap(&mut self) {
        self.0.on_gap();
    }

    /// Score, scored fills and multiplier of a side.
    fn side(&self, side: i8) -> PyResult<SideOut> {
        let side: Side = side_of(side)?;
        Ok(SideOut {
            value: self.0.value(side),
            fills: self.0.fills(side),
            multiplier: self.0.multiplier(side),
        })
    }

    /// Fills that could not be scored.
    #[getter]
    fn skipped(&self) -> u64 {
        self.0.skipped()
    }
}

/// VPIN after each bucket that (side, size) trades fill, once there are `n`.
#[pyfunction]
fn vpin(trades: Vec<(i8, f64)>, bucket: f64, n: usize) -> PyResult<Vec<f64>> {
    let mut vpin = Vpin::new(bucket, n).map_err(to_py)?;
    let mut out = Vec::new();
    for (side, size) in trades {
        vpin.on_trade(side_of(side)?, size, |value| out.push(value));
    }
    Ok(out)
}

/// Share of a bar's volume that was buying, from its price change.
#[pyfunction]
fn bulk_buy_share(change: f64, sigma: f64) -> f64 {
    signal::bulk_buy_share(change, sigma)
}

pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyToxicity>()?;
    m.add_function(wrap_pyfunction!(average_true_range, m)?)?;
    m.add_function(wrap_pyfunction!(toxicity_score, m)?)?;
    m.add_function(wrap_pyfunction!(toxicity_multiplier, m)?)?;
    m.add_function(wrap_pyfunction!(vpin, m)?)?;
    m.add_function(wrap_pyfunction!(bulk_buy_share, m)?)
}
