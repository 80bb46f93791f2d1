//! OFI — order flow imbalance: what came to and left the two sides between two looks.
//!
//! Sources: Cont, Kukanov and Stoikov, J. Financial Econometrics 12(1), 2014; Xu, Gould and
//! Howison (2019) for several levels. Snapshots miss changes that cancel between them.

use crate::signal::Level;

/// Net flow toward the bid between two looks at one level rank, each as (bid, ask).
#[must_use]
pub fn order_flow(before: (Level, Level), now: (Level, Level)) -> f64 {
    let ((bid0, ask0), (bid1, ask1)) = (before, now);
    let mut flow = 0.0;
    if bid1.0 >= bid0.0 {
        flow += bid1.1;
    }
    if bid1.0 <= bid0.0 {
        flow -= bid0.1;
    }
    if ask1.0 <= ask0.0 {
        flow -= ask1.1;
    }
    if ask1.0 >= ask0.0 {
        flow += ask0.1;
    }
    flow
}

/// Order flow of several level ranks over a window.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowLevels {
    /// Sum over the window by rank.
    pub sum: Vec<f64>,
    /// Mean size of a level over ranks, sides and looks.
    pub mean_depth: f64,
    /// The sums in units of that mean; zeros where nothing rests.
    pub normalised: Vec<f64>,
}

/// Order flow by rank over consecutive looks, each as (bids, asks), best first.
#[must_use]
pub fn order_flow_levels(looks: &[(Vec<Level>, Vec<Level>)], ranks: usize) -> FlowLevels {
    // A level that is not there is infinitely far out and empty.
    let at = |look: &(Vec<Level>, Vec<Level>), rank: usize| {
        let bid = look.0.get(rank).copied().unwrap_or((f64::NEG_INFINITY, 0.0));
        let ask = look.1.get(rank).copied().unwrap_or((f64::INFINITY, 0.0));
        (bid, ask)
    };
    let of_rank = |rank: usize| -> f64 {
        looks.windows(2).map(|two| order_flow(at(&two[0], rank), at(&two[1], rank))).sum()
    };
    let sum: Vec<f64> = (0..ranks).map(of_rank).collect();
    let resting: f64 = looks
        .iter()
        .flat_map(|look| (0..ranks).map(move |rank| at(look, rank)))
        .map(|(bid, ask)| (bid.1 + ask.1) / 2.0)
        .sum();
    let mean_depth = resting / (looks.len() * ranks).max(1) as f64;
    let scale = if mean_depth > 0.0 { 1.0 / mean_depth } else { 0.0 };
    let normalised = sum.iter().map(|flow| flow * scale).collect();
    FlowLevels { sum, mean_depth, normalised }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_better_bid_is_all_new_and_a_lost_one_all_gone() {
        let ask = (101.0, 4.0);
        assert_eq!(order_flow(((100.0, 2.0), ask), ((100.1, 3.0), ask)), 3.0);
        assert_eq!(order_flow(((100.0, 2.0), ask), ((99.9, 3.0), ask)), -2.0);
        assert_eq!(order_flow(((100.0, 2.0), ask), ((100.0, 5.0), ask)), 3.0);
        assert_eq!(order_flow(((100.0, 2.0), ask), ((100.0, 2.0), (101.0, 1.0))), 3.0);
    }

    #[test]
    fn a_level_that_vanishes_leaves_with_its_size() {
        let full = (vec![(100.0, 2.0), (99.0, 5.0)], vec![(101.0, 1.0), (102.0, 1.0)]);
        let thin = (vec![(100.0, 2.0)], vec![(101.0, 1.0), (102.0, 1.0)]);
        assert_eq!(order_flow_levels(&[full, thin], 2).sum, vec![0.0, -5.0]);
    }
}
