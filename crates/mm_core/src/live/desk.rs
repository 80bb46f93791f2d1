//! Desk — several symbols behind one gate, driven by frames, events and times.

use super::chain::OwnFill;
use super::event::DeskEvent;
use super::stand::Stand;
use crate::command::Command;
use crate::engine::Commands;
use crate::error::CoreError;
use crate::instrument::Venue;
use crate::replay::signals_file;
use crate::replay::SavedSignals;
use crate::risk::Approved;
use crate::risk::Gate;
use crate::risk::MicroUsd;
use crate::units::Cash;
use crate::units::DurationNanos;
use crate::units::Lots;
use crate::units::SymbolIx;
use crate::units::TradeId;
use crate::units::UnixNanos;
use crate::wire;
use crate::wire::Decoded;
use crate::wire::OrderUpdate;
use crate::wire::UserFill;

/// How often the equity is looked at.
const EQUITY_EVERY: DurationNanos = DurationNanos::from_millis(1_000);

/// What a frame was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The market of a symbol.
    Market(SymbolIx),
    /// Our own orders or fills.
    Own,
    /// The connection's own business, with the venue's words where it refused something.
    Control(Option<String>),
    /// Nothing that concerns us.
    Nothing,
}

/// What whoever drives the desk should know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// An order of ours that this run did not send: its venue id and status.
    ForeignOrder {
        /// Which symbol.
        symbol: SymbolIx,
        /// The venue's id.
        oid: u64,
        /// Whether it rests.
        open: bool,
    },
    /// A fill of an order that this run did not send.
    ForeignFill {
        /// Which symbol.
        symbol: SymbolIx,
        /// The trade.
        trade: u64,
    },
}

/// Several symbols behind one gate.
#[derive(Debug)]
pub struct Desk {
    pub(super) stands: Vec<Stand>,
    pub(super) gate: Gate,
    pub(super) capital: MicroUsd,
    pub(super) equity: MicroUsd,
    equity_due: UnixNanos,
    notices: Vec<Notice>,
    pub(super) frames: u64,
}

impl Desk {
    pub(super) fn new(stands: Vec<Stand>, gate: Gate, capital: MicroUsd, now: UnixNanos) -> Self {
        let (notices, frames) = (Vec::new(), 0);
        Self { stands, gate, capital, equity: capital, equity_due: now, notices, frames }
    }

    /// A frame of a socket, as it came.
    ///
    /// # Errors
    /// [`CoreError::BadPayload`] where it is malformed: nothing of it was taken in.
    pub fn frame(&mut self, frame: &[u8], now: UnixNanos) -> Result<Heard, CoreError> {
        let stands = &self.stands;
        let scales =
            |name: &str| stands.iter().find(|stand| stand.name == name).map(|stand| stand.scales);
        let decoded = wire::decode(Venue::Hyperliquid, frame, &scales)?;
        self.frames += 1;
        match decoded {
            Decoded::Feed { symbol, channel: _, message } => {
                let Some(ix) = self.find(symbol) else { return Ok(Heard::Nothing) };
                self.stands[usize::from(ix.0)].hear(&message, now)?;
                Ok(Heard::Market(ix))
            }
            Decoded::Orders(orders) => {
                orders.iter().for_each(|order| self.on_order(order, now));
                Ok(Heard::Own)
            }
            Decoded::Fills { snapshot: _, mut fills } => {
                // A snapshot comes newest first; the chain puts what is left in order.
                fills.sort_by_key(|fill| fill.ts_exch);
                for fill in &fills {
                    self.on_fill(fill, now)?;
                }
                Ok(Heard::Own)
            }
            Decoded::Control(wire::Control::Refused(words)) => Ok(Heard::Control(Some(words))),
            Decoded::Control(wire::Control::Pong | wire::Control::Subscribed) => {
                Ok(Heard::Control(None))
            }
            Decoded::Ignored => Ok(Heard::Nothing),
        }
    }

    fn on_order(&mut self, order: &OrderUpdate<'_>, now: UnixNanos) {
        let Some(ix) = self.find(order.symbol) else { return };
        let stand = &mut self.stands[usize::from(ix.0)];
        match order.cloid.filter(|cloid| stand.maker.orders().is_ours(*cloid)) {
            Some(cloid) => stand.answer(cloid, &order.answer, now),
            None => {
                let open = matches!(order.answer, crate::event::OrderAnswer::Resting { .. });
                let oid = order.oid.0;
                self.notices.push(Notice::ForeignOrder { symbol: ix, oid, open });
            }
        }
    }

    fn on_fill(&mut self, fill: &UserFill<'_>, now: UnixNanos) -> Result<(), CoreError> {
        let Some(ix) = self.find(fill.symbol) else { return Ok(()) };
        let stand = &mut self.stands[usize::from(ix.0)];
        let before = stand.foreign;
        stand.tell(owned(fill), &mut self.gate, now)?;
        if stand.foreign > before {
            self.notices.push(Notice::ForeignFill { symbol: ix, trade: fill.trade.0 });
        }
        Ok(())
    }

    /// What reached us beside frames, as JSON of a [`DeskEvent`].
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] for what is no event, and for a symbol or parameter that is none.
    pub fn event(&mut self, text: &str, now: UnixNanos) -> Result<(), CoreError> {
        let event = serde_json::from_str(text)
            .map_err(|e| CoreError::BadArgument { name: "event", why: e.to_string() })?;
        match event {
            DeskEvent::Answer { symbol, cloid, answer } => {
                self.stand(symbol)?.answer(cloid, &answer, now);
            }
            DeskEvent::Funding { symbol, received } => {
                self.stand(symbol)?.maker.on_funding(Cash(received));
            }
            DeskEvent::Baseline { symbol, position, since, trades } => {
                self.stand(symbol)?;
                let trades: Vec<TradeId> = trades.into_iter().map(TradeId).collect();
                let at = (Lots(position), UnixNanos(since));
                let stand = &mut self.stands[usize::from(symbol)];
                stand.begin(at, &trades, &mut self.gate, now)?;
            }
            DeskEvent::Agreed { symbol, since } => {
                self.stand(symbol)?.agreed(UnixNanos(since));
            }
            DeskEvent::Hold { symbol, by, on } => self.hold(symbol, &by, on)?,
            DeskEvent::Halt { symbol, on } => self.halt(symbol, on, now)?,
            DeskEvent::Flatten { on } => {
                self.stands.iter_mut().for_each(|stand| stand.maker.flatten(on));
            }
            DeskEvent::Patience { ns } => {
                let patience = DurationNanos(ns.max(0));
                self.stands.iter_mut().for_each(|stand| stand.maker.be_patient(patience));
            }
            DeskEvent::Scale { symbol, scale } => self.stand(symbol)?.maker.scale(scale)?,
            DeskEvent::Params { symbol, params } => {
                self.stand(symbol)?.maker.reload(&params)?;
            }
        }
        Ok(())
    }

    fn hold(&mut self, symbol: Option<u16>, by: &str, on: bool) -> Result<(), CoreError> {
        let stands = match symbol {
            Some(ix) => std::slice::from_mut(self.stand(ix)?),
            None => &mut self.stands[..],
        };
        for stand in stands {
            if on {
                stand.holds.insert(by.to_owned());
            } else {
                stand.holds.remove(by);
            }
        }
        Ok(())
    }

    fn halt(&mut self, symbol: Option<u16>, on: bool, now: UnixNanos) -> Result<(), CoreError> {
        if let Some(ix) = symbol {
            self.stand(ix)?;
        }
        match on {
            true => self.gate.halt(symbol.map(SymbolIx), now),
            false => self.gate.rearm(symbol.map(SymbolIx), now),
        }
        Ok(())
    }

    /// Decide at `now`, for one symbol or for all; the commands that the gate approved.
    ///
    /// # Errors
    /// A notional that does not fit the cash unit.
    pub fn decide(
        &mut self,
        symbol: Option<SymbolIx>,
        now: UnixNanos,
        out: &mut Vec<Approved<Command>>,
    ) -> Result<(), CoreError> {
        if now >= self.equity_due {
            self.equity_due = now.after(EQUITY_EVERY);
            self.look_at_equity(now);
        }
        let out: &mut Commands = out;
        for (i, stand) in self.stands.iter_mut().enumerate() {
            if symbol.is_none_or(|only| usize::from(only.0) == i) {
                stand.decide(&mut self.gate, now, out)?;
            }
        }
        Ok(())
    }

    fn look_at_equity(&mut self, now: UnixNanos) {
        let mut earned = 0;
        for stand in &mut self.stands {
            if let Some(mid2) = stand.mid2() {
                stand.maker.mark(mid2);
            }
            earned += MicroUsd::from_usd(stand.account().pnl().usd(stand.account().spec())).0;
        }
        self.equity = MicroUsd(self.capital.0 + earned);
        self.gate.on_equity(self.equity, now);
    }

    /// What should be known since the last call.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// What the signals know now, as a file that another run begins with.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] where it cannot be written down.
    pub fn signals(&self) -> Result<Vec<u8>, CoreError> {
        let all: Vec<SavedSignals> = self.stands.iter().map(Stand::signals).collect();
        signals_file(&all)
    }

    fn find(&self, name: &str) -> Option<SymbolIx> {
        let at = self.stands.iter().position(|stand| stand.name == name)?;
        u16::try_from(at).ok().map(SymbolIx)
    }

    fn stand(&mut self, symbol: u16) -> Result<&mut Stand, CoreError> {
        let count = self.stands.len();
        self.stands.get_mut(usize::from(symbol)).ok_or_else(|| CoreError::BadArgument {
            name: "symbol",
            why: format!("{symbol} of {count}"),
        })
    }
}

/// The fill without the frame that told of it; which symbol it is of is known.
fn owned(fill: &UserFill<'_>) -> OwnFill {
    let UserFill { side, px, size, position_before, oid, cloid, trade, .. } = *fill;
    let UserFill { liquidity, fee, ts_exch, .. } = *fill;
    let symbol = "";
    UserFill { symbol, side, px, size, position_before, oid, cloid, trade, liquidity, fee, ts_exch }
}
