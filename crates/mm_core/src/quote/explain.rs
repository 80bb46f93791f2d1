//! Explain — the terms of a quote, in whole ten-thousand-millionths, so that they add up exactly.

use crate::instrument::pow10;
use crate::instrument::InstrumentSpec;
use crate::quote::QuoteDiag;
use crate::quote::QuoteMode;
use crate::quote::QuoteParams;
use crate::quote::QuoteState;
use crate::quote::Target;
use crate::quote::Urgency;
use crate::units::Px;
use crate::units::Side;

/// Decimals of a term.
pub const TERM_DECIMALS: u32 = 10;

/// One term of a price; all terms of a price add up to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// What it is.
    pub name: &'static str,
    /// In 1e-10 of the quote currency.
    pub value: i64,
}

/// A price in the unit of terms.
#[must_use]
pub fn term_value(spec: &InstrumentSpec, px: Px) -> i64 {
    px.0 * pow10(TERM_DECIMALS - spec.px_decimals.min(TERM_DECIMALS))
}

/// The terms of a wanted quote, from the fair price outward; each that is 0 is left out.
///
/// What a wish is rounded by is the last but one term, what it is held by the last: the other
/// side's touch, our own other quotes, or the urgency of the inventory.
#[must_use]
pub fn explain(
    spec: &InstrumentSpec,
    params: &QuoteParams,
    state: &QuoteState,
    diag: &QuoteDiag,
    (side, target): (Side, &Target),
) -> Vec<Term> {
    if target.takes {
        let value = term_value(spec, target.px);
        return vec![Term { name: "the other side's touch, taken", value }];
    }
    let away = -(side.sign() as f64);
    let (toxicity, half_all) = match side {
        Side::Bid => (state.m_bid, diag.half_bid),
        Side::Ask => (state.m_ask, diag.half_ask),
    };
    let distance = half_all + f64::from(target.level) * diag.level_step;
    let wish = diag.reservation + away * distance;
    let half = halves(params, state, diag);
    let units = |value: f64| libm::rint(value * pow10(TERM_DECIMALS) as f64) as i64;
    let mut terms = vec![
        ("fair price", units(diag.fair)),
        ("inventory skew", units(diag.skew)),
        ("bias", units(diag.lean)),
        ("funding", units(diag.funding)),
        ("base half spread", units(away * half.base)),
        (half.model_name, units(away * half.model)),
        ("regime, tuner and caution", units(away * half.multiplied)),
        ("greatest spread", units(away * half.capped)),
        ("toxicity", units(away * diag.half * (toxicity - 1.0))),
        ("fee floor", units(away * diag.floor)),
        ("level", units(away * f64::from(target.level) * diag.level_step)),
    ];
    let rounded = spec.quote(side, wish).map_or(units(wish), |px| term_value(spec, px));
    let before: i64 = terms.iter().map(|(_, value)| value).sum();
    terms.push(("rounding to the grid", rounded - before));
    terms.push((hold(spec, state, side, target), term_value(spec, target.px) - rounded));
    let terms = terms.into_iter().map(|(name, value)| Term { name, value });
    terms.filter(|term| term.value != 0).collect()
}

/// Half the spread before toxicity, in its parts.
struct Halves {
    base: f64,
    model_name: &'static str,
    model: f64,
    multiplied: f64,
    capped: f64,
}

fn halves(params: &QuoteParams, state: &QuoteState, diag: &QuoteDiag) -> Halves {
    let of_bps = |bps: f64| diag.fair * bps / 2e4;
    let base = of_bps(params.base_spread_bps);
    let capped = diag.spread_bps >= params.max_spread_bps;
    let (model_name, before) = match params.mode {
        QuoteMode::Fixed => {
            let (multiplied, capped) = (0.0, 0.0);
            let (base, model_name, model) = (0.0, "fixed distance", diag.half);
            return Halves { base, model_name, model, multiplied, capped };
        }
        QuoteMode::Bps => ("volatility", base.max(of_bps(params.vol_multiplier * diag.sigma_bps))),
        // Where the cap binds, what the model wanted is not kept: the cap is the model's then.
        QuoteMode::Glft | QuoteMode::As if capped => ("model of intensity and risk", diag.half),
        QuoteMode::Glft | QuoteMode::As => {
            ("model of intensity and risk", diag.half / state.m_spread)
        }
    };
    let free = if params.mode == QuoteMode::Bps { before * state.m_spread } else { diag.half };
    Halves {
        base,
        model_name,
        model: before - base,
        multiplied: free - before,
        capped: diag.half - free,
    }
}

/// What holds a rounded price where it is.
fn hold(spec: &InstrumentSpec, state: &QuoteState, side: Side, target: &Target) -> &'static str {
    let touch = [state.best_bid, state.best_ask];
    let nearest = match side {
        Side::Bid => touch[1].and_then(|ask| spec.prev_valid(ask)),
        Side::Ask => touch[0].map(|bid| spec.next_valid(bid)),
    };
    if nearest == Some(target.px) {
        "post-only: next to the other side's touch"
    } else if state.urgency == Urgency::Touch && touch[side.index()] == Some(target.px) {
        "urgent: an old and large inventory at the touch"
    } else {
        "apart from our other quotes"
    }
}
