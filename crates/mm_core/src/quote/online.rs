//! Online intensity — A and k kept up while the market runs, from how deep its trades reach.
//!
//! Time is cut into windows of a second. In each, and on each side, the deepest trade counts: its
//! distance from the mid known when the window began. Trades show where orders could have
//! been filled, without the queue before them: an upper bound.

use crate::quote::intensity::fit_points;
use crate::quote::FitStatus;
use crate::quote::IntensityFit;
use crate::units::DurationNanos;
use crate::units::Px;
use crate::units::Side;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

const WINDOW: DurationNanos = DurationNanos::from_millis(1_000);
const UPDATE: DurationNanos = DurationNanos::from_millis(60_000);
/// Half an hour of windows, and how long a good pair is kept without another.
const WINDOWS: usize = 1_800;
const KEPT: DurationNanos = DurationNanos::from_millis(1_800_000);
/// More windows than this without a word are silence, not quiet.
const SILENCE: i64 = 15;
/// Further than this counts as this.
const DEPTH_MAX: usize = 64;
/// Weight of a new pair.
const WEIGHT: f64 = 0.2;
const K_BOUNDS: (f64, f64) = (0.01, 10.0);
const A_BOUNDS: (f64, f64) = (1e-4, 50.0);

/// The deepest trade of a window in ticks, by the side that it would have filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Deepest {
    observed: bool,
    ticks: [Option<u8>; 2],
}

/// Intensity at distance 0 a second, and its decay per tick.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intensity {
    /// A.
    pub a: f64,
    /// k.
    pub k: f64,
}

/// The estimate as time goes on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OnlineIntensity {
    /// A ring; the window of a second stands at its number modulo the length.
    #[serde(with = "crate::arrays::boxed")]
    windows: Box<[Deepest; WINDOWS]>,
    second: Option<i64>,
    growing: Deepest,
    /// Twice the mid when the window began, and at the last step.
    reference: i64,
    mid2: i64,
    /// Lowest and highest price traded since the last step, by the side that was filled.
    traded: [Option<(i64, i64)>; 2],
    due: UnixNanos,
    status: FitStatus,
    sides: [FitStatus; 2],
    smoothed: Option<(f64, f64)>,
    good: UnixNanos,
    usable: bool,
}

impl Default for OnlineIntensity {
    fn default() -> Self {
        Self {
            windows: Box::new([Deepest::default(); WINDOWS]),
            second: None,
            growing: Deepest::default(),
            reference: 0,
            mid2: 0,
            traded: [None; 2],
            due: UnixNanos(i64::MIN),
            status: FitStatus::TooFewPoints,
            sides: [FitStatus::TooFewPoints; 2],
            smoothed: None,
            good: UnixNanos(i64::MIN),
            usable: false,
        }
    }
}

impl OnlineIntensity {
    /// A trade was heard of; a seller who was in a hurry fills bids.
    #[inline]
    pub fn on_trade(&mut self, aggressor: Side, px: Px) {
        let traded = &mut self.traded[aggressor.opposite().index()];
        let (low, high) = traded.unwrap_or((px.0, px.0));
        *traded = Some((low.min(px.0), high.max(px.0)));
    }

    /// Whether trades were heard of since the last step.
    #[inline]
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.traded != [None; 2]
    }

    /// When the next estimate is due.
    #[inline]
    #[must_use]
    pub const fn due(&self) -> UnixNanos {
        self.due
    }

    /// A step ended with this mid, doubled: wanted where the mid changed, trades were heard of or
    /// an estimate is due. `tick` is the price step.
    pub fn on_step(&mut self, now: UnixNanos, mid2: i64, tick: i64) {
        // What a step on the full second heard belongs to the second before it.
        let second = (now.0 - 1).div_euclid(WINDOW.0);
        if self.second != Some(second) {
            self.turn(second);
        }
        for (deepest, traded) in self.growing.ticks.iter_mut().zip(&mut self.traded) {
            if let (Some((low, high)), true) = (traded.take(), self.reference > 0) {
                let far = |px: i64| (2 * px - self.reference).abs() / (2 * tick.max(1));
                let ticks = far(low).max(far(high)).min(DEPTH_MAX as i64) as u8;
                *deepest = Some(deepest.map_or(ticks, |before| before.max(ticks)));
            }
        }
        self.mid2 = mid2;
        if now >= self.due {
            self.update(now);
            self.due = UnixNanos((now.0.div_euclid(UPDATE.0) + 1) * UPDATE.0);
        }
    }

    /// Store the window that grew, and those that passed without a word.
    fn turn(&mut self, second: i64) {
        let growing = std::mem::take(&mut self.growing);
        if let Some(before) = self.second {
            self.windows[slot(before)] = growing;
            let quiet = Deepest { observed: second - before <= SILENCE, ticks: [None; 2] };
            for passed in (before + 1).max(second - WINDOWS as i64)..second {
                self.windows[slot(passed)] = quiet;
            }
        }
        self.second = Some(second);
        self.reference = self.mid2;
        self.growing.observed = self.mid2 > 0;
    }

    fn update(&mut self, now: UnixNanos) {
        self.sides = Side::BOTH.map(|side| self.fit(&[side]).status);
        let IntensityFit { status, weighted, .. } = self.fit(&Side::BOTH);
        self.status = status;
        if let (FitStatus::Ok, Some(line)) = (status, weighted) {
            let (ln_a, k) = (libm::log(line.a), line.k);
            let (old_ln_a, old_k) = self.smoothed.unwrap_or((ln_a, k));
            let moved = |old: f64, new: f64| old + WEIGHT * (new - old);
            self.smoothed = Some((moved(old_ln_a, ln_a), moved(old_k, k)));
            self.good = now;
        }
        self.usable = self.smoothed.is_some() && now.since(self.good) <= KEPT;
    }

    /// The fit over the windows of these sides, pooled.
    fn fit(&self, sides: &[Side]) -> IntensityFit {
        let mut counts = [0.0; DEPTH_MAX + 1];
        let mut seconds = 0.0;
        for window in self.windows.iter().filter(|window| window.observed) {
            seconds += sides.len() as f64;
            for ticks in sides.iter().filter_map(|side| window.ticks[side.index()]) {
                counts[usize::from(ticks)] += 1.0;
            }
        }
        // From windows that reached exactly so deep to windows that reached at least so deep.
        for depth in (0..DEPTH_MAX).rev() {
            counts[depth] += counts[depth + 1];
        }
        let points = counts.iter().enumerate().map(|(ticks, &count)| (ticks as f64, count));
        fit_points(points, seconds)
    }

    /// The pair to quote with: `None` before the first good fit and half an hour after the last.
    #[must_use]
    pub fn value(&self) -> Option<Intensity> {
        let (ln_a, k) = self.smoothed.filter(|_| self.usable)?;
        let a = libm::exp(ln_a).clamp(A_BOUNDS.0, A_BOUNDS.1);
        Some(Intensity { a, k: k.clamp(K_BOUNDS.0, K_BOUNDS.1) })
    }

    /// How the last fit of both sides went.
    #[must_use]
    pub const fn status(&self) -> FitStatus {
        self.status
    }

    /// How the last fits went, bids and asks alone: for diagnosis.
    #[must_use]
    pub const fn sides(&self) -> [FitStatus; 2] {
        self.sides
    }
}

fn slot(second: i64) -> usize {
    second.rem_euclid(WINDOWS as i64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const MID2: i64 = 200_000;

    fn at(ms: i64) -> UnixNanos {
        UnixNanos(29_500_000 * UPDATE.0 + ms * 1_000_000)
    }

    /// One second: a step at its start, a trade this deep on a side, a step that hears of it.
    fn second(online: &mut OnlineIntensity, number: i64, side: Side, depth: Option<i64>) {
        online.on_step(at(number * 1_000), MID2, 1);
        if let Some(depth) = depth {
            online.on_trade(side, Px(MID2 / 2 + side.sign() * depth));
        }
        online.on_step(at(number * 1_000 + 400), MID2, 1);
    }

    /// Depths of which the number that reaches at least `d` falls as `exp(-d / 2)`.
    fn depths(n: i64) -> impl Iterator<Item = i64> {
        (0..n).map(move |i| {
            let u = (i * 7_919 % n) as f64 + 0.5;
            (-2.0 * libm::log(u / n as f64)) as i64
        })
    }

    #[test]
    fn it_finds_the_decay_that_the_trades_have() {
        let mut online = OnlineIntensity::default();
        for (number, depth) in depths(1_700).enumerate() {
            let side = if number % 2 == 0 { Side::Bid } else { Side::Ask };
            second(&mut online, number as i64, side, Some(depth));
        }
        assert_eq!((online.status(), online.sides()), (FitStatus::Ok, [FitStatus::Ok; 2]));
        let Intensity { a, k } = online.value().expect("fitted");
        assert!((k - 0.5).abs() < 0.05, "{k}");
        assert!((a - 0.5).abs() < 0.1, "one trade a second on one of two sides: {a}");
    }

    #[test]
    fn a_failure_keeps_the_last_pair_for_half_an_hour() {
        let mut online = OnlineIntensity::default();
        assert_eq!(online.value(), None);
        for (number, depth) in depths(300).enumerate() {
            second(&mut online, number as i64, Side::Bid, Some(depth));
        }
        online.on_step(at(300_000), MID2, 1);
        let kept = online.value().expect("fitted");
        // The market falls still: the windows empty, but the pair holds while it is fresh.
        let mut last = None;
        for number in 301..5_000 {
            second(&mut online, number, Side::Bid, None);
            if online.status() != FitStatus::Ok {
                assert_eq!(online.status(), FitStatus::TooFewPoints);
                last = last.or(online.value().map(|_| number));
            }
        }
        assert!(kept.k > 0.0 && last.is_some(), "kept after the first failure");
        assert_eq!(online.value(), None, "but not for ever");
    }

    #[test]
    fn steps_without_news_may_be_left_out() {
        let (mut all, mut some) = (OnlineIntensity::default(), OnlineIntensity::default());
        let (mut mid2, mut last) = (MID2, 0);
        for step in 1..60_000 {
            let now = at(step * 100);
            if step % 37 == 0 {
                mid2 += [2, -4, 6, -2, -2][(step / 37 % 5) as usize];
            }
            let trade = step % 11 == 3 || step % 300 < 12;
            if trade {
                let depth = step * 31 % 5;
                [&mut all, &mut some]
                    .into_iter()
                    .for_each(|online| online.on_trade(Side::Ask, Px(mid2 / 2 - depth)));
            }
            all.on_step(now, mid2, 1);
            if trade || mid2 != last || now >= some.due() {
                some.on_step(now, mid2, 1);
            }
            last = mid2;
            assert_eq!(all.value(), some.value(), "step {step}");
        }
        assert!(all.value().is_some());
    }
}
