//! Chain — the position as the venue's own fills prove it.
//!
//! Each fill names the position before it. From a position that the venue told, all fills that are
//! known must lead on from each other in the order of their time; those of one block have one time,
//! and may stand in any order. Where they do not, one is missing, or is told late: then the position
//! is not proven, nothing may be quoted, and nothing of after the gap is counted. Missing fills that
//! lead back to where they began are noticed by nobody; told later, they are counted with all others.

use crate::units::DurationNanos;
use crate::units::Lots;
use crate::units::TradeId;
use crate::units::UnixNanos;
use crate::wire::UserFill;
use std::collections::BTreeSet;
use std::collections::VecDeque;

/// Fills remembered: as many as a venue repeats after a reconnect.
const KNOWN_MAX: usize = 4_096;
/// More than this waits for nothing: the venue has to be asked.
const WAITING_MAX: usize = 256;
/// A fill dated later than this after it was told is none: clocks do not lie so far apart.
const AHEAD_MAX: DurationNanos = DurationNanos::from_millis(60_000);

/// A fill as the chain keeps it.
pub(super) type OwnFill = UserFill<'static>;

/// A fill, and whether it is part of the books.
#[derive(Clone, Debug)]
struct Link {
    fill: OwnFill,
    counted: bool,
}

/// What the chain knows of one symbol.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// Whether the venue said where it stands.
    begun: bool,
    /// Fills before this time were counted when the position was told.
    since: UnixNanos,
    /// By id: those of the links, and those that a position that was told includes.
    known: BTreeSet<TradeId>,
    /// By time; of those that are proven each leads on from the one before.
    links: VecDeque<Link>,
    /// So many of the links are proven.
    proven: usize,
    /// The position after those.
    position: Lots,
    /// So many of the links are not counted.
    waiting: usize,
    /// Since when fills wait.
    broken: Option<UnixNanos>,
    /// Whether a fill was given up since the position was told: only a told one heals that.
    gave_up: bool,
}

impl Chain {
    /// The venue's position, and from when on the fills that are part of it are told by their ids;
    /// returns the position with those that came after it and are counted already, or `None` where
    /// a later word is known: of the fills between the two it is not known any more which counted.
    ///
    /// The word may be late: what traded while it was on its way is not in it.
    pub(super) fn begin(
        &mut self,
        told: Lots,
        since: UnixNanos,
        counted: &[TradeId],
    ) -> Option<Lots> {
        if self.begun && since < self.since {
            return None;
        }
        self.links.retain(|one| one.fill.ts_exch >= since && !counted.contains(&one.fill.trade));
        self.known = counted.iter().copied().collect();
        self.known.extend(self.links.iter().map(|one| one.fill.trade));
        self.waiting = self.links.iter().filter(|one| !one.counted).count();
        (self.begun, self.since) = (true, since);
        (self.proven, self.position) = (0, told);
        self.prove();
        self.gave_up = false;
        self.broken = if self.is_whole() { None } else { self.broken.or(Some(since)) };
        let later = self.links.iter().filter(|one| one.counted).map(|one| signed(&one.fill).0);
        Some(told + Lots(later.sum()))
    }

    /// Take in a fill, where it is news: it is due at once, later, or never, see [`Self::due`].
    pub(super) fn take(&mut self, fill: OwnFill, now: UnixNanos) -> bool {
        let old = self.begun && fill.ts_exch < self.since;
        let ahead = fill.ts_exch > now.after(AHEAD_MAX);
        if old || ahead || self.known.contains(&fill.trade) || !self.make_room() {
            return false;
        }
        self.known.insert(fill.trade);
        let first = self.links.partition_point(|one| one.fill.ts_exch < fill.ts_exch);
        let place = self.links.partition_point(|one| one.fill.ts_exch <= fill.ts_exch);
        while self.proven > first {
            self.proven -= 1;
            self.position -= signed(&self.links[self.proven].fill);
        }
        self.links.insert(place, Link { fill, counted: false });
        self.waiting += 1;
        self.prove();
        self.forget();
        self.broken = if self.is_whole() { None } else { self.broken.or(Some(now)) };
        true
    }

    /// The next fill to be counted: none where what is counted already is not proven any more.
    pub(super) fn due(&mut self) -> Option<OwnFill> {
        if self.links.range(self.proven..).any(|one| one.counted) {
            return None;
        }
        let waiting = (0..self.links.len()).rev().filter(|at| !self.links[*at].counted);
        let at = waiting.take(self.waiting).last().filter(|at| *at < self.proven)?;
        self.links[at].counted = true;
        self.waiting -= 1;
        Some(self.links[at].fill.clone())
    }

    /// The position, where it is proven.
    pub(super) fn proven(&self) -> Option<Lots> {
        (self.is_whole() && self.waiting == 0).then_some(self.position)
    }

    /// Whether all fills lead on from the position that was told.
    fn is_whole(&self) -> bool {
        self.begun && !self.gave_up && self.proven == self.links.len()
    }

    /// Since when fills wait for those before them.
    pub(super) fn broken(&self) -> Option<UnixNanos> {
        self.broken
    }

    /// Go on from the last link that is proven, block by block.
    fn prove(&mut self) {
        while let Some(next) = self.links.get(self.proven).filter(|_| self.begun) {
            let at = next.fill.ts_exch;
            let end = self.links.partition_point(|one| one.fill.ts_exch <= at);
            let block: Vec<&OwnFill> =
                self.links.range(self.proven..end).map(|one| &one.fill).collect();
            let Some(order) = walk(&block, self.position) else { return };
            let after = |position: Lots, at: &usize| position + signed(block[*at]);
            let position = order.iter().fold(self.position, after);
            let ordered = order.iter().map(|at| self.links[self.proven + at].clone());
            for (place, link) in ordered.collect::<Vec<_>>().into_iter().enumerate() {
                self.links[self.proven + place] = link;
            }
            (self.proven, self.position) = (end, position);
        }
    }

    /// Make room for one more that waits, and return whether there is some: the oldest behind a gap
    /// is given up, and with it the proof.
    fn make_room(&mut self) -> bool {
        if self.waiting < WAITING_MAX {
            return true;
        }
        self.gave_up = true;
        let oldest = (self.proven..self.links.len()).find(|at| !self.links[*at].counted);
        let Some(link) = oldest.and_then(|at| self.links.remove(at)) else { return false };
        self.known.remove(&link.fill.trade);
        self.waiting -= 1;
        true
    }

    /// Let go of what is too old to be told again.
    fn forget(&mut self) {
        let is_done = self.proven > 0 && self.links.front().is_some_and(|one| one.counted);
        if self.links.len() > KNOWN_MAX && is_done {
            if let Some(link) = self.links.pop_front() {
                self.known.remove(&link.fill.trade);
                self.proven -= 1;
                self.since = self.since.max(UnixNanos(link.fill.ts_exch.0 + 1));
            }
        }
    }
}

/// An order in which fills of one time lead on from each other, from a position; `None` where there
/// is none.
///
/// Positions are the nodes of a graph, fills its edges: a walk over every edge (Hierholzer, 1873).
fn walk(block: &[&OwnFill], from: Lots) -> Option<Vec<usize>> {
    let mut left: Vec<usize> = (0..block.len()).collect();
    let (mut path, mut order, mut at) = (Vec::new(), Vec::with_capacity(block.len()), from);
    loop {
        if let Some(next) = left.iter().position(|edge| block[*edge].position_before == at) {
            let edge = left.remove(next);
            at = block[edge].position_before + signed(block[edge]);
            path.push(edge);
        } else if let Some(edge) = path.pop() {
            at = block[edge].position_before;
            order.push(edge);
        } else {
            break;
        }
    }
    order.reverse();
    let mut position = from;
    let leads = |edge: &usize| {
        let is_next = block[*edge].position_before == position;
        position += signed(block[*edge]);
        is_next
    };
    (order.iter().all(leads) && order.len() == block.len()).then_some(order)
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
    use proptest::prelude::*;

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
        for own in [fill(5, 1, -1, 37), fill(6, 0, -1, 37)] {
            chain.take(own, UnixNanos(38));
        }
        assert_eq!((drained(&mut chain), chain.proven()), (vec![], None));
        for late in [fill(1, 1, -1, 15), fill(2, 0, -1, 15)] {
            chain.take(late, UnixNanos(50));
        }
        assert_eq!(drained(&mut chain), [1, 2, 3, 4, 5, 6]);
        assert_eq!((chain.proven(), chain.broken()), (Some(Lots(-1)), None));
    }

    #[test]
    fn lost_fills_change_the_order_in_which_a_block_is_read() {
        let mut chain = Chain::default();
        chain.begin(Lots(-53), UnixNanos(0), &[]);
        // Lost: -53 to -375 in the block before. Two of these three would join at once.
        let block = [fill(4, -375, 161, 182), fill(5, -214, 161, 182), fill(6, -53, -161, 182)];
        for own in block {
            chain.take(own, UnixNanos(183));
        }
        assert_eq!((drained(&mut chain), chain.proven()), (vec![], None));
        for late in [fill(1, -53, -161, 180), fill(2, -214, -101, 180), fill(3, -315, -60, 180)] {
            chain.take(late, UnixNanos(190));
        }
        assert_eq!(
            (drained(&mut chain), chain.proven()),
            (vec![1, 2, 3, 4, 5, 6], Some(Lots(-214)))
        );
    }

    #[test]
    fn late_fills_count_however_many_came_after_them() {
        let mut chain = Chain::default();
        chain.begin(Lots(0), UnixNanos(0), &[]);
        for number in 0..(2 * KNOWN_MAX as i64) {
            chain.take(fill(10 + number as u64, number, 1, 100 + number), UnixNanos(9_000));
            assert_eq!(drained(&mut chain).len(), 1);
        }
        let (before, at) = (2 * KNOWN_MAX as i64 - 1_000, 2 * KNOWN_MAX as i64 - 900);
        assert!(!chain.take(fill(10, 0, 1, 100), UnixNanos(9_001)), "forgotten, and no news");
        chain.take(fill(2, before, -2, at - 1), UnixNanos(9_001));
        assert_eq!((drained(&mut chain), chain.proven()), (vec![], None));
        chain.take(fill(3, before - 2, 2, at - 1), UnixNanos(9_002));
        assert_eq!(drained(&mut chain), [2, 3]);
        assert_eq!(chain.proven(), Some(Lots(2 * KNOWN_MAX as i64)));
        assert!(chain.links.len() <= KNOWN_MAX && chain.known.len() <= KNOWN_MAX);
    }

    #[test]
    fn of_fills_that_wait_the_oldest_are_given_up() {
        let mut chain = Chain::default();
        chain.begin(Lots(0), UnixNanos(0), &[]);
        for number in 0..(2 * WAITING_MAX as i64) {
            chain.take(fill(10 + number as u64, 1 + number, 1, 100 + number), UnixNanos(9_000));
        }
        assert_eq!((drained(&mut chain), chain.proven()), (vec![], None));
        assert_eq!((chain.links.len(), chain.known.len()), (WAITING_MAX, WAITING_MAX));
        // What is left leads on from one that was lost, and is no proof.
        chain.take(fill(1, 0, 1 + WAITING_MAX as i64, 99), UnixNanos(9_001));
        drained(&mut chain);
        assert_eq!(chain.proven(), None);
        assert_eq!(chain.begin(Lots(7), UnixNanos(1_000), &[]), Some(Lots(7)));
        assert_eq!((chain.proven(), chain.broken()), (Some(Lots(7)), None));
    }

    #[test]
    fn lost_fills_of_one_block_may_be_told_in_any_order() {
        let mut chain = Chain::default();
        chain.begin(Lots(0), UnixNanos(0), &[]);
        chain.take(fill(9, 0, 1, 30), UnixNanos(31));
        assert_eq!(drained(&mut chain), [9]);
        for late in [fill(4, -1, 1, 20), fill(3, 0, -1, 20), fill(2, 2, -2, 20), fill(1, 0, 2, 20)]
        {
            chain.take(late, UnixNanos(50));
        }
        assert_eq!(drained(&mut chain).len(), 4);
        assert_eq!(chain.proven(), Some(Lots(1)));
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
        assert_eq!(drained(&mut chain), [1, 2, 4, 5]);
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
        // Of the end of trade 2.
        assert_eq!(chain.begin(Lots(6), UnixNanos(15), &[TradeId(2)]), Some(Lots(2)));
        assert_eq!(chain.proven(), Some(Lots(2)));
        chain.take(fill(4, 2, 1, 40), UnixNanos(41));
        assert_eq!((drained(&mut chain), chain.proven()), (vec![4], Some(Lots(3))));
    }

    #[test]
    fn a_word_of_before_the_last_one_is_no_news() {
        let mut chain = Chain::default();
        chain.begin(Lots(0), UnixNanos(10), &[]);
        chain.take(fill(1, 0, 5, 20), UnixNanos(21));
        assert_eq!(drained(&mut chain), [1]);
        assert_eq!(chain.begin(Lots(5), UnixNanos(30), &[]), Some(Lots(5)));
        assert_eq!(chain.begin(Lots(0), UnixNanos(15), &[]), None);
        chain.take(fill(1, 0, 5, 20), UnixNanos(40));
        assert_eq!((drained(&mut chain), chain.proven()), (vec![], Some(Lots(5))));
    }

    #[test]
    fn a_fill_of_the_future_is_none() {
        let mut chain = Chain::default();
        chain.begin(Lots(0), UnixNanos(10), &[]);
        let (now, ahead) = (UnixNanos(20), UnixNanos(20).after(AHEAD_MAX));
        assert!(!chain.take(fill(1, 0, 5, ahead.0 + 1), now));
        assert_eq!(chain.proven(), Some(Lots(0)));
        assert!(chain.take(fill(1, 0, 5, ahead.0), now));
        assert_eq!((drained(&mut chain), chain.proven()), (vec![1], Some(Lots(5))));
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

    proptest! {
        /// Blocks of fills, of which whole messages are lost and told later, repeated and out of
        /// order: each counts once, and what is proven is the truth once all are told.
        #[test]
        fn whatever_is_lost_is_counted_once_it_is_told(
            moves in proptest::collection::vec((-2_i64..=2, 0_i64..2, any::<bool>()), 1..40),
            late in any::<u64>(),
        ) {
            let (mut position, mut at) = (0, 10);
            let mut truth = Vec::new();
            for (number, (moved, time, lost)) in moves.into_iter().enumerate() {
                let (number, moved) = (number as u64, if moved == 0 { 1 } else { moved });
                at += time;
                truth.push((fill(number, position, moved, at), lost));
                position += moved;
            }
            let mut chain = Chain::default();
            chain.begin(Lots(0), UnixNanos(0), &[]);
            let mut counted = Vec::new();
            for (own, _) in truth.iter().filter(|(_, lost)| !lost) {
                chain.take(own.clone(), UnixNanos(99));
                counted.extend(drained(&mut chain));
            }
            let mut told: Vec<_> = truth.iter().map(|(own, _)| own.clone()).collect();
            told.sort_by_key(|own| (own.trade.0 + 1).wrapping_mul(late | 1).rotate_left(17));
            for own in told {
                chain.take(own, UnixNanos(100));
                counted.extend(drained(&mut chain));
                let moved: i64 = counted.iter().map(|one| signed(&truth[*one as usize].0).0).sum();
                prop_assert!(chain.proven().is_none_or(|proven| proven == Lots(moved)));
            }
            counted.sort_unstable();
            prop_assert_eq!(counted, (0..truth.len() as u64).collect::<Vec<_>>());
            prop_assert_eq!((chain.proven(), chain.broken()), (Some(Lots(position)), None));
        }
    }
}
