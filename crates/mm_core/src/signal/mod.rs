//! tmp
#![allow(missing_docs)]
use crate::units::UnixNanos;
#[derive(Debug, Default)]
pub struct SigmaEstimator {
    next: i64,
}
impl SigmaEstimator {
    pub fn is_due(&self, now: UnixNanos) -> bool {
        now.0 >= self.next
    }
    pub fn on_mid(&mut self, ts: UnixNanos, _m: f64) {
        self.next = ts.0 + 5_000_000_000;
    }
    pub fn sigma(&self) -> Option<f64> {
        Some(1e-4)
    }
}
pub fn weighted_mid((pb, qb): (f64, f64), (pa, qa): (f64, f64)) -> f64 {
    if qb + qa > 0.0 {
        (qb * pa + qa * pb) / (qb + qa)
    } else {
        (pa + pb) * 0.5
    }
}
