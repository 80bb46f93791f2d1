//! Exchange case — an exchange whose book a test says, with two accounts and their words.

use mm_core::sim::exchange::Exchange;
use mm_core::sim::exchange::ExchangeSpec;
use mm_core::units::UnixNanos;
use serde_json::json;
use serde_json::Value;

pub(crate) const START: i64 = 1_767_571_200_000_000_000;
pub(crate) const BLOCK: i64 = 70_000_000;
pub(crate) const USD: i64 = 1_000_000;
pub(crate) const ANN: &str = "0x00000000000000000000000000000000000000aa";
pub(crate) const BOB: &str = "0x00000000000000000000000000000000000000bb";

/// An exchange with a clock in hand.
pub(crate) struct Case {
    pub(crate) exchange: Exchange,
    nonce: u64,
    /// What happened in the last blocks that a question made.
    pub(crate) events: Vec<Value>,
}

fn values(of: &impl serde::Serialize) -> Vec<Value> {
    let text = serde_json::to_string(of).expect("plain values");
    serde_json::from_str(&text).expect("a list")
}

pub(crate) fn answer(text: Result<String, mm_core::error::CoreError>) -> Value {
    serde_json::from_str(&text.expect("a known account and coin")).expect("JSON")
}

impl Case {
    /// BTC from frames: bids 99 and 98, asks 101 and 102 thousand dollars, one coin each.
    pub(crate) fn new(changes: Value) -> Self {
        let coin = json!({"name": "BTC", "size_decimals": 5, "max_leverage": 40,
            "source": {"kind": "pushed"}});
        let mut case = Self::of(json!([coin]), changes);
        case.book(&[(99_000, 1), (98_000, 1)], &[(101_000, 1), (102_000, 1)]);
        case.mark(100_000, 100_000);
        case.step();
        case
    }

    /// An exchange of these coins, with 100,000 dollars each for two accounts.
    pub(crate) fn of(coins: Value, changes: Value) -> Self {
        let mut spec = json!({"start_ns": START, "coins": coins});
        let more = changes.as_object().cloned().unwrap_or_default();
        spec.as_object_mut().expect("an object").extend(more);
        let spec = ExchangeSpec::parse(&spec.to_string()).expect("a lawful specification");
        let mut exchange = Exchange::new(&spec).expect("an exchange");
        for user in [ANN, BOB] {
            exchange.deposit(user, 100_000 * USD).expect("money comes in");
        }
        Self { exchange, nonce: START as u64 / 1_000_000, events: Vec::new() }
    }

    fn push(&mut self, frame: &Value) {
        let at = UnixNanos(self.exchange.now().0 + 1);
        self.exchange.push_frame(0, at, frame.to_string().as_bytes()).expect("a lawful frame");
    }

    /// The displayed book becomes this, whole dollars and whole coins.
    pub(crate) fn book(&mut self, bids: &[(i64, i64)], asks: &[(i64, i64)]) {
        let row = |(px, sz): &(i64, i64)| json!({"px": format!("{px}.0"), "sz": format!("{sz}.0"), "n": 1});
        let side = |rows: &[(i64, i64)]| rows.iter().map(row).collect::<Vec<_>>();
        let time = self.exchange.now().0 / 1_000_000 + 1;
        self.push(&json!({"channel": "l2Book",
            "data": {"coin": "BTC", "time": time, "levels": [side(bids), side(asks)]}}));
    }

    /// Mark and oracle become this, whole dollars.
    pub(crate) fn mark(&mut self, mark: i64, oracle: i64) {
        self.push(&json!({"channel": "activeAssetCtx", "data": {"coin": "BTC", "ctx": {
            "funding": "0.0000125", "openInterest": "1.0", "prevDayPx": "100000.0",
            "dayNtlVlm": "0.0", "premium": "0.0", "oraclePx": format!("{oracle}.0"),
            "markPx": format!("{mark}.0"), "midPx": null, "impactPxs": null}}}));
    }

    /// An action arrives.
    pub(crate) fn send(&mut self, signer: &str, action: &Value) -> u64 {
        self.nonce += 1;
        let nonce = self.nonce;
        let sent = self.exchange.submit((signer, None), &action.to_string(), nonce, None);
        sent.expect("a lawful action")
    }

    /// The next block; all replies since the last.
    pub(crate) fn step(&mut self) -> Vec<Value> {
        self.advance(BLOCK);
        values(&self.exchange.replies())
    }

    pub(crate) fn advance(&mut self, ns: i64) {
        let until = self.exchange.now().0 + ns;
        self.exchange.advance(UnixNanos(until)).expect("blocks come");
        self.events = values(&self.exchange.events());
    }

    /// One action in a block of its own: its answer.
    pub(crate) fn ask(&mut self, signer: &str, action: &Value) -> Value {
        let ticket = self.send(signer, action);
        let replies = self.step();
        let own = replies.into_iter().find(|reply| reply["ticket"] == ticket);
        own.expect("every ticket is answered in its block")
    }

    /// One order in a block of its own: its item.
    pub(crate) fn place(&mut self, signer: &str, order: Value) -> Value {
        self.ask(signer, &json!({"type": "order", "orders": [order]}))["ok"][0].clone()
    }

    /// The orders' words of the last blocks, for one account.
    pub(crate) fn words(&self, user: &str) -> Vec<String> {
        let own = self.events.iter().filter(|e| e["e"] == "order" && e["user"] == user);
        own.map(|e| e["status"].as_str().expect("a word").to_owned()).collect()
    }

    /// Side, price, lots and whether it took, of fills in the last blocks.
    pub(crate) fn fills(&self, user: &str) -> Vec<(String, i64, i64, bool)> {
        let own = self.events.iter().filter(|e| e["e"] == "fill" && e["user"] == user);
        own.map(|e| {
            let int = |key: &str| e[key].as_i64().expect("a number");
            let side = e["side"].as_str().expect("a side").to_owned();
            (side, int("px") / 10, int("size"), e["crossed"] == true)
        })
        .collect()
    }

    pub(crate) fn account(&self, user: &str) -> Value {
        answer(self.exchange.account(user))
    }

    pub(crate) fn audit(&self, user: &str) -> Value {
        answer(self.exchange.audit(user))
    }
}

/// An order in whole dollars and lots of 1e-5 coins.
pub(crate) fn order(side: &str, px: i64, size: i64, tif: &str) -> Value {
    json!({"coin": 0, "side": side, "px": px * 10, "size": size, "tif": tif, "reduce_only": false,
        "cloid": null, "trigger": null})
}

/// A value with some keys replaced.
pub(crate) fn with(mut value: Value, changes: Value) -> Value {
    let more = changes.as_object().cloned().unwrap_or_default();
    value.as_object_mut().expect("an object").extend(more);
    value
}
