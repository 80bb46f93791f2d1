//! What a desk is made of, read from JSON.

use super::desk::Desk;
use super::stand::Stand;
use crate::account::Account;
use crate::engine::Maker;
use crate::engine::MakerConfig;
use crate::engine::Market;
use crate::error::CoreError;
use crate::instrument::InstrumentSpec;
use crate::order::OrderManager;
use crate::replay::params_of;
use crate::replay::warmth_of;
use crate::replay::Minute;
use crate::replay::Models;
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
    #[serde(default)]
    signals: Option<String>,
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
        let (mut gate, mut stands, mut models) = (None, Vec::new(), Models::default());
        for symbol in &text.symbols {
            let params = params(symbol, &text)?;
            let gate = match &mut gate {
                Some(gate) => gate,
                None => gate.insert(Gate::new(params.account_limits()?, capital, now)?),
            };
            stands.push(stand(symbol, params, (gate, text.tag), &mut models)?);
        }
        let gate = gate.ok_or_else(|| CoreError::BadArgument {
            name: "symbols",
            why: "a desk needs at least one".to_owned(),
        })?;
        Ok(Self::new(stands, gate, capital, now))
    }
}

fn params(symbol: &SymbolText, desk: &DeskText) -> Result<Params, CoreError> {
    let fees = desk.fees.as_ref().map(|fees| (fees.maker, fees.taker));
    params_of(&symbol.params, desk.capital_usd, fees)
}

fn stand(
    text: &SymbolText,
    params: Params,
    (gate, tag): (&mut Gate, u64),
    models: &mut Models,
) -> Result<Stand, CoreError> {
    let spec = InstrumentSpec::hyperliquid(text.size_decimals);
    let symbol = gate.add(spec, params.symbol_limits()?)?;
    let warmth = warmth_of(text.signals.as_deref(), &text.candles, (&text.symbol, "hyperliquid"))?;
    let fees = params.fees();
    let maker = Maker::new(MakerConfig {
        symbol,
        spec,
        judge: models.judge(&params)?,
        orders: OrderManager::new(symbol, tag, params.requote_rules()),
        account: Account::new(spec, fees),
        params,
    });
    if maker.asks_probes() {
        let why = format!("{}: probes are for replay; calibrate from trades", text.symbol);
        return Err(CoreError::Unsupported { why });
    }
    let market = Market::new(spec, maker.attention(), warmth);
    Ok(Stand::new(text.symbol.clone(), market, maker))
}
