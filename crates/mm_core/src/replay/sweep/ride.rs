//! Ride — sets that stand where another stood, and choose as it chose, follow it on its way.
//!
//! A set is played by itself until nothing of it is under way. From there on it only chooses: as
//! long as its choices were played before, their outcome is taken over; where one was not, the
//! set stands in its place and is played by itself again. Fills on the way are each set's own to
//! count, and so are its markouts and the looks at its account. Whatever else tells sets apart (a
//! refusal, funding, a gate with a rule in force) ends or forbids a ride.

use super::album::Album;
use super::album::Choice;
use super::album::Held;
use super::album::Page;
use super::album::Quotes;
use super::album::Standpoint;
use super::album::Way;
use super::playback::Playback;
use crate::error::CoreError;
use crate::order::CloidParts;
use crate::replay::drive::Part;
use crate::replay::drive::Run;
use crate::replay::seat::Seat;
use crate::replay::truth::Execution;
use crate::replay::truth::Tally;
use crate::risk::MicroUsd;
use crate::sim::OrderCounts;
use crate::sim::SimFill;
use crate::units::Cloid;
use crate::units::Side;
use crate::units::UnixNanos;
use std::sync::Arc;

/// The ids of the orders that stand, bids and asks, and the number of the next one.
#[derive(Clone, Copy, Debug)]
struct Ids {
    cloids: [Option<Cloid>; 2],
    next: u64,
}

/// A decision that is played for the first time: what stood before it.
#[derive(Debug)]
struct Departure {
    page: Arc<Page>,
    ids: Ids,
    before: Figures,
    /// What was chosen; `None` before, and where it was more than a way tells.
    choice: Option<Choice>,
    worst: MicroUsd,
}

/// All that a way may move; anything else forbids to follow it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Figures {
    tally: Tally,
    counts: OrderCounts,
    refusals: u64,
    contradictions: u64,
    changes: u64,
}

impl Figures {
    fn of(run: &Run<Playback>) -> Self {
        let seat = seat(run);
        let orders = seat.maker.orders();
        Self {
            tally: seat.truth.tally,
            counts: seat.orders.counts(),
            refusals: orders.refusals().values().sum(),
            contradictions: orders.contradictions(),
            changes: run.gate.changes_total(),
        }
    }
}

impl Run<Playback> {
    /// Replay every step up to and at a time, or to the end; where others of its kind stood and
    /// chose alike, as they went.
    pub(super) fn ride_until(
        &mut self,
        time: i64,
        (kind, album): (usize, &Album),
    ) -> Result<(), CoreError> {
        let mut departure: Option<Departure> = None;
        while !self.done {
            let next = self.next_step()?;
            if next > time {
                break;
            }
            let mut sampled = self.arrive(next)?;
            let page = self.standpoint(kind).map(|from| album.page(from));
            if let Some(departure) = departure.take() {
                departure.arrive(self, page.as_ref());
            }
            if let Some(page) = page {
                (departure, sampled) = self.ride(page, sampled)?;
            }
            self.decide(sampled)?;
            if let Some(departure) = &mut departure {
                departure.decided(self, album);
            }
        }
        Ok(())
    }

    /// Where this run stands at the present step; `None` where more counts than that tells.
    fn standpoint(&self, kind: usize) -> Option<Standpoint> {
        let [part] = &self.parts[..] else { return None };
        let seat = part.seat();
        if !self.is_trading() || !seat.is_idle() || seat.is_wary() || seat.truth.is_settled() {
            return None;
        }
        let pos = part.pos_before(self.now)?;
        let stance = seat.maker.stance()?;
        let resting = seat.orders.standing()?;
        let cloids = resting.each_ref().map(|order| order.as_ref().map(|order| order.cloid));
        let alike = cloids == seat.maker.standing_cloids();
        let resting = resting.map(|o| o.map(|order| order.named(Cloid(0))));
        let footing = self.gate.footing(seat.truth.symbol(), UnixNanos(self.now))?;
        alike.then_some(Standpoint { now: self.now, kind, pos, stance, resting, footing })
    }

    /// Follow known ways from a page as far as they lead; then stand where they led, and decide.
    fn ride(
        &mut self,
        page: Arc<Page>,
        sampled: bool,
    ) -> Result<(Option<Departure>, bool), CoreError> {
        let mut ids = Ids::of(seat(self));
        let (start, mut page, mut sampled) = (Arc::clone(&page), page, sampled);
        let known = loop {
            let Some(way) = self.chosen(&page) else { break false };
            let Some(way) = way.filter(|way| self.may_follow(way)) else { break true };
            let fills = way.fills.iter().map(|(held, execution)| ids.own(*held, execution));
            self.parts[0].follow(&way, fills, &mut self.gate)?;
            ids.follow(&way);
            self.now = way.to.from.now;
            sampled = self.look();
            page = Arc::clone(&way.to);
        };
        if !Arc::ptr_eq(&start, &page) {
            let Self { parts, gate, .. } = self;
            parts[0].stand(&page.from, ids.cloids, ids.next);
            gate.stand(parts[0].seat().truth.symbol(), &page.from.footing);
        }
        let departure = (!known).then(|| Departure::new(self, page, ids));
        Ok((departure, sampled))
    }

    /// The way of what this run chooses at a page; `None` where that was not played.
    fn chosen(&mut self, page: &Page) -> Option<Option<Arc<Way>>> {
        let decided = page.decided.get()?;
        let choice = match decided.is_due {
            true => Some(self.parts[0].choice(decided)?),
            false => None,
        };
        page.way(choice)
    }

    /// Whether what tells this run from the one that went this way changes nothing on it.
    fn may_follow(&self, way: &Way) -> bool {
        let truth = &seat(self).truth;
        !truth.is_due_at(way.to.from.now) && self.gate.bears(truth.symbol(), way.worst)
    }
}

impl Ids {
    fn of(seat: &Seat) -> Self {
        let (cloids, orders) = (seat.maker.standing_cloids(), seat.maker.orders());
        Self { cloids, next: orders.sequence() }
    }

    /// The ids after a way: orders that were placed on it take the numbers that come next.
    fn follow(&mut self, way: &Way) {
        let named = |side: Side| way.held[side.index()].and_then(|held| self.named(held, side));
        (self.cloids, self.next) = (Side::BOTH.map(named), self.next + way.numbers);
    }

    /// The id of an order that was met on a way from here.
    fn named(&self, held: Held, side: Side) -> Option<Cloid> {
        match held {
            Held::Before => self.cloids[side.index()],
            Held::Placed(id) => Some(CloidParts { sequence: self.next + id.sequence, ..id }.pack()),
        }
    }

    /// A fill on a way from here, as one of our orders.
    fn own(&self, held: Held, execution: &Execution) -> Execution {
        let named = self.named(held, execution.fill.side);
        let cloid = named.expect("invariant: an order that traded stood or was placed");
        Execution { fill: SimFill { cloid, ..execution.fill }, ..*execution }
    }

    /// Which order this is, on a way from here.
    fn held(&self, side: Side, cloid: Cloid) -> Held {
        if self.cloids[side.index()] == Some(cloid) {
            return Held::Before;
        }
        let id = CloidParts::unpack(cloid);
        Held::Placed(CloidParts { sequence: id.sequence - self.next, ..id })
    }
}

impl Departure {
    fn new(run: &mut Run<Playback>, page: Arc<Page>, ids: Ids) -> Self {
        run.parts[0].seat_mut().truth.listen();
        Self { page, ids, before: Figures::of(run), choice: None, worst: MicroUsd(0) }
    }

    /// The decision was made: what was chosen, and what the gate had to bear for it.
    fn decided(&mut self, run: &Run<Playback>, album: &Album) {
        let maker = &seat(run).maker;
        let Some(on) = maker.considered() else { return };
        let wanted = || Quotes::of(maker.wanted_last());
        self.choice = match album.decide(&self.page, on).is_due {
            true => wanted().map(Some),
            false => Some(None),
        };
        self.worst = run.gate.worst(seat(run).truth.symbol());
    }

    /// The run wakes again: what followed is noted, at `page` where nothing is under way there.
    fn arrive(self, run: &Run<Playback>, page: Option<&Arc<Page>>) {
        if let Some(choice) = self.choice {
            let way = page.and_then(|page| self.way(run, page));
            self.page.lead(choice, way);
        }
    }

    /// What led to a page, where every set of this kind that chooses alike would go the same way.
    fn way(&self, run: &Run<Playback>, page: &Arc<Page>) -> Option<Way> {
        let (before, after) = (self.before, Figures::of(run));
        let tally = Tally { rejects: before.tally.rejects, lost: before.tally.lost, ..after.tally };
        let same = Figures { tally, counts: after.counts, ..before } == after;
        let (part, from, to) = (&run.parts[0], &self.page.from, &page.from);
        let fills = seat(run).truth.heard();
        let told = !fills.is_empty() && part.is_told(from.pos..to.pos);
        if !same || told || part.may_settle(from.now..to.now) {
            return None;
        }
        let ids = Ids::of(seat(run));
        let fills = fills.iter().map(|e| (self.ids.held(e.fill.side, e.fill.cloid), *e));
        let held = |side: Side| Some(self.ids.held(side, ids.cloids[side.index()]?));
        Some(Way {
            to: Arc::clone(page),
            orders: after.tally.orders - before.tally.orders,
            cancels: after.tally.cancels - before.tally.cancels,
            counts: after.counts.since(before.counts),
            numbers: ids.next - self.ids.next,
            held: Side::BOTH.map(held),
            fills: fills.collect(),
            worst: self.worst,
        })
    }
}

fn seat(run: &Run<Playback>) -> &Seat {
    run.parts[0].seat()
}
