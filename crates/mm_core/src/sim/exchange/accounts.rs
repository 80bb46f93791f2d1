//! Accounts — money in, from one to another, and who may act for whom.

use crate::error::CoreError;
use crate::fees::FeeSchedule;
use crate::sim::exchange::events::Event;
use crate::sim::exchange::events::LedgerRow;
use crate::sim::exchange::ledger::Leg;
use crate::sim::exchange::trader::Stake;
use crate::sim::exchange::trader::Trader;
use crate::sim::exchange::Exchange;
use crate::sim::exchange::Fees;
use crate::sim::exchange::Status;
use crate::sim::exchange::MONEY_MAX;
use crate::sim::rules::Agent;
use crate::sim::rules::Refusal;
use crate::units::Cash;
use serde::Deserialize;
use serde_json::Value;

/// No venue takes or pays more of a trade.
const FEE_MAX: f64 = 0.01;

/// What a test sets of an account's limits.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct LimitsPatch {
    cum_volume: Option<i64>,
    requests_used: Option<i64>,
}

impl Exchange {
    /// Money from outside; the account comes to be with it. Below zero it goes out again.
    ///
    /// # Errors
    /// More than there is goes out, or more comes than an account may hold.
    pub fn deposit(&mut self, user: &str, amount: i64) -> Result<(), CoreError> {
        let who = self.open_account(user);
        let (held, free) = (self.traders[who].balance, self.withdrawable(who));
        if amount < -free || amount > MONEY_MAX - held.max(0) {
            let why = format!("{amount} where {held} are held and {free} may be withdrawn");
            return Err(CoreError::BadArgument { name: "amount", why });
        }
        self.move_money(who, amount, (Leg::Deposits, deposit_word(amount)), None);
        Ok(())
    }

    /// Money from one account to another, which comes to be with it.
    ///
    /// # Errors
    /// The account has not so much to give, or was never funded.
    pub fn transfer(&mut self, source: &str, target: &str, amount: i64) -> Result<(), Refusal> {
        let from = self
            .find(source)
            .ok_or_else(|| Refusal::MustDeposit { user: source.to_lowercase() })?;
        if amount <= 0 || amount > self.withdrawable(from) {
            return Err(Refusal::Funds);
        }
        let to = self.open_account(target);
        let (giver, taker) = (self.traders[from].address.clone(), self.traders[to].address.clone());
        self.move_money(from, -amount, (Leg::Transfers, "transfer"), Some(taker));
        self.move_money(to, amount, (Leg::Transfers, "transfer"), Some(giver));
        Ok(())
    }

    /// A part of an account with its own money and positions, at an address of its own.
    ///
    /// # Errors
    /// The account was never funded, or the address is one already.
    pub fn sub_account(&mut self, user: &str, address: &str, name: &str) -> Result<(), Refusal> {
        let user = user.to_lowercase();
        let master = self.find(&user).ok_or(Refusal::MustDeposit { user })?;
        if self.find(address).is_some() {
            return Err(Refusal::AgentUsed);
        }
        let who = self.open_account(address);
        self.traders[who].master = Some(master);
        name.clone_into(&mut self.traders[who].name);
        Ok(())
    }

    /// Let an agent act for an account.
    ///
    /// # Errors
    /// The account was never funded; the agent is another's, an account itself, or over already.
    pub fn approve_agent(&mut self, user: &str, agent: Agent) -> Result<(), Refusal> {
        let user = user.to_lowercase();
        let who = self.find(&user).ok_or(Refusal::MustDeposit { user })?;
        let address = agent.address.to_lowercase();
        let other = self.agents.get(&address).is_some_and(|owner| *owner != who);
        if other || self.find(&address).is_some() {
            return Err(Refusal::AgentUsed);
        }
        let agent = Agent { address: address.clone(), ..agent };
        self.traders[who].agents.approve(agent, self.clock.now)?;
        self.agents.insert(address, who);
        Ok(())
    }

    /// Take an agent's permission away, by address or name; whether there was one.
    pub fn revoke_agent(&mut self, user: &str, which: &str) -> bool {
        let which = if which.starts_with("0x") { which.to_lowercase() } else { which.to_owned() };
        let Some(who) = self.find(user) else { return false };
        self.traders[who].agents.revoke(&which)
    }

    /// Set what a test wants of an account's limits.
    ///
    /// # Errors
    /// An unknown account, or a text that is no patch.
    pub fn set_limits(&mut self, user: &str, patch: &str) -> Result<(), CoreError> {
        let patch: LimitsPatch = serde_json::from_str(patch)
            .map_err(|e| CoreError::BadArgument { name: "patch", why: e.to_string() })?;
        let who = self.known(user)?;
        let budget = &mut self.traders[who].budget;
        budget.volume = patch.cum_volume.map_or(budget.volume, Cash);
        budget.used = patch.requests_used.unwrap_or(budget.used);
        Ok(())
    }

    /// End an account's open orders of a coin as the venue does; how many there were.
    ///
    /// # Errors
    /// An unknown account, or a word that is no cancel of the venue's.
    pub fn end_orders(&mut self, user: &str, coin: u16, word: &str) -> Result<usize, CoreError> {
        let who = self.known(user)?;
        let status =
            serde_json::from_value(Value::from(word)).ok().filter(|s: &Status| s.is_cancel());
        let status = status.ok_or_else(|| CoreError::BadArgument {
            name: "status",
            why: format!("{word:?} is no cancel of the venue"),
        })?;
        let open = self.live.values().filter(|(owner, order)| *owner == who && order.coin == coin);
        let oids: Vec<u64> = open.map(|(_, order)| order.oid).collect();
        for oid in &oids {
            self.end_early(*oid, status);
        }
        Ok(oids.len())
    }

    /// Take other fees from now on, as fractions of notional.
    ///
    /// # Errors
    /// Fractions that are none: beyond one hundredth either way.
    pub fn set_fees(&mut self, fees: Fees) -> Result<(), CoreError> {
        if ![fees.maker, fees.taker].iter().all(|rate| rate.abs() <= FEE_MAX) {
            let why = format!("{fees:?}: at most {FEE_MAX} either way");
            return Err(CoreError::BadArgument { name: "fees", why });
        }
        self.fees = FeeSchedule::from_fractions(fees.maker, fees.taker);
        Ok(())
    }

    /// The account an address may act for: its own, or the one whose agent it is.
    pub fn owner(&self, signer: &str) -> Option<&str> {
        self.acting(&signer.to_lowercase()).map(|who| self.traders[who].address.as_str())
    }

    pub(super) fn acting(&self, signer: &str) -> Option<usize> {
        if let Some(who) = self.names.get(signer) {
            return Some(*who);
        }
        let who = *self.agents.get(signer)?;
        self.traders[who].agents.may_act(signer, self.clock.now).then_some(who)
    }

    pub(super) fn find(&self, user: &str) -> Option<usize> {
        self.names.get(&user.to_lowercase()).copied()
    }

    pub(super) fn known(&self, user: &str) -> Result<usize, CoreError> {
        self.find(user).ok_or_else(|| CoreError::BadArgument {
            name: "user",
            why: format!("{user} has no account"),
        })
    }

    fn open_account(&mut self, user: &str) -> usize {
        let address = user.to_lowercase();
        if let Some(who) = self.names.get(&address) {
            return *who;
        }
        let who = self.traders.len();
        self.names.insert(address.clone(), who);
        self.traders.push(Trader::new(address));
        who
    }

    /// Change a balance and tell its owner.
    pub(super) fn move_money(
        &mut self,
        who: usize,
        delta: i64,
        (leg, kind): (Leg, &str),
        other: Option<String>,
    ) {
        let (at, hash) = (self.clock.now.0, self.transaction());
        let trader = &mut self.traders[who];
        trader.balance += delta;
        trader.tally.moved += i128::from(delta);
        self.ledger.post(leg, delta);
        let user = trader.address.clone();
        let row = LedgerRow { user, delta, kind: kind.to_owned(), at, other, hash };
        trader.keep_ledger(row.clone());
        self.events.push(Event::Ledger(row));
    }

    /// An account's stake in a coin, which comes to be when it is first asked for.
    pub(super) fn stake(&mut self, who: usize, coin: u16) -> &mut Stake {
        let market = &self.markets[usize::from(coin)];
        let new = || Stake::new(market.leverage_max, market.only_isolated);
        self.traders[who].stakes.entry(coin).or_insert_with(new)
    }
}

fn deposit_word(amount: i64) -> &'static str {
    if amount < 0 {
        "withdraw"
    } else {
        "deposit"
    }
}
