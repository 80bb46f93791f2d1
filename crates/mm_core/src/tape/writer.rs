//! Writer — rows to a tape file that exists only once it is whole.

use super::known::KnownBook;
use super::schema::counted_as;
use super::schema::keys;
use super::schema::parquet_schema;
use super::schema::tape_error;
use super::schema::writer_properties;
use super::schema::Column;
use super::schema::Effort;
use super::schema::VERSION;
use crate::error::CoreError;
use crate::event::flags;
use crate::event::Row;
use crate::event::RowKind;
use crate::event::Rows;
use crc32fast::Hasher;
use parquet::data_type::Int32Type;
use parquet::data_type::Int64Type;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::writer::SerializedColumnWriter;
use parquet::file::writer::SerializedFileWriter;
use sha2::Digest;
use sha2::Sha256;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// Rows after which a row group ends, at the next end of a message. Larger groups compress no
/// better, smaller ones repeat the keyframe more often.
const GROUP_ROWS: usize = 1024 * 1024;

/// Tells temporary files of one process apart.
static TEMPORARIES: AtomicU64 = AtomicU64::new(0);

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapeSummary {
    /// Rows, keyframe rows included.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// First and last receive time, `None` where there are no rows.
    pub recv: Option<(i64, i64)>,
    /// First and last venue time in order of delivery, `None` where no row has one.
    pub exch: Option<(i64, i64)>,
    /// How far venue time runs back, at most.
    pub disorder_ns: i64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

/// What the metadata says of the rows.
#[derive(Debug, Default)]
struct Facts {
    rows: u64,
    keyframe_rows: u64,
    kinds: BTreeMap<RowKind, u64>,
    streams: BTreeSet<u8>,
    gaps: Vec<(i64, i64, u64)>,
    group_crcs: Vec<u32>,
    recv: Option<(i64, i64)>,
    exch: Option<(i64, i64)>,
    exch_max: i64,
    disorder_ns: i64,
}

impl Facts {
    fn note(&mut self, row: &Row) {
        self.rows += 1;
        *self.kinds.entry(row.kind).or_default() += 1;
        self.streams.insert(row.stream);
        let recv = row.ts_recv.0;
        self.recv = Some((self.recv.map_or(recv, |(first, _)| first), recv));
        match row.kind {
            RowKind::Gap => self.gaps.push((row.ts_exch.0, recv, row.id)),
            RowKind::Context | RowKind::Funding => {}
            RowKind::Level
            | RowKind::Gone
            | RowKind::Left
            | RowKind::Clear
            | RowKind::Trade
            | RowKind::Frame => {
                let exch = row.ts_exch.0;
                self.exch = Some((self.exch.map_or(exch, |(first, _)| first), exch));
                self.disorder_ns = self.disorder_ns.max(self.exch_max.saturating_sub(exch));
                self.exch_max = self.exch_max.max(exch);
            }
        }
    }

    fn metadata(&self) -> BTreeMap<String, String> {
        let mut counts: BTreeMap<String, u64> =
            self.kinds.iter().map(|(kind, count)| (counted_as(*kind), *count)).collect();
        counts.insert("rows".to_owned(), self.rows);
        counts.insert("keyframe_rows".to_owned(), self.keyframe_rows);
        let mut meta = BTreeMap::from([
            (keys::SCHEMA.to_owned(), VERSION.to_string()),
            (keys::STREAMS.to_owned(), serde_json::json!(self.streams).to_string()),
            (keys::GAPS.to_owned(), serde_json::json!(self.gaps).to_string()),
            (keys::GROUP_CRC.to_owned(), serde_json::json!(self.group_crcs).to_string()),
            (keys::DISORDER.to_owned(), self.disorder_ns.to_string()),
            (keys::COUNTS.to_owned(), serde_json::json!(counts).to_string()),
        ]);
        if let Some((first, last)) = self.recv {
            meta.insert(keys::FIRST_RECV.to_owned(), first.to_string());
            meta.insert(keys::LAST_RECV.to_owned(), last.to_string());
        }
        if let Some((first, last)) = self.exch {
            meta.insert(keys::FIRST_EXCH.to_owned(), first.to_string());
            meta.insert(keys::LAST_EXCH.to_owned(), last.to_string());
        }
        meta
    }
}

/// A file that counts and digests what is written to it.
struct Digested {
    file: File,
    sha: Sha256,
    /// Of the row group being written.
    crc: Hasher,
    bytes: u64,
}

impl Write for Digested {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let count = self.file.write(data)?;
        self.sha.update(&data[..count]);
        self.crc.update(&data[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes one tape file; dropping it unfinished leaves nothing behind.
pub struct TapeWriter {
    path: String,
    temporary: String,
    /// `None` once finished.
    file: Option<SerializedFileWriter<Digested>>,
    meta: BTreeMap<String, String>,
    effort: Effort,
    /// The row group in the making, its keyframe first.
    group: Rows,
    book: KnownBook,
    facts: Facts,
}

impl TapeWriter {
    /// Begin the file `path` with this metadata.
    ///
    /// # Errors
    /// [`CoreError::Tape`] when the scales are missing from `meta` or the file cannot be made.
    pub fn create(path: &str, meta: BTreeMap<String, String>) -> Result<Self, CoreError> {
        Self::create_with(Effort::Archive, path, meta)
    }

    /// Begin the file `path` with this metadata, compressed with this effort.
    ///
    /// # Errors
    /// As [`TapeWriter::create`].
    #[allow(clippy::disallowed_methods)] // Tape is the module that touches files.
    pub fn create_with(
        effort: Effort,
        path: &str,
        meta: BTreeMap<String, String>,
    ) -> Result<Self, CoreError> {
        for key in [keys::PX_DECIMALS, keys::SIZE_DECIMALS, keys::WINDOW] {
            let text = meta.get(key).map(String::as_str).unwrap_or_default();
            if text.parse::<u32>().is_err() {
                let why = format!("metadata {key} must be a whole number, got {text:?}");
                return Err(tape_error(path, why));
            }
        }
        let number = TEMPORARIES.fetch_add(1, Ordering::Relaxed);
        let temporary = format!("{path}.tmp-{}-{number}", std::process::id());
        let handle = File::create(&temporary).map_err(|e| tape_error(path, e.to_string()))?;
        let sink = Digested { file: handle, sha: Sha256::new(), crc: Hasher::new(), bytes: 0 };
        let file = parquet_schema()
            .and_then(|schema| SerializedFileWriter::new(sink, schema, writer_properties(effort)?))
            .map_err(|e| tape_error(path, e.to_string()))?;
        Ok(Self {
            path: path.to_owned(),
            temporary,
            file: Some(file),
            meta,
            effort,
            group: Rows::default(),
            book: KnownBook::default(),
            facts: Facts::default(),
        })
    }

    /// Begin the file of the next day where `before` ended, with its effort: the first row group
    /// gets a keyframe.
    ///
    /// # Errors
    /// As [`TapeWriter::create`].
    pub fn continue_from(
        before: &Self,
        path: &str,
        mut meta: BTreeMap<String, String>,
    ) -> Result<Self, CoreError> {
        if let Some((_, last)) = before.facts.recv {
            meta.insert(keys::CONTINUES.to_owned(), last.to_string());
        }
        let mut writer = Self::create_with(before.effort, path, meta)?;
        writer.book = before.book.clone();
        writer.facts.exch_max = before.facts.exch_max;
        Ok(writer)
    }

    /// Append rows in order of delivery. Keyframe rows are taken as what is known so far; the
    /// writer puts its own into the file.
    ///
    /// # Errors
    /// [`CoreError::Tape`] with row and value where the rows break the rules of a tape; the
    /// writer is then of no further use.
    pub fn append(&mut self, rows: &Rows) -> Result<(), CoreError> {
        let mut start = 0;
        for i in 0..rows.len() {
            let row = self.checked(rows, i)?;
            if row.flags & flags::KEYFRAME != 0 {
                self.group.extend_range(rows, start..i);
                start = i + 1;
                self.book.apply(&row);
                continue;
            }
            if self.group.is_empty() && start == i {
                self.book.keyframe(self.facts.exch_max, row.ts_recv.0, &mut self.group);
                self.facts.keyframe_rows += self.group.len() as u64;
            }
            self.book.apply(&row);
            self.facts.note(&row);
            let full = self.group.len() + (i + 1 - start) >= GROUP_ROWS;
            if full && row.flags & flags::LAST != 0 {
                self.group.extend_range(rows, start..i + 1);
                start = i + 1;
                self.flush_group()?;
            }
        }
        self.group.extend_range(rows, start..rows.len());
        Ok(())
    }

    /// Set a metadata key before the file is finished: what is known only at the end.
    pub fn set_meta(&mut self, key: &str, value: &str) {
        self.meta.insert(key.to_owned(), value.to_owned());
    }

    /// Complete the file: write what is pending and the metadata, sync, and give it its name.
    ///
    /// # Errors
    /// [`CoreError::Tape`] when the disk refuses; the temporary file is then removed.
    pub fn finish(&mut self) -> Result<TapeSummary, CoreError> {
        if !self.group.is_empty() {
            self.flush_group()?;
        }
        let mut file = self.file.take().ok_or_else(|| self.refused("already finished"))?;
        self.meta.extend(self.facts.metadata());
        for (key, value) in &self.meta {
            file.append_key_value_metadata(KeyValue::new(key.clone(), value.clone()));
        }
        let sink = file.into_inner();
        let sink = sink.map_err(|e| self.refused(&e.to_string()))?;
        let named = sink.file.sync_all().and_then(|()| self.give_name());
        named.map_err(|e| self.refused(&e.to_string()))?;
        let digest = sink.sha.finalize();
        Ok(TapeSummary {
            rows: self.facts.rows + self.facts.keyframe_rows,
            bytes: sink.bytes,
            recv: self.facts.recv,
            exch: self.facts.exch,
            disorder_ns: self.facts.disorder_ns,
            sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }

    /// Give up: remove what was written. Nothing happens to a finished file.
    pub fn abort(&mut self) {
        self.file = None;
        // Renamed or never made: then there is nothing to remove.
        let _ = std::fs::remove_file(&self.temporary);
    }

    /// The metadata as written so far, complete after [`TapeWriter::finish`].
    #[must_use]
    pub fn meta(&self) -> &BTreeMap<String, String> {
        &self.meta
    }

    #[allow(clippy::disallowed_methods)] // Tape is the module that touches files.
    fn give_name(&self) -> io::Result<()> {
        std::fs::rename(&self.temporary, &self.path)?;
        let parent = Path::new(&self.path).parent().filter(|p| !p.as_os_str().is_empty());
        // Windows cannot sync a folder; the rename itself is durable there.
        if cfg!(unix) {
            File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
        }
        Ok(())
    }

    /// Row `i`, refused where it breaks a rule.
    fn checked(&self, rows: &Rows, i: usize) -> Result<Row, CoreError> {
        let at = self.facts.rows;
        let bad = |why: String| self.refused(&format!("row {at}: {why}"));
        let row = rows.get(i).ok_or_else(|| bad(format!("unknown kind {}", rows.kind[i])))?;
        if let Some((_, last)) = self.facts.recv {
            if row.ts_recv.0 < last {
                return Err(bad(format!("ts_recv {} runs back from {last}", row.ts_recv.0)));
            }
        }
        let sound = match row.kind {
            RowKind::Level | RowKind::Trade => row.side.is_some() && row.px.0 > 0 && row.qty.0 > 0,
            RowKind::Gone => row.side.is_some() && row.px.0 > 0 && row.qty.0 == 0,
            RowKind::Left => row.side.is_some() && row.px.0 > 0,
            RowKind::Clear
            | RowKind::Frame
            | RowKind::Context
            | RowKind::Funding
            | RowKind::Gap => true,
        };
        if !sound {
            let (side, px, qty) = (rows.side[i], row.px.0, row.qty.0);
            return Err(bad(format!("{:?} with side {side}, px {px}, qty {qty}", row.kind)));
        }
        Ok(row)
    }

    fn flush_group(&mut self) -> Result<(), CoreError> {
        let Some(file) = self.file.as_mut() else {
            return Err(self.refused("already finished"));
        };
        let crc = write_group(file, &self.group);
        let crc = crc.map_err(|e| tape_error(&self.path, e.to_string()))?;
        self.facts.group_crcs.push(crc);
        self.group.clear();
        Ok(())
    }

    fn refused(&self, why: &str) -> CoreError {
        tape_error(&self.path, why)
    }
}

impl Drop for TapeWriter {
    fn drop(&mut self) {
        self.abort();
    }
}

/// Write a row group; its CRC-32.
fn write_group(
    file: &mut SerializedFileWriter<Digested>,
    rows: &Rows,
) -> Result<u32, ParquetError> {
    file.flush()?;
    file.inner_mut().crc.reset();
    let mut group = file.next_row_group()?;
    for column in Column::ALL {
        let Some(mut writer) = group.next_column()? else {
            return Err(ParquetError::General("fewer columns than the schema".to_owned()));
        };
        write_column(&mut writer, column, rows)?;
        writer.close()?;
    }
    group.close()?;
    file.flush()?;
    Ok(file.inner().crc.clone().finalize())
}

/// A level that is gone is stored as one of quantity 0; see [`super::schema`].
const fn folded(kind: u8) -> u8 {
    if kind == RowKind::Gone as u8 {
        RowKind::Level as u8
    } else {
        kind
    }
}

fn write_column(
    writer: &mut SerializedColumnWriter<'_>,
    column: Column,
    rows: &Rows,
) -> Result<(), ParquetError> {
    let longs: &[i64];
    let (wide, narrow): (Vec<i64>, Vec<i32>);
    match column {
        Column::TsExch => longs = &rows.ts_exch,
        Column::TsRecv => longs = &rows.ts_recv,
        Column::Px => longs = &rows.px,
        Column::Qty => longs = &rows.qty,
        Column::Seq | Column::Id => {
            let values = if column == Column::Seq { &rows.seq } else { &rows.id };
            wide = values.iter().map(|value| *value as i64).collect();
            longs = &wide;
        }
        Column::Stream | Column::Kind | Column::Side | Column::N | Column::Flags => {
            narrow = match column {
                Column::Stream => rows.stream.iter().map(|v| i32::from(*v)).collect(),
                Column::Kind => rows.kind.iter().map(|v| i32::from(folded(*v))).collect(),
                Column::Side => rows.side.iter().map(|v| i32::from(*v)).collect(),
                Column::N => rows.n.iter().map(|v| *v as i32).collect(),
                _ => rows.flags.iter().map(|v| i32::from(*v)).collect(),
            };
            return writer.typed::<Int32Type>().write_batch(&narrow, None, None).map(drop);
        }
    }
    writer.typed::<Int64Type>().write_batch(longs, None, None).map(drop)
}
