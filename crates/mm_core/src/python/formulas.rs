//! Bindings of formulas: numbers, dicts and arrays in, the same out.

mod adaptive;
mod learning;
mod performance;
mod queues;
mod quoting;
mod signals;
mod toxicity;
mod trends;

use crate::error::CoreError;
use crate::python::errors::to_py;
use crate::units::Side;
use pyo3::prelude::*;

/// An error about an argument.
fn refuse(name: &'static str, why: impl Into<String>) -> PyErr {
    to_py(CoreError::BadArgument { name, why: why.into() })
}

/// +1 or -1 as a side.
fn side_of(sign: i8) -> PyResult<Side> {
    let why = || refuse("side", format!("must be 1 or -1, had {sign}"));
    Side::from_sign(sign).ok_or_else(why)
}

pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    quoting::register(m)?;
    queues::register(m)?;
    signals::register(m)?;
    performance::register(m)?;
    trends::register(m)?;
    toxicity::register(m)?;
    adaptive::register(m)?;
    learning::register(m)
}
