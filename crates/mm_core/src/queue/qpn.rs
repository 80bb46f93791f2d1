//! QPN — queue position from order counts: who cancelled is weighed by size, age and number.
//!
//! When the count falls by one and nothing was added, exactly one order left and its size is
//! known; sizes behind us are known because we saw them arrive. Own work; held against the true
//! positions of real and synthetic orders in docs/studies/QUEUE_TRUTH.md.

use crate::error::CoreError;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;

/// Counts and quantities below this are nothing.
const COUNT_TOL: f64 = 1e-9;
/// Half a lot: what decides whether two quantities are the same.
const TOL: f64 = 0.5;
/// Groups kept behind an order, so that a row costs a bounded time and no allocation.
const GROUPS: usize = 64;

/// What the model knows of the asset: cancel hazards by age and the sizes of orders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QpnConfig {
    /// Upper edges of the age bins in seconds, ascending; one bin more than edges.
    pub edges: Vec<f64>,
    /// Cancel rate of each bin; only their ratios matter. Twice as many rates as bins give the
    /// orders ahead rates of their own, by the time since our insert.
    pub rates: Vec<f64>,
    /// Assumed age in seconds of the orders ahead at our insert, where they share the rates.
    pub age0_s: f64,
    /// Frequency of order sizes in whole lots among resolved adds.
    pub pmf: BTreeMap<i64, f64>,
    /// Frequency of a size never seen.
    pub pmf_floor: f64,
}

impl Default for QpnConfig {
    /// No knowledge: every age cancels alike and every size is as likely.
    fn default() -> Self {
        Self {
            edges: Vec::new(),
            rates: vec![1.0],
            age0_s: 10.0,
            pmf: BTreeMap::new(),
            pmf_floor: 1e-4,
        }
    }
}

impl QpnConfig {
    /// Relative rates by age, behind us and then ahead, fitted half on the first half of a real
    /// order-by-order recording and half on synthetic markets; all sizes alike, which did better
    /// than fitted sizes (`backtest.studies.queue_truth.fit`, docs/studies/QUEUE_TRUTH.md).
    #[must_use]
    pub fn fitted() -> Self {
        Self {
            edges: vec![1.0, 3.0, 10.0, 30.0],
            rates: vec![13.0, 10.0, 5.1, 2.2, 1.0, 2.6, 2.9, 1.6, 0.87, 0.38],
            ..Self::default()
        }
    }

    /// Whether edges and rates fit each other.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] where they do not.
    pub fn check(&self) -> Result<(), CoreError> {
        let bins = self.edges.len() + 1;
        let fits = self.rates.len() == bins || self.rates.len() == 2 * bins;
        let rises = self.edges.windows(2).all(|pair| pair[0] < pair[1]);
        if fits && rises && self.rates.iter().all(|rate| *rate >= 0.0) {
            return Ok(());
        }
        let why = format!("{:?} are not rates of the ages {:?}", self.rates, self.edges);
        Err(CoreError::BadArgument { name: "rates", why })
    }

    fn bin(&self, age: f64) -> usize {
        self.edges.iter().take_while(|&&edge| age >= edge).count()
    }

    fn rate(&self, age: f64) -> f64 {
        self.rates[self.bin(age)]
    }

    /// The bin of the orders ahead, so long after our insert.
    fn ahead_bin(&self, clock: f64) -> usize {
        let shared = self.edges.len() + 1;
        if self.rates.len() > shared {
            shared + self.bin(clock)
        } else {
            self.bin(self.age0_s + clock)
        }
    }

    fn frequency(&self, size: f64) -> f64 {
        let seen = self.pmf.get(&(libm::rint(size) as i64)).copied().unwrap_or(0.0);
        seen.max(self.pmf_floor)
    }
}

/// Orders that arrived behind us together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Size of each, in lots; the mean where several arrived at once.
    pub size: f64,
    /// How many are expected to rest still.
    pub count: f64,
    /// Arrival in seconds after our insert.
    pub born: f64,
    /// Whether a single observed add made it, so that its size is exact.
    pub exact: bool,
}

impl Group {
    fn quantity(&self) -> f64 {
        self.size * self.count
    }
}

/// The level at both ends of an interval, in lots and orders, without our own order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Size at the start.
    pub q0: f64,
    /// Orders at the start.
    pub n0: f64,
    /// Traded against our side at our price.
    pub traded: f64,
    /// Resting orders that those trades exhausted.
    pub exhausted: f64,
    /// Size at the end.
    pub q1: f64,
    /// Orders at the end.
    pub n1: f64,
    /// Length in seconds.
    pub dt: f64,
}

/// What happened besides trades: the smallest explanation.
#[derive(Clone, Copy)]
struct Change {
    cancels: f64,
    cancelled: f64,
    adds: f64,
    added: f64,
}

/// The smallest number of (cancels, adds) that explains a change of `n` orders and `z` lots,
/// with `z` within half a lot counting as none.
#[must_use]
pub fn classify(n: i64, z: f64) -> (i64, i64) {
    let (fell, rose) = (z < -TOL, z > TOL);
    match n.signum() {
        -1 if fell => (-n, 0),
        -1 => (1 - n, 1),
        0 if fell || rose => (1, 1),
        0 => (0, 0),
        _ if rose => (0, n),
        _ => (1, n + 1),
    }
}

/// The state of one resting order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QpnState {
    ahead: f64,
    n_ahead: f64,
    clock: f64,
    groups: Vec<Group>,
    exposure: Vec<f64>,
    cancels: Vec<f64>,
}

impl QpnState {
    /// An order that joins a level of `ahead` lots in `n_ahead` orders.
    #[must_use]
    pub fn insert(config: &QpnConfig, ahead: f64, n_ahead: f64) -> Self {
        let bins = config.rates.len();
        Self {
            ahead,
            n_ahead: if ahead > TOL { n_ahead.max(1.0) } else { 0.0 },
            groups: Vec::with_capacity(GROUPS),
            exposure: vec![0.0; bins],
            cancels: vec![0.0; bins],
            ..Self::default()
        }
    }

    /// Lots ahead.
    #[must_use]
    pub fn ahead(&self) -> f64 {
        self.ahead
    }

    /// Orders ahead, a mean.
    #[must_use]
    pub fn n_ahead(&self) -> f64 {
        self.n_ahead
    }

    /// The orders behind, oldest first.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Order-seconds at risk by age bin, for calibrating the rates.
    #[must_use]
    pub fn exposure(&self) -> &[f64] {
        &self.exposure
    }

    /// Expected cancels by age bin.
    #[must_use]
    pub fn cancels(&self) -> &[f64] {
        &self.cancels
    }

    /// The level emptied or cannot be known: nothing is ahead.
    pub fn clear(&mut self) {
        self.ahead = 0.0;
        self.n_ahead = 0.0;
        self.groups.clear();
    }

    /// Apply a whole interval; the probability that its single cancel was ahead, where there was
    /// exactly one.
    pub fn step(&mut self, config: &QpnConfig, level: &Interval) -> Option<f64> {
        self.trade(level.traded, level.exhausted);
        self.settle(config, level)
    }

    /// Take a trade at our price off the front of the queue; what is left of it reaches us.
    pub fn trade(&mut self, traded: f64, exhausted: f64) -> f64 {
        let took = self.ahead.min(traded);
        if took > 0.0 {
            self.ahead -= took;
            self.exhaust(exhausted);
        }
        let beyond = traded - took;
        let mut left = beyond;
        for group in &mut self.groups {
            let take = left.min(group.quantity());
            if group.exact {
                group.size -= take / group.count;
            } else {
                group.count -= take / group.size;
            }
            left -= take;
        }
        self.drop_spent();
        beyond
    }

    /// Orders ahead that trades used up, where their volume was already taken.
    pub fn exhaust(&mut self, orders: f64) {
        if self.ahead <= TOL {
            self.ahead = 0.0;
            self.n_ahead = 0.0;
        } else {
            self.n_ahead = (self.n_ahead - orders).max(1.0);
        }
    }

    /// Become a copy of another state without allocating.
    pub fn copy_from(&mut self, other: &Self) {
        let Self { ahead, n_ahead, clock, groups, exposure, cancels } = other;
        (self.ahead, self.n_ahead, self.clock) = (*ahead, *n_ahead, *clock);
        self.groups.clone_from(groups);
        self.exposure.clone_from(exposure);
        self.cancels.clone_from(cancels);
    }

    /// The level as it stands after `level.dt` seconds of which nothing is known.
    pub fn refit(&mut self, level: &Interval) {
        self.clock += level.dt;
        self.reconcile(level);
    }

    /// Apply the cancels and adds of an interval whose trades were already given to
    /// [`Self::trade`].
    pub fn settle(&mut self, config: &QpnConfig, level: &Interval) -> Option<f64> {
        let change = explain(level);
        self.expose(config, level.dt);
        self.clock += level.dt;
        let mut posterior = None;
        if change.cancels > 0.0 && change.cancelled > 0.0 {
            if change.cancels == 1.0 && change.adds == 0.0 {
                posterior = self.cancel_one(config, change.cancelled);
            }
            if posterior.is_none() {
                self.cancel_pooled(config, &change);
            }
            self.drop_spent();
        }
        if change.adds > 0.0 && change.added > TOL {
            self.join(Group {
                size: change.added / change.adds,
                count: change.adds,
                born: self.clock - level.dt / 2.0,
                exact: change.adds == 1.0 && change.cancels == 0.0,
            });
        }
        self.reconcile(level);
        posterior
    }

    fn expose(&mut self, config: &QpnConfig, dt: f64) {
        let middle = self.clock + dt / 2.0;
        self.exposure[config.ahead_bin(middle)] += self.n_ahead * dt;
        for group in &self.groups {
            self.exposure[config.bin(middle - group.born)] += group.count * dt;
        }
    }

    /// One order of known size left: weigh who it was.
    fn cancel_one(&mut self, config: &QpnConfig, size: f64) -> Option<f64> {
        let frequency = config.frequency(size);
        let bin_ahead = config.ahead_bin(self.clock);
        let rate_ahead = config.rates[bin_ahead];
        let ahead = if self.n_ahead <= 1.0 {
            let same = (size - self.ahead).abs() <= TOL;
            if same {
                rate_ahead * self.n_ahead
            } else {
                0.0
            }
        } else if size <= self.ahead + TOL {
            rate_ahead * self.n_ahead * frequency
        } else {
            0.0
        };
        let clock = self.clock;
        let weight = |group: &Group| {
            let rate = config.rate(clock - group.born) * group.count;
            match (group.exact, (group.size - size).abs() <= TOL) {
                (true, true) => rate,
                (true, false) => 0.0,
                (false, _) => rate * frequency,
            }
        };
        let total = ahead + self.groups.iter().map(weight).sum::<f64>();
        if total <= 0.0 {
            return None;
        }
        for group in &mut self.groups {
            let share = weight(group) / total;
            self.cancels[config.bin(clock - group.born)] += share;
            let rest = group.quantity() - share * size;
            group.count -= share;
            if !group.exact {
                group.size = if group.count > COUNT_TOL { rest / group.count } else { 0.0 };
            }
        }
        let share = ahead / total;
        self.cancels[bin_ahead] += share;
        self.ahead -= share * size;
        self.n_ahead -= share;
        Some(share)
    }

    /// Several orders left, or one of unknown size: share by hazard and quantity.
    fn cancel_pooled(&mut self, config: &QpnConfig, change: &Change) {
        let bin_ahead = config.ahead_bin(self.clock);
        let rate_ahead = config.rates[bin_ahead];
        let clock = self.clock;
        let rate = |group: &Group| config.rate(clock - group.born);
        let behind: f64 = self.groups.iter().map(Group::quantity).sum();
        let weight_behind: f64 = self.groups.iter().map(|g| rate(g) * g.quantity()).sum();
        let count_behind: f64 = self.groups.iter().map(|g| rate(g) * g.count).sum();
        let weight = rate_ahead * self.ahead + weight_behind;
        let counts = rate_ahead * self.n_ahead + count_behind;
        let wanted = if weight > 0.0 {
            change.cancelled * rate_ahead * self.ahead / weight
        } else if behind <= TOL {
            change.cancelled
        } else {
            0.0
        };
        let from_ahead = wanted.max(change.cancelled - behind).min(self.ahead);
        let from_behind = (change.cancelled - from_ahead).min(behind);
        if counts > 0.0 {
            let left = change.cancels * rate_ahead * self.n_ahead / counts;
            self.cancels[bin_ahead] += left;
            self.n_ahead -= left;
        }
        self.ahead -= from_ahead;
        if weight_behind > 0.0 {
            for group in &mut self.groups {
                let left = change.cancels * rate(group) * group.count / counts;
                self.cancels[config.bin(clock - group.born)] += left;
                let lost = from_behind * rate(group) * group.quantity() / weight_behind;
                group.count -= lost / group.size;
            }
        }
    }

    /// Make the state fit the level as it now stands.
    fn reconcile(&mut self, level: &Interval) {
        self.ahead = self.ahead.min(level.q1).max(0.0);
        self.n_ahead = self.n_ahead.min(level.n1).max(0.0);
        if self.ahead <= TOL || self.n_ahead <= COUNT_TOL {
            self.ahead = 0.0;
            self.n_ahead = 0.0;
        } else {
            self.n_ahead = self.n_ahead.max(1.0);
        }
        let rest = level.q1 - self.ahead;
        if rest <= TOL {
            self.groups.clear();
            return;
        }
        let total: f64 = self.groups.iter().map(Group::quantity).sum();
        let pooled: f64 = self.groups.iter().filter(|g| !g.exact).map(Group::quantity).sum();
        let unknown = Group { size: rest, count: 1.0, born: self.clock, exact: false };
        if total <= TOL {
            self.groups.clear();
            self.groups.push(unknown);
        } else if (total - rest).abs() > TOL {
            if pooled > TOL && rest - (total - pooled) > TOL {
                let factor = (rest - (total - pooled)) / pooled;
                self.groups.iter_mut().filter(|g| !g.exact).for_each(|g| g.size *= factor);
            } else if rest > total {
                self.join(Group { size: rest - total, ..unknown });
            } else {
                self.groups.iter_mut().for_each(|g| g.count *= rest / total);
            }
        }
        self.drop_spent();
    }

    /// A group at the tail. The oldest two become one where there is no room: age tells them
    /// apart least.
    fn join(&mut self, group: Group) {
        if self.groups.len() == GROUPS {
            let old = self.groups.remove(0);
            let young = &mut self.groups[0];
            let (quantity, count) = (old.quantity() + young.quantity(), old.count + young.count);
            young.born = (old.born * old.count + young.born * young.count) / count;
            (young.size, young.count, young.exact) = (quantity / count, count, false);
        }
        self.groups.push(group);
    }

    fn drop_spent(&mut self) {
        self.groups.retain(|g| g.count > COUNT_TOL && g.size > TOL);
    }
}

/// Quantities of the smallest explanation of an interval.
fn explain(level: &Interval) -> Change {
    let mid = (level.q0 - level.traded).max(0.0);
    let n_mid = (level.n0 - level.exhausted).max(0.0);
    let z = level.q1 - mid;
    let (cancels, adds) = classify(libm::rint(level.n1 - n_mid) as i64, z);
    let (cancels, adds) = (cancels as f64, adds as f64);
    let (cancelled, added) = if adds == 0.0 {
        (if cancels == 0.0 { 0.0 } else { -z }, 0.0)
    } else if cancels == 0.0 {
        (0.0, z)
    } else {
        let mean = if n_mid > 0.0 { mid / n_mid } else { 0.0 };
        // Each add is at least one lot.
        let cancelled = (cancels * mean).max(adds - z).min(mid);
        (cancelled, z + cancelled)
    };
    Change { cancels, cancelled, adds, added }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(q0: f64, n0: f64, q1: f64, n1: f64) -> Interval {
        Interval { q0, n0, q1, n1, dt: 0.5, ..Interval::default() }
    }

    #[test]
    fn a_size_that_nobody_behind_has_left_from_ahead() {
        let config = QpnConfig::default();
        let mut order = QpnState::insert(&config, 6000.0, 3.0);
        order.step(&config, &level(6000.0, 3.0, 7250.0, 4.0));
        let from_ahead = order.step(&config, &level(7250.0, 4.0, 5250.0, 3.0));
        assert_eq!(from_ahead, Some(1.0));
        assert_eq!((order.ahead(), order.n_ahead()), (4000.0, 2.0));
    }

    #[test]
    fn rates_have_to_fit_the_ages() {
        let config = |edges: &[f64], rates: &[f64]| QpnConfig {
            edges: edges.to_vec(),
            rates: rates.to_vec(),
            ..QpnConfig::default()
        };
        assert!(QpnConfig::fitted().check().is_ok());
        assert!(config(&[1.0], &[0.5, 0.1, 0.2, 0.1]).check().is_ok());
        let wrong = [
            config(&[1.0], &[0.5]),
            config(&[2.0, 1.0], &[0.5, 0.1, 0.1]),
            config(&[], &[f64::NAN]),
        ];
        assert!(wrong.iter().all(|config| config.check().is_err()));
    }

    #[test]
    fn a_trade_beyond_the_queue_reaches_us() {
        let mut order = QpnState::insert(&QpnConfig::default(), 400.0, 2.0);
        assert_eq!(order.trade(1000.0, 2.0), 600.0);
        assert_eq!(order.n_ahead(), 0.0);
    }
}
