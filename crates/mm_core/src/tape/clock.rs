//! Clock — a constant difference between the recorder's clock and the venue's.

use crate::error::CoreError;

/// A delay may look this negative without the clocks being apart.
const TOLERANCE_NS: i64 = 10_000_000;

/// What is left of the shortest delay after the correction: no message is faster than this.
const FLOOR_NS: i64 = 1_000_000;

/// What to add to receive times so that delays are plausible: 0 unless the shortest delays
/// (quantile 0.005, so that single outliers do not count) are below -10 ms.
///
/// # Errors
/// [`CoreError::BadArgument`] when the columns differ in length.
pub fn measure_clock_offset(ts_exch: &[i64], ts_recv: &[i64]) -> Result<i64, CoreError> {
    if ts_exch.len() != ts_recv.len() {
        let why = format!("{} values where ts_exch has {}", ts_recv.len(), ts_exch.len());
        return Err(CoreError::BadArgument { name: "ts_recv", why });
    }
    let mut delays: Vec<i64> = ts_recv
        .iter()
        .zip(ts_exch)
        .filter(|(_, exch)| **exch > 0)
        .map(|(recv, exch)| recv.saturating_sub(*exch))
        .collect();
    if delays.is_empty() {
        return Ok(0);
    }
    let rank = delays.len() / 200;
    let (_, shortest, _) = delays.select_nth_unstable(rank);
    let shortest = *shortest;
    Ok(if shortest < -TOLERANCE_NS { FLOOR_NS - shortest } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::measure_clock_offset;

    #[test]
    fn a_recorder_behind_the_venue_is_measured() {
        let exch: Vec<i64> = (1..2_000).map(|i| i * 1_000_000_000).collect();
        let late = |(i, e): (usize, &i64)| e - 1_520_000_000 + (i as i64 % 7) * 1_000_000;
        let recv: Vec<i64> = exch.iter().enumerate().map(late).collect();
        assert_eq!(measure_clock_offset(&exch, &recv), Ok(1_521_000_000));
    }

    #[test]
    fn plausible_delays_and_single_outliers_are_left_alone() {
        let exch: Vec<i64> = (1..2_000).map(|i| i * 1_000_000_000).collect();
        let mut recv: Vec<i64> = exch.iter().map(|e| e + 5_000_000).collect();
        recv[3] -= 60_000_000_000;
        assert_eq!(measure_clock_offset(&exch, &recv), Ok(0));
        let slightly: Vec<i64> = exch.iter().map(|e| e - 8_000_000).collect();
        assert_eq!(measure_clock_offset(&exch, &slightly), Ok(0), "10 ms are tolerated");
        assert_eq!(measure_clock_offset(&[], &[]), Ok(0));
        assert!(measure_clock_offset(&[1], &[]).is_err());
    }
}
