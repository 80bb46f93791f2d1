//! Answers — what can be asked of the exchange, as JSON.

use crate::error::CoreError;
use crate::sim::exchange::order::Order;
use crate::sim::exchange::trader::Stake;
use crate::sim::exchange::words::OwnId;
use crate::sim::exchange::Exchange;
use crate::units::Side;
use serde::Serialize;
use serde_json::json;
use serde_json::Value;

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("invariant: answers are plain")
}

impl Exchange {
    /// The book of a coin: displayed levels and everybody's orders.
    ///
    /// # Errors
    /// A coin that is none.
    pub fn book(&self, coin: u16, depth: usize) -> Result<String, CoreError> {
        let state = &self.market(coin)?.state;
        let [bids, asks] = Side::BOTH.map(|side| state.levels(side, depth));
        Ok(text(&json!({"time": self.clock.now.0, "bids": bids, "asks": asks})))
    }

    /// What the venue says of a contract; `null` is what was never said.
    ///
    /// # Errors
    /// A coin that is none.
    pub fn context(&self, coin: u16) -> Result<String, CoreError> {
        let state = &self.market(coin)?.state;
        let (lots, notional) = state.day.volume();
        let [bid, ask] = Side::BOTH.map(|side| state.best(side).map(|px| state.in_e8(px.0)));
        Ok(text(&json!({
            "oracle": state.context.oracle,
            "mark": state.mark(),
            "mid": state.mid(),
            "bid": bid,
            "ask": ask,
            "funding_rate": state.context.funding_rate,
            "open_interest": state.context.open_interest,
            "day_volume": whole(notional),
            "day_lots": lots,
            "prev_day_px": state.day.first_px().map(|px| state.in_e8(px)),
            "last_px": state.day.last_px().map(|px| state.in_e8(px)),
        })))
    }

    /// Money and positions of an account.
    ///
    /// # Errors
    /// An unknown account.
    pub fn account(&self, user: &str) -> Result<String, CoreError> {
        let who = self.known(user)?;
        let (trader, standing) = (&self.traders[who], self.standing(who));
        let held = trader.stakes.iter().filter(|(_, stake)| stake.size != 0);
        let positions: Vec<Value> =
            held.map(|(&coin, stake)| self.position_row(who, coin, stake)).collect();
        let leverages: Vec<Value> = trader
            .stakes
            .iter()
            .map(|(coin, s)| json!({"coin": coin, "leverage": s.leverage, "isolated": s.isolated}))
            .collect();
        let basis: i128 = trader.stakes.values().map(|stake| stake.basis).sum();
        let shared: i128 =
            trader.stakes.values().filter(|s| !s.isolated).map(|stake| stake.basis).sum();
        Ok(text(&json!({
            "user": trader.address,
            "cash": trader.balance,
            "raw": whole(i128::from(trader.balance) - basis),
            "cross_raw": whole(i128::from(trader.balance - trader.set_apart()) - shared),
            "value": whole(standing.value),
            "cross_value": whole(standing.shared),
            "notional": whole(standing.notional),
            "margin_used": whole(standing.used + i128::from(trader.set_apart())),
            "cross_margin_used": whole(standing.used),
            "maintenance": whole(standing.maintenance),
            "withdrawable": self.withdrawable(who),
            "positions": positions,
            "leverages": leverages,
            "master": trader.master.map(|master| self.traders[master].address.clone()),
            "name": trader.name,
        })))
    }

    fn position_row(&self, who: usize, coin: u16, stake: &Stake) -> Value {
        let worth = self.worth_of(coin, stake.size);
        let leverage = i128::from(stake.leverage);
        let margin = if stake.isolated {
            i128::from(stake.margin)
        } else {
            (worth.abs() + leverage - 1) / leverage
        };
        let market = &self.markets[usize::from(coin)];
        json!({
            "coin": coin,
            "size": stake.size,
            "entry_notional": whole(stake.basis.abs()),
            "value": whole(worth.abs()),
            "unrealised": whole(worth - stake.basis),
            "leverage": stake.leverage,
            "max_leverage": market.leverage_max,
            "isolated": stake.isolated,
            "margin": whole(margin),
            "raw": whole(i128::from(stake.margin) - stake.basis),
            "maintenance": whole(self.maintenance_of(coin, stake)),
            "liquidation_px": self.liquidation_px(who, coin, stake),
            "funding_all": stake.funding[0],
            "funding_since_open": stake.funding[1],
            "funding_since_change": stake.funding[2],
        })
    }

    /// Open orders of an account, the newest first.
    ///
    /// # Errors
    /// An unknown account.
    pub fn orders(&self, user: &str) -> Result<String, CoreError> {
        let who = self.known(user)?;
        let mut orders: Vec<Order> = self.orders_of(who).collect();
        orders.reverse();
        Ok(text(&orders))
    }

    /// The last state of an order, by the venue's id or the client's own; `null` if unknown.
    ///
    /// # Errors
    /// An unknown account, and a client id that is none.
    pub fn order(
        &self,
        user: &str,
        oid: Option<u64>,
        cloid: Option<&str>,
    ) -> Result<String, CoreError> {
        let who = self.known(user)?;
        let own: Option<OwnId> = match cloid {
            None => None,
            Some(cloid) => Some(
                serde_json::from_value(Value::from(cloid))
                    .map_err(|e| CoreError::BadArgument { name: "cloid", why: e.to_string() })?,
            ),
        };
        let trader = &self.traders[who];
        let oid = oid.or_else(|| trader.oid_of(own?));
        let found = oid.and_then(|oid| {
            let live = self.live.get(&oid).filter(|(owner, _)| *owner == who);
            live.map(|(_, order)| order).or_else(|| trader.past(oid))
        });
        Ok(text(&found))
    }

    /// Fills of an account since a time, the latest of them, the oldest first.
    ///
    /// # Errors
    /// An unknown account.
    pub fn fills(&self, user: &str, since: i64, limit: usize) -> Result<String, CoreError> {
        let rows = &self.traders[self.known(user)?].fills;
        let from = rows.partition_point(|row| row.at < since).max(rows.len().saturating_sub(limit));
        Ok(text(&rows.range(from..).collect::<Vec<_>>()))
    }

    /// Orders of an account, open or not, the newest first.
    ///
    /// # Errors
    /// An unknown account.
    pub fn history(&self, user: &str, limit: usize) -> Result<String, CoreError> {
        let who = self.known(user)?;
        let mut orders: Vec<Order> = self.traders[who].history().copied().collect();
        orders.extend(self.orders_of(who));
        orders.sort_by_key(|order| std::cmp::Reverse((order.at, order.oid)));
        orders.truncate(limit);
        Ok(text(&orders))
    }

    /// Funding payments of an account since a time, the oldest first.
    ///
    /// # Errors
    /// An unknown account.
    pub fn fundings(&self, user: &str, since: i64) -> Result<String, CoreError> {
        let rows = &self.traders[self.known(user)?].fundings;
        let from = rows.partition_point(|row| row.at < since);
        Ok(text(&rows.range(from..).collect::<Vec<_>>()))
    }

    /// Deposits and transfers of an account since a time, the oldest first.
    ///
    /// # Errors
    /// An unknown account.
    pub fn ledger(&self, user: &str, since: i64) -> Result<String, CoreError> {
        let rows = &self.traders[self.known(user)?].ledger;
        let from = rows.partition_point(|row| row.at < since);
        Ok(text(&rows.range(from..).collect::<Vec<_>>()))
    }

    /// What an account has used of its limits.
    ///
    /// # Errors
    /// An unknown account.
    pub fn limits(&self, user: &str) -> Result<String, CoreError> {
        let trader = &self.traders[self.known(user)?];
        let (budget, now) = (&trader.budget, self.clock.now);
        Ok(text(&json!({
            "cum_volume": budget.volume.0,
            "requests_used": budget.used,
            "requests_cap": budget.cap(&self.rules),
            "open_orders_max": self.rules.open_orders(budget.volume),
            "schedule_cancel": {
                "at": trader.schedule.at().map(|at| at.0),
                "fires_today": trader.schedule.fires(now),
            },
        })))
    }

    /// Agents of an account, expired ones left out, and the accounts that are parts of it.
    ///
    /// # Errors
    /// An unknown account.
    pub fn agents(&self, user: &str) -> Result<String, CoreError> {
        let who = self.known(user)?;
        let agents = self.traders[who].agents.all().iter();
        let valid = agents.filter(|a| a.valid_until.is_none_or(|end| end > self.clock.now.0));
        let parts = self.traders.iter().filter(|trader| trader.master == Some(who));
        Ok(text(&json!({
            "agents": valid.collect::<Vec<_>>(),
            "parts": parts.map(|t| json!({"user": t.address, "name": t.name})).collect::<Vec<_>>(),
        })))
    }

    /// Addresses of all accounts, in the order in which they came.
    #[must_use]
    pub fn users(&self) -> Vec<String> {
        self.traders.iter().map(|trader| trader.address.clone()).collect()
    }

    /// The truth of an account, for judges.
    ///
    /// # Errors
    /// An unknown account.
    pub fn audit(&self, user: &str) -> Result<String, CoreError> {
        let who = self.known(user)?;
        let (trader, tally) = (&self.traders[who], &self.traders[who].tally);
        let doubled = tally.cloids.iter().filter(|(_, count)| **count > 1);
        let exposure: Vec<Value> = trader
            .stakes
            .iter()
            .map(|(coin, stake)| {
                let [long, short] = stake.worst;
                json!({"coin": coin, "size": stake.size, "long": long, "short": short})
            })
            .collect();
        let balances: i128 = self.traders.iter().map(|t| i128::from(t.balance)).sum();
        let booked = tally.moved + tally.closed - tally.fees + tally.funding;
        Ok(text(&json!({
            "orders": tally.orders,
            "accepted": tally.accepted,
            "open": trader.open.len(),
            "doubled": doubled.map(|(id, count)| json!([id, count])).collect::<Vec<_>>(),
            "exposure": exposure,
            "fills": tally.fills,
            "traded": whole(tally.traded),
            "fees": whole(tally.fees),
            "funding": whole(tally.funding),
            "closed_pnl": whole(tally.closed),
            "moved": whole(tally.moved),
            "cash": trader.balance,
            "booked": whole(booked),
            "ledger_sum": whole(balances + self.ledger.sum()),
        })))
    }

    /// How often an account's order with a client's id was accepted.
    ///
    /// # Errors
    /// An unknown account, and a client id that is none.
    pub fn accepted(&self, user: &str, cloid: &str) -> Result<u32, CoreError> {
        let id: OwnId = serde_json::from_value(Value::from(cloid))
            .map_err(|e| CoreError::BadArgument { name: "cloid", why: e.to_string() })?;
        let tally = &self.traders[self.known(user)?].tally;
        Ok(tally.cloids.get(&id).copied().unwrap_or(0))
    }
}

/// Money as JSON numbers hold it.
fn whole(money: i128) -> i64 {
    i64::try_from(money).unwrap_or(if money < 0 { i64::MIN } else { i64::MAX })
}
