//! Bindings of tape: columns in, columns out.

use super::errors::to_py;
use crate::error::CoreError;
use crate::event::Rows;
use crate::tape::GroupInfo;
use crate::tape::Projection;
use crate::tape::TapeInfo;
use crate::tape::TapeReader;
use crate::tape::TapeSummary;
use crate::tape::TapeWriter;
use crate::units::UnixNanos;
use numpy::Element;
use numpy::IntoPyArray;
use numpy::PyArray1;
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::collections::BTreeMap;

/// Rows as a dict of arrays; the columns move, nothing is copied.
pub(super) fn rows_to_dict<'py>(py: Python<'py>, rows: Rows) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("ts_exch", rows.ts_exch.into_pyarray(py))?;
    dict.set_item("ts_recv", rows.ts_recv.into_pyarray(py))?;
    dict.set_item("seq", rows.seq.into_pyarray(py))?;
    dict.set_item("stream", rows.stream.into_pyarray(py))?;
    dict.set_item("kind", rows.kind.into_pyarray(py))?;
    dict.set_item("side", rows.side.into_pyarray(py))?;
    dict.set_item("px", rows.px.into_pyarray(py))?;
    dict.set_item("qty", rows.qty.into_pyarray(py))?;
    dict.set_item("n", rows.n.into_pyarray(py))?;
    dict.set_item("flags", rows.flags.into_pyarray(py))?;
    dict.set_item("id", rows.id.into_pyarray(py))?;
    Ok(dict)
}

/// Rows from a dict of arrays of the right types and one length.
pub(super) fn rows_from_dict(dict: &Bound<'_, PyDict>) -> PyResult<Rows> {
    let rows = Rows {
        ts_exch: column(dict, "ts_exch")?,
        ts_recv: column(dict, "ts_recv")?,
        seq: column(dict, "seq")?,
        stream: column(dict, "stream")?,
        kind: column(dict, "kind")?,
        side: column(dict, "side")?,
        px: column(dict, "px")?,
        qty: column(dict, "qty")?,
        n: column(dict, "n")?,
        flags: column(dict, "flags")?,
        id: column(dict, "id")?,
    };
    if !rows.is_rectangular() {
        let why = "the columns differ in length".to_owned();
        return Err(to_py(CoreError::BadArgument { name: "columns", why }));
    }
    Ok(rows)
}

fn column<T: Element + Copy>(dict: &Bound<'_, PyDict>, name: &'static str) -> PyResult<Vec<T>> {
    let missing = || CoreError::BadArgument { name, why: "the column is missing".to_owned() };
    let value = dict.get_item(name)?.ok_or_else(|| to_py(missing()))?;
    let array: PyReadonlyArray1<'_, T> = value.extract().map_err(|_| {
        let why = format!("wrong type or shape: {}", value.get_type());
        to_py(CoreError::BadArgument { name, why })
    })?;
    Ok(array.as_slice()?.to_vec())
}

fn summary_to_dict<'py>(py: Python<'py>, summary: &TapeSummary) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("rows", summary.rows)?;
    dict.set_item("bytes", summary.bytes)?;
    dict.set_item("first_ts_recv", summary.recv.map(|(first, _)| first))?;
    dict.set_item("last_ts_recv", summary.recv.map(|(_, last)| last))?;
    dict.set_item("first_ts_exch", summary.exch.map(|(first, _)| first))?;
    dict.set_item("last_ts_exch", summary.exch.map(|(_, last)| last))?;
    dict.set_item("disorder_ns", summary.disorder_ns)?;
    dict.set_item("sha256", &summary.sha256)?;
    Ok(dict)
}

/// Writes one tape file; see the stub.
#[pyclass(name = "TapeWriter")]
struct PyTapeWriter(TapeWriter);

#[pymethods]
impl PyTapeWriter {
    #[new]
    #[pyo3(signature = (path, meta, after = None))]
    fn new(
        path: &str,
        meta: BTreeMap<String, String>,
        after: Option<PyRef<'_, Self>>,
    ) -> PyResult<Self> {
        let writer = match after {
            Some(before) => TapeWriter::continue_from(&before.0, path, meta),
            None => TapeWriter::create(path, meta),
        };
        Ok(Self(writer.map_err(to_py)?))
    }

    fn append(&mut self, py: Python<'_>, columns: &Bound<'_, PyDict>) -> PyResult<()> {
        let rows = rows_from_dict(columns)?;
        py.detach(|| self.0.append(&rows)).map_err(to_py)
    }

    fn close<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let summary = py.detach(|| self.0.finish()).map_err(to_py)?;
        summary_to_dict(py, &summary)
    }

    fn abort(&mut self) {
        self.0.abort();
    }

    fn __enter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __exit__(
        &mut self,
        _kind: Bound<'_, PyAny>,
        _error: Bound<'_, PyAny>,
        _traceback: Bound<'_, PyAny>,
    ) {
        self.0.abort();
    }
}

/// All rows of one tape as columns.
#[pyfunction]
#[pyo3(signature = (path, from_recv = None, to_recv = None))]
fn read_tape<'py>(
    py: Python<'py>,
    path: &str,
    from_recv: Option<i64>,
    to_recv: Option<i64>,
) -> PyResult<Bound<'py, PyDict>> {
    let rows = py.detach(|| read_range(path, from_recv, to_recv)).map_err(to_py)?;
    rows_to_dict(py, rows)
}

fn read_range(path: &str, from: Option<i64>, to: Option<i64>) -> Result<Rows, CoreError> {
    let mut reader = TapeReader::open(path, Projection::All)?;
    let from = UnixNanos(from.unwrap_or(i64::MIN));
    reader.set_range(from, UnixNanos(to.unwrap_or(i64::MAX)));
    let mut rows = Rows::default();
    while reader.next(&mut rows)? {}
    Ok(rows)
}

/// What a tape says of itself.
#[pyfunction]
fn tape_info<'py>(py: Python<'py>, path: &str) -> PyResult<Bound<'py, PyDict>> {
    let info = py.detach(|| TapeInfo::open(path)).map_err(to_py)?;
    let dict = PyDict::new(py);
    dict.set_item("path", &info.path)?;
    dict.set_item("meta", &info.meta)?;
    dict.set_item("rows", info.rows())?;
    let group = |g: &GroupInfo| (g.rows, g.first_recv.0, g.last_recv.0);
    dict.set_item("row_groups", info.groups.iter().map(group).collect::<Vec<_>>())?;
    dict.set_item("first_ts_recv", info.first_recv().map(|ts| ts.0))?;
    dict.set_item("last_ts_recv", info.last_recv().map(|ts| ts.0))?;
    Ok(dict)
}

/// Best bid and ask after each row; see the stub.
#[pyfunction]
fn touches<'py>(
    py: Python<'py>,
    kind: PyReadonlyArray1<'py, u8>,
    side: PyReadonlyArray1<'py, i8>,
    px: PyReadonlyArray1<'py, i64>,
) -> PyResult<(Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<i64>>)> {
    let (kind, side, px) = (kind.as_slice()?, side.as_slice()?, px.as_slice()?);
    let found = py.detach(|| crate::tape::touches(kind, side, px)).map_err(to_py)?;
    Ok((found.0.into_pyarray(py), found.1.into_pyarray(py)))
}

pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyTapeWriter>()?;
    m.add_function(wrap_pyfunction!(read_tape, m)?)?;
    m.add_function(wrap_pyfunction!(tape_info, m)?)?;
    m.add_function(wrap_pyfunction!(touches, m)?)?;
    Ok(())
}
