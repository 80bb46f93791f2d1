//! The wanted quotes: a fixed-size ladder a side, no allocation.

use crate::instrument::InstrumentSpec;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use serde::Deserialize;
use serde::Serialize;

/// Most levels a side that a maker may quote.
pub const LEVELS_MAX: usize = 8;

/// One wanted quote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ladder {
    rows: [[Target; LEVELS_MAX]; 2],
    len: [u8; 2],
    /// The most that may rest a side, where that is bounded.
    most: [Option<Lots>; 2],
    /// Set when there is no quote at all.
    pub reason: Option<NoQuote>,
}

impl Ladder {
    /// No quotes, with the reason: cancels follow.
    #[must_use]
    pub fn none(reason: NoQuote) -> Self {
        Self { reason: Some(reason), ..Self::default() }
    }

    /// The ladder of given prices and sizes, innermost first; a size of 0 wants nothing there.
    ///
    /// # Errors
    /// What of it cannot be, with side, place and value: a price off the grid or out of order, a
    /// size that is negative or off the lot step, more than [`LEVELS_MAX`] levels, bids that reach
    /// the asks.
    pub fn of(
        spec: &InstrumentSpec,
        bids: &[(Px, Lots)],
        asks: &[(Px, Lots)],
    ) -> Result<Self, String> {
        let mut ladder = Self::default();
        for (side, quotes) in [(Side::Bid, bids), (Side::Ask, asks)] {
            let name = side_name(side);
            if quotes.len() > LEVELS_MAX {
                let n = quotes.len();
                return Err(format!("{name}s: {n} levels, at most {LEVELS_MAX} are allowed"));
            }
            for (place, &(px, size)) in quotes.iter().enumerate() {
                let inner = place.checked_sub(1).map(|before| quotes[before].0);
                check(spec, (side, inner), px, size)
                    .map_err(|why| format!("{name} {place}: {why}"))?;
                if size > Lots(0) {
                    let level = ladder.len[side.index()];
                    ladder.push(side, Target { level, px, size, takes: false });
                }
            }
        }
        match (bids.first(), asks.first()) {
            (Some((bid, _)), Some((ask, _))) if bid >= ask => {
                Err(format!("the bid of {} is not below the ask of {}", bid.0, ask.0))
            }
            (Some(_) | None, Some(_) | None) => Ok(ladder),
        }
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

    /// Want no more than this on one side, innermost first, nor what is worth less than the
    /// venue's least order; what rests beyond it goes.
    pub fn cap(&mut self, spec: &InstrumentSpec, side: Side, most: Lots) {
        let (i, mut kept, mut room) = (side.index(), 0, most);
        for at in 0..usize::from(self.len[i]) {
            let Target { px, size, takes, .. } = self.rows[i][at];
            let size = Lots(size.0.min(room.0 - room.0 % spec.lot_step.0));
            let is_worth = |cash| takes || cash >= spec.min_notional;
            if size > Lots(0) && spec.notional(px, size).is_ok_and(is_worth) {
                self.rows[i][kept] = Target { size, ..self.rows[i][at] };
                kept += 1;
                room -= size;
            }
        }
        self.len[i] = kept as u8;
        self.most[i] = Some(most);
    }

    /// The most that may rest on one side.
    #[must_use]
    pub fn most(&self, side: Side) -> Lots {
        self.most[side.index()].unwrap_or(Lots(i64::MAX))
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

fn side_name(side: Side) -> &'static str {
    match side {
        Side::Bid => "bid",
        Side::Ask => "ask",
    }
}

/// What is wrong with one wanted quote, `inner` being the price of the one before it.
fn check(
    spec: &InstrumentSpec,
    (side, inner): (Side, Option<Px>),
    px: Px,
    size: Lots,
) -> Result<(), String> {
    if px <= Px(0) {
        return Err(format!("price {} is not positive", px.0));
    }
    if !spec.is_valid(px) {
        let (low, high) = (spec.floor(px).map_or(0, |low| low.0), spec.ceil(px).0);
        let px = px.0;
        return Err(format!("price {px} is off the grid, between {low} and {high}"));
    }
    if let Some(inner) = inner.filter(|inner| !side.better(*inner, px)) {
        let (px, inner) = (px.0, inner.0);
        return Err(format!("price {px} is not farther out than the {inner} before it"));
    }
    let (lots, step) = (size.0, spec.lot_step.0);
    if lots < 0 {
        return Err(format!("size {lots} is negative"));
    }
    if lots % step != 0 {
        return Err(format!("size {lots} is not a multiple of the lot step {step}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Cash;

    fn of(bids: &[(i64, i64)], asks: &[(i64, i64)]) -> Result<Ladder, String> {
        let rows = |side: &[(i64, i64)]| -> Vec<(Px, Lots)> {
            side.iter().map(|&(px, size)| (Px(px), Lots(size))).collect()
        };
        // A price of six figures ends in 0: five count.
        Ladder::of(&InstrumentSpec::hyperliquid(2), &rows(bids), &rows(asks))
    }

    #[test]
    fn given_quotes_become_levels_and_a_size_of_zero_wants_nothing() {
        let ladder = of(&[(100_000, 5), (99_999, 0), (99_990, 7)], &[]).expect("a ladder");
        let level = |level, px, size| Target { level, px: Px(px), size: Lots(size), takes: false };
        assert_eq!(ladder.side(Side::Bid), [level(0, 100_000, 5), level(1, 99_990, 7)]);
        assert!(ladder.side(Side::Ask).is_empty() && ladder.reason.is_none());
    }

    #[test]
    fn each_impossible_quote_is_named() {
        let nine = [(100_000, 1); 9];
        for (bids, asks, why) in [
            (&[(0, 1)][..], &[][..], "bid 0: price 0 is not positive"),
            (&[], &[(-5, 1)], "ask 0: price -5 is not positive"),
            (
                &[(100_001, 1)],
                &[],
                "bid 0: price 100001 is off the grid, between 100000 and 100010",
            ),
            (&[], &[(100_000, -3)], "ask 0: size -3 is negative"),
            (
                &[(99_990, 1), (100_000, 1)],
                &[],
                "bid 1: price 100000 is not farther out than the 99990 before it",
            ),
            (
                &[],
                &[(99_990, 1), (99_990, 1)],
                "ask 1: price 99990 is not farther out than the 99990 before it",
            ),
            (&[(99_990, 1)], &[(99_990, 1)], "the bid of 99990 is not below the ask of 99990"),
            (&nine, &[], "bids: 9 levels, at most 8 are allowed"),
        ] {
            assert_eq!(of(bids, asks), Err(why.to_owned()));
        }
    }

    #[test]
    fn a_capped_side_wants_what_is_left_innermost_first_and_no_order_too_small() {
        // A lot is worth a dollar here, and the least order two.
        let mut spec = InstrumentSpec::hyperliquid(2);
        spec.min_notional = Cash(2_000_000);
        let asks = [(Px(1_000_000), Lots(5)), (Px(1_000_100), Lots(4)), (Px(1_000_200), Lots(3))];
        let wanted = Ladder::of(&spec, &[(Px(999_900), Lots(9))], &asks).expect("a ladder");
        for (most, sizes) in [
            (20, &[5, 4, 3][..]),
            (12, &[5, 4, 3]),
            (11, &[5, 4, 2]),
            (10, &[5, 4]),
            (7, &[5, 2]),
            (2, &[2]),
            (1, &[]),
            (0, &[]),
        ] {
            let mut ladder = wanted;
            ladder.cap(&spec, Side::Ask, Lots(most));
            let left: Vec<i64> = ladder.side(Side::Ask).iter().map(|at| at.size.0).collect();
            assert_eq!(left, sizes, "of {most}");
            assert_eq!(ladder.most(Side::Ask), Lots(most));
            assert_eq!(ladder.side(Side::Bid), wanted.side(Side::Bid), "the other side stays");
            assert_eq!(ladder.most(Side::Bid), Lots(i64::MAX));
        }
    }

    #[test]
    fn what_closes_at_once_may_be_worth_little_and_lots_come_in_steps() {
        let mut spec = InstrumentSpec::hyperliquid(2);
        (spec.min_notional, spec.lot_step) = (Cash(200_000_000), Lots(5));
        let mut ladder = Ladder::default();
        ladder.push(Side::Ask, Target { level: 0, px: Px(1_000_000), size: Lots(15), takes: true });
        ladder.cap(&spec, Side::Ask, Lots(14));
        assert_eq!(ladder.side(Side::Ask)[0].size, Lots(10));
    }

    #[test]
    fn sizes_are_multiples_of_the_lot_step() {
        let mut spec = InstrumentSpec::hyperliquid(2);
        spec.lot_step = Lots(10);
        let refused = Ladder::of(&spec, &[(Px(100_000), Lots(15))], &[]);
        assert_eq!(refused, Err("bid 0: size 15 is not a multiple of the lot step 10".to_owned()));
    }
}
