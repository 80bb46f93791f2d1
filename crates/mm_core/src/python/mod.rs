//! Python — the bindings: convert, call, convert back.

/// Pages of tapes are decoded into blocks of megabytes, again and again; the system's allocator
/// returns such blocks to the kernel and faults them in anew (docs/PERFORMANCE.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod data;
mod desk;
mod errors;
mod exchange;
mod formulas;
mod info;
mod params;
mod replay;
mod strategy;
mod synth;
mod view;
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
    exchange::register(m)?;
    replay::register(m)?;
    desk::register(m)?;
    Ok(())
}
