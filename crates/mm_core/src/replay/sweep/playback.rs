//! Playback — one maker of a set in a recorded market: it wakes when what it looks at changed.

use super::album::Decided;
use super::album::Foot;
use super::album::Quotes;
use super::album::Way;
use super::recorded::Recorded;
use super::ride::Behind;
use super::solo::Solo;
use super::stretch::Common;
use super::stretch::Moment;
use super::stretch::News;
use super::stretch::Stretch;
use crate::book::Book;
use crate::book::BookRow;
use crate::book::BookState;
use crate::engine::displayed;
use crate::engine::Attention;
use crate::engine::Commands;
use crate::engine::Sight;
use crate::engine::Stance;
use crate::engine::TouchQty;
use crate::error::CoreError;
use crate::instrument::InstrumentSpec;
use crate::quote::Intensity;
use crate::replay::columns::MARKOUT_NS;
use crate::replay::drive::Part;
use crate::replay::seat::Seat;
use crate::replay::seat::World;
use crate::replay::sighting::Readings;
use crate::replay::truth::Execution;
use crate::replay::truth::Reply;
use crate::risk::Gate;
use crate::signal::TickLook;
use crate::sim::Depth;
use crate::strategy::Regime;
use crate::units::Cloid;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use crate::units::UnixNanos;
use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

/// One maker in a recorded market.
#[derive(Debug)]
pub(super) struct Playback {
    world: Recorded,
    seen: Seen,
    seat: Seat,
    /// The next moment that was not heard.
    next: usize,
    /// The next of those worth waking for.
    next_news: usize,
    /// The next settlement of funding that did not happen.
    next_settlement: usize,
    /// What is worth waking for.
    minds: News,
    /// The last step.
    now: i64,
    /// Decisions that another set had made.
    followed: u64,
}

/// The market as one maker sees it at a moment.
#[derive(Debug)]
struct Seen {
    stretch: Arc<Stretch>,
    moment: Moment,
    readings: Readings,
    /// Whether the maker asks for signals.
    listens: bool,
    /// The whole book as of some deliveries, once it was asked for.
    whole: RefCell<Option<Box<(u32, Book)>>>,
}

impl Playback {
    pub(super) fn new(seat: Seat, stretch: Arc<Stretch>, shared_arrival: bool) -> Self {
        let attention = seat.maker.attention();
        Self {
            seen: Seen {
                moment: Moment::NOTHING,
                readings: stretch.readings[0],
                stretch: Arc::clone(&stretch),
                listens: attention > Attention::Book,
                whole: RefCell::new(None),
            },
            world: Recorded::new(stretch, shared_arrival),
            seat,
            next: 0,
            next_news: 0,
            next_settlement: 0,
            minds: if attention == Attention::Book { News::Prices } else { News::Sizes },
            now: i64::MIN,
            followed: 0,
        }
    }

    /// Go on in the next stretch; the last one has been played to its end.
    pub(super) fn enter(&mut self, stretch: &Arc<Stretch>) {
        if Arc::ptr_eq(stretch, &self.seen.stretch) {
            return;
        }
        self.world.enter(Arc::clone(stretch));
        self.seen.moment.delivered = 0;
        self.seen.whole = RefCell::new(None);
        self.seen.stretch = Arc::clone(stretch);
        (self.next, self.next_news, self.next_settlement) = (0, 0, 0);
    }

    /// Play what is left of the stretch at the venue.
    pub(super) fn leave(&mut self) -> Result<(), CoreError> {
        let until = self.seen.stretch.until;
        self.seat.happen_until(&mut self.world, until)?;
        self.world.happen(until, true, &mut self.seat)?;
        self.seat.truth.forget();
        Ok(())
    }

    /// Its venue, for one order at a time.
    pub(super) fn solo(&self, gate: &Gate) -> Solo {
        Solo::new(&self.world, &self.seat, gate)
    }

    /// When the venue takes in what was sent last; the start of time if nothing is on its way.
    pub(super) fn arrival(&self) -> i64 {
        match self.seat.inbox.is_empty() {
            true => i64::MIN,
            false => self.seat.inbox.due(|ts| self.world.next_row(ts)),
        }
    }

    /// How many rows happen at the venue before `now`, where just these have.
    pub(super) fn pos_before(&self, now: i64) -> Option<u32> {
        self.world.pos_before(now)
    }

    /// How many of its decisions another set had made.
    pub(super) fn followed(&self) -> u64 {
        self.followed
    }

    /// Whether funding may be settled in a span of the venue's time.
    pub(super) fn may_settle(&self, span: Range<i64>) -> bool {
        self.seen.stretch.settlements.iter().any(|ts| span.contains(ts))
    }

    /// Whether the account is told anything in a span of the venue's rows.
    pub(super) fn is_told(&self, span: Range<u32>) -> bool {
        let about_book = |common: &Common| matches!(common, Common::Frame(_) | Common::Clear);
        let common = &self.seen.stretch.common;
        let first = common.partition_point(|(pos, _)| *pos < span.start);
        let within = common[first..].iter().take_while(|(pos, _)| *pos < span.end);
        within.map(|(_, common)| common).any(|common| !about_book(common))
    }

    /// What the maker would want at `now`, deciding on this; `None` where that is more than a way
    /// tells.
    pub(super) fn choice(&mut self, decided: &Decided, now: i64) -> Option<Quotes> {
        self.overhear(now);
        Quotes::of(&self.seat.maker.choice(&self.seen, &decided.on))
    }

    /// Ways were followed that it was not told of.
    pub(super) fn catch_up(&mut self, behind: Behind) {
        let Seat { truth, orders, .. } = &mut self.seat;
        self.followed += behind.ways;
        truth.tally.orders += behind.orders;
        truth.tally.cancels += behind.cancels;
        orders.count(behind.counts);
    }

    /// Go a way from where `from` rows happened. The orders are those of the page where the last
    /// way ends: until they are needed, nobody looks at ours, and market and venue stay behind.
    pub(super) fn follow(
        &mut self,
        from: u32,
        way: &Way,
        fills: impl Iterator<Item = Execution>,
        gate: &mut Gate,
    ) -> Result<(), CoreError> {
        let Self { world, seat, .. } = self;
        if !way.fills.is_empty() {
            world.skip(from, &mut seat.truth)?;
        }
        for execution in fills {
            seat.truth.on_fill(&execution)?;
            for (ts, reply) in seat.truth.replies() {
                if let Reply::Fill(fill, mid2) = reply {
                    seat.maker.on_fill(&fill, mid2, gate, UnixNanos(ts))?;
                }
            }
        }
        while seat.truth.next_due() <= way.now {
            let due = seat.truth.next_due();
            world.skip_to(due, &mut seat.truth)?;
            seat.truth.mark_out(world.touch(), due);
        }
        Ok(())
    }

    /// Market and venue come to a step where these rows happened, while nobody looks at our
    /// orders.
    pub(super) fn reach(&mut self, pos: u32, now: i64) -> Result<(), CoreError> {
        self.world.skip(pos, &mut self.seat.truth)?;
        self.now = now;
        self.overhear(now);
        Ok(())
    }

    /// Stand so with these orders, by these ids; the next order has this number.
    pub(super) fn stand(
        &mut self,
        stance: &Stance,
        feet: [&Foot; 2],
        (cloids, next): ([Option<Cloid>; 2], u64),
    ) {
        let Seat { maker, orders, truth, .. } = &mut self.seat;
        maker.stand((stance, &feet.map(|foot| foot.order)), cloids, next);
        orders.stand(feet.map(|foot| foot.resting.as_ref()), cloids, maker.account().position());
        truth.stand(maker.orders().live());
    }

    /// When something is seen that is worth waking for.
    #[inline]
    fn news(&mut self) -> i64 {
        let stretch = &*self.seen.stretch;
        let news = match self.minds {
            News::Prices => &stretch.priced,
            News::Sizes => &stretch.sized,
        };
        while news.get(self.next_news).is_some_and(|&at| (at as usize) < self.next) {
            self.next_news += 1;
        }
        let at = match self.seat.is_wary() {
            true => Some(self.next),
            false => news.get(self.next_news).map(|&at| at as usize),
        };
        at.and_then(|at| stretch.moments.get(at)).map_or(i64::MAX, |moment| moment.ts)
    }

    /// When funding may next be settled, as far as it did not happen by the last step.
    #[inline]
    fn settlement(&mut self) -> Option<i64> {
        let settlements = &self.seen.stretch.settlements;
        while settlements.get(self.next_settlement).is_some_and(|&ts| ts < self.now) {
            self.next_settlement += 1;
        }
        settlements.get(self.next_settlement).copied()
    }

    /// When something next may fill an order, or one arrives, if that is before `bound`.
    #[inline]
    fn stirs(&mut self, bound: i64) -> Option<i64> {
        let arrival = self.seat.inbox.due(|ts| self.world.next_row(ts));
        let fill = self.world.next_fill(bound.min(arrival), &self.seat.orders);
        Some(fill.unwrap_or(arrival)).filter(|&ts| ts < bound)
    }

    /// Hear what is heard by `now`.
    fn hear(&mut self, now: i64) {
        let moments = &self.seen.stretch.moments[self.next..];
        let heard = moments.iter().take_while(|moment| moment.ts <= now).count();
        self.listen(self.next + heard);
    }

    /// As [`Self::hear`], where much may have been heard since.
    fn overhear(&mut self, now: i64) {
        let moments = &self.seen.stretch.moments[self.next..];
        let heard = moments.partition_point(|moment| moment.ts <= now);
        self.listen(self.next + heard);
    }

    /// Hear the moments before the one `next`.
    fn listen(&mut self, next: usize) {
        if next > self.next {
            let seen = &mut self.seen;
            seen.moment = seen.stretch.moments[next - 1];
            seen.readings = seen.stretch.readings[seen.moment.readings as usize];
            self.seat.feed_latency = seen.moment.feed_latency;
            self.next = next;
        }
    }
}

impl Part for Playback {
    fn seat(&self) -> &Seat {
        &self.seat
    }

    fn seat_mut(&mut self) -> &mut Seat {
        &mut self.seat
    }

    fn is_done(&self) -> bool {
        self.seen.stretch.ends.is_some_and(|ends| self.now >= ends) && self.seat.is_idle()
    }

    fn wakes(&mut self, gate: &Gate, bound: i64) -> Result<i64, CoreError> {
        let own = self.seat.maker.wakes(&self.seen, gate).0;
        if own == i64::MIN {
            return Ok(own);
        }
        let (ends, until) = (self.seen.stretch.ends, self.seen.stretch.until);
        let is_over = ends.is_some_and(|ends| ends <= self.now);
        let ends = ends.filter(|_| !is_over).unwrap_or(i64::MAX);
        // What happens at a step is taken in at the next.
        let settlement = self.settlement().map_or(i64::MAX, |ts| ts + 1);
        let own = own.min(ends).min(self.news()).min(settlement);
        loop {
            let told = if is_over { self.seat.hears() } else { self.seat.surprises() };
            let wake = own.min(told);
            let Some(ts) = self.stirs(wake.min(bound)) else { return Ok(wake) };
            // Nothing is decided before `wake`, so that the venue may go ahead of our clock; with
            // other symbols on the account, one of them may wake us.
            if ts > until || !gate.is_alone() {
                return Ok(ts);
            }
            self.seat.happen_until(&mut self.world, ts + 1)?;
        }
    }

    fn advance(&mut self, now: i64, gate: &mut Gate) -> Result<(), CoreError> {
        self.now = now;
        // A fill within a long step is looked at before its end.
        while let Some(ts) = self.stirs(now - MARKOUT_NS[0]) {
            self.seat.happen_until(&mut self.world, ts + MARKOUT_NS[0])?;
        }
        self.seat.happen_until(&mut self.world, now)?;
        self.hear(now);
        self.seat.hear_replies(now, gate)?;
        Ok(())
    }

    /// It wakes for nothing else.
    fn stirs(&self, _: i64) -> bool {
        true
    }

    fn decide(&mut self, now: i64, gate: &mut Gate, out: &mut Commands) -> Result<(), CoreError> {
        self.seat.decide(&self.seen, now, gate, out);
        Ok(())
    }

    fn sample(&mut self, symbol: u16, now: i64) {
        self.seat.sample(symbol, now, self.world.touch());
    }
}

impl Seen {
    /// Look at the whole book as delivered by now: for what is rare.
    #[cold]
    fn whole<T>(&self, look: impl FnOnce(&Book) -> T) -> T {
        let mut whole = self.whole.borrow_mut();
        let start = || Box::new((0, self.stretch.seen.clone()));
        let whole = whole.get_or_insert_with(start);
        for at in whole.0..self.moment.delivered {
            let row: BookRow = self.stretch.delivered.row(at as usize);
            whole.1.apply(row);
        }
        whole.0 = self.moment.delivered;
        look(&whole.1)
    }
}

impl Sight for Seen {
    fn spec(&self) -> &InstrumentSpec {
        self.stretch.seen.spec()
    }

    fn touch(&self) -> Option<TouchQty> {
        self.moment.touch
    }

    fn state(&self) -> BookState {
        self.moment.state
    }

    fn heard(&self) -> UnixNanos {
        self.moment.heard
    }

    fn wakes(&self) -> UnixNanos {
        UnixNanos(i64::MAX)
    }

    fn mark(&self) -> Option<Px> {
        self.readings.mark
    }

    fn oracle(&self) -> Option<Px> {
        self.readings.oracle
    }

    fn sigma(&self) -> Option<f64> {
        self.readings.sigma.filter(|_| self.listens)
    }

    fn bias(&self) -> f64 {
        self.readings.bias
    }

    fn atr(&self) -> Option<f64> {
        self.readings.atr
    }

    fn pace(&self) -> Option<f64> {
        self.readings.pace
    }

    fn regime(&self) -> Option<Regime> {
        self.readings.regime
    }

    fn intensity(&self) -> Option<Intensity> {
        self.readings.intensity
    }

    /// Nothing: sets with probes are replayed one by one.
    fn probed(&self) -> Option<Intensity> {
        None
    }

    fn funding(&self) -> f64 {
        self.readings.funding
    }

    fn qty(&self, side: Side, px: Px) -> Lots {
        self.whole(|book| book.qty(side, px))
    }

    fn displayed(&self) -> Option<[Lots; 2]> {
        self.whole(displayed)
    }

    /// Nothing: sets with a fill model are replayed one by one.
    fn look(&self, _: UnixNanos) -> Option<TickLook> {
        None
    }
}
