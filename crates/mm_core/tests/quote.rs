//! Properties of the quoting function: rounding never crosses, and the room is respected.

use mm_core::instrument::InstrumentSpec;
use mm_core::instrument::Venue;
use mm_core::quote::quote;
use mm_core::quote::QuoteMode;
use mm_core::quote::QuoteParams;
use mm_core::quote::QuoteState;
use mm_core::quote::Urgency;
use mm_core::units::Lots;
use mm_core::units::Px;
use mm_core::units::Side;
use proptest::prelude::*;

fn specs() -> impl Strategy<Value = InstrumentSpec> {
    prop_oneof![
        (0_u32..=6).prop_map(InstrumentSpec::hyperliquid),
        (1_i64..=50).prop_map(|step| InstrumentSpec::fixed(Venue::Binance, 2, 3, step)),
    ]
}

fn all_params() -> impl Strategy<Value = QuoteParams> {
    let modes = prop_oneof![
        Just(QuoteMode::Bps),
        Just(QuoteMode::Glft),
        Just(QuoteMode::As),
        Just(QuoteMode::Fixed),
    ];
    let widths = (0.0..20.0_f64, 0.0..3.0_f64, 0.0..1.5_f64, 0.0..1.0_f64);
    let sizes = (1_usize..=8, 10.0..2_000.0_f64, 0.3..1.5_f64, 0.0..2.0_f64, 0.0..5_000.0_f64);
    (modes, widths, sizes, any::<bool>(), 0.0..4.0_f64).prop_map(
        |(mode, (base, skew, bias, step), (levels, usd, decay, size_skew, room), floor, ticks)| {
            QuoteParams {
                mode,
                base_spread_bps: base,
                inventory_skew_factor: skew,
                bias_strength: bias,
                level_step_frac: step,
                num_levels: levels,
                order_size_usd: usd,
                size_decay: decay,
                size_skew_factor: size_skew,
                max_position_usd: room,
                fee_floor: floor,
                fixed_half_ticks: ticks,
                fixed_skew_ticks: ticks / 3.0,
                ..QuoteParams::default()
            }
        },
    )
}

/// A touch on the grid, a fair price near it, and a position.
fn states(spec: InstrumentSpec) -> impl Strategy<Value = QuoteState> {
    let numbers = (0.0..3e-4_f64, -1.0..1.0_f64, 0.8..1.6_f64, 0.8..1.6_f64, 0.3..1.5_f64);
    (1_i64..20_000_000, 0_usize..6, -0.01..0.01_f64, -1.5..1.5_f64, numbers).prop_map(
        move |(base, gap, off, load, (sigma, bias, m_bid, m_ask, m_spread))| {
            let bid = spec.ceil(Px(base));
            let ask = (0..gap).fold(spec.next_valid(bid), |px, _| spec.next_valid(px));
            let fair = spec.price(bid) * (1.0 + off);
            let lots = load * 1_000.0 / fair * 10_f64.powi(spec.size_decimals as i32);
            QuoteState {
                best_bid: Some(bid),
                best_ask: Some(ask),
                fair: Some(fair),
                sigma: Some(sigma),
                position: Lots(lots as i64),
                bias,
                m_bid,
                m_ask,
                m_spread,
                ..QuoteState::default()
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn quotes_are_legal(
        (spec, state) in specs().prop_flat_map(|spec| (Just(spec), states(spec))),
        params in all_params(),
    ) {
        let (ladder, diag) = quote(&spec, &params, &state);
        prop_assert_eq!(ladder.reason, None);
        let (best_bid, best_ask) = (state.best_bid.unwrap(), state.best_ask.unwrap());
        let fair = match params.mode {
            QuoteMode::Fixed => (spec.price(best_bid) + spec.price(best_ask)) / 2.0,
            QuoteMode::Bps | QuoteMode::Glft | QuoteMode::As => state.fair.unwrap(),
        };
        for side in Side::BOTH {
            let quotes = ladder.side(side);
            for pair in quotes.windows(2) {
                prop_assert!(side.better(pair[0].px, pair[1].px) && pair[0].level < pair[1].level);
            }
            let mut worth = 0.0;
            for target in quotes {
                prop_assert!(spec.is_valid(target.px) && target.size > Lots(0));
                let passive = match side {
                    Side::Bid => target.px < best_ask,
                    Side::Ask => target.px > best_bid,
                };
                prop_assert!(passive, "{:?} crosses", target);
                worth += spec.usd(spec.notional(target.px, target.size).unwrap());
            }
            let signed = spec.size(state.position) * fair * side.sign() as f64;
            let room = params.max_position_usd - signed;
            prop_assert!(worth <= room.max(0.0) * (1.0 + 1e-9) + 1e-6, "{worth} of {room}");
        }
        let inner = ladder.side(Side::Bid).first().zip(ladder.side(Side::Ask).first());
        if let Some((bid, ask)) = inner {
            prop_assert!(bid.px < ask.px);
            let innermost = bid.level == 0 && ask.level == 0;
            if params.fee_floor && params.mode != QuoteMode::Fixed && innermost {
                let width = spec.price(ask.px) - spec.price(bid.px);
                let floor = 2.0 * params.maker_fee * fair;
                prop_assert!(width >= floor * (1.0 - 1e-6), "{width} below {floor}");
            }
        }
        prop_assert_eq!(quote(&spec, &params, &state), (ladder, diag));
    }
}

/// The benchmark rule: one tick from the mid, leaning by the position in clips.
#[test]
fn fixed_quotes_stand_at_their_distance_and_lean_with_inventory() {
    let spec = InstrumentSpec::fixed(Venue::Other, 1, 3, 1);
    let params = QuoteParams {
        mode: QuoteMode::Fixed,
        num_levels: 1,
        order_lots: 10,
        max_position_usd: 1e6,
        fixed_half_ticks: 1.5,
        fixed_skew_ticks: 1.0,
        ..QuoteParams::default()
    };
    let state = QuoteState {
        best_bid: Some(Px(1_000_000)),
        best_ask: Some(Px(1_000_001)),
        ..QuoteState::default()
    };
    let prices = |position: i64| {
        let (ladder, _) = quote(&spec, &params, &QuoteState { position: Lots(position), ..state });
        Side::BOTH.map(|side| ladder.side(side)[0].px.0)
    };
    assert_eq!(prices(0), [999_999, 1_000_002]);
    assert_eq!(prices(20), [999_997, 1_000_001], "two clips long: two ticks lower, post-only");
    let (ladder, _) = quote(&spec, &params, &state);
    assert_eq!(ladder.side(Side::Bid)[0].size, Lots(10));
}

/// ETH at 3012.3 / 3012.4 with a quiet spread of ten ticks.
fn eth(position: i64) -> (InstrumentSpec, QuoteParams, QuoteState) {
    let params = QuoteParams { base_spread_bps: 10.0, ..QuoteParams::default() };
    let state = QuoteState {
        best_bid: Some(Px(301_230)),
        best_ask: Some(Px(301_240)),
        fair: Some(3_012.35),
        sigma: Some(1e-5),
        position: Lots(position),
        ..QuoteState::default()
    };
    (InstrumentSpec::hyperliquid(4), params, state)
}

#[test]
fn the_terms_add_up_to_the_reservation_and_the_halves() {
    for mode in [QuoteMode::Bps, QuoteMode::Glft, QuoteMode::As] {
        let (spec, params, state) = eth(700);
        let params = QuoteParams { mode, funding_weight: 5.0, ..params };
        let state = QuoteState { bias: 0.5, funding: 2e-5, m_bid: 1.5, m_ask: 0.9, ..state };
        let (_, diag) = quote(&spec, &params, &state);
        let shifts = diag.skew + diag.lean + diag.funding;
        assert!((diag.fair + shifts - diag.reservation).abs() < 1e-9);
        assert!(diag.skew < 0.0 && diag.lean > 0.0);
        assert!((diag.funding + 5.0 * 2e-5 * 3_012.35).abs() < 1e-9, "longs pay: quote lower");
        assert!((diag.half * 1.5 + diag.floor - diag.half_bid).abs() < 1e-9);
        assert!((diag.half * 0.9 + diag.floor - diag.half_ask).abs() < 1e-9);
    }
}

#[test]
fn an_urgent_inventory_quotes_its_reducing_side_at_the_touch() {
    let (spec, params, state) = eth(900);
    let calm = quote(&spec, &params, &state).0;
    let state = QuoteState { urgency: Urgency::Touch, ..state };
    let urgent = quote(&spec, &params, &state).0;
    assert!(calm.side(Side::Ask)[0].px > Px(301_240));
    assert_eq!(urgent.side(Side::Ask)[0].px, Px(301_240));
    assert_eq!(urgent.side(Side::Bid), calm.side(Side::Bid));
    let short = QuoteState { position: Lots(-900), ..state };
    assert_eq!(quote(&spec, &params, &short).0.side(Side::Bid)[0].px, Px(301_230));
}

#[test]
fn the_last_resort_takes_one_clip_and_quotes_nothing_else() {
    let (spec, params, state) = eth(900);
    let state = QuoteState { urgency: Urgency::Take, ..state };
    let ladder = quote(&spec, &params, &state).0;
    assert!(ladder.side(Side::Bid).is_empty());
    let [exit] = ladder.side(Side::Ask) else { panic!("one order") };
    assert!(exit.takes && exit.px == Px(301_230) && exit.size == Lots(497));
    let held = QuoteState { position: Lots(60), ..state };
    assert_eq!(quote(&spec, &params, &held).0.side(Side::Ask)[0].size, Lots(60));
    let dust = QuoteState { position: Lots(-3), ..state }; // worth less than a dollar
    assert_eq!(quote(&spec, &params, &dust).0.side(Side::Bid)[0].size, Lots(3));
    let flat = QuoteState { position: Lots(0), ..state };
    assert!(quote(&spec, &params, &flat).0.side(Side::Ask).is_empty());
}
