//! Sight — what a maker sees of its market at one moment, live or recorded.

use super::market::TouchQty;
use crate::book::BookState;
use crate::instrument::InstrumentSpec;
use crate::queue::Shown;
use crate::quote::Intensity;
use crate::signal::weighted_mid;
use crate::signal::TickLook;
use crate::strategy::Regime;
use crate::units::DurationNanos;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use crate::units::UnixNanos;

/// A market at one moment: all that a maker looks at.
pub trait Sight {
    /// The instrument.
    fn spec(&self) -> &InstrumentSpec;

    /// The touch and what rests there; `None` unless both sides have a level.
    fn touch(&self) -> Option<TouchQty>;

    /// What the book is worth.
    fn state(&self) -> BookState;

    /// When something was last heard.
    fn heard(&self) -> UnixNanos;

    /// When the passing of time alone changes something next.
    fn wakes(&self) -> UnixNanos;

    /// The venue's mark price, where it publishes one.
    fn mark(&self) -> Option<Px>;

    /// The oracle price, where the venue publishes one.
    fn oracle(&self) -> Option<Px>;

    /// Volatility as log-return per square root of a second, once seeded.
    fn sigma(&self) -> Option<f64>;

    /// Directional bias, -1 to 1; 0 until ready and while stale.
    fn bias(&self) -> f64;

    /// Average true range of a minute, in quote currency, once known.
    fn atr(&self) -> Option<f64>;

    /// Volatility of minutes, fast over slow, once known.
    fn pace(&self) -> Option<f64>;

    /// How lively the market is against its past; `None` before it can be told.
    fn regime(&self) -> Option<Regime>;

    /// Fill intensity as the market's trades show it, where the fit holds.
    fn intensity(&self) -> Option<Intensity>;

    /// Fill intensity as probes show it, where some are out and the fit holds.
    fn probed(&self) -> Option<Intensity>;

    /// The funding rate of an hour as a fraction, positive where longs pay; 0 where unknown.
    fn funding(&self) -> f64;

    /// Lots at a price, 0 where no level is known.
    fn qty(&self, side: Side, px: Px) -> Lots;

    /// Lots displayed within 10 bp of the touch, bids and asks.
    fn displayed(&self) -> Option<[Lots; 2]>;

    /// What the fill model looks at now; `None` without a book that may be quoted on.
    fn look(&self, now: UnixNanos) -> Option<TickLook>;

    /// A level as the book shows it, of quantity 0 where there is none; `None` where it cannot be
    /// seen. Like [`Self::prints`] for a maker with a fill model: others see nothing.
    fn level(&self, _side: Side, _px: Px) -> Option<Shown> {
        None
    }

    /// Whether levels hold our own orders, as a venue shows them to all.
    fn shows_ours(&self) -> bool {
        false
    }

    /// How many trades were heard by now, and those after the first `heard` of them, oldest first:
    /// side of the aggressor, price and lots. Of very many at once only the last.
    fn prints(&self, heard: u64) -> (u64, impl Iterator<Item = (Side, Px, f64)>) {
        (heard, std::iter::empty())
    }

    /// A look with the touch as it is now; `None` where there is none.
    fn freshened(&self, look: &TickLook) -> Option<TickLook> {
        let at = self.touch()?;
        let spec = self.spec();
        Some(TickLook {
            bid: spec.price(at.touch.bid),
            ask: spec.price(at.touch.ask),
            tick: spec.price(Px(spec.step(at.touch.bid))),
            imbalance_1: balance(at.qty.map(|qty| qty as f64)),
            micro: self.fair(&at),
            ..*look
        })
    }

    /// How long nothing was heard.
    fn silence(&self, now: UnixNanos) -> DurationNanos {
        now.since(self.heard())
    }

    /// Fair price in quote currency: the weighted mid.
    fn fair(&self, at: &TouchQty) -> f64 {
        let spec = self.spec();
        weighted_mid(
            (spec.price(at.touch.bid), at.qty[0] as f64),
            (spec.price(at.touch.ask), at.qty[1] as f64),
        )
    }
}

/// Imbalance of bids and asks, -1 to 1.
pub(super) fn balance([bid, ask]: [f64; 2]) -> f64 {
    (bid - ask) / (bid + ask)
}
