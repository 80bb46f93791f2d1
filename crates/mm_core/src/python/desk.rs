//! Bindings of the desk: what a daemon drives.

use super::errors::to_py;
use crate::command::Command;
use crate::command::Tif;
use crate::live::Desk;
use crate::live::Heard;
use crate::live::Notice;
use crate::units::Side;
use crate::units::SymbolIx;
use crate::units::UnixNanos;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use pyo3::types::PyList;
use pyo3::types::PyTuple;

/// Several symbols behind one gate.
#[pyclass(name = "Desk", module = "botmm._core")]
struct PyDesk(Desk);

#[pymethods]
impl PyDesk {
    #[new]
    fn new(spec_json: &str) -> PyResult<Self> {
        Desk::from_json(spec_json).map(Self).map_err(to_py)
    }

    /// A frame of a socket: what it was about, and which symbol or words.
    fn frame(&mut self, recv_ns: i64, frame: &[u8]) -> PyResult<(&'static str, i64, String)> {
        let heard = self.0.frame(frame, UnixNanos(recv_ns)).map_err(to_py)?;
        Ok(match heard {
            Heard::Market(ix) => ("market", i64::from(ix.0), String::new()),
            Heard::Own => ("own", -1, String::new()),
            Heard::Control(words) => ("control", -1, words.unwrap_or_default()),
            Heard::Nothing => ("nothing", -1, String::new()),
        })
    }

    /// What reached us beside frames.
    fn event(&mut self, now_ns: i64, event_json: &str) -> PyResult<()> {
        self.0.event(event_json, UnixNanos(now_ns)).map_err(to_py)
    }

    /// Decide for one symbol, or for all: commands that passed the gate.
    #[pyo3(signature = (now_ns, symbol = None))]
    fn decide<'py>(
        &mut self,
        py: Python<'py>,
        now_ns: i64,
        symbol: Option<u16>,
    ) -> PyResult<Bound<'py, PyList>> {
        let mut out = Vec::new();
        self.0.decide(symbol.map(SymbolIx), UnixNanos(now_ns), &mut out).map_err(to_py)?;
        let rows: Vec<_> =
            out.iter().map(|approved| command(py, approved.get())).collect::<PyResult<_>>()?;
        PyList::new(py, rows)
    }

    /// The desk as it stands, as JSON.
    fn report(&self, now_ns: i64) -> String {
        self.0.report(UnixNanos(now_ns)).to_string()
    }

    /// What should be known since the last call: kind, symbol, id, whether an order rests.
    fn notices(&mut self) -> Vec<(&'static str, u16, u64, bool)> {
        let row = |notice: &Notice| match *notice {
            Notice::ForeignOrder { symbol, oid, open } => ("foreign_order", symbol.0, oid, open),
            Notice::ForeignFill { symbol, trade } => ("foreign_fill", symbol.0, trade, false),
        };
        self.0.take_notices().iter().map(row).collect()
    }

    /// What the signals know now, as the file that another run begins with.
    fn signals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.0.signals().map_err(to_py)?))
    }
}

/// A command as a tuple that begins with its kind.
fn command<'py>(py: Python<'py>, command: &Command) -> PyResult<Bound<'py, PyTuple>> {
    let hex = |cloid: u128| format!("0x{cloid:032x}");
    match command {
        Command::Place(place) => {
            let tif = match place.tif {
                Tif::PostOnly => "alo",
                Tif::Gtc => "gtc",
                Tif::Ioc => "ioc",
            };
            let side = if place.side == Side::Bid { "bid" } else { "ask" };
            let (symbol, cloid) = (place.symbol.0, hex(place.cloid.0));
            let (px, size) = (place.px.0, place.size.0);
            ("place", symbol, cloid, side, px, size, tif, place.reduce_only).into_pyobject(py)
        }
        Command::Cancel { symbol, cloid } => ("cancel", symbol.0, hex(cloid.0)).into_pyobject(py),
        Command::CancelAll { symbol } => ("cancel_all", symbol.map(|ix| ix.0)).into_pyobject(py),
        Command::ScheduleCancel { at } => ("schedule_cancel", at.map(|at| at.0)).into_pyobject(py),
    }
}

pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyDesk>()
}
