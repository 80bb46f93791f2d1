//! VPIN — imbalance of buying and selling in buckets of equal volume.
//!
//! Source: Easley, López de Prado and O'Hara, Review of Financial Studies 25(5), 2012.

use crate::error::CoreError;
use crate::stats::normal_cdf;
use crate::units::Side;

/// Most buckets in the mean.
const BUCKETS_MAX: usize = 10_000;
/// What a bucket may lack to be full, as a share of it: sums of decimals are not exact.
const FULL: f64 = 1e-12;

/// Mean imbalance of the last buckets. Sides are the aggressors'.
#[derive(Clone, Debug, PartialEq)]
pub struct Vpin {
    bucket: f64,
    /// A ring of imbalances, 0 to 1.
    imbalances: Box<[f64]>,
    closed: u64,
    /// Volume of the bucket that fills, by side.
    filling: [f64; 2],
}

impl Vpin {
    /// Over the last `n` buckets of this volume.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] for a volume that is not above 0 or a number out of bounds.
    pub fn new(bucket: f64, n: usize) -> Result<Self, CoreError> {
        if !(bucket.is_finite() && bucket > 0.0) {
            let why = format!("must be above 0, had {bucket}");
            return Err(CoreError::BadArgument { name: "bucket", why });
        }
        if !(1..=BUCKETS_MAX).contains(&n) {
            let why = format!("must be from 1 to {BUCKETS_MAX}, had {n}");
            return Err(CoreError::BadArgument { name: "n", why });
        }
        let imbalances = vec![0.0; n].into_boxed_slice();
        Ok(Self { bucket, imbalances, closed: 0, filling: [0.0; 2] })
    }

    /// Take in a trade; `each` is called with the value after every bucket that it fills, once
    /// there are enough. Sizes that are not above 0 change nothing.
    pub fn on_trade(&mut self, side: Side, size: f64, mut each: impl FnMut(f64)) {
        if !(size.is_finite() && size > 0.0) {
            return;
        }
        let mut left = size;
        // After so many full buckets nothing older than this trade is in the mean.
        let mut rounds = 2 * self.imbalances.len();
        while left > 0.0 && rounds > 0 {
            let room = self.bucket - self.filling[0] - self.filling[1];
            if left < room - self.bucket * FULL {
                self.filling[side.index()] += left;
                return;
            }
            self.filling[side.index()] += room;
            left -= room;
            rounds -= 1;
            self.close();
            if let Some(value) = self.value() {
                each(value);
            }
        }
    }

    fn close(&mut self) {
        let at = (self.closed % self.imbalances.len() as u64) as usize;
        self.imbalances[at] = (self.filling[0] - self.filling[1]).abs() / self.bucket;
        self.closed += 1;
        self.filling = [0.0; 2];
    }

    /// Whether enough buckets were filled.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.closed >= self.imbalances.len() as u64
    }

    /// The mean imbalance, 0 to 1; `None` until there are enough buckets.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        let n = self.imbalances.len() as f64;
        self.is_ready().then(|| self.imbalances.iter().sum::<f64>() / n)
    }
}

/// Share of a bar's volume that was buying, from its price change in deviations, where the sides of
/// its trades are not known.
#[must_use]
pub fn bulk_buy_share(change: f64, sigma: f64) -> f64 {
    if sigma > 0.0 && change.is_finite() {
        normal_cdf(change / sigma)
    } else {
        0.5
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sided_flow_is_one_and_balanced_flow_zero() {
        let mut vpin = Vpin::new(10.0, 2).expect("valid");
        vpin.on_trade(Side::Bid, 19.0, |_| panic!("one bucket is not enough"));
        assert_eq!(vpin.value(), None);
        vpin.on_trade(Side::Bid, 1.0, |value| assert_eq!(value, 1.0));
        for _ in 0..2 {
            vpin.on_trade(Side::Bid, 5.0, |_| ());
            vpin.on_trade(Side::Ask, 5.0, |_| ());
        }
        assert_eq!(vpin.value(), Some(0.0));
    }

    #[test]
    fn a_huge_trade_ends_and_leaves_one_sided_buckets() {
        let mut vpin = Vpin::new(1e-9, 50).expect("valid");
        let mut calls = 0;
        vpin.on_trade(Side::Ask, 1e12, |_| calls += 1);
        assert_eq!((vpin.value(), calls), (Some(1.0), 51));
    }

    #[test]
    fn what_is_no_size_or_no_bucket_is_refused() {
        let mut vpin = Vpin::new(1.0, 1).expect("valid");
        let before = vpin.clone();
        [f64::NAN, -1.0, 0.0, f64::INFINITY]
            .into_iter()
            .for_each(|size| vpin.on_trade(Side::Bid, size, |_| panic!("no bucket")));
        assert_eq!(vpin, before);
        assert!(Vpin::new(0.0, 5).is_err());
        assert!(Vpin::new(f64::NAN, 5).is_err());
        assert!(Vpin::new(1.0, 0).is_err());
        assert_eq!(bulk_buy_share(f64::NAN, 1.0), 0.5);
    }
}
