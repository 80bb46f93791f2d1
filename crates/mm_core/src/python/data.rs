//! Bindings of tape: columns in, columns out.

use super::errors::to_py;
use crate::error::CoreError;
use crate::event::streams;
use crate::event::Rows;
use crate::instrument::Venue;
use crate::tape::Assembler;
use crate::tape::Content;
use crate::tape::Deltas;
use crate::tape::Effort;
use crate::tape::Format;
use crate::tape::GroupInfo;
use crate::tape::Heard;
use crate::tape::Ladder;
use crate::tape::Prints;
use crate::tape::Projection;
use crate::tape::Scanned;
use crate::tape::TapeInfo;
use crate::tape::TapeReader;
use crate::tape::TapeSummary;
use crate::tape::TapeWriter;
use crate::tape::Times;
use crate::units::UnixNanos;
use crate::wire::Scales;
use numpy::Element;
use numpy::IntoPyArray;
use numpy::PyArray1;
use numpy::PyReadonlyArray1;
use numpy::PyReadonlyArray2;
use numpy::PyUntypedArrayMethods;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::collections::BTreeMap;

/// Two columns of long integers.
type LongPair<'py> = (Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<i64>>);

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

pub(super) fn column<T: Element + Copy>(
    dict: &Bound<'_, PyDict>,
    name: &'static str,
) -> PyResult<Vec<T>> {
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

// The arguments are the columns of a table, as Python hands them over.
#[allow(clippy::too_many_arguments)]
#[pymethods]
impl PyTapeWriter {
    #[new]
    #[pyo3(signature = (path, meta, after = None, *, quick = false))]
    fn new(
        path: &str,
        meta: BTreeMap<String, String>,
        after: Option<PyRef<'_, Self>>,
        quick: bool,
    ) -> PyResult<Self> {
        let effort = if quick { Effort::Quick } else { Effort::Archive };
        let writer = match after {
            Some(before) => TapeWriter::continue_from(&before.0, path, meta),
            None => TapeWriter::create_with(effort, path, meta),
        };
        Ok(Self(writer.map_err(to_py)?))
    }

    fn append(&mut self, py: Python<'_>, columns: &Bound<'_, PyDict>) -> PyResult<()> {
        let rows = rows_from_dict(columns)?;
        py.detach(|| self.0.append(&rows)).map_err(to_py)
    }

    fn set_meta(&mut self, key: &str, value: &str) {
        self.0.set_meta(key, value);
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

/// Rows of one tape, decoded as replay does and thrown away.
#[pyfunction]
fn count_rows(py: Python<'_>, path: &str) -> PyResult<u64> {
    py.detach(|| {
        let mut reader = TapeReader::open(path, Projection::Replay)?;
        let (mut rows, mut count) = (Rows::default(), 0);
        while reader.next(&mut rows)? {
            count += rows.len() as u64;
            rows.clear();
        }
        Ok(count)
    })
    .map_err(to_py)
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
) -> PyResult<LongPair<'py>> {
    let (kind, side, px) = (kind.as_slice()?, side.as_slice()?, px.as_slice()?);
    let found = py.detach(|| crate::tape::touches(kind, side, px)).map_err(to_py)?;
    Ok((found.0.into_pyarray(py), found.1.into_pyarray(py)))
}

type HeardColumns<'py> =
    (Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<u8>>);
type Ints<'py> = PyReadonlyArray1<'py, i64>;
type Matrix<'py> = PyReadonlyArray2<'py, i64>;

/// Merges recorded tables of one symbol; see the stub.
#[pyclass(name = "Assembler")]
struct PyAssembler(Assembler);

// The arguments are the columns of a table, as Python hands them over.
#[allow(clippy::too_many_arguments)]
#[pymethods]
impl PyAssembler {
    #[new]
    #[pyo3(signature = (px_decimals, size_decimals, venue = None))]
    fn new(px_decimals: u32, size_decimals: u32, venue: Option<&str>) -> Self {
        let scales = Scales { px_decimals, size_decimals };
        Self(Assembler::new(venue_named(venue), scales))
    }

    #[allow(clippy::too_many_arguments)] // One argument a column, as the boundary wants it.
    #[pyo3(signature = (ts_exch, ts_recv, bid_px, bid_qty, bid_n, ask_px, ask_qty, ask_n, depth,
                        stream = streams::BOOK, seq = None))]
    fn add_snapshots(
        &mut self,
        py: Python<'_>,
        ts_exch: Ints<'_>,
        ts_recv: Ints<'_>,
        bid_px: Matrix<'_>,
        bid_qty: Matrix<'_>,
        bid_n: Option<PyReadonlyArray2<'_, u32>>,
        ask_px: Matrix<'_>,
        ask_qty: Matrix<'_>,
        ask_n: Option<PyReadonlyArray2<'_, u32>>,
        depth: u16,
        stream: u8,
        seq: Option<PyReadonlyArray1<'_, u64>>,
    ) -> PyResult<()> {
        let seq = seq.as_ref().map(owned).transpose()?.unwrap_or_default();
        let bids = ladder("bids", &bid_px, &bid_qty, bid_n.as_ref())?;
        let asks = ladder("asks", &ask_px, &ask_qty, ask_n.as_ref())?;
        let times = times(&ts_exch, &ts_recv)?;
        self.add(py, times, Content::Snapshots { seq, bids, asks, depth }, stream)
    }

    #[allow(clippy::too_many_arguments)] // One argument a column, as the boundary wants it.
    #[pyo3(signature = (ts_exch, ts_recv, bid_px, bid_qty, bid_n, ask_px, ask_qty, ask_n = None))]
    fn add_bbo(
        &mut self,
        py: Python<'_>,
        ts_exch: Ints<'_>,
        ts_recv: Ints<'_>,
        bid_px: Ints<'_>,
        bid_qty: Ints<'_>,
        bid_n: Option<PyReadonlyArray1<'_, u32>>,
        ask_px: Ints<'_>,
        ask_qty: Ints<'_>,
        ask_n: Option<PyReadonlyArray1<'_, u32>>,
    ) -> PyResult<()> {
        let bids = touch(&bid_px, &bid_qty, bid_n.as_ref())?;
        let asks = touch(&ask_px, &ask_qty, ask_n.as_ref())?;
        let times = times(&ts_exch, &ts_recv)?;
        self.add(py, times, Content::Bbo { bids, asks }, streams::BBO)
    }

    #[allow(clippy::too_many_arguments)] // One argument a column, as the boundary wants it.
    fn add_deltas(
        &mut self,
        py: Python<'_>,
        ts_exch: Ints<'_>,
        ts_recv: Ints<'_>,
        seq: PyReadonlyArray1<'_, u64>,
        prev_seq: PyReadonlyArray1<'_, u64>,
        first_seq: PyReadonlyArray1<'_, u64>,
        offsets: Ints<'_>,
        side: PyReadonlyArray1<'_, i8>,
        px: Ints<'_>,
        qty: Ints<'_>,
    ) -> PyResult<()> {
        let deltas = Deltas {
            seq: owned(&seq)?,
            prev_seq: owned(&prev_seq)?,
            first_seq: owned(&first_seq)?,
            offsets: owned(&offsets)?,
            side: owned(&side)?,
            px: owned(&px)?,
            qty: owned(&qty)?,
        };
        let times = times(&ts_exch, &ts_recv)?;
        self.add(py, times, Content::Deltas(deltas), streams::BOOK)
    }

    #[allow(clippy::too_many_arguments)] // One argument a column, as the boundary wants it.
    fn add_trades(
        &mut self,
        py: Python<'_>,
        ts_exch: Ints<'_>,
        ts_recv: Ints<'_>,
        side: PyReadonlyArray1<'_, i8>,
        px: Ints<'_>,
        qty: Ints<'_>,
        id: PyReadonlyArray1<'_, u64>,
    ) -> PyResult<()> {
        let (side, px) = (owned(&side)?, owned(&px)?);
        let prints = Prints { side, px, qty: owned(&qty)?, id: owned(&id)? };
        let times = times(&ts_exch, &ts_recv)?;
        self.add(py, times, Content::Trades(prints), streams::TRADES)
    }

    fn add_context(
        &mut self,
        py: Python<'_>,
        ts_exch: Ints<'_>,
        ts_recv: Ints<'_>,
        kind: PyReadonlyArray1<'_, u64>,
        value: Ints<'_>,
    ) -> PyResult<()> {
        let content = Content::Context { kind: owned(&kind)?, value: owned(&value)? };
        self.add(py, times(&ts_exch, &ts_recv)?, content, streams::CONTEXT)
    }

    fn add_gaps(
        &mut self,
        py: Python<'_>,
        start: Ints<'_>,
        end: Ints<'_>,
        cause: PyReadonlyArray1<'_, u64>,
    ) -> PyResult<()> {
        let content = Content::Gaps(owned(&cause)?);
        self.add(py, times(&start, &end)?, content, streams::NONE)
    }

    #[pyo3(signature = (format, symbol, data, first_line = 1, clock_offset_ns = 0))]
    fn add_lines<'py>(
        &mut self,
        py: Python<'py>,
        format: &str,
        symbol: &str,
        data: &[u8],
        first_line: u64,
        clock_offset_ns: i64,
    ) -> PyResult<HeardColumns<'py>> {
        let format = Format::named(format).map_err(to_py)?;
        let lines = (data, first_line);
        let heard = py.detach(|| self.0.add_lines((format, symbol), lines, clock_offset_ns));
        let Heard { exch, recv, stream } = heard.map_err(to_py)?;
        Ok((exch.into_pyarray(py), recv.into_pyarray(py), stream.into_pyarray(py)))
    }

    fn begin(&mut self, at_recv: i64, venue: &str) {
        self.0.begin(UnixNanos(at_recv), venue_named(Some(venue)));
    }

    #[pyo3(signature = (until_recv = None))]
    fn drain<'py>(
        &mut self,
        py: Python<'py>,
        until_recv: Option<i64>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let until = UnixNanos(until_recv.unwrap_or(i64::MAX));
        let mut rows = Rows::default();
        py.detach(|| self.0.drain(until, &mut rows)).map_err(to_py)?;
        rows_to_dict(py, rows)
    }

    fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.0.counts()
    }
}

impl PyAssembler {
    fn add(&mut self, py: Python<'_>, times: Times, content: Content, stream: u8) -> PyResult<()> {
        py.detach(|| self.0.add(times, content, stream)).map_err(to_py)
    }
}

fn owned<T: Element + Copy>(array: &PyReadonlyArray1<'_, T>) -> PyResult<Vec<T>> {
    Ok(array.as_slice()?.to_vec())
}

fn times(exch: &Ints<'_>, recv: &Ints<'_>) -> PyResult<Times> {
    Ok(Times { exch: owned(exch)?, recv: owned(recv)? })
}

fn touch(px: &Ints<'_>, qty: &Ints<'_>, n: Option<&PyReadonlyArray1<'_, u32>>) -> PyResult<Ladder> {
    Ok(Ladder { px: owned(px)?, qty: owned(qty)?, n: n.map(owned).transpose()?, width: 1 })
}

fn ladder(
    name: &'static str,
    px: &Matrix<'_>,
    qty: &Matrix<'_>,
    n: Option<&PyReadonlyArray2<'_, u32>>,
) -> PyResult<Ladder> {
    let shape = px.shape();
    if qty.shape() != shape || n.is_some_and(|n| n.shape() != shape) {
        let why = format!("prices of shape {shape:?}, sizes {:?}", qty.shape());
        return Err(to_py(CoreError::BadArgument { name, why }));
    }
    let n = n.map(|n| n.as_slice().map(<[u32]>::to_vec)).transpose()?;
    let (px, qty) = (px.as_slice()?.to_vec(), qty.as_slice()?.to_vec());
    Ok(Ladder { px, qty, n, width: shape[1] })
}

/// The venue of a tape's metadata; Binance's three markets have names of their own.
fn venue_named(name: Option<&str>) -> Venue {
    match name.map(|name| name.split('-').next().unwrap_or(name)) {
        Some("hyperliquid") => Venue::Hyperliquid,
        Some("binance") => Venue::Binance,
        Some("bybit") => Venue::Bybit,
        Some(_) | None => Venue::Other,
    }
}

/// Symbols of a recording: decimals of prices and sizes, messages.
#[pyfunction]
#[pyo3(signature = (format, data, first_line = 1))]
fn scan_lines(
    py: Python<'_>,
    format: &str,
    data: &[u8],
    first_line: u64,
) -> PyResult<BTreeMap<String, (u32, u32, u64)>> {
    let format = Format::named(format).map_err(to_py)?;
    let scanned = py.detach(|| format.scan(data, first_line)).map_err(to_py)?;
    let plain = |(symbol, found): (String, Scanned)| {
        let scales = found.scales;
        (symbol, (scales.px_decimals, scales.size_decimals, found.messages))
    };
    Ok(scanned.into_iter().map(plain).collect())
}

pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyAssembler>()?;
    m.add_class::<PyTapeWriter>()?;
    m.add_function(wrap_pyfunction!(read_tape, m)?)?;
    m.add_function(wrap_pyfunction!(count_rows, m)?)?;
    m.add_function(wrap_pyfunction!(tape_info, m)?)?;
    m.add_function(wrap_pyfunction!(touches, m)?)?;
    m.add_function(wrap_pyfunction!(scan_lines, m)?)?;
    Ok(())
}
