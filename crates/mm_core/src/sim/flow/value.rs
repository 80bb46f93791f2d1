//! What the synthetic market is worth: news that all symbols share, news of its own, and the
//! passing pressure of uninformed flow.

use crate::sim::flow::config::FlowConfig;
use crate::sim::flow::random::Rng;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

/// Share of the variance that comes in jumps rather than steadily. Recorded mids of Hyperliquid
/// stand still in four of five half seconds and then move several ticks at once.
const JUMP_SHARE: f64 = 0.95;
/// Jumps per second at normal activity; share of them that follow another one, and how soon.
const JUMPS_PER_S: f64 = 0.25;
const FOLLOW: f64 = 0.4;
const FOLLOW_S: f64 = 20.0;
/// Of the jumps, those that are news, and how many times larger they are.
const NEWS_SHARE: f64 = 0.01;
const NEWS_FACTOR: f64 = 5.0;
/// How long makers take to learn of news.
const LAG_S: f64 = 0.15;
/// The logarithm of activity wanders with this deviation and time.
const MOOD_SD: f64 = 0.5;
const MOOD_S: f64 = 2_400.0;
/// Basis of the perpetual over its oracle, in basis points, and its time.
const BASIS_MEAN_BPS: f64 = 0.8;
const BASIS_SD_BPS: f64 = 2.5;
const BASIS_S: f64 = 14_400.0;
const DAY_S: f64 = 86_400.0;
/// The busiest hour of the day, UTC.
const PEAK_S: f64 = 15.0 * 3_600.0;
const BPS: f64 = 1e-4;

/// What the whole exchange shares: block clock, activity and common news.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct World {
    rng: Rng,
    now: UnixNanos,
    /// Activity of 1 is normal.
    pub(super) activity: f64,
    pub(super) dt: f64,
    level: f64,
    mood: f64,
    /// Activity that recent jumps add.
    excited: f64,
    second: i64,
    /// Common news of this block in units of one standard deviation or jump scale, and the coin
    /// that says whose jumps count.
    normal: f64,
    jump: f64,
    coin: f64,
}

impl World {
    pub(super) fn new(seed: u64, start: UnixNanos) -> Self {
        let mut rng = Rng::new(seed, 0);
        let mood = MOOD_SD * rng.normal();
        let mut world = Self {
            rng,
            now: start,
            activity: 1.0,
            dt: 0.0,
            level: 1.0,
            mood,
            excited: 0.0,
            second: -1,
            normal: 0.0,
            jump: 0.0,
            coin: 0.0,
        };
        world.step();
        world
    }

    /// The time of the block that comes next.
    pub(super) fn now(&self) -> UnixNanos {
        self.now
    }

    /// Draw the next block. Every symbol of a seed draws the same.
    pub(super) fn step(&mut self) {
        // Measured spacing of blocks: at least 45 ms, half within 68 ms; stamps are whole ms.
        let ms = 50 + self.rng.below(41) as i64;
        self.now.0 = self.now.0 - self.now.0 % 1_000_000 + ms * 1_000_000;
        self.dt = ms as f64 * 1e-3;
        let second = self.now.0 / 1_000_000_000;
        if second != self.second {
            self.second = second;
            self.mood -= self.mood / MOOD_S;
            self.mood += MOOD_SD * libm::sqrt(2.0 / MOOD_S) * self.rng.normal();
            let phase = (second % 86_400) as f64 - PEAK_S;
            let daily = 0.25 * libm::cos(2.0 * std::f64::consts::PI * phase / DAY_S);
            self.level = libm::exp(self.mood - MOOD_SD * MOOD_SD / 2.0 + daily);
        }
        self.excited *= 1.0 - self.dt / FOLLOW_S;
        self.activity = self.level * (1.0 - FOLLOW) + self.excited;
        self.normal = self.rng.normal();
        self.jump = draw_jump(&mut self.rng, self.activity * self.dt);
        self.coin = self.rng.uniform();
        if self.jump != 0.0 {
            self.excited += FOLLOW / (FOLLOW_S * JUMPS_PER_S);
        }
    }
}

/// A jump in units of its scale, or 0.
fn draw_jump(rng: &mut Rng, exposure: f64) -> f64 {
    if !rng.chance(JUMPS_PER_S * exposure) {
        return 0.0;
    }
    let size = if rng.chance(NEWS_SHARE) { NEWS_FACTOR } else { 1.0 };
    size * rng.laplace()
}

/// Logarithms of one symbol's prices.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Value {
    /// All news so far.
    news: f64,
    /// What makers know of it.
    seen: f64,
    /// Passing pressure of uninformed flow.
    pressure: f64,
    basis: f64,
    decay_s: f64,
    common: f64,
    sigma: f64,
    jump_scale: f64,
    basis_due: f64,
}

impl Value {
    pub(super) fn new(config: &FlowConfig) -> Self {
        let news = libm::log(config.price);
        let sigma = config.sigma_bps * BPS;
        let square = 1.0 + NEWS_SHARE * (NEWS_FACTOR * NEWS_FACTOR - 1.0);
        let jump_scale = sigma * libm::sqrt(JUMP_SHARE / (2.0 * square * JUMPS_PER_S));
        Self {
            news,
            seen: news,
            pressure: 0.0,
            basis: BASIS_MEAN_BPS * BPS,
            decay_s: config.impact_s,
            common: config.common,
            sigma,
            jump_scale,
            basis_due: 0.0,
        }
    }

    /// Move by one block of the shared world.
    pub(super) fn step(&mut self, world: &World, rng: &mut Rng) {
        let dt = world.dt;
        let own = libm::sqrt(1.0 - self.common) * rng.normal();
        let steady = libm::sqrt(self.common) * world.normal + own;
        let scale = self.sigma * libm::sqrt((1.0 - JUMP_SHARE) * world.level * dt);
        let jump = if world.coin <= self.common {
            world.jump
        } else {
            draw_jump(rng, world.activity * dt)
        };
        self.news += scale * steady + self.jump_scale * jump;
        self.seen += (self.news - self.seen) * (1.0 - libm::exp(-dt / LAG_S));
        self.pressure *= 1.0 - (dt / self.decay_s).min(1.0);
        self.basis_due += dt;
        if self.basis_due >= 1.0 {
            let pull = self.basis_due / BASIS_S;
            self.basis += pull * (BASIS_MEAN_BPS * BPS - self.basis);
            self.basis += BASIS_SD_BPS * BPS * libm::sqrt(2.0 * pull) * rng.normal();
            self.basis_due = 0.0;
        }
    }

    /// News leads the value a share of the way to `log_price`: what is certain to come.
    pub(super) fn lead(&mut self, log_price: f64, share: f64) {
        self.news += share.min(1.0) * (log_price - self.news);
    }

    /// News from outside, in basis points.
    pub(super) fn shock(&mut self, bps: f64) {
        self.news += bps * BPS;
    }

    /// An uninformed market order moves what makers think, for a while.
    pub(super) fn press(&mut self, log_move: f64) {
        self.pressure += log_move;
    }

    /// An informed market order tells makers a share of what they did not know.
    pub(super) fn learn(&mut self, share: f64) {
        self.seen += share * (self.news - self.seen);
    }

    /// The price makers quote around.
    pub(super) fn fair(&self) -> f64 {
        libm::exp(self.seen + self.pressure)
    }

    /// The price they would quote around if they knew all news.
    pub(super) fn informed(&self) -> f64 {
        libm::exp(self.news + self.pressure)
    }

    /// The price of the oracle.
    pub(super) fn oracle(&self) -> f64 {
        libm::exp(self.news - self.basis)
    }
}
