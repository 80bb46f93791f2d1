//! Golden — quotes and queues against the test vectors, digit by digit.

mod vectors;

use mm_core::instrument::InstrumentSpec;
use mm_core::queue::Interval;
use mm_core::queue::QpnState;
use mm_core::queue::QueueModel;
use mm_core::quote::quote;
use mm_core::quote::NoQuote;
use mm_core::quote::QuoteMode;
use mm_core::quote::QuoteParams;
use mm_core::quote::QuoteState;
use mm_core::units::Lots;
use mm_core::units::Px;
use mm_core::units::Side;
use serde_json::Value;
use vectors::number;
use vectors::qpn_config;
use vectors::rows;
use vectors::vectors;

const LOT: f64 = 0.001;

fn assert_close(case: &str, got: f64, wanted: f64) {
    let scale = got.abs().max(wanted.abs()).max(1.0);
    assert!((got - wanted).abs() <= 1e-9 * scale, "{case}: got {got}, wanted {wanted}");
}

/// A number that may be missing or written as the text `NaN`.
fn optional(value: &Value) -> Option<f64> {
    if value.as_str() == Some("NaN") {
        return Some(f64::NAN);
    }
    value.as_f64()
}

fn units(value: &Value, decimals: u32) -> Option<Px> {
    let price: f64 = value.as_str()?.parse().expect("a decimal");
    Some(Px((price * 10_f64.powi(decimals as i32)).round() as i64))
}

fn params(p: &Value) -> QuoteParams {
    QuoteParams {
        mode: match p["mode"].as_str() {
            Some("bps") => QuoteMode::Bps,
            Some("glft") => QuoteMode::Glft,
            other => panic!("unknown mode {other:?}"),
        },
        base_spread_bps: number(&p["base_spread_bps"]),
        vol_multiplier: number(&p["vol_multiplier"]),
        vol_horizon_s: number(&p["vol_horizon_s"]),
        max_spread_bps: number(&p["max_spread_bps"]),
        inventory_skew_factor: number(&p["inventory_skew_factor"]),
        bias_strength: number(&p["bias_strength"]),
        num_levels: number(&p["num_levels"]) as usize,
        level_step_frac: number(&p["level_step_frac"]),
        order_size_usd: number(&p["order_size_usd"]),
        size_decay: number(&p["size_decay"]),
        size_skew_factor: number(&p["size_skew_factor"]),
        max_position_usd: number(&p["max_position_usd"]),
        min_notional_usd: number(&p["min_notional_usd"]),
        maker_fee: number(&p["maker_fee"]),
        fee_floor: p["fee_floor"] == true,
        min_edge_bps: number(&p["min_edge_bps"]),
        gamma: number(&p["gamma"]),
        xi: number(&p["xi"]),
        intensity_a: number(&p["A"]),
        intensity_k: number(&p["k"]),
        ..QuoteParams::default()
    }
}

fn state(s: &Value, spec: &InstrumentSpec) -> QuoteState {
    let lots = number(&s["q"]) * 10_f64.powi(spec.size_decimals as i32);
    QuoteState {
        best_bid: units(&s["best_bid"], spec.px_decimals),
        best_ask: units(&s["best_ask"], spec.px_decimals),
        fair: optional(&s["fair"]),
        sigma: optional(&s["sigma"]),
        position: Lots(lots.round() as i64),
        bias: number(&s["bias"]),
        m_bid: number(&s["m_bid"]),
        m_ask: number(&s["m_ask"]),
        m_spread: number(&s["M_spread"]),
        m_size: number(&s["M_size"]),
        m_maxpos: number(&s["M_maxpos"]),
        ..QuoteState::default()
    }
}

fn reason(reason: NoQuote) -> &'static str {
    match reason {
        NoQuote::EmptyBook => "empty_book",
        NoQuote::OneSidedBook => "one_sided_book",
        NoQuote::CrossedBook => "crossed_book",
        NoQuote::NoFairPrice => "no_fair_price",
        NoQuote::NoVolatility => "no_volatility",
        NoQuote::StaleData | NoQuote::Gap | NoQuote::Halted => "not of this function",
    }
}

#[test]
fn quotes_are_the_wanted_ones() {
    let file = vectors("quoting.json");
    let cases = rows(&file["cases"]);
    assert_eq!(cases.len(), 38);
    for case in cases {
        let name = case["name"].as_str().expect("a name");
        let spec = InstrumentSpec::hyperliquid(number(&case["params"]["sz_decimals"]) as u32);
        let (ladder, diag) = quote(&spec, &params(&case["params"]), &state(&case["state"], &spec));
        let wanted = &case["expect"];
        assert_eq!(ladder.reason.map(reason), wanted["reason"].as_str(), "{name}");
        for (side, key) in [(Side::Bid, "bids"), (Side::Ask, "asks")] {
            let got: Vec<(i64, i64, i64)> =
                ladder.side(side).iter().map(|t| (i64::from(t.level), t.px.0, t.size.0)).collect();
            let whole = |value: &Value| value.as_i64().expect("an integer");
            let wanted: Vec<(i64, i64, i64)> = rows(&wanted[key])
                .iter()
                .map(|r| (whole(&r["level"]), whole(&r["px_units"]), whole(&r["sz_lots"])))
                .collect();
            assert_eq!(got, wanted, "{name} {key}");
        }
        let shown = [
            ("sigma_bps", diag.sigma_bps),
            ("S_bps", diag.spread_bps),
            ("rho", diag.rho),
            ("reservation", diag.reservation),
            ("half_bid", diag.half_bid),
            ("half_ask", diag.half_ask),
            ("level_step", diag.level_step),
        ];
        for (key, got) in shown {
            if let Some(wanted) = wanted["diag"][key].as_f64() {
                assert_close(&format!("{name} {key}"), got, wanted);
            }
        }
    }
}

fn model(name: &str) -> QueueModel {
    match name {
        "risk_averse" => QueueModel::RiskAverse,
        "log1" => QueueModel::Log1(1.0),
        "log2" => QueueModel::Log2(1.0),
        other => QueueModel::parse(&other.replace('_', ":")).expect("a power rule"),
    }
}

fn lots(value: &Value) -> f64 {
    (number(value) / LOT).round()
}

fn interval(step: &Value, before: (f64, f64)) -> Interval {
    Interval {
        q0: before.0,
        n0: before.1,
        traded: lots(&step["V"]),
        exhausted: number(&step["f"]),
        q1: lots(&step["Q"]),
        n1: number(&step["n"]),
        dt: number(&step["dt"]),
    }
}

#[test]
fn classical_queues_follow_the_sequences() {
    let file = vectors("queue.json");
    for case in rows(&file["cases"]) {
        for (name, wanted) in case["models"].as_object().expect("models") {
            if name == "qpn" {
                continue;
            }
            let model = model(name);
            let mut ahead = lots(&case["insert"]["Q"]);
            let mut left = lots(&case["insert"]["size"]);
            let mut before = (ahead, number(&case["insert"]["n"]));
            for (step, wanted) in rows(&case["steps"]).iter().zip(rows(wanted)) {
                let level = interval(step, before);
                let fill = left.min((level.traded - ahead).max(0.0));
                left -= fill;
                ahead = model.advance(ahead, level.q0, level.traded, level.q1);
                let label = format!("{} {name}", case["name"]);
                assert_close(&label, ahead * LOT, number(&wanted["ahead"]));
                assert_close(&label, fill * LOT, number(&wanted["fill"]));
                before = (level.q1, level.n1);
            }
        }
    }
}

#[test]
fn counted_queues_follow_the_sequences() {
    let file = vectors("queue.json");
    let config = qpn_config(&file);
    for case in rows(&file["cases"]) {
        let name = case["name"].as_str().expect("a name");
        let mut before = (lots(&case["insert"]["Q"]), number(&case["insert"]["n"]));
        let mut order = QpnState::insert(&config, before.0, before.1);
        for (step, wanted) in rows(&case["steps"]).iter().zip(rows(&case["models"]["qpn"])) {
            let level = interval(step, before);
            let posterior = order.step(&config, &level);
            assert_close(name, order.ahead() * LOT, number(&wanted["ahead"]));
            assert_close(name, order.n_ahead(), number(&wanted["n_ahead"]));
            match (posterior, wanted["p_ahead_of_cancel"].as_f64()) {
                (Some(got), Some(wanted)) => assert_close(name, got, wanted),
                (got, wanted) => assert_eq!(got, wanted, "{name}: posterior"),
            }
            let groups = rows(&wanted["groups"]);
            assert_eq!(order.groups().len(), groups.len(), "{name}: groups");
            for (got, wanted) in order.groups().iter().zip(groups) {
                assert_close(name, got.size * LOT, number(&wanted[0]));
                assert_close(name, got.count, number(&wanted[1]));
                assert_close(name, got.born, number(&wanted[2]));
                assert_eq!(got.exact, wanted[3] == true, "{name}: exact");
            }
            before = (level.q1, level.n1);
        }
    }
}

#[test]
fn counted_queues_calibrate_on_the_simulated_worlds() {
    let file = vectors("queue.json");
    let config = qpn_config(&file);
    for (index, world) in rows(&file["simulated"]).iter().enumerate() {
        let mut before = (lots(&world["insert"]["Q"]), number(&world["insert"]["n"]));
        let mut order = QpnState::insert(&config, before.0, before.1);
        for (at, step) in rows(&world["steps"]).iter().enumerate() {
            let level = interval(step, before);
            order.step(&config, &level);
            let label = format!("world {index} step {at}");
            assert_close(&label, order.ahead() * LOT, number(&step["qpn_ahead"]));
            assert_close(&label, order.n_ahead(), number(&step["qpn_n"]));
            before = (level.q1, level.n1);
        }
        let bins = [("exposure_per_bin", order.exposure()), ("cancels_per_bin", order.cancels())];
        for (key, got) in bins {
            for (got, wanted) in got.iter().zip(rows(&world[key])) {
                assert_close(&format!("world {index} {key}"), *got, number(wanted));
            }
        }
    }
}
