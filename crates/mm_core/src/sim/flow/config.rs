//! What a synthetic market is made of, with presets that look like the real ones.

use crate::error::CoreError;
use crate::units::DurationNanos;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

/// Which of the venue's streams are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FlowStreams {
    /// 20 levels a side each half second, touch and trades per block (tier C).
    Classic,
    /// 20 levels each 5.4 s, 5 levels each 0.54 s, touch and trades per block (tier C).
    Modern,
    /// Every level change and trades per block (tier B).
    Full,
}

impl FlowStreams {
    /// The streams of this name.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] for any other name.
    pub fn from_name(name: &str) -> Result<Self, CoreError> {
        match name {
            "classic" => Ok(Self::Classic),
            "modern" => Ok(Self::Modern),
            "full" => Ok(Self::Full),
            other => Err(CoreError::BadArgument {
                name: "streams",
                why: format!("{other:?} is none of classic, modern, full"),
            }),
        }
    }
}

/// How long a message is on its way: a floor plus a log-normal part.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlowLatency {
    /// Never faster than this.
    pub floor: DurationNanos,
    /// Median of the random part; 0 makes the latency constant.
    pub jitter: DurationNanos,
    /// Sigma of the logarithm of the random part.
    pub spread: f64,
}

/// Hypothetical passive orders whose true queue position is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GhostPlan {
    /// One is placed this often; 0 places none.
    pub every: DurationNanos,
    /// And followed this long.
    pub horizon: DurationNanos,
    /// At the touch and up to this many ticks behind it, in turn.
    pub behind: u32,
}

/// A synthetic market: one symbol of the exchange.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlowConfig {
    /// Seed; symbols of one seed share block clock, activity and part of the news.
    pub seed: u64,
    /// Tells symbols of one seed apart.
    pub symbol: String,
    /// Simulated time begins here.
    pub start: UnixNanos,
    /// The venue's szDecimals: fixes both grids.
    pub size_decimals: u32,
    /// First price, in quote currency.
    pub price: f64,
    /// Volatility of the fundamental, in basis points per square root of a second.
    pub sigma_bps: f64,
    /// Share of the variance that all symbols have in common.
    pub common: f64,
    /// Rate of new limit orders, per second.
    pub adds_per_s: f64,
    /// Median value of a limit order, in quote currency.
    pub order_usd: f64,
    /// Mean distance behind the touch of orders that do not join it, in ticks.
    pub depth_ticks: f64,
    /// Rate of uninformed market orders, per second.
    pub takers_per_s: f64,
    /// Median value of a market order that is not tiny, in quote currency.
    pub taker_usd: f64,
    /// Root mean square move of the makers' value after an uninformed market order, decaying.
    pub impact_bps: f64,
    /// Decay time of that move.
    pub impact_s: f64,
    /// Rate of informed market orders while the touch is just wrong enough, per second.
    pub informed_per_s: f64,
    /// Recorded streams.
    pub streams: FlowStreams,
    /// Feed latency.
    pub latency: FlowLatency,
    /// Hypothetical orders.
    pub ghosts: GhostPlan,
}

/// Feed latency of a distant collector: 0.25 to 0.4 s, as recordings of 2025 and 2026 show.
const HYPERLIQUID_LATENCY: FlowLatency = FlowLatency {
    floor: DurationNanos::from_millis(200),
    jitter: DurationNanos::from_millis(90),
    spread: 0.5,
};

const NO_GHOSTS: GhostPlan =
    GhostPlan { every: DurationNanos(0), horizon: DurationNanos::from_millis(60_000), behind: 3 };

impl FlowConfig {
    /// The preset of a symbol.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] for a symbol without a preset.
    pub fn preset(symbol: &str) -> Result<Self, CoreError> {
        let btc = Self {
            seed: 1,
            symbol: symbol.to_owned(),
            start: UnixNanos(1_767_571_200_000_000_000),
            size_decimals: 5,
            price: 97_000.0,
            sigma_bps: 0.6,
            common: 0.7,
            adds_per_s: 60.0,
            order_usd: 9_000.0,
            depth_ticks: 15.0,
            takers_per_s: 1.2,
            taker_usd: 2_500.0,
            impact_bps: 0.36,
            impact_s: 15.0,
            informed_per_s: 2.5,
            streams: FlowStreams::Classic,
            latency: HYPERLIQUID_LATENCY,
            ghosts: NO_GHOSTS,
        };
        let market = |size_decimals, price, sigma_bps, adds_per_s| Self {
            size_decimals,
            price,
            sigma_bps,
            adds_per_s,
            ..btc.clone()
        };
        match symbol {
            "BTC" => Ok(btc),
            "ETH" => {
                Ok(Self { order_usd: 9_000.0, impact_bps: 0.5, ..market(4, 3_400.0, 0.75, 35.0) })
            }
            "SOL" => Ok(Self {
                order_usd: 7_000.0,
                taker_usd: 1_500.0,
                takers_per_s: 0.7,
                impact_bps: 0.9,
                ..market(2, 190.0, 0.9, 25.0)
            }),
            "XRP" => Ok(Self {
                order_usd: 4_000.0,
                taker_usd: 1_000.0,
                takers_per_s: 0.5,
                impact_bps: 0.9,
                ..market(0, 2.2, 0.9, 22.0)
            }),
            other => Err(CoreError::BadArgument {
                name: "symbol",
                why: format!("no synthetic market for {other:?}; there are BTC, ETH, SOL, XRP"),
            }),
        }
    }

    /// Refuse what cannot be simulated.
    pub(super) fn check(&self) -> Result<(), CoreError> {
        let rules = [
            ("size_decimals", self.size_decimals <= 5, "0 to 5"),
            ("price", self.price > 1e-3 && self.price < 1e7, "0.001 to 10,000,000"),
            ("sigma_bps", (0.0..=20.0).contains(&self.sigma_bps), "0 to 20"),
            ("common", (0.0..=1.0).contains(&self.common), "0 to 1"),
            ("adds_per_s", (1.0..=2_000.0).contains(&self.adds_per_s), "1 to 2,000"),
            ("order_usd", (1.0..=1e8).contains(&self.order_usd), "1 to 100,000,000"),
            ("depth_ticks", (0.1..=200.0).contains(&self.depth_ticks), "0.1 to 200"),
            ("takers_per_s", (0.0..=500.0).contains(&self.takers_per_s), "0 to 500"),
            ("taker_usd", (1.0..=1e8).contains(&self.taker_usd), "1 to 100,000,000"),
            ("impact_bps", (0.0..=20.0).contains(&self.impact_bps), "0 to 20"),
            ("impact_s", (0.1..=3_600.0).contains(&self.impact_s), "0.1 to 3,600"),
            ("informed_per_s", (0.0..=500.0).contains(&self.informed_per_s), "0 to 500"),
            ("latency", self.latency.floor.0 >= 0 && self.latency.jitter.0 >= 0, "not negative"),
            ("ghosts", self.ghosts.every.0 >= 0 && self.ghosts.horizon.0 > 0, "not negative"),
        ];
        match rules.into_iter().find(|(_, holds, _)| !holds) {
            None => Ok(()),
            Some((name, _, range)) => Err(CoreError::BadArgument {
                name,
                why: format!("of a synthetic market must be {range}"),
            }),
        }
    }
}
