//! Album — the steps of one stretch at which sets stand with nothing under way, earliest first.
//!
//! A page is such a step, with all sets that stand there. From it lead the ways of what may be
//! chosen there: each to the page where the orders that followed are all answered. A page is
//! turned once, when every set that may come to it is there.

use crate::engine::Considered;
use crate::engine::Stance;
use crate::order::CloidParts;
use crate::order::Order;
use crate::queue::Resting;
use crate::quote::Ladder;
use crate::quote::Target;
use crate::replay::truth::Execution;
use crate::risk::Burden;
use crate::risk::Footing;
use crate::sim::OrderCounts;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use std::collections::BTreeMap;

/// Where a run stands at a step before it decides, but for its orders: runs of one kind that stand
/// on the same ground, with the same orders, go on alike where they choose alike.
#[derive(Debug, PartialEq)]
pub(super) struct Ground {
    pub(super) now: i64,
    /// Rows that happened at the venue.
    pub(super) pos: u32,
    pub(super) stance: Stance,
    pub(super) footing: Footing,
}

/// The order of a side, as the maker and as the venue knows it, without its id.
#[derive(Debug, PartialEq)]
pub(super) struct Foot {
    pub(super) order: Option<Order>,
    pub(super) resting: Option<Resting>,
}

/// How a run stands: the ground, and the orders, bids and asks.
#[derive(Debug)]
pub(super) struct Standpoint {
    pub(super) ground: Ground,
    pub(super) feet: [Foot; 2],
}

/// A step, with the grounds there and who stands on them.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) grounds: Vec<(Ground, Vec<Stander>)>,
    /// Orders, bids and asks.
    pub(super) feet: [Vec<Foot>; 2],
}

/// Who stands with which orders, bids and asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stander {
    pub(super) rider: usize,
    pub(super) feet: [usize; 2],
}

/// A place in the album: the step, the ground of that step, the orders.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) now: i64,
    pub(super) ground: usize,
    pub(super) feet: [usize; 2],
}

/// What a decision at a page is made on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decided {
    /// Whether there is anything to decide.
    pub(super) is_due: bool,
    /// The number of what it is made on, of all within the stretch.
    pub(super) number: u32,
    pub(super) on: Considered,
}

/// What is chosen at a page; `None` where there is nothing to decide.
pub(super) type Choice = Option<Quotes>;

/// One wanted quote a side at most, bids and asks: all that a way is told by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Quotes(pub(super) [Option<(Px, Lots)>; 2]);

impl Quotes {
    /// The quotes of a ladder of one level and no bound; `None` for others.
    pub(super) fn of(ladder: &Ladder) -> Option<Self> {
        let inner = |target: &Target| target.level == 0 && !target.takes;
        let simple = |side| match ladder.side(side) {
            [] => true,
            [target] => inner(target) && ladder.most(side) == Lots(i64::MAX),
            _ => false,
        };
        let first = |side| ladder.side(side).first().map(|target| (target.px, target.size));
        Side::BOTH.into_iter().all(simple).then(|| Self(Side::BOTH.map(first)))
    }
}

/// What follows a choice until nothing is under way again.
#[derive(Debug)]
pub(super) struct Way {
    /// Where it ends: the step, and the rows that happened at the venue.
    pub(super) now: i64,
    pub(super) pos: u32,
    pub(super) orders: u64,
    pub(super) cancels: u64,
    pub(super) counts: OrderCounts,
    /// How many numbers were given to orders.
    pub(super) numbers: u64,
    /// The orders that stand at the end, bids and asks.
    pub(super) held: [Option<Held>; 2],
    /// What traded, and which order it was.
    pub(super) fills: Vec<(Held, Execution)>,
    /// What the gate had to bear.
    pub(super) burden: Burden,
}

/// An order that was met on a way.
#[derive(Clone, Copy, Debug)]
pub(super) enum Held {
    /// The one of its side that stood at the beginning.
    Before,
    /// It was placed on the way: its id, numbered from the first order that was.
    Placed(CloidParts),
}

/// The pages of one stretch that were not turned yet.
#[derive(Debug, Default)]
pub(super) struct Album {
    pages: BTreeMap<i64, Page>,
    /// What decisions were made on: all but the touch, and the numbers of both together.
    modes: Vec<Considered>,
    inputs: BTreeMap<(i64, i64, usize), u32>,
    choices: Choices,
}

/// All that was chosen, by number.
#[derive(Debug, Default)]
pub(super) struct Choices {
    known: Vec<Choice>,
    numbers: BTreeMap<Choice, u32>,
}

impl Choices {
    /// The number of a choice.
    pub(super) fn number(&mut self, choice: Choice) -> u32 {
        let Self { known, numbers } = self;
        *numbers.entry(choice).or_insert_with(|| {
            known.push(choice);
            known.len() as u32 - 1
        })
    }

    /// The choice of a number.
    pub(super) fn of(&self, number: u32) -> Choice {
        self.known[number as usize]
    }
}

impl Album {
    /// The place of a standpoint, a new one where nobody stood there.
    pub(super) fn place(&mut self, on: Standpoint) -> Place {
        let Standpoint { ground, feet: [bid, ask] } = on;
        let now = ground.now;
        let page = self.pages.entry(now).or_default();
        let grounds = &mut page.grounds;
        let at = grounds.iter().position(|known| known.0 == ground);
        let ground = at.unwrap_or_else(|| {
            grounds.push((ground, Vec::new()));
            grounds.len() - 1
        });
        let [bids, asks] = &mut page.feet;
        Place { now, ground, feet: [number(bids, bid), number(asks, ask)] }
    }

    /// The order of a side at a place.
    pub(super) fn foot(&self, place: Place, side: usize) -> &Foot {
        let page = self.pages.get(&place.now);
        let foot = page.and_then(|page| page.feet[side].get(place.feet[side]));
        foot.expect("invariant: a way leads to a page")
    }

    /// The number of an order of a side at the page of a step.
    pub(super) fn number(&mut self, now: i64, side: Side, foot: Foot) -> usize {
        number(&mut self.pages.entry(now).or_default().feet[side.index()], foot)
    }

    /// These come to stand on the ground of a place.
    pub(super) fn join(&mut self, place: Place, standers: &[Stander]) {
        let there =
            self.pages.get_mut(&place.now).and_then(|page| page.grounds.get_mut(place.ground));
        there.expect("invariant: a way leads to a page").1.extend_from_slice(standers);
    }

    /// Take out the page of the earliest step.
    pub(super) fn turn(&mut self) -> Option<Page> {
        self.pages.pop_first().map(|(_, page)| page)
    }

    /// A decision on some ground was made on this.
    pub(super) fn decided(&mut self, from: &Ground, on: Considered) -> Decided {
        let modes = &mut self.modes;
        let mode = modes.iter().position(|mode| mode.is_like(&on)).unwrap_or_else(|| {
            modes.push(on);
            modes.len() - 1
        });
        let (bid, ask) = on.touch().map_or((0, 0), |touch| (touch.bid.0, touch.ask.0));
        let next = self.inputs.len() as u32;
        let number = *self.inputs.entry((bid, ask, mode)).or_insert(next);
        Decided { is_due: from.stance.differs(&on), number, on }
    }

    /// All that was chosen.
    pub(super) fn choices(&mut self) -> &mut Choices {
        &mut self.choices
    }
}

/// The number of something among those that are known, which it joins if it is new.
fn number<T: PartialEq>(known: &mut Vec<T>, new: T) -> usize {
    known.iter().position(|one| *one == new).unwrap_or_else(|| {
        known.push(new);
        known.len() - 1
    })
}
