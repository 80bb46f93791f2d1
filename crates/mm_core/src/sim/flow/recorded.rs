//! A real order-by-order recording as truth: what hypothetical orders at the tail of its levels
//! would have met.
//!
//! The book is rebuilt from the recording's own messages; a level is served in order of time, so
//! what is older than a hypothetical order is ahead of it.

use crate::error::CoreError;
use crate::sim::flow::config::GhostPlan;
use crate::sim::flow::ghost::Ghosts;
use crate::sim::flow::ghost::Queues;
use crate::sim::flow::ghost::Truth;
use crate::sim::flow::grid::Grid;
use crate::sim::flow::lob::BlockLog;
use crate::sim::flow::lob::Cancelled;
use crate::sim::flow::lob::Match;
use crate::units::Side;
use crate::units::UnixNanos;
use std::collections::BTreeMap;

/// What a message does to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum OrderAction {
    /// It comes to rest at the tail of its level.
    Add = 1,
    /// Some of it, or all, is cancelled.
    Cut = 2,
    /// Some of it, or all, trades.
    Trade = 3,
    /// Its next cut or change is a trade of this size.
    Fill = 4,
    /// It now has this price and size; a better price or more size goes to the tail.
    Change = 5,
    /// Every order is gone.
    Clear = 6,
}

impl OrderAction {
    fn from_u8(value: u8) -> Result<Self, CoreError> {
        Ok(match value {
            1 => Self::Add,
            2 => Self::Cut,
            3 => Self::Trade,
            4 => Self::Fill,
            5 => Self::Change,
            6 => Self::Clear,
            other => {
                let why = format!("{other} is none of 1 to 6");
                return Err(CoreError::BadArgument { name: "action", why });
            }
        })
    }
}

/// Messages of an order-by-order recording in venue order; columns of equal length.
#[derive(Clone, Copy, Debug)]
pub struct OrderRows<'a> {
    /// Unix nanoseconds.
    pub ts: &'a [i64],
    /// See [`OrderAction`].
    pub action: &'a [u8],
    /// The order.
    pub id: &'a [u64],
    /// +1 bid, -1 ask; read of adds alone.
    pub side: &'a [i8],
    /// Price in ticks.
    pub tick: &'a [i64],
    /// Lots.
    pub qty: &'a [i64],
    /// 1 at the last message of an event: the book is whole.
    pub last: &'a [u8],
}

/// When hypothetical orders join, and how large they are.
#[derive(Clone, Copy, Debug)]
pub struct Probing {
    /// How often, for how long, how deep.
    pub plan: GhostPlan,
    /// The first may join after this time.
    pub from: UnixNanos,
    /// None joins from this time on.
    pub until: UnixNanos,
    /// Lots of each.
    pub size: i64,
}

/// The truth about hypothetical orders in a recording, and how many messages were about orders
/// that it never showed.
///
/// # Errors
/// [`CoreError::BadArgument`] for columns of unequal length or an unknown action.
pub fn recorded_truth(rows: OrderRows<'_>, probing: Probing) -> Result<(Truth, u64), CoreError> {
    let n = rows.ts.len();
    let lengths = [rows.action.len(), rows.id.len(), rows.side.len(), rows.tick.len()];
    if lengths.iter().chain(&[rows.qty.len(), rows.last.len()]).any(|&len| len != n) {
        let why = "columns differ in length".to_owned();
        return Err(CoreError::BadArgument { name: "orders", why });
    }
    let mut book = Recorded::default();
    let mut ghosts = Ghosts::new(probing.plan, Grid::new(0), probing.from);
    for i in 0..n {
        let (side, tick) = (Side::from_sign(rows.side[i]), rows.tick[i]);
        book.apply(OrderAction::from_u8(rows.action[i])?, rows.id[i], (side, tick), rows.qty[i]);
        if rows.last[i] > 0 {
            let now = UnixNanos(rows.ts[i]);
            if now >= probing.until {
                ghosts.stop();
            }
            ghosts.after_block(&mut book, now, probing.size);
            book.log.matches.clear();
            book.log.cancelled.clear();
        }
    }
    Ok((ghosts.take_truth(), book.unknown))
}

#[derive(Clone, Copy, Debug)]
struct Order {
    side: Side,
    tick: i64,
    size: i64,
    seq: u64,
    /// Traded already, though the book still shows it.
    filled: i64,
}

#[derive(Debug, Default)]
struct Recorded {
    orders: BTreeMap<u64, Order>,
    /// Lots and orders by tick.
    levels: [BTreeMap<i64, (i64, u32)>; 2],
    next_seq: u64,
    unknown: u64,
    log: BlockLog,
}

impl Recorded {
    fn apply(&mut self, action: OrderAction, id: u64, at: (Option<Side>, i64), qty: i64) {
        if action == OrderAction::Clear {
            self.orders.clear();
            self.levels.iter_mut().for_each(BTreeMap::clear);
        } else if action == OrderAction::Add {
            if let (Some(side), tick) = at {
                self.add(id, (side, tick), qty);
            }
        } else if let Some(order) = self.orders.get(&id).copied() {
            match action {
                OrderAction::Add | OrderAction::Clear => {}
                OrderAction::Cut => self.reduce(id, order, qty),
                OrderAction::Trade => self.reduce(id, Order { filled: qty, ..order }, qty),
                OrderAction::Fill => {
                    self.orders.insert(id, Order { filled: order.filled + qty, ..order });
                }
                OrderAction::Change => self.change(id, order, (at.1, qty)),
            }
        } else {
            self.unknown += 1;
        }
    }

    fn add(&mut self, id: u64, (side, tick): (Side, i64), size: i64) {
        self.next_seq += 1;
        self.orders.insert(id, Order { side, tick, size, seq: self.next_seq, filled: 0 });
        let level = self.levels[side.index()].entry(tick).or_default();
        *level = (level.0 + size, level.1 + 1);
    }

    /// A better place is lost by another price or more size, and kept by less.
    fn change(&mut self, id: u64, order: Order, (tick, size): (i64, i64)) {
        if tick == order.tick && size <= order.size {
            self.reduce(id, order, order.size - size);
        } else {
            self.reduce(id, order, order.size);
            self.add(id, (order.side, tick), size);
        }
    }

    /// Take lots off an order: first what traded, then what was cancelled.
    fn reduce(&mut self, id: u64, order: Order, by: i64) {
        let by = by.min(order.size);
        let traded = by.min(order.filled);
        let Order { side, tick, seq, .. } = order;
        let left = order.size - by;
        if traded > 0 {
            let (taker, exhausted) = (side.opposite(), left == 0);
            self.log.matches.push(Match { taker, tick, seq, size: traded, exhausted });
        }
        if by > traded {
            self.log.cancelled.push(Cancelled { tick, seq, size: by - traded });
        }
        let levels = &mut self.levels[side.index()];
        let level = levels.entry(tick).or_default();
        *level = (level.0 - by, level.1 - u32::from(left == 0));
        if level.1 == 0 {
            levels.remove(&tick);
        }
        if left == 0 {
            self.orders.remove(&id);
        } else {
            let filled = order.filled - traded;
            self.orders.insert(id, Order { size: left, filled, ..order });
        }
    }
}

impl Queues for Recorded {
    fn log(&self) -> &BlockLog {
        &self.log
    }

    fn best(&self, side: Side) -> Option<i64> {
        let levels = &self.levels[side.index()];
        let best = match side {
            Side::Bid => levels.last_key_value(),
            Side::Ask => levels.first_key_value(),
        };
        best.map(|(&tick, _)| tick)
    }

    fn at(&self, side: Side, tick: i64) -> (i64, u32) {
        self.levels[side.index()].get(&tick).copied().unwrap_or_default()
    }

    fn next_seq(&self) -> u64 {
        self.next_seq + 1
    }

    /// Every cancel is logged.
    fn watch(&mut self, _: i64, _: bool) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::DurationNanos;

    /// Bid orders of 5 and 3 at tick 100; a ghost of 2 joins; the 3 is cancelled, a 4 joins, and
    /// trades of 5 and 4 use up the rest and would have filled the ghost.
    fn truth() -> (Truth, u64) {
        let messages: [(i64, u8, u64, i8, i64, i64); 10] = [
            (0, 1, 1, 1, 100, 5),
            (0, 1, 2, 1, 100, 3),
            (0, 1, 9, -1, 101, 7),
            (1, 2, 2, 0, 0, 3),
            (2, 1, 3, 1, 100, 4),
            (3, 4, 1, 0, 0, 5),
            (3, 2, 1, 0, 0, 5),
            (4, 3, 3, 0, 0, 4),
            (5, 2, 77, 0, 0, 1),
            (9, 2, 9, 0, 0, 7),
        ];
        let ts: Vec<i64> = messages.iter().map(|m| m.0 * 1_000).collect();
        let column = |i: usize| -> Vec<i64> {
            messages.iter().map(|m| [m.4, m.5, i64::from(m.0 > 0 || m.2 == 9)][i]).collect()
        };
        let action: Vec<u8> = messages.iter().map(|m| m.1).collect();
        let id: Vec<u64> = messages.iter().map(|m| m.2).collect();
        let side: Vec<i8> = messages.iter().map(|m| m.3).collect();
        let last: Vec<u8> = column(2).iter().map(|&x| x as u8).collect();
        let rows = OrderRows {
            ts: &ts,
            action: &action,
            id: &id,
            side: &side,
            tick: &column(0),
            qty: &column(1),
            last: &last,
        };
        let plan = GhostPlan { every: DurationNanos(1), horizon: DurationNanos(7_000), behind: 0 };
        let (from, until) = (UnixNanos(-1), UnixNanos(1));
        recorded_truth(rows, Probing { plan, from, until, size: 2 }).expect("sound columns")
    }

    #[test]
    fn a_ghost_behind_real_orders_knows_its_place_and_its_fill() {
        let (truth, unknown) = truth();
        assert_eq!(unknown, 1);
        assert_eq!(
            (truth.ghosts.ahead.as_slice(), truth.ghosts.n.as_slice()),
            (&[8][..], &[2][..])
        );
        assert_eq!(truth.samples.ahead, [8, 5, 5, 0, 0]);
        assert_eq!(truth.samples.qty, [8, 5, 9, 4, 0]);
        assert_eq!(truth.samples.exhausted, [0, 0, 0, 1, 1]);
        assert_eq!(truth.ghosts.filled, [4_000]);
    }

    #[test]
    fn a_wrong_action_is_refused() {
        let one = [0_i64];
        let rows = OrderRows {
            ts: &one,
            action: &[9],
            id: &[1],
            side: &[1],
            tick: &one,
            qty: &one,
            last: &[1],
        };
        let plan = GhostPlan { every: DurationNanos(1), horizon: DurationNanos(1), behind: 0 };
        let (from, until) = (UnixNanos(0), UnixNanos(1));
        let refused = recorded_truth(rows, Probing { plan, from, until, size: 1 });
        assert!(matches!(refused, Err(CoreError::BadArgument { name: "action", .. })));
    }
}
