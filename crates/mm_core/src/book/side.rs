//! One side of a book: levels near the touch in a dense circular window, far ones in a map.
//!
//! A level is one slot of the window, found by its price without a search; a bitmap finds the
//! next best level when the best one goes. Prices outside the window are rare and live in a map.

use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;

/// Slots of the window; a power of two, small enough to stay in the second-level cache.
const SLOTS: usize = 1 << 14;
const MASK: i64 = SLOTS as i64 - 1;
/// The window moves when the touch comes this near to its edge.
const MARGIN: i64 = SLOTS as i64 / 8;
/// No level: worse than every tick.
const NONE: i64 = i64::MIN;

/// One level, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// Price.
    pub px: Px,
    /// Quantity, positive.
    pub qty: Lots,
    /// Orders, 0 where unknown.
    pub n: u32,
}

/// One side of a book.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BookSide {
    sign: i64,
    grid: Grid,
    /// Lowest tick of the window.
    low: i64,
    /// Best tick times the side's sign, so that greater is better; `NONE` without a level.
    best: i64,
    #[serde(with = "crate::arrays::boxed")]
    qty: Box<[i64; SLOTS]>,
    #[serde(with = "crate::arrays::boxed")]
    orders: Box<[u32; SLOTS]>,
    /// Whether any level ever came with its number of orders.
    counted: bool,
    #[serde(with = "crate::arrays::boxed")]
    bits: Box<[u64; SLOTS / 64]>,
    far: BTreeMap<i64, (i64, u32)>,
}

/// Price units per slot, divided by multiplication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Grid {
    step: i64,
    magic: u64,
}

impl Grid {
    fn new(step: i64) -> Self {
        assert!(step > 0, "invariant: a grid step is positive");
        // ceil(2^63 / step): exact quotients for prices below 2^40 and steps below 2^20.
        Self { step, magic: (1_u64 << 63).div_ceil(step as u64) }
    }

    /// The tick of a price; `None` off the grid.
    #[inline(always)]
    fn tick(self, px: i64) -> Option<i64> {
        let tick = ((u128::from((px as u64) << 1) * u128::from(self.magic)) >> 64) as i64;
        (tick.wrapping_mul(self.step) == px).then_some(tick)
    }
}

impl BookSide {
    /// An empty side whose prices are multiples of `step`, as far as known.
    #[must_use]
    pub fn new(side: Side, step: i64) -> Self {
        Self {
            sign: side.sign(),
            grid: Grid::new(step.max(1)),
            low: 0,
            best: NONE,
            qty: zeros(),
            orders: zeros(),
            counted: false,
            bits: zeros(),
            far: BTreeMap::new(),
        }
    }

    /// Forget every level.
    pub fn clear(&mut self) {
        self.qty.fill(0);
        self.orders.fill(0);
        self.bits.fill(0);
        self.far.clear();
        self.best = NONE;
    }

    /// Set the level at `px` to `qty`; 0 removes it.
    #[inline(always)]
    pub fn set(&mut self, px: i64, qty: i64, n: u32) {
        match self.grid.tick(px) {
            Some(tick) if self.is_near(tick) => self.set_counted(tick, qty, n),
            Some(tick) => self.set_far(tick, px, qty, n),
            None => self.regrid(px, qty, n),
        }
    }

    /// The same where orders are not counted.
    #[inline(always)]
    pub(crate) fn set_uncounted(&mut self, px: i64, qty: i64) {
        match self.grid.tick(px) {
            Some(tick) if self.is_near(tick) => self.set_near(tick, qty),
            Some(tick) => self.set_far(tick, px, qty, 0),
            None => self.regrid(px, qty, 0),
        }
    }

    /// Whether any level ever came with its number of orders.
    #[inline]
    pub(super) fn is_counted(&self) -> bool {
        self.counted
    }

    #[inline(always)]
    fn is_near(&self, tick: i64) -> bool {
        (tick.wrapping_sub(self.low) as u64) < SLOTS as u64
    }

    #[inline(always)]
    fn set_counted(&mut self, tick: i64, qty: i64, n: u32) {
        if n != 0 || self.counted {
            self.counted = true;
            self.orders[(tick & MASK) as usize] = n;
        }
        self.set_near(tick, qty);
    }

    #[inline(always)]
    fn set_near(&mut self, tick: i64, qty: i64) {
        let slot = (tick & MASK) as usize;
        self.qty[slot] = qty;
        // Without a branch: whether a level came or went cannot be predicted.
        let (word, bit) = (&mut self.bits[slot / 64], slot % 64);
        *word = (*word & !(1 << bit)) | (u64::from(qty > 0) << bit);
        // Ticks of the window are far from the end of numbers.
        let rank = tick.wrapping_mul(self.sign);
        if rank >= self.best {
            self.at_best(rank, qty);
        }
    }

    /// A level at or before the best one changed.
    fn at_best(&mut self, rank: i64, qty: i64) {
        if qty <= 0 && rank == self.best {
            self.lost_best(rank * self.sign);
        } else if qty > 0 && rank > self.best {
            self.new_best(rank);
        }
    }

    /// The best level went: the next one is in the window, or the window moves to it.
    #[inline]
    fn lost_best(&mut self, tick: i64) {
        self.best = match self.next_near(tick) {
            Some(next) => next * self.sign,
            None => self.best_of_far(),
        };
        if self.best != NONE {
            self.new_best(self.best);
        }
    }

    #[inline]
    fn new_best(&mut self, rank: i64) {
        self.best = rank;
        let at = rank * self.sign - self.low;
        if !(MARGIN..SLOTS as i64 - MARGIN).contains(&at) {
            self.recentre(rank * self.sign);
        }
    }

    #[cold]
    fn set_far(&mut self, tick: i64, px: i64, qty: i64, n: u32) {
        let better = self.best == NONE || tick * self.sign > self.best;
        if qty > 0 && better {
            self.recentre(tick);
            return self.set_counted(tick, qty, n);
        }
        if qty > 0 {
            self.far.insert(px, (qty, n));
        } else {
            self.far.remove(&px);
        }
    }

    /// A price off the grid shows that the grid is finer than thought: rebuild on the finer one.
    #[cold]
    fn regrid(&mut self, px: i64, qty: i64, n: u32) {
        let levels: Vec<Level> = self.levels().collect();
        let counted = self.counted;
        self.clear();
        self.grid = Grid::new(gcd(self.grid.step, px));
        self.counted = counted;
        for level in levels {
            self.set(level.px.0, level.qty.0, level.n);
        }
        self.set(px, qty, n);
    }

    /// Move the window so that `tick` stands where the side has most room behind it.
    #[cold]
    fn recentre(&mut self, tick: i64) {
        let ahead = SLOTS as i64 / 4;
        let low = if self.sign > 0 { tick - SLOTS as i64 + ahead } else { tick - ahead };
        let old: Vec<Level> = self.near_levels().collect();
        let near = low..low + SLOTS as i64;
        for level in &old {
            let slot = ((level.px.0 / self.grid.step) & MASK) as usize;
            self.qty[slot] = 0;
            self.orders[slot] = 0;
            self.bits[slot / 64] = 0;
        }
        self.low = low;
        let step = self.grid.step;
        let back: Vec<i64> =
            self.far.range(near.start * step..near.end * step).map(|(px, _)| *px).collect();
        for level in old {
            self.put_back(level.px.0, level.qty.0, level.n);
        }
        for px in back {
            if let Some((qty, n)) = self.far.remove(&px) {
                self.put_back(px, qty, n);
            }
        }
    }

    fn put_back(&mut self, px: i64, qty: i64, n: u32) {
        let tick = px / self.grid.step;
        if (self.low..self.low + SLOTS as i64).contains(&tick) {
            let slot = (tick & MASK) as usize;
            self.qty[slot] = qty;
            self.orders[slot] = n;
            self.bits[slot / 64] |= 1 << (slot % 64);
        } else {
            self.far.insert(px, (qty, n));
        }
    }

    fn best_of_far(&self) -> i64 {
        let px = if self.sign > 0 { self.far.keys().next_back() } else { self.far.keys().next() };
        px.map_or(NONE, |px| px / self.grid.step * self.sign)
    }

    /// The next occupied tick of the window at or behind `tick`.
    #[inline]
    fn next_near(&self, tick: i64) -> Option<i64> {
        if self.sign > 0 {
            self.next_down(tick)
        } else {
            self.next_up(tick)
        }
    }

    fn next_down(&self, from: i64) -> Option<i64> {
        let mut tick = from;
        while tick >= self.low {
            let slot = (tick & MASK) as usize;
            // Bits at or below the slot, within its word and within the window.
            let word = self.bits[slot / 64] << (63 - slot % 64);
            let room = (tick - self.low + 1).min(slot as i64 % 64 + 1);
            let skip = i64::from(word.leading_zeros());
            if skip < room {
                return Some(tick - skip);
            }
            tick -= slot as i64 % 64 + 1;
        }
        None
    }

    fn next_up(&self, from: i64) -> Option<i64> {
        let end = self.low + SLOTS as i64;
        let mut tick = from;
        while tick < end {
            let slot = (tick & MASK) as usize;
            let word = self.bits[slot / 64] >> (slot % 64);
            let room = (end - tick).min(64 - slot as i64 % 64);
            let skip = i64::from(word.trailing_zeros());
            if skip < room {
                return Some(tick + skip);
            }
            tick += 64 - slot as i64 % 64;
        }
        None
    }

    /// Best price, if there is one.
    #[inline]
    #[must_use]
    pub fn best(&self) -> Option<Px> {
        (self.best != NONE).then(|| Px(self.best * self.sign * self.grid.step))
    }

    /// Quantity at a price, 0 where no level is known.
    #[inline]
    #[must_use]
    pub fn qty(&self, px: Px) -> Lots {
        Lots(self.at(px).0)
    }

    /// Quantity and number of orders at a price.
    #[must_use]
    pub fn at(&self, px: Px) -> (i64, u32) {
        match self.grid.tick(px.0) {
            Some(tick) if (self.low..self.low + SLOTS as i64).contains(&tick) => {
                let slot = (tick & MASK) as usize;
                (self.qty[slot], self.orders[slot])
            }
            Some(_) | None => self.far.get(&px.0).copied().unwrap_or((0, 0)),
        }
    }

    /// Number of levels.
    #[must_use]
    pub fn len(&self) -> usize {
        let near: u32 = self.bits.iter().map(|word| word.count_ones()).sum();
        near as usize + self.far.len()
    }

    /// Whether there is no level.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.best == NONE
    }

    /// Levels, best first.
    pub fn levels(&self) -> impl Iterator<Item = Level> + '_ {
        let (near_best, far) = (self.near_levels(), &self.far);
        let behind: Box<dyn Iterator<Item = (&i64, &(i64, u32))>> =
            if self.sign > 0 { Box::new(far.iter().rev()) } else { Box::new(far.iter()) };
        near_best.chain(behind.map(|(px, v)| Level { px: Px(*px), qty: Lots(v.0), n: v.1 }))
    }

    /// Levels of the window, best first; the touch is always among them where it exists.
    pub fn near_levels(&self) -> impl Iterator<Item = Level> + '_ {
        let start = if self.sign > 0 { self.low + SLOTS as i64 - 1 } else { self.low };
        let from = if self.best == NONE { start } else { self.best * self.sign };
        let inside = (self.low..self.low + SLOTS as i64).contains(&from);
        let mut next = self.next_near(if inside { from } else { start });
        std::iter::from_fn(move || {
            let tick = next?;
            next = self.next_near(tick - self.sign);
            let slot = (tick & MASK) as usize;
            Some(Level {
                px: Px(tick * self.grid.step),
                qty: Lots(self.qty[slot]),
                n: self.orders[slot],
            })
        })
    }
}

fn zeros<T: Clone + Default, const N: usize>() -> Box<[T; N]> {
    let zeros = vec![T::default(); N].into_boxed_slice();
    zeros.try_into().unwrap_or_else(|_| unreachable!("a vector of N is an array of N"))
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 {
        a
    } else {
        gcd(b, a % b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn levels_equal_a_plain_map(
            bid in any::<bool>(),
            step in prop_oneof![Just(1_i64), Just(10), Just(7)],
            ops in prop::collection::vec((0_i64..60_000, 0_i64..3, 0_i64..40), 1..400),
        ) {
            let side = if bid { Side::Bid } else { Side::Ask };
            let mut book = BookSide::new(side, step);
            let mut plain: BTreeMap<i64, i64> = BTreeMap::new();
            for (tick, qty, off) in ops {
                // Mostly near one price, sometimes far, now and then off the grid.
                let tick = if off < 30 { 30_000 + tick % 50 } else { tick + 1 };
                let px = tick * step + i64::from(off == 39);
                book.set(px, qty, 1);
                if qty > 0 { plain.insert(px, qty); } else { plain.remove(&px); }
                let best = if bid { plain.keys().next_back() } else { plain.keys().next() };
                prop_assert_eq!(book.best().map(|p| p.0), best.copied());
                prop_assert_eq!(book.len(), plain.len());
                prop_assert_eq!(book.qty(Px(px)).0, qty);
            }
            let seen: Vec<(i64, i64)> = book.levels().map(|l| (l.px.0, l.qty.0)).collect();
            let mut want: Vec<(i64, i64)> = plain.into_iter().collect();
            if bid { want.reverse(); }
            prop_assert_eq!(seen, want);
        }
    }
}
