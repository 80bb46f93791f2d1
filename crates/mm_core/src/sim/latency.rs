//! Latency — how long a request travels to the venue, and the answer back.

use crate::error::CoreError;
use serde::Deserialize;
use serde::Serialize;

const MS: f64 = 1e6;

/// One recorded request: when it left, when the venue had it (0: never), when we knew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Our clock, nanoseconds.
    pub request: i64,
    /// The venue's clock, nanoseconds; 0 where the request was lost.
    pub exchange: i64,
    /// Our clock, nanoseconds.
    pub response: i64,
}

/// Where latencies come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum LatencyModel {
    /// Always the same.
    Constant {
        /// To the venue, nanoseconds.
        entry_ns: i64,
        /// And back, nanoseconds.
        response_ns: i64,
    },
    /// A line in the market data's own latency, rounded to milliseconds, never negative.
    Feed {
        /// Slope and offset (nanoseconds) of the way to the venue.
        entry: (f64, f64),
        /// Slope and offset (nanoseconds) of the way back.
        response: (f64, f64),
    },
    /// Interpolated in request time between recorded requests, rounded to milliseconds.
    Recorded(Vec<Recorded>),
}

/// A latency model and a factor on what it says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    model: LatencyModel,
    scale: f64,
}

impl Latency {
    /// A model whose latencies are multiplied by `scale`.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] for negative or disordered numbers, naming the row.
    pub fn new(model: LatencyModel, scale: f64) -> Result<Self, CoreError> {
        let refuse = |why: String| Err(CoreError::BadArgument { name: "latency", why });
        if !(scale.is_finite() && scale >= 0.0) {
            return refuse(format!("the factor {scale} is not zero or more"));
        }
        match &model {
            LatencyModel::Constant { entry_ns, response_ns } => {
                if *entry_ns < 0 || *response_ns < 0 {
                    return refuse(format!("{entry_ns} and {response_ns} ns: one is negative"));
                }
            }
            LatencyModel::Feed { entry, response } => {
                if ![entry.0, entry.1, response.0, response.1].iter().all(|v| v.is_finite()) {
                    return refuse("a slope or offset is not finite".to_owned());
                }
            }
            LatencyModel::Recorded(rows) => {
                if rows.is_empty() {
                    return refuse("no recorded requests".to_owned());
                }
                let bad = |(i, row): (usize, &Recorded)| {
                    let early = row.exchange != 0 && row.exchange < row.request;
                    let back = i > 0 && rows[i - 1].request >= row.request;
                    early || back || row.response < row.request.max(row.exchange)
                };
                if let Some(at) = rows.iter().enumerate().position(bad) {
                    return refuse(format!("row {at}: times run back: {:?}", rows[at]));
                }
            }
        }
        Ok(Self { model, scale })
    }

    /// Whether it depends on the market data's own latency.
    #[must_use]
    pub fn follows_feed(&self) -> bool {
        matches!(self.model, LatencyModel::Feed { .. })
    }

    /// Nanoseconds from a request at `now` to the venue; `None` where it is lost.
    /// `feed_ns` is the latency of the last market data.
    #[must_use]
    pub fn entry(&self, now: i64, feed_ns: i64) -> Option<i64> {
        let raw = match &self.model {
            LatencyModel::Constant { entry_ns, .. } => *entry_ns,
            LatencyModel::Feed { entry, .. } => line(*entry, feed_ns),
            LatencyModel::Recorded(rows) => recorded(rows, now, |r| r.exchange - r.request)?,
        };
        Some(self.scaled(raw))
    }

    /// Nanoseconds from the venue back to us.
    #[must_use]
    pub fn response(&self, now: i64, feed_ns: i64) -> i64 {
        let raw = match &self.model {
            LatencyModel::Constant { response_ns, .. } => *response_ns,
            LatencyModel::Feed { response, .. } => line(*response, feed_ns),
            LatencyModel::Recorded(rows) => {
                recorded(rows, now, |r| r.response - r.exchange).unwrap_or(0)
            }
        };
        self.scaled(raw)
    }

    /// Nanoseconds after which we learn that a request at `now` was lost.
    #[must_use]
    pub fn lost_after(&self, now: i64) -> i64 {
        let LatencyModel::Recorded(rows) = &self.model else { return 0 };
        let row = nearest(rows, now);
        self.scaled(row.response - row.request)
    }

    fn scaled(&self, ns: i64) -> i64 {
        if self.scale == 1.0 {
            ns
        } else {
            libm::rint(ns as f64 * self.scale) as i64
        }
    }
}

fn line((slope, offset): (f64, f64), feed_ns: i64) -> i64 {
    round_to_ms((slope * feed_ns as f64 + offset).max(0.0))
}

/// Half-even to whole milliseconds.
fn round_to_ms(ns: f64) -> i64 {
    (libm::rint(ns / MS) * MS) as i64
}

fn nearest(rows: &[Recorded], now: i64) -> &Recorded {
    let after = rows.partition_point(|r| r.request < now);
    match (after.checked_sub(1).map(|i| &rows[i]), rows.get(after)) {
        (Some(a), Some(b)) if b.request - now < now - a.request => b,
        (Some(a), _) => a,
        (None, Some(b)) => b,
        (None, None) => unreachable!("invariant: there is a row"),
    }
}

/// The latency `of` rows around `now`; `None` where the nearest row was lost.
fn recorded(rows: &[Recorded], now: i64, of: impl Fn(&Recorded) -> i64) -> Option<i64> {
    if nearest(rows, now).exchange == 0 {
        return None;
    }
    let after = rows.partition_point(|r| r.request < now);
    let before = after.checked_sub(1).map(|i| &rows[i]).filter(|r| r.exchange != 0);
    let next = rows.get(after).filter(|r| r.exchange != 0);
    match (before, next) {
        (Some(a), Some(b)) => {
            let part = (now - a.request) as f64 / (b.request - a.request) as f64;
            let (low, high) = (of(a) as f64, of(b) as f64);
            Some(round_to_ms(low + (high - low) * part))
        }
        (Some(row), None) | (None, Some(row)) => Some(of(row)),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NS: i64 = 1_000_000;

    fn model() -> Latency {
        let rows = [(1000, 1040, 1075), (2000, 2060, 2100), (3000, 0, 3500), (4000, 4030, 4055)];
        let row = |(request, exchange, response): (i64, i64, i64)| Recorded {
            request: request * NS,
            exchange: exchange * NS,
            response: response * NS,
        };
        Latency::new(LatencyModel::Recorded(rows.map(row).to_vec()), 1.0).expect("good rows")
    }

    #[test]
    fn recorded_requests_are_interpolated() {
        let latency = model();
        assert_eq!(latency.entry(1500 * NS, 0), Some(50 * NS));
        assert_eq!(latency.response(1500 * NS, 0), 38 * NS, "37.5 to the even millisecond");
        assert_eq!(latency.entry(500 * NS, 0), Some(40 * NS), "the first is held");
        assert_eq!(latency.entry(4500 * NS, 0), Some(30 * NS), "the last is held");
    }

    #[test]
    fn a_lost_neighbour_loses_or_is_skipped() {
        let latency = model();
        assert_eq!(latency.entry(2600 * NS, 0), None);
        assert_eq!(latency.lost_after(2600 * NS), 500 * NS);
        assert_eq!(latency.entry(2400 * NS, 0), Some(60 * NS));
    }

    #[test]
    fn building_twice_from_one_list_shifts_nothing() {
        let rows = vec![Recorded { request: NS, exchange: 2 * NS, response: 3 * NS }];
        let once = Latency::new(LatencyModel::Recorded(rows.clone()), 2.0).expect("good rows");
        let twice = Latency::new(LatencyModel::Recorded(rows.clone()), 2.0).expect("good rows");
        assert_eq!(once, twice);
        assert_eq!(rows[0], Recorded { request: NS, exchange: 2 * NS, response: 3 * NS });
    }

    #[test]
    fn disordered_rows_are_refused_by_number() {
        let rows = vec![
            Recorded { request: 2, exchange: 3, response: 4 },
            Recorded { request: 1, exchange: 3, response: 4 },
        ];
        let error = Latency::new(LatencyModel::Recorded(rows), 1.0).expect_err("runs back");
        assert!(error.to_string().contains("row 1"), "{error}");
    }
}
