//! Recall — choices of one set that it made before: markets come back to their prices.

use super::album::Decided;
use crate::units::Lots;

/// Rows kept: what a market comes back to within a stretch.
const ROWS: usize = 256;

/// What was chosen on some decision's inputs with some position, by number: 16 bytes, since many
/// sets look at theirs in turn.
#[derive(Clone, Copy, Debug)]
struct Row {
    position: Lots,
    on: u32,
    chosen: u32,
}

/// No number: nothing is known of the row, or nothing that a way tells was chosen.
const NONE: u32 = u32::MAX;
const UNKNOWN: Row = Row { position: Lots(0), on: NONE, chosen: NONE };

/// What was chosen last, a row for each residue of inputs and position.
#[derive(Debug, Default)]
pub(super) struct Recall(Vec<Row>);

impl Recall {
    /// What is chosen with this position where this is decided on: found out where that is not
    /// known.
    pub(super) fn chosen(
        &mut self,
        decided: &Decided,
        position: Lots,
        out: impl FnOnce() -> Option<u32>,
    ) -> Option<u32> {
        if self.0.is_empty() {
            self.0.resize(ROWS, UNKNOWN);
        }
        let on = decided.number;
        let row = &mut self.0[place(on, position)];
        if row.on != on || row.position != position {
            *row = Row { position, on, chosen: out().unwrap_or(NONE) };
        }
        (row.chosen != NONE).then_some(row.chosen)
    }
}

/// Which row: spread by a multiplication, its upper eight bits.
fn place(on: u32, position: Lots) -> usize {
    let mixed = (position.0 as u64).wrapping_mul(31).wrapping_add(u64::from(on));
    (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as usize
}
