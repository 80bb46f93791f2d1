//! Runs — long random runs: money adds up, a seed repeats itself, a saved state goes on.

use crate::case::answer;
use crate::case::order;
use crate::case::with;
use crate::case::Case;
use crate::case::ANN;
use crate::case::BLOCK;
use crate::case::BOB;
use crate::case::START;
use mm_core::book::BookRows;
use mm_core::command::Place;
use mm_core::command::Tif;
use mm_core::event::Rows;
use mm_core::queue::QueueModel;
use mm_core::sim::exchange::Exchange;
use mm_core::sim::Flow;
use mm_core::sim::FlowConfig;
use mm_core::sim::FlowLatency;
use mm_core::sim::FlowStreams;
use mm_core::sim::SimVenue;
use mm_core::sim::VenueConfig;
use mm_core::sim::VenueEvent;
use mm_core::tape::TapeWriter;
use mm_core::units::Cloid;
use mm_core::units::DurationNanos;
use mm_core::units::Lots;
use mm_core::units::Side;
use mm_core::units::SymbolIx;
use mm_core::units::UnixNanos;
use serde_json::json;
use serde_json::Value;
use std::collections::BTreeMap;

fn market() -> Value {
    json!([{"name": "BTC", "size_decimals": 5, "max_leverage": 40, "source": {"kind": "synthetic"}}])
}

/// A stream of choices.
struct Choices(u64);

impl Choices {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// What somebody might do now.
fn choice(case: &Case, choices: &mut Choices, user: &str) -> Value {
    let touch = answer(case.exchange.book(0, 1));
    let (bid, ask) = (touch["bids"][0][0].as_i64(), touch["asks"][0][0].as_i64());
    let (Some(bid), Some(ask)) = (bid, ask) else { return json!({"type": "noop"}) };
    let away = 10 * choices.below(4) as i64;
    let side = ["bid", "ask"][choices.below(2) as usize];
    let px = if side == "bid" { bid - away } else { ask + away };
    let crossing = if side == "bid" { ask + away } else { bid - away };
    let size = 100 + choices.below(20_000) as i64;
    let open = answer(case.exchange.orders(user));
    let mine = open.as_array().expect("a list");
    let some = mine.get(choices.below(8) as usize).map(|order| order["oid"].clone());
    let own = |px: i64, tif: &str| with(order(side, 0, size, tif), json!({"px": px}));
    match (choices.below(10), some) {
        (0..=1, _) => json!({"type": "order", "orders": [own(crossing, "ioc")]}),
        (2, _) => json!({"type": "order", "orders": [own(crossing, "gtc")]}),
        (3, _) => {
            let reduce = with(own(crossing, "ioc"), json!({"reduce_only": true}));
            json!({"type": "order", "orders": [reduce]})
        }
        (4..=5, Some(oid)) => json!({"type": "cancel", "cancels": [{"coin": 0, "oid": oid}]}),
        (6..=7, Some(oid)) => {
            json!({"type": "modify", "modifies": [{"oid": oid, "order": own(px, "alo")}]})
        }
        (8, _) => json!({"type": "update_leverage", "coin": 0, "cross": choices.below(2) == 0,
            "leverage": 1 + choices.below(40)}),
        _ => json!({"type": "order", "orders": [own(px, "alo"), own(px + 10, "alo")]}),
    }
}

/// Random actions of two accounts for a number of blocks, checking money at each; all events.
fn run(case: &mut Case, choices: &mut Choices, blocks: usize) -> Vec<Value> {
    let mut events = Vec::new();
    for _ in 0..blocks {
        for user in [ANN, BOB] {
            if choices.below(4) == 0 {
                let action = choice(case, choices, user);
                case.send(user, &action);
            }
        }
        case.step();
        events.append(&mut case.events);
        for user in [ANN, BOB] {
            let audit = case.audit(user);
            assert_eq!(audit["ledger_sum"], 0, "{audit}");
            assert_eq!(audit["booked"], audit["cash"], "{audit}");
            assert_exposure(case, user, &audit);
        }
    }
    events
}

/// The greatest exposure that judges are told is no less than what is there now.
fn assert_exposure(case: &Case, user: &str, audit: &Value) {
    let open = answer(case.exchange.orders(user));
    let opens = |side: &str| -> i64 {
        let own = open.as_array().expect("a list").iter();
        let own = own.filter(|order| order["side"] == side && order["reduce_only"] == false);
        own.map(|order| order["left"].as_i64().expect("lots")).sum()
    };
    let Some(seen) = audit["exposure"].get(0) else { return };
    let lots = |key: &str| seen[key].as_i64().expect("lots");
    assert!(lots("size") + opens("bid") <= lots("long"), "{audit} {open}");
    assert!(opens("ask") - lots("size") <= lots("short"), "{audit} {open}");
}

/// Money as the fills, fundings and ledger rows of an account tell it.
fn told(events: &[Value], user: &str) -> i64 {
    let own = events.iter().filter(|e| e["user"] == user);
    own.map(|e| match e["e"].as_str() {
        Some("fill") => e["closed_pnl"].as_i64().unwrap_or(0) - e["fee"].as_i64().unwrap_or(0),
        Some("funding") => e["received"].as_i64().unwrap_or(0),
        Some("ledger") => e["delta"].as_i64().unwrap_or(0),
        _ => 0,
    })
    .sum()
}

#[test]
fn money_adds_up_over_a_random_run_and_every_cent_is_told() {
    let mut case = Case::of(market(), json!({"seed": 7}));
    let events = run(&mut case, &mut Choices(3), 4_000);
    let fills: Vec<&Value> = events.iter().filter(|e| e["e"] == "fill").collect();
    assert!(fills.len() > 200, "only {} fills", fills.len());
    assert!(fills.iter().any(|fill| fill["crossed"] == false), "makers trade, too");
    for user in [ANN, BOB] {
        assert_eq!(case.account(user)["cash"], told(&events, user));
        let mut position = 0;
        for fill in fills.iter().filter(|fill| fill["user"] == user) {
            assert_eq!(fill["before"], position, "fills are a chain");
            let size = fill["size"].as_i64().expect("lots");
            position += if fill["side"] == "bid" { size } else { -size };
        }
        let held = case.account(user)["positions"][0]["size"].as_i64().unwrap_or(0);
        assert_eq!(held, position);
    }
}

#[test]
fn no_number_and_no_order_of_actions_stops_the_exchange() {
    let mut case = Case::of(market(), json!({"seed": 9}));
    let mut choices = Choices(17);
    let wild = [0, 1, -1, 10, 979_990, 970_000, i64::MAX, i64::MIN, 1 << 40, -(1 << 40)];
    let mut refused = 0;
    for _ in 0..3_000 {
        let mut any = || wild[choices.below(wild.len() as u64) as usize];
        let (px, size, amount, at) = (any(), any(), any(), any());
        let tif = ["alo", "gtc", "ioc"][choices.below(3) as usize];
        let side = ["bid", "ask"][choices.below(2) as usize];
        let kind = ["tp", "sl"][choices.below(2) as usize];
        let trigger = json!({"px": at, "is_market": choices.below(2) == 0, "kind": kind});
        let trigger = if choices.below(3) == 0 { trigger } else { Value::Null };
        let order = json!({"coin": choices.below(2), "side": side, "px": px, "size": size,
            "tif": tif, "reduce_only": choices.below(3) == 0, "cloid": null, "trigger": trigger});
        let action = match choices.below(7) {
            0 => json!({"type": "modify", "always_place": choices.below(2) == 0,
                "modifies": [{"oid": 600_000_000_000_u64 + choices.below(4_000), "order": order}]}),
            1 => json!({"type": "update_isolated_margin", "coin": 0, "amount": amount}),
            2 => json!({"type": "update_leverage", "coin": choices.below(2),
                "cross": choices.below(2) == 0, "leverage": choices.below(60)}),
            3 => json!({"type": "reserve_weight", "weight": amount}),
            4 => json!({"type": "schedule_cancel", "at": at}),
            _ => json!({"type": "order", "orders": [order]}),
        };
        let user = [ANN, BOB][choices.below(2) as usize];
        case.send(user, &action);
        refused += u64::from(case.exchange.deposit(user, amount % 1_000).is_err());
        refused += u64::from(case.exchange.deposit(user, i64::MIN).is_err());
        refused += u64::from(case.exchange.transfer(user, BOB, amount).is_err());
        case.step();
        assert_eq!(case.audit(user)["ledger_sum"], 0);
    }
    assert!(refused > 3_000, "wild money is refused");
    assert!(case.audit(ANN)["accepted"].as_i64() > Some(0), "some orders are lawful");
}

#[test]
fn one_accounts_fills_are_those_of_the_venue_of_replay() {
    let mut case = Case::of(market(), json!({"seed": 3}));
    let config = FlowConfig {
        seed: 3,
        start: UnixNanos(START),
        streams: FlowStreams::Full,
        latency: FlowLatency { floor: DurationNanos(0), jitter: DurationNanos(0), spread: 0.0 },
        ..FlowConfig::preset("BTC").expect("BTC")
    };
    let mut flow = Flow::new(config).expect("a market");
    let queue = QueueModel::parse("risk-averse").expect("a model");
    let venue = VenueConfig { queue, partial_fills: true, through_volume: true };
    let mut venue = SimVenue::new(*flow.spec(), venue);
    let (mut expected, mut found) = (Vec::new(), Vec::new());
    for block in 1..3_000_i64 {
        let now = START + block * BLOCK;
        let touch = venue.book().touch();
        if let (Some(touch), true) = (touch, block % 20 == 2) {
            for (side, px) in [(Side::Bid, touch.bid), (Side::Ask, touch.ask)] {
                let cloid = Cloid(block as u128 * 2 + side.index() as u128);
                let (size, symbol, tif) = (Lots(5_000), SymbolIx(0), Tif::PostOnly);
                let place = Place { symbol, cloid, side, px, size, tif, reduce_only: false };
                venue.place(&place, None, now);
                let word = if side == Side::Bid { "bid" } else { "ask" };
                let wish = with(order(word, 0, 5_000, "alo"), json!({"px": px.0}));
                case.send(ANN, &json!({"type": "order", "orders": [wish]}));
            }
        }
        let mut rows = Rows::default();
        flow.step_until(UnixNanos(now), &mut rows).expect("rows");
        let all = BookRows::of(&rows, 0..rows.len());
        (0..all.len()).for_each(|at| venue.on_row(all.row(at), rows.ts_exch[at]));
        for (_, event) in venue.drain() {
            if let VenueEvent::Fill(fill, _) = event {
                expected.push((now, fill.side.sign(), fill.px.0, fill.size.0));
            }
        }
        case.step();
        for fill in case.events.iter().filter(|e| e["e"] == "fill") {
            let int = |key: &str| fill[key].as_i64().expect("a number");
            let sign = if fill["side"] == "bid" { 1 } else { -1 };
            found.push((int("at"), sign, int("px"), int("size")));
        }
    }
    assert!(expected.len() > 50, "only {} fills", expected.len());
    assert_eq!(found, expected);
}

#[test]
fn the_same_seed_tells_the_same_story_and_another_another() {
    let story = |seed: u64| {
        let mut case = Case::of(market(), json!({"seed": seed}));
        run(&mut case, &mut Choices(5), 500)
    };
    let first = story(1);
    assert_eq!(first, story(1));
    assert_ne!(first, story(2));
}

#[test]
fn a_restored_exchange_goes_on_as_the_one_that_was_saved() {
    let mut case = Case::of(market(), json!({"seed": 7}));
    let mut choices = Choices(11);
    run(&mut case, &mut choices, 800);
    case.send(ANN, &json!({"type": "order", "orders": [order("bid", 90_000, 1_000, "alo")]}));
    let state = case.exchange.save().expect("a state");
    let go_on = |exchange: &mut Exchange| {
        let until = UnixNanos(exchange.now().0 + 2_000 * BLOCK);
        exchange.advance(until).expect("blocks come");
        let told = (exchange.replies(), exchange.events());
        (serde_json::to_string(&told).expect("JSON"), exchange.account(ANN).expect("known"))
    };
    let mut restored = Exchange::restore(&state).expect("the state");
    assert_eq!(go_on(&mut case.exchange), go_on(&mut restored));
    assert!(Exchange::restore(&state[..40]).is_err());
    assert!(Exchange::restore(b"something else").is_err());
}

#[test]
fn a_tape_is_played_from_the_start_of_the_exchange_and_after_a_restore_from_where_it_was() {
    let path = std::env::temp_dir().join(format!("botmm-exchange-{}.parquet", std::process::id()));
    let path = path.to_string_lossy().into_owned();
    let config =
        FlowConfig { streams: FlowStreams::Full, ..FlowConfig::preset("BTC").expect("BTC") };
    let start = config.start;
    let mut flow = Flow::new(config).expect("a market");
    let mut rows = Rows::default();
    flow.step_until(UnixNanos(start.0 + 60_000_000_000), &mut rows).expect("rows");
    let meta = [("venue", "test"), ("window", "0"), ("px_decimals", "1"), ("size_decimals", "5")];
    let meta: BTreeMap<String, String> =
        meta.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    let mut writer = TapeWriter::create(&path, meta).expect("a tape");
    writer.append(&rows).expect("rows");
    writer.finish().expect("a tape");

    let coins = json!([{"name": "BTC", "size_decimals": 5, "max_leverage": 40,
        "source": {"kind": "tape", "paths": [path]}}]);
    let mut case = Case::of(coins, json!({}));
    case.advance(20_000_000_000);
    let played = case.events.iter().filter(|e| e["e"] == "trades").count();
    assert!(played > 0, "trades of the tape are told");
    let state = case.exchange.save().expect("a state");
    let mut restored = Exchange::restore(&state).expect("the state");
    case.advance(20_000_000_000);
    restored.advance(case.exchange.now()).expect("blocks come");
    assert_eq!(case.exchange.book(0, 20).expect("BTC"), restored.book(0, 20).expect("BTC"));
    std::fs::remove_file(&path).expect("the tape goes");
}
