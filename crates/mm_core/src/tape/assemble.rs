//! Assembler — recorded tables of one symbol, merged in order of delivery into the rows of a tape.

use super::lines::Format;
use super::lines::Heard;
use super::lines::LineCounts;
use super::lines::Wanted;
use super::table::Content;
use super::table::Said;
use super::table::Table;
use super::table::Times;
use crate::book::Merger;
use crate::error::CoreError;
use crate::event::streams;
use crate::event::FeedMessage;
use crate::event::Frame;
use crate::event::FrameKind;
use crate::event::Rows;
use crate::instrument::Venue;
use crate::units::UnixNanos;
use crate::wire::Scales;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BinaryHeap;

/// Place of a table's next message in the order of delivery, then the table's own number.
type Place = (i64, u8, u64, usize);

/// Collects tables, in any order, and delivers their messages in order of receive time, stream
/// and sequence; equals keep the order in which their tables were added.
pub struct Assembler {
    scales: Scales,
    merger: Merger,
    /// Receive times from which on the book begins anew, each with a venue's habits.
    begins: BTreeMap<i64, Venue>,
    /// By number, so that memory is given back when a table is done.
    tables: BTreeMap<usize, Table>,
    added: usize,
    heads: BinaryHeap<Reverse<Place>>,
    delivered: i64,
    any_book: bool,
    messages: u64,
    late: u64,
    lines: LineCounts,
    /// Whether lines held single trades.
    singles: bool,
}

impl Assembler {
    /// An assembler with the habits of a venue's streams.
    #[must_use]
    pub fn new(venue: Venue, scales: Scales) -> Self {
        Self {
            scales,
            merger: Merger::for_venue(venue),
            begins: BTreeMap::new(),
            tables: BTreeMap::new(),
            added: 0,
            heads: BinaryHeap::new(),
            delivered: i64::MIN,
            any_book: false,
            messages: 0,
            late: 0,
            lines: LineCounts::default(),
            singles: false,
        }
    }

    /// Add a table.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] as [`Table::new`].
    pub fn add(&mut self, times: Times, content: Content, stream: u8) -> Result<(), CoreError> {
        let table = Table::new(times, content, stream)?;
        if let Some((recv, stream, seq)) = table.head() {
            self.heads.push(Reverse((recv, stream, seq, self.added)));
            self.tables.insert(self.added, table);
            self.added += 1;
        }
        Ok(())
    }

    /// Add verbatim frames of one symbol, a line each, and tell what they are. `first_line` is
    /// the number of the first line, for messages; `clock_offset_ns` is added to receive times:
    /// it takes a constant difference between recorder and venue out.
    ///
    /// # Errors
    /// [`CoreError::BadPayload`] with the line, where one cannot be read.
    pub fn add_lines(
        &mut self,
        (format, symbol): (Format, &str),
        (data, first_line): (&[u8], u64),
        clock_offset_ns: i64,
    ) -> Result<Heard, CoreError> {
        let singles = &mut self.singles;
        let mut wanted = Wanted { symbol, scales: self.scales, singles };
        let mut found = format.decode(&mut wanted, (data, first_line))?;
        for recv in &mut found.times.recv {
            *recv += clock_offset_ns;
        }
        let heard = found.heard();
        self.lines.add(found.counts);
        self.add(found.times, Content::Messages(found.messages), streams::NONE)?;
        Ok(heard)
    }

    /// Begin anew at a receive time, with the habits of a venue's streams: what comes then does
    /// not continue the book of before.
    pub fn begin(&mut self, at: UnixNanos, venue: Venue) {
        self.begins.insert(at.0, venue);
    }

    /// Deliver all messages received before `until` as rows appended to `out`.
    ///
    /// # Errors
    /// [`CoreError::BadPayload`] from the merger.
    pub fn drain(&mut self, until: UnixNanos, out: &mut Rows) -> Result<(), CoreError> {
        while let Some(Reverse((recv, _, _, number))) = self.heads.peek().copied() {
            if recv >= until.0 {
                break;
            }
            self.heads.pop();
            self.begin_until(recv);
            let Some(table) = self.tables.get_mut(&number) else { continue };
            let begins_empty = !self.any_book && table.says_plain_change();
            let said = table.pop();
            match table.head() {
                Some((recv, stream, seq)) => self.heads.push(Reverse((recv, stream, seq, number))),
                None => drop(self.tables.remove(&number)),
            }
            // A table that came too late cannot turn time back.
            self.late += u64::from(recv < self.delivered);
            self.delivered = self.delivered.max(recv);
            if begins_empty {
                self.begin_empty(out)?;
            }
            if let Some(said) = said {
                self.deliver(said, out)?;
            }
        }
        Ok(())
    }

    /// What was met so far, by name.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        let merged = self.merger.counts();
        BTreeMap::from([
            ("messages", self.messages),
            ("late_messages", self.late),
            ("lines", self.lines.lines),
            ("other_lines", self.lines.other),
            ("frames", merged.frames),
            ("stale_frames", merged.stale_frames),
            ("unsynced_frames", merged.unsynced_frames),
            ("sequence_gaps", merged.sequence_gaps),
            ("repeated_trades", merged.repeated_trades),
            ("backlog_trades", merged.backlog_trades),
            ("bad_trades", merged.bad_trades),
            ("bad_levels", merged.bad_levels),
            ("bad_venue_times", merged.bad_venue_times),
        ])
    }

    fn begin_until(&mut self, recv: i64) {
        while let Some(next) = self.begins.first_entry().filter(|next| *next.key() <= recv) {
            self.merger.begin(next.remove());
            self.any_book = false;
        }
    }

    fn deliver(&mut self, said: Said, out: &mut Rows) -> Result<(), CoreError> {
        let recv = UnixNanos(self.delivered);
        self.messages += 1;
        match said {
            Said::Message(message) => {
                self.any_book |= matches!(message, FeedMessage::Book(_));
                self.merger.on_message(&message, recv, out)
            }
            Said::Gap { from, cause } => {
                self.merger.on_gap(from, recv, cause, out);
                Ok(())
            }
        }
    }

    /// A recording that begins with changes and no snapshot begins with an empty book.
    fn begin_empty(&mut self, out: &mut Rows) -> Result<(), CoreError> {
        let frame = Frame {
            kind: FrameKind::Snapshot { depth: u16::MAX },
            ts_exch: UnixNanos(0),
            seq: 0,
            stream: streams::BOOK,
            bids: Vec::new(),
            asks: Vec::new(),
        };
        self.any_book = true;
        self.merger.on_message(&FeedMessage::Book(frame), UnixNanos(self.delivered), out)
    }
}
