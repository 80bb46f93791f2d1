//! Inbox — requests on their way to the venue, and the block that takes them in.

use crate::command::Command;
use crate::command::Place;
use crate::command::Tif;
use serde::Deserialize;
use serde::Serialize;
use std::collections::VecDeque;

/// The order in which one block takes in requests; each request is an action of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// Post-only orders and whatever neither cancels nor takes.
    Adds,
    /// Cancels: one in the block of a taker wins.
    Cancels,
    /// Orders that may take, after the takers of the recording.
    Takers,
}

impl Class {
    fn of(command: &Command) -> Self {
        match command {
            Command::Place(Place { tif: Tif::PostOnly, .. }) | Command::ScheduleCancel { .. } => {
                Self::Adds
            }
            Command::Cancel { .. } | Command::CancelAll { .. } => Self::Cancels,
            Command::Place(Place { tif: Tif::Gtc | Tif::Ioc, .. }) => Self::Takers,
        }
    }
}

/// Requests by their time of arrival; with a block clock they take effect at the next block.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Inbox {
    requests: VecDeque<(i64, Command)>,
    block_ns: i64,
}

impl Inbox {
    /// `block_ns` is the longest time between two blocks; 0 is a venue without blocks.
    pub(super) fn new(block_ns: i64) -> Self {
        Self { requests: VecDeque::new(), block_ns }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    pub(super) fn push(&mut self, arrival: i64, command: Command) {
        insert_by_time(&mut self.requests, arrival, command);
    }

    /// When the next request takes effect: as it arrives, or at the next recorded venue time,
    /// at the latest one block later. `next_row` gives that time where it is known; asked again
    /// when the clock has come nearer, it knows more.
    pub(super) fn due(&self, next_row: impl Fn(i64) -> Option<i64>) -> i64 {
        let Some(&(arrival, _)) = self.requests.front() else { return i64::MAX };
        if self.block_ns == 0 {
            return arrival;
        }
        next_row(arrival).unwrap_or(i64::MAX).min(arrival + self.block_ns)
    }

    /// The next request that takes effect at `ts`: within a block by class, then by arrival.
    pub(super) fn take(&mut self, ts: i64) -> Option<(Class, Command)> {
        if self.block_ns == 0 {
            let here = self.requests.front().is_some_and(|request| request.0 <= ts);
            return here.then(|| self.requests.pop_front()).flatten().map(|r| (Class::Adds, r.1));
        }
        let here = self.requests.iter().take_while(|r| r.0 <= ts).map(|r| Class::of(&r.1));
        let (at, class) = here.enumerate().min_by_key(|&(at, class)| (class, at))?;
        self.requests.remove(at).map(|(_, command)| (class, command))
    }
}

/// Insert in order of time, after equals.
pub(super) fn insert_by_time<T>(queue: &mut VecDeque<(i64, T)>, ts: i64, item: T) {
    let at = queue.iter().rposition(|q| q.0 <= ts).map_or(0, |i| i + 1);
    queue.insert(at, (ts, item));
}
