//! PnL — its parts, which add up, and first-in first-out round trips.
//!
//! These are measures in doubles for reports; the account's ledger is exact and in integers.

use std::collections::VecDeque;

/// Quantities below this are rounding rests.
const QTY_TOL: f64 = 1e-9;

/// What moves the account, in time order: at equal times marks, then fills, then funding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PnlEvent {
    /// A new mid.
    Mark {
        /// The mid.
        mid: f64,
    },
    /// A fill of ours.
    Fill {
        /// +1 we bought, -1 we sold.
        sign: f64,
        /// Price paid or received.
        px: f64,
        /// Quantity.
        qty: f64,
        /// The mid at the fill.
        mid: f64,
    },
    /// Funding of the hour.
    Funding {
        /// Rate; longs pay positive ones.
        rate: f64,
        /// Price it applies to.
        oracle: f64,
    },
}

/// Where the result came from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PnlParts {
    /// Cash and position at the last mid.
    pub total: f64,
    /// Distance of fills from the mid, in our favour.
    pub spread: f64,
    /// Position times the moves of the mid.
    pub inventory: f64,
    /// Fees paid.
    pub fees: f64,
    /// Funding paid.
    pub funding: f64,
    /// Position at the end.
    pub position: f64,
}

impl PnlParts {
    /// Before fees and funding.
    #[must_use]
    pub fn gross(&self) -> f64 {
        self.spread + self.inventory
    }

    /// After fees and funding, from the parts.
    #[must_use]
    pub fn net(&self) -> f64 {
        self.gross() - self.fees - self.funding
    }

    /// What the parts leave unexplained: rounding only.
    #[must_use]
    pub fn residual(&self) -> f64 {
        self.total - self.net()
    }
}

/// Split the result of a run into its parts, at one fee rate.
#[must_use]
pub fn pnl_parts(events: &[PnlEvent], fee_rate: f64) -> PnlParts {
    let mut parts = PnlParts::default();
    let (mut cash, mut last) = (0.0, None::<f64>);
    for event in events {
        match *event {
            PnlEvent::Mark { mid } => {
                parts.inventory += parts.position * (mid - last.unwrap_or(mid));
                last = Some(mid);
            }
            PnlEvent::Fill { sign, px, qty, mid } => {
                parts.inventory += parts.position * (mid - last.unwrap_or(mid));
                last = Some(mid);
                let fee = fee_rate * px * qty;
                parts.spread += sign * (mid - px) * qty;
                parts.fees += fee;
                parts.position += sign * qty;
                cash -= sign * px * qty + fee;
            }
            PnlEvent::Funding { rate, oracle } => {
                let paid = parts.position * oracle * rate;
                parts.funding += paid;
                cash -= paid;
            }
        }
    }
    parts.total = cash + parts.position * last.unwrap_or(0.0);
    parts
}

/// Round trips by first-in first-out lots.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RoundTrips {
    /// Pairs of an opening and a closing part.
    pub matches: usize,
    /// Fills that closed anything: the number to quote as round trips.
    pub closing_fills: usize,
    /// Times the position came back to flat or through it.
    pub episodes: usize,
    /// Result of the matched quantity before fees.
    pub realised: f64,
    /// Quantity that was closed.
    pub matched_qty: f64,
    /// Signed quantity still open.
    pub open: f64,
}

/// Match fills, each as (sign, price, quantity), in order.
#[must_use]
pub fn round_trips(fills: &[(f64, f64, f64)]) -> RoundTrips {
    let mut trips = RoundTrips::default();
    let mut lots: VecDeque<(f64, f64)> = VecDeque::new();
    for &(sign, px, qty) in fills {
        let mut left = qty;
        let closing = trips.open * sign < 0.0;
        if closing {
            trips.closing_fills += 1;
            while left > QTY_TOL {
                let Some((entry, lot)) = lots.front_mut() else {
                    break;
                };
                let part = lot.min(left);
                trips.matches += 1;
                trips.matched_qty += part;
                trips.realised += part * (px - *entry) * -sign;
                *lot -= part;
                left -= part;
                if *lot <= QTY_TOL {
                    lots.pop_front();
                }
            }
            trips.episodes += usize::from(lots.is_empty());
        }
        if left > QTY_TOL {
            lots.push_back((px, left));
        }
        let side = if closing && left <= QTY_TOL { -sign } else { sign };
        trips.open = side * lots.iter().map(|(_, lot)| lot).sum::<f64>();
    }
    trips
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_add_up() {
        let fill = |sign, px, mid| PnlEvent::Fill { sign, px, qty: 2.0, mid };
        let events = [
            PnlEvent::Mark { mid: 100.0 },
            fill(1.0, 99.0, 100.0),
            PnlEvent::Funding { rate: 0.01, oracle: 100.0 },
            fill(-1.0, 104.0, 103.0),
        ];
        let parts = pnl_parts(&events, 0.0);
        assert_eq!((parts.spread, parts.inventory, parts.funding), (4.0, 6.0, 2.0));
        assert_eq!((parts.total, parts.residual()), (8.0, 0.0));
    }

    #[test]
    fn a_fill_through_flat_ends_one_episode_and_opens_the_next() {
        let trips = round_trips(&[(1.0, 100.0, 1.0), (-1.0, 101.0, 3.0), (1.0, 99.0, 2.0)]);
        assert_eq!((trips.matches, trips.closing_fills, trips.episodes), (2, 2, 2));
        assert_eq!((trips.realised, trips.open), (5.0, 0.0));
    }
}
