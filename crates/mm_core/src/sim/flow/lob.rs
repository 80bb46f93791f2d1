//! The exchange's order-by-order book: price-time FIFO in a ring of ticks around the touch.

use crate::event::LevelQty;
use crate::sim::flow::ghost::Queues;
use crate::sim::flow::grid::Grid;
use crate::units::Lots;
use crate::units::Side;
use serde::Deserialize;
use serde::Serialize;

/// Ticks in the ring; a power of two.
const WINDOW: i64 = 2_048;
const NIL: u32 = u32::MAX;

/// No order on a side: compares as worse than any tick.
const EMPTY: [i64; 2] = [i64::MIN, i64::MAX];

/// A resting order as its owner knows it; stale once the order has gone.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct OrderRef {
    slot: u32,
    seq: u64,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Order {
    seq: u64,
    tick: i64,
    size: i64,
    prev: u32,
    next: u32,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Level {
    qty: i64,
    n: u32,
    head: u32,
    tail: u32,
    watchers: u32,
}

const VACANT: Level = Level { qty: 0, n: 0, head: NIL, tail: NIL, watchers: 0 };

/// A piece of a resting order that was traded.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Match {
    /// The taker's side.
    pub(super) taker: Side,
    pub(super) tick: i64,
    /// Place of the resting order in time.
    pub(super) seq: u64,
    pub(super) size: i64,
    /// Nothing of the resting order is left.
    pub(super) exhausted: bool,
}

/// A cancel at a watched tick.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Cancelled {
    pub(super) tick: i64,
    pub(super) seq: u64,
    pub(super) size: i64,
}

/// What happened since [`Lob::begin_block`].
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct BlockLog {
    pub(super) matches: Vec<Match>,
    pub(super) cancelled: Vec<Cancelled>,
    /// Ticks whose quantity may have changed, with repetitions.
    pub(super) touched: Vec<(Side, i64)>,
}

/// The book.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Lob {
    levels: Vec<Level>,
    lo: i64,
    best: [i64; 2],
    orders: Vec<Order>,
    free: Vec<u32>,
    next_seq: u64,
    log: BlockLog,
}

impl Lob {
    /// An empty book around a tick.
    pub(super) fn new(centre: i64) -> Self {
        Self {
            levels: vec![VACANT; WINDOW as usize],
            lo: centre - WINDOW / 2,
            best: EMPTY,
            orders: Vec::new(),
            free: Vec::new(),
            next_seq: 1,
            log: BlockLog::default(),
        }
    }

    pub(super) fn log(&self) -> &BlockLog {
        &self.log
    }

    /// Forget the last block and keep the ring around a tick.
    pub(super) fn begin_block(&mut self, centre: i64) {
        self.log.matches.clear();
        self.log.cancelled.clear();
        self.log.touched.clear();
        let lo = centre - WINDOW / 2;
        if (lo - self.lo).abs() < WINDOW / 4 {
            return;
        }
        let (from, to) = if lo > self.lo {
            (self.lo, lo.min(self.lo + WINDOW))
        } else {
            ((lo + WINDOW).max(self.lo), self.lo + WINDOW)
        };
        for tick in from..to {
            while self.level(tick).head != NIL {
                self.remove(self.level(tick).head);
            }
            self.levels[slot(tick)].watchers = 0;
        }
        self.lo = lo;
        Side::BOTH.into_iter().for_each(|side| self.seek(side));
    }

    /// Best tick of a side; smallest or greatest integer where it is empty.
    pub(super) fn best(&self, side: Side) -> i64 {
        self.best[side.index()]
    }

    pub(super) fn is_empty(&self, side: Side) -> bool {
        self.best(side) == EMPTY[side.index()]
    }

    /// Quantity and number of orders at a tick.
    pub(super) fn at(&self, side: Side, tick: i64) -> (i64, u32) {
        if self.is_empty(side) || !self.contains(tick) {
            return (0, 0);
        }
        if side.sign() * (tick - self.best(side)) > 0 {
            return (0, 0);
        }
        let level = self.level(tick);
        (level.qty, level.n)
    }

    /// Log cancels at a tick until unwatched as often.
    pub(super) fn watch(&mut self, tick: i64, on: bool) {
        if self.contains(tick) {
            let level = &mut self.levels[slot(tick)];
            level.watchers = if on { level.watchers + 1 } else { level.watchers.saturating_sub(1) };
        }
    }

    /// A post-only order at the tail of its level; `None` where it would match or is too far.
    pub(super) fn add(&mut self, side: Side, tick: i64, size: i64) -> Option<OrderRef> {
        let crosses = match side {
            Side::Bid => tick >= self.best(Side::Ask),
            Side::Ask => tick <= self.best(Side::Bid),
        };
        if crosses || !self.contains(tick) || size <= 0 {
            return None;
        }
        let seq = self.next_seq;
        self.next_seq += 1;
        let tail = self.level(tick).tail;
        let order = Order { seq, tick, size, prev: tail, next: NIL };
        let ix = match self.free.pop() {
            Some(ix) => {
                self.orders[ix as usize] = order;
                ix
            }
            None => {
                self.orders.push(order);
                (self.orders.len() - 1) as u32
            }
        };
        if tail != NIL {
            self.orders[tail as usize].next = ix;
        }
        let level = &mut self.levels[slot(tick)];
        if tail == NIL {
            level.head = ix;
        }
        level.tail = ix;
        level.qty += size;
        level.n += 1;
        if self.is_empty(side) || side.sign() * (tick - self.best(side)) > 0 {
            self.best[side.index()] = tick;
        }
        self.log.touched.push((side, tick));
        Some(OrderRef { slot: ix, seq })
    }

    /// Cancel an order; false if it has gone.
    pub(super) fn cancel(&mut self, order: OrderRef) -> bool {
        let alive = self.orders[order.slot as usize].seq == order.seq;
        if alive {
            self.cancel_slot(order.slot);
        }
        alive
    }

    /// Cancel the orders of a level that `leaves` picks, oldest first.
    pub(super) fn cancel_some(&mut self, tick: i64, mut leaves: impl FnMut() -> bool) {
        let mut at = self.level(tick).head;
        while at != NIL {
            let next = self.orders[at as usize].next;
            if leaves() {
                self.cancel_slot(at);
            }
            at = next;
        }
    }

    /// An immediate-or-cancel order: match up to `size` at ticks not worse than `limit`.
    pub(super) fn take(&mut self, taker: Side, size: i64, limit: i64) -> i64 {
        let passive = taker.opposite();
        let mut left = size;
        while left > 0 && !self.is_empty(passive) {
            let tick = self.best(passive);
            if taker.sign() * (tick - limit) > 0 {
                break;
            }
            let head = self.level(tick).head;
            let order = self.orders[head as usize];
            let size = left.min(order.size);
            let exhausted = size == order.size;
            left -= size;
            self.log.matches.push(Match { taker, tick, seq: order.seq, size, exhausted });
            if exhausted {
                self.remove(head);
            } else {
                self.orders[head as usize].size -= size;
                self.levels[slot(tick)].qty -= size;
                self.log.touched.push((passive, tick));
            }
        }
        size - left
    }

    /// The best `depth` levels of a side.
    pub(super) fn top(&self, side: Side, depth: usize, grid: Grid, out: &mut Vec<LevelQty>) {
        if self.is_empty(side) {
            return;
        }
        let mut tick = self.best(side);
        while out.len() < depth && self.contains(tick) {
            let level = self.level(tick);
            if level.n > 0 {
                out.push(LevelQty { px: grid.px(tick), qty: Lots(level.qty), n: level.n });
            }
            tick -= side.sign();
        }
    }

    /// Panic unless levels, orders and best prices agree.
    #[cfg(test)]
    pub(super) fn check(&self) {
        for tick in self.lo..self.lo + WINDOW {
            let level = self.level(tick);
            let (mut qty, mut n, mut at, mut seq) = (0, 0, level.head, 0);
            while at != NIL {
                let order = self.orders[at as usize];
                assert!(order.tick == tick && order.seq > seq && order.size > 0);
                (qty, n, at, seq) = (qty + order.size, n + 1, order.next, order.seq);
            }
            assert_eq!((level.qty, level.n), (qty, n), "level {tick}");
            let between = tick > self.best(Side::Bid) && tick < self.best(Side::Ask);
            assert!(!between || n == 0, "orders inside the spread at {tick}");
        }
    }

    fn cancel_slot(&mut self, ix: u32) {
        let Order { seq, tick, size, .. } = self.orders[ix as usize];
        if self.level(tick).watchers > 0 {
            self.log.cancelled.push(Cancelled { tick, seq, size });
        }
        self.remove(ix);
    }

    fn remove(&mut self, ix: u32) {
        let order = self.orders[ix as usize];
        let side = if order.tick <= self.best(Side::Bid) { Side::Bid } else { Side::Ask };
        if order.prev == NIL {
            self.levels[slot(order.tick)].head = order.next;
        } else {
            self.orders[order.prev as usize].next = order.next;
        }
        if order.next == NIL {
            self.levels[slot(order.tick)].tail = order.prev;
        } else {
            self.orders[order.next as usize].prev = order.prev;
        }
        self.orders[ix as usize].seq = 0;
        self.free.push(ix);
        let level = &mut self.levels[slot(order.tick)];
        level.qty -= order.size;
        level.n -= 1;
        self.log.touched.push((side, order.tick));
        if level.n == 0 && order.tick == self.best(side) {
            self.seek(side);
        }
    }

    /// Move the best of a side to its first level with orders.
    fn seek(&mut self, side: Side) {
        let mut tick = self.clamped_best(side);
        while self.contains(tick) {
            if self.level(tick).n > 0 {
                self.best[side.index()] = tick;
                return;
            }
            tick -= side.sign();
        }
        self.best[side.index()] = EMPTY[side.index()];
    }

    fn clamped_best(&self, side: Side) -> i64 {
        self.best(side).clamp(self.lo - 1, self.lo + WINDOW)
    }

    fn contains(&self, tick: i64) -> bool {
        (self.lo..self.lo + WINDOW).contains(&tick)
    }

    fn level(&self, tick: i64) -> &Level {
        &self.levels[slot(tick)]
    }
}

impl Queues for Lob {
    fn log(&self) -> &BlockLog {
        &self.log
    }

    fn best(&self, side: Side) -> Option<i64> {
        (!self.is_empty(side)).then(|| self.best(side))
    }

    fn at(&self, side: Side, tick: i64) -> (i64, u32) {
        self.at(side, tick)
    }

    fn next_seq(&self) -> u64 {
        self.next_seq
    }

    fn watch(&mut self, tick: i64, on: bool) {
        self.watch(tick, on);
    }
}

/// Where a tick stands in the ring.
fn slot(tick: i64) -> usize {
    (tick & (WINDOW - 1)) as usize
}
