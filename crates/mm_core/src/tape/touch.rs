//! Touch — the best bid and ask after every row of a tape, for quality checks.

use crate::error::CoreError;
use crate::event::RowKind;
use crate::units::Side;
use std::collections::BTreeSet;

/// Best bids and best asks after each row, 0 where a side is empty or unknown.
///
/// # Errors
/// [`CoreError::BadArgument`] when the columns differ in length.
pub fn touches(kind: &[u8], side: &[i8], px: &[i64]) -> Result<(Vec<i64>, Vec<i64>), CoreError> {
    if kind.len() != side.len() || kind.len() != px.len() {
        let why = format!("{}, {} and {} rows", kind.len(), side.len(), px.len());
        return Err(CoreError::BadArgument { name: "columns", why });
    }
    let mut sides: [BTreeSet<i64>; 2] = Default::default();
    let (mut bid, mut ask) = (0, 0);
    let mut bids = Vec::with_capacity(kind.len());
    let mut asks = Vec::with_capacity(kind.len());
    for i in 0..kind.len() {
        let (px, side) = (px[i], Side::from_sign(side[i]));
        let changed = match (RowKind::from_u8(kind[i]), side) {
            (Some(RowKind::Level), Some(side)) => sides[side.index()].insert(px),
            (Some(RowKind::Gone | RowKind::Left), Some(side)) => sides[side.index()].remove(&px),
            (Some(RowKind::Clear), Some(side)) => {
                sides[side.index()].clear();
                true
            }
            (Some(RowKind::Clear), None) => {
                sides = Default::default();
                true
            }
            (
                Some(
                    RowKind::Level
                    | RowKind::Gone
                    | RowKind::Left
                    | RowKind::Trade
                    | RowKind::Frame
                    | RowKind::Context
                    | RowKind::Funding
                    | RowKind::Gap,
                )
                | None,
                _,
            ) => false,
        };
        if changed {
            bid = sides[Side::Bid.index()].last().copied().unwrap_or(0);
            ask = sides[Side::Ask.index()].first().copied().unwrap_or(0);
        }
        bids.push(bid);
        asks.push(ask);
    }
    Ok((bids, asks))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(list: &[(RowKind, i8, i64)]) -> (Vec<i64>, Vec<i64>) {
        let kind: Vec<u8> = list.iter().map(|row| row.0 as u8).collect();
        let side: Vec<i8> = list.iter().map(|row| row.1).collect();
        let px: Vec<i64> = list.iter().map(|row| row.2).collect();
        touches(&kind, &side, &px).unwrap()
    }

    #[test]
    fn touch_follows_levels_and_clears() {
        let (bids, asks) = after(&[
            (RowKind::Level, 1, 99),
            (RowKind::Level, -1, 101),
            (RowKind::Level, 1, 100),
            (RowKind::Trade, 1, 101),
            (RowKind::Gone, 1, 100),
            (RowKind::Left, -1, 101),
            (RowKind::Clear, 0, 0),
        ]);
        assert_eq!(bids, [99, 99, 100, 100, 99, 99, 0]);
        assert_eq!(asks, [0, 101, 101, 101, 101, 0, 0]);
    }

    #[test]
    fn clear_of_one_side_keeps_the_other() {
        let (bids, asks) =
            after(&[(RowKind::Level, 1, 9), (RowKind::Level, -1, 11), (RowKind::Clear, 1, 0)]);
        assert_eq!((bids[2], asks[2]), (0, 11));
    }
}
