//! Bindings of the parameter table.

use crate::strategy::Kind;
use crate::strategy::ParamSpec;
use crate::strategy::Scope;
use crate::strategy::Value;
use crate::strategy::PARAMS;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The parameters of the strategy section, in the table's order; those that the run itself sets
/// (capital, fees, step) are not among them.
#[pyfunction]
fn param_table(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    PARAMS.iter().filter(|spec| spec.scope != Scope::Run).map(|spec| row(py, spec)).collect()
}

fn row<'py>(py: Python<'py>, spec: &ParamSpec) -> PyResult<Bound<'py, PyDict>> {
    let row = PyDict::new(py);
    row.set_item("name", spec.name)?;
    row.set_item("unit", spec.unit)?;
    row.set_item("live", spec.scope == Scope::Live)?;
    row.set_item("doc", spec.meaning)?;
    match &spec.default {
        Value::Number(value) => row.set_item("default", value)?,
        Value::Whole(value) => row.set_item("default", value)?,
        Value::Switch(value) => row.set_item("default", value)?,
        Value::Choice(value) => row.set_item("default", value)?,
        Value::Text(value) => row.set_item("default", value)?,
    }
    let (min, max, choices): (f64, f64, &[&str]) = match spec.kind {
        Kind::Number { min, max } => (min, max, &[]),
        Kind::Whole { min, max } => (min as f64, max as f64, &[]),
        Kind::Switch => (0.0, 1.0, &[]),
        Kind::Text => (0.0, 0.0, &[]),
        Kind::Choice(words) => (0.0, (words.len() - 1) as f64, words),
    };
    row.set_item("min", min)?;
    row.set_item("max", max)?;
    row.set_item("choices", choices.to_vec())?;
    Ok(row)
}

pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(param_table, m)?)
}
