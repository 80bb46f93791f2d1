//! Schema — columns, version and metadata of a tape file.
//!
//! Kinds are stored by their [`crate::event::RowKind`] numbers, but for one: a level that is gone
//! stands as a level (1) of quantity 0, as in most vendors' files. Stored apart, kinds would
//! repeat what quantities say and take as much room as all other narrow columns together.

use crate::error::CoreError;
use crate::event::RowKind;
use crate::units::UnixNanos;
use parquet::basic::Compression;
use parquet::basic::Encoding;
use parquet::basic::LogicalType;
use parquet::basic::Repetition;
use parquet::basic::Type as Physical;
use parquet::basic::ZstdLevel;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::metadata::ParquetMetaDataReader;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::properties::EnabledStatistics;
use parquet::file::properties::WriterProperties;
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnPath;
use parquet::schema::types::Type;
use parquet::schema::types::TypePtr;
use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;

/// Version of the file layout, in the metadata key `botmm_schema`.
pub const VERSION: u32 = 1;

/// Levels change how long writing takes, hardly how long reading takes. From here on the
/// compressor finds matches of three bytes, which is what streams of bytes have.
const ZSTD_LEVEL: i32 = 17;
/// Prices gain most.
const ZSTD_LEVEL_PX: i32 = 20;
/// Of tapes that are made to be used and thrown away.
const ZSTD_LEVEL_QUICK: i32 = 1;

/// How hard a writer compresses; readers see no difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Effort {
    /// Small files, as recordings deserve.
    #[default]
    Archive,
    /// Fast writing, for what can be made again.
    Quick,
}

/// Metadata keys. Texts stand as they are, everything else as JSON.
pub(super) mod keys {
    pub(in crate::tape) const SCHEMA: &str = "botmm_schema";
    pub(in crate::tape) const PX_DECIMALS: &str = "px_decimals";
    pub(in crate::tape) const SIZE_DECIMALS: &str = "size_decimals";
    pub(in crate::tape) const STREAMS: &str = "streams";
    pub(in crate::tape) const GAPS: &str = "gaps";
    pub(in crate::tape) const DISORDER: &str = "disorder_ns";
    pub(in crate::tape) const COUNTS: &str = "counts";
    pub(in crate::tape) const FIRST_RECV: &str = "first_ts_recv";
    pub(in crate::tape) const LAST_RECV: &str = "last_ts_recv";
    pub(in crate::tape) const FIRST_EXCH: &str = "first_ts_exch";
    pub(in crate::tape) const LAST_EXCH: &str = "last_ts_exch";
    /// CRC-32 of the bytes of each row group.
    pub(in crate::tape) const GROUP_CRC: &str = "group_crc32";
    pub(in crate::tape) const WINDOW: &str = "window";
    /// Last receive time of the tape that this one continues without a break.
    pub(in crate::tape) const CONTINUES: &str = "continues_ts_recv";
}

/// The columns, in file order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Column {
    TsExch,
    TsRecv,
    Seq,
    Stream,
    Kind,
    Side,
    Px,
    Qty,
    N,
    Flags,
    Id,
}

impl Column {
    pub(super) const ALL: [Self; 11] = [
        Self::TsExch,
        Self::TsRecv,
        Self::Seq,
        Self::Stream,
        Self::Kind,
        Self::Side,
        Self::Px,
        Self::Qty,
        Self::N,
        Self::Flags,
        Self::Id,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::TsExch => "ts_exch",
            Self::TsRecv => "ts_recv",
            Self::Seq => "seq",
            Self::Stream => "stream",
            Self::Kind => "kind",
            Self::Side => "side",
            Self::Px => "px",
            Self::Qty => "qty",
            Self::N => "n",
            Self::Flags => "flags",
            Self::Id => "id",
        }
    }

    /// Bits and whether signed.
    const fn width(self) -> (i8, bool) {
        match self {
            Self::TsExch | Self::TsRecv | Self::Px | Self::Qty => (64, true),
            Self::Seq | Self::Id => (64, false),
            Self::Stream | Self::Kind | Self::Flags => (8, false),
            Self::Side => (8, true),
            Self::N => (32, false),
        }
    }

    const fn encoding(self) -> Encoding {
        match self {
            Self::TsExch | Self::TsRecv => Encoding::DELTA_BINARY_PACKED,
            Self::Seq | Self::Id => Encoding::PLAIN,
            Self::Px | Self::Qty | Self::Stream | Self::Kind | Self::Flags => {
                Encoding::BYTE_STREAM_SPLIT
            }
            Self::Side | Self::N => Encoding::RLE_DICTIONARY,
        }
    }

    /// Bytes of a value as Parquet stores it.
    pub(super) const fn bytes(self) -> usize {
        if self.is_long() {
            8
        } else {
            4
        }
    }

    pub(super) const fn is_long(self) -> bool {
        self.width().0 == 64
    }
}

/// The Parquet schema of a tape.
pub(super) fn parquet_schema() -> Result<TypePtr, ParquetError> {
    let mut fields = Vec::with_capacity(Column::ALL.len());
    for column in Column::ALL {
        let (bit_width, is_signed) = column.width();
        let physical = if column.is_long() { Physical::INT64 } else { Physical::INT32 };
        let field = Type::primitive_type_builder(column.name(), physical)
            .with_repetition(Repetition::REQUIRED)
            .with_logical_type(Some(LogicalType::integer(bit_width, is_signed)))
            .build()?;
        fields.push(Arc::new(field));
    }
    Ok(Arc::new(Type::group_type_builder("tape").with_fields(fields).build()?))
}

/// Rows of a data page. A stream of bytes of `BYTE_STREAM_SPLIT` then is four whole blocks of
/// zstd, with code tables of their own.
const PAGE_ROWS: usize = 512 * 1024;

fn zstd(level: i32) -> Result<Compression, ParquetError> {
    ZstdLevel::try_new(level).map(Compression::ZSTD)
}

/// How the columns are stored, by measurement (docs/PERFORMANCE.md).
pub(super) fn writer_properties(effort: Effort) -> Result<WriterPropertiesPtr, ParquetError> {
    let (level, level_px) = match effort {
        Effort::Archive => (ZSTD_LEVEL, ZSTD_LEVEL_PX),
        Effort::Quick => (ZSTD_LEVEL_QUICK, ZSTD_LEVEL_QUICK),
    };
    let mut properties = WriterProperties::builder()
        .set_created_by(format!("botmm tape {VERSION}"))
        .set_compression(zstd(level)?)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .set_data_page_size_limit(PAGE_ROWS * 8)
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(PAGE_ROWS)
        .set_column_compression(ColumnPath::from(Column::Px.name()), zstd(level_px)?);
    for column in Column::ALL {
        let path = ColumnPath::from(column.name());
        properties = match column.encoding() {
            Encoding::RLE_DICTIONARY => properties.set_column_dictionary_enabled(path, true),
            encoding => properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, encoding),
        };
    }
    Ok(Arc::new(properties.build()))
}

/// One recorded silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GapSpan {
    /// Start.
    pub from: UnixNanos,
    /// End.
    pub to: UnixNanos,
    /// 1 recorder hole, 2 sequence break, 3 reconnect, 4 hole between files.
    pub cause: u64,
}

/// One row group of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupInfo {
    /// Rows, keyframe rows included.
    pub rows: u64,
    /// First receive time.
    pub first_recv: UnixNanos,
    /// Last receive time.
    pub last_recv: UnixNanos,
    /// CRC-32 of its bytes in the file.
    pub crc32: u32,
}

/// What a tape says of itself without its rows being read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapeInfo {
    /// Where it lies.
    pub path: String,
    /// The file's metadata, keys to values.
    pub meta: BTreeMap<String, String>,
    /// Its row groups in order.
    pub groups: Vec<GroupInfo>,
    has_order_counts: bool,
}

/// The name of a kind among the counts of the metadata.
pub(super) fn counted_as(kind: RowKind) -> String {
    format!("{kind:?}").to_lowercase()
}

impl TapeInfo {
    /// Open a file for its metadata only.
    ///
    /// # Errors
    /// [`CoreError::Tape`] when the file is missing, damaged, or of another schema.
    pub fn open(path: &str) -> Result<Self, CoreError> {
        Self::new(path, &open_parquet(path)?.1)
    }

    /// Read the metadata of an opened file, checking version, columns and required keys.
    pub(super) fn new(path: &str, file: &ParquetMetaData) -> Result<Self, CoreError> {
        let schema = file.file_metadata().schema_descr();
        let want = parquet_schema().map_err(|e| tape_error(path, e.to_string()))?;
        let meta: BTreeMap<String, String> = file
            .file_metadata()
            .key_value_metadata()
            .into_iter()
            .flatten()
            .map(|pair| (pair.key.clone(), pair.value.clone().unwrap_or_default()))
            .collect();
        match meta.get(keys::SCHEMA).map(String::as_str) {
            Some(text) if text == VERSION.to_string() => {}
            Some(text) => {
                let why = format!("tape schema {text}, this program reads {VERSION}; import again");
                return Err(tape_error(path, why));
            }
            None => return Err(tape_error(path, "not a tape: no botmm_schema in its metadata")),
        }
        if schema.root_schema().get_fields() != want.get_fields() {
            return Err(tape_error(path, "not a tape: its columns differ from the schema"));
        }
        let counts = |group: &RowGroupMetaData| {
            long_range(group.column(Column::N as usize).statistics()) != Some((0, 0))
        };
        let has_order_counts = file.row_groups().iter().any(counts);
        let mut info = Self { path: path.to_owned(), meta, groups: Vec::new(), has_order_counts };
        let sums: Vec<u32> = info.json(keys::GROUP_CRC)?;
        if sums.len() != file.num_row_groups() {
            let why = format!("{} check sums of {} row groups", sums.len(), file.num_row_groups());
            return Err(tape_error(path, why));
        }
        for (group, crc32) in file.row_groups().iter().zip(sums) {
            let recv = group.column(Column::TsRecv as usize).statistics();
            let (first, last) = long_range(recv)
                .ok_or_else(|| tape_error(path, "a row group without ts_recv statistics"))?;
            info.groups.push(GroupInfo {
                rows: group.num_rows().unsigned_abs(),
                first_recv: UnixNanos(first),
                last_recv: UnixNanos(last),
                crc32,
            });
        }
        info.px_decimals()?;
        info.size_decimals()?;
        Ok(info)
    }

    /// Rows of the file, keyframe rows included.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.groups.iter().map(|group| group.rows).sum()
    }

    /// First receive time, `None` in an empty tape.
    #[must_use]
    pub fn first_recv(&self) -> Option<UnixNanos> {
        self.groups.first().map(|group| group.first_recv)
    }

    /// Last receive time, `None` in an empty tape.
    #[must_use]
    pub fn last_recv(&self) -> Option<UnixNanos> {
        self.groups.last().map(|group| group.last_recv)
    }

    /// Decimals of a price.
    ///
    /// # Errors
    /// [`CoreError::Tape`] where the metadata lacks it.
    pub fn px_decimals(&self) -> Result<u32, CoreError> {
        self.json(keys::PX_DECIMALS)
    }

    /// Decimals of a size.
    ///
    /// # Errors
    /// [`CoreError::Tape`] where the metadata lacks it.
    pub fn size_decimals(&self) -> Result<u32, CoreError> {
        self.json(keys::SIZE_DECIMALS)
    }

    /// Levels a side that the source showed, 0 for the whole book.
    ///
    /// # Errors
    /// [`CoreError::Tape`] where the metadata lacks it.
    pub fn window(&self) -> Result<u32, CoreError> {
        self.json(keys::WINDOW)
    }

    /// Whether ids say more than which trade it was: kinds of contexts, causes of gaps.
    pub(super) fn needs_ids(&self) -> bool {
        let counts: BTreeMap<String, u64> = self.json(keys::COUNTS).unwrap_or_default();
        let kinds = [RowKind::Context, RowKind::Gap].map(counted_as);
        counts.is_empty() || kinds.iter().any(|kind| counts.contains_key(kind))
    }

    /// Whether any level came with its number of orders.
    pub(super) fn has_order_counts(&self) -> bool {
        self.has_order_counts
    }

    /// How far venue time runs back, at most, in the order of delivery.
    ///
    /// # Errors
    /// [`CoreError::Tape`] where the metadata lacks it.
    pub fn disorder_ns(&self) -> Result<i64, CoreError> {
        self.json(keys::DISORDER)
    }

    /// The recorded silences.
    ///
    /// # Errors
    /// [`CoreError::Tape`] where the metadata lacks them.
    pub fn gaps(&self) -> Result<Vec<GapSpan>, CoreError> {
        let spans: Vec<(i64, i64, u64)> = self.json(keys::GAPS)?;
        let span = |(from, to, cause)| GapSpan { from: UnixNanos(from), to: UnixNanos(to), cause };
        Ok(spans.into_iter().map(span).collect())
    }

    /// Last receive time of the tape that this one continues without a break.
    #[must_use]
    pub fn continues(&self) -> Option<UnixNanos> {
        self.meta.get(keys::CONTINUES)?.parse().ok().map(UnixNanos)
    }

    fn json<T: serde::de::DeserializeOwned>(&self, key: &str) -> Result<T, CoreError> {
        let text = self.meta.get(key).ok_or_else(|| {
            tape_error(&self.path, format!("its metadata lacks {key}; import again"))
        })?;
        serde_json::from_str(text)
            .map_err(|_| tape_error(&self.path, format!("its metadata has {key} = {text:?}")))
    }
}

/// Open a Parquet file whose end is intact.
#[allow(clippy::disallowed_methods)] // Tape is the module that touches files.
pub(super) fn open_parquet(path: &str) -> Result<(File, ParquetMetaData), CoreError> {
    let file = File::open(path).map_err(|e| tape_error(path, e.to_string()))?;
    let footer = ParquetMetaDataReader::new().parse_and_finish(&file);
    let why = |e| tape_error(path, format!("truncated, damaged or not a tape: {e}"));
    Ok((file, footer.map_err(why)?))
}

/// Least and greatest value by a chunk's statistics.
pub(super) fn long_range(statistics: Option<&Statistics>) -> Option<(i64, i64)> {
    match statistics? {
        Statistics::Int64(s) => Some((*s.min_opt()?, *s.max_opt()?)),
        Statistics::Int32(s) => Some((i64::from(*s.min_opt()?), i64::from(*s.max_opt()?))),
        Statistics::Boolean(_)
        | Statistics::Int96(_)
        | Statistics::Float(_)
        | Statistics::Double(_)
        | Statistics::ByteArray(_)
        | Statistics::FixedLenByteArray(_) => None,
    }
}

/// The error of this module.
pub(super) fn tape_error(path: &str, why: impl Into<String>) -> CoreError {
    CoreError::Tape { path: path.to_owned(), why: why.into() }
}
