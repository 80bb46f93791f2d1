//! The orders of one maker in one symbol — ids, answers, fills once, and the worst case.

mod standing;

pub use standing::Standing;

use crate::command::Command;
use crate::command::Place;
use crate::event::Fill;
use crate::event::OrderAnswer;
use crate::order::reconcile::RequoteRules;
use crate::order::state::Sizes;
use crate::order::DoneReason;
use crate::order::OrderState;
use crate::order::Step;
use crate::risk::Approved;
use crate::risk::Exposure;
use crate::risk::Refusal;
use crate::units::Cloid;
use crate::units::DurationNanos;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use crate::units::SymbolIx;
use crate::units::TradeId;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Most orders that are remembered at once, finished ones included.
pub const ORDERS_MAX: usize = 64;

/// Trade ids remembered: as many as a venue repeats after a reconnect.
const TRADES_MAX: usize = 2_048;

/// One of our orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its id.
    pub cloid: Cloid,
    /// Buy or sell.
    pub side: Side,
    /// The level it stands for now.
    pub level: u8,
    /// Limit price.
    pub px: Px,
    /// Size as placed.
    pub size: Lots,
    /// What was filled, late fills included.
    pub filled: Lots,
    /// What the venue says was left of it when it was cancelled: that can never trade.
    pub withdrawn: Lots,
    /// When it was sent.
    pub sent: UnixNanos,
    /// When the venue was last asked anything about it.
    pub asked: UnixNanos,
    /// When the venue last said something of it; when it was sent before that.
    pub told: UnixNanos,
    /// Where it stands.
    pub state: OrderState,
}

impl Order {
    /// What rests, as far as we know; after the end, 0.
    #[must_use]
    pub fn left(&self) -> Lots {
        match self.state {
            OrderState::Working { left } | OrderState::Canceling { left, .. } => left,
            OrderState::Placing { .. } | OrderState::Unknown { .. } => self.unfilled(),
            OrderState::Done(_) => Lots(0),
        }
    }

    /// What may still change the position: the size without the fills that arrived, until it is
    /// proven gone. An order that is over still counts with the fills that are on their way, or
    /// lost: all of it where the venue did not say what was left.
    #[must_use]
    pub fn at_risk(&self) -> Lots {
        match self.state {
            OrderState::Placing { .. }
            | OrderState::Working { .. }
            | OrderState::Canceling { .. }
            | OrderState::Unknown { .. }
            | OrderState::Done(DoneReason::Filled) => self.unfilled(),
            OrderState::Done(DoneReason::Cancelled(_)) => {
                Lots((self.unfilled() - self.withdrawn).0.max(0))
            }
            OrderState::Done(DoneReason::Rejected(_)) => Lots(0),
        }
    }

    fn unfilled(&self) -> Lots {
        Lots((self.size.0 - self.filled.0).max(0))
    }

    fn sizes(&self) -> Sizes {
        Sizes { left: self.size - self.filled, filled: self.filled.0 > 0 }
    }
}

/// What a fill means to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FillVerdict {
    /// Ours and not counted before.
    New,
    /// Counted before.
    Duplicate,
    /// Not an order of this run and symbol.
    Foreign,
}

/// What a client order id is made of: run tag 64 bits, symbol 16, level 8, sequence 40.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloidParts {
    /// The run.
    pub tag: u64,
    /// The symbol.
    pub symbol: SymbolIx,
    /// The level it was placed for.
    pub level: u8,
    /// The order's number within the run and symbol.
    pub sequence: u64,
}

const SEQUENCE_BITS: u32 = 40;

impl CloidParts {
    /// The id.
    ///
    /// # Panics
    /// If the sequence passes 40 bits.
    #[must_use]
    pub fn pack(self) -> Cloid {
        assert!(self.sequence >> SEQUENCE_BITS == 0, "invariant: order numbers fit 40 bits");
        let low = (u64::from(self.symbol.0) << 48) | (u64::from(self.level) << SEQUENCE_BITS);
        Cloid((u128::from(self.tag) << 64) | u128::from(low | self.sequence))
    }

    /// The parts of an id.
    #[must_use]
    pub const fn unpack(cloid: Cloid) -> Self {
        let low = cloid.0 as u64;
        Self {
            tag: (cloid.0 >> 64) as u64,
            symbol: SymbolIx((low >> 48) as u16),
            level: (low >> SEQUENCE_BITS) as u8,
            sequence: low & ((1 << SEQUENCE_BITS) - 1),
        }
    }
}

/// The last trade ids, oldest overwritten.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Trades {
    ring: Vec<TradeId>,
    at: usize,
    newest: Option<TradeId>,
}

impl Trades {
    /// Remember an id; `false` if it was there.
    fn insert(&mut self, trade: TradeId) -> bool {
        // Venues number their trades upward: most are newer than all before.
        if self.newest >= Some(trade) && self.ring.contains(&trade) {
            return false;
        }
        self.newest = self.newest.max(Some(trade));
        if self.ring.len() < TRADES_MAX {
            self.ring.push(trade);
        } else {
            self.ring[self.at] = trade;
            self.at = (self.at + 1) % TRADES_MAX;
        }
        true
    }
}

const NO_ORDER: Order = Order {
    cloid: Cloid(0),
    side: Side::Bid,
    level: 0,
    px: Px(0),
    size: Lots(0),
    filled: Lots(0),
    withdrawn: Lots(0),
    sent: UnixNanos(0),
    asked: UnixNanos(0),
    told: UnixNanos(0),
    state: OrderState::Done(DoneReason::Filled),
};

/// The orders of one maker in one symbol.
///
/// Bit sets index the slots: `used` holds an order, `counted` may still change the position,
/// `quoting` is a quote of its side, `pending` waits for an answer, `unknown` is not proven.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderManager {
    symbol: SymbolIx,
    tag: u64,
    sequence: u64,
    /// The least number that was not sent yet.
    unsent: u64,
    rules: RequoteRules,
    #[serde(with = "crate::arrays::boxed")]
    slots: Box<[Order; ORDERS_MAX]>,
    used: u64,
    counted: u64,
    quoting: [u64; 2],
    pending: u64,
    unknown: u64,
    next_slot: usize,
    /// Sums over the counted orders; `None` after one of them changed.
    exposure: Option<Exposure>,
    trades: Trades,
    contradictions: u64,
    refusals: BTreeMap<Cow<'static, str>, u64>,
    /// Whether a wish was refused since the last reconcile that may pass at the next step.
    refused: bool,
    /// Whether the last reconcile left an order at the very price of every target, and no other.
    content: bool,
}

impl OrderManager {
    /// No orders; ids are made of the run's tag, the symbol and a running number.
    #[must_use]
    pub fn new(symbol: SymbolIx, tag: u64, rules: RequoteRules) -> Self {
        Self {
            symbol,
            tag,
            sequence: 0,
            unsent: 0,
            rules,
            slots: Box::new([NO_ORDER; ORDERS_MAX]),
            used: 0,
            counted: 0,
            quoting: [0; 2],
            pending: 0,
            unknown: 0,
            next_slot: 0,
            exposure: None,
            trades: Trades::default(),
            contradictions: 0,
            refusals: BTreeMap::new(),
            refused: false,
            content: false,
        }
    }

    /// Take note that an approved command went out.
    ///
    /// # Panics
    /// If an order is sent with more than [`ORDERS_MAX`] others live.
    pub fn sent(&mut self, approved: &Approved<Command>, now: UnixNanos) {
        match approved.get() {
            Command::Place(place) => self.placed(place, now),
            Command::Cancel { symbol: _, cloid } => {
                if let Some(slot) = self.find(*cloid) {
                    self.canceling(slot, now);
                }
            }
            Command::CancelAll { symbol } => {
                if symbol.is_none_or(|ix| ix == self.symbol) {
                    for slot in bits(self.quoting[0] | self.quoting[1] | self.unknown) {
                        self.canceling(slot, now);
                    }
                }
            }
            Command::ScheduleCancel { at: _ } => {}
        }
    }

    /// Take note that the gate refused a wish: an order was never sent, a cancel is wished again
    /// at the next step, an order too unless the refusal stands until something else changes.
    pub fn refused(&mut self, refusal: Refusal) {
        *self.refusals.entry(Cow::Borrowed(refusal.label())).or_default() += 1;
        self.refused |= !refusal.stands();
        self.content = false;
    }

    /// Whether the same targets again would bring no wish, until something unexpected comes.
    #[must_use]
    pub fn is_content(&self) -> bool {
        self.content && self.unknown == 0 && self.rules.patience.0 == 0
    }

    /// Whether an answer says of an order only what was asked for.
    #[must_use]
    pub fn expects(&self, cloid: Cloid, answer: &OrderAnswer) -> bool {
        let Some(order) = self.get(cloid) else { return false };
        match (answer, order.state) {
            (OrderAnswer::Resting { left, .. }, OrderState::Placing { .. }) => {
                *left == order.unfilled()
            }
            (OrderAnswer::Resting { left, .. }, OrderState::Canceling { left: known, .. }) => {
                *left >= known
            }
            (OrderAnswer::Cancelled { .. }, state) => matches!(state, OrderState::Canceling { .. }),
            (
                OrderAnswer::Resting { .. },
                OrderState::Working { .. } | OrderState::Unknown { .. } | OrderState::Done(_),
            )
            | (
                OrderAnswer::Rejected { .. }
                | OrderAnswer::Filled
                | OrderAnswer::Unknown
                | OrderAnswer::CancelRefused,
                _,
            ) => false,
        }
    }

    /// Whether [`Self::reconcile`] may have something to do although neither the targets nor
    /// the orders changed: a wish was refused, or time is up for an answer or a retry.
    #[must_use]
    pub fn restless(&self, now: UnixNanos) -> bool {
        let late = |slot: usize| {
            let sent = self.slots[slot].state.pending();
            sent.is_some_and(|sent| now.since(sent) > self.rules.answer_timeout)
        };
        self.refused
            || self.rules.patience.0 > 0
            || bits(self.pending).any(late)
            || bits(self.unknown).any(|slot| self.retry_due(slot, now))
    }

    /// When [`Self::restless`] becomes true by the passing of time: the start of time where it is
    /// already.
    #[must_use]
    pub fn wakes(&self) -> UnixNanos {
        if self.refused {
            return UnixNanos(i64::MIN);
        }
        let late = DurationNanos(self.rules.answer_timeout.0 + 1);
        let pending = bits(self.pending).filter_map(|slot| self.slots[slot].state.pending());
        let retried = bits(self.unknown).map(|slot| self.slots[slot].asked);
        let pending = pending.map(|sent| sent.after(late));
        let retried = retried.map(|asked| asked.after(self.rules.unknown_retry));
        pending.chain(retried).min().unwrap_or(UnixNanos(i64::MAX))
    }

    /// Take in the venue's word; `None` if the order is not remembered.
    pub fn on_answer(
        &mut self,
        cloid: Cloid,
        answer: &OrderAnswer,
        now: UnixNanos,
    ) -> Option<Step> {
        let slot = self.find(cloid)?;
        let order = &mut self.slots[slot];
        order.told = now;
        if let OrderAnswer::Cancelled { left: Some(left), .. } = *answer {
            order.withdrawn = left;
        }
        let (state, step) = order.state.after(answer, order.sizes(), now);
        self.settle(slot, state, step);
        Some(step)
    }

    /// Take in an execution. The ledger books it when it is new, and only then; a fill of an
    /// order of this run counts even when the order is no longer remembered.
    pub fn on_fill(&mut self, fill: &Fill, now: UnixNanos) -> FillVerdict {
        if !self.is_ours(fill.cloid) || fill.symbol != self.symbol {
            return FillVerdict::Foreign;
        }
        if !self.trades.insert(fill.trade) {
            return FillVerdict::Duplicate;
        }
        if let Some(slot) = self.find(fill.cloid) {
            let order = &mut self.slots[slot];
            order.filled += fill.size;
            let (state, step) = order.state.filled(order.sizes().left, now);
            self.settle(slot, state, step);
        }
        FillVerdict::New
    }

    /// The position was told as of a time: orders that were over by then wait for no fill any
    /// more. One that is told nevertheless still counts.
    pub fn settled(&mut self, before: UnixNanos) {
        for slot in bits(self.counted) {
            let order = &mut self.slots[slot];
            if order.state.is_done() && order.told < before {
                order.filled = order.size;
                self.index(slot);
                self.exposure = None;
            }
        }
    }

    /// Whether an id is one of this run and symbol.
    #[must_use]
    pub fn is_ours(&self, cloid: Cloid) -> bool {
        let parts = CloidParts::unpack(cloid);
        parts.tag == self.tag && parts.symbol == self.symbol
    }

    /// The worst case: the position and every order that may still change it.
    #[inline]
    pub fn exposure(&mut self, position: Lots) -> Exposure {
        let sums = match self.exposure {
            Some(sums) => sums,
            None => self.sum_exposure(),
        };
        Exposure { position, ..sums }
    }

    /// Orders that are not over, unknown ones included.
    pub fn live(&self) -> impl Iterator<Item = &Order> + '_ {
        self.remembered().filter(|order| !order.state.is_done())
    }

    /// Every order still remembered, finished ones included.
    pub fn remembered(&self) -> impl Iterator<Item = &Order> + '_ {
        bits(self.used).map(|slot| &self.slots[slot])
    }

    /// The order of an id, if it is remembered.
    #[must_use]
    pub fn get(&self, cloid: Cloid) -> Option<&Order> {
        self.find(cloid).map(|slot| &self.slots[slot])
    }

    /// Answers and fills that contradicted what was proven.
    #[must_use]
    pub const fn contradictions(&self) -> u64 {
        self.contradictions
    }

    /// How many wishes the gate refused, by the refusal's label.
    #[must_use]
    pub const fn refusals(&self) -> &BTreeMap<Cow<'static, str>, u64> {
        &self.refusals
    }

    /// The symbol.
    #[must_use]
    pub const fn symbol(&self) -> SymbolIx {
        self.symbol
    }

    pub(super) const fn rules(&self) -> &RequoteRules {
        &self.rules
    }

    pub(super) const fn quoting(&self, side: Side) -> u64 {
        self.quoting[side.index()]
    }

    pub(super) const fn unknown(&self) -> u64 {
        self.unknown
    }

    pub(super) const fn at(&self, slot: usize) -> &Order {
        &self.slots[slot]
    }

    /// Other rules for when a quote is replaced and a silence is too long.
    pub fn set_rules(&mut self, rules: RequoteRules) {
        self.rules = rules;
    }

    /// An order stays for a target of this level, so far off its price.
    pub(super) fn keep(&mut self, slot: usize, level: u8, off: i64) {
        self.slots[slot].level = level;
        self.content &= off == 0;
    }

    pub(super) fn next_cloid(&mut self, level: u8) -> Cloid {
        let (tag, symbol, sequence) = (self.tag, self.symbol, self.sequence);
        self.sequence += 1;
        CloidParts { tag, symbol, level, sequence }.pack()
    }

    /// Whether an unknown order may be asked about again.
    pub(super) fn retry_due(&self, slot: usize, now: UnixNanos) -> bool {
        now.since(self.slots[slot].asked) >= self.rules.unknown_retry
    }

    /// Requests that stayed unanswered for too long make their orders unknown.
    pub(super) fn expire(&mut self, now: UnixNanos) {
        (self.refused, self.content) = (false, true);
        for slot in bits(self.pending) {
            let state = self.slots[slot].state;
            let sent = state.pending().expect("invariant: pending orders have a request");
            if now.since(sent) > self.rules.answer_timeout {
                self.settle(slot, state.silent(now), Step::Moved);
            }
        }
    }

    fn placed(&mut self, place: &Place, now: UnixNanos) {
        let CloidParts { level, sequence, .. } = CloidParts::unpack(place.cloid);
        assert!(sequence >= self.unsent, "invariant: an id is sent once, in order: {place:?}");
        self.unsent = sequence + 1;
        let slot = self.free_slot();
        self.slots[slot] = Order {
            cloid: place.cloid,
            side: place.side,
            level,
            px: place.px,
            size: place.size,
            filled: Lots(0),
            withdrawn: Lots(0),
            sent: now,
            asked: now,
            told: now,
            state: OrderState::Placing { sent: now },
        };
        self.used |= 1 << slot;
        self.index(slot);
        if let Some(sums) = &mut self.exposure {
            sums.add(place.side, place.px, place.size);
        }
    }

    fn canceling(&mut self, slot: usize, now: UnixNanos) {
        let order = &mut self.slots[slot];
        order.asked = now;
        order.state = order.state.cancel_sent(order.unfilled(), now);
        self.index(slot); // what is at risk did not change
    }

    fn settle(&mut self, slot: usize, state: OrderState, step: Step) {
        self.contradictions += u64::from(step == Step::Contradiction);
        self.slots[slot].state = state;
        self.index(slot);
        self.exposure = None;
    }

    /// Bring the bit sets up to date with one slot.
    fn index(&mut self, slot: usize) {
        let order = &self.slots[slot];
        let mask = 1_u64 << slot;
        let set = |bits: &mut u64, on: bool| *bits = if on { *bits | mask } else { *bits & !mask };
        set(&mut self.counted, !order.state.is_done() || order.at_risk().0 > 0);
        set(&mut self.quoting[0], order.state.is_quoting() && order.side == Side::Bid);
        set(&mut self.quoting[1], order.state.is_quoting() && order.side == Side::Ask);
        set(&mut self.pending, order.state.pending().is_some());
        set(&mut self.unknown, matches!(order.state, OrderState::Unknown { .. }));
    }

    /// A slot that no counted order holds, so that finished orders are kept as long as may be.
    fn free_slot(&mut self) -> usize {
        assert!(self.counted != u64::MAX, "invariant: at most {ORDERS_MAX} orders are live");
        let free = !self.counted;
        let ahead = free.rotate_right(self.next_slot as u32).trailing_zeros() as usize;
        let slot = (self.next_slot + ahead) % ORDERS_MAX;
        self.next_slot = (slot + 1) % ORDERS_MAX;
        slot
    }

    fn find(&self, cloid: Cloid) -> Option<usize> {
        let found = |set: u64| bits(set).find(|&slot| self.slots[slot].cloid == cloid);
        found(self.counted).or_else(|| found(self.used & !self.counted))
    }

    fn sum_exposure(&mut self) -> Exposure {
        let mut sums = Exposure::default();
        for slot in bits(self.counted) {
            let order = &self.slots[slot];
            match order.state {
                OrderState::Done(DoneReason::Cancelled(_)) => {
                    sums.owe(order.side, order.px, order.at_risk());
                }
                OrderState::Placing { .. }
                | OrderState::Working { .. }
                | OrderState::Canceling { .. }
                | OrderState::Unknown { .. }
                | OrderState::Done(DoneReason::Filled | DoneReason::Rejected(_)) => {
                    sums.add(order.side, order.px, order.at_risk());
                }
            }
        }
        self.exposure = Some(sums);
        sums
    }
}

/// The positions of the set bits, lowest first.
fn bits(mut set: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let slot = set.trailing_zeros();
        (set != 0).then(|| {
            set &= set - 1;
            slot as usize
        })
    })
}
