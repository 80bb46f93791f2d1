//! Imbalance — weighted mids and the balance of the two sides of the book and of the trades.

/// Price and size of one level, best first in lists of them.
pub type Level = (f64, f64);

/// One trade: time in seconds, the aggressor's side as +1 or -1, size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Print {
    /// Seconds.
    pub t: f64,
    /// +1 a buyer crossed, -1 a seller.
    pub sign: f64,
    /// Size.
    pub size: f64,
}

/// The mid weighted by the sizes opposite: near the ask when the bid is heavy. The plain mid
/// where both sizes are 0.
#[inline]
#[must_use]
pub fn weighted_mid((bid, bid_size): Level, (ask, ask_size): Level) -> f64 {
    let total = bid_size + ask_size;
    if total > 0.0 {
        (bid_size * ask + ask_size * bid) / total
    } else {
        (bid + ask) / 2.0
    }
}

/// The weighted mid of the best prices, with sizes summed over `depth` levels, each weighted
/// `exp(-decay rank)`; `None` where a side is empty.
#[must_use]
pub fn depth_weighted_mid(bids: &[Level], asks: &[Level], depth: usize, decay: f64) -> Option<f64> {
    let (bid, ask) = (bids.first()?.0, asks.first()?.0);
    Some(weighted_mid((bid, weight(bids, depth, decay)), (ask, weight(asks, depth, decay))))
}

/// Balance of the first `depth` levels in -1 to 1, each weighted `exp(-decay rank)`; positive is
/// bid-heavy, 0 where nothing rests.
#[must_use]
pub fn depth_imbalance(bids: &[Level], asks: &[Level], depth: usize, decay: f64) -> f64 {
    balance(weight(bids, depth, decay), weight(asks, depth, decay))
}

/// Balance of the levels within `width_bps` of the mid, weighted `exp(-distance/decay_bps)`; 0
/// where a side is empty.
#[must_use]
pub fn distance_imbalance(bids: &[Level], asks: &[Level], width_bps: f64, decay_bps: f64) -> f64 {
    let (Some(bid), Some(ask)) = (bids.first(), asks.first()) else {
        return 0.0;
    };
    let mid = (bid.0 + ask.0) / 2.0;
    let near = |levels: &[Level]| -> f64 {
        let term = |&(price, size): &Level| {
            let distance = (price - mid).abs() / mid * 1e4;
            if distance <= width_bps {
                size * libm::exp(-distance / decay_bps)
            } else {
                0.0
            }
        };
        levels.iter().map(term).sum()
    };
    balance(near(bids), near(asks))
}

/// Balance of buying and selling after `from` and up to `to`; 0 without trades.
#[must_use]
pub fn flow_imbalance(prints: &[Print], from: f64, to: f64) -> f64 {
    flow(prints, |t| if from < t && t <= to { 1.0 } else { 0.0 })
}

/// Balance of buying and selling up to `now`, where age halves a trade's weight every
/// `half_life`; 0 without trades.
#[must_use]
pub fn flow_imbalance_decayed(prints: &[Print], now: f64, half_life: f64) -> f64 {
    flow(prints, |t| if t <= now { libm::exp2(-(now - t) / half_life) } else { 0.0 })
}

fn flow(prints: &[Print], weight: impl Fn(f64) -> f64) -> f64 {
    let side = |wanted: f64| -> f64 {
        let mine = prints.iter().filter(|print| print.sign == wanted);
        mine.map(|print| weight(print.t) * print.size).sum()
    };
    balance(side(1.0), side(-1.0))
}

fn weight(levels: &[Level], depth: usize, decay: f64) -> f64 {
    let first = levels.iter().take(depth).enumerate();
    first.map(|(rank, level)| libm::exp(-decay * rank as f64) * level.1).sum()
}

fn balance(a: f64, b: f64) -> f64 {
    if a + b > 0.0 {
        (a - b) / (a + b)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_books_are_balanced() {
        assert_eq!(weighted_mid((100.0, 0.0), (101.0, 0.0)), 100.5);
        assert_eq!(depth_imbalance(&[], &[], 5, 0.5), 0.0);
        assert_eq!(depth_weighted_mid(&[], &[(1.0, 1.0)], 5, 0.5), None);
        assert_eq!(distance_imbalance(&[(1.0, 1.0)], &[], 5.0, 2.0), 0.0);
        assert_eq!(flow_imbalance(&[], 0.0, 1.0), 0.0);
    }

    #[test]
    fn a_heavy_bid_lifts_the_weighted_mid() {
        assert_eq!(weighted_mid((100.0, 3.0), (101.0, 1.0)), 100.75);
    }
}
