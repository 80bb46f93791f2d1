//! Schedule — the venue's dead man's switch: every order is cancelled at a time set before.

use crate::sim::rules::Refusal;
use crate::sim::rules::Rules;
use crate::sim::rules::USD;
use crate::units::Cash;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

const DAY_NS: i64 = 86_400_000_000_000;

/// One account's scheduled cancel.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Schedule {
    at: Option<UnixNanos>,
    day: i64,
    fires: u32,
}

impl Schedule {
    /// When it fires.
    #[must_use]
    pub fn at(&self) -> Option<UnixNanos> {
        self.at
    }

    /// How often it fired on the day of a time.
    #[must_use]
    pub fn fires(&self, now: UnixNanos) -> u32 {
        if now.0.div_euclid(DAY_NS) == self.day {
            self.fires
        } else {
            0
        }
    }

    /// Set or clear it.
    ///
    /// # Errors
    /// Too little volume (for clearing, too), a time too near, or all firings of the day used.
    pub fn set(
        &mut self,
        at: Option<UnixNanos>,
        now: UnixNanos,
        volume: Cash,
        rules: &Rules,
    ) -> Result<(), Refusal> {
        let required = rules.schedule_cancel_volume_usd;
        if i128::from(volume.0) < i128::from(required) * i128::from(USD) {
            return Err(Refusal::ScheduleVolume { required, traded: volume.0 });
        }
        if let Some(at) = at {
            if at < now.after(rules.schedule_ahead()) {
                return Err(Refusal::ScheduleAhead);
            }
            if self.fires(now) >= rules.schedule_cancel_fires {
                return Err(Refusal::ScheduleFires);
            }
        }
        self.at = at;
        Ok(())
    }

    /// Whether it fires now; it is over then.
    pub fn fire(&mut self, now: UnixNanos) -> bool {
        if self.at.is_none_or(|at| at > now) {
            return false;
        }
        self.fires = self.fires(now) + 1;
        self.day = now.0.div_euclid(DAY_NS);
        self.at = None;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixNanos = UnixNanos(20_000 * DAY_NS);
    const RICH: Cash = Cash(2_000_000 * USD);

    fn later(seconds: i64) -> UnixNanos {
        UnixNanos(NOW.0 + seconds * 1_000_000_000)
    }

    #[test]
    fn little_volume_can_neither_set_nor_clear() {
        let mut schedule = Schedule::default();
        let refused = Refusal::ScheduleVolume { required: 1_000_000, traded: 5 };
        let rules = Rules::default();
        let set = schedule.set(Some(later(60)), NOW, Cash(5), &rules);
        assert_eq!(set, Err(refused.clone()));
        assert_eq!(schedule.set(None, NOW, Cash(5), &rules), Err(refused));
    }

    #[test]
    fn it_fires_ten_times_a_day_at_least_five_seconds_ahead() {
        let (mut schedule, rules) = (Schedule::default(), Rules::default());
        let near = schedule.set(Some(later(4)), NOW, RICH, &rules);
        assert_eq!(near, Err(Refusal::ScheduleAhead));
        for _ in 0..10 {
            assert_eq!(schedule.set(Some(later(5)), NOW, RICH, &rules), Ok(()));
            assert!(!schedule.fire(later(4)));
            assert!(schedule.fire(later(5)));
            assert!(!schedule.fire(later(6)), "it is over");
        }
        let eleventh = schedule.set(Some(later(60)), later(7), RICH, &rules);
        assert_eq!(eleventh, Err(Refusal::ScheduleFires));
        let tomorrow = later(86_400);
        assert_eq!(schedule.set(Some(later(86_500)), tomorrow, RICH, &rules), Ok(()));
    }
}
