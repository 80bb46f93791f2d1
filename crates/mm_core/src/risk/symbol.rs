//! One symbol at the gate — its market, its limits, and what was approved a moment ago.

mod footing;

pub use footing::Burden;
pub use footing::Footing;
pub use footing::Room;

use crate::command::Place;
use crate::command::Tif;
use crate::error::CoreError;
use crate::instrument::pow10;
use crate::instrument::InstrumentSpec;
use crate::risk::breakers::Breaker;
use crate::risk::limits::MicroUsd;
use crate::risk::limits::SymbolLimits;
use crate::risk::limits::PPM;
use crate::risk::protection::Protection;
use crate::risk::Exposure;
use crate::risk::Refusal;
use crate::risk::RiskState;
use crate::units::Cloid;
use crate::units::DurationNanos;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

/// The market as the gate needs to know it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Best bid; 0 if none.
    pub bid: Px,
    /// Best ask; 0 if none.
    pub ask: Px,
    /// The venue's mark price, where known.
    pub mark: Option<Px>,
    /// The oracle price that the venue publishes, where known.
    pub oracle: Option<Px>,
    /// Size displayed within 10 bp of the mid, bids and asks, where known.
    pub displayed: Option<[Lots; 2]>,
    /// When book or touch was last heard of.
    pub heard: UnixNanos,
}

impl View {
    fn two_sided(&self) -> bool {
        self.bid.0 > 0 && self.ask.0 > 0
    }

    fn sound(&self) -> bool {
        self.two_sided() && self.bid < self.ask
    }
}

/// How many approved orders are remembered to find duplicates.
const RECENT: usize = 16;

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Recent {
    side: Side,
    px: Px,
    size: Lots,
    at: UnixNanos,
}

/// The lowest and highest mid of half a second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Span {
    slot: i64,
    low2: i64,
    high2: i64,
}

const SPAN_NANOS: i64 = 500_000_000;
/// Spans looked at: they cover at least one second.
const SPANS: i64 = 3;
const NO_SPAN: Span = Span { slot: i64::MIN, low2: 0, high2: 0 };

/// Values are compared as half price units times lots: `raw2`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SymbolGate {
    spec: InstrumentSpec,
    limits: SymbolLimits,
    view: View,
    /// The last mid of a book that was not crossed.
    mid2: i64,
    /// The span that was last looked at.
    slot: i64,
    spans: [Span; SPANS as usize],
    /// Twice the mid that the present one jumped from.
    jumped: Option<i64>,
    recent: [Option<Recent>; RECENT],
    recent_at: usize,
    /// Times of the last counted fills, a ring a side.
    fills: [Vec<UnixNanos>; 2],
    fills_at: [usize; 2],
    last_filled: [Option<Cloid>; 2],
    pub(super) breaker: Breaker,
    pub(super) protection: Protection,
    /// Whether [`Self::market`] refused when it was last asked.
    pub(super) troubled: bool,
    /// Worst-case value and order count, as they stand in the account's sums.
    pub(super) worst: MicroUsd,
    pub(super) orders: i64,
    /// One micro-dollar is `raw2_num / raw2_den` half price units times lots.
    raw2_num: i128,
    raw2_den: i128,
    pub(super) position_raw2: i128,
    order_raw2: i128,
    least_raw2: i128,
}

impl SymbolGate {
    pub(super) fn new(spec: InstrumentSpec, limits: SymbolLimits) -> Result<Self, CoreError> {
        limits.validate()?;
        let cash_per_micro = i128::from(pow10(spec.cash_decimals.saturating_sub(6)));
        let cash_per_unit = i128::from(spec.cash_per_unit());
        let (raw2_num, raw2_den) = reduced(2 * cash_per_micro, cash_per_unit);
        let raw2 = |value: MicroUsd| i128::from(value.0) * raw2_num / raw2_den;
        let least = 2 * i128::from(spec.min_notional.0);
        let ring = vec![UnixNanos(i64::MIN); limits.repeat_fills as usize];
        Ok(Self {
            position_raw2: raw2(limits.position),
            order_raw2: raw2(limits.order_value),
            least_raw2: (least + cash_per_unit - 1) / cash_per_unit,
            spec,
            limits,
            view: View::default(),
            mid2: 0,
            slot: i64::MIN,
            spans: [NO_SPAN; SPANS as usize],
            jumped: None,
            recent: [None; RECENT],
            recent_at: 0,
            fills: [ring.clone(), ring],
            fills_at: [0; 2],
            last_filled: [None; 2],
            breaker: Breaker::default(),
            protection: Protection::new(limits.protection),
            troubled: false,
            worst: MicroUsd(0),
            orders: 0,
            raw2_num,
            raw2_den,
        })
    }

    /// Take in the market.
    pub(super) fn observe(&mut self, view: &View, now: UnixNanos) {
        let slot = now.0.div_euclid(SPAN_NANOS);
        if self.view.sound() {
            self.hold(slot);
        }
        self.view = *view;
        if !view.sound() {
            return;
        }
        self.slot = slot;
        self.mid2 = view.bid.0 + view.ask.0;
        let span = &mut self.spans[slot.rem_euclid(SPANS) as usize];
        if span.slot == slot {
            span.low2 = span.low2.min(self.mid2);
            span.high2 = span.high2.max(self.mid2);
        } else {
            *span = Span { slot, low2: self.mid2, high2: self.mid2 };
        }
        self.jumped = self.jump(slot);
    }

    /// Take in that the market is as it was.
    pub(super) fn hear(&mut self, heard: UnixNanos, now: UnixNanos) {
        self.view.heard = heard;
        let slot = now.0.div_euclid(SPAN_NANOS);
        if slot != self.slot && self.view.sound() {
            self.hold(slot);
            self.jumped = self.jump(slot);
        }
    }

    /// The mid stayed what it was until the span `slot` began.
    fn hold(&mut self, slot: i64) {
        for slot in (self.slot + 1).max(slot - SPANS + 1)..=slot {
            let (low2, high2) = (self.mid2, self.mid2);
            self.spans[slot.rem_euclid(SPANS) as usize] = Span { slot, low2, high2 };
        }
        self.slot = self.slot.max(slot);
    }

    /// When the passing of time alone may change [`Self::market`].
    pub(super) fn wakes(&self) -> UnixNanos {
        match self.jumped {
            Some(_) => UnixNanos(i64::MIN),
            // What is closed already is not closed by silence.
            None if self.troubled || self.state() == RiskState::Halted => self.protection.due(),
            None => {
                let stale = self.view.heard.after(DurationNanos(self.limits.stale.0 + 1));
                stale.min(self.protection.due())
            }
        }
    }

    /// The symbol's own state.
    pub(super) fn state(&self) -> RiskState {
        match self.protection.is_frozen() {
            true => RiskState::Halted,
            false => self.breaker.state(),
        }
    }

    /// The value of a fill.
    pub(super) fn value(&self, px: Px, size: Lots) -> MicroUsd {
        self.micros(raw2(px, size))
    }

    /// Whether [`Self::volume`] decides about this order by what is displayed.
    pub(super) fn looks_at_depth(&self, order: &Place) -> bool {
        self.limits.displayed_ppm != 0 && !self.is_small(order)
    }

    fn is_small(&self, order: &Place) -> bool {
        let floor = i128::from(self.limits.displayed_floor.0) * self.raw2_num / self.raw2_den;
        raw2(order.px, order.size) <= floor
    }

    /// R14: whether the market may be quoted at all.
    pub(super) fn market(&self, now: UnixNanos) -> Result<(), Refusal> {
        let View { bid, ask, heard, .. } = self.view;
        if !self.view.two_sided() {
            return Err(Refusal::NoMarket);
        }
        if bid >= ask {
            return Err(Refusal::Crossed { bid, ask });
        }
        let age = now.since(heard);
        if age > self.limits.stale {
            return Err(Refusal::Stale { age, limit: self.limits.stale });
        }
        match self.jumped {
            Some(from2) => Err(Refusal::Jump { from2, to2: self.mid2 }),
            None => Ok(()),
        }
    }

    /// The lowest or highest mid of the last second, if the present one is too far from it.
    fn jump(&self, slot: i64) -> Option<i64> {
        let known = self.spans.iter().filter(|span| span.slot > slot - SPANS);
        let far = |from2: &i64| (self.mid2 - from2).abs() > part(*from2, self.limits.jump_ppm);
        known.flat_map(|span| [span.low2, span.high2]).find(far)
    }

    /// The worst-case value of this symbol's position, whichever side filled.
    pub(super) fn worst_case(&self, on: &Exposure) -> MicroUsd {
        let worst = self.worst_raw2(on, Side::Bid).max(self.worst_raw2(on, Side::Ask));
        self.micros(worst.max(0))
    }

    /// The worst-case value with one more order, and whether the symbol's own limit allows it.
    pub(super) fn position(&self, order: &Place, on: &Exposure) -> Result<MicroUsd, Refusal> {
        let worst = self.worst_raw2(on, order.side) + raw2(order.px, order.size);
        if worst > self.position_raw2 {
            let (worst, limit) = (self.micros(worst), self.limits.position);
            return Err(Refusal::Position { worst, limit });
        }
        Ok(self.micros(worst.max(0)))
    }

    /// The venue's grid and least value, and R2.
    pub(super) fn form(&self, order: &Place) -> Result<(), Refusal> {
        if !self.spec.is_valid(order.px) {
            return Err(Refusal::OffGrid { px: order.px });
        }
        let (size, step) = (order.size, self.spec.lot_step);
        if size.0 <= 0 || size.0 % step.0 != 0 {
            return Err(Refusal::LotStep { size, step });
        }
        let value = raw2(order.px, size);
        if value < self.least_raw2 && !order.reduce_only {
            let (value, limit) = (self.micros(value), self.micros(self.least_raw2));
            return Err(Refusal::TooSmall { value, limit });
        }
        if value > self.order_raw2 {
            let (value, limit) = (self.micros(value), self.limits.order_value);
            return Err(Refusal::OrderValue { value, limit });
        }
        Ok(())
    }

    /// R1: near the mid, the mark and the oracle, and not far through the touch.
    pub(super) fn collar(&self, order: &Place) -> Result<(), Refusal> {
        let View { bid, ask, mark, oracle, .. } = self.view;
        let by_share = part(self.mid2, self.limits.collar_ppm);
        let by_spread = 2 * self.limits.collar_spreads * (ask.0 - bid.0);
        let reach2 = by_share.max(by_spread);
        let px = order.px;
        if (2 * px.0 - self.mid2).abs() > reach2 {
            let low = Px((self.mid2 - reach2 + 1) / 2);
            let high = Px((self.mid2 + reach2) / 2);
            return Err(Refusal::Collar { px, low, high });
        }
        if let Some(mark) = mark {
            if (px.0 - mark.0).abs() > part(mark.0, self.limits.mark_ppm) {
                return Err(Refusal::OffMark { px, mark });
            }
        }
        if let Some(oracle) = oracle {
            if (px.0 - oracle.0).abs() > part(oracle.0, self.limits.oracle_ppm) {
                return Err(Refusal::OffOracle { px, oracle });
            }
        }
        let touch = match order.side {
            Side::Bid => ask,
            Side::Ask => bid,
        };
        let through = order.side.sign() * (px.0 - touch.0);
        match order.tif {
            Tif::PostOnly => Ok(()),
            Tif::Gtc | Tif::Ioc => {
                if through > part(touch.0, self.limits.through_ppm) {
                    return Err(Refusal::ThroughTouch { px, touch });
                }
                Ok(())
            }
        }
    }

    /// R3: a share of what is displayed, or a value that is always allowed.
    pub(super) fn volume(&self, order: &Place) -> Result<(), Refusal> {
        let Some(displayed) = self.view.displayed.map(|pair| pair[order.side.index()]) else {
            return Ok(());
        };
        let most = part(displayed.0, self.limits.displayed_ppm);
        if !self.looks_at_depth(order) || order.size.0 <= most {
            return Ok(());
        }
        Err(Refusal::OrderVolume { size: order.size, displayed })
    }

    /// R8 and R13: not twice, not too many, not against ourselves.
    pub(super) fn company(
        &self,
        order: &Place,
        on: &Exposure,
        now: UnixNanos,
    ) -> Result<(), Refusal> {
        let (count, limit) = (i64::from(on.count[order.side.index()]), self.limits.orders_per_side);
        if count >= limit {
            return Err(Refusal::OrdersOnSide { count, limit });
        }
        let (px, size) = (order.px, order.size);
        let young = |at| now.since(at) < self.limits.duplicate_window;
        let looked_at = if self.newest().is_some_and(young) { &self.recent[..] } else { &[] };
        for sent in looked_at.iter().flatten() {
            let age = now.since(sent.at);
            let same = sent.side == order.side && sent.px == px && sent.size == size;
            if same && age < self.limits.duplicate_window {
                return Err(Refusal::Duplicate { px, size, age });
            }
        }
        match on.best[order.side.opposite().index()] {
            Some(own) if !order.side.better(own, px) => Err(Refusal::OwnCross { px, own }),
            Some(_) | None => Ok(()),
        }
    }

    /// When an order was last approved.
    fn newest(&self) -> Option<UnixNanos> {
        self.recent[(self.recent_at + RECENT - 1) % RECENT].map(|sent| sent.at)
    }

    /// Remember an approved order.
    pub(super) fn remember(&mut self, order: &Place, now: UnixNanos) {
        let Place { side, px, size, .. } = *order;
        self.recent[self.recent_at] = Some(Recent { side, px, size, at: now });
        self.recent_at = (self.recent_at + 1) % RECENT;
    }

    /// R6: count a filled order once; the count when the window is full.
    pub(super) fn repeated(&mut self, side: Side, order: Cloid, now: UnixNanos) -> Option<i64> {
        let i = side.index();
        if self.last_filled[i] == Some(order) {
            return None;
        }
        self.last_filled[i] = Some(order);
        let (ring, at) = (&mut self.fills[i], self.fills_at[i]);
        ring[at] = now;
        self.fills_at[i] = (at + 1) % ring.len();
        let oldest = ring[self.fills_at[i]];
        (now.since(oldest) <= self.limits.repeat_window).then_some(self.limits.repeat_fills)
    }

    fn worst_raw2(&self, on: &Exposure, side: Side) -> i128 {
        let held = i128::from(side.sign() * on.position.0) * i128::from(self.mid2);
        held + 2 * on.value[side.index()]
    }

    /// Half price units times lots to micro-dollars, up.
    pub(super) fn micros(&self, raw2: i128) -> MicroUsd {
        let value = match i64::try_from(raw2) {
            // Scales of the venues: a division costs more than all the rest of the gate.
            Ok(small) if (self.raw2_num, self.raw2_den) == (2, 1) => i128::from((small + 1) >> 1),
            Ok(_) if self.raw2_num == 1 => raw2 * self.raw2_den,
            Ok(_) | Err(_) => (raw2 * self.raw2_den + self.raw2_num - 1) / self.raw2_num,
        };
        MicroUsd(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

/// A fraction in lowest terms.
fn reduced(num: i128, den: i128) -> (i128, i128) {
    let (mut a, mut b) = (num, den);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    (num / a, den / a)
}

/// Twice a price times a size.
fn raw2(px: Px, size: Lots) -> i128 {
    2 * i128::from(px.0) * i128::from(size.0)
}

/// A share of a positive number, toward zero.
fn part(value: i64, ppm: i64) -> i64 {
    match value.checked_mul(ppm) {
        Some(product) => product / PPM,
        None => (i128::from(value) * i128::from(ppm) / i128::from(PPM)) as i64,
    }
}
