//! Markets — one coin: its book, everybody's orders in it, its context and its day.

use crate::book::BookRow;
use crate::book::BookRows;
use crate::error::CoreError;
use crate::event::flags;
use crate::event::ContextKind;
use crate::event::RowKind;
use crate::event::Rows;
use crate::instrument::InstrumentSpec;
use crate::sim::exchange::day::Day;
use crate::sim::exchange::events::LevelRow;
use crate::sim::exchange::source::Source;
use crate::sim::exchange::spec::CoinSpec;
use crate::sim::exchange::words::SideWord;
use crate::sim::Depth;
use crate::sim::SimFill;
use crate::sim::SimOrders;
use crate::sim::VenueBook;
use crate::sim::VenueConfig;
use crate::sim::VenueEvent;
use crate::units::Cloid;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;

/// Something that a test makes happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(super) struct Injected {
    /// A trade or a level.
    pub(super) kind: InjectedKind,
    /// The aggressor, or the side of the level.
    #[serde(with = "SideWord")]
    pub(super) side: Side,
    /// Price units.
    pub(super) px: i64,
    /// Lots; a level of 0 is gone.
    pub(super) qty: i64,
}

/// What a test makes happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum InjectedKind {
    /// A print.
    Trade,
    /// A displayed level.
    Level,
}

/// What the venue says of a contract, as far as it was said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Context {
    pub(super) oracle: Option<i64>,
    pub(super) mark: Option<i64>,
    pub(super) funding_rate: Option<i64>,
    pub(super) open_interest: Option<i64>,
}

/// One coin.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Market {
    pub(super) name: String,
    pub(super) leverage_max: u32,
    pub(super) only_isolated: bool,
    pub(super) source: Source,
    pub(super) state: State,
}

/// What of a market is saved.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) book: VenueBook,
    pub(super) orders: SimOrders,
    pub(super) context: Context,
    pub(super) day: Day,
    pub(super) injected: Vec<Injected>,
    /// Rows that wait for their block.
    pub(super) waiting: Rows,
    touch: [Option<LevelRow>; 2],
    said: Context,
    /// Lots of displayed levels that were taken in this block.
    taken: BTreeMap<(Side, i64), i64>,
    /// Prints of this block.
    prints: Vec<(i64, i64, i64, i64, u64)>,
}

impl Market {
    pub(super) fn new(coin: &CoinSpec, source: Source, config: VenueConfig) -> Self {
        let spec = InstrumentSpec::hyperliquid(coin.size_decimals);
        let state = State {
            book: VenueBook::new(spec),
            orders: SimOrders::new(config),
            context: Context::default(),
            day: Day::default(),
            injected: Vec::new(),
            waiting: Rows::default(),
            touch: [None; 2],
            said: Context::default(),
            taken: BTreeMap::new(),
            prints: Vec::new(),
        };
        Self {
            name: coin.name.clone(),
            leverage_max: coin.max_leverage,
            only_isolated: coin.only_isolated,
            source,
            state,
        }
    }

    /// Take in what the source tells until a time.
    ///
    /// # Errors
    /// As of the source.
    pub(super) fn pull(&mut self, until: UnixNanos) -> Result<(), CoreError> {
        self.source.pull(until, &mut self.state.waiting)
    }

    /// Take in a frame of the live feed.
    ///
    /// # Errors
    /// As of the source.
    pub(super) fn push(&mut self, frame: &[u8], recv: UnixNanos) -> Result<(), CoreError> {
        let spec = *self.state.spec();
        self.source.push(frame, (&self.name, &spec), recv, &mut self.state.waiting)
    }
}

impl State {
    pub(super) fn spec(&self) -> &InstrumentSpec {
        self.book.spec()
    }

    /// Rows that happened by a time, and what is injected: where the next unapplied stands.
    pub(super) fn due(&self, until: UnixNanos) -> usize {
        self.waiting.ts_recv.partition_point(|ts| *ts <= until.0)
    }

    /// Apply the waiting row at a place; the fills it makes.
    pub(super) fn apply(&mut self, at: usize, now: UnixNanos) -> Vec<SimFill> {
        let row = BookRows::of(&self.waiting, at..at + 1).row(0);
        let (ts, id) = (self.waiting.ts_exch[at], self.waiting.id[at]);
        match row.kind {
            RowKind::Context => self.say(id, row.qty),
            RowKind::Trade => {
                self.prints.push((now.0, i64::from(row.side), row.px, row.qty, id));
                self.count(now, row.px, row.qty);
            }
            RowKind::Level
            | RowKind::Gone
            | RowKind::Left
            | RowKind::Clear
            | RowKind::Frame
            | RowKind::Funding
            | RowKind::Gap => {}
        }
        self.book.on_row(row, &mut self.orders, ts);
        self.fills()
    }

    /// Make happen what a test wants to happen.
    pub(super) fn inject(&mut self, what: Injected, now: UnixNanos, id: u64) -> Vec<SimFill> {
        let (kind, side) = match what.kind {
            InjectedKind::Trade => (RowKind::Trade, what.side.sign() as i8),
            InjectedKind::Level if what.qty == 0 => (RowKind::Gone, what.side.sign() as i8),
            InjectedKind::Level => (RowKind::Level, what.side.sign() as i8),
        };
        if what.kind == InjectedKind::Trade {
            self.print(now, (what.side, what.px), what.qty, id);
        }
        let (px, qty) = (what.px, what.qty);
        let row = BookRow { kind, side, px, qty, n: 1, flags: flags::LAST };
        self.book.on_row(row, &mut self.orders, now.0);
        self.fills()
    }

    fn fills(&mut self) -> Vec<SimFill> {
        if self.orders.is_quiet() {
            return Vec::new();
        }
        let fill = |event| match event {
            (_, VenueEvent::Fill(fill, _)) => Some(fill),
            (_, VenueEvent::Answer(..)) => None,
        };
        self.orders.drain().filter_map(fill).collect()
    }

    /// An order joins the queue of its price.
    pub(super) fn join(&mut self, oid: u64, at: (Side, Px), left: Lots, now: UnixNanos) {
        let id = Cloid(u128::from(oid));
        self.orders.join(id, at, left, (None, &mut self.book), now.0);
        self.orders.clear_events();
    }

    /// An order leaves the book, or gives some lots of it.
    pub(super) fn give(&mut self, oid: u64, size: Option<Lots>) {
        self.orders.give(Cloid(u128::from(oid)), size);
    }

    /// A trade that the source did not tell.
    pub(super) fn print(&mut self, now: UnixNanos, at: (Side, i64), qty: i64, id: u64) {
        self.prints.push((now.0, at.0.sign(), at.1, qty, id));
        self.count(now, at.1, qty);
    }

    fn count(&mut self, now: UnixNanos, px: i64, qty: i64) {
        let notional = self.spec().notional(Px(px), Lots(qty)).map_or(0, |cash| cash.0);
        self.day.add(now.0, px, qty, notional);
    }

    fn say(&mut self, kind: u64, value: i64) {
        let is = |which: ContextKind| kind == which as u64;
        if is(ContextKind::Oracle) {
            self.context.oracle = Some(value);
        } else if is(ContextKind::Mark) {
            self.context.mark = Some(value);
        } else if is(ContextKind::FundingRate) {
            self.context.funding_rate = Some(value);
        } else if is(ContextKind::OpenInterest) {
            self.context.open_interest = Some(value);
        }
    }

    /// The best displayed level of a side that was not taken in this block, no worse than `limit`
    /// for the other side.
    pub(super) fn displayed(&self, side: Side, limit: Px) -> Option<(Px, Lots)> {
        let levels =
            self.book.book().levels(side).take_while(|l| !side.opposite().better(l.px, limit));
        levels
            .map(|level| {
                let taken = self.taken.get(&(side, level.px.0)).copied().unwrap_or(0);
                (level.px, Lots(level.qty.0 - taken))
            })
            .find(|(_, left)| left.0 > 0)
    }

    /// The first order of a side that rests here, no worse than `limit` for the other side.
    pub(super) fn resting(&self, side: Side, limit: Px) -> Option<(u64, Px, Lots)> {
        let first = self.orders.resting().iter().find(|order| order.side == side)?;
        let meets = !side.opposite().better(first.px, limit);
        meets.then_some((first.cloid.0 as u64, first.px, first.left))
    }

    /// Lots of a displayed level are taken; they are there again in the next block, because the
    /// market does not know of us.
    pub(super) fn take(&mut self, side: Side, px: Px, size: Lots) {
        *self.taken.entry((side, px.0)).or_default() += size.0;
    }

    /// A block begins.
    pub(super) fn begin_block(&mut self) {
        self.taken.clear();
    }

    /// Levels of a side, best first, with the orders that rest here.
    pub(super) fn levels(&self, side: Side, depth: usize) -> Vec<LevelRow> {
        let mut out: Vec<LevelRow> = Vec::new();
        let own = self.orders.resting().iter().filter(|order| order.side == side);
        let mut own = own.map(|o| (o.px, o.left.0, 1)).peekable();
        let mut shown = self.book.book().levels(side).map(|l| (l.px, l.qty.0, l.n)).peekable();
        loop {
            let from_own = match (own.peek(), shown.peek()) {
                (None, None) => break,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (Some(mine), Some(theirs)) => side.better(mine.0, theirs.0),
            };
            let next = if from_own { own.next() } else { shown.next() };
            let Some((px, qty, n)) = next else { break };
            let full = out.len() == depth;
            match out.last_mut() {
                Some(last) if last.0 == px.0 => {
                    last.1 += qty;
                    last.2 += n;
                }
                _ if full => break,
                _ => out.push((px.0, qty, n)),
            }
        }
        out
    }

    /// Best price of a side, orders here among them.
    pub(super) fn best(&self, side: Side) -> Option<Px> {
        let own = self.orders.resting().iter().find(|order| order.side == side).map(|o| o.px);
        match (own, self.book.best(side)) {
            (Some(own), Some(shown)) if side.better(own, shown) => Some(own),
            (Some(own), None) => Some(own),
            (_, shown) => shown,
        }
    }

    /// The mid of the displayed book, in 1e-8.
    pub(super) fn mid(&self) -> Option<i64> {
        let touch = self.book.touch()?;
        let scale = crate::instrument::pow10(8 - self.spec().px_decimals.min(8));
        Some(touch.mid2() * scale / 2)
    }

    /// What positions are valued at, in 1e-8: the mark, or the mid where none was said.
    pub(super) fn mark(&self) -> Option<i64> {
        self.context.mark.or_else(|| self.mid())
    }

    /// The trades of the block, and the touch and context where they are others than before.
    pub(super) fn end_block(&mut self) -> BlockNews {
        let touch = Side::BOTH.map(|side| self.levels(side, 1).first().copied());
        let news = BlockNews {
            trades: std::mem::take(&mut self.prints),
            touch: (touch != self.touch).then_some(touch),
            context: self.context != self.said,
        };
        self.touch = touch;
        self.said = self.context;
        news
    }
}

/// What a block did to a market.
#[derive(Debug)]
pub(super) struct BlockNews {
    pub(super) trades: Vec<(i64, i64, i64, i64, u64)>,
    pub(super) touch: Option<[Option<LevelRow>; 2]>,
    pub(super) context: bool,
}
