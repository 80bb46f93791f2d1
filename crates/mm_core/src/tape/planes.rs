//! Planes — columns stored byte by byte, put together again without a detour.
//!
//! `BYTE_STREAM_SPLIT` keeps the lowest bytes of all values of a page, then the next ones, and so
//! on. The statistics tell which of these planes are zero throughout; those are not unpacked.

use super::group::GroupBytes;
use parquet::basic::Compression;
use parquet::basic::Encoding;
use parquet::column::page::PageReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::serialized_reader::SerializedPageReader;
use std::array;
use std::io;
use std::sync::Arc;
use zstd::bulk::Decompressor;
use zstd::zstd_safe::zstd_sys::ZSTD_ErrorCode;

/// Bytes of the largest block of zstd: what it unpacks at a time.
const BLOCK_BYTES: usize = 128 * 1024;

/// Values put together at a time.
const LANES: usize = 64;

/// The values of one column of a row group, page after page.
pub(super) struct Planes {
    /// Pages as they lie in the file, packed.
    pages: SerializedPageReader<GroupBytes>,
    /// The planes of the page that are used, unpacked.
    page: Vec<u8>,
    /// Values of the page, and how many of them were read.
    values: usize,
    at: usize,
    /// Bytes of a value, and how many of them are not zero throughout.
    width: usize,
    used: usize,
}

impl Planes {
    /// A column chunk of values of `width` bytes, in the range that its statistics tell; pages are
    /// unpacked into `page`.
    pub(super) fn new(
        bytes: &Arc<GroupBytes>,
        chunk: &ColumnChunkMetaData,
        rows: usize,
        (width, range): (usize, Option<(i64, i64)>),
        page: Vec<u8>,
    ) -> Result<Self, ParquetError> {
        if !matches!(chunk.compression(), Compression::ZSTD(_)) {
            return Err(ParquetError::General("a column packed in another way".to_owned()));
        }
        let used = match range {
            Some((low, high)) if low >= 0 => 8 - high.leading_zeros() as usize / 8,
            Some(_) | None => width,
        };
        // Taken as they are: unpacking is ours, into memory that is used again.
        let packed = chunk.clone().into_builder().set_compression(Compression::UNCOMPRESSED);
        let pages = SerializedPageReader::new(bytes.clone(), &packed.build()?, rows, None)?;
        let used = used.clamp(1, width);
        Ok(Self { pages, page, values: 0, at: 0, width, used })
    }

    /// The memory of its pages, to be used again.
    pub(super) fn into_page(self) -> Vec<u8> {
        self.page
    }

    /// Append `count` values of eight bytes.
    pub(super) fn longs(
        &mut self,
        count: usize,
        zstd: &mut Decompressor<'_>,
        out: &mut Vec<i64>,
    ) -> Result<(), ParquetError> {
        self.spans(count, zstd, |planes| match planes.used {
            1 => planes.weave::<1>(out),
            2 => planes.weave::<2>(out),
            3 => planes.weave::<3>(out),
            4 => planes.weave::<4>(out),
            5 => planes.weave::<5>(out),
            6 => planes.weave::<6>(out),
            7 => planes.weave::<7>(out),
            _ => planes.weave::<8>(out),
        })
    }

    /// Append `count` values that need their lowest byte only.
    pub(super) fn bytes(
        &mut self,
        count: usize,
        zstd: &mut Decompressor<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), ParquetError> {
        self.spans(count, zstd, |planes| out.extend_from_slice(planes.of(0)))
    }

    /// Give `count` values in spans of one page.
    fn spans(
        &mut self,
        count: usize,
        zstd: &mut Decompressor<'_>,
        mut each: impl FnMut(Span<'_>),
    ) -> Result<(), ParquetError> {
        let mut left = count;
        while left > 0 {
            if self.at == self.values {
                self.next_page(zstd)?;
            }
            let count = left.min(self.values - self.at);
            let (page, values, used) = (self.page.as_slice(), self.values, self.used);
            each(Span { page, values, used, at: self.at, count });
            self.at += count;
            left -= count;
        }
        Ok(())
    }

    fn next_page(&mut self, zstd: &mut Decompressor<'_>) -> Result<(), ParquetError> {
        let page = self.pages.get_next_page()?;
        let page = page.ok_or_else(|| ParquetError::EOF("fewer values than rows".to_owned()))?;
        let values = page.num_values() as usize;
        let unpacked = page.encoding() == Encoding::BYTE_STREAM_SPLIT
            && unpack(
                page.buffer(),
                values * self.used,
                values * self.width,
                &mut self.page,
                zstd,
            )?;
        if !unpacked || values == 0 {
            return Err(ParquetError::General("a page of another encoding or length".to_owned()));
        }
        (self.values, self.at) = (values, 0);
        Ok(())
    }
}

/// Unpack at least the first `need` of `whole` bytes; `false` where they are not that many.
///
/// Blocks are unpacked in order, each into its place, until one finds no room: what came before is
/// whole then.
fn unpack(
    packed: &[u8],
    need: usize,
    whole: usize,
    out: &mut Vec<u8>,
    zstd: &mut Decompressor<'_>,
) -> Result<bool, io::Error> {
    let room = whole.min(need + BLOCK_BYTES);
    out.resize(room, 0);
    match zstd.decompress_to_buffer(packed, out.as_mut_slice()) {
        Ok(bytes) => Ok(bytes == whole),
        Err(error) if room < whole && wants_room(&error) => Ok(true),
        Err(error) => Err(error),
    }
}

fn wants_room(error: &io::Error) -> bool {
    let zstd = error.get_ref().and_then(|inner| inner.downcast_ref::<zstd::Error>());
    zstd.is_some_and(|zstd| zstd.is(ZSTD_ErrorCode::ZSTD_error_dstSize_tooSmall))
}

/// Values of one page that follow each other.
struct Span<'a> {
    page: &'a [u8],
    /// Values of the page.
    values: usize,
    used: usize,
    at: usize,
    count: usize,
}

impl<'a> Span<'a> {
    /// The bytes of plane `j`.
    fn of(&self, j: usize) -> &'a [u8] {
        &self.page[j * self.values + self.at..][..self.count]
    }

    /// Append the values whose lowest `N` bytes are not zero.
    fn weave<const N: usize>(&self, out: &mut Vec<i64>) {
        let mut planes: [&[u8]; N] = array::from_fn(|j| self.of(j));
        out.reserve(self.count);
        // So many at a time that the compiler sees all lengths.
        while let Some(lanes) = split::<N>(&mut planes) {
            out.extend_from_slice(&array::from_fn::<_, LANES, _>(|i| woven::<N>(|j| lanes[j][i])));
        }
        let rest = planes.first().map_or(0, |plane| plane.len());
        out.extend((0..rest).map(|i| woven::<N>(|j| planes[j][i])));
    }
}

/// The value of `N` bytes, the lowest first.
fn woven<const N: usize>(byte: impl Fn(usize) -> u8) -> i64 {
    (0..N).fold(0, |value, j| value | i64::from(byte(j)) << (8 * j))
}

/// Take [`LANES`] bytes off the front of each plane, where there are so many.
fn split<'a, const N: usize>(planes: &mut [&'a [u8]; N]) -> Option<[&'a [u8; LANES]; N]> {
    let mut lanes = [&[0; LANES]; N];
    for (lane, plane) in lanes.iter_mut().zip(planes) {
        (*lane, *plane) = plane.split_first_chunk()?;
    }
    Some(lanes)
}
