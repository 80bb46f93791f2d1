//! Bindings of queue models, latency and blocks.

use crate::python::errors::to_py;
use crate::python::formulas::refuse;
use crate::queue;
use crate::queue::Arrival;
use crate::queue::Flow;
use crate::queue::Interval;
use crate::queue::QpnConfig;
use crate::queue::QpnState;
use crate::queue::QueueModel;
use crate::sim::BlockClock;
use crate::sim::Latency;
use crate::sim::LatencyModel;
use crate::sim::Recorded;
use crate::units::UnixNanos;
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;
use std::collections::BTreeMap;

/// The share of a cancel that leaves from ahead, by model name.
#[pyfunction]
fn queue_share(model: &str, ahead: f64, behind: f64) -> PyResult<f64> {
    Ok(QueueModel::parse(model).map_err(to_py)?.share(ahead, behind))
}

/// Lots ahead after an interval in which the level went from `q0` to `q1` and `traded` traded.
#[pyfunction]
fn queue_advance(model: &str, ahead: f64, q0: f64, traded: f64, q1: f64) -> PyResult<f64> {
    Ok(QueueModel::parse(model).map_err(to_py)?.advance(ahead, q0, traded, q1))
}

/// Lots ahead of an order that arrives when `elapsed` (0 to 1) of an interval has passed.
#[pyfunction]
fn ahead_on_arrival(start: f64, end: f64, before: f64, total: f64, elapsed: f64) -> f64 {
    queue::ahead_on_arrival(&Arrival { start, end, before, total, elapsed })
}

/// The smallest (cancels, adds) that explains a change of `n` orders and `z` lots.
#[pyfunction]
fn classify(n: i64, z: f64) -> (i64, i64) {
    queue::classify(n, z)
}

/// Chance that `ahead + size` lots trade within the horizon; `flow` is (rate, m1, m2).
#[pyfunction]
fn fill_probability(flow: (f64, f64, f64), ahead: f64, size: f64, horizon_s: f64) -> f64 {
    let (rate, m1, m2) = flow;
    queue::fill_probability(&Flow { rate, m1, m2 }, ahead, size, horizon_s)
}

#[derive(IntoPyObject)]
struct ScoresOut {
    brier: f64,
    logloss: f64,
    ece10: f64,
    auc: Option<f64>,
}

/// Brier score, log loss, calibration error over ten bins and AUC of probabilities.
#[pyfunction]
fn probability_scores(
    p: PyReadonlyArray1<'_, f64>,
    hit: PyReadonlyArray1<'_, bool>,
) -> PyResult<ScoresOut> {
    let (p, hit) = (p.as_slice()?, hit.as_slice()?);
    if p.len() != hit.len() || p.iter().any(|v| v.is_nan()) {
        return Err(refuse("p", "needs one number for each outcome, none of them NaN"));
    }
    Ok(ScoresOut {
        brier: queue::brier(p, hit),
        logloss: queue::log_loss(p, hit),
        ece10: queue::calibration_error(p, hit, 10),
        auc: queue::auc(p, hit),
    })
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct QpnIn {
    edges: Vec<f64>,
    rates: Vec<f64>,
    age0_s: f64,
    pmf: BTreeMap<i64, f64>,
    pmf_floor: f64,
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct IntervalIn {
    q0: f64,
    n0: f64,
    traded: f64,
    exhausted: f64,
    q1: f64,
    n1: f64,
    dt: f64,
}

/// One resting order under the order-count model, in lots.
#[pyclass(name = "QpnOrder", module = "botmm._core")]
struct PyQpnOrder {
    config: QpnConfig,
    state: QpnState,
}

#[pymethods]
impl PyQpnOrder {
    #[new]
    fn new(config: QpnIn, ahead: f64, n_ahead: f64) -> PyResult<Self> {
        let QpnIn { edges, rates, age0_s, pmf, pmf_floor } = config;
        if rates.len() != edges.len() + 1 {
            return Err(refuse("rates", "needs one more than edges"));
        }
        let config = QpnConfig { edges, rates, age0_s, pmf, pmf_floor };
        let state = QpnState::insert(&config, ahead, n_ahead);
        Ok(Self { config, state })
    }

    /// Apply an interval with q0, n0, traded, exhausted, q1, n1 and dt; the chance that its one
    /// cancel was ahead, where there was exactly one.
    fn step(&mut self, level: IntervalIn) -> Option<f64> {
        let IntervalIn { q0, n0, traded, exhausted, q1, n1, dt } = level;
        let level = Interval { q0, n0, traded, exhausted, q1, n1, dt };
        self.state.step(&self.config, &level)
    }

    /// Lots ahead.
    #[getter]
    fn ahead(&self) -> f64 {
        self.state.ahead()
    }

    /// Orders ahead.
    #[getter]
    fn n_ahead(&self) -> f64 {
        self.state.n_ahead()
    }

    /// Orders behind as (size, count, born, exact).
    #[getter]
    fn groups(&self) -> Vec<(f64, f64, f64, bool)> {
        self.state.groups().iter().map(|g| (g.size, g.count, g.born, g.exact)).collect()
    }

    /// Order-seconds at risk by age bin.
    #[getter]
    fn exposure(&self) -> Vec<f64> {
        self.state.exposure().to_vec()
    }

    /// Expected cancels by age bin.
    #[getter]
    fn cancels(&self) -> Vec<f64> {
        self.state.cancels().to_vec()
    }
}

/// How long requests and answers travel.
#[pyclass(name = "Latency", module = "botmm._core")]
struct PyLatency(Latency);

#[pymethods]
impl PyLatency {
    /// Always the same.
    #[staticmethod]
    fn constant(entry_ns: i64, response_ns: i64, scale: f64) -> PyResult<Self> {
        let model = LatencyModel::Constant { entry_ns, response_ns };
        Latency::new(model, scale).map(Self).map_err(to_py)
    }

    /// Lines, as (slope, offset in nanoseconds), in the latency of market data.
    #[staticmethod]
    fn feed(entry: (f64, f64), response: (f64, f64), scale: f64) -> PyResult<Self> {
        Latency::new(LatencyModel::Feed { entry, response }, scale).map(Self).map_err(to_py)
    }

    /// Interpolated between recorded (request, exchange, response) times in nanoseconds.
    #[staticmethod]
    fn recorded(rows: Vec<(i64, i64, i64)>, scale: f64) -> PyResult<Self> {
        let row = |(request, exchange, response)| Recorded { request, exchange, response };
        let model = LatencyModel::Recorded(rows.into_iter().map(row).collect());
        Latency::new(model, scale).map(Self).map_err(to_py)
    }

    /// When a request sent at `now` reaches the venue, `None` if never, and when we know.
    fn times(&self, now: i64, feed_ns: i64) -> (Option<i64>, i64) {
        match self.0.entry(now, feed_ns) {
            Some(entry) => {
                let there = now + entry;
                (Some(there), there + self.0.response(now, feed_ns))
            }
            None => (None, now + self.0.lost_after(now)),
        }
    }
}

#[derive(IntoPyObject)]
struct RaceOut {
    live_from: Option<usize>,
    dead_from: Option<usize>,
    eligible: Vec<usize>,
}

/// From which block an order rests and is gone, and for the takers of which blocks it rests.
#[pyfunction]
fn block_race(
    blocks: Vec<i64>,
    placed: i64,
    cancelled: Option<i64>,
    takers: Vec<usize>,
) -> PyResult<RaceOut> {
    if !blocks.is_sorted() || takers.iter().any(|block| *block >= blocks.len()) {
        return Err(refuse("blocks", "need ascending times, and takers in blocks that exist"));
    }
    let clock = BlockClock::new(blocks.into_iter().map(UnixNanos).collect());
    let (placed, cancelled) = (UnixNanos(placed), cancelled.map(UnixNanos));
    let live = |block: &usize| clock.is_live(*block, placed, cancelled);
    Ok(RaceOut {
        live_from: clock.block_at(placed),
        dead_from: cancelled.and_then(|time| clock.block_at(time)),
        eligible: takers.into_iter().filter(live).collect(),
    })
}

pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(queue_share, m)?)?;
    m.add_function(wrap_pyfunction!(queue_advance, m)?)?;
    m.add_function(wrap_pyfunction!(ahead_on_arrival, m)?)?;
    m.add_function(wrap_pyfunction!(classify, m)?)?;
    m.add_function(wrap_pyfunction!(fill_probability, m)?)?;
    m.add_function(wrap_pyfunction!(probability_scores, m)?)?;
    m.add_function(wrap_pyfunction!(block_race, m)?)?;
    m.add_class::<PyQpnOrder>()?;
    m.add_class::<PyLatency>()
}
