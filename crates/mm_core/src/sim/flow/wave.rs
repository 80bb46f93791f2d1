//! Waves of takers, as both synthetic exchanges have them: uninformed takers follow one another and
//! mostly repeat their side, informed ones are larger and come with what the book does not know.

use crate::sim::flow::grid::Grid;
use crate::sim::flow::random::Rng;
use crate::sim::flow::value::World;
use serde::Deserialize;
use serde::Serialize;

/// Share of uninformed takers that follow another one, and within about this time.
const FOLLOW: f64 = 0.4;
const FOLLOW_S: f64 = 2.0;
/// Chance that a taker repeats the side of its wave, and that a wave draws a new one.
const REPEAT: f64 = 0.7;
const WAVE_TURNS: f64 = 0.15;
/// Share of values of about the venue's minimum of 10 dollars, and that value.
const TINY: f64 = 0.25;
pub(super) const TINY_USD: f64 = 12.0;
/// Sigma of the logarithm of the other takers' values.
const TAKER_SIGMA: f64 = 1.9;
/// Informed takers act where the book is wrong by at least this and a tick; they are larger by a
/// factor, and each tells makers a share of what they did not know.
const EDGE_BPS: f64 = 0.3;
const INFORMED_FACTOR: f64 = 5.0;
pub(super) const LEARN: f64 = 0.1;
pub(super) const BPS: f64 = 1e-4;

/// How excited uninformed takers are.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Wave {
    /// Extra rate, per second.
    rate: f64,
    side: f64,
}

impl Default for Wave {
    fn default() -> Self {
        Self { rate: 0.0, side: 1.0 }
    }
}

impl Wave {
    /// How many uninformed takers come in a block, where so many come a second.
    pub(super) fn takers(&mut self, per_s: f64, world: &World, rng: &mut Rng) -> u32 {
        self.rate *= 1.0 - (world.dt / FOLLOW_S).min(1.0);
        let alone = per_s * (1.0 - FOLLOW) * (0.5 + 0.5 * world.activity);
        rng.poisson((alone + self.rate) * world.dt)
    }

    /// The side of the next one: +1 buys, -1 sells.
    pub(super) fn side(&mut self, rng: &mut Rng) -> f64 {
        self.rate += FOLLOW / FOLLOW_S;
        if rng.chance(WAVE_TURNS) {
            self.side = rng.sign();
        }
        let with = if rng.chance(REPEAT) { 1.0 } else { -1.0 };
        with * self.side
    }
}

/// The value of an order.
pub(super) fn usd(rng: &mut Rng, median: f64, sigma: f64) -> f64 {
    if rng.chance(TINY) {
        TINY_USD
    } else {
        median * rng.lognormal(sigma)
    }
}

/// The value of an uninformed taker.
pub(super) fn taker_usd(rng: &mut Rng, median: f64) -> f64 {
    usd(rng, median, TAKER_SIGMA)
}

/// The value of an informed taker.
pub(super) fn informed_usd(rng: &mut Rng, median: f64) -> f64 {
    INFORMED_FACTOR * median * rng.lognormal(1.0)
}

/// How far a taker of such a value pushes the price its way, as a fraction.
pub(super) fn pressure(sign: f64, usd: f64, (median, impact_bps): (f64, f64)) -> f64 {
    let heard = libm::sqrt(usd / median).min(4.0);
    sign * impact_bps * BPS * heard / 1.6
}

/// What the informed think a price is worth, and by how much a book must be wrong, in ticks.
pub(super) fn worth(grid: &Grid, price: f64) -> (f64, f64) {
    let worth = grid.ticks(price);
    (worth, (grid.ticks(price * (1.0 + EDGE_BPS * BPS)) - worth).max(1.0))
}
