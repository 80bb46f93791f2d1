//! The wanted quotes: a fixed-size ladder a side, no allocation.

use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;

/// Most levels a side that a maker may quote.
pub const LEVELS_MAX: usize = 8;

/// One wanted quote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// 0 is the innermost level.
    pub level: u8,
    /// On the venue's grid.
    pub px: Px,
    /// Positive.
    pub size: Lots,
    /// It takes what rests there, up to the position that it closes, instead of resting itself.
    pub takes: bool,
}

/// Why there is no quote at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoQuote {
    /// Both sides of the book are missing.
    EmptyBook,
    /// One side of the book is missing.
    OneSidedBook,
    /// Best bid at or above best ask.
    CrossedBook,
    /// The fair price is missing, not finite or not positive.
    NoFairPrice,
    /// The volatility is missing, not finite or negative.
    NoVolatility,
    /// Neither book nor touch was heard of for too long.
    StaleData,
    /// The book is void after a gap.
    Gap,
    /// A risk stop, an operator or the end of the run.
    Halted,
}

/// The wanted quotes of both sides, innermost first.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ladder {
    rows: [[Target; LEVELS_MAX]; 2],
    len: [u8; 2],
    /// Set when there is no quote at all.
    pub reason: Option<NoQuote>,
}

impl Ladder {
    /// No quotes, with the reason: cancels follow.
    #[must_use]
    pub fn none(reason: NoQuote) -> Self {
        Self { reason: Some(reason), ..Self::default() }
    }

    /// The wanted quotes of one side, innermost first.
    #[must_use]
    pub fn side(&self, side: Side) -> &[Target] {
        let i = side.index();
        &self.rows[i][..usize::from(self.len[i])]
    }

    /// Want nothing on one side.
    pub fn suppress(&mut self, side: Side) {
        self.len[side.index()] = 0;
    }

    /// Keep the quotes that pass.
    pub fn retain(&mut self, keep: impl Fn(Side, &Target) -> bool) {
        for side in Side::BOTH {
            let (i, mut kept) = (side.index(), 0);
            for at in 0..usize::from(self.len[i]) {
                if keep(side, &self.rows[i][at]) {
                    self.rows[i][kept] = self.rows[i][at];
                    kept += 1;
                }
            }
            self.len[i] = kept as u8;
        }
    }

    /// Append a quote; the caller keeps to [`LEVELS_MAX`].
    pub fn push(&mut self, side: Side, target: Target) {
        let i = side.index();
        let at = usize::from(self.len[i]);
        assert!(at < LEVELS_MAX, "invariant: at most {LEVELS_MAX} levels a side");
        self.rows[i][at] = target;
        self.len[i] += 1;
    }
}
