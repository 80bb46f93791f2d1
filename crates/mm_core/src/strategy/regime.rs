//! Regime — how lively the market is against its own past, with hysteresis.

use serde::Deserialize;
use serde::Serialize;

/// How lively the market is, calmest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Regime {
    /// Calmer than it was.
    Low,
    /// As it was.
    Normal,
    /// Livelier than it was.
    High,
    /// Much livelier.
    Extreme,
}

impl Regime {
    const ALL: [Self; 4] = [Self::Low, Self::Normal, Self::High, Self::Extreme];
    /// Ratios of fast to slow volatility between one regime and the next.
    const CUTS: [f64; 3] = [0.75, 1.5, 2.5];
    /// A cut is passed only when left this far behind.
    const HYSTERESIS: f64 = 0.05;

    /// What multiplies the spread.
    #[must_use]
    pub const fn spread_multiplier(self) -> f64 {
        match self {
            Self::Low => 0.9,
            Self::Normal => 1.0,
            Self::High => 1.3,
            Self::Extreme => 1.8,
        }
    }

    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Extreme => "extreme",
        }
    }

    /// The regime of a ratio that comes from nowhere.
    fn plain(ratio: f64) -> Self {
        Self::ALL[Self::CUTS.iter().filter(|cut| ratio >= **cut).count()]
    }

    /// The regime after this one, at a ratio.
    fn after(self, ratio: f64) -> Self {
        let mut at = self as usize;
        while at < Self::CUTS.len() && ratio >= Self::CUTS[at] * (1.0 + Self::HYSTERESIS) {
            at += 1;
        }
        while at > 0 && ratio < Self::CUTS[at - 1] * (1.0 - Self::HYSTERESIS) {
            at -= 1;
        }
        Self::ALL[at]
    }
}

/// The regime as ratios come in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegimeTracker {
    regime: Option<Regime>,
}

impl RegimeTracker {
    /// Take in a ratio of fast to slow volatility; one that is not a number changes nothing.
    pub fn on_ratio(&mut self, ratio: f64) {
        if !ratio.is_nan() {
            let next = self.regime.map_or_else(|| Regime::plain(ratio), |old| old.after(ratio));
            self.regime = Some(next);
        }
    }

    /// The regime; `None` before the first ratio.
    #[must_use]
    pub const fn value(&self) -> Option<Regime> {
        self.regime
    }

    /// What multiplies the spread; 1 before the first ratio.
    #[must_use]
    pub fn spread_multiplier(&self) -> f64 {
        self.regime.map_or(1.0, Regime::spread_multiplier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(ratios: &[f64]) -> Option<Regime> {
        let mut tracker = RegimeTracker::default();
        ratios.iter().for_each(|ratio| tracker.on_ratio(*ratio));
        tracker.value()
    }

    #[test]
    fn a_ratio_that_trembles_around_a_cut_does_not_flicker() {
        assert_eq!(path(&[1.4, 1.55, 1.49, 1.56]), Some(Regime::Normal));
        assert_eq!(path(&[1.6, 1.45, 1.52, 1.43]), Some(Regime::High));
        assert_eq!(path(&[1.6, 1.42]), Some(Regime::Normal));
    }

    #[test]
    fn several_regimes_may_be_crossed_at_once() {
        assert_eq!(path(&[0.1, 9.0]), Some(Regime::Extreme));
        assert_eq!(path(&[9.0, 0.1]), Some(Regime::Low));
    }

    #[test]
    fn without_a_ratio_nothing_is_multiplied() {
        let mut tracker = RegimeTracker::default();
        tracker.on_ratio(f64::NAN);
        assert_eq!((tracker.value(), tracker.spread_multiplier()), (None, 1.0));
        tracker.on_ratio(f64::INFINITY);
        assert_eq!(tracker.spread_multiplier(), 1.8);
    }
}
