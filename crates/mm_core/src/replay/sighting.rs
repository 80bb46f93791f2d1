//! Sighting — what a maker sees of its market, as far as it may change what the maker does.

use crate::book::BookState;
use crate::book::Touch;
use crate::engine::Attention;
use crate::engine::Market;
use crate::engine::Sight;
use crate::quote::Intensity;
use crate::strategy::Regime;
use crate::units::Px;

/// What signals and contexts say.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub(super) struct Readings {
    pub(super) sigma: Option<f64>,
    pub(super) bias: f64,
    pub(super) atr: Option<f64>,
    pub(super) pace: Option<f64>,
    pub(super) regime: Option<Regime>,
    pub(super) intensity: Option<Intensity>,
    pub(super) funding: f64,
    pub(super) mark: Option<Px>,
    pub(super) oracle: Option<Px>,
}

impl Readings {
    pub(super) fn of(market: &Market) -> Self {
        Self {
            sigma: market.sigma(),
            bias: market.bias(),
            atr: market.atr(),
            pace: market.pace(),
            regime: market.regime(),
            intensity: market.intensity(),
            funding: market.funding(),
            mark: market.mark(),
            oracle: market.oracle(),
        }
    }
}

/// A market as one maker saw it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Sighting {
    /// Nothing that tells whether the next is another.
    #[default]
    Unknown,
    /// Prices, and what the book is worth.
    Prices(Option<Touch>, BookState),
    /// Sizes of the touch and signals too.
    All(Option<(Touch, [i64; 2])>, BookState, Readings),
}

impl Sighting {
    /// What a maker sees now that pays so much attention.
    #[inline]
    pub(super) fn of(market: &Market, attention: Attention) -> Self {
        let state = market.state();
        match attention {
            Attention::Book => Self::Prices(market.book().touch(), state),
            Attention::Signals => {
                let touch = market.touch().map(|at| (at.touch, at.qty));
                Self::All(touch, state, Readings::of(market))
            }
            Attention::Flow => Self::Unknown,
        }
    }

    /// Whether nothing else is seen now.
    #[inline]
    pub(super) fn holds(&self, market: &Market, attention: Attention) -> bool {
        *self != Self::Unknown && *self == Self::of(market, attention)
    }
}
