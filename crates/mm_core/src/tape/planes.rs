//! Planes — columns stored byte by byte, put together again without a detour.
//!
//! `BYTE_STREAM_SPLIT` keeps the lowest bytes of all values of a page, then the next ones, and so
//! on. The statistics tell which of these planes are zero throughout; those are not looked at.

use bytes::Bytes;
use parquet::basic::Encoding;
use parquet::column::page::PageReader;
use parquet::errors::ParquetError;

/// The values of one column of a row group, page after page.
pub(super) struct Planes {
    pages: Box<dyn PageReader>,
    page: Bytes,
    /// Values of the page, and how many of them were read.
    values: usize,
    at: usize,
    /// Bytes of a value, and how many of them are not zero throughout.
    width: usize,
    used: usize,
}

impl Planes {
    /// A column of values of `width` bytes, in the range that its statistics tell.
    pub(super) fn new(pages: Box<dyn PageReader>, width: usize, range: Option<(i64, i64)>) -> Self {
        let used = match range {
            Some((low, high)) if low >= 0 => 8 - high.leading_zeros() as usize / 8,
            Some(_) | None => width,
        };
        Self { pages, page: Bytes::new(), values: 0, at: 0, width, used: used.clamp(1, width) }
    }

    /// Append `count` values of eight bytes.
    pub(super) fn longs(&mut self, count: usize, out: &mut Vec<i64>) -> Result<(), ParquetError> {
        self.spans(count, |lowest, others| {
            let start = out.len();
            out.extend(lowest.iter().map(|byte| i64::from(*byte)));
            for (plane, shift) in others.zip((8..).step_by(8)) {
                for (value, byte) in out[start..].iter_mut().zip(plane) {
                    *value |= i64::from(*byte) << shift;
                }
            }
        })
    }

    /// Append `count` values that need their lowest byte only.
    pub(super) fn bytes(&mut self, count: usize, out: &mut Vec<u8>) -> Result<(), ParquetError> {
        self.spans(count, |lowest, _| out.extend_from_slice(lowest))
    }

    /// Give `count` values in spans of one page: their lowest bytes, and the planes above.
    fn spans(
        &mut self,
        count: usize,
        mut each: impl FnMut(&[u8], &mut dyn Iterator<Item = &[u8]>),
    ) -> Result<(), ParquetError> {
        let mut left = count;
        while left > 0 {
            if self.at == self.values {
                self.next_page()?;
            }
            let here = left.min(self.values - self.at);
            let plane = |j: usize| &self.page[j * self.values + self.at..][..here];
            each(plane(0), &mut (1..self.used).map(plane));
            self.at += here;
            left -= here;
        }
        Ok(())
    }

    fn next_page(&mut self) -> Result<(), ParquetError> {
        let page = self.pages.get_next_page()?;
        let page = page.ok_or_else(|| ParquetError::EOF("fewer values than rows".to_owned()))?;
        let values = page.num_values() as usize;
        let whole = page.buffer().len() == values * self.width;
        if page.encoding() != Encoding::BYTE_STREAM_SPLIT || !whole || values == 0 {
            return Err(ParquetError::General("a page of another encoding or length".to_owned()));
        }
        (self.page, self.values, self.at) = (page.buffer().clone(), values, 0);
        Ok(())
    }
}
