//! Protection — many fills at once freeze a symbol for a while; it comes back wider.

use crate::risk::breakers::Cause;
use crate::risk::limits::MicroUsd;
use crate::units::DurationNanos;
use crate::units::Side;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

const NEVER: UnixNanos = UnixNanos(i64::MAX);
/// Fills remembered; more within a window count as this many.
const FILLS_MAX: usize = 256;

/// What freezes a symbol; 0 switches a rule off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtectionRules {
    /// So many fills within the window.
    pub fills: i64,
    /// Fills of this value within the window, both sides added.
    pub value: MicroUsd,
    /// Fills of this value within the window, one side less the other.
    pub net: MicroUsd,
    /// The window.
    pub window: DurationNanos,
    /// How long nothing is quoted.
    pub freeze: DurationNanos,
    /// What multiplies the spread after that, in millionths.
    pub widen_ppm: i64,
    /// How long it does.
    pub widen: DurationNanos,
}

impl Default for ProtectionRules {
    /// All rules off.
    fn default() -> Self {
        Self {
            fills: 0,
            value: MicroUsd(0),
            net: MicroUsd(0),
            window: DurationNanos::from_millis(10_000),
            freeze: DurationNanos::from_millis(30_000),
            widen_ppm: 1_500_000,
            widen: DurationNanos::from_millis(300_000),
        }
    }
}

impl ProtectionRules {
    fn any(&self) -> bool {
        self.fills > 0 || self.value.0 > 0 || self.net.0 > 0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    Normal,
    Frozen,
    Wide,
}

/// The last fills, and where the freeze stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Protection {
    rules: ProtectionRules,
    /// A ring of times and signed values in micro-dollars.
    #[serde(with = "crate::arrays::inline")]
    fills: [(UnixNanos, i64); FILLS_MAX],
    first: usize,
    len: usize,
    phase: Phase,
    /// When the phase ends.
    until: UnixNanos,
}

impl Protection {
    pub(super) fn new(rules: ProtectionRules) -> Self {
        Self {
            rules,
            fills: [(UnixNanos(0), 0); FILLS_MAX],
            first: 0,
            len: 0,
            phase: Phase::Normal,
            until: NEVER,
        }
    }

    /// Count a fill; the cause if it freezes the symbol.
    pub(super) fn on_fill(&mut self, side: Side, value: MicroUsd, now: UnixNanos) -> Option<Cause> {
        if !self.rules.any() {
            return None;
        }
        self.forget(now);
        if self.len == FILLS_MAX {
            self.drop_oldest();
        }
        self.fills[(self.first + self.len) % FILLS_MAX] = (now, side.sign() * value.0);
        self.len += 1;
        let cause = self.breach().filter(|_| self.phase != Phase::Frozen)?;
        (self.phase, self.until) = (Phase::Frozen, now.after(self.rules.freeze));
        Some(cause)
    }

    /// The rule that the fills of the window break.
    fn breach(&self) -> Option<Cause> {
        let values = (0..self.len).map(|i| self.fills[(self.first + i) % FILLS_MAX].1);
        let (mut gross, mut net) = (0_i64, 0_i64);
        for value in values {
            gross = gross.saturating_add(value.abs());
            net = net.saturating_add(value);
        }
        let (count, value, net) = (self.len as i64, MicroUsd(gross), MicroUsd(net));
        let ProtectionRules { fills, value: value_max, net: net_max, .. } = self.rules;
        if fills > 0 && count >= fills {
            Some(Cause::ManyFills { count })
        } else if value_max.0 > 0 && value >= value_max {
            Some(Cause::MuchFilled { value, limit: value_max })
        } else if net_max.0 > 0 && net.0.abs() >= net_max.0 {
            Some(Cause::OneSided { net, limit: net_max })
        } else {
            None
        }
    }

    fn forget(&mut self, now: UnixNanos) {
        while self.len > 0 && now.since(self.fills[self.first].0) > self.rules.window {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        self.first = (self.first + 1) % FILLS_MAX;
        self.len -= 1;
    }

    /// When the passing of time ends a phase.
    #[inline]
    pub(super) const fn due(&self) -> UnixNanos {
        self.until
    }

    /// Time passed; whether a freeze just ended.
    pub(super) fn on_time(&mut self, now: UnixNanos) -> bool {
        if now < self.until {
            return false;
        }
        match self.phase {
            Phase::Frozen => {
                // What caused the freeze does not cause another.
                self.len = 0;
                (self.phase, self.until) = (Phase::Wide, now.after(self.rules.widen));
                true
            }
            Phase::Wide | Phase::Normal => {
                (self.phase, self.until) = (Phase::Normal, NEVER);
                false
            }
        }
    }

    pub(super) fn is_frozen(&self) -> bool {
        self.phase == Phase::Frozen
    }

    /// What multiplies the spread now, in millionths; `None` for nothing.
    #[inline]
    pub(super) fn widened(&self) -> Option<i64> {
        (self.phase == Phase::Wide).then_some(self.rules.widen_ppm)
    }

    /// A person lifts the freeze.
    pub(super) fn rearm(&mut self) {
        *self = Self::new(self.rules);
    }
}
