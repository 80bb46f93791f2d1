//! Bindings of the synthetic exchange.

use super::data::column;
use super::data::rows_to_dict;
use super::errors::to_py;
use crate::error::CoreError;
use crate::event::Rows;
use crate::instrument::InstrumentSpec;
use crate::queue::QpnConfig;
use crate::queue::QueueModel;
use crate::sim::calibrate_qpn;
use crate::sim::estimate_queue;
use crate::sim::recorded_truth;
use crate::sim::Flow;
use crate::sim::FlowConfig;
use crate::sim::FlowLatency;
use crate::sim::FlowStreams;
use crate::sim::GhostPlan;
use crate::sim::OrderRows;
use crate::sim::Plain;
use crate::sim::Probing;
use crate::sim::QueueViews;
use crate::sim::Truth;
use crate::units::DurationNanos;
use crate::units::UnixNanos;
use numpy::IntoPyArray;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde::Deserialize;

/// How a market comes about.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Model {
    /// Order by order.
    #[default]
    Orders,
    /// By levels, one UTC day.
    Plain,
}

/// What a market is asked to be; what is not named comes from the symbol's preset.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    symbol: String,
    seed: u64,
    start: i64,
    streams: String,
    #[serde(default)]
    model: Model,
    price: Option<f64>,
    sigma_bps: Option<f64>,
    impact_bps: Option<f64>,
    latency_ms: Option<i64>,
    ghost_every_ms: Option<i64>,
    ghost_horizon_ms: Option<i64>,
    ghost_behind: Option<u32>,
}

impl Wish {
    fn parse(text: &str) -> Result<(Model, FlowConfig), CoreError> {
        let wish: Self = serde_json::from_str(text)
            .map_err(|e| CoreError::BadArgument { name: "synthetic market", why: e.to_string() })?;
        let mut config = FlowConfig::preset(&wish.symbol)?;
        config.seed = wish.seed;
        config.start = UnixNanos(wish.start);
        config.streams = FlowStreams::from_name(&wish.streams)?;
        config.price = wish.price.unwrap_or(config.price);
        config.sigma_bps = wish.sigma_bps.unwrap_or(config.sigma_bps);
        config.impact_bps = wish.impact_bps.unwrap_or(config.impact_bps);
        if let Some(ms) = wish.latency_ms {
            let floor = DurationNanos::from_millis(ms);
            config.latency = FlowLatency { floor, jitter: DurationNanos(0), spread: 0.0 };
        }
        let millis = |ms: Option<i64>, or| ms.map_or(or, DurationNanos::from_millis);
        config.ghosts.every = millis(wish.ghost_every_ms, config.ghosts.every);
        config.ghosts.horizon = millis(wish.ghost_horizon_ms, config.ghosts.horizon);
        config.ghosts.behind = wish.ghost_behind.unwrap_or(config.ghosts.behind);
        Ok((wish.model, config))
    }
}

/// A synthetic market; see the stub.
#[pyclass(name = "Synth")]
struct PySynth(Market);

/// One of the models.
enum Market {
    Orders(Box<Flow>),
    Plain(Box<Plain>),
}

impl Market {
    fn new(config_json: &str) -> Result<Self, CoreError> {
        let (model, config) = Wish::parse(config_json)?;
        Ok(match model {
            Model::Orders => Self::Orders(Box::new(Flow::new(config)?)),
            Model::Plain => Self::Plain(Box::new(Plain::new(config)?)),
        })
    }

    fn spec(&self) -> &InstrumentSpec {
        match self {
            Self::Orders(flow) => flow.spec(),
            Self::Plain(plain) => plain.spec(),
        }
    }

    fn step_until(&mut self, until: UnixNanos, rows: &mut Rows) -> Result<(), CoreError> {
        match self {
            Self::Orders(flow) => flow.step_until(until, rows),
            Self::Plain(plain) => plain.step_until(until, rows),
        }
    }
}

#[pymethods]
impl PySynth {
    #[new]
    fn new(config_json: &str) -> PyResult<Self> {
        Market::new(config_json).map(Self).map_err(to_py)
    }

    #[getter]
    fn px_decimals(&self) -> u32 {
        self.0.spec().px_decimals
    }

    #[getter]
    fn size_decimals(&self) -> u32 {
        self.0.spec().size_decimals
    }

    fn step_until<'py>(&mut self, py: Python<'py>, until: i64) -> PyResult<Bound<'py, PyDict>> {
        let mut rows = Rows::default();
        py.detach(|| self.0.step_until(UnixNanos(until), &mut rows)).map_err(to_py)?;
        rows_to_dict(py, rows)
    }

    fn take_truth(&mut self) -> PyTruth {
        match &mut self.0 {
            Market::Orders(flow) => PyTruth(flow.take_truth()),
            Market::Plain(_) => PyTruth(Truth::default()),
        }
    }
}

/// The truth about hypothetical orders; see the stub.
#[pyclass(name = "QueueTruth", frozen)]
struct PyTruth(Truth);

#[pymethods]
impl PyTruth {
    #[staticmethod]
    fn recorded(
        py: Python<'_>,
        columns: &Bound<'_, PyDict>,
        plan_ms: (i64, i64, u32),
        window: (i64, i64, i64),
    ) -> PyResult<(Self, u64)> {
        let (ts, action): (Vec<i64>, Vec<u8>) =
            (column(columns, "ts")?, column(columns, "action")?);
        let (id, side): (Vec<u64>, Vec<i8>) = (column(columns, "id")?, column(columns, "side")?);
        let (tick, qty): (Vec<i64>, Vec<i64>) = (column(columns, "tick")?, column(columns, "qty")?);
        let last: Vec<u8> = column(columns, "last")?;
        let [every, horizon] = [plan_ms.0, plan_ms.1].map(DurationNanos::from_millis);
        let probing = Probing {
            plan: GhostPlan { every, horizon, behind: plan_ms.2 },
            from: UnixNanos(window.0),
            until: UnixNanos(window.1),
            size: window.2,
        };
        let rows = OrderRows {
            ts: &ts,
            action: &action,
            id: &id,
            side: &side,
            tick: &tick,
            qty: &qty,
            last: &last,
        };
        let found = py.detach(|| recorded_truth(rows, probing));
        found.map(|(truth, unknown)| (Self(truth), unknown)).map_err(to_py)
    }

    fn ghosts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (dict, rows) = (PyDict::new(py), self.0.ghosts.clone());
        dict.set_item("id", rows.id.into_pyarray(py))?;
        dict.set_item("ts", rows.ts.into_pyarray(py))?;
        dict.set_item("side", rows.side.into_pyarray(py))?;
        dict.set_item("px", rows.px.into_pyarray(py))?;
        dict.set_item("size", rows.size.into_pyarray(py))?;
        dict.set_item("ahead", rows.ahead.into_pyarray(py))?;
        dict.set_item("n", rows.n.into_pyarray(py))?;
        dict.set_item("filled", rows.filled.into_pyarray(py))?;
        dict.set_item("fate", rows.fate.into_pyarray(py))?;
        dict.set_item("ended", rows.ended.into_pyarray(py))?;
        Ok(dict)
    }

    fn samples<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (dict, rows) = (PyDict::new(py), self.0.samples.clone());
        dict.set_item("id", rows.id.into_pyarray(py))?;
        dict.set_item("ts", rows.ts.into_pyarray(py))?;
        dict.set_item("ahead", rows.ahead.into_pyarray(py))?;
        dict.set_item("qty", rows.qty.into_pyarray(py))?;
        dict.set_item("n", rows.n.into_pyarray(py))?;
        dict.set_item("traded", rows.traded.into_pyarray(py))?;
        dict.set_item("exhausted", rows.exhausted.into_pyarray(py))?;
        dict.set_item("beyond", rows.beyond.into_pyarray(py))?;
        dict.set_item("behind", rows.behind.into_pyarray(py))?;
        Ok(dict)
    }

    #[pyo3(signature = (model, views_ms, fitted = None))]
    fn estimate<'py>(
        &self,
        py: Python<'py>,
        model: &str,
        views_ms: (i64, i64, i64),
        fitted: Option<&PyQpn>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let model = QueueModel::parse(model).map_err(to_py)?;
        let config = fitted.map_or_else(QpnConfig::default, |fitted| fitted.0.clone());
        let out = py.detach(|| estimate_queue(&self.0, model, &config, views(views_ms)));
        let dict = PyDict::new(py);
        dict.set_item("error", out.error.into_pyarray(py))?;
        dict.set_item("bias", out.bias.into_pyarray(py))?;
        dict.set_item("filled", out.filled.into_pyarray(py))?;
        dict.set_item("ahead", out.ahead.into_pyarray(py))?;
        Ok(dict)
    }

    fn calibrate(&self, py: Python<'_>, views_ms: (i64, i64, i64)) -> PyQpn {
        PyQpn(py.detach(|| calibrate_qpn(&self.0, views(views_ms))))
    }
}

/// A calibrated order-count model; see the stub.
#[pyclass(name = "QpnFit", frozen)]
struct PyQpn(QpnConfig);

#[pymethods]
impl PyQpn {
    #[new]
    fn new(edges: Vec<f64>, rates: Vec<f64>) -> PyResult<Self> {
        let config = QpnConfig { edges, rates, ..QpnConfig::default() };
        config.check().map_err(to_py)?;
        Ok(Self(config))
    }

    #[staticmethod]
    fn shipped() -> Self {
        Self(QpnConfig::fitted())
    }

    #[getter]
    fn edges(&self) -> Vec<f64> {
        self.0.edges.clone()
    }

    #[getter]
    fn rates(&self) -> Vec<f64> {
        self.0.rates.clone()
    }
}

fn views((every, horizon, probe): (i64, i64, i64)) -> QueueViews {
    QueueViews {
        every: DurationNanos::from_millis(every),
        horizon: DurationNanos::from_millis(horizon),
        probe: DurationNanos::from_millis(probe),
    }
}

pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PySynth>()?;
    m.add_class::<PyTruth>()?;
    m.add_class::<PyQpn>()?;
    Ok(())
}
