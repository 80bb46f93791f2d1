//! Led — a lane whose quotes come from a quoter: what it was not told of yet.

use crate::engine::Print;
use crate::engine::Quoter;

/// So many trades are kept at least while the quoter is not asked, and at most twice as many: a
/// symbol may be halted for months.
const PRINTS_MIN: usize = 100_000;

/// A quoter, and the trades of the market that it was not told of yet.
#[derive(Debug)]
pub(super) struct Lead {
    pub(super) quoter: Box<dyn Quoter>,
    pub(super) prints: Vec<Print>,
    /// Whether the maker decided anything yet: what came before the first decision is not told.
    pub(super) begun: bool,
}

impl Lead {
    pub(super) fn new(quoter: Box<dyn Quoter>) -> Self {
        Self { quoter, prints: Vec::new(), begun: false }
    }

    /// Where trades are noted that are heard now.
    pub(super) fn notes(&mut self) -> &mut Vec<Print> {
        if !self.begun {
            self.prints.clear();
        }
        if self.prints.len() > 2 * PRINTS_MIN {
            self.prints.drain(..self.prints.len() - PRINTS_MIN);
        }
        &mut self.prints
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seen;
    use crate::error::CoreError;
    use crate::quote::Ladder;
    use crate::units::Lots;
    use crate::units::Px;
    use crate::units::Side;
    use crate::units::UnixNanos;

    #[derive(Debug)]
    struct Nothing;

    impl Quoter for Nothing {
        fn quote(&mut self, _: &Seen<'_>) -> Result<Ladder, CoreError> {
            Ok(Ladder::default())
        }
    }

    #[test]
    fn what_came_before_the_first_decision_is_not_kept_and_later_trades_are_bounded() {
        let print =
            |ts| Print { ts: UnixNanos(ts), aggressor: Side::Bid, px: Px(1), size: Lots(1) };
        let mut lead = Lead::new(Box::new(Nothing));
        lead.notes().push(print(0));
        assert!(lead.notes().is_empty());
        lead.begun = true;
        let many = 2 * PRINTS_MIN as i64 + 10;
        for ts in 0..many {
            lead.notes().push(print(ts));
        }
        let kept = lead.notes();
        assert!((PRINTS_MIN..=2 * PRINTS_MIN).contains(&kept.len()));
        assert_eq!(kept.last(), Some(&print(many - 1)), "the newest stay");
    }
}
