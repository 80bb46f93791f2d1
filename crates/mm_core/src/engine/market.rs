//! Market — one symbol as every maker sees it: book, clocks, parameter-free signals.

use super::flow::Flow;
use super::sight::balance;
use super::sight::Sight;
use super::signals::Signals;
use super::warmth::Warmth;
use crate::book::Book;
use crate::book::BookRow;
use crate::book::BookRows;
use crate::book::BookState;
use crate::book::Level;
use crate::book::Touch;
use crate::event::ContextKind;
use crate::event::RowKind;
use crate::instrument::InstrumentSpec;
use crate::queue::Shown;
use crate::quote::Intensity;
use crate::quote::KeptIntensity;
use crate::quote::OnlineIntensity;
use crate::signal::SigmaEstimator;
use crate::signal::TickLook;
use crate::strategy::Regime;
use crate::units::DurationNanos;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

/// Values the venue publishes beside the book; `None` until one arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Context {
    /// Oracle price in 1e-8.
    pub oracle: Option<i64>,
    /// Mark price in 1e-8.
    pub mark: Option<i64>,
    /// Estimate of the coming hourly funding rate in 1e-12.
    pub funding_rate: Option<i64>,
}

impl Context {
    /// Note a context value.
    pub fn note(&mut self, kind: u64, value: i64) {
        if kind == ContextKind::Oracle as u64 {
            self.oracle = Some(value);
        } else if kind == ContextKind::Mark as u64 {
            self.mark = Some(value);
        } else if kind == ContextKind::FundingRate as u64 {
            self.funding_rate = Some(value);
        }
    }
}

/// What the makers of a market ask of it: no more is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Attention {
    /// The book alone.
    Book,
    /// Signals of the mids and the fill intensity too.
    Signals,
    /// Trades and touch of the last minute too, for a fill model.
    Flow,
}

/// What is known of one symbol on our own clock.
#[derive(Debug, Serialize, Deserialize)]
pub struct Market {
    attention: Attention,
    /// Whether the book that is heard holds our own orders.
    shows_ours: bool,
    book: Book,
    sigma: SigmaEstimator,
    signals: Signals,
    intensity: OnlineIntensity,
    /// What probes tell, where some are out.
    probed: KeptIntensity,
    flow: Flow,
    context: Context,
    heard: UnixNanos,
    /// Twice the mid as last sampled, and when the passing of time alone asks for a sample.
    mid2: i64,
    due: UnixNanos,
}

/// Depth that counts as displayed around the touch, in parts of the price (10 bp).
const DISPLAYED_PART: i64 = 1_000;

/// The touch with what rests there: all that quoting looks at in the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TouchQty {
    /// Best prices.
    pub touch: Touch,
    /// Lots at the best bid and the best ask.
    pub qty: [i64; 2],
}

impl Market {
    /// A market of which nothing was delivered yet.
    #[must_use]
    pub fn new(spec: InstrumentSpec, attention: Attention, warmth: Warmth) -> Self {
        let listens = attention > Attention::Book;
        Self {
            attention,
            shows_ours: false,
            book: Book::new(spec),
            sigma: warmth.sigma,
            signals: warmth.signals,
            intensity: warmth.intensity,
            probed: KeptIntensity::default(),
            flow: Flow::default(),
            context: Context::default(),
            heard: UnixNanos(0),
            mid2: 0,
            due: UnixNanos(if listens { i64::MIN } else { i64::MAX }),
        }
    }

    /// The same market, heard from where our own orders are part of the book.
    #[must_use]
    pub fn showing_ours(self) -> Self {
        Self { shows_ours: true, ..self }
    }

    /// What its signals know: another market of the symbol may begin with it.
    #[must_use]
    pub fn warmth(&self) -> Warmth {
        Warmth {
            sigma: self.sigma.clone(),
            signals: self.signals.clone(),
            intensity: self.intensity.clone(),
        }
    }

    /// Apply delivered rows from `from` on as long as they are levels; where the first stands that
    /// is none.
    #[inline]
    pub fn on_levels(&mut self, rows: &BookRows<'_>, from: usize) -> usize {
        self.book.take_levels(rows, from)
    }

    /// Apply one delivered row of any kind.
    pub fn on_row(&mut self, row: BookRow, id: u64) {
        self.book.apply(row);
        match (row.kind, Side::from_sign(row.side)) {
            (RowKind::Trade, Some(aggressor)) if self.attention > Attention::Book => {
                self.intensity.on_trade(aggressor, Px(row.px));
                self.flow.on_trade(aggressor, Px(row.px), row.qty);
            }
            (RowKind::Context, _) => self.context.note(id, row.qty),
            (RowKind::Trade | RowKind::Level | RowKind::Gone | RowKind::Left, _) => {}
            (RowKind::Clear | RowKind::Frame | RowKind::Funding | RowKind::Gap, _) => {}
        }
    }

    /// Rows were delivered, the last of them at `now`.
    #[inline]
    pub fn hear(&mut self, now: UnixNanos) {
        self.heard = now;
    }

    /// Time passed: sample the mid where it changed, and what is sampled on a clock.
    #[inline]
    pub fn on_step(&mut self, now: UnixNanos) {
        if self.attention == Attention::Book {
            return;
        }
        let Some(touch) = self.book.touch() else { return };
        let mid2 = touch.mid2();
        let news = mid2 != self.mid2 || now >= self.due || self.intensity.is_pending();
        if news && self.book.state() == BookState::Trusted {
            self.sample(now, touch);
        }
        if self.attention == Attention::Flow && self.book.state() == BookState::Trusted {
            if let Some(touch) = self.touch() {
                self.flow.on_step(now, &touch);
            }
        }
    }

    fn sample(&mut self, now: UnixNanos, touch: Touch) {
        let (mid2, spec) = (touch.mid2(), self.book.spec());
        self.mid2 = mid2;
        self.sigma.on_mid(now, mid2 as f64 * 0.5);
        self.signals.on_mid(now, spec.price(Px(mid2)) * 0.5);
        self.intensity.on_step(now, mid2, spec.step(touch.bid));
        self.due = self.sigma.due().min(self.signals.due()).min(self.intensity.due());
    }

    /// The book as delivered so far.
    #[must_use]
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// A price of the venue's context, which is in 1e-8, in units of the book.
    fn price(&self, value: i64) -> Px {
        Px(value / 10_i64.pow(8_u32.saturating_sub(self.book.spec().px_decimals)))
    }

    /// What the venue publishes beside the book.
    #[must_use]
    pub fn context(&self) -> Context {
        self.context
    }

    /// Whether enough minutes closed for a bias.
    #[must_use]
    pub fn bias_is_ready(&self) -> bool {
        self.signals.bias_is_ready()
    }

    /// Fill intensity by distance as the market's trades show it, and how its fits go.
    #[must_use]
    pub fn online(&self) -> &KeptIntensity {
        self.intensity.kept()
    }

    /// The same as probes show it.
    #[must_use]
    pub fn probed(&self) -> &KeptIntensity {
        &self.probed
    }

    /// Take in what probes show.
    pub fn on_probes(&mut self, kept: &KeptIntensity) {
        if self.probed != *kept {
            self.probed = kept.clone();
        }
    }
}

impl Sight for Market {
    fn spec(&self) -> &InstrumentSpec {
        self.book.spec()
    }

    #[inline]
    fn touch(&self) -> Option<TouchQty> {
        let touch = self.book.touch()?;
        let bid = self.book.qty(Side::Bid, touch.bid).0;
        let ask = self.book.qty(Side::Ask, touch.ask).0;
        Some(TouchQty { touch, qty: [bid, ask] })
    }

    fn state(&self) -> BookState {
        self.book.state()
    }

    fn heard(&self) -> UnixNanos {
        self.heard
    }

    #[inline]
    fn wakes(&self) -> UnixNanos {
        self.due
    }

    fn mark(&self) -> Option<Px> {
        self.context.mark.map(|mark| self.price(mark))
    }

    fn oracle(&self) -> Option<Px> {
        self.context.oracle.map(|oracle| self.price(oracle))
    }

    fn sigma(&self) -> Option<f64> {
        self.sigma.sigma()
    }

    fn bias(&self) -> f64 {
        self.signals.lean()
    }

    fn atr(&self) -> Option<f64> {
        self.signals.atr()
    }

    fn pace(&self) -> Option<f64> {
        self.signals.pace().ratio()
    }

    fn regime(&self) -> Option<Regime> {
        self.signals.regime()
    }

    fn intensity(&self) -> Option<Intensity> {
        self.intensity.kept().value()
    }

    fn probed(&self) -> Option<Intensity> {
        self.probed.value()
    }

    fn funding(&self) -> f64 {
        self.context.funding_rate.map_or(0.0, |rate| rate as f64 * 1e-12)
    }

    fn qty(&self, side: Side, px: Px) -> Lots {
        self.book.qty(side, px)
    }

    fn displayed(&self) -> Option<[Lots; 2]> {
        displayed(&self.book)
    }

    fn level(&self, side: Side, px: Px) -> Option<Shown> {
        let known = self.book.state() != BookState::Gap && self.book.is_visible(side, px);
        let (qty, n) = self.book.at(side, px);
        known.then_some(Shown { qty: qty as f64, n })
    }

    fn shows_ours(&self) -> bool {
        self.shows_ours
    }

    fn prints(&self, heard: u64) -> (u64, impl Iterator<Item = (Side, Px, f64)>) {
        self.flow.prints(heard)
    }

    fn look(&self, now: UnixNanos) -> Option<TickLook> {
        if self.book.state() != BookState::Trusted {
            return None;
        }
        let spec = self.book.spec();
        let mid = |mid2: i64| spec.price(Px(mid2)) * 0.5;
        let ago = |seconds: i64| {
            let ago = DurationNanos::from_millis(seconds * 1_000);
            self.flow.mid2_ago(now, ago).map(mid)
        };
        let five = Side::BOTH
            .map(|side| self.book.near(side).take(5).map(|level| level.qty).sum::<Lots>().0 as f64);
        self.freshened(&TickLook {
            imbalance_5: balance(five),
            flow_5s: self.flow.flow_5s(now),
            traded_10s: self.flow.traded_10s(now),
            mid_1s_ago: ago(1),
            mid_10s_ago: ago(10),
            sigma_fast: self.signals.pace().fast().unwrap_or(0.0),
            pace: self.pace(),
            trades_60s: self.flow.trades_60s(now),
            mean_trade: self.flow.mean_trade(),
            ..TickLook::default()
        })
    }
}

/// Lots displayed within 10 bp of the touch, bids and asks; `None` without a touch.
#[must_use]
pub fn displayed(book: &Book) -> Option<[Lots; 2]> {
    let touch = book.touch()?;
    let reach = touch.mid2() / 2 / DISPLAYED_PART;
    Some(Side::BOTH.map(|side| {
        let best = if side == Side::Bid { touch.bid } else { touch.ask };
        let near = |l: &Level| (l.px.0 - best.0).abs() <= reach;
        book.near(side).take_while(near).map(|l| l.qty).sum()
    }))
}
