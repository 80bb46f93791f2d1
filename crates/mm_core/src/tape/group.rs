//! Group — the bytes of one row group, read at once so that they can be checked.

use bytes::Buf;
use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::ChunkReader;
use parquet::file::reader::Length;
use std::fs::File;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::sync::Arc;

/// A row group takes a few megabytes; what claims to be larger is damaged.
const GROUP_BYTES_MAX: u64 = 1 << 30;

/// The bytes of a file from `start` on, as far as one row group goes.
pub(super) struct GroupBytes {
    start: u64,
    pub(super) bytes: Bytes,
}

impl GroupBytes {
    /// Read a row group, into the memory of an earlier one where nobody else holds it.
    pub(super) fn read(
        file: &mut File,
        group: &RowGroupMetaData,
        earlier: Option<Arc<Self>>,
    ) -> Result<Self, ParquetError> {
        let ranges = || group.columns().iter().map(|chunk| chunk.byte_range());
        let start = ranges().map(|(start, _)| start).min().unwrap_or(0);
        let end = ranges().map(|(start, length)| start.saturating_add(length)).max();
        let length = end.unwrap_or(start) - start;
        if length > GROUP_BYTES_MAX {
            return Err(ParquetError::General(format!("a row group of {length} bytes")));
        }
        let room = earlier.and_then(Arc::into_inner).and_then(|own| own.bytes.try_into_mut().ok());
        let mut bytes = room.unwrap_or_default();
        bytes.resize(length as usize, 0);
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut bytes)?;
        Ok(Self { start, bytes: bytes.freeze() })
    }
}

impl Length for GroupBytes {
    fn len(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl ChunkReader for GroupBytes {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        let length = self.len().saturating_sub(start) as usize;
        Ok(self.get_bytes(start, length)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let from = start.checked_sub(self.start).map(|from| from as usize);
        let range = from.and_then(|from| Some(from..from.checked_add(length)?));
        match range {
            Some(range) if range.end <= self.bytes.len() => Ok(self.bytes.slice(range)),
            Some(_) | None => {
                Err(ParquetError::EOF(format!("{length} bytes at {start} are not in the group")))
            }
        }
    }
}
