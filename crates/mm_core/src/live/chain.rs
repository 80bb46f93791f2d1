//! Chain — the position as the venue's own fills prove it.
//!
//! Each fill names the position before it. A fill that does not join waits for those that are
//! missing; while one waits, the position is not proven and nothing may be quoted. Of several that
//! join the oldest does, and none that is older than what joined before. Missing fills that lead
//! back to where they began are noticed by nobody: told later, they are counted once they are
//! complete, if the position was that one when they began and nothing joined in between.

use crate::units::Lots;
use crate::units::TradeId;
use crate::units::UnixNanos;
use crate::wire::UserFill;
use std::collections::BTreeSet;
use std::collections::VecDeque;

/// Trade ids remembered: as many as a venue repeats after a reconnect.
const KNOWN_MAX: usize = 4_096;
/// More than this waits for nothing: the venue has to be asked.
const WAITING_MAX: usize = 256;

/// A fill as the chain keeps it.
pub(super) type OwnFill = UserFill<'static>;

/// A trade that is part of the position.
#[derive(Debug)]
struct Joined {
    trade: TradeId,
    at: UnixNanos,
    /// What it did to the position; nothing where it came with a position that was told.
    moved: Lots,
}

/// What the chain knows of one symbol.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// `None` until the venue said where it stands.
    position: Option<Lots>,
    /// Fills before this time were counted when the position was told.
    since: UnixNanos,
    known: BTreeSet<TradeId>,
    /// Those trades, oldest first.
    joined: VecDeque<Joined>,
    waiting: Vec<OwnFill>,
    /// Of waiting fills those that lead back to where they began, to be counted one by one.
    circle: VecDeque<OwnFill>,
    /// The latest fill that joined.
    latest: UnixNanos,
    /// Since when fills wait.
    broken: Option<UnixNanos>,
}

impl Chain {
    /// The venue's position, and from when on the fills that are part of it are told by their ids;
    /// returns the position with those that came after it and are counted already.
    ///
    /// The word may be late: what traded while it was on its way is not in it.
    pub(super) fn begin(&mut self, told: Lots, since: UnixNanos, counted: &[TradeId]) -> Lots {
        let later = |one: &&Joined| one.at >= since && !counted.contains(&one.trade);
        let moved: i64 = self.joined.iter().filter(later).map(|one| one.moved.0).sum();
        for trade in counted {
            self.remember(Joined { trade: *trade, at: since, moved: Lots(0) });
        }
        let position = told + Lots(moved);
        self.position = Some(position);
        self.since = since;
        self.circle.clear();
        self.latest = self.latest.max(since);
        self.waiting.retain(|fill| !self.known.contains(&fill.trade) && fill.ts_exch >= since);
        if self.waiting.is_empty() {
            self.broken = None;
        }
        position
    }

    /// Take in a fill; it is due at once, later, or never, see [`Self::due`].
    pub(super) fn take(&mut self, fill: OwnFill, now: UnixNanos) {
        let old = self.position.is_some() && fill.ts_exch < self.since;
        let repeated = self.known.contains(&fill.trade)
            || self.waiting.iter().any(|other| other.trade == fill.trade);
        if old || repeated {
            return;
        }
        if self.waiting.len() == WAITING_MAX {
            self.waiting.remove(0);
        }
        self.waiting.push(fill);
        self.broken.get_or_insert(now);
    }

    /// The next fill that joins.
    pub(super) fn due(&mut self) -> Option<OwnFill> {
        let position = self.position?;
        if self.circle.is_empty() {
            match self.next_at(position, self.latest) {
                Some(at) => self.circle.push_back(self.waiting.remove(at)),
                None => self.close_circle(),
            }
        }
        let fill = self.circle.pop_front()?;
        self.position = Some(position + signed(&fill));
        self.latest = self.latest.max(fill.ts_exch);
        self.remember(Joined { trade: fill.trade, at: fill.ts_exch, moved: signed(&fill) });
        if self.waiting.is_empty() && self.circle.is_empty() {
            self.broken = None;
        }
        Some(fill)
    }

    /// The oldest waiting fill at a position, not before a time.
    fn next_at(&self, position: Lots, from: UnixNanos) -> Option<usize> {
        let joins = |fill: &OwnFill| fill.position_before == position && fill.ts_exch >= from;
        let all = self.waiting.iter().enumerate().filter(|(_, fill)| joins(fill));
        all.min_by_key(|(_, fill)| fill.ts_exch).map(|(at, _)| at)
    }

    /// Fills of before the latest that joined are late; put those aside that are complete.
    ///
    /// What is lost may cancel out twice: half of it alone can look complete where the position
    /// never was.
    fn close_circle(&mut self) {
        let late = |fill: &&OwnFill| fill.ts_exch <= self.latest;
        let oldest = self.waiting.iter().filter(late).min_by_key(|fill| fill.ts_exch);
        let Some((start, mut from)) = oldest.map(|fill| (fill.position_before, fill.ts_exch))
        else {
            return;
        };
        if !self.stood_at(start, from) {
            return;
        }
        let (kept, mut position) = (self.waiting.clone(), start);
        while let Some(at) = self.next_at(position, from) {
            if self.moved_between(from, self.waiting[at].ts_exch) {
                break;
            }
            let fill = self.waiting.remove(at);
            (position, from) = (position + signed(&fill), fill.ts_exch);
            self.circle.push_back(fill);
            if position == start {
                return;
            }
        }
        self.waiting = kept;
        self.circle.clear();
    }

    /// Whether the position was this one at that time; of a time when it moved, at any point of it.
    fn stood_at(&self, position: Lots, at: UnixNanos) -> bool {
        let Some(mut stood) = self.position else { return false };
        for one in self.joined.iter().rev().take_while(|one| one.at >= at) {
            if one.at == at && stood == position {
                return true;
            }
            stood -= one.moved;
        }
        stood == position
    }

    /// Whether a fill joined after the one time and before the other.
    fn moved_between(&self, from: UnixNanos, to: UnixNanos) -> bool {
        let next = self.joined.partition_point(|one| one.at <= from);
        self.joined.get(next).is_some_and(|one| one.at < to)
    }

    /// The position, where it is proven.
    pub(super) fn proven(&self) -> Option<Lots> {
        self.position.filter(|_| self.waiting.is_empty() && self.circle.is_empty())
    }

    /// Since when fills wait for those before them.
    pub(super) fn broken(&self) -> Option<UnixNanos> {
        self.broken
    }

    fn remember(&mut self, one: Joined) {
        if self.known.insert(one.trade) {
            let place = self.joined.partition_point(|other| other.at <= one.at);
            self.joined.insert(place, one);
        }
        if self.joined.len() > KNOWN_MAX {
            if let Some(old) = self.joined.pop_front() {
                self.known.remove(&old.trade);
            }
        }
    }
}

/// What a fill did to the position.
fn signed(fill: &OwnFill) -> Lots {
    Lots(fill.side.sign() * fill.size.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fees::Liquidity;
    use crate::units::Cash;
    use crate::units::Px;
    use crate::units::Side;
    use crate::units::VenueOrderId;

    fn fill(trade: u64, before: i64, size: i64, at: i64) -> OwnFill {
        UserFill {
            symbol: "BTC",
            side: if size > 0 { Side::Bid } else { Side::Ask },
            px: Px(100),
            size: Lots(size.abs()),
            position_before: Lots(before),
            oid: VenueOrderId(trade),
            cloid: None,
            trade: TradeId(trade),
            liquidity: Liquidity::Maker,
            fee: Cash(0),
            ts_exch: UnixNanos(at),
        }
    }

    fn drained(chain: &mut Chain) -> Vec<u64> {
        std::iter::from_fn(|| chain.due()).map(|fill| fill.trade.0).collect()
    }

    #[test]
    fn of_fills_at_one_position_the_oldest_joins() {
        let mut chain = Chain::default();
        chain.begin(Lots(0), UnixNanos(0), &[]);
        chain.take(fill(4, 5, 2, 40), UnixNanos(41)); // comes before those of before it
        for late in [fill(1, 0, 5, 10), fill(2, 5, 3, 20), fill(3, 8, -3, 30)] {
            chain.take(late, UnixNanos(50));
        }
        assert_eq!(drained(&mut chain), [1, 2, 3, 4]);
        assert_eq!(chain.proven(), Some(Lots(7)));
    }

    #[test]
    fn lost_fills_that_cancel_out_are_counted_when_they_are_told() {
        let mut chain = Chain::default();
        chain.begin(Lots(5), UnixNanos(0), &[]);
        chain.take(fill(3, 5, 2, 30), UnixNanos(31));
        assert_eq!(drained(&mut chain), [3]);
        chain.take(fill(2, 8, -3, 20), UnixNanos(50));
        assert!(drained(&mut chain).is_empty());
        assert_eq!(chain.proven(), None);
        chain.take(fill(1, 5, 3, 10), UnixNanos(50));
        assert_eq!(drained(&mut chain), [1, 2]);
        assert_eq!((chain.proven(), chain.broken()), (Some(Lots(7)), None));
        chain.take(fill(1, 5, 3, 10), UnixNanos(51));
        assert_eq!((drained(&mut chain), chain.proven()), (vec![], Some(Lots(7))));
    }

    #[test]
    fn of_lost_fills_that_cancel_out_twice_the_second_half_proves_nothing() {
        let mut chain = Chain::default();
        chain.begin(Lots(1), UnixNanos(0), &[]);
        // Lost: 1 to 0 and 0 to -1 at 15. Of -1 to 0 and 0 to 1 the end is told, and late.
        for late in [fill(3, -1, 1, 20), fill(4, 0, 1, 20)] {
            chain.take(late, UnixNanos(37));
        }
        assert!(drained(&mut chain).is_empty());
        for own in [fill(5, 1, -1, 37), fill(6, 0, -1, 37)] {
            chain.take(own, UnixNanos(38));
        }
        assert_eq!((drained(&mut chain), chain.proven()), (vec![5, 6], None));
        for late in [fill(1, 1, -1, 15), fill(2, 0, -1, 15)] {
            chain.take(late, UnixNanos(50));
        }
        assert_eq!(drained(&mut chain), [1, 2, 3, 4]);
        assert_eq!(chain.proven(), Some(Lots(-1)));
    }

    #[test]
    fn lost_fills_that_another_lies_between_are_not_complete() {
        let mut chain = Chain::default();
        chain.begin(Lots(5), UnixNanos(0), &[]);
        chain.take(fill(3, 5, 2, 22), UnixNanos(23)); // between the four that were lost
        assert_eq!(drained(&mut chain), [3]);
        for late in [fill(1, 5, 3, 20), fill(5, 8, -3, 25)] {
            chain.take(late, UnixNanos(50));
        }
        assert_eq!((drained(&mut chain), chain.proven()), (vec![], None));
        for late in [fill(2, 8, -3, 21), fill(4, 7, 1, 23)] {
            chain.take(late, UnixNanos(51));
        }
        // Two join what is known, and the other two lead back to 5.
        assert_eq!(drained(&mut chain), [4, 5, 1, 2]);
        assert_eq!(chain.proven(), Some(Lots(5)));
    }

    #[test]
    fn a_position_that_is_told_late_undoes_no_fill_of_after_it() {
        let mut chain = Chain::default();
        chain.begin(Lots(5), UnixNanos(0), &[]);
        for own in [fill(1, 5, 3, 10), fill(2, 8, -2, 20), fill(3, 6, -4, 30)] {
            chain.take(own, UnixNanos(31));
        }
        assert_eq!(drained(&mut chain), [1, 2, 3]);
        // Of the end of trade 2, and one that nobody told us: 9 in place of 6.
        assert_eq!(chain.begin(Lots(9), UnixNanos(15), &[TradeId(2)]), Lots(5));
        assert_eq!(chain.proven(), Some(Lots(5)));
        chain.take(fill(4, 5, 1, 40), UnixNanos(41));
        assert_eq!((drained(&mut chain), chain.proven()), (vec![4], Some(Lots(6))));
    }

    #[test]
    fn fills_join_in_any_order_and_count_once() {
        let mut chain = Chain::default();
        chain.take(fill(3, 8, -2, 30), UnixNanos(31));
        assert!(drained(&mut chain).is_empty());
        chain.begin(Lots(5), UnixNanos(10), &[TradeId(1)]);
        assert_eq!((chain.proven(), chain.broken()), (None, Some(UnixNanos(31))));
        chain.take(fill(1, 0, 5, 10), UnixNanos(32));
        chain.take(fill(2, 5, 3, 20), UnixNanos(33));
        chain.take(fill(3, 8, -2, 30), UnixNanos(33));
        assert_eq!(drained(&mut chain), [2, 3]);
        assert_eq!((chain.proven(), chain.broken()), (Some(Lots(6)), None));
        chain.take(fill(2, 5, 3, 20), UnixNanos(34));
        assert_eq!((drained(&mut chain), chain.proven()), (vec![], Some(Lots(6))));
    }

    #[test]
    fn a_lost_fill_breaks_the_chain_until_the_venue_is_asked() {
        let mut chain = Chain::default();
        chain.begin(Lots(0), UnixNanos(10), &[]);
        chain.take(fill(2, 4, 1, 20), UnixNanos(21));
        assert_eq!((drained(&mut chain), chain.proven()), (vec![], None));
        chain.begin(Lots(5), UnixNanos(21), &[TradeId(2)]);
        assert_eq!(chain.proven(), Some(Lots(5)));
    }

    #[test]
    fn history_of_before_the_position_was_told_is_no_news() {
        let mut chain = Chain::default();
        chain.begin(Lots(7), UnixNanos(100), &[]);
        chain.take(fill(9, 0, 7, 50), UnixNanos(101));
        assert_eq!((drained(&mut chain), chain.proven()), (vec![], Some(Lots(7))));
    }
}
