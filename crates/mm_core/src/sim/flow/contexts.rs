//! What the venue says of a contract each second, and its funding each hour.

use crate::event::flags;
use crate::event::streams;
use crate::event::ContextKind;
use crate::event::Row;
use crate::event::RowKind;
use crate::sim::flow::grid::Grid;
use crate::units::DurationNanos;
use crate::units::Lots;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

const HOUR: i64 = 3_600_000_000_000;
const CONTEXT_EVERY: DurationNanos = DurationNanos::from_millis(1_000);
/// The venue samples the premium this often.
const PREMIUM_EVERY: DurationNanos = DurationNanos::from_millis(5_000);

/// The hour's premium, and what it makes of funding.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Premium {
    sum: f64,
    count: f64,
}

impl Premium {
    /// Hourly rate in 1e-12: an eighth of `P + clamp(0.0001 - P, -0.0005, 0.0005)`.
    fn rate(&self) -> i64 {
        let premium = if self.count > 0.0 { self.sum / self.count } else { 0.0 };
        let eight_hours = premium + (1e-4 - premium).clamp(-5e-4, 5e-4);
        libm::round(eight_hours.clamp(-0.04, 0.04) / 8.0 * 1e12) as i64
    }
}

/// Contexts and settlements of one symbol.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Contexts {
    grid: Grid,
    due: UnixNanos,
    premium_due: UnixNanos,
    hour: i64,
    premium: Premium,
}

impl Contexts {
    pub(super) fn new(grid: Grid, start: UnixNanos) -> Self {
        let premium = Premium::default();
        Self { grid, due: start, premium_due: start, hour: start.0 / HOUR, premium }
    }

    /// The funding of the hour that has ended by `now`, its time of arrival still open.
    pub(super) fn settle(&mut self, now: UnixNanos, oracle: f64) -> Option<Row> {
        if now.0 / HOUR == self.hour {
            return None;
        }
        self.hour = now.0 / HOUR;
        let ts_exch = UnixNanos(self.hour * HOUR);
        let row = Row {
            ts_exch,
            ts_recv: ts_exch,
            seq: 0,
            stream: streams::CONTEXT,
            kind: RowKind::Funding,
            side: None,
            px: self.grid.nearest(oracle),
            qty: Lots(self.premium.rate()),
            n: 0,
            flags: flags::LAST,
            id: 0,
        };
        self.premium = Premium::default();
        Some(row)
    }

    /// What the venue says once a second, with the ticks of the touch as it is.
    pub(super) fn values(
        &mut self,
        now: UnixNanos,
        (bid, ask): (i64, i64),
        oracle: f64,
    ) -> Option<[(ContextKind, i64); 5]> {
        if now < self.due {
            return None;
        }
        let mid = (self.grid.price(bid) + self.grid.price(ask)) / 2.0;
        if now >= self.premium_due {
            self.premium_due = now.after(PREMIUM_EVERY);
            self.premium.sum += mid / oracle - 1.0;
            self.premium.count += 1.0;
        }
        self.due = now.after(CONTEXT_EVERY);
        let scaled = |price: f64| libm::round(price * 1e8) as i64;
        Some([
            (ContextKind::Oracle, scaled(oracle)),
            (ContextKind::Mark, scaled(mid.clamp(oracle * 0.995, oracle * 1.005))),
            (ContextKind::Mid, scaled(mid)),
            (ContextKind::FundingRate, self.premium.rate()),
            (ContextKind::NextFunding, (self.hour + 1) * HOUR),
        ])
    }
}
