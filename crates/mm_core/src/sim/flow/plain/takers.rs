//! Takers: uninformed ones in waves that repeat their side, informed ones on news the book lags.

use crate::event::Print;
use crate::instrument::InstrumentSpec;
use crate::sim::flow::config::FlowConfig;
use crate::sim::flow::grid::Grid;
use crate::sim::flow::plain::levels::Levels;
use crate::sim::flow::random::Rng;
use crate::sim::flow::value::Value;
use crate::sim::flow::value::World;
use crate::sim::flow::wave;
use crate::sim::flow::wave::Wave;
use crate::sim::flow::wave::LEARN;
use crate::sim::flow::wave::TINY_USD;
use crate::units::Lots;
use crate::units::Side;
use crate::units::UnixNanos;

/// Levels that one taker eats at most, and prints of one level.
const LEVELS_MAX: usize = 4;
const PRINTS_MAX: i64 = 8;

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
    wave: Wave,
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
            wave: Wave::default(),
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
        for _ in 0..self.wave.takers(self.takers_per_s, world, &mut self.rng) {
            let sign = self.wave.side(&mut self.rng);
            let usd = wave::taker_usd(&mut self.rng, self.taker_usd);
            self.take(sign, usd, levels, prints);
            value.press(wave::pressure(sign, usd, (self.taker_usd, self.impact_bps)));
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
        let (worth, least) = wave::worth(&self.grid, value.informed());
        for side in Side::BOTH {
            let sign = side.sign() as f64;
            let edge = sign * (worth - levels.best(side.opposite()) as f64) / least;
            if edge < 1.0 {
                continue;
            }
            for _ in 0..self.rng.poisson(self.informed_per_s * edge.min(4.0) * world.dt) {
                let usd = wave::informed_usd(&mut self.rng, self.taker_usd);
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
