//! Album — decisions of one stretch that were played once, for every set that comes to stand there.
//!
//! A page is a step at which a run stands with nothing under way. From it lead the ways of what
//! may be chosen there: each to the page where the orders that followed are all answered.

use crate::engine::Considered;
use crate::engine::Stance;
use crate::order::CloidParts;
use crate::queue::Resting;
use crate::quote::Ladder;
use crate::quote::Target;
use crate::replay::truth::Execution;
use crate::risk::Footing;
use crate::risk::MicroUsd;
use crate::sim::OrderCounts;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;

/// How a run stands at a step before it decides: runs that stand alike go on alike where they
/// choose alike.
#[derive(Debug, PartialEq)]
pub(super) struct Standpoint {
    pub(super) now: i64,
    /// Which limits, rules and venue: sets are of one kind where these are equal.
    pub(super) kind: usize,
    /// Rows that happened at the venue.
    pub(super) pos: u32,
    pub(super) stance: Stance,
    pub(super) resting: [Option<Resting>; 2],
    pub(super) footing: Footing,
}

/// A standpoint, and the ways that lead from it.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) from: Standpoint,
    pub(super) decided: OnceLock<Decided>,
    ways: Mutex<Vec<(Choice, Option<Arc<Way>>)>>,
}

/// What a decision at a page is made on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decided {
    /// Whether there is anything to decide.
    pub(super) is_due: bool,
    touch: (i64, i64),
    /// The number of all but the touch.
    mode: usize,
    pub(super) on: Considered,
}

impl Decided {
    /// What tells it from others of the same stretch.
    pub(super) fn key(&self) -> (i64, i64, usize) {
        (self.touch.0, self.touch.1, self.mode)
    }
}

/// What is chosen at a page; `None` where there is nothing to decide.
pub(super) type Choice = Option<Quotes>;

/// One wanted quote a side at most, bids and asks: all that a way is told by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Quotes([Option<(Px, Lots)>; 2]);

impl Quotes {
    /// The quotes of a ladder of one level; `None` for others.
    pub(super) fn of(ladder: &Ladder) -> Option<Self> {
        let inner = |target: &Target| target.level == 0 && !target.takes;
        let simple = |side| match ladder.side(side) {
            [] => true,
            [target] => inner(target),
            _ => false,
        };
        let first = |side| ladder.side(side).first().map(|target| (target.px, target.size));
        Side::BOTH.into_iter().all(simple).then(|| Self(Side::BOTH.map(first)))
    }
}

/// What follows a choice until nothing is under way again.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) to: Arc<Page>,
    pub(super) orders: u64,
    pub(super) cancels: u64,
    pub(super) counts: OrderCounts,
    /// How many numbers were given to orders.
    pub(super) numbers: u64,
    /// The orders that stand at the end, bids and asks.
    pub(super) held: [Option<Held>; 2],
    /// What traded, and which order it was.
    pub(super) fills: Vec<(Held, Execution)>,
    /// The worst case that the gate had to bear.
    pub(super) worst: MicroUsd,
}

/// An order that was met on a way.
#[derive(Clone, Copy, Debug)]
pub(super) enum Held {
    /// The one of its side that stood at the beginning.
    Before,
    /// It was placed on the way: its id, numbered from the first order that was.
    Placed(CloidParts),
}

/// The pages of one stretch.
#[derive(Debug, Default)]
pub(super) struct Album {
    pages: Mutex<BTreeMap<i64, Vec<Arc<Page>>>>,
    modes: Mutex<Vec<Considered>>,
}

impl Album {
    /// The page of a standpoint, a new one where nobody stood there.
    pub(super) fn page(&self, from: Standpoint) -> Arc<Page> {
        let mut pages = locked(&self.pages);
        let there = pages.entry(from.now).or_default();
        if let Some(page) = there.iter().find(|page| page.from == from) {
            return Arc::clone(page);
        }
        let page = Arc::new(Page { from, decided: OnceLock::new(), ways: Mutex::default() });
        there.push(Arc::clone(&page));
        page
    }

    /// A decision at a page was made on this.
    pub(super) fn decide(&self, page: &Page, on: Considered) -> Decided {
        *page.decided.get_or_init(|| {
            let mut modes = locked(&self.modes);
            let mode = modes.iter().position(|mode| mode.is_like(&on)).unwrap_or_else(|| {
                modes.push(on);
                modes.len() - 1
            });
            let touch = on.touch().map_or((0, 0), |touch| (touch.bid.0, touch.ask.0));
            Decided { is_due: page.from.stance.differs(&on), touch, mode, on }
        })
    }
}

impl Page {
    /// The way of a choice, where it was played: `Some(None)` is one that nobody can follow.
    pub(super) fn way(&self, choice: Choice) -> Option<Option<Arc<Way>>> {
        let ways = locked(&self.ways);
        ways.iter().find(|(known, _)| *known == choice).map(|(_, way)| way.clone())
    }

    /// Note the way of a choice.
    pub(super) fn lead(&self, choice: Choice, way: Option<Way>) {
        let mut ways = locked(&self.ways);
        if !ways.iter().any(|(known, _)| *known == choice) {
            ways.push((choice, way.map(Arc::new)));
        }
    }
}

/// What a set that panicked left is whole: it was written at once.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
