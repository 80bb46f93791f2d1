//! Bindings of facts: version, base fees, bounds.

use crate::book::VENUE_TIME_NS_MAX;
use crate::fees::FeeSchedule;
use crate::fees::RATE_SCALE;
use crate::instrument::Venue;
use pyo3::prelude::*;

/// Maker and taker rates of a venue's base tier, as fractions of notional; positive is paid.
#[pyfunction]
fn base_fees(venue: &str) -> (f64, f64) {
    let venue = match venue {
        "hyperliquid" => Venue::Hyperliquid,
        "binance" => Venue::Binance,
        "bybit" => Venue::Bybit,
        _ => Venue::Other,
    };
    let fees = FeeSchedule::base(venue);
    let scale = RATE_SCALE as f64;
    (fees.maker as f64 / scale, fees.taker as f64 / scale)
}

pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("__version__", env!("CARGO_PKG_VERSION"))?;
    m.add("VENUE_TIME_NS_MAX", VENUE_TIME_NS_MAX)?;
    m.add_function(wrap_pyfunction!(base_fees, m)?)
}
