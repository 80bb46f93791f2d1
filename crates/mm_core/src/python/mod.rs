//! Python — the bindings: convert, call, convert back.

mod data;
mod errors;
mod formulas;
mod info;
mod params;
mod replay;
mod synth;
mod wire;

use pyo3::prelude::*;

/// The compiled module `botmm._core`.
#[pymodule]
fn _core(m: &Bound<'_, PyModule>) -> PyResult<()> {
    errors::register(m)?;
    info::register(m)?;
    wire::register(m)?;
    data::register(m)?;
    formulas::register(m)?;
    params::register(m)?;
    synth::register(m)?;
    replay::register(m)?;
    Ok(())
}
