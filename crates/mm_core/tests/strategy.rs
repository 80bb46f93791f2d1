//! Strategy — what holds for signals and adaptation whatever the market does.

use mm_core::signal::bulk_buy_share;
use mm_core::signal::directional_bias;
use mm_core::signal::kalman_bias;
use mm_core::signal::qqe_bias;
use mm_core::signal::toxicity_score;
use mm_core::signal::Bar;
use mm_core::signal::Bias;
use mm_core::signal::Candle;
use mm_core::signal::CandleFeatures;
use mm_core::signal::MinuteBars;
use mm_core::signal::ScoredFill;
use mm_core::signal::Toxicity;
use mm_core::signal::Trees;
use mm_core::signal::Trend;
use mm_core::signal::Vpin;
use mm_core::signal::TREES_SCHEMA;
use mm_core::strategy::decayed_skew;
use mm_core::strategy::size_factors;
use mm_core::strategy::InventoryAge;
use mm_core::strategy::Regime;
use mm_core::strategy::RegimeTracker;
use mm_core::strategy::SizerInputs;
use mm_core::strategy::SkewDecay;
use mm_core::strategy::Tuner;
use mm_core::strategy::TunerInputs;
use mm_core::units::Cash;
use mm_core::units::Lots;
use mm_core::units::Side;
use mm_core::units::UnixNanos;
use proptest::prelude::*;
use sha2::Digest;
use sha2::Sha256;

const MINUTE: i64 = 60_000_000_000;
const START: i64 = 29_500_000 * MINUTE;

/// Any double at all, the odd ones often.
fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => any::<f64>(),
        4 => -10.0..10.0,
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        1 => Just(0.0),
    ]
}

fn side() -> impl Strategy<Value = Side> {
    any::<bool>().prop_map(|buy| if buy { Side::Bid } else { Side::Ask })
}

fn trend() -> impl Strategy<Value = Trend> {
    prop_oneof![Just(Trend::Up), Just(Trend::Down), Just(Trend::Unknown)]
}

/// Bars of a walk in steps of a tick, some of them spoilt, some minutes missing.
fn bars() -> impl Strategy<Value = Vec<Bar>> {
    let step = (-30_i32..31, 1_i64..4, 0_u8..40);
    proptest::collection::vec(step, 80..200).prop_map(|steps| {
        let (mut close, mut minute) = (3_000.0, 0);
        let bar = |(ticks, minutes, spoil): (i32, i64, u8)| {
            let open = close;
            close += f64::from(ticks) * 0.1;
            minute += if minutes == 3 { 5 } else { 1 };
            let start = UnixNanos(START + minute * MINUTE);
            let (high, low) = (open.max(close) + 0.1, open.min(close) - 0.1);
            match spoil {
                0 => Bar { start, open, high, low, close: f64::NAN },
                1 => Bar { start, open, high: low, low: high, close },
                _ => Bar { start, open, high, low, close },
            }
        };
        steps.into_iter().map(bar).collect()
    })
}

fn mirrored(bar: &Bar) -> Bar {
    let Bar { start, open, high, low, close } = *bar;
    Bar { start, open: 6e3 - open, high: 6e3 - low, low: 6e3 - high, close: 6e3 - close }
}

proptest! {
    #[test]
    fn parts_of_the_bias_stay_within_one(a in any_number(), b in any_number(), trend in trend()) {
        for part in [kalman_bias(a, b), qqe_bias(a, trend), directional_bias(
            kalman_bias(a, b), qqe_bias(b, trend))] {
            prop_assert!((-1.0..=1.0).contains(&part), "{part} of {a} and {b}");
        }
    }

    #[test]
    fn the_bias_stays_within_one_and_turns_with_the_market(bars in bars()) {
        let (mut bias, mut opposite) = (Bias::default(), Bias::default());
        for bar in &bars {
            bias.on_bar(bar);
            opposite.on_bar(&mirrored(bar));
            let (one, other) = (bias.value(bar.end()), opposite.value(bar.end()));
            prop_assert!((-1.0..=1.0).contains(&one));
            // The threshold of 0.10 may fall between two roundings of one number.
            let at_threshold = one.abs().max(other.abs()) < 0.101;
            prop_assert!((one + other).abs() < 1e-4 || at_threshold, "{one} and {other}");
        }
    }

    #[test]
    fn minute_bars_hold_every_mid(mids in proptest::collection::vec((0_i64..40, 1_u32..999), 1..300)) {
        let (mut made, mut now, mut closed) = (MinuteBars::default(), START, Vec::new());
        let mut seen = Vec::new();
        for (seconds, mid) in mids {
            now += seconds * 1_000_000_000;
            seen.push((now, f64::from(mid)));
            closed.extend(made.on_mid(UnixNanos(now), f64::from(mid)));
        }
        closed.extend(made.on_mid(UnixNanos(now + 2 * MINUTE), 1.0));
        let held = |bar: &Bar| {
            let inside = |at: &&(i64, f64)| (bar.start.0..bar.end().0).contains(&at.0);
            let mids: Vec<f64> = seen.iter().filter(inside).map(|at| at.1).collect();
            let high = mids.iter().copied().fold(f64::MIN, f64::max);
            let low = mids.iter().copied().fold(f64::MAX, f64::min);
            mids.first() == Some(&bar.open) && mids.last() == Some(&bar.close)
                && (high, low) == (bar.high, bar.low)
        };
        prop_assert!(closed.iter().all(held));
        let minutes: std::collections::BTreeSet<i64> = seen.iter().map(|at| at.0 / MINUTE).collect();
        prop_assert_eq!(closed.len(), minutes.len());
    }

    #[test]
    fn features_are_numbers_whatever_the_candles(
        bars in bars(), volume in any_number(), side in side(), quote in 1.0..1e5,
    ) {
        let mut features = CandleFeatures::default();
        for (at, bar) in bars.iter().enumerate() {
            let volume = if at % 7 == 3 { volume } else { at as f64 };
            features.on_candle(&Candle { bar: *bar, volume });
            if let Some(row) = features.row(side, quote) {
                prop_assert!(row.iter().all(|value| value.is_finite()), "{row:?}");
            }
        }
    }
}

/// A fill for the batch formula: seconds after the start, side and price.
type Dealt = (f64, Side, f64);

/// Scores of a side from the definition: every look finds the last mid by its time.
fn batch(mids: &[(i64, f64)], fills: &[(i64, Side, f64)], side: Side, atr: f64) -> Vec<f64> {
    let last = mids.last().map_or(0, |mid| mid.0);
    let score = |&(ts, side, px): &(i64, Side, f64)| {
        let looks = [1.0, 5.0, 60.0].map(|seconds: f64| {
            let due = ts + (seconds * 1e9) as i64;
            let mid = mids.iter().rev().find(|mid| mid.0 <= due).map(|mid| mid.1);
            let scale = libm::sqrt(seconds / 60.0);
            (due <= last).then(|| toxicity_score(side, px, mid.expect("one at 0"), atr * scale))
        });
        looks.into_iter().sum::<Option<f64>>().map(|sum| sum / 3.0)
    };
    fills.iter().filter(|fill| fill.1 == side).filter_map(score).collect()
}

proptest! {
    #[test]
    fn toxicity_as_it_comes_is_toxicity_looked_back_on(
        moves in proptest::collection::vec((1_i64..8_000, -20_i32..21), 1..200),
        dealt in proptest::collection::vec((0.0..400.0, side(), 99.0..101.0), 0..60),
        atr in 0.0..2.0,
    ) {
        let mut mids = vec![(0, 100.0)];
        for (ms, ticks) in moves {
            let (ts, mid) = mids[mids.len() - 1];
            mids.push((ts + ms * 1_000_000, mid + f64::from(ticks) * 0.01));
        }
        let mut fills: Vec<(i64, Side, f64)> = dealt
            .into_iter()
            .map(|(seconds, side, px): Dealt| ((seconds * 1e9) as i64, side, px))
            .collect();
        fills.sort_by_key(|fill| fill.0);
        let mut toxicity = Toxicity::ticks();
        let mut waiting = fills.iter().peekable();
        for (ts, mid) in &mids {
            while let Some((at, side, px)) = waiting.next_if(|fill| fill.0 < *ts) {
                toxicity.on_fill(&ScoredFill { ts: UnixNanos(*at), side: *side, px: *px, atr: Some(atr) });
            }
            toxicity.on_mid(UnixNanos(*ts), *mid);
        }
        toxicity.settle(UnixNanos(mids[mids.len() - 1].0));
        for side in Side::BOTH {
            let scores = batch(&mids, &fills, side, atr);
            let average = scores.iter().copied().reduce(|old, new| old + 0.1 * (new - old));
            prop_assert_eq!(toxicity.fills(side), scores.len() as u64);
            prop_assert_eq!(toxicity.value(side), average);
            prop_assert!([0.9, 1.0, 1.25, 1.5].contains(&toxicity.multiplier(side)));
        }
        prop_assert_eq!(toxicity.skipped(), 0);
    }

    #[test]
    fn a_score_is_within_one_and_grows_with_the_move(
        side in side(), px in 1.0..1e5, a in 0.0..10.0, b in 0.0..10.0, atr in 0.0..5.0,
    ) {
        let at = |against: f64| toxicity_score(side, px, px - side.sign() as f64 * against, atr);
        prop_assert!((0.0..=1.0).contains(&at(a)));
        prop_assert!(at(a.min(b)) <= at(a.max(b)));
        prop_assert_eq!(at(-a), 0.0);
    }

    #[test]
    fn vpin_does_not_depend_on_how_a_trade_is_cut(
        trades in proptest::collection::vec((side(), 1_u32..400), 30..80), cut in 1_u32..9,
    ) {
        let (mut whole, mut parts) = (Vpin::new(64.0, 5).expect("valid"), Vpin::new(64.0, 5).expect("valid"));
        let (mut one, mut other) = (Vec::new(), Vec::new());
        for (side, size) in trades {
            // Eighths are exact, so that bucket ends cannot differ by rounding.
            let first = f64::from(size) * f64::from(cut) / 8.0;
            whole.on_trade(side, f64::from(size), |value| one.push(value));
            parts.on_trade(side, first, |value| other.push(value));
            parts.on_trade(side, f64::from(size) - first, |value| other.push(value));
        }
        prop_assert!(one.iter().all(|value| (0.0..=1.0).contains(value)));
        prop_assert_eq!(one, other);
    }

    #[test]
    fn bulk_shares_are_shares(change in any_number(), sigma in any_number()) {
        let share = bulk_buy_share(change, sigma);
        prop_assert!((0.0..=1.0).contains(&share), "{share}");
    }
}

fn day() -> impl Strategy<Value = TunerInputs> {
    let number = || proptest::option::of(any_number());
    (number(), number(), number(), 0_u64..50).prop_map(|(sharpe, fill_rate, mean_rho, fills)| {
        TunerInputs { sharpe, fill_rate, mean_rho, fills }
    })
}

fn sizes() -> impl Strategy<Value = SizerInputs> {
    let number = || proptest::option::of(any_number());
    let money = || -100_000_000_i64..100_000_000;
    (number(), number(), any_number(), number(), money(), money()).prop_map(
        |(vol_ratio, fill_rate, rho, toxicity, drawdown, drawdown_max)| {
            let (drawdown, drawdown_max) = (Cash(drawdown), Cash(drawdown_max));
            SizerInputs { vol_ratio, fill_rate, rho, toxicity, drawdown, drawdown_max }
        },
    )
}

proptest! {
    #[test]
    fn a_size_is_within_bounds_or_nothing(inputs in sizes(), more in 0_i64..50_000_000) {
        let size = size_factors(&inputs).multiplier;
        let stopped = inputs.drawdown_max.0 > 0 && inputs.drawdown >= inputs.drawdown_max;
        prop_assert!(if stopped { size == 0.0 } else { (0.25..=1.5).contains(&size) }, "{size}");
        let worse = SizerInputs { drawdown: inputs.drawdown + Cash(more), ..inputs };
        prop_assert!(size_factors(&worse).multiplier <= size);
    }

    #[test]
    fn a_larger_inventory_never_sizes_up(inputs in sizes(), a in -2.0..2.0, b in -2.0..2.0) {
        let at = |rho: f64| size_factors(&SizerInputs { rho, ..inputs }).multiplier;
        let (small, large) = if f64::abs(a) < f64::abs(b) { (a, b) } else { (b, a) };
        prop_assert!(at(large) <= at(small));
        prop_assert_eq!(at(a), at(-a));
    }

    #[test]
    fn the_tuner_stays_within_bounds(
        days in proptest::collection::vec(day(), 1..200), base in 0.1..3.0, skew in 0.1..1.0,
    ) {
        let mut tuner = Tuner::new(base, skew);
        for day in &days {
            tuner.step(day);
            let (spread, now) = (tuner.spread_mult() / base, tuner.skew());
            prop_assert!((0.3..=1.7).contains(&spread) && spread >= 0.5 - 1e-12, "{spread}");
            prop_assert!((0.1..=1.0).contains(&now), "{now}");
            prop_assert!((now / skew - 1.0).abs() <= 0.7 + 1e-12, "{now} from {skew}");
        }
    }

    #[test]
    fn a_regime_is_never_further_than_the_hysteresis_allows(
        ratios in proptest::collection::vec(0.0..4.0, 1..100),
    ) {
        let fresh = |ratio: f64| {
            let mut tracker = RegimeTracker::default();
            tracker.on_ratio(ratio);
            tracker.value().expect("a number")
        };
        let mut tracker = RegimeTracker::default();
        for ratio in ratios {
            tracker.on_ratio(ratio);
            let now: Regime = tracker.value().expect("a number");
            prop_assert!((fresh(ratio / 1.05)..=fresh(ratio / 0.95)).contains(&now));
            let before = tracker;
            tracker.on_ratio(ratio);
            prop_assert_eq!(tracker, before);
        }
    }

    #[test]
    fn no_inventory_is_older_than_its_history(
        changes in proptest::collection::vec((0_i64..100, -5_i64..6), 1..100),
    ) {
        let (mut age, mut now, mut position) = (InventoryAge::default(), 0, 0);
        for (seconds, lots) in changes {
            now += seconds * 1_000_000_000;
            position += lots;
            let before = age.seconds(UnixNanos(now));
            age.on_position(UnixNanos(now), Lots(position));
            let after = age.seconds(UnixNanos(now));
            prop_assert!((0.0..=before).contains(&after), "{before} became {after}");
            prop_assert!(after <= now as f64 * 1e-9 + 1e-6);
            prop_assert!(position != 0 || after == 0.0);
        }
    }

    #[test]
    fn a_skew_factor_grows_with_age_up_to_one(factor in 0.0..1.0, a in 0.0..1e6, b in 0.0..1e6) {
        let decay = SkewDecay { kappa: 1.0, half_life_s: 300.0 };
        let at = |age: f64| decayed_skew(factor, age, decay);
        prop_assert!(factor <= at(a) && at(a) <= 1.0);
        prop_assert!(at(f64::min(a, b)) <= at(f64::max(a, b)));
    }
}

/// A file with this model in it.
fn sealed(model: &str) -> String {
    let digest = Sha256::digest(model.as_bytes());
    let sha256: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(r#"{{"schema":"{TREES_SCHEMA}","sha256":"{sha256}","model":{model}}}"#)
}

/// One tree: each split takes the next two nodes that are free.
fn model(splits: &[(usize, f64)], left: &[i64], checked: f64) -> String {
    let nodes = 2 * splits.len() + 1;
    let at = |i: usize| splits.get(i).copied().unwrap_or((0, 0.0));
    let feature: Vec<usize> = (0..nodes).map(|i| at(i).0).collect();
    let threshold: Vec<f64> = (0..nodes).map(|i| at(i).1).collect();
    let right: Vec<i64> =
        left.iter().map(|child| if *child < 0 { -1 } else { child + 1 }).collect();
    let value: Vec<f64> = (0..nodes).map(|i| i as f64 - 3.0).collect();
    let text = serde_json::json!({
        "features": ["a", "b", "c"], "missing": "left", "prior_log_odds": 0.1, "learning_rate": 0.3,
        "trees": [{"feature": feature, "threshold": threshold, "left": left, "right": right,
                   "value": value}],
        "checks": [{"row": [0.0, 0.0, 0.0], "probability": checked}],
    });
    text.to_string()
}

proptest! {
    #[test]
    fn trees_take_any_number_and_never_panic(
        splits in proptest::collection::vec((0_usize..3, -5.0..5.0), 1..12),
        rows in proptest::collection::vec(proptest::array::uniform3(any_number()), 1..20),
    ) {
        let nodes = 2 * splits.len() + 1;
        let child = |i: usize| if i < splits.len() { 2 * i as i64 + 1 } else { -1 };
        let left: Vec<i64> = (0..nodes).map(child).collect();
        let walk = |row: [f64; 3]| {
            let mut at = 0;
            while at < splits.len() {
                let (feature, threshold) = splits[at];
                at = 2 * at + if f64::from(row[feature] as f32) > threshold { 2 } else { 1 };
            }
            1.0 / (1.0 + libm::exp(-(0.1 + 0.3 * (at as f64 - 3.0))))
        };
        let text = sealed(&model(&splits, &left, walk([0.0; 3])));
        let trees = Trees::from_json("f", &text, &["a", "b", "c"]).expect("a tree");
        for row in rows {
            prop_assert_eq!(trees.probability(&row), Ok(walk(row)));
        }
    }

    #[test]
    fn children_anywhere_end_in_an_error_not_a_panic(
        left in proptest::collection::vec(-2_i64..9, 7), checked in 0.0..1.0,
    ) {
        let text = sealed(&model(&[(0, 0.5), (1, 0.5), (2, 0.5)], &left, checked));
        let error = Trees::from_json("f", &text, &["a", "b", "c"]).expect_err("a chance pair");
        prop_assert!(error.to_string().starts_with("f: "));
    }

    #[test]
    fn a_file_with_any_byte_damaged_is_refused(at in 0_usize..400, byte in any::<u8>()) {
        let checked = 1.0 / (1.0 + libm::exp(0.5));
        let text = sealed(&model(&[(0, 0.5)], &[1, -1, -1], checked));
        prop_assert!(Trees::from_json("f", &text, &["a", "b", "c"]).is_ok());
        let mut bytes = text.into_bytes();
        let at = at % bytes.len();
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        let damaged = String::from_utf8_lossy(&bytes);
        prop_assert!(Trees::from_json("f", &damaged, &["a", "b", "c"]).is_err());
    }
}
