//! Traders — one account each: money, positions, limits, and what became of its orders.

use crate::sim::exchange::events::FillRow;
use crate::sim::exchange::events::FundingRow;
use crate::sim::exchange::events::LedgerRow;
use crate::sim::exchange::order::Order;
use crate::sim::exchange::words::OwnId;
use crate::sim::rules::Agents;
use crate::sim::rules::Budget;
use crate::sim::rules::Schedule;
use crate::units::Side;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::VecDeque;

/// What the venue keeps of an account's past.
const FILLS_KEPT: usize = 10_000;
const ORDERS_KEPT: usize = 2_000;
const PAYMENTS_KEPT: usize = 10_000;
/// Leverage of a coin that was never set.
const LEVERAGE: u32 = 20;

/// One account's stake in one coin.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Stake {
    /// Signed position, in lots.
    pub(super) size: i64,
    /// What it cost, negative when short.
    pub(super) basis: i128,
    pub(super) leverage: u32,
    pub(super) isolated: bool,
    /// Money set apart for it where it is isolated.
    pub(super) margin: i64,
    /// Lots of resting orders that may enlarge it, bids and asks.
    pub(super) open: [i64; 2],
    /// Funding received since the beginning, since it was opened, and since it changed.
    pub(super) funding: [i64; 3],
    /// Greatest long and short exposure seen, all open orders filled.
    pub(super) worst: [i64; 2],
}

impl Stake {
    pub(super) fn new(leverage_max: u32, only_isolated: bool) -> Self {
        Self {
            size: 0,
            basis: 0,
            leverage: LEVERAGE.min(leverage_max),
            isolated: only_isolated,
            margin: 0,
            open: [0; 2],
            funding: [0; 3],
            worst: [0; 2],
        }
    }

    /// Lots held if the worst of all open orders filled.
    pub(super) fn reach(&self) -> i64 {
        let [bids, asks] = self.open;
        (self.size + bids).abs().max((self.size - asks).abs()).max(self.size.abs())
    }

    /// Open orders or the position changed.
    pub(super) fn watch(&mut self) {
        self.worst[0] = self.worst[0].max(self.size + self.open[0]);
        self.worst[1] = self.worst[1].max(self.open[1] - self.size);
    }

    /// Lots that an order of a side can reduce.
    pub(super) fn reducible(&self, side: Side) -> i64 {
        (-self.size * side.sign()).max(0)
    }
}

/// What judges want to know.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Tally {
    /// Orders that got a number.
    pub(super) orders: u64,
    /// Orders that were accepted, of these.
    pub(super) accepted: u64,
    /// How often each client id was accepted; one that was once is forgotten with its order.
    pub(super) cloids: BTreeMap<OwnId, u32>,
    pub(super) fills: u64,
    pub(super) traded: i128,
    pub(super) fees: i128,
    pub(super) funding: i128,
    pub(super) closed: i128,
    pub(super) moved: i128,
}

/// One account.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Trader {
    pub(super) address: String,
    /// The account it is a part of.
    pub(super) master: Option<usize>,
    pub(super) name: String,
    /// Money and closed profit, less fees, with funding.
    pub(super) balance: i64,
    pub(super) stakes: BTreeMap<u16, Stake>,
    /// Until when a position that the venue closes goes as a whole, in ns.
    pub(super) whole_until: i64,
    pub(super) budget: Budget,
    pub(super) schedule: Schedule,
    pub(super) agents: Agents,
    /// Orders that are open.
    pub(super) open: BTreeSet<u64>,
    past: BTreeMap<u64, Order>,
    past_order: VecDeque<u64>,
    cloids: BTreeMap<OwnId, u64>,
    pub(super) fills: VecDeque<FillRow>,
    pub(super) fundings: VecDeque<FundingRow>,
    pub(super) ledger: VecDeque<LedgerRow>,
    pub(super) tally: Tally,
}

fn keep<T>(rows: &mut VecDeque<T>, row: T, most: usize) {
    if rows.len() >= most {
        rows.pop_front();
    }
    rows.push_back(row);
}

impl Trader {
    pub(super) fn new(address: String) -> Self {
        Self { address, ..Self::default() }
    }

    /// An order got its number.
    pub(super) fn register(&mut self, order: &Order) {
        self.tally.orders += 1;
        if let Some(cloid) = order.cloid {
            self.cloids.insert(cloid, order.oid);
        }
    }

    /// An order was accepted.
    pub(super) fn accept(&mut self, order: &Order) {
        self.tally.accepted += 1;
        if let Some(cloid) = order.cloid {
            *self.tally.cloids.entry(cloid).or_default() += 1;
        }
    }

    /// An order came to its end.
    pub(super) fn bury(&mut self, order: Order) {
        self.open.remove(&order.oid);
        self.past.insert(order.oid, order);
        self.past_order.push_back(order.oid);
        if self.past_order.len() > ORDERS_KEPT {
            let oldest = self.past_order.pop_front().and_then(|oid| self.past.remove(&oid));
            if let Some((cloid, oid)) = oldest.and_then(|old| Some((old.cloid?, old.oid))) {
                if self.cloids.get(&cloid) == Some(&oid) {
                    self.cloids.remove(&cloid);
                    if self.tally.cloids.get(&cloid) == Some(&1) {
                        self.tally.cloids.remove(&cloid);
                    }
                }
            }
        }
    }

    /// The number of the last order with a client's id.
    pub(super) fn oid_of(&self, cloid: OwnId) -> Option<u64> {
        self.cloids.get(&cloid).copied()
    }

    /// An order that came to its end.
    pub(super) fn past(&self, oid: u64) -> Option<&Order> {
        self.past.get(&oid)
    }

    /// Orders that came to their end, in order of it.
    pub(super) fn history(&self) -> impl DoubleEndedIterator<Item = &Order> {
        self.past_order.iter().filter_map(|oid| self.past.get(oid))
    }

    pub(super) fn keep_fill(&mut self, row: FillRow) {
        keep(&mut self.fills, row, FILLS_KEPT);
    }

    pub(super) fn keep_funding(&mut self, row: FundingRow) {
        keep(&mut self.fundings, row, PAYMENTS_KEPT);
    }

    pub(super) fn keep_ledger(&mut self, row: LedgerRow) {
        keep(&mut self.ledger, row, PAYMENTS_KEPT);
    }

    /// The position in a coin, in lots.
    pub(super) fn position(&self, coin: u16) -> i64 {
        self.stakes.get(&coin).map_or(0, |stake| stake.size)
    }

    /// Money set apart for isolated positions.
    pub(super) fn set_apart(&self) -> i64 {
        self.stakes.values().map(|stake| stake.margin).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Tif;
    use crate::sim::exchange::order::Status;

    #[test]
    fn client_ids_are_kept_for_as_long_as_their_orders_and_doubled_ones_for_ever() {
        let mut trader = Trader::new("0x1".to_owned());
        for n in 1..=ORDERS_KEPT as u64 + 2 {
            let order = Order {
                oid: n,
                cloid: Some(OwnId(u128::from(n))),
                coin: 0,
                side: Side::Bid,
                px: 1,
                size: 1,
                left: 0,
                status: Status::Filled,
                at: 0,
                made: 0,
                reduce_only: false,
                tif: Tif::PostOnly,
                trigger: None,
            };
            trader.register(&order);
            trader.accept(&order);
            if n == 1 {
                trader.accept(&order);
            }
            trader.bury(order);
        }
        let times = |n: u128| trader.tally.cloids.get(&OwnId(n)).copied();
        assert_eq!((times(1), times(2), times(3)), (Some(2), None, Some(1)));
    }
}
