//! The replay loop: every symbol of a run steps on one clock, and shares one gate.

use super::lane::Lane;
use super::score::Score;
use super::seat::Seat;
use super::spec::RunSpec;
use super::spec::SpecClocks;
use crate::engine::Commands;
use crate::error::CoreError;
use crate::risk::Gate;
use crate::risk::MicroUsd;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

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

/// One symbol's part of a run.
pub(super) trait Part {
    /// The maker's seat.
    fn seat(&self) -> &Seat;
    fn seat_mut(&mut self) -> &mut Seat;

    /// Whether the tape is used up and nothing is on its way.
    fn is_done(&self) -> bool;

    /// The earliest time before `bound` at which anything may happen to this symbol; any later
    /// time where there is none.
    fn wakes(&mut self, gate: &Gate, bound: i64) -> Result<i64, CoreError>;

    /// Our clock reaches `now`: what happened by then happened, what was heard is heard.
    fn advance(&mut self, now: i64, gate: &mut Gate) -> Result<(), CoreError>;

    /// Whether what happened by `now` may change what the maker does.
    fn stirs(&self, now: i64) -> bool;

    /// The maker decides at `now`; its commands leave for the venue.
    ///
    /// # Errors
    /// What a quoter wants wrongly.
    fn decide(&mut self, now: i64, gate: &mut Gate, out: &mut Commands) -> Result<(), CoreError>;

    /// Sample the equity at `now`.
    fn sample(&mut self, symbol: u16, now: i64);
}

/// The loop over the parts of one account.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Run<P> {
    pub(super) parts: Vec<P>,
    pub(super) gate: Gate,
    pub(super) now: i64,
    end: i64,
    trade_from: i64,
    step: i64,
    sample_every: i64,
    next_sample: i64,
    capital: MicroUsd,
    commands: Commands,
    pub(super) score: Score,
    pub(super) done: bool,
}

/// A run over tapes: one maker a symbol, one account.
#[derive(Debug)]
pub struct Replay {
    pub(super) run: Run<Lane>,
    pub(super) first: i64,
}

impl Replay {
    /// Open the tapes and make everything ready; nothing is replayed yet.
    ///
    /// # Errors
    /// Whatever the tapes, the parameters or the limits refuse.
    pub fn new(spec: RunSpec) -> Result<Self, CoreError> {
        let mut lanes: Vec<Lane> = spec.lanes.into_iter().map(Lane::new).collect();
        let mut first = i64::MAX;
        for lane in &mut lanes {
            first = first.min(lane.first_time()?.unwrap_or(i64::MAX));
        }
        let first = begins(first, &spec.clocks)?;
        Ok(Self { run: Run::new(lanes, (spec.gate, spec.capital), (first, spec.clocks)), first })
    }

    /// Replay until about `rows` more rows are read, or to the end.
    ///
    /// # Errors
    /// What the tape reader or the ledger refuses; the results up to then stay valid.
    pub fn run(&mut self, rows: u64) -> Result<Progress, CoreError> {
        let stop = self.rows().saturating_add(rows);
        while !self.run.done && self.rows() < stop {
            for _ in 0..64 {
                self.run.step()?;
                if self.run.done {
                    break;
                }
            }
        }
        Ok(self.progress())
    }

    fn rows(&self) -> u64 {
        self.run.parts.iter().map(Lane::rows_read).sum()
    }

    /// Replay every step up to and at a time, or to the end.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_until(&mut self, time: i64) -> Result<Progress, CoreError> {
        self.run.run_until(time)?;
        Ok(self.progress())
    }

    /// End the run where it is, if it has not ended.
    pub fn close(&mut self) {
        self.run.close();
    }

    /// How far the run is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let Run { now, done, .. } = self.run;
        let (fills, net_usd) = (self.run.fills(), self.run.net_usd());
        Progress { rows: self.rows(), ts: now, done, fills, net_usd }
    }
}

/// Where a run begins whose first row came at `first`.
pub(super) fn begins(first: i64, clocks: &SpecClocks) -> Result<i64, CoreError> {
    if first == i64::MAX {
        let why = "the range holds no rows".to_owned();
        return Err(CoreError::BadArgument { name: "range", why });
    }
    Ok(first.max(clocks.from))
}

impl SpecClocks {
    /// The step before the first: steps stand on whole multiples, so that runs over parts agree.
    pub(super) fn before(&self, first: i64) -> i64 {
        first.div_euclid(self.step) * self.step
    }
}

impl<P: Part> Run<P> {
    pub(super) fn new(
        parts: Vec<P>,
        (gate, capital): (Gate, MicroUsd),
        (first, clocks): (i64, SpecClocks),
    ) -> Self {
        let now = clocks.before(first);
        Self {
            parts,
            gate,
            now,
            end: clocks.to,
            trade_from: first.saturating_add(clocks.warmup),
            step: clocks.step,
            sample_every: clocks.sample_every,
            next_sample: now,
            capital,
            commands: Commands::new(),
            score: Score::new(capital),
            done: false,
        }
    }

    /// Replay every step up to and at a time, or to the end.
    pub(super) fn run_until(&mut self, time: i64) -> Result<(), CoreError> {
        while !self.done {
            let next = self.next_step()?;
            if next > time {
                break;
            }
            self.step_at(next)?;
        }
        Ok(())
    }

    fn step(&mut self) -> Result<(), CoreError> {
        let next = self.next_step()?;
        self.step_at(next)
    }

    fn step_at(&mut self, now: i64) -> Result<(), CoreError> {
        let sampled = self.arrive(now)?;
        self.decide(sampled)
    }

    /// Our clock reaches the step `now`; whether the account was looked at.
    pub(super) fn arrive(&mut self, now: i64) -> Result<bool, CoreError> {
        self.now = now;
        for part in &mut self.parts {
            part.advance(now, &mut self.gate)?;
        }
        Ok(self.look())
    }

    /// Whether it is time to look at the account.
    pub(super) fn is_look_due(&self) -> bool {
        self.now >= self.next_sample
    }

    /// When the account is looked at next.
    pub(super) fn next_look(&self) -> i64 {
        self.next_sample
    }

    /// Look at the account if it is time; whether it was.
    pub(super) fn look(&mut self) -> bool {
        let is_time = self.is_look_due();
        if is_time {
            self.sample(self.now);
        }
        is_time
    }

    /// Whether orders may be sent at the present step.
    pub(super) fn is_trading(&self) -> bool {
        self.now >= self.trade_from && self.now < self.end
    }

    /// Makers decide at the present step, and the run may be over.
    pub(super) fn decide(&mut self, sampled: bool) -> Result<(), CoreError> {
        let now = self.now;
        // The account is looked at, or one of its makers has a reason: then all decide.
        let stirs = sampled || self.parts.iter().any(|part| part.stirs(now));
        if self.is_trading() && stirs {
            for part in &mut self.parts {
                part.decide(now, &mut self.gate, &mut self.commands)?;
            }
        }
        if now >= self.end || self.parts.iter().all(P::is_done) {
            self.finish();
        }
        Ok(())
    }

    /// The next step at which anything may happen; those before it would change nothing.
    pub(super) fn next_step(&mut self) -> Result<i64, CoreError> {
        let next = self.now + self.step;
        let mut wake = self.next_sample.min(self.end);
        for part in &mut self.parts {
            if wake <= next {
                return Ok(next);
            }
            wake = wake.min(part.wakes(&self.gate, wake)?);
        }
        let late = wake.saturating_sub(next);
        if late <= 0 {
            return Ok(next);
        }
        // The first at or after it.
        let steps = (late - 1) / self.step + 1;
        Ok(next + steps * self.step)
    }

    fn sample(&mut self, now: i64) {
        self.next_sample = (now.div_euclid(self.sample_every) + 1) * self.sample_every;
        for (symbol, part) in self.parts.iter_mut().enumerate() {
            part.sample(symbol as u16, now);
        }
        let held: f64 = self.parts.iter().map(|part| part.seat().held_usd()).sum();
        let (earned, held) = (MicroUsd::from_usd(self.net_usd()), MicroUsd::from_usd(held));
        self.score.sample(now, earned, held);
        let equity = MicroUsd(self.capital.0 + earned.0);
        self.gate.on_equity(equity, UnixNanos(now));
    }

    pub(super) fn close(&mut self) {
        if !self.done {
            self.finish();
        }
    }

    fn finish(&mut self) {
        self.sample(self.now);
        for part in &mut self.parts {
            part.seat_mut().truth.finish();
        }
        self.done = true;
    }

    /// Fills so far.
    pub(super) fn fills(&self) -> u64 {
        self.parts.iter().map(|part| part.seat().truth.tally.fills).sum()
    }

    /// Net result so far in dollars, marked to the last mids.
    pub(super) fn net_usd(&self) -> f64 {
        self.parts.iter().map(|part| part.seat().net_usd()).sum()
    }
}
