//! Online intensity — A and k kept up while the market runs, from how deep its trades reach.
//!
//! Time is cut into windows of a second. In each, and on each side, the deepest trade counts: its
//! distance from the mid known when the window began. Trades show where orders could have
//! been filled, without the queue before them: an upper bound.

use crate::quote::intensity::fit_points;
use crate::quote::IntensityFit;
use crate::quote::KeptIntensity;
use crate::units::DurationNanos;
use crate::units::Px;
use crate::units::Side;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

const WINDOW: DurationNanos = DurationNanos::from_millis(1_000);
const UPDATE: DurationNanos = DurationNanos::from_millis(60_000);
/// Half an hour of windows.
const WINDOWS: usize = 1_800;
/// More windows than this without a word are silence, not quiet.
const SILENCE: i64 = 15;
/// Further than this counts as this.
const DEPTH_MAX: usize = 64;

/// The deepest trade of a window in ticks, by the side that it would have filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Deepest {
    observed: bool,
    ticks: [Option<u8>; 2],
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
    kept: KeptIntensity,
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
            kept: KeptIntensity::default(),
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
            let kept = std::mem::take(&mut self.kept);
            self.kept = kept.updated(now, |sides| self.fit(sides));
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
        let points = counts.iter().enumerate();
        fit_points(points.map(|(ticks, &count)| (ticks as f64, count, seconds)))
    }

    /// The pair in force, and how its fits go.
    #[must_use]
    pub const fn kept(&self) -> &KeptIntensity {
        &self.kept
    }
}

fn slot(second: i64) -> usize {
    second.rem_euclid(WINDOWS as i64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quote::FitStatus;
    use crate::quote::Intensity;

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
        assert_eq!(
            (online.kept.status(), online.kept.sides()),
            (FitStatus::Ok, [FitStatus::Ok; 2])
        );
        let Intensity { a, k } = online.kept.value().expect("fitted");
        assert!((k - 0.5).abs() < 0.05, "{k}");
        assert!((a - 0.5).abs() < 0.1, "one trade a second on one of two sides: {a}");
    }

    #[test]
    fn a_failure_keeps_the_last_pair_for_half_an_hour() {
        let mut online = OnlineIntensity::default();
        assert_eq!(online.kept.value(), None);
        for (number, depth) in depths(300).enumerate() {
            second(&mut online, number as i64, Side::Bid, Some(depth));
        }
        online.on_step(at(300_000), MID2, 1);
        let kept = online.kept.value().expect("fitted");
        // The market falls still: the windows empty, but the pair holds while it is fresh.
        let mut last = None;
        for number in 301..5_000 {
            second(&mut online, number, Side::Bid, None);
            if online.kept.status() != FitStatus::Ok {
                assert_eq!(online.kept.status(), FitStatus::TooFewPoints);
                last = last.or(online.kept.value().map(|_| number));
            }
        }
        assert!(kept.k > 0.0 && last.is_some(), "kept after the first failure");
        assert_eq!(online.kept.value(), None, "but not for ever");
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
            assert_eq!(all.kept.value(), some.kept.value(), "step {step}");
        }
        assert!(all.kept.value().is_some());
    }
}
