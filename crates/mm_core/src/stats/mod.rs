//! tmp
#![allow(missing_docs)]
pub fn gamma_tail(_a: f64, _b: f64) -> f64 { 0.0 }
