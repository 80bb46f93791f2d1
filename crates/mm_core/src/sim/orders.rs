//! Our orders at the simulated venue: how they get there, what fills them, and what is said of it.

use crate::command::Place;
use crate::command::Tif;
use crate::event::CancelReason;
use crate::event::OrderAnswer;
use crate::event::RejectReason;
use crate::fees::Liquidity;
use crate::queue::ahead_on_arrival;
use crate::queue::count_on_arrival;
use crate::queue::Arrival;
use crate::queue::QpnConfig;
use crate::queue::QueueModel;
use crate::queue::QueueRule;
use crate::queue::Resting;
use crate::queue::Shown;
use crate::sim::Depth;
use crate::units::Cloid;
use crate::units::DurationNanos;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use serde::Deserialize;
use serde::Serialize;

/// On the venue's clock a trade and the depth row that contains it stand as near as this.
const LATE_TRADE: DurationNanos = DurationNanos::from_millis(1);

/// How fills are simulated.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum VenueEvent {
    /// About an order.
    Answer(Cloid, OrderAnswer),
    /// An execution; `left` is what rests of the order.
    Fill(SimFill, Lots),
}

/// Own prices of a side, to skip rows that cannot concern us.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Reach {
    /// Lowest and highest own price.
    pub(crate) low: i64,
    pub(crate) high: i64,
    /// A level of this side whose price times sign comes to this crosses our other side.
    pub(crate) crosses: i64,
}

impl Reach {
    /// Whether a price is among our own.
    #[inline(always)]
    pub(crate) fn holds(&self, px: i64) -> bool {
        px >= self.low && px <= self.high
    }

    /// Whether a level at `px` on the side of that number crosses our other side.
    #[inline(always)]
    pub(crate) fn is_crossed(&self, px: i64, side: usize) -> bool {
        // Prices are far from the end of numbers.
        let rank = if side == 0 { px } else { px.wrapping_neg() };
        rank >= self.crosses
    }
}

const NOWHERE: Reach = Reach { low: i64::MAX, high: i64::MIN, crosses: i64::MAX };

/// What is counted of the orders' own realism.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OrderCounts {
    /// Orders whose place in the queue was never observed before they arrived.
    pub unseen_arrivals: u64,
    /// Orders of the order-count model whose level shows no counts: a fixed rule.
    pub uncounted_orders: u64,
}

impl OrderCounts {
    /// What was counted since.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            unseen_arrivals: self.unseen_arrivals - before.unseen_arrivals,
            uncounted_orders: self.uncounted_orders - before.uncounted_orders,
        }
    }

    /// What both counted.
    pub(crate) fn and(self, more: Self) -> Self {
        Self {
            unseen_arrivals: self.unseen_arrivals + more.unseen_arrivals,
            uncounted_orders: self.uncounted_orders + more.uncounted_orders,
        }
    }
}

/// Our orders at the venue of one symbol.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SimOrders {
    config: VenueConfig,
    rule: QueueRule,
    /// Bids before asks, better price first, then in order of arrival.
    orders: Vec<Resting>,
    reach: [Reach; 2],
    /// How often the orders changed.
    changes: u64,
    position: Lots,
    counts: OrderCounts,
    events: Vec<(i64, VenueEvent)>,
}

impl SimOrders {
    /// No orders.
    #[must_use]
    pub fn new(config: VenueConfig) -> Self {
        Self {
            config,
            rule: QueueRule { model: config.queue, qpn: QpnConfig::fitted(), late: LATE_TRADE },
            orders: Vec::with_capacity(16),
            reach: [NOWHERE; 2],
            changes: 0,
            position: Lots(0),
            counts: OrderCounts::default(),
            events: Vec::with_capacity(64),
        }
    }

    /// The same with other knowledge for the order-count model.
    #[must_use]
    pub fn with_qpn(mut self, qpn: QpnConfig) -> Self {
        self.rule.qpn = qpn;
        self
    }

    /// Those that rest, bids before asks, better price first, then in order of arrival.
    #[must_use]
    pub fn resting(&self) -> &[Resting] {
        &self.orders
    }

    /// What was counted so far.
    #[must_use]
    pub fn counts(&self) -> OrderCounts {
        self.counts
    }

    /// One order a side at most, bids and asks, and its id; `None` where there are more, or
    /// something was not told yet.
    pub(crate) fn standing(&self) -> Option<[Option<Resting>; 2]> {
        let of = |side| self.orders.iter().filter(move |order| order.side == side);
        let single = Side::BOTH.iter().all(|&side| of(side).nth(1).is_none());
        (single && self.is_quiet()).then(|| Side::BOTH.map(|side| of(side).next().cloned()))
    }

    /// Hold these orders by these ids and no others, with this position.
    pub(crate) fn stand(
        &mut self,
        orders: [Option<&Resting>; 2],
        cloids: [Option<Cloid>; 2],
        position: Lots,
    ) {
        self.position = position;
        let named = orders.into_iter().flatten().zip(cloids.into_iter().flatten());
        self.orders.clear();
        self.orders.extend(named.map(|(order, cloid)| order.clone().named(cloid)));
        self.measure_reach();
    }

    /// Hold this order and no other, without a position, with nothing counted yet.
    pub(crate) fn begin(&mut self, order: Option<&Resting>) {
        (self.position, self.counts) = (Lots(0), OrderCounts::default());
        self.orders.clear();
        self.orders.extend(order.cloned());
        self.measure_reach();
    }

    /// Count what other orders were counted for.
    pub(crate) fn count(&mut self, more: OrderCounts) {
        self.counts = self.counts.and(more);
    }

    /// Move out what happened since the last call: venue time and event, in order.
    pub fn drain(&mut self) -> std::vec::Drain<'_, (i64, VenueEvent)> {
        self.events.drain(..)
    }

    /// What happened at this place since the last [`Self::clear_events`]: venue time and event.
    pub(crate) fn event(&self, at: usize) -> Option<(i64, VenueEvent)> {
        self.events.get(at).copied()
    }

    /// Forget what happened.
    pub(crate) fn clear_events(&mut self) {
        self.events.clear();
    }

    /// Whether nothing waits to be drained.
    #[inline]
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.events.is_empty()
    }

    /// Own prices, bids and asks.
    #[inline]
    pub(crate) fn reach(&self) -> &[Reach; 2] {
        &self.reach
    }

    /// How often orders came or went: what follows them looks again when it changed.
    #[inline]
    pub(crate) fn changes(&self) -> u64 {
        self.changes
    }

    /// The level of some of our orders is seen as it is `now`.
    #[cold]
    pub(crate) fn on_own_level(&mut self, (side, px): (Side, i64), now: Shown, ts: i64) {
        for order in self.orders.iter_mut().filter(|o| o.side == side && o.px.0 == px) {
            let lost = order.observe(&self.rule, now, ts);
            self.counts.uncounted_orders += u64::from(lost);
        }
    }

    /// A level left the visible window.
    pub(crate) fn on_left(&mut self, (side, px): (Side, i64)) {
        let gone = |o: &&mut Resting| o.side == side && o.px.0 == px;
        self.orders.iter_mut().filter(gone).for_each(Resting::vanish);
    }

    /// The book was made anew: every level is seen.
    pub(crate) fn on_rebuilt(&mut self, depth: &impl Depth, ts: i64) {
        for order in &mut self.orders {
            let now = shown(depth, order.side, order.px);
            let lost = order.observe(&self.rule, now, ts);
            self.counts.uncounted_orders += u64::from(lost);
        }
    }

    /// A message ended: what the book crossed is filled.
    pub(crate) fn on_crossing(&mut self, depth: &impl Depth, ts: i64) {
        let is_crossed = |order: &Resting| {
            let facing = depth.best(order.side.opposite());
            facing.is_some_and(|px| !order.side.better(px, order.px))
        };
        while let Some(at) = self.orders.iter().position(is_crossed) {
            let left = self.orders[at].left;
            self.fill(at, left, FillWhy::Crossed, (ts, depth.mid2()));
            self.remove_filled();
        }
    }

    /// A complete frame ended: what is visible may have changed, and intervals end.
    pub(crate) fn on_frame(&mut self, depth: &impl Depth, ts: i64) {
        for order in &mut self.orders {
            let visible = depth.is_visible(order.side, order.px);
            if visible && (!order.is_visible() || order.has_traded()) {
                let now = shown(depth, order.side, order.px);
                let lost = order.observe(&self.rule, now, ts);
                self.counts.uncounted_orders += u64::from(lost);
            } else if !visible && order.is_visible() {
                order.vanish();
            }
        }
    }

    /// Whether a print at a price against `side` may reach one of our orders.
    #[inline]
    pub(crate) fn is_reached(&self, side: Side, px: i64) -> bool {
        match side {
            Side::Bid => self.reach[0].high >= px,
            Side::Ask => self.reach[1].low <= px,
        }
    }

    /// A print of `qty` lots at `px` against our `side`: shared in our own queue order, and
    /// never more than the print. `at` is its time, and twice the mid then.
    #[cold]
    pub(crate) fn on_trade(&mut self, (side, px): (Side, Px), qty: i64, at: (i64, i64)) {
        let (mut volume, mut own) = (qty, 0);
        for i in 0..self.orders.len() {
            let order = &mut self.orders[i];
            if order.side != side || side.better(px, order.px) {
                continue;
            }
            let left = order.left.0;
            if order.px != px {
                order.swept();
                let take = if self.config.through_volume { left.min(volume) } else { left };
                volume -= take.min(volume);
                self.fill(i, Lots(take), FillWhy::Through, at);
                continue;
            }
            let past = order.trade(&self.rule, volume as f64, at.0) - own as f64;
            let mut take = left.min(libm::floor(past + 1e-6) as i64).max(0);
            if take > 0 && !self.config.partial_fills {
                take = left;
            }
            own += take;
            self.fill(i, Lots(take), FillWhy::Queue, at);
        }
        self.remove_filled();
    }

    fn fill(&mut self, at: usize, size: Lots, why: FillWhy, (ts, mid2): (i64, i64)) {
        if size.0 == 0 {
            return;
        }
        let order = &mut self.orders[at];
        order.left -= size;
        self.position += Lots(size.0 * order.side.sign());
        let (cloid, side, px) = (order.cloid, order.side, order.px);
        let fill = SimFill { cloid, side, px, size, liquidity: Liquidity::Maker, why, mid2 };
        self.events.push((ts, VenueEvent::Fill(fill, order.left)));
    }

    fn remove_filled(&mut self) {
        self.orders.retain(|o| o.left.0 > 0);
        self.measure_reach();
    }

    fn measure_reach(&mut self) {
        self.reach = [NOWHERE; 2];
        self.changes += 1;
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
    pub fn place(
        &mut self,
        place: &Place,
        interval: Option<LevelArrival>,
        depth: &mut impl Depth,
        ts: i64,
    ) {
        match self.admit(place, depth) {
            Err(reason) => {
                let answer = OrderAnswer::Rejected { reason };
                self.events.push((ts, VenueEvent::Answer(place.cloid, answer)));
            }
            Ok(()) => {
                let left = self.take(place, depth, ts);
                self.rest(place, left, (interval, depth), ts);
            }
        }
    }

    fn admit(&self, place: &Place, depth: &impl Depth) -> Result<(), RejectReason> {
        let spec = depth.spec();
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
        let [bid, ask] = Side::BOTH.map(|s| depth.best(s));
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
    fn take(&mut self, place: &Place, depth: &mut impl Depth, ts: i64) -> Lots {
        let mut left = place.size;
        if place.reduce_only {
            left = left.min(Lots(self.position.0.abs()));
        }
        if place.tif == Tif::PostOnly {
            return left;
        }
        let mid2 = depth.mid2();
        let facing = depth.whole().levels(place.side.opposite());
        for level in facing.take_while(|l| !place.side.better(l.px, place.px)) {
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

    fn rest(
        &mut self,
        place: &Place,
        left: Lots,
        (interval, depth): (Option<LevelArrival>, &mut impl Depth),
        ts: i64,
    ) {
        let cloid = place.cloid;
        if left.0 == 0 {
            self.events.push((ts, VenueEvent::Answer(cloid, OrderAnswer::Filled)));
            return;
        }
        if place.tif == Tif::Ioc {
            let answer = OrderAnswer::Cancelled { reason: CancelReason::Venue, left: Some(left) };
            self.events.push((ts, VenueEvent::Answer(cloid, answer)));
            return;
        }
        self.join((cloid, left), (place.side, place.px), (interval, depth), ts);
    }

    /// An order joins the queue of its price, behind all that is there.
    pub(crate) fn join(
        &mut self,
        (cloid, left): (Cloid, Lots),
        (side, px): (Side, Px),
        (interval, depth): (Option<LevelArrival>, &mut impl Depth),
        ts: i64,
    ) {
        let (met, visible) = meets(side, px, interval, depth);
        self.counts.unseen_arrivals += u64::from(!visible);
        let order =
            Resting::new(cloid, (side, px), left, met, visible).counting(&self.rule, met, ts);
        let counts = self.rule.model != QueueModel::Qpn || !visible || order.is_counting();
        self.counts.uncounted_orders += u64::from(!counts);
        let behind = |o: &Resting| match (o.side, side) {
            (Side::Bid, Side::Ask) => false,
            (Side::Ask, Side::Bid) => true,
            (Side::Bid, Side::Bid) | (Side::Ask, Side::Ask) => side.better(px, o.px),
        };
        let at = self.orders.iter().position(behind).unwrap_or(self.orders.len());
        self.orders.insert(at, order);
        self.measure_reach();
        let oid = crate::units::VenueOrderId(cloid.0 as u64);
        self.events.push((ts, VenueEvent::Answer(cloid, OrderAnswer::Resting { oid, left })));
    }

    /// Another order of this venue takes some lots of one that rests; all of it without a size.
    pub(crate) fn give(&mut self, cloid: Cloid, size: Option<Lots>) {
        if let Some(order) = self.orders.iter_mut().find(|o| o.cloid == cloid) {
            order.left = size.map_or(Lots(0), |size| order.left - size);
            self.remove_filled();
        }
    }

    /// A cancel reaches the venue.
    pub fn cancel(&mut self, cloid: Cloid, reason: CancelReason, ts: i64) {
        let answer = match self.orders.iter().position(|o| o.cloid == cloid) {
            Some(at) => {
                let left = Some(self.orders.remove(at).left);
                self.measure_reach();
                OrderAnswer::Cancelled { reason, left }
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

/// What an order arriving now stands behind, and whether that was observed.
fn meets(
    side: Side,
    px: Px,
    interval: Option<LevelArrival>,
    depth: &mut impl Depth,
) -> (Shown, bool) {
    let inside = depth.best(side).is_some_and(|best| side.better(px, best));
    if inside {
        return (Shown { qty: 0.0, n: 0 }, true);
    }
    let now = shown(depth, side, px);
    // Changes tell of levels beyond the snapshot that they began with, too.
    if depth.is_visible(side, px) || now.qty > 0.0 {
        return (interval.map_or(now, |level| level.met()), true);
    }
    let last = depth.left_with(side, px);
    let qty = last.map_or_else(|| typical_depth(depth, side), |q| q as f64);
    (Shown { qty, n: 0 }, false)
}

/// Mean quantity of the visible levels: what an unseen level is taken to hold.
fn typical_depth(depth: &mut impl Depth, side: Side) -> f64 {
    let levels = depth.whole().near(side);
    let (sum, n) = levels.fold((0.0, 0.0), |(s, n), l| (s + l.qty.0 as f64, n + 1.0));
    if n > 0.0 {
        sum / n
    } else {
        1.0
    }
}

fn shown(depth: &impl Depth, side: Side, px: Px) -> Shown {
    let (qty, n) = depth.at(side, px);
    Shown { qty: qty as f64, n }
}
