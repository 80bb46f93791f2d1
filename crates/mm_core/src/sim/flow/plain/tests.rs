//! Tests of the plain market: seeded, joined at midnight, and consistent in itself.

use crate::event::RowKind;
use crate::event::Rows;
use crate::sim::flow::plain::Plain;
use crate::sim::flow::plain::DAY_NS;
use crate::sim::FlowConfig;
use crate::sim::FlowStreams;
use crate::units::Side;
use crate::units::UnixNanos;
use std::collections::BTreeMap;

const HOUR: i64 = 3_600_000_000_000;
const FIRST: i64 = 20_458;

fn config(symbol: &str, seed: u64, day: i64) -> FlowConfig {
    let preset = FlowConfig::preset(symbol).expect("preset");
    FlowConfig { seed, start: UnixNanos(day * DAY_NS), ..preset }
}

/// Rows of a market from the start of a day on, asked for in so many pieces.
fn rows(config: FlowConfig, length: i64, pieces: i64) -> Rows {
    let start = config.start.0;
    let mut market = Plain::new(config).expect("valid");
    let mut rows = Rows::default();
    for piece in 1..=pieces {
        let until = UnixNanos(start + length * piece / pieces - 1);
        market.step_until(until, &mut rows).expect("steps");
    }
    rows
}

/// First and last mid of a day's rows, in price units.
fn mids(rows: &Rows) -> (f64, f64) {
    let mut book = Book::default();
    let (mut first, mut last) = (0.0, 0.0);
    for i in 0..rows.len() {
        if book.apply(rows, i) {
            last = book.mid();
            first = if first == 0.0 { last } else { first };
        }
    }
    (first, last)
}

/// Levels by price, as a reader of the rows keeps them.
#[derive(Default)]
struct Book([BTreeMap<i64, i64>; 2]);

impl Book {
    /// Apply a row; whether it ended a message about the book.
    fn apply(&mut self, rows: &Rows, i: usize) -> bool {
        let row = rows.get(i).expect("known kind");
        match row.kind {
            RowKind::Clear => self.0.iter_mut().for_each(BTreeMap::clear),
            RowKind::Level | RowKind::Gone | RowKind::Left => {
                let side = &mut self.0[row.side.expect("has a side").index()];
                if row.kind == RowKind::Level {
                    side.insert(row.px.0, row.qty.0);
                } else {
                    side.remove(&row.px.0);
                }
            }
            RowKind::Frame => {}
            RowKind::Trade | RowKind::Context | RowKind::Funding | RowKind::Gap => return false,
        }
        row.flags & crate::event::flags::LAST != 0
    }

    fn touch(&self) -> (i64, i64) {
        let bid = self.0[0].last_key_value().expect("bids").0;
        (*bid, *self.0[1].first_key_value().expect("asks").0)
    }

    fn mid(&self) -> f64 {
        let (bid, ask) = self.touch();
        (bid + ask) as f64 / 2.0
    }
}

#[test]
fn same_seed_same_rows_however_time_is_cut() {
    let of = |seed, pieces| rows(config("BTC", seed, FIRST), HOUR / 4, pieces);
    assert_eq!(of(1, 1), of(1, 61));
    assert_ne!(of(1, 1), of(2, 1));
}

#[test]
fn book_is_never_crossed_and_full() {
    for symbol in ["BTC", "ETH", "SOL", "XRP"] {
        let rows = rows(config(symbol, 3, FIRST), HOUR, 1);
        let mut book = Book::default();
        let mut frames = 0;
        for i in 0..rows.len() {
            let row = rows.get(i).expect("known kind");
            if book.apply(&rows, i) {
                let (bid, ask) = book.touch();
                assert!(bid < ask, "{symbol} row {i}: {bid} {ask}");
            }
            if row.kind == RowKind::Frame {
                frames += 1;
                assert_eq!([book.0[0].len(), book.0[1].len()], [20, 20], "{symbol} row {i}");
            }
        }
        assert!((6_600..=7_200).contains(&frames), "two frames a second: {frames}");
    }
}

#[test]
fn trades_print_at_the_touch_they_found_or_walk_behind_it() {
    let rows = rows(config("ETH", 5, FIRST), 6 * HOUR, 1);
    let mut book = Book::default();
    let (mut trades, mut at_touch) = (0, 0);
    for i in 0..rows.len() {
        let row = rows.get(i).expect("known kind");
        if row.kind == RowKind::Trade {
            let (bid, ask) = book.touch();
            let past = match row.side.expect("aggressor") {
                Side::Bid => row.px.0 - ask,
                Side::Ask => bid - row.px.0,
            };
            assert!(past >= 0, "row {i}: {past} inside the spread of the book as shown");
            trades += 1;
            at_touch += usize::from(past == 0);
        }
        book.apply(&rows, i);
    }
    assert!(trades > 10_000, "{trades}");
    assert!(at_touch * 10 > trades * 7, "{at_touch} of {trades}");
}

#[test]
fn traded_sizes_are_gone_from_the_book_that_follows() {
    let mut market = Plain::new(config("BTC", 7, FIRST)).expect("valid");
    let mut met = 0;
    for _ in 0..20_000 {
        let touch = Side::BOTH.map(|side| (side, market.levels.best(side)));
        let before = touch.map(|(side, tick)| market.levels.qty(side, tick));
        market.show.begin_block(market.world.now(), &mut market.rng);
        let prints = &mut market.show.prints;
        market.takers.block(&market.world, &mut market.value, &mut market.levels, prints);
        for ((side, tick), before) in touch.into_iter().zip(before) {
            let (grid, prints) = (market.grid, &market.show.prints);
            let hit = |p: &&crate::event::Print| p.side != side && p.px == grid.px(tick);
            let traded: i64 = prints.iter().filter(hit).map(|p| p.qty.0).sum();
            assert_eq!(market.levels.qty(side, tick), before - traded);
            met += i64::from(traded > 0);
        }
        market.show.prints.clear();
        market.levels.quote(&mut market.rng, market.grid.ticks(market.value.fair()), 0.07);
        market.world.step();
    }
    assert!(met > 500, "{met}");
}

#[test]
fn days_are_made_alone_and_join() {
    let days: Vec<Rows> =
        (0..2).map(|day| rows(config("SOL", 11, FIRST + day), DAY_NS, 1)).collect();
    let midnight = (FIRST + 1) * DAY_NS;
    assert_eq!(days[0].ts_recv.last(), Some(&(midnight - 1)));
    assert_eq!(days[0].ts_exch.last(), Some(&(midnight - 1)), "a time of 0 would be disorder");
    assert!(days[1].ts_recv[0] >= midnight && days[1].ts_recv[0] < midnight + 300_000_000);
    assert_eq!(days[1].kind[0], RowKind::Clear as u8);
    let stamped: Vec<i64> = days
        .iter()
        .flat_map(|rows| rows.kind.iter().zip(&rows.ts_exch))
        .filter(|(kind, _)| **kind < RowKind::Context as u8)
        .map(|(_, ts)| *ts)
        .collect();
    assert!(stamped.is_sorted(), "the venue's clock does not run back, at midnight neither");
    let (end, open) = (mids(&days[0]).1, mids(&days[1]).0);
    assert!((open / end - 1.0).abs() < 15e-4, "{end} {open}");
    let funding = days[1].kind.iter().filter(|kind| **kind == RowKind::Funding as u8).count();
    assert_eq!(funding, 24);
    let ids: Vec<u64> = days.iter().flat_map(|rows| rows.id.iter().copied()).collect();
    let mut trades: Vec<u64> = ids.into_iter().filter(|id| *id > 1_000).collect();
    let count = trades.len();
    trades.sort_unstable();
    trades.dedup();
    assert_eq!(trades.len(), count, "ids of trades are used once");
}

#[test]
fn symbols_of_a_seed_move_together() {
    let step = |symbol: &str, seed| -> Vec<f64> {
        let rows = rows(config(symbol, seed, FIRST), 2 * HOUR, 1);
        let mut book = Book::default();
        let (mut due, mut last, mut steps) = (rows.ts_recv[0], 0.0, Vec::new());
        for i in 0..rows.len() {
            if book.apply(&rows, i) && rows.ts_recv[i] >= due {
                due += 60_000_000_000;
                let mid = libm::log(book.mid());
                steps.push(mid - last);
                last = mid;
            }
        }
        steps.split_off(1)
    };
    let correlation = |a: &[f64], b: &[f64]| {
        let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
        dot(a, b) / libm::sqrt(dot(a, a) * dot(b, b))
    };
    let (btc, eth) = (step("BTC", 13), step("ETH", 13));
    assert!(correlation(&btc, &eth) > 0.3, "{}", correlation(&btc, &eth));
    let other = step("ETH", 14);
    assert!(correlation(&btc, &other).abs() < 0.3);
}

#[test]
fn other_streams_are_refused() {
    let full = FlowConfig { streams: FlowStreams::Full, ..config("BTC", 1, FIRST) };
    let error = Plain::new(full).expect_err("no level changes");
    assert!(error.to_string().contains("classic"), "{error}");
}
