//! Sweep — many parameter sets over the same tapes: decoded once, one book, one set of signals.
//!
//! The tapes are read in stretches of some minutes. While the makers of all sets trade in one,
//! each looking only at what concerns its own orders or changes what it sees, the next is read.
//! Every set ends exactly as it would have if replayed alone, whatever the number of threads.

mod album;
mod casts;
mod halves;
mod levels;
mod playback;
mod recall;
mod recorded;
mod ride;
mod shared;
mod solo;
mod stretch;
mod troupe;

use super::columns::FillColumns;
use super::drive::begins;
use super::drive::Part;
use super::drive::Replay;
use super::drive::Run;
use super::seat::Seat;
use super::spec::SetSpec;
use super::spec::SweepSpec;
use super::truth::Keep;
use crate::engine::Attention;
use crate::error::CoreError;
use casts::Casts;
use playback::Playback;
use rayon::prelude::*;
use rayon::ThreadPool;
use serde_json::json;
use serde_json::Value;
use shared::SharedTape;
use std::collections::VecDeque;
use std::sync::Arc;
use stretch::Stretch;

/// How far a sweep is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SweepProgress {
    /// Rows read from tapes, once for all sets.
    pub rows: u64,
    /// The clock of the sweep.
    pub ts: i64,
    /// Nothing is left to do.
    pub done: bool,
    /// Fills of all sets so far.
    pub fills: u64,
    /// Decisions of all sets so far that another set had made, so that only their outcome counts.
    pub followed: u64,
    /// The best net result so far, in dollars, and the set that has it.
    pub best: Option<(usize, f64)>,
}

/// Rows of a stretch, about, where sets go through it each for itself: it stays in the caches.
const SHORT_ROWS: usize = 32_768;
/// And where they go together, each alone again at its end.
const LONG_ROWS: usize = 65_536;

/// Many parameter sets over the same tapes.
#[derive(Debug)]
pub struct Sweep {
    tapes: Vec<SharedTape>,
    /// What the sets trade in next.
    stretches: Vec<Arc<Stretch>>,
    /// What they traded in: the last is let go of while they trade in the next.
    past: VecDeque<Vec<Arc<Stretch>>>,
    sets: Vec<Set>,
    casts: Casts,
    /// Rows of a stretch, about.
    stretch_rows: usize,
    pool: ThreadPool,
    now: i64,
    done: bool,
}

/// One parameter set, and why it stopped if it did.
#[derive(Debug)]
struct Set {
    player: Player,
    error: Option<CoreError>,
}

#[derive(Debug)]
enum Player {
    /// In the recorded market.
    Shared(Box<Run<Playback>>),
    /// It looks at more than a recorded market holds, and reads the tapes itself.
    Alone(Box<Replay>),
}

impl Sweep {
    /// Open the tapes and make every set ready.
    ///
    /// # Errors
    /// What the tapes, the parameters or the limits of a set refuse.
    pub fn new(spec: SweepSpec) -> Result<Self, CoreError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(spec.threads).build();
        let pool = pool
            .map_err(|error| CoreError::BadArgument { name: "threads", why: error.to_string() })?;
        let attention = |ix: usize| {
            let asked = spec.sets.iter().filter_map(|set| match set {
                SetSpec::Shared(seats, _) => Some(seats[ix].maker.attention()),
                SetSpec::Alone(_) => None,
            });
            asked.max().unwrap_or(Attention::Book)
        };
        let wanted: Vec<Attention> = (0..spec.tapes.len()).map(attention).collect();
        let mut tapes: Vec<SharedTape> = Vec::with_capacity(spec.tapes.len());
        let mut first = i64::MAX;
        for (tape, attention) in spec.tapes.into_iter().zip(wanted) {
            let series = (tape.series, tape.disorder_ns);
            let mut tape = SharedTape::new(series, tape.instrument, attention, tape.warmth);
            first = first.min(tape.first_time()?.unwrap_or(i64::MAX));
            tapes.push(tape);
        }
        let first = begins(first, &spec.clocks)?;
        let now = spec.clocks.before(first);
        tapes.iter_mut().for_each(|tape| tape.begin(now, spec.clocks.step));
        let first_rows = spec.stretch_rows.unwrap_or(SHORT_ROWS);
        let stretches = next_stretches(&mut tapes, first_rows, None)?.unwrap_or_default();
        let keep = if spec.keep_fills { Keep::Fills } else { Keep::Nothing };
        let set = |set: SetSpec| -> Result<Set, CoreError> {
            let player = match set {
                SetSpec::Alone(run) => Player::Alone(Box::new(Replay::new(*run)?)),
                SetSpec::Shared(seats, gate) => {
                    let parts = seats.into_iter().zip(&stretches).map(|(seat, stretch)| {
                        let shared_arrival = seat.shared_arrival;
                        Playback::new(Seat::new(seat, keep), Arc::clone(stretch), shared_arrival)
                    });
                    let account = (*gate, spec.capital);
                    let run = Run::new(parts.collect(), account, (first, spec.clocks));
                    Player::Shared(Box::new(run))
                }
            };
            Ok(Set { player, error: None })
        };
        let sets = spec.sets.into_iter().map(set).collect::<Result<Vec<_>, _>>()?;
        let casts = Casts::new(&sets)?;
        let fitting = if casts.ride() { LONG_ROWS } else { SHORT_ROWS };
        let stretch_rows = spec.stretch_rows.unwrap_or(fitting);
        let past = VecDeque::new();
        Ok(Self { tapes, stretches, past, sets, casts, stretch_rows, pool, now, done: false })
    }

    /// Go on until about `rows` more rows are read, or to the end.
    ///
    /// # Errors
    /// What the tape reader refuses. A set that fails stops, and its row says why.
    pub fn run(&mut self, rows: u64) -> Result<SweepProgress, CoreError> {
        let stop = self.rows().saturating_add(rows);
        while !self.done && self.rows() < stop {
            self.play_stretch()?;
        }
        Ok(self.progress())
    }

    /// Every set trades in the stretch on hand while the next is read.
    fn play_stretch(&mut self) -> Result<(), CoreError> {
        let Self { tapes, stretches, past, sets, casts, stretch_rows, pool, .. } = self;
        let spare = if past.len() > 1 { past.pop_front() } else { None };
        let casts = casts.divide(sets, pool.current_num_threads());
        let play = || casts.into_par_iter().with_max_len(1).for_each(|cast| play(cast, stretches));
        let (next, ()) = pool.join(|| next_stretches(tapes, *stretch_rows, spare), play);
        self.now = self.stretches.first().map_or(self.now, |stretch| stretch.until);
        match next? {
            Some(next) => self.past.push_back(std::mem::replace(&mut self.stretches, next)),
            None => {
                let Self { sets, pool, .. } = self;
                pool.install(|| sets.par_iter_mut().for_each(Set::finish));
                self.done = true;
            }
        }
        Ok(())
    }

    fn rows(&self) -> u64 {
        self.tapes.iter().map(SharedTape::rows_read).sum()
    }

    /// How far the sweep is.
    #[must_use]
    pub fn progress(&self) -> SweepProgress {
        let net = |(at, set): (usize, &Set)| (at, set.progress().1);
        SweepProgress {
            rows: self.rows(),
            ts: self.now,
            done: self.done,
            fills: self.sets.iter().map(|set| set.progress().0).sum(),
            followed: self.sets.iter().map(Set::followed).sum(),
            best: self.sets.iter().enumerate().map(net).max_by(|a, b| a.1.total_cmp(&b.1)),
        }
    }

    /// The figures of every set, as a JSON list; one that failed has an `error`.
    #[must_use]
    pub fn results_json(&self) -> String {
        Value::Array(self.sets.iter().map(Set::figures).collect()).to_string()
    }

    /// Move out the fills of a set, where they are kept.
    pub fn take_fills(&mut self, set: usize) -> FillColumns {
        match &mut self.sets[set].player {
            Player::Alone(replay) => replay.take_fills(),
            Player::Shared(run) => {
                let mut all = FillColumns::default();
                let parts = run.parts.iter_mut();
                parts.for_each(|part| all.append(part.seat_mut().truth.fills.take()));
                all
            }
        }
    }
}

impl Set {
    /// Go into stretches that follow the last.
    fn enter(&mut self, stretches: &[Arc<Stretch>]) {
        if let Player::Shared(run) = &mut self.player {
            run.parts.iter_mut().zip(stretches).for_each(|(part, stretch)| part.enter(stretch));
        }
    }

    /// Play every step up to and at a time.
    fn play(&mut self, until: i64) {
        self.guard(|player| match player {
            Player::Alone(replay) => replay.run_until(until).map(drop),
            Player::Shared(run) => run.run_until(until),
        });
    }

    /// What is left of the stretches happens.
    fn leave(&mut self) {
        self.guard(|player| match player {
            Player::Alone(_) => Ok(()),
            Player::Shared(run) => run.parts.iter_mut().try_for_each(Playback::leave),
        });
    }

    /// As a member of a troupe, if it can be one and has not stopped.
    fn member(&mut self) -> Option<troupe::Member<'_>> {
        match (&mut self.player, &self.error) {
            (Player::Shared(run), None) => Some((run, &mut self.error)),
            (Player::Alone(_), _) | (Player::Shared(_), Some(_)) => None,
        }
    }

    /// The tapes are used up: what is still on its way arrives.
    fn finish(&mut self) {
        self.guard(|player| match player {
            Player::Alone(replay) => replay.run_until(i64::MAX).map(drop),
            Player::Shared(run) => run.run_until(i64::MAX),
        });
    }

    fn guard(&mut self, play: impl FnOnce(&mut Player) -> Result<(), CoreError>) {
        if self.error.is_none() {
            self.error = play(&mut self.player).err();
        }
    }

    /// Fills and net result so far.
    fn progress(&self) -> (u64, f64) {
        match &self.player {
            Player::Alone(replay) => (replay.run.fills(), replay.run.net_usd()),
            Player::Shared(run) => (run.fills(), run.net_usd()),
        }
    }

    fn followed(&self) -> u64 {
        match &self.player {
            Player::Alone(_) => 0,
            Player::Shared(run) => run.parts.iter().map(Playback::followed).sum(),
        }
    }

    fn figures(&self) -> Value {
        let mut figures = match &self.player {
            Player::Alone(replay) => replay.run.figures(),
            Player::Shared(run) => run.figures(),
        };
        if let Some(error) = &self.error {
            figures["error"] = json!(error.to_string());
        }
        figures
    }
}

/// Sets that play together trade in the stretches on hand.
fn play(mut cast: Vec<&mut Set>, stretches: &[Arc<Stretch>]) {
    let until = stretches[0].until;
    cast.iter_mut().for_each(|set| set.enter(stretches));
    match &mut cast[..] {
        [single] => single.play(until),
        several => {
            let members = several.iter_mut().filter_map(|set| set.member());
            troupe::play(members.collect(), until);
        }
    }
    cast.iter_mut().for_each(|set| set.leave());
}

/// The next stretch of every tape, each of about so many rows and all up to one step; `None` once
/// all are used up. They take the memory of such as nobody trades in any more.
fn next_stretches(
    tapes: &mut [SharedTape],
    rows: usize,
    spare: Option<Vec<Arc<Stretch>>>,
) -> Result<Option<Vec<Arc<Stretch>>>, CoreError> {
    let horizons = tapes.iter_mut().map(|tape| tape.horizon(rows));
    let horizons = horizons.collect::<Result<Vec<_>, _>>()?;
    let until = horizons.into_iter().flatten().min();
    let Some(until) = until else { return Ok(None) };
    let mut spare = spare.into_iter().flatten();
    let stretches = tapes.iter_mut().map(|tape| {
        let spare = spare.next().and_then(Arc::into_inner);
        tape.stretch(until, spare).map(Arc::new)
    });
    stretches.collect::<Result<Vec<_>, _>>().map(Some)
}
