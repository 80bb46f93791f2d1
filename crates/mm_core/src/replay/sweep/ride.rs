//! Ride — a set that stands where another stood, and chooses as it chose, follows it on its way.
//!
//! A set is played by itself until nothing of it is under way. From there on it only chooses: as
//! long as somebody who stood there chose the same, the outcome is taken over; where nobody did,
//! the set stands in its place and is played by itself again. Positions are each set's own, as
//! fills on the way, markouts and looks at the account are; limits have to bear what was
//! approved. Whatever else tells sets apart (a refusal, funding, a gate with a rule in force)
//! ends or forbids a ride.

use super::album::Choice;
use super::album::Choices;
use super::album::Decided;
use super::album::Foot;
use super::album::Ground;
use super::album::Held;
use super::album::Quotes;
use super::album::Standpoint;
use super::album::Way;
use super::playback::Playback;
use super::recall::Recall;
use super::solo::Solo;
use crate::engine::Considered;
use crate::error::CoreError;
use crate::order::CloidParts;
use crate::order::Order;
use crate::replay::drive::Part;
use crate::replay::drive::Run;
use crate::replay::seat::Seat;
use crate::replay::truth::Execution;
use crate::replay::truth::Tally;
use crate::risk::Burden;
use crate::risk::Footing;
use crate::risk::Room;
use crate::sim::OrderCounts;
use crate::sim::SimFill;
use crate::units::Cloid;
use crate::units::DurationNanos;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use crate::units::UnixNanos;

/// A run of one symbol that may ride.
#[derive(Debug)]
pub(super) struct Rider<'a> {
    poise: Poise,
    ids: Ids,
    /// The ways that it followed and that its run was not told of.
    behind: Behind,
    run: &'a mut Run<Playback>,
    recall: Recall,
    /// Where its stretch ends.
    until: i64,
}

/// What of a run is asked at every page, side by side: nothing of it changes on a way without
/// fills, markouts and looks at the account.
#[derive(Clone, Copy, Debug)]
struct Poise {
    /// Whether nothing tells it apart but what it chooses and holds.
    calm: bool,
    position: Lots,
    room: Room,
    /// When a markout is due, and the next look at the account.
    due: i64,
    look: i64,
}

/// What was counted on ways that a run was not told of yet: meanwhile its orders are those of its
/// page, and not yet its own.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Behind {
    pub(super) ways: u64,
    pub(super) orders: u64,
    pub(super) cancels: u64,
    pub(super) counts: OrderCounts,
}

/// The ids of the orders that stand, bids and asks, and the number of the next one.
#[derive(Clone, Copy, Debug)]
struct Ids {
    cloids: [Option<Cloid>; 2],
    next: u64,
}

/// What came of a decision that a rider made for itself.
#[derive(Debug, Default)]
pub(super) struct Played {
    /// What the decision was made on, where that holds for all who stand there.
    pub(super) on: Option<Considered>,
    /// What was chosen and what followed, where others may follow.
    pub(super) way: Option<(Choice, Way)>,
    /// Where it stands next; `None` at the end of the stretch.
    pub(super) to: Option<Standpoint>,
    /// When the venue took in what was decided, and what was known of the market.
    pub(super) sent: Option<(i64, Footing)>,
}

/// What stood before a decision.
#[derive(Debug)]
struct Departure {
    ids: Ids,
    before: Figures,
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

impl<'a> Rider<'a> {
    pub(super) fn new(run: &'a mut Run<Playback>, until: i64) -> Self {
        let (ids, poise) = (Ids::of(seat(run)), Poise::of(run));
        Self { poise, ids, behind: Behind::default(), run, recall: Recall::default(), until }
    }

    /// Go on by itself until it stands with nothing under way; `None` at the end of the stretch.
    pub(super) fn walk(&mut self) -> Result<Option<Standpoint>, CoreError> {
        while let Some(sampled) = self.step()? {
            if let Some(to) = self.standpoint() {
                self.poise = Poise::of(self.run);
                return Ok(Some(to));
            }
            self.run.decide(sampled)?;
        }
        Ok(None)
    }

    /// Go to the next step; whether the account was looked at there.
    fn step(&mut self) -> Result<Option<bool>, CoreError> {
        if self.run.done {
            return Ok(None);
        }
        let next = self.run.next_step()?;
        (next <= self.until).then(|| self.run.arrive(next)).transpose()
    }

    /// Where it stands at the present step; `None` where more counts than that tells.
    fn standpoint(&mut self) -> Option<Standpoint> {
        let run = &*self.run;
        let (part, seat) = (&run.parts[0], seat(run));
        if !run.is_trading() || !seat.is_idle() || seat.is_wary() || seat.truth.is_settled() {
            return None;
        }
        let pos = part.pos_before(run.now)?;
        let stance = seat.maker.stance()?;
        let ([bid, ask], resting) = (seat.maker.standing()?, seat.orders.standing()?);
        let cloids = resting.each_ref().map(|order| order.as_ref().map(|order| order.cloid));
        let footing = run.gate.footing(seat.truth.symbol(), UnixNanos(run.now))?;
        let ids = Ids::of(seat);
        if cloids != ids.cloids {
            return None;
        }
        let [bids, asks] = resting.map(|o| o.map(|order| order.named(Cloid(0))));
        let feet = [Foot { order: bid, resting: bids }, Foot { order: ask, resting: asks }];
        self.ids = ids;
        Some(Standpoint { ground: Ground { now: run.now, pos, stance, footing }, feet })
    }

    /// Whether an order stays where this is wanted, as [`crate::engine::Maker::stays`] says.
    pub(super) fn stays(&self, order: &Order, wanted: (Px, Lots)) -> Option<bool> {
        seat(self.run).maker.stays(order, wanted)
    }

    /// Whether its budget of messages, full now, is full again so long after one decision.
    pub(super) fn refills(&self, after: i64) -> bool {
        self.run.gate.refills(DurationNanos(after))
    }

    /// Whether nothing tells it apart but what it chooses and holds.
    #[inline]
    pub(super) fn is_calm(&self) -> bool {
        self.poise.calm
    }

    /// What it chooses, deciding on this; `None` where that is more than a way tells.
    pub(super) fn choice(
        &mut self,
        decided: &Decided,
        now: i64,
        choices: &mut Choices,
    ) -> Option<u32> {
        if !decided.is_due {
            return Some(choices.number(None));
        }
        let Self { poise, run, recall, .. } = self;
        recall.chosen(decided, poise.position, || {
            run.parts[0].choice(decided, now).map(|quotes| choices.number(Some(quotes)))
        })
    }

    /// Whether what tells it from the one that went this way changes nothing on it.
    pub(super) fn may_follow(&self, way: &Way) -> bool {
        let Poise { position, room, due, .. } = self.poise;
        let marked = due <= way.now && seat(self.run).truth.is_due_at(way.now);
        !marked && room.bears(position, &way.burden)
    }

    /// Go a way from some ground.
    pub(super) fn follow(&mut self, from: &Ground, way: &Way) -> Result<(), CoreError> {
        let Self { poise, ids, behind, run, .. } = self;
        behind.follow(way);
        if !way.fills.is_empty() || way.now >= poise.due.min(poise.look) {
            let Run { parts, gate, .. } = &mut **run;
            let fills = way.fills.iter().map(|(held, execution)| ids.own(*held, execution));
            parts[0].follow(from.pos, way, fills, gate)?;
            run.now = way.now;
            if run.is_look_due() {
                run.parts[0].reach(way.pos, way.now)?;
                run.look();
            }
            *poise = Poise::of(run);
        }
        ids.follow(way);
        Ok(())
    }

    /// Decide for itself on some ground with these orders, and go on until it stands again.
    pub(super) fn play(&mut self, from: &Ground, feet: [&Foot; 2]) -> Result<Played, CoreError> {
        self.stand(from, feet)?;
        let calm = self.is_calm();
        let departure = Departure::new(self.run, self.ids);
        self.run.decide(true)?;
        let on = seat(self.run).maker.considered().filter(|_| calm);
        let choice = on.and_then(|on| chosen(from, &on, self.run));
        let (burden, symbol) = (self.burden(), seat(self.run).truth.symbol());
        let sent = (self.run.parts[0].arrival(), self.run.gate.market(symbol));
        let Some(sampled) = self.step()? else { return Ok(Played { on, ..Played::default() }) };
        self.poise = Poise::of(self.run);
        let Some(to) = self.standpoint() else {
            self.run.decide(sampled)?;
            return Ok(Played { on, to: self.walk()?, ..Played::default() });
        };
        let way = || departure.way(self.run, (from, &to.ground), (self.ids, burden));
        let way = choice.and_then(|choice| Some((choice, way()?)));
        Ok(Played { on, way, to: Some(to), sent: Some(sent) })
    }

    /// Its venue, for one order at a time.
    pub(super) fn solo(&self) -> Solo {
        self.run.parts[0].solo(&self.run.gate)
    }

    /// Take these orders for its own, if it rode to this ground.
    fn stand(&mut self, on: &Ground, feet: [&Foot; 2]) -> Result<(), CoreError> {
        let behind = std::mem::take(&mut self.behind);
        if behind.ways > 0 {
            let Run { parts, gate, now, .. } = &mut *self.run;
            *now = on.now;
            parts[0].catch_up(behind);
            parts[0].reach(on.pos, on.now)?;
            parts[0].stand(&on.stance, feet, (self.ids.cloids, self.ids.next));
            gate.stand(parts[0].seat().truth.symbol(), &on.footing);
        }
        Ok(())
    }

    fn burden(&mut self) -> Burden {
        let Seat { maker, truth, .. } = self.run.parts[0].seat_mut();
        self.run.gate.burden(truth.symbol(), maker.exposure())
    }
}

/// What was chosen on some ground; `None` where it was more than a way tells.
fn chosen(from: &Ground, on: &Considered, run: &Run<Playback>) -> Option<Choice> {
    match from.stance.differs(on) {
        true => Quotes::of(seat(run).maker.wanted_last()).map(Some),
        false => Some(None),
    }
}

impl Poise {
    fn of(run: &Run<Playback>) -> Self {
        let (seat, gate) = (seat(run), &run.gate);
        let symbol = seat.truth.symbol();
        Self {
            calm: gate.is_at_rest(symbol),
            position: seat.maker.account().position(),
            room: gate.room(symbol),
            due: seat.truth.next_due(),
            look: run.next_look(),
        }
    }
}

impl Behind {
    fn follow(&mut self, way: &Way) {
        self.ways += 1;
        self.orders += way.orders;
        self.cancels += way.cancels;
        self.counts = self.counts.and(way.counts);
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
    fn new(run: &mut Run<Playback>, ids: Ids) -> Self {
        run.parts[0].seat_mut().truth.listen();
        Self { ids, before: Figures::of(run) }
    }

    /// What led to where it stands now, if every set of this kind that chooses alike would go the
    /// same way.
    fn way(
        &self,
        run: &Run<Playback>,
        (from, to): (&Ground, &Ground),
        (ids, burden): (Ids, Burden),
    ) -> Option<Way> {
        let (before, after) = (self.before, Figures::of(run));
        let tally = Tally { rejects: before.tally.rejects, lost: before.tally.lost, ..after.tally };
        let same = Figures { tally, counts: after.counts, ..before } == after;
        let part = &run.parts[0];
        let fills = seat(run).truth.heard();
        let told = !fills.is_empty() && part.is_told(from.pos..to.pos);
        if !same || told || part.may_settle(from.now..to.now) {
            return None;
        }
        let fills = fills.iter().map(|e| (self.ids.held(e.fill.side, e.fill.cloid), *e));
        let held = |side: Side| Some(self.ids.held(side, ids.cloids[side.index()]?));
        Some(Way {
            now: to.now,
            pos: to.pos,
            orders: after.tally.orders - before.tally.orders,
            cancels: after.tally.cancels - before.tally.cancels,
            counts: after.counts.since(before.counts),
            numbers: ids.next - self.ids.next,
            held: Side::BOTH.map(held),
            fills: fills.collect(),
            burden,
        })
    }
}

fn seat(run: &Run<Playback>) -> &Seat {
    run.parts[0].seat()
}
