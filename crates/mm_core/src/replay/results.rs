//! What a run hands out: columns, and a summary that a report prints.

use super::columns::EquityColumns;
use super::columns::FillColumns;
use super::columns::OrderColumns;
use super::drive::Replay;
use super::lane::Lane;
use crate::risk::Change;
use serde_json::json;
use serde_json::Value;

impl Replay {
    /// Move out the fills.
    pub fn take_fills(&mut self) -> FillColumns {
        let mut lanes = self.lanes.iter_mut();
        let mut all = lanes.next().map(|l| l.truth.fills.take()).unwrap_or_default();
        lanes.for_each(|l| all.append(l.truth.fills.take()));
        all
    }

    /// Move out the orders that have ended.
    pub fn take_orders(&mut self) -> OrderColumns {
        let mut all = OrderColumns::default();
        self.lanes.iter_mut().for_each(|l| all.append(l.truth.orders.take()));
        all
    }

    /// Move out the equity samples.
    pub fn take_equity(&mut self) -> EquityColumns {
        let mut all = EquityColumns::default();
        self.lanes.iter_mut().for_each(|l| all.append(l.truth.equity.take()));
        all
    }

    /// Everything that is not a column, as JSON.
    #[must_use]
    pub fn summary_json(&self) -> String {
        let progress = self.progress();
        let symbols: Vec<Value> = self.lanes.iter().enumerate().map(|at| self.symbol(at)).collect();
        json!({
            "schema_version": 1,
            "done": progress.done,
            "rows": progress.rows,
            "first_ts": self.first,
            "last_ts": progress.ts,
            "net_usd": progress.net_usd,
            "symbols": symbols,
        })
        .to_string()
    }

    fn symbol(&self, (ix, lane): (usize, &Lane)) -> Value {
        let concerns = |c: &&Change| c.symbol.is_none_or(|s| usize::from(s.0) == ix);
        let breakers: Vec<Value> = self
            .gate
            .changes()
            .iter()
            .filter(concerns)
            .map(|c| {
                json!({
                    "ts": c.at.0,
                    "state": format!("{:?}", c.state),
                    "cause": c.cause.to_string(),
                })
            })
            .collect();
        let mut summary = lane.summary();
        summary["first_ts"] = json!(self.first);
        summary["last_ts"] = json!(self.progress().ts);
        summary["breakers"] = json!(breakers);
        summary
    }
}
