//! Bindings of the price grid, the quoting function and its models.

use crate::instrument::InstrumentSpec;
use crate::instrument::PriceRule;
use crate::instrument::Rounding;
use crate::python::errors::to_py;
use crate::python::formulas::refuse;
use crate::quote;
use crate::quote::AsParams;
use crate::quote::GlftParams;
use crate::quote::Ladder;
use crate::quote::NoQuote;
use crate::quote::QuoteMode;
use crate::quote::QuoteParams;
use crate::quote::QuoteState;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use crate::units::Venue;
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;

#[derive(IntoPyObject)]
struct GridOut {
    valid: bool,
    step: i64,
    floor: Option<i64>,
    ceil: Option<i64>,
    nearest: Option<i64>,
    next: i64,
    prev: Option<i64>,
}

/// The most decimals of spot prices, shared with the decimals of sizes.
const SPOT_DECIMALS: u32 = 8;

fn hyperliquid(size_decimals: u32, spot: bool) -> PyResult<InstrumentSpec> {
    if size_decimals > SPOT_DECIMALS {
        return Err(refuse("size_decimals", format!("{size_decimals} is more than 8")));
    }
    if !spot {
        return Ok(InstrumentSpec::hyperliquid(size_decimals));
    }
    let decimals = SPOT_DECIMALS - size_decimals;
    let mut spec = InstrumentSpec::fixed(Venue::Hyperliquid, decimals, size_decimals, 1);
    spec.rule = PriceRule::FiveFigures;
    Ok(spec)
}

/// Decimals of a price on Hyperliquid.
#[pyfunction]
#[pyo3(signature = (size_decimals, *, spot=false))]
fn px_decimals(size_decimals: u32, spot: bool) -> PyResult<u32> {
    Ok(hyperliquid(size_decimals, spot)?.px_decimals)
}

/// What Hyperliquid's grid makes of a price of `value` in units of 10^-(px_decimals + extra);
/// the results are in units of 10^-px_decimals.
#[pyfunction]
#[pyo3(signature = (value, extra, size_decimals, *, spot=false))]
fn price_grid(value: i64, extra: u32, size_decimals: u32, spot: bool) -> PyResult<GridOut> {
    if value <= 0 || extra > 18 {
        return Err(refuse("value", format!("{value} with {extra} more decimals")));
    }
    let spec = hyperliquid(size_decimals, spot)?;
    let round = |to| spec.round_fine(i128::from(value), extra, to).map(|px| px.0);
    let unit = crate::instrument::pow10(extra);
    let whole = Px(value / unit);
    let exact = value % unit == 0;
    let floor = round(Rounding::Down);
    Ok(GridOut {
        valid: exact && spec.is_valid(whole),
        step: spec.step(whole),
        floor,
        ceil: round(Rounding::Up),
        nearest: round(Rounding::Nearest),
        next: spec.next_valid(whole).0,
        prev: if exact { spec.prev_valid(whole).map(|px| px.0) } else { floor },
    })
}

/// A size of `value` in units of 10^-(size_decimals + extra), floored to whole lots.
#[pyfunction]
fn floor_size(value: i64, extra: u32, size_decimals: u32) -> PyResult<i64> {
    let lots = hyperliquid(size_decimals, false)?.floor_fine(i128::from(value), extra.min(18));
    lots.map(|lots| lots.0).ok_or_else(|| refuse("value", format!("{value} is too large")))
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct AsIn {
    mid: f64,
    q: f64,
    gamma: f64,
    sigma: f64,
    k: f64,
}

impl From<AsIn> for AsParams {
    fn from(from: AsIn) -> Self {
        let AsIn { mid, q, gamma, sigma, k } = from;
        Self { mid, q, gamma, sigma, k }
    }
}

#[derive(IntoPyObject)]
struct AsFiniteOut {
    reservation: f64,
    spread: f64,
    bid: f64,
    ask: f64,
}

/// Avellaneda-Stoikov quotes with a horizon; `params` has mid, q, gamma, sigma and k.
#[pyfunction]
fn as_finite(params: AsIn, horizon: f64) -> AsFiniteOut {
    let got = quote::as_finite(&params.into(), horizon);
    AsFiniteOut { reservation: got.reservation, spread: got.spread, bid: got.bid, ask: got.ask }
}

#[derive(IntoPyObject)]
struct AsStationaryOut {
    omega: f64,
    r_ask: Option<f64>,
    r_bid: Option<f64>,
    reservation: Option<f64>,
    ask: Option<f64>,
    bid: Option<f64>,
}

/// Avellaneda-Stoikov quotes without a horizon, the inventory held within `q_max`.
#[pyfunction]
fn as_stationary(params: AsIn, q_max: f64) -> AsStationaryOut {
    let got = quote::as_stationary(&params.into(), q_max);
    AsStationaryOut {
        omega: got.omega,
        r_ask: got.r_ask,
        r_bid: got.r_bid,
        reservation: got.reservation,
        ask: got.ask,
        bid: got.bid,
    }
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct GlftIn {
    gamma: f64,
    xi: f64,
    delta: f64,
    a: f64,
    k: f64,
}

impl From<GlftIn> for GlftParams {
    fn from(from: GlftIn) -> Self {
        let GlftIn { gamma, xi, delta, a, k } = from;
        Self { gamma, xi, delta, a, k }
    }
}

#[derive(IntoPyObject)]
struct GlftOut {
    c1: f64,
    c2: f64,
    delta_bid: f64,
    delta_ask: f64,
    half_spread: f64,
    skew_per_unit: f64,
}

/// GLFT quotes in closed form; `params` has gamma, xi, delta, a and k.
#[pyfunction]
fn glft(params: GlftIn, q: f64, sigma: f64) -> GlftOut {
    let got = quote::glft(&params.into(), q, sigma);
    GlftOut {
        c1: got.c1,
        c2: got.c2,
        delta_bid: got.delta_bid,
        delta_ask: got.delta_ask,
        half_spread: got.half_spread,
        skew_per_unit: got.skew_per_unit,
    }
}

#[derive(IntoPyObject)]
struct GlftExactOut {
    eigenvalue: f64,
    delta_bid: Vec<Option<f64>>,
    delta_ask: Vec<Option<f64>>,
}

/// GLFT's exact steady state by inventory from -q_max to q_max.
#[pyfunction]
fn glft_exact(params: GlftIn, sigma: f64, q_max: usize) -> PyResult<GlftExactOut> {
    if q_max > 1_000 {
        return Err(refuse("q_max", format!("{q_max} is more than 1000")));
    }
    let got = quote::glft_exact(&params.into(), sigma, q_max);
    let quote::GlftExact { eigenvalue, delta_bid, delta_ask } = got;
    Ok(GlftExactOut { eigenvalue, delta_bid, delta_ask })
}

type LineOut = Option<(f64, f64, f64)>;

/// Fit fill intensity by regression: (status, points, plain, weighted), lines as (A, k, R2).
#[pyfunction]
fn fit_intensity(
    deltas: PyReadonlyArray1<'_, f64>,
    counts: PyReadonlyArray1<'_, f64>,
    seconds: f64,
) -> PyResult<(&'static str, usize, LineOut, LineOut)> {
    let (deltas, counts) = (deltas.as_slice()?, counts.as_slice()?);
    let got = quote::fit_intensity(deltas, counts, seconds).map_err(to_py)?;
    let line = |line: Option<quote::Line>| line.map(|l| (l.a, l.k, l.r2));
    Ok((got.status.name(), got.points, line(got.plain), line(got.weighted)))
}

#[derive(IntoPyObject)]
struct GeometricOut {
    mean_excess: f64,
    a: f64,
    k: f64,
    se_k: f64,
}

/// Fit fill intensity by the geometric tail of depths: (status, events, estimate).
#[pyfunction]
fn fit_geometric(
    depths: PyReadonlyArray1<'_, i64>,
    d0: i64,
    seconds: f64,
) -> PyResult<(&'static str, usize, Option<GeometricOut>)> {
    let got = quote::fit_geometric(depths.as_slice()?, d0, seconds);
    let estimate = got.estimate.map(|e| GeometricOut {
        mean_excess: e.mean_excess,
        a: e.a,
        k: e.k,
        se_k: e.se_k,
    });
    Ok((got.status.name(), got.events, estimate))
}

/// Fill intensity of a probe and the standard error of its logarithm.
#[pyfunction]
fn fit_probe(fills: u32, exposure_s: f64) -> (f64, Option<f64>) {
    quote::fit_probe(fills, exposure_s)
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct QuoteIn {
    mode: String,
    base_spread_bps: f64,
    vol_multiplier: f64,
    vol_horizon_s: f64,
    max_spread_bps: f64,
    inventory_skew_factor: f64,
    bias_strength: f64,
    num_levels: usize,
    level_step_frac: f64,
    order_size_usd: f64,
    size_decay: f64,
    size_skew_factor: f64,
    max_position_usd: f64,
    min_notional_usd: f64,
    maker_fee: f64,
    fee_floor: bool,
    min_edge_bps: f64,
    gamma: f64,
    xi: f64,
    #[pyo3(item("A"))]
    intensity_a: f64,
    #[pyo3(item("k"))]
    intensity_k: f64,
}

impl QuoteIn {
    fn params(self) -> PyResult<QuoteParams> {
        Ok(QuoteParams {
            mode: match self.mode.as_str() {
                "bps" => QuoteMode::Bps,
                "glft" => QuoteMode::Glft,
                "as" => QuoteMode::As,
                "fixed" => QuoteMode::Fixed,
                other => return Err(refuse("mode", format!("{other:?} is no mode"))),
            },
            base_spread_bps: self.base_spread_bps,
            vol_multiplier: self.vol_multiplier,
            vol_horizon_s: self.vol_horizon_s,
            max_spread_bps: self.max_spread_bps,
            inventory_skew_factor: self.inventory_skew_factor,
            bias_strength: self.bias_strength,
            num_levels: self.num_levels,
            level_step_frac: self.level_step_frac,
            order_size_usd: self.order_size_usd,
            size_decay: self.size_decay,
            size_skew_factor: self.size_skew_factor,
            max_position_usd: self.max_position_usd,
            min_notional_usd: self.min_notional_usd,
            maker_fee: self.maker_fee,
            fee_floor: self.fee_floor,
            min_edge_bps: self.min_edge_bps,
            gamma: self.gamma,
            xi: self.xi,
            intensity_a: self.intensity_a,
            intensity_k: self.intensity_k,
            ..QuoteParams::default()
        })
    }
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct StateIn {
    best_bid: Option<i64>,
    best_ask: Option<i64>,
    fair: Option<f64>,
    sigma: Option<f64>,
    position: i64,
    bias: f64,
    m_bid: f64,
    m_ask: f64,
    m_spread: f64,
    m_size: f64,
    m_maxpos: f64,
}

impl From<StateIn> for QuoteState {
    fn from(from: StateIn) -> Self {
        Self {
            best_bid: from.best_bid.map(Px),
            best_ask: from.best_ask.map(Px),
            fair: from.fair,
            sigma: from.sigma,
            position: Lots(from.position),
            bias: from.bias,
            m_bid: from.m_bid,
            m_ask: from.m_ask,
            m_spread: from.m_spread,
            m_size: from.m_size,
            m_maxpos: from.m_maxpos,
            ..Self::default()
        }
    }
}

#[derive(IntoPyObject)]
struct DiagOut {
    sigma_bps: f64,
    spread_bps: f64,
    rho: f64,
    reservation: f64,
    half_bid: f64,
    half_ask: f64,
    level_step: f64,
}

#[derive(IntoPyObject)]
struct QuoteOut {
    bids: Vec<(u8, i64, i64)>,
    asks: Vec<(u8, i64, i64)>,
    reason: Option<&'static str>,
    diag: DiagOut,
}

fn reason(reason: NoQuote) -> &'static str {
    match reason {
        NoQuote::EmptyBook => "empty_book",
        NoQuote::OneSidedBook => "one_sided_book",
        NoQuote::CrossedBook => "crossed_book",
        NoQuote::NoFairPrice => "no_fair_price",
        NoQuote::NoVolatility => "no_volatility",
        NoQuote::StaleData => "stale_data",
        NoQuote::Gap => "gap",
        NoQuote::Halted => "halted",
    }
}

fn rows(ladder: &Ladder, side: Side) -> Vec<(u8, i64, i64)> {
    ladder.side(side).iter().map(|t| (t.level, t.px.0, t.size.0)).collect()
}

/// The wanted quotes on Hyperliquid's grid: rows of (level, price units, lots), why there are
/// none, and how they came about.
#[pyfunction(name = "quote")]
fn quote_ladder(size_decimals: u32, params: QuoteIn, state: StateIn) -> PyResult<QuoteOut> {
    let spec = hyperliquid(size_decimals, false)?;
    let (ladder, diag) = quote::quote(&spec, &params.params()?, &state.into());
    Ok(QuoteOut {
        bids: rows(&ladder, Side::Bid),
        asks: rows(&ladder, Side::Ask),
        reason: ladder.reason.map(reason),
        diag: DiagOut {
            sigma_bps: diag.sigma_bps,
            spread_bps: diag.spread_bps,
            rho: diag.rho,
            reservation: diag.reservation,
            half_bid: diag.half_bid,
            half_ask: diag.half_ask,
            level_step: diag.level_step,
        },
    })
}

pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(px_decimals, m)?)?;
    m.add_function(wrap_pyfunction!(price_grid, m)?)?;
    m.add_function(wrap_pyfunction!(floor_size, m)?)?;
    m.add_function(wrap_pyfunction!(as_finite, m)?)?;
    m.add_function(wrap_pyfunction!(as_stationary, m)?)?;
    m.add_function(wrap_pyfunction!(glft, m)?)?;
    m.add_function(wrap_pyfunction!(glft_exact, m)?)?;
    m.add_function(wrap_pyfunction!(fit_intensity, m)?)?;
    m.add_function(wrap_pyfunction!(fit_geometric, m)?)?;
    m.add_function(wrap_pyfunction!(fit_probe, m)?)?;
    m.add_function(wrap_pyfunction!(quote_ladder, m)?)
}
