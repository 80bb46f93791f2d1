//! Decoding and merging speed on frames of realistic shape; bytes and rows a second.
//!
//! `hyperliquid/books` is what the target of 300 MB/s a core is about; `general` is the same
//! frames with one space more, which takes them through the JSON library.

use criterion::criterion_group;
use criterion::criterion_main;
use criterion::measurement::WallTime;
use criterion::BatchSize;
use criterion::BenchmarkGroup;
use criterion::Criterion;
use criterion::Throughput;
use mm_core::book::Merger;
use mm_core::event::streams;
use mm_core::event::FeedMessage;
use mm_core::event::Frame;
use mm_core::event::FrameKind;
use mm_core::event::LevelQty;
use mm_core::event::Rows;
use mm_core::instrument::Venue;
use mm_core::units::Lots;
use mm_core::units::Px;
use mm_core::units::UnixNanos;
use mm_core::wire::decode;
use mm_core::wire::Decoded;
use mm_core::wire::Scales;
use std::hint::black_box;

const SCALES: Scales = Scales { px_decimals: 1, size_decimals: 5 };

/// A small generator of repeatable numbers (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

fn level(dice: &mut Dice, px: i64) -> String {
    let size = dice.roll(2_000_000) + 1;
    let (whole, small) = (size / 100_000, format!("{:05}", size % 100_000));
    let small = small.trim_end_matches('0');
    let small = if small.is_empty() { "0" } else { small };
    let n = dice.roll(60) + 1;
    format!(r#"{{"px":"{px}.0","sz":"{whole}.{small}","n":{n}}}"#)
}

/// 20 levels a side around a price that wanders; every second frame with the time last.
fn books(count: usize) -> Vec<String> {
    let mut dice = Dice(7);
    let mut mid = 84_143_i64;
    (0..count as i64)
        .map(|i| {
            mid += dice.roll(5) as i64 - 2;
            let bids = (0..20).map(|k| level(&mut dice, mid - k)).collect::<Vec<_>>().join(",");
            let asks = (1..21).map(|k| level(&mut dice, mid + k)).collect::<Vec<_>>().join(",");
            let (time, levels) = (1_790_232_236_546 + i * 540, format!("[[{bids}],[{asks}]]"));
            let body = if i % 2 == 0 {
                format!(r#""time":{time},"levels":{levels}"#)
            } else {
                format!(r#""levels":{levels},"time":{time}"#)
            };
            format!(r#"{{"channel":"l2Book","data":{{"coin":"BTC",{body}}}}}"#)
        })
        .collect()
}

fn trades(count: usize) -> Vec<String> {
    let mut dice = Dice(11);
    let trade = |dice: &mut Dice, i: usize| {
        let side = if dice.roll(2) == 0 { "A" } else { "B" };
        let (px, size, tid) = (84_000 + dice.roll(90), dice.roll(90_000) + 1, dice.roll(1 << 50));
        let time = 1_790_232_236_546 + i as u64 * 250;
        format!(
            r#"{{"coin":"BTC","side":"{side}","px":"{px}.0","sz":"0.{size:05}","time":{time},"hash":"0x{tid:064x}","tid":{tid},"users":["0x{tid:040x}","0x{size:040x}"]}}"#
        )
    };
    (0..count)
        .map(|i| {
            let list = (0..=dice.roll(6)).map(|_| trade(&mut dice, i)).collect::<Vec<_>>();
            format!(r#"{{"channel":"trades","data":[{}]}}"#, list.join(","))
        })
        .collect()
}

fn touches(count: usize) -> Vec<String> {
    let mut dice = Dice(13);
    (0..count)
        .map(|i| {
            let (bid, ask) = (level(&mut dice, 84_143), level(&mut dice, 84_144));
            let time = 1_790_232_236_546 + i as u64 * 68;
            format!(
                r#"{{"channel":"bbo","data":{{"coin":"BTC","time":{time},"bbo":[{bid},{ask}]}}}}"#
            )
        })
        .collect()
}

/// Depth diffs of a median of 38 rows around a wandering price.
fn diffs(count: usize) -> Vec<FeedMessage> {
    let mut dice = Dice(17);
    let mut mid = 600_000_i64;
    (0..count as u64)
        .map(|i| {
            mid += dice.roll(9) as i64 - 4;
            let mut side = |sign: i64| {
                let far = |dice: &mut Dice| match dice.roll(10) {
                    0 => dice.roll(3_000),
                    1..=3 => dice.roll(400),
                    _ => dice.roll(40),
                };
                let change = |dice: &mut Dice| LevelQty {
                    px: Px(mid - sign * (1 + far(dice) as i64)),
                    qty: Lots(if dice.roll(3) == 0 { 0 } else { 1 + dice.roll(90_000) as i64 }),
                    n: 0,
                };
                (0..19).map(|_| change(&mut dice)).collect::<Vec<_>>()
            };
            FeedMessage::Book(Frame {
                kind: FrameKind::Delta { prev_seq: i + 1, first_seq: i + 2 },
                ts_exch: UnixNanos(i as i64 * 50_000_000 + 1),
                seq: i + 2,
                stream: streams::BOOK,
                bids: side(1),
                asks: side(-1),
            })
        })
        .collect()
}

fn decode_all(
    group: &mut BenchmarkGroup<WallTime>,
    (venue, name): (Venue, &str),
    texts: &[String],
) {
    let bytes: usize = texts.iter().map(String::len).sum();
    group.throughput(Throughput::Bytes(bytes as u64));
    let all = |_: &str| Some(SCALES);
    group.bench_function(name, |bench| {
        bench.iter(|| {
            for text in texts {
                let decoded = decode(venue, black_box(text.as_bytes()), &all);
                assert!(matches!(black_box(decoded), Ok(Decoded::Feed { .. })));
            }
        });
    });
}

fn decoding(c: &mut Criterion) {
    let mut group = c.benchmark_group("hyperliquid");
    let texts = books(400);
    let hyperliquid = |name| (Venue::Hyperliquid, name);
    decode_all(&mut group, hyperliquid("books"), &texts);
    let spaced = texts.iter().map(|text| text.replacen(":{", ": {", 1)).collect::<Vec<_>>();
    decode_all(&mut group, hyperliquid("books, general path"), &spaced);
    decode_all(&mut group, hyperliquid("trades"), &trades(2_000));
    decode_all(&mut group, hyperliquid("bbo"), &touches(4_000));
    let mix = [books(100), trades(200), touches(800)].concat();
    decode_all(&mut group, hyperliquid("books, trades and bbo"), &mix);
    group.finish();
    let mut group = c.benchmark_group("binance");
    let texts = diffs(400).iter().map(diff_text).collect::<Vec<_>>();
    decode_all(&mut group, (Venue::Binance, "depth diffs"), &texts);
    group.finish();
}

fn diff_text(message: &FeedMessage) -> String {
    let FeedMessage::Book(frame) = message else {
        return String::new();
    };
    let pair = |l: &LevelQty| {
        format!(
            r#"["{}.{}","{}.{:03}"]"#,
            l.px.0 / 10,
            l.px.0 % 10,
            l.qty.0 / 1_000,
            l.qty.0 % 1_000
        )
    };
    let side = |levels: &[LevelQty]| levels.iter().map(pair).collect::<Vec<_>>().join(",");
    let (bids, asks, u) = (side(&frame.bids), side(&frame.asks), frame.seq);
    format!(
        r#"{{"stream":"btcusdt@depth@0ms","data":{{"e":"depthUpdate","E":1723161256299,"T":1723161256298,"s":"BTCUSDT","U":{u},"u":{u},"pu":{},"b":[{bids}],"a":[{asks}]}}}}"#,
        u - 1
    )
}

fn merge_all(
    group: &mut BenchmarkGroup<WallTime>,
    (venue, name): (Venue, &str),
    list: &[FeedMessage],
) {
    let levels = |message: &FeedMessage| match message {
        FeedMessage::Book(frame) => frame.bids.len() + frame.asks.len(),
        FeedMessage::Trades(_) | FeedMessage::Context { .. } => 0,
    };
    group.throughput(Throughput::Elements(list.iter().map(levels).sum::<usize>() as u64));
    let feed = |merger: &mut Merger, rows: &mut Rows| {
        for (i, message) in list.iter().enumerate() {
            merger.on_message(message, UnixNanos(i as i64 + 1), rows).expect("frames are sound");
        }
    };
    let mut rows = Rows::default();
    feed(&mut Merger::for_venue(venue), &mut rows);
    println!("{name}: {} rows of {} frames", rows.len(), list.len());
    group.bench_function(name, |bench| {
        let fresh = || (Merger::for_venue(venue), Rows::default());
        bench.iter_batched_ref(fresh, |(merger, rows)| feed(merger, rows), BatchSize::LargeInput);
    });
}

fn merging(c: &mut Criterion) {
    let mut group = c.benchmark_group("merger, levels read");
    let all = |_: &str| Some(SCALES);
    let texts = books(2_000);
    let snapshots = texts
        .iter()
        .filter_map(|text| match decode(Venue::Hyperliquid, text.as_bytes(), &all) {
            Ok(Decoded::Feed { message, .. }) => Some(message),
            _ => None,
        })
        .collect::<Vec<_>>();
    merge_all(&mut group, (Venue::Hyperliquid, "snapshots of 20 levels"), &snapshots);
    let mut list = diffs(20_000);
    let start = Frame {
        kind: FrameKind::Snapshot { depth: 1_000 },
        ts_exch: UnixNanos(1),
        seq: 1,
        stream: streams::BOOK,
        bids: Vec::new(),
        asks: Vec::new(),
    };
    list.insert(0, FeedMessage::Book(start));
    merge_all(&mut group, (Venue::Binance, "depth diffs"), &list);
    group.finish();
}

criterion_group!(benches, decoding, merging);
criterion_main!(benches);
