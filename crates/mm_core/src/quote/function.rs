//! The quoting function — one for replay, paper and live.

use crate::instrument::InstrumentSpec;
use crate::quote::avellaneda;
use crate::quote::glft;
use crate::quote::Ladder;
use crate::quote::NoQuote;
use crate::quote::QuoteDiag;
use crate::quote::QuoteMode;
use crate::quote::QuoteParams;
use crate::quote::QuoteState;
use crate::quote::Target;
use crate::quote::Urgency;
use crate::quote::LEVELS_MAX;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;

/// The inputs that passed the refusals.
struct Inputs {
    touch: [Px; 2],
    fair: f64,
    sigma: f64,
    /// The price step at the fair price, in price.
    tick: f64,
    /// The value of our position.
    inventory: f64,
    /// The greatest value of our position.
    limit: f64,
    rho: f64,
    /// The value of one order.
    clip: f64,
}

/// Full spread, and the shifts of the reservation price by inventory and bias, in price.
struct Frame {
    spread: f64,
    skew: f64,
    lean: f64,
}

/// Prices of one side, innermost first.
struct Prices {
    px: [Px; LEVELS_MAX],
    len: usize,
}

/// The wanted quotes for this state: pure, without allocation.
///
/// Prices are rounded away from the spread on the venue's grid, never cross or lock the touch or
/// each other, are strictly ordered, and their value stays within the room left by the position.
#[must_use]
pub fn quote(
    spec: &InstrumentSpec,
    params: &QuoteParams,
    state: &QuoteState,
) -> (Ladder, QuoteDiag) {
    let input = match accept(spec, params, state) {
        Ok(input) => input,
        Err(reason) => return (Ladder::none(reason), QuoteDiag::default()),
    };
    let diag = diagnose(params, state, &input);
    if state.urgency == Urgency::Take {
        return (exit(spec, params, state, &input), diag);
    }
    let mut bids = prices(spec, params, &diag, Side::Bid, &input);
    let mut asks = prices(spec, params, &diag, Side::Ask, &input);
    match (state.urgency, reducing(state)) {
        (Urgency::Touch, Some(Side::Bid)) => bids.reach(spec, Side::Bid, input.touch[0]),
        (Urgency::Touch, Some(Side::Ask)) => asks.reach(spec, Side::Ask, input.touch[1]),
        (Urgency::Touch | Urgency::None | Urgency::Take, _) => {}
    }
    if bids.len > 0 && asks.len > 0 && bids.px[0] >= asks.px[0] {
        if input.rho >= 0.0 {
            bids.confine(spec, Side::Bid, spec.prev_valid(asks.px[0]));
        } else {
            asks.confine(spec, Side::Ask, Some(spec.next_valid(bids.px[0])));
        }
    }
    let mut ladder = Ladder::default();
    fill(spec, params, state, &input, (Side::Bid, &bids, &mut ladder));
    fill(spec, params, state, &input, (Side::Ask, &asks, &mut ladder));
    (ladder, diag)
}

/// Check the inputs in the order of the refusals.
fn accept(
    spec: &InstrumentSpec,
    params: &QuoteParams,
    state: &QuoteState,
) -> Result<Inputs, NoQuote> {
    let (bid, ask) = match (state.best_bid, state.best_ask) {
        (Some(bid), Some(ask)) => (bid, ask),
        (None, None) => return Err(NoQuote::EmptyBook),
        (Some(_), None) | (None, Some(_)) => return Err(NoQuote::OneSidedBook),
    };
    if bid >= ask {
        return Err(NoQuote::CrossedBook);
    }
    let (fair, sigma) = match params.mode {
        QuoteMode::Fixed => (Some((spec.price(bid) + spec.price(ask)) / 2.0), Some(0.0)),
        QuoteMode::Bps | QuoteMode::Glft | QuoteMode::As => (state.fair, state.sigma),
    };
    let fair = fair.filter(|f| f.is_finite() && *f > 0.0).ok_or(NoQuote::NoFairPrice)?;
    let sigma = sigma.filter(|s| s.is_finite() && *s >= 0.0).ok_or(NoQuote::NoVolatility)?;
    let limit = params.max_position_usd * state.m_maxpos;
    let inventory = spec.size(state.position) * fair;
    let rho = if limit > 0.0 {
        (inventory / limit).clamp(-1.0, 1.0)
    } else {
        state.position.0.signum() as f64
    };
    let clip = if params.order_lots > 0 {
        spec.size(Lots(params.order_lots)) * fair
    } else {
        params.order_size_usd
    };
    // The step of the decade of the fair price; below the smallest unit, that unit.
    let tick = spec.price(Px(spec.bid(fair).map_or(1, |px| spec.step(px))));
    Ok(Inputs { touch: [bid, ask], fair, sigma, tick, inventory, limit, rho, clip })
}

/// Spread, reservation price and distances.
fn diagnose(params: &QuoteParams, state: &QuoteState, input: &Inputs) -> QuoteDiag {
    let fair = input.fair;
    let sigma_bps = 1e4 * input.sigma * libm::sqrt(params.vol_horizon_s);
    let Frame { spread, skew, lean } = frame(params, state, input, sigma_bps);
    let benchmark = params.mode == QuoteMode::Fixed;
    let funding = if benchmark { 0.0 } else { -params.funding_weight * state.funding * fair };
    let half = spread / 2.0;
    let least = fair * (2.0 * params.maker_fee + params.min_edge_bps / 1e4);
    let short = least - half * (state.m_bid + state.m_ask);
    let floor = if params.fee_floor && !benchmark { short.max(0.0) / 2.0 } else { 0.0 };
    QuoteDiag {
        sigma_bps,
        spread_bps: spread / fair * 1e4,
        rho: input.rho,
        fair,
        skew,
        lean,
        funding,
        reservation: fair + (skew + lean) + funding,
        half,
        floor,
        half_bid: half * state.m_bid + floor,
        half_ask: half * state.m_ask + floor,
        level_step: (params.level_step_frac * spread).max(input.tick),
    }
}

fn frame(params: &QuoteParams, state: &QuoteState, input: &Inputs, sigma_bps: f64) -> Frame {
    let (fair, tick) = (input.fair, input.tick);
    let clips = input.inventory / input.clip;
    let bounded = |wanted_bps: f64| {
        let wide = state.m_spread * params.base_spread_bps.max(wanted_bps);
        fair * wide.min(params.max_spread_bps) / 1e4
    };
    let lean = params.bias_strength * state.bias;
    let sigma_ticks = fair * input.sigma / tick;
    // Spread and shift per clip, in ticks, of the two models of the literature.
    let (ticks, shift_ticks) = match params.mode {
        QuoteMode::Bps => {
            let spread = bounded(params.vol_multiplier * sigma_bps);
            let skew = -spread * params.inventory_skew_factor * input.rho;
            return Frame { spread, skew, lean: spread * lean };
        }
        QuoteMode::Fixed => {
            let spread = 2.0 * params.fixed_half_ticks * tick;
            return Frame { spread, skew: -params.fixed_skew_ticks * tick * clips, lean: 0.0 };
        }
        QuoteMode::Glft => {
            let (c1, c2) = glft::coefficients(&glft::GlftParams {
                gamma: params.gamma,
                xi: params.xi,
                delta: 1.0,
                a: params.intensity_a,
                k: params.intensity_k,
            });
            (2.0 * (c1 + c2 * sigma_ticks / 2.0), c2 * sigma_ticks)
        }
        QuoteMode::As => {
            let risk = params.gamma * sigma_ticks * sigma_ticks * params.as_horizon_s;
            (risk + 2.0 * avellaneda::half_markup(params.gamma, params.intensity_k), risk)
        }
    };
    let spread = bounded(ticks * tick / fair * 1e4);
    let lean = spread * lean;
    // The bound of the whole shift is the skew's to keep.
    let skew = (lean - shift_ticks * clips * tick).clamp(-spread, spread) - lean;
    Frame { spread, skew, lean }
}

/// Rounded, post-only and distinct prices of one side.
fn prices(
    spec: &InstrumentSpec,
    params: &QuoteParams,
    diag: &QuoteDiag,
    side: Side,
    input: &Inputs,
) -> Prices {
    let mut prices = Prices { px: [Px(0); LEVELS_MAX], len: 0 };
    let (half, away) = match side {
        Side::Bid => (diag.half_bid, -1.0),
        Side::Ask => (diag.half_ask, 1.0),
    };
    for level in 0..params.num_levels.min(LEVELS_MAX) {
        let price = diag.reservation + away * (half + level as f64 * diag.level_step);
        let Some(px) = spec.quote(side, price) else {
            break;
        };
        prices.px[level] = px;
        prices.len = level + 1;
    }
    prices.confine(spec, side, outward(spec, side, input.touch[side.opposite().index()]));
    prices
}

/// The side that brings the position toward zero.
fn reducing(state: &QuoteState) -> Option<Side> {
    match state.position.0.signum() {
        1 => Some(Side::Ask),
        -1 => Some(Side::Bid),
        _ => None,
    }
}

/// One order that closes up to a clip of the position at the other side's touch; the last one may
/// be worth less than an order that opens.
fn exit(spec: &InstrumentSpec, params: &QuoteParams, state: &QuoteState, input: &Inputs) -> Ladder {
    let mut ladder = Ladder::default();
    if let Some(side) = reducing(state) {
        let px = input.touch[side.opposite().index()];
        let held = Lots(state.position.0.abs());
        let size = wanted(spec, params, px, state.m_size).min(held);
        let last = size == held;
        if size > Lots(0) && (last || value(spec, px, size) >= params.min_notional_usd) {
            ladder.push(side, Target { level: 0, px, size, takes: true });
        }
    }
    ladder
}

impl Prices {
    /// Bring the innermost price at least to this one.
    fn reach(&mut self, spec: &InstrumentSpec, side: Side, px: Px) {
        if self.len > 0 && side.better(px, self.px[0]) {
            self.px[0] = px;
            self.confine(spec, side, Some(px));
        }
    }

    /// Hold the innermost price within a limit and each further one outside the one before it;
    /// prices for which the grid ends are dropped.
    fn confine(&mut self, spec: &InstrumentSpec, side: Side, limit: Option<Px>) {
        let mut limit = limit;
        for level in 0..self.len {
            let Some(bound) = limit else {
                self.len = level;
                return;
            };
            if side.better(self.px[level], bound) {
                self.px[level] = bound;
            }
            if level + 1 < self.len {
                limit = outward(spec, side, self.px[level]);
            }
        }
    }
}

/// The next valid price away from the spread.
fn outward(spec: &InstrumentSpec, side: Side, px: Px) -> Option<Px> {
    match side {
        Side::Bid => spec.prev_valid(px),
        Side::Ask => Some(spec.next_valid(px)),
    }
}

/// Sizes of one side within the room that the position leaves.
fn fill(
    spec: &InstrumentSpec,
    params: &QuoteParams,
    state: &QuoteState,
    input: &Inputs,
    (side, prices, ladder): (Side, &Prices, &mut Ladder),
) {
    let sign = side.sign() as f64;
    let skew = (1.0 - sign * params.size_skew_factor * input.rho).clamp(0.0, 2.0);
    let mut room = input.limit - sign * input.inventory;
    let mut factor = state.m_size * skew;
    for (level, &px) in prices.px[..prices.len].iter().enumerate() {
        if room <= 0.0 {
            return;
        }
        let mut size = wanted(spec, params, px, factor);
        factor *= params.size_decay;
        let mut worth = value(spec, px, size);
        let cut = worth > room;
        if cut {
            size = spec.lots_for(room, px);
            worth = value(spec, px, size);
        }
        if size > Lots(0) && worth >= params.min_notional_usd {
            ladder.push(side, Target { level: level as u8, px, size, takes: false });
            room -= worth;
        }
        if cut {
            return;
        }
    }
}

/// The size of one level before caps.
fn wanted(spec: &InstrumentSpec, params: &QuoteParams, px: Px, factor: f64) -> Lots {
    if params.order_lots == 0 {
        return spec.lots_for(params.order_size_usd * factor, px);
    }
    let lots = libm::floor(params.order_lots as f64 * factor + 1e-9) as i64;
    Lots(lots - lots % spec.lot_step.0)
}

/// The exact notional as dollars; a notional too large to count exceeds every room.
fn value(spec: &InstrumentSpec, px: Px, size: Lots) -> f64 {
    spec.notional(px, size).map_or(f64::INFINITY, |cash| spec.usd(cash))
}
