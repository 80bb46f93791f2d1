//! Fill rate — the share of our innermost orders that were filled rather than left in vain.

use crate::units::DurationNanos;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

/// An order cancelled sooner than this had no chance; it does not count.
const LIVED_MIN: DurationNanos = DurationNanos::from_millis(5_000);
/// Six hours, in slots of five minutes.
const SLOTS: usize = 72;
const SLOT: DurationNanos = DurationNanos::from_millis(300_000);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Slot {
    /// Which five minutes since the epoch.
    at: i64,
    filled: u32,
    cancelled: u32,
}

/// Orders filled and cancelled in the last six hours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FillRate {
    #[serde(with = "crate::arrays::inline")]
    slots: [Slot; SLOTS],
}

impl Default for FillRate {
    fn default() -> Self {
        Self { slots: [Slot::default(); SLOTS] }
    }
}

impl FillRate {
    /// An order of the innermost level was filled.
    pub fn on_filled(&mut self, now: UnixNanos) {
        let slot = self.slot(now);
        slot.filled = slot.filled.saturating_add(1);
    }

    /// An order of the innermost level was cancelled after this time.
    pub fn on_cancelled(&mut self, now: UnixNanos, lived: DurationNanos) {
        if lived >= LIVED_MIN {
            let slot = self.slot(now);
            slot.cancelled = slot.cancelled.saturating_add(1);
        }
    }

    /// Filled over both, 0 to 1; `None` where there were none.
    #[must_use]
    pub fn value(&self, now: UnixNanos) -> Option<f64> {
        let oldest = Self::number(now) - SLOTS as i64 + 1;
        let recent = self.slots.iter().filter(|slot| slot.at >= oldest);
        let (filled, cancelled) = recent.fold((0_u64, 0_u64), |(filled, cancelled), slot| {
            (filled + u64::from(slot.filled), cancelled + u64::from(slot.cancelled))
        });
        let all = filled + cancelled;
        (all > 0).then(|| filled as f64 / all as f64)
    }

    const fn number(now: UnixNanos) -> i64 {
        now.0.div_euclid(SLOT.0)
    }

    fn slot(&mut self, now: UnixNanos) -> &mut Slot {
        let at = Self::number(now);
        let slot = &mut self.slots[at.rem_euclid(SLOTS as i64) as usize];
        if slot.at != at {
            *slot = Slot { at, filled: 0, cancelled: 0 };
        }
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UnixNanos {
        UnixNanos(1_770_000_000_000_000_000 + seconds * 1_000_000_000)
    }

    #[test]
    fn short_lives_do_not_count_and_six_hours_are_forgotten() {
        let mut rate = FillRate::default();
        assert_eq!(rate.value(at(0)), None);
        rate.on_filled(at(0));
        rate.on_cancelled(at(10), DurationNanos::from_millis(4_999));
        assert_eq!(rate.value(at(10)), Some(1.0));
        (0..3).for_each(|_| rate.on_cancelled(at(3_600), DurationNanos::from_millis(5_000)));
        assert_eq!(rate.value(at(3_600)), Some(0.25));
        assert_eq!(rate.value(at(6 * 3_600 + 600)), Some(0.0));
        assert_eq!(rate.value(at(9 * 3_600)), None);
        rate.on_filled(at(9 * 3_600));
        assert_eq!(rate.value(at(9 * 3_600)), Some(1.0));
    }
}
