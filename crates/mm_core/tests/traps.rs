//! Where tick replay goes wrong, each case with the right outcome.
//!
//! Sizes are in lots of 0.1, prices in whole units; the side of all orders is buy.

mod venue_case;

use mm_core::book::BookRow;
use mm_core::book::Merger;
use mm_core::event::flags;
use mm_core::event::streams;
use mm_core::event::FeedMessage;
use mm_core::event::Frame;
use mm_core::event::FrameKind;
use mm_core::event::LevelQty;
use mm_core::event::RowKind;
use mm_core::event::Rows;
use mm_core::units::Lots;
use mm_core::units::Px;
use mm_core::units::Side;
use mm_core::units::UnixNanos;
use venue_case::level_kind;
use venue_case::Case;
use venue_case::MS;

/// Rows and orders, each a millisecond after the one before.
impl Case {
    fn row(&mut self, kind: RowKind, side: i8, (px, qty): (i64, i64), bits: u8) -> &mut Self {
        self.after(1).show(kind, side, (px, qty, 0), bits)
    }

    fn bid(&mut self, px: i64, qty: i64) -> &mut Self {
        self.row(level_kind(qty), 1, (px, qty), flags::LAST)
    }

    fn ask(&mut self, px: i64, qty: i64) -> &mut Self {
        self.row(level_kind(qty), -1, (px, qty), flags::LAST)
    }

    fn sold(&mut self, px: i64, qty: i64) -> &mut Self {
        self.row(RowKind::Trade, -1, (px, qty), flags::LAST)
    }

    fn frame(&mut self, worst_bid: i64, worst_ask: i64) -> &mut Self {
        self.row(RowKind::Frame, 0, (worst_bid, worst_ask), flags::LAST)
    }

    fn buy(&mut self, id: u128, px: i64, size: i64) -> &mut Self {
        self.after(1).order(id, px, size)
    }
}

/// A market of 100.0 at 100 bid and 101 asked, nothing at the price we join unless said.
fn market(queue: &str) -> Case {
    let mut case = Case::new(queue, true);
    case.bid(100, 0).bid(99, 1000).ask(101, 1000);
    case
}

#[test]
fn three_trades_of_four_tenths_fill_one_whole() {
    let mut case = market("risk-averse");
    case.buy(1, 100, 10).sold(100, 4).sold(100, 4).sold(100, 4);
    assert_eq!(case.fills(), [(1, 4), (1, 4), (1, 2)]);
}

#[test]
fn a_chunk_equal_to_the_rest_ends_the_order() {
    let mut case = market("risk-averse");
    case.buy(1, 100, 10).sold(100, 4).sold(100, 6);
    assert_eq!(case.fills(), [(1, 4), (1, 6)]);
    assert!(case.venue.orders().is_empty());
}

#[test]
fn a_print_fills_no_more_than_itself() {
    let mut case = market("risk-averse");
    case.buy(1, 100, 100).buy(2, 100, 100).buy(3, 100, 100).sold(100, 1);
    assert_eq!(case.fills(), [(1, 1)]);
}

#[test]
fn own_orders_share_a_print_in_their_own_order() {
    let mut case = market("risk-averse");
    case.buy(1, 100, 9).buy(2, 100, 9).buy(3, 100, 9).sold(100, 10);
    assert_eq!(case.fills(), [(1, 9), (2, 1)]);
}

#[test]
fn a_sweep_fills_no_more_than_its_volume() {
    let mut case = market("risk-averse");
    case.buy(1, 100, 9).buy(2, 100, 9).sold(99, 10);
    assert_eq!(case.fills(), [(1, 9), (2, 1)]);
}

#[test]
fn the_place_is_kept_while_the_level_is_out_of_sight() {
    let mut case = Case::new("risk-averse", true);
    case.bid(100, 100).bid(99, 50).ask(101, 50).frame(99, 101);
    case.buy(1, 100, 2);
    // Better bids push the level out of the window, then they go and it comes back.
    case.bid(102, 0).row(RowKind::Left, 1, (100, 0), 0).frame(101, 103);
    assert_eq!(case.ahead(), 100.0);
    case.bid(100, 100).frame(99, 101);
    case.sold(100, 100);
    assert_eq!(case.fills(), []);
    case.sold(100, 2);
    assert_eq!(case.fills(), [(1, 2)]);
}

#[test]
fn an_unseen_level_is_never_taken_for_empty() {
    let mut case = Case::new("risk-averse", true);
    case.bid(100, 40).bid(99, 60).ask(101, 50).frame(99, 101);
    case.buy(1, 95, 2);
    assert_eq!(case.ahead(), 50.0, "the mean of the visible levels");
    assert_eq!(case.venue.counts().unseen_arrivals, 1);
    assert!(!case.venue.orders()[0].is_known());
    // What was last seen of a level beats the mean.
    let mut case = Case::new("risk-averse", true);
    case.bid(100, 40).bid(95, 70).ask(101, 50).frame(95, 101);
    case.row(RowKind::Left, 1, (95, 0), 0).frame(99, 101);
    case.buy(1, 95, 2);
    assert_eq!(case.ahead(), 70.0);
    assert!(!case.venue.orders()[0].is_known());
}

#[test]
fn rows_and_a_cleared_snapshot_give_the_same_place() {
    let aheads = [false, true].map(|snapshot| {
        let mut case = market("pow2:2");
        case.bid(100, 200).buy(1, 100, 10).bid(100, 300);
        if snapshot {
            case.row(RowKind::Clear, 0, (0, 0), 0);
            case.row(RowKind::Level, 1, (100, 180), flags::SNAPSHOT);
            case.row(RowKind::Level, 1, (99, 1000), flags::SNAPSHOT);
            case.row(RowKind::Level, -1, (101, 1000), flags::SNAPSHOT | flags::LAST);
        } else {
            case.bid(100, 180);
        }
        case.ahead()
    });
    assert!(aheads[0] < 180.0, "a probability model moved us up: {aheads:?}");
    assert_eq!(aheads[0], aheads[1]);
}

#[test]
fn a_trade_and_its_depth_row_count_once_in_either_order() {
    let aheads = [false, true].map(|trade_first| {
        let mut case = market("pow3:3");
        case.bid(100, 100).buy(1, 100, 10).bid(100, 200);
        if trade_first {
            case.sold(100, 30).bid(100, 170);
        } else {
            case.bid(100, 170).sold(100, 30);
        }
        case.ahead()
    });
    assert_eq!(aheads, [70.0, 70.0]);
}

#[test]
fn a_late_trade_fills_what_it_fills_in_order() {
    let fills = [false, true].map(|trade_first| {
        let mut case = market("pow3:3");
        case.bid(100, 20).buy(1, 100, 10).bid(100, 50);
        if trade_first {
            case.sold(100, 25).bid(100, 25);
        } else {
            case.bid(100, 25).sold(100, 25);
        }
        case.fills()
    });
    assert_eq!(fills, [[(1, 5)], [(1, 5)]]);
}

#[test]
fn a_cleared_side_keeps_no_stale_level() {
    let mut case = market("risk-averse");
    case.row(RowKind::Clear, 0, (0, 0), 0);
    case.row(RowKind::Level, 1, (98, 5), flags::SNAPSHOT);
    case.row(RowKind::Level, -1, (102, 5), flags::SNAPSHOT | flags::LAST);
    let book = case.venue.book();
    assert_eq!((book.depth(Side::Bid), book.depth(Side::Ask)), (1, 1));
    assert_eq!(book.touch().map(|t| (t.bid, t.ask)), Some((Px(98), Px(102))));
}

#[test]
fn an_order_fills_whole_or_not_where_partial_fills_are_off() {
    let mut case = Case::new("risk-averse", false);
    case.bid(100, 20).ask(101, 50).buy(1, 100, 10).sold(100, 20);
    assert_eq!(case.fills(), []);
    case.sold(100, 1);
    assert_eq!(case.fills(), [(1, 10)]);
}

/// Price, quantity and orders of each level of a side.
type Levels<'a> = &'a [(i64, i64, u32)];

/// What a venue's book becomes after these frames, each a millisecond after the one before.
fn merged(frames: &[(FrameKind, u8, Levels, Levels)]) -> Case {
    let mut case = Case::new("risk-averse", true);
    let (mut merger, mut rows) = (Merger::default(), Rows::default());
    let levels = |list: Levels| {
        list.iter().map(|&(px, qty, n)| LevelQty { px: Px(px), qty: Lots(qty), n }).collect()
    };
    for (i, &(kind, stream, bids, asks)) in frames.iter().enumerate() {
        let ts_exch = UnixNanos((i as i64 + 1) * MS);
        let (bids, asks) = (levels(bids), levels(asks));
        let frame = Frame { kind, ts_exch, seq: 0, stream, bids, asks };
        merger.on_message(&FeedMessage::Book(frame), ts_exch, &mut rows).expect("a sound frame");
    }
    for i in 0..rows.len() {
        let row = rows.get(i).expect("a known kind");
        let side = row.side.map_or(0, |side| side.sign() as i8);
        let row = BookRow {
            kind: row.kind,
            side,
            px: row.px.0,
            qty: row.qty.0,
            n: row.n,
            flags: row.flags,
        };
        case.venue.on_row(row, rows.ts_exch[i]);
    }
    case
}

#[test]
fn a_snapshot_of_fewer_levels_than_the_window_leaves_no_stale_level() {
    let whole = FrameKind::Snapshot { depth: 20 };
    let case = merged(&[
        (whole, streams::BOOK, &[(100, 5, 1), (99, 6, 1), (98, 7, 1)], &[(101, 5, 1)]),
        (whole, streams::BOOK, &[(100, 5, 1)], &[(101, 5, 1)]),
        (whole, streams::BOOK, &[(100, 4, 1), (97, 3, 1)], &[(101, 5, 1)]),
    ]);
    let levels: Vec<_> = case.venue.book().levels(Side::Bid).map(|l| (l.px.0, l.qty.0)).collect();
    assert_eq!(levels, [(100, 4), (97, 3)]);
}

#[test]
fn the_touch_stream_and_order_counts_are_used() {
    let whole = FrameKind::Snapshot { depth: 20 };
    let case = merged(&[
        (whole, streams::BOOK, &[(100, 50, 7), (99, 60, 8)], &[(101, 50, 9)]),
        (FrameKind::Bbo, streams::BBO, &[(99, 55, 4)], &[(101, 20, 2)]),
    ]);
    let book = case.venue.book();
    assert_eq!(book.touch().map(|t| (t.bid, t.ask)), Some((Px(99), Px(101))));
    let counts = |side| book.levels(side).map(|l| (l.px.0, l.qty.0, l.n)).collect::<Vec<_>>();
    assert_eq!(counts(Side::Bid), [(99, 55, 4)]);
    assert_eq!(counts(Side::Ask), [(101, 20, 2)]);
}
