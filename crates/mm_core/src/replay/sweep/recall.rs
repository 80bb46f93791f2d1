//! Recall — quotes of one set that were wanted before: markets come back to their prices.

use super::album::Decided;
use super::album::Quotes;
use crate::units::Lots;

/// Rows kept: what a market comes back to within a stretch.
const ROWS: usize = 64;

/// What was wanted on some decision's inputs with some position.
#[derive(Clone, Copy, Debug)]
struct Row {
    on: (i64, i64, usize),
    position: Lots,
    wanted: Option<Quotes>,
}

/// What was wanted last, a row for each residue of touch and position.
#[derive(Debug, Default)]
pub(super) struct Recall(Vec<Option<Row>>);

impl Recall {
    /// What is wanted with this position where this is decided on: found out where that is not
    /// known.
    pub(super) fn wanted(
        &mut self,
        decided: &Decided,
        position: Lots,
        out: impl FnOnce() -> Option<Quotes>,
    ) -> Option<Quotes> {
        if self.0.is_empty() {
            self.0.resize(ROWS, None);
        }
        let on = decided.key();
        let row = &mut self.0[place(on, position)];
        match row {
            Some(row) if row.on == on && row.position == position => row.wanted,
            Some(_) | None => row.insert(Row { on, position, wanted: out() }).wanted,
        }
    }
}

/// Which row: spread by a multiplication, its upper six bits.
fn place((bid, ask, mode): (i64, i64, usize), position: Lots) -> usize {
    let parts = [bid as u64, ask as u64, position.0 as u64, mode as u64];
    let mixed = parts.iter().fold(0_u64, |mixed, part| mixed.wrapping_mul(31).wrapping_add(*part));
    (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58) as usize
}
