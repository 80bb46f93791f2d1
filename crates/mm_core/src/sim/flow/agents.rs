//! Who trades on the synthetic exchange: makers, uninformed takers and informed takers.
//!
//! Makers post around the value they see and cancel with a hazard that falls with age, at once
//! where the value has moved past their price. Uninformed takers come in waves and mostly repeat
//! their side. Informed takers trade while the book lags behind the news.

use crate::instrument::pow10;
use crate::instrument::InstrumentSpec;
use crate::sim::flow::config::FlowConfig;
use crate::sim::flow::grid::Grid;
use crate::sim::flow::lob::Lob;
use crate::sim::flow::lob::OrderRef;
use crate::sim::flow::random::Rng;
use crate::sim::flow::value::Value;
use crate::sim::flow::value::World;
use crate::sim::flow::wave;
use crate::sim::flow::wave::Wave;
use crate::sim::flow::wave::BPS;
use crate::sim::flow::wave::LEARN;
use crate::sim::flow::wave::TINY_USD;
use crate::units::Side;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

/// Cancel hazard by age: until this age in seconds, this rate per second. The last age is the
/// greatest that an order reaches.
const HAZARD: [(f64, f64); 4] = [(1.0, 0.45), (5.0, 0.16), (30.0, 0.05), (240.0, 0.015)];
/// An order this many ticks behind the touch stays twice as long.
const PATIENT_TICKS: f64 = 8.0;
/// Share of orders that join the best price their value allows.
const JOIN: f64 = 0.6;
/// Of the others, those that rest far away and keep a side from running dry, and how far.
const FAR: f64 = 0.1;
const FAR_FACTOR: f64 = 20.0;
/// Makers keep at least this distance from the value, in ticks, and cancel when it is worse than
/// the second, at the rate per second and tick of the third.
const EDGE_MIN: f64 = 0.05;
const EDGE_STALE: f64 = -0.6;
const STALE_PER_S: f64 = 3.0;
/// While the spread is open, makers hurry by this factor.
const HURRY: f64 = 3.0;
/// Sigma of the logarithm of order values.
const ORDER_SIGMA: f64 = 1.5;
/// Uninformed takers do not pay more than this beyond the best price.
const SLIP_BPS: f64 = 3.0;

/// A slot of the wheel holds the cancels of 2^26 ns, about one block.
const WHEEL_SHIFT: u32 = 26;
const WHEEL_SLOTS: usize = 4_096;

/// The traders and their plans.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Agents {
    rng: Rng,
    grid: Grid,
    spec: InstrumentSpec,
    wheel: Vec<Vec<OrderRef>>,
    wheel_at: i64,
    wave: Wave,
}

impl Agents {
    pub(super) fn new(config: &FlowConfig, rng: Rng) -> Self {
        let spec = InstrumentSpec::hyperliquid(config.size_decimals);
        Self {
            rng,
            grid: Grid::new(spec.px_decimals),
            spec,
            wheel: vec![Vec::new(); WHEEL_SLOTS],
            wheel_at: config.start.0 >> WHEEL_SHIFT,
            wave: Wave::default(),
        }
    }

    /// Put the orders of ten seconds into an empty book.
    pub(super) fn seed(&mut self, config: &FlowConfig, lob: &mut Lob, price: f64) {
        let fair = self.grid.ticks(price);
        for _ in 0..(config.adds_per_s * 10.0) as u32 {
            self.add(config, lob, fair, config.start);
        }
    }

    /// One block: post-only orders, then cancels, then takers, as the venue sorts them.
    pub(super) fn block(
        &mut self,
        config: &FlowConfig,
        world: &World,
        value: &mut Value,
        lob: &mut Lob,
    ) {
        let price = value.fair();
        let fair = self.grid.ticks(price);
        let open = lob.best(Side::Ask).saturating_sub(lob.best(Side::Bid)) > 1;
        let hurry = if open { HURRY } else { 1.0 };
        let rate = config.adds_per_s * (0.6 + 0.4 * world.activity) * hurry;
        for _ in 0..self.rng.poisson(rate * world.dt) {
            self.add(config, lob, fair, world.now());
        }
        self.cancel_due(lob, world.now());
        self.cancel_stale(lob, fair, world.dt);
        self.take_uninformed(config, world, value, lob);
        self.take_informed(config, world, value, lob);
    }

    fn add(&mut self, config: &FlowConfig, lob: &mut Lob, fair: f64, now: UnixNanos) {
        let side = if self.rng.chance(0.5) { Side::Bid } else { Side::Ask };
        let behind = if self.rng.chance(JOIN) {
            0
        } else {
            let reach = if self.rng.chance(FAR) { FAR_FACTOR } else { 2.0 };
            1 + (reach * config.depth_ticks * self.rng.uniform()) as i64
        };
        let touch = match side {
            Side::Bid => {
                let fit = libm::floor(fair - EDGE_MIN) as i64;
                fit.min(lob.best(Side::Ask).saturating_sub(1))
            }
            Side::Ask => {
                let fit = libm::ceil(fair + EDGE_MIN) as i64;
                fit.max(lob.best(Side::Bid).saturating_add(1))
            }
        };
        let tick = touch - side.sign() * behind;
        let usd = wave::usd(&mut self.rng, config.order_usd, ORDER_SIGMA);
        let size = self.size(usd, tick);
        let life = self.life() * (1.0 + behind as f64 / PATIENT_TICKS);
        if let Some(order) = lob.add(side, tick, size) {
            let due = (now.0 + (life * 1e9) as i64) >> WHEEL_SHIFT;
            let due = due.clamp(self.wheel_at + 1, self.wheel_at + WHEEL_SLOTS as i64 - 1);
            self.wheel[due as usize % WHEEL_SLOTS].push(order);
        }
    }

    /// How long an order stays if nothing happens to it, in seconds.
    fn life(&mut self) -> f64 {
        let mut left = self.rng.exponential();
        let mut from = 0.0;
        for (until, rate) in HAZARD {
            let spent = (until - from) * rate;
            if left < spent {
                return from + left / rate;
            }
            left -= spent;
            from = until;
        }
        from
    }

    /// A value to lots; every third person likes round numbers, the venue wants 10 dollars.
    fn size(&mut self, usd: f64, tick: i64) -> i64 {
        let px = self.grid.px(tick);
        let lots = self.spec.lots_for(usd.max(TINY_USD), px).0;
        let least = self.spec.lots_for(10.0, px).0 + 1;
        if !self.rng.chance(0.35) {
            return lots.max(least);
        }
        let unit = pow10(lots.max(1).ilog10());
        ((lots + unit / 2) / unit * unit).max(least)
    }

    fn cancel_due(&mut self, lob: &mut Lob, now: UnixNanos) {
        let until = now.0 >> WHEEL_SHIFT;
        while self.wheel_at < until {
            self.wheel_at += 1;
            let slot = self.wheel_at as usize % WHEEL_SLOTS;
            let mut due = std::mem::take(&mut self.wheel[slot]);
            due.drain(..).for_each(|order| {
                lob.cancel(order);
            });
            self.wheel[slot] = due;
        }
    }

    /// Makers flee prices that the value has passed.
    fn cancel_stale(&mut self, lob: &mut Lob, fair: f64, dt: f64) {
        for side in Side::BOTH {
            let mut tick = lob.best(side);
            while !lob.is_empty(side) && side.sign() * (tick - lob.best(side)) <= 0 {
                let edge = side.sign() as f64 * (fair - tick as f64);
                if edge >= EDGE_STALE {
                    break;
                }
                let leave = 1.0 - libm::exp(edge * STALE_PER_S * dt);
                lob.cancel_some(tick, || self.rng.chance(leave));
                tick -= side.sign();
            }
        }
    }

    fn take_uninformed(
        &mut self,
        config: &FlowConfig,
        world: &World,
        value: &mut Value,
        lob: &mut Lob,
    ) {
        for _ in 0..self.wave.takers(config.takers_per_s, world, &mut self.rng) {
            let sign = self.wave.side(&mut self.rng);
            let usd = wave::taker_usd(&mut self.rng, config.taker_usd);
            let slip = 1.0 + sign * SLIP_BPS * BPS;
            let limit = self.grid.ticks(value.fair() * slip) + sign;
            self.take(lob, sign, usd, limit);
            value.press(wave::pressure(sign, usd, (config.taker_usd, config.impact_bps)));
        }
    }

    fn take_informed(
        &mut self,
        config: &FlowConfig,
        world: &World,
        value: &mut Value,
        lob: &mut Lob,
    ) {
        let (worth, least) = wave::worth(&self.grid, value.informed());
        for side in Side::BOTH {
            let sign = side.sign() as f64;
            let touch = lob.best(side.opposite());
            let edge = sign * (worth - touch as f64) / least;
            if lob.is_empty(side.opposite()) || edge < 1.0 {
                continue;
            }
            let rate = config.informed_per_s * edge.min(4.0);
            for _ in 0..self.rng.poisson(rate * world.dt) {
                let usd = wave::informed_usd(&mut self.rng, config.taker_usd);
                self.take(lob, sign, usd, worth - 0.5 * sign);
                value.learn(LEARN);
            }
        }
    }

    fn take(&mut self, lob: &mut Lob, sign: f64, usd: f64, limit: f64) {
        let (side, limit) = if sign > 0.0 {
            (Side::Bid, libm::floor(limit) as i64)
        } else {
            (Side::Ask, libm::ceil(limit) as i64)
        };
        let touch = lob.best(side.opposite());
        if !lob.is_empty(side.opposite()) {
            let size = self.size(usd, touch);
            lob.take(side, size, limit);
        }
    }
}
