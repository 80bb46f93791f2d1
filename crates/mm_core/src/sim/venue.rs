//! The simulated venue of one symbol: its own book on its own clock, and our orders in it.

use crate::book::Book;
use crate::book::BookRow;
use crate::command::Place;
use crate::command::Tif;
use crate::event::flags;
use crate::event::CancelReason;
use crate::event::OrderAnswer;
use crate::event::RejectReason;
use crate::event::RowKind;
use crate::fees::Liquidity;
use crate::instrument::InstrumentSpec;
use crate::queue::ahead_on_arrival;
use crate::queue::count_on_arrival;
use crate::queue::Arrival;
use crate::queue::QpnConfig;
use crate::queue::QueueModel;
use crate::sim::counted::Shown;
use crate::sim::resting::QueueRule;
use crate::sim::resting::Resting;
use crate::units::Cloid;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use std::collections::BTreeMap;

/// How fills are simulated.
#[derive(Clone, Copy, Debug)]
pub struct VenueConfig {
    /// How cancels ahead are guessed.
    pub queue: QueueModel,
    /// Fill only what traded past the queue; otherwise an order fills whole or not at all.
    pub partial_fills: bool,
    /// A trade through our price fills at most its own volume; otherwise everything.
    pub through_volume: bool,
}

/// What a recording of frames shows around an arrival between two of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LevelArrival {
    /// Lots of the level.
    pub qty: Arrival,
    /// Orders of the level; `None` where they are not counted.
    pub count: Option<Arrival>,
}

impl LevelArrival {
    fn met(&self) -> Shown {
        let qty = ahead_on_arrival(&self.qty);
        // What is there stands in one order at least.
        let n = self.count.map_or(0, |count| count_on_arrival(&count).max(1.0) as u32);
        Shown { qty, n: if qty > 0.0 { n } else { 0 } }
    }
}

/// Why a simulated order filled. The numbers are those in result files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FillWhy {
    /// The queue ahead was used up by trades at our price.
    Queue = 0,
    /// A trade went through our price.
    Through = 1,
    /// The book moved through our price.
    Crossed = 2,
    /// We took liquidity.
    Taker = 3,
}

/// One simulated execution.
#[derive(Clone, Copy, Debug)]
pub struct SimFill {
    /// Which order.
    pub cloid: Cloid,
    /// Our side.
    pub side: Side,
    /// Price.
    pub px: Px,
    /// Size.
    pub size: Lots,
    /// Maker or taker.
    pub liquidity: Liquidity,
    /// Which rule filled it.
    pub why: FillWhy,
    /// Twice the mid at the fill, on the venue's clock; 0 without a touch.
    pub mid2: i64,
}

/// What the venue has to say, on its own clock.
#[derive(Clone, Copy, Debug)]
pub enum VenueEvent {
    /// About an order.
    Answer(Cloid, OrderAnswer),
    /// An execution; `left` is what rests of the order.
    Fill(SimFill, Lots),
}

/// Own prices of a side, to skip rows that cannot concern us.
#[derive(Clone, Copy, Debug)]
struct Reach {
    low: i64,
    high: i64,
    /// A level of this side whose price times sign comes to this crosses our other side.
    crosses: i64,
}

const NOWHERE: Reach = Reach { low: i64::MAX, high: i64::MIN, crosses: i64::MAX };

/// What a run counts about its own realism.
#[derive(Clone, Copy, Debug, Default)]
pub struct VenueCounts {
    /// Lots traded in the recording.
    pub traded: i64,
    /// Prints in the recording.
    pub prints: u64,
    /// Orders whose place in the queue was never observed before they arrived.
    pub unseen_arrivals: u64,
    /// Orders of the order-count model whose level shows no counts: a fixed rule.
    pub uncounted_orders: u64,
    /// Message ends with a crossed book.
    pub crossed: u64,
    /// Message ends with a locked book.
    pub locked: u64,
}

/// The venue of one symbol.
#[derive(Debug)]
pub struct SimVenue {
    config: VenueConfig,
    rule: QueueRule,
    book: Book,
    /// Bids before asks, better price first, then in order of arrival.
    orders: Vec<Resting>,
    reach: [Reach; 2],
    crossing: bool,
    rebuilding: bool,
    position: Lots,
    /// Quantities of levels when they left the window.
    left_window: [BTreeMap<i64, i64>; 2],
    counts: VenueCounts,
    events: Vec<(i64, VenueEvent)>,
}

/// Levels remembered after they left the window, a side.
const MEMORY: usize = 4096;

impl SimVenue {
    /// A venue with an empty book.
    #[must_use]
    pub fn new(spec: InstrumentSpec, config: VenueConfig) -> Self {
        Self {
            config,
            rule: QueueRule { model: config.queue, qpn: QpnConfig::fitted() },
            book: Book::new(spec),
            orders: Vec::with_capacity(16),
            reach: [NOWHERE; 2],
            crossing: false,
            rebuilding: false,
            position: Lots(0),
            left_window: Default::default(),
            counts: VenueCounts::default(),
            events: Vec::with_capacity(64),
        }
    }

    /// The same venue with other knowledge for the order-count model.
    #[must_use]
    pub fn with_qpn(mut self, qpn: QpnConfig) -> Self {
        self.rule.qpn = qpn;
        self
    }

    /// The venue's book now.
    #[must_use]
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Our resting orders.
    #[must_use]
    pub fn orders(&self) -> &[Resting] {
        &self.orders
    }

    /// What was counted so far.
    #[must_use]
    pub fn counts(&self) -> VenueCounts {
        self.counts
    }

    /// Move out what happened since the last call: venue time and event, in order.
    pub fn drain(&mut self) -> std::vec::Drain<'_, (i64, VenueEvent)> {
        self.events.drain(..)
    }

    /// Whether nothing waits to be drained.
    #[inline]
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.events.is_empty()
    }

    /// Apply a level at venue time `ts`, of quantity 0 where it is gone; whether there is
    /// anything to drain.
    #[inline(always)]
    pub fn on_level(&mut self, row: BookRow, ts: i64) -> bool {
        self.level(row, row.qty, ts);
        if row.flags & (flags::LAST | flags::SNAPSHOT) == 0 {
            return false;
        }
        self.end_of_message(row.flags, ts);
        !self.is_quiet()
    }

    /// Apply one market row of any kind at venue time `ts`.
    pub fn on_row(&mut self, row: BookRow, ts: i64) {
        match row.kind {
            RowKind::Level => self.level(row, row.qty, ts),
            RowKind::Gone => self.level(row, 0, ts),
            RowKind::Trade => self.trade(row, ts),
            RowKind::Frame => {
                self.book.frame(row.px, row.qty);
                self.end_of_frame(ts);
            }
            RowKind::Left => self.leave(row),
            RowKind::Clear => {
                self.book.clear();
                self.rebuilding = true;
            }
            RowKind::Gap => self.book.gap(),
            RowKind::Context | RowKind::Funding => {}
        }
        if row.flags & (flags::LAST | flags::SNAPSHOT) != 0 {
            self.end_of_message(row.flags, ts);
        }
    }

    #[inline(always)]
    fn level(&mut self, row: BookRow, qty: i64, ts: i64) {
        let side = if row.side > 0 { Side::Bid } else { Side::Ask };
        let own = self.reach[side.index()];
        if row.px >= own.low && row.px <= own.high && !self.rebuilding {
            self.at_own_price((side, row.px), Shown { qty: qty as f64, n: row.n }, ts);
        }
        self.crossing |= row.px * side.sign() >= own.crosses;
        self.book.set(side, row.px, qty, row.n);
    }

    #[cold]
    fn at_own_price(&mut self, (side, px): (Side, i64), now: Shown, ts: i64) {
        for order in self.orders.iter_mut().filter(|o| o.side == side && o.px.0 == px) {
            let lost = order.observe(&self.rule, now, ts);
            self.counts.uncounted_orders += u64::from(lost);
        }
    }

    fn leave(&mut self, row: BookRow) {
        let side = if row.side > 0 { Side::Bid } else { Side::Ask };
        let was = self.book.qty(side, Px(row.px)).0;
        self.book.set(side, row.px, 0, 0);
        let memory = &mut self.left_window[side.index()];
        if memory.len() >= MEMORY {
            memory.clear();
        }
        memory.insert(row.px, was);
        let gone = |o: &&mut Resting| o.side == side && o.px.0 == row.px;
        self.orders.iter_mut().filter(gone).for_each(Resting::vanish);
    }

    #[inline]
    fn end_of_message(&mut self, bits: u8, ts: i64) {
        if bits & flags::SNAPSHOT != 0 {
            self.book.snapshot();
        }
        if bits & flags::LAST != 0 && (self.crossing || self.rebuilding) {
            self.settle(ts);
        }
    }

    #[cold]
    fn settle(&mut self, ts: i64) {
        if self.rebuilding {
            self.rebuilding = false;
            for order in &mut self.orders {
                let now = shown(&self.book, order.side, order.px);
                let lost = order.observe(&self.rule, now, ts);
                self.counts.uncounted_orders += u64::from(lost);
            }
        }
        self.crossing = false;
        while let Some(at) = self.orders.iter().position(|o| self.is_crossed(o)) {
            let left = self.orders[at].left;
            self.fill(at, left, FillWhy::Crossed, ts);
            self.remove_filled();
        }
    }

    fn is_crossed(&self, order: &Resting) -> bool {
        let facing = self.book.best(order.side.opposite());
        facing.is_some_and(|px| !order.side.better(px, order.px))
    }

    /// A complete frame ended: what is visible may have changed, and intervals end.
    fn end_of_frame(&mut self, ts: i64) {
        for order in &mut self.orders {
            let visible = self.book.is_visible(order.side, order.px);
            if visible && (!order.is_visible() || order.has_traded()) {
                let now = shown(&self.book, order.side, order.px);
                let lost = order.observe(&self.rule, now, ts);
                self.counts.uncounted_orders += u64::from(lost);
            } else if !visible && order.is_visible() {
                order.vanish();
            }
        }
    }

    #[inline]
    fn trade(&mut self, row: BookRow, ts: i64) {
        self.counts.prints += 1;
        self.counts.traded += row.qty;
        let reached = match row.side {
            -1 => self.reach[0].high >= row.px,
            1 => self.reach[1].low <= row.px,
            _ => false,
        };
        if reached {
            let side = if row.side < 0 { Side::Bid } else { Side::Ask };
            self.trade_against(side, Px(row.px), row.qty, ts);
        }
    }

    /// A print of `qty` lots at `px` against our `side`: shared in our own queue order, and
    /// never more than the print.
    #[cold]
    fn trade_against(&mut self, side: Side, px: Px, qty: i64, ts: i64) {
        let (mut volume, mut own) = (qty, 0);
        for at in 0..self.orders.len() {
            let order = &mut self.orders[at];
            if order.side != side || side.better(px, order.px) {
                continue;
            }
            let left = order.left.0;
            if order.px != px {
                order.swept();
                let take = if self.config.through_volume { left.min(volume) } else { left };
                volume -= take.min(volume);
                self.fill(at, Lots(take), FillWhy::Through, ts);
                continue;
            }
            let past = order.trade(&self.rule, volume as f64, ts) - own as f64;
            let mut take = left.min(libm::floor(past + 1e-6) as i64).max(0);
            if take > 0 && !self.config.partial_fills {
                take = left;
            }
            own += take;
            self.fill(at, Lots(take), FillWhy::Queue, ts);
        }
        self.remove_filled();
    }

    fn fill(&mut self, at: usize, size: Lots, why: FillWhy, ts: i64) {
        if size.0 == 0 {
            return;
        }
        let order = &mut self.orders[at];
        order.left -= size;
        self.position += Lots(size.0 * order.side.sign());
        let fill = SimFill {
            cloid: order.cloid,
            side: order.side,
            px: order.px,
            size,
            liquidity: Liquidity::Maker,
            why,
            mid2: self.book.touch().map_or(0, |t| t.mid2()),
        };
        self.events.push((ts, VenueEvent::Fill(fill, order.left)));
    }

    fn remove_filled(&mut self) {
        self.orders.retain(|o| o.left.0 > 0);
        self.measure_reach();
    }

    fn measure_reach(&mut self) {
        self.reach = [NOWHERE; 2];
        for order in &self.orders {
            let (px, other) = (order.px.0, order.side.opposite());
            let reach = &mut self.reach[order.side.index()];
            (reach.low, reach.high) = (reach.low.min(px), reach.high.max(px));
            let other_reach = &mut self.reach[other.index()];
            other_reach.crosses = other_reach.crosses.min(px * other.sign());
        }
    }

    /// An order reaches the venue at `ts`. `interval` is what the recording shows around the
    /// arrival, where the stream consists of frames.
    pub fn place(&mut self, place: &Place, interval: Option<LevelArrival>, ts: i64) {
        match self.admit(place) {
            Err(reason) => {
                let answer = OrderAnswer::Rejected { reason };
                self.events.push((ts, VenueEvent::Answer(place.cloid, answer)));
            }
            Ok(()) => {
                let left = self.take(place, ts);
                self.rest(place, left, interval, ts);
            }
        }
    }

    fn admit(&self, place: &Place) -> Result<(), RejectReason> {
        let spec = self.book.spec();
        if !spec.is_valid(place.px) || place.size.0 <= 0 || place.size.0 % spec.lot_step.0 != 0 {
            return Err(RejectReason::Invalid);
        }
        let value = spec.notional(place.px, place.size).map_err(|_| RejectReason::Invalid)?;
        if value < spec.min_notional && !place.reduce_only {
            return Err(RejectReason::Invalid);
        }
        let reduces = self.position.0 * place.side.sign() < 0;
        if place.reduce_only && !reduces {
            return Err(RejectReason::Other);
        }
        let [bid, ask] = Side::BOTH.map(|s| self.book.best(s));
        if bid.is_none() && ask.is_none() {
            return Err(RejectReason::NoBook);
        }
        let facing = if place.side == Side::Bid { ask } else { bid };
        let matches = facing.is_some_and(|px| !place.side.better(px, place.px));
        let none = Px(0);
        match place.tif {
            Tif::PostOnly if matches => {
                Err(RejectReason::WouldMatch { bid: bid.unwrap_or(none), ask: ask.unwrap_or(none) })
            }
            Tif::Ioc if !matches => Err(RejectReason::NoLiquidity),
            Tif::PostOnly | Tif::Ioc | Tif::Gtc => Ok(()),
        }
    }

    /// Walk the visible book of the other side; returns what is left of the order.
    fn take(&mut self, place: &Place, ts: i64) -> Lots {
        let mut left = place.size;
        if place.reduce_only {
            left = left.min(Lots(self.position.0.abs()));
        }
        if place.tif == Tif::PostOnly {
            return left;
        }
        let facing: Vec<_> = self
            .book
            .levels(place.side.opposite())
            .take_while(|l| !place.side.better(l.px, place.px))
            .collect();
        let mid2 = self.book.touch().map_or(0, |t| t.mid2());
        for level in facing {
            let size = left.min(level.qty);
            if size.0 == 0 {
                break;
            }
            left -= size;
            self.position += Lots(size.0 * place.side.sign());
            let fill = SimFill {
                cloid: place.cloid,
                side: place.side,
                px: level.px,
                size,
                liquidity: Liquidity::Taker,
                why: FillWhy::Taker,
                mid2,
            };
            self.events.push((ts, VenueEvent::Fill(fill, left)));
        }
        left
    }

    fn rest(&mut self, place: &Place, left: Lots, interval: Option<LevelArrival>, ts: i64) {
        let cloid = place.cloid;
        if left.0 == 0 {
            self.events.push((ts, VenueEvent::Answer(cloid, OrderAnswer::Filled)));
            return;
        }
        if place.tif == Tif::Ioc {
            let answer = OrderAnswer::Cancelled { reason: CancelReason::Venue };
            self.events.push((ts, VenueEvent::Answer(cloid, answer)));
            return;
        }
        let (met, visible) = self.meets(place.side, place.px, interval);
        self.counts.unseen_arrivals += u64::from(!visible);
        let order = Resting::new(cloid, (place.side, place.px), left, met, visible)
            .counting(&self.rule, met, ts);
        let counts = self.rule.model != QueueModel::Qpn || !visible || order.is_counting();
        self.counts.uncounted_orders += u64::from(!counts);
        let behind = |o: &Resting| match (o.side, place.side) {
            (Side::Bid, Side::Ask) => false,
            (Side::Ask, Side::Bid) => true,
            (Side::Bid, Side::Bid) | (Side::Ask, Side::Ask) => place.side.better(place.px, o.px),
        };
        let at = self.orders.iter().position(behind).unwrap_or(self.orders.len());
        self.orders.insert(at, order);
        self.measure_reach();
        let oid = crate::units::VenueOrderId(cloid.0 as u64);
        self.events.push((ts, VenueEvent::Answer(cloid, OrderAnswer::Resting { oid, left })));
    }

    /// What is ahead of an order arriving now, and whether that was observed.
    fn meets(&self, side: Side, px: Px, interval: Option<LevelArrival>) -> (Shown, bool) {
        let inside = self.book.best(side).is_some_and(|best| side.better(px, best));
        if inside {
            return (Shown { qty: 0.0, n: 0 }, true);
        }
        let now = shown(&self.book, side, px);
        // Changes tell of levels beyond the snapshot that they began with, too.
        if self.book.is_visible(side, px) || now.qty > 0.0 {
            return (interval.map_or(now, |level| level.met()), true);
        }
        let last = self.left_window[side.index()].get(&px.0).copied();
        let qty = last.map_or_else(|| self.typical_depth(side), |q| q as f64);
        (Shown { qty, n: 0 }, false)
    }

    /// Mean quantity of the visible levels: what an unseen level is taken to hold.
    fn typical_depth(&self, side: Side) -> f64 {
        let (sum, n) =
            self.book.near(side).fold((0.0, 0.0), |(s, n), l| (s + l.qty.0 as f64, n + 1.0));
        if n > 0.0 {
            sum / n
        } else {
            1.0
        }
    }

    /// A cancel reaches the venue.
    pub fn cancel(&mut self, cloid: Cloid, reason: CancelReason, ts: i64) {
        let answer = match self.orders.iter().position(|o| o.cloid == cloid) {
            Some(at) => {
                self.orders.remove(at);
                self.measure_reach();
                OrderAnswer::Cancelled { reason }
            }
            None => OrderAnswer::CancelRefused,
        };
        self.events.push((ts, VenueEvent::Answer(cloid, answer)));
    }

    /// Every order is withdrawn.
    pub fn cancel_all(&mut self, reason: CancelReason, ts: i64) {
        while let Some(order) = self.orders.first() {
            self.cancel(order.cloid, reason, ts);
        }
    }
}

fn shown(book: &Book, side: Side, px: Px) -> Shown {
    let (qty, n) = book.at(side, px);
    Shown { qty: qty as f64, n }
}
