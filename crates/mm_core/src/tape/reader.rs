//! Reader — rows of one tape file, a batch at a time, only the columns that are asked for.

use super::group::GroupBytes;
use super::planes::Planes;
use super::schema::long_range;
use super::schema::open_parquet;
use super::schema::tape_error;
use super::schema::Column;
use super::schema::TapeInfo;
use crate::error::CoreError;
use crate::event::flags;
use crate::event::RowKind;
use crate::event::Rows;
use crate::units::UnixNanos;
use parquet::basic::Encoding;
use parquet::column::reader::get_column_reader;
use parquet::column::reader::ColumnReader;
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::Int32Type;
use parquet::data_type::Int64Type;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::serialized_reader::SerializedPageReader;
use serde::Deserialize;
use serde::Serialize;
use std::fs::File;
use std::sync::Arc;
use zstd::bulk::Decompressor;

/// Rows decoded at a time: small enough that the batch stays in the second-level cache.
const BATCH: usize = 8_192;

/// Which columns a reader decodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Projection {
    /// All of them.
    All,
    /// What replay needs. `seq` and `stream` stay empty; so do `id`, where only trades have one, and
    /// `n`, where the tape has no order counts.
    Replay,
}

/// The columns to decode, of one file or of several that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    all: bool,
    pub(super) ids: bool,
    pub(super) counts: bool,
}

impl Wanted {
    pub(super) fn of(projection: Projection, infos: &[TapeInfo]) -> Self {
        let all = projection == Projection::All;
        // Between files stand gaps, and their causes are ids.
        let ids = all || infos.len() > 1 || infos.iter().any(TapeInfo::needs_ids);
        let counts = all || infos.iter().any(TapeInfo::has_order_counts);
        Self { all, ids, counts }
    }

    const fn has(self, column: Column) -> bool {
        match column {
            Column::Seq | Column::Stream => self.all,
            Column::Id => self.ids,
            Column::N => self.counts,
            Column::TsExch
            | Column::TsRecv
            | Column::Kind
            | Column::Side
            | Column::Px
            | Column::Qty
            | Column::Flags => true,
        }
    }

    /// Empty the columns that are not wanted.
    pub(super) fn prune(self, rows: &mut Rows) {
        if !self.all {
            rows.seq.clear();
            rows.stream.clear();
        }
        if !self.ids {
            rows.id.clear();
        }
        if !self.counts {
            rows.n.clear();
        }
    }
}

/// Where the values of one column of a row group come from.
enum Source {
    /// Not asked for.
    None,
    /// One value throughout, known from the statistics.
    Constant(i64),
    /// Stored byte by byte.
    Planes(Planes),
    Int(ColumnReaderImpl<Int32Type>),
    Long(ColumnReaderImpl<Int64Type>),
}

impl Source {
    fn into_page(self) -> Option<Vec<u8>> {
        match self {
            Self::Planes(planes) => Some(planes.into_page()),
            Self::None | Self::Constant(_) | Self::Int(_) | Self::Long(_) => None,
        }
    }
}

/// The row group being read.
struct Group {
    sources: Vec<Source>,
    rows_left: usize,
    /// Whether only keyframe rows were met so far.
    at_head: bool,
}

/// Where a reader is in its file: between two batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FilePlace {
    group_next: usize,
    /// Rows taken of the row group being read, where one is.
    taken: Option<u64>,
    sequential: bool,
    last_recv: i64,
    row: u64,
}

/// Reads one tape file from a receive time on.
pub struct TapeReader {
    file: File,
    footer: ParquetMetaData,
    info: TapeInfo,
    wanted: Wanted,
    group: Option<Group>,
    group_next: usize,
    /// Whether the reader that consumes already has the book of the keyframe.
    sequential: bool,
    to: UnixNanos,
    last_recv: i64,
    row: u64,
    narrow: Vec<i32>,
    wide: Vec<i64>,
    zstd: Decompressor<'static>,
    /// Memory of earlier row groups, used again: their bytes, and unpacked pages.
    bytes: Option<Arc<GroupBytes>>,
    pages: Vec<Vec<u8>>,
}

impl TapeReader {
    /// Open a tape and check that it is one.
    ///
    /// # Errors
    /// [`CoreError::Tape`] when the file is missing, damaged, or of another schema.
    pub fn open(path: &str, projection: Projection) -> Result<Self, CoreError> {
        let (file, footer) = open_parquet(path)?;
        let info = TapeInfo::new(path, &footer)?;
        let wanted = Wanted::of(projection, std::slice::from_ref(&info));
        Ok(Self {
            file,
            footer,
            info,
            wanted,
            group: None,
            group_next: 0,
            sequential: false,
            to: UnixNanos(i64::MAX),
            last_recv: i64::MIN,
            row: 0,
            narrow: Vec::with_capacity(BATCH),
            wide: Vec::with_capacity(BATCH),
            zstd: Decompressor::new().map_err(|e| tape_error(path, e.to_string()))?,
            bytes: None,
            pages: Vec::new(),
        })
    }

    /// What the file says of itself.
    #[must_use]
    pub fn info(&self) -> &TapeInfo {
        &self.info
    }

    /// Read only what is needed to know the market in `[from, to)` of receive time: begin at the
    /// row group that covers `from` (its keyframe comes first), end before `to`.
    pub fn set_range(&mut self, from: UnixNanos, to: UnixNanos) {
        let groups = &self.info.groups;
        // The last group that begins before `from`: rows at `from` itself may stand at its end.
        let before = groups.partition_point(|group| group.first_recv < from);
        self.group_next = before.saturating_sub(1);
        self.row = groups[..self.group_next].iter().map(|group| group.rows).sum();
        self.group = None;
        self.sequential = false;
        self.last_recv = i64::MIN;
        self.to = to;
    }

    /// Decode the columns that the files around this one need too.
    pub(super) fn want(&mut self, wanted: Wanted) {
        self.wanted = wanted;
    }

    /// Begin without the keyframe: the reader's user has the book already.
    pub(super) fn skip_first_keyframe(&mut self) {
        self.sequential = true;
    }

    pub(super) fn place(&self) -> FilePlace {
        let whole =
            |group: &Group| self.info.groups[self.group_next - 1].rows - group.rows_left as u64;
        FilePlace {
            group_next: self.group_next,
            taken: self.group.as_ref().map(whole),
            sequential: self.sequential,
            last_recv: self.last_recv,
            row: self.row,
        }
    }

    /// Go to a place that another reader of the same file and range was at.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub(super) fn go_to(&mut self, place: FilePlace) -> Result<(), CoreError> {
        self.group_next = place.group_next;
        self.group = None;
        if let Some(taken) = place.taken {
            self.group_next = place.group_next.saturating_sub(1);
            self.row = place.row.saturating_sub(taken);
            self.last_recv = i64::MIN;
            let mut past = Rows::default();
            let whole =
                if self.open_group()? { self.info.groups[self.group_next - 1].rows } else { 0 };
            while self.group.as_ref().is_some_and(|group| whole - (group.rows_left as u64) < taken)
            {
                self.read_batch(&mut past, 0)?;
                past.clear();
            }
        }
        (self.sequential, self.last_recv, self.row) =
            (place.sequential, place.last_recv, place.row);
        Ok(())
    }

    /// Append the next batch to `out`; `false` when there is none left.
    ///
    /// Keyframe rows are delivered once, where reading begins past the first row group.
    ///
    /// # Errors
    /// [`CoreError::Tape`] with the row where the file is damaged or contradicts itself; `out`
    /// then holds what was read before.
    pub fn next(&mut self, out: &mut Rows) -> Result<bool, CoreError> {
        let start = out.len();
        while out.len() == start {
            if self.group.is_none() && !self.open_group()? {
                return Ok(false);
            }
            let result = self.read_batch(out, start);
            if result.is_err() {
                out.truncate(start);
            }
            result?;
        }
        Ok(true)
    }

    /// Prepare the next row group; `false` at the end of the range.
    fn open_group(&mut self) -> Result<bool, CoreError> {
        let index = self.group_next;
        match self.info.groups.get(index) {
            Some(group) if group.first_recv < self.to => {}
            Some(_) | None => return Ok(false),
        }
        let sources = self.sources(index).map_err(|e| self.damaged(&e))?;
        let rows_left = self.info.groups[index].rows as usize;
        self.group = Some(Group { sources, rows_left, at_head: true });
        self.group_next += 1;
        Ok(true)
    }

    fn sources(&mut self, index: usize) -> Result<Vec<Source>, ParquetError> {
        let group = self.footer.row_group(index);
        let bytes = Arc::new(GroupBytes::read(&mut self.file, group, self.bytes.take())?);
        if crc32fast::hash(&bytes.bytes) != self.info.groups[index].crc32 {
            let why = format!("row group {index} differs from its check sum; import it again");
            return Err(ParquetError::General(why));
        }
        let rows = group.num_rows().unsigned_abs() as usize;
        let mut sources = Vec::with_capacity(Column::ALL.len());
        for column in Column::ALL {
            let chunk = group.column(column as usize);
            let range = long_range(chunk.statistics());
            sources.push(match range {
                _ if !self.wanted.has(column) => Source::None,
                Some((low, high)) if low == high => Source::Constant(low),
                Some(_) | None => {
                    if chunk.encodings().any(|e| e == Encoding::BYTE_STREAM_SPLIT) {
                        let page = self.pages.pop().unwrap_or_default();
                        let values = (column.bytes(), range);
                        Source::Planes(Planes::new(&bytes, chunk, rows, values, page)?)
                    } else {
                        let pages = SerializedPageReader::new(bytes.clone(), chunk, rows, None)?;
                        match get_column_reader(chunk.column_descr_ptr(), Box::new(pages)) {
                            ColumnReader::Int32ColumnReader(values) => Source::Int(values),
                            ColumnReader::Int64ColumnReader(values) => Source::Long(values),
                            _ => return Err(another_type()),
                        }
                    }
                }
            });
        }
        self.bytes = Some(bytes);
        Ok(sources)
    }

    fn read_batch(&mut self, out: &mut Rows, start: usize) -> Result<(), CoreError> {
        let Some(mut group) = self.group.take() else {
            return Ok(());
        };
        let count = group.rows_left.min(BATCH);
        for (column, source) in Column::ALL.into_iter().zip(&mut group.sources) {
            self.decode(column, source, count, out).map_err(|e| self.damaged(&e))?;
        }
        unfold_gone(out, start);
        self.check(out, start)?;
        group.rows_left -= count;
        self.row += count as u64;
        if group.at_head {
            let keyframe = out.flags[start..].iter().take_while(|f| *f & flags::KEYFRAME != 0);
            let keyframe = keyframe.count();
            group.at_head = keyframe == count;
            if self.sequential {
                out.remove(start, keyframe);
            }
        }
        if group.rows_left > 0 {
            self.group = Some(group);
        } else {
            self.sequential = true;
            let pages = group.sources.into_iter().filter_map(Source::into_page);
            self.pages.extend(pages);
        }
        if out.ts_recv.last().is_some_and(|last| *last >= self.to.0) {
            let within = out.ts_recv[start..].partition_point(|recv| *recv < self.to.0);
            out.truncate(start + within);
            self.group = None;
            self.group_next = self.info.groups.len();
        }
        Ok(())
    }

    fn decode(
        &mut self,
        column: Column,
        source: &mut Source,
        count: usize,
        out: &mut Rows,
    ) -> Result<(), ParquetError> {
        let (narrow, wide, zstd) = (&mut self.narrow, &mut self.wide, &mut self.zstd);
        match column {
            Column::TsExch => longs(source, count, zstd, &mut out.ts_exch),
            Column::TsRecv => longs(source, count, zstd, &mut out.ts_recv),
            Column::Px => longs(source, count, zstd, &mut out.px),
            Column::Qty => longs(source, count, zstd, &mut out.qty),
            Column::Seq => unsigned(source, count, zstd, wide, &mut out.seq),
            Column::Id => unsigned(source, count, zstd, wide, &mut out.id),
            Column::Stream => small(source, count, zstd, narrow, &mut out.stream),
            Column::Kind => small(source, count, zstd, narrow, &mut out.kind),
            Column::Flags => small(source, count, zstd, narrow, &mut out.flags),
            Column::Side => ints(source, count, narrow, &mut out.side, |v| v as i8),
            Column::N => ints(source, count, narrow, &mut out.n, |v| v as u32),
        }
    }

    /// Refuse unknown kinds and receive times that run back.
    fn check(&mut self, out: &Rows, start: usize) -> Result<(), CoreError> {
        let known = |kind: u8| RowKind::from_u8(kind).is_some();
        let kinds = &out.kind[start..];
        // The numbers of kinds have no holes, so the extremes tell.
        let low = kinds.iter().fold(u8::MAX, |low, kind| low.min(*kind));
        let high = kinds.iter().fold(0, |high, kind| high.max(*kind));
        let sound = kinds.is_empty() || (known(low) && known(high));
        if !sound {
            let at = kinds.iter().position(|kind| !known(*kind)).unwrap_or(0);
            let why = format!("row {}: unknown kind {}", self.row + at as u64, kinds[at]);
            return Err(tape_error(&self.info.path, why));
        }
        let recv = &out.ts_recv[start..];
        let first = recv.first().copied().unwrap_or(self.last_recv);
        let pairs = recv.iter().zip(recv.iter().skip(1));
        let sorted = pairs.fold(self.last_recv <= first, |sorted, (a, b)| sorted & (a <= b));
        if !sorted {
            let all = &out.ts_recv[start..];
            let at = (1..all.len()).find(|i| all[i - 1] > all[*i]).unwrap_or(0);
            let why = format!("row {}: ts_recv {} runs back", self.row + at as u64, all[at]);
            return Err(tape_error(&self.info.path, why));
        }
        self.last_recv = recv.last().copied().unwrap_or(self.last_recv);
        Ok(())
    }

    fn damaged(&self, error: &ParquetError) -> CoreError {
        tape_error(&self.info.path, format!("damaged at row {} or after: {error}", self.row))
    }
}

/// Append `count` values of a 64-bit column.
fn longs(
    source: &mut Source,
    count: usize,
    zstd: &mut Decompressor<'_>,
    out: &mut Vec<i64>,
) -> Result<(), ParquetError> {
    match source {
        Source::None => Ok(()),
        Source::Constant(value) => {
            out.resize(out.len() + count, *value);
            Ok(())
        }
        Source::Planes(planes) => planes.longs(count, zstd, out),
        Source::Long(reader) => {
            let (rows, _, _) = reader.read_records(count, None, None, out)?;
            complete(rows, count)
        }
        Source::Int(_) => Err(another_type()),
    }
}

fn unsigned(
    source: &mut Source,
    count: usize,
    zstd: &mut Decompressor<'_>,
    wide: &mut Vec<i64>,
    out: &mut Vec<u64>,
) -> Result<(), ParquetError> {
    wide.clear();
    longs(source, count, zstd, wide)?;
    out.extend(wide.iter().map(|value| *value as u64));
    Ok(())
}

/// Append `count` values of a column of one byte.
fn small(
    source: &mut Source,
    count: usize,
    zstd: &mut Decompressor<'_>,
    narrow: &mut Vec<i32>,
    out: &mut Vec<u8>,
) -> Result<(), ParquetError> {
    match source {
        Source::Planes(planes) => planes.bytes(count, zstd, out),
        Source::None | Source::Constant(_) | Source::Int(_) | Source::Long(_) => {
            ints(source, count, narrow, out, |value| value as u8)
        }
    }
}

/// Append `count` values of a narrow column, through 32-bit integers as Parquet stores them.
fn ints<T: Clone>(
    source: &mut Source,
    count: usize,
    narrow: &mut Vec<i32>,
    out: &mut Vec<T>,
    convert: impl Fn(i32) -> T,
) -> Result<(), ParquetError> {
    match source {
        Source::None => Ok(()),
        Source::Constant(value) => {
            out.resize(out.len() + count, convert(*value as i32));
            Ok(())
        }
        Source::Int(reader) => {
            narrow.clear();
            let (rows, _, _) = reader.read_records(count, None, None, narrow)?;
            out.extend(narrow.iter().map(|value| convert(*value)));
            complete(rows, count)
        }
        Source::Planes(_) | Source::Long(_) => Err(another_type()),
    }
}

fn another_type() -> ParquetError {
    ParquetError::General("a column of another type".to_owned())
}

/// A level of quantity 0 is a level that is gone; see [`super::schema`].
fn unfold_gone(out: &mut Rows, start: usize) {
    for (kind, qty) in out.kind[start..].iter_mut().zip(&out.qty[start..]) {
        let gone = (*kind == RowKind::Level as u8) & (*qty == 0); // no branch: this loop is hot
        *kind += u8::from(gone) * (RowKind::Gone as u8 - RowKind::Level as u8);
    }
}

fn complete(rows: usize, count: usize) -> Result<(), ParquetError> {
    if rows == count {
        return Ok(());
    }
    Err(ParquetError::EOF(format!("{rows} of {count} values")))
}
