//! The gate — the only maker of approved commands.

use crate::command::Command;
use crate::command::Place;
use crate::error::CoreError;
use crate::event::Fill;
use crate::instrument::InstrumentSpec;
use crate::risk::breakers::Breaker;
use crate::risk::breakers::ChangeLog;
use crate::risk::limits::AccountLimits;
use crate::risk::limits::MicroUsd;
use crate::risk::limits::SymbolLimits;
use crate::risk::symbol::Burden;
use crate::risk::symbol::Footing;
use crate::risk::symbol::Room;
use crate::risk::symbol::SymbolGate;
use crate::risk::Cause;
use crate::risk::Change;
use crate::risk::Exposure;
use crate::risk::Refusal;
use crate::risk::RiskState;
use crate::risk::View;
use crate::units::DurationNanos;
use crate::units::Lots;
use crate::units::SymbolIx;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

/// Permission: only the gate builds it, and a venue accepts nothing else.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approved<T>(T);

impl<T> Approved<T> {
    /// What was approved.
    pub const fn get(&self) -> &T {
        &self.0
    }
}

/// Commands of one kind, symbol and moment travel in one request of the venue up to this many.
const BATCH_MAX: u32 = 40;
/// The bucket counts in parts of an action, so that it fills by the nanosecond.
const ACTION: i64 = 1_000_000_000;
const DAY_NANOS: i64 = 86_400 * 1_000_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    Place,
    Cancel,
}

/// The message budget: a token bucket that counts batches.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Throttle {
    level: i64,
    full: i64,
    rate: i64,
    reserve: i64,
    filled: UnixNanos,
    batch: Option<(Kind, SymbolIx, UnixNanos)>,
    batched: u32,
}

impl Throttle {
    fn new(limits: &AccountLimits) -> Self {
        let full = limits.actions_burst * ACTION;
        Self {
            level: full,
            full,
            rate: limits.actions_per_s,
            reserve: MicroUsd(full).share(limits.cancel_reserve_ppm).0,
            filled: UnixNanos(i64::MIN),
            batch: None,
            batched: 0,
        }
    }

    /// Whether the bucket is full by then.
    fn is_full(&self, now: UnixNanos) -> bool {
        self.batch.is_none_or(|batch| batch.2 < now) && self.filled_by(now) == self.full
    }

    /// How full it is by then; an hour fills any bucket, the cap keeps the product small.
    fn filled_by(&self, now: UnixNanos) -> i64 {
        let waited = now.since(self.filled).0.clamp(0, 3_600 * ACTION);
        self.full.min(self.level + waited * self.rate)
    }

    fn take(&mut self, kind: Kind, symbol: SymbolIx, now: UnixNanos) -> Result<(), Refusal> {
        if self.batch == Some((kind, symbol, now)) && self.batched < BATCH_MAX {
            self.batched += 1;
            return Ok(());
        }
        self.level = self.filled_by(now);
        self.filled = self.filled.max(now);
        let reserve = match kind {
            Kind::Place => self.reserve,
            Kind::Cancel => 0,
        };
        if self.level - ACTION < reserve {
            let (left, reserve) = (self.level / ACTION, reserve / ACTION);
            return Err(Refusal::Throttled { left, reserve });
        }
        self.level -= ACTION;
        self.batch = Some((kind, symbol, now));
        self.batched = 1;
        Ok(())
    }
}

/// The fall from the highest equity, in two tiers.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Fall {
    breaker: Breaker,
    /// The highest equity, and the highest since the last pause.
    peak: MicroUsd,
    recent_peak: MicroUsd,
    /// When the pause is over.
    until: Option<UnixNanos>,
}

impl Fall {
    fn new(equity: MicroUsd) -> Self {
        Self { breaker: Breaker::default(), peak: equity, recent_peak: equity, until: None }
    }

    /// Take in the equity; the cause if it changed the state.
    fn on_equity(
        &mut self,
        equity: MicroUsd,
        limits: &AccountLimits,
        now: UnixNanos,
    ) -> Option<Cause> {
        self.peak = self.peak.max(equity);
        self.recent_peak = self.recent_peak.max(equity);
        let past = |peak: MicroUsd, ppm: i64| {
            let (fall, limit) = (MicroUsd(peak.0 - equity.0), peak.share(ppm));
            (fall > limit).then_some(Cause::Drawdown { fall, limit })
        };
        if let Some(cause) = past(self.peak, limits.drawdown_halt_ppm) {
            return self.breaker.trip(RiskState::Halted, true).then_some(cause);
        }
        if self.until.is_some_and(|until| now >= until) {
            self.until = None;
            self.recent_peak = equity;
            return self.breaker.relax().then_some(Cause::CooledDown);
        }
        let cause = past(self.recent_peak, limits.drawdown_reduce_ppm)?;
        let tripped = self.breaker.trip(RiskState::Reducing, false);
        tripped.then(|| {
            self.until = Some(now.after(limits.cooldown));
            cause
        })
    }
}

/// What the symbols of one account share.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct AccountGate {
    limits: AccountLimits,
    throttle: Throttle,
    breaker: Breaker,
    equity: MicroUsd,
    /// The UTC day and its first equity.
    day: i64,
    day_equity: MicroUsd,
    fall: Fall,
    /// Sums over the symbols.
    worst: i64,
    orders: i64,
}

/// The gate of one account: shared limits, and one part for each symbol.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Gate {
    account: AccountGate,
    symbols: Vec<SymbolGate>,
    changes: ChangeLog,
}

impl Gate {
    /// A gate without symbols.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] when a limit passes its ceiling.
    pub fn new(limits: AccountLimits, equity: MicroUsd, now: UnixNanos) -> Result<Self, CoreError> {
        limits.validate()?;
        let account = AccountGate {
            limits,
            throttle: Throttle::new(&limits),
            breaker: Breaker::default(),
            equity,
            day: now.0.div_euclid(DAY_NANOS),
            day_equity: equity,
            fall: Fall::new(equity),
            worst: 0,
            orders: 0,
        };
        Ok(Self { account, symbols: Vec::new(), changes: ChangeLog::default() })
    }

    /// Add the next symbol; symbols are numbered in the order of adding.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] when a limit passes its ceiling.
    pub fn add(
        &mut self,
        spec: InstrumentSpec,
        limits: SymbolLimits,
    ) -> Result<SymbolIx, CoreError> {
        let ix = u16::try_from(self.symbols.len()).map_err(|_| CoreError::BadArgument {
            name: "symbols",
            why: "an account holds at most 65,536".to_owned(),
        })?;
        self.symbols.push(SymbolGate::new(spec, limits)?);
        Ok(SymbolIx(ix))
    }

    /// Take in a symbol's market and exposure: once a step, before quoting.
    pub fn observe(&mut self, symbol: SymbolIx, view: &View, on: &Exposure, now: UnixNanos) {
        let one = &mut self.symbols[usize::from(symbol.0)];
        one.observe(view, now);
        self.account.count(one, on);
        self.on_time(symbol, now);
    }

    /// Take in that a symbol's market and exposure are as they were, last heard of at `heard`.
    pub fn hear(&mut self, symbol: SymbolIx, heard: UnixNanos, now: UnixNanos) {
        self.symbols[usize::from(symbol.0)].hear(heard, now);
        self.on_time(symbol, now);
    }

    #[inline]
    fn on_time(&mut self, symbol: SymbolIx, now: UnixNanos) {
        let protection = &mut self.symbols[usize::from(symbol.0)].protection;
        if now >= protection.due() && protection.on_time(now) {
            self.note(now, Some(symbol), Cause::Thawed);
        }
    }

    /// Whether no other symbol shares the account.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.symbols.len() == 1
    }

    /// What the next verdicts for the only symbol depend on at `now`; `None` while more counts:
    /// other symbols, a rule in force, a budget that is not full.
    #[must_use]
    pub fn footing(&self, symbol: SymbolIx, now: UnixNanos) -> Option<Footing> {
        let ample = self.is_alone() && self.account.throttle.is_full(now);
        let calm = ample && self.account.state() == RiskState::Active;
        calm.then(|| self.symbols[usize::from(symbol.0)].footing(now)).flatten()
    }

    /// Whether no rule of account or symbol is in force.
    #[must_use]
    pub fn is_at_rest(&self, symbol: SymbolIx) -> bool {
        let calm = self.account.state() == RiskState::Active;
        calm && self.symbols[usize::from(symbol.0)].is_at_rest()
    }

    /// What orders weigh that were approved for a symbol just now.
    #[must_use]
    pub fn burden(&self, symbol: SymbolIx, on: Exposure) -> Burden {
        self.symbols[usize::from(symbol.0)].burden(on)
    }

    /// What limits and equity carry of the only symbol now.
    #[must_use]
    pub fn room(&self, symbol: SymbolIx) -> Room {
        let AccountLimits { gross_ppm, orders_in_all, .. } = self.account.limits;
        let worst = self.account.equity.share(gross_ppm);
        self.symbols[usize::from(symbol.0)].room(worst, orders_in_all)
    }

    /// Whether a full budget of messages is full again so long after one of cancels and one of
    /// places, and pays for both.
    #[must_use]
    pub fn refills(&self, after: DurationNanos) -> bool {
        let Throttle { full, rate, reserve, .. } = self.account.throttle;
        let waited = after.0.clamp(0, 3_600 * ACTION);
        full - 2 * ACTION >= reserve && waited * rate >= 2 * ACTION
    }

    /// What is known of a symbol's market.
    #[must_use]
    pub fn market(&self, symbol: SymbolIx) -> Footing {
        self.symbols[usize::from(symbol.0)].market_seen()
    }

    /// Whether an order is approved in the market as it is known, beside another of its side,
    /// where [`Self::room`] bears all of them; no, where the displayed depth decides.
    #[must_use]
    pub fn suits(&self, order: &Place) -> bool {
        self.symbols[usize::from(order.symbol.0)].suits(order)
    }

    /// Stand on the footing of another gate of the same limits.
    pub fn stand(&mut self, symbol: SymbolIx, on: &Footing) {
        self.symbols[usize::from(symbol.0)].stand(on);
    }

    /// When the passing of time alone may change [`Self::open`]: the start of time while it may
    /// at every moment.
    #[must_use]
    pub fn wakes(&self, symbol: SymbolIx) -> UnixNanos {
        self.symbols[usize::from(symbol.0)].wakes()
    }

    /// Whether approving this order takes the depth around the touch.
    #[must_use]
    pub fn looks_at_depth(&self, order: &Place) -> bool {
        self.symbols[usize::from(order.symbol.0)].looks_at_depth(order)
    }

    /// Whether the symbol may be quoted now: its state and its market.
    ///
    /// # Errors
    /// The refusal that every new order would meet.
    pub fn open(&self, symbol: SymbolIx, now: UnixNanos) -> Result<(), Refusal> {
        let state = self.state(symbol);
        if state == RiskState::Halted {
            return Err(Refusal::Halted { state });
        }
        self.symbols[usize::from(symbol.0)].market(now)
    }

    /// As [`Self::open`], and take note where the market's own state changed.
    pub fn watch(&mut self, symbol: SymbolIx, now: UnixNanos) -> bool {
        let open = self.open(symbol, now);
        let cause = match (open, self.symbols[usize::from(symbol.0)].troubled) {
            (Ok(()), false) => return true,
            (Ok(()), true) => Cause::MarketSound,
            (Err(refusal), false) if refusal.is_of_market() => Cause::Market(refusal),
            (Err(_), _) => return false,
        };
        let troubled = open.is_err();
        self.symbols[usize::from(symbol.0)].troubled = troubled;
        let state = if troubled { RiskState::Halted } else { self.state(symbol) };
        self.changes.push(Change { at: now, symbol: Some(symbol), state, cause });
        !troubled
    }

    /// What multiplies the spread of a symbol that was frozen a while ago.
    #[inline]
    #[must_use]
    pub fn caution(&self, symbol: SymbolIx) -> f64 {
        let widened = self.symbols[usize::from(symbol.0)].protection.widened();
        widened.map_or(1.0, |ppm| MicroUsd(ppm).usd())
    }

    /// Which sides may be quoted in the symbol's state, bids and asks.
    #[must_use]
    pub fn sides(&self, symbol: SymbolIx, position: Lots) -> [bool; 2] {
        match self.state(symbol) {
            RiskState::Active => [true; 2],
            RiskState::Reducing => [position.0 < 0, position.0 > 0],
            RiskState::Halted => [false; 2],
        }
    }

    /// Approve a command or say why not. Cancels pass whatever the state and the limits, short
    /// only of an empty message budget; the widest cancels pass always.
    ///
    /// # Errors
    /// The refusal, with the values that decided.
    pub fn admit(
        &mut self,
        wish: Command,
        on: &Exposure,
        now: UnixNanos,
    ) -> Result<Approved<Command>, Refusal> {
        match &wish {
            Command::Place(order) => self.place(order, on, now)?,
            Command::Cancel { symbol, cloid: _ } => {
                self.account.throttle.take(Kind::Cancel, *symbol, now)?;
            }
            Command::CancelAll { symbol: _ } | Command::ScheduleCancel { at: _ } => {}
        }
        Ok(Approved(wish))
    }

    fn place(&mut self, order: &Place, on: &Exposure, now: UnixNanos) -> Result<(), Refusal> {
        let symbol = order.symbol;
        if usize::from(symbol.0) >= self.symbols.len() {
            return Err(Refusal::UnknownSymbol { symbol: symbol.0 });
        }
        self.open(symbol, now)?;
        let state = self.state(symbol);
        let one = &mut self.symbols[usize::from(symbol.0)];
        one.form(order)?;
        if state == RiskState::Reducing && !reduces(order, on) {
            return Err(Refusal::Reducing { side: order.side, position: on.position });
        }
        one.collar(order)?;
        one.volume(order)?;
        one.company(order, on, now)?;
        let worst = one.position(order, on)?;
        self.account.count(one, on);
        let worst = worst.max(one.worst);
        self.account.room(worst.0 - one.worst.0)?;
        self.account.throttle.take(Kind::Place, symbol, now)?;
        one.remember(order, now);
        self.account.worst += worst.0 - one.worst.0;
        self.account.orders += 1;
        one.worst = worst;
        one.orders += 1;
        Ok(())
    }

    /// Take in a fill that is counted for the first time.
    pub fn on_fill(&mut self, fill: &Fill, now: UnixNanos) {
        let one = &mut self.symbols[usize::from(fill.symbol.0)];
        let value = one.value(fill.px, fill.size);
        if let Some(cause) = one.protection.on_fill(fill.side, value, now) {
            self.note(now, Some(fill.symbol), cause);
        }
        let one = &mut self.symbols[usize::from(fill.symbol.0)];
        let Some(count) = one.repeated(fill.side, fill.cloid, now) else {
            return;
        };
        if one.breaker.trip(RiskState::Halted, true) {
            let cause = Cause::RepeatedFills { side: fill.side, count };
            self.note(now, Some(fill.symbol), cause);
        }
    }

    /// Take in the equity of the account, marked to the mids.
    pub fn on_equity(&mut self, equity: MicroUsd, now: UnixNanos) {
        let account = &mut self.account;
        account.equity = equity;
        let day = now.0.div_euclid(DAY_NANOS);
        if day != account.day {
            account.day = day;
            account.day_equity = equity;
            if account.breaker.relax() {
                self.note(now, None, Cause::NewDay);
            }
        }
        if let Some(cause) = self.account.losses() {
            self.note(now, None, cause);
        }
        let account = &mut self.account;
        let before = account.state();
        let cause = account.fall.on_equity(equity, &account.limits, now);
        if let Some(cause) = cause.filter(|_| self.account.state() != before) {
            self.note(now, None, cause);
        }
    }

    /// A person stops a symbol or the whole account.
    pub fn halt(&mut self, symbol: Option<SymbolIx>, now: UnixNanos) {
        if self.breaker(symbol).trip(RiskState::Halted, true) {
            self.note(now, symbol, Cause::Operator);
        }
    }

    /// A person lifts every stop of a symbol or of the whole account.
    pub fn rearm(&mut self, symbol: Option<SymbolIx>, now: UnixNanos) {
        self.breaker(symbol).rearm();
        match symbol {
            Some(ix) => self.symbols[usize::from(ix.0)].protection.rearm(),
            None => self.account.fall = Fall::new(self.account.equity),
        }
        self.note(now, symbol, Cause::Operator);
    }

    /// The state in force for a symbol: the stricter of its own and the account's.
    #[must_use]
    pub fn state(&self, symbol: SymbolIx) -> RiskState {
        self.symbols[usize::from(symbol.0)].state().max(self.account.state())
    }

    /// Whether a symbol is halted by its protection alone: that ends by itself.
    #[must_use]
    pub fn is_frozen(&self, symbol: SymbolIx) -> bool {
        let one = &self.symbols[usize::from(symbol.0)];
        let stopped = one.breaker.state().max(self.account.state()) == RiskState::Halted;
        one.protection.is_frozen() && !stopped
    }

    /// Changes of state so far, oldest first: the first 1,024 of breakers, and the first 256 of
    /// markets that could not be quoted.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        self.changes.rows()
    }

    /// How many changes of state there were.
    #[must_use]
    pub fn changes_total(&self) -> u64 {
        self.changes.total()
    }

    fn breaker(&mut self, symbol: Option<SymbolIx>) -> &mut Breaker {
        match symbol {
            Some(ix) => &mut self.symbols[usize::from(ix.0)].breaker,
            None => &mut self.account.breaker,
        }
    }

    fn note(&mut self, at: UnixNanos, symbol: Option<SymbolIx>, cause: Cause) {
        let state = match symbol {
            Some(ix) => self.symbols[usize::from(ix.0)].state(),
            None => self.account.state(),
        };
        self.changes.push(Change { at, symbol, state, cause });
    }
}

impl AccountGate {
    fn state(&self) -> RiskState {
        self.breaker.state().max(self.fall.breaker.state())
    }

    /// Bring the sums up to date with one symbol's exposure.
    fn count(&mut self, one: &mut SymbolGate, on: &Exposure) {
        let (worst, orders) = (one.worst_case(on), i64::from(on.orders()));
        self.worst += worst.0 - one.worst.0;
        self.orders += orders - one.orders;
        one.worst = worst;
        one.orders = orders;
    }

    /// R7 and R8: whether the account has room for one more order.
    fn room(&self, more: i64) -> Result<(), Refusal> {
        let (count, limit) = (self.orders, self.limits.orders_in_all);
        if count >= limit {
            return Err(Refusal::OrdersInAll { count, limit });
        }
        let (worst, limit) =
            (MicroUsd(self.worst + more), self.equity.share(self.limits.gross_ppm));
        if more > 0 && worst > limit {
            return Err(Refusal::Gross { worst, limit });
        }
        Ok(())
    }

    /// R7: the losses that stop the account; the cause if one has just done so.
    fn losses(&mut self) -> Option<Cause> {
        let (equity, floor) = (self.equity, self.limits.equity_floor);
        if equity < floor && self.breaker.trip(RiskState::Halted, true) {
            return Some(Cause::EquityFloor { equity, floor });
        }
        let loss = MicroUsd(self.day_equity.0 - equity.0);
        let steps = [
            (RiskState::Halted, self.limits.daily_halt_ppm),
            (RiskState::Reducing, self.limits.daily_reduce_ppm),
        ];
        for (state, ppm) in steps {
            let limit = self.day_equity.share(ppm);
            if loss > limit && self.breaker.trip(state, false) {
                return Some(Cause::DailyLoss { loss, limit });
            }
        }
        None
    }
}

/// Whether an order only brings the position toward zero, all of its side counted.
fn reduces(order: &Place, on: &Exposure) -> bool {
    let held = -order.side.sign() * on.position.0;
    held >= on.open[order.side.index()].0 + order.size.0
}
