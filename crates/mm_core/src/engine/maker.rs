//! Maker — everything that parameters touch: inventory, quotes, own orders.

mod asks;
mod stance;
mod steer;
mod worth;

pub use stance::Considered;
pub use stance::Stance;

use super::adaptation::Adaptation;
use super::judge::Judge;
use super::levers::Levers;
use super::market::Attention;
use super::market::Market;
use super::market::TouchQty;
use super::places::Places;
use super::quoter::Print;
use super::quoter::Quoter;
use super::quoter::Seen;
use super::sight::Sight;
use crate::account::Account;
use crate::book::BookState;
use crate::command::Command;
use crate::error::CoreError;
use crate::event::Fill;
use crate::event::OrderAnswer;
use crate::instrument::InstrumentSpec;
use crate::order::FillVerdict;
use crate::order::OrderManager;
use crate::order::Wishes;
use crate::quote::Ladder;
use crate::quote::NoQuote;
use crate::quote::QuoteMode;
use crate::quote::QuoteParams;
use crate::quote::QuoteState;
use crate::quote::Urgency;
use crate::risk::Approved;
use crate::risk::Gate;
use crate::risk::View;
use crate::signal::TickLook;
use crate::strategy::Params;
use crate::strategy::TunerEvent;
use crate::units::Cash;
use crate::units::Cloid;
use crate::units::DurationNanos;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use crate::units::SymbolIx;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

/// Commands that passed the gate, in order.
pub type Commands = Vec<Approved<Command>>;

/// What a maker is made of.
#[derive(Debug, Serialize, Deserialize)]
pub struct MakerConfig {
    /// Which symbol.
    pub symbol: SymbolIx,
    /// Its grids.
    pub spec: InstrumentSpec,
    /// Everything that it is told.
    pub params: Params,
    /// What tells whether a quote is worth its fee, where there is something.
    pub judge: Option<Judge>,
    /// Its orders.
    pub orders: OrderManager,
    /// Its ledger, on its own clock.
    pub account: Account,
}

/// What a decision depends on; equal inputs need no second decision.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Inputs {
    touch: Option<TouchQty>,
    state: BookState,
    sigma: Option<f64>,
    stale: bool,
    open: bool,
    /// Sides that the gate allows, bids and asks.
    sides: [bool; 2],
    levers: Levers,
    /// Which look the fill model has, where there is one.
    look: u64,
}

/// What a decision was made of, for those who ask why.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decided {
    pub(super) params: QuoteParams,
    pub(super) state: QuoteState,
    pub(super) levers: Levers,
    pub(super) sides: [bool; 2],
    pub(super) no_quote: Option<NoQuote>,
}

/// One maker on one market.
#[derive(Debug, Serialize, Deserialize)]
pub struct Maker {
    config: MakerConfig,
    quoting: QuoteParams,
    /// The longest silence it quotes through.
    stale: DurationNanos,
    adaptation: Option<Adaptation>,
    /// What the fill model sees: looks so far, the last, and when the next is due.
    looks: u64,
    look: Option<TickLook>,
    look_due: UnixNanos,
    /// Where its orders stand in their queues, for the fill model.
    places: Option<Box<Places>>,
    wishes: Wishes,
    last: Option<Inputs>,
    /// What was wanted last, and the position then.
    ladder: Ladder,
    quoted: Option<Lots>,
    /// Answers, fills and own commands so far, and those that the last decision knew; without
    /// those that bring nothing to decide.
    own_events: u64,
    known_events: u64,
    /// Whether answers that say only what was asked for bring nothing to decide.
    content: bool,
    /// Fills that a quoter was not told of yet; `None` where the maker quotes by itself.
    news: Option<Vec<(UnixNanos, Fill)>>,
    /// Whether nothing may be quoted, whatever the market and the gate say.
    held: bool,
    /// How long an order that is too far from the touch stays.
    patience: DurationNanos,
    /// Whether nothing is wanted but to close the position.
    flattens: bool,
    /// Sizes as a multiple of the configured ones.
    scale: f64,
}

/// How often the fill model looks at the market.
const LOOK: DurationNanos = DurationNanos::from_millis(1_000);

impl Maker {
    /// A maker without orders or position.
    #[must_use]
    pub fn new(config: MakerConfig) -> Self {
        Self {
            quoting: config.params.quoting(),
            stale: config.params.stale(),
            adaptation: Adaptation::new(&config.params),
            look_due: UnixNanos(if config.judge.is_some() { i64::MIN } else { i64::MAX }),
            looks: 0,
            look: None,
            places: config.judge.is_some().then(Box::default),
            config,
            wishes: Wishes::default(),
            last: None,
            ladder: Ladder::default(),
            quoted: None,
            own_events: 0,
            known_events: 0,
            content: false,
            news: None,
            held: false,
            patience: DurationNanos(0),
            flattens: false,
            scale: 1.0,
        }
    }

    /// The same maker, quoting what a [`Quoter`] wants by [`Self::follow`]; it learns nothing.
    #[must_use]
    pub fn led(mut self) -> Self {
        self.quoting.mode = QuoteMode::Fixed;
        self.adaptation = None;
        self.look_due = UnixNanos(i64::MAX);
        self.places = None;
        self.news = Some(Vec::new());
        self
    }

    /// The venue answered about one of our orders.
    pub fn on_answer(&mut self, cloid: Cloid, answer: &OrderAnswer, now: UnixNanos) {
        self.own_events += u64::from(!self.expects(cloid, answer));
        if let (Some(adaptation), OrderAnswer::Cancelled { .. }) = (&mut self.adaptation, answer) {
            if let Some(order) = self.config.orders.get(cloid) {
                adaptation.on_cancelled(order, now);
            }
        }
        self.config.orders.on_answer(cloid, answer, now);
    }

    /// Whether an answer brings nothing to decide: it may be heard later, too.
    #[must_use]
    pub fn expects(&self, cloid: Cloid, answer: &OrderAnswer) -> bool {
        self.content && self.config.orders.expects(cloid, answer)
    }

    /// One of our orders traded; `mid2` is twice the mid at the fill.
    ///
    /// # Errors
    /// A notional that does not fit the cash unit.
    pub fn on_fill(
        &mut self,
        fill: &Fill,
        mid2: i64,
        gate: &mut Gate,
        now: UnixNanos,
    ) -> Result<(), CoreError> {
        self.own_events += 1;
        match self.config.orders.on_fill(fill, now) {
            FillVerdict::New => {
                self.config.account.on_fill(fill, mid2)?;
                gate.on_fill(fill, now);
                if let Some(places) = &mut self.places {
                    places.filled(fill.cloid);
                }
                if let Some(news) = &mut self.news {
                    news.push((now, *fill));
                }
                if let Some(adaptation) = &mut self.adaptation {
                    let order = self.config.orders.get(fill.cloid);
                    adaptation.on_fill(fill, order, &self.config.account, now);
                }
            }
            FillVerdict::Duplicate | FillVerdict::Foreign => {}
        }
        Ok(())
    }

    /// The venue settled funding; positive is received.
    pub fn on_funding(&mut self, received: Cash) {
        self.own_events += 1;
        self.config.account.on_funding(received);
    }

    /// Decide at `now`; approved commands are appended to `out`.
    pub fn decide(
        &mut self,
        market: &impl Sight,
        gate: &mut Gate,
        now: UnixNanos,
        out: &mut Commands,
    ) {
        let touch = market.touch();
        let shown = self.show(market, touch, gate, now);
        if let Some(places) = &mut self.places {
            places.follow(market, &self.config.orders, now);
        }
        let symbol = self.config.symbol;
        let learned = match &mut self.adaptation {
            Some(adaptation) => {
                adaptation.step(market, touch.as_ref(), &mut self.config.account, now)
            }
            None => Levers::default(),
        };
        let urgency = if self.flattens { Urgency::Take } else { learned.urgency };
        let learned = learned.scaled(self.scale, self.config.params.order_value_factor);
        let levers = Levers { caution: gate.caution(symbol), urgency, ..learned };
        if now >= self.look_due {
            self.look = market.look(now);
            self.looks += 1;
            self.look_due = now.after(LOOK);
        }
        let inputs = self.inputs(market, (touch, levers), gate, now);
        let same = self.last.as_ref() == Some(&inputs);
        if same && self.is_settled() && !self.config.orders.restless(now) {
            return;
        }
        self.known_events = self.own_events;
        let position = self.config.account.position();
        let is_known = same && self.quoted == Some(position);
        if !same {
            self.last = Some(inputs);
        }
        // What the fill model sees beyond the inputs may have changed.
        if !is_known || self.config.judge.is_some() {
            self.ladder = self.targets(market, &inputs);
            confine(&mut self.ladder, &inputs);
            self.quoted = Some(position);
        }
        self.act(market, (gate, shown), (now, out));
    }

    /// As [`Self::decide`], with the quotes that `quoter` wants. It is asked at every step at
    /// which quotes may stand; at the others nothing is wanted, and cancels follow.
    ///
    /// # Errors
    /// What the quoter refuses or wants wrongly; nothing was sent then.
    pub fn follow(
        &mut self,
        (quoter, prints): (&mut dyn Quoter, &mut Vec<Print>),
        market: &Market,
        gate: &mut Gate,
        (now, out): (UnixNanos, &mut Commands),
    ) -> Result<(), CoreError> {
        let touch = market.touch();
        let shown = self.show(market, touch, gate, now);
        let levers = Levers { caution: gate.caution(self.config.symbol), ..Levers::default() };
        let inputs = self.inputs(market, (touch, levers), gate, now);
        let ladder = match (no_quote(&inputs), touch) {
            (None, Some(touch)) => {
                let fills = self.news.as_deref().unwrap_or_default();
                let Self { config: MakerConfig { account, orders, .. }, .. } = self;
                let Inputs { sides, levers: Levers { caution, .. }, .. } = inputs;
                let seen =
                    Seen { now, market, touch, account, orders, fills, prints, sides, caution };
                let mut ladder = quoter.quote(&seen)?;
                prints.clear();
                self.news.iter_mut().for_each(Vec::clear);
                confine(&mut ladder, &inputs);
                self.bound(&mut ladder, &inputs);
                ladder
            }
            (Some(reason), _) => Ladder::none(reason),
            (None, None) => Ladder::none(NoQuote::EmptyBook),
        };
        let same = self.last.as_ref() == Some(&inputs) && self.ladder == ladder;
        if same && self.is_settled() && !self.config.orders.restless(now) {
            return Ok(());
        }
        self.known_events = self.own_events;
        self.last = Some(inputs);
        self.ladder = ladder;
        self.act(market, (gate, shown), (now, out));
        Ok(())
    }

    /// What a decision at `now` depends on.
    #[inline]
    fn inputs(
        &self,
        market: &impl Sight,
        (touch, levers): (Option<TouchQty>, Levers),
        gate: &mut Gate,
        now: UnixNanos,
    ) -> Inputs {
        let symbol = self.config.symbol;
        // Where only prices count, a change of sizes is no reason to think again.
        let sizes = self.config.judge.is_some() || self.quoting.mode != QuoteMode::Fixed;
        let seen = if sizes { touch } else { touch.map(|at| TouchQty { qty: [1; 2], ..at }) };
        Inputs {
            touch: seen,
            state: market.state(),
            sigma: market.sigma(),
            stale: market.silence(now) > self.stale,
            open: gate.watch(symbol, now) && !self.held,
            sides: sides(gate, symbol, self.config.account.position(), levers.reduces),
            levers,
            look: self.looks,
        }
    }

    /// Whether nothing of our own happened since the last decision.
    fn is_settled(&self) -> bool {
        self.known_events == self.own_events
    }

    /// Show the market and our exposure to the gate; where neither changed, only that it is so,
    /// and `false`.
    fn show(
        &mut self,
        market: &impl Sight,
        touch: Option<TouchQty>,
        gate: &mut Gate,
        now: UnixNanos,
    ) -> bool {
        let prices = |at: &TouchQty| at.touch;
        let same = |last: &Inputs| last.touch.as_ref().map(prices) == touch.as_ref().map(prices);
        let known = self.is_settled() && self.last.as_ref().is_some_and(same);
        if known {
            gate.hear(self.config.symbol, market.heard(), now);
        } else {
            let exposure = self.config.orders.exposure(self.config.account.position());
            gate.observe(self.config.symbol, &view(market, touch), &exposure, now);
        }
        !known
    }

    /// Whether it waits for the market to be heard of again: then every message counts.
    #[must_use]
    pub fn is_wary(&self) -> bool {
        self.last.as_ref().is_some_and(|last| last.stale || !last.open)
    }

    /// When the passing of time alone may change what this maker does: the start of time while a
    /// step may follow from the last one.
    #[must_use]
    pub fn wakes(&self, market: &impl Sight, gate: &Gate) -> UnixNanos {
        let (last, orders) = (self.last.as_ref(), self.config.orders.wakes());
        let settled = last.filter(|_| self.is_settled());
        let Some(last) = settled else { return UnixNanos(i64::MIN) };
        let silence = DurationNanos(self.stale.0 + 1);
        let stale = if last.stale { UnixNanos(i64::MAX) } else { market.heard().after(silence) };
        let learned = self.adaptation.as_ref().map_or(UnixNanos(i64::MAX), Adaptation::wakes);
        let learned = learned.min(self.look_due);
        orders.min(stale).min(learned).min(market.wakes()).min(gate.wakes(self.config.symbol))
    }

    fn targets(&self, market: &impl Sight, inputs: &Inputs) -> Ladder {
        match (no_quote(inputs), &inputs.touch) {
            (None, Some(at)) => {
                let (params, state) = self.asked(market, at, &inputs.levers);
                let mut ladder = self.wanted(market, &params, &state).0;
                self.bound(&mut ladder, inputs);
                ladder
            }
            (Some(reason), _) => Ladder::none(reason),
            (None, None) => Ladder::none(NoQuote::EmptyBook),
        }
    }

    /// Where only one side may be quoted, it closes what is held and opens nothing.
    fn bound(&self, ladder: &mut Ladder, inputs: &Inputs) {
        if inputs.sides == [true; 2] {
            return;
        }
        let MakerConfig { spec, account, .. } = &self.config;
        let held = Lots(account.position().0.abs());
        Side::BOTH.into_iter().for_each(|side| ladder.cap(spec, side, held));
    }

    /// What the quoting function is told.
    fn asked(
        &self,
        market: &impl Sight,
        at: &TouchQty,
        levers: &Levers,
    ) -> (QuoteParams, QuoteState) {
        let state = levers.state(QuoteState {
            best_bid: Some(at.touch.bid),
            best_ask: Some(at.touch.ask),
            fair: Some(market.fair(at)),
            sigma: market.sigma(),
            position: self.config.account.position(),
            ..QuoteState::default()
        });
        (levers.params(&self.quoting), state)
    }

    /// What the last decision was made of; `None` before the first.
    pub(super) fn decided(&self, market: &impl Sight) -> Option<Decided> {
        let last = self.last.as_ref()?;
        let missing = last.touch.is_none().then_some(NoQuote::EmptyBook);
        let asked = last.touch.map(|at| self.asked(market, &at, &last.levers));
        let (params, state) = asked.unwrap_or((self.quoting, QuoteState::default()));
        let (levers, sides) = (last.levers, last.sides);
        Some(Decided { params, state, levers, sides, no_quote: no_quote(last).or(missing) })
    }

    /// Bring the orders to what is wanted, each wish through the gate, which was `shown` the
    /// market and our exposure at this step or not.
    fn act(
        &mut self,
        market: &impl Sight,
        (gate, shown): (&mut Gate, bool),
        (now, out): (UnixNanos, &mut Commands),
    ) {
        let Self { config, wishes, ladder, own_events, .. } = self;
        wishes.clear();
        config.orders.reconcile(ladder, &config.spec, now, wishes);
        let position = config.account.position();
        let places = wishes.as_slice().iter().filter_map(|wish| match wish {
            Command::Place(place) => Some(gate.looks_at_depth(place)),
            Command::Cancel { .. } | Command::CancelAll { .. } | Command::ScheduleCancel { .. } => {
                None
            }
        });
        if let Some(deep) = places.reduce(|a, b| a | b).filter(|deep| *deep || !shown) {
            let mut seen = view(market, market.touch());
            if deep {
                seen.displayed = market.displayed();
            }
            let exposure = config.orders.exposure(position);
            gate.observe(config.symbol, &seen, &exposure, now);
        }
        for wish in wishes.as_slice() {
            let exposure = config.orders.exposure(position);
            match gate.admit(*wish, &exposure, now) {
                Ok(approved) => {
                    config.orders.sent(&approved, now);
                    out.push(approved);
                    *own_events += 1;
                }
                Err(refusal) => config.orders.refused(refusal),
            }
        }
        // With other symbols on the account, the gate is told of every change.
        let alone = gate.is_alone() && self.attention() == Attention::Book;
        self.content = alone && self.config.orders.is_content();
        if self.content {
            self.known_events = self.own_events;
        }
    }

    /// The ledger on the maker's own clock.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.config.account
    }

    /// The orders as the maker knows them.
    #[must_use]
    pub fn orders(&self) -> &OrderManager {
        &self.config.orders
    }

    /// Signals that are on and still neutral, with what they need.
    #[must_use]
    pub fn not_ready(&self, market: &Market) -> Vec<String> {
        let mut names = Vec::new();
        if market.sigma().is_none() && self.quoting.mode != QuoteMode::Fixed {
            names.push("volatility (needs 20 samples of 5 s)".to_owned());
        }
        names.extend(self.adaptation.iter().flat_map(|a| a.not_ready(market)));
        names
    }

    /// What the tuner did and when, oldest first.
    #[must_use]
    pub fn tuner_events(&self) -> &[(UnixNanos, TunerEvent)] {
        self.adaptation.as_ref().map_or(&[], Adaptation::events)
    }

    /// What judges its quotes, where there is something.
    #[must_use]
    pub fn judge(&self) -> Option<&Judge> {
        self.config.judge.as_ref()
    }

    /// Its instrument.
    #[must_use]
    pub fn spec(&self) -> &InstrumentSpec {
        &self.config.spec
    }

    /// Everything that it is told.
    #[must_use]
    pub fn params(&self) -> &Params {
        &self.config.params
    }
}

/// Why nothing is quoted at all, if nothing is.
fn no_quote(inputs: &Inputs) -> Option<NoQuote> {
    match inputs.state {
        BookState::Gap => Some(NoQuote::Gap),
        BookState::Crossed | BookState::Locked => Some(NoQuote::CrossedBook),
        BookState::Empty => Some(NoQuote::EmptyBook),
        BookState::OneSided => Some(NoQuote::OneSidedBook),
        BookState::Trusted if inputs.stale => Some(NoQuote::StaleData),
        BookState::Trusted if !inputs.open => Some(NoQuote::Halted),
        BookState::Trusted => None,
    }
}

/// Leave the sides out that may not be quoted.
fn confine(ladder: &mut Ladder, inputs: &Inputs) {
    for side in Side::BOTH {
        if !inputs.sides[side.index()] {
            ladder.suppress(side);
        }
    }
}

/// Which sides may be quoted, bids and asks.
fn sides(gate: &Gate, symbol: SymbolIx, position: Lots, reduces: bool) -> [bool; 2] {
    let allowed = gate.sides(symbol, position);
    if reduces {
        [allowed[0] && position.0 < 0, allowed[1] && position.0 > 0]
    } else {
        allowed
    }
}

fn view(market: &impl Sight, touch: Option<TouchQty>) -> View {
    let none = Px(0);
    View {
        bid: touch.map_or(none, |t| t.touch.bid),
        ask: touch.map_or(none, |t| t.touch.ask),
        mark: market.mark(),
        oracle: market.oracle(),
        displayed: None,
        heard: market.heard(),
    }
}
