//! Bindings of performance statistics and fees.

use crate::fees;
use crate::fees::FeeSchedule;
use crate::fees::StakeStep;
use crate::fees::RATE_SCALE;
use crate::python::errors::to_py;
use crate::python::formulas::refuse;
use crate::stats;
use crate::stats::MarkedFill;
use crate::stats::Mids;
use crate::stats::PnlEvent;
use crate::stats::Shape;
use crate::units::DurationNanos;
use crate::units::UnixNanos;
use numpy::PyReadonlyArray1;
use numpy::PyReadonlyArray2;
use pyo3::prelude::*;

/// Mean over sample deviation per period.
#[pyfunction]
fn sharpe(returns: PyReadonlyArray1<'_, f64>) -> PyResult<Option<f64>> {
    Ok(stats::sharpe(returns.as_slice()?))
}

/// Sharpe ratio over `periods` periods, corrected for autocorrelation.
#[pyfunction]
fn sharpe_lo(returns: PyReadonlyArray1<'_, f64>, periods: f64) -> PyResult<Option<f64>> {
    Ok(stats::sharpe_lo(returns.as_slice()?, periods))
}

/// Mean over downside deviation per period.
#[pyfunction]
fn sortino(returns: PyReadonlyArray1<'_, f64>) -> PyResult<Option<f64>> {
    Ok(stats::sortino(returns.as_slice()?))
}

#[derive(IntoPyObject)]
struct DrawdownOut {
    max_dd: f64,
    peak: usize,
    trough: usize,
    longest: usize,
}

/// The deepest fall of an equity curve.
#[pyfunction]
fn drawdown(equity: PyReadonlyArray1<'_, f64>) -> PyResult<DrawdownOut> {
    let got = stats::drawdown(equity.as_slice()?);
    let stats::Drawdown { max, peak, trough, longest } = got;
    Ok(DrawdownOut { max_dd: max, peak, trough, longest })
}

#[derive(IntoPyObject, FromPyObject)]
#[pyo3(from_item_all)]
struct ShapeDict {
    n: f64,
    sharpe: f64,
    skew: f64,
    kurtosis: f64,
}

impl From<ShapeDict> for Shape {
    fn from(from: ShapeDict) -> Self {
        let ShapeDict { n, sharpe, skew, kurtosis } = from;
        Self { n, sharpe, skew, kurtosis }
    }
}

/// Number, Sharpe ratio, skewness and kurtosis of returns.
#[pyfunction]
fn sharpe_shape(returns: PyReadonlyArray1<'_, f64>) -> PyResult<Option<ShapeDict>> {
    let shape = Shape::of(returns.as_slice()?);
    Ok(shape.map(|Shape { n, sharpe, skew, kurtosis }| ShapeDict { n, sharpe, skew, kurtosis }))
}

/// Probability that the true Sharpe ratio exceeds `than`.
#[pyfunction]
fn sharpe_probability(shape: ShapeDict, than: f64) -> f64 {
    Shape::from(shape).probability(than)
}

/// Returns needed before a Sharpe ratio exceeds `than` with this confidence.
#[pyfunction]
fn track_record(shape: ShapeDict, than: f64, confidence: f64) -> Option<f64> {
    Shape::from(shape).track_record(than, confidence)
}

/// Sharpe ratio that the best of worthless trials is expected to show.
#[pyfunction]
fn expected_max_sharpe(trials: f64, variance: f64) -> f64 {
    stats::expected_max(trials, variance)
}

#[derive(IntoPyObject)]
struct OverfittingOut {
    pbo: f64,
    n_comb: usize,
    median_logit: f64,
    mean_is: f64,
    mean_oos: f64,
    p_oos_loss: f64,
}

/// Probability of backtest overfitting of trials, shape (trials, rows).
#[pyfunction]
fn overfitting(
    py: Python<'_>,
    trials: PyReadonlyArray2<'_, f64>,
    blocks: usize,
) -> PyResult<OverfittingOut> {
    let rows: Vec<Vec<f64>> = trials.as_array().rows().into_iter().map(|r| r.to_vec()).collect();
    let got = py.detach(|| stats::overfitting(&rows, blocks)).map_err(to_py)?;
    Ok(OverfittingOut {
        pbo: got.pbo,
        n_comb: got.halves,
        median_logit: got.median_logit,
        mean_is: got.mean_in,
        mean_oos: got.mean_out,
        p_oos_loss: got.loss_out,
    })
}

#[derive(IntoPyObject)]
struct PnlOut {
    total: f64,
    spread: f64,
    inventory: f64,
    fees: f64,
    funding: f64,
    gross: f64,
    net: f64,
    residual: f64,
    position: f64,
}

/// The parts of a result from rows of fills (t, side, px, qty, mid), marks (t, mid) and funding
/// (t, rate, oracle); at equal times marks come first, then fills, then funding.
#[pyfunction]
fn pnl_parts(
    fills: Vec<(f64, f64, f64, f64, f64)>,
    marks: Vec<(f64, f64)>,
    funding: Vec<(f64, f64, f64)>,
    fee_rate: f64,
) -> PnlOut {
    let mut events: Vec<(f64, PnlEvent)> = Vec::new();
    events.extend(marks.into_iter().map(|(t, mid)| (t, PnlEvent::Mark { mid })));
    let fill = |(t, sign, px, qty, mid)| (t, PnlEvent::Fill { sign, px, qty, mid });
    events.extend(fills.into_iter().map(fill));
    let paid = |(t, rate, oracle)| (t, PnlEvent::Funding { rate, oracle });
    events.extend(funding.into_iter().map(paid));
    // The sort is stable, so events of one time keep the order of their kinds.
    events.sort_by(|a, b| a.0.total_cmp(&b.0));
    let events: Vec<PnlEvent> = events.into_iter().map(|(_, event)| event).collect();
    let got = stats::pnl_parts(&events, fee_rate);
    PnlOut {
        total: got.total,
        spread: got.spread,
        inventory: got.inventory,
        fees: got.fees,
        funding: got.funding,
        gross: got.gross(),
        net: got.net(),
        residual: got.residual(),
        position: got.position,
    }
}

#[derive(IntoPyObject)]
struct TripsOut {
    matches: usize,
    closing_fills: usize,
    episodes: usize,
    realised: f64,
    matched_qty: f64,
    open: f64,
}

/// First-in first-out round trips of (side, px, qty) fills.
#[pyfunction]
fn round_trips(fills: Vec<(f64, f64, f64)>) -> TripsOut {
    let got = stats::round_trips(&fills);
    TripsOut {
        matches: got.matches,
        closing_fills: got.closing_fills,
        episodes: got.episodes,
        realised: got.realised,
        matched_qty: got.matched_qty,
        open: got.open,
    }
}

#[derive(IntoPyObject)]
struct MarkoutOut {
    effective: Option<f64>,
    markout: Vec<Option<f64>>,
    impact: Vec<Option<f64>>,
    net: Vec<Option<f64>>,
}

/// Markouts in bps of (ts, side, px) fills at horizons in nanoseconds; `mids` is (times, mids).
#[pyfunction]
fn markouts(
    mids: (PyReadonlyArray1<'_, i64>, PyReadonlyArray1<'_, f64>),
    fills: Vec<(i64, f64, f64)>,
    horizons_ns: Vec<i64>,
    fee_bps: f64,
) -> PyResult<Vec<MarkoutOut>> {
    let ts: Vec<UnixNanos> = mids.0.as_slice()?.iter().copied().map(UnixNanos).collect();
    let mid = mids.1.as_slice()?;
    if ts.len() != mid.len() || !ts.is_sorted() {
        return Err(refuse("mids", "need one mid for each time, times ascending"));
    }
    let mids = Mids { ts: &ts, mid };
    let horizons: Vec<DurationNanos> = horizons_ns.into_iter().map(DurationNanos).collect();
    let each = |(ts, sign, px)| {
        let fill = MarkedFill { ts: UnixNanos(ts), sign, px };
        let stats::Markout { effective, markout, impact, net } =
            stats::markout(&mids, &fill, &horizons, fee_bps);
        MarkoutOut { effective, markout, impact, net }
    };
    Ok(fills.into_iter().map(each).collect())
}

fn fraction(rate: i64) -> f64 {
    rate as f64 / RATE_SCALE as f64
}

/// Hyperliquid's (taker, maker) rates at a 14-day volume in dollars.
#[pyfunction]
fn fee_tier(volume_usd: f64) -> (f64, f64) {
    let tier = FeeSchedule::tier(volume_usd);
    (fraction(tier.taker), fraction(tier.maker))
}

/// Share of positive fees saved by staking HYPE.
#[pyfunction]
fn stake_discount(hype: f64) -> f64 {
    fees::stake_discount(hype) as f64 / 100.0
}

/// Maker rate at a volume, a stake and a share of the venue's maker volume.
#[pyfunction]
fn maker_rate(volume_usd: f64, hype: f64, maker_share: f64) -> f64 {
    fraction(FeeSchedule::maker_rate(volume_usd, hype, maker_share))
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct StakeIn {
    fees_usd: f64,
    capital_usd: f64,
    bot_return: f64,
    stake_yield: f64,
    stake_usd: f64,
    discount: f64,
}

#[derive(IntoPyObject)]
struct StakeOut {
    stake_usd: f64,
    saved: f64,
    forgone: f64,
    net: f64,
    break_even_capital: f64,
    break_even_return: f64,
}

/// Whether a step of staking pays.
#[pyfunction]
fn stake_step(step: StakeIn) -> StakeOut {
    let StakeIn { fees_usd, capital_usd, bot_return, stake_yield, stake_usd, discount } = step;
    let step = StakeStep { fees_usd, capital_usd, bot_return, stake_yield, stake_usd, discount };
    let got = step.outcome();
    StakeOut {
        stake_usd,
        saved: got.saved,
        forgone: got.forgone,
        net: got.net,
        break_even_capital: got.break_even_capital,
        break_even_return: got.break_even_return,
    }
}

pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(sharpe, m)?)?;
    m.add_function(wrap_pyfunction!(sharpe_lo, m)?)?;
    m.add_function(wrap_pyfunction!(sortino, m)?)?;
    m.add_function(wrap_pyfunction!(drawdown, m)?)?;
    m.add_function(wrap_pyfunction!(sharpe_shape, m)?)?;
    m.add_function(wrap_pyfunction!(sharpe_probability, m)?)?;
    m.add_function(wrap_pyfunction!(track_record, m)?)?;
    m.add_function(wrap_pyfunction!(expected_max_sharpe, m)?)?;
    m.add_function(wrap_pyfunction!(overfitting, m)?)?;
    m.add_function(wrap_pyfunction!(pnl_parts, m)?)?;
    m.add_function(wrap_pyfunction!(round_trips, m)?)?;
    m.add_function(wrap_pyfunction!(markouts, m)?)?;
    m.add_function(wrap_pyfunction!(fee_tier, m)?)?;
    m.add_function(wrap_pyfunction!(stake_discount, m)?)?;
    m.add_function(wrap_pyfunction!(maker_rate, m)?)?;
    m.add_function(wrap_pyfunction!(stake_step, m)?)
}
