//! The gate — every refusal provoked, and no approval outside the limits.

use mm_core::command::Command;
use mm_core::command::Place;
use mm_core::command::Tif;
use mm_core::event::Fill;
use mm_core::fees::Liquidity;
use mm_core::instrument::InstrumentSpec;
use mm_core::instrument::Venue;
use mm_core::risk::AccountLimits;
use mm_core::risk::Cause;
use mm_core::risk::Exposure;
use mm_core::risk::Gate;
use mm_core::risk::MicroUsd;
use mm_core::risk::ProtectionRules;
use mm_core::risk::Refusal;
use mm_core::risk::RiskState;
use mm_core::risk::SymbolLimits;
use mm_core::risk::View;
use mm_core::strategy::Params;
use mm_core::units::Cloid;
use mm_core::units::Lots;
use mm_core::units::Px;
use mm_core::units::Side;
use mm_core::units::SymbolIx;
use mm_core::units::TradeId;
use mm_core::units::UnixNanos;
use std::collections::BTreeMap;

const IX: SymbolIx = SymbolIx(0);
const MS: i64 = 1_000_000;
/// Midnight, UTC.
const START: i64 = 1_700_006_400 * 1_000 * MS;

fn at(ms: i64) -> UnixNanos {
    UnixNanos(START + ms * MS)
}

fn usd(value: f64) -> MicroUsd {
    MicroUsd::from_usd(value)
}

/// Four size decimals, prices in hundredths, about 3,000 dollars.
fn spec() -> InstrumentSpec {
    InstrumentSpec::hyperliquid(4)
}

fn gate_with(account: AccountLimits, symbol: SymbolLimits) -> Gate {
    let mut gate = Gate::new(account, usd(1_000.0), at(0)).expect("valid limits");
    gate.add(spec(), symbol).expect("valid limits");
    gate.observe(IX, &view(at(0)), &Exposure::default(), at(0));
    gate
}

fn gate() -> Gate {
    gate_with(AccountLimits::default(), SymbolLimits::default())
}

fn view(now: UnixNanos) -> View {
    View { bid: Px(299_990), ask: Px(300_010), heard: now, ..View::default() }
}

fn order(side: Side, px: i64, size: i64) -> Place {
    Place {
        symbol: IX,
        cloid: Cloid(1),
        side,
        px: Px(px),
        size: Lots(size),
        tif: Tif::PostOnly,
        reduce_only: false,
    }
}

fn bid(px: i64, size: i64) -> Place {
    order(Side::Bid, px, size)
}

fn verdict(gate: &mut Gate, order: Place, on: &Exposure, now: UnixNanos) -> Result<(), Refusal> {
    gate.admit(Command::Place(order), on, now).map(|approved| {
        assert_eq!(*approved.get(), Command::Place(order));
    })
}

fn refusal(gate: &mut Gate, order: Place, on: &Exposure) -> Refusal {
    verdict(gate, order, on, at(0)).expect_err("refused")
}

/// The refusal as its text, so that the values in it are read too.
fn text(gate: &mut Gate, order: Place, on: &Exposure) -> String {
    refusal(gate, order, on).to_string()
}

const FLAT: Exposure = Exposure {
    position: Lots(0),
    open: [Lots(0); 2],
    value: [0; 2],
    count: [0; 2],
    best: [None; 2],
};

fn with_order(side: Side, px: i64, size: i64) -> Exposure {
    let mut on = FLAT;
    on.add(side, Px(px), Lots(size));
    on
}

fn cancel(gate: &mut Gate, now: UnixNanos) -> Result<(), Refusal> {
    let wish = Command::Cancel { symbol: IX, cloid: Cloid(1) };
    gate.admit(wish, &FLAT, now).map(|_| ())
}

#[test]
fn form_is_checked_before_anything_is_sent() {
    let mut gate = gate();
    assert_eq!(verdict(&mut gate, bid(299_980, 500), &FLAT, at(0)), Ok(()));
    assert_eq!(text(&mut gate, bid(299_985, 500), &FLAT), "price 299985 is off the grid");
    let none = text(&mut gate, bid(299_980, 0), &FLAT);
    assert_eq!(none, "size 0 is not a positive multiple of 1");
    let small = text(&mut gate, bid(299_980, 33), &FLAT);
    assert_eq!(small, "value 9.90 is below the least 10.00");
    let stranger = Place { symbol: SymbolIx(4), ..bid(299_980, 500) };
    assert_eq!(text(&mut gate, stranger, &FLAT), "symbol 4 is not at this gate");
    let reducing = Place { reduce_only: true, ..bid(299_980, 33) };
    assert_eq!(verdict(&mut gate, reducing, &FLAT, at(0)), Ok(()), "a rest may be closed");
}

#[test]
fn prices_stay_near_mid_mark_and_touch() {
    let mut gate = gate();
    let far = text(&mut gate, bid(298_490, 500), &FLAT);
    assert_eq!(far, "price 298490 is outside 298500..301500 around the mid");
    assert_eq!(verdict(&mut gate, bid(298_500, 500), &FLAT, at(0)), Ok(()));
    let wide = View { bid: Px(299_500), ask: Px(300_500), ..view(at(0)) };
    gate.observe(IX, &wide, &FLAT, at(0));
    assert_eq!(verdict(&mut gate, bid(295_000, 500), &FLAT, at(0)), Ok(()), "five spreads");
    let marked = View { mark: Some(Px(303_100)), oracle: Some(Px(314_980)), ..view(at(0)) };
    let fair = View { mark: Some(Px(302_900)), oracle: Some(Px(316_000)), ..view(at(0)) };
    for (seen, what) in [(marked, "mark 303100"), (fair, "oracle 316000")] {
        gate.observe(IX, &seen, &FLAT, at(0));
        let off = text(&mut gate, bid(299_980, 500), &FLAT);
        assert_eq!(off, format!("price 299980 is too far from the {what}"));
    }
    gate.observe(IX, &view(at(0)), &FLAT, at(0));
    for tif in [Tif::Ioc, Tif::Gtc] {
        let through = Place { tif, ..bid(300_920, 490) };
        let refused = text(&mut gate, through, &FLAT);
        assert_eq!(refused, "price 300920 is too far through the touch 300010");
    }
    let taking = Place { tif: Tif::Ioc, ..order(Side::Ask, 299_100, 490) };
    assert_eq!(verdict(&mut gate, taking, &FLAT, at(0)), Ok(()), "0.30 % through the bid");
}

#[test]
fn sizes_stay_below_their_limits() {
    let mut gate = gate();
    assert_eq!(verdict(&mut gate, bid(299_980, 1_000), &FLAT, at(0)), Ok(()));
    let large = text(&mut gate, bid(299_980, 1_001), &FLAT);
    assert_eq!(large, "order value 300.28 is above 300.00");
    let thin = View { displayed: Some([Lots(3_200), Lots(9_999)]), ..view(at(0)) };
    gate.observe(IX, &thin, &FLAT, at(0));
    let much = text(&mut gate, bid(299_980, 801), &FLAT);
    assert_eq!(much, "size 801 is too much of the 3200 displayed");
    assert_eq!(verdict(&mut gate, bid(299_980, 800), &FLAT, at(200)), Ok(()));
    assert_eq!(verdict(&mut gate, order(Side::Ask, 300_020, 801), &FLAT, at(0)), Ok(()));
    let empty = View { displayed: Some([Lots(0); 2]), ..view(at(0)) };
    gate.observe(IX, &empty, &FLAT, at(0));
    assert_eq!(verdict(&mut gate, bid(299_980, 666), &FLAT, at(0)), Ok(()), "up to 200 dollars");
    assert!(matches!(refusal(&mut gate, bid(299_980, 667), &FLAT), Refusal::OrderVolume { .. }));
}

#[test]
fn the_worst_case_position_counts_every_order_of_a_side() {
    let mut gate = gate();
    let on = Exposure { position: Lots(500), ..with_order(Side::Bid, 299_980, 1_000) };
    let over = text(&mut gate, bid(299_970, 170), &on);
    assert_eq!(over, "worst-case position 500.97 is above 500.00");
    assert_eq!(verdict(&mut gate, bid(299_970, 160), &on, at(0)), Ok(()));
    assert_eq!(verdict(&mut gate, order(Side::Ask, 300_020, 990), &on, at(0)), Ok(()));
    let short = Exposure { position: Lots(-1_200), ..FLAT };
    assert!(matches!(
        refusal(&mut gate, order(Side::Ask, 300_020, 500), &short),
        Refusal::Position { .. }
    ));
}

#[test]
fn symbols_share_the_gross_limit_and_the_order_count() {
    let account = AccountLimits { gross_ppm: 500_000, ..AccountLimits::default() };
    let mut gate = gate_with(account, SymbolLimits::default());
    let other = InstrumentSpec::fixed(Venue::Binance, 2, 6, 10);
    let ix = gate.add(other, SymbolLimits::default()).expect("valid");
    let held = Exposure { position: Lots(-100_000), ..FLAT }; // 0.1 coins, cash in 1e-8 dollars
    gate.observe(ix, &view(at(0)), &held, at(0));
    assert_eq!(verdict(&mut gate, bid(299_980, 660), &FLAT, at(0)), Ok(()));
    let over = text(&mut gate, bid(299_980, 670), &FLAT);
    assert_eq!(over, "worst-case gross value 500.99 is above 500.00");
    gate.observe(ix, &view(at(0)), &Exposure { count: [30, 10], ..FLAT }, at(0));
    let many = text(&mut gate, bid(299_980, 670), &FLAT);
    assert_eq!(many, "40 orders in all of 40");
    gate.observe(ix, &view(at(0)), &FLAT, at(0));
    assert_eq!(verdict(&mut gate, bid(299_980, 670), &FLAT, at(0)), Ok(()), "sums fall again");
}

#[test]
fn company_is_kept() {
    let mut gate = gate();
    assert_eq!(verdict(&mut gate, bid(299_980, 500), &FLAT, at(0)), Ok(()));
    let twice = verdict(&mut gate, bid(299_980, 500), &FLAT, at(99)).expect_err("refused");
    assert_eq!(twice.to_string(), "an order of 500 at 299980 went out 99 ms ago");
    assert_eq!(verdict(&mut gate, bid(299_980, 500), &FLAT, at(100)), Ok(()));
    assert_eq!(verdict(&mut gate, bid(299_980, 501), &FLAT, at(100)), Ok(()));
    let full = Exposure { count: [8, 0], ..FLAT };
    assert_eq!(text(&mut gate, bid(299_970, 500), &full), "8 orders on a side of 8");
    let asks = with_order(Side::Ask, 300_000, 500);
    let crossed = text(&mut gate, bid(300_000, 500), &asks);
    assert_eq!(crossed, "price 300000 would meet our own order at 300000");
    let bids = with_order(Side::Bid, 300_000, 500);
    assert!(matches!(
        refusal(&mut gate, order(Side::Ask, 299_990, 500), &bids),
        Refusal::OwnCross { .. }
    ));
    assert_eq!(verdict(&mut gate, bid(299_990, 500), &asks, at(0)), Ok(()));
}

#[test]
fn bad_markets_are_not_quoted() {
    let mut gate = gate();
    let mut pull = |view: View, now: UnixNanos| {
        gate.observe(IX, &view, &FLAT, now);
        let pulled = gate.open(IX, now);
        assert_eq!(verdict(&mut gate, bid(view.bid.0, 100), &FLAT, now), pulled);
        pulled.map_err(|refusal| refusal.to_string())
    };
    let now = at(10_000);
    let none = "no two-sided market was seen".to_owned();
    assert_eq!(pull(View { ask: Px(0), ..view(now) }, now), Err(none));
    let crossed = View { bid: Px(300_010), ..view(now) };
    assert_eq!(pull(crossed, now), Err("the book is crossed: 300010 / 300010".to_owned()));
    let stale = "no market data for 7.0 s, 7.0 s accepted".to_owned();
    assert_eq!(pull(view(at(2_999)), now), Err(stale));
    assert_eq!(pull(view(at(3_000)), now), Ok(()));
    let jumped = View { bid: Px(306_200), ask: Px(306_220), ..view(at(10_900)) };
    let jump = "the mid jumped from 300000 to 306210".to_owned();
    assert_eq!(pull(jumped, at(10_900)), Err(jump));
    let back = View { bid: Px(305_900), ask: Px(305_920), ..view(at(11_000)) };
    assert_eq!(pull(back, at(11_000)), Ok(()), "less than 2 % after all");
    let half_way = View { bid: Px(309_000), ask: Px(309_020), ..view(at(12_000)) };
    assert_eq!(pull(half_way, at(12_000)), Ok(()));
    let slow = View { bid: Px(312_200), ask: Px(312_220), ..view(at(13_500)) };
    assert_eq!(pull(slow, at(13_500)), Ok(()), "2 % in two seconds and a half is no jump");
}

#[test]
fn a_mid_holds_until_another_is_seen() {
    let seen = |mid: i64, ms: i64| View { bid: Px(mid - 10), ask: Px(mid + 10), ..view(at(ms)) };
    let (mut often, mut seldom) = (gate(), gate());
    let mut last = seen(300_000, 0);
    for step in 0..=65 {
        let ms = step * 100;
        let moved = step == 49;
        if moved {
            last = seen(307_000, ms);
        }
        if step == 0 || moved {
            often.observe(IX, &last, &FLAT, at(ms));
            seldom.observe(IX, &last, &FLAT, at(ms));
        } else {
            often.hear(IX, last.heard, at(ms));
        }
    }
    seldom.hear(IX, last.heard, at(6_500));
    for gate in [&often, &seldom] {
        assert_eq!(gate.open(IX, at(6_500)), Ok(()), "1.6 s later it is no news");
    }
    let mut gate = gate();
    gate.observe(IX, &seen(300_000, 0), &FLAT, at(0));
    gate.observe(IX, &seen(307_000, 4_900), &FLAT, at(4_900));
    assert!(gate.open(IX, at(4_900)).is_err(), "nothing lay between the two");
}

#[test]
fn messages_are_budgeted_and_cancels_have_a_reserve() {
    let mut gate = gate();
    // Commands of one kind and moment share a batch; taking turns makes each its own.
    for i in 0..7 {
        assert_eq!(verdict(&mut gate, bid(299_980 - 10 * i, 400), &FLAT, at(0)), Ok(()));
        assert_eq!(cancel(&mut gate, at(0)), Ok(()));
    }
    let kept = text(&mut gate, bid(299_700, 400), &FLAT);
    assert_eq!(kept, "message budget: 6 left, 6 kept for cancels");
    assert_eq!(cancel(&mut gate, at(0)), Ok(()), "the last batch still has room");
    assert!(verdict(&mut gate, bid(299_700, 400), &FLAT, at(49)).is_err());
    assert_eq!(verdict(&mut gate, bid(299_700, 400), &FLAT, at(50)), Ok(()), "20 a second");
    assert_eq!(verdict(&mut gate, bid(299_690, 400), &FLAT, at(50)), Ok(()), "the same batch");
    for i in 0..6 {
        assert_eq!(cancel(&mut gate, UnixNanos(at(50).0 + i)), Ok(()), "{i}");
    }
    let empty = cancel(&mut gate, at(51)).expect_err("empty");
    assert_eq!(empty, Refusal::Throttled { left: 0, reserve: 0 });
    let all = Command::CancelAll { symbol: None };
    assert!(gate.admit(all, &FLAT, at(51)).is_ok(), "the widest cancel passes always");
}

fn fill(side: Side, order: u128) -> Fill {
    Fill {
        symbol: IX,
        cloid: Cloid(order),
        trade: TradeId(0),
        side,
        px: Px(299_980),
        size: Lots(1),
        liquidity: Liquidity::Maker,
        fee: None,
    }
}

#[test]
fn repeated_fills_latch_a_halt_that_only_a_person_lifts() {
    let mut gate = gate();
    for i in 0..100 {
        gate.on_fill(&fill(Side::Ask, 7), at(i)); // one order in many pieces
    }
    for i in 0..19 {
        gate.on_fill(&fill(Side::Bid, i as u128), at(i * 3_000));
    }
    assert_eq!(gate.state(IX), RiskState::Active);
    gate.on_fill(&fill(Side::Bid, 100), at(60_001));
    assert_eq!(gate.state(IX), RiskState::Active, "twenty, but in more than a minute");
    gate.on_fill(&fill(Side::Bid, 101), at(60_002));
    assert_eq!(gate.state(IX), RiskState::Halted);
    let halted = text(&mut gate, bid(299_980, 500), &FLAT);
    assert_eq!(halted, "Halted: no orders");
    assert_eq!(cancel(&mut gate, at(0)), Ok(()));
    gate.on_equity(usd(1_000.0), at(2 * 86_400_000));
    assert_eq!(gate.state(IX), RiskState::Halted, "a new day does not lift a latch");
    let cause = Cause::RepeatedFills { side: Side::Bid, count: 20 };
    assert_eq!(gate.changes().last().map(|change| change.cause), Some(cause));
    gate.rearm(Some(IX), at(0));
    assert_eq!(gate.state(IX), RiskState::Active);
}

#[test]
fn daily_losses_reduce_then_halt_until_the_next_day() {
    let mut gate = gate();
    gate.on_equity(usd(975.0), at(1));
    assert_eq!(gate.state(IX), RiskState::Active, "2.5 % itself is allowed");
    gate.on_equity(usd(974.99), at(2));
    assert_eq!(gate.state(IX), RiskState::Reducing);
    let long = Exposure { position: Lots(300), ..FLAT };
    assert_eq!(gate.sides(IX, long.position), [false, true]);
    assert_eq!(gate.sides(IX, Lots(0)), [false, false]);
    let adding = text(&mut gate, bid(299_980, 100), &long);
    assert_eq!(adding, "only reducing is left: Bid at position 300");
    assert_eq!(verdict(&mut gate, order(Side::Ask, 300_020, 300), &long, at(2)), Ok(()));
    let too_much = order(Side::Ask, 300_020, 301);
    assert!(matches!(refusal(&mut gate, too_much, &long), Refusal::Reducing { .. }));
    gate.on_equity(usd(980.0), at(3));
    assert_eq!(gate.state(IX), RiskState::Reducing, "not lifted within the day");
    gate.on_equity(usd(949.99), at(4));
    assert_eq!(gate.state(IX), RiskState::Halted);
    assert_eq!(gate.sides(IX, long.position), [false, false]);
    gate.on_equity(usd(949.99), at(86_400_000));
    assert_eq!(gate.state(IX), RiskState::Active, "losses count from the new day's equity");
    gate.on_equity(usd(499.99), at(86_400_001));
    gate.on_equity(usd(999.99), at(3 * 86_400_000));
    assert_eq!(gate.state(IX), RiskState::Halted, "below the floor it stops for good");
    let states: Vec<_> = gate.changes().iter().map(|change| change.state).collect();
    use RiskState::Active;
    use RiskState::Halted;
    use RiskState::Reducing;
    assert_eq!(states, [Reducing, Halted, Active, Halted]);
    gate.rearm(None, at(0));
    gate.halt(None, at(5));
    assert_eq!(gate.changes().last().map(|change| change.cause), Some(Cause::Operator));
    assert_eq!(gate.changes_total(), 6);
}

fn wide_days() -> AccountLimits {
    AccountLimits { daily_reduce_ppm: 500_000, daily_halt_ppm: 500_000, ..AccountLimits::default() }
}

#[test]
fn a_fall_from_the_peak_pauses_then_counts_anew() {
    let mut gate = gate_with(wide_days(), SymbolLimits::default());
    let hour = 3_600_000;
    gate.on_equity(usd(1_100.0), at(1));
    gate.on_equity(usd(990.0), at(2));
    assert_eq!(gate.state(IX), RiskState::Active, "a tenth itself is allowed");
    gate.on_equity(usd(989.99), at(3));
    assert_eq!(gate.state(IX), RiskState::Reducing);
    gate.on_equity(usd(1_050.0), at(hour));
    assert_eq!(gate.state(IX), RiskState::Reducing, "the pause lasts its hour");
    gate.on_equity(usd(980.0), at(hour + 3));
    assert_eq!(gate.state(IX), RiskState::Active);
    gate.on_equity(usd(890.0), at(hour + 4));
    assert_eq!(gate.state(IX), RiskState::Active, "a tenth of 980 is not lost yet");
    gate.on_equity(usd(879.99), at(hour + 5));
    assert_eq!(gate.state(IX), RiskState::Halted, "a fifth below the highest of all");
    gate.on_equity(usd(1_200.0), at(100 * hour));
    assert_eq!(gate.state(IX), RiskState::Halted, "only a person lifts it");
    let texts: Vec<_> = gate.changes().iter().map(|change| change.cause.to_string()).collect();
    let wanted = [
        "fell 110.01 USD from the peak, limit 110.00",
        "the pause is over",
        "fell 220.01 USD from the peak, limit 220.00",
    ];
    assert_eq!(texts, wanted);
    gate.rearm(None, at(0));
    assert_eq!(gate.state(IX), RiskState::Active);
}

fn protected(protection: ProtectionRules) -> Gate {
    gate_with(AccountLimits::default(), SymbolLimits { protection, ..SymbolLimits::default() })
}

/// A fill worth so many dollars at 3,000.
fn worth(side: Side, dollars: i64, id: u128) -> Fill {
    Fill { px: Px(300_000), size: Lots(dollars * 10_000 / 3_000), ..fill(side, id) }
}

#[test]
fn many_fills_freeze_a_symbol_that_comes_back_wider() {
    let mut gate = protected(ProtectionRules { fills: 3, ..ProtectionRules::default() });
    gate.on_fill(&fill(Side::Bid, 1), at(0));
    gate.on_fill(&fill(Side::Ask, 2), at(6_000));
    gate.on_fill(&fill(Side::Bid, 3), at(10_001));
    assert_eq!(gate.state(IX), RiskState::Active, "three, but in more than the window");
    gate.on_fill(&fill(Side::Bid, 3), at(10_002));
    assert_eq!((gate.state(IX), gate.sides(IX, Lots(5))), (RiskState::Halted, [false; 2]));
    assert_eq!(gate.wakes(IX), at(40_002), "silence closes nothing that is closed");
    let see = |gate: &mut Gate, ms: i64| gate.observe(IX, &view(at(ms)), &FLAT, at(ms));
    see(&mut gate, 40_001);
    assert_eq!((gate.state(IX), gate.wakes(IX)), (RiskState::Halted, at(40_002)));
    see(&mut gate, 40_002);
    assert_eq!((gate.state(IX), gate.caution(IX)), (RiskState::Active, 1.5));
    see(&mut gate, 340_001);
    assert_eq!((gate.caution(IX), gate.wakes(IX)), (1.5, at(340_002)));
    see(&mut gate, 340_002);
    assert_eq!(gate.caution(IX), 1.0);
    let causes: Vec<_> = gate.changes().iter().map(|change| change.cause).collect();
    assert_eq!(causes, [Cause::ManyFills { count: 3 }, Cause::Thawed]);
}

#[test]
fn value_and_net_value_freeze_too() {
    let mut gate = protected(ProtectionRules { value: usd(900.0), ..Default::default() });
    for (i, side) in [Side::Bid, Side::Ask].into_iter().enumerate() {
        gate.on_fill(&worth(side, 300, i as u128), at(0));
    }
    assert_eq!(gate.state(IX), RiskState::Active);
    gate.on_fill(&worth(Side::Bid, 300, 9), at(1));
    assert_eq!(gate.state(IX), RiskState::Halted);
    gate.rearm(Some(IX), at(2));
    assert_eq!(gate.state(IX), RiskState::Active);
    let mut gate = protected(ProtectionRules { net: usd(600.0), ..Default::default() });
    for i in 0..20 {
        let side = if i % 2 == 0 { Side::Bid } else { Side::Ask };
        gate.on_fill(&worth(side, 300, i), at(0));
    }
    assert_eq!(gate.state(IX), RiskState::Active, "both sides alike");
    gate.on_fill(&worth(Side::Ask, 300, 98), at(1));
    gate.on_fill(&worth(Side::Ask, 300, 99), at(2));
    assert_eq!(gate.state(IX), RiskState::Halted);
    let cause = gate.changes()[0].cause.to_string();
    assert_eq!(cause, "-600.00 USD net filled in the window, limit 600.00");
}

#[test]
fn a_market_that_may_not_be_quoted_is_a_state_with_its_cause() {
    let mut gate = gate();
    assert!(gate.watch(IX, at(1)));
    let crossed = View { bid: Px(300_020), ..view(at(2)) };
    gate.observe(IX, &crossed, &FLAT, at(2));
    assert!(!gate.watch(IX, at(2)) && !gate.watch(IX, at(3)));
    gate.observe(IX, &view(at(4)), &FLAT, at(4));
    assert!(gate.watch(IX, at(4)) && gate.watch(IX, at(5)));
    assert_eq!(gate.wakes(IX), UnixNanos(at(7_004).0 + 1), "once it is silent for too long");
    assert!(!gate.watch(IX, at(7_005)));
    assert_eq!(gate.wakes(IX), UnixNanos(i64::MAX), "only the market ends its silence");
    let found: Vec<_> = gate.changes().iter().map(|c| (c.at, c.state, c.cause)).collect();
    let (bid, ask) = (Px(300_020), Px(300_010));
    let limit = SymbolLimits::default().stale;
    let age = at(7_005).since(at(4));
    let wanted = [
        (at(2), RiskState::Halted, Cause::Market(Refusal::Crossed { bid, ask })),
        (at(4), RiskState::Active, Cause::MarketSound),
        (at(7_005), RiskState::Halted, Cause::Market(Refusal::Stale { age, limit })),
    ];
    assert_eq!(found, wanted);
}

#[test]
fn limits_have_ceilings_that_configuration_cannot_pass() {
    let params = Params::from_pairs([("capital_usd", "100000"), ("order_size_usd", "150")]);
    let error = params.and_then(|params| params.symbol_limits()).expect_err("30,000 an order");
    assert!(error.to_string().contains("order_value"), "{error}");
    assert!(error.to_string().contains("25000000000"), "{error}");
    let limits = AccountLimits { daily_halt_ppm: 20_000, ..AccountLimits::default() };
    assert!(Gate::new(limits, usd(1.0), at(0)).is_err(), "halting before reducing");
    let limits = SymbolLimits { orders_per_side: 33, ..SymbolLimits::default() };
    assert!(Gate::new(AccountLimits::default(), usd(1.0), at(0))
        .and_then(|mut gate| gate.add(spec(), limits))
        .is_err());
}

/// SplitMix64: the same numbers on every machine.
struct Dice(u64);

impl Dice {
    fn within(&mut self, low: i64, high: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        low + ((z ^ (z >> 31)) % (high - low + 1) as u64) as i64
    }

    fn chance(&mut self, percent: i64) -> bool {
        self.within(1, 100) <= percent
    }
}

fn random_wish(dice: &mut Dice) -> Place {
    let side = if dice.chance(50) { Side::Bid } else { Side::Ask };
    let away = if dice.chance(70) { dice.within(-5, 40) * 10 } else { dice.within(-4_000, 4_000) };
    let size = if dice.chance(80) { dice.within(20, 700) } else { dice.within(-50, 3_000) };
    let tif = [Tif::PostOnly, Tif::Gtc, Tif::Ioc][dice.within(0, 2) as usize];
    Place { tif, ..order(side, 300_000 - side.sign() * away, size) }
}

fn random_exposure(dice: &mut Dice) -> Exposure {
    let mut on = Exposure { position: Lots(dice.within(-1_500, 1_500)), ..FLAT };
    for _ in 0..dice.within(0, 5) {
        let side = if dice.chance(50) { Side::Bid } else { Side::Ask };
        let px = Px(300_000 - side.sign() * dice.within(-5, 60) * 10);
        on.add(side, px, Lots(dice.within(1, 400)));
    }
    on
}

/// The limits again, in plain dollars and without the gate's own arithmetic.
fn breach(order: &Place, on: &Exposure, view: &View) -> Option<String> {
    let dollars = |px: i64, lots: i64| px as f64 / 100.0 * lots as f64 / 10_000.0;
    let value = dollars(order.px.0, order.size.0);
    let i = order.side.index();
    let mid = (view.bid.0 + view.ask.0) as f64 / 2.0;
    let open = on.value[i] as f64 / 1e6;
    let held = order.side.sign() as f64 * on.position.0 as f64 * mid / 1e6;
    let spread = (view.ask.0 - view.bid.0) as f64;
    let far = (order.px.0 as f64 - mid).abs() > (mid * 0.005).max(5.0 * spread) + 1e-6;
    let through = match order.side {
        Side::Bid => order.px.0 as f64 > view.ask.0 as f64 * 1.003 + 1e-6,
        Side::Ask => (order.px.0 as f64) < view.bid.0 as f64 * 0.997 - 1e-6,
    };
    let checks = [
        ("value", !(10.0 - 1e-6..=300.0 + 1e-6).contains(&value)),
        ("position", held + open + value > 500.0 + 1e-6),
        ("collar", far),
        ("touch", order.tif != Tif::PostOnly && through),
        ("grid", order.px.0 % 10 != 0),
        ("count", on.count[i] >= 8),
        ("own bid", order.side == Side::Ask && on.best[0].is_some_and(|own| own >= order.px)),
        ("own ask", order.side == Side::Bid && on.best[1].is_some_and(|own| own <= order.px)),
    ];
    checks.iter().find(|(_, broken)| *broken).map(|(what, _)| format!("{what}: {order:?} {on:?}"))
}

#[test]
fn a_million_random_wishes_and_never_an_approval_outside_the_limits() {
    let mut dice = Dice(2);
    let mut gate = gate();
    let (mut approved, mut refused) = (0, BTreeMap::<String, u64>::new());
    for i in 0..1_000_000 {
        let now = UnixNanos(START + i * 60 * MS);
        let half = dice.within(1, 30) * 10;
        let view = View { bid: Px(300_000 - half), ask: Px(300_000 + half), ..view(now) };
        let on = random_exposure(&mut dice);
        gate.observe(IX, &view, &on, now);
        let wish = random_wish(&mut dice);
        match gate.admit(Command::Place(wish), &on, now) {
            Ok(given) => {
                assert_eq!(*given.get(), Command::Place(wish));
                assert_eq!(breach(&wish, &on, &view), None, "at wish {i}");
                approved += 1;
            }
            Err(refusal) => {
                let name = format!("{refusal:?}");
                let name = name.split(' ').next().unwrap_or_default().to_owned();
                *refused.entry(name).or_default() += 1;
            }
        }
    }
    assert!(approved > 100_000, "{approved} approved: {refused:?}");
    for name in ["Position", "Collar", "OrderValue", "TooSmall", "OwnCross", "OffGrid", "LotStep"] {
        assert!(refused.get(name).is_some_and(|&count| count > 1_000), "{name}: {refused:?}");
    }
    assert!(refused.contains_key("Duplicate"), "{refused:?}");
    assert!(refused.contains_key("ThroughTouch"), "{refused:?}");
}
