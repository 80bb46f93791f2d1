//! Bindings of a strategy in Python: each step calls it, and what it returns becomes a ladder.

use super::view::PyView;
use crate::engine::Quoter;
use crate::engine::Seen;
use crate::error::CoreError;
use crate::quote::Ladder;
use crate::units::Lots;
use crate::units::Px;
use numpy::PyArrayDyn;
use numpy::PyArrayMethods;
use numpy::PyUntypedArray;
use numpy::PyUntypedArrayMethods;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::PyFloat;
use pyo3::types::PyList;
use pyo3::types::PyTuple;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

/// More of a returned value is not printed.
const SHOWN: usize = 200;
/// Greatest whole number below which a double holds every whole number.
pub(super) const EXACT: f64 = 9_007_199_254_740_992.0;

/// Prices and sizes of one side.
type Quotes = Vec<(Px, Lots)>;

/// What `on_step` raised last, for the call that ends by it.
pub(super) type Raised = Arc<Mutex<Option<PyErr>>>;

/// A strategy object of one symbol.
#[derive(Debug)]
pub(super) struct PyQuoter {
    /// Whose it is, for messages.
    symbol: String,
    on_step: Py<PyAny>,
    view: Py<PyView>,
    /// The view again, as arguments.
    arguments: Py<PyTuple>,
    raised: Raised,
    /// Reused from step to step: bids and asks.
    quotes: [Quotes; 2],
}

impl PyQuoter {
    /// The quoter of an object with `on_step` and `depth`.
    pub(super) fn new(strategy: &Bound<'_, PyAny>, raised: &Raised) -> PyResult<Self> {
        let py = strategy.py();
        let depth: usize = strategy.getattr("depth")?.extract()?;
        let view = Py::new(py, PyView::new(depth))?;
        Ok(Self {
            symbol: strategy.getattr("symbol")?.extract()?,
            on_step: strategy.getattr("on_step")?.unbind(),
            arguments: PyTuple::new(py, [view.clone_ref(py)])?.unbind(),
            view,
            raised: Arc::clone(raised),
            quotes: [Quotes::new(), Quotes::new()],
        })
    }

    fn asked(&mut self, py: Python<'_>, seen: &Seen<'_>) -> Result<Ladder, String> {
        self.view.borrow_mut(py).take_in(seen);
        let returned = self.on_step.bind(py).call1(self.arguments.bind(py).clone());
        let returned = returned.map_err(|raised| {
            let text = format!("on_step of {} raised {raised}", self.symbol);
            *self.raised.lock().unwrap_or_else(PoisonError::into_inner) = Some(raised);
            text
        })?;
        let ladder = read(&returned, &mut self.quotes).and_then(|()| {
            let [bids, asks] = &self.quotes;
            Ladder::of(seen.market.book().spec(), bids, asks)
        });
        ladder.map_err(|why| {
            let (symbol, returned) = (&self.symbol, shown(&returned));
            format!("on_step of {symbol} returned {returned}: {why}")
        })
    }
}

impl Quoter for PyQuoter {
    fn quote(&mut self, seen: &Seen<'_>) -> Result<Ladder, CoreError> {
        let ladder = Python::attach(|py| self.asked(py, seen));
        ladder.map_err(|why| CoreError::Strategy { ts: seen.now.0, why })
    }
}

/// The exception of a run that ended: what is no error (Ctrl-C, an exit) goes on as it is, and an
/// error of the strategy is the cause of ours.
pub(super) fn with_cause(py: Python<'_>, error: PyErr, raised: &Raised) -> PyErr {
    match raised.lock().unwrap_or_else(PoisonError::into_inner).take() {
        None => error,
        Some(raised) if !raised.is_instance_of::<PyException>(py) => raised,
        Some(raised) => {
            error.set_cause(py, Some(raised));
            error
        }
    }
}

/// Read a pair of sides.
fn read(returned: &Bound<'_, PyAny>, quotes: &mut [Quotes; 2]) -> Result<(), String> {
    quotes.iter_mut().for_each(Quotes::clear);
    let [bids, asks] = items(returned)
        .and_then(|items| <[Bound<'_, PyAny>; 2]>::try_from(items).ok())
        .ok_or("two sides (bids, asks) are expected")?;
    side(&bids, &mut quotes[0]).map_err(|why| format!("bids: {why}"))?;
    side(&asks, &mut quotes[1]).map_err(|why| format!("asks: {why}"))
}

/// The items of a tuple, a list or an array; `None` for anything else.
fn items<'py>(of: &Bound<'py, PyAny>) -> Option<Vec<Bound<'py, PyAny>>> {
    if let Ok(tuple) = of.cast::<PyTuple>() {
        return Some(tuple.iter().collect());
    }
    if let Ok(list) = of.cast::<PyList>() {
        return Some(list.iter().collect());
    }
    of.cast::<PyUntypedArray>().ok().filter(|array| array.ndim() > 0)?;
    of.try_iter().ok()?.collect::<PyResult<Vec<_>>>().ok()
}

/// Read one side: None, a pair, pairs, or an array of either.
fn side(of: &Bound<'_, PyAny>, quotes: &mut Quotes) -> Result<(), String> {
    const EXPECTED: &str = "None, (price, lots) or rows of these are expected";
    if of.is_none() {
        return Ok(());
    }
    if let Ok(array) = of.cast::<PyUntypedArray>() {
        return array_side(array, quotes);
    }
    let items = items(of).ok_or(EXPECTED)?;
    let Some(first) = items.first() else { return Ok(()) };
    if self::items(first).is_none() {
        let [px, lots] = <[_; 2]>::try_from(items).map_err(|_| EXPECTED)?;
        quotes.push((Px(number(&px, "price")?), Lots(number(&lots, "size")?)));
        return Ok(());
    }
    for (place, row) in items.iter().enumerate() {
        let pair = self::items(row).and_then(|row| <[Bound<'_, PyAny>; 2]>::try_from(row).ok());
        let [px, lots] = pair.ok_or_else(|| format!("row {place}: (price, lots) is expected"))?;
        let named = |why| format!("row {place}: {why}");
        let px = number(&px, "price").map_err(named)?;
        quotes.push((Px(px), Lots(number(&lots, "size").map_err(named)?)));
    }
    Ok(())
}

/// Read an array of shape (2,) or (n, 2).
fn array_side(array: &Bound<'_, PyUntypedArray>, quotes: &mut Quotes) -> Result<(), String> {
    let shape = array.shape();
    match *shape {
        [0] => return Ok(()),
        [2] | [_, 2] => {}
        _ => return Err(format!("an array of shape {shape:?}; (2,) or (n, 2) is expected")),
    }
    let values: Vec<i64> = if let Ok(whole) = array.cast::<PyArrayDyn<i64>>() {
        whole.try_readonly().map_err(text)?.as_array().iter().copied().collect()
    } else if let Ok(real) = array.cast::<PyArrayDyn<f64>>() {
        let real = real.try_readonly().map_err(text)?;
        let read = |(i, value): (usize, &f64)| {
            exact(*value, ["price", "size"][i % 2]).map_err(|why| format!("row {}: {why}", i / 2))
        };
        real.as_array().iter().enumerate().map(read).collect::<Result<_, _>>()?
    } else {
        return Err(format!("an array of {}; int64 or float64 is expected", array.dtype()));
    };
    quotes.extend(values.chunks_exact(2).map(|pair| (Px(pair[0]), Lots(pair[1]))));
    Ok(())
}

fn text(error: impl ToString) -> String {
    error.to_string()
}

/// A whole number, given as one or as a double.
fn number(of: &Bound<'_, PyAny>, name: &str) -> Result<i64, String> {
    if !of.is_instance_of::<PyFloat>() {
        if let Ok(value) = of.extract::<i64>() {
            return Ok(value);
        }
    }
    match of.extract::<f64>() {
        Ok(value) => exact(value, name),
        Err(_) => Err(format!("{name} {} is no number", shown(of))),
    }
}

fn exact(value: f64, name: &str) -> Result<i64, String> {
    if value.fract() == 0.0 && value.abs() <= EXACT {
        return Ok(value as i64);
    }
    Err(format!("{name} {value} is no whole number"))
}

/// A value as Python writes it, cut where it is long.
fn shown(value: &Bound<'_, PyAny>) -> String {
    let text = value.repr().map_or_else(|_| "a value without a repr".to_owned(), text);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{} ...", &text[..end]),
        None => text,
    }
}
