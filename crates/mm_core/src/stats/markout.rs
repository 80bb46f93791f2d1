//! Markout — what a fill was worth a moment later, in basis points of its price.
//!
//! Source: Glosten and Milgrom (1985), on the adverse selection this measures.

use crate::units::DurationNanos;
use crate::units::UnixNanos;

/// Mids in time order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mids<'a> {
    /// Times, ascending.
    pub ts: &'a [UnixNanos],
    /// The mid from each time on.
    pub mid: &'a [f64],
}

impl Mids<'_> {
    /// The last mid at or before a time; `None` before the first and after the last is known.
    fn at(&self, ts: UnixNanos) -> Option<f64> {
        let last = self.ts.last()?;
        if ts > *last {
            return None;
        }
        let after = self.ts.partition_point(|t| *t <= ts);
        after.checked_sub(1).map(|at| self.mid[at])
    }
}

/// A fill as markouts see it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MarkedFill {
    /// The venue's time of the trade.
    pub ts: UnixNanos,
    /// +1 we bought, -1 we sold.
    pub sign: f64,
    /// Its price.
    pub px: f64,
}

/// The quality of one fill; `None` where the mids do not reach.
#[derive(Clone, Debug, PartialEq)]
pub struct Markout {
    /// Effective half spread: distance from the mid at the fill, in our favour.
    pub effective: Option<f64>,
    /// Distance from the mid after each horizon: the realised half spread.
    pub markout: Vec<Option<f64>>,
    /// How far the mid went against us: effective minus markout.
    pub impact: Vec<Option<f64>>,
    /// Markout after the fee.
    pub net: Vec<Option<f64>>,
}

/// Mark a fill out at each horizon.
#[must_use]
pub fn markout(
    mids: &Mids<'_>,
    fill: &MarkedFill,
    horizons: &[DurationNanos],
    fee_bps: f64,
) -> Markout {
    let bps = |move_: f64| fill.sign * move_ / fill.px * 1e4;
    let now = mids.at(fill.ts);
    let later: Vec<Option<f64>> = horizons.iter().map(|h| mids.at(fill.ts.after(*h))).collect();
    let each = |of: &dyn Fn(f64) -> Option<f64>| later.iter().map(|mid| mid.and_then(of)).collect();
    Markout {
        effective: now.map(|mid| bps(mid - fill.px)),
        markout: each(&|mid| Some(bps(mid - fill.px))),
        impact: each(&|mid| now.map(|before| bps(before - mid))),
        net: each(&|mid| Some(bps(mid - fill.px) - fee_bps)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effective_is_markout_plus_impact_and_the_future_is_unknown() {
        let ts = [0, 10, 20].map(UnixNanos);
        let mids = Mids { ts: &ts, mid: &[100.0, 101.0, 99.0] };
        let fill = MarkedFill { ts: UnixNanos(5), sign: 1.0, px: 99.5 };
        let horizons = [5, 15, 16].map(DurationNanos);
        let got = markout(&mids, &fill, &horizons, 1.5);
        assert_eq!(got.markout[2], None);
        for at in 0..2 {
            let sum = got.markout[at].zip(got.impact[at]).map(|(m, i)| m + i);
            assert!((sum.expect("known") - got.effective.expect("known")).abs() < 1e-9);
        }
        let early = MarkedFill { ts: UnixNanos(-1), ..fill };
        assert_eq!(markout(&mids, &early, &horizons, 1.5).effective, None);
    }
}
