//! Tuner — small steps of spread and skew by what the last day showed.

use crate::stats::sharpe;
use crate::units::Cash;
use crate::units::DurationNanos;
use serde::Deserialize;
use serde::Serialize;

/// A bad day widens, a day with few fills tightens, by these factors.
const WIDEN: f64 = 1.05;
const TIGHTEN: f64 = 0.95;
/// A day with a large inventory skews harder.
const SKEW_UP: f64 = 1.10;
/// Otherwise a value goes back to its base by this share of the way.
const DRIFT: f64 = 0.02;
const FILL_RATE_MIN: f64 = 0.15;
const RHO_MAX: f64 = 0.70;
/// Fewer fills say nothing about a Sharpe ratio.
const FILLS_MIN: u64 = 20;
/// Bounds of the spread multiplier as a share of its base, and of the skew factor.
const SPREAD_BOUNDS: (f64, f64) = (0.5, 2.0);
const SKEW_BOUNDS: (f64, f64) = (0.1, 1.0);
/// A value further than this share from its base is set back to it.
const RESET: f64 = 0.70;
/// Hours that a step looks back on.
const HOURS: usize = 24;

/// What the last day showed; what is not known, or not a number, skips its rule.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TunerInputs {
    /// Sharpe ratio of hourly results; the sign alone matters.
    pub sharpe: Option<f64>,
    /// Share of our orders that were filled.
    pub fill_rate: Option<f64>,
    /// Mean inventory, either way, as a share of the greatest position.
    pub mean_rho: Option<f64>,
    /// Fills in the day.
    pub fills: u64,
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TunerEvent {
    /// The day lost: the spread grew.
    Widen,
    /// Little was filled: the spread shrank.
    Tighten,
    /// Inventory was large: the skew grew.
    SkewUp,
    /// The spread was too far from its base, and is there again.
    ResetSpread,
    /// The skew was too far from its base, and is there again.
    ResetSkew,
}

impl TunerEvent {
    /// Its name in logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Widen => "widen",
            Self::Tighten => "tighten",
            Self::SkewUp => "skew_up",
            Self::ResetSpread => "reset_spread",
            Self::ResetSkew => "reset_skew",
        }
    }
}

/// What a step did, in this order: the spread's rule, the skew's, their resets.
pub type TunerEvents = [Option<TunerEvent>; 4];

/// A value that is tuned around its base.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Tuned {
    base: f64,
    value: f64,
    bounds: (f64, f64),
}

impl Tuned {
    const fn new(base: f64, bounds: (f64, f64)) -> Self {
        Self { base, value: base, bounds }
    }

    fn drift(&mut self) {
        self.value += DRIFT * (self.base - self.value);
    }

    /// Keep within bounds; whether it was set back to its base.
    fn settle(&mut self) -> bool {
        self.value = self.value.clamp(self.bounds.0, self.bounds.1);
        let far = (self.value / self.base - 1.0).abs() > RESET;
        if far {
            self.value = self.base;
        }
        far
    }
}

/// Spread multiplier and skew factor as the days go.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tuner {
    spread: Tuned,
    skew: Tuned,
}

impl Tuner {
    /// A tuner at its bases. A base that is not above 0 is off, and stays.
    #[must_use]
    pub fn new(spread_mult: f64, skew: f64) -> Self {
        let (low, high) = SPREAD_BOUNDS;
        Self {
            spread: Tuned::new(spread_mult, (low * spread_mult, high * spread_mult)),
            skew: Tuned::new(skew, SKEW_BOUNDS),
        }
    }

    /// What multiplies the spread.
    #[must_use]
    pub const fn spread_mult(&self) -> f64 {
        self.spread.value
    }

    /// The skew factor.
    #[must_use]
    pub const fn skew(&self) -> f64 {
        self.skew.value
    }

    /// One step, once an hour; what it did.
    pub fn step(&mut self, day: &TunerInputs) -> TunerEvents {
        let (moved, spread_reset) =
            if self.spread.base > 0.0 { self.step_spread(day) } else { (None, None) };
        let (skewed, skew_reset) =
            if self.skew.base > 0.0 { self.step_skew(day) } else { (None, None) };
        [moved, skewed, spread_reset, skew_reset]
    }

    fn step_spread(&mut self, day: &TunerInputs) -> (Option<TunerEvent>, Option<TunerEvent>) {
        let sharpe = day.sharpe.filter(|s| !s.is_nan() && day.fills >= FILLS_MIN);
        let fill_rate = day.fill_rate.filter(|rate| !rate.is_nan());
        let moved = if sharpe.is_some_and(|sharpe| sharpe < 0.0) {
            self.spread.value *= WIDEN;
            Some(TunerEvent::Widen)
        } else if fill_rate.is_some_and(|rate| rate < FILL_RATE_MIN) {
            self.spread.value *= TIGHTEN;
            Some(TunerEvent::Tighten)
        } else {
            if sharpe.is_some() || fill_rate.is_some() {
                self.spread.drift();
            }
            None
        };
        (moved, self.spread.settle().then_some(TunerEvent::ResetSpread))
    }

    fn step_skew(&mut self, day: &TunerInputs) -> (Option<TunerEvent>, Option<TunerEvent>) {
        let moved = match day.mean_rho.filter(|rho| !rho.is_nan()) {
            Some(rho) if rho > RHO_MAX => {
                self.skew.value *= SKEW_UP;
                Some(TunerEvent::SkewUp)
            }
            Some(_) => {
                self.skew.drift();
                None
            }
            None => None,
        };
        (moved, self.skew.settle().then_some(TunerEvent::ResetSkew))
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Hour {
    pnl: f64,
    fills: u64,
    /// Seconds seen, and the integral of the inventory share over them.
    seconds: f64,
    rho_seconds: f64,
}

/// The last day by the hour: what a step looks back on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TunerDay {
    hours: [Hour; HOURS],
    /// Where the next hour goes.
    next: usize,
    len: usize,
    growing: Hour,
}

impl TunerDay {
    /// One of our fills.
    pub fn on_fill(&mut self) {
        self.growing.fills += 1;
    }

    /// The inventory share was this for a time; one that is not a number is left out.
    pub fn on_inventory(&mut self, rho: f64, held: DurationNanos) {
        if rho.is_finite() && held.0 > 0 {
            self.growing.seconds += held.as_secs_f64();
            self.growing.rho_seconds += rho.abs() * held.as_secs_f64();
        }
    }

    /// An hour ended with this result.
    pub fn on_hour(&mut self, pnl: Cash) {
        self.growing.pnl = pnl.0 as f64;
        self.hours[self.next] = std::mem::take(&mut self.growing);
        self.next = (self.next + 1) % HOURS;
        self.len = (self.len + 1).min(HOURS);
    }

    /// What the hours that ended show, with a fill rate from elsewhere.
    #[must_use]
    pub fn inputs(&self, fill_rate: Option<f64>) -> TunerInputs {
        // Unused hours hold zeros and stand behind the used ones, until all are used.
        let hours = &self.hours[..self.len];
        let mut pnl = [0.0; HOURS];
        pnl.iter_mut().zip(hours).for_each(|(pnl, hour)| *pnl = hour.pnl);
        let total = |of: fn(&Hour) -> f64| hours.iter().map(of).sum::<f64>();
        let seconds = total(|hour| hour.seconds);
        TunerInputs {
            sharpe: sharpe(&pnl[..self.len]),
            fill_rate,
            mean_rho: (seconds > 0.0).then(|| total(|hour| hour.rho_seconds) / seconds),
            fills: hours.iter().map(|hour| hour.fills).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAD: TunerInputs =
        TunerInputs { sharpe: Some(-1.0), fill_rate: Some(0.1), mean_rho: Some(0.9), fills: 20 };

    #[test]
    fn what_is_missing_skips_its_rule() {
        let mut tuner = Tuner::new(1.0, 0.3);
        tuner.step(&BAD);
        let before = tuner;
        let nan = Some(f64::NAN);
        let unknown = TunerInputs { sharpe: nan, fill_rate: nan, mean_rho: nan, fills: 50 };
        for day in [unknown, TunerInputs::default()] {
            assert_eq!(tuner.step(&day), [None; 4]);
            assert_eq!(tuner, before);
        }
        let events = tuner.step(&TunerInputs { fills: 19, ..BAD });
        assert_eq!(events[0], Some(TunerEvent::Tighten), "too few fills for the Sharpe rule");
    }

    #[test]
    fn a_skew_that_is_off_stays_off() {
        let mut tuner = Tuner::new(1.0, 0.0);
        let events = tuner.step(&BAD);
        assert_eq!(events, [Some(TunerEvent::Widen), None, None, None]);
        assert_eq!(tuner.skew(), 0.0);
    }

    #[test]
    fn the_day_forgets_its_oldest_hour() {
        let mut day = TunerDay::default();
        assert_eq!(day.inputs(None), TunerInputs::default());
        for hour in 0..30 {
            (0..hour).for_each(|_| day.on_fill());
            day.on_inventory(-0.5, DurationNanos::from_millis(1_000));
            day.on_inventory(1.0, DurationNanos::from_millis(1_000));
            day.on_inventory(f64::NAN, DurationNanos::from_millis(1_000));
            day.on_hour(Cash(hour - 10));
        }
        let inputs = day.inputs(Some(0.4));
        assert_eq!(inputs.fills, (6..30).sum::<u64>());
        assert_eq!((inputs.mean_rho, inputs.fill_rate), (Some(0.75), Some(0.4)));
        let pnl: Vec<f64> = (6..30).map(|hour| f64::from(hour) - 10.0).collect();
        let wanted = sharpe(&pnl).expect("it varies");
        assert!((inputs.sharpe.expect("it varies") - wanted).abs() < 1e-12);
    }
}
