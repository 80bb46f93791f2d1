//! Scores — how good fill probabilities are, and the gamma law that makes them.

use crate::stats::gamma_tail;

/// The flow of marketable orders against one side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flow {
    /// Trades a second.
    pub rate: f64,
    /// Mean trade size in lots.
    pub m1: f64,
    /// Mean squared trade size.
    pub m2: f64,
}

/// Chance that at least `ahead + size` lots trade within `horizon_s` seconds.
///
/// The traded volume is matched to a gamma law by its first two moments.
#[must_use]
pub fn fill_probability(flow: &Flow, ahead: f64, size: f64, horizon_s: f64) -> f64 {
    let mean = flow.rate * flow.m1 * horizon_s;
    let variance = flow.rate * flow.m2 * horizon_s;
    let needed = ahead + size;
    if needed <= 0.0 {
        return 1.0;
    }
    if !(mean > 0.0 && variance > 0.0) {
        return 0.0;
    }
    gamma_tail(mean * mean / variance, needed * mean / variance)
}

/// Mean squared error of probabilities; 0 for none.
#[must_use]
pub fn brier(p: &[f64], hit: &[bool]) -> f64 {
    mean(p.iter().zip(hit).map(|(&p, &y)| (p - value(y)) * (p - value(y))), p.len())
}

/// Mean negative log likelihood, with probabilities held off 0 and 1 by 1e-6; 0 for none.
#[must_use]
pub fn log_loss(p: &[f64], hit: &[bool]) -> f64 {
    let loss = |(&p, &y): (&f64, &bool)| {
        let p = p.clamp(1e-6, 1.0 - 1e-6);
        -libm::log(if y { p } else { 1.0 - p })
    };
    mean(p.iter().zip(hit).map(loss), p.len())
}

/// Expected calibration error over `bins` bins of equal mass, ties by input order; 0 for none.
#[must_use]
pub fn calibration_error(p: &[f64], hit: &[bool], bins: usize) -> f64 {
    let order = by_value(p);
    let n = p.len();
    let gap = |bin: usize| {
        let members = &order[bin * n / bins..(bin + 1) * n / bins];
        members.iter().map(|&i| p[i] - value(hit[i])).sum::<f64>().abs()
    };
    mean((0..bins).map(gap), n)
}

/// Area under the ROC curve, ties at mid-rank; `None` unless both outcomes occur.
#[must_use]
pub fn auc(p: &[f64], hit: &[bool]) -> Option<f64> {
    let order = by_value(p);
    let positives = hit.iter().filter(|&&y| y).count();
    let negatives = hit.len() - positives;
    if positives == 0 || negatives == 0 {
        return None;
    }
    let mut rank_sum = 0.0;
    let mut start = 0;
    while start < order.len() {
        let ties = order[start..].iter().take_while(|&&i| p[i] == p[order[start]]).count();
        let rank = start as f64 + (ties as f64 + 1.0) / 2.0;
        let hits = order[start..start + ties].iter().filter(|&&i| hit[i]).count();
        rank_sum += rank * hits as f64;
        start += ties;
    }
    let (pos, neg) = (positives as f64, negatives as f64);
    Some((rank_sum - pos * (pos + 1.0) / 2.0) / (pos * neg))
}

fn value(hit: bool) -> f64 {
    f64::from(u8::from(hit))
}

fn mean(values: impl Iterator<Item = f64>, n: usize) -> f64 {
    values.sum::<f64>() / n.max(1) as f64
}

fn by_value(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn perfect_order_has_auc_one_and_ties_a_half() {
        assert_eq!(auc(&[0.1, 0.9], &[false, true]), Some(1.0));
        assert_eq!(auc(&[0.5, 0.5], &[false, true]), Some(0.5));
        assert_eq!(auc(&[0.5, 0.6], &[true, true]), None);
    }
}
