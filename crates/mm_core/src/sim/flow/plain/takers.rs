//! Takers: uninformed ones in waves that repeat their side, informed ones on news the book lags.

use crate::event::Print;
use crate::instrument::InstrumentSpec;
use crate::sim::flow::config::FlowConfig;
use crate::sim::flow::grid::Grid;
use crate::sim::flow::plain::levels::Levels;
use crate::sim::flow::random::Rng;
use crate::sim::flow::value::Value;
use crate::sim::flow::value::World;
use crate::units::Lots;
use crate::units::Side;
use crate::units::UnixNanos;

/// Share of takers that follow another one, and within about this time.
const FOLLOW: f64 = 0.4;
const FOLLOW_S: f64 = 2.0;
/// Chance that a taker repeats the side of its wave, and that a wave draws a new one.
const REPEAT: f64 = 0.7;
const WAVE_TURNS: f64 = 0.15;
/// Share of takers of about the venue's minimum, its value, and sigma of the logarithm of others.
const TINY: f64 = 0.25;
const TINY_USD: f64 = 12.0;
const SIGMA: f64 = 1.9;
/// Informed takers are larger, and each tells makers a share of what they did not know.
const INFORMED_FACTOR: f64 = 5.0;
const INFORMED_EDGE_BPS: f64 = 0.3;
const LEARN: f64 = 0.1;
/// Levels that one taker eats at most, and prints of one level.
const LEVELS_MAX: usize = 4;
const PRINTS_MAX: i64 = 8;
const BPS: f64 = 1e-4;

/// Who trades, and how excited they are.
#[derive(Debug)]
pub(super) struct Takers {
    rng: Rng,
    grid: Grid,
    spec: InstrumentSpec,
    takers_per_s: f64,
    informed_per_s: f64,
    taker_usd: f64,
    impact_bps: f64,
    /// Extra rate of uninformed takers, per second.
    wave: f64,
    wave_side: f64,
    trade_id: u64,
    /// Time of the block.
    now: UnixNanos,
}

impl Takers {
    pub(super) fn new(config: &FlowConfig, grid: Grid, spec: InstrumentSpec) -> Self {
        let tag = config.symbol.bytes().fold(3, |tag: u64, b| tag * 257 + u64::from(b));
        Self {
            rng: Rng::new(config.seed, tag),
            grid,
            spec,
            takers_per_s: config.takers_per_s,
            informed_per_s: config.informed_per_s,
            taker_usd: config.taker_usd,
            impact_bps: config.impact_bps,
            wave: 0.0,
            wave_side: 1.0,
            now: config.start,
            // A day has fewer prints than this step, so ids of days do not meet.
            trade_id: (config.start.0 / 86_400_000_000_000).unsigned_abs() * 100_000_000,
        }
    }

    /// Take from the book what the takers of one block want; its prints are appended.
    pub(super) fn block(
        &mut self,
        world: &World,
        value: &mut Value,
        levels: &mut Levels,
        prints: &mut Vec<Print>,
    ) {
        self.now = world.now();
        self.wave *= 1.0 - (world.dt / FOLLOW_S).min(1.0);
        let alone = self.takers_per_s * (1.0 - FOLLOW) * (0.5 + 0.5 * world.activity);
        for _ in 0..self.rng.poisson((alone + self.wave) * world.dt) {
            self.wave += FOLLOW / FOLLOW_S;
            if self.rng.chance(WAVE_TURNS) {
                self.wave_side = self.rng.sign();
            }
            let with = if self.rng.chance(REPEAT) { 1.0 } else { -1.0 };
            let sign = with * self.wave_side;
            let tiny = self.rng.chance(TINY);
            let usd = if tiny { TINY_USD } else { self.taker_usd * self.rng.lognormal(SIGMA) };
            self.take(sign, usd, levels, prints);
            let heard = libm::sqrt(usd / self.taker_usd).min(4.0);
            value.press(sign * self.impact_bps * BPS * heard / 1.6);
        }
        self.informed(world, value, levels, prints);
    }

    fn informed(
        &mut self,
        world: &World,
        value: &mut Value,
        levels: &mut Levels,
        prints: &mut Vec<Print>,
    ) {
        let price = value.informed();
        let worth = self.grid.ticks(price);
        let least = (self.grid.ticks(price * (1.0 + INFORMED_EDGE_BPS * BPS)) - worth).max(1.0);
        for side in Side::BOTH {
            let sign = side.sign() as f64;
            let edge = sign * (worth - levels.best(side.opposite()) as f64) / least;
            if edge < 1.0 {
                continue;
            }
            for _ in 0..self.rng.poisson(self.informed_per_s * edge.min(4.0) * world.dt) {
                let usd = INFORMED_FACTOR * self.taker_usd * self.rng.lognormal(1.0);
                self.take(sign, usd, levels, prints);
                value.learn(LEARN);
            }
        }
    }

    fn take(&mut self, sign: f64, usd: f64, levels: &mut Levels, prints: &mut Vec<Print>) {
        let side = if sign > 0.0 { Side::Bid } else { Side::Ask };
        let rests = side.opposite();
        let px = self.grid.px(levels.best(rests));
        let mut left = self.spec.lots_for(usd.max(TINY_USD), px).0.max(1);
        for _ in 0..LEVELS_MAX {
            let tick = levels.best(rests);
            let before = levels.qty(rests, tick);
            let taken = levels.take(rests, left);
            self.print(side, tick, (taken, levels.orders(before), before), prints);
            left -= taken;
            if taken < before {
                break;
            }
            levels.fall_back(rests, &mut self.rng);
            if left == 0 {
                break;
            }
        }
    }

    /// Print a taken size as the orders it met: its share of the orders at the level.
    fn print(
        &mut self,
        side: Side,
        tick: i64,
        (taken, orders, before): (i64, i64, i64),
        prints: &mut Vec<Print>,
    ) {
        let share = taken as f64 / before as f64 * orders as f64;
        let pieces = (libm::ceil(share) as i64).clamp(1, PRINTS_MAX).min(taken);
        for piece in 0..pieces {
            let qty = taken * (piece + 1) / pieces - taken * piece / pieces;
            self.trade_id += 1;
            prints.push(Print {
                ts_exch: self.now,
                side,
                px: self.grid.px(tick),
                qty: Lots(qty),
                id: self.trade_id,
            });
        }
    }
}
