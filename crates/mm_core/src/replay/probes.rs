//! Probes — orders of nobody at set distances from the mid: how often each is filled, queue included.
//!
//! They rest in a book of their own that is made of what we hear, on our clock, so that their
//! fills are known when the maker decides. One that the mid leaves behind is placed anew, at the
//! end of its queue, as a maker's quote would be. Intensities of the last half hour are fitted
//! each minute.

use super::window::RowSink;
use crate::book::BookRow;
use crate::book::BookRows;
use crate::book::BookState;
use crate::command::Place;
use crate::command::Tif;
use crate::event::CancelReason;
use crate::instrument::InstrumentSpec;
use crate::quote::fit_points;
use crate::quote::fit_probe;
use crate::quote::FitStatus;
use crate::quote::IntensityFit;
use crate::quote::KeptIntensity;
use crate::sim::Depth;
use crate::sim::SimOrders;
use crate::sim::VenueBook;
use crate::sim::VenueConfig;
use crate::sim::VenueEvent;
use crate::units::Cash;
use crate::units::Cloid;
use crate::units::Px;
use crate::units::Side;
use crate::units::SymbolIx;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;
use serde_json::Value;

/// Distances from the mid, in whole ticks.
const TICKS: [i64; 10] = [0, 1, 2, 3, 4, 6, 8, 12, 16, 24];
const MINUTE: i64 = 60_000_000_000;
/// Minutes that a fit looks back.
const MINUTES: i64 = 30;
/// More than this without a word is silence, not quiet: nothing is known of it.
const SILENCE: i64 = 15_000_000_000;

/// What was seen of each probe in one minute, bids and asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Minute {
    number: i64,
    fills: [[u32; TICKS.len()]; 2],
    /// Time at risk in nanoseconds.
    exposed: [[i64; TICKS.len()]; 2],
}

/// The probes of one symbol.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Probes {
    book: VenueBook,
    orders: SimOrders,
    /// Where each probe rests; `None` where it does not.
    standing: [[Option<Px>; TICKS.len()]; 2],
    /// A ring: a minute stands at its number modulo the length.
    minutes: [Minute; MINUTES as usize],
    /// The last step at which something was heard.
    last: Option<i64>,
    kept: KeptIntensity,
}

impl Probes {
    pub(super) fn new(mut spec: InstrumentSpec, venue: VenueConfig) -> Self {
        // One lot each: so little that no probe is in the way of another.
        spec.min_notional = Cash(0);
        Self {
            book: VenueBook::new(spec),
            orders: SimOrders::new(venue),
            standing: Default::default(),
            minutes: Default::default(),
            last: None,
            kept: KeptIntensity::default(),
        }
    }

    /// The pair in force, and how its fits go.
    pub(super) fn kept(&self) -> &KeptIntensity {
        &self.kept
    }

    /// Something was heard up to and at `now`: count what was filled, and follow the mid.
    pub(super) fn on_step(&mut self, now: i64) {
        let number = now.div_euclid(MINUTE);
        let before = self.last.replace(now);
        if before.is_some_and(|before| before.div_euclid(MINUTE) < number) {
            let kept = std::mem::take(&mut self.kept);
            self.kept = kept.updated(UnixNanos(now), |sides| self.fit(sides, number));
        }
        let minute = &mut self.minutes[number.rem_euclid(MINUTES) as usize];
        if minute.number != number {
            *minute = Minute { number, ..Minute::default() };
        }
        let since = before.map_or(i64::MAX, |before| now - before);
        let known = since <= SILENCE;
        for (i, ticks) in slots() {
            if known && self.standing[i][ticks].is_some() {
                minute.exposed[i][ticks] += since;
            }
        }
        for (_, event) in self.orders.drain() {
            match event {
                VenueEvent::Fill(fill, _) => {
                    let (i, ticks) = slot(fill.cloid);
                    minute.fills[i][ticks] += u32::from(known);
                    self.standing[i][ticks] = None;
                }
                VenueEvent::Answer(..) => {}
            }
        }
        self.follow(now);
    }

    /// Place each probe where it belongs; none while the book is not to be trusted.
    fn follow(&mut self, now: i64) {
        let trusted = self.book.book().state() == BookState::Trusted;
        let mid2 = if trusted { self.book.mid2() } else { 0 };
        for (i, ticks) in slots() {
            let wanted = place_of(self.book.spec(), Side::BOTH[i], mid2, TICKS[ticks]);
            if self.standing[i][ticks] == wanted {
                continue;
            }
            let cloid = cloid(i, ticks);
            if self.standing[i][ticks].is_some() {
                self.orders.cancel(cloid, CancelReason::Asked, now);
            }
            if let Some(px) = wanted {
                let place = Place {
                    symbol: SymbolIx(0),
                    cloid,
                    side: Side::BOTH[i],
                    px,
                    size: self.book.spec().lot_step,
                    tif: Tif::PostOnly,
                    reduce_only: false,
                };
                self.orders.place(&place, None, &mut self.book, now);
            }
            let rests = self.orders.resting().iter().any(|order| order.cloid == cloid);
            self.standing[i][ticks] = wanted.filter(|_| rests);
        }
        self.orders.clear_events();
    }

    /// Fills and seconds of one distance, of these sides, in the half hour before a minute.
    fn seen(&self, ticks: usize, sides: &[Side], number: i64) -> (u32, f64) {
        let (mut fills, mut exposed) = (0, 0);
        let recent = |minute: &&Minute| (number - MINUTES..number).contains(&minute.number);
        for minute in self.minutes.iter().filter(recent) {
            for side in sides {
                fills += minute.fills[side.index()][ticks];
                exposed += minute.exposed[side.index()][ticks];
            }
        }
        (fills, exposed as f64 / 1e9)
    }

    fn fit(&self, sides: &[Side], number: i64) -> IntensityFit {
        fit_points((0..TICKS.len()).map(|at| {
            let (fills, seconds) = self.seen(at, sides, number);
            (TICKS[at] as f64, f64::from(fills), seconds)
        }))
    }

    /// What a report prints: each distance, with the standard error of the logarithm of its rate.
    pub(super) fn summary(&self) -> Value {
        let number = self.last.map_or(0, |last| last.div_euclid(MINUTE));
        let rows = (0..TICKS.len()).map(|at| {
            let (fills, seconds) = self.seen(at, &Side::BOTH, number);
            let (rate, error) = fit_probe(fills, seconds);
            let ticks = TICKS[at];
            json!({"ticks": ticks, "fills": fills, "seconds": seconds, "rate": rate, "se_ln": error})
        });
        let [bids, asks] = self.kept.sides().map(FitStatus::name);
        json!({
            "a": self.kept.value().map(|pair| pair.a),
            "k": self.kept.value().map(|pair| pair.k),
            "status": self.kept.status().name(),
            "bids": bids,
            "asks": asks,
            "distances": rows.collect::<Vec<_>>(),
        })
    }
}

impl RowSink for Probes {
    fn levels(&mut self, rows: &BookRows<'_>, from: usize) -> usize {
        self.book.on_levels(rows, from, &mut self.orders)
    }

    fn other(&mut self, row: BookRow, _: u64, ts: i64) {
        self.book.on_row(row, &mut self.orders, ts);
    }
}

/// The price so many whole ticks from the mid; `None` without a mid or off the grid.
fn place_of(spec: &InstrumentSpec, side: Side, mid2: i64, ticks: i64) -> Option<Px> {
    if mid2 <= 0 {
        return None;
    }
    match side {
        Side::Bid => {
            let first = spec.floor(Px(mid2 / 2))?;
            spec.floor(Px(first.0 - ticks * spec.step(first)))
        }
        Side::Ask => {
            let first = spec.ceil(Px((mid2 + 1) / 2));
            Some(spec.ceil(Px(first.0 + ticks * spec.step(first))))
        }
    }
}

/// Every probe: its side and its distance, by place.
fn slots() -> impl Iterator<Item = (usize, usize)> {
    (0..2).flat_map(|side| (0..TICKS.len()).map(move |ticks| (side, ticks)))
}

fn cloid(side: usize, ticks: usize) -> Cloid {
    Cloid((side * TICKS.len() + ticks) as u128)
}

fn slot(cloid: Cloid) -> (usize, usize) {
    let at = cloid.0 as usize;
    (at / TICKS.len(), at % TICKS.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::flags;
    use crate::event::RowKind;
    use crate::queue::QueueModel;
    use crate::units::Venue;

    const SECOND: i64 = 1_000_000_000;
    /// Bids from 1,000 down, asks from 1,001 up: the mid stands half a tick above the best bid.
    const BID: i64 = 1_000;

    fn row(kind: RowKind, side: i8, px: i64, qty: i64, flags: u8) -> BookRow {
        BookRow { kind, side, px, qty, n: 0, flags }
    }

    /// Levels of so many lots each.
    fn started(qty: i64) -> Probes {
        let venue = VenueConfig {
            queue: QueueModel::RiskAverse,
            partial_fills: true,
            through_volume: false,
        };
        let mut probes = Probes::new(InstrumentSpec::fixed(Venue::Other, 0, 0, 1), venue);
        probes.other(row(RowKind::Clear, 0, 0, 0, 0), 0, 0);
        for depth in 0..40 {
            for (side, px) in [(1, BID - depth), (-1, BID + 1 + depth)] {
                let last = if depth == 39 && side < 0 { flags::LAST | flags::SNAPSHOT } else { 0 };
                probes.other(row(RowKind::Level, side, px, qty, last), 0, 0);
            }
        }
        probes.on_step(0);
        probes
    }

    /// A sale of so many lots at so many ticks below the best bid.
    fn sell(probes: &mut Probes, depth: i64, qty: i64, now: i64) {
        probes.other(row(RowKind::Trade, -1, BID - depth, qty, flags::LAST), 0, now);
        probes.on_step(now);
    }

    #[test]
    fn a_probe_is_filled_once_its_queue_is_gone() {
        let mut probes = started(5);
        sell(&mut probes, 0, 5, SECOND);
        assert_eq!(probes.seen(0, &[Side::Bid], 30), (0, 1.0), "five lots were ahead");
        sell(&mut probes, 0, 1, 2 * SECOND);
        assert_eq!(probes.seen(0, &[Side::Bid], 30), (1, 2.0));
        // Placed anew, at the end of the queue.
        sell(&mut probes, 0, 5, 3 * SECOND);
        assert_eq!(probes.seen(0, &[Side::Bid], 30), (1, 3.0));
        assert_eq!(probes.seen(0, &Side::BOTH, 30), (1, 6.0));
        assert_eq!(probes.seen(1, &[Side::Bid], 30), (0, 3.0));
    }

    #[test]
    fn a_trade_through_the_price_fills_all_that_is_nearer() {
        let mut probes = started(5);
        sell(&mut probes, 3, 1, SECOND);
        for (at, ticks) in TICKS.iter().enumerate() {
            assert_eq!(probes.seen(at, &[Side::Bid], 30).0, u32::from(*ticks < 3), "{ticks}");
        }
    }

    #[test]
    fn a_mid_that_moves_takes_the_probes_with_it() {
        let mut probes = started(5);
        // The best bid is bought up; the mid falls by half a tick, and bids with it.
        probes.other(row(RowKind::Gone, 1, BID, 0, flags::LAST), 0, SECOND);
        probes.on_step(SECOND);
        let bids = probes.orders.resting().iter().filter(|order| order.side == Side::Bid);
        let places: Vec<i64> = bids.map(|order| order.px.0).collect();
        assert_eq!(places, TICKS.map(|ticks| BID - ticks), "the mid is the price of the old bid");
        assert_eq!(probes.orders.resting().len(), 2 * TICKS.len());
    }

    #[test]
    fn silence_counts_for_nothing() {
        let mut probes = started(5);
        sell(&mut probes, 0, 6, 16 * SECOND);
        assert_eq!(probes.seen(0, &[Side::Bid], 30), (0, 0.0));
    }

    #[test]
    fn the_fit_finds_the_decay_of_the_fills() {
        let mut probes = started(5_000);
        let mut filled = 0;
        for second in 1..1_700 {
            // One second in two a sale goes through d ticks; a third of them one deeper.
            let depth =
                (0..6).take_while(|d| second % 3_i64.pow(*d as u32 + 1) == 0).count() as i64;
            let sold = second % 2 == 0;
            filled += i64::from(sold);
            if sold {
                sell(&mut probes, depth + 1, 1, second * SECOND);
            } else {
                probes.on_step(second * SECOND);
            }
        }
        assert!(filled > 800);
        let Some(pair) = probes.kept().value() else {
            panic!("{:?}", probes.kept().status());
        };
        assert!((pair.k - libm::log(3.0)).abs() < 0.05, "{pair:?}");
        assert!((pair.a - 0.25).abs() < 0.03, "of two sides one is sold to: {pair:?}");
    }
}
