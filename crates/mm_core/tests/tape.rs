//! Tapes: what is written comes back, from any place, and what is damaged is named.

use mm_core::error::CoreError;
use mm_core::event::flags;
use mm_core::event::streams;
use mm_core::event::Row;
use mm_core::event::RowKind;
use mm_core::event::Rows;
use mm_core::instrument::Venue;
use mm_core::tape::Assembler;
use mm_core::tape::Content;
use mm_core::tape::Deltas;
use mm_core::tape::Format;
use mm_core::tape::Ladder;
use mm_core::tape::Prints;
use mm_core::tape::Projection;
use mm_core::tape::TapeInfo;
use mm_core::tape::TapeReader;
use mm_core::tape::TapeSeries;
use mm_core::tape::TapeWriter;
use mm_core::tape::Times;
use mm_core::units::Lots;
use mm_core::units::Px;
use mm_core::units::Side;
use mm_core::units::UnixNanos;
use mm_core::wire::Scales;
use std::collections::BTreeMap;
use std::path::PathBuf;

const SCALES: Scales = Scales { px_decimals: 1, size_decimals: 3 };
const START: i64 = 1_700_000_000_000_000_000;

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("botmm-tape-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("temporary folder");
        Self(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_string_lossy().into_owned()
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).expect("folder").flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn meta() -> BTreeMap<String, String> {
    let pairs = [("px_decimals", "1"), ("size_decimals", "3"), ("window", "0"), ("venue", "test")];
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn row(recv: i64, kind: RowKind, side: Option<Side>, px: i64, qty: i64) -> Row {
    let stream = if kind == RowKind::Trade { streams::TRADES } else { streams::BOOK };
    Row {
        ts_exch: UnixNanos(recv - 5),
        ts_recv: UnixNanos(recv),
        seq: 0,
        stream,
        kind,
        side,
        px: Px(px),
        qty: Lots(qty),
        n: 0,
        flags: flags::LAST,
        id: 0,
    }
}

/// Rows of one book: levels come and go on both sides, with trades and frames between.
fn market(count: i64, from: i64) -> Rows {
    let mut rows = Rows::default();
    for i in 0..count {
        let recv = from + i * 1_000;
        let side = if i % 2 == 0 { Side::Bid } else { Side::Ask };
        let px = 10_000 - side.sign() * (1 + (i * 7) % 50);
        let mut row = match i % 11 {
            3 => row(recv, RowKind::Gone, Some(side), px, 0),
            7 => row(recv, RowKind::Trade, Some(side), 10_000, 1 + i % 5),
            9 => row(recv, RowKind::Frame, None, 9_900, 10_100),
            _ => row(recv, RowKind::Level, Some(side), px, 1 + i % 977),
        };
        row.id = if row.kind == RowKind::Trade { i as u64 + 1 } else { 0 };
        row.n = (i % 3) as u32;
        row.seq = i as u64;
        row.flags = if i % 4 == 3 { flags::LAST } else { 0 };
        rows.push(row);
    }
    rows
}

fn write(path: &str, rows: &Rows) {
    let mut writer = TapeWriter::create(path, meta()).expect("create");
    writer.append(rows).expect("append");
    writer.finish().expect("finish");
}

fn read(path: &str, from: i64, to: i64) -> Rows {
    let mut reader = TapeReader::open(path, Projection::All).expect("open");
    reader.set_range(UnixNanos(from), UnixNanos(to));
    let mut rows = Rows::default();
    while reader.next(&mut rows).expect("read") {}
    rows
}

/// The book after rows, by side sign and price.
fn book(rows: &Rows) -> BTreeMap<(i8, i64), i64> {
    let mut book = BTreeMap::new();
    for i in 0..rows.len() {
        let row = rows.get(i).expect("known kind");
        let key = (rows.side[i], row.px.0);
        match row.kind {
            RowKind::Level => drop(book.insert(key, row.qty.0)),
            RowKind::Gone | RowKind::Left => drop(book.remove(&key)),
            RowKind::Clear => book.clear(),
            RowKind::Trade
            | RowKind::Frame
            | RowKind::Context
            | RowKind::Funding
            | RowKind::Gap => {}
        }
    }
    book
}

fn why(result: Result<impl Sized, CoreError>) -> String {
    match result {
        Ok(_) => panic!("should have been refused"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn rows_come_back_as_written() {
    let folder = Folder::new("same");
    let path = folder.file("a.parquet");
    let rows = market(70_000, START);
    write(&path, &rows);
    assert!(read(&path, i64::MIN, i64::MAX) == rows);
    assert_eq!(folder.names(), ["a.parquet"], "no temporary file is left");
}

#[test]
fn values_of_every_width_come_back() {
    let folder = Folder::new("widths");
    for bytes in 1..=8 {
        let path = folder.file(&format!("{bytes}.parquet"));
        let largest = i64::MAX >> (64 - 8 * bytes);
        let mut rows = market(150_001, START);
        for (i, qty) in rows.qty.iter_mut().enumerate().filter(|(_, qty)| **qty > 0) {
            *qty = 1 + (i as i64).wrapping_mul(0x5851_f42d_4c95_7f2d).rem_euclid(largest);
        }
        write(&path, &rows);
        assert!(read(&path, i64::MIN, i64::MAX) == rows, "{bytes} bytes");
    }
}

#[test]
fn replay_columns_equal_those_of_all() {
    let folder = Folder::new("columns");
    let path = folder.file("a.parquet");
    let mut rows = market(30_000, START);
    write(&path, &rows);
    let mut reader = TapeReader::open(&path, Projection::Replay).expect("open");
    let mut found = Rows::default();
    while reader.next(&mut found).expect("read") {}
    // Ids of trades and order counts that are not there tell replay nothing.
    for unread in [&mut rows.seq, &mut rows.id] {
        unread.clear();
    }
    rows.stream.clear();
    assert!(found == rows);
    assert!(!found.is_rectangular());
}

#[test]
fn reading_can_start_at_any_row_group() {
    let folder = Folder::new("groups");
    let path = folder.file("a.parquet");
    let rows = market(2_400_000, START);
    write(&path, &rows);
    let info = TapeInfo::open(&path).expect("info");
    assert_eq!(info.groups.len(), 3);
    assert!(read(&path, i64::MIN, i64::MAX) == rows, "keyframes are skipped in sequence");

    let from = rows.ts_recv[2_200_000];
    let late = read(&path, from, i64::MAX);
    assert!(late.len() < 400_000, "only the last group is read, got {}", late.len());
    assert_eq!(late.flags[0] & flags::KEYFRAME, flags::KEYFRAME);
    assert_eq!(late.kind[0], RowKind::Clear as u8);
    assert!(book(&late) == book(&rows), "the keyframe holds the book");
    assert_eq!(late.px.last(), rows.px.last());

    let to = rows.ts_recv[1_200_000];
    let part = read(&path, rows.ts_recv[1_100_000], to);
    assert_eq!(part.ts_recv.last(), Some(&rows.ts_recv[1_199_999]), "the end is not included");
}

#[test]
fn the_metadata_says_what_the_rows_are() {
    let folder = Folder::new("facts");
    let path = folder.file("a.parquet");
    let mut rows = market(100, START);
    rows.ts_exch[50] -= 40_000;
    let end = rows.ts_recv[99] + 7_000_000_000;
    let mut gap = row(end, RowKind::Gap, None, 0, 0);
    (gap.ts_exch, gap.id, gap.stream) = (UnixNanos(rows.ts_recv[99]), 1, streams::NONE);
    rows.push(gap);
    write(&path, &rows);
    let info = TapeInfo::open(&path).expect("info");
    assert_eq!(info.disorder_ns(), Ok(39_000));
    let gaps = info.gaps().expect("gaps");
    assert_eq!((gaps[0].from, gaps[0].to.0, gaps[0].cause), (gap.ts_exch, end, 1));
    assert_eq!(info.meta["streams"], "[0,1,4]");
    assert_eq!(info.meta["venue"], "test");
    let counts: BTreeMap<String, u64> =
        serde_json::from_str(&info.meta["counts"]).expect("counts are JSON");
    assert_eq!((counts["rows"], counts["trade"], counts["gap"]), (101, 9, 1));
    assert_eq!((info.first_recv(), info.last_recv()), (Some(UnixNanos(START)), Some(gap.ts_recv)));
}

#[test]
fn an_unfinished_tape_leaves_nothing() {
    let folder = Folder::new("abort");
    let path = folder.file("a.parquet");
    let mut writer = TapeWriter::create(&path, meta()).expect("create");
    writer.append(&market(10, START)).expect("append");
    assert_eq!(folder.names().len(), 1);
    drop(writer);
    assert!(folder.names().is_empty());
}

#[test]
fn rows_that_break_the_rules_are_refused_with_their_number() {
    let folder = Folder::new("rules");
    let path = folder.file("a.parquet");
    let refused = |change: &dyn Fn(&mut Rows)| {
        let mut rows = market(10, START);
        change(&mut rows);
        let mut writer = TapeWriter::create(&path, meta()).expect("create");
        why(writer.append(&rows))
    };
    let text = refused(&|rows| rows.ts_recv[5] = START);
    assert!(text.contains("row 5") && text.contains("runs back"), "{text}");
    assert!(refused(&|rows| rows.kind[2] = 77).contains("row 2: unknown kind 77"));
    assert!(refused(&|rows| rows.qty[1] = 0).contains("row 1: Level"));
    assert!(refused(&|rows| rows.side[3] = 0).contains("row 3: Gone"));
    let mut without = meta();
    without.remove("px_decimals");
    assert!(why(TapeWriter::create(&path, without)).contains("px_decimals"));
    assert!(folder.names().is_empty());
}

#[test]
fn damaged_files_are_named() {
    let folder = Folder::new("damage");
    let path = folder.file("a.parquet");
    write(&path, &market(50_000, START));
    let whole = std::fs::read(&path).expect("bytes");

    let text = why(TapeReader::open(&folder.file("none.parquet"), Projection::All));
    assert!(text.contains("none.parquet"), "{text}");
    std::fs::write(&path, &whole[..whole.len() / 2]).expect("write");
    let text = why(TapeReader::open(&path, Projection::All));
    assert!(text.contains("a.parquet") && text.contains("truncated"), "{text}");

    let mut bytes = whole.clone();
    bytes[200..4_000].fill(0x5a);
    std::fs::write(&path, &bytes).expect("write");
    let mut reader = TapeReader::open(&path, Projection::All).expect("the end is intact");
    let mut rows = Rows::default();
    let text = why((|| {
        while reader.next(&mut rows)? {}
        Ok(())
    })());
    assert!(text.contains("damaged at row"), "{text}");
    assert!(rows.is_rectangular());

    for at in (100..whole.len() / 2).step_by(997) {
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        std::fs::write(&path, &bytes).expect("write");
        let mut reader = TapeReader::open(&path, Projection::Replay).expect("the end is intact");
        let text = why(reader.next(&mut Rows::default()));
        assert!(text.contains("check sum"), "one bit at {at}: {text}");
    }
}

#[test]
fn days_follow_each_other_with_the_book() {
    let folder = Folder::new("series");
    let rows = market(20_000, START);
    let (mut first, mut second) = (Rows::default(), Rows::default());
    first.extend_range(&rows, 0..12_000);
    second.extend_range(&rows, 12_000..20_000);
    let paths = [folder.file("1.parquet"), folder.file("2.parquet")];
    let mut one = TapeWriter::create(&paths[0], meta()).expect("create");
    one.append(&first).expect("append");
    one.finish().expect("finish");
    let mut two = TapeWriter::continue_from(&one, &paths[1], meta()).expect("continue");
    two.append(&second).expect("append");
    two.finish().expect("finish");

    let mut series = TapeSeries::open(&paths, Projection::All).expect("series");
    let mut found = Rows::default();
    while series.next(&mut found).expect("read") {}
    assert_eq!(found, rows, "no seam");
    assert_eq!(series.gaps(), Ok(Vec::new()));

    let alone = read(&paths[1], i64::MIN, i64::MAX);
    assert_eq!(book(&alone), book(&rows), "the second day knows the book of the first");
}

#[test]
fn a_hole_between_files_is_a_gap_and_clears_the_book() {
    let folder = Folder::new("hole");
    let paths = [folder.file("2.parquet"), folder.file("1.parquet")];
    let later = START + 3_600_000_000_000;
    write(&paths[0], &market(500, later));
    write(&paths[1], &market(500, START));
    let mut series = TapeSeries::open(&paths, Projection::All).expect("series");
    let gaps = series.gaps().expect("gaps");
    assert_eq!((gaps.len(), gaps[0].to.0), (1, later));
    let mut found = Rows::default();
    while series.next(&mut found).expect("read") {}
    assert_eq!(found.len(), 1_002);
    assert_eq!(found.kind[500..502], [RowKind::Gap as u8, RowKind::Clear as u8]);
    assert_eq!(found.ts_exch[500], START + 499_000);
    assert_eq!(book(&found), book(&market(500, later)));

    let mut other = meta();
    other.insert("px_decimals".to_owned(), "2".to_owned());
    let path = folder.file("3.parquet");
    let mut writer = TapeWriter::create(&path, other).expect("create");
    writer.append(&market(5, later * 2 - START)).expect("append");
    writer.finish().expect("finish");
    let text = why(TapeSeries::open(&[paths[0].clone(), path], Projection::All));
    assert!(text.contains("decimals"), "{text}");
    let twice = [paths[0].clone(), paths[0].clone()];
    assert!(why(TapeSeries::open(&twice, Projection::All)).contains("overlaps"));
    assert!(why(TapeSeries::open(&[], Projection::All)).contains("paths"));
}

fn ladder(px: &[i64], qty: &[i64], width: usize) -> Ladder {
    Ladder { px: px.to_vec(), qty: qty.to_vec(), n: None, width }
}

fn prints(id: &[u64]) -> Prints {
    let count = id.len();
    Prints { side: vec![1; count], px: vec![101; count], qty: vec![3; count], id: id.to_vec() }
}

fn times(recv: &[i64]) -> Times {
    Times { exch: recv.iter().map(|ts| ts - 1).collect(), recv: recv.to_vec() }
}

#[test]
fn tables_are_merged_by_receive_time() {
    let mut assembler = Assembler::new(Venue::Other, SCALES);
    let trades = Content::Trades(prints(&[7, 8]));
    assembler.add(times(&[START + 15, START + 35]), trades, streams::TRADES).expect("trades");
    let bids = ladder(&[100, 99, 100, 98], &[5, 6, 5, 7], 2);
    let asks = ladder(&[101, 0, 101, 102], &[1, 0, 2, 9], 2);
    let books = Content::Snapshots { bids, asks, depth: 2, seq: Vec::new() };
    assembler.add(times(&[START + 10, START + 30]), books, streams::BOOK).expect("books");

    let mut rows = Rows::default();
    assembler.drain(UnixNanos(START + 30), &mut rows).expect("drain");
    assert!(rows.ts_recv.iter().all(|ts| *ts < START + 30));
    assembler.drain(UnixNanos(i64::MAX), &mut rows).expect("drain");
    assert!(rows.ts_recv.is_sorted());
    let sequence: Vec<u8> = rows.kind.iter().copied().filter(|k| matches!(k, 5 | 6)).collect();
    assert_eq!(sequence, [6, 5, 6, 5], "frame, trade, frame, trade");
    let want = [((1, 100), 5), ((1, 98), 7), ((-1, 101), 2), ((-1, 102), 9)];
    assert_eq!(book(&rows), want.into_iter().collect());
    assert_eq!(assembler.counts()["messages"], 4);
}

#[test]
fn a_recording_that_begins_anew_has_no_book_of_before() {
    let mut assembler = Assembler::new(Venue::Other, SCALES);
    let trades = Content::Trades(prints(&[7, 7]));
    assembler.add(times(&[START + 5, START + 25]), trades, streams::TRADES).expect("trades");
    let bids = ladder(&[100, 98], &[5, 7], 1);
    let asks = ladder(&[101, 103], &[1, 2], 1);
    let books = Content::Snapshots { bids, asks, depth: 1, seq: Vec::new() };
    assembler.add(times(&[START, START + 30]), books, streams::BOOK).expect("books");
    assembler.begin(UnixNanos(START + 20), Venue::Other);
    let mut rows = Rows::default();
    assembler.drain(UnixNanos(START + 20), &mut rows).expect("drain");
    let before = rows.len();
    assembler.drain(UnixNanos(i64::MAX), &mut rows).expect("drain");
    assert_eq!(rows.kind[before], RowKind::Clear as u8, "no gap row, and nothing carried over");
    let want = [((1, 98), 7), ((-1, 103), 2)];
    assert_eq!(book(&rows), want.into_iter().collect());
    assert_eq!(assembler.counts()["repeated_trades"], 1, "ids are remembered");
}

#[test]
fn a_table_that_comes_late_does_not_turn_time_back() {
    let mut assembler = Assembler::new(Venue::Other, SCALES);
    let mut rows = Rows::default();
    for (recv, id) in [(START + 50, 1), (START, 2)] {
        let trades = Content::Trades(prints(&[id]));
        assembler.add(times(&[recv]), trades, streams::TRADES).expect("trades");
        assembler.drain(UnixNanos(i64::MAX), &mut rows).expect("drain");
    }
    assert_eq!(rows.ts_recv, [START + 50; 2]);
    assert_eq!(assembler.counts()["late_messages"], 1);
}

#[test]
fn plain_changes_make_a_book_without_a_snapshot() {
    let deltas = Deltas {
        seq: vec![0, 0],
        prev_seq: vec![0, 0],
        first_seq: vec![0, 0],
        offsets: vec![0, 2, 3],
        side: vec![1, -1, -1],
        px: vec![100, 102, 102],
        qty: vec![5, 6, 0],
    };
    let mut assembler = Assembler::new(Venue::Other, SCALES);
    let content = Content::Deltas(deltas);
    assembler.add(times(&[START, START + 1]), content, streams::BOOK).expect("deltas");
    let mut rows = Rows::default();
    assembler.drain(UnixNanos(i64::MAX), &mut rows).expect("drain");
    assert_eq!(book(&rows), [((1, 100), 5)].into_iter().collect());
}

#[test]
fn tables_that_contradict_themselves_are_refused() {
    let mut assembler = Assembler::new(Venue::Other, SCALES);
    let mut bad = prints(&[1]);
    bad.side[0] = 3;
    let text = why(assembler.add(times(&[START]), Content::Trades(bad), streams::TRADES));
    assert!(text.contains("side: row 0: 3"), "{text}");
    let short = Content::Trades(prints(&[1]));
    assert!(why(assembler.add(times(&[1, 2]), short, 4)).contains("2"));
    let gaps = Content::Gaps(vec![9]);
    assert!(why(assembler.add(times(&[START]), gaps, 0)).contains("no gap cause 9"));
    let ladders = (ladder(&[1], &[1], 1), ladder(&[2], &[1], 1));
    let flat = Content::Snapshots { bids: ladders.0, asks: ladders.1, depth: 0, seq: Vec::new() };
    assert!(why(assembler.add(times(&[START]), flat, 1)).contains("depth"));
    let mut rows = Rows::default();
    assembler.drain(UnixNanos(i64::MAX), &mut rows).expect("nothing was added");
    assert!(rows.is_empty());
}

#[test]
fn lines_of_each_wrapping_give_their_receive_time() {
    let frame = r#"{"channel":"l2Book","data":{"coin":"BTC","time":1681516807400,"levels":
        [[{"px":"30477.0","sz":"0.3","n":1}],[{"px":"30478.5","sz":"1.2","n":2}]]}}"#
        .replace("\n        ", "");
    let escaped = frame.replace('"', "\\\"");
    let lines = [
        ("hl_ws", format!("1681516807705751164 {frame}\n")),
        ("hl_ws", format!("\n1681516807705751 {frame}\n")),
        (
            "hl_archive",
            format!(r#"{{"time":"2023-04-15T00:00:07.705751164","ver_num":1,"raw":{frame}}}"#),
        ),
        (
            "cryptofeed_hyperliquid",
            format!(r#"{{"t":"recv","conn":"a","ts":1681516807.705751,"data":"{escaped}"}}"#),
        ),
    ];
    for (name, line) in lines {
        let format = Format::named(name).expect("format");
        let found = format.scan(line.as_bytes(), 1).expect("scan");
        assert_eq!((found["BTC"].scales.px_decimals, found["BTC"].messages), (1, 1), "{name}");
        let mut assembler = Assembler::new(Venue::Other, SCALES);
        let lines = (line.as_bytes(), 1);
        let heard = assembler.add_lines((format, "BTC"), lines, 5_000).expect("lines");
        assert_eq!(heard.exch, [1_681_516_807_400_000_000], "{name}");
        assert_eq!(heard.stream, [streams::BOOK], "{name}");
        let mut rows = Rows::default();
        assembler.drain(UnixNanos(i64::MAX), &mut rows).expect("drain");
        assert_eq!(rows.ts_recv[0], heard.recv[0], "{name}");
        assert_eq!(rows.ts_recv[0] / 1_000, 1_681_516_807_705_756, "{name}: the offset is added");
        let want = [((1, 304_770), 300), ((-1, 304_785), 1_200)];
        assert_eq!(book(&rows), want.into_iter().collect(), "{name}");
    }
}

#[test]
fn a_line_that_cannot_be_read_is_named() {
    let cases = [
        ("hl_ws", "xx {}", "line 8: receive time \"xx\""),
        ("hl_ws", "12 {}", "line 8: receive time 12 is in no known unit"),
        ("binance", "1681516807705751164", "line 8: no receive time"),
        ("hl_archive", r#"{"time":"2023-13-15T00:00:07","raw":{}}"#, "line 8: time"),
        ("bybit", r#"{"topic":"orderbook.1"#, "line 8: "),
    ];
    for (name, line, want) in cases {
        let format = Format::named(name).expect("format");
        let text = why(format.scan(format!("\n{line}\n").as_bytes(), 7));
        assert!(text.contains(want), "{name}: {text}");
    }
    assert!(why(Format::named("nasdaq")).contains("hl_archive"));
}
