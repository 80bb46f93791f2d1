//! The last 24 hours of a coin: volume by the hour, and the price then.

use serde::Deserialize;
use serde::Serialize;
use std::collections::VecDeque;

const HOUR_NS: i64 = 3_600_000_000_000;
const HOURS: i64 = 24;

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Hour {
    number: i64,
    first_px: i64,
    lots: i64,
    notional: i128,
}

/// Trades of the last 24 hours.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Day {
    hours: VecDeque<Hour>,
    last_px: Option<i64>,
}

impl Day {
    pub(super) fn add(&mut self, now: i64, px: i64, lots: i64, notional: i64) {
        let number = now.div_euclid(HOUR_NS);
        if self.hours.back().is_none_or(|hour| hour.number != number) {
            self.hours.push_back(Hour { number, first_px: px, lots: 0, notional: 0 });
            while self.hours.front().is_some_and(|hour| hour.number <= number - HOURS) {
                self.hours.pop_front();
            }
        }
        if let Some(hour) = self.hours.back_mut() {
            hour.lots += lots;
            hour.notional += i128::from(notional);
        }
        self.last_px = Some(px);
    }

    /// Lots and micro-dollars.
    pub(super) fn volume(&self) -> (i64, i128) {
        self.hours
            .iter()
            .fold((0, 0), |(lots, notional), hour| (lots + hour.lots, notional + hour.notional))
    }

    /// The first price of the oldest hour.
    pub(super) fn first_px(&self) -> Option<i64> {
        self.hours.front().map(|hour| hour.first_px)
    }

    /// The price of the last trade.
    pub(super) fn last_px(&self) -> Option<i64> {
        self.last_px
    }
}
