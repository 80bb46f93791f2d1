//! Budget — requests an address may make: a free amount, and one for each dollar traded.

use crate::sim::rules::Refusal;
use crate::sim::rules::Rules;
use crate::sim::rules::USD;
use crate::units::Cash;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

/// Cancels go on this far beyond the cap, and at most to twice the cap.
const CANCELS_BEYOND: i64 = 100_000;

/// What an address has used and traded.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Budget {
    /// Requests used, less those bought.
    pub used: i64,
    /// Notional traded.
    pub volume: Cash,
    /// When the last action passed without budget.
    slot: Option<UnixNanos>,
}

impl Budget {
    /// Requests allowed.
    #[must_use]
    pub fn cap(&self, rules: &Rules) -> i64 {
        rules.budget_free + self.volume.0 / USD
    }

    /// Pay for an action of `cost` requests at a time.
    ///
    /// # Errors
    /// The budget is used up and an action passed without it a moment ago; nothing is paid then.
    pub fn pay(
        &mut self,
        cost: i64,
        is_cancel: bool,
        now: UnixNanos,
        rules: &Rules,
    ) -> Result<(), Refusal> {
        let cap = self.cap(rules);
        let limit = if is_cancel { (cap + CANCELS_BEYOND).min(2 * cap) } else { cap };
        let used = self.used + cost;
        if used > limit {
            let waits = self.slot.is_some_and(|last| now.since(last).0 < rules.budget_slot_ns);
            if waits {
                return Err(Refusal::Budget { used, cap, volume: self.volume.0 });
            }
            self.slot = Some(now);
        }
        self.used = used;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: fn() -> Rules = || Rules { budget_free: 3, ..Rules::default() };

    fn at(seconds: i64) -> UnixNanos {
        UnixNanos(seconds * 1_000_000_000)
    }

    #[test]
    fn an_empty_budget_lets_one_action_pass_each_ten_seconds() {
        let (mut budget, rules) = (Budget::default(), RULES());
        assert_eq!(budget.pay(3, false, at(100), &rules), Ok(()));
        assert_eq!(budget.pay(1, false, at(101), &rules), Ok(()));
        let refused = Refusal::Budget { used: 5, cap: 3, volume: 0 };
        assert_eq!(budget.pay(1, false, at(102), &rules), Err(refused.clone()));
        assert_eq!(budget.pay(1, false, at(110), &rules), Err(refused));
        assert_eq!(budget.pay(1, false, at(111), &rules), Ok(()));
    }

    #[test]
    fn cancels_go_on_to_twice_the_cap() {
        let (mut budget, rules) = (Budget::default(), RULES());
        assert_eq!(budget.pay(3, false, at(0), &rules), Ok(()));
        assert_eq!(budget.pay(3, true, at(0), &rules), Ok(()));
        assert_eq!(budget.pay(1, true, at(0), &rules), Ok(()), "the slot");
        assert!(budget.pay(1, true, at(1), &rules).is_err());
    }

    #[test]
    fn a_dollar_traded_is_a_request() {
        let (mut budget, rules) = (Budget::default(), RULES());
        budget.volume = Cash(7 * USD + 999_999);
        assert_eq!(budget.cap(&rules), 10);
    }
}
