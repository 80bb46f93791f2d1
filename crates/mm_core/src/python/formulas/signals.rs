//! Bindings of signals.

use crate::python::formulas::refuse;
use crate::signal;
use crate::signal::Bars;
use crate::signal::Level;
use crate::signal::MicroCounts;
use crate::signal::MicroGrid;
use crate::signal::Print;
use crate::signal::Quote;
use numpy::PyReadonlyArray1;
use numpy::PyReadonlyArray2;
use pyo3::prelude::*;

/// Levels as (price, size), best first.
type Side = Vec<Level>;

/// The mid weighted by the sizes opposite; each side as (price, size).
#[pyfunction]
fn weighted_mid(bid: Level, ask: Level) -> f64 {
    signal::weighted_mid(bid, ask)
}

/// The same with sizes summed over `depth` levels, weighted exp(-decay rank).
#[pyfunction]
fn depth_weighted_mid(bids: Side, asks: Side, depth: usize, decay: f64) -> Option<f64> {
    signal::depth_weighted_mid(&bids, &asks, depth, decay)
}

/// Balance of the first `depth` levels, -1 to 1.
#[pyfunction]
fn depth_imbalance(bids: Side, asks: Side, depth: usize, decay: f64) -> f64 {
    signal::depth_imbalance(&bids, &asks, depth, decay)
}

/// Balance of the levels within `width_bps` of the mid, -1 to 1.
#[pyfunction]
fn distance_imbalance(bids: Side, asks: Side, width_bps: f64, decay_bps: f64) -> f64 {
    signal::distance_imbalance(&bids, &asks, width_bps, decay_bps)
}

#[derive(IntoPyObject)]
struct FlowOut {
    sum: Vec<f64>,
    mean_depth: f64,
    normalised: Vec<f64>,
}

/// Order flow by level rank over consecutive (bids, asks).
#[pyfunction]
fn order_flow_levels(looks: Vec<(Side, Side)>, ranks: usize) -> FlowOut {
    let signal::FlowLevels { sum, mean_depth, normalised } =
        signal::order_flow_levels(&looks, ranks);
    FlowOut { sum, mean_depth, normalised }
}

fn prints(rows: Vec<(f64, f64, f64)>) -> Vec<Print> {
    rows.into_iter().map(|(t, sign, size)| Print { t, sign, size }).collect()
}

/// Balance of (time, side, size) trades after `start` and up to `end`.
#[pyfunction]
fn flow_imbalance(trades: Vec<(f64, f64, f64)>, start: f64, end: f64) -> f64 {
    signal::flow_imbalance(&prints(trades), start, end)
}

/// Balance of trades up to `now`, halved in weight each `half_life`.
#[pyfunction]
fn flow_imbalance_decayed(trades: Vec<(f64, f64, f64)>, now: f64, half_life: f64) -> f64 {
    signal::flow_imbalance_decayed(&prints(trades), now, half_life)
}

#[derive(IntoPyObject)]
struct MicroOut {
    stay: Vec<f64>,
    moves: Vec<f64>,
    moved: Vec<f64>,
    first: Vec<f64>,
    next: Vec<f64>,
    adjustment: Vec<f64>,
    visits: Vec<f64>,
    residual: f64,
    skipped: u64,
}

/// Fit the micro-price to rows of (bid, ask, bid size, ask size); `grid` is (n_imb, n_spread,
/// tick). Matrices come flat, row by row; `None` where some states never lead to a move.
#[pyfunction]
fn fit_micro_price(
    rows: PyReadonlyArray2<'_, f64>,
    grid: (usize, usize, f64),
    symmetric: bool,
) -> PyResult<Option<MicroOut>> {
    let (n_imb, n_spread, tick) = grid;
    let width = rows.as_array().ncols();
    if width != 4 || n_imb == 0 || n_spread == 0 || tick.is_nan() || tick <= 0.0 {
        return Err(refuse("rows", "need 4 columns, and a grid of positive numbers"));
    }
    let mut counts = MicroCounts::new(MicroGrid { n_imb, n_spread, tick }, symmetric);
    for row in rows.as_slice()?.chunks_exact(4) {
        let [bid, ask, bid_size, ask_size] = [row[0], row[1], row[2], row[3]];
        counts.observe(&Quote { bid, ask, bid_size, ask_size });
    }
    Ok(counts.fit().map(|fit| MicroOut {
        adjustment: fit.table.adjustment().to_vec(),
        visits: fit.table.visits().to_vec(),
        stay: fit.stay,
        moves: fit.moves,
        moved: fit.moved,
        first: fit.first,
        next: fit.next,
        residual: fit.residual,
        skipped: fit.skipped,
    }))
}

#[derive(IntoPyObject)]
struct BarsOut {
    close_to_close: Option<f64>,
    parkinson: Option<f64>,
    garman_klass: Option<f64>,
    rogers_satchell: Option<f64>,
    yang_zhang: Option<f64>,
}

/// Volatility per bar by five estimators; columns of one length.
#[pyfunction]
fn bar_volatility(
    open: PyReadonlyArray1<'_, f64>,
    high: PyReadonlyArray1<'_, f64>,
    low: PyReadonlyArray1<'_, f64>,
    close: PyReadonlyArray1<'_, f64>,
) -> PyResult<BarsOut> {
    let bars = Bars {
        open: open.as_slice()?,
        high: high.as_slice()?,
        low: low.as_slice()?,
        close: close.as_slice()?,
    };
    let n = bars.close.len();
    if [bars.open, bars.high, bars.low].iter().any(|column| column.len() != n) {
        return Err(refuse("bars", "the columns differ in length"));
    }
    Ok(BarsOut {
        close_to_close: signal::close_to_close(bars.close),
        parkinson: signal::parkinson(&bars),
        garman_klass: signal::garman_klass(&bars),
        rogers_satchell: signal::rogers_satchell(&bars),
        yang_zhang: signal::yang_zhang(&bars),
    })
}

/// Volatility after each return, seeded by the first `seed` of them.
#[pyfunction]
fn ewma_volatility(
    closes: PyReadonlyArray1<'_, f64>,
    half_life: f64,
    seed: usize,
) -> PyResult<Vec<f64>> {
    Ok(signal::ewma(closes.as_slice()?, half_life, seed))
}

pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(weighted_mid, m)?)?;
    m.add_function(wrap_pyfunction!(depth_weighted_mid, m)?)?;
    m.add_function(wrap_pyfunction!(depth_imbalance, m)?)?;
    m.add_function(wrap_pyfunction!(distance_imbalance, m)?)?;
    m.add_function(wrap_pyfunction!(order_flow_levels, m)?)?;
    m.add_function(wrap_pyfunction!(flow_imbalance, m)?)?;
    m.add_function(wrap_pyfunction!(flow_imbalance_decayed, m)?)?;
    m.add_function(wrap_pyfunction!(fit_micro_price, m)?)?;
    m.add_function(wrap_pyfunction!(bar_volatility, m)?)?;
    m.add_function(wrap_pyfunction!(ewma_volatility, m)?)
}
