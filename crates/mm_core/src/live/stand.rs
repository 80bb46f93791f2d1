//! Stand — one symbol of the desk: its streams merged, its market, its maker, its proven position.

use super::chain::Chain;
use super::chain::OwnFill;
use crate::account::Account;
use crate::book::BookRows;
use crate::book::MergeCounts;
use crate::book::Merger;
use crate::engine::Commands;
use crate::engine::Maker;
use crate::engine::Market;
use crate::engine::Sight;
use crate::error::CoreError;
use crate::event::FeedMessage;
use crate::event::Fill;
use crate::event::OrderAnswer;
use crate::event::Rows;
use crate::fees::Liquidity;
use crate::instrument::Venue;
use crate::replay::SavedSignals;
use crate::risk::Gate;
use crate::units::Cash;
use crate::units::Cloid;
use crate::units::DurationNanos;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use crate::units::SymbolIx;
use crate::units::TradeId;
use crate::units::UnixNanos;
use crate::wire::Scales;
use std::collections::BTreeSet;

/// How far our clock may be from the venue's: what it told longer before is surely part of what it
/// tells now.
const CLOCKS_APART: DurationNanos = DurationNanos::from_millis(1_000);

/// One symbol of the desk.
#[derive(Debug)]
pub(super) struct Stand {
    pub(super) name: String,
    pub(super) scales: Scales,
    pub(super) market: Market,
    pub(super) maker: Maker,
    pub(super) chain: Chain,
    /// Who keeps it from quoting.
    pub(super) holds: BTreeSet<String>,
    merger: Merger,
    rows: Rows,
    /// Fills that were not of this run's orders.
    pub(super) foreign: u64,
    /// What the venue's position is beyond the ledger's, until a mid tells what it is worth.
    pub(super) adopts: Option<Lots>,
}

impl Stand {
    pub(super) fn new(name: String, market: Market, maker: Maker) -> Self {
        let spec = maker.spec();
        Self {
            name,
            scales: Scales { px_decimals: spec.px_decimals, size_decimals: spec.size_decimals },
            market,
            maker,
            chain: Chain::default(),
            holds: BTreeSet::new(),
            merger: Merger::for_venue(Venue::Hyperliquid),
            rows: Rows::default(),
            foreign: 0,
            adopts: None,
        }
    }

    /// A message of the market is heard.
    pub(super) fn hear(&mut self, message: &FeedMessage, now: UnixNanos) -> Result<(), CoreError> {
        self.rows.clear();
        self.merger.on_message(message, now, &mut self.rows)?;
        let rows = BookRows::of(&self.rows, 0..self.rows.len());
        for at in 0..rows.len() {
            self.market.on_row(rows.row(at), self.rows.id[at]);
        }
        if matches!(message, FeedMessage::Book(_)) {
            self.market.hear(now);
        }
        Ok(())
    }

    /// A fill is told; it counts when it joins what is proven.
    pub(super) fn tell(
        &mut self,
        fill: OwnFill,
        gate: &mut Gate,
        now: UnixNanos,
    ) -> Result<(), CoreError> {
        if self.chain.take(fill, now) {
            self.count(gate, now)?;
        }
        Ok(())
    }

    /// The venue says where the position stands; a word older than its last one changes nothing.
    pub(super) fn begin(
        &mut self,
        (told, since): (Lots, UnixNanos),
        trades: &[TradeId],
        gate: &mut Gate,
        now: UnixNanos,
    ) -> Result<(), CoreError> {
        let Some(position) = self.chain.begin(told, since, trades) else { return Ok(()) };
        self.agreed(since);
        let more = position - self.maker.account().position();
        self.adopts = (more.0 != 0).then_some(more);
        self.adopt()?;
        self.count(gate, now)
    }

    /// The venue's position at a time is ours: what was over before is part of it.
    pub(super) fn agreed(&mut self, since: UnixNanos) {
        self.maker.settled(UnixNanos(since.0.saturating_sub(CLOCKS_APART.0)));
    }

    /// Fills that join are counted.
    fn count(&mut self, gate: &mut Gate, now: UnixNanos) -> Result<(), CoreError> {
        while let Some(fill) = self.chain.due() {
            let mid2 = self.mid2().unwrap_or(2 * fill.px.0);
            let symbol = self.maker.orders().symbol();
            let ours = fill.fill(symbol).filter(|own| self.maker.orders().is_ours(own.cloid));
            match ours {
                Some(own) => self.maker.on_fill(&own, mid2, gate, now)?,
                None => {
                    self.foreign += 1;
                    self.maker.on_foreign(&foreign(&fill, symbol), mid2, gate, now)?;
                }
            }
        }
        Ok(())
    }

    /// A position that came without fills enters the ledger at the mid, without a profit; it is no trade.
    fn adopt(&mut self) -> Result<(), CoreError> {
        let (Some(more), Some(mid2)) = (self.adopts, self.mid2()) else { return Ok(()) };
        self.adopts = None;
        let held = Fill {
            symbol: self.maker.orders().symbol(),
            cloid: Cloid(0),
            trade: TradeId(0),
            side: if more.0 > 0 { Side::Bid } else { Side::Ask },
            px: Px(mid2 / 2),
            size: Lots(more.0.abs()),
            liquidity: Liquidity::Maker,
            fee: Some(Cash(0)),
        };
        self.maker.on_held(&held)
    }

    /// What the venue says of one of our orders.
    pub(super) fn answer(&mut self, cloid: Cloid, answer: &OrderAnswer, now: UnixNanos) {
        self.maker.on_answer(cloid, answer, now);
    }

    /// Whether quotes may stand, as far as it is up to this symbol's own records.
    pub(super) fn is_sound(&self) -> bool {
        self.chain.proven().is_some() && self.adopts.is_none() && self.holds.is_empty()
    }

    /// Decide at `now`.
    pub(super) fn decide(
        &mut self,
        gate: &mut Gate,
        now: UnixNanos,
        out: &mut Commands,
    ) -> Result<(), CoreError> {
        self.adopt()?;
        self.market.on_step(now);
        let sound = self.is_sound();
        self.maker.hold(!sound);
        self.maker.decide(&self.market, gate, now, out);
        Ok(())
    }

    /// Twice the mid, where the book has two sides.
    pub(super) fn mid2(&self) -> Option<i64> {
        self.market.touch().map(|at| at.touch.mid2()).filter(|mid2| *mid2 > 0)
    }

    pub(super) fn account(&self) -> &Account {
        self.maker.account()
    }

    pub(super) fn merged(&self) -> MergeCounts {
        self.merger.counts()
    }

    /// What its signals know.
    pub(super) fn signals(&self) -> SavedSignals {
        let (symbol, venue) = (self.name.clone(), "hyperliquid".to_owned());
        SavedSignals::new(symbol, venue, self.market.heard(), self.market.warmth())
    }
}

/// A fill of an order that this run does not know.
fn foreign(fill: &OwnFill, symbol: SymbolIx) -> Fill {
    Fill {
        symbol,
        cloid: fill.cloid.unwrap_or(Cloid(0)),
        trade: fill.trade,
        side: fill.side,
        px: fill.px,
        size: fill.size,
        liquidity: fill.liquidity,
        fee: Some(fill.fee),
    }
}
