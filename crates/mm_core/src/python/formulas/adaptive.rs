//! Bindings of what adapts the strategy: regime, size, tuner, inventory age.

use crate::python::formulas::refuse;
use crate::strategy;
use crate::strategy::InventoryAge;
use crate::strategy::Regime;
use crate::strategy::RegimeTracker;
use crate::strategy::SizerInputs;
use crate::strategy::SkewDecay;
use crate::strategy::Tuner;
use crate::strategy::TunerEvent;
use crate::strategy::TunerInputs;
use crate::units::Cash;
use crate::units::Lots;
use crate::units::UnixNanos;
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;

/// The regime after each ratio of fast to slow volatility; `None` before the first number.
#[pyfunction]
fn regimes(ratios: PyReadonlyArray1<'_, f64>) -> PyResult<Vec<Option<&'static str>>> {
    let mut tracker = RegimeTracker::default();
    let after = |ratio: &f64| {
        tracker.on_ratio(*ratio);
        tracker.value().map(Regime::name)
    };
    Ok(ratios.as_slice()?.iter().map(after).collect())
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct SizerIn {
    vol_ratio: Option<f64>,
    fill_rate: Option<f64>,
    rho: f64,
    toxicity: Option<f64>,
    drawdown: i64,
    drawdown_max: i64,
}

#[derive(IntoPyObject)]
struct SizeOut {
    volatility: f64,
    fills: f64,
    inventory: f64,
    toxicity: f64,
    drawdown: f64,
    multiplier: f64,
}

/// What multiplies the order size, and what it is made of.
#[pyfunction]
fn size_factors(inputs: SizerIn) -> SizeOut {
    let SizerIn { vol_ratio, fill_rate, rho, toxicity, drawdown, drawdown_max } = inputs;
    let (drawdown, drawdown_max) = (Cash(drawdown), Cash(drawdown_max));
    let got = strategy::size_factors(&SizerInputs {
        vol_ratio,
        fill_rate,
        rho,
        toxicity,
        drawdown,
        drawdown_max,
    });
    SizeOut {
        volatility: got.volatility,
        fills: got.fills,
        inventory: got.inventory,
        toxicity: got.toxicity,
        drawdown: got.drawdown,
        multiplier: got.multiplier,
    }
}

/// Spread multiplier and skew factor as the days go.
#[pyclass(name = "Tuner", module = "botmm._core")]
struct PyTuner(Tuner);

#[pymethods]
impl PyTuner {
    #[new]
    fn new(spread_mult: f64, skew: f64) -> PyResult<Self> {
        if spread_mult.is_finite() && skew.is_finite() && spread_mult >= 0.0 && skew >= 0.0 {
            return Ok(Self(Tuner::new(spread_mult, skew)));
        }
        Err(refuse("base", format!("must be 0 or more, had {spread_mult} and {skew}")))
    }

    /// One step by what the last day showed; the names of what it did.
    fn step(
        &mut self,
        sharpe: Option<f64>,
        fill_rate: Option<f64>,
        mean_rho: Option<f64>,
        fills: u64,
    ) -> Vec<&'static str> {
        let events = self.0.step(&TunerInputs { sharpe, fill_rate, mean_rho, fills });
        events.into_iter().flatten().map(TunerEvent::name).collect()
    }

    /// What multiplies the spread.
    #[getter]
    fn spread_mult(&self) -> f64 {
        self.0.spread_mult()
    }

    /// The skew factor.
    #[getter]
    fn skew(&self) -> f64 {
        self.0.skew()
    }
}

/// Age in seconds of a position in lots that changed at these times (nanoseconds), at each of them.
#[pyfunction]
fn inventory_ages(positions: Vec<(i64, i64)>, until: i64) -> (Vec<f64>, f64) {
    let mut age = InventoryAge::default();
    let after = |(ts, lots)| {
        age.on_position(UnixNanos(ts), Lots(lots));
        age.seconds(UnixNanos(ts))
    };
    let ages = positions.into_iter().map(after).collect();
    (ages, age.seconds(UnixNanos(until)))
}

/// The skew factor of an inventory of this age.
#[pyfunction]
fn decayed_skew(factor: f64, age_s: f64, kappa: f64, half_life_s: f64) -> f64 {
    strategy::decayed_skew(factor, age_s, SkewDecay { kappa, half_life_s })
}

pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyTuner>()?;
    m.add_function(wrap_pyfunction!(regimes, m)?)?;
    m.add_function(wrap_pyfunction!(size_factors, m)?)?;
    m.add_function(wrap_pyfunction!(inventory_ages, m)?)?;
    m.add_function(wrap_pyfunction!(decayed_skew, m)?)
}
