//! Places — where our resting orders stand in their queues, as far as the public feed can tell.
//!
//! An order is put at the tail of its level as the book shows it when the venue's word arrives that
//! it rests; from then on trades and changes of the level bring it forward. The simulated venue
//! keeps a queue of its own, on its own clock: nothing of it is known here.

use super::sight::Sight;
use crate::order::Order;
use crate::order::OrderManager;
use crate::order::OrderState;
use crate::queue::QpnConfig;
use crate::queue::QueueModel;
use crate::queue::QueueRule;
use crate::queue::Resting;
use crate::queue::Shown;
use crate::units::Cloid;
use crate::units::DurationNanos;
use crate::units::Px;
use crate::units::Side;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

/// A book and the trades behind its change are heard on streams of their own, so far apart.
const LATE: DurationNanos = DurationNanos::from_millis(200);

/// One of our orders in its queue.
#[derive(Debug, Serialize, Deserialize)]
struct Queued {
    resting: Resting,
    /// The level when last looked at, our own orders included where the book shows them.
    level: Option<Shown>,
}

/// The queues that our orders stand in.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Places {
    rule: QueueRule,
    queued: Vec<Queued>,
    /// Trades of the market that were taken into account.
    heard: u64,
}

impl Default for Places {
    fn default() -> Self {
        let (model, qpn) = (QueueModel::Qpn, QpnConfig::fitted());
        Self { rule: QueueRule { model, qpn, late: LATE }, queued: Vec::new(), heard: 0 }
    }
}

impl Places {
    /// Take in what was heard since the last time, and the orders that rest by now.
    pub(super) fn follow(&mut self, market: &impl Sight, orders: &OrderManager, now: UnixNanos) {
        let Self { rule, queued, heard } = self;
        queued.retain(|own| orders.get(own.resting.cloid).is_some_and(rests));
        let (all, prints) = market.prints(*heard);
        for (aggressor, px, size) in prints {
            queued.iter_mut().for_each(|own| own.trade(rule, (aggressor, px, size), now));
        }
        *heard = all;
        for own in queued.iter_mut() {
            let order = orders.get(own.resting.cloid).filter(|_| market.shows_ours());
            own.look(rule, market, order, now);
        }
        for order in orders.live().filter(|order| rests(order)) {
            if !queued.iter().any(|own| own.resting.cloid == order.cloid) {
                queued.push(Queued::new(rule, market, order, now));
            }
        }
    }

    /// One of our orders traded: it is the first of its queue.
    pub(super) fn filled(&mut self, cloid: Cloid) {
        let own = self.queued.iter_mut().find(|own| own.resting.cloid == cloid);
        own.into_iter().for_each(|own| own.resting.swept());
    }

    /// Lots ahead of and behind the order of ours that rests at a price; `None` where none does, or
    /// where its level was never seen.
    pub(super) fn at(&self, side: Side, px: Px) -> Option<(f64, f64)> {
        let here = |own: &&Queued| (own.resting.side, own.resting.px) == (side, px);
        let known = self.queued.iter().filter(here).filter(|own| own.resting.is_known());
        let first = known.min_by(|a, b| a.resting.ahead().total_cmp(&b.resting.ahead()))?;
        Some((first.resting.ahead(), first.resting.behind()))
    }
}

impl Queued {
    /// Behind all that the book shows: what is ours in it, if it is shown yet, leaves with the next
    /// change of the level.
    fn new(rule: &QueueRule, market: &impl Sight, order: &Order, now: UnixNanos) -> Self {
        let level = market.level(order.side, order.px);
        let met = level.unwrap_or(Shown { qty: 0.0, n: 0 });
        let at = (order.side, order.px);
        let resting = Resting::new(order.cloid, at, order.left(), met, level.is_some());
        Self { resting: resting.counting(rule, met, now.0), level }
    }

    fn trade(&mut self, rule: &QueueRule, print: (Side, Px, f64), now: UnixNanos) {
        let (aggressor, px, size) = print;
        let Resting { side, px: ours, .. } = self.resting;
        if aggressor == side {
            return;
        }
        if px == ours {
            self.resting.trade(rule, size, now.0);
        } else if side.better(ours, px) {
            self.resting.swept();
        }
    }

    /// Look at the level; `order` is ours where the book shows it.
    fn look(
        &mut self,
        rule: &QueueRule,
        market: &impl Sight,
        order: Option<&Order>,
        now: UnixNanos,
    ) {
        let Some(shown) = market.level(self.resting.side, self.resting.px) else {
            self.resting.vanish();
            return;
        };
        // A level that stayed as it was says nothing: it may be older than our order in it.
        if self.resting.is_visible() && self.level == Some(shown) {
            return;
        }
        self.level = Some(shown);
        let own = order.map_or(0, |order| order.left().0);
        let others = Shown {
            qty: (shown.qty - own as f64).max(0.0),
            n: shown.n.saturating_sub(u32::from(own > 0)),
        };
        self.resting.observe(rule, others, now.0);
    }
}

/// Whether an order surely rests.
fn rests(order: &Order) -> bool {
    matches!(order.state, OrderState::Working { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::BookRow;
    use crate::command::Command;
    use crate::command::Place;
    use crate::command::Tif;
    use crate::engine::Attention;
    use crate::engine::Market;
    use crate::engine::Warmth;
    use crate::event::CancelReason;
    use crate::event::OrderAnswer;
    use crate::event::RowKind;
    use crate::instrument::InstrumentSpec;
    use crate::order::CloidParts;
    use crate::risk::Exposure;
    use crate::risk::Gate;
    use crate::risk::MicroUsd;
    use crate::risk::View;
    use crate::strategy::Params;
    use crate::units::Lots;
    use crate::units::VenueOrderId;

    const T0: i64 = 1_770_854_400_000_000_000;
    const PX: i64 = 1_800_000;

    /// A bid of 20 lots at [`PX`], and a book with 60 lots there.
    struct Bench {
        market: Market,
        orders: OrderManager,
        places: Places,
        cloid: Cloid,
        now: UnixNanos,
    }

    impl Bench {
        fn of(market: Market) -> Self {
            let (params, now) = (Params::default(), UnixNanos(T0));
            let limits = params.account_limits().expect("limits");
            let mut gate = Gate::new(limits, MicroUsd::from_usd(1_000.0), now).expect("a gate");
            let spec = *market.spec();
            let symbol = gate.add(spec, params.symbol_limits().expect("limits")).expect("room");
            let (bid, ask) = (Px(PX), Px(PX + 100));
            let view = View { bid, ask, mark: None, oracle: None, displayed: None, heard: now };
            gate.observe(symbol, &view, &Exposure::default(), now);
            let mut orders = OrderManager::new(symbol, 1, params.requote_rules());
            let cloid = CloidParts { tag: 1, symbol, level: 0, sequence: 0 }.pack();
            let (side, size) = (Side::Bid, Lots(20));
            let (tif, reduce_only) = (Tif::PostOnly, false);
            let place = Place { symbol, cloid, side, px: bid, size, tif, reduce_only };
            let wish = gate.admit(Command::Place(place), &Exposure::default(), now);
            orders.sent(&wish.expect("within limits"), now);
            let mut bench = Self { market, orders, places: Places::default(), cloid, now };
            bench.level(-1, PX + 100, 500).level(1, PX - 100, 500).level(1, PX, 60);
            bench
        }

        fn new() -> Self {
            let spec = InstrumentSpec::hyperliquid(2);
            Self::of(Market::new(spec, Attention::Flow, Warmth::default()))
        }

        fn row(&mut self, kind: RowKind, side: i8, px: i64, qty: i64) -> &mut Self {
            self.market.on_row(BookRow { kind, side, px, qty, n: 0, flags: 0 }, 0);
            self
        }

        fn level(&mut self, side: i8, px: i64, qty: i64) -> &mut Self {
            self.row(RowKind::Level, side, px, qty)
        }

        fn sold(&mut self, px: i64, qty: i64) -> &mut Self {
            self.row(RowKind::Trade, -1, px, qty)
        }

        fn told(&mut self, answer: OrderAnswer) -> &mut Self {
            self.orders.on_answer(self.cloid, &answer, self.now);
            self
        }

        fn rests(&mut self) -> &mut Self {
            self.told(OrderAnswer::Resting { oid: VenueOrderId(1), left: Lots(20) })
        }

        /// A second later: lots ahead and behind.
        fn place(&mut self) -> Option<(f64, f64)> {
            self.now = UnixNanos(self.now.0 + 1_000_000_000);
            self.places.follow(&self.market, &self.orders, self.now);
            self.places.at(Side::Bid, Px(PX))
        }
    }

    #[test]
    fn an_order_has_a_place_while_it_surely_rests() {
        let mut bench = Bench::new();
        assert_eq!(bench.place(), None, "it was only sent");
        assert_eq!(bench.rests().place(), Some((60.0, 0.0)));
        assert_eq!(bench.places.at(Side::Bid, Px(PX - 100)), None);
        assert_eq!(bench.places.at(Side::Ask, Px(PX)), None);
        bench.told(OrderAnswer::Cancelled { reason: CancelReason::Asked, left: None });
        assert_eq!(bench.place(), None);
    }

    #[test]
    fn trades_bring_it_forward_and_what_joins_stands_behind() {
        let mut bench = Bench::new();
        bench.sold(PX, 7).rests().place();
        assert_eq!(bench.level(1, PX, 90).place(), Some((60.0, 30.0)), "a trade of before it");
        assert_eq!(bench.sold(PX, 25).level(1, PX, 65).place(), Some((35.0, 30.0)));
        bench.row(RowKind::Trade, 1, PX, 10);
        assert_eq!(bench.place(), Some((35.0, 30.0)), "a buyer takes from asks");
        // A quarter of what is left is cancelled: some of it ahead, more of it behind.
        let (ahead, behind) = bench.level(1, PX, 49).place().expect("a place");
        assert!(ahead < 35.0 && ahead > 27.0 && (ahead + behind - 49.0).abs() < 1e-9, "{ahead}");
        assert_eq!(bench.sold(PX - 100, 1).place().map(|at| at.0), Some(0.0), "swept");
    }

    #[test]
    fn a_trade_told_after_the_change_that_holds_it_counts_once() {
        let (mut trade_first, mut book_first) = (Bench::new(), Bench::new());
        for bench in [&mut trade_first, &mut book_first] {
            bench.rests().place();
            bench.level(1, PX, 90).place();
        }
        let wanted = trade_first.sold(PX, 25).level(1, PX, 65).place();
        book_first.level(1, PX, 65).place();
        book_first.sold(PX, 25);
        book_first.places.follow(&book_first.market, &book_first.orders, book_first.now);
        assert_eq!(book_first.places.at(Side::Bid, Px(PX)), wanted);
    }

    #[test]
    fn a_fill_tells_that_nothing_is_ahead() {
        let mut bench = Bench::new();
        bench.rests().place();
        bench.places.filled(bench.cloid);
        assert_eq!(bench.place(), Some((0.0, 60.0)));
    }

    #[test]
    fn what_cannot_be_seen_has_no_place_and_a_gap_keeps_what_was_known() {
        let mut bench = Bench::new();
        bench.row(RowKind::Frame, 0, PX + 50, 0).rests();
        assert_eq!(bench.place(), None, "the window ends above it");
        bench.row(RowKind::Frame, 0, 0, 0);
        assert_eq!(bench.place(), Some((60.0, 0.0)));
        bench.row(RowKind::Gap, 0, 0, 0).level(1, PX, 90);
        assert_eq!(bench.place(), Some((60.0, 0.0)));
    }

    #[test]
    fn our_own_order_in_the_book_is_not_in_its_own_way() {
        let spec = InstrumentSpec::hyperliquid(2);
        let shown = || Market::new(spec, Attention::Flow, Warmth::default()).showing_ours();
        // The book shows the order after the venue's word of it, or before.
        let mut bench = Bench::of(shown());
        assert_eq!(bench.rests().place(), Some((60.0, 0.0)));
        assert_eq!(bench.place(), Some((60.0, 0.0)), "the book is as it was");
        assert_eq!(bench.level(1, PX, 80).place(), Some((60.0, 0.0)));
        let mut bench = Bench::of(shown());
        bench.level(1, PX, 80).rests().place();
        assert_eq!(bench.level(1, PX, 100).place(), Some((80.0, 0.0)), "20 joined since");
        assert_eq!(bench.level(1, PX, 79).place().map(|at| at.0), Some(59.0));
    }
}
