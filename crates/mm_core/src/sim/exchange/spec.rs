//! What an exchange is made of.

use crate::error::CoreError;
use crate::fees::FeeSchedule;
use crate::queue::QueueModel;
use crate::sim::rules::Rules;
use crate::sim::VenueConfig;
use serde::Deserialize;

const BLOCK_NS: i64 = 70_000_000;

/// The exchange, as asked for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExchangeSpec {
    /// Its clock begins here.
    pub start_ns: i64,
    /// Time from block to block.
    #[serde(default = "block_ns")]
    pub block_ns: i64,
    /// Seed of markets and ids.
    #[serde(default = "seed")]
    pub seed: u64,
    /// How cancels ahead of orders are guessed.
    #[serde(default = "queue")]
    pub queue: String,
    /// What a trade through a price fills: `volume` at most its own, or `full`.
    #[serde(default = "through_fill")]
    pub through_fill: String,
    /// Fees as fractions of notional.
    #[serde(default)]
    pub fees: Fees,
    /// The venue's numbers.
    #[serde(default)]
    pub rules: Rules,
    /// The coins, in the order of their numbers.
    pub coins: Vec<CoinSpec>,
}

/// Fees as fractions of notional.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fees {
    /// Paid by orders that rested.
    pub maker: f64,
    /// Paid by orders that took.
    pub taker: f64,
}

impl Default for Fees {
    fn default() -> Self {
        Self { maker: 0.000_15, taker: 0.000_45 }
    }
}

/// One coin.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoinSpec {
    /// The venue's name.
    pub name: String,
    /// Decimals of sizes; those of prices are 6 less these.
    pub size_decimals: u32,
    /// Greatest leverage.
    pub max_leverage: u32,
    /// Whether margin is never shared.
    #[serde(default)]
    pub only_isolated: bool,
    /// Where its market comes from.
    pub source: SourceSpec,
}

/// Where a market comes from.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum SourceSpec {
    /// The synthetic exchange.
    Synthetic(Synthetic),
    /// Recordings.
    Tape {
        /// Files of one symbol.
        paths: Vec<String>,
    },
    /// Frames from outside.
    Pushed,
}

/// A synthetic market; what is not named comes from the preset.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Synthetic {
    /// Whose preset, if not that of the coin's name.
    pub preset: Option<String>,
    /// Its own seed.
    pub seed: Option<u64>,
    /// First price.
    pub price: Option<f64>,
    /// Volatility in basis points per square root of a second.
    pub sigma_bps: Option<f64>,
    /// Move after an uninformed market order, in basis points.
    pub impact_bps: Option<f64>,
    /// Uninformed market orders per second.
    pub takers_per_s: Option<f64>,
    /// New limit orders per second.
    pub adds_per_s: Option<f64>,
}

fn block_ns() -> i64 {
    BLOCK_NS
}

fn seed() -> u64 {
    1
}

fn queue() -> String {
    "risk-averse".to_owned()
}

fn through_fill() -> String {
    "volume".to_owned()
}

impl ExchangeSpec {
    /// Read it from JSON and check it.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] naming what is wrong.
    pub fn parse(text: &str) -> Result<Self, CoreError> {
        let bad = |why: String| CoreError::BadArgument { name: "exchange", why };
        let spec: Self = serde_json::from_str(text).map_err(|e| bad(e.to_string()))?;
        if spec.block_ns <= 0 || spec.start_ns < 0 {
            return Err(bad("start_ns and block_ns must be positive".to_owned()));
        }
        if spec.coins.is_empty() || spec.coins.len() > 256 {
            return Err(bad(format!("1 to 256 coins, had {}", spec.coins.len())));
        }
        if spec.rules.nonces_kept == 0 {
            return Err(bad("rules.nonces_kept must be positive".to_owned()));
        }
        for coin in &spec.coins {
            if coin.size_decimals > 6 || !(1..=100).contains(&coin.max_leverage) {
                let why = "size_decimals 0 to 6, max_leverage 1 to 100";
                return Err(bad(format!("{}: {why}", coin.name)));
            }
        }
        Ok(spec)
    }

    /// How fills are simulated.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] for names that are none.
    pub(super) fn venue(&self) -> Result<VenueConfig, CoreError> {
        let through_volume = match self.through_fill.as_str() {
            "volume" => true,
            "full" => false,
            other => {
                let why = format!("{other:?} is none of volume, full");
                return Err(CoreError::BadArgument { name: "through_fill", why });
            }
        };
        let queue = QueueModel::parse(&self.queue)?;
        Ok(VenueConfig { queue, partial_fills: true, through_volume })
    }

    /// The fees.
    pub(super) fn schedule(&self) -> FeeSchedule {
        FeeSchedule::from_fractions(self.fees.maker, self.fees.taker)
    }
}
