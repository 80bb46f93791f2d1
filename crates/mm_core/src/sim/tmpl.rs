#![allow(missing_docs, unreachable_pub)]
//! temporary
#[derive(Debug, Clone)]
pub struct LatencyModel {
    pub e: i64,
    pub r: i64,
}
impl LatencyModel {
    pub fn entry(&self, _n: i64, _f: i64) -> Option<i64> {
        Some(self.e)
    }
    pub fn response(&self, _n: i64, _f: i64) -> i64 {
        self.r
    }
}
