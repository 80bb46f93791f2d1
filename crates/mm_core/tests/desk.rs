//! The desk: frames and private events in, approved commands out, the same each time.

use mm_core::command::Command;
use mm_core::live::Desk;
use mm_core::live::Heard;
use mm_core::live::Notice;
use mm_core::units::Side;
use mm_core::units::SymbolIx;
use mm_core::units::UnixNanos;
use serde_json::json;
use serde_json::Value;

const MS: i64 = 1_000_000;
const T0: i64 = 1_700_000_000_000 * MS;
/// What an order of the desk is at most.
const LOTS: i64 = 300;

fn spec() -> Value {
    json!({
        "symbols": [{"symbol": "BTC", "size_decimals": 5,
            "params": {"mode": "fixed", "toxicity": false, "bias_strength": 0.0}}],
        "capital_usd": 1000.0, "fees": {"maker": 0.00015, "taker": 0.00045},
        "tag": 7, "now": T0,
    })
}

/// A desk of BTC that quotes 2 bp around the mid, and its clock.
struct Bench {
    desk: Desk,
    now: i64,
}

impl Bench {
    fn new() -> Self {
        Self::of(&spec())
    }

    fn of(spec: &Value) -> Self {
        Self { desk: Desk::from_json(&spec.to_string()).expect("a desk"), now: T0 }
    }

    /// One that knows its position and has heard a book.
    fn ready() -> Self {
        let mut bench = Self::new();
        bench.event(&json!({"kind": "baseline", "symbol": 0, "position": 0, "since": T0,
            "trades": []}));
        bench.book(50_000);
        bench
    }

    fn later(&mut self, ms: i64) -> UnixNanos {
        self.now += ms * MS;
        UnixNanos(self.now)
    }

    fn frame(&mut self, frame: &Value) -> Heard {
        let now = self.later(10);
        self.desk.frame(frame.to_string().as_bytes(), now).expect("sound")
    }

    fn book(&mut self, mid: i64) -> Heard {
        let level = |px: i64| json!({"px": format!("{px}.0"), "sz": "5.0", "n": 3});
        let bids: Vec<Value> = (1..=5).map(|i| level(mid - i)).collect();
        let asks: Vec<Value> = (1..=5).map(|i| level(mid + i)).collect();
        let time = self.now / MS;
        self.frame(&json!({"channel": "l2Book",
            "data": {"coin": "BTC", "time": time, "levels": [bids, asks]}}))
    }

    fn event(&mut self, event: &Value) {
        let now = self.later(1);
        self.desk.event(&event.to_string(), now).expect("an event");
    }

    fn decide(&mut self) -> Vec<Command> {
        let now = self.later(500);
        let mut out = Vec::new();
        self.desk.decide(None, now, &mut out).expect("decided");
        out.iter().map(|approved| *approved.get()).collect()
    }

    fn fill(&mut self, cloid: Option<u128>, traded: (&str, &str), from: (&str, u64)) {
        self.fill_for((self.now, "0.01"), cloid, traded, from);
    }

    fn fill_for(
        &mut self,
        (at, fee): (i64, &str),
        cloid: Option<u128>,
        (side, sz): (&str, &str),
        (before, tid): (&str, u64),
    ) {
        let mut fill = json!({"coin": "BTC", "px": "49999.0", "sz": sz, "side": side,
            "time": at / MS, "startPosition": before, "dir": "Open Long",
            "closedPnl": "0.0", "hash": "0x0", "oid": 1, "crossed": false, "fee": fee,
            "tid": tid, "feeToken": "USDC"});
        if let Some(cloid) = cloid {
            fill["cloid"] = json!(format!("0x{cloid:032x}"));
        }
        let data = json!({"user": "0x1", "fills": [fill]});
        assert_eq!(self.frame(&json!({"channel": "userFills", "data": data})), Heard::Own);
    }

    fn symbol(&self) -> Value {
        self.desk.report(UnixNanos(self.now))["symbols"][0].clone()
    }
}

fn placed(commands: &[Command]) -> Vec<(u128, Side, i64)> {
    let place = |command: &Command| match command {
        Command::Place(place) => Some((place.cloid.0, place.side, place.px.0)),
        Command::Cancel { .. } | Command::CancelAll { .. } | Command::ScheduleCancel { .. } => None,
    };
    commands.iter().filter_map(place).collect()
}

fn cancelled(commands: &[Command]) -> usize {
    commands.iter().filter(|command| matches!(command, Command::Cancel { .. })).count()
}

#[test]
fn nothing_is_quoted_before_the_position_is_proven() {
    let mut bench = Bench::new();
    assert_eq!(bench.book(50_000), Heard::Market(SymbolIx(0)));
    assert_eq!(bench.decide(), []);
    bench.event(&json!({"kind": "baseline", "symbol": 0, "position": 0, "since": T0,
        "trades": []}));
    let first = bench.decide();
    assert_eq!(placed(&first).len(), 4, "two levels a side: {first:?}");
}

#[test]
fn a_hold_withdraws_the_quotes_and_each_holder_lets_go_for_itself() {
    let mut bench = Bench::ready();
    assert_eq!(placed(&bench.decide()).len(), 4);
    for by in ["operator", "budget"] {
        bench.event(&json!({"kind": "hold", "symbol": null, "by": by, "on": true}));
    }
    let commands = bench.decide();
    assert_eq!((cancelled(&commands), placed(&commands).len()), (4, 0), "{commands:?}");
    bench.event(&json!({"kind": "hold", "symbol": 0, "by": "budget", "on": false}));
    assert_eq!(bench.decide(), []);
    bench.event(&json!({"kind": "hold", "symbol": null, "by": "operator", "on": false}));
    assert!(!placed(&bench.decide()).is_empty());
}

#[test]
fn own_fills_count_once_and_a_break_of_their_chain_stops_quoting() {
    let mut bench = Bench::ready();
    let orders = placed(&bench.decide());
    let (bid, _, _) = orders.iter().find(|o| o.1 == Side::Bid).expect("a bid");
    bench.fill(Some(*bid), ("B", "0.001"), ("0.0", 11));
    bench.fill(Some(*bid), ("B", "0.001"), ("0.0", 11));
    assert_eq!(
        (bench.symbol()["position"].clone(), bench.symbol()["proven"].clone()),
        (json!(100), json!(100))
    );
    // A fill is lost: the next one does not join.
    let lost_at = bench.now;
    bench.fill(Some(*bid), ("B", "0.001"), ("0.002", 13));
    assert_eq!(bench.symbol()["proven"], Value::Null);
    let commands = bench.decide();
    assert!(cancelled(&commands) > 0 && placed(&commands).is_empty(), "{commands:?}");
    bench.fill_for((lost_at, "0.01"), Some(*bid), ("B", "0.001"), ("0.001", 12));
    assert_eq!(
        (bench.symbol()["position"].clone(), bench.symbol()["proven"].clone()),
        (json!(300), json!(300))
    );
}

#[test]
fn an_order_whose_fill_is_lost_blocks_nothing_once_the_position_was_told() {
    let mut bench = Bench::ready();
    let orders = placed(&bench.decide());
    let (cloid, _, _) = *orders.iter().find(|o| o.1 == Side::Ask).expect("an ask");
    let size = bench.symbol()["orders"].as_array().and_then(|rows| {
        rows.iter().find(|row| row["side"] == "ask").and_then(|row| row["size"].as_i64())
    });
    for (one, _, _) in &orders {
        let gone = json!({"Cancelled": {"reason": "Asked"}});
        let answer = if *one == cloid { json!("Filled") } else { gone };
        let id = format!("0x{one:032x}");
        bench.event(&json!({"kind": "answer", "symbol": 0, "cloid": id, "answer": answer}));
    }
    let told = |since: i64| {
        json!({"kind": "baseline", "symbol": 0, "position": -size.expect("an ask rests"),
            "since": since, "trades": []})
    };
    // Its lots may come yet: at a higher price than the lost order's, a bid would meet it.
    let bids = |bench: &mut Bench| {
        bench.book(50_200);
        placed(&bench.decide()).iter().filter(|o| o.1 == Side::Bid).count()
    };
    bench.event(&told(T0));
    assert_eq!(bids(&mut bench), 0, "the venue told a position of before the order's end");
    let later = told(bench.now + 2_000 * MS);
    bench.event(&later);
    assert!(bids(&mut bench) > 0);
}

#[test]
fn an_order_that_the_venue_cut_short_blocks_nothing_once_positions_agree() {
    let mut bench = Bench::ready();
    let orders = placed(&bench.decide());
    for (one, side, _) in &orders {
        let gone = json!({"Cancelled": {"reason": "Asked"}});
        // Filled for less than it was sent for: nothing more of it comes.
        let answer = if *side == Side::Ask { json!("Filled") } else { gone };
        let id = format!("0x{one:032x}");
        bench.event(&json!({"kind": "answer", "symbol": 0, "cloid": id, "answer": answer}));
    }
    let bids = |bench: &mut Bench| {
        bench.book(50_200);
        placed(&bench.decide()).iter().filter(|o| o.1 == Side::Bid).count()
    };
    assert_eq!(bids(&mut bench), 0, "its lots may come yet, and a bid would meet it");
    let since = bench.now + 2_000 * MS;
    bench.event(&json!({"kind": "agreed", "symbol": 0, "since": since}));
    assert!(bids(&mut bench) > 0);
}

/// Asks of some 300 lots that are sent after both were cancelled, with these words on each: what
/// the stream says was left of it, or a reply that does not say.
fn asks_after(words: &[Option<&str>]) -> usize {
    let mut bench = Bench::ready();
    let orders = placed(&bench.decide());
    for cloid in orders.iter().filter(|o| o.1 == Side::Ask).map(|o| format!("0x{:032x}", o.0)) {
        let row = |status: &str, sz: &str| {
            let order = json!({"coin": "BTC", "side": "A", "limitPx": "50010.0", "sz": sz,
                "oid": 77, "timestamp": T0 / MS, "origSz": "0.00299", "cloid": cloid});
            let row = json!({"order": order, "status": status, "statusTimestamp": T0 / MS});
            json!({"channel": "orderUpdates", "data": [row]})
        };
        bench.frame(&row("open", "0.00299"));
        for word in words {
            match word {
                Some(left) => assert_eq!(bench.frame(&row("canceled", left)), Heard::Own),
                None => bench.event(&json!({"kind": "answer", "symbol": 0, "cloid": cloid,
                    "answer": {"Cancelled": {"reason": "Asked"}}})),
            }
        }
    }
    bench.book(50_000);
    placed(&bench.decide()).iter().filter(|o| o.1 == Side::Ask).count()
}

#[test]
fn what_cancelled_orders_filled_takes_room_before_its_fills_are_told() {
    assert_eq!(asks_after(&[Some("0.00299")]), 2, "nothing was filled");
    assert_eq!(asks_after(&[Some("0.0009")]), 1, "418 lots of the limit's 1,000 may be sold");
    assert_eq!(asks_after(&[None]), 1, "how much was filled is not known");
    assert_eq!(asks_after(&[None, Some("0.00299")]), 2);
    assert_eq!(asks_after(&[Some("0.00299"), None]), 2, "a word that says less undoes none");
}

#[test]
fn what_others_trade_on_the_account_is_in_the_ledger_and_noticed() {
    let mut bench = Bench::ready();
    bench.fill(None, ("A", "0.004"), ("0.0", 21));
    assert_eq!(bench.symbol()["position"], json!(-400));
    let want = [Notice::ForeignFill { symbol: SymbolIx(0), trade: 21 }];
    assert_eq!(bench.desk.take_notices(), want);
    let order = json!({"coin": "BTC", "side": "B", "limitPx": "49000.0", "sz": "0.001",
        "oid": 77, "timestamp": T0 / MS, "origSz": "0.001"});
    let update = json!([{"order": order, "status": "open", "statusTimestamp": T0 / MS}]);
    bench.frame(&json!({"channel": "orderUpdates", "data": update}));
    let want = [Notice::ForeignOrder { symbol: SymbolIx(0), oid: 77, open: true }];
    assert_eq!(bench.desk.take_notices(), want);
}

#[test]
fn a_position_that_was_asked_for_before_a_fill_does_not_undo_it() {
    let mut bench = Bench::ready();
    let (ask, _, _) = *placed(&bench.decide()).iter().find(|o| o.1 == Side::Ask).expect("an ask");
    bench.later(3_000);
    let since = bench.now - 2_000 * MS;
    bench.fill(Some(ask), ("A", "0.00299"), ("0.0", 31));
    bench.event(&json!({"kind": "baseline", "symbol": 0, "position": 0, "since": since,
        "trades": []}));
    let both = |row: &Value| (row["position"].clone(), row["proven"].clone());
    assert_eq!(both(&bench.symbol()), (json!(-299), json!(-299)));
    bench.event(&json!({"kind": "baseline", "symbol": 0, "position": -299, "since": since,
        "trades": [31]}));
    assert_eq!(both(&bench.symbol()), (json!(-299), json!(-299)), "now it is part of it");
}

#[test]
fn a_position_from_before_enters_the_ledger_without_a_profit() {
    let mut guarded = spec();
    guarded["symbols"][0]["params"]["mmp_fills"] = json!(1);
    let mut bench = Bench::of(&guarded);
    bench.event(&json!({"kind": "baseline", "symbol": 0, "position": 200, "since": T0,
        "trades": [5]}));
    assert_eq!(bench.decide(), []);
    bench.book(50_000);
    let commands = bench.decide();
    assert!(!placed(&commands).is_empty());
    let symbol = bench.symbol();
    let money = ["capture2", "inventory2", "fees2"].map(|name| symbol[name].clone());
    assert_eq!((symbol["position"].clone(), money), (json!(200), [json!(0), json!(0), json!(0)]));
    let traded = ["maker_fills", "taker_fills", "volume"].map(|name| symbol[name].clone());
    assert_eq!(traded, [json!(0), json!(0), json!(0)], "nothing was traded in this run");
    assert_eq!(symbol["state"], json!("active"), "and no rule about fills heard of it");
    bench.fill(None, ("A", "0.002"), ("0.002", 21));
    assert_eq!(bench.symbol()["state"], json!("frozen"), "of an execution it does");
}

#[test]
fn the_same_events_give_the_same_commands() {
    let run = || {
        let mut bench = Bench::ready();
        let mut all: Vec<Vec<Command>> = Vec::new();
        for i in 0..200_i64 {
            bench.book(50_000 + (i * 7919) % 23);
            let commands = bench.decide();
            for command in &commands {
                let (cloid, answer) = match command {
                    Command::Place(place) => {
                        (place.cloid, json!({"Resting": {"oid": i, "left": place.size.0}}))
                    }
                    Command::Cancel { cloid, .. } => {
                        (*cloid, json!({"Cancelled": {"reason": "Asked", "left": LOTS}}))
                    }
                    Command::CancelAll { .. } | Command::ScheduleCancel { .. } => continue,
                };
                bench.event(&json!({"kind": "answer", "symbol": 0,
                    "cloid": format!("0x{:032x}", cloid.0), "answer": answer}));
            }
            all.push(commands);
        }
        all
    };
    let first = run();
    assert!(first.iter().filter(|commands| commands.len() > 2).count() > 100, "{first:?}");
    assert_eq!(first, run());
}

#[test]
fn with_patience_only_orders_too_near_the_touch_are_replaced_at_once() {
    let mut bench = Bench::ready();
    bench.event(&json!({"kind": "patience", "ns": 5_000 * MS}));
    let first = bench.decide();
    assert_eq!(placed(&first).len(), 4);
    for (cloid, _, _) in placed(&first) {
        bench.event(&json!({"kind": "answer", "symbol": 0, "cloid": format!("0x{cloid:032x}"),
            "answer": {"Resting": {"oid": 1, "left": 300}}}));
    }
    bench.book(50_050);
    let (bids, asks) = (Side::Bid, Side::Ask);
    let replaced = |commands: &[Command], side: Side| {
        let ids: Vec<u128> =
            placed(&first).iter().filter(|o| o.1 == side).map(|order| order.0).collect();
        let gone = |command: &&Command| matches!(command, Command::Cancel { cloid, .. } if ids.contains(&cloid.0));
        commands.iter().filter(gone).count()
    };
    let commands = bench.decide();
    assert_eq!((replaced(&commands, bids), replaced(&commands, asks)), (0, 2), "{commands:?}");
    for command in &commands {
        if let Command::Cancel { cloid, .. } = command {
            bench.event(&json!({"kind": "answer", "symbol": 0,
                "cloid": format!("0x{:032x}", cloid.0),
                "answer": {"Cancelled": {"reason": "Asked", "left": LOTS}}}));
        }
    }
    bench.later(5_000);
    bench.book(50_050);
    let commands = bench.decide();
    assert_eq!((replaced(&commands, bids), replaced(&commands, asks)), (2, 0), "{commands:?}");
}

#[test]
fn flattening_takes_until_nothing_is_held_and_quotes_nothing_else() {
    let mut bench = Bench::new();
    bench.event(&json!({"kind": "baseline", "symbol": 0, "position": 500, "since": T0,
        "trades": []}));
    bench.book(50_000);
    assert!(placed(&bench.decide()).len() > 1);
    bench.event(&json!({"kind": "flatten", "on": true}));
    bench.book(50_000);
    let withdrawn = bench.decide();
    assert_eq!((cancelled(&withdrawn), placed(&withdrawn).len()), (4, 0), "own orders go first");
    for command in &withdrawn {
        let Command::Cancel { cloid, .. } = command else { continue };
        bench.event(&json!({"kind": "answer", "symbol": 0,
            "cloid": format!("0x{:032x}", cloid.0),
            "answer": {"Cancelled": {"reason": "Asked", "left": LOTS}}}));
    }
    let closing: Vec<Command> =
        bench.decide().into_iter().filter(|command| matches!(command, Command::Place(_))).collect();
    let [Command::Place(place)] = closing[..] else {
        panic!("one order: {closing:?}, {}", bench.symbol())
    };
    assert_eq!((place.side, place.reduce_only, place.px.0), (Side::Ask, true, 499_990));
}

#[test]
fn a_run_begins_with_the_signals_that_its_description_holds() {
    let mut cold = spec();
    let minute = |i: i64| {
        let px = 50_000.0 + (i % 7) as f64;
        json!([i * 60_000, px, px + 1.0, px - 1.0, px, 1.0])
    };
    cold["symbols"][0]["candles"] = (0..100).map(minute).collect();
    let known = Bench::of(&cold).desk.signals().expect("signals");
    assert_ne!(Bench::new().desk.signals().expect("signals"), known);
    let mut warm = spec();
    warm["signals"] = json!(known.iter().map(|b| format!("{b:02x}")).collect::<String>());
    assert_eq!(Bench::of(&warm).desk.signals().expect("signals"), known);
    for hex in ["abc", "zz", "00ff"] {
        warm["signals"] = json!(hex);
        Desk::from_json(&warm.to_string()).expect_err(hex);
    }
}

#[test]
fn a_freeze_that_ends_by_itself_is_no_halt() {
    let mut careful = spec();
    careful["symbols"][0]["params"]["mmp_fills"] = json!(1);
    let mut bench = Bench::of(&careful);
    bench.event(&json!({"kind": "baseline", "symbol": 0, "position": 0, "since": T0,
        "trades": []}));
    bench.book(50_000);
    let (bid, _, _) = placed(&bench.decide())[0];
    bench.fill(Some(bid), ("B", "0.001"), ("0.0", 11));
    assert_eq!(bench.symbol()["state"], "frozen");
    bench.event(&json!({"kind": "halt", "symbol": null, "on": true}));
    assert_eq!(bench.symbol()["state"], "halted");
}

#[test]
fn malformed_input_is_named_and_changes_nothing() {
    let mut bench = Bench::ready();
    let now = UnixNanos(bench.now);
    let before = bench.desk.report(now);
    for frame in [&b"{"[..], b"{\"channel\":\"l2Book\",\"data\":{\"coin\":\"BTC\"}}", b"\xff\xfe"] {
        bench.desk.frame(frame, now).expect_err("malformed");
    }
    let events = [
        r#"{"kind":"answer","symbol":0,"cloid":"0x12","answer":"Filled"}"#,
        r#"{"kind":"baseline","symbol":9,"position":0,"since":0,"trades":[]}"#,
        r#"{"kind":"params","symbol":0,"params":{"base_spread_bps":-1}}"#,
        r#"{"kind":"params","symbol":0,"params":{"equity_floor_frac":0.1}}"#,
        r#"{"kind":"dance"}"#,
    ];
    for event in events {
        bench.desk.event(event, now).expect_err(event);
    }
    assert_eq!(bench.desk.report(now), before);
    bench.event(&json!({"kind": "params", "symbol": 0, "params": {"num_levels": 1}}));
    assert_eq!(placed(&bench.decide()).len(), 2);
}

fn sizes(commands: &[Command]) -> Vec<i64> {
    let size = |command: &Command| match command {
        Command::Place(place) => Some(place.size.0),
        Command::Cancel { .. } | Command::CancelAll { .. } | Command::ScheduleCancel { .. } => None,
    };
    commands.iter().filter_map(size).collect()
}

#[test]
fn a_share_scales_sizes_and_none_only_reduces() {
    let scaled = |scale: f64| {
        let mut bench = Bench::ready();
        bench.event(&json!({"kind": "scale", "symbol": 0, "scale": scale}));
        sizes(&bench.decide())
    };
    let (whole, half) = (scaled(1.0), scaled(0.5));
    assert_eq!(whole, sizes(&Bench::ready().decide()));
    assert_eq!(half, whole.iter().map(|size| size / 2).collect::<Vec<_>>());
    assert!(scaled(0.0).is_empty());
    let mut bench = Bench::ready();
    let order = placed(&bench.decide()).into_iter().find(|order| order.1 == Side::Bid);
    bench.fill(order.map(|order| order.0), ("B", "0.001"), ("0.0", 1));
    bench.event(&json!({"kind": "scale", "symbol": 0, "scale": 0.0}));
    for _ in 0..3 {
        let bids = placed(&bench.decide()).iter().filter(|order| order.1 == Side::Bid).count();
        assert_eq!(bids, 0, "nothing is bought beyond what is held");
    }
}

/// A bench that is left with so many lots after orders of both sides rested.
fn left_with(lots: i64, fee: &str) -> Bench {
    let mut bench = Bench::ready();
    let orders = placed(&bench.decide());
    let (bid, _, _) = *orders.iter().find(|order| order.1 == Side::Bid).expect("a bid");
    bench.fill_for((bench.now, fee), Some(bid), ("B", &format!("0.{lots:05}")), ("0.0", 1));
    bench
}

/// Decide until nothing is under way any more; every request is answered as the venue would.
fn settle(bench: &mut Bench) -> Vec<(Side, i64)> {
    for _ in 0..5 {
        bench.book(50_000);
        for command in bench.decide() {
            let (cloid, answer) = match command {
                Command::Place(place) => {
                    (place.cloid, json!({"Resting": {"oid": 1, "left": place.size.0}}))
                }
                Command::Cancel { cloid, .. } => {
                    (cloid, json!({"Cancelled": {"reason": "Asked", "left": LOTS}}))
                }
                Command::CancelAll { .. } | Command::ScheduleCancel { .. } => continue,
            };
            let cloid = format!("0x{:032x}", cloid.0);
            bench.event(&json!({"kind": "answer", "symbol": 0, "cloid": cloid, "answer": answer}));
        }
    }
    let symbol = bench.symbol();
    let rows = symbol["orders"].as_array().expect("orders").clone();
    let side = |row: &Value| if row["side"] == "ask" { Side::Ask } else { Side::Bid };
    rows.iter().map(|row| (side(row), row["left"].as_i64().expect("lots"))).collect()
}

#[test]
fn an_account_that_may_only_reduce_closes_what_it_holds_and_no_more() {
    let whole = sizes(&Bench::ready().decide())[0];
    assert!(whole > 120, "a whole order is larger than what is held: {whole}");
    for held in [120, whole - 1] {
        let mut bench = left_with(held, "26.0");
        let orders = settle(&mut bench);
        assert_eq!(bench.symbol()["state"], "reducing");
        assert_eq!(orders, [(Side::Ask, held)], "{}", bench.symbol());
        let refused = bench.symbol()["refusals"]["reducing"].as_i64().unwrap_or(0);
        assert!(refused <= 2, "it waits for the cancel of the larger order: {refused}");
    }
}

#[test]
fn the_loss_of_earlier_runs_of_the_day_counts_on() {
    let state = |earned_today: i64| {
        let mut spec = spec();
        spec["earned_today"] = json!(earned_today * 1_000_000);
        let mut bench = Bench::of(&spec);
        let held = json!({"kind": "baseline", "symbol": 0, "position": 120, "since": T0,
            "trades": []});
        bench.event(&held);
        let orders = settle(&mut bench).len();
        (bench.symbol()["state"].clone(), orders)
    };
    assert_eq!(state(0), (json!("active"), 4));
    assert_eq!(state(-25), (json!("active"), 4), "a loss as great as the limit is allowed");
    assert_eq!(state(-26), (json!("reducing"), 1), "2.5 % of what the day began with are lost");
    assert_eq!(state(-54), (json!("halted"), 0));
    assert_eq!(state(40), (json!("active"), 4));
}

#[test]
fn what_is_worth_less_than_the_least_order_is_not_wished_for_again_and_again() {
    let mut bench = left_with(19, "26.0");
    assert_eq!(settle(&mut bench), []);
    assert_eq!(bench.symbol()["state"], "reducing");
    assert_eq!(bench.symbol()["refusals"], json!({}));
}

#[test]
fn a_share_of_nothing_closes_what_is_held_and_no_more() {
    let mut bench = left_with(120, "0.01");
    bench.event(&json!({"kind": "scale", "symbol": 0, "scale": 0.0}));
    assert_eq!(settle(&mut bench), [(Side::Ask, 120)]);
}

#[test]
fn a_scale_beyond_the_largest_order_is_refused() {
    let mut bench = Bench::ready();
    for scale in [-0.1, 2.1, 1e9] {
        let event = json!({"kind": "scale", "symbol": 0, "scale": scale}).to_string();
        let refused = bench.desk.event(&event, UnixNanos(bench.now)).expect_err("refused");
        assert!(refused.to_string().contains("order_value_factor"), "{refused}");
    }
}

#[test]
fn earlier_profit_compounds_and_survives_other_parameters() {
    let quoted = |retained: i64, reloads: bool| {
        let mut spec = spec();
        let minute = |i: i64| {
            let px = 50_000.0 + (i % 7) as f64;
            json!([T0 / MS - (180 - i) * 60_000, px, px + 1.0, px - 1.0, px, 1.0])
        };
        spec["symbols"][0]["candles"] = (0..180).map(minute).collect();
        spec["symbols"][0]["retained"] = json!(retained);
        spec["symbols"][0]["params"] = json!({"mode": "bps", "compound": true,
            "toxicity": false, "bias_strength": 0.0, "strategy": "basic"});
        let mut bench = Bench::of(&spec);
        bench.event(&json!({"kind": "baseline", "symbol": 0, "position": 0, "since": T0,
            "trades": []}));
        bench.book(50_000);
        if reloads {
            let params = json!({"base_spread_bps": 3.0});
            bench.event(&json!({"kind": "params", "symbol": 0, "params": params}));
        }
        let sizes = sizes(&bench.decide());
        assert!(!sizes.is_empty());
        sizes
    };
    let (plain, grown) = (quoted(0, false), quoted(500_000_000, false));
    assert!(grown.iter().zip(&plain).all(|(more, size)| more > size), "{grown:?} {plain:?}");
    assert_eq!(quoted(500_000_000, true), grown);
}
