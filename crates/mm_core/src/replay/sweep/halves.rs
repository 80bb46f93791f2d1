//! Halves — what becomes of single orders on ways on which nothing trades, put together.
//!
//! On some ground everybody who is at ease wakes at the same next step, whatever its orders are,
//! and orders that trade with nobody do not know of each other. So once one set has gone a way
//! from there, that of any other is known by what becomes of each of its orders at the venue
//! alone. Numbers are given in the order of sending, bids first.

use super::album::Album;
use super::album::Choice;
use super::album::Foot;
use super::album::Held;
use super::album::Place;
use super::album::Way;
use super::solo::Solo;
use super::solo::Span;
use super::troupe::Road;
use crate::order::CloidParts;
use crate::order::Order;
use crate::order::OrderState;
use crate::risk::Burden;
use crate::risk::Exposure;
use crate::sim::OrderCounts;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;

/// What a side wants.
type Wanted = (Px, Lots);

/// What became of orders of one side, as far as that was asked; `None` where it cannot be told.
#[derive(Debug, Default)]
struct Fates {
    /// Where one is that stays: before, and at the end.
    stays: Vec<(usize, Option<End>)>,
    goes: Vec<(usize, Option<OrderCounts>)>,
    comes: Vec<(Wanted, Option<End>)>,
    /// No order, at the end.
    none: Option<usize>,
}

/// Where an order is at the end, and what was counted of it.
type End = (usize, OrderCounts);

/// What becomes of a side: where its order is at the end.
#[derive(Clone, Copy, Debug)]
struct Half {
    to: usize,
    counts: OrderCounts,
    /// The order that stood goes.
    gone: bool,
    stayed: bool,
    came: Option<Wanted>,
}

/// What one way tells of all others from the same ground.
#[derive(Debug)]
struct Known {
    /// Where they lead: the step, the rows that happened, the ground.
    to: (i64, u32, usize),
    /// What some orders weigh there.
    burden: Burden,
    /// Whether something was sent, so that it is known when it arrives.
    sent: bool,
    /// An order that came, and its id.
    like: Option<(Order, CloidParts)>,
}

/// All of some ground.
#[derive(Debug, Default)]
pub(super) struct Halves {
    known: Option<Known>,
    fates: [Fates; 2],
}

/// Where single orders are looked at, and where they are kept.
pub(super) type Stage<'a> = (&'a mut Solo, &'a mut Album);

impl Halves {
    /// Take note of a road and how long it was, where nothing traded on it.
    pub(super) fn note(&mut self, road: &Road, span: &Span, (solo, album): Stage<'_>) {
        let Road { way, to, .. } = road;
        let placed = way.held.map(|held| match held {
            Some(Held::Placed(id)) => Some(id),
            Some(Held::Before) | None => None,
        });
        let came = placed.iter().flatten().count() as u64;
        let there = (to.now, way.pos, to.ground);
        let told = way.orders == came && way.numbers == came && way.fills.is_empty();
        if !told || self.known.as_ref().is_some_and(|known| known.to != there) {
            return;
        }
        let known = self.known.get_or_insert_with(|| {
            solo.open(span);
            Known { to: there, burden: way.burden, sent: false, like: None }
        });
        if !known.sent && way.orders + way.cancels > 0 {
            solo.open(span);
            known.sent = true;
        }
        let orders = [0, 1].map(|i| album.foot(*to, i).order.zip(placed[i]));
        known.like = known.like.or(orders[0]).or(orders[1]);
    }

    /// The way of these orders and this choice, and where it leads; `stays` tells whether one stays.
    /// `None` where that takes one to play.
    pub(super) fn way(
        &mut self,
        (feet, stood): ([usize; 2], [&Foot; 2]),
        choice: Choice,
        stays: impl Fn(&Order, Wanted) -> Option<bool>,
        (solo, album): Stage<'_>,
    ) -> Option<(Way, Place)> {
        let Self { known, fates } = self;
        let known = known.as_ref()?;
        let mut half = |i: usize| {
            let foot = (feet[i], stood[i]);
            let wanted = choice.map(|quotes| quotes.0[i]);
            let stay = match (&stood[i].order, wanted) {
                (Some(order), Some(Some(wanted))) => stays(order, wanted)?,
                (Some(_), None) => true,
                (Some(_), Some(None)) | (None, _) => false,
            };
            let mut side = At { side: Side::BOTH[i], known, solo, album };
            match stay {
                true => fates[i].stays(foot, &mut side),
                false => fates[i].moves(foot, wanted.flatten(), &mut side),
            }
        };
        let halves = [half(0)?, half(1)?];
        let came = halves.map(|half| half.came.is_some());
        let numbers = [0, u64::from(came[0])];
        let held = [0, 1].map(|i| halves[i].held(known, numbers[i]));
        let mut exposure = Exposure::default();
        for ((side, half), foot) in Side::BOTH.into_iter().zip(halves).zip(stood) {
            if let Some(order) = foot.order {
                exposure.add(side, order.px, order.at_risk());
            }
            if let Some((px, size)) = half.came {
                exposure.add(side, px, size);
            }
        }
        let (now, pos, ground) = known.to;
        let way = Way {
            now,
            pos,
            orders: sum(came),
            cancels: sum(halves.map(|half| half.gone)),
            counts: halves[0].counts.and(halves[1].counts),
            numbers: sum(came),
            held,
            fills: Vec::new(),
            burden: known.burden.with(exposure),
        };
        let to = Place { now, ground, feet: halves.map(|half| half.to) };
        Some((way, to))
    }
}

/// One side of a venue where single orders are looked at.
struct At<'a> {
    side: Side,
    known: &'a Known,
    solo: &'a mut Solo,
    album: &'a mut Album,
}

impl At<'_> {
    /// The number of such an order where the ways lead.
    fn number(&mut self, foot: Foot) -> usize {
        self.album.number(self.known.to.0, self.side, foot)
    }

    /// An order comes as another came.
    fn comes(&mut self, (px, size): Wanted, like: Order) -> Option<End> {
        let (resting, counts) = self.solo.comes(self.side, (px, size))?;
        let state = OrderState::Working { left: size };
        let order = Order { side: self.side, px, size, state, ..like };
        Some((self.number(Foot { order: Some(order), resting: Some(resting) }), counts))
    }
}

impl Fates {
    /// An order stays.
    fn stays(&mut self, (at, foot): (usize, &Foot), on: &mut At<'_>) -> Option<Half> {
        let end = find(&mut self.stays, at, || {
            let (resting, counts) = on.solo.stays(foot.resting.as_ref()?)?;
            let foot = Foot { order: foot.order, resting: Some(resting) };
            Some((on.number(foot), counts))
        });
        let (to, counts) = end?;
        Some(Half { to, counts, gone: false, stayed: true, came: None })
    }

    /// The order that stood goes, if there is one, and another comes where one is wanted.
    fn moves(
        &mut self,
        (at, foot): (usize, &Foot),
        wanted: Option<Wanted>,
        on: &mut At<'_>,
    ) -> Option<Half> {
        let known = on.known;
        let stood = foot.resting.as_ref();
        let left = match stood {
            Some(order) if known.sent => find(&mut self.goes, at, || on.solo.goes(order))?,
            Some(_) => return None,
            None => OrderCounts::default(),
        };
        let (to, counts) = match wanted {
            Some(wanted) => {
                let (like, _) = known.like?;
                find(&mut self.comes, wanted, || on.comes(wanted, like))?
            }
            None => {
                let none = || on.number(Foot { order: None, resting: None });
                (*self.none.get_or_insert_with(none), OrderCounts::default())
            }
        };
        let (gone, counts) = (stood.is_some(), left.and(counts));
        Some(Half { to, counts, gone, stayed: false, came: wanted })
    }
}

impl Half {
    /// The order at the end; a new one has this number.
    fn held(&self, known: &Known, sequence: u64) -> Option<Held> {
        match self.stayed {
            true => Some(Held::Before),
            false => {
                let (_, id) = known.like.filter(|_| self.came.is_some())?;
                Some(Held::Placed(CloidParts { sequence, ..id }))
            }
        }
    }
}

/// What is known by a key, found out where it is not.
fn find<K: Copy + PartialEq, V: Copy>(
    known: &mut Vec<(K, V)>,
    key: K,
    out: impl FnOnce() -> V,
) -> V {
    match known.iter().find(|one| one.0 == key) {
        Some(one) => one.1,
        None => {
            let value = out();
            known.push((key, value));
            value
        }
    }
}

/// How many.
fn sum(of: [bool; 2]) -> u64 {
    of.into_iter().map(u64::from).sum()
}
