//! The golden cases of one resting order: status, fills and the quantity ahead after each event.

use mm_core::replay::replay_case;
use serde_json::json;
use serde_json::Value;

const CASES: &str = include_str!("../../../tests/golden/vectors/replay.json");

fn close(got: &Value, want: &Value) -> bool {
    match (got.as_f64(), want.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0),
        _ => got == want,
    }
}

fn same(got: &Value, want: &Value) -> bool {
    match (got, want) {
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(x, y)| same(x, y))
        }
        (Value::Object(a), Value::Object(b)) => {
            b.iter().all(|(key, y)| a.get(key).is_some_and(|x| same(x, y)))
        }
        _ => close(got, want),
    }
}

#[test]
fn every_case_matches_its_vector() {
    let file: Value = serde_json::from_str(CASES).expect("the vector file is JSON");
    let cases = file["cases"].as_array().expect("cases are a list");
    let mut wrong = Vec::new();
    for case in cases {
        for (key, queue) in [("risk_averse", "risk-averse"), ("pow3_2", "pow3:2")] {
            let text = json!({
                "order": case["order"], "events": case["events"],
                "depth": case["depth"], "queue": queue,
            });
            let got = replay_case(&text.to_string()).expect("the case runs");
            let got: Value = serde_json::from_str(&got).expect("the outcome is JSON");
            if !same(&got, &case[key]) {
                wrong.push(format!("{} {key}\n got  {got}\n want {}", case["name"], case[key]));
            }
        }
    }
    assert_eq!(cases.len(), 16);
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
