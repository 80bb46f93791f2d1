//! Age — how long an inventory was held, and how much harder that skews.

use crate::quote::Urgency;
use crate::units::DurationNanos;
use crate::units::Lots;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

/// The age of a position: growing while it is open, diluted by what is added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InventoryAge {
    position: Lots,
    /// Seconds at [`Self::ts`].
    age_s: f64,
    ts: UnixNanos,
}

impl InventoryAge {
    /// The position after a fill, or as found at the start.
    pub fn on_position(&mut self, now: UnixNanos, position: Lots) {
        let (old, new) = (self.position.0, position.0);
        let kept = old.signum() == new.signum() && new != 0;
        let age_s = match (kept, new.unsigned_abs() > old.unsigned_abs()) {
            (false, _) => 0.0,
            (true, false) => self.seconds(now),
            (true, true) => self.seconds(now) * (old as f64 / new as f64),
        };
        *self = Self { position, age_s, ts: now };
    }

    /// Age in seconds; 0 without a position.
    #[must_use]
    pub fn seconds(&self, now: UnixNanos) -> f64 {
        if self.position.0 == 0 {
            return 0.0;
        }
        self.age_s + now.since(self.ts).max(DurationNanos(0)).as_secs_f64()
    }
}

/// How the skew factor grows with age.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SkewDecay {
    /// How much of the factor is added in the end.
    pub kappa: f64,
    /// Seconds until half of that is added.
    pub half_life_s: f64,
}

/// The skew factor of an inventory of this age, at most 1.
#[must_use]
pub fn decayed_skew(factor: f64, age_s: f64, decay: SkewDecay) -> f64 {
    let added = 1.0 - libm::exp2(-age_s / decay.half_life_s);
    (factor * (1.0 + decay.kappa * added)).min(1.0)
}

/// An inventory over this share of the greatest position is large.
const LARGE: f64 = 0.5;

/// How long an inventory may be large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UrgencyRules {
    /// Before the reducing side quotes at the touch.
    pub touch: DurationNanos,
    /// Before it may take; `None` if it never may.
    pub take: Option<DurationNanos>,
}

/// Since when the inventory is large, without a break.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LargeInventory {
    since: Option<UnixNanos>,
}

impl LargeInventory {
    /// The inventory as a share of the greatest position, signed.
    pub fn on_inventory(&mut self, now: UnixNanos, rho: f64) {
        let large = rho.abs() > LARGE;
        self.since = large.then(|| self.since.unwrap_or(now));
    }

    /// What it asks for.
    #[must_use]
    pub fn urgency(&self, now: UnixNanos, rules: &UrgencyRules) -> Urgency {
        let Some(since) = self.since else {
            return Urgency::None;
        };
        let held = now.since(since);
        if rules.take.is_some_and(|take| held >= take) {
            Urgency::Take
        } else if held >= rules.touch {
            Urgency::Touch
        } else {
            Urgency::None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UnixNanos {
        UnixNanos(1_770_000_000_000_000_000 + seconds * 1_000_000_000)
    }

    #[test]
    fn adding_dilutes_reducing_keeps_and_crossing_restarts() {
        let mut age = InventoryAge::default();
        assert_eq!(age.seconds(at(0)), 0.0);
        for (second, position, wanted) in
            [(0, 10, 0.0), (60, 20, 30.0), (90, 15, 60.0), (100, -15, 0.0), (110, -15, 10.0)]
        {
            age.on_position(at(second), Lots(position));
            let got = age.seconds(at(second));
            assert!((got - wanted).abs() < 1e-9, "{got} for {wanted} after {second} s");
        }
        assert!((age.seconds(at(130)) - 30.0).abs() < 1e-9);
        assert!((age.seconds(at(0)) - 10.0).abs() < 1e-9, "time running back takes nothing off");
        age.on_position(at(140), Lots(0));
        assert_eq!(age.seconds(at(500)), 0.0);
    }

    #[test]
    fn a_large_inventory_grows_urgent_and_a_small_one_starts_anew() {
        let minutes = |n: i64| DurationNanos::from_millis(n * 60_000);
        let rules = UrgencyRules { touch: minutes(30), take: Some(minutes(60)) };
        let mut large = LargeInventory::default();
        large.on_inventory(at(0), 0.5);
        assert_eq!(large.urgency(at(9_999), &rules), Urgency::None, "half is not over half");
        large.on_inventory(at(0), -0.6);
        large.on_inventory(at(1_000), -0.9);
        assert_eq!(large.urgency(at(1_799), &rules), Urgency::None);
        assert_eq!(large.urgency(at(1_800), &rules), Urgency::Touch);
        assert_eq!(large.urgency(at(3_600), &rules), Urgency::Take);
        let never = UrgencyRules { take: None, ..rules };
        assert_eq!(large.urgency(at(3_600), &never), Urgency::Touch);
        large.on_inventory(at(3_700), -0.4);
        large.on_inventory(at(3_800), f64::NAN);
        assert_eq!(large.urgency(at(9_999), &rules), Urgency::None);
        large.on_inventory(at(4_000), 0.7);
        assert_eq!(large.urgency(at(5_799), &rules), Urgency::None);
        assert_eq!(large.urgency(at(5_800), &rules), Urgency::Touch);
    }
}
