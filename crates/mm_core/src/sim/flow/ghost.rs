//! Ghosts: hypothetical passive orders that influence nothing and know their true queue position.
//!
//! A ghost joins the tail of its level after a block. What was there before it is ahead. Orders
//! ahead that leave or trade shorten the queue; volume that trades behind it, or at worse prices,
//! would have been the ghost's. A ghost is followed after its fill too, so that estimates which
//! believe in a later fill can be scored.

use crate::sim::flow::config::GhostPlan;
use crate::sim::flow::grid::Grid;
use crate::sim::flow::lob::BlockLog;
use crate::units::Side;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

/// Why the time of a fill is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
enum Fate {
    /// It outlived its horizon.
    Open = 0,
    /// Enough volume reached past the queue ahead of it.
    Traded = 1,
    /// The other side came to rest at its price, or beyond.
    Crossed = 2,
}

/// One row a ghost that has ended, in order of ending; columns of equal length.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TruthGhosts {
    /// Number of the ghost, from 0.
    pub id: Vec<u64>,
    /// Block after which it joined, Unix nanoseconds.
    pub ts: Vec<i64>,
    /// +1 bid, -1 ask.
    pub side: Vec<i8>,
    /// Price units.
    pub px: Vec<i64>,
    /// Lots.
    pub size: Vec<i64>,
    /// Lots ahead when it joined.
    pub ahead: Vec<i64>,
    /// Orders ahead when it joined.
    pub n: Vec<u32>,
    /// Block at which it would have been filled, 0 if it was not.
    pub filled: Vec<i64>,
    /// 0 not filled within the horizon, 1 by volume, 2 because the book moved through its price.
    pub fate: Vec<u8>,
    /// Block at which it was followed no more: its horizon, or the book moved through its price.
    pub ended: Vec<i64>,
}

/// One row a change at a ghost's level, at the end of a block; columns of equal length.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TruthSamples {
    /// Number of the ghost.
    pub id: Vec<u64>,
    /// The block, Unix nanoseconds.
    pub ts: Vec<i64>,
    /// True lots ahead.
    pub ahead: Vec<i64>,
    /// Lots at the level, as the book shows it.
    pub qty: Vec<i64>,
    /// Orders at the level.
    pub n: Vec<u32>,
    /// Lots traded at the price since the sample before.
    pub traded: Vec<i64>,
    /// Resting orders that those trades used up.
    pub exhausted: Vec<u32>,
    /// Lots traded at worse prices since the sample before: they would have met the ghost first.
    pub beyond: Vec<i64>,
    /// Ticks behind the best price of the side.
    pub behind: Vec<i64>,
}

/// The truth about ghosts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truth {
    /// The ghosts that have ended.
    pub ghosts: TruthGhosts,
    /// What happened at their levels.
    pub samples: TruthSamples,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Ghost {
    id: u64,
    side: Side,
    tick: i64,
    seq: u64,
    size: i64,
    joined: UnixNanos,
    ahead_first: i64,
    n_first: u32,
    ahead: i64,
    /// Volume that would have been ours.
    past: i64,
    filled: Option<UnixNanos>,
    traded: i64,
    exhausted: u32,
    beyond: i64,
    shown: (i64, i64, u32),
}

/// A book of queues that ghosts can follow.
pub(super) trait Queues {
    /// What left and traded in the block.
    fn log(&self) -> &BlockLog;
    /// Best tick of a side.
    fn best(&self, side: Side) -> Option<i64>;
    /// Quantity and number of orders at a tick.
    fn at(&self, side: Side, tick: i64) -> (i64, u32);
    /// What orders after this moment are numbered from.
    fn next_seq(&self) -> u64;
    /// Log cancels at a tick until unwatched as often.
    fn watch(&mut self, tick: i64, on: bool);
}

/// All living ghosts.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Ghosts {
    plan: GhostPlan,
    grid: Grid,
    due: UnixNanos,
    placed: u64,
    alive: Vec<Ghost>,
    truth: Truth,
}

impl Ghosts {
    pub(super) fn new(plan: GhostPlan, grid: Grid, start: UnixNanos) -> Self {
        let due = start.after(plan.every);
        Self { plan, grid, due, placed: 0, alive: Vec::new(), truth: Truth::default() }
    }

    /// Hand over what is known and forget it.
    pub(super) fn take_truth(&mut self) -> Truth {
        std::mem::take(&mut self.truth)
    }

    /// Place no more.
    pub(super) fn stop(&mut self) {
        self.plan.every.0 = 0;
    }

    /// Follow a block, then place a ghost if one is due.
    pub(super) fn after_block(&mut self, lob: &mut impl Queues, now: UnixNanos, size: i64) {
        let mut alive = std::mem::take(&mut self.alive);
        alive.retain_mut(|ghost| {
            ghost.follow(lob);
            self.sample(ghost, lob, now);
            if ghost.past >= ghost.size {
                ghost.filled.get_or_insert(now);
            }
            let crossed = ghost.is_crossed(lob);
            let over = crossed || now.since(ghost.joined) >= self.plan.horizon;
            if over {
                lob.watch(ghost.tick, false);
                self.bury(ghost, crossed, now);
            }
            !over
        });
        self.alive = alive;
        if self.plan.every.0 > 0 && now >= self.due {
            self.place(lob, now, size);
            self.due = self.due.after(self.plan.every);
        }
    }

    fn place(&mut self, lob: &mut impl Queues, now: UnixNanos, size: i64) {
        let turn = self.placed;
        let side = if turn % 2 == 0 { Side::Bid } else { Side::Ask };
        let Some(best) = lob.best(side) else { return };
        let behind = (turn / 2 % (u64::from(self.plan.behind) + 1)) as i64;
        let tick = best - side.sign() * behind;
        let (ahead, n) = lob.at(side, tick);
        self.placed += 1;
        lob.watch(tick, true);
        let mut ghost = Ghost {
            id: turn,
            side,
            tick,
            seq: lob.next_seq(),
            size: size.max(1),
            joined: now,
            ahead_first: ahead,
            n_first: n,
            ahead,
            past: 0,
            filled: None,
            traded: 0,
            exhausted: 0,
            beyond: 0,
            shown: (-1, 0, 0),
        };
        self.sample(&mut ghost, lob, now);
        self.alive.push(ghost);
    }

    fn sample(&mut self, ghost: &mut Ghost, lob: &impl Queues, now: UnixNanos) {
        let (qty, n) = lob.at(ghost.side, ghost.tick);
        let shown = (ghost.ahead, qty, n);
        if shown == ghost.shown && ghost.traded == 0 && ghost.beyond == 0 {
            return;
        }
        ghost.shown = shown;
        let out = &mut self.truth.samples;
        out.id.push(ghost.id);
        out.ts.push(now.0);
        out.ahead.push(ghost.ahead);
        out.qty.push(qty);
        out.n.push(n);
        out.traded.push(ghost.traded);
        out.exhausted.push(ghost.exhausted);
        out.beyond.push(ghost.beyond);
        let behind = |best: i64| ghost.side.sign() * (best - ghost.tick);
        out.behind.push(lob.best(ghost.side).map_or(0, behind));
        (ghost.traded, ghost.exhausted, ghost.beyond) = (0, 0, 0);
    }

    fn bury(&mut self, ghost: &Ghost, crossed: bool, now: UnixNanos) {
        let (fate, filled) = match ghost.filled {
            Some(filled) => (Fate::Traded, filled),
            None if crossed => (Fate::Crossed, now),
            None => (Fate::Open, UnixNanos(0)),
        };
        let out = &mut self.truth.ghosts;
        out.id.push(ghost.id);
        out.ts.push(ghost.joined.0);
        out.side.push(ghost.side.sign() as i8);
        out.px.push(self.grid.px(ghost.tick).0);
        out.size.push(ghost.size);
        out.ahead.push(ghost.ahead_first);
        out.n.push(ghost.n_first);
        out.filled.push(filled.0);
        out.fate.push(fate as u8);
        out.ended.push(now.0);
    }
}

impl Ghost {
    /// Apply the cancels and matches of a block.
    fn follow(&mut self, lob: &impl Queues) {
        for gone in &lob.log().cancelled {
            if gone.tick == self.tick && gone.seq < self.seq {
                self.ahead -= gone.size;
            }
        }
        for hit in &lob.log().matches {
            if hit.taker == self.side {
                continue;
            }
            match (self.side.sign() * (self.tick - hit.tick)).signum() {
                -1 => {} // a better price than ours
                0 if hit.seq < self.seq => {
                    self.ahead -= hit.size;
                    self.note(hit.size, hit.exhausted);
                }
                0 => {
                    self.past += hit.size;
                    self.note(hit.size, hit.exhausted);
                }
                _ => {
                    self.past += hit.size;
                    self.beyond += hit.size;
                }
            }
        }
    }

    /// Whether the other side rests at its price or beyond.
    fn is_crossed(&self, lob: &impl Queues) -> bool {
        let other = lob.best(self.side.opposite());
        other.is_some_and(|other| self.side.sign() * (self.tick - other) >= 0)
    }

    fn note(&mut self, size: i64, exhausted: bool) {
        self.traded += size;
        self.exhausted += u32::from(exhausted);
    }
}
