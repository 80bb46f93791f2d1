//! Queue models — which share of the cancels at our price was ahead of us.
//!
//! Sources: Rigtorp, "Estimating order queue position" (2013); the model list of the hftbacktest
//! manual. Here the quantity behind excludes what has already traded.

use crate::error::CoreError;
use serde::Deserialize;
use serde::Serialize;

/// A rule for the share of cancelled quantity that leaves from ahead of our order.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum QueueModel {
    /// Every cancel is behind us: only trades move us forward.
    RiskAverse,
    /// `a^n / (a^n + b^n)`.
    Pow1(f64),
    /// `1 - b^n / (a + b)^n`.
    Pow2(f64),
    /// `(a / (a + b))^n`.
    Pow3(f64),
    /// `ln(1 + a/u) / (ln(1 + a/u) + ln(1 + b/u))`, u in lots.
    Log1(f64),
    /// `1 - ln(1 + b/u) / ln(1 + (a + b)/u)`, u in lots.
    Log2(f64),
    /// The order-count model; where counts are unknown it shares as [`Self::Pow3`] with n = 3,
    /// the best of the fixed rules that rather err to the careful side.
    Qpn,
}

/// The accepted spellings, for messages and help.
pub const QUEUE_MODELS: &str = "risk-averse, pow1:N, pow2:N, pow3:N, log1:U, log2:U or qpn";

impl QueueModel {
    /// The model of a name such as `risk-averse`, `pow3:3` or `log1:1`.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] naming the text and the accepted spellings.
    pub fn parse(text: &str) -> Result<Self, CoreError> {
        let refuse = || CoreError::BadArgument {
            name: "queue model",
            why: format!("{text:?} is not {QUEUE_MODELS}"),
        };
        match text {
            "risk-averse" => return Ok(Self::RiskAverse),
            "qpn" => return Ok(Self::Qpn),
            other => other,
        };
        let (name, number) = text.split_once(':').ok_or_else(refuse)?;
        let number: f64 = number.parse().map_err(|_| refuse())?;
        if !(number.is_finite() && number > 0.0) {
            return Err(refuse());
        }
        match name {
            "pow1" => Ok(Self::Pow1(number)),
            "pow2" => Ok(Self::Pow2(number)),
            "pow3" => Ok(Self::Pow3(number)),
            "log1" => Ok(Self::Log1(number)),
            "log2" => Ok(Self::Log2(number)),
            _ => Err(refuse()),
        }
    }

    /// The name that [`Self::parse`] reads.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::RiskAverse => "risk-averse".to_owned(),
            Self::Pow1(n) => format!("pow1:{n}"),
            Self::Pow2(n) => format!("pow2:{n}"),
            Self::Pow3(n) => format!("pow3:{n}"),
            Self::Log1(u) => format!("log1:{u}"),
            Self::Log2(u) => format!("log2:{u}"),
            Self::Qpn => "qpn".to_owned(),
        }
    }

    /// The share of a cancel that leaves from ahead, with `a` lots ahead of us and `b` behind.
    #[must_use]
    pub fn share(&self, a: f64, b: f64) -> f64 {
        if a <= 0.0 {
            return 0.0;
        }
        if b <= 0.0 {
            return 1.0;
        }
        match *self {
            Self::RiskAverse => 0.0,
            Self::Pow1(n) => 1.0 / (1.0 + power(b / a, n)),
            Self::Pow2(n) => 1.0 - power(b / (a + b), n),
            Self::Pow3(n) => power(a / (a + b), n),
            Self::Log1(u) => {
                let (front, back) = (libm::log1p(a / u), libm::log1p(b / u));
                front / (front + back)
            }
            Self::Log2(u) => 1.0 - libm::log1p(b / u) / libm::log1p((a + b) / u),
            Self::Qpn => power(a / (a + b), 3.0),
        }
    }

    /// The quantity ahead after an interval in which the level went from `q0` to `q1` lots while
    /// `traded` lots traded at our price.
    #[must_use]
    pub fn advance(&self, ahead: f64, q0: f64, traded: f64, q1: f64) -> f64 {
        let ahead = ahead - ahead.min(traded);
        self.settle(ahead, q0 - traded, q1)
    }

    /// The quantity ahead after the cancels and adds alone: `mid` is the level after its trades,
    /// which the caller has already taken from `ahead`.
    #[must_use]
    pub fn settle(&self, ahead: f64, mid: f64, q1: f64) -> f64 {
        let gone = mid - q1;
        if gone <= 0.0 {
            return ahead.min(q1);
        }
        let behind = (mid - ahead).max(0.0);
        // What the rule leaves to those behind cannot exceed what is there.
        let from_ahead = (self.share(ahead, behind) * gone).max(gone - behind);
        (ahead - from_ahead).min(q1).max(0.0)
    }
}

/// `base^n` with the small whole powers multiplied out: this runs for each order and snapshot.
fn power(base: f64, n: f64) -> f64 {
    if n == 1.0 {
        base
    } else if n == 2.0 {
        base * base
    } else if n == 3.0 {
        base * base * base
    } else {
        libm::pow(base, n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_read_back() {
        for name in ["risk-averse", "pow1:1", "pow2:2", "pow3:3", "log1:0.5", "log2:1", "qpn"] {
            assert_eq!(QueueModel::parse(name).expect("a known name").name(), name);
        }
    }

    #[test]
    fn wrong_names_are_refused_with_the_text() {
        for text in ["", "pow1", "pow1:", "pow1:x", "pow1:0", "pow3:-1", "log1:NaN", "pow9:2"] {
            let error = QueueModel::parse(text).expect_err("not a model").to_string();
            assert!(error.contains(&format!("{text:?}")), "{error}");
        }
    }

    #[test]
    fn trades_come_off_the_front_and_cancels_by_the_rule() {
        assert_eq!(QueueModel::RiskAverse.advance(10.0, 10.0, 4.0, 6.0), 6.0);
        // 8 rest after trades, 6 of them ahead; 4 cancel: half behind is gone, half from ahead.
        assert_eq!(QueueModel::RiskAverse.advance(6.0, 8.0, 0.0, 4.0), 4.0);
        assert_eq!(QueueModel::Pow1(1.0).advance(6.0, 8.0, 0.0, 4.0), 3.0);
    }

    proptest! {
        #[test]
        fn ahead_never_grows_and_fits_the_level(
            ahead in 0.0..1e6_f64, q0 in 0.0..1e6_f64, traded in 0.0..1e6_f64,
            q1 in 0.0..1e6_f64, pick in 0_usize..7,
        ) {
            let models = [
                QueueModel::RiskAverse, QueueModel::Pow1(2.0), QueueModel::Pow2(1.5),
                QueueModel::Pow3(3.0), QueueModel::Log1(1.0), QueueModel::Log2(7.0),
                QueueModel::Qpn,
            ];
            let after = models[pick].advance(ahead, q0, traded, q1);
            prop_assert!((0.0..=ahead.min(q1)).contains(&after), "{after}");
        }
    }
}
