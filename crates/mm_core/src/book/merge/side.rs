//! One side of the merged book, and what each kind of frame last said of it.

use super::pen::Pen;
use crate::event::LevelQty;
use crate::units::Lots;
use crate::units::Px;
use crate::units::Side;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::Bound::Excluded;
use std::ops::Bound::Included;

/// Windows of full frames that are older than this no longer bound what fast frames show.
const FULL_EXPIRES_NS: i64 = 60_000_000_000;

/// Which stream a window comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Window {
    /// The stream of most levels.
    Full,
    /// The faster stream of fewer levels.
    Fast,
}

/// What a kind of frame last said: at a venue time, of all levels at or better than a key.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Said {
    ts: i64,
    worst: i64,
}

/// Words kept that older frames could contradict; a handful in practice.
const WORDS_MAX: usize = 64;

const NEVER: Said = Said { ts: i64::MIN, worst: i64::MIN };

/// Levels by key, best first: the price of asks, the negated price of bids.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct BookSide {
    side: Side,
    levels: BTreeMap<i64, (Lots, u32)>,
    full: Said,
    fast: Said,
    touch: Said,
    /// What was said last of each stretch, oldest first: the further out, the older.
    words: Vec<Said>,
    said: Vec<(i64, (Lots, u32))>,
    changes: Vec<(i64, Option<(Lots, u32)>)>,
}

impl BookSide {
    pub(super) fn new(side: Side) -> Self {
        Self {
            side,
            levels: BTreeMap::new(),
            full: NEVER,
            fast: NEVER,
            touch: NEVER,
            words: Vec::new(),
            said: Vec::new(),
            changes: Vec::new(),
        }
    }

    /// Whether a later frame of the same kind was seen.
    pub(super) fn has_newer(&self, window: Window, ts: i64) -> bool {
        self.of(window).ts > ts
    }

    /// The newest venue time of anything said.
    pub(super) fn newest(&self) -> i64 {
        self.full.ts.max(self.fast.ts).max(self.touch.ts)
    }

    /// Sequence numbers, not times, order the windows of this venue.
    pub(super) fn forget_windows(&mut self) {
        self.words.clear();
        self.words.extend((self.touch.ts != i64::MIN).then_some(self.touch));
    }

    /// Worst price still visible, 0 where the side is visible to its end.
    pub(super) fn bound(&self) -> Px {
        let worst = if !self.full_holds(self.fast.ts) {
            self.fast.worst
        } else if self.fast.ts >= self.full.ts {
            self.full.worst.max(self.fast.worst)
        } else {
            self.full.worst
        };
        if worst == i64::MAX || worst == i64::MIN {
            Px(0)
        } else {
            self.px(worst)
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = LevelQty> + '_ {
        self.levels.iter().map(|(&key, &(qty, n))| LevelQty { px: self.px(key), qty, n })
    }

    pub(super) fn write(&self, pen: &mut Pen) {
        for level in self.iter() {
            pen.level(self.side, level.px, (level.qty, level.n));
        }
    }

    /// Apply a window of `depth` levels; returns how many levels were bad.
    pub(super) fn snapshot(
        &mut self,
        window: Window,
        ts: i64,
        (levels, depth): (&[LevelQty], u16),
        pen: &mut Pen,
    ) -> u64 {
        let bad = self.gather(levels);
        let cut = depth != u16::MAX && levels.len() >= usize::from(depth);
        let worst = match self.said.last() {
            Some(&(key, _)) if cut => key,
            None if cut => return bad, // Not one good level: nothing was said.
            Some(_) | None => i64::MAX,
        };
        let lock = self.lock(ts);
        self.replace(lock, worst, pen);
        let widest = window == Window::Full || !self.full_holds(ts);
        if widest && worst < i64::MAX {
            self.leave_beyond(worst.max(lock), pen);
        }
        let said = Said { ts, worst };
        match window {
            Window::Full => self.full = said,
            Window::Fast => self.fast = said,
        }
        self.remember(said);
        bad
    }

    /// Apply changes; in a rolling window of `depth` levels, those deleted beyond the worst level
    /// of a full window have only left it. Returns how many levels were bad.
    pub(super) fn delta(
        &mut self,
        ts: i64,
        levels: &[LevelQty],
        depth: usize,
        pen: &mut Pen,
    ) -> u64 {
        let rolling = depth != usize::MAX;
        let mut bad = 0;
        self.changes.clear();
        for level in levels {
            if level.px.0 <= 0 || level.qty.0 < 0 {
                bad += 1;
                continue;
            }
            let key = self.key(level.px);
            if self.touch.ts > ts && key <= self.touch.worst {
                continue;
            }
            let held = (level.qty, level.n);
            if level.qty.0 > 0 {
                if self.levels.insert(key, held) != Some(held) {
                    pen.level(self.side, level.px, held);
                }
            } else if self.levels.remove(&key).is_some() {
                if rolling {
                    self.changes.push((key, None));
                } else {
                    pen.gone(self.side, level.px);
                }
            }
        }
        if rolling {
            self.roll(ts, depth, pen);
        }
        bad
    }

    /// Apply the best level, or that there is none: whatever is better is gone.
    pub(super) fn touch(&mut self, ts: i64, level: Option<&LevelQty>, pen: &mut Pen) {
        self.said.clear();
        if let Some(level) = level {
            self.said.push((self.key(level.px), (level.qty, level.n)));
        }
        let worst = self.said.first().map_or(i64::MAX, |&(key, _)| key);
        self.replace(i64::MIN, worst, pen);
        self.touch = Said { ts, worst };
        self.remember(self.touch);
    }

    fn of(&self, window: Window) -> Said {
        match window {
            Window::Full => self.full,
            Window::Fast => self.fast,
        }
    }

    fn key(&self, px: Px) -> i64 {
        match self.side {
            Side::Bid => -px.0,
            Side::Ask => px.0,
        }
    }

    fn px(&self, key: i64) -> Px {
        match self.side {
            Side::Bid => Px(-key),
            Side::Ask => Px(key),
        }
    }

    fn full_holds(&self, ts: i64) -> bool {
        self.full.ts.saturating_add(FULL_EXPIRES_NS) >= ts && self.full.ts != i64::MIN
    }

    /// The worst key that newer frames spoke of: up to it, they know better.
    fn lock(&self, ts: i64) -> i64 {
        self.words.iter().find(|said| said.ts > ts).map_or(i64::MIN, |said| said.worst)
    }

    fn remember(&mut self, said: Said) {
        self.words.retain(|word| word.ts > said.ts || word.worst > said.worst);
        let place = self.words.partition_point(|word| word.ts <= said.ts);
        let contained = self.words.get(place).is_some_and(|newer| newer.worst >= said.worst);
        if !contained {
            self.words.insert(place, said);
        }
        if self.words.len() > WORDS_MAX {
            self.words.remove(0);
        }
    }

    /// Put the good levels of a window, which must be best first, into `said`.
    fn gather(&mut self, levels: &[LevelQty]) -> u64 {
        self.said.clear();
        let mut bad = 0;
        let mut last = i64::MIN;
        for level in levels {
            let key = self.key(level.px);
            if level.px.0 <= 0 || level.qty.0 <= 0 || key <= last {
                bad += 1;
                continue;
            }
            last = key;
            self.said.push((key, (level.qty, level.n)));
        }
        bad
    }

    /// Make the levels with keys in `(lock, worst]` those of `said`.
    fn replace(&mut self, lock: i64, worst: i64, pen: &mut Pen) {
        if lock >= worst {
            return;
        }
        self.changes.clear();
        let mut held = self.levels.range((Excluded(lock), Included(worst))).peekable();
        for &(key, value) in self.said.iter().filter(|(key, _)| *key > lock) {
            while let Some((&gone, _)) = held.next_if(|(&at, _)| at < key) {
                self.changes.push((gone, None));
            }
            let before = held.next_if(|(&at, _)| at == key).map(|(_, &value)| value);
            if before != Some(value) {
                self.changes.push((key, Some(value)));
            }
        }
        self.changes.extend(held.map(|(&gone, _)| (gone, None)));
        for &(key, value) in &self.changes {
            match value {
                Some(value) => {
                    self.levels.insert(key, value);
                    pen.level(self.side, self.px(key), value);
                }
                None => {
                    self.levels.remove(&key);
                    pen.gone(self.side, self.px(key));
                }
            }
        }
    }

    /// Where the touch is all there is, what is behind it is unknown.
    pub(super) fn forget_behind_touch(&mut self, pen: &mut Pen) {
        self.leave_beyond(self.touch.worst, pen);
    }

    fn leave_beyond(&mut self, bound: i64, pen: &mut Pen) {
        if bound == i64::MAX || self.levels.last_key_value().is_none_or(|(&key, _)| key <= bound) {
            return;
        }
        for &key in self.levels.split_off(&(bound + 1)).keys() {
            pen.left(self.side, self.px(key));
        }
    }

    /// Report the deletions of a rolling window and move its bound.
    fn roll(&mut self, ts: i64, depth: usize, pen: &mut Pen) {
        let worst = match self.levels.last_key_value() {
            Some((&key, _)) if self.levels.len() >= depth => key,
            Some(_) | None => i64::MAX,
        };
        for &(key, _) in &self.changes {
            if self.levels.contains_key(&key) {
                continue; // Deleted and set again by the same frame.
            }
            if key > worst {
                pen.left(self.side, self.px(key));
            } else {
                pen.gone(self.side, self.px(key));
            }
        }
        self.full = Said { ts, worst };
    }
}
