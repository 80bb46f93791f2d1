//! Two sides of levels: a touch that follows the value, and sizes that come and go.

use crate::event::LevelQty;
use crate::sim::flow::grid::Grid;
use crate::sim::flow::random::Rng;
use crate::units::Lots;
use crate::units::Side;

/// Ticks of a ring; those in use are at most `FAR`.
const RING: usize = 128;
/// Ticks behind the touch that hold sizes; 20 levels are shown, a few ticks are empty.
const DEEP: i64 = 32;
/// Sizes further behind are forgotten.
const FAR: i64 = 80;
/// Ticks behind the touch whose sizes change.
const BUSY: u64 = 24;
/// Changes of levels per second on both sides at normal activity; the touch has a double share.
/// Recorded frames of 20 levels a side differ from the one before in 24 to 28 of 40.
const CHANGES_PER_S: f64 = 85.0;
/// A maker leaves when the value is past its price by this many ticks, and asks for this edge.
const STALE: f64 = 0.6;
const EDGE: f64 = 0.05;
/// How soon an open spread is closed, per second.
const CLOSE_PER_S: f64 = 10.0;
/// Share of ticks without orders, behind the touch.
const HOLES: f64 = 0.02;
/// Orders at a level, on average; sigma of the logarithm of a level's size.
const ORDERS: f64 = 4.0;
const SIGMA: f64 = 0.9;

/// Sizes of one side by tick.
#[derive(Debug)]
struct Ladder {
    /// +1 for bids, -1 for asks: a better tick is a greater `sign * tick`.
    sign: i64,
    qty: [i64; RING],
    best: i64,
    /// The worst tick whose size is known.
    worst: i64,
}

impl Ladder {
    fn at(&mut self, tick: i64) -> &mut i64 {
        &mut self.qty[tick.rem_euclid(RING as i64) as usize]
    }

    fn get(&self, tick: i64) -> i64 {
        self.qty[tick.rem_euclid(RING as i64) as usize]
    }

    /// Ticks from the touch to `tick`, positive behind it.
    fn behind(&self, tick: i64) -> i64 {
        self.sign * (self.best - tick)
    }

    /// Move the touch; what is new gets a size, what was better is gone.
    fn move_to(&mut self, best: i64, draw: &mut impl FnMut(bool) -> i64) {
        let ahead = self.behind(best);
        if ahead.abs() >= DEEP {
            self.worst = best + self.sign; // Nothing is known any more.
        }
        for step in 0..(-ahead).clamp(0, DEEP) {
            *self.at(best - self.sign * step) = draw(true);
        }
        self.best = best;
        if self.get(best) == 0 {
            *self.at(best) = draw(true);
        }
        if self.behind(self.worst) > FAR {
            self.worst = best - self.sign * FAR;
        }
        while self.behind(self.worst) < DEEP {
            self.worst -= self.sign;
            *self.at(self.worst) = draw(self.worst == best);
        }
    }
}

/// The book.
#[derive(Debug)]
pub(super) struct Levels {
    sides: [Ladder; 2],
    /// Lots of a usual order.
    order: i64,
}

impl Levels {
    /// A full book around a value in ticks.
    pub(super) fn new(rng: &mut Rng, fair: f64, order: i64) -> Self {
        let touch = libm::floor(fair) as i64;
        let ladder = |sign, best| Ladder { sign, qty: [0; RING], best, worst: best + sign };
        let mut levels = Self { sides: [ladder(1, touch), ladder(-1, touch + 1)], order };
        levels.move_to(Side::Bid, touch, rng);
        levels.move_to(Side::Ask, touch + 1, rng);
        levels
    }

    pub(super) fn best(&self, side: Side) -> i64 {
        self.sides[side.index()].best
    }

    pub(super) fn qty(&self, side: Side, tick: i64) -> i64 {
        self.sides[side.index()].get(tick)
    }

    /// Orders that a size is likely to be made of.
    pub(super) fn orders(&self, qty: i64) -> i64 {
        1 + (qty / self.order).min(24)
    }

    /// Remove what a taker gets at the touch of a side, which then may be empty.
    pub(super) fn take(&mut self, side: Side, size: i64) -> i64 {
        let ladder = &mut self.sides[side.index()];
        let best = ladder.best;
        let taken = size.min(ladder.get(best));
        *ladder.at(best) -= taken;
        taken
    }

    /// Put the touch where the next size rests, after a taker emptied it.
    pub(super) fn fall_back(&mut self, side: Side, rng: &mut Rng) {
        let ladder = &mut self.sides[side.index()];
        let mut tick = ladder.best;
        while ladder.get(tick) == 0 && ladder.behind(tick) < DEEP {
            tick -= ladder.sign;
        }
        self.move_to(side, tick, rng);
    }

    /// Makers follow the value: stale touches leave at once, an open spread is closed soon.
    pub(super) fn quote(&mut self, rng: &mut Rng, fair: f64, dt: f64) {
        for side in Side::BOTH {
            let sign = side.sign();
            let edge = sign as f64 * (fair - self.best(side) as f64);
            if edge < -STALE {
                self.move_to(side, fit(side, fair), rng);
            }
        }
        for side in Side::BOTH {
            let sign = side.sign();
            let limit = self.best(side.opposite()) - sign;
            let wish = fit(side, fair);
            let wish = if sign * (wish - limit) > 0 { limit } else { wish };
            if sign * (wish - self.best(side)) > 0 && rng.chance(CLOSE_PER_S * dt) {
                self.move_to(side, wish, rng);
            }
        }
    }

    /// Orders come and go, towards the usual size of a level.
    pub(super) fn churn(&mut self, rng: &mut Rng, activity: f64, dt: f64) {
        let usual = ORDERS * self.order as f64;
        for _ in 0..rng.poisson(CHANGES_PER_S * (0.6 + 0.4 * activity) * dt) {
            let pick = rng.below(2 * (BUSY + 1));
            let behind = (pick / 2).saturating_sub(1) as i64;
            let order = 1 + (self.order as f64 * rng.exponential()) as i64;
            let ladder = &mut self.sides[(pick % 2) as usize];
            let tick = ladder.best - ladder.sign * behind;
            let before = ladder.get(tick);
            let least = if behind == 0 { 1 } else { 0 };
            *ladder.at(tick) = if rng.chance(usual / (usual + before as f64)) {
                before + order
            } else {
                (before - order).max(least)
            };
        }
    }

    /// The best levels of a side that hold a size.
    pub(super) fn top(&self, side: Side, depth: usize, grid: Grid, out: &mut Vec<LevelQty>) {
        let ladder = &self.sides[side.index()];
        let ticks = (0..DEEP).map(|behind| ladder.best - ladder.sign * behind);
        let level = |(tick, qty)| LevelQty {
            px: grid.px(tick),
            qty: Lots(qty),
            n: self.orders(qty) as u32,
        };
        let held = ticks.map(|tick| (tick, ladder.get(tick))).filter(|(_, qty)| *qty > 0);
        out.clear();
        out.extend(held.take(depth).map(level));
    }

    fn move_to(&mut self, side: Side, best: i64, rng: &mut Rng) {
        let usual = ORDERS * self.order as f64;
        let mut draw = |touch: bool| {
            if !touch && rng.chance(HOLES) {
                return 0;
            }
            1 + (usual * rng.lognormal(SIGMA)) as i64
        };
        self.sides[side.index()].move_to(best, &mut draw);
    }
}

/// The best tick at which a maker has its edge.
fn fit(side: Side, fair: f64) -> i64 {
    match side {
        Side::Bid => libm::floor(fair - EDGE) as i64,
        Side::Ask => libm::ceil(fair + EDGE) as i64,
    }
}
