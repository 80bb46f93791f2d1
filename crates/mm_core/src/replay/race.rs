//! Race — requests against the takers of a block, as the shared vectors have it.

use super::drive::Part;
use super::lane::Lane;
use super::spec::RunSpec;
use crate::command::Command;
use crate::command::Place;
use crate::command::Tif;
use crate::event::flags;
use crate::event::streams;
use crate::event::Row;
use crate::event::RowKind;
use crate::event::Rows;
use crate::risk::Gate;
use crate::tape::TapeWriter;
use crate::units::Cloid;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use crate::units::SymbolIx;
use crate::units::UnixNanos;
use serde_json::json;
use serde_json::Value;
use std::collections::BTreeMap;

const VECTORS: &str = include_str!("../../../../tests/golden/vectors/latency.json");
const MS: i64 = 1_000_000;
const START: i64 = 1_767_225_600_000 * MS;
const BUY: Cloid = Cloid(1);
const TAKE: Cloid = Cloid(2);

/// A venue whose blocks take 1 lot from the bid at 100 where there are takers.
struct Race {
    lane: Lane,
    gate: Gate,
    blocks: Vec<i64>,
    path: String,
}

impl Race {
    fn new(name: &str, blocks: &[i64], takers: &[usize], block_ns: i64) -> Self {
        let path = std::env::temp_dir().join(format!("botmm-race-{name}-{}", std::process::id()));
        let meta = [
            ("venue", "other"),
            ("symbol", "X"),
            ("px_decimals", "0"),
            ("size_decimals", "1"),
            ("price_rule", "fixed:1"),
            ("window", "0"),
        ];
        let meta: BTreeMap<_, _> = meta.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        let path = path.to_string_lossy().into_owned();
        let mut writer = TapeWriter::create(&path, meta).expect("a tape");
        writer.append(&rows(blocks, takers)).expect("rows");
        writer.finish().expect("written");
        let spec = RunSpec::from_json(&spec(&path, block_ns)).expect("a run");
        let lane = Lane::new(spec.lanes.into_iter().next().expect("one symbol"));
        let blocks = blocks.iter().map(|ms| START + ms * MS).collect();
        Self { lane, gate: spec.gate, blocks, path }
    }

    fn place(&mut self, cloid: Cloid, (side, px): (Side, i64), tif: Tif, arrival: i64) {
        let (symbol, px, size) = (SymbolIx(0), Px(px), Lots(100));
        let place = Place { symbol, cloid, side, px, size, tif, reduce_only: false };
        self.lane.seat.truth.sent(&place, START);
        self.lane.seat.inbox.push(START + arrival * MS, Command::Place(place));
    }

    fn cancel(&mut self, cloid: Cloid, arrival: i64) {
        let command = Command::Cancel { symbol: SymbolIx(0), cloid };
        self.lane.seat.inbox.push(START + arrival * MS, command);
    }

    /// The blocks in which our orders were filled, stepped each so many ms.
    fn run(&mut self, step: i64) -> Vec<usize> {
        for now in (0..8_000).step_by(step as usize) {
            self.lane.advance(START + now * MS, &mut self.gate).expect("rows in order");
        }
        let filled = &self.lane.seat.truth.fills.ts_exch;
        let block = |ts: &i64| self.blocks.iter().position(|b| b == ts).expect("at a block");
        filled.iter().map(block).collect()
    }
}

impl Drop for Race {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn spec(path: &str, block_ns: i64) -> String {
    json!({
        "symbols": [{ "symbol": "X", "venue": "other", "tapes": [path] }],
        "account": { "capital_usd": 1000.0 },
        "sim": {
            "queue": "risk-averse",
            "latency": { "model": "constant", "entry_ns": 0, "response_ns": 0 },
            "partial_fills": true,
            "through_fill": "volume",
            "block_ns": block_ns,
        },
        "step_ms": 100.0,
        "equity_interval_s": 10.0,
        "max_gap_s": 100.0,
    })
    .to_string()
}

/// A book, then a change of a far level at each block, after a sale of 1 lot where one takes.
fn rows(blocks: &[i64], takers: &[usize]) -> Rows {
    let mut rows = Rows::default();
    let mut push = |ms: i64, kind, side, (px, qty), id| {
        let (ts, stream) = (UnixNanos(START + ms * MS), streams::BOOK);
        let (px, qty, n) = (Px(px), Lots(qty), 0);
        let side = Some(side);
        let flags = flags::LAST;
        rows.push(Row {
            ts_exch: ts,
            ts_recv: ts,
            seq: 0,
            stream,
            kind,
            side,
            px,
            qty,
            n,
            flags,
            id,
        });
    };
    push(-1_000, RowKind::Level, Side::Bid, (99, 50), 0);
    push(-1_000, RowKind::Level, Side::Ask, (101, 50), 0);
    for (block, &ms) in blocks.iter().enumerate() {
        if takers.contains(&block) {
            push(ms, RowKind::Trade, Side::Ask, (100, 1), 1 + block as u64);
        }
        push(ms, RowKind::Level, Side::Ask, (101 + block as i64 % 2, 60 + block as i64), 0);
    }
    rows
}

fn numbers(value: &Value) -> Vec<i64> {
    value.as_array().expect("a list").iter().map(|v| v.as_i64().expect("a number")).collect()
}

#[test]
fn orders_are_live_for_the_takers_that_the_vectors_name() {
    let file: Value = serde_json::from_str(VECTORS).expect("the vector file is JSON");
    let (blocks, cases) = (numbers(&file["blocks"]), file["race"].as_array().expect("a list"));
    for (number, case) in cases.iter().enumerate() {
        let takers: Vec<usize> =
            numbers(&case["taker_blocks"]).iter().map(|&b| b as usize).collect();
        let eligible: Vec<usize> = numbers(&case["eligible"]).iter().map(|&b| b as usize).collect();
        for step in [1, 10, 100, 1_000] {
            let mut race = Race::new(&format!("{number}-{step}"), &blocks, &takers, 70 * MS);
            race.place(
                BUY,
                (Side::Bid, 100),
                Tif::PostOnly,
                case["place_arrival"].as_i64().expect("ms"),
            );
            if let Some(arrival) = case["cancel_arrival"].as_i64() {
                race.cancel(BUY, arrival);
            }
            assert_eq!(race.run(step), eligible, "case {number}, steps of {step} ms");
        }
    }
    assert_eq!(cases.len(), 5);
}

#[test]
fn without_blocks_a_cancel_takes_effect_as_it_arrives() {
    let blocks: Vec<i64> = (0..10).map(|b| b * 70).collect();
    for (block_ns, fills) in [(0, vec![1, 2]), (70 * MS, vec![1])] {
        let mut race = Race::new(&format!("plain-{block_ns}"), &blocks, &[1, 2, 3], block_ns);
        race.place(BUY, (Side::Bid, 100), Tif::PostOnly, 10);
        // The cancel and the taker of block 2 are there at the same time: in a block it wins.
        race.cancel(BUY, if block_ns > 0 { 139 } else { 141 });
        assert_eq!(race.run(10), fills);
    }
}

#[test]
fn a_block_takes_adds_then_cancels_then_takers() {
    let blocks: Vec<i64> = (0..10).map(|b| b * 70).collect();
    let mut race = Race::new("classes", &blocks, &[2], 70 * MS);
    // All reach block 2, in the wrong order: our taker, the cancel, then the order it cancels.
    race.place(TAKE, (Side::Ask, 99), Tif::Ioc, 80);
    race.cancel(BUY, 90);
    race.place(BUY, (Side::Bid, 100), Tif::PostOnly, 100);
    assert_eq!(race.run(10), [2], "our taker alone: the cancel found its order and beat the sale");
    let orders = &race.lane.seat.truth.orders;
    assert_eq!(orders.cloid_seq.len(), 2);
    assert_eq!(orders.filled, [0, 50], "ended in the order of the classes");
}
