//! Bindings of wire: exact decimals in columns, and a door to look at single frames.

use super::errors::to_py;
use super::errors::DecimalError;
use super::errors::PayloadError;
use crate::error::CoreError;
use crate::event::FeedMessage;
use crate::event::Frame;
use crate::event::LevelQty;
use crate::instrument::Venue;
use crate::wire;
use crate::wire::Control;
use crate::wire::Decoded;
use crate::wire::Scales;
use numpy::IntoPyArray;
use numpy::PyArray1;
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyDict;
use std::collections::BTreeMap;

pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(decimals_to_ints, m)?)?;
    m.add_function(wrap_pyfunction!(floats_to_ints, m)?)?;
    m.add_function(wrap_pyfunction!(max_decimals, m)?)?;
    m.add_function(wrap_pyfunction!(decode_frame, m)?)?;
    m.add_function(wrap_pyfunction!(scan_scales, m)?)?;
    Ok(())
}

/// Bytes as Python holds them, or as an array of them.
#[derive(FromPyObject)]
enum Text<'py> {
    Bytes(PyBackedBytes),
    Array(PyReadonlyArray1<'py, u8>),
}

impl Text<'_> {
    fn bytes(&self) -> PyResult<&[u8]> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Array(array) => Ok(array.as_slice()?),
        }
    }
}

/// Decimal texts to integers in units of `10^-decimals`; text i is `data[offsets[i]:offsets[i+1]]`.
/// Files that programs wrote may have exponents (`1e-05`); venues never send them.
#[pyfunction]
#[pyo3(signature = (data, offsets, decimals, *, exponents = true))]
fn decimals_to_ints<'py>(
    py: Python<'py>,
    data: Text<'py>,
    offsets: PyReadonlyArray1<'py, i64>,
    decimals: u32,
    exponents: bool,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    let (data, offsets) = (data.bytes()?, offsets.as_slice()?);
    let parse = if exponents { wire::parse_float_text } else { wire::parse_decimal };
    let values = py.detach(|| column(data, offsets, |text| parse(text, decimals)));
    Ok(values?.into_pyarray(py))
}

/// Floats to integers in units of `10^-decimals`, each the exact value of its shortest decimal.
#[pyfunction]
fn floats_to_ints<'py>(
    py: Python<'py>,
    values: PyReadonlyArray1<'py, f64>,
    decimals: u32,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    let values = values.as_slice()?;
    let exact =
        |(row, &value)| wire::exact_float(value, decimals).map_err(|error| at_row(row, &error));
    let units = py.detach(|| values.iter().enumerate().map(exact).collect::<PyResult<Vec<_>>>());
    Ok(units?.into_pyarray(py))
}

/// The most decimals that any of the texts needs; trailing zeros do not count.
#[pyfunction]
fn max_decimals(
    py: Python<'_>,
    data: Text<'_>,
    offsets: PyReadonlyArray1<'_, i64>,
) -> PyResult<u32> {
    let (data, offsets) = (data.bytes()?, offsets.as_slice()?);
    let needed = py.detach(|| column(data, offsets, wire::decimals_of));
    Ok(needed?.into_iter().max().unwrap_or(0))
}

/// What one frame says, as a dictionary with the key `kind`.
#[pyfunction]
fn decode_frame<'py>(
    py: Python<'py>,
    venue: &str,
    frame: &[u8],
    px_decimals: u32,
    size_decimals: u32,
) -> PyResult<Bound<'py, PyDict>> {
    let scales = Scales { px_decimals, size_decimals };
    let venue = venue_of(venue).map_err(to_py)?;
    let decoded = wire::decode(venue, frame, &|_| Some(scales)).map_err(to_py)?;
    let out = PyDict::new(py);
    match decoded {
        Decoded::Feed { symbol, channel, message } => {
            out.set_item("symbol", symbol)?;
            out.set_item("channel", channel)?;
            feed(&out, &message)?;
        }
        Decoded::Orders(orders) => {
            out.set_item("kind", "orders")?;
            out.set_item("orders", orders.iter().map(|o| format!("{o:?}")).collect::<Vec<_>>())?;
        }
        Decoded::Fills { snapshot, fills } => {
            out.set_item("kind", "fills")?;
            out.set_item("snapshot", snapshot)?;
            out.set_item("fills", fills.iter().map(|f| format!("{f:?}")).collect::<Vec<_>>())?;
        }
        Decoded::Control(Control::Pong) => out.set_item("kind", "pong")?,
        Decoded::Control(Control::Subscribed) => out.set_item("kind", "subscribed")?,
        Decoded::Control(Control::Refused(words)) => {
            out.set_item("kind", "refused")?;
            out.set_item("words", words)?;
        }
        Decoded::Ignored => out.set_item("kind", "ignored")?,
    }
    Ok(out)
}

/// Symbol to (price decimals, size decimals) over the lines of `data`, each a frame.
#[pyfunction]
fn scan_scales(py: Python<'_>, venue: &str, data: &[u8]) -> PyResult<BTreeMap<String, (u32, u32)>> {
    let venue = venue_of(venue).map_err(to_py)?;
    let scan = || {
        let mut seen = BTreeMap::new();
        let lines = data.split(|&byte| byte == b'\n').enumerate();
        for (i, line) in lines.filter(|(_, line)| !line.is_empty()) {
            wire::scan_scales(venue, line, &mut seen)
                .map_err(|error| PayloadError::new_err(format!("line {i}: {error}")))?;
        }
        Ok::<_, PyErr>(seen)
    };
    let seen = py.detach(scan)?;
    let pair = |s: Scales| (s.px_decimals, s.size_decimals);
    Ok(seen.into_iter().map(|(name, scales)| (name, pair(scales))).collect())
}

fn venue_of(name: &str) -> Result<Venue, CoreError> {
    match name {
        "hyperliquid" => Ok(Venue::Hyperliquid),
        "binance" => Ok(Venue::Binance),
        "bybit" => Ok(Venue::Bybit),
        _ => {
            let why = format!("{name:?} is none of hyperliquid, binance, bybit");
            Err(CoreError::BadArgument { name: "venue", why })
        }
    }
}

/// Each text through `parse`; errors name the row.
fn column<T>(
    data: &[u8],
    offsets: &[i64],
    parse: impl Fn(&[u8]) -> Result<T, CoreError>,
) -> PyResult<Vec<T>> {
    let text = |pair: &[i64]| {
        let (from, to) = (usize::try_from(pair[0]).ok()?, usize::try_from(pair[1]).ok()?);
        data.get(from..to)
    };
    let rows = offsets.windows(2).enumerate();
    rows.map(|(row, pair)| {
        let text = text(pair).ok_or_else(|| {
            let why = format!("row {row}: {}..{} of {} bytes", pair[0], pair[1], data.len());
            to_py(CoreError::BadArgument { name: "offsets", why })
        })?;
        parse(text).map_err(|error| at_row(row, &error))
    })
    .collect()
}

fn at_row(row: usize, error: &CoreError) -> PyErr {
    DecimalError::new_err(format!("row {row}: {error}"))
}

fn feed(out: &Bound<'_, PyDict>, message: &FeedMessage) -> PyResult<()> {
    match message {
        FeedMessage::Book(frame) => book(out, frame),
        FeedMessage::Trades(prints) => {
            out.set_item("kind", "trades")?;
            let rows = prints.iter().map(|p| (p.ts_exch.0, p.side.sign(), p.px.0, p.qty.0, p.id));
            out.set_item("prints", rows.collect::<Vec<_>>())
        }
        FeedMessage::Context { ts_exch, values } => {
            out.set_item("kind", "context")?;
            out.set_item("ts_exch", ts_exch.0)?;
            let rows = values.iter().map(|&(kind, value)| (format!("{kind:?}"), value));
            out.set_item("values", rows.collect::<BTreeMap<_, _>>())
        }
    }
}

fn book(out: &Bound<'_, PyDict>, frame: &Frame) -> PyResult<()> {
    let rows =
        |levels: &[LevelQty]| levels.iter().map(|l| (l.px.0, l.qty.0, l.n)).collect::<Vec<_>>();
    out.set_item("kind", "book")?;
    out.set_item("frame", format!("{:?}", frame.kind))?;
    out.set_item("ts_exch", frame.ts_exch.0)?;
    out.set_item("seq", frame.seq)?;
    out.set_item("stream", frame.stream)?;
    out.set_item("bids", rows(&frame.bids))?;
    out.set_item("asks", rows(&frame.asks))
}
