//! Toxicity — how far prices went against our fills, by side, and what that asks of the spread.
//!
//! Source: Glosten and Milgrom (1985), on the adverse selection this measures.

use crate::signal::minutes::MINUTE;
use crate::signal::smoothing::Ema;
use crate::units::DurationNanos;
use crate::units::Side;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

/// How many looks score a fill.
const HORIZONS: usize = 3;
/// Fills that may wait for their horizons; more are not scored, but counted.
const PENDING_MAX: usize = 64;
const SECONDS: [i64; HORIZONS] = [1, 5, 60];
const BARS: [i64; HORIZONS] = [1, 5, 10];
/// Weight of a new score of a side.
const SCORE_WEIGHT: f64 = 0.1;
/// Scored fills of a side before its multiplier is anything but 1.
const FILLS_MIN: u64 = 10;
const NEVER: UnixNanos = UnixNanos(i64::MAX);

/// How toxic a fill was at one horizon, 0 to 1: the move against it in average true ranges.
#[must_use]
pub fn toxicity_score(side: Side, px: f64, later: f64, atr: f64) -> f64 {
    let against = (side.sign() as f64 * (px - later)).max(0.0);
    if atr > 0.0 {
        (against / atr).min(1.0)
    } else if against > 0.0 {
        1.0
    } else {
        0.0
    }
}

/// What multiplies the half spread of a side with this score, after so many scored fills.
#[must_use]
pub fn toxicity_multiplier(score: f64, fills: u64) -> f64 {
    if fills < FILLS_MIN {
        1.0
    } else if score > 0.6 {
        1.5
    } else if score > 0.4 {
        1.25
    } else if score < 0.2 {
        0.9
    } else {
        1.0
    }
}

/// One of our fills, as its score needs it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoredFill {
    /// When it happened.
    pub ts: UnixNanos,
    /// Our side.
    pub side: Side,
    /// Its price.
    pub px: f64,
    /// The average true range at that time, in price, of one-minute bars or of the bars used;
    /// `None` while it is not known.
    pub atr: Option<f64>,
}

/// A later look at a fill.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Horizon {
    after: DurationNanos,
    /// What multiplies the average true range: shorter looks see smaller moves.
    scale: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Pending {
    ts: UnixNanos,
    side: Side,
    px: f64,
    atr: f64,
    /// Horizons scored, and the sum of their scores.
    scored: usize,
    sum: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct SideScore {
    average: Ema,
    fills: u64,
}

/// Scores of our fills by side. Fills and mids come in order of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Toxicity {
    horizons: [Horizon; HORIZONS],
    /// A ring in order of time.
    #[serde(with = "crate::arrays::inline")]
    pending: [Option<Pending>; PENDING_MAX],
    first: usize,
    len: usize,
    /// When the next look is due.
    due: UnixNanos,
    mid: Option<f64>,
    sides: [SideScore; 2],
    skipped: u64,
}

impl Toxicity {
    /// Tick by tick: looks after 1, 5 and 60 s, against the one-minute range scaled by the root of
    /// the time.
    #[must_use]
    pub fn ticks() -> Self {
        Self::new(SECONDS.map(|seconds| {
            let after = DurationNanos::from_millis(seconds * 1_000);
            let scale = libm::sqrt(after.as_secs_f64() / MINUTE.as_secs_f64());
            Horizon { after, scale }
        }))
    }

    /// Bar by bar: looks after 1, 5 and 10 bars of this length, against their plain range.
    #[must_use]
    pub fn bars(length: DurationNanos) -> Self {
        let after = |bars: i64| DurationNanos(length.0.saturating_mul(bars));
        Self::new(BARS.map(|bars| Horizon { after: after(bars), scale: 1.0 }))
    }

    fn new(horizons: [Horizon; HORIZONS]) -> Self {
        let side = SideScore { average: Ema::weighted(SCORE_WEIGHT), fills: 0 };
        Self {
            horizons,
            pending: [None; PENDING_MAX],
            first: 0,
            len: 0,
            due: NEVER,
            mid: None,
            sides: [side; 2],
            skipped: 0,
        }
    }

    /// Take in one of our fills. One without a usable price or range is not scored, nor is one
    /// that finds too many waiting; both are counted as skipped.
    pub fn on_fill(&mut self, fill: &ScoredFill) {
        let ScoredFill { ts, side, px, atr } = *fill;
        let atr = atr.filter(|atr| atr.is_finite() && px.is_finite());
        let (Some(atr), true) = (atr, self.len < PENDING_MAX) else {
            self.skipped += 1;
            return;
        };
        let at = (self.first + self.len) % PENDING_MAX;
        self.pending[at] = Some(Pending { ts, side, px, atr, scored: 0, sum: 0.0 });
        self.len += 1;
        self.due = self.due.min(ts.after(self.horizons[0].after));
    }

    /// Take in the mid from this time on; one that is not a number changes nothing.
    #[inline]
    pub fn on_mid(&mut self, now: UnixNanos, mid: f64) {
        if mid.is_finite() {
            // A look that is due now sees this mid, an earlier one the mid before.
            self.settle(UnixNanos(now.0.saturating_sub(1)));
            self.mid = Some(mid);
        }
    }

    /// No more mids come for this time or before it: score what is due by then.
    #[inline]
    pub fn settle(&mut self, now: UnixNanos) {
        if self.due <= now {
            self.score(now);
        }
    }

    /// When the next look at a fill is due: the end of time while none waits.
    #[must_use]
    pub const fn due(&self) -> UnixNanos {
        self.due
    }

    /// Prices were not known for a while: fills whose looks fall into it are not scored.
    pub fn on_gap(&mut self) {
        self.skipped += self.len as u64;
        (self.first, self.len, self.due, self.mid) = (0, 0, NEVER, None);
    }

    fn score(&mut self, now: UnixNanos) {
        let horizons = self.horizons;
        self.due = NEVER;
        for at in 0..self.len {
            let slot = &mut self.pending[(self.first + at) % PENDING_MAX];
            let Some(pending) = slot else { continue };
            let Pending { ts, side, px, atr, .. } = *pending;
            while let Some(look) = horizons.get(pending.scored) {
                let due = ts.after(look.after);
                let (true, Some(mid)) = (due <= now, self.mid) else {
                    self.due = self.due.min(due);
                    break;
                };
                pending.sum += toxicity_score(side, px, mid, atr * look.scale);
                pending.scored += 1;
            }
        }
        self.finish();
    }

    /// Count the oldest fills whose last look is done.
    fn finish(&mut self) {
        while let Some(pending) = self.pending[self.first].filter(|_| self.len > 0) {
            if pending.scored < HORIZONS {
                break;
            }
            let side = &mut self.sides[pending.side.index()];
            side.average.push(pending.sum / HORIZONS as f64);
            side.fills += 1;
            self.first = (self.first + 1) % PENDING_MAX;
            self.len -= 1;
        }
    }

    /// Score of a side, 0 to 1; `None` before its first scored fill.
    #[must_use]
    pub const fn value(&self, side: Side) -> Option<f64> {
        self.sides[side.index()].average.value()
    }

    /// Scored fills of a side.
    #[must_use]
    pub const fn fills(&self, side: Side) -> u64 {
        self.sides[side.index()].fills
    }

    /// Fills that could not be scored.
    #[must_use]
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Whether a side has enough scored fills.
    #[must_use]
    pub const fn is_ready(&self, side: Side) -> bool {
        self.fills(side) >= FILLS_MIN
    }

    /// What multiplies the half spread of a side; 1 until ready.
    #[must_use]
    pub fn multiplier(&self, side: Side) -> f64 {
        self.value(side).map_or(1.0, |score| toxicity_multiplier(score, self.fills(side)))
    }

    /// The worse score of the sides that are ready; `None` if none is.
    #[must_use]
    pub fn worst(&self) -> Option<f64> {
        let ready = Side::BOTH.into_iter().filter(|side| self.is_ready(*side));
        ready.filter_map(|side| self.value(side)).reduce(f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> UnixNanos {
        UnixNanos(1_770_000_000_000_000_000 + ms * 1_000_000)
    }

    fn buy(ms: i64, px: f64) -> ScoredFill {
        ScoredFill { ts: at(ms), side: Side::Bid, px, atr: Some(2.0) }
    }

    #[test]
    fn a_look_sees_the_last_mid_by_its_time() {
        let mut toxicity = Toxicity::ticks();
        toxicity.on_mid(at(0), 100.0);
        toxicity.on_fill(&buy(0, 100.0));
        // Due at 1 s: a mid at exactly that time counts, a later one does not.
        toxicity.on_mid(at(1_000), 99.9);
        toxicity.on_mid(at(1_500), 50.0);
        toxicity.on_mid(at(5_000), 100.5);
        toxicity.on_mid(at(59_000), 99.0);
        toxicity.on_mid(at(60_001), 50.0);
        let root = |seconds: f64| libm::sqrt(seconds / 60.0);
        let wanted = (0.1 / (2.0 * root(1.0)) + 0.0 + 1.0 / 2.0) / 3.0;
        assert!((toxicity.value(Side::Bid).expect("scored") - wanted).abs() < 1e-12);
        assert_eq!((toxicity.value(Side::Ask), toxicity.fills(Side::Bid)), (None, 1));
    }

    #[test]
    fn many_looks_due_at_once_see_one_mid_and_settle_needs_no_other() {
        let mut toxicity = Toxicity::ticks();
        toxicity.on_mid(at(0), 98.0);
        toxicity.on_fill(&buy(0, 100.0));
        toxicity.settle(at(59_999));
        assert_eq!(toxicity.fills(Side::Bid), 0);
        toxicity.settle(at(60_000));
        assert_eq!(toxicity.value(Side::Bid), Some(1.0));
    }

    #[test]
    fn each_side_waits_for_ten_fills_and_widens_only_itself() {
        let mut toxicity = Toxicity::ticks();
        for i in 0..10 {
            assert_eq!(toxicity.multiplier(Side::Bid), 1.0);
            assert_eq!(toxicity.worst(), None);
            toxicity.on_mid(at(i * 100_000), 90.0);
            toxicity.on_fill(&buy(i * 100_000, 100.0));
            toxicity.settle(at(i * 100_000 + 60_000));
        }
        assert!(toxicity.is_ready(Side::Bid));
        assert_eq!(toxicity.multiplier(Side::Bid), 1.5);
        assert_eq!(toxicity.multiplier(Side::Ask), 1.0);
        assert_eq!(toxicity.worst(), Some(1.0));
    }

    #[test]
    fn too_many_waiting_and_unusable_fills_are_counted_not_scored() {
        let mut toxicity = Toxicity::ticks();
        toxicity.on_mid(at(0), 100.0);
        (0..70).for_each(|i| toxicity.on_fill(&buy(i, 100.0)));
        toxicity.on_fill(&ScoredFill { atr: Some(f64::NAN), ..buy(70, 100.0) });
        toxicity.on_fill(&ScoredFill { atr: None, ..buy(70, 100.0) });
        assert_eq!(toxicity.skipped(), 8);
        toxicity.on_mid(at(100), f64::NAN);
        toxicity.settle(at(70_000));
        assert_eq!(toxicity.fills(Side::Bid), 64);
        toxicity.on_fill(&buy(70_000, 100.0));
        toxicity.on_gap();
        toxicity.on_mid(at(300_000), 50.0);
        toxicity.settle(at(400_000));
        assert_eq!((toxicity.fills(Side::Bid), toxicity.skipped()), (64, 9));
    }

    #[test]
    fn a_fill_before_the_first_mid_waits_for_one() {
        let mut toxicity = Toxicity::ticks();
        toxicity.on_fill(&buy(0, 100.0));
        toxicity.settle(at(2_000));
        toxicity.on_mid(at(3_000), 100.0);
        toxicity.settle(at(60_000));
        assert_eq!(toxicity.value(Side::Bid), Some(0.0));
    }

    #[test]
    fn the_ring_turns_over_many_fills_like_a_plain_list() {
        let mut toxicity = Toxicity::bars(MINUTE);
        let mids: Vec<f64> = (0..400).map(|i| 100.0 + f64::from(i * 37 % 11)).collect();
        for (bar, mid) in mids.iter().enumerate() {
            let now = at(bar as i64 * 60_000);
            toxicity.on_mid(now, *mid);
            toxicity.settle(now);
            toxicity.on_fill(&ScoredFill { ts: now, side: Side::Ask, px: *mid, atr: Some(3.0) });
        }
        let mut average = Ema::weighted(SCORE_WEIGHT);
        for bar in 0..390 {
            let score = |ahead: usize| toxicity_score(Side::Ask, mids[bar], mids[bar + ahead], 3.0);
            average.push((score(1) + score(5) + score(10)) / 3.0);
        }
        assert_eq!(toxicity.fills(Side::Ask), 390);
        assert_eq!(toxicity.value(Side::Ask), average.value());
    }
}
