//! Smoothing — the averages that indicators are made of, and the last values they look back on.

use serde::Deserialize;
use serde::Serialize;

/// Exponential average, seeded by its first value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Ema {
    weight: f64,
    value: Option<f64>,
}

impl Ema {
    /// With this weight for each new value.
    pub(super) const fn weighted(weight: f64) -> Self {
        Self { weight, value: None }
    }

    /// With the weight `2 / (n + 1)`.
    pub(super) fn span(n: u32) -> Self {
        Self::weighted(2.0 / (f64::from(n) + 1.0))
    }

    /// Take in a value; the average with it.
    pub(super) fn push(&mut self, x: f64) -> f64 {
        let value = self.value.map_or(x, |old| old + self.weight * (x - old));
        self.value = Some(value);
        value
    }

    /// The average; `None` before the first value.
    pub(super) const fn value(&self) -> Option<f64> {
        self.value
    }
}

/// Wilder's average: the plain mean of the first `n` values, then each new one weighs `1 / n`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Wilder {
    n: u32,
    seen: u32,
    /// A sum until `n` values were seen.
    value: f64,
}

impl Wilder {
    /// Over this many values, at least one.
    pub(super) fn new(n: u32) -> Self {
        Self { n: n.max(1), seen: 0, value: 0.0 }
    }

    /// Take in a value; the average with it, `None` until there are enough.
    pub(super) fn push(&mut self, x: f64) -> Option<f64> {
        let n = f64::from(self.n);
        if self.seen == self.n {
            self.value += (x - self.value) / n;
        } else {
            self.value += x;
            self.seen += 1;
            if self.seen == self.n {
                self.value /= n;
            }
        }
        self.value()
    }

    /// The average, `None` until there are enough values.
    pub(super) fn value(&self) -> Option<f64> {
        (self.seen == self.n).then_some(self.value)
    }
}

/// The last `N` values, in place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Window<const N: usize> {
    #[serde(with = "crate::arrays::inline")]
    values: [f64; N],
    /// Where the next value goes.
    next: usize,
    len: usize,
}

impl<const N: usize> Default for Window<N> {
    fn default() -> Self {
        Self { values: [0.0; N], next: 0, len: 0 }
    }
}

impl<const N: usize> Window<N> {
    /// Take in a value; the oldest leaves when the window is full.
    pub(super) fn push(&mut self, x: f64) {
        self.values[self.next] = x;
        self.next = (self.next + 1) % N;
        self.len = (self.len + 1).min(N);
    }

    /// The value `back` steps before the last; `None` where the window does not reach.
    pub(super) fn ago(&self, back: usize) -> Option<f64> {
        (back < self.len).then(|| self.values[(self.next + N - 1 - back) % N])
    }

    /// Oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = f64> + Clone + '_ {
        (0..self.len).map(|at| self.values[(self.next + N - self.len + at) % N])
    }

    /// Plain mean; 0 without values.
    pub(super) fn mean(&self) -> f64 {
        self.iter().sum::<f64>() / self.len.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_forgets_the_oldest_and_knows_the_order() {
        let mut window = Window::<3>::default();
        assert_eq!((window.mean(), window.ago(0)), (0.0, None));
        (1..=5).for_each(|x| window.push(f64::from(x)));
        assert_eq!(window.iter().collect::<Vec<_>>(), [3.0, 4.0, 5.0]);
        assert_eq!((window.ago(0), window.ago(2), window.ago(3)), (Some(5.0), Some(3.0), None));
        assert_eq!(window.mean(), 4.0);
    }

    #[test]
    fn wilder_is_a_mean_first_and_an_ema_of_span_twice_n_less_one_after() {
        let mut wilder = Wilder::new(2);
        assert_eq!(wilder.push(1.0), None);
        assert_eq!(wilder.push(3.0), Some(2.0));
        let mut ema = Ema::span(3);
        ema.push(2.0);
        assert_eq!(wilder.push(6.0), Some(ema.push(6.0)));
        assert_eq!(ema.value(), wilder.value());
    }
}
