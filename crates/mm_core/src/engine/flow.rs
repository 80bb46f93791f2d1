//! Flow — trades and touch of the last minute, as the fill model looks at them.

use super::market::TouchQty;
use crate::book::Touch;
use crate::signal::order_flow;
use crate::units::DurationNanos;
use crate::units::Px;
use crate::units::Side;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;
use std::collections::VecDeque;

const SECOND: DurationNanos = DurationNanos::from_millis(1_000);
const SECONDS: usize = 60;
/// Changes of the mid remembered: ten seconds of a hundred steps each, and some.
const MIDS: usize = 1_024;
/// Trades remembered one by one, between two decisions.
const PRINTS: usize = 1_024;
/// Weight of a new trade, and of a new touch, in their mean sizes.
const WEIGHT: f64 = 0.01;

/// What a second held.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Second {
    at: i64,
    trades: u32,
    /// Lots bought and sold by those in a hurry.
    taken: [f64; 2],
    /// Order flow at the touch, in lots.
    flow: f64,
}

/// The last minute of one market.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Flow {
    #[serde(with = "crate::arrays::inline")]
    seconds: [Second; SECONDS],
    /// What was heard since the last step.
    heard: Second,
    touch: Option<TouchQty>,
    /// A ring of mids, doubled, with the times from which on they stood.
    #[serde(with = "crate::arrays::boxed")]
    mids: Box<[(UnixNanos, i64); MIDS]>,
    changes: usize,
    /// The last trades, and how many there were.
    prints: VecDeque<(Side, Px, f64)>,
    printed: u64,
    mean_trade: Option<f64>,
    mean_level: Option<f64>,
}

impl Default for Flow {
    fn default() -> Self {
        Self {
            seconds: [Second::default(); SECONDS],
            heard: Second::default(),
            touch: None,
            mids: Box::new([(UnixNanos(0), 0); MIDS]),
            changes: 0,
            prints: VecDeque::with_capacity(PRINTS),
            printed: 0,
            mean_trade: None,
            mean_level: None,
        }
    }
}

impl Flow {
    /// A trade was heard of.
    pub(super) fn on_trade(&mut self, aggressor: Side, px: Px, lots: i64) {
        let lots = lots as f64;
        if self.prints.len() == PRINTS {
            self.prints.pop_front();
        }
        self.prints.push_back((aggressor, px, lots));
        self.printed += 1;
        self.heard.trades += 1;
        self.heard.taken[aggressor.index()] += lots;
        self.mean_trade = Some(averaged(self.mean_trade, lots));
    }

    /// A step ended with this touch.
    pub(super) fn on_step(&mut self, now: UnixNanos, touch: &TouchQty) {
        if let Some(before) = self.touch.filter(|before| before != touch) {
            let level = |Touch { bid, ask }: Touch, qty: [i64; 2]| {
                ((bid.0 as f64, qty[0] as f64), (ask.0 as f64, qty[1] as f64))
            };
            self.heard.flow +=
                order_flow(level(before.touch, before.qty), level(touch.touch, touch.qty));
        }
        if self.touch != Some(*touch) {
            let size = (touch.qty[0] + touch.qty[1]) as f64 / 2.0;
            self.mean_level = Some(averaged(self.mean_level, size));
        }
        if self.touch.map(|before| before.touch.mid2()) != Some(touch.touch.mid2()) {
            self.mids[self.changes % MIDS] = (now, touch.touch.mid2());
            self.changes += 1;
        }
        self.touch = Some(*touch);
        let at = (now.0 - 1).div_euclid(SECOND.0);
        let slot = &mut self.seconds[at.rem_euclid(SECONDS as i64) as usize];
        if slot.at != at {
            *slot = Second { at, ..Second::default() };
        }
        let heard = std::mem::take(&mut self.heard);
        slot.trades += heard.trades;
        slot.taken[0] += heard.taken[0];
        slot.taken[1] += heard.taken[1];
        slot.flow += heard.flow;
    }

    fn last(&self, now: UnixNanos, seconds: i64) -> impl Iterator<Item = &Second> + '_ {
        let newest = (now.0 - 1).div_euclid(SECOND.0);
        self.seconds.iter().filter(move |s| (newest - seconds + 1..=newest).contains(&s.at))
    }

    /// Order flow of 5 s in mean level sizes.
    pub(super) fn flow_5s(&self, now: UnixNanos) -> f64 {
        let flow: f64 = self.last(now, 5).map(|second| second.flow).sum();
        self.mean_level.filter(|mean| *mean > 0.0).map_or(0.0, |mean| flow / mean)
    }

    /// Balance of the trades of 10 s, -1 to 1.
    pub(super) fn traded_10s(&self, now: UnixNanos) -> f64 {
        let total = |side: usize| self.last(now, 10).map(|s| s.taken[side]).sum::<f64>();
        let (bought, sold) = (total(0), total(1));
        if bought + sold > 0.0 {
            (bought - sold) / (bought + sold)
        } else {
            0.0
        }
    }

    /// Trades of 60 s.
    pub(super) fn trades_60s(&self, now: UnixNanos) -> u32 {
        self.last(now, SECONDS as i64).map(|second| second.trades).sum()
    }

    /// Twice the mid that stood so long ago, where that is remembered.
    pub(super) fn mid2_ago(&self, now: UnixNanos, ago: DurationNanos) -> Option<i64> {
        let then = UnixNanos(now.0 - ago.0);
        let oldest = self.changes.saturating_sub(MIDS);
        let known = (oldest..self.changes).rev().map(|at| self.mids[at % MIDS]);
        known.into_iter().find(|(since, _)| *since <= then).map(|(_, mid2)| mid2)
    }

    /// How many trades were heard, and those after the first `heard`, as far as remembered.
    pub(super) fn prints(&self, heard: u64) -> (u64, impl Iterator<Item = (Side, Px, f64)> + '_) {
        let new = (self.printed - heard).min(self.prints.len() as u64) as usize;
        (self.printed, self.prints.iter().skip(self.prints.len() - new).copied())
    }

    /// Mean size of a trade, in lots; 0 while unknown.
    pub(super) fn mean_trade(&self) -> f64 {
        self.mean_trade.unwrap_or(0.0)
    }
}

fn averaged(mean: Option<f64>, value: f64) -> f64 {
    mean.map_or(value, |mean| mean + WEIGHT * (value - mean))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Px;

    fn at(ms: i64) -> UnixNanos {
        UnixNanos(1_770_000_000_000_000_000 + ms * 1_000_000)
    }

    fn touch(bid: i64, qty: [i64; 2]) -> TouchQty {
        TouchQty { touch: Touch { bid: Px(bid), ask: Px(bid + 1) }, qty }
    }

    #[test]
    fn it_remembers_what_it_is_asked_for_and_forgets_the_rest() {
        let mut flow = Flow::default();
        flow.on_step(at(0), &touch(100, [10, 10]));
        flow.on_trade(Side::Bid, Px(101), 6);
        flow.on_trade(Side::Ask, Px(100), 2);
        flow.on_step(at(500), &touch(101, [4, 10]));
        assert_eq!(flow.trades_60s(at(500)), 2);
        assert_eq!(flow.traded_10s(at(500)), 0.5);
        assert!(flow.flow_5s(at(500)) > 0.0, "a higher bid is flow toward the bid");
        assert_eq!(flow.mid2_ago(at(1_400), SECOND), Some(201));
        assert_eq!(flow.mid2_ago(at(1_500), SECOND), Some(203));
        assert_eq!(flow.mid2_ago(at(900), SECOND), None);
        assert_eq!((flow.flow_5s(at(7_000)), flow.traded_10s(at(12_000))), (0.0, 0.0));
        assert_eq!(flow.trades_60s(at(61_000)), 0);
    }
}
