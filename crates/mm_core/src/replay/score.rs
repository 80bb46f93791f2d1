//! Score — what is kept of a run as it goes, in little room: days, hours, drawdown, inventory.

use super::columns::MARKOUT_NS;
use crate::risk::MicroUsd;
use crate::stats::sharpe;
use crate::units::Side;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;
use serde_json::Value;

const HOUR_NS: i64 = 3_600_000_000_000;
const HOURS_OF_DAY: i64 = 24;
/// Hours of a year: what multiplies the variance of an hour.
const HOURS_OF_YEAR: f64 = 8_760.0;

/// How the equity of an account went, from its samples.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Score {
    capital: MicroUsd,
    /// The last sample: when, what was earned by then, and what was held.
    last: Option<(i64, i64, i64)>,
    /// Profit of each hour that ended, and when the present one began: its number and profit.
    hours: Vec<(i64, i64)>,
    hour: Option<(i64, i64)>,
    peak: i64,
    drawdown: i64,
    /// What was held, times nanoseconds; the most; and nanoseconds in all.
    held_ns: i128,
    held_most: i64,
    elapsed_ns: i64,
}

impl Score {
    pub(super) fn new(capital: MicroUsd) -> Self {
        Self { capital, ..Self::default() }
    }

    /// Sample what was earned by `now`, and the value of what is held, both in micro-dollars.
    pub(super) fn sample(&mut self, now: i64, earned: MicroUsd, held: MicroUsd) {
        let (earned, held) = (earned.0, held.0);
        let number = now.div_euclid(HOUR_NS);
        match self.hour {
            Some((hour, _)) if hour == number => {}
            Some((hour, began)) => {
                let before = self.last.map_or(0, |last| last.1);
                self.hours.push((hour, before - began));
                self.hour = Some((number, before));
            }
            None => self.hour = Some((number, 0)),
        }
        if let Some((then, _, was)) = self.last {
            self.held_ns += i128::from(was) * i128::from(now - then);
            self.elapsed_ns += now - then;
        }
        self.peak = self.peak.max(earned);
        self.drawdown = self.drawdown.max(self.peak - earned);
        self.held_most = self.held_most.max(held);
        self.last = Some((now, earned, held));
    }

    /// Profit of each hour, in micro-dollars, the unfinished last one included.
    fn hours(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        let earned = self.last.map_or(0, |last| last.1);
        let open = self.hour.map(|(hour, began)| (hour, earned - began));
        self.hours.iter().copied().chain(open)
    }

    /// The figures, as JSON; days by the number of the UTC day since 1970.
    pub(super) fn json(&self) -> Value {
        let usd = |micro: i64| MicroUsd(micro).usd();
        let mut days: Vec<(i64, i64)> = Vec::new();
        for (hour, profit) in self.hours() {
            let day = hour.div_euclid(HOURS_OF_DAY);
            match days.last_mut().filter(|last| last.0 == day) {
                Some(last) => last.1 += profit,
                None => days.push((day, profit)),
            }
        }
        let capital = self.capital.usd();
        let returns: Vec<f64> = self.hours().map(|(_, profit)| usd(profit) / capital).collect();
        let held = self.held_ns as f64 / self.elapsed_ns.max(1) as f64 * 1e-6;
        json!({
            "sharpe": sharpe(&returns).map(|ratio| ratio * libm::sqrt(HOURS_OF_YEAR)),
            "drawdown_usd": usd(self.drawdown),
            "inventory_mean_usd": held,
            "inventory_max_usd": usd(self.held_most),
            "days": days.iter().map(|&(day, profit)| (day, usd(profit))).collect::<Vec<_>>(),
        })
    }
}

/// Sums of what followed our fills, weighted by value: exact, in whatever order they come.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Followed {
    /// Value won, and value traded, in half price units times lots, by horizon.
    sums: [(i128, i128); MARKOUT_NS.len()],
}

impl Followed {
    /// A fill of `qty` lots at `px` stood at twice the mid `mid2` after a horizon.
    pub(super) fn add(&mut self, horizon: usize, side: Side, (px, qty): (i64, i64), mid2: i64) {
        let sum = &mut self.sums[horizon];
        sum.0 += i128::from(side.sign() * (mid2 - 2 * px)) * i128::from(qty);
        sum.1 += i128::from(2 * px) * i128::from(qty);
    }

    /// Mean markouts against the fill price in basis points, by horizon; `None` without fills.
    pub(super) fn bps(&self) -> [Option<f64>; MARKOUT_NS.len()] {
        self.sums.map(|(won, traded)| (traded > 0).then(|| won as f64 / traded as f64 * 1e4))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_and_days_add_up_to_what_was_earned() {
        let mut score = Score::new(MicroUsd::from_usd(1_000.0));
        for (hour, earned) in [(0, 0), (1, 5_000_000), (23, 3_000_000), (24, 4_000_000), (50, 9)] {
            score.sample(hour * HOUR_NS, MicroUsd(earned), MicroUsd(earned));
        }
        let json = score.json();
        assert_eq!(json["days"], json!([[0, 3.0], [1, 1.0], [2, -3.999991]]));
        assert_eq!(json["drawdown_usd"], json!(4.999991));
        assert_eq!(json["inventory_max_usd"], json!(5.0));
    }

    #[test]
    fn markouts_are_weighted_by_value() {
        let mut followed = Followed::default();
        followed.add(0, Side::Bid, (100, 1), 202);
        followed.add(0, Side::Ask, (100, 3), 202);
        assert_eq!(followed.bps()[0], Some(-50.0));
        assert_eq!(followed.bps()[1], None);
    }
}
