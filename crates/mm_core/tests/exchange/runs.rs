//! Runs — long random runs: money adds up, a seed repeats itself, a saved state goes on.

use crate::case::answer;
use crate::case::order;
use crate::case::with;
use crate::case::Case;
use crate::case::ANN;
use crate::case::BLOCK;
use crate::case::BOB;
use mm_core::event::Rows;
use mm_core::sim::exchange::Exchange;
use mm_core::sim::Flow;
use mm_core::sim::FlowConfig;
use mm_core::sim::FlowStreams;
use mm_core::tape::TapeWriter;
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
        }
    }
    events
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
