//! Avellaneda–Stoikov — reservation price and spread with a finite horizon, or none.
//!
//! Source: Avellaneda and Stoikov, Quantitative Finance 8(3), 2008. The stationary ask is derived
//! anew: the commonly quoted expression is right to first order only.

/// The market and the dealer, with the volatility in price per square root of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AsParams {
    /// Mid price.
    pub mid: f64,
    /// Inventory in clips.
    pub q: f64,
    /// Risk aversion.
    pub gamma: f64,
    /// Absolute volatility.
    pub sigma: f64,
    /// Decay of the fill intensity with distance.
    pub k: f64,
}

/// Quotes of the finite-horizon model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AsQuote {
    /// Reservation price.
    pub reservation: f64,
    /// Full spread.
    pub spread: f64,
    /// Bid price.
    pub bid: f64,
    /// Ask price.
    pub ask: f64,
}

/// Quotes of the stationary model; a side is missing at the inventory limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AsStationary {
    /// Discount rate that keeps the inventory within its limit.
    pub omega: f64,
    /// Indifference price of selling one clip.
    pub r_ask: Option<f64>,
    /// Indifference price of buying one clip.
    pub r_bid: Option<f64>,
    /// Their mean.
    pub reservation: Option<f64>,
    /// Ask price.
    pub ask: Option<f64>,
    /// Bid price.
    pub bid: Option<f64>,
}

/// `ln(1 + gamma/k) / gamma`, the part of the half spread that pays for competition; `1/k` in the
/// limit of no risk aversion.
#[must_use]
pub(super) fn half_markup(gamma: f64, k: f64) -> f64 {
    if gamma > 0.0 {
        libm::log1p(gamma / k) / gamma
    } else {
        1.0 / k
    }
}

/// Quotes with `horizon` left to trade.
#[must_use]
pub fn as_finite(params: &AsParams, horizon: f64) -> AsQuote {
    let risk = params.gamma * params.sigma * params.sigma * horizon;
    let reservation = params.mid - params.q * risk;
    let spread = risk + 2.0 * half_markup(params.gamma, params.k);
    AsQuote {
        reservation,
        spread,
        bid: reservation - spread / 2.0,
        ask: reservation + spread / 2.0,
    }
}

/// Quotes without a horizon, with the inventory held within `q_max` clips.
#[must_use]
pub fn as_stationary(params: &AsParams, q_max: f64) -> AsStationary {
    let risk = params.gamma * params.gamma * params.sigma * params.sigma / 2.0;
    let omega = risk * (q_max + 1.0) * (q_max + 1.0);
    let worth = |q: f64| omega - risk * q * q;
    let here = worth(params.q);
    // The worth vanishes at one clip beyond the limit; roundings must not leave a rest of it.
    let least = omega * 1e-12;
    let price = |next: f64, sign: f64| {
        let known = here > least && next > least;
        known.then(|| params.mid + sign * libm::log(here / next) / params.gamma)
    };
    let r_ask = price(worth(params.q - 1.0), 1.0);
    let r_bid = price(worth(params.q + 1.0), -1.0);
    let markup = half_markup(params.gamma, params.k);
    AsStationary {
        omega,
        r_ask,
        r_bid,
        reservation: r_ask.zip(r_bid).map(|(ask, bid)| (ask + bid) / 2.0),
        ask: r_ask.map(|price| price + markup),
        bid: r_bid.map(|price| price - markup),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_risk_aversion_leaves_two_over_k_and_no_skew() {
        let params = AsParams { mid: 100.0, q: 3.0, gamma: 0.0, sigma: 2.0, k: 1.5 };
        let quote = as_finite(&params, 1.0);
        assert_eq!((quote.reservation, quote.spread), (100.0, 2.0 / 1.5));
    }

    #[test]
    fn at_the_limit_one_side_is_missing() {
        let params = AsParams { mid: 100.0, q: 5.0, gamma: 0.1, sigma: 2.0, k: 1.5 };
        let quote = as_stationary(&params, 5.0);
        assert!(quote.bid.is_none() && quote.ask.is_some());
    }
}
