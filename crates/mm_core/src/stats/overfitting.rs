//! Overfitting — how often the best trial in one half of the data is poor in the other.
//!
//! Source: Bailey, Borwein, López de Prado and Zhu, "The probability of backtest overfitting"
//! (2017), combinatorially symmetric cross-validation.

use crate::error::CoreError;

/// Blocks beyond this give more halves than is useful.
const BLOCKS_MAX: usize = 20;

/// Result of the cross-validation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overfitting {
    /// Share of halves whose winner was at or below the median elsewhere.
    pub pbo: f64,
    /// Halves looked at.
    pub halves: usize,
    /// Middle of the sorted logits of the winner's rank.
    pub median_logit: f64,
    /// Mean Sharpe ratio of the winner where it won.
    pub mean_in: f64,
    /// Mean Sharpe ratio of the winner elsewhere.
    pub mean_out: f64,
    /// Share of halves whose winner lost money elsewhere.
    pub loss_out: f64,
}

/// Blocks to cut this many rows into.
#[must_use]
pub const fn blocks_for(rows: usize) -> usize {
    if rows >= 160 {
        16
    } else {
        8
    }
}

/// Sums of one trial over the rows of each block.
struct Sums {
    first: Vec<f64>,
    second: Vec<f64>,
}

/// Cross-validate trials (one list of returns each) over `blocks` equal blocks; a tail that does
/// not fill a block is left out.
///
/// # Errors
/// [`CoreError::BadArgument`] for fewer than 2 trials, lists of different lengths, an odd or
/// unreasonable number of blocks, or too few rows.
pub fn overfitting(trials: &[Vec<f64>], blocks: usize) -> Result<Overfitting, CoreError> {
    let refuse = |why: String| Err(CoreError::BadArgument { name: "trials", why });
    let rows = trials.first().map_or(0, Vec::len);
    if trials.len() < 2 || trials.iter().any(|t| t.len() != rows) {
        return refuse("need two or more of one length".to_owned());
    }
    if blocks < 2 || blocks % 2 == 1 || blocks > BLOCKS_MAX || rows / blocks < 2 {
        return refuse(format!("{rows} rows cannot be cut into {blocks} blocks"));
    }
    let length = rows / blocks;
    let sums: Vec<Sums> = trials.iter().map(|trial| block_sums(trial, length, blocks)).collect();
    let half_rows = (length * blocks / 2) as f64;
    let mut logits = Vec::new();
    let (mut total_in, mut total_out, mut losses) = (0.0, 0.0, 0);
    for half in 0_u32..1 << blocks {
        if half.count_ones() as usize * 2 != blocks {
            continue;
        }
        let ratios = |half: u32| -> Vec<f64> {
            sums.iter().map(|trial| ratio(trial, half, half_rows)).collect()
        };
        let (inside, outside) = (ratios(half), ratios(!half));
        let mut best = 0;
        for (at, value) in inside.iter().enumerate() {
            if *value > inside[best] {
                best = at;
            }
        }
        let share = rank(&outside, best) / (trials.len() as f64 + 1.0);
        logits.push(libm::log(share / (1.0 - share)));
        total_in += inside[best];
        total_out += outside[best];
        losses += usize::from(outside[best] < 0.0);
    }
    logits.sort_by(f64::total_cmp);
    let halves = logits.len();
    let share = |count: usize| count as f64 / halves as f64;
    Ok(Overfitting {
        pbo: share(logits.iter().filter(|logit| **logit <= 0.0).count()),
        halves,
        median_logit: logits[halves / 2],
        mean_in: total_in / halves as f64,
        mean_out: total_out / halves as f64,
        loss_out: share(losses),
    })
}

fn block_sums(trial: &[f64], length: usize, blocks: usize) -> Sums {
    let sum = |of: fn(f64) -> f64| -> Vec<f64> {
        let cut = trial.chunks_exact(length).take(blocks);
        cut.map(|block| block.iter().map(|&r| of(r)).sum()).collect()
    };
    Sums { first: sum(|r| r), second: sum(|r| r * r) }
}

/// Sharpe ratio per period over the blocks whose bits are set; 0 where returns do not vary.
fn ratio(trial: &Sums, half: u32, rows: f64) -> f64 {
    let over = |sums: &[f64]| -> f64 {
        let chosen = sums.iter().enumerate().filter(|(block, _)| half >> block & 1 == 1);
        chosen.map(|(_, sum)| sum).sum()
    };
    let mean = over(&trial.first) / rows;
    let variance = (over(&trial.second) - rows * mean * mean) / (rows - 1.0);
    if variance > 1e-24 {
        mean / libm::sqrt(variance)
    } else {
        0.0
    }
}

/// Rank of one value from 1, ties at their mean rank.
fn rank(values: &[f64], of: usize) -> f64 {
    let below = values.iter().filter(|v| **v < values[of]).count() as f64;
    let equal = values.iter().filter(|v| **v == values[of]).count() as f64;
    below + (equal + 1.0) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_that_is_always_best_is_not_overfitted() {
        let noise = |i: usize| if i % 2 == 0 { 0.01 } else { -0.01 };
        let trial = |edge: f64| (0..80).map(|i| noise(i) + edge).collect::<Vec<f64>>();
        let found = overfitting(&[trial(0.0), trial(0.005), trial(-0.005)], 8).expect("legal");
        assert_eq!((found.pbo, found.halves, found.loss_out), (0.0, 70, 0.0));
        assert_eq!((blocks_for(159), blocks_for(160)), (8, 16));
    }

    #[test]
    fn shapes_that_cannot_be_halved_are_refused() {
        let two = vec![vec![0.0; 20]; 2];
        for blocks in [0, 3, 12, 40] {
            assert!(overfitting(&two, blocks).is_err(), "{blocks} blocks");
        }
        assert!(overfitting(&two[..1], 4).is_err());
        assert!(overfitting(&[vec![0.0; 20], vec![0.0; 19]], 4).is_err());
    }
}
