//! Bindings of the fill model: its features and its trees.

use crate::python::errors::to_py;
use crate::python::formulas::refuse;
use crate::python::formulas::side_of;
use crate::signal::Bar;
use crate::signal::Candle;
use crate::signal::CandleFeatures;
use crate::signal::Trees;
use crate::signal::CANDLE_FEATURES;
use crate::signal::FEATURES;
use crate::signal::TICK_FEATURES;
use crate::signal::TREES_SCHEMA;
use crate::units::UnixNanos;
use numpy::ndarray::Array2;
use numpy::IntoPyArray;
use numpy::PyArray1;
use numpy::PyArray2;
use numpy::PyReadonlyArray1;
use numpy::PyReadonlyArray2;
use pyo3::prelude::*;

/// Open, high, low, close and volume.
type Columns<'py> = (
    PyReadonlyArray1<'py, f64>,
    PyReadonlyArray1<'py, f64>,
    PyReadonlyArray1<'py, f64>,
    PyReadonlyArray1<'py, f64>,
    PyReadonlyArray1<'py, f64>,
);

/// Candle features of quotes placed after candle `at`; `at` must not fall.
#[pyfunction]
fn candle_features<'py>(
    py: Python<'py>,
    open_ns: PyReadonlyArray1<'_, i64>,
    candles: Columns<'_>,
    quotes: Vec<(usize, i8, f64)>,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let starts = open_ns.as_slice()?;
    let (open, high, low, close, volume) = &candles;
    let columns = [open, high, low, close, volume].map(|column| column.as_slice());
    let [open, high, low, close, volume] = columns;
    let (open, high, low, close, volume) = (open?, high?, low?, close?, volume?);
    if [open, high, low, close, volume].iter().any(|column| column.len() != starts.len()) {
        return Err(refuse("candles", "the columns differ in length"));
    }
    let candle = |i: usize| {
        let start = UnixNanos(starts[i]);
        let bar = Bar { start, open: open[i], high: high[i], low: low[i], close: close[i] };
        Candle { bar, volume: volume[i] }
    };
    let rows = py.detach(|| feature_rows(starts.len(), candle, &quotes))?;
    let table = Array2::from_shape_vec((quotes.len(), FEATURES), rows);
    Ok(table.map_err(|error| refuse("quotes", error.to_string()))?.into_pyarray(py))
}

/// Rows of features, one behind the other.
fn feature_rows(
    candles: usize,
    candle: impl Fn(usize) -> Candle,
    quotes: &[(usize, i8, f64)],
) -> PyResult<Vec<f64>> {
    let mut features = CandleFeatures::default();
    let (mut seen, mut rows) = (0, Vec::with_capacity(quotes.len() * FEATURES));
    for (at, side, quote) in quotes {
        if *at >= candles || *at + 1 < seen {
            return Err(refuse("quotes", format!("candle {at} is not there or is behind")));
        }
        while seen <= *at {
            features.on_candle(&candle(seen));
            seen += 1;
        }
        let row = features.row(side_of(*side)?, *quote);
        let none = || refuse("quotes", format!("candle {at}: no sound candle, or no price"));
        rows.extend(row.ok_or_else(none)?);
    }
    Ok(rows)
}

/// A classifier of gradient-boosted trees, from the text of its file.
#[pyclass(name = "Trees", module = "botmm._core", frozen)]
struct PyTrees(Trees);

#[pymethods]
impl PyTrees {
    /// Read a model; `file` names it in messages, `features` are those that it will be fed.
    #[new]
    fn new(file: &str, text: &str, features: Vec<String>) -> PyResult<Self> {
        let names: Vec<&str> = features.iter().map(String::as_str).collect();
        Trees::from_json(file, text, &names).map(Self).map_err(to_py)
    }

    /// Names of the features, in order.
    #[getter]
    fn features(&self) -> Vec<String> {
        self.0.features().to_vec()
    }

    /// Digest of the model.
    #[getter]
    fn sha256(&self) -> &str {
        self.0.sha256()
    }

    /// What the positive class loses on the average, in basis points; `None` where the file does
    /// not say.
    #[getter]
    fn loss_bps(&self) -> Option<f64> {
        self.0.loss_bps()
    }

    /// Chance of the positive class for each row.
    fn probabilities<'py>(
        &self,
        py: Python<'py>,
        rows: PyReadonlyArray2<'_, f64>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let (values, width) = (rows.as_slice()?, rows.as_array().ncols().max(1));
        let trees = &self.0;
        let work = || values.chunks_exact(width).map(|row| trees.probability(row)).collect();
        let out: Result<Vec<f64>, _> = py.detach(work);
        Ok(out.map_err(to_py)?.into_pyarray(py))
    }
}

pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyTrees>()?;
    m.add("CANDLE_FEATURES", CANDLE_FEATURES.to_vec())?;
    m.add("TICK_FEATURES", TICK_FEATURES.to_vec())?;
    m.add("TREES_SCHEMA", TREES_SCHEMA)?;
    m.add_function(wrap_pyfunction!(candle_features, m)?)
}
