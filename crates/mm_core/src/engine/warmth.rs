//! Warmth — what signals know of a market before anything of it is delivered.

use super::signals::Signals;
use crate::quote::OnlineIntensity;
use crate::signal::Bar;
use crate::signal::SigmaEstimator;
use serde::Deserialize;
use serde::Serialize;

/// Returns of minutes that seed the volatility.
const SEED_MINUTES: usize = 20;

/// Volatility, signals over minutes and fill intensity: by default, nothing is known.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Warmth {
    pub(super) sigma: SigmaEstimator,
    pub(super) signals: Signals,
    pub(super) intensity: OnlineIntensity,
}

impl Warmth {
    /// What minutes tell that closed before anything is delivered.
    #[must_use]
    pub fn of_bars(bars: &[Bar]) -> Self {
        let mut warmth = Self::default();
        bars.iter().for_each(|bar| warmth.signals.on_bar(bar));
        let follow = |pair: &&[Bar]| pair[0].end() == pair[1].start;
        let squares = bars.windows(2).rev().filter(follow).map(|pair| {
            let log_return = libm::log(pair[1].close / pair[0].close);
            log_return * log_return
        });
        let (mut sum, mut n) = (0.0, 0);
        squares.take(SEED_MINUTES).for_each(|square| (sum, n) = (sum + square, n + 1));
        if n == SEED_MINUTES {
            warmth.sigma.seed(sum / n as f64 / 60.0);
        }
        warmth
    }
}
