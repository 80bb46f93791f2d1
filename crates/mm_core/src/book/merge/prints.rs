//! Public trades, each once: repeats and the backlog sent on subscribe are dropped.

use crate::event::Print;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeSet;
use std::collections::VecDeque;

/// Ids remembered. Venues repeat the last few dozen trades after a reconnect.
const IDS_MAX: usize = 65_536;

/// On subscribe, trades older than this are history, not news.
const BACKLOG_NS: i64 = 5_000_000_000;

/// What becomes of a print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    New,
    Repeated,
    Backlog,
    Bad,
}

/// Memory of the prints seen.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Prints {
    order: VecDeque<u64>,
    seen: BTreeSet<u64>,
    /// Our time of the connection's first message.
    session: Option<UnixNanos>,
    /// Our time of the connection's first trades message.
    first_trades: Option<UnixNanos>,
}

impl Prints {
    /// A message of any stream came.
    pub(super) fn heard(&mut self, ts_recv: UnixNanos) {
        self.session.get_or_insert(ts_recv);
    }

    /// The next trades message starts with a backlog again.
    pub(super) fn reconnected(&mut self) {
        self.session = None;
        self.first_trades = None;
    }

    /// Decide on one print and remember its id.
    pub(super) fn judge(&mut self, print: &Print, ts_recv: UnixNanos) -> Fate {
        if print.px.0 <= 0 || print.qty.0 <= 0 {
            return Fate::Bad;
        }
        if print.id != 0 && !self.remember(print.id) {
            return Fate::Repeated;
        }
        // Recordings give the first frame's trades one by one, all with its receive time.
        let in_first_frame = *self.first_trades.get_or_insert(ts_recv) == ts_recv;
        let session = self.session.unwrap_or(ts_recv);
        if in_first_frame && session.since(print.ts_exch).0 > BACKLOG_NS {
            return Fate::Backlog;
        }
        Fate::New
    }

    fn remember(&mut self, id: u64) -> bool {
        if !self.seen.insert(id) {
            return false;
        }
        self.order.push_back(id);
        if self.order.len() > IDS_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.seen.remove(&oldest);
            }
        }
        true
    }
}
