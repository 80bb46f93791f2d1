//! Series — the tapes of one symbol, day after day, read as one stream.

use super::reader::Projection;
use super::reader::TapeReader;
use super::schema::tape_error;
use super::schema::GapSpan;
use super::schema::TapeInfo;
use crate::error::CoreError;
use crate::event::flags;
use crate::event::streams;
use crate::event::Row;
use crate::event::RowKind;
use crate::event::Rows;
use crate::units::Lots;
use crate::units::Px;
use crate::units::UnixNanos;
use std::collections::VecDeque;

/// A silence between two files longer than this is a hole; recordings are never this quiet.
const HOLE_NS: i64 = 60_000_000_000;
/// Cause of a gap between files.
const HOLE: u64 = 4;
/// What must be equal in all files of a series.
const SHARED: [&str; 6] =
    ["venue", "symbol", "px_decimals", "size_decimals", "price_rule", "inverse"];

/// Several tapes of one symbol in order of time.
pub struct TapeSeries {
    readers: VecDeque<TapeReader>,
    info: TapeInfo,
    gaps: Vec<GapSpan>,
    disorder_ns: i64,
    last_recv: i64,
}

impl std::fmt::Debug for TapeSeries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TapeSeries of {} files", self.readers.len())
    }
}

impl TapeSeries {
    /// Open the tapes that hold rows received in `[from, to)`.
    ///
    /// # Errors
    /// [`CoreError::Tape`] when a file is unusable, when files overlap in time, or when they
    /// are not of one symbol and scale.
    pub fn open(paths: &[String], from: UnixNanos, to: UnixNanos) -> Result<Self, CoreError> {
        let mut readers = Vec::with_capacity(paths.len());
        for path in paths {
            readers.push(TapeReader::open(path, Projection::Replay)?);
        }
        readers.sort_by_key(|r| r.info().first_recv());
        let Some(first) = readers.first() else {
            return Err(tape_error("", "no tape given"));
        };
        let info = first.info().clone();
        for pair in readers.windows(2) {
            follows(pair[0].info(), pair[1].info())?;
        }
        readers.retain(|r| in_range(r.info(), from, to));
        let mut disorder_ns = 0;
        for reader in &mut readers {
            disorder_ns = disorder_ns.max(reader.info().disorder_ns()?);
            if from.0 > i64::MIN || to.0 < i64::MAX {
                reader.set_range(from, to);
            }
        }
        let gaps = gaps(&readers, from, to)?;
        let readers = VecDeque::from(readers);
        Ok(Self { readers, info, gaps, disorder_ns, last_recv: i64::MIN })
    }

    /// What the first file says of itself.
    #[must_use]
    pub fn info(&self) -> &TapeInfo {
        &self.info
    }

    /// The recorded silences of the range, holes between files included.
    #[must_use]
    pub fn gaps(&self) -> &[GapSpan] {
        &self.gaps
    }

    /// How far venue time runs back, at most, in the order of delivery.
    #[must_use]
    pub fn disorder_ns(&self) -> i64 {
        self.disorder_ns
    }

    /// Append the next batch to `out`; `false` when there is none left.
    ///
    /// # Errors
    /// [`CoreError::Tape`] where a file is damaged.
    pub fn next_batch(&mut self, out: &mut Rows) -> Result<bool, CoreError> {
        while let Some(reader) = self.readers.front_mut() {
            let start = out.len();
            if reader.next(out)? {
                self.last_recv = out.ts_recv.last().copied().unwrap_or(self.last_recv);
                return Ok(true);
            }
            debug_assert_eq!(out.len(), start, "invariant: a finished reader appends nothing");
            self.readers.pop_front();
            self.bridge(out);
        }
        Ok(false)
    }

    /// Between two files: a hole voids the book.
    fn bridge(&mut self, out: &mut Rows) {
        let next = self.readers.front().and_then(|r| r.info().first_recv());
        let (Some(next), true) = (next, self.last_recv > i64::MIN) else { return };
        if next.0 - self.last_recv > HOLE_NS {
            let from = UnixNanos(self.last_recv);
            for (kind, id) in [(RowKind::Gap, HOLE), (RowKind::Clear, 0)] {
                out.push(Row {
                    ts_exch: if kind == RowKind::Gap { from } else { next },
                    ts_recv: next,
                    seq: 0,
                    stream: streams::NONE,
                    kind,
                    side: None,
                    px: Px(0),
                    qty: Lots(0),
                    n: 0,
                    flags: flags::LAST,
                    id,
                });
            }
        }
    }
}

fn in_range(info: &TapeInfo, from: UnixNanos, to: UnixNanos) -> bool {
    let ends = info.last_recv().is_some_and(|last| last >= from);
    ends && info.first_recv().is_some_and(|first| first < to)
}

fn follows(one: &TapeInfo, two: &TapeInfo) -> Result<(), CoreError> {
    for key in SHARED {
        let (a, b) = (one.meta.get(key), two.meta.get(key));
        if a != b {
            let (a, b) = (a.map_or("", String::as_str), b.map_or("", String::as_str));
            let why = format!("its {key} is {b:?}, but {a:?} in {}", one.path);
            return Err(tape_error(&two.path, why));
        }
    }
    if one.last_recv() > two.first_recv() {
        let why = format!("it overlaps {} in time; import them as one", one.path);
        return Err(tape_error(&two.path, why));
    }
    Ok(())
}

fn gaps(readers: &[TapeReader], from: UnixNanos, to: UnixNanos) -> Result<Vec<GapSpan>, CoreError> {
    let mut gaps = Vec::new();
    let mut last: Option<UnixNanos> = None;
    for reader in readers {
        let info = reader.info();
        if let (Some(end), Some(start)) = (last, info.first_recv()) {
            if start.since(end).0 > HOLE_NS {
                gaps.push(GapSpan { from: end, to: start, cause: HOLE });
            }
        }
        gaps.extend(info.gaps()?);
        last = info.last_recv();
    }
    gaps.retain(|gap| gap.to > from && gap.from < to);
    Ok(gaps)
}
