//! The order-count queue model at work in the venue: order counts of rows, prints, own orders.
//!
//! Our orders buy at 100; sizes are in lots.

mod vectors;
mod venue_case;

use mm_core::event::flags;
use mm_core::event::RowKind;
use mm_core::queue::QpnConfig;
use serde_json::Value;
use vectors::number;
use vectors::qpn_config;
use vectors::rows;
use vectors::vectors;
use venue_case::level_kind;
use venue_case::Case;

const PX: i64 = 100;

/// A market of 100 bid, holding `qty` lots in `n` orders, and 101 asked.
fn market(queue: &str, (qty, n): (i64, u32)) -> Case {
    let mut case = Case::new(queue, true);
    case.row(RowKind::Level, -1, (101, 1000, 9)).row(RowKind::Level, 1, (99, 1000, 9));
    case.level(qty, n);
    case
}

impl Case {
    fn knowing(self, qpn: QpnConfig) -> Self {
        Self { venue: self.venue.with_qpn(qpn), ..self }
    }

    fn row(&mut self, kind: RowKind, side: i8, level: (i64, i64, u32)) -> &mut Self {
        self.show(kind, side, level, flags::LAST)
    }

    fn level(&mut self, qty: i64, n: u32) -> &mut Self {
        self.row(level_kind(qty), 1, (PX, qty, n))
    }

    fn sold(&mut self, qty: i64) -> &mut Self {
        self.row(RowKind::Trade, -1, (PX, qty, 0))
    }

    fn buy(&mut self, id: u128, size: i64) -> &mut Self {
        self.order(id, PX, size)
    }
}

/// Two orders of 40 and 20 are ahead, one of 30 joins behind, then 20 are cancelled.
fn joined(queue: &str) -> Case {
    let mut case = market(queue, (60, 2));
    case.buy(1, 10).after(500).level(90, 3).after(500).level(70, 2);
    case
}

#[test]
fn a_cancel_of_a_size_that_nobody_behind_has_was_ahead() {
    assert_eq!(joined("qpn").ahead(), 40.0);
    assert_eq!(joined("risk-averse").ahead(), 60.0);
}

#[test]
fn a_cancel_of_the_size_that_joined_behind_was_behind() {
    let mut case = market("qpn", (60, 2));
    case.buy(1, 10).after(500).level(90, 3).after(500).level(60, 2);
    assert!((case.ahead() - 60.0).abs() < 0.1, "{}", case.ahead());
}

#[test]
fn without_order_counts_a_fixed_rule_shares_and_the_order_is_counted() {
    let ahead = |queue| {
        let mut case = market(queue, (60, 0));
        case.buy(1, 10).after(500).level(90, 0).after(500).level(70, 0);
        (case.ahead(), case.venue.counts().uncounted_orders)
    };
    let (expected, _) = ahead("pow3:3");
    assert_eq!(ahead("qpn"), (expected, 1));
    assert_eq!(ahead("pow3:3").1, 0, "a model that does not count misses nothing");
    assert_eq!(joined("qpn").venue.counts().uncounted_orders, 0);
}

#[test]
fn counts_that_end_later_are_told_once() {
    let mut case = joined("qpn");
    case.after(500).level(65, 0).after(500).level(60, 0).level(50, 2);
    assert_eq!(case.venue.counts().uncounted_orders, 1);
    // An order inside the spread begins behind nobody, whether or not the source counts.
    let mut case = market("qpn", (0, 0));
    case.buy(1, 10).after(1).level(7, 0);
    assert_eq!((case.ahead(), case.venue.counts().uncounted_orders), (0.0, 1));
}

#[test]
fn a_trade_and_its_depth_row_count_once_in_either_order() {
    let cases = [false, true].map(|trade_first| {
        let mut case = joined("qpn");
        if trade_first {
            case.after(2).sold(25).level(45, 2);
        } else {
            case.after(2).level(45, 2).sold(25);
        }
        let ahead = case.ahead();
        // The order of 15 that is left ahead goes; what is behind is known to be 30.
        case.after(500).level(30, 1);
        (ahead, case.ahead())
    });
    assert_eq!(cases, [(15.0, 0.0); 2]);
}

#[test]
fn a_late_trade_fills_what_it_fills_in_order() {
    let fills = [false, true].map(|trade_first| {
        let mut case = joined("qpn");
        if trade_first {
            case.after(2).sold(40).sold(5).level(25, 1);
        } else {
            case.after(2).level(25, 1).sold(40).sold(5);
        }
        case.fills()
    });
    assert_eq!(fills, [[(1, 5)], [(1, 5)]]);
}

#[test]
fn own_orders_at_one_price_share_a_print_in_their_own_order() {
    let mut case = joined("qpn");
    // The second order joins behind the 40 and the 30.
    case.buy(2, 10);
    let aheads: Vec<f64> = case.venue.orders().iter().map(|o| o.ahead()).collect();
    assert_eq!(aheads, [40.0, 70.0]);
    case.after(2).sold(45);
    assert_eq!(case.fills(), [(1, 5)]);
    case.sold(100);
    assert_eq!(case.fills(), [(1, 5), (2, 10)]);
    let mut case = market("qpn", (0, 0));
    case.buy(1, 9).buy(2, 9).buy(3, 9).sold(10);
    assert_eq!(case.fills(), [(1, 9), (2, 1)]);
}

#[test]
fn the_place_is_kept_while_the_level_is_out_of_sight() {
    let mut case = joined("qpn");
    case.row(RowKind::Left, 1, (PX, 0, 0)).after(500);
    assert_eq!(case.ahead(), 40.0);
    case.level(70, 2);
    assert_eq!(case.ahead(), 40.0);
    case.row(RowKind::Left, 1, (PX, 0, 0)).after(500).level(30, 1);
    assert_eq!(case.ahead(), 30.0);
}

#[test]
fn a_cleared_snapshot_gives_the_same_place_as_rows() {
    let mut case = market("qpn", (60, 2));
    case.buy(1, 10).after(500).level(90, 3).after(500);
    case.show(RowKind::Clear, 0, (0, 0, 0), 0);
    case.show(RowKind::Level, 1, (PX, 70, 2), flags::SNAPSHOT);
    case.show(RowKind::Level, -1, (101, 1000, 9), flags::SNAPSHOT | flags::LAST);
    assert_eq!(case.ahead(), joined("qpn").ahead());
}

#[test]
fn a_sweep_leaves_nobody_ahead() {
    let mut case = joined("qpn");
    case.after(2).row(RowKind::Trade, -1, (99, 4, 0));
    assert_eq!((case.fills(), case.ahead()), (vec![(1, 4)], 0.0));
}

/// Lots of a thousandth.
fn lots(value: &Value) -> i64 {
    (number(value) * 1e3).round() as i64
}

/// The sequence as rows: the prints of a step are one burst that uses up as many orders as it
/// can; returns the steps whose quantity ahead is the wanted one, until the order is filled.
fn play(file: &Value, insert: &Value, steps: &[Value], wanted: &[f64]) -> usize {
    let n = |value: &Value| number(value) as u32;
    let mut case = market("qpn", (lots(&insert["Q"]), n(&insert["n"])));
    case = case.knowing(qpn_config(file));
    case.buy(1, 1_000_000);
    for (at, (step, wanted)) in steps.iter().zip(wanted).enumerate() {
        case.after((number(&step["dt"]) * 1e3).round() as i64);
        let (volume, prints) = (lots(&step["V"]), i64::from(n(&step["f"]).max(1)));
        for print in 0..prints {
            let share = volume / prints + i64::from(print < volume % prints);
            if share > 0 {
                case.sold(share);
            }
        }
        case.level(lots(&step["Q"]), n(&step["n"]));
        if (case.ahead() - wanted * 1e3).abs() > 1e-6 {
            return at;
        }
    }
    steps.len()
}

#[test]
fn the_venue_follows_the_sequences_of_the_model() {
    let file = vectors("queue.json");
    for case in rows(&file["cases"]) {
        let wanted: Vec<f64> =
            rows(&case["models"]["qpn"]).iter().map(|step| number(&step["ahead"])).collect();
        let steps = rows(&case["steps"]);
        let right = play(&file, &case["insert"], steps, &wanted);
        // Its second step says that a print used up nobody, where one cancel explains more.
        let all = if case["name"] == "trade_and_cancel_mixed" { 1 } else { steps.len() };
        assert_eq!(right, all, "{}", case["name"]);
    }
}
