//! Micro-price — the mid expected after all its coming moves, from imbalance and spread.
//!
//! Source: Stoikov, Quantitative Finance 18(12), 2018. The table belongs to the sampling it was
//! counted at.

/// Half-tick moves that count; larger jumps are left out.
const MOVES: [i64; 4] = [-2, -1, 1, 2];
const TERMS_MAX: usize = 50;
const TERM_MIN: f64 = 1e-12;
/// A state seen less often than this is not trusted.
const VISITS_MIN: f64 = 200.0;

/// How states are formed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MicroGrid {
    /// Buckets of the imbalance.
    pub n_imb: usize,
    /// Buckets of the spread in ticks: 1, 2, ... and more.
    pub n_spread: usize,
    /// Price step.
    pub tick: f64,
}

/// The touch at one look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quote {
    /// Best bid.
    pub bid: f64,
    /// Best ask.
    pub ask: f64,
    /// Size at the bid.
    pub bid_size: f64,
    /// Size at the ask.
    pub ask_size: f64,
}

impl Quote {
    fn mid(&self) -> f64 {
        (self.bid + self.ask) / 2.0
    }
}

impl MicroGrid {
    /// The number of states.
    #[must_use]
    pub const fn states(&self) -> usize {
        self.n_imb * self.n_spread
    }

    /// The state of a touch: spread bucket times `n_imb` plus imbalance bucket.
    #[must_use]
    pub fn state(&self, quote: &Quote) -> usize {
        let total = quote.bid_size + quote.ask_size;
        let share = if total > 0.0 { quote.bid_size / total } else { 0.5 };
        let imbalance = ((share * self.n_imb as f64) as usize).min(self.n_imb - 1);
        let ticks = libm::rint((quote.ask - quote.bid) / self.tick);
        let spread = (ticks.max(1.0) as usize).min(self.n_spread) - 1;
        spread * self.n_imb + imbalance
    }

    /// The state with the sides exchanged.
    const fn mirror(&self, state: usize) -> usize {
        let (spread, imbalance) = (state / self.n_imb, state % self.n_imb);
        spread * self.n_imb + self.n_imb - 1 - imbalance
    }
}

/// Transitions counted online.
#[derive(Clone, Debug, PartialEq)]
pub struct MicroCounts {
    grid: MicroGrid,
    symmetric: bool,
    last: Option<(usize, f64)>,
    stay: Vec<f64>,
    moves: Vec<f64>,
    moved: Vec<f64>,
    skipped: u64,
}

impl MicroCounts {
    /// No transition yet; `symmetric` counts each one's mirror too, which makes the fit converge.
    #[must_use]
    pub fn new(grid: MicroGrid, symmetric: bool) -> Self {
        let n = grid.states();
        Self {
            grid,
            symmetric,
            last: None,
            stay: vec![0.0; n * n],
            moves: vec![0.0; n * MOVES.len()],
            moved: vec![0.0; n * n],
            skipped: 0,
        }
    }

    /// Count the transition from the last look to this one.
    pub fn observe(&mut self, quote: &Quote) {
        let (to, mid) = (self.grid.state(quote), quote.mid());
        let Some((from, before)) = self.last.replace((to, mid)) else {
            return;
        };
        let halves = libm::rint((mid - before) / (self.grid.tick / 2.0)) as i64;
        self.count(from, to, halves);
        if self.symmetric {
            self.count(self.grid.mirror(from), self.grid.mirror(to), -halves);
        }
    }

    /// Forget the last look: what follows a gap is no transition.
    pub fn gap(&mut self) {
        self.last = None;
    }

    fn count(&mut self, from: usize, to: usize, halves: i64) {
        let n = self.grid.states();
        if halves == 0 {
            self.stay[from * n + to] += 1.0;
        } else if let Some(step) = MOVES.iter().position(|&m| m == halves) {
            self.moves[from * MOVES.len() + step] += 1.0;
            self.moved[from * n + to] += 1.0;
        } else {
            self.skipped += 1;
        }
    }

    /// Solve for the adjustments; `None` where some states never lead to a move of the mid.
    #[must_use]
    pub fn fit(&self) -> Option<MicroFit> {
        let n = self.grid.states();
        let visits: Vec<f64> = (0..n)
            .map(|x| {
                sum(&self.stay[x * n..][..n]) + sum(&self.moves[x * MOVES.len()..][..MOVES.len()])
            })
            .collect();
        let share = |counts: &[f64], width: usize| -> Vec<f64> {
            let total = |i: usize| visits[i / width].max(1.0);
            counts.iter().enumerate().map(|(i, count)| count / total(i)).collect()
        };
        let (stay, moves, moved) =
            (share(&self.stay, n), share(&self.moves, MOVES.len()), share(&self.moved, n));
        let expected: Vec<f64> = (0..n)
            .map(|x| {
                let row = moves[x * MOVES.len()..].iter().zip(MOVES);
                row.map(|(p, halves)| p * halves as f64 * self.grid.tick / 2.0).sum()
            })
            .collect();
        // One elimination for the expected move and for the state after it.
        let width = 2 * n + 1;
        let mut system = vec![0.0; n * width];
        for x in 0..n {
            for y in 0..n {
                system[x * width + y] = f64::from(u8::from(x == y)) - stay[x * n + y];
                system[x * width + n + 1 + y] = moved[x * n + y];
            }
            system[x * width + n] = expected[x];
        }
        solve(&mut system, n, width)?;
        let first: Vec<f64> = (0..n).map(|x| system[x * width + n]).collect();
        let next: Vec<f64> =
            (0..n).flat_map(|x| system[x * width + n + 1..][..n].to_vec()).collect();
        let (adjustment, residual) = series(&next, &first);
        let table = MicroTable { grid: self.grid, visits, adjustment };
        Some(MicroFit { stay, moves, moved, first, next, residual, skipped: self.skipped, table })
    }
}

/// A fitted table with the matrices it came from, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct MicroFit {
    /// Probabilities of a transition without a move of the mid.
    pub stay: Vec<f64>,
    /// Probabilities of a move by -2, -1, 1 and 2 half ticks.
    pub moves: Vec<f64>,
    /// Probabilities of a transition with such a move.
    pub moved: Vec<f64>,
    /// Expected first move.
    pub first: Vec<f64>,
    /// Probabilities of the state after the first move.
    pub next: Vec<f64>,
    /// The last term of the series.
    pub residual: f64,
    /// Transitions with larger jumps.
    pub skipped: u64,
    /// What quoting uses.
    pub table: MicroTable,
}

/// Adjustment of the mid by state.
#[derive(Clone, Debug, PartialEq)]
pub struct MicroTable {
    grid: MicroGrid,
    visits: Vec<f64>,
    adjustment: Vec<f64>,
}

impl MicroTable {
    /// How often each state was seen.
    #[must_use]
    pub fn visits(&self) -> &[f64] {
        &self.visits
    }

    /// The adjustment of each state, in price; 0 where never seen.
    #[must_use]
    pub fn adjustment(&self) -> &[f64] {
        &self.adjustment
    }

    /// The micro-price, at most one spread from the mid; `None` where its state was seen too
    /// rarely to be trusted.
    #[must_use]
    pub fn micro(&self, quote: &Quote) -> Option<f64> {
        let state = self.grid.state(quote);
        let spread = quote.ask - quote.bid;
        (self.visits[state] >= VISITS_MIN && spread > 0.0)
            .then(|| quote.mid() + self.adjustment[state].clamp(-spread, spread))
    }
}

fn sum(values: &[f64]) -> f64 {
    values.iter().sum()
}

/// Sum of `next^m first`, and the size of the last term.
fn series(next: &[f64], first: &[f64]) -> (Vec<f64>, f64) {
    let n = first.len();
    let (mut term, mut total) = (first.to_vec(), first.to_vec());
    let mut size = f64::INFINITY;
    for _ in 0..TERMS_MAX {
        if size < TERM_MIN {
            break;
        }
        term = (0..n)
            .map(|x| next[x * n..][..n].iter().zip(&term).map(|(p, g)| p * g).sum())
            .collect();
        total.iter_mut().zip(&term).for_each(|(sum, add)| *sum += add);
        size = term.iter().fold(0.0, |most: f64, t| most.max(t.abs()));
    }
    (total, size)
}

/// Gauss-Jordan elimination with partial pivoting on the first `n` of `width` columns; what
/// stands right of them becomes the solutions. `None` where the matrix is singular.
fn solve(rows: &mut [f64], n: usize, width: usize) -> Option<()> {
    for column in 0..n {
        let size = |row: usize, rows: &[f64]| rows[row * width + column].abs();
        let mut best = column;
        for row in column + 1..n {
            if size(row, rows) > size(best, rows) {
                best = row;
            }
        }
        if size(best, rows) < 1e-12 {
            return None;
        }
        for at in 0..width {
            rows.swap(column * width + at, best * width + at);
        }
        let pivot = rows[column * width + column];
        rows[column * width..][..width].iter_mut().for_each(|value| *value /= pivot);
        for row in (0..n).filter(|&row| row != column) {
            let factor = rows[row * width + column];
            for at in column..width {
                rows[row * width + at] -= factor * rows[column * width + at];
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRID: MicroGrid = MicroGrid { n_imb: 2, n_spread: 1, tick: 1.0 };

    fn quote(bid: f64, bid_size: f64) -> Quote {
        Quote { bid, ask: bid + 1.0, bid_size, ask_size: 10.0 - bid_size }
    }

    #[test]
    fn a_heavy_bid_that_precedes_rises_lifts_the_price() {
        let mut counts = MicroCounts::new(GRID, true);
        for i in 0..500 {
            counts.observe(&quote(100.0 + f64::from(i), 9.0));
            counts.observe(&quote(101.0 + f64::from(i), 5.0));
        }
        let table = counts.fit().expect("regular").table;
        let heavy = table.micro(&quote(100.0, 9.0)).expect("seen");
        assert!(heavy > 100.5 && heavy <= 101.5, "{heavy}");
        assert_eq!(table.adjustment()[0], -table.adjustment()[1]);
    }

    #[test]
    fn a_state_seen_rarely_gives_no_price_and_a_market_without_moves_no_table() {
        let mut counts = MicroCounts::new(GRID, true);
        for i in 0..50 {
            counts.observe(&quote(100.0 + f64::from(i % 2), 9.0));
        }
        assert_eq!(counts.fit().expect("regular").table.micro(&quote(100.0, 9.0)), None);
        let mut still = MicroCounts::new(GRID, true);
        (0..500).for_each(|_| still.observe(&quote(100.0, 9.0)));
        assert!(still.fit().is_none());
    }
}
