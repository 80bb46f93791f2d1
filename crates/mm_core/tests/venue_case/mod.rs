//! Venue case — a simulated venue with a clock in hand, told rows and our orders to buy.

use mm_core::book::BookRow;
use mm_core::command::Place;
use mm_core::command::Tif;
use mm_core::event::RowKind;
use mm_core::instrument::InstrumentSpec;
use mm_core::instrument::Venue;
use mm_core::queue::QueueModel;
use mm_core::sim::SimVenue;
use mm_core::sim::VenueConfig;
use mm_core::sim::VenueEvent;
use mm_core::units::Cloid;
use mm_core::units::Lots;
use mm_core::units::Px;
use mm_core::units::Side;
use mm_core::units::SymbolIx;

pub(crate) const MS: i64 = 1_000_000;

/// A venue with prices in whole units, and its time in nanoseconds.
pub(crate) struct Case {
    pub(crate) venue: SimVenue,
    pub(crate) now: i64,
}

impl Case {
    pub(crate) fn new(queue: &str, partial_fills: bool) -> Self {
        let queue = QueueModel::parse(queue).expect("a known model");
        let config = VenueConfig { queue, partial_fills, through_volume: true };
        let spec = InstrumentSpec::fixed(Venue::Other, 0, 1, 1);
        Self { venue: SimVenue::new(spec, config), now: 0 }
    }

    pub(crate) fn after(&mut self, ms: i64) -> &mut Self {
        self.now += ms * MS;
        self
    }

    /// A row of the book now: price, lots and orders of a side.
    pub(crate) fn show(
        &mut self,
        kind: RowKind,
        side: i8,
        (px, qty, n): (i64, i64, u32),
        flags: u8,
    ) -> &mut Self {
        self.venue.on_row(BookRow { kind, side, px, qty, n, flags }, self.now);
        self
    }

    /// Place an order to buy now.
    pub(crate) fn order(&mut self, id: u128, px: i64, size: i64) -> &mut Self {
        let place = Place {
            symbol: SymbolIx(0),
            cloid: Cloid(id),
            side: Side::Bid,
            px: Px(px),
            size: Lots(size),
            tif: Tif::PostOnly,
            reduce_only: false,
        };
        self.venue.place(&place, None, self.now);
        self
    }

    /// Order and size of each fill since the last call.
    pub(crate) fn fills(&mut self) -> Vec<(u128, i64)> {
        let fills = self.venue.drain().filter_map(|(_, event)| match event {
            VenueEvent::Fill(fill, _) => Some((fill.cloid.0, fill.size.0)),
            VenueEvent::Answer(..) => None,
        });
        fills.collect()
    }

    /// Lots ahead of the first order.
    pub(crate) fn ahead(&self) -> f64 {
        self.venue.orders()[0].ahead()
    }
}

/// What a level of this size is told by.
pub(crate) fn level_kind(qty: i64) -> RowKind {
    if qty > 0 {
        RowKind::Level
    } else {
        RowKind::Gone
    }
}
