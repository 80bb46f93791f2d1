//! One core error, one Python class.

use crate::error::CoreError;
use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;

create_exception!(_core, CoreException, PyException, "Base of every error of the core.");
create_exception!(_core, NotionalOverflowError, CoreException, "A notional does not fit.");
create_exception!(_core, DecimalError, CoreException, "A text is not a plain decimal.");
create_exception!(_core, PayloadError, CoreException, "A payload is malformed.");
create_exception!(_core, ArgumentError, CoreException, "An argument is outside its domain.");
create_exception!(_core, TapeError, CoreException, "A tape file is unusable.");
create_exception!(_core, GapError, CoreException, "A gap is longer than accepted.");
create_exception!(_core, UnsupportedError, CoreException, "Not tradable or replayable here.");
create_exception!(_core, ModelError, CoreException, "A file of model weights is unusable.");
create_exception!(_core, OnStepError, CoreException, "A strategy failed at a step.");
create_exception!(_core, OrderStateError, CoreException, "An order event contradicts the state.");

/// The Python exception of a core error.
pub(super) fn to_py(error: CoreError) -> PyErr {
    let text = error.to_string();
    match error {
        CoreError::NotionalOverflow { .. } => NotionalOverflowError::new_err(text),
        CoreError::BadDecimal { .. } => DecimalError::new_err(text),
        CoreError::BadPayload { .. } => PayloadError::new_err(text),
        CoreError::BadArgument { .. } => ArgumentError::new_err(text),
        CoreError::Tape { .. } => TapeError::new_err(text),
        CoreError::Gap { .. } => GapError::new_err(text),
        CoreError::Unsupported { .. } => UnsupportedError::new_err(text),
        CoreError::Model { .. } => ModelError::new_err(text),
        CoreError::Strategy { .. } => OnStepError::new_err(text),
        CoreError::OrderState { .. } => OrderStateError::new_err(text),
    }
}

pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = m.py();
    m.add("CoreException", py.get_type::<CoreException>())?;
    m.add("NotionalOverflowError", py.get_type::<NotionalOverflowError>())?;
    m.add("DecimalError", py.get_type::<DecimalError>())?;
    m.add("PayloadError", py.get_type::<PayloadError>())?;
    m.add("ArgumentError", py.get_type::<ArgumentError>())?;
    m.add("TapeError", py.get_type::<TapeError>())?;
    m.add("GapError", py.get_type::<GapError>())?;
    m.add("UnsupportedError", py.get_type::<UnsupportedError>())?;
    m.add("ModelError", py.get_type::<ModelError>())?;
    m.add("OnStepError", py.get_type::<OnStepError>())?;
    m.add("OrderStateError", py.get_type::<OrderStateError>())?;
    Ok(())
}
