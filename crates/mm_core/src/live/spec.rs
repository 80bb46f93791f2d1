//! What a desk is made of, read from JSON.

use super::desk::Desk;
use super::stand::Stand;
use crate::account::Account;
use crate::engine::Maker;
use crate::engine::MakerConfig;
use crate::engine::Market;
use crate::engine::Warmth;
use crate::error::CoreError;
use crate::instrument::InstrumentSpec;
use crate::order::OrderManager;
use crate::replay::params_of;
use crate::replay::parse_signals;
use crate::replay::warmth_of;
use crate::replay::Minute;
use crate::replay::Models;
use crate::replay::SavedSignals;
use crate::risk::Gate;
use crate::risk::MicroUsd;
use crate::strategy::Params;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeskText {
    symbols: Vec<SymbolText>,
    capital_usd: f64,
    fees: Option<FeesText>,
    /// What the ids of this run's orders begin with.
    tag: u64,
    now: i64,
    /// Profit of earlier runs on this UTC day in micro-dollars: its loss counts on.
    #[serde(default)]
    earned_today: i64,
    /// A file of signals in hex, so that a journal holds all that a run began with.
    signals: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FeesText {
    maker: f64,
    taker: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SymbolText {
    symbol: String,
    size_decimals: u32,
    #[serde(default)]
    params: BTreeMap<String, Value>,
    #[serde(default)]
    candles: Vec<Minute>,
    /// Profit of earlier runs in micro-dollars, which compounding counts.
    #[serde(default)]
    retained: i64,
}

impl Desk {
    /// Read a desk from JSON.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] naming the field.
    pub fn from_json(text: &str) -> Result<Self, CoreError> {
        let text: DeskText = serde_json::from_str(text)
            .map_err(|e| CoreError::BadArgument { name: "desk", why: e.to_string() })?;
        let now = UnixNanos(text.now);
        let capital = MicroUsd::from_usd(text.capital_usd);
        let opening = MicroUsd(capital.0 - text.earned_today);
        let saved = text.signals.as_deref().map(signals).transpose()?;
        let (mut gate, mut stands, mut models) = (None, Vec::new(), Models::default());
        for symbol in &text.symbols {
            let params = params(symbol, &text)?;
            let gate = match &mut gate {
                Some(gate) => gate,
                None => gate.insert(Gate::new(params.account_limits()?, opening, now)?),
            };
            let file = saved.as_deref().map(|all| (SIGNALS, all));
            let warmth = warmth_of(file, &symbol.candles, (&symbol.symbol, "hyperliquid"))?;
            stands.push(stand((symbol, warmth), params, (gate, text.tag), &mut models)?);
        }
        let mut gate = gate.ok_or_else(|| CoreError::BadArgument {
            name: "symbols",
            why: "a desk needs at least one".to_owned(),
        })?;
        gate.on_equity(capital, now);
        Ok(Self::new(stands, gate, capital, now))
    }
}

fn params(symbol: &SymbolText, desk: &DeskText) -> Result<Params, CoreError> {
    let fees = desk.fees.as_ref().map(|fees| (fees.maker, fees.taker));
    params_of(&symbol.params, desk.capital_usd, fees)
}

/// What errors name a run's signals by.
const SIGNALS: &str = "the run's signals";

/// The signals that a text of hex digits holds.
fn signals(hex: &str) -> Result<Vec<SavedSignals>, CoreError> {
    let byte = |pair: &[u8]| {
        let text = std::str::from_utf8(pair).ok().filter(|text| text.len() == 2)?;
        u8::from_str_radix(text, 16).ok()
    };
    let bytes: Option<Vec<u8>> = hex.as_bytes().chunks(2).map(byte).collect();
    let none = || CoreError::BadArgument { name: "signals", why: "no hex digits".to_owned() };
    parse_signals(SIGNALS, &bytes.ok_or_else(none)?)
}

fn stand(
    (text, warmth): (&SymbolText, Warmth),
    params: Params,
    (gate, tag): (&mut Gate, u64),
    models: &mut Models,
) -> Result<Stand, CoreError> {
    let spec = InstrumentSpec::hyperliquid(text.size_decimals);
    let symbol = gate.add(spec, params.symbol_limits()?)?;
    let fees = params.fees();
    let mut maker = Maker::new(MakerConfig {
        symbol,
        spec,
        judge: models.judge(&params)?,
        orders: OrderManager::new(symbol, tag, params.requote_rules()),
        account: Account::new(spec, fees),
        params,
    });
    maker.retain(MicroUsd(text.retained));
    if maker.asks_probes() {
        let why = format!("{}: probes are for replay; calibrate from trades", text.symbol);
        return Err(CoreError::Unsupported { why });
    }
    let market = Market::new(spec, maker.attention(), warmth).showing_ours();
    Ok(Stand::new(text.symbol.clone(), market, maker))
}
