//! Bindings of the replay: a run in parts, results out in columns.

use super::errors::to_py;
use super::strategy::with_cause;
use super::strategy::PyQuoter;
use super::strategy::Raised;
use super::view::PyView;
use crate::engine::Quoter;
use crate::replay::read_signals;
use crate::replay::FillColumns;
use crate::replay::Replay;
use crate::replay::RunSpec;
use crate::replay::Sweep;
use crate::replay::SweepSpec;
use numpy::IntoPyArray;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use pyo3::types::PyDict;
use std::sync::Mutex;
use std::sync::PoisonError;

/// A run over tapes. The mutex is never contended: it makes the readers inside shareable.
#[pyclass(name = "Replay", module = "botmm._core")]
struct PyReplay(Mutex<Replay>, Raised);

impl PyReplay {
    fn inner(&mut self) -> &mut Replay {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Move columns into a dict of arrays, without a copy.
macro_rules! columns_to_dict {
    ($py:expr, $columns:expr, [$($field:ident),* $(,)?]) => {{
        let dict = PyDict::new($py);
        $(dict.set_item(stringify!($field), $columns.$field.into_pyarray($py))?;)*
        dict
    }};
}

#[pymethods]
impl PyReplay {
    #[new]
    #[pyo3(signature = (spec_json, strategies = None, saved = None))]
    fn new(
        py: Python<'_>,
        spec_json: &str,
        strategies: Option<Vec<Bound<'_, PyAny>>>,
        saved: Option<&[u8]>,
    ) -> PyResult<Self> {
        let raised = Raised::default();
        let quoter = |strategy: &Bound<'_, PyAny>| -> PyResult<Box<dyn Quoter>> {
            Ok(Box::new(PyQuoter::new(strategy, &raised)?))
        };
        let quoters = strategies.map(|all| all.iter().map(quoter).collect::<PyResult<Vec<_>>>());
        let quoters = quoters.transpose()?;
        let replay = py.detach(|| {
            let spec = RunSpec::from_json(spec_json)?;
            let spec = match quoters {
                Some(quoters) => spec.led_by(quoters)?,
                None => spec,
            };
            match saved {
                Some(saved) => Replay::resume(spec, saved),
                None => Replay::new(spec),
            }
        });
        replay.map(|r| Self(Mutex::new(r), raised)).map_err(to_py)
    }

    /// Replay about `max_rows` more rows.
    fn run<'py>(&mut self, py: Python<'py>, max_rows: u64) -> PyResult<Bound<'py, PyDict>> {
        let replay = self.inner();
        let progress = py.detach(|| replay.run(max_rows));
        let progress = progress.map_err(|error| with_cause(py, to_py(error), &self.1))?;
        let dict = PyDict::new(py);
        dict.set_item("rows", progress.rows)?;
        dict.set_item("ts", progress.ts)?;
        dict.set_item("done", progress.done)?;
        dict.set_item("fills", progress.fills)?;
        dict.set_item("net_usd", progress.net_usd)?;
        Ok(dict)
    }

    /// Replay every step up to and at a time; how the quotes came about then, as JSON.
    fn why(&mut self, py: Python<'_>, ts: i64) -> PyResult<String> {
        let replay = self.inner();
        py.detach(|| replay.run_until(ts).map(|_| replay.why_json()))
            .map_err(|error| with_cause(py, to_py(error), &self.1))
    }

    /// Move out the fills of which everything is known, the orders that have ended and the equity
    /// samples since the last call, so that a long run keeps no history in memory.
    fn drain<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        let fills = self.inner().take_settled_fills();
        dict.set_item("fills", fills_to_dict(py, fills)?)?;
        dict.set_item("orders", self.orders(py)?)?;
        dict.set_item("equity", self.equity(py)?)?;
        Ok(dict)
    }

    /// The run as it stands, to go on with later.
    fn save<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let replay = self.inner();
        let saved = py.detach(move || replay.save()).map_err(to_py)?;
        Ok(PyBytes::new(py, &saved))
    }

    /// What the signals know now, as the file that another run begins with.
    fn signals<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.inner().signals().map_err(to_py)?))
    }

    /// Close the run where it is and move out everything not moved out before.
    fn result<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.inner().close();
        let dict = PyDict::new(py);
        dict.set_item("fills", self.fills(py)?)?;
        dict.set_item("orders", self.orders(py)?)?;
        dict.set_item("equity", self.equity(py)?)?;
        dict.set_item("summary", self.inner().summary_json())?;
        Ok(dict)
    }
}

impl PyReplay {
    fn fills<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        fills_to_dict(py, self.inner().take_fills())
    }

    fn orders<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let c = self.inner().take_orders();
        Ok(columns_to_dict!(
            py,
            c,
            [
                symbol, cloid_seq, side, level, px, qty, filled, ts_sent, ts_venue, ts_done,
                status, ahead
            ]
        ))
    }

    fn equity<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let c = self.inner().take_equity();
        Ok(columns_to_dict!(
            py,
            c,
            [
                symbol, ts, mid2, position, capture2, inventory2, fees, funding, bid, ask, own_bid,
                own_ask
            ]
        ))
    }
}

fn fills_to_dict(py: Python<'_>, fills: FillColumns) -> PyResult<Bound<'_, PyDict>> {
    Ok(columns_to_dict!(
        py,
        fills,
        [
            symbol, ts_exch, ts_recv, side, px, qty, fee, liquidity, cloid_seq, level, why, mid2,
            position, markout_0, markout_1, markout_2, markout_3, markout_4, markout_5
        ]
    ))
}

/// Many parameter sets over the same tapes. The mutex is never contended.
#[pyclass(name = "Sweep", module = "botmm._core")]
struct PySweep(Mutex<Sweep>);

impl PySweep {
    fn inner(&mut self) -> &mut Sweep {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl PySweep {
    #[new]
    fn new(py: Python<'_>, spec_json: &str) -> PyResult<Self> {
        let sweep = py.detach(|| SweepSpec::from_json(spec_json).and_then(Sweep::new));
        sweep.map(|s| Self(Mutex::new(s))).map_err(to_py)
    }

    /// Go on for about `max_rows` more rows of the tapes.
    fn run<'py>(&mut self, py: Python<'py>, max_rows: u64) -> PyResult<Bound<'py, PyDict>> {
        let sweep = self.inner();
        let progress = py.detach(|| sweep.run(max_rows)).map_err(to_py)?;
        let dict = PyDict::new(py);
        dict.set_item("rows", progress.rows)?;
        dict.set_item("ts", progress.ts)?;
        dict.set_item("done", progress.done)?;
        dict.set_item("fills", progress.fills)?;
        dict.set_item("followed", progress.followed)?;
        dict.set_item("best", progress.best)?;
        Ok(dict)
    }

    /// The figures of every set, as a JSON list.
    fn results(&mut self) -> String {
        self.inner().results_json()
    }

    /// Move out the fills of a set, where they are kept.
    fn fills<'py>(&mut self, py: Python<'py>, set: usize) -> PyResult<Bound<'py, PyDict>> {
        fills_to_dict(py, self.inner().take_fills(set))
    }
}

/// Run one resting order against a list of events, JSON in and out.
#[pyfunction]
fn replay_case(json: &str) -> PyResult<String> {
    crate::replay::replay_case(json).map_err(to_py)
}

/// Whose signals a file holds: symbol, venue, and when the market was last heard.
#[pyfunction]
fn signals_info(path: &str) -> PyResult<Vec<(String, String, i64)>> {
    let all = read_signals(path).map_err(to_py)?;
    Ok(all.into_iter().map(|one| (one.symbol, one.venue, one.at.0)).collect())
}

pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(replay_case, m)?)?;
    m.add_function(wrap_pyfunction!(signals_info, m)?)?;
    m.add_class::<PySweep>()?;
    m.add_class::<PyView>()?;
    m.add_class::<PyReplay>()
}
