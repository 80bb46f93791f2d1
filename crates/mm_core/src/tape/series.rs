//! Series — the tapes of one symbol, day after day, as one stream of rows.

use super::reader::FilePlace;
use super::reader::Projection;
use super::reader::TapeReader;
use super::reader::Wanted;
use super::schema::tape_error;
use super::schema::GapSpan;
use super::schema::TapeInfo;
use crate::book::GapCause;
use crate::error::CoreError;
use crate::event::flags;
use crate::event::streams;
use crate::event::Row;
use crate::event::RowKind;
use crate::event::Rows;
use crate::units::Lots;
use crate::units::Px;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

/// Where a series is: between two batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SeriesPlace {
    next: usize,
    last: Option<UnixNanos>,
    /// In the file before the next, where one is being read.
    file: Option<FilePlace>,
}

/// Reads several tapes in order of time. Where a file does not continue the one before, a gap
/// row and a clear row come between them.
pub struct TapeSeries {
    infos: Vec<TapeInfo>,
    projection: Projection,
    wanted: Wanted,
    from: UnixNanos,
    to: UnixNanos,
    reader: Option<TapeReader>,
    next: usize,
    /// Last receive time delivered.
    last: Option<UnixNanos>,
}

impl std::fmt::Debug for TapeSeries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let paths = self.infos().iter().map(|info| &info.path);
        f.debug_list().entries(paths).finish()
    }
}

impl TapeSeries {
    /// Open the tapes of one symbol, in any order, and check that they fit together.
    ///
    /// # Errors
    /// [`CoreError::Tape`] when one is unusable, or scales differ, or times overlap;
    /// [`CoreError::BadArgument`] when there is none.
    pub fn open(paths: &[String], projection: Projection) -> Result<Self, CoreError> {
        let mut infos =
            paths.iter().map(|path| TapeInfo::open(path)).collect::<Result<Vec<_>, _>>()?;
        infos.retain(|info| info.rows() > 0);
        infos.sort_by_key(TapeInfo::first_recv);
        let Some(first) = infos.first() else {
            let why = "no tape with rows among them".to_owned();
            return Err(CoreError::BadArgument { name: "paths", why });
        };
        let scales = (first.px_decimals()?, first.size_decimals()?);
        for pair in infos.windows(2) {
            let (before, after) = (&pair[0], &pair[1]);
            let other = (after.px_decimals()?, after.size_decimals()?);
            if other != scales {
                let why = format!(
                    "decimals of price and size {other:?} where {} has {scales:?}; import again",
                    first.path
                );
                return Err(tape_error(&after.path, why));
            }
            if after.first_recv() < before.last_recv() {
                return Err(tape_error(&after.path, format!("overlaps {} in time", before.path)));
            }
        }
        let (from, to) = (UnixNanos(i64::MIN), UnixNanos(i64::MAX));
        let wanted = Wanted::of(projection, &infos);
        Ok(Self { infos, projection, wanted, from, to, reader: None, next: 0, last: None })
    }

    /// A series of no tapes.
    pub(crate) fn none() -> Self {
        let wanted = Wanted::of(Projection::Replay, &[]);
        let (from, to) = (UnixNanos(i64::MIN), UnixNanos(i64::MAX));
        let projection = Projection::Replay;
        Self { infos: Vec::new(), projection, wanted, from, to, reader: None, next: 0, last: None }
    }

    /// What the files say of themselves, in order of time.
    #[must_use]
    pub fn infos(&self) -> &[TapeInfo] {
        &self.infos
    }

    /// Recorded silences, and holes between the files, in order of time.
    ///
    /// # Errors
    /// [`CoreError::Tape`] where the metadata lacks them.
    pub fn gaps(&self) -> Result<Vec<GapSpan>, CoreError> {
        let mut gaps = Vec::new();
        for (i, info) in self.infos.iter().enumerate() {
            let before = i.checked_sub(1).and_then(|i| self.infos[i].last_recv());
            gaps.extend(hole(before, info));
            gaps.extend(info.gaps()?);
        }
        Ok(gaps)
    }

    /// The greatest disorder of venue time among the files.
    ///
    /// # Errors
    /// [`CoreError::Tape`] where the metadata lacks it.
    pub fn disorder_ns(&self) -> Result<i64, CoreError> {
        self.infos.iter().try_fold(0, |most, info| Ok(info.disorder_ns()?.max(most)))
    }

    /// Read only what is needed to know the market in `[from, to)` of receive time; reading
    /// begins anew. Rows of before `from` come first where the book needs them.
    pub fn set_range(&mut self, from: UnixNanos, to: UnixNanos) {
        let later = self.infos.partition_point(|info| info.first_recv() < Some(from));
        (self.from, self.to) = (from, to);
        self.next = later.saturating_sub(1);
        self.reader = None;
        self.last = None;
    }

    /// Where reading is.
    pub(crate) fn place(&self) -> SeriesPlace {
        let file = self.reader.as_ref().map(TapeReader::place);
        SeriesPlace { next: self.next, last: self.last, file }
    }

    /// Go to a place that another series of the same tapes and range was at.
    ///
    /// # Errors
    /// As [`TapeReader::next`], and where there is no such place.
    pub(crate) fn go_to(&mut self, place: SeriesPlace) -> Result<(), CoreError> {
        (self.next, self.last, self.reader) = (place.next, place.last, None);
        if let Some(file) = place.file {
            let info = place.next.checked_sub(1).and_then(|at| self.infos.get(at));
            let gone = || CoreError::BadArgument { name: "place", why: "no such tape".to_owned() };
            let mut reader = self.open_reader(&info.ok_or_else(gone)?.path)?;
            reader.go_to(file)?;
            self.reader = Some(reader);
        }
        Ok(())
    }

    fn open_reader(&self, path: &str) -> Result<TapeReader, CoreError> {
        let mut reader = TapeReader::open(path, self.projection)?;
        reader.want(self.wanted);
        reader.set_range(self.from, self.to);
        Ok(reader)
    }

    /// Append the next batch to `out`; `false` when there is none left.
    ///
    /// # Errors
    /// As [`TapeReader::next`].
    pub fn next(&mut self, out: &mut Rows) -> Result<bool, CoreError> {
        loop {
            if let Some(reader) = &mut self.reader {
                if reader.next(out)? {
                    self.last = out.ts_recv.last().copied().map(UnixNanos);
                    return Ok(true);
                }
            }
            let Some(info) = self.infos.get(self.next) else { return Ok(false) };
            if info.first_recv() >= Some(self.to) {
                self.reader = None;
                return Ok(false);
            }
            let mut reader = self.open_reader(&info.path)?;
            if self.last.is_some() && hole(self.last, info).is_none() {
                reader.skip_first_keyframe();
            } else if let (Some(gap), Some(first)) = (hole(self.last, info), info.first_recv()) {
                push_hole(gap, first, out);
                self.wanted.prune(out);
            }
            self.reader = Some(reader);
            self.next += 1;
        }
    }
}

/// The silence between the end of one file and a file that does not continue it.
fn hole(before: Option<UnixNanos>, info: &TapeInfo) -> Option<GapSpan> {
    let (from, to) = (before?, info.first_recv()?);
    let cause = GapCause::Recorder as u64;
    (info.continues() != Some(from)).then_some(GapSpan { from, to, cause })
}

fn push_hole(gap: GapSpan, first: UnixNanos, out: &mut Rows) {
    let row = Row {
        ts_exch: gap.from,
        ts_recv: first,
        seq: 0,
        stream: streams::NONE,
        kind: RowKind::Gap,
        side: None,
        px: Px(0),
        qty: Lots(0),
        n: 0,
        flags: 0,
        id: gap.cause,
    };
    out.push(row);
    out.push(Row { kind: RowKind::Clear, ts_exch: first, flags: flags::LAST, id: 0, ..row });
}
