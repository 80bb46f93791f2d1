//! Worth — which of the wanted quotes the fill model finds worth their fee.

use super::Judge;
use super::Ladder;
use super::Maker;
use super::QuoteParams;
use super::QuoteState;
use super::Side;
use super::Sight;
use super::TickLook;
use crate::quote::quote;
use crate::quote::QuoteDiag;
use crate::quote::Target;
use crate::signal::TickQuote;

impl Maker {
    /// The quotes that are wanted, without those that the fill model finds not worth their fee.
    pub(in crate::engine) fn wanted(
        &self,
        market: &impl Sight,
        params: &QuoteParams,
        state: &QuoteState,
    ) -> (Ladder, QuoteDiag) {
        let (mut ladder, diag) = quote(&self.config.spec, params, state);
        if let (Some(judge), Some(look)) = (&self.config.judge, &self.look) {
            // What takes time to tell may be a second old; the touch is the one quoted on.
            let look = &market.freshened(look).unwrap_or(*look);
            ladder.retain(|side, target| {
                target.takes || self.pays(market, (judge, look), diag.fair, (side, target))
            });
        }
        (ladder, diag)
    }

    fn pays(
        &self,
        market: &impl Sight,
        (judge, look): (&Judge, &TickLook),
        fair: f64,
        (side, target): (Side, &Target),
    ) -> bool {
        let px = self.config.spec.price(target.px);
        let kept = self.places.as_ref().and_then(|places| places.at(side, target.px));
        // A new order would be the last of its level.
        let (ahead, behind) = kept.unwrap_or((market.qty(side, target.px).0 as f64, 0.0));
        let Some(row) = look.row(&TickQuote { side, px, ahead, behind }) else { return true };
        let edge = side.sign() as f64 * (fair - px) / fair;
        let pays = judge.pays(&row, edge, self.config.params.maker_fee);
        pays.expect("invariant: the models have our features")
    }
}
