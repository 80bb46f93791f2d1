//! Report — the desk as it stands, for status screens, metrics and the state file.

use super::desk::Desk;
use super::stand::Stand;
use crate::book::BookState;
use crate::engine::Sight;
use crate::order::DoneReason;
use crate::order::Order;
use crate::order::OrderState;
use crate::risk::RiskState;
use crate::units::Side;
use crate::units::UnixNanos;
use serde_json::json;
use serde_json::Value;

/// Changes of state that are listed, the newest.
const CHANGES_MAX: usize = 32;

impl Desk {
    /// The desk at `now`, as JSON; prices in price units, sizes in lots, money in micro-dollars.
    #[must_use]
    pub fn report(&self, now: UnixNanos) -> Value {
        let changes = self.gate.changes();
        let latest = &changes[changes.len().saturating_sub(CHANGES_MAX)..];
        let changes: Vec<Value> = latest
            .iter()
            .map(|change| {
                json!({
                    "at": change.at.0,
                    "symbol": change.symbol.map(|ix| self.stands[usize::from(ix.0)].name.clone()),
                    "state": state_name(change.state),
                    "cause": change.cause.to_string(),
                })
            })
            .collect();
        json!({
            "now": now.0,
            "frames": self.frames,
            "capital": self.capital.0,
            "equity": self.equity.0,
            "changes": changes,
            "symbols": self.stands.iter().map(|stand| self.symbol(stand, now)).collect::<Vec<_>>(),
        })
    }

    fn symbol(&self, stand: &Stand, now: UnixNanos) -> Value {
        let orders = stand.maker.orders();
        let account = stand.account();
        let touch = stand.market.touch();
        let parts = account.parts();
        let turnover = account.turnover();
        let counts = stand.merged();
        let context = stand.market.context();
        json!({
            "symbol": stand.name,
            "px_decimals": stand.scales.px_decimals,
            "size_decimals": stand.scales.size_decimals,
            "book": book_name(stand.market.state()),
            "bid": touch.map(|at| at.touch.bid.0),
            "ask": touch.map(|at| at.touch.ask.0),
            "mark": context.mark,
            "oracle": context.oracle,
            "funding_rate": context.funding_rate,
            "age_ns": now.since(stand.market.heard()).0,
            "position": account.position().0,
            "entry": account.average_entry(),
            "proven": stand.chain.proven().map(|lots| lots.0),
            "broken_since": stand.chain.broken().map(|at| at.0),
            "holds": stand.holds.iter().collect::<Vec<_>>(),
            "state": match self.gate.is_frozen(orders.symbol()) {
                true => "frozen",
                false => state_name(self.gate.state(orders.symbol())),
            },
            "orders": orders.live().map(order).collect::<Vec<_>>(),
            "unknown": orders.live().filter(|o| is_unknown(o)).count(),
            "contradictions": orders.contradictions(),
            "refusals": orders.refusals(),
            "foreign_fills": stand.foreign,
            "capture2": parts.capture.0 as i64,
            "inventory2": parts.inventory.0 as i64,
            "fees2": parts.fees.0 as i64,
            "funding2": parts.funding.0 as i64,
            "flow2": account.flow().0 as i64,
            "adopts": stand.adopts.is_some(),
            "maker_fills": turnover.maker_fills,
            "taker_fills": turnover.taker_fills,
            "volume": turnover.volume() as i64,
            "sigma": stand.market.sigma(),
            "bias": stand.market.bias(),
            "not_ready": stand.maker.not_ready(&stand.market),
            "repeated_trades": counts.repeated_trades,
            "stale_frames": counts.stale_frames,
            "bad_levels": counts.bad_levels,
        })
    }
}

fn order(order: &Order) -> Value {
    json!({
        "cloid": format!("0x{:032x}", order.cloid.0),
        "side": if order.side == Side::Bid { "bid" } else { "ask" },
        "px": order.px.0,
        "size": order.size.0,
        "left": order.left().0,
        "level": order.level,
        "sent": order.sent.0,
        "state": order_name(&order.state),
    })
}

fn is_unknown(order: &Order) -> bool {
    matches!(order.state, OrderState::Unknown { .. })
}

fn order_name(state: &OrderState) -> &'static str {
    match state {
        OrderState::Placing { .. } => "placing",
        OrderState::Working { .. } => "working",
        OrderState::Canceling { .. } => "canceling",
        OrderState::Unknown { .. } => "unknown",
        OrderState::Done(DoneReason::Filled) => "filled",
        OrderState::Done(DoneReason::Cancelled(_)) => "cancelled",
        OrderState::Done(DoneReason::Rejected(_)) => "rejected",
    }
}

fn state_name(state: RiskState) -> &'static str {
    match state {
        RiskState::Active => "active",
        RiskState::Reducing => "reducing",
        RiskState::Halted => "halted",
    }
}

fn book_name(state: BookState) -> &'static str {
    match state {
        BookState::Trusted => "trusted",
        BookState::Gap => "gap",
        BookState::Crossed => "crossed",
        BookState::Locked => "locked",
        BookState::Empty => "empty",
        BookState::OneSided => "one-sided",
    }
}
