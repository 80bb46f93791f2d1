//! Kept — a fill intensity as its fits come in: smoothed, and kept for a while through failures.

use crate::quote::FitStatus;
use crate::quote::IntensityFit;
use crate::units::DurationNanos;
use crate::units::Side;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

/// How long a good pair is kept without another.
const KEPT: DurationNanos = DurationNanos::from_millis(1_800_000);
/// Weight of a new pair.
const WEIGHT: f64 = 0.2;
const K_BOUNDS: (f64, f64) = (0.01, 10.0);
const A_BOUNDS: (f64, f64) = (1e-4, 50.0);

/// Intensity at distance 0 a second, and its decay per tick.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intensity {
    /// A.
    pub a: f64,
    /// k.
    pub k: f64,
}

/// The pair in force, and how the last fits went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptIntensity {
    status: FitStatus,
    sides: [FitStatus; 2],
    smoothed: Option<(f64, f64)>,
    good: UnixNanos,
    usable: bool,
}

impl Default for KeptIntensity {
    fn default() -> Self {
        Self {
            status: FitStatus::TooFewPoints,
            sides: [FitStatus::TooFewPoints; 2],
            smoothed: None,
            good: UnixNanos(i64::MIN),
            usable: false,
        }
    }
}

impl KeptIntensity {
    /// Take in the fits that `fit` gives of some sides: each alone for diagnosis, both to quote.
    #[must_use]
    pub fn updated(mut self, now: UnixNanos, fit: impl Fn(&[Side]) -> IntensityFit) -> Self {
        self.sides = Side::BOTH.map(|side| fit(&[side]).status);
        let IntensityFit { status, weighted, .. } = fit(&Side::BOTH);
        self.status = status;
        if let (FitStatus::Ok, Some(line)) = (status, weighted) {
            let (ln_a, k) = (libm::log(line.a), line.k);
            let (old_ln_a, old_k) = self.smoothed.unwrap_or((ln_a, k));
            let moved = |old: f64, new: f64| old + WEIGHT * (new - old);
            self.smoothed = Some((moved(old_ln_a, ln_a), moved(old_k, k)));
            self.good = now;
        }
        self.usable = self.smoothed.is_some() && now.since(self.good) <= KEPT;
        self
    }

    /// The pair to quote with: `None` before the first good fit and half an hour after the last.
    #[must_use]
    pub fn value(&self) -> Option<Intensity> {
        let (ln_a, k) = self.smoothed.filter(|_| self.usable)?;
        let a = libm::exp(ln_a).clamp(A_BOUNDS.0, A_BOUNDS.1);
        Some(Intensity { a, k: k.clamp(K_BOUNDS.0, K_BOUNDS.1) })
    }

    /// How the last fit of both sides went.
    #[must_use]
    pub const fn status(&self) -> FitStatus {
        self.status
    }

    /// How the last fits went, bids and asks alone: for diagnosis.
    #[must_use]
    pub const fn sides(&self) -> [FitStatus; 2] {
        self.sides
    }
}
