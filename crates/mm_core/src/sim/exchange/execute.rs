//! Doing an action: who asks, whether it may be, and what comes of it.

use crate::command::Tif;
use crate::sim::exchange::action::Action;
use crate::sim::exchange::action::Modify;
use crate::sim::exchange::action::Target;
use crate::sim::exchange::action::Wish;
use crate::sim::exchange::events::Item;
use crate::sim::exchange::events::Outcome;
use crate::sim::exchange::events::Reply;
use crate::sim::exchange::ledger::Leg;
use crate::sim::exchange::order::Order;
use crate::sim::exchange::order::Status;
use crate::sim::exchange::Exchange;
use crate::sim::exchange::Queued;
use crate::sim::rules::Refusal;
use crate::units::UnixNanos;

/// An action that arrives after its own end costs this many times as much.
const EXPIRED_COSTS: i64 = 5;
/// A request that is bought costs half a thousandth of a dollar.
const REQUEST_COSTS: i64 = 500;
const PX8: u32 = 8;

impl Exchange {
    /// Use up a nonce of a signer, as its signed requests that are no actions do.
    ///
    /// # Errors
    /// As [`crate::sim::rules::Nonces::take`].
    pub fn use_nonce(&mut self, signer: &str, nonce: u64) -> Result<(), Refusal> {
        let nonces = self.nonces.entry(signer.to_lowercase()).or_default();
        nonces.take(nonce, self.clock.now, self.rules.nonces_kept)
    }

    /// Do what was asked and answer.
    pub(super) fn execute(&mut self, queued: Queued) {
        let outcome = match self.authorise(&queued) {
            Ok(who) => self.perform(who, &queued.action.action),
            Err(refusal) => Outcome::Refused(refusal),
        };
        self.replies.push(Reply::new(queued.ticket, outcome));
    }

    /// Whose action it is, once it has passed all that concerns it as a whole.
    fn authorise(&mut self, queued: &Queued) -> Result<usize, Refusal> {
        let now = self.clock.now;
        let (signer, action) = (&queued.signer, &queued.action.action);
        let unknown = || Refusal::UnknownSigner { signer: signer.clone() };
        let owner = self.acting(signer).ok_or_else(unknown)?;
        let who = match &queued.vault {
            None => owner,
            Some(address) => self.part_of(owner, address)?,
        };
        self.use_nonce(signer, queued.nonce)?;
        let (cost, is_cancel) = (action.cost(), matches!(action, Action::Cancel { .. }));
        let budget = &mut self.traders[who].budget;
        if queued.expires.is_some_and(|end| end <= now) {
            budget.used += EXPIRED_COSTS * cost;
            return Err(Refusal::Expired);
        }
        budget.pay(cost, is_cancel, now, &self.rules)?;
        if action.is_empty() {
            return Err(Refusal::Empty);
        }
        if action.wishes().into_iter().any(|wish| self.is_far(wish)) {
            return Err(Refusal::FarPrice);
        }
        Ok(who)
    }

    fn part_of(&self, owner: usize, address: &str) -> Result<usize, Refusal> {
        let part = self.find(address).filter(|who| self.traders[*who].master == Some(owner));
        part.ok_or_else(|| Refusal::Vault { address: address.to_owned() })
    }

    /// Whether a price is too far from the oracle, or from the mark where there is none.
    fn is_far(&self, wish: &Wish) -> bool {
        let Some(market) = self.markets.get(usize::from(wish.coin)) else { return false };
        let state = &market.state;
        let reference = state.context.oracle.or_else(|| state.mark());
        let Some(reference) = reference.filter(|_| wish.flaw.is_none() && wish.px > 0) else {
            return false;
        };
        let scale = crate::instrument::pow10(PX8 - state.spec().px_decimals.min(PX8));
        let px = wish.px as f64 * scale as f64;
        (px - reference as f64).abs() > self.rules.price_band * reference as f64
    }

    fn perform(&mut self, who: usize, action: &Action) -> Outcome {
        let done = |result: Result<(), Refusal>| match result {
            Ok(()) => Outcome::Done,
            Err(refusal) => Outcome::Refused(refusal),
        };
        match action {
            Action::Order { orders } => {
                let item = |wish| self.place(who, wish).unwrap_or_else(Item::Error);
                Outcome::Items(orders.iter().map(item).collect())
            }
            Action::Cancel { cancels } => {
                let item = |target| self.cancel(who, target);
                Outcome::Items(cancels.iter().map(item).collect())
            }
            Action::Modify { modifies, always_place } => {
                let item =
                    |modify| self.modify(who, modify, *always_place).unwrap_or_else(Item::Error);
                Outcome::Items(modifies.iter().map(item).collect())
            }
            Action::ScheduleCancel { at } => {
                let trader = &mut self.traders[who];
                let (now, volume) = (self.clock.now, trader.budget.volume);
                done(trader.schedule.set(at.map(UnixNanos), now, volume, &self.rules))
            }
            Action::Noop => Outcome::Done,
            Action::UpdateLeverage { coin, cross, leverage } => {
                done(self.set_leverage(who, *coin, *cross, *leverage))
            }
            Action::UpdateIsolatedMargin { coin, amount } => {
                done(self.set_isolated_margin(who, *coin, *amount))
            }
            Action::ReserveWeight { weight } => done(self.reserve(who, *weight)),
        }
    }

    /// The open order that is meant.
    fn target(
        &self,
        who: usize,
        oid: Option<u64>,
        cloid: Option<super::words::OwnId>,
    ) -> Option<Order> {
        let oid = oid.or_else(|| self.traders[who].oid_of(cloid?))?;
        self.live.get(&oid).filter(|(owner, _)| *owner == who).map(|(_, order)| *order)
    }

    fn cancel(&mut self, who: usize, target: &Target) -> Item {
        let order = self.target(who, target.oid, target.cloid);
        match order.filter(|order| order.coin == target.coin) {
            Some(order) => {
                self.end_early(order.oid, Status::Canceled);
                Item::Success(true)
            }
            None => Item::Error(Refusal::NeverPlaced),
        }
    }

    /// The new order is told before the end of the old one, which is gone whatever comes.
    fn modify(&mut self, who: usize, modify: &Modify, always: bool) -> Result<Item, Refusal> {
        let mut wish = modify.order;
        if !always {
            if wish.trigger.is_some() || wish.tif == Tif::Ioc {
                return Err(Refusal::Unsupported);
            }
            wish.tif = Tif::PostOnly;
        }
        let old = self.target(who, modify.oid, modify.cloid);
        let Some(old) = old else {
            return if always { self.place(who, &wish) } else { Err(Refusal::CannotModify) };
        };
        self.markets[usize::from(old.coin)].state.give(old.oid, None);
        self.shift_open(who, &old, -old.opens());
        self.live.remove(&old.oid);
        self.traders[who].open.remove(&old.oid);
        let placed = self.place(who, &wish);
        let old = Order { status: Status::Canceled, at: self.clock.now.0, ..old };
        self.traders[who].bury(old);
        self.tell(who, old);
        placed.map_err(|inner| Refusal::ModifyFailed { inner: Box::new(inner) })
    }

    fn set_leverage(
        &mut self,
        who: usize,
        coin: u16,
        cross: bool,
        leverage: u32,
    ) -> Result<(), Refusal> {
        let market = self.markets.get(usize::from(coin)).ok_or(Refusal::Unsupported)?;
        let max = market.leverage_max;
        if leverage == 0 || leverage > max {
            return Err(Refusal::Leverage { max });
        }
        if cross && market.only_isolated {
            return Err(Refusal::Unsupported);
        }
        let before = *self.stake(who, coin);
        if before.size != 0 && before.isolated == cross {
            return Err(Refusal::LeverageSwitch);
        }
        let cost = before.basis.abs();
        let least = (cost + i128::from(leverage) - 1) / i128::from(leverage);
        let stake = self.stake(who, coin);
        (stake.leverage, stake.isolated) = (leverage, !cross);
        if stake.isolated {
            stake.margin = stake.margin.max(i64::try_from(least).unwrap_or(i64::MAX));
        }
        let standing = self.standing(who);
        if standing.used > standing.shared && leverage < before.leverage {
            *self.stake(who, coin) = before;
            return Err(Refusal::Margin);
        }
        Ok(())
    }

    fn set_isolated_margin(&mut self, who: usize, coin: u16, amount: i64) -> Result<(), Refusal> {
        let stake = self.traders[who].stakes.get(&coin).copied();
        let stake = stake.filter(|stake| stake.isolated && stake.size != 0);
        let stake = stake.ok_or(Refusal::NotIsolated)?;
        let equity = i128::from(stake.margin) + self.unrealised(coin, &stake);
        let least = self.worth_of(coin, stake.size).abs() / i128::from(stake.leverage);
        let fits = if amount > 0 {
            amount <= self.withdrawable(who)
        } else {
            equity + i128::from(amount) >= least && stake.margin + amount >= 0
        };
        if !fits {
            return Err(Refusal::Margin);
        }
        self.stake(who, coin).margin += amount;
        Ok(())
    }

    fn reserve(&mut self, who: usize, weight: i64) -> Result<(), Refusal> {
        let price = weight.checked_mul(REQUEST_COSTS).filter(|price| *price > 0);
        let price = price.ok_or(Refusal::Unsupported)?;
        if price > self.withdrawable(who) {
            return Err(Refusal::Funds);
        }
        self.move_money(who, -price, (Leg::Fees, "requests"), None);
        self.traders[who].budget.used -= weight;
        Ok(())
    }
}
