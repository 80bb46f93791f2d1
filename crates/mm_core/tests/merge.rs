//! The merger: rows reproduce the frames, newer knowledge stands, sequences and trades hold.

use mm_core::book::GapCause;
use mm_core::book::Merger;
use mm_core::event::flags;
use mm_core::event::streams;
use mm_core::event::FeedMessage;
use mm_core::event::Frame;
use mm_core::event::FrameKind;
use mm_core::event::LevelQty;
use mm_core::event::Print;
use mm_core::event::Row;
use mm_core::event::RowKind;
use mm_core::event::Rows;
use mm_core::instrument::Venue;
use mm_core::units::Lots;
use mm_core::units::Px;
use mm_core::units::Side;
use mm_core::units::UnixNanos;
use proptest::prelude::*;
use std::collections::BTreeMap;

const MS: i64 = 1_000_000;

fn levels(list: &[(i64, i64)]) -> Vec<LevelQty> {
    list.iter().map(|&(px, qty)| LevelQty { px: Px(px), qty: Lots(qty), n: 1 }).collect()
}

fn book(
    kind: FrameKind,
    stream: u8,
    ms: i64,
    bids: &[(i64, i64)],
    asks: &[(i64, i64)],
) -> FeedMessage {
    FeedMessage::Book(Frame {
        kind,
        ts_exch: UnixNanos(ms * MS),
        seq: 0,
        stream,
        bids: levels(bids),
        asks: levels(asks),
    })
}

fn full(ms: i64, depth: u16, bids: &[(i64, i64)], asks: &[(i64, i64)]) -> FeedMessage {
    book(FrameKind::Snapshot { depth }, streams::BOOK, ms, bids, asks)
}

fn fast(ms: i64, depth: u16, bids: &[(i64, i64)], asks: &[(i64, i64)]) -> FeedMessage {
    book(FrameKind::Snapshot { depth }, streams::FAST, ms, bids, asks)
}

fn bbo(ms: i64, bids: &[(i64, i64)], asks: &[(i64, i64)]) -> FeedMessage {
    book(FrameKind::Bbo, streams::BBO, ms, bids, asks)
}

fn with_seq(message: FeedMessage, seq: u64) -> FeedMessage {
    match message {
        FeedMessage::Book(frame) => FeedMessage::Book(Frame { seq, ..frame }),
        other => other,
    }
}

fn numbered(seq: u64, depth: u16, bids: &[(i64, i64)], asks: &[(i64, i64)]) -> FeedMessage {
    with_seq(full(seq as i64, depth, bids, asks), seq)
}

fn delta(prev_seq: u64, seq: u64, bids: &[(i64, i64)], asks: &[(i64, i64)]) -> FeedMessage {
    let kind = FrameKind::Delta { prev_seq, first_seq: seq.min(prev_seq + 1) };
    with_seq(book(kind, streams::BOOK, seq as i64, bids, asks), seq)
}

fn print(ms: i64, id: u64) -> Print {
    Print { ts_exch: UnixNanos(ms * MS), side: Side::Bid, px: Px(100), qty: Lots(1), id }
}

/// A merger with the rows it wrote, applied to a plain map as any reader would.
struct Desk {
    merger: Merger,
    rows: Rows,
    recv: i64,
}

impl Desk {
    fn new(merger: Merger) -> Self {
        Self { merger, rows: Rows::default(), recv: 0 }
    }

    /// Feed a message; the kinds of the rows it made.
    fn feed(&mut self, message: &FeedMessage) -> Vec<RowKind> {
        let from = self.rows.len();
        self.recv += MS;
        self.merger.on_message(message, UnixNanos(self.recv), &mut self.rows).unwrap();
        let rows = &self.all()[from..];
        let ends = rows.last().is_none_or(|row| row.flags & flags::LAST != 0);
        assert!(ends, "the last row of a message is flagged: {rows:?}");
        rows.iter().map(|row| row.kind).collect()
    }

    fn all(&self) -> Vec<Row> {
        (0..self.rows.len()).map(|i| self.rows.get(i).unwrap()).collect()
    }

    /// What a reader of the rows knows of a side: price to quantity, bids first.
    fn read(&self) -> [BTreeMap<i64, i64>; 2] {
        let mut sides = [BTreeMap::new(), BTreeMap::new()];
        for row in self.all() {
            match (row.kind, row.side) {
                (RowKind::Clear, _) => sides = [BTreeMap::new(), BTreeMap::new()],
                (RowKind::Level, Some(side)) => {
                    assert!(row.qty.0 > 0);
                    sides[side.index()].insert(row.px.0, row.qty.0);
                }
                (RowKind::Gone | RowKind::Left, Some(side)) => {
                    let held = sides[side.index()].remove(&row.px.0);
                    assert!(held.is_some(), "only what was there can go: {row:?}");
                }
                _ => {}
            }
        }
        sides
    }

    fn bids(&self) -> Vec<(i64, i64)> {
        self.read()[0].iter().rev().map(|(&px, &qty)| (px, qty)).collect()
    }

    fn asks(&self) -> Vec<(i64, i64)> {
        self.read()[1].iter().map(|(&px, &qty)| (px, qty)).collect()
    }

    fn last_bounds(&self) -> (i64, i64) {
        let frames = self.all().into_iter().rev().find(|row| row.kind == RowKind::Frame);
        frames.map(|row| (row.px.0, row.qty.0)).unwrap()
    }
}

fn desk() -> Desk {
    Desk::new(Merger::default())
}

use RowKind::Clear;
use RowKind::Frame as End;
use RowKind::Gap;
use RowKind::Gone;
use RowKind::Left;
use RowKind::Level;

#[test]
fn first_snapshot_clears_and_later_ones_state_only_changes() {
    let mut d = desk();
    let kinds = d.feed(&full(1, 2, &[(100, 1), (99, 2)], &[(101, 3)]));
    assert_eq!(kinds, [Clear, Level, Level, Level, End]);
    assert_eq!(d.last_bounds(), (99, 0), "one ask of two possible: visible to its end");
    assert_eq!(d.feed(&full(2, 2, &[(100, 1), (99, 2)], &[(101, 3)])), [End], "heartbeat");
    assert_eq!(d.feed(&full(3, 2, &[(100, 1), (99, 5)], &[(102, 3)])), [Level, Gone, Level, End]);
    assert_eq!(d.asks(), [(102, 3)]);
}

#[test]
fn what_lies_beyond_the_window_left_and_what_is_missing_inside_is_gone() {
    let mut d = desk();
    d.feed(&full(1, 3, &[(100, 1), (99, 1), (98, 1)], &[(101, 1), (102, 1), (103, 1)]));
    let kinds =
        d.feed(&full(2, 3, &[(101, 1), (100, 1), (98, 1)], &[(102, 1), (103, 1), (104, 1)]));
    assert_eq!(kinds, [Level, Gone, Gone, Level, End]);
    let kinds = d.feed(&full(3, 3, &[(103, 1), (102, 1), (101, 1)], &[]));
    assert_eq!(kinds, [Level, Level, Left, Left, Gone, Gone, Gone, End]);
    assert_eq!(d.last_bounds(), (101, 0));
}

#[test]
fn fast_frames_speak_for_their_levels_only() {
    let mut d = desk();
    d.feed(&full(1, 4, &[(100, 1), (99, 1), (98, 1), (97, 1)], &[(101, 1)]));
    let kinds = d.feed(&fast(2, 2, &[(100, 7), (98, 1)], &[(101, 1)]));
    assert_eq!(kinds, [Level, Gone, End]);
    assert_eq!(d.bids(), [(100, 7), (98, 1), (97, 1)]);
    assert_eq!(d.last_bounds(), (97, 0), "the wider window still bounds the view");
}

#[test]
fn fast_frames_alone_are_the_window() {
    let mut d = desk();
    d.feed(&fast(1, 2, &[(100, 1), (99, 1)], &[(101, 1), (102, 1)]));
    d.feed(&fast(2, 2, &[(101, 1), (100, 1)], &[(102, 1), (103, 1)]));
    assert_eq!(d.bids(), [(101, 1), (100, 1)]);
    assert_eq!(d.last_bounds(), (100, 103));
}

#[test]
fn newer_bbo_trims_and_an_older_frame_does_not_undo_it() {
    let mut d = desk();
    d.feed(&full(10, 3, &[(100, 1), (99, 1), (98, 1)], &[(101, 1), (102, 1), (103, 1)]));
    assert_eq!(d.feed(&bbo(30, &[(99, 5)], &[(101, 1)])), [Gone, Level]);
    assert_eq!(d.all().last().unwrap().flags, flags::BBO | flags::LAST);
    let kinds =
        d.feed(&full(20, 3, &[(100, 4), (99, 4), (98, 4)], &[(101, 4), (102, 4), (103, 1)]));
    assert_eq!(kinds, [Level, Level, End], "only 98 and 102 lie outside what the touch said");
    assert_eq!(d.bids(), [(99, 5), (98, 4)]);
    assert_eq!(d.asks(), [(101, 1), (102, 4), (103, 1)]);
    assert_eq!(d.feed(&bbo(25, &[(100, 9)], &[(101, 9)])), []);
    assert_eq!(d.merger.counts().stale_frames, 1);
    d.feed(&full(30, 3, &[(100, 8), (99, 4), (98, 4)], &[(101, 4), (102, 4), (103, 1)]));
    assert_eq!(d.bids()[0], (100, 8), "equal venue time applies");
}

#[test]
fn an_older_full_frame_changes_only_what_a_newer_fast_frame_left_open() {
    let mut d = desk();
    d.feed(&fast(20, 2, &[(100, 1), (99, 1)], &[(101, 1), (102, 1)]));
    d.feed(&full(10, 3, &[(101, 9), (99, 9), (97, 9)], &[(101, 9), (102, 9), (105, 9)]));
    assert_eq!(d.bids(), [(100, 1), (99, 1), (97, 9)]);
    assert_eq!(d.asks(), [(101, 1), (102, 1), (105, 9)]);
    assert_eq!(d.feed(&full(9, 3, &[(50, 9)], &[(60, 9)])), []);
    assert_eq!(d.merger.counts().stale_frames, 1);
}

#[test]
fn bbo_sides_can_be_empty_or_unchanged() {
    let mut d = desk();
    d.feed(&full(1, 2, &[(100, 1), (99, 1)], &[(101, 1), (102, 1)]));
    d.feed(&bbo(2, &[], &[(-1, 0)]));
    assert_eq!((d.bids(), d.asks()), (vec![], vec![(101, 1), (102, 1)]));
    let unchanged = LevelQty { n: 1, ..Merger::UNCHANGED };
    assert_eq!(levels(&[(-1, 0)]), [unchanged]);
}

#[test]
fn without_snapshots_only_the_touch_is_known() {
    let mut d = desk();
    d.feed(&bbo(1, &[(100, 1)], &[(102, 1)]));
    assert_eq!(d.feed(&bbo(2, &[(101, 3)], &[(102, 1)])), [Level, Left]);
    assert_eq!(d.bids(), [(101, 3)]);
    assert_eq!(d.feed(&bbo(3, &[(99, 2)], &[(102, 1)])), [Gone, Level]);
    assert_eq!((d.bids(), d.asks()), (vec![(99, 2)], vec![(102, 1)]));
}

#[test]
fn deltas_join_the_snapshot_and_wait_for_it() {
    let mut d = Desk::new(Merger::for_venue(Venue::Binance));
    assert_eq!(d.feed(&delta(90, 95, &[(100, 9)], &[])), []);
    assert_eq!(d.feed(&delta(95, 105, &[(100, 2)], &[])), []);
    assert_eq!(d.feed(&delta(105, 110, &[(99, 3)], &[(101, 0)])), []);
    assert_eq!(d.merger.counts().unsynced_frames, 3);
    let kinds = d.feed(&numbered(100, 1000, &[(100, 1)], &[(101, 1)]));
    assert_eq!(kinds, [Clear, Level, Level, End, Level, Level, Gone]);
    assert_eq!((d.bids(), d.asks()), (vec![(100, 2), (99, 3)], vec![]));
    assert_eq!(d.feed(&delta(105, 110, &[(99, 9)], &[])), [], "a repeat is stale");
    assert_eq!(d.feed(&bbo(200, &[(98, 1)], &[])), [], "the touch stream is not merged here");
    assert_eq!(d.feed(&delta(110, 111, &[(99, 0), (50, 0)], &[])), [Gone]);
    assert_eq!(d.feed(&numbered(50, 1000, &[], &[])), [], "an old snapshot is stale");
    assert_eq!(d.merger.counts().stale_frames, 2);
}

#[test]
fn changes_never_happen_before_the_snapshot_that_they_change() {
    let mut d = Desk::new(Merger::for_venue(Venue::Binance));
    // The snapshot's answer bears our time, 300 ms; the change that deletes its bid is of 105 ms.
    d.feed(&delta(95, 105, &[(100, 0)], &[]));
    d.feed(&with_seq(full(300, 1000, &[(100, 1), (99, 1)], &[(101, 1)]), 100));
    d.feed(&delta(105, 106, &[(98, 1)], &[]));
    d.feed(&delta(106, 310, &[(97, 1)], &[]));
    let times: Vec<i64> = d.all().iter().map(|row| row.ts_exch.0 / MS).collect();
    assert!(times.windows(2).all(|pair| pair[0] <= pair[1]), "{times:?}");
    assert_eq!(times.last(), Some(&310));
    assert_eq!((d.bids(), d.asks()), (vec![(99, 1), (98, 1), (97, 1)], vec![(101, 1)]));
}

#[test]
fn a_break_voids_the_book_until_a_snapshot_that_joins() {
    let mut d = Desk::new(Merger::for_venue(Venue::Binance));
    d.feed(&numbered(100, 1000, &[(100, 1)], &[(101, 1)]));
    d.feed(&delta(100, 101, &[(100, 2)], &[]));
    assert_eq!(d.feed(&delta(105, 110, &[(100, 3)], &[])), [Gap, Clear]);
    let gap = d.all()[d.rows.len() - 2];
    assert_eq!((gap.id, gap.ts_exch.0, gap.ts_recv.0), (2, 2 * MS, 3 * MS));
    assert_eq!(d.feed(&numbered(104, 1000, &[(90, 1)], &[])), [], "from before the first delta");
    assert_eq!(d.merger.counts().sequence_gaps, 2);
    let kinds = d.feed(&numbered(107, 1000, &[(90, 1)], &[]));
    assert_eq!(kinds, [Level, End, Level]);
    assert_eq!(d.bids(), [(100, 3), (90, 1)]);
}

#[test]
fn restart_of_the_venue_replaces_the_book() {
    let mut d = Desk::new(Merger::for_venue(Venue::Bybit));
    d.feed(&numbered(500, 200, &[(100, 1)], &[(101, 1)]));
    d.feed(&delta(500, 501, &[(100, 2)], &[]));
    d.feed(&numbered(1, 200, &[(95, 1)], &[(96, 1)]));
    assert_eq!((d.bids(), d.asks()), (vec![(95, 1)], vec![(96, 1)]));
    assert_eq!(d.feed(&delta(1, 2, &[(95, 3)], &[])), [Level]);
}

#[test]
fn levels_pushed_out_of_a_rolling_window_left() {
    let mut d = Desk::new(Merger::for_venue(Venue::Bybit));
    d.feed(&numbered(10, 2, &[(100, 1), (99, 1)], &[(101, 1), (102, 1)]));
    assert_eq!(d.feed(&delta(10, 11, &[(101, 1), (99, 0)], &[])), [Level, Left]);
    assert_eq!(d.feed(&delta(11, 12, &[(100, 0), (98, 1)], &[])), [Level, Gone]);
    assert_eq!(d.last_bounds(), (99, 102));
    assert_eq!(d.feed(&delta(12, 1200, &[], &[(102, 4)])), [Level, End], "bounds moved with it");
    assert_eq!(d.last_bounds(), (98, 102));
}

#[test]
fn a_gap_voids_unnumbered_changes_only() {
    let mut d = desk();
    d.feed(&full(1, u16::MAX, &[(100, 1)], &[(101, 1)]));
    let gap = |d: &mut Desk| {
        let from = d.rows.len();
        d.merger.on_gap(UnixNanos(5), UnixNanos(9), GapCause::Recorder, &mut d.rows);
        d.all()[from..].iter().map(|row| (row.kind, row.ts_exch.0, row.id)).collect::<Vec<_>>()
    };
    assert_eq!(gap(&mut d), [(Gap, 5, 1)], "frames replace the book by themselves");
    assert_eq!(d.feed(&delta(0, 0, &[(100, 2)], &[])), [Level]);
    assert_eq!(gap(&mut d), [(Gap, 5, 1), (Clear, 9, 0)]);
    assert_eq!(d.feed(&delta(0, 0, &[(100, 3)], &[])), [], "no book to change");
}

#[test]
fn numbers_that_join_after_a_gap_state_the_book_again() {
    let mut d = Desk::new(Merger::for_venue(Venue::Binance));
    d.feed(&numbered(10, 9, &[(100, 1)], &[(101, 1)]));
    d.feed(&delta(10, 11, &[(99, 2)], &[]));
    d.merger.on_gap(UnixNanos(5), UnixNanos(9), GapCause::Recorder, &mut d.rows);
    assert_eq!(d.feed(&delta(11, 12, &[(99, 3)], &[])), [Clear, Level, Level, Level, Level]);
    assert_eq!(d.feed(&delta(12, 13, &[(99, 4)], &[])), [Level]);
    d.merger.on_gap(UnixNanos(5), UnixNanos(9), GapCause::Recorder, &mut d.rows);
    assert_eq!(d.feed(&delta(20, 21, &[(99, 3)], &[])), [Clear], "something was missed in the gap");
}

#[test]
fn a_touch_alone_is_void_after_a_gap_and_whole_with_its_next_frame() {
    let mut d = desk();
    d.feed(&bbo(1, &[(100, 1)], &[(101, 1)]));
    d.merger.on_gap(UnixNanos(5), UnixNanos(9), GapCause::Recorder, &mut d.rows);
    assert_eq!(d.feed(&bbo(20, &[(100, 1)], &[(101, 1)])), [Clear, Level, Level]);
    assert!(d.all().last().is_some_and(|row| row.flags & flags::SNAPSHOT != 0));
}

#[test]
fn bad_levels_never_enter() {
    let mut d = desk();
    d.feed(&full(1, 9, &[(100, 1), (100, 2), (101, 1), (99, -1), (98, 1)], &[(0, 1), (105, 0)]));
    assert_eq!((d.bids(), d.asks()), (vec![(100, 1), (98, 1)], vec![]));
    assert_eq!(d.merger.counts().bad_levels, 5);
    d.feed(&delta(0, 0, &[(97, -3)], &[(-4, 1)]));
    d.feed(&bbo(2, &[(0, 1)], &[(110, 1)]));
    assert_eq!(d.merger.counts().bad_levels, 8);
    assert_eq!(d.asks(), [(110, 1)]);
    d.feed(&full(3, 9, &[(100, 1)], &[(100, 1)]));
    assert_eq!((d.bids(), d.asks()), (vec![(100, 1)], vec![(100, 1)]), "locked books pass");
}

#[test]
fn contradictions_are_refused() {
    let mut rows = Rows::default();
    for message in [full(1, 0, &[], &[]), bbo(1, &[(3, 1), (2, 1)], &[]), delta(9, 8, &[], &[])] {
        let answer = Merger::default().on_message(&message, UnixNanos(1), &mut rows);
        assert!(answer.is_err(), "{message:?}");
    }
    assert!(rows.is_empty());
}

#[test]
fn backlog_and_repeats_are_dropped_once() {
    let mut merger = Merger::default();
    let mut rows = Rows::default();
    let mut feed = |merger: &mut Merger, ms: i64, prints: Vec<Print>| {
        rows.clear();
        let message = FeedMessage::Trades(prints);
        merger.on_message(&message, UnixNanos(ms * MS), &mut rows).unwrap();
        rows.id.clone()
    };
    let prints = vec![print(94_000, 1), print(96_000, 2), print(100_000, 3)];
    assert_eq!(feed(&mut merger, 100_500, prints), [2, 3]);
    assert_eq!(feed(&mut merger, 100_600, vec![print(100_000, 3), print(90_000, 4)]), [4]);
    let zero = Print { qty: Lots(0), ..print(100_600, 5) };
    assert_eq!(feed(&mut merger, 100_700, vec![zero]), [] as [u64; 0]);
    let mut gap = Rows::default();
    merger.on_gap(UnixNanos(1), UnixNanos(2), GapCause::Reconnect, &mut gap);
    let after = vec![print(110_000, 6), print(100_000, 3), print(119_000, 7)];
    assert_eq!(feed(&mut merger, 120_000, after), [7]);
    let counts = merger.counts();
    assert_eq!((counts.repeated_trades, counts.backlog_trades, counts.bad_trades), (2, 2, 1));
}

#[test]
fn contexts_are_stated_when_they_change_and_kept_in_keyframes() {
    use mm_core::event::ContextKind::Mark;
    use mm_core::event::ContextKind::Oracle;
    let mut d = desk();
    let values = vec![(Oracle, 7), (Mark, 8)];
    let message = FeedMessage::Context { ts_exch: UnixNanos(0), values };
    assert_eq!(d.feed(&message).len(), 2);
    assert_eq!(d.feed(&message).len(), 0);
    d.feed(&full(5, 1, &[(100, 1)], &[(101, 2)]));
    let mut key = desk();
    d.merger.keyframe(UnixNanos(9), &mut key.rows);
    assert_eq!((key.bids(), key.asks()), (d.bids(), d.asks()));
    assert_eq!(key.last_bounds(), (100, 101));
    let rows = key.all();
    assert!(rows.iter().all(|row| row.flags & flags::KEYFRAME != 0 && row.ts_recv.0 == 9));
    let contexts = rows.iter().filter(|row| row.kind == RowKind::Context);
    assert_eq!(contexts.map(|row| (row.id, row.qty.0)).collect::<Vec<_>>(), [(1, 7), (2, 8)]);
}

/// A window of up to `depth` levels from random prices.
fn window(depth: usize) -> impl Strategy<Value = Vec<(i64, i64)>> {
    proptest::collection::btree_map(1_i64..40, 1_i64..4, 0..=depth)
        .prop_map(|map| map.into_iter().collect())
}

fn bids_of(asks: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    asks.into_iter().map(|(px, qty)| (50 - px, qty)).collect()
}

proptest! {
    #[test]
    fn rows_reproduce_the_last_window(
        frames in proptest::collection::vec((window(5), window(5)), 1..30)
    ) {
        let mut d = desk();
        for (i, (bids, asks)) in frames.into_iter().enumerate() {
            let bids = bids_of(bids);
            d.feed(&full(i as i64 + 1, 5, &bids, &asks));
            prop_assert_eq!(d.bids(), bids);
            prop_assert_eq!(d.asks(), asks);
        }
    }

    #[test]
    fn newer_knowledge_stands_whatever_the_order(
        frames in proptest::collection::vec((0_u8..3, 1_i64..20, window(4)), 1..40)
    ) {
        let mut d = desk();
        // Newest word on each price: (venue time, quantity), applied only forward in time.
        let mut newest = BTreeMap::<i64, (i64, i64)>::new();
        let mut last = [i64::MIN; 3];
        for (kind, ms, asks) in frames {
            let depth = [4, 2, 1][usize::from(kind)];
            let asks = &asks[..asks.len().min(depth)];
            let (message, from) = match kind {
                0 => (full(ms, 4, &[], asks), last[0]),
                1 => (fast(ms, 2, &[], asks), last[1]),
                _ => (bbo(ms, &[], asks), last[0].max(last[1]).max(last[2])),
            };
            d.feed(&message);
            if ms < from {
                continue;
            }
            last[usize::from(kind)] = ms;
            let worst = if asks.len() < depth { 40 } else { asks[depth - 1].0 };
            for px in 1..=worst {
                let qty = asks.iter().find(|level| level.0 == px).map_or(0, |level| level.1);
                let word = newest.entry(px).or_insert((ms, qty));
                if ms >= word.0 {
                    *word = (ms, qty);
                }
            }
        }
        // The merged book never contradicts the newest word on a price that it shows.
        for (px, qty) in d.asks() {
            prop_assert_eq!(newest.get(&px).map(|word| word.1), Some(qty), "price {}", px);
        }
    }

    #[test]
    fn deltas_give_the_same_book_however_they_are_cut(
        changes in proptest::collection::vec((1_i64..30, 0_i64..4), 1..60),
        cut in 1_usize..7,
    ) {
        let mut whole = BTreeMap::new();
        let mut d = Desk::new(Merger::for_venue(Venue::Binance));
        d.feed(&numbered(10, 1000, &[], &[]));
        for (i, part) in changes.chunks(cut).enumerate() {
            d.feed(&delta(10 + i as u64, 11 + i as u64, &[], part));
            for &(px, qty) in part {
                whole.insert(px, qty);
            }
        }
        whole.retain(|_, qty| *qty > 0);
        prop_assert_eq!(d.asks(), whole.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn no_trade_is_written_twice(
        ids in proptest::collection::vec(proptest::collection::vec(1_u64..50, 0..9), 1..30)
    ) {
        let mut d = desk();
        for list in ids {
            d.feed(&FeedMessage::Trades(list.into_iter().map(|id| print(1, id)).collect()));
        }
        let mut seen = d.rows.id.clone();
        seen.sort_unstable();
        let count = seen.len();
        seen.dedup();
        prop_assert_eq!(seen.len(), count);
    }
}
