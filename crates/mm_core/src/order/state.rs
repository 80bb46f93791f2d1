//! One order's life — what each answer, fill and silence makes of each state.

use crate::event::CancelReason;
use crate::event::OrderAnswer;
use crate::event::RejectReason;
use crate::units::Lots;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

/// Why an order is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DoneReason {
    /// All of it filled.
    Filled,
    /// Withdrawn, by us or by the venue.
    Cancelled(CancelReason),
    /// Never rested.
    Rejected(RejectReason),
}

/// Where an order stands, as far as it is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderState {
    /// Sent, not answered.
    Placing {
        /// When it was sent.
        sent: UnixNanos,
    },
    /// On the book.
    Working {
        /// What rests there.
        left: Lots,
    },
    /// A cancel is on its way and can lose the race to a fill, so fills still count here.
    Canceling {
        /// What may still trade.
        left: Lots,
        /// When the cancel was sent.
        sent: UnixNanos,
    },
    /// Not proven: live for every limit, absent for every quote.
    Unknown {
        /// Since when.
        since: UnixNanos,
    },
    /// Over; fills may still arrive and count.
    Done(DoneReason),
}

/// What an answer did to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It told us something.
    Moved,
    /// It repeated what was known, or came too late to matter.
    Same,
    /// It contradicts what was proven; the more cautious reading was taken.
    Contradiction,
}

/// Sizes that the transitions look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    /// Size of the order less its fills; negative if filled beyond it.
    pub(super) left: Lots,
    /// Whether any fill was seen.
    pub(super) filled: bool,
}

impl OrderState {
    /// Whether it is over.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }

    /// Whether it counts as a quote: sent or resting, and not being withdrawn.
    #[must_use]
    pub const fn is_quoting(&self) -> bool {
        matches!(self, Self::Placing { .. } | Self::Working { .. })
    }

    /// The state after the venue's word.
    pub(super) fn after(self, answer: &OrderAnswer, sizes: Sizes, now: UnixNanos) -> (Self, Step) {
        match *answer {
            OrderAnswer::Resting { oid: _, left } => self.resting(left.min(sizes.left)),
            OrderAnswer::Rejected { reason } => self.rejected(reason, sizes, now),
            OrderAnswer::Cancelled { reason, left: _ } => self.over(DoneReason::Cancelled(reason)),
            OrderAnswer::Filled => self.over(DoneReason::Filled),
            OrderAnswer::Unknown => self.unknown(now),
            OrderAnswer::CancelRefused => self.cancel_refused(now),
        }
    }

    /// The state after a fill was counted; a fill proves that the order was placed.
    pub(super) fn filled(self, left: Lots, now: UnixNanos) -> (Self, Step) {
        let step = if left.0 < 0 { Step::Contradiction } else { Step::Moved };
        if left.0 <= 0 {
            return match self {
                Self::Done(DoneReason::Cancelled(_)) => (self, step),
                Self::Done(DoneReason::Rejected(_)) => (FILLED, Step::Contradiction),
                Self::Placing { .. }
                | Self::Working { .. }
                | Self::Canceling { .. }
                | Self::Unknown { .. }
                | Self::Done(DoneReason::Filled) => (FILLED, step),
            };
        }
        match self {
            Self::Placing { sent: _ } => (Self::Working { left }, step),
            Self::Working { left: known } => (Self::Working { left: known.min(left) }, step),
            Self::Canceling { left: known, sent } => {
                (Self::Canceling { left: known.min(left), sent }, step)
            }
            Self::Unknown { .. }
            | Self::Done(DoneReason::Filled)
            | Self::Done(DoneReason::Cancelled(_)) => (self, step),
            Self::Done(DoneReason::Rejected(_)) => {
                (Self::Unknown { since: now }, Step::Contradiction)
            }
        }
    }

    /// The state after a cancel was sent.
    pub(super) fn cancel_sent(self, left: Lots, now: UnixNanos) -> Self {
        match self {
            Self::Placing { sent: _ } => Self::Canceling { left, sent: now },
            Self::Working { left } => Self::Canceling { left, sent: now },
            Self::Canceling { left, sent: _ } => Self::Canceling { left, sent: now },
            Self::Unknown { .. } | Self::Done(_) => self,
        }
    }

    /// The state after a request stayed unanswered for too long.
    pub(super) fn silent(self, now: UnixNanos) -> Self {
        match self {
            Self::Placing { .. } | Self::Canceling { .. } => Self::Unknown { since: now },
            Self::Working { .. } | Self::Unknown { .. } | Self::Done(_) => self,
        }
    }

    /// When the pending request was sent; `None` if nothing is pending.
    pub(super) const fn pending(&self) -> Option<UnixNanos> {
        match self {
            Self::Placing { sent } | Self::Canceling { sent, .. } => Some(*sent),
            Self::Working { .. } | Self::Unknown { .. } | Self::Done(_) => None,
        }
    }

    fn resting(self, left: Lots) -> (Self, Step) {
        if left.0 <= 0 {
            return (self, Step::Same); // every lot was filled before this word arrived
        }
        match self {
            Self::Placing { sent: _ } | Self::Unknown { since: _ } => {
                (Self::Working { left }, Step::Moved)
            }
            Self::Working { left: known } if left >= known => (self, Step::Same),
            Self::Working { left: _ } => (Self::Working { left }, Step::Moved),
            Self::Canceling { left: known, sent: _ } if left >= known => (self, Step::Same),
            Self::Canceling { left: _, sent } => (Self::Canceling { left, sent }, Step::Moved),
            Self::Done(_) => (self, Step::Same),
        }
    }

    fn rejected(self, reason: RejectReason, sizes: Sizes, now: UnixNanos) -> (Self, Step) {
        match self {
            Self::Placing { .. } | Self::Canceling { .. } | Self::Unknown { .. }
                if !sizes.filled =>
            {
                (Self::Done(DoneReason::Rejected(reason)), Step::Moved)
            }
            // It rested or traded, so it was not rejected: trust neither.
            Self::Placing { .. } | Self::Working { .. } | Self::Canceling { .. } => {
                (Self::Unknown { since: now }, Step::Contradiction)
            }
            Self::Unknown { .. } => (self, Step::Contradiction),
            Self::Done(_) => (self, Step::Same),
        }
    }

    fn over(self, reason: DoneReason) -> (Self, Step) {
        match self {
            Self::Placing { .. }
            | Self::Working { .. }
            | Self::Canceling { .. }
            | Self::Unknown { .. } => (Self::Done(reason), Step::Moved),
            // Of two last words the one that leaves more to come counts.
            Self::Done(DoneReason::Cancelled(_) | DoneReason::Rejected(_))
                if reason == DoneReason::Filled =>
            {
                (FILLED, Step::Contradiction)
            }
            Self::Done(_) => (self, Step::Same),
        }
    }

    fn unknown(self, now: UnixNanos) -> (Self, Step) {
        match self {
            Self::Placing { .. } | Self::Canceling { .. } => {
                (Self::Unknown { since: now }, Step::Moved)
            }
            // No proof either way does not undo a proof.
            Self::Working { .. } | Self::Unknown { .. } | Self::Done(_) => (self, Step::Same),
        }
    }

    /// "Never placed, already cancelled, or filled" proves nothing.
    fn cancel_refused(self, now: UnixNanos) -> (Self, Step) {
        match self {
            Self::Placing { .. } | Self::Working { .. } | Self::Canceling { .. } => {
                (Self::Unknown { since: now }, Step::Moved)
            }
            Self::Unknown { .. } | Self::Done(_) => (self, Step::Same),
        }
    }
}

const FILLED: OrderState = OrderState::Done(DoneReason::Filled);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::VenueOrderId;

    const SENT: UnixNanos = UnixNanos(1);
    const NOW: UnixNanos = UnixNanos(2);
    const REJECTED: DoneReason = DoneReason::Rejected(RejectReason::NoBook);
    const CANCELLED: DoneReason = DoneReason::Cancelled(CancelReason::Asked);

    /// Initial of the state, what is left, and a mark: `=` nothing new, `!` contradiction.
    fn name((state, step): (OrderState, Step)) -> String {
        let state = match state {
            OrderState::Placing { .. } => "P".to_owned(),
            OrderState::Working { left } => format!("W{}", left.0),
            OrderState::Canceling { left, .. } => format!("C{}", left.0),
            OrderState::Unknown { .. } => "U".to_owned(),
            OrderState::Done(DoneReason::Filled) => "F".to_owned(),
            OrderState::Done(DoneReason::Cancelled(_)) => "X".to_owned(),
            OrderState::Done(DoneReason::Rejected(_)) => "R".to_owned(),
        };
        let mark = match step {
            Step::Moved => "",
            Step::Same => "=",
            Step::Contradiction => "!",
        };
        state + mark
    }

    fn row(state: OrderState) -> String {
        let sizes = Sizes { left: Lots(10), filled: false };
        let part = Sizes { left: Lots(10), filled: true };
        let resting = |left| OrderAnswer::Resting { oid: VenueOrderId(7), left: Lots(left) };
        let rejected = OrderAnswer::Rejected { reason: RejectReason::NoBook };
        let cancelled = OrderAnswer::Cancelled { reason: CancelReason::Asked, left: None };
        let quiet = |next: OrderState| {
            let same = next == state;
            (next, if same { Step::Same } else { Step::Moved })
        };
        [
            state.after(&resting(6), sizes, NOW),
            state.after(&resting(0), sizes, NOW),
            state.after(&rejected, sizes, NOW),
            state.after(&rejected, part, NOW),
            state.after(&cancelled, sizes, NOW),
            state.after(&OrderAnswer::Filled, sizes, NOW),
            state.after(&OrderAnswer::Unknown, sizes, NOW),
            state.after(&OrderAnswer::CancelRefused, sizes, NOW),
            state.filled(Lots(4), NOW),
            state.filled(Lots(0), NOW),
            state.filled(Lots(-1), NOW),
            quiet(state.cancel_sent(Lots(10), NOW)),
            quiet(state.silent(NOW)),
        ]
        .map(|cell| format!("{:>4}", name(cell)))
        .concat()
    }

    #[test]
    fn every_event_in_every_state_is_decided() {
        // Columns: resting 6, resting 0, rejected, rejected after a fill, cancelled, filled,
        // unknown, cancel refused, fill leaving 4, leaving 0, beyond the size, cancel sent, silence.
        let table = [
            ("Placing", OrderState::Placing { sent: SENT }),
            ("Working", OrderState::Working { left: Lots(10) }),
            ("Canceling", OrderState::Canceling { left: Lots(10), sent: SENT }),
            ("Unknown", OrderState::Unknown { since: NOW }),
            ("Filled", FILLED),
            ("Cancelled", OrderState::Done(CANCELLED)),
            ("Rejected", OrderState::Done(REJECTED)),
        ];
        let got: String =
            table.iter().map(|(name, state)| format!("{name:<9}{}\n", row(*state))).collect();
        let want = "\
Placing    W6  P=   R  U!   X   F   U   U  W4   F  F! C10   U
Working    W6W10=  U!  U!   X   FW10=   U  W4   F  F! C10W10=
Canceling  C6C10=   R  U!   X   F   U   U  C4   F  F! C10   U
Unknown    W6  U=   R  U!   X   F  U=  U=   U   F  F!  U=  U=
Filled     F=  F=  F=  F=  F=  F=  F=  F=   F   F  F!  F=  F=
Cancelled  X=  X=  X=  X=  X=  F!  X=  X=   X   X  X!  X=  X=
Rejected   R=  R=  R=  R=  R=  F!  R=  R=  U!  F!  F!  R=  R=
";
        assert_eq!(got, want, "\n{got}");
    }

    #[test]
    fn a_working_order_trusts_the_smaller_of_venue_and_fills() {
        let working = OrderState::Working { left: Lots(3) };
        assert_eq!(working.filled(Lots(7), NOW).0, working, "the venue spoke of later fills");
        let sizes = Sizes { left: Lots(2), filled: true };
        let late = OrderAnswer::Resting { oid: VenueOrderId(7), left: Lots(9) };
        let (state, step) = OrderState::Placing { sent: SENT }.after(&late, sizes, NOW);
        assert_eq!((state, step), (OrderState::Working { left: Lots(2) }, Step::Moved));
    }
}
