//! Flow — a synthetic exchange, order by order, seeded, and what its streams would have shown.
//!
//! A fundamental value moves by news; makers post around it with a lag; uninformed takers pay the
//! spread and push the price for a while; informed takers trade on news that the book lags.
//! Matching is price-time FIFO; a block sorts post-only orders before cancels before takers.
//! Hypothetical orders ("ghosts") know their true place in the queue.

mod agents;
mod config;
mod contexts;
mod estimate;
mod ghost;
mod grid;
mod lob;
mod plain;
mod random;
mod record;
mod recorded;
#[cfg(test)]
mod tests;
mod value;
mod wave;

pub use config::FlowConfig;
pub use config::FlowLatency;
pub use config::FlowStreams;
pub use config::GhostPlan;
pub use estimate::calibrate_qpn;
pub use estimate::estimate_queue;
pub use estimate::QueueEstimates;
pub use estimate::QueueViews;
pub use ghost::Truth;
pub use ghost::TruthGhosts;
pub use ghost::TruthSamples;
pub use plain::Plain;
pub use recorded::recorded_truth;
pub use recorded::OrderAction;
pub use recorded::OrderRows;
pub use recorded::Probing;

use crate::error::CoreError;
use crate::event::Rows;
use crate::instrument::InstrumentSpec;
use crate::sim::flow::agents::Agents;
use crate::sim::flow::ghost::Ghosts;
use crate::sim::flow::grid::Grid;
use crate::sim::flow::lob::Lob;
use crate::sim::flow::random::Rng;
use crate::sim::flow::record::Recorder;
use crate::sim::flow::value::Value;
use crate::sim::flow::value::World;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

/// One symbol of the synthetic exchange.
#[derive(Debug, Serialize, Deserialize)]
pub struct Flow {
    config: FlowConfig,
    world: World,
    value: Value,
    rng: Rng,
    agents: Agents,
    lob: Lob,
    ghosts: Ghosts,
    recorder: Recorder,
    grid: Grid,
    spec: InstrumentSpec,
}

impl Flow {
    /// The exchange before its first block.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] for a configuration outside its domain.
    pub fn new(config: FlowConfig) -> Result<Self, CoreError> {
        config.check()?;
        let spec = InstrumentSpec::hyperliquid(config.size_decimals);
        let grid = Grid::new(spec.px_decimals);
        // A symbol's own generators are numbered by its name, so symbols may be made in any order.
        let tag = config
            .symbol
            .bytes()
            .fold(17, |tag: u64, b| tag.wrapping_mul(1_099_511_628_211).wrapping_add(u64::from(b)));
        let rng = |part: u64| Rng::new(config.seed, tag.wrapping_mul(8).wrapping_add(part));
        let mut lob = Lob::new(grid.ticks(config.price) as i64);
        let mut agents = Agents::new(&config, rng(1));
        agents.seed(&config, &mut lob, config.price);
        Ok(Self {
            world: World::new(config.seed, config.start),
            value: Value::new(&config),
            rng: rng(2),
            agents,
            lob,
            ghosts: Ghosts::new(config.ghosts, grid, config.start),
            recorder: Recorder::new(&config, grid, rng(3)),
            grid,
            spec,
            config,
        })
    }

    /// What it was made of.
    #[must_use]
    pub fn config(&self) -> &FlowConfig {
        &self.config
    }

    /// Scales and grids of the symbol.
    #[must_use]
    pub fn spec(&self) -> &InstrumentSpec {
        &self.spec
    }

    /// Simulate to `until` and append every row received by then, in order of delivery. How time
    /// is cut into calls changes nothing.
    ///
    /// # Errors
    /// [`CoreError::BadPayload`] when the merger refuses a message, which would be our own fault.
    pub fn step_until(&mut self, until: UnixNanos, out: &mut Rows) -> Result<(), CoreError> {
        while self.world.now() <= until {
            let now = self.world.now();
            self.block(now);
            self.recorder.deliver(now, out)?;
            self.world.step();
        }
        self.recorder.deliver(until, out)
    }

    /// News of this symbol alone: its value moves at once, in basis points; makers lag.
    pub fn shock(&mut self, bps: f64) {
        self.value.shock(bps);
    }

    /// Hand over what is known of ghosts since the last call; living ghosts come later.
    pub fn take_truth(&mut self) -> Truth {
        self.ghosts.take_truth()
    }

    fn block(&mut self, now: UnixNanos) {
        self.value.step(&self.world, &mut self.rng);
        self.lob.begin_block(self.grid.ticks(self.value.fair()) as i64);
        self.agents.block(&self.config, &self.world, &mut self.value, &mut self.lob);
        let fair = self.grid.nearest(self.value.fair());
        let size = self.spec.lots_for(self.config.order_usd, fair).0;
        self.ghosts.after_block(&mut self.lob, now, size);
        self.recorder.after_block(&self.lob, now, self.value.oracle());
    }
}
