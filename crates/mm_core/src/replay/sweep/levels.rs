//! Levels — every change of a stretch by price: what one order's level did, without the others.

use crate::units::Px;
use crate::units::Side;
use std::ops::Range;

/// How a level changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It is seen to hold a quantity.
    Seen,
    /// The same within a book that is being made anew: orders look at it when that is done.
    Silent,
    /// It left the window, with this quantity.
    Left,
}

/// One change of one level.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// Lots.
    pub(super) qty: i64,
    /// Where it stands in venue order.
    pub(super) pos: u32,
    /// Orders at the level.
    pub(super) n: u32,
    pub(super) change: Change,
}

const NOTHING: Entry = Entry { qty: 0, pos: 0, n: 0, change: Change::Silent };

/// Changes of a stretch, by side and price, then in venue order.
#[derive(Debug, Default)]
pub(super) struct Levels {
    table: Table,
    /// Where the entries of each price end.
    ends: Vec<u32>,
    entries: Vec<Entry>,
    /// Their places alone: what is searched.
    places: Vec<u32>,
    /// As they come: the price's number, and the change.
    coming: Vec<(u32, Entry)>,
}

impl Levels {
    /// Forget every change; the memory is kept.
    pub(super) fn clear(&mut self) {
        self.table.clear();
        self.ends.clear();
        self.entries.clear();
        self.places.clear();
        self.coming.clear();
    }

    /// Note a change; positions rise.
    #[inline]
    pub(super) fn push(&mut self, side: Side, px: i64, entry: Entry) {
        let id = self.table.id(key(side, px));
        self.coming.push((id, entry));
    }

    /// Bring the changes in order; nothing is noted any more.
    pub(super) fn finish(&mut self) {
        let Self { table, ends, entries, places, coming } = self;
        // Where each price begins, and while entries are laid down where its next one goes.
        ends.resize(table.count + 1, 0);
        for (id, _) in coming.iter() {
            ends[*id as usize + 1] += 1;
        }
        for i in 1..ends.len() {
            ends[i] += ends[i - 1];
        }
        entries.resize(coming.len(), NOTHING);
        for (id, entry) in coming.iter() {
            let slot = &mut ends[*id as usize];
            entries[*slot as usize] = *entry;
            *slot += 1;
        }
        ends.pop();
        places.extend(entries.iter().map(|entry| entry.pos));
        coming.clear();
    }

    /// The entries of a price.
    #[inline]
    pub(super) fn of(&self, side: Side, px: Px) -> Range<usize> {
        match self.table.find(key(side, px.0)) {
            Some(id) => {
                let id = id as usize;
                let start = if id == 0 { 0 } else { self.ends[id - 1] };
                start as usize..self.ends[id] as usize
            }
            None => 0..0,
        }
    }

    #[inline]
    pub(super) fn entry(&self, at: usize) -> &Entry {
        &self.entries[at]
    }

    /// Where the entries of a price end that stand before a position.
    #[inline]
    pub(super) fn reached(&self, range: &Range<usize>, pos: u32) -> usize {
        range.start + self.places[range.clone()].partition_point(|place| *place < pos)
    }

    /// The entries in a range.
    #[inline]
    pub(super) fn entries(&self, range: Range<usize>) -> &[Entry] {
        &self.entries[range]
    }
}

/// A side and a price in one number that is never 0.
#[inline]
fn key(side: Side, px: i64) -> i64 {
    (px << 2) | (1 + side.index() as i64)
}

/// Numbers for keys in the order in which they are first met: open addressing, powers of two.
#[derive(Debug)]
struct Table {
    keys: Vec<i64>,
    ids: Vec<u32>,
    count: usize,
}

const SLOTS: usize = 2_048;

impl Default for Table {
    fn default() -> Self {
        Self { keys: vec![0; SLOTS], ids: vec![0; SLOTS], count: 0 }
    }
}

impl Table {
    fn clear(&mut self) {
        self.keys.fill(0);
        self.count = 0;
    }

    #[inline]
    fn id(&mut self, key: i64) -> u32 {
        let slot = self.slot(key);
        if self.keys[slot] == key {
            return self.ids[slot];
        }
        self.insert(key, slot)
    }

    #[cold]
    fn insert(&mut self, key: i64, slot: usize) -> u32 {
        let id = self.count as u32;
        (self.keys[slot], self.ids[slot]) = (key, id);
        self.count += 1;
        if self.count * 2 > self.keys.len() {
            self.grow();
        }
        id
    }

    fn grow(&mut self) {
        let room = self.keys.len() * 2;
        let old = (std::mem::take(&mut self.keys), std::mem::take(&mut self.ids));
        (self.keys, self.ids) = (vec![0; room], vec![0; room]);
        for (key, id) in old.0.into_iter().zip(old.1).filter(|(key, _)| *key != 0) {
            let slot = self.slot(key);
            (self.keys[slot], self.ids[slot]) = (key, id);
        }
    }

    #[inline]
    fn find(&self, key: i64) -> Option<u32> {
        let slot = self.slot(key);
        (self.keys[slot] == key).then(|| self.ids[slot])
    }

    /// Where a key stands, or would.
    #[inline]
    fn slot(&self, key: i64) -> usize {
        let mask = self.keys.len() - 1;
        let hash = (key as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let mut slot = hash as usize & mask;
        while self.keys[slot] != key && self.keys[slot] != 0 {
            slot = (slot + 1) & mask;
        }
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_price_has_its_changes_in_order(
            rows in prop::collection::vec((any::<bool>(), 0_i64..3_000, 1_i64..9), 0..4_000),
        ) {
            let mut levels = Levels::default();
            for (pos, &(bid, px, qty)) in rows.iter().enumerate() {
                let side = if bid { Side::Bid } else { Side::Ask };
                let entry = Entry { qty, pos: pos as u32, n: 0, change: Change::Seen };
                levels.push(side, px * 10, entry);
            }
            levels.finish();
            for (bid, px) in [(true, 0), (false, 0), (true, 1_500), (false, 2_999), (true, 5_000)] {
                let side = if bid { Side::Bid } else { Side::Ask };
                let want: Vec<(u32, i64)> = rows.iter().enumerate()
                    .filter(|(_, row)| row.0 == bid && row.1 == px)
                    .map(|(pos, row)| (pos as u32, row.2)).collect();
                let range = levels.of(side, Px(px * 10));
                let got: Vec<(u32, i64)> =
                    range.map(|i| levels.entry(i)).map(|e| (e.pos, e.qty)).collect();
                prop_assert_eq!(got, want.clone());
                let range = levels.of(side, Px(px * 10));
                let early = levels.reached(&range, 700) - range.start;
                prop_assert_eq!(early, want.iter().filter(|row| row.0 < 700).count());
            }
        }
    }
}
