//! Vectors — the files of expected values, and what the order-count model knows in them.

use mm_core::queue::QpnConfig;
use serde_json::Value;

pub(crate) fn vectors(name: &str) -> Value {
    let path = format!("{}/../../tests/golden/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(crate) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("not a number: {value}"))
}

pub(crate) fn rows(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("not a list: {value}"))
}

/// The hazards and sizes of `queue.json`.
pub(crate) fn qpn_config(file: &Value) -> QpnConfig {
    let qpn = &file["qpn"];
    let numbers = |key: &str| rows(&qpn[key]).iter().map(number).collect();
    let pmf = qpn["pmf_lots"].as_object().expect("a table");
    QpnConfig {
        edges: numbers("edges"),
        rates: numbers("rates"),
        age0_s: number(&qpn["age0"]),
        pmf: pmf.iter().map(|(k, v)| (k.parse().expect("lots"), number(v))).collect(),
        pmf_floor: number(&qpn["p_floor"]),
    }
}
