//! Exchange — a perpetuals exchange of many accounts on one block clock.
//!
//! Markets come from the synthetic exchange, from tapes or from a live feed. Everybody's orders
//! rest in the queue model of replay, so fills are those of replay; orders of different accounts
//! match each other, too. What an account may do is decided by [`crate::sim::rules`].

mod accounts;
mod action;
mod answers;
mod blocks;
mod day;
mod events;
mod execute;
mod fills;
mod ids;
mod ledger;
mod margin;
mod market;
mod matching;
mod order;
mod placing;
mod saved;
mod source;
mod spec;
mod trader;
mod words;

pub use action::Trigger;
pub use action::TriggerKind;
pub use events::Event;
pub use events::FillRow;
pub use events::FundingRow;
pub use events::LedgerRow;
pub use events::LevelRow;
pub use events::Reply;
pub use order::Order;
pub use order::Status;
pub use spec::CoinSpec;
pub use spec::ExchangeSpec;
pub use spec::Fees;
pub use spec::SourceSpec;
pub use spec::Synthetic;
pub use words::OwnId;

use crate::error::CoreError;
use crate::fees::FeeSchedule;
use crate::sim::exchange::action::Class;
use crate::sim::exchange::ledger::Ledger;
use crate::sim::exchange::market::Injected;
use crate::sim::exchange::market::Market;
use crate::sim::exchange::saved::Worded;
use crate::sim::exchange::source::Source;
use crate::sim::exchange::trader::Trader;
use crate::sim::rules::Nonces;
use crate::sim::rules::Rules;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;

/// A shock does not halve a price or double it.
const SHOCK_BPS_MAX: f64 = 5_000.0;

/// An action that waits for its block.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Queued {
    ticket: u64,
    signer: String,
    vault: Option<String>,
    action: Worded,
    nonce: u64,
    expires: Option<UnixNanos>,
}

/// What the clock and the counters of an exchange say.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Clock {
    start: i64,
    block_ns: i64,
    seed: u64,
    now: UnixNanos,
    /// Blocks before this are not made.
    frozen: UnixNanos,
    block: u64,
    tickets: u64,
    transactions: u64,
    trades: u64,
    oid: u64,
}

/// The exchange.
#[derive(Debug, Serialize, Deserialize)]
pub struct Exchange {
    clock: Clock,
    rules: Rules,
    fees: FeeSchedule,
    markets: Vec<Market>,
    traders: Vec<Trader>,
    /// Traders by address.
    names: BTreeMap<String, usize>,
    /// Accounts by the address of an agent.
    agents: BTreeMap<String, usize>,
    nonces: BTreeMap<String, Nonces>,
    /// Orders that are open.
    live: BTreeMap<u64, (usize, Order)>,
    ledger: Ledger,
    /// Whose positions the venue closes at this moment.
    liquidating: Option<usize>,
    queue: Vec<Queued>,
    #[serde(skip)]
    replies: Vec<Reply>,
    #[serde(skip)]
    events: Vec<Event>,
}

impl Exchange {
    /// An exchange before its first block.
    ///
    /// # Errors
    /// A specification that does not hold, and sources that cannot be opened.
    pub fn new(spec: &ExchangeSpec) -> Result<Self, CoreError> {
        let venue = spec.venue()?;
        let start = UnixNanos(spec.start_ns);
        let market = |coin: &spec::CoinSpec| {
            let source = Source::new(coin, spec.seed, start)?;
            Ok(Market::new(coin, source, venue))
        };
        let markets = spec.coins.iter().map(market).collect::<Result<_, CoreError>>()?;
        Ok(Self {
            clock: Clock {
                start: spec.start_ns,
                block_ns: spec.block_ns,
                seed: spec.seed,
                now: start,
                frozen: start,
                block: 0,
                tickets: 0,
                transactions: 0,
                trades: 0,
                oid: ids::FIRST_OID,
            },
            rules: spec.rules,
            fees: spec.schedule(),
            markets,
            traders: Vec::new(),
            names: BTreeMap::new(),
            agents: BTreeMap::new(),
            nonces: BTreeMap::new(),
            live: BTreeMap::new(),
            ledger: Ledger::default(),
            liquidating: None,
            queue: Vec::new(),
            replies: Vec::new(),
            events: Vec::new(),
        })
    }

    /// The time of the last block.
    #[must_use]
    pub fn now(&self) -> UnixNanos {
        self.clock.now
    }

    /// No blocks before a time.
    pub fn freeze(&mut self, until: UnixNanos) {
        self.clock.frozen = self.clock.frozen.max(until);
    }

    /// An action arrives; its ticket. It is checked and done when its block comes.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] for a text that is no action.
    pub fn submit(
        &mut self,
        (signer, vault): (&str, Option<&str>),
        action: &str,
        nonce: u64,
        expires: Option<UnixNanos>,
    ) -> Result<u64, CoreError> {
        let action = Worded::try_from(action.to_owned())
            .map_err(|e| CoreError::BadArgument { name: "action", why: e.to_string() })?;
        let (signer, vault) = (signer.to_lowercase(), vault.map(str::to_lowercase));
        self.clock.tickets += 1;
        let ticket = self.clock.tickets;
        self.queue.push(Queued { ticket, signer, vault, action, nonce, expires });
        Ok(ticket)
    }

    /// What became of tickets since the last call.
    pub fn replies(&mut self) -> Vec<Reply> {
        std::mem::take(&mut self.replies)
    }

    /// What happened since the last call.
    pub fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// A frame of the live feed of a coin arrived.
    ///
    /// # Errors
    /// A coin that is none or not fed, and a frame that is none.
    pub fn push_frame(
        &mut self,
        coin: u16,
        recv: UnixNanos,
        frame: &[u8],
    ) -> Result<(), CoreError> {
        self.market_mut(coin)?.push(frame, recv)
    }

    /// News moves what a synthetic market is worth, in basis points.
    ///
    /// # Errors
    /// A coin that is none or not synthetic, and a move that is not finite.
    pub fn shock(&mut self, coin: u16, bps: f64) -> Result<(), CoreError> {
        if !bps.is_finite() || bps.abs() > SHOCK_BPS_MAX {
            let why = format!("at most {SHOCK_BPS_MAX} either way, had {bps}");
            return Err(CoreError::BadArgument { name: "bps", why });
        }
        self.market_mut(coin)?.source.shock(bps)
    }

    /// Rows that happen in the next block.
    ///
    /// # Errors
    /// A coin that is none, and a text that is no list of rows.
    pub fn inject(&mut self, coin: u16, rows: &str) -> Result<(), CoreError> {
        let rows: Vec<Injected> = serde_json::from_str(rows)
            .map_err(|e| CoreError::BadArgument { name: "rows", why: e.to_string() })?;
        if rows.iter().any(|row| row.px <= 0 || row.qty < 0) {
            let why = "px must be positive and qty not negative".to_owned();
            return Err(CoreError::BadArgument { name: "rows", why });
        }
        self.market_mut(coin)?.state.injected.extend(rows);
        Ok(())
    }

    fn market(&self, coin: u16) -> Result<&Market, CoreError> {
        self.markets.get(usize::from(coin)).ok_or_else(|| no_coin(coin))
    }

    fn market_mut(&mut self, coin: u16) -> Result<&mut Market, CoreError> {
        self.markets.get_mut(usize::from(coin)).ok_or_else(|| no_coin(coin))
    }

    /// The hash of a new transaction.
    fn transaction(&mut self) -> String {
        self.clock.transactions += 1;
        ids::transaction(self.clock.seed, self.clock.transactions)
    }

    /// The id of a new trade.
    fn trade_id(&mut self) -> u64 {
        self.clock.trades += 1;
        ids::trade(self.clock.seed, self.clock.trades)
    }

    /// Actions of a class, in order of arrival.
    fn queued(&mut self, wanted: Class) -> Vec<Queued> {
        let is = |queued: &mut Queued| queued.action.action.class() == wanted;
        self.queue.extract_if(.., is).collect()
    }
}

fn no_coin(coin: u16) -> CoreError {
    CoreError::BadArgument { name: "coin", why: format!("there is no coin {coin}") }
}
