//! Levers — what the moment does to the parameters; a quote depends on nothing else of it.

use crate::quote::Intensity;
use crate::quote::QuoteMode;
use crate::quote::QuoteParams;
use crate::quote::QuoteState;
use crate::quote::Urgency;
use crate::units::Side;
use serde::Deserialize;
use serde::Serialize;

/// The fill intensity in force.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fitted {
    /// The parameters say.
    AsGiven,
    /// The market's trades say.
    Market(Intensity),
    /// Nothing tells: basis points are quoted instead.
    Unknown,
}

/// Multipliers, shifts and stops in force. Equal levers make equal quotes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Levers {
    /// Widening by toxicity, bids and asks.
    pub toxicity: [f64; 2],
    /// Multiplier of the spread by the volatility regime.
    pub regime: f64,
    /// Multiplier of the spread by the tuner.
    pub tuned: f64,
    /// Multiplier of the spread after a freeze.
    pub caution: f64,
    /// Multiplier of sizes.
    pub size: f64,
    /// Multiplier of the greatest position.
    pub position: f64,
    /// The skew factor in force; `None` leaves the parameter's.
    pub skew: Option<f64>,
    /// What the models of the literature quote with.
    pub intensity: Fitted,
    /// Directional bias, -1 to 1.
    pub bias: f64,
    /// Funding rate of an hour.
    pub funding: f64,
    /// What a large inventory asks for.
    pub urgency: Urgency,
    /// Whether only what reduces the position is quoted.
    pub reduces: bool,
}

impl Default for Levers {
    /// Nothing is moved.
    fn default() -> Self {
        Self {
            toxicity: [1.0; 2],
            regime: 1.0,
            tuned: 1.0,
            caution: 1.0,
            size: 1.0,
            position: 1.0,
            skew: None,
            intensity: Fitted::AsGiven,
            bias: 0.0,
            funding: 0.0,
            urgency: Urgency::None,
            reduces: false,
        }
    }
}

impl Levers {
    /// What multiplies the spread in all.
    #[must_use]
    pub fn spread(&self) -> f64 {
        self.regime * self.tuned * self.caution
    }

    /// These levers with sizes and position of a symbol that has another share of the capital.
    #[must_use]
    pub fn scaled(self, scale: f64, size_max: f64) -> Self {
        if scale == 0.0 {
            // What is left of a position is closed although no more of it is wanted.
            return Self { reduces: true, ..self };
        }
        let (size, position) = (self.size * scale, self.position * scale);
        Self { size: size.min(size_max), position: position.min(1.0), ..self }
    }

    /// The quoting parameters with these levers pulled.
    #[must_use]
    pub fn params(&self, base: &QuoteParams) -> QuoteParams {
        let skew = self.skew.unwrap_or(base.inventory_skew_factor);
        let base = QuoteParams { inventory_skew_factor: skew, ..*base };
        match self.intensity {
            Fitted::AsGiven => base,
            Fitted::Market(Intensity { a, k }) => {
                QuoteParams { intensity_a: a, intensity_k: k, ..base }
            }
            Fitted::Unknown => QuoteParams { mode: QuoteMode::Bps, ..base },
        }
    }

    /// The state of the quoting function with these levers pulled.
    #[must_use]
    pub fn state(&self, seen: QuoteState) -> QuoteState {
        QuoteState {
            bias: self.bias,
            funding: self.funding,
            urgency: self.urgency,
            m_bid: self.toxicity[Side::Bid.index()],
            m_ask: self.toxicity[Side::Ask.index()],
            m_spread: self.spread(),
            m_size: self.size,
            m_maxpos: self.position,
            ..seen
        }
    }
}
