//! The replay loop: every symbol of a run steps on one clock, and shares one gate.

use super::lane::Lane;
use super::spec::RunSpec;
use crate::engine::Commands;
use crate::error::CoreError;
use crate::risk::Gate;
use crate::risk::MicroUsd;
use crate::units::UnixNanos;

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Rows read from tapes.
    pub rows: u64,
    /// The run's clock.
    pub ts: i64,
    /// Nothing is left to do.
    pub done: bool,
    /// Fills so far.
    pub fills: u64,
    /// Net result so far, in dollars.
    pub net_usd: f64,
}

/// A run over tapes: one maker a symbol, one account.
#[derive(Debug)]
pub struct Replay {
    pub(super) lanes: Vec<Lane>,
    pub(super) gate: Gate,
    pub(super) first: i64,
    now: i64,
    end: i64,
    trade_from: i64,
    step: i64,
    sample_every: i64,
    next_sample: i64,
    capital: MicroUsd,
    commands: Commands,
    done: bool,
}

impl Replay {
    /// Open the tapes and make everything ready; nothing is replayed yet.
    ///
    /// # Errors
    /// Whatever the tapes, the parameters or the limits refuse.
    pub fn new(spec: RunSpec) -> Result<Self, CoreError> {
        let (from, to) = (spec.from, spec.to);
        let mut lanes: Vec<Lane> = spec.lanes.into_iter().map(Lane::new).collect();
        let mut first = i64::MAX;
        for lane in &mut lanes {
            first = first.min(lane.first_time()?.unwrap_or(i64::MAX));
        }
        if first == i64::MAX {
            let why = "the range holds no rows".to_owned();
            return Err(CoreError::BadArgument { name: "range", why });
        }
        let first = first.max(from);
        // Steps stand on whole multiples of the step, so that runs over parts agree.
        let now = first.div_euclid(spec.step) * spec.step;
        Ok(Self {
            lanes,
            gate: spec.gate,
            first,
            now,
            end: to,
            trade_from: first.saturating_add(spec.warmup),
            step: spec.step,
            sample_every: spec.sample_every,
            next_sample: now,
            capital: spec.capital,
            commands: Commands::new(),
            done: false,
        })
    }

    /// Replay until about `rows` more rows are read, or to the end.
    ///
    /// # Errors
    /// What the tape reader or the ledger refuses; the results up to then stay valid.
    pub fn run(&mut self, rows: u64) -> Result<Progress, CoreError> {
        let stop = self.rows().saturating_add(rows);
        while !self.done && self.rows() < stop {
            for _ in 0..64 {
                self.step()?;
                if self.done {
                    break;
                }
            }
        }
        Ok(self.progress())
    }

    /// Replay every step up to and at a time, or to the end.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_until(&mut self, time: i64) -> Result<Progress, CoreError> {
        while !self.done {
            let next = self.next_step()?;
            if next > time {
                break;
            }
            self.step_at(next)?;
        }
        Ok(self.progress())
    }

    fn step(&mut self) -> Result<(), CoreError> {
        let next = self.next_step()?;
        self.step_at(next)
    }

    fn step_at(&mut self, now: i64) -> Result<(), CoreError> {
        self.now = now;
        for lane in &mut self.lanes {
            lane.advance(now, &mut self.gate)?;
        }
        if now >= self.next_sample {
            self.sample(now);
        }
        let trading = now >= self.trade_from && now < self.end;
        if trading {
            for lane in &mut self.lanes {
                lane.decide(now, &mut self.gate, &mut self.commands);
            }
        }
        if now >= self.end || self.lanes.iter().all(Lane::is_done) {
            self.finish();
        }
        Ok(())
    }

    /// The next step at which anything may happen; those before it would change nothing.
    fn next_step(&mut self) -> Result<i64, CoreError> {
        let next = self.now + self.step;
        let mut wake = self.next_sample.min(self.end);
        for lane in &mut self.lanes {
            if wake <= next {
                return Ok(next);
            }
            wake = wake.min(lane.wakes(&self.gate)?);
        }
        let steps = wake.saturating_sub(next).max(0) / self.step;
        let skipped = next + steps * self.step;
        Ok(if skipped < wake { skipped + self.step } else { skipped })
    }

    fn sample(&mut self, now: i64) {
        self.next_sample = (now.div_euclid(self.sample_every) + 1) * self.sample_every;
        for (symbol, lane) in self.lanes.iter_mut().enumerate() {
            lane.sample(symbol as u16, now);
        }
        let pnl: f64 = self.lanes.iter().map(Lane::net_usd).sum();
        let equity = MicroUsd(self.capital.0 + MicroUsd::from_usd(pnl).0);
        self.gate.on_equity(equity, UnixNanos(now));
    }

    /// End the run where it is, if it has not ended.
    pub fn close(&mut self) {
        if !self.done {
            self.finish();
        }
    }

    fn finish(&mut self) {
        self.sample(self.now);
        for lane in &mut self.lanes {
            lane.truth.finish();
        }
        self.done = true;
    }

    fn rows(&self) -> u64 {
        self.lanes.iter().map(Lane::rows_read).sum()
    }

    /// How far the run is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress {
            rows: self.rows(),
            ts: self.now,
            done: self.done,
            fills: self.lanes.iter().map(|l| l.truth.tally.fills).sum(),
            net_usd: self.lanes.iter().map(Lane::net_usd).sum(),
        }
    }
}
