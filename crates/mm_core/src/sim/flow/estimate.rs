//! Queue models against the truth: what each would have believed of every ghost.
//!
//! A model sees what a recording shows of the ghost's level: its size and count at each view, and
//! the trades. Its estimate is compared with the true quantity ahead, and the fill it implies with
//! the true fill.

use crate::queue::Interval;
use crate::queue::QpnConfig;
use crate::queue::QpnState;
use crate::queue::QueueModel;
use crate::sim::flow::ghost::Truth;
use crate::units::DurationNanos;

/// Upper edges of the age bins that calibration fits, in seconds.
const EDGES_S: [f64; 4] = [1.0, 3.0, 10.0, 30.0];
/// Rounds of calibration; the rates stand still after four to six.
const ROUNDS: usize = 6;

/// How the book is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueViews {
    /// Time between views of the level, counted from the ghost's arrival; 0 shows every block.
    pub every: DurationNanos,
    /// The ghosts' horizon.
    pub horizon: DurationNanos,
    /// Age at which the estimate is noted for fill probabilities.
    pub probe: DurationNanos,
}

/// One row a ghost, in the order of [`Truth::ghosts`]; columns of equal length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueueEstimates {
    /// Mean over time, until the true fill, of |estimate - truth| / first quantity ahead; NaN
    /// where nothing was ahead.
    pub error: Vec<f64>,
    /// The same without the absolute value: positive thinks more is ahead.
    pub bias: Vec<f64>,
    /// When the model fills the ghost, Unix nanoseconds, 0 if not within the horizon.
    pub filled: Vec<i64>,
    /// Estimated lots ahead at the probe's age; NaN where truth or model had filled it.
    pub ahead: Vec<f64>,
}

/// What happened to a ghost's level in one block.
#[derive(Clone, Copy)]
struct Sample {
    ts: i64,
    truth: i64,
    qty: f64,
    n: f64,
    traded: f64,
    exhausted: f64,
    beyond: f64,
}

#[derive(Clone, Copy)]
struct Probe {
    joined: i64,
    size: f64,
    ahead: f64,
    filled: i64,
    ended: i64,
}

/// A model at work on one ghost.
struct Track<'a> {
    model: QueueModel,
    config: &'a QpnConfig,
    state: QpnState,
    ahead: f64,
    past: f64,
    filled: i64,
    level: Interval,
}

impl<'a> Track<'a> {
    fn new(model: QueueModel, config: &'a QpnConfig, first: &Sample) -> Self {
        let state = QpnState::insert(config, first.qty, first.n);
        let level = Interval { q0: first.qty, n0: first.n, ..Interval::default() };
        Self { model, config, state, ahead: first.qty, past: 0.0, filled: 0, level }
    }

    fn trade(&mut self, sample: &Sample, size: f64) {
        if sample.traded == 0.0 && sample.beyond == 0.0 {
            return;
        }
        let reached = if self.model == QueueModel::Qpn {
            let reached = self.state.trade(sample.traded, sample.exhausted);
            self.ahead = self.state.ahead();
            reached
        } else {
            let took = self.ahead.min(sample.traded);
            self.ahead -= took;
            sample.traded - took
        };
        if sample.beyond > 0.0 {
            // Trades at worse prices mean that nothing was left at ours.
            self.state.clear();
            self.ahead = 0.0;
        }
        self.past += reached + sample.beyond;
        self.level.traded += sample.traded;
        self.level.exhausted += sample.exhausted;
        if self.past >= size && self.filled == 0 {
            self.filled = sample.ts;
        }
    }

    fn view(&mut self, qty: f64, n: f64, dt: f64) {
        self.level.q1 = qty;
        self.level.n1 = n;
        self.level.dt = dt;
        if self.model == QueueModel::Qpn {
            self.state.settle(self.config, &self.level);
            self.ahead = self.state.ahead();
        } else {
            self.ahead = self.model.settle(self.ahead, self.level.q0 - self.level.traded, qty);
        }
        self.level = Interval { q0: qty, n0: n, ..Interval::default() };
    }
}

/// What the model believes of every ghost. `config` serves [`QueueModel::Qpn`] alone.
#[must_use]
pub fn estimate_queue(
    truth: &Truth,
    model: QueueModel,
    config: &QpnConfig,
    views: QueueViews,
) -> QueueEstimates {
    let mut out = QueueEstimates::default();
    each_ghost(truth, |ghost, samples| {
        let mut track = Track::new(model, config, &samples[0]);
        let mut sum = Deviation::default();
        let end = if ghost.filled > 0 { ghost.filled } else { ghost.ended };
        let probe = ghost.joined + views.probe.0;
        let mut noted = f64::NAN;
        walk(&mut track, &ghost, samples, views, &mut |track, truth, from, until| {
            let open = until.min(end) - from;
            if open > 0 {
                sum.add(track.ahead - truth as f64, open as f64);
            }
            if from <= probe && probe < until.min(end) && track.filled == 0 {
                noted = track.ahead;
            }
        });
        let crossed = ghost.ended - ghost.joined < views.horizon.0;
        let filled = match track.filled {
            0 if crossed => ghost.ended,
            filled => filled,
        };
        let (error, bias) = sum.means(ghost.ahead);
        out.error.push(error);
        out.bias.push(bias);
        out.filled.push(filled);
        out.ahead.push(noted);
    });
    out
}

/// Fit the order-count model to a market from views alone: hazards by age, behind
/// and ahead.
#[must_use]
pub fn calibrate_qpn(truth: &Truth, views: QueueViews) -> QpnConfig {
    let edges = EDGES_S.to_vec();
    let rates = vec![1.0; 2 * (edges.len() + 1)];
    let mut config = QpnConfig { edges, rates, ..QpnConfig::default() };
    for _ in 0..ROUNDS {
        let mut sums = vec![(0.5, 5.0); config.rates.len()];
        each_ghost(truth, |ghost, samples| {
            let mut track = Track::new(QueueModel::Qpn, &config, &samples[0]);
            walk(&mut track, &ghost, samples, views, &mut |_, _, _, _| {});
            let seen = track.state.cancels().iter().zip(track.state.exposure());
            for (sum, (cancels, exposure)) in sums.iter_mut().zip(seen) {
                sum.0 += cancels;
                sum.1 += exposure;
            }
        });
        config.rates = sums.iter().map(|(cancels, exposure)| cancels / exposure).collect();
    }
    config
}

/// Show a ghost's level to a track, view by view; `seen` gets the track, the true quantity ahead,
/// and from when until when it stands.
fn walk(
    track: &mut Track<'_>,
    ghost: &Probe,
    samples: &[Sample],
    views: QueueViews,
    seen: &mut dyn FnMut(&Track<'_>, i64, i64, i64),
) {
    let mut at = 1;
    let mut now = ghost.joined;
    let mut shown = samples[0];
    while now < ghost.ended {
        let next = if views.every.0 > 0 {
            (now + views.every.0).min(ghost.ended)
        } else {
            samples.get(at).map_or(ghost.ended, |sample| sample.ts)
        };
        // The estimate of the last view stands until the next one, the truth does not.
        let mut from = now;
        while at < samples.len() && samples[at].ts <= next {
            let sample = samples[at];
            seen(track, shown.truth, from, sample.ts);
            from = sample.ts;
            track.trade(&sample, ghost.size);
            shown = sample;
            at += 1;
        }
        seen(track, shown.truth, from, next);
        track.view(shown.qty, shown.n, (next - now) as f64 * 1e-9);
        now = next;
    }
}

/// Time-weighted deviation.
#[derive(Default)]
struct Deviation {
    absolute: f64,
    signed: f64,
    time: f64,
}

impl Deviation {
    fn add(&mut self, deviation: f64, time: f64) {
        self.absolute += deviation.abs() * time;
        self.signed += deviation * time;
        self.time += time;
    }

    /// Means relative to `unit`; NaN without time or unit.
    fn means(&self, unit: f64) -> (f64, f64) {
        if self.time > 0.0 && unit > 0.0 {
            (self.absolute / self.time / unit, self.signed / self.time / unit)
        } else {
            (f64::NAN, f64::NAN)
        }
    }
}

/// Call `each` with every ghost and its samples, oldest first.
fn each_ghost(truth: &Truth, mut each: impl FnMut(Probe, &[Sample])) {
    let (ghosts, rows) = (&truth.ghosts, &truth.samples);
    let mut order: Vec<usize> = (0..rows.id.len()).collect();
    order.sort_by_key(|&i| rows.id[i]);
    let mut samples = Vec::new();
    for g in 0..ghosts.id.len() {
        let from = order.partition_point(|&i| rows.id[i] < ghosts.id[g]);
        let mine = order[from..].iter().take_while(|&&i| rows.id[i] == ghosts.id[g]);
        samples.clear();
        samples.extend(mine.map(|&i| Sample {
            ts: rows.ts[i],
            truth: rows.ahead[i],
            qty: rows.qty[i] as f64,
            n: f64::from(rows.n[i]),
            traded: rows.traded[i] as f64,
            exhausted: f64::from(rows.exhausted[i]),
            beyond: rows.beyond[i] as f64,
        }));
        assert!(!samples.is_empty(), "invariant: a ghost is sampled when it joins");
        let ghost = Probe {
            joined: ghosts.ts[g],
            size: ghosts.size[g] as f64,
            ahead: ghosts.ahead[g] as f64,
            filled: ghosts.filled[g],
            ended: ghosts.ended[g],
        };
        each(ghost, &samples);
    }
}
