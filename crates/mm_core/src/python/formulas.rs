//! Bindings of formulas: numbers, dicts and arrays in, the same out.

mod performance;
mod queues;
mod quoting;
mod signals;

use crate::error::CoreError;
use crate::python::errors::to_py;
use pyo3::prelude::*;

/// An error about an argument.
fn refuse(name: &'static str, why: impl Into<String>) -> PyErr {
    to_py(CoreError::BadArgument { name, why: why.into() })
}

pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    quoting::register(m)?;
    queues::register(m)?;
    signals::register(m)?;
    performance::register(m)
}
