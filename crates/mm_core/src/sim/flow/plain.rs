//! Plain — a market by its levels, a UTC day at a time: no orders, no matching, little work.
//!
//! The value is that of the order-by-order exchange. Makers are a touch that follows it and levels
//! whose sizes come and go; takers eat what stands at the touch. Days are independent: the value at
//! each midnight is a seeded walk, and the path of a day is drawn between two of its steps (a
//! Brownian bridge), so that any day can be made alone, in any order, and joins its neighbours.

mod levels;
mod show;
mod takers;
#[cfg(test)]
mod tests;

use crate::error::CoreError;
use crate::event::Rows;
use crate::instrument::InstrumentSpec;
use crate::sim::flow::config::FlowConfig;
use crate::sim::flow::config::FlowStreams;
use crate::sim::flow::grid::Grid;
use crate::sim::flow::plain::levels::Levels;
use crate::sim::flow::plain::show::Show;
use crate::sim::flow::plain::takers::Takers;
use crate::sim::flow::random::Rng;
use crate::sim::flow::value::Value;
use crate::sim::flow::value::World;
use crate::units::DurationNanos;
use crate::units::UnixNanos;

const DAY_NS: i64 = 86_400_000_000_000;
const DAY_S: f64 = 86_400.0;
/// The walk over days stands at the preset's price at the start of this day, 2026-01-05.
const BASE_DAY: i64 = 20_458;
/// A day begins this much earlier on the venue, so that messages are on their way at midnight.
const BEFORE: DurationNanos = DurationNanos::from_millis(2_000);
const BPS: f64 = 1e-4;

/// One symbol on one UTC day.
#[derive(Debug)]
pub struct Plain {
    spec: InstrumentSpec,
    grid: Grid,
    world: World,
    value: Value,
    rng: Rng,
    levels: Levels,
    takers: Takers,
    show: Show,
    end: UnixNanos,
    /// Logarithm of the price at the end of the day.
    target: f64,
}

impl Plain {
    /// The market at the start of the day that `config.start` is in.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] for a configuration outside its domain, and for streams other
    /// than the classic ones.
    pub fn new(config: FlowConfig) -> Result<Self, CoreError> {
        config.check()?;
        if config.streams != FlowStreams::Classic {
            let why = "of a plain market are the classic ones".to_owned();
            return Err(CoreError::BadArgument { name: "streams", why });
        }
        let day = config.start.0.div_euclid(DAY_NS);
        let tag = config
            .symbol
            .bytes()
            .fold(17, |tag: u64, b| tag.wrapping_mul(1_099_511_628_211).wrapping_add(u64::from(b)));
        let (open, target) = (log_price(&config, tag, day), log_price(&config, tag, day + 1));
        let config = FlowConfig {
            start: UnixNanos(day * DAY_NS),
            price: libm::exp(open),
            seed: of_day(config.seed, day),
            ..config
        };
        let spec = InstrumentSpec::hyperliquid(config.size_decimals);
        let grid = Grid::new(spec.px_decimals);
        let latency = config.latency;
        let begin = UnixNanos(config.start.0 - BEFORE.0 - latency.floor.0 - latency.jitter.0);
        let mut rng = Rng::new(config.seed, tag.wrapping_mul(8).wrapping_add(5));
        let lots = spec.lots_for(config.order_usd, grid.nearest(config.price)).0;
        Ok(Self {
            world: World::new(config.seed, begin),
            value: Value::new(&config),
            levels: Levels::new(&mut rng, grid.ticks(config.price), lots),
            takers: Takers::new(&config, grid, spec),
            show: Show::new(&config, grid, begin),
            end: UnixNanos(config.start.0 + DAY_NS),
            rng,
            target,
            spec,
            grid,
        })
    }

    /// Scales and grids of the symbol.
    #[must_use]
    pub fn spec(&self) -> &InstrumentSpec {
        &self.spec
    }

    /// Simulate and append the rows received by `until`, at most to the end of the day. Calls
    /// must end at times in order; how time is cut into calls changes nothing.
    ///
    /// The last row of a day stands at its last nanosecond, so that the next day, which is made
    /// apart, can say what it continues.
    ///
    /// # Errors
    /// [`CoreError::BadPayload`] when the merger refuses a message, which would be our own fault.
    pub fn step_until(&mut self, until: UnixNanos, out: &mut Rows) -> Result<(), CoreError> {
        let until = until.min(UnixNanos(self.end.0 - 1));
        loop {
            self.show.deliver(until, out)?;
            if self.show.waits() || self.world.now() > until {
                break;
            }
            self.block();
            self.world.step();
        }
        if until.0 == self.end.0 - 1 {
            self.show.end_day(until, out);
        }
        Ok(())
    }

    fn block(&mut self) {
        let now = self.world.now();
        let left_s = (self.end.0 - now.0) as f64 * 1e-9;
        self.value.step(&self.world, &mut self.rng);
        self.value.lead(self.target, self.world.dt / left_s.max(self.world.dt));
        // Takers meet the book as it was last shown.
        self.show.begin_block(now, &mut self.rng);
        let takers = &mut self.takers;
        takers.block(&self.world, &mut self.value, &mut self.levels, &mut self.show.prints);
        self.levels.quote(&mut self.rng, self.grid.ticks(self.value.fair()), self.world.dt);
        self.levels.churn(&mut self.rng, self.world.activity, self.world.dt);
        self.show.after_block(&self.levels, self.value.oracle());
    }
}

/// The seed of a day.
fn of_day(seed: u64, day: i64) -> u64 {
    seed ^ (day as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93)
}

/// Logarithm of the price at the start of a day: a walk that all symbols share in part.
fn log_price(config: &FlowConfig, tag: u64, day: i64) -> f64 {
    let step = |day: i64| {
        let seed = of_day(config.seed, day);
        let common = Rng::new(seed, 6).normal();
        let own = Rng::new(seed, tag.wrapping_mul(8).wrapping_add(7)).normal();
        libm::sqrt(config.common) * common + libm::sqrt(1.0 - config.common) * own
    };
    let (from, to, sign) =
        if day >= BASE_DAY { (BASE_DAY, day, 1.0) } else { (day, BASE_DAY, -1.0) };
    let steps: f64 = (from..to).map(step).sum();
    libm::log(config.price) + sign * steps * config.sigma_bps * BPS * libm::sqrt(DAY_S)
}
