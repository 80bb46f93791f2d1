//! Tapes: rows a second, from the file to columns and back, on one core.

use criterion::criterion_group;
use criterion::criterion_main;
use criterion::Criterion;
use criterion::Throughput;
use mm_core::event::flags;
use mm_core::event::streams;
use mm_core::event::Row;
use mm_core::event::RowKind;
use mm_core::event::Rows;
use mm_core::tape::Projection;
use mm_core::tape::TapeReader;
use mm_core::tape::TapeWriter;
use mm_core::units::Lots;
use mm_core::units::Px;
use mm_core::units::Side;
use mm_core::units::UnixNanos;
use std::collections::BTreeMap;
use std::hint::black_box;

const ROWS: usize = 1_000_000;

/// A small generator of its own: the bench needs no statistics, only disorder.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// An incremental stream: messages of about 40 rows each 50 ms, three trades between them.
fn incremental() -> Rows {
    let mut random = Random(7);
    let mut rows = Rows::default();
    let (mut ts, mut mid, mut id) = (1_700_000_000_000_000_000_i64, 600_000_i64, 0);
    while rows.len() < ROWS {
        mid += random.below(21) as i64 - 10;
        let levels = 10 + random.below(60);
        for i in 0..levels + 3 {
            let trade = i >= levels;
            let side = if random.below(2) == 0 { Side::Bid } else { Side::Ask };
            let away = if trade { 0 } else { 1 + (random.below(40) * random.below(40)) as i64 };
            let gone = !trade && random.below(4) == 0;
            if i == 0 || trade {
                ts += 10_000_000 + random.below(8_000_000) as i64;
                id += 1;
            }
            let kind = match (trade, gone) {
                (true, _) => RowKind::Trade,
                (false, true) => RowKind::Gone,
                (false, false) => RowKind::Level,
            };
            let qty = (random.below(70) * random.below(70)) as i64 + 1;
            rows.push(Row {
                ts_exch: UnixNanos(ts / 1_000_000 * 1_000_000),
                ts_recv: UnixNanos(ts + 3_000_000),
                seq: 0,
                stream: if trade { streams::TRADES } else { streams::BOOK },
                kind,
                side: Some(side),
                px: Px(mid - side.sign() * away),
                qty: Lots(if gone { 0 } else { qty }),
                n: 0,
                flags: if trade || i + 1 == levels { flags::LAST } else { 0 },
                id: if trade { id } else { 0 },
            });
        }
    }
    rows
}

fn meta() -> BTreeMap<String, String> {
    ["px_decimals", "size_decimals", "window"].map(|key| (key.to_owned(), "0".to_owned())).into()
}

fn write(path: &str, rows: &Rows) {
    let mut writer = TapeWriter::create(path, meta()).expect("create");
    writer.append(rows).expect("append");
    writer.finish().expect("finish");
}

fn read(path: &str, projection: Projection) -> u64 {
    let mut reader = TapeReader::open(path, projection).expect("open");
    let (mut rows, mut count) = (Rows::default(), 0);
    while reader.next(&mut rows).expect("read") {
        count += black_box(&rows).len() as u64;
        rows.clear();
    }
    count
}

fn tape(criterion: &mut Criterion) {
    let path = std::env::temp_dir().join(format!("botmm-bench-{}.parquet", std::process::id()));
    let path = path.to_string_lossy().into_owned();
    let rows = incremental();
    write(&path, &rows);
    let mut group = criterion.benchmark_group("tape");
    group.throughput(Throughput::Elements(rows.len() as u64)).sample_size(10);
    group.bench_function("read for replay", |b| b.iter(|| read(&path, Projection::Replay)));
    group.bench_function("read all", |b| b.iter(|| read(&path, Projection::All)));
    group.bench_function("write", |b| b.iter(|| write(&path, &rows)));
    group.finish();
    let _ = std::fs::remove_file(&path);
}

criterion_group!(benches, tape);
criterion_main!(benches);
