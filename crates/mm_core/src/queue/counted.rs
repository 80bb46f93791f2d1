//! What order counts tell of one resting order: intervals between looks at its level.
//!
//! Trades come off the queue at their own time; the cancels and adds of an interval are explained
//! when the level is next seen. How many orders the prints used up is known up to the last print
//! of each burst, so the smallest explanation decides.

use crate::queue::Interval;
use crate::queue::QpnConfig;
use crate::queue::QpnState;
use serde::Deserialize;
use serde::Serialize;

const SECOND_NS: f64 = 1e9;
/// What decides whether a quantity changed.
const HALF_LOT: f64 = 0.5;

/// A level as a row shows it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// Lots at the price.
    pub qty: f64,
    /// Orders there; 0 beside a quantity where the source does not count.
    pub n: u32,
}

impl Shown {
    /// Whether the number of orders is known; nothing is no orders.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        self.n > 0 || self.qty <= 0.0
    }
}

/// The prints of an interval, for how many orders they used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Prints {
    number: f64,
    bursts: f64,
    last: i64,
}

impl Prints {
    fn add(&mut self, ts: i64) {
        self.bursts += f64::from(u8::from(self.number == 0.0 || ts != self.last));
        self.number += 1.0;
        self.last = ts;
    }

    /// Every print but the last of a burst used up its maker. Which of the last ones did is what
    /// explains the change of the level by the fewest orders: one for a change of quantity that
    /// trades do not explain, else none.
    fn exhausted(&self, level: &Interval) -> f64 {
        let z = level.q1 - (level.q0 - level.traded).max(0.0);
        let moved = f64::from(i8::from(z > HALF_LOT) - i8::from(z < -HALF_LOT));
        (level.n0 - level.n1 + moved).clamp(self.number - self.bursts, self.number)
    }
}

/// The order-count state of one order, and what a late trade needs to explain again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Counted {
    state: QpnState,
    level: Interval,
    prints: Prints,
    seen: i64,
    /// As it was before the last look, with the interval that the look ended.
    before: QpnState,
    settled: (Interval, Prints),
}

impl Counted {
    /// Behind everything that the level shows at time `ts`.
    pub(super) fn new(qpn: &QpnConfig, met: Shown, ts: i64) -> Self {
        let n0 = f64::from(met.n);
        let state = QpnState::insert(qpn, met.qty, n0);
        let level = Interval { q0: met.qty, n0, ..Interval::default() };
        let (prints, before) = (Prints::default(), state.clone());
        Self { state, level, prints, seen: ts, before, settled: (level, prints) }
    }

    pub(super) fn ahead(&self) -> f64 {
        self.state.ahead()
    }

    /// A print at our price; what of it reaches past the queue.
    pub(super) fn trade(&mut self, volume: f64, ts: i64) -> f64 {
        self.level.traded += volume;
        self.prints.add(ts);
        self.state.trade(volume, 0.0)
    }

    /// The level is seen again.
    pub(super) fn observe(&mut self, qpn: &QpnConfig, now: Shown, ts: i64) {
        self.level.q1 = now.qty;
        self.level.n1 = f64::from(now.n);
        self.level.dt = (ts - self.seen).max(0) as f64 / SECOND_NS;
        self.before.copy_from(&self.state);
        self.settled = (self.level, self.prints);
        self.settle(qpn);
        self.begin(now, ts);
    }

    /// A print that the last look already contained; what of it reaches past the queue.
    pub(super) fn explain(&mut self, qpn: &QpnConfig, volume: f64, ts: i64) -> f64 {
        let reached = self.before.trade(volume, 0.0);
        self.settled.0.traded += volume;
        self.settled.1.add(ts);
        self.state.copy_from(&self.before);
        self.settle(qpn);
        reached
    }

    /// The level comes back into sight: the place is kept as far as the level allows.
    pub(super) fn reappear(&mut self, now: Shown, ts: i64) {
        let dt = (ts - self.seen).max(0) as f64 / SECOND_NS;
        self.state.refit(&Interval { q1: now.qty, n1: f64::from(now.n), dt, ..self.level });
        self.begin(now, ts);
    }

    /// A trade went through our price.
    pub(super) fn swept(&mut self) {
        self.state.clear();
    }

    fn settle(&mut self, qpn: &QpnConfig) {
        let (mut level, prints) = self.settled;
        level.exhausted = prints.exhausted(&level);
        self.state.exhaust(level.exhausted);
        self.state.settle(qpn, &level);
    }

    fn begin(&mut self, now: Shown, ts: i64) {
        self.level = Interval { q0: now.qty, n0: f64::from(now.n), ..Interval::default() };
        self.prints = Prints::default();
        self.seen = ts;
    }
}
