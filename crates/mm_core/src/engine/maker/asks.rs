//! Asks — how much attention a maker pays to its market.

use super::Adaptation;
use super::Attention;
use super::Maker;

impl Maker {
    /// What it asks of the market.
    #[must_use]
    pub fn attention(&self) -> Attention {
        match (&self.config.judge, &self.adaptation) {
            (Some(_), _) => Attention::Flow,
            (None, Some(_)) => Attention::Signals,
            (None, None) => Attention::Book,
        }
    }

    /// Whether it asks for probes.
    #[must_use]
    pub fn asks_probes(&self) -> bool {
        self.adaptation.as_ref().is_some_and(Adaptation::asks_probes)
    }

    /// Whether it looks at more than makers of one market share.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.attention() == Attention::Flow || self.asks_probes()
    }
}
