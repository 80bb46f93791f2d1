//! Adaptation — what one maker learns from its own trading, and the levers that follow.
//!
//! What changes with time alone is looked at on a clock of its own, so that the steps at which
//! nothing is due may be left out without a difference.

use super::levers::Fitted;
use super::levers::Levers;
use super::market::Market;
use super::market::TouchQty;
use super::sight::Sight;
use crate::account::Account;
use crate::account::HalfCash;
use crate::book::BookState;
use crate::event::Fill;
use crate::instrument::InstrumentSpec;
use crate::order::Order;
use crate::risk::MicroUsd;
use crate::signal::ScoredFill;
use crate::signal::Toxicity;
use crate::strategy::decayed_skew;
use crate::strategy::size_factors;
use crate::strategy::FillRate;
use crate::strategy::IntensitySource;
use crate::strategy::InventoryAge;
use crate::strategy::LargeInventory;
use crate::strategy::Mode;
use crate::strategy::Params;
use crate::strategy::Regime;
use crate::strategy::SizerInputs;
use crate::strategy::StrategyKind;
use crate::strategy::Tuner;
use crate::strategy::TunerDay;
use crate::strategy::TunerEvent;
use crate::units::Cash;
use crate::units::DurationNanos;
use crate::units::Px;
use crate::units::Side;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

/// How often sizes, age and urgency are looked at.
const LOOK: DurationNanos = DurationNanos::from_millis(5_000);
const HOUR: DurationNanos = DurationNanos::from_millis(3_600_000);
const DAY: DurationNanos = DurationNanos::from_millis(86_400_000);
const NEVER: UnixNanos = UnixNanos(i64::MAX);
/// Multipliers move in parts of this many: a smaller change would only cost queue positions.
const PARTS: f64 = 64.0;
/// Of the order size, what is left to reduce a position with where the sizer stops.
const SIZE_MIN: f64 = 0.25;
/// A capital that lost does not shrink sizes below this share.
const COMPOUND_MIN: f64 = 0.1;
/// The innermost level is filled or left in vain.
const INNERMOST: u8 = 0;
/// More tuner events than this are not kept.
const EVENTS_MAX: usize = 256;

/// Which parts of the strategy are on.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Parts {
    adaptive: bool,
    toxicity: bool,
    sizer: bool,
    tuner: bool,
    compound: bool,
    /// Whether A and k come from the market, and whether from probes in it.
    intensity: bool,
    probes: bool,
}

impl Parts {
    fn new(params: &Params) -> Self {
        let asks = matches!(params.mode, Mode::Glft | Mode::As);
        Self {
            adaptive: params.strategy == StrategyKind::Adaptive,
            toxicity: params.toxicity,
            sizer: params.sizer.is_on(params.strategy),
            tuner: params.auto_tune.is_on(params.strategy),
            compound: params.compound,
            intensity: asks && params.intensity != IntensitySource::Given,
            probes: asks && params.intensity == IntensitySource::Probes,
        }
    }

    /// Whether something has to be looked at every few seconds.
    fn look(&self) -> bool {
        self.adaptive || self.sizer || self.tuner
    }
}

/// What one maker learns.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Adaptation {
    params: Params,
    parts: Parts,
    levers: Levers,
    toxicity: Toxicity,
    fill_rate: FillRate,
    age: InventoryAge,
    large: LargeInventory,
    tuner: Tuner,
    day: TunerDay,
    events: Vec<(UnixNanos, TunerEvent)>,
    /// The minute's range as of the last step: fills are scored against it.
    atr: Option<f64>,
    rho: f64,
    /// When the next look is due, and when the last one was.
    due: UnixNanos,
    looked: Option<UnixNanos>,
    /// Profit when the UTC hour and the UTC day began, and its peak in the day.
    hour: Option<i64>,
    hour_pnl: HalfCash,
    date: i64,
    date_peak: HalfCash,
    compounded: f64,
    /// What earlier runs earned, in USD.
    retained: f64,
}

impl Adaptation {
    /// Nothing is learned yet; `None` for the plain benchmark, which learns nothing.
    pub(super) fn new(params: &Params) -> Option<Self> {
        if params.mode == Mode::Fixed {
            return None;
        }
        Some(Self {
            params: params.clone(),
            parts: Parts::new(params),
            levers: Levers::default(),
            toxicity: Toxicity::ticks(),
            fill_rate: FillRate::default(),
            age: InventoryAge::default(),
            large: LargeInventory::default(),
            tuner: Tuner::new(1.0, params.inventory_skew_factor),
            day: TunerDay::default(),
            events: Vec::new(),
            atr: None,
            rho: 0.0,
            due: UnixNanos(i64::MIN),
            looked: None,
            hour: None,
            hour_pnl: HalfCash(0),
            date: i64::MIN,
            date_peak: HalfCash(0),
            compounded: 1.0,
            retained: 0.0,
        })
    }

    /// As new with other parameters, but for what was earned and when the day began.
    pub(super) fn renewed(&self, params: &Params) -> Option<Self> {
        let Self { hour, hour_pnl, date, date_peak, compounded, retained, .. } = *self;
        let new = Self::new(params)?;
        Some(Self { hour, hour_pnl, date, date_peak, compounded, retained, ..new })
    }

    /// What earlier runs earned counts for sizes, where they compound.
    pub(super) fn retain(&mut self, earned: MicroUsd) {
        self.retained = earned.0 as f64 / MicroUsd::from_usd(1.0).0 as f64;
        self.compound(0.0);
    }

    /// Sizes follow what was earned.
    fn compound(&mut self, earned: f64) {
        if self.parts.compound {
            let capital = self.params.capital_usd;
            let grown = (capital + self.retained + earned) / capital;
            self.compounded = grown.max(COMPOUND_MIN);
        }
    }

    /// One of our orders traded, for the first time; `order` is what became of it.
    pub(super) fn on_fill(
        &mut self,
        fill: &Fill,
        order: Option<&Order>,
        account: &Account,
        now: UnixNanos,
    ) {
        let spec = account.spec();
        if self.parts.toxicity {
            let (side, px, atr) = (fill.side, spec.price(fill.px), self.atr);
            self.toxicity.on_fill(&ScoredFill { ts: now, side, px, atr });
        }
        self.age.on_position(now, account.position());
        self.day.on_fill();
        if order.is_some_and(|order| order.level == INNERMOST && order.filled >= order.size) {
            self.fill_rate.on_filled(now);
        }
        self.due = UnixNanos(i64::MIN);
    }

    /// An order ends unfilled, or filled in part.
    pub(super) fn on_cancelled(&mut self, order: &Order, now: UnixNanos) {
        if order.level == INNERMOST && !order.state.is_done() {
            self.fill_rate.on_cancelled(now, now.since(order.sent));
        }
    }

    /// Time and prices moved on: the levers in force from now on.
    pub(super) fn step(
        &mut self,
        market: &impl Sight,
        at: Option<&TouchQty>,
        account: &mut Account,
        now: UnixNanos,
    ) -> Levers {
        self.atr = market.atr();
        match (market.state(), at) {
            (BookState::Trusted, Some(at)) => {
                self.toxicity.on_mid(now, account.spec().price(Px(at.touch.mid2())) * 0.5);
            }
            (BookState::Gap, _) => self.toxicity.on_gap(),
            (BookState::Trusted, None) => {}
            (BookState::Empty | BookState::OneSided, _) => {}
            (BookState::Crossed | BookState::Locked, _) => {}
        }
        self.toxicity.settle(now);
        if now >= self.due {
            let mid2 = at.map(|at| at.touch.mid2());
            self.look(market, mid2, account, now);
        }
        let on = |part: bool, value: f64| if part { value } else { 0.0 };
        self.levers.bias = on(self.params.bias_strength > 0.0, market.bias());
        self.levers.funding = on(self.params.funding_weight > 0.0, market.funding());
        if self.parts.toxicity {
            self.levers.toxicity = Side::BOTH.map(|side| self.toxicity.multiplier(side));
        }
        if self.parts.intensity {
            let fitted = if self.parts.probes { market.probed() } else { market.intensity() };
            self.levers.intensity = fitted.map_or(Fitted::Unknown, Fitted::Market);
        }
        if self.parts.adaptive {
            self.levers.regime = market.regime().map_or(1.0, Regime::spread_multiplier);
        }
        self.levers
    }

    /// Whether A and k come from probes.
    pub(super) fn asks_probes(&self) -> bool {
        self.parts.probes
    }

    /// When the passing of time alone may move a lever.
    pub(super) fn wakes(&self) -> UnixNanos {
        self.due.min(self.toxicity.due())
    }

    /// Look at what changes slowly: hours and days that ended, sizes, age and urgency.
    fn look(
        &mut self,
        market: &impl Sight,
        mid2: Option<i64>,
        account: &mut Account,
        now: UnixNanos,
    ) {
        if let Some(mid2) = mid2 {
            account.mark(mid2);
        }
        if let Some(looked) = self.looked.replace(now) {
            self.day.on_inventory(self.rho, now.since(looked));
        }
        let spec = *account.spec();
        let held = spec.size(account.position()) * spec.price(Px(account.mid2())) * 0.5;
        let most = self.params.position_usd() * self.levers.position;
        self.rho = (held / most).clamp(-1.0, 1.0);
        let pnl = account.pnl();
        self.end_hour(pnl, now);
        self.end_day(pnl, &spec, now);
        if self.parts.tuner {
            self.levers.tuned = self.tuner.spread_mult();
            self.levers.skew = Some(self.tuner.skew());
        }
        if self.parts.adaptive {
            let base = self.levers.skew.filter(|_| self.parts.tuner);
            let base = base.unwrap_or(self.params.inventory_skew_factor);
            let aged = decayed_skew(base, self.age.seconds(now), self.params.skew_decay());
            self.levers.skew = Some(base + in_parts(aged - base));
            self.large.on_inventory(now, self.rho);
            self.levers.urgency = self.large.urgency(now, &self.params.urgency_rules());
        }
        self.size(market, pnl, &spec, now);
        let tomorrow = UnixNanos((self.date + 1) * DAY.0);
        self.due = match (self.parts.look(), self.parts.compound) {
            (true, _) => now.after(LOOK),
            (false, true) => tomorrow,
            (false, false) => NEVER,
        };
    }

    /// Where an hour ended: note its result, and let the tuner have its step.
    fn end_hour(&mut self, pnl: HalfCash, now: UnixNanos) {
        let hour = now.0.div_euclid(HOUR.0);
        if self.hour.replace(hour).is_none_or(|before| before == hour) {
            return;
        }
        self.day.on_hour(Cash(((pnl.0 - self.hour_pnl.0) / 2) as i64));
        self.hour_pnl = pnl;
        if self.parts.tuner {
            let events = self.tuner.step(&self.day.inputs(self.fill_rate.value(now)));
            let room = EVENTS_MAX.saturating_sub(self.events.len());
            let new = events.into_iter().flatten().map(|event| (now, event));
            self.events.extend(new.take(room));
        }
    }

    /// Where a day ended: its profit goes into the sizes, and drawdown is counted anew.
    fn end_day(&mut self, pnl: HalfCash, spec: &InstrumentSpec, now: UnixNanos) {
        let date = now.0.div_euclid(DAY.0);
        if self.date != date {
            if self.date != i64::MIN {
                self.compound(pnl.usd(spec));
            }
            self.date = date;
            self.date_peak = pnl;
        }
        self.date_peak = self.date_peak.max(pnl);
    }

    /// How large orders and position may be.
    fn size(&mut self, market: &impl Sight, pnl: HalfCash, spec: &InstrumentSpec, now: UnixNanos) {
        let most = self.params.daily_halt_frac * self.params.capital_usd;
        let factors = size_factors(&SizerInputs {
            vol_ratio: market.pace(),
            fill_rate: self.fill_rate.value(now),
            rho: self.rho,
            toxicity: self.toxicity.worst(),
            drawdown: Cash(((self.date_peak.0 - pnl.0) / 2) as i64),
            drawdown_max: spec.cash(most).unwrap_or(Cash(i64::MAX)),
        });
        let sized = if self.parts.sizer { in_parts(factors.multiplier) } else { 1.0 };
        self.levers.reduces = sized == 0.0;
        // What is left of a position is closed although no more of it is wanted.
        let sized = if sized == 0.0 { SIZE_MIN } else { sized };
        self.levers.size = (sized * self.compounded).min(self.params.order_value_factor);
        self.levers.position = self.compounded.min(1.0);
    }

    /// What the tuner did, oldest first; the first 256 are kept.
    pub(super) fn events(&self) -> &[(UnixNanos, TunerEvent)] {
        &self.events
    }

    /// Own signals that are on and still neutral, with what they need.
    pub(super) fn not_ready(&self, market: &Market) -> Vec<String> {
        let mut names = Vec::new();
        if self.params.bias_strength > 0.0 && !market.bias_is_ready() {
            names.push("bias (needs 73 closed minutes)".to_owned());
        }
        if self.parts.toxicity {
            for (side, name) in Side::BOTH.into_iter().zip(["bids", "asks"]) {
                let fills = self.toxicity.fills(side);
                if !self.toxicity.is_ready(side) {
                    names.push(format!("toxicity of {name} (needs 10 scored fills, had {fills})"));
                }
            }
        }
        if self.parts.intensity {
            let kept = if self.parts.probes { market.probed() } else { market.online() };
            if kept.value().is_none() {
                let status = kept.status().name();
                names.push(format!("fill intensity ({status}; quoted in bps instead)"));
            }
        }
        if self.parts.adaptive && market.regime().is_none() {
            names.push("volatility regime (needs 3 closed minutes)".to_owned());
        }
        names
    }
}

/// A multiplier in steps.
fn in_parts(value: f64) -> f64 {
    libm::rint(value * PARTS) / PARTS
}
