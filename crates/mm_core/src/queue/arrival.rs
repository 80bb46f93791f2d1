//! Arrival — the queue that an order meets when it reaches the level between two snapshots.

/// One interval of a level, and how far into it the order arrives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arrival {
    /// Size or count of the level at the interval's start.
    pub start: f64,
    /// Size or count at its end.
    pub end: f64,
    /// Traded or exhausted at this price before the arrival.
    pub before: f64,
    /// Traded or exhausted over the whole interval.
    pub total: f64,
    /// Share of the interval that has passed at the arrival, 0 to 1.
    pub elapsed: f64,
}

impl Arrival {
    /// What was added to the level over the interval, at least.
    fn adds(&self) -> f64 {
        (self.end + self.total - self.start).max(0.0)
    }
}

/// The quantity ahead at arrival: what rested and did not trade, plus the adds before us.
#[must_use]
pub fn ahead_on_arrival(level: &Arrival) -> f64 {
    (level.start - level.before + level.adds() * level.elapsed).max(0.0)
}

/// The number of orders ahead at arrival; `level` holds counts.
#[must_use]
pub fn count_on_arrival(level: &Arrival) -> f64 {
    (level.start - level.before + libm::rint(level.adds() * level.elapsed)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_count_by_the_elapsed_share() {
        let level = Arrival { start: 10.0, end: 14.0, before: 2.0, total: 3.0, elapsed: 0.25 };
        assert_eq!(ahead_on_arrival(&level), 9.75);
        assert_eq!(count_on_arrival(&level), 10.0);
    }
}
