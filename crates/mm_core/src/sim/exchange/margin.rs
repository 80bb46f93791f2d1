//! Margin — what an account is worth, what its positions and orders need, what it may take out.

use crate::instrument::pow10;
use crate::sim::exchange::trader::Stake;
use crate::sim::exchange::Exchange;
use crate::units::Lots;
use crate::units::Side;

/// Lots at a price in 1e-8, in micro-dollars, toward zero.
pub(super) fn worth(lots: i64, price: i64, size_decimals: u32) -> i128 {
    i128::from(lots) * i128::from(price) / i128::from(pow10(size_decimals + 2))
}

/// Where an account stands, in micro-dollars.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Standing {
    /// All of it.
    pub(super) value: i128,
    /// What positions of shared margin can draw on.
    pub(super) shared: i128,
    /// Initial margin of positions of shared margin.
    pub(super) used: i128,
    /// Initial margin of these and of orders, the worst filled.
    pub(super) needed: i128,
    /// Maintenance margin of positions of shared margin.
    pub(super) maintenance: i128,
    /// Value of all positions.
    pub(super) notional: i128,
}

impl Exchange {
    /// What a stake is valued at now; 0 while the coin has no price.
    pub(super) fn worth_of(&self, coin: u16, lots: i64) -> i128 {
        let state = &self.markets[usize::from(coin)].state;
        state.mark().map_or(0, |mark| worth(lots, mark, state.spec().size_decimals))
    }

    /// Profit of a position that is not closed.
    pub(super) fn unrealised(&self, coin: u16, stake: &Stake) -> i128 {
        if stake.size == 0 {
            return 0;
        }
        self.worth_of(coin, stake.size) - stake.basis
    }

    fn initial(&self, coin: u16, lots: i64, leverage: u32) -> i128 {
        let worth = self.worth_of(coin, lots).abs();
        let leverage = i128::from(leverage);
        (worth + leverage - 1) / leverage
    }

    /// Margin below which a position is closed by the venue.
    pub(super) fn maintenance_of(&self, coin: u16, stake: &Stake) -> i128 {
        let leverage = i128::from(self.markets[usize::from(coin)].leverage_max);
        self.worth_of(coin, stake.size).abs() / (2 * leverage)
    }

    /// Where an account stands.
    pub(super) fn standing(&self, who: usize) -> Standing {
        let trader = &self.traders[who];
        let balance = i128::from(trader.balance);
        let mut sum = Standing { value: balance, shared: balance, ..Standing::default() };
        for (&coin, stake) in &trader.stakes {
            let profit = self.unrealised(coin, stake);
            sum.value += profit;
            sum.notional += self.worth_of(coin, stake.size).abs();
            sum.needed += self.needed_by(coin, stake);
            if stake.isolated {
                sum.shared -= i128::from(stake.margin);
            } else {
                sum.shared += profit;
                sum.used += self.initial(coin, stake.size, stake.leverage);
                sum.maintenance += self.maintenance_of(coin, stake);
            }
        }
        sum
    }

    /// What a stake needs of shared money: of an isolated one, what its orders would set apart.
    fn needed_by(&self, coin: u16, stake: &Stake) -> i128 {
        let lots = if stake.isolated { stake.reach() - stake.size.abs() } else { stake.reach() };
        self.initial(coin, lots, stake.leverage)
    }

    /// Money that may go out.
    pub(super) fn withdrawable(&self, who: usize) -> i64 {
        let standing = self.standing(who);
        let free = (standing.shared - standing.used).min(i128::from(self.traders[who].balance));
        i64::try_from(free.max(0)).unwrap_or(i64::MAX)
    }

    /// Whether margin suffices for more lots of a side in orders.
    pub(super) fn may_place(&self, who: usize, coin: u16, side: Side, lots: i64) -> bool {
        let market = &self.markets[usize::from(coin)];
        let new = || Stake::new(market.leverage_max, market.only_isolated);
        let before = self.traders[who].stakes.get(&coin).copied().unwrap_or_else(new);
        let mut after = before;
        after.open[side.index()] += lots;
        let (was, is) = (self.needed_by(coin, &before), self.needed_by(coin, &after));
        let standing = self.standing(who);
        is <= was || standing.needed - was + is <= standing.shared
    }

    /// Whether margin suffices for a fill of an order that rests.
    pub(super) fn may_fill(&self, who: usize, coin: u16, side: Side, lots: Lots) -> bool {
        let Some(stake) = self.traders[who].stakes.get(&coin) else { return false };
        let after = stake.size + lots.0 * side.sign();
        if after.abs() <= stake.size.abs() {
            return true;
        }
        let standing = self.standing(who);
        let was = if stake.isolated { stake.size } else { 0 };
        let more = self.initial(coin, after.abs() - was.abs(), stake.leverage);
        let held = if stake.isolated { 0 } else { self.initial(coin, stake.size, stake.leverage) };
        standing.used - held + more <= standing.shared
    }
}
