//! Halves — what becomes of single orders on ways on which nothing traded, put together anew.
//!
//! On some ground everybody who is at ease wakes at the same next step, whatever its orders are,
//! and orders that trade with nobody do not know of each other. So an order that stays fares as
//! it did on another way, as one does that goes before it trades, and one that comes: together
//! they make a way that nobody has gone. Numbers are given in the order of sending, bids first.

use super::album::Choice;
use super::album::Held;
use super::album::Place;
use super::album::Way;
use super::troupe::Road;
use crate::order::CloidParts;
use crate::order::Order;
use crate::risk::Burden;
use crate::risk::Exposure;
use crate::sim::OrderCounts;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;

/// What a side wants; `None` where there is nothing to decide.
type Wanted = Option<Option<(Px, Lots)>>;

/// What became of orders of one side.
#[derive(Debug, Default)]
struct Fates {
    /// Where one is that stayed: before, and at the end.
    stayed: Vec<(usize, usize)>,
    /// Those that went.
    gone: Vec<usize>,
    come: Vec<Come>,
    /// No order, at the end.
    none: Option<usize>,
}

/// An order that came.
#[derive(Clone, Copy, Debug)]
struct Come {
    wanted: (Px, Lots),
    to: usize,
    id: CloidParts,
    counts: OrderCounts,
}

/// What becomes of a side.
#[derive(Clone, Copy, Debug)]
struct Half {
    to: usize,
    gone: bool,
    stayed: bool,
    come: Option<Come>,
}

/// Of how many sides it is not known what becomes of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Unknown {
    One,
    Both,
}

/// All of some ground.
#[derive(Debug, Default)]
pub(super) struct Halves {
    /// Where all ways lead, and what some orders weigh there.
    to: Option<((i64, u32, usize), Burden)>,
    fates: [Fates; 2],
}

impl Halves {
    /// Note what became of each order on a road, where that does not take the others. `stood` are
    /// those before.
    pub(super) fn note(&mut self, road: &Road, stood: [Option<&Order>; 2]) {
        let Road { way, to, .. } = road;
        let id = way.held.map(|held| match held {
            Some(Held::Placed(id)) => Some(id),
            Some(Held::Before) | None => None,
        });
        let stayed = way.held.map(|held| matches!(held, Some(Held::Before)));
        let come = id.iter().flatten().count() as u64;
        let gone = [0, 1].map(|i| stood[i].is_some() && !stayed[i]);
        let told = come == way.orders && sum(gone) == way.cancels && come == way.numbers;
        // Which of two new orders was counted is not known.
        let plain = way.counts == OrderCounts::default() || come == 1;
        let there = (to.now, way.pos, to.ground);
        let alone = way.fills.is_empty() && told && plain;
        if !alone || self.to.get_or_insert((there, way.burden)).0 != there {
            return;
        }
        for i in [0, 1] {
            let (foot, to, fates) = (road.feet[i], to.feet[i], &mut self.fates[i]);
            match (id[i], road.choice.and_then(|quotes| quotes.0[i])) {
                (Some(id), Some(wanted)) if fates.come.iter().all(|o| o.wanted != wanted) => {
                    fates.come.push(Come { wanted, to, id, counts: way.counts });
                }
                (None, _) if stayed[i] && fates.stayed.iter().all(|o| o.0 != foot) => {
                    fates.stayed.push((foot, to));
                }
                (None, _) if !stayed[i] => fates.none = Some(to),
                _ => {}
            }
            if gone[i] && !fates.gone.contains(&foot) {
                fates.gone.push(foot);
            }
        }
    }

    /// The road with these orders and this choice, where the fate of each is known; `stays` tells
    /// whether one stays.
    ///
    /// # Errors
    /// Of how many sides that is not known.
    pub(super) fn road(
        &self,
        (feet, stood): ([usize; 2], [Option<Order>; 2]),
        choice: Choice,
        stays: impl Fn(&Order, (Px, Lots)) -> Option<bool>,
    ) -> Result<Road, Unknown> {
        let Some(((now, pos, ground), burden)) = self.to else { return Err(Unknown::Both) };
        let half = |i: usize| {
            let wanted = choice.map(|quotes| quotes.0[i]);
            let stay = match (&stood[i], wanted) {
                (Some(order), Some(Some(wanted))) => stays(order, wanted)?,
                (Some(_), None) => true,
                (Some(_), Some(None)) | (None, _) => false,
            };
            let stood = stood[i].map(|_| feet[i]);
            if stay {
                self.fates[i].stays(feet[i])
            } else {
                self.fates[i].moves(stood, wanted)
            }
        };
        let halves = match [half(0), half(1)] {
            [Some(bid), Some(ask)] => [bid, ask],
            [None, None] => return Err(Unknown::Both),
            [Some(_), None] | [None, Some(_)] => return Err(Unknown::One),
        };
        let mut exposure = Exposure::default();
        for (side, half) in Side::BOTH.into_iter().zip(halves) {
            if let Some(order) = stood[side.index()] {
                exposure.add(side, order.px, order.at_risk());
            }
            if let Some(Come { wanted: (px, size), .. }) = half.come {
                exposure.add(side, px, size);
            }
        }
        let came = halves.map(|half| half.come.is_some());
        let counts = halves.map(|half| half.come.map_or(OrderCounts::default(), |c| c.counts));
        let way = Way {
            now,
            pos,
            orders: sum(came),
            cancels: sum(halves.map(|half| half.gone)),
            counts: counts[0].and(counts[1]),
            numbers: sum(came),
            held: [halves[0].held(0), halves[1].held(u64::from(came[0]))],
            fills: Vec::new(),
            burden: burden.with(exposure),
        };
        let to = Place { now, ground, feet: halves.map(|half| half.to) };
        Ok(Road { feet, choice, way, to })
    }
}

impl Fates {
    /// An order stays.
    fn stays(&self, foot: usize) -> Option<Half> {
        let to = self.stayed.iter().find(|stayed| stayed.0 == foot)?.1;
        Some(Half { to, gone: false, stayed: true, come: None })
    }

    /// The order that stood goes, if there is one, and another comes where one is wanted.
    fn moves(&self, stood: Option<usize>, wanted: Wanted) -> Option<Half> {
        if stood.is_some_and(|foot| !self.gone.contains(&foot)) {
            return None;
        }
        let come = match wanted.flatten() {
            Some(wanted) => Some(*self.come.iter().find(|come| come.wanted == wanted)?),
            None => None,
        };
        let to = come.map_or(self.none, |come| Some(come.to))?;
        Some(Half { to, gone: stood.is_some(), stayed: false, come })
    }
}

impl Half {
    /// The order at the end; a new one has this number.
    fn held(&self, sequence: u64) -> Option<Held> {
        let placed = |come: Come| Held::Placed(CloidParts { sequence, ..come.id });
        if self.stayed {
            Some(Held::Before)
        } else {
            self.come.map(placed)
        }
    }
}

/// How many.
fn sum(of: [bool; 2]) -> u64 {
    of.into_iter().map(u64::from).sum()
}
