//! What a run hands out: columns, and a summary that a report prints.

use super::columns::EquityColumns;
use super::columns::FillColumns;
use super::columns::OrderColumns;
use super::drive::Part;
use super::drive::Replay;
use super::drive::Run;
use super::lane::Lane;
use super::seat::Seat;
use crate::account::HalfCash;
use crate::engine::WhySide;
use crate::quote::TERM_DECIMALS;
use crate::risk::Change;
use serde_json::json;
use serde_json::Value;

impl<P: Part> Run<P> {
    /// What is compared between runs, as JSON: the account's figures, and each symbol's.
    pub(super) fn figures(&self) -> Value {
        let usd = |half: HalfCash, seat: &Seat| half.usd(seat.truth.ledger.spec());
        let mut totals = [0.0; 5];
        let mut counts = [0_u64; 4];
        let symbols: Vec<Value> = self
            .parts
            .iter()
            .map(|part| {
                let seat = part.seat();
                let (parts, tally) = (seat.truth.ledger.parts(), seat.truth.tally);
                let turnover = seat.truth.ledger.turnover();
                let gross = usd(HalfCash(parts.capture.0 + parts.inventory.0), seat);
                let volume = usd(HalfCash(2 * turnover.volume()), seat);
                let money = [
                    seat.net_usd(),
                    gross,
                    usd(parts.fees, seat),
                    usd(parts.funding, seat),
                    volume,
                ];
                let number = [tally.fills, tally.orders, tally.cancels, tally.rejects];
                totals.iter_mut().zip(money).for_each(|(total, value)| *total += value);
                counts.iter_mut().zip(number).for_each(|(total, value)| *total += value);
                let mut figures = summed(money, number);
                figures["position"] = json!(seat.truth.ledger.position().0);
                figures["markout_bps"] = json!(seat.truth.followed.bps());
                figures
            })
            .collect();
        let mut figures = summed(totals, counts);
        figures["score"] = self.score.json();
        figures["breakers"] = json!(self.gate.changes_total());
        figures["symbols"] = json!(symbols);
        figures
    }
}

/// Money and counts by name.
fn summed(money: [f64; 5], counts: [u64; 4]) -> Value {
    json!({
        "net_usd": money[0],
        "gross_usd": money[1],
        "fees_usd": money[2],
        "funding_usd": money[3],
        "volume_usd": money[4],
        "fills": counts[0],
        "orders": counts[1],
        "cancels": counts[2],
        "rejects": counts[3],
    })
}

impl Replay {
    /// Move out the fills of which everything is known, by symbol.
    pub fn take_settled_fills(&mut self) -> FillColumns {
        let mut all = FillColumns::default();
        self.run.parts.iter_mut().for_each(|l| all.append(l.seat.truth.take_settled()));
        all
    }

    /// Move out the fills.
    pub fn take_fills(&mut self) -> FillColumns {
        let mut lanes = self.run.parts.iter_mut();
        let mut all = lanes.next().map(|l| l.seat.truth.fills.take()).unwrap_or_default();
        lanes.for_each(|l| all.append(l.seat.truth.fills.take()));
        all
    }

    /// Move out the orders that have ended.
    pub fn take_orders(&mut self) -> OrderColumns {
        let mut all = OrderColumns::default();
        self.run.parts.iter_mut().for_each(|l| all.append(l.seat.truth.orders.take()));
        all
    }

    /// Move out the equity samples.
    pub fn take_equity(&mut self) -> EquityColumns {
        let mut all = EquityColumns::default();
        self.run.parts.iter_mut().for_each(|l| all.append(l.seat.truth.equity.take()));
        all
    }

    /// Everything that is not a column, as JSON.
    #[must_use]
    pub fn summary_json(&self) -> String {
        let progress = self.progress();
        let symbols: Vec<Value> = self.run.parts.iter().map(Lane::summary).collect();
        let breakers: Vec<Value> = self.run.gate.changes().iter().map(change).collect();
        json!({
            "schema_version": 1,
            "done": progress.done,
            "rows": progress.rows,
            "first_ts": self.first,
            "last_ts": progress.ts,
            "net_usd": progress.net_usd,
            "figures": self.run.figures(),
            "symbols": symbols,
            "breakers": breakers,
            "breakers_total": self.run.gate.changes_total(),
        })
        .to_string()
    }
}

impl Replay {
    /// How each symbol's quotes of the last step came about, as JSON. Prices are integers with the
    /// symbol's decimals, terms with ten.
    #[must_use]
    pub fn why_json(&self) -> String {
        let symbols = self.run.parts.iter().map(|lane| {
            let (symbol, spec, why) = lane.why(&self.run.gate);
            json!({
                "symbol": symbol,
                "px_decimals": spec.px_decimals,
                "size_decimals": spec.size_decimals,
                "term_decimals": TERM_DECIMALS,
                "sigma_bps": why.diag.sigma_bps,
                "spread_bps": why.diag.spread_bps,
                "rho": why.diag.rho,
                "levers": why.levers.map(|levers| format!("{levers:?}")),
                "bids": side(&why.sides[0]),
                "asks": side(&why.sides[1]),
            })
        });
        json!({ "ts": self.progress().ts, "symbols": symbols.collect::<Vec<_>>() }).to_string()
    }
}

fn side(side: &WhySide) -> Value {
    let quotes = side.quotes.iter().map(|quote| {
        let terms = quote.terms.iter().map(|term| json!([term.name, term.value]));
        json!({
            "level": quote.level,
            "px": quote.px.0,
            "left": quote.left.0,
            "state": quote.state,
            "terms": terms.collect::<Vec<_>>(),
        })
    });
    json!({
        "quotes": quotes.collect::<Vec<_>>(),
        "absent": side.absent,
        "caps": side.caps,
    })
}

fn change(change: &Change) -> Value {
    json!({
        "ts": change.at.0,
        "symbol": change.symbol.map(|s| s.0),
        "state": format!("{:?}", change.state),
        "cause": change.cause.to_string(),
    })
}
