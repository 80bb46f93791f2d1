//! Bindings of what a strategy in Python sees: plain numbers, and arrays made when they are read.

use super::strategy::EXACT;
use crate::engine::Seen;
use crate::engine::Sight;
use crate::instrument::InstrumentSpec;
use crate::order::OrderState;
use crate::signal::weighted_mid;
use crate::units::Px;
use crate::units::Side;
use numpy::PyArray1;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

type Column<'py> = Bound<'py, PyArray1<i64>>;

/// Rows of four columns, as they are read.
type Rows = [Vec<i64>; 4];

/// What a strategy sees at one step. Arrays are copies: what is kept of them does not change.
#[pyclass(name = "View", module = "botmm._core")]
#[derive(Debug)]
pub(super) struct PyView {
    spec: InstrumentSpec,
    depth: usize,
    #[pyo3(get)]
    time: i64,
    #[pyo3(get)]
    heard: i64,
    #[pyo3(get)]
    bid: i64,
    #[pyo3(get)]
    ask: i64,
    #[pyo3(get)]
    bid_lots: i64,
    #[pyo3(get)]
    ask_lots: i64,
    #[pyo3(get)]
    mid: f64,
    #[pyo3(get)]
    micro: f64,
    #[pyo3(get)]
    tick: i64,
    #[pyo3(get)]
    mark: Option<i64>,
    #[pyo3(get)]
    funding: f64,
    #[pyo3(get)]
    position: i64,
    #[pyo3(get)]
    may_buy: bool,
    #[pyo3(get)]
    may_sell: bool,
    #[pyo3(get)]
    caution: f64,
    #[pyo3(get)]
    bought: i64,
    #[pyo3(get)]
    sold: i64,
    /// Prices and sizes of bids, then of asks, from the best on.
    book: Rows,
    /// Side, price, what rests and state of our orders.
    orders: Rows,
    /// Time, side, price and size of our fills since the last step.
    fills: Rows,
    /// Time, side of the aggressor, price and size of the market's trades since then.
    trades: Rows,
}

impl PyView {
    /// A view that nothing was shown yet.
    pub(super) fn new(depth: usize) -> Self {
        Self {
            spec: InstrumentSpec::hyperliquid(0),
            depth,
            time: 0,
            heard: 0,
            bid: 0,
            ask: 0,
            bid_lots: 0,
            ask_lots: 0,
            mid: 0.0,
            micro: 0.0,
            tick: 0,
            mark: None,
            funding: 0.0,
            position: 0,
            may_buy: false,
            may_sell: false,
            caution: 1.0,
            bought: 0,
            sold: 0,
            book: Rows::default(),
            orders: Rows::default(),
            fills: Rows::default(),
            trades: Rows::default(),
        }
    }

    /// Take in what is shown at a step; memory is reused from step to step.
    pub(super) fn take_in(&mut self, seen: &Seen<'_>) {
        let Seen { market, touch: at, sides, .. } = *seen;
        self.spec = *market.book().spec();
        self.time = seen.now.0;
        self.heard = market.heard().0;
        (self.bid, self.ask) = (at.touch.bid.0, at.touch.ask.0);
        [self.bid_lots, self.ask_lots] = at.qty;
        self.mid = at.touch.mid2() as f64 * 0.5;
        self.micro = weighted_mid(
            (self.bid as f64, self.bid_lots as f64),
            (self.ask as f64, self.ask_lots as f64),
        );
        self.tick = self.spec.step(at.touch.bid);
        self.mark = market.mark().map(|mark| mark.0);
        self.funding = market.funding();
        self.position = seen.account.position().0;
        [self.may_buy, self.may_sell] = sides;
        self.caution = seen.caution;
        self.show_book(seen);
        self.show_orders(seen);
        self.show_news(seen);
    }

    fn show_book(&mut self, seen: &Seen<'_>) {
        self.book.iter_mut().for_each(Vec::clear);
        let [bid_px, bid_size, ask_px, ask_size] = &mut self.book;
        let columns = [(Side::Bid, bid_px, bid_size), (Side::Ask, ask_px, ask_size)];
        for (side, px, size) in columns {
            for level in seen.market.book().near(side).take(self.depth) {
                px.push(level.px.0);
                size.push(level.qty.0);
            }
        }
    }

    fn show_orders(&mut self, seen: &Seen<'_>) {
        self.orders.iter_mut().for_each(Vec::clear);
        for order in seen.orders.live() {
            let state = match order.state {
                OrderState::Placing { .. } => 0,
                OrderState::Working { .. } => 1,
                OrderState::Canceling { .. } => 2,
                OrderState::Unknown { .. } | OrderState::Done(_) => 3,
            };
            push(&mut self.orders, [order.side.sign(), order.px.0, order.left().0, state]);
        }
    }

    fn show_news(&mut self, seen: &Seen<'_>) {
        self.fills.iter_mut().for_each(Vec::clear);
        for (ts, fill) in seen.fills {
            push(&mut self.fills, [ts.0, fill.side.sign(), fill.px.0, fill.size.0]);
        }
        self.trades.iter_mut().for_each(Vec::clear);
        (self.bought, self.sold) = (0, 0);
        for print in seen.prints {
            push(&mut self.trades, [print.ts.0, print.aggressor.sign(), print.px.0, print.size.0]);
            match print.aggressor {
                Side::Bid => self.bought += print.size.0,
                Side::Ask => self.sold += print.size.0,
            }
        }
    }
}

#[inline]
fn push(rows: &mut Rows, row: [i64; 4]) {
    for (column, value) in rows.iter_mut().zip(row) {
        column.push(value);
    }
}

#[pymethods]
impl PyView {
    /// The greatest price of the grid not above `px`.
    fn floor(&self, px: f64) -> PyResult<i64> {
        let units = whole(px.floor(), px)?;
        let found = self.spec.floor(Px(units)).filter(|_| units > 0);
        found.map(|px| px.0).ok_or_else(|| below_grid(px))
    }

    /// The least price of the grid not below `px`.
    fn ceil(&self, px: f64) -> PyResult<i64> {
        let units = whole(px.ceil(), px)?;
        if units <= 0 {
            return Err(below_grid(px));
        }
        Ok(self.spec.ceil(Px(units)).0)
    }

    #[getter]
    fn px_decimals(&self) -> u32 {
        self.spec.px_decimals
    }

    #[getter]
    fn size_decimals(&self) -> u32 {
        self.spec.size_decimals
    }

    #[getter]
    fn lot_step(&self) -> i64 {
        self.spec.lot_step.0
    }

    #[getter]
    fn bid_px<'py>(&self, py: Python<'py>) -> Column<'py> {
        PyArray1::from_slice(py, &self.book[0])
    }

    #[getter]
    fn bid_size<'py>(&self, py: Python<'py>) -> Column<'py> {
        PyArray1::from_slice(py, &self.book[1])
    }

    #[getter]
    fn ask_px<'py>(&self, py: Python<'py>) -> Column<'py> {
        PyArray1::from_slice(py, &self.book[2])
    }

    #[getter]
    fn ask_size<'py>(&self, py: Python<'py>) -> Column<'py> {
        PyArray1::from_slice(py, &self.book[3])
    }

    #[getter]
    fn order_side<'py>(&self, py: Python<'py>) -> Column<'py> {
        PyArray1::from_slice(py, &self.orders[0])
    }

    #[getter]
    fn order_px<'py>(&self, py: Python<'py>) -> Column<'py> {
        PyArray1::from_slice(py, &self.orders[1])
    }

    #[getter]
    fn order_left<'py>(&self, py: Python<'py>) -> Column<'py> {
        PyArray1::from_slice(py, &self.orders[2])
    }

    #[getter]
    fn order_state<'py>(&self, py: Python<'py>) -> Column<'py> {
        PyArray1::from_slice(py, &self.orders[3])
    }

    #[getter]
    fn fill_time<'py>(&self, py: Python<'py>) -> Column<'py> {
        PyArray1::from_slice(py, &self.fills[0])
    }

    #[getter]
    fn fill_side<'py>(&self, py: Python<'py>) -> Column<'py> {
        PyArray1::from_slice(py, &self.fills[1])
    }

    #[getter]
    fn fill_px<'py>(&self, py: Python<'py>) -> Column<'py> {
        PyArray1::from_slice(py, &self.fills[2])
    }

    #[getter]
    fn fill_size<'py>(&self, py: Python<'py>) -> Column<'py> {
        PyArray1::from_slice(py, &self.fills[3])
    }

    #[getter]
    fn trade_time<'py>(&self, py: Python<'py>) -> Column<'py> {
        PyArray1::from_slice(py, &self.trades[0])
    }

    #[getter]
    fn trade_side<'py>(&self, py: Python<'py>) -> Column<'py> {
        PyArray1::from_slice(py, &self.trades[1])
    }

    #[getter]
    fn trade_px<'py>(&self, py: Python<'py>) -> Column<'py> {
        PyArray1::from_slice(py, &self.trades[2])
    }

    #[getter]
    fn trade_size<'py>(&self, py: Python<'py>) -> Column<'py> {
        PyArray1::from_slice(py, &self.trades[3])
    }
}

/// Price units that a double holds exactly.
fn whole(units: f64, px: f64) -> PyResult<i64> {
    if units.abs() <= EXACT {
        return Ok(units as i64);
    }
    Err(PyValueError::new_err(format!("{px} is no price")))
}

fn below_grid(px: f64) -> PyErr {
    PyValueError::new_err(format!("{px}: no price of the grid is positive there"))
}
