//! Results in columns: fills, orders and equity samples, moved out as they are finished.

use crate::order::CloidParts;
use crate::units::Cash;
use serde::Deserialize;
use serde::Serialize;

/// Markout horizons in nanoseconds: 0.1, 1, 5, 30, 60 and 300 s.
pub const MARKOUT_NS: [i64; 6] =
    [100_000_000, 1_000_000_000, 5_000_000_000, 30_000_000_000, 60_000_000_000, 300_000_000_000];

/// A markout that the data did not reach.
pub const UNRESOLVED: i64 = i64::MIN;

/// What became of an order. The numbers are those in result files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum OrderEnd {
    /// Still on the book when the run ended.
    Working = 0,
    /// Filled completely.
    Filled = 1,
    /// Withdrawn, perhaps after partial fills.
    Cancelled = 2,
    /// Post-only and would have matched.
    WouldMatch = 3,
    /// Refused for another reason.
    Rejected = 4,
    /// Lost on the way, or never proven.
    Unknown = 5,
}

macro_rules! columns {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $ty:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, Serialize, Deserialize)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: Vec<$ty>,)*
        }

        impl $name {
            /// Move everything out, leaving empty columns.
            #[must_use]
            pub fn take(&mut self) -> Self {
                std::mem::take(self)
            }

            /// Drop the first rows.
            pub fn drop_front(&mut self, rows: usize) {
                $(self.$field.drain(..rows);)*
            }

            /// Move the first rows out.
            #[must_use]
            pub fn take_front(&mut self, rows: usize) -> Self {
                Self { $($field: self.$field.drain(..rows).collect(),)* }
            }

            /// Append the rows of another.
            pub fn append(&mut self, mut other: Self) {
                $(self.$field.append(&mut other.$field);)*
            }
        }
    };
}

columns!(
    /// One row a fill, in the order they happened on the venue.
    FillColumns {
        /// Index of the symbol.
        symbol: u16,
        /// Venue time.
        ts_exch: i64,
        /// When we learned of it.
        ts_recv: i64,
        /// +1 bought, -1 sold.
        side: i8,
        /// Price units.
        px: i64,
        /// Lots.
        qty: i64,
        /// Cash units, positive is paid.
        fee: i64,
        /// 0 maker, 1 taker.
        liquidity: u8,
        /// Order number of the run.
        cloid_seq: u64,
        /// Level of the order, 0 innermost.
        level: u8,
        /// See [`crate::sim::FillWhy`].
        why: u8,
        /// Twice the mid at the fill.
        mid2: i64,
        /// Lots after the fill.
        position: i64,
        /// Twice the mid 0.1 s later.
        markout_0: i64,
        /// Twice the mid 1 s later.
        markout_1: i64,
        /// Twice the mid 5 s later.
        markout_2: i64,
        /// Twice the mid 30 s later.
        markout_3: i64,
        /// Twice the mid 60 s later.
        markout_4: i64,
        /// Twice the mid 300 s later.
        markout_5: i64,
    }
);

impl FillColumns {
    /// Set a markout of a row.
    pub(super) fn set_markout(&mut self, horizon: usize, row: usize, mid2: i64) {
        let column = match horizon {
            0 => &mut self.markout_0,
            1 => &mut self.markout_1,
            2 => &mut self.markout_2,
            3 => &mut self.markout_3,
            4 => &mut self.markout_4,
            _ => &mut self.markout_5,
        };
        column[row] = mid2;
    }
}

columns!(
    /// One row an order, in the order they ended.
    OrderColumns {
        /// Index of the symbol.
        symbol: u16,
        /// Order number of the run.
        cloid_seq: u64,
        /// +1 buy, -1 sell.
        side: i8,
        /// Level, 0 innermost.
        level: u8,
        /// Price units.
        px: i64,
        /// Lots ordered.
        qty: i64,
        /// Lots filled.
        filled: i64,
        /// When it was sent, our clock.
        ts_sent: i64,
        /// When it reached the venue, its clock; 0 if it did not.
        ts_venue: i64,
        /// When it ended, the venue's clock; 0 if it did not.
        ts_done: i64,
        /// See [`OrderEnd`].
        status: u8,
        /// Lots ahead on arrival, as estimated.
        ahead: f64,
    }
);

columns!(
    /// One row a symbol and interval.
    EquityColumns {
        /// Index of the symbol.
        symbol: u16,
        /// Time of the sample.
        ts: i64,
        /// Twice the mid.
        mid2: i64,
        /// Lots held.
        position: i64,
        /// Spread capture so far, half cash units.
        capture2: i64,
        /// Inventory result so far, half cash units.
        inventory2: i64,
        /// Fees so far, cash units, positive is paid.
        fees: i64,
        /// Funding so far, cash units, positive is received.
        funding: i64,
        /// Best bid, 0 without one.
        bid: i64,
        /// Best ask, 0 without one.
        ask: i64,
        /// Own best bid on the venue, 0 without one.
        own_bid: i64,
        /// Own best ask on the venue, 0 without one.
        own_ask: i64,
    }
);

/// A fill as it is recorded.
#[derive(Clone, Copy, Debug)]
pub(super) struct FillRow {
    pub(super) ts_exch: i64,
    pub(super) ts_recv: i64,
    pub(super) fill: crate::sim::SimFill,
    pub(super) fee: Cash,
    pub(super) position: i64,
}

impl FillColumns {
    pub(super) fn push(&mut self, symbol: u16, row: FillRow) {
        let fill = row.fill;
        self.symbol.push(symbol);
        self.ts_exch.push(row.ts_exch);
        self.ts_recv.push(row.ts_recv);
        self.side.push(fill.side.sign() as i8);
        self.px.push(fill.px.0);
        self.qty.push(fill.size.0);
        self.fee.push(row.fee.0);
        self.liquidity.push(u8::from(fill.liquidity == crate::fees::Liquidity::Taker));
        let parts = CloidParts::unpack(fill.cloid);
        self.cloid_seq.push(parts.sequence);
        self.level.push(parts.level);
        self.why.push(fill.why as u8);
        self.mid2.push(fill.mid2);
        self.position.push(row.position);
        for horizon in [
            &mut self.markout_0,
            &mut self.markout_1,
            &mut self.markout_2,
            &mut self.markout_3,
            &mut self.markout_4,
            &mut self.markout_5,
        ] {
            horizon.push(UNRESOLVED);
        }
    }
}
