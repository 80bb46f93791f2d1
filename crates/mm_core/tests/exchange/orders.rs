//! Orders — what accounts may ask of the exchange, what becomes of their orders, and where money goes.

use crate::case::answer;
use crate::case::order;
use crate::case::with;
use crate::case::Case;
use crate::case::ANN;
use crate::case::BLOCK;
use crate::case::BOB;
use crate::case::USD;
use mm_core::sim::exchange::Exchange;
use mm_core::sim::exchange::ExchangeSpec;
use mm_core::sim::rules::Agent;
use mm_core::sim::rules::Refusal;
use mm_core::units::UnixNanos;
use serde_json::json;
use serde_json::Value;

const HOUR: i64 = 3_600_000_000_000;

fn oid(item: &Value) -> u64 {
    let placed = ["resting", "filled", "waiting"].into_iter().find_map(|key| item.get(key));
    placed.and_then(|placed| placed["oid"].as_u64()).unwrap_or_else(|| panic!("not placed: {item}"))
}

fn code(item: &Value) -> &str {
    item["error"]["code"].as_str().unwrap_or_else(|| panic!("not refused: {item}"))
}

#[test]
fn takers_meet_the_displayed_book_then_the_orders_of_others_at_one_price() {
    let mut case = Case::new(json!({}));
    case.place(BOB, order("ask", 101_000, 50_000, "alo"));
    case.place(BOB, order("ask", 100_500, 10_000, "alo"));
    let item = case.place(ANN, order("bid", 101_000, 120_000, "ioc"));
    assert_eq!(item["filled"]["size"], 120_000);
    let taken = case.fills(ANN);
    let bid = |px, size| ("bid".to_owned(), px, size, true);
    assert_eq!(taken, [bid(100_500, 10_000), bid(101_000, 100_000), bid(101_000, 10_000)]);
    let made = case.fills(BOB);
    let ask = |px, size| ("ask".to_owned(), px, size, false);
    assert_eq!(made, [ask(100_500, 10_000), ask(101_000, 10_000)]);
    let ids: Vec<&Value> =
        case.events.iter().filter(|e| e["e"] == "fill").map(|e| &e["tid"]).collect();
    assert_eq!(ids[0], ids[1], "both sides of a trade bear one id");
}

#[test]
fn an_order_of_its_own_owner_is_cancelled_and_not_traded_with() {
    let mut case = Case::new(json!({}));
    case.place(ANN, order("ask", 100_500, 10_000, "alo"));
    let item = case.place(ANN, order("bid", 100_500, 10_000, "gtc"));
    assert!(item.get("resting").is_some(), "{item}");
    assert_eq!(case.words(ANN), ["selfTradeCanceled", "open"]);
    assert_eq!(case.fills(ANN), []);
    assert_eq!(case.account(ANN)["cash"], 100_000 * USD);
}

#[test]
fn post_only_that_would_match_names_the_touch_with_own_orders_in_it() {
    let mut case = Case::new(json!({}));
    case.place(BOB, order("ask", 100_500, 10_000, "alo"));
    let item = case.place(ANN, order("bid", 100_500, 10_000, "alo"));
    let refused = json!({"error": {"code": "would_match", "bid": 990_000, "ask": 1_005_000}});
    assert_eq!(item, refused);
    assert_eq!(case.words(ANN), ["badAloPxRejected"]);
}

#[test]
fn each_defect_of_an_order_has_its_word() {
    let mut case = Case::new(json!({}));
    let good = order("bid", 99_000, 10_000, "alo");
    let rows = [
        (json!({"px": 999_999}), "tick"),
        (json!({"size": 0}), "zero_size"),
        (json!({"size": -1}), "bad_size"),
        (json!({"px": 0}), "bad_price"),
        (json!({"size": 10}), "min_notional"),
        (json!({"reduce_only": true}), "reduce_only"),
        (json!({"size": 5_000_000}), "margin"),
        (json!({"tif": "ioc"}), "no_liquidity"),
        (json!({"coin": 9}), "unsupported"),
        (json!({"flaw": "bad_size", "px": 0, "size": 0}), "bad_size"),
        (json!({"trigger": {"px": 990_001, "is_market": true, "kind": "tp"}}), "trigger_price"),
    ];
    for (change, word) in rows {
        let item = case.place(ANN, with(good.clone(), change));
        assert_eq!(code(&item), word);
    }
    assert_eq!(case.audit(ANN)["accepted"], 0);
    let far = case
        .ask(ANN, &json!({"type": "order", "orders": [good, order("bid", 10_000, 10_000, "alo")]}));
    assert_eq!(far["err"]["code"], "far_price", "the whole batch is refused");
}

#[test]
fn a_modify_that_fails_has_lost_the_old_order() {
    let mut case = Case::new(json!({}));
    let old = oid(&case.place(ANN, order("bid", 99_000, 10_000, "alo")));
    let modify = |order: Value| {
        json!({"type": "modify", "always_place": false,
        "modifies": [{"oid": old, "order": order}]})
    };
    let crossing = case.ask(ANN, &modify(order("bid", 101_000, 10_000, "gtc")));
    let error = &crossing["ok"][0]["error"];
    assert_eq!(
        (&error["code"], &error["inner"]["code"]),
        (&json!("modify_failed"), &json!("would_match"))
    );
    assert_eq!(case.words(ANN), ["badAloPxRejected", "canceled"]);
    assert_eq!(answer(case.exchange.orders(ANN)), json!([]));
    let again = case.ask(ANN, &modify(order("bid", 99_000, 10_000, "alo")));
    assert_eq!(again["ok"][0]["error"]["code"], "cannot_modify");
    let mut always = modify(order("bid", 99_000, 10_000, "alo"));
    always["always_place"] = json!(true);
    let placed = case.ask(ANN, &always);
    assert!(placed["ok"][0].get("resting").is_some(), "{placed}");
}

#[test]
fn a_modify_is_a_new_order_told_before_the_end_of_the_old_one() {
    let mut case = Case::new(json!({}));
    let id = "0x0000000000000000000000000000abcd";
    let mine = with(order("bid", 99_000, 10_000, "alo"), json!({"cloid": id}));
    let old = oid(&case.place(ANN, mine.clone()));
    let moved = with(mine, json!({"px": 990_100}));
    let reply =
        case.ask(ANN, &json!({"type": "modify", "modifies": [{"cloid": id, "order": moved}]}));
    let new = oid(&reply["ok"][0]);
    assert!(new > old);
    assert_eq!(case.words(ANN), ["open", "canceled"]);
    let found = answer(case.exchange.order(ANN, None, Some(id)));
    assert_eq!((&found["oid"], &found["status"]), (&json!(new), &json!("open")));
    assert_eq!(case.audit(ANN)["doubled"], json!([[id, 2]]));
}

#[test]
fn a_cancel_comes_before_the_takers_of_its_block_and_post_only_before_both() {
    let mut case = Case::new(json!({}));
    let mine = oid(&case.place(BOB, order("ask", 100_500, 10_000, "alo")));
    let taking =
        case.send(ANN, &json!({"type": "order", "orders": [order("bid", 100_500, 10_000, "ioc")]}));
    let cancel = case.send(BOB, &json!({"type": "cancel", "cancels": [{"coin": 0, "oid": mine}]}));
    let posting =
        case.send(BOB, &json!({"type": "order", "orders": [order("ask", 100_400, 10_000, "alo")]}));
    let replies = case.step();
    let order_of: Vec<u64> =
        replies.iter().map(|r| r["ticket"].as_u64().expect("a ticket")).collect();
    assert_eq!(order_of, [posting, cancel, taking]);
    assert_eq!(case.fills(ANN), [("bid".to_owned(), 100_400, 10_000, true)]);
}

#[test]
fn a_cancel_beats_the_markets_taker_of_its_block() {
    let mut case = Case::new(json!({}));
    let mine = oid(&case.place(ANN, order("ask", 100_500, 10_000, "alo")));
    let sweep = json!([{"kind": "trade", "side": "bid", "px": 1_010_000, "qty": 100_000}]);
    case.exchange.inject(0, &sweep.to_string()).expect("a lawful row");
    let done = case.ask(ANN, &json!({"type": "cancel", "cancels": [{"coin": 0, "oid": mine}]}));
    assert_eq!(done["ok"], json!([{"success": true}]));
    assert_eq!(case.fills(ANN), []);
    let late = case.ask(ANN, &json!({"type": "cancel", "cancels": [{"coin": 0, "oid": mine}]}));
    assert_eq!(code(&late["ok"][0]), "never_placed");
}

#[test]
fn one_print_fills_everybodys_orders_once_in_order_of_price_and_arrival() {
    let mut case = Case::new(json!({}));
    case.place(ANN, order("ask", 100_500, 10_000, "alo"));
    case.place(BOB, order("ask", 100_500, 10_000, "alo"));
    case.place(BOB, order("ask", 100_400, 10_000, "alo"));
    let print = json!([{"kind": "trade", "side": "bid", "px": 1_005_000, "qty": 25_000}]);
    case.exchange.inject(0, &print.to_string()).expect("a lawful row");
    case.step();
    let ask = |px, size| ("ask".to_owned(), px, size, false);
    assert_eq!(case.fills(BOB), [ask(100_400, 10_000), ask(100_500, 5_000)]);
    assert_eq!(case.fills(ANN), [ask(100_500, 10_000)]);
}

#[test]
fn reduce_only_is_capped_and_never_turns_a_position() {
    let mut case = Case::new(json!({}));
    case.place(ANN, order("bid", 101_000, 10_000, "ioc"));
    let reduce =
        |side: &str, px, tif| with(order(side, px, 50_000, tif), json!({"reduce_only": true}));
    let wrong = case.place(ANN, reduce("bid", 99_000, "alo"));
    assert_eq!(code(&wrong), "reduce_only");
    case.place(ANN, reduce("ask", 100_800, "alo"));
    assert_eq!(answer(case.exchange.orders(ANN))[0]["size"], 10_000);
    let item = case.place(ANN, reduce("ask", 99_000, "ioc"));
    assert_eq!(item["filled"]["size"], 10_000);
    assert_eq!(case.account(ANN)["positions"], json!([]));
    let print = json!([{"kind": "trade", "side": "bid", "px": 1_010_000, "qty": 900_000}]);
    case.exchange.inject(0, &print.to_string()).expect("a lawful row");
    case.step();
    assert_eq!(case.words(ANN), ["reduceOnlyCanceled"]);
    assert_eq!(case.account(ANN)["positions"], json!([]));
}

#[test]
fn newer_reduce_only_orders_push_out_the_older_ones_beyond_the_position() {
    let mut case = Case::new(json!({}));
    case.place(ANN, order("bid", 101_000, 10_000, "ioc"));
    let reduce = |px, size| with(order("ask", px, size, "alo"), json!({"reduce_only": true}));
    case.place(ANN, reduce(101_500, 6_000));
    case.place(ANN, reduce(101_600, 6_000));
    assert_eq!(case.words(ANN), ["open", "reduceOnlyCanceled"]);
}

#[test]
fn an_order_without_margin_when_it_would_trade_is_cancelled() {
    let mut case = Case::new(json!({}));
    // 20x: 19 coins of 100,000 dollars need 95,000.
    case.place(ANN, order("bid", 99_500, 1_900_000, "alo"));
    case.exchange.transfer(ANN, BOB, 50_000 * USD).expect("orders do not hold the money");
    case.place(BOB, order("ask", 99_500, 1_900_000, "ioc"));
    assert_eq!(case.words(ANN), ["marginCanceled"]);
    assert_eq!(case.fills(ANN), []);
    assert_eq!(case.words(BOB), ["iocCancelRejected"]);
}

#[test]
fn funding_is_size_times_oracle_times_rate_on_the_hour_toward_zero() {
    let mut case = Case::new(json!({}));
    case.place(ANN, order("bid", 101_000, 12_345, "ioc"));
    case.mark(99_999, 99_997);
    case.advance(BLOCK);
    let before = case.account(ANN)["cash"].as_i64().expect("money");
    case.advance(HOUR);
    // 0.12345 x 99,997 x 0.0000125 = 0.154307870...
    let paid: Vec<&Value> = case.events.iter().filter(|e| e["e"] == "funding").collect();
    assert_eq!(paid.len(), 1);
    assert_eq!(paid[0]["received"], -154_307);
    assert_eq!(case.account(ANN)["cash"], before - 154_307);
    assert!(paid[0]["at"].as_i64().expect("a time") % HOUR < BLOCK);
    assert_eq!(case.account(ANN)["positions"][0]["funding_since_open"], -154_307);
}

#[test]
fn fees_are_cut_toward_zero_and_closed_profit_leaves_them_out() {
    let mut case = Case::new(json!({}));
    case.place(ANN, order("bid", 101_000, 333, "ioc"));
    let fill = case.events.iter().find(|e| e["e"] == "fill").expect("a fill").clone();
    // 336.33 dollars x 0.00045 = 0.1513485.
    assert_eq!((&fill["fee"], &fill["closed_pnl"]), (&json!(151_348), &json!(0)));
    assert_eq!(fill["dir"], "Open Long");
    case.place(ANN, order("ask", 99_000, 333, "ioc"));
    let fill = case.events.iter().find(|e| e["e"] == "fill").expect("a fill").clone();
    assert_eq!((&fill["closed_pnl"], &fill["before"]), (&json!(-6_660_000), &json!(333)));
    assert_eq!(fill["dir"], "Close Long");
}

#[test]
fn below_maintenance_the_venue_closes_the_position() {
    let mut case = Case::new(json!({}));
    case.book(&[(99_000, 90)], &[(101_000, 90)]);
    case.step();
    case.ask(ANN, &json!({"type": "update_leverage", "coin": 0, "cross": true, "leverage": 40}));
    case.place(ANN, order("bid", 101_000, 2_000_000, "ioc"));
    case.place(ANN, order("bid", 90_000, 1_000, "alo"));
    case.book(&[(96_500, 90)], &[(97_500, 90)]);
    case.mark(97_000, 97_000);
    case.step();
    let words = case.words(ANN);
    assert!(words.contains(&"liquidatedCanceled".to_owned()), "{words:?}");
    let fill = case.events.iter().find(|e| e["e"] == "fill").expect("a fifth is closed");
    assert_eq!((&fill["dir"], &fill["liquidated"]), (&json!("Liquidated Cross Long"), &json!(ANN)));
    assert_eq!(fill["size"], 400_000);
    case.step();
    assert_eq!(sizes(&case), [1_600_000], "that was not enough");
    let account = case.account(ANN);
    assert_eq!(account["positions"], json!([]));
    assert!(account["cash"].as_i64() >= Some(0), "the venue takes over what is owed: {account}");
    assert_eq!(case.audit(ANN)["ledger_sum"], 0);
}

fn sizes(case: &Case) -> Vec<i64> {
    case.fills(ANN).iter().map(|fill| fill.2).collect()
}

#[test]
fn a_large_position_loses_a_fifth_and_within_half_a_minute_the_rest() {
    let fall = |case: &mut Case, px: i64| {
        case.book(&[(px, 900)], &[(px + 100, 900)]);
        case.mark(px, px);
        case.step();
        sizes(case)
    };
    let long = |lots: i64| {
        let mut case = Case::new(json!({}));
        case.book(&[(99_900, 900)], &[(100_000, 900)]);
        case.mark(100_000, 100_000);
        case.step();
        let leverage = json!({"type": "update_leverage", "coin": 0, "cross": true, "leverage": 40});
        case.ask(ANN, &leverage);
        case.place(ANN, order("bid", 100_000, lots, "ioc"));
        assert_eq!(sizes(&case), [lots]);
        case
    };
    // 30 coins: 98,650 of 100,000 dollars are left after the fee; the 30th part is the fall a coin.
    let mut case = long(3_000_000);
    assert_eq!(fall(&mut case, 98_100), [0_i64; 0], "41,650 left, 36,787 are needed");
    assert_eq!(fall(&mut case, 97_900), [600_000], "35,650 left of 36,712");
    assert_eq!(case.account(ANN)["positions"][0]["size"], 2_400_000);
    assert_eq!(fall(&mut case, 97_900), [0_i64; 0], "a fifth was enough");
    case.advance(20_000_000_000);
    assert_eq!(fall(&mut case, 97_000), [2_400_000], "below once more within half a minute");
    let mut case = long(3_000_000);
    assert_eq!(fall(&mut case, 97_900), [600_000]);
    case.advance(31_000_000_000);
    assert_eq!(fall(&mut case, 97_000), [480_000], "a fifth again");
}

#[test]
fn a_position_of_a_hundred_thousand_dollars_is_closed_whole() {
    let mut case = Case::new(json!({}));
    case.ask(ANN, &json!({"type": "update_leverage", "coin": 0, "cross": false, "leverage": 40}));
    case.place(ANN, order("bid", 101_000, 90_000, "ioc"));
    case.book(&[(98_000, 9)], &[(98_100, 9)]);
    case.mark(98_000, 98_000);
    case.step();
    assert_eq!(sizes(&case), [90_000]);
}

#[test]
fn the_liquidation_price_is_where_value_meets_maintenance() {
    let mut case = Case::new(json!({}));
    for (side, px) in [("bid", 101_000), ("ask", 99_000)] {
        case.place(ANN, order(side, px, 100_000, "ioc"));
        let account = case.account(ANN);
        let position = &account["positions"][0];
        let size = position["size"].as_i64().unwrap_or(0);
        if size == 0 {
            case.place(ANN, order(side, px, 100_000, "ioc"));
            continue;
        }
        let at = position["liquidation_px"].as_i64().expect("a price") as f64 / 1e8;
        let coins = size as f64 / 1e5;
        let raw = account["raw"].as_i64().expect("money") as f64 / 1e6;
        let (value, maintenance) = (raw + coins * at, coins.abs() * at / 80.0);
        assert!((value - maintenance).abs() < 0.01, "{value} {maintenance} at {at}");
    }
}

#[test]
fn isolated_money_follows_the_position() {
    let mut case = Case::new(json!({}));
    let isolated = json!({"type": "update_leverage", "coin": 0, "cross": false, "leverage": 10});
    assert_eq!(case.ask(ANN, &isolated)["done"], true);
    case.place(ANN, order("bid", 101_000, 10_000, "ioc"));
    let account = case.account(ANN);
    assert_eq!(account["positions"][0]["margin"], 1_010 * USD);
    let cross = json!({"type": "update_leverage", "coin": 0, "cross": true, "leverage": 10});
    assert_eq!(case.ask(ANN, &cross)["err"]["code"], "leverage_switch");
    let add = json!({"type": "update_isolated_margin", "coin": 0, "amount": 90 * USD});
    assert_eq!(case.ask(ANN, &add)["done"], true);
    assert_eq!(case.account(ANN)["positions"][0]["margin"], 1_100 * USD);
    assert_eq!(case.ask(BOB, &add)["err"]["code"], "not_isolated");
    case.place(ANN, order("ask", 99_000, 5_000, "ioc"));
    assert_eq!(case.account(ANN)["positions"][0]["margin"], 550 * USD);
}

#[test]
fn a_stop_waits_for_the_mark_and_then_takes() {
    let mut case = Case::new(json!({}));
    case.place(ANN, order("bid", 101_000, 10_000, "ioc"));
    let trigger = json!({"px": 980_000, "is_market": true, "kind": "sl"});
    let stop =
        with(order("ask", 90_000, 10_000, "gtc"), json!({"reduce_only": true, "trigger": trigger}));
    let item = case.place(ANN, stop);
    assert!(item.get("waiting").is_some(), "{item}");
    case.mark(98_001, 98_001);
    case.step();
    assert_eq!(case.fills(ANN), []);
    case.mark(98_000, 98_000);
    case.step();
    assert_eq!(case.words(ANN), ["triggered", "filled"]);
    assert_eq!(case.fills(ANN), [("ask".to_owned(), 99_000, 10_000, true)]);
}

#[test]
fn a_scheduled_cancel_takes_every_order_at_its_time() {
    let mut case = Case::new(json!({}));
    case.place(ANN, order("bid", 99_000, 10_000, "alo"));
    let at = case.exchange.now().0 + 6_000_000_000;
    let set = json!({"type": "schedule_cancel", "at": at});
    let poor = case.ask(ANN, &set);
    let refused = json!({"code": "schedule_volume", "required": 1_000_000, "traded": 0});
    assert_eq!(poor["err"], refused);
    let rich = json!({"cum_volume": 1_000_000 * USD}).to_string();
    case.exchange.set_limits(ANN, &rich).expect("a known account");
    assert_eq!(case.ask(ANN, &set)["done"], true);
    case.advance(5_000_000_000);
    assert_eq!(case.words(ANN), Vec::<String>::new());
    case.advance(1_000_000_000);
    assert_eq!(case.words(ANN), ["scheduledCancel"]);
}

#[test]
fn whole_actions_are_refused_in_the_venues_order() {
    let mut case = Case::new(json!({"rules": {"budget_free": 3}}));
    let noop = json!({"type": "noop"}).to_string();
    let now = case.exchange.now();
    let nonce = now.0 as u64 / 1_000_000;
    let nobody = "0x00000000000000000000000000000000000000cc";
    let sent = [
        ((nobody, None), nonce, None),
        ((ANN, Some(BOB)), nonce, None),
        ((ANN, None), nonce, None),
        ((ANN, None), nonce, None),
        ((ANN, None), 1, None),
        ((BOB, None), nonce, Some(now)),
        ((BOB, None), nonce + 1, None),
        ((BOB, None), nonce + 2, None),
    ];
    for ((signer, vault), nonce, expires) in sent {
        case.exchange.submit((signer, vault), &noop, nonce, expires).expect("a lawful action");
    }
    let replies = case.step();
    let codes: Vec<&str> =
        replies.iter().map(|r| r["err"]["code"].as_str().unwrap_or("done")).collect();
    let expected = [
        "unknown_signer",
        "vault",
        "done",
        "duplicate_nonce",
        "nonce_window",
        "expired",
        "done",
        "budget",
    ];
    assert_eq!(codes, expected, "the slot lets one action pass without budget");
    let bob = answer(case.exchange.limits(BOB));
    assert_eq!(bob["requests_used"], 6, "an expired action costs five");
    let empty = case.ask(ANN, &json!({"type": "order", "orders": []}));
    assert_eq!(empty["err"]["code"], "empty");
}

#[test]
fn an_agent_acts_for_its_account_until_it_is_revoked() {
    let mut case = Case::new(json!({}));
    let key = "0x00000000000000000000000000000000000000CC";
    let agent = Agent { address: key.to_owned(), name: "desk".to_owned(), valid_until: None };
    case.exchange.approve_agent(ANN, agent.clone()).expect("a new agent");
    assert!(case.exchange.approve_agent(BOB, agent).is_err(), "it is another's");
    case.place(key, order("bid", 99_000, 10_000, "alo"));
    assert_eq!(case.words(ANN), ["open"]);
    assert!(case.exchange.revoke_agent(ANN, key));
    let refused = case.ask(key, &json!({"type": "noop"}));
    assert_eq!(refused["err"], json!({"code": "unknown_signer", "signer": key.to_lowercase()}));
}

#[test]
fn a_part_of_an_account_has_its_own_money() {
    let mut case = Case::new(json!({}));
    let part = "0x00000000000000000000000000000000000000dd";
    case.exchange.sub_account(ANN, part, "part").expect("a new part");
    case.exchange.transfer(ANN, part, 1_000 * USD).expect("money moves");
    let orders =
        json!({"type": "order", "orders": [order("bid", 99_000, 1_000, "alo")]}).to_string();
    let nonce = case.exchange.now().0 as u64 / 1_000_000;
    case.exchange.submit((ANN, Some(part)), &orders, nonce, None).expect("a lawful action");
    case.step();
    assert_eq!(case.words(part), ["open"]);
    let strange = case.exchange.submit((BOB, Some(part)), &orders, nonce, None);
    let ticket = strange.expect("a lawful action");
    let reply = case.step().into_iter().find(|r| r["ticket"] == ticket).expect("an answer");
    assert_eq!(reply["err"]["code"], "vault");
}

#[test]
fn money_moves_only_where_it_is_free() {
    let mut case = Case::new(json!({}));
    let stranger = "0x00000000000000000000000000000000000000ee";
    let word = |result: Result<(), Refusal>| result.expect_err("it is refused");
    let nobody = word(case.exchange.transfer(stranger, ANN, USD));
    assert_eq!(nobody, Refusal::MustDeposit { user: stranger.to_owned() });
    assert_eq!(word(case.exchange.transfer(ANN, BOB, 100_001 * USD)), Refusal::Funds);
    assert_eq!(word(case.exchange.transfer(ANN, BOB, -1)), Refusal::Funds);
    case.place(ANN, order("bid", 101_000, 100_000, "ioc"));
    let free = case.account(ANN)["withdrawable"].as_i64().expect("money");
    assert!(case.exchange.deposit(ANN, -free - 1).is_err());
    case.exchange.deposit(ANN, -free).expect("it is free");
    let buy = json!({"type": "reserve_weight", "weight": 1});
    assert_eq!(case.ask(ANN, &buy)["err"]["code"], "funds");
    assert_eq!(case.ask(BOB, &buy)["done"], true);
    assert_eq!(case.account(BOB)["cash"], 100_000 * USD - 500);
    let high = json!({"type": "update_leverage", "coin": 0, "cross": true, "leverage": 41});
    assert_eq!(case.ask(BOB, &high)["err"], json!({"code": "leverage", "max": 40}));
}

#[test]
fn what_is_no_specification_is_refused_with_its_name() {
    let coin = json!({"name": "BTC", "size_decimals": 5, "max_leverage": 40,
        "source": {"kind": "pushed"}});
    let rows = [
        (json!({"start_ns": 1, "coins": []}), "coins"),
        (json!({"start_ns": 1, "coins": [with(coin.clone(), json!({"max_leverage": 0}))]}), "BTC"),
        (json!({"start_ns": 1, "block_ns": 0, "coins": [coin.clone()]}), "block_ns"),
        (json!({"start_ns": 1, "coins": [coin.clone()], "speed": 2}), "speed"),
        (json!({"start_ns": 1, "coins": [coin.clone()], "queue": "fifo"}), "queue model"),
        (json!({"start_ns": 1, "coins": [coin], "through_fill": "none"}), "through_fill"),
    ];
    for (spec, name) in rows {
        let made = ExchangeSpec::parse(&spec.to_string()).and_then(|spec| Exchange::new(&spec));
        let error = made.expect_err("it is refused").to_string();
        assert!(error.contains(name), "{error} names {name}");
    }
}

#[test]
fn only_a_synthetic_market_is_shocked_and_only_a_pushed_one_is_fed() {
    let mut case = Case::new(json!({}));
    assert!(case.exchange.shock(0, 100.0).is_err());
    assert!(case.exchange.push_frame(9, UnixNanos(0), b"{}").is_err());
    let coins = json!([{"name": "BTC", "size_decimals": 5, "max_leverage": 40,
        "source": {"kind": "synthetic"}}]);
    let mut case = Case::of(coins, json!({}));
    assert!(case.exchange.push_frame(0, UnixNanos(0), b"{}").is_err());
    case.advance(60_000_000_000);
    let mid = |case: &Case| answer(case.exchange.context(0))["mid"].as_i64().expect("a mid") as f64;
    let before = mid(&case);
    case.exchange.shock(0, -200.0).expect("it is synthetic");
    case.advance(20_000_000_000);
    assert!((mid(&case) / before - 0.98).abs() < 0.005, "{before} became {}", mid(&case));
}

#[test]
fn no_block_comes_while_frozen() {
    let mut case = Case::new(json!({}));
    let now = case.exchange.now();
    case.exchange.freeze(UnixNanos(now.0 + 10 * BLOCK));
    case.advance(9 * BLOCK);
    assert_eq!(case.exchange.now(), now);
    case.advance(10 * BLOCK);
    assert_eq!(case.exchange.now().0, now.0 + 10 * BLOCK);
}

#[test]
fn the_open_order_cap_refuses_what_is_beyond_it() {
    let mut case = Case::new(json!({"rules": {"open_orders_max": 2}}));
    for _ in 0..2 {
        case.place(ANN, order("bid", 99_000, 1_000, "alo"));
    }
    let item = case.place(ANN, order("bid", 99_000, 1_000, "alo"));
    assert_eq!(code(&item), "too_many_orders");
}
