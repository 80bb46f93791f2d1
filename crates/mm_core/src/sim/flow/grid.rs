//! The price grid as consecutive integers, so that one tick up is always plus one.
//!
//! On a five-figure grid the step grows tenfold at each power of ten, up to whole units of quote
//! currency. Each decade holds 90,000 prices; numbering them through makes the step vanish.

use crate::instrument::pow10;
use crate::units::Px;
use serde::Deserialize;
use serde::Serialize;

/// Prices of one decade.
const DECADE: i64 = 90_000;

/// A five-figure grid.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Grid {
    px_decimals: u32,
}

impl Grid {
    pub(super) fn new(px_decimals: u32) -> Self {
        Self { px_decimals }
    }

    /// The price of a tick number.
    pub(super) fn px(self, tick: i64) -> Px {
        let extra = ((tick - 10_000).max(0) / DECADE).min(i64::from(self.px_decimals));
        Px((tick - extra * DECADE) * pow10(extra as u32))
    }

    /// The price of a tick number in quote currency.
    pub(super) fn price(self, tick: i64) -> f64 {
        self.px(tick).0 as f64 / pow10(self.px_decimals) as f64
    }

    /// A price in quote currency in the nearest price unit, on the grid or not.
    pub(super) fn nearest(self, price: f64) -> Px {
        Px(libm::round(price * pow10(self.px_decimals) as f64) as i64)
    }

    /// The fractional tick number of a price in quote currency.
    pub(super) fn ticks(self, price: f64) -> f64 {
        let units = price * pow10(self.px_decimals) as f64;
        let mut extra = 0;
        while extra < self.px_decimals && units >= pow10(extra + 5) as f64 {
            extra += 1;
        }
        units / pow10(extra) as f64 + (i64::from(extra) * DECADE) as f64
    }
}

#[cfg(test)]
mod tests {
    use crate::instrument::InstrumentSpec;
    use crate::sim::flow::grid::Grid;
    use crate::units::Px;

    #[test]
    fn ticks_walk_the_venue_grid() {
        for (size_decimals, price) in
            [(5, 9_999.0), (5, 99_990.0), (4, 999.5), (2, 99.9), (0, 0.9995)]
        {
            let spec = InstrumentSpec::hyperliquid(size_decimals);
            let grid = Grid::new(spec.px_decimals);
            let start = grid.ticks(price) as i64;
            let mut px = grid.px(start);
            assert!(spec.is_valid(px));
            for tick in start + 1..start + 2_000 {
                px = spec.next_valid(px);
                assert_eq!(grid.px(tick), px);
                let back = grid.ticks(spec.price(px));
                assert!((back - tick as f64).abs() < 1e-6, "{back} {tick}");
            }
        }
    }

    #[test]
    fn known_prices() {
        let grid = Grid::new(1);
        assert_eq!(grid.px(grid.ticks(97_000.0) as i64), Px(970_000));
        assert_eq!(Grid::new(6).px(Grid::new(6).ticks(2.2) as i64), Px(2_200_000));
    }
}
