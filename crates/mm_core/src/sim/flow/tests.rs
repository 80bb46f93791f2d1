//! Tests of the synthetic exchange as a whole.

use crate::event::FeedMessage;
use crate::event::Frame;
use crate::event::FrameKind;
use crate::event::LevelQty;
use crate::event::RowKind;
use crate::event::Rows;
use crate::queue::QpnConfig;
use crate::queue::QueueModel;
use crate::sim::flow::calibrate_qpn;
use crate::sim::flow::estimate_queue;
use crate::sim::flow::ghost::Ghosts;
use crate::sim::flow::grid::Grid;
use crate::sim::flow::lob::Lob;
use crate::sim::flow::random::Rng;
use crate::sim::flow::record::Content;
use crate::sim::flow::Flow;
use crate::sim::flow::FlowConfig;
use crate::sim::flow::FlowLatency;
use crate::sim::flow::FlowStreams;
use crate::sim::flow::GhostPlan;
use crate::sim::flow::QueueViews;
use crate::units::DurationNanos;
use crate::units::Side;
use crate::units::UnixNanos;

const MINUTE: i64 = 60_000_000_000;

fn config(symbol: &str, streams: FlowStreams) -> FlowConfig {
    let preset = FlowConfig::preset(symbol).expect("preset");
    FlowConfig { streams, ..preset }
}

fn with_ghosts(mut config: FlowConfig) -> FlowConfig {
    config.ghosts.every = DurationNanos::from_millis(500);
    config
}

fn deliveries(flow: &mut Flow, minutes: i64) -> Vec<(UnixNanos, Content)> {
    let until = UnixNanos(flow.config().start.0 + minutes * MINUTE);
    let mut out = Vec::new();
    while flow.world.now() <= until {
        let now = flow.world.now();
        flow.block(now);
        out.extend(std::iter::from_fn(|| flow.recorder.pop(now)));
        flow.world.step();
    }
    out
}

#[test]
fn oldest_order_of_the_best_price_trades_first() {
    let mut lob = Lob::new(1_000);
    let first = lob.add(Side::Ask, 1_001, 5).expect("rests");
    lob.add(Side::Ask, 1_001, 7);
    lob.add(Side::Ask, 1_000, 2);
    lob.add(Side::Ask, 1_002, 9);
    assert!(lob.add(Side::Bid, 1_000, 1).is_none(), "post-only must not match");
    assert_eq!(lob.take(Side::Bid, 10, 1_001), 10);
    let hits: Vec<_> = lob.log().matches.iter().map(|m| (m.tick, m.size, m.exhausted)).collect();
    assert_eq!(hits, [(1_000, 2, true), (1_001, 5, true), (1_001, 3, false)]);
    assert!(!lob.cancel(first), "traded orders cannot be cancelled");
    assert_eq!(lob.at(Side::Ask, 1_001), (4, 1));
    assert_eq!(lob.take(Side::Bid, 10, 1_001), 4, "nothing trades beyond the limit");
    assert_eq!(lob.best(Side::Ask), 1_002);
}

#[test]
fn same_seed_same_rows_however_time_is_cut() {
    for streams in [FlowStreams::Classic, FlowStreams::Modern, FlowStreams::Full] {
        let start = config("BTC", streams).start;
        let run = |cut: i64, seed: u64| {
            let seeded = FlowConfig { seed, ..with_ghosts(config("BTC", streams)) };
            let mut flow = Flow::new(seeded).expect("valid");
            let mut rows = Rows::default();
            for piece in 1..=cut {
                let until = UnixNanos(start.0 + 2 * MINUTE * piece / cut);
                flow.step_until(until, &mut rows).expect("steps");
            }
            let prices = (flow.lob.best(Side::Bid), flow.lob.best(Side::Ask));
            (rows, flow.take_truth(), prices)
        };
        assert_eq!(run(1, 1), run(37, 1));
        assert_ne!(run(1, 1).1, run(1, 2).1);
    }
}

#[test]
fn book_stays_sound_at_every_block() {
    for symbol in ["BTC", "ETH", "SOL", "XRP"] {
        let mut flow = Flow::new(config(symbol, FlowStreams::Full)).expect("valid");
        for _ in 0..5_000 {
            flow.block(flow.world.now());
            flow.world.step();
            let (bid, ask) = (flow.lob.best(Side::Bid), flow.lob.best(Side::Ask));
            assert!(bid < ask, "crossed: {bid} {ask}");
            assert!(!flow.lob.is_empty(Side::Bid) && !flow.lob.is_empty(Side::Ask));
            flow.lob.check();
        }
    }
}

/// The same book as a plain list of orders, oldest first: side, tick, size.
#[derive(Default)]
struct PlainBook(Vec<(Side, i64, i64)>);

impl PlainBook {
    fn best(&self, side: Side) -> Option<i64> {
        let ticks = self.0.iter().filter(|order| order.0 == side).map(|order| order.1);
        match side {
            Side::Bid => ticks.max(),
            Side::Ask => ticks.min(),
        }
    }

    fn take(&mut self, taker: Side, mut size: i64, limit: i64) -> Vec<(i64, i64)> {
        let mut hits = Vec::new();
        let side = taker.opposite();
        while let Some(tick) = self.best(side).filter(|t| taker.sign() * (t - limit) <= 0) {
            if size == 0 {
                break;
            }
            let at = self.0.iter().position(|o| (o.0, o.1) == (side, tick)).expect("best");
            let hit = size.min(self.0[at].2);
            hits.push((tick, hit));
            size -= hit;
            self.0[at].2 -= hit;
            if self.0[at].2 == 0 {
                self.0.remove(at);
            }
        }
        hits
    }
}

#[test]
fn book_matches_as_a_plain_list_does_and_loses_nothing() {
    let mut rng = Rng::new(3, 0);
    let (mut lob, mut plain) = (Lob::new(0), PlainBook::default());
    for _ in 0..20_000 {
        let side = Side::BOTH[rng.below(2) as usize];
        let (tick, size) = (rng.below(40) as i64 - 20, 1 + rng.below(9) as i64);
        if rng.chance(0.6) {
            let crosses =
                plain.best(side.opposite()).is_some_and(|b| side.sign() * (tick - b) >= 0);
            assert_eq!(lob.add(side, tick, size).is_none(), crosses);
            if !crosses {
                plain.0.push((side, tick, size));
            }
        } else {
            lob.begin_block(0);
            let taken = lob.take(side, 2 * size, tick);
            let hits: Vec<_> = lob.log().matches.iter().map(|m| (m.tick, m.size)).collect();
            assert_eq!(hits, plain.take(side, 2 * size, tick));
            assert_eq!(taken, hits.iter().map(|hit| hit.1).sum::<i64>());
        }
        let best =
            |side| plain.best(side).unwrap_or(if side == Side::Bid { i64::MIN } else { i64::MAX });
        assert_eq!((lob.best(Side::Bid), lob.best(Side::Ask)), (best(Side::Bid), best(Side::Ask)));
        let shown = |t| Side::BOTH.map(|side| lob.at(side, t).0).iter().sum::<i64>();
        let resting: i64 = (-20..20).map(shown).sum();
        assert_eq!(resting, plain.0.iter().map(|order| order.2).sum::<i64>());
    }
    lob.check();
}

/// Applies frames as documented, and forgets nothing.
#[derive(Default)]
struct Mirror {
    sides: [std::collections::BTreeMap<i64, (i64, u32)>; 2],
    seq: u64,
}

impl Mirror {
    fn apply(&mut self, frame: &Frame) {
        match frame.kind {
            FrameKind::Snapshot { depth } => {
                assert_eq!(depth, u16::MAX);
                self.sides = Default::default();
            }
            FrameKind::Delta { prev_seq, .. } => assert_eq!(prev_seq, self.seq),
            FrameKind::Bbo => panic!("no touch stream beside all changes"),
        }
        self.seq = frame.seq;
        for (side, levels) in [&frame.bids, &frame.asks].into_iter().enumerate() {
            for level in levels {
                if level.qty.0 == 0 {
                    self.sides[side].remove(&level.px.0);
                } else {
                    self.sides[side].insert(level.px.0, (level.qty.0, level.n));
                }
            }
        }
    }
}

#[test]
fn deltas_rebuild_the_book() {
    let mut config = config("SOL", FlowStreams::Full);
    let zero = DurationNanos(0);
    config.latency = FlowLatency { floor: zero, jitter: zero, spread: 0.0 };
    let mut flow = Flow::new(config).expect("valid");
    let mut mirror = Mirror::default();
    for _ in 0..3_000 {
        let now = flow.world.now();
        flow.block(now);
        flow.world.step();
        while let Some((_, content)) = flow.recorder.pop(now) {
            if let Content::Message(FeedMessage::Book(frame)) = content {
                mirror.apply(&frame);
            }
        }
        for side in Side::BOTH {
            let mut levels: Vec<LevelQty> = Vec::new();
            flow.lob.top(side, usize::MAX, flow.grid, &mut levels);
            let truth = levels.iter().map(|l| (l.px.0, (l.qty.0, l.n))).collect();
            assert_eq!(mirror.sides[side.index()], truth);
        }
    }
}

#[test]
fn streams_arrive_in_order_and_late() {
    let mut flow = Flow::new(config("BTC", FlowStreams::Modern)).expect("valid");
    let got = deliveries(&mut flow, 10);
    assert!(got.is_sorted_by_key(|(ts_recv, _)| *ts_recv));
    let (mut waits, mut slow, mut fast, mut prints) = (Vec::new(), 0, 0, 0);
    for (ts_recv, content) in &got {
        match content {
            Content::Message(FeedMessage::Book(frame)) => {
                waits.push(ts_recv.since(frame.ts_exch).0);
                slow += u32::from(frame.kind == FrameKind::Snapshot { depth: 20 });
                fast += u32::from(frame.kind == FrameKind::Snapshot { depth: 5 });
            }
            Content::Message(FeedMessage::Trades(list)) => prints += list.len(),
            Content::Message(FeedMessage::Context { .. }) | Content::Funding(_) => {}
        }
    }
    waits.sort_unstable();
    let median = waits[waits.len() / 2] / 1_000_000;
    assert!((250..400).contains(&median), "{median} ms");
    assert!((105..=115).contains(&slow), "{slow} deep frames in 10 minutes");
    assert!((1_050..=1_200).contains(&fast), "{fast} fast frames in 10 minutes");
    assert!((600..=6_000).contains(&prints), "{prints} prints in 10 minutes");
}

#[test]
fn funding_settles_on_the_hour() {
    let mut flow = Flow::new(config("XRP", FlowStreams::Classic)).expect("valid");
    let got = deliveries(&mut flow, 121);
    assert!(got.is_sorted_by_key(|(ts_recv, _)| *ts_recv));
    let settled: Vec<_> = got
        .iter()
        .filter_map(|(_, content)| match content {
            Content::Funding(row) => Some((row.ts_exch.0, row.qty.0)),
            Content::Message(_) => None,
        })
        .collect();
    let start = flow.config().start.0;
    let times: Vec<_> = settled.iter().map(|(ts, _)| ts - start).collect();
    assert_eq!(times, [60 * MINUTE, 120 * MINUTE]);
    assert!(settled.iter().all(|(_, rate)| rate.abs() < 400_000_000), "{settled:?}");
}

#[test]
fn ghosts_never_have_less_than_nothing_ahead() {
    let mut flow = Flow::new(with_ghosts(config("BTC", FlowStreams::Classic))).expect("valid");
    deliveries(&mut flow, 20);
    let truth = flow.take_truth();
    let samples = &truth.samples;
    let sound = |i: usize| (0..=samples.qty[i]).contains(&samples.ahead[i]);
    assert!((0..samples.id.len()).all(sound));
    let fates = |want: u8| truth.ghosts.fate.iter().filter(|&&fate| fate == want).count();
    assert!(
        fates(0) > 50 && fates(1) > 200 && fates(2) > 50,
        "{} {} {}",
        fates(0),
        fates(1),
        fates(2)
    );
}

#[test]
fn a_ghost_is_filled_by_what_reaches_past_its_queue() {
    let (every, horizon) = (DurationNanos(10), DurationNanos(4));
    let plan = GhostPlan { every, horizon, behind: 0 };
    let mut lob = Lob::new(1_000);
    lob.add(Side::Bid, 1_000, 4);
    let leaves = lob.add(Side::Bid, 1_000, 3).expect("rests");
    lob.add(Side::Ask, 1_001, 9);
    let mut ghosts = Ghosts::new(plan, Grid::new(1), UnixNanos(0));
    ghosts.after_block(&mut lob, UnixNanos(10), 2);
    lob.begin_block(1_000);
    lob.add(Side::Bid, 1_000, 5);
    lob.cancel(leaves);
    lob.take(Side::Ask, 5, 1_000);
    ghosts.after_block(&mut lob, UnixNanos(11), 2);
    lob.begin_block(1_000);
    lob.take(Side::Ask, 1, 1_000);
    ghosts.after_block(&mut lob, UnixNanos(12), 2);
    lob.begin_block(1_000);
    lob.add(Side::Bid, 999, 8);
    lob.take(Side::Ask, 9, 999);
    ghosts.after_block(&mut lob, UnixNanos(14), 2);
    let truth = ghosts.take_truth();
    let first: Vec<_> = (0..truth.samples.id.len())
        .filter(|&i| truth.samples.id[i] == 0)
        .map(|i| [truth.samples.ahead[i], truth.samples.qty[i], truth.samples.traded[i]])
        .collect();
    assert_eq!(first, [[7, 7, 0], [0, 4, 5], [0, 3, 1], [0, 0, 3]]);
    assert_eq!(truth.samples.beyond.last(), Some(&6));
    assert_eq!((truth.ghosts.id[0], truth.ghosts.filled[0], truth.ghosts.fate[0]), (0, 12, 1));
}

#[test]
fn symbols_of_one_seed_move_together() {
    let mids = |symbol: &str, seed: u64| {
        let preset = FlowConfig { seed, ..config(symbol, FlowStreams::Classic) };
        let mut flow = Flow::new(preset).expect("valid");
        let mut out = Vec::new();
        for block in 0..200_000 {
            flow.block(flow.world.now());
            flow.world.step();
            if block % 860 == 0 {
                let sum = flow.lob.best(Side::Bid) + flow.lob.best(Side::Ask);
                out.push(sum as f64 / 2.0);
            }
        }
        out
    };
    let moves = |p: &[f64]| p.windows(2).map(|w| w[1] - w[0]).collect::<Vec<f64>>();
    let correlation = |a: &[f64], b: &[f64]| {
        let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(p, q)| p * q).sum::<f64>();
        dot(a, b) / libm::sqrt(dot(a, a) * dot(b, b))
    };
    let (btc, eth) = (moves(&mids("BTC", 1)), moves(&mids("ETH", 1)));
    let other = moves(&mids("ETH", 2));
    assert!(correlation(&btc, &eth) > 0.4, "{}", correlation(&btc, &eth));
    assert!(correlation(&btc, &other).abs() < 0.25, "{}", correlation(&btc, &other));
}

#[test]
fn every_print_becomes_a_row_and_no_sequence_breaks() {
    for streams in [FlowStreams::Classic, FlowStreams::Modern, FlowStreams::Full] {
        let mut flow = Flow::new(config("BTC", streams)).expect("valid");
        let (mut rows, mut prints) = (Rows::default(), 0);
        for _ in 0..10_000 {
            let now = flow.world.now();
            flow.block(now);
            prints += flow.lob.log().matches.len();
            flow.recorder.deliver(now, &mut rows).expect("merges");
            flow.world.step();
        }
        let end = UnixNanos(flow.world.now().0 + MINUTE);
        flow.recorder.deliver(end, &mut rows).expect("merges");
        let trades = rows.kind.iter().filter(|&&kind| kind == RowKind::Trade as u8).count();
        assert_eq!(trades, prints);
        let counts = flow.recorder.merge_counts();
        assert_eq!((counts.sequence_gaps, counts.unsynced_frames, counts.bad_levels), (0, 0, 0));
    }
}

#[test]
fn queue_models_err_as_they_are_known_to() {
    let mut flow = Flow::new(with_ghosts(config("SOL", FlowStreams::Classic))).expect("valid");
    deliveries(&mut flow, 40);
    let truth = flow.take_truth();
    let horizon = flow.config().ghosts.horizon;
    let mean = |values: &[f64]| {
        let known: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        assert!(known.len() > 1_000, "{} ghosts", known.len());
        known.iter().sum::<f64>() / known.len() as f64
    };
    for every in [DurationNanos(0), DurationNanos::from_millis(500)] {
        let views = QueueViews { every, horizon, probe: DurationNanos::from_millis(10_000) };
        let fitted = calibrate_qpn(&truth, views);
        assert!(fitted.rates[0] > 4.0 * fitted.rates[4], "young orders leave: {:?}", fitted.rates);
        let score = |model| {
            let found = estimate_queue(&truth, model, &fitted, views);
            (mean(&found.error), mean(&found.bias))
        };
        let (averse, pow, qpn) =
            (score(QueueModel::RiskAverse), score(QueueModel::Pow3(3.0)), score(QueueModel::Qpn));
        assert!(averse.1 > 0.0 && averse.1 > pow.1, "{averse:?} {pow:?}");
        assert!(qpn.0 < averse.0 && qpn.0 < pow.0, "{qpn:?} {averse:?} {pow:?}");
    }
}

#[test]
fn a_level_that_only_trades_is_followed_exactly() {
    let mut flow = Flow::new(with_ghosts(config("XRP", FlowStreams::Classic))).expect("valid");
    deliveries(&mut flow, 20);
    let mut truth = flow.take_truth();
    // Make every level one that nobody joins or leaves: what trades is all that changes.
    let (mut id, mut left) = (u64::MAX, 0);
    let order = {
        let mut order: Vec<usize> = (0..truth.samples.id.len()).collect();
        order.sort_by_key(|&i| truth.samples.id[i]);
        order
    };
    for i in order {
        if truth.samples.id[i] != id {
            (id, left) = (truth.samples.id[i], truth.samples.qty[i]);
        }
        truth.samples.traded[i] = truth.samples.traded[i].min(left);
        truth.samples.beyond[i] = 0;
        left -= truth.samples.traded[i];
        truth.samples.qty[i] = left;
        truth.samples.ahead[i] = left;
    }
    let (every, probe) = (DurationNanos(0), DurationNanos::from_millis(10_000));
    let views = QueueViews { every, horizon: flow.config().ghosts.horizon, probe };
    for model in [QueueModel::RiskAverse, QueueModel::Pow1(1.0), QueueModel::Log1(9.0)] {
        let found = estimate_queue(&truth, model, &QpnConfig::default(), views);
        assert!(found.error.iter().all(|error| error.is_nan() || *error <= 1e-12), "{model:?}");
    }
}
