//! Decoders: each documented payload, each refusal, and whole sessions through the merger.

use mm_core::book::Merger;
use mm_core::error::CoreError;
use mm_core::event::streams;
use mm_core::event::CancelReason;
use mm_core::event::ContextKind;
use mm_core::event::FeedMessage;
use mm_core::event::Frame;
use mm_core::event::FrameKind;
use mm_core::event::OrderAnswer;
use mm_core::event::RejectReason;
use mm_core::event::Rows;
use mm_core::fees::Liquidity;
use mm_core::instrument::Venue;
use mm_core::units::Cash;
use mm_core::units::Cloid;
use mm_core::units::Lots;
use mm_core::units::Side;
use mm_core::units::SymbolIx;
use mm_core::units::UnixNanos;
use mm_core::units::VenueOrderId;
use mm_core::wire::decode;
use mm_core::wire::scan_scales;
use mm_core::wire::Control;
use mm_core::wire::Decoded;
use mm_core::wire::Scales;
use std::collections::BTreeMap;

const SCALES: Scales = Scales { px_decimals: 2, size_decimals: 5 };

fn say(venue: Venue, frame: &str) -> Result<Decoded<'_>, CoreError> {
    decode(venue, frame.as_bytes(), &|symbol| (symbol != "OTHER").then_some(SCALES))
}

fn hl(frame: &str) -> Decoded<'_> {
    say(Venue::Hyperliquid, frame).unwrap()
}

fn binance(frame: &str) -> Decoded<'_> {
    say(Venue::Binance, frame).unwrap()
}

fn bybit(frame: &str) -> Decoded<'_> {
    say(Venue::Bybit, frame).unwrap()
}

fn refusal(venue: Venue, frame: &str) -> String {
    say(venue, frame).unwrap_err().to_string()
}

fn feed(decoded: Decoded<'_>) -> (String, &'static str, FeedMessage) {
    match decoded {
        Decoded::Feed { symbol, channel, message } => (symbol.to_owned(), channel, message),
        other => panic!("not market data: {other:?}"),
    }
}

fn frame(decoded: Decoded<'_>) -> Frame {
    match feed(decoded).2 {
        FeedMessage::Book(frame) => frame,
        other => panic!("not a book: {other:?}"),
    }
}

fn pairs(frame: &Frame) -> [Vec<(i64, i64)>; 2] {
    [&frame.bids, &frame.asks].map(|side| side.iter().map(|l| (l.px.0, l.qty.0)).collect())
}

#[test]
fn hyperliquid_books_default_and_fast_in_both_key_orders() {
    let book = frame(hl(
        r#"{"channel":"l2Book","data":{"coin":"BTC","time":1790232236546,"levels":[[{"px":"84143.0","sz":"10.25923","n":36}],[{"px":"84144.0","sz":"50.66449","n":18},{"px":"84150.0","sz":"0.00711","n":2}]]}}"#,
    ));
    assert_eq!(book.kind, FrameKind::Snapshot { depth: 20 });
    assert_eq!((book.ts_exch.0, book.stream), (1_790_232_236_546_000_000, streams::BOOK));
    assert_eq!(
        pairs(&book),
        [vec![(8_414_300, 1_025_923)], vec![(8_414_400, 5_066_449), (8_415_000, 711)]]
    );
    assert_eq!(book.bids[0].n, 36);
    let fast = frame(hl(
        r#"{"channel":"l2Book","data":{"coin":"BTC","levels":[[],[]],"time":1790232236546,"fast":true}}"#,
    ));
    assert_eq!(fast.kind, FrameKind::Snapshot { depth: 5 });
    assert_eq!(fast.stream, streams::FAST);
    let spaced = frame(hl(
        r#" { "channel" : "l2Book", "data" : { "levels" : [ [ { "n": 1, "sz": "1.5", "px": "2" } ], [ ] ], "more": {"a": [1]}, "coin" : "BTC", "time" : 1790232236546 } } "#,
    ));
    assert_eq!(pairs(&spaced), [vec![(200, 150_000)], vec![]]);
}

#[test]
fn hyperliquid_touch_trades_and_context() {
    let bbo = frame(hl(
        r#"{"channel":"bbo","data":{"coin":"BTC","time":1790358617881,"bbo":[null,{"px":"83758.0","sz":"0.00016","n":1}]}}"#,
    ));
    assert_eq!((bbo.kind, bbo.stream), (FrameKind::Bbo, streams::BBO));
    assert_eq!(pairs(&bbo), [vec![], vec![(8_375_800, 16)]]);
    let (symbol, channel, message) = feed(hl(
        r#"{"channel":"trades","data":[{"coin":"BTC","side":"A","px":"84143.0","sz":"0.00036","time":1790232216193,"hash":"0x7a","tid":1045359869404765,"users":["0x9a","0x82"]},{"coin":"BTC","side":"B","px":"84144.0","sz":"1","time":1790232216193,"hash":"0x00","tid":7,"users":["0x9a","0x82"]}]}"#,
    ));
    assert_eq!((symbol.as_str(), channel), ("BTC", "trades"));
    let FeedMessage::Trades(prints) = message else { panic!("{message:?}") };
    assert_eq!((prints[0].side, prints[0].id), (Side::Ask, 1_045_359_869_404_765));
    assert_eq!((prints[1].side, prints[1].px.0, prints[1].qty.0), (Side::Bid, 8_414_400, 100_000));
    let ctx = r#"{"channel":"activeAssetCtx","data":{"coin":"BTC","ctx":{"funding":"-0.0000125","openInterest":"39338.76246","prevDayPx":"84086.0","dayNtlVlm":"3096053627.5618200302","premium":null,"oraclePx":"83778.1","markPx":"83757.0","midPx":null,"impactPxs":null}}}"#;
    let message = feed(hl(ctx)).2;
    let FeedMessage::Context { values, .. } = message else { panic!("{message:?}") };
    assert_eq!(
        values,
        [
            (ContextKind::Oracle, 8_377_810_000_000),
            (ContextKind::Mark, 8_375_700_000_000),
            (ContextKind::FundingRate, -12_500_000),
            (ContextKind::OpenInterest, 3_933_876_246_000),
        ]
    );
    let with_mid = ctx.replace(r#""midPx":null"#, r#""midPx":"83757.5""#);
    let FeedMessage::Context { values, .. } = feed(hl(&with_mid)).2 else { panic!() };
    assert_eq!(values[4], (ContextKind::Mid, 8_375_750_000_000));
}

#[test]
fn hyperliquid_connection_business() {
    assert_eq!(hl(r#"{"channel":"pong"}"#), Decoded::Control(Control::Pong));
    let ack = r#"{"channel":"subscriptionResponse","data":{"method":"subscribe","subscription":{"type":"bbo","coin":"BTC"}}}"#;
    assert_eq!(hl(ack), Decoded::Control(Control::Subscribed));
    let Decoded::Control(Control::Refused(words)) =
        hl(r#"{"channel":"error","data":"Already subscribed: {\"type\":\"bbo\"}"}"#)
    else {
        panic!("an error is a refusal")
    };
    assert!(words.contains("Already subscribed"), "{words}");
    for ignored in [
        "Websocket connection established.",
        r#"{"channel":"candle","data":{"t":1,"T":2}}"#,
        r#"{"channel":"trades","data":[]}"#,
        r#"{"channel":"l2Book","data":{"coin":"OTHER","time":1790232236546,"levels":[[],[]]}}"#,
    ] {
        assert_eq!(hl(ignored), Decoded::Ignored, "{ignored}");
    }
}

fn order_update(status: &str, sz: &str) -> String {
    format!(
        r#"{{"channel":"orderUpdates","data":[{{"order":{{"coin":"BTC","side":"B","limitPx":"31795.0","sz":"{sz}","oid":57118842019,"timestamp":1785261289146,"origSz":"0.00037","cloid":"0xa1f0cddc17303d07f3fd128d5b35071d"}},"status":"{status}","statusTimestamp":1785261290665}},{{"order":{{"coin":"OTHER","side":"?","limitPx":"x","sz":"x","oid":1,"timestamp":0,"origSz":"x"}},"status":"open","statusTimestamp":0}}]}}"#
    )
}

#[test]
fn hyperliquid_order_words() {
    let text = order_update("open", "0.00037");
    let Decoded::Orders(orders) = hl(&text) else { panic!() };
    assert_eq!(orders.len(), 1, "orders of other symbols are left out");
    let strange = text.replace("OTHER", r"\u0412TC\n");
    assert_eq!(hl(&strange), hl(&text), "nor is one whose name takes escapes");
    let why = refusal(Venue::Hyperliquid, &text.replace("OTHER", r"\u0042TC"));
    assert!(why.contains("a name without escapes"), "{why}");
    let order = &orders[0];
    assert_eq!((order.symbol, order.side, order.px.0), ("BTC", Side::Bid, 3_179_500));
    assert_eq!((order.left, order.size, order.oid.0), (Lots(37), Lots(37), 57_118_842_019));
    assert_eq!(order.cloid, Some(Cloid(0xa1f0_cddc_1730_3d07_f3fd_128d_5b35_071d)));
    assert_eq!(order.ts_made.0, 1_785_261_289_146_000_000);
    assert_eq!(order.ts_exch.0, 1_785_261_290_665_000_000);
    let cancelled = |reason| OrderAnswer::Cancelled { reason, left: Some(Lots(37)) };
    let rejected = |reason| OrderAnswer::Rejected { reason };
    let unseen = RejectReason::WouldMatch { bid: Default::default(), ask: Default::default() };
    for (word, answer) in [
        ("open", OrderAnswer::Resting { oid: VenueOrderId(57_118_842_019), left: Lots(37) }),
        ("triggered", OrderAnswer::Resting { oid: VenueOrderId(57_118_842_019), left: Lots(37) }),
        ("filled", OrderAnswer::Filled),
        ("canceled", cancelled(CancelReason::Asked)),
        ("selfTradeCanceled", cancelled(CancelReason::SelfTrade)),
        ("reduceOnlyCanceled", cancelled(CancelReason::ReduceOnly)),
        ("scheduledCancel", cancelled(CancelReason::Scheduled)),
        ("liquidatedCanceled", cancelled(CancelReason::Venue)),
        ("brandNewCancel", cancelled(CancelReason::Venue)),
        ("badAloPxRejected", rejected(unseen)),
        ("tickRejected", rejected(RejectReason::Invalid)),
        ("perpMarginRejected", rejected(RejectReason::Margin)),
        ("iocCancelRejected", rejected(RejectReason::NoLiquidity)),
        ("brandNewRejected", rejected(RejectReason::Other)),
        ("rejected", rejected(RejectReason::Other)),
    ] {
        let text = order_update(word, "0.00037");
        let Decoded::Orders(orders) = hl(&text) else { panic!() };
        assert_eq!(orders[0].answer, answer, "{word}");
    }
    let why = refusal(Venue::Hyperliquid, &order_update("resting", "0.00037"));
    assert!(why.contains("orderUpdates") && why.contains("\"resting\""), "{why}");
    let why = refusal(Venue::Hyperliquid, &order_update("open", "0.000371"));
    assert!(why.contains("sz \"0.000371\""), "{why}");
    let short = order_update("open", "1").replace("0xa1f0", "0x");
    assert!(refusal(Venue::Hyperliquid, &short).contains("cloid"));
}

#[test]
fn hyperliquid_fills() {
    let text = r#"{"channel":"userFills","data":{"isSnapshot":true,"user":"0x70","fills":[{"coin":"BTC","px":"78751.0","sz":"0.00535","side":"B","time":1789407361368,"startPosition":"-4.22618","dir":"Open Long","closedPnl":"0.0","hash":"0x42","oid":544900123760,"crossed":false,"fee":"-0.012639","tid":1109765720343214,"cloid":"0x5bdd47600dea461f36c8378cd7b4150c","feeToken":"USDC","twapId":null}]}}"#;
    let Decoded::Fills { snapshot, fills } = hl(text) else { panic!() };
    let fill = &fills[0];
    assert!(snapshot);
    assert_eq!((fill.liquidity, fill.fee, fill.size), (Liquidity::Maker, Cash(-12_639), Lots(535)));
    assert_eq!((fill.position_before, fill.trade.0), (Lots(-422_618), 1_109_765_720_343_214));
    let event = fill.fill(SymbolIx(3)).unwrap();
    assert_eq!((event.symbol, event.fee, event.side), (SymbolIx(3), Some(fill.fee), Side::Bid));
    let foreign = text.replace(r#""cloid":"0x5bdd47600dea461f36c8378cd7b4150c","#, "");
    let Decoded::Fills { fills, .. } = hl(&foreign) else { panic!() };
    assert_eq!(fills[0].fill(SymbolIx(3)), None, "not an order of ours");
    let live = text.replace(r#""isSnapshot":true,"#, "").replace("false", "true");
    let Decoded::Fills { snapshot, fills } = hl(&live) else { panic!() };
    assert!(!snapshot && fills[0].liquidity == Liquidity::Taker);
    for (from, to, named) in [
        ("\"USDC\"", "\"HYPE\"", "HYPE"),
        (r#""fee":"-0.012639","#, "", "fee"),
        ("\"B\"", "\"Buy\"", "\"Buy\""),
        ("1789407361368", "1789407361", "1789407361"),
        ("0.00535", "0.005350001", "0.005350001"),
    ] {
        let why = refusal(Venue::Hyperliquid, &text.replace(from, to));
        assert!(why.contains("userFills") && why.contains(named), "{why}");
    }
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let book = r#"{"channel":"l2Book","data":{"coin":"BTC","time":1790232236546,"levels":[[{"px":"84143.0","sz":"1","n":3}],[]]}}"#;
    for (from, to, named) in [
        (r#""time":1790232236546,"#, "", "time"),
        (r#","n":3"#, "", "n"),
        (r#""84143.0""#, "84143.0", "84143.0"),
        (r#""84143.0""#, r#""8e4""#, "8e4"),
        (r#""84143.0""#, r#""84143.123""#, "84143.123"),
        (r#""data":"#, r#""daat":"#, "no data"),
        (r#"],[]]"#, r#"]]"#, "l2Book"),
        (r#""time":"#, r#""spread":"1.0","time":"#, "merged prices"),
    ] {
        let text = book.replace(from, to);
        assert_ne!(text, book);
        let why = refusal(Venue::Hyperliquid, &text);
        assert!(why.contains("l2Book") && why.contains(named), "{why}");
        assert!(!why.contains('\n'), "one line: {why}");
    }
    let mixed = r#"{"channel":"trades","data":[{"coin":"BTC","side":"A","px":"1","sz":"1","time":1790232216193,"tid":1},{"coin":"ETH","side":"A","px":"1","sz":"1","time":1790232216193,"tid":2}]}"#;
    assert!(refusal(Venue::Hyperliquid, mixed).contains("ETH"));
    for broken in ["", "{", "null", "[]", "{}", "\u{7f}", "{\"channel\":7}", &book[..60]] {
        refusal(Venue::Hyperliquid, broken);
    }
    let latin = b"{\"channel\":\"l2Book\",\"data\":{\"coin\":\"B\xff\"}}";
    assert!(decode(Venue::Hyperliquid, latin, &|_| Some(SCALES)).is_err());
    for broken in ["", "[", "{\"e\":7}"] {
        refusal(Venue::Binance, broken);
        refusal(Venue::Bybit, broken.replace("\"e\"", "\"topic\"").as_str());
    }
    assert!(refusal(Venue::Other, "{}").contains("no decoder"));
}

const DEPTH: &str = r#"{"e":"depthUpdate","E":1723161256299,"T":1723161256298,"s":"BTCUSDT","ps":"BTCUSDT","st":1,"U":157,"u":160,"pu":149,"b":[["0.24","10"],["0.23","0.000"]],"a":[["0.26","100"]]}"#;

#[test]
fn binance_depth_of_futures_spot_and_combined_streams() {
    let book = frame(binance(DEPTH));
    assert_eq!(book.kind, FrameKind::Delta { prev_seq: 149, first_seq: 157 });
    assert_eq!((book.seq, book.ts_exch.0), (160, 1_723_161_256_298_000_000));
    assert_eq!(pairs(&book), [vec![(24, 1_000_000), (23, 0)], vec![(26, 10_000_000)]]);
    let combined = format!(r#"{{"stream":"btcusdt@depth@0ms","data":{DEPTH}}}"#);
    assert_eq!(frame(binance(&combined)), book);
    let spot = frame(binance(
        r#"{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208123,"s":"BTCUSDT","U":50,"u":52,"b":[["61737.63000000","0.00000000"]],"a":[]}}"#,
    ));
    assert_eq!(spot.kind, FrameKind::Delta { prev_seq: 49, first_seq: 50 });
    assert_eq!(spot.ts_exch.0, 1_723_161_255_208_123_000, "microseconds are told apart");
    let inverse =
        DEPTH.replace(r#""s":"BTCUSDT","ps":"BTCUSDT""#, r#""s":"BTCUSD_PERP","ps":"BTCUSD""#);
    assert_eq!(feed(binance(&inverse)).0, "BTCUSD_PERP");
}

#[test]
fn binance_snapshots_know_their_depth() {
    let side = |count: usize| vec![r#"["1.5", "2"]"#; count].join(",");
    let text = |bids, asks| {
        format!(
            r#"{{"lastUpdateId": 27, "E": 1680652700590, "T": 1680652700580, "bids": [{}], "asks": [{}]}}"#,
            side(bids),
            side(asks)
        )
    };
    for (bids, asks, depth) in [(1_000, 1_000, 1_000), (20, 3, 20), (21, 3, 50), (0, 0, 5)] {
        let text = text(bids, asks);
        let (symbol, channel, message) = feed(binance(&text));
        assert_eq!((symbol.as_str(), channel), ("", "snapshot"));
        let FeedMessage::Book(book) = message else { panic!() };
        assert_eq!((book.kind, book.seq), (FrameKind::Snapshot { depth }, 27));
    }
    assert!(refusal(Venue::Binance, &text(5_001, 1)).contains("5001 levels"));
    let spot = frame(binance(r#"{"lastUpdateId":5,"bids":[["1","2"]],"asks":[]}"#));
    assert_eq!(spot.ts_exch.0, 0, "spot snapshots carry no time");
}

#[test]
fn binance_trades_touch_and_mark() {
    let trade = r#"{"e":"trade","E":1723161256322,"T":1723161256321,"s":"BTCUSDT","t":5266583935,"p":"61800.30","q":"0.006","X":"MARKET","m":false}"#;
    let (_, channel, message) = feed(binance(trade));
    let FeedMessage::Trades(prints) = message else { panic!() };
    assert_eq!((channel, prints[0].side, prints[0].id), ("trade", Side::Bid, 5_266_583_935));
    assert_eq!(binance(&trade.replace("MARKET", "INSURANCE_FUND")), Decoded::Ignored);
    assert!(refusal(Venue::Binance, &trade.replace("MARKET", "MYSTERY")).contains("MYSTERY"));
    assert!(refusal(Venue::Binance, &trade.replace(r#""t":5266583935,"#, "")).contains("no id"));
    let agg = r#"{"e":"aggTrade","E":1723161256322,"a":5933014,"s":"BTCUSDT","p":"0.01","q":"100","f":100,"l":105,"T":1723161256321,"m":true,"st":1}"#;
    let (_, channel, message) = feed(binance(agg));
    let FeedMessage::Trades(prints) = message else { panic!() };
    assert_eq!((channel, prints[0].side, prints[0].id), ("aggTrade", Side::Ask, 5_933_014));
    let ticker = frame(binance(
        r#"{"e":"bookTicker","u":400900217,"E":1568014460893,"T":1568014460891,"s":"BNBUSDT","b":"25.35","B":"31.21","a":"0.00","A":"0.00"}"#,
    ));
    assert_eq!((ticker.kind, pairs(&ticker)), (FrameKind::Bbo, [vec![(2_535, 3_121_000)], vec![]]));
    let spot = frame(binance(
        r#"{"stream":"btcusdt@bookTicker","data":{"u":9,"s":"BTCUSDT","b":"1.00000000","B":"2.00000000","a":"1.01000000","A":"3.00000000"}}"#,
    ));
    assert_eq!((spot.seq, spot.ts_exch.0), (9, 0));
    let mark = feed(binance(
        r#"{"e":"markPriceUpdate","E":1680652701000,"s":"BTCUSDT","p":"28147.27373413","P":"28142.15563565","i":"28159.75642857","r":"0.00002754","T":1680652800000}"#,
    ));
    let FeedMessage::Context { ts_exch, values } = mark.2 else { panic!() };
    assert_eq!(ts_exch.0, 1_680_652_701_000_000_000);
    assert_eq!(
        values,
        [
            (ContextKind::Mark, 2_814_727_373_413),
            (ContextKind::Oracle, 2_815_975_642_857),
            (ContextKind::NextFunding, 1_680_652_800_000_000_000),
        ]
    );
    assert_eq!(binance(r#"{"result":null,"id":1}"#), Decoded::Control(Control::Subscribed));
    let refused = binance(r#"{"code":-1121,"msg":"Invalid symbol."}"#);
    assert!(
        matches!(refused, Decoded::Control(Control::Refused(words)) if words.contains("Invalid"))
    );
    assert_eq!(binance(r#"{"e":"kline","s":"BTCUSDT","k":{}}"#), Decoded::Ignored);
}

const BYBIT: &str = r#"{"topic":"orderbook.500.XRPUSDT","type":"snapshot","ts":1733011200691,"data":{"s":"XRPUSDT","b":[["1.95","6203"]],"a":[["1.96","10480"]],"u":20254869,"seq":130020238981},"cts":1733011200589}"#;

#[test]
fn bybit_books_and_trades() {
    let book = frame(bybit(BYBIT));
    assert_eq!(book.kind, FrameKind::Snapshot { depth: 500 });
    assert_eq!((book.seq, book.ts_exch.0), (20_254_869, 1_733_011_200_589_000_000));
    let delta = BYBIT.replace("\"snapshot\"", "\"delta\"").replace(r#","cts":1733011200589"#, "");
    let delta = frame(bybit(&delta));
    assert_eq!(delta.kind, FrameKind::Delta { prev_seq: 20_254_868, first_seq: 20_254_869 });
    assert_eq!(delta.ts_exch.0, 1_733_011_200_691_000_000);
    assert_eq!(frame(bybit(&BYBIT.replace(".500.", ".1."))).kind, FrameKind::Bbo);
    let touch_delta = BYBIT.replace(".500.", ".1.").replace("\"snapshot\"", "\"delta\"");
    assert!(refusal(Venue::Bybit, &touch_delta).contains("depth 1"));
    assert!(refusal(Venue::Bybit, &BYBIT.replace("snapshot", "patch")).contains("patch"));
    let trades = r#"{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1785088800400,"data":[{"T":1785088800398,"s":"BTCUSDT","S":"Sell","v":"0.025","p":"118000.10","L":"PlusTick","i":"2f1a","BT":false,"RPI":false,"seq":9123457000}]}"#;
    let FeedMessage::Trades(prints) = feed(bybit(trades)).2 else { panic!() };
    // FNV-1a of "2f1a": stable over runs and machines.
    assert_eq!((prints[0].side, prints[0].id), (Side::Ask, 0xbb71_d30c_b3dc_d5eb));
    assert!(refusal(Venue::Bybit, &trades.replace("Sell", "sell")).contains("sell"));
    for ignored in ["tickers.BTCUSDT", "kline.1.BTCUSDT", "orderbook.rpi.BTCUSDT"] {
        let text = BYBIT.replace("orderbook.500.XRPUSDT", ignored);
        assert_eq!(bybit(&text), Decoded::Ignored, "{ignored}");
    }
    let ack = r#"{"success":true,"ret_msg":"","conn_id":"c","op":"subscribe"}"#;
    assert_eq!(bybit(ack), Decoded::Control(Control::Subscribed));
    let pong = r#"{"success":true,"ret_msg":"pong","conn_id":"c","op":"ping"}"#;
    assert_eq!(bybit(pong), Decoded::Control(Control::Pong));
    let no = r#"{"success":false,"ret_msg":"bad topic","conn_id":"c","op":"subscribe"}"#;
    assert_eq!(bybit(no), Decoded::Control(Control::Refused("subscribe: bad topic".to_owned())));
}

#[test]
fn scales_are_found_in_the_frames() {
    let mut seen = BTreeMap::new();
    for text in
        [DEPTH, r#"{"e":"kline"}"#, r#"{"lastUpdateId":5,"bids":[["1.500","2"]],"asks":[]}"#]
    {
        scan_scales(Venue::Binance, text.as_bytes(), &mut seen).unwrap();
    }
    scan_scales(Venue::Bybit, BYBIT.as_bytes(), &mut seen).unwrap();
    let hl = r#"{"channel":"bbo","data":{"coin":"kX","time":1790358617881,"bbo":[null,{"px":"0.004411","sz":"0.5","n":1}]}}"#;
    scan_scales(Venue::Hyperliquid, hl.as_bytes(), &mut seen).unwrap();
    let scale = |px_decimals, size_decimals| Scales { px_decimals, size_decimals };
    let wanted = [("", 1, 0), ("BTCUSDT", 2, 0), ("XRPUSDT", 2, 0), ("kX", 6, 1)];
    assert_eq!(
        seen.into_iter().collect::<Vec<_>>(),
        wanted.map(|(name, px, size)| (name.to_owned(), scale(px, size)))
    );
}

#[test]
fn a_binance_session_builds_the_book() {
    let mut merger = Merger::for_venue(Venue::Binance);
    let mut rows = Rows::default();
    let first = DEPTH.replace(r#""U":157,"u":160,"pu":149"#, r#""U":140,"u":149,"pu":139"#);
    let snapshot = r#"{"lastUpdateId":155,"bids":[["0.23","7"]],"asks":[["0.27","8"]]}"#;
    for (i, text) in [first.as_str(), DEPTH, snapshot].into_iter().enumerate() {
        let message = feed(binance(text)).2;
        merger.on_message(&message, UnixNanos(1 + i as i64), &mut rows).unwrap();
    }
    let side = |side| merger.levels(side).map(|l| (l.px.0, l.qty.0)).collect::<Vec<_>>();
    assert_eq!(side(Side::Bid), [(24, 1_000_000)]);
    assert_eq!(side(Side::Ask), [(26, 10_000_000), (27, 800_000)]);
}

#[test]
fn a_depth_bomb_is_refused_and_uses_up_no_stack() {
    for venue in [Venue::Hyperliquid, Venue::Binance, Venue::Bybit] {
        for bomb in ["[", r#"{"a":"#, r#"{"stream":"#, r#"["\"",{"data":"#] {
            let bomb = bomb.repeat(100_000);
            assert!(refusal(venue, &bomb).contains("nested deeper than 32"), "{venue:?}");
            for channel in ["l2Book", "trades", "orderUpdates", "userFills", "error"] {
                let frame = format!(r#"{{"channel":"{channel}","data":{bomb}"#);
                assert!(refusal(venue, &frame).contains("nested deeper than 32"), "{channel}");
            }
        }
    }
    let quoted = format!(r#"{{"channel":"error","data":"{}"}}"#, "[".repeat(100));
    assert!(say(Venue::Hyperliquid, &quoted).is_ok(), "brackets of a text are no depth");
}

#[test]
fn brackets_that_are_not_counted_as_deep_use_up_no_stack() {
    let decode = || {
        for venue in [Venue::Hyperliquid, Venue::Binance, Venue::Bybit] {
            let nest = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
            let frame = format!(r#"{{"channel":"trades","data":{}}}"#, nest(250));
            for few in [nest(256), frame] {
                let why = say(venue, &few).err().map(|error| error.to_string());
                assert!(!why.unwrap_or_default().contains("nested deeper"), "{venue:?}");
            }
            assert!(refusal(venue, &nest(257)).contains("nested deeper than 32"), "{venue:?}");
        }
    };
    let small = std::thread::Builder::new().stack_size(256 * 1_024).spawn(decode);
    small.expect("a thread").join().expect("it has room");
}
