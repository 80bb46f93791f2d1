//! Sequence numbers: which deltas join the snapshot, and which snapshot joins the deltas.

use crate::event::Frame;
use crate::event::FrameKind;
use serde::Deserialize;
use serde::Serialize;
use std::collections::VecDeque;

/// Deltas kept while waiting for a snapshot: about seven minutes of 100 ms diffs.
const WAITING_MAX: usize = 4_096;

/// What to do with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It joins.
    Apply,
    /// All of it is known already.
    Stale,
    /// No book to apply it to yet.
    Wait,
    /// Something between the last frame and this one is missing.
    Break,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    /// No book.
    #[default]
    Unsynced,
    /// A snapshot without sequence numbers: deltas apply as they come.
    Unnumbered,
    /// A snapshot contains everything up to this number; no delta applied yet.
    Snapshot(u64),
    /// Everything up to this number is applied.
    Chain(u64),
}

/// Where in the venue's sequence the book stands.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Sync {
    state: State,
    deltas_seen: bool,
    waiting: VecDeque<Frame>,
}

impl Sync {
    /// Whether the book is kept by changes that carry no numbers.
    pub(super) fn is_unnumbered(&self) -> bool {
        self.state == State::Unnumbered && self.deltas_seen
    }

    /// Whether numbers will show what was missed.
    pub(super) fn is_numbered(&self) -> bool {
        matches!(self.state, State::Snapshot(_) | State::Chain(_))
    }

    /// Forget where we stood.
    pub(super) fn lose(&mut self) {
        self.state = State::Unsynced;
        self.waiting.clear();
    }

    /// Keep a delta until a snapshot comes; the oldest makes room.
    pub(super) fn keep(&mut self, frame: &Frame) {
        if frame.seq == 0 {
            return;
        }
        if self.waiting.len() == WAITING_MAX {
            self.waiting.pop_front();
        }
        self.waiting.push_back(frame.clone());
    }

    /// Judge a numbered snapshot. 1 is a venue's restart and always replaces (Bybit).
    pub(super) fn judge_snapshot(&self, seq: u64) -> Verdict {
        match self.state {
            State::Chain(last) | State::Snapshot(last) if seq < last && seq != 1 => Verdict::Stale,
            State::Chain(_) | State::Snapshot(_) => Verdict::Apply,
            State::Unsynced | State::Unnumbered => {
                let next = self.waiting.iter().find(|frame| frame.seq >= seq);
                // A snapshot from before the first delta kept cannot be joined to it.
                let joins = seq == 1 || next.is_none_or(|frame| prev_seq(frame) <= seq);
                if joins {
                    Verdict::Apply
                } else {
                    Verdict::Break
                }
            }
        }
    }

    /// A snapshot was applied; the deltas to apply on top of it.
    pub(super) fn snapshot_applied(&mut self, seq: u64) -> VecDeque<Frame> {
        self.state = if seq == 0 { State::Unnumbered } else { State::Snapshot(seq) };
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.retain(|frame| seq > 1 && frame.seq > seq);
        waiting
    }

    /// Judge a delta, and take its number if it is to be applied.
    pub(super) fn judge_delta(&mut self, frame: &Frame) -> Verdict {
        self.deltas_seen = true;
        match self.state {
            State::Unsynced => Verdict::Wait,
            State::Unnumbered if frame.seq == 0 => Verdict::Apply,
            State::Unnumbered => Verdict::Wait,
            State::Snapshot(last) | State::Chain(last) => {
                let starts = self.state == State::Snapshot(last);
                // The first delta may reach back behind the snapshot: quantities are absolute.
                let joins = if starts { prev_seq(frame) <= last } else { prev_seq(frame) == last };
                if frame.seq < last || (!starts && frame.seq == last) {
                    return Verdict::Stale;
                }
                if !joins {
                    return Verdict::Break;
                }
                self.state = State::Chain(frame.seq);
                Verdict::Apply
            }
        }
    }
}

fn prev_seq(frame: &Frame) -> u64 {
    match frame.kind {
        FrameKind::Delta { prev_seq, .. } => prev_seq,
        FrameKind::Snapshot { .. } | FrameKind::Bbo => frame.seq,
    }
}
